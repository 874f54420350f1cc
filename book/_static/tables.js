/* Tables of cells tagged `sortable`: a click on a heading sorts by that column, a field above finds rows.
   Without scripts they are plain tables. */

const number = (text) => {
  const found = text.replace("−", "-").match(/^[^\d+-]*([+-]?\d+(\.\d+)?)/);
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

function searchable(table) {
  const field = document.createElement("input");
  field.type = "search";
  field.className = "find-rows";
  field.placeholder = "find rows";
  field.setAttribute("aria-label", "find rows of the table below");
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
  table.before(field);
}

document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll(".tag_sortable table")) {
    sortable(table);
    searchable(table);
  }
});
