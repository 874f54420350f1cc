/* Tables of cells tagged `sortable`, and the ledger: a click on a heading sorts by that column, a field above finds rows,
   and the ledger's rows can be chosen by paper, verdict and protocol. Without scripts they are plain tables. */

const number = (text) => {
  const found = text.replace("−", "-").match(/^([+-]?\d+(\.\d+)?)/);
  return found ? Number(found[1]) : null;
};

const compare = (first, second) => {
  const [a, b] = [number(first), number(second)];
  if (a !== null && b !== null) return a - b;
  return first.localeCompare(second, "en", { numeric: true });
};

/* The heading row; pandas writes the index's name into a row of its own, which moves up. */
function headings(table) {
  const [row, names] = table.tHead.rows;
  if (names) {
    [...names.cells].forEach((cell, column) => (row.cells[column].textContent ||= cell.textContent.trim()));
    names.remove();
  }
  return [...row.cells];
}

function sortable(table) {
  const heads = headings(table);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.textContent = head.textContent || "row";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      const text = (row) => row.cells[column].textContent.trim();
      rows.sort((a, b) => (down ? -1 : 1) * compare(text(a), text(b)));
      table.tBodies[0].append(...rows);
    });
  });
}

/* A row is shown where every field and choice above the table agrees. */
function filtered(table, conditions) {
  for (const row of table.tBodies[0].rows) row.hidden = !conditions.every((agrees) => agrees(row));
}

function searchField(update) {
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "find rows";
  field.setAttribute("aria-label", "find rows of the table below");
  field.addEventListener("input", update);
  const agrees = (row) => {
    const text = row.textContent.toLowerCase();
    return field.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  };
  return [field, agrees];
}

function choice(table, name, update) {
  const field = document.createElement("select");
  field.setAttribute("aria-label", name);
  const values = new Set([...table.tBodies[0].rows].map((row) => row.dataset[name]));
  for (const value of ["", ...values]) field.add(new Option(value ? value.replace("_", " ") : `any ${name}`, value));
  field.addEventListener("change", update);
  return [field, (row) => !field.value || row.dataset[name] === field.value];
}

function searchable(table, names) {
  const update = () => filtered(table, fields.map(([, agrees]) => agrees));
  const fields = [...names.map((name) => choice(table, name, update)), searchField(update)];
  const bar = document.createElement("div");
  bar.className = "find-rows";
  bar.append(...fields.map(([field]) => field));
  table.before(bar);
}

/* Where a table is wider than its box, the cells at its left edge stay in sight. */
function keepFirstColumn(table) {
  const box = table.closest(".parts, .output, .pst-scrollable-table-container");
  if (!box || box.scrollWidth <= box.clientWidth + 1) return;
  const left = table.getBoundingClientRect().left;
  const first = [...table.querySelectorAll("th, td")].filter((cell) => cell.getBoundingClientRect().left < left + 3);
  first.forEach((cell) => cell.classList.add("first-column"));
}

/* What is wider than its box can be scrolled by keyboard too. */
function reachable(box) {
  if (box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX === "auto") box.tabIndex = 0;
}

document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll(".tag_sortable table, table.ledger")) {
    sortable(table);
    searchable(table, table.classList.contains("ledger") ? ["paper", "verdict", "protocol"] : []);
  }
  document.querySelectorAll("article table").forEach(keepFirstColumn);
  document.querySelectorAll("article :is(figure, .cell_output, .parts, .output)").forEach(reachable);
  if (location.hash.startsWith("#ledger-")) document.querySelector(location.hash)?.scrollIntoView();
});
