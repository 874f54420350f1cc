// The units of a layer over training: an element <unit-graph> that draws the data of its first <script>.
// Nothing is fetched, so it works in a page opened as a file.
(() => {
  if (customElements.get("unit-graph")) return;

  const STYLE = `
    :host { display: block; max-width: 44rem; margin: 1rem 0; font: inherit;
      --ink: var(--pst-color-text-base, #222); --soft: var(--pst-color-text-muted, #5f6368);
      --line: var(--pst-color-border, #c9c9c9); }
    .bar { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; font-size: .9rem; color: var(--ink); }
    .bar label { display: flex; align-items: center; gap: .4rem; }
    .bar .wide { flex: 1 1 15rem; min-width: 0; }
    .bar input[type=range] { flex: 1; min-width: 0; accent-color: #0072B2; height: 1.75rem; }
    .bar output { min-width: 3.2rem; font-variant-numeric: tabular-nums; }
    .bar input[type=number] { width: 4.5rem; }
    button, select, input[type=number] { font: inherit; color: var(--ink); background: transparent;
      border: 1px solid var(--line); border-radius: .25rem; padding: .2rem .5rem; min-height: 2rem;
      box-sizing: border-box; }
    ::placeholder { color: var(--soft); opacity: 1; }
    select option { color: #222; background: #fff; }
    :focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
    svg { display: block; width: 100%; height: auto; margin: .4rem 0; border: 1px solid var(--line);
      border-radius: .25rem; box-sizing: border-box; touch-action: manipulation; }
    svg path { fill: none; stroke: var(--soft); stroke-width: 1; vector-effect: non-scaling-stroke; }
    svg path.chosen { stroke: var(--ink); stroke-width: 1.6; }
    circle { stroke: var(--pst-color-background, #fff); stroke-width: .6; cursor: pointer; }
    circle.chosen { stroke: var(--ink); stroke-width: 2.5; }
    p { margin: .3rem 0; font-size: .85rem; color: var(--ink); min-height: 1.3em; }
    .key { color: var(--soft); display: flex; flex-wrap: wrap; gap: .1rem 1rem; }
    .dot { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .35em; }
  `;
  const SIZE = 480, MARGIN = 16, NEAR = 20, GLIDE = 350, NS = "http://www.w3.org/2000/svg";
  const OPACITIES = [0.3, 0.45, 0.6, 0.85]; // of links just above the cutoff, up to those of equal units
  const COLOURS = ["#0072B2", "#D55E00"]; // 3:1 on light and dark grounds, told apart with any colour vision
  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  const element = (name, attributes = {}, parent) => {
    const made = ["svg", "path", "circle", "title", "g"].includes(name)
      ? document.createElementNS(NS, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes))
      key === "text" ? (made.textContent = value) : made.setAttribute(key, value);
    parent?.append(made);
    return made;
  };
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const words = (text) => { // little-endian 16-bit numbers, whatever the machine
    const raw = bytes(text);
    return Uint16Array.from({ length: raw.length / 2 }, (_, i) => raw[2 * i] + 256 * raw[2 * i + 1]);
  };
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

  class UnitGraph extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      if (document.readyState === "loading") { // the parser may be in the middle of the data
        document.addEventListener("DOMContentLoaded", () => this.connectedCallback(), { once: true });
        return;
      }
      const source = this.querySelector("script[type='application/json']");
      if (source) this.start(JSON.parse(source.textContent));
      else requestAnimationFrame(() => this.connectedCallback()); // it is filled later
    }

    start(data) {
      this.data = data;
      this.places = words(data.places);
      this.norms = words(data.norms);
      this.kinds = Object.fromEntries(data.kinds.map((kind) => [kind.name,
        { ...kind, links: words(kind.links), similarity: bytes(kind.similarity) }]));
      this.state = { epoch: data.epochs.length - 1, cutoff: data.cutoff, kind: data.kinds[0].name, unit: null };
      this.attachShadow({ mode: "open" });
      element("style", { text: STYLE }, this.shadowRoot);
      this.controls();
      this.canvas();
      this.draw();
    }

    slider(parent, label, last, value, change) {
      const wide = element("label", { class: "wide" }, parent);
      element("span", { text: label }, wide);
      const input = element("input", { type: "range", min: 0, max: last, step: 1, "aria-label": label }, wide);
      input.value = value;
      const shown = element("output", {}, wide);
      input.addEventListener("input", () => { this.stop(); change(Number(input.value)); this.draw(); });
      return { input, shown };
    }

    controls() {
      const { data, state } = this;
      const first = element("div", { class: "bar" }, this.shadowRoot);
      this.play = element("button", { type: "button", text: "Play" }, first);
      this.play.addEventListener("click", () => (this.timer ? this.stop() : this.run()));
      this.epoch = this.slider(first, "Epoch", data.epochs.length - 1, state.epoch, (value) => (state.epoch = value));
      const second = element("div", { class: "bar" }, this.shadowRoot);
      this.cutoff = this.slider(second, "Cutoff", data.cutoffs.length - 1, state.cutoff,
        (value) => (state.cutoff = value));
      const third = element("div", { class: "bar" }, this.shadowRoot);
      if (data.kinds.length > 1) {
        const label = element("label", { text: "Similarity of" }, third);
        const select = element("select", {}, label);
        for (const kind of data.kinds) element("option", { value: kind.name, text: kind.label }, select);
        select.addEventListener("change", () => { state.kind = select.value; this.draw(); });
      }
      const label = element("label", { text: "Unit" }, third);
      this.unit = element("input", { type: "number", min: 0, max: data.units - 1, placeholder: "none" }, label);
      this.unit.addEventListener("input", () => this.choose(this.unit.value));
    }

    canvas() {
      const box = `0 0 ${SIZE} ${2 * MARGIN + this.data.height * (SIZE - 2 * MARGIN)}`;
      const about = { role: "application", "aria-label": this.data.title, "aria-describedby": "told", tabindex: 0 };
      this.svg = element("svg", { viewBox: box, ...about }, this.shadowRoot);
      this.paths = OPACITIES.map((opacity) => element("path", { "stroke-opacity": opacity }, this.svg));
      this.chosen = element("path", { class: "chosen" }, this.svg);
      this.nodes = Array.from({ length: this.data.units }, (_, unit) => {
        const fill = COLOURS[this.data.colours[unit]];
        return element("circle", { fill, "fill-opacity": 0.85 }, this.svg);
      });
      this.svg.addEventListener("click", (event) => this.point(event));
      this.svg.addEventListener("keydown", (event) => this.walk(event));
      this.told = element("p", { id: "told", "aria-live": "polite" }, this.shadowRoot);
      this.about = element("p", { "aria-live": "polite" }, this.shadowRoot);
      const key = element("p", { class: "key" }, this.shadowRoot);
      this.data.key.forEach((name, place) => {
        const item = element("span", {}, key);
        element("span", { class: "dot", style: `background: ${COLOURS[place]}` }, item);
        item.append(name);
      });
    }

    point(event) { // the nearest unit: nodes are small on a phone, and lie over each other
      const box = this.svg.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top].map((part) => (part * SIZE) / box.width);
      const away = this.nodes.map((_, unit) => Math.hypot(this.at[2 * unit] - x, this.at[2 * unit + 1] - y));
      const nearest = away.indexOf(Math.min(...away));
      this.choose(away[nearest] > NEAR || nearest === this.state.unit ? "" : nearest);
    }

    walk(event) { // by the arrow keys to the nearest unit on that side, by Escape to none
      const way = WAYS[event.key];
      if (way) event.preventDefault();
      if (event.key === "Escape") return this.choose("");
      if (!way) return;
      if (this.state.unit === null) return this.choose(0);
      const [x, y] = [this.at[2 * this.state.unit], this.at[2 * this.state.unit + 1]];
      const away = this.nodes.map((_, unit) => {
        const [right, down] = [this.at[2 * unit] - x, this.at[2 * unit + 1] - y];
        const ahead = right * way[0] + down * way[1], aside = Math.abs(right * way[1]) + Math.abs(down * way[0]);
        return ahead > 0 && ahead >= aside ? Math.hypot(right, down) : Infinity;
      });
      const least = Math.min(...away);
      if (least < Infinity) this.choose(away.indexOf(least));
    }

    choose(value) {
      const unit = value === "" ? NaN : Number(value);
      this.state.unit = Number.isInteger(unit) && unit >= 0 && unit < this.data.units ? unit : null;
      if (String(value) !== this.unit.value) this.unit.value = this.state.unit ?? "";
      this.draw();
    }

    run() {
      this.play.textContent = "Stop";
      if (this.state.epoch === this.data.epochs.length - 1) this.state.epoch = -1;
      const step = () => {
        this.state.epoch += 1;
        this.draw();
        if (this.state.epoch === this.data.epochs.length - 1) this.stop();
      };
      this.timer = setInterval(step, 900);
      step();
    }

    stop() {
      clearInterval(this.timer);
      this.timer = null;
      this.play.textContent = "Play";
    }

    disconnectedCallback() {
      clearInterval(this.timer);
      cancelAnimationFrame(this.frame);
    }

    target() { // x and y of every unit in this epoch
      const start = 2 * this.state.epoch * this.data.units;
      return Array.from(this.places.subarray(start, start + 2 * this.data.units),
        (place) => MARGIN + (place / 65535) * (SIZE - 2 * MARGIN));
    }

    norm(unit) {
      return (this.norms[this.state.epoch * this.data.units + unit] / 65535) * this.data.largest_norm;
    }

    shown() { // links of this epoch at this cutoff: [unit, unit, similarity in hundredths]
      const { links, similarity } = this.kinds[this.state.kind], found = [];
      const least = Math.round(100 * this.data.cutoffs[this.state.cutoff]);
      for (let row = 0; row < similarity.length; row++)
        if (links[3 * row] === this.state.epoch && similarity[row] >= least)
          found.push([links[3 * row + 1], links[3 * row + 2], similarity[row]]);
      return found;
    }

    draw() {
      const { data, state } = this, target = this.target(), from = this.at ?? target;
      this.links = this.shown();
      this.own = this.links.filter((link) => link[0] === state.unit || link[1] === state.unit)
        .map(([first, second, similarity]) => [first === state.unit ? second : first, similarity]);
      this.nodes.forEach((node, unit) => {
        node.setAttribute("r", (1 + 6.5 * Math.sqrt(this.norm(unit) / data.largest_norm)).toFixed(1));
        node.classList.toggle("chosen", unit === state.unit);
      });
      this.say();
      cancelAnimationFrame(this.frame);
      if (still.matches || target.every((place, i) => place === from[i])) return this.paint(target);
      const started = performance.now(), glide = (now) => {
        const done = Math.min(1, Math.max(0, (now - started) / GLIDE));
        this.paint(target.map((place, i) => from[i] + (place - from[i]) * done));
        if (done < 1) this.frame = requestAnimationFrame(glide);
      };
      this.frame = requestAnimationFrame(glide);
    }

    paint(at) {
      this.at = at;
      const point = (unit) => `${at[2 * unit].toFixed(1)} ${at[2 * unit + 1].toFixed(1)}`;
      const cutoff = this.data.cutoffs[this.state.cutoff], lines = OPACITIES.map(() => "");
      for (const [first, second, similarity] of this.links) {
        const strength = (similarity / 100 - cutoff) / (1 - cutoff + 1e-9);
        const shade = Math.min(OPACITIES.length - 1, Math.max(0, Math.floor(strength * OPACITIES.length)));
        lines[shade] += `M${point(first)}L${point(second)}`;
      }
      this.paths.forEach((path, shade) => path.setAttribute("d", lines[shade]));
      this.chosen.setAttribute("d", this.own.map(([other]) => `M${point(this.state.unit)}L${point(other)}`).join(""));
      this.nodes.forEach((node, unit) => node.setAttribute("transform", `translate(${point(unit)})`));
    }

    say() {
      const { data, state } = this, drawn = this.links.length, epoch = data.epochs[state.epoch], cutoff = data.cutoffs[state.cutoff].toFixed(2);
      const [links, groups, largest, alone] = this.kinds[state.kind].counts[state.epoch][state.cutoff];
      const epochText = String(epoch);
      this.epoch.input.value = state.epoch;
      this.epoch.shown.textContent = epochText;
      this.epoch.input.setAttribute("aria-valuetext", epochText);
      this.cutoff.shown.textContent = cutoff;
      this.cutoff.input.setAttribute("aria-valuetext", `similarity of at least ${cutoff}`);
      const few = drawn < links ? `, the ${drawn.toLocaleString("en")} strongest drawn` : "";
      const sizes = groups ? `, ${count(groups, "group", "groups")}, the largest of ${largest} units` : "";
      this.told.textContent = `${data.units} units, ${count(links, "link", "links")}${few}${sizes}; ` +
        `${count(alone, "unit", "units")} alone. The plane shows ${Math.round(100 * data.shares[state.epoch])}% of the spread.`;
      this.about.textContent = state.unit === null ? "Choose a unit, by a click, its number or the arrow keys, to see what it is linked to." : this.describe();
    }

    describe() {
      const { own } = this, near = [...own].sort((one, other) => other[1] - one[1]).slice(0, 5);
      const names = near.map(([other, similarity]) => `${other} (${(similarity / 100).toFixed(2)})`).join(", ");
      return `Unit ${this.state.unit}: norm ${this.norm(this.state.unit).toFixed(2)}; ` +
        (near.length ? `${count(own.length, "link", "links")} drawn, nearest: ${names}.` : "no link drawn at this cutoff.");
    }
  }

  customElements.define("unit-graph", UnitGraph);
})();
