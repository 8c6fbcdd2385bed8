// Lists with checkboxes, a search and "only", and chips that can be removed. All texts become text nodes, never HTML.

const SEARCHED = 8; // longer lists have a search
const NARROW = 1000; // pixels of a window in which lists stand above the page, and are closed at first
const DRAWN = 300; // names that are drawn at once; a search finds the others

function make(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (name === "text") element.textContent = value;
    else if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** One list: a heading that opens and closes it, a search, a checkbox for all, and one for each name. */
class NameList {
  constructor(model, name, opened) {
    this.model = model;
    this.name = name;
    this.count = make("span", { class: "shop-count" });
    this.search = make("input", { type: "search", placeholder: "Search", autocomplete: "off", input: () => this.draw() });
    this.all = make("input", { type: "checkbox", change: () => this.choose(this.all.checked ? null : []) });
    this.allText = document.createTextNode("All");
    this.names = make("ul");
    this.note = make("small");
    this.heading = make("span");
    this.group = make("div", { role: "group" }, this.search,
      make("label", {}, this.all, this.allText), this.names, this.note);
    this.element = make("details", { class: "shop-list", open: opened },
      make("summary", {}, this.heading, this.count), this.group);
    this.search.addEventListener("keydown", (event) => event.stopPropagation()); // the notebook has keys of its own
  }

  /** Take what the list offers. */
  offer({ label, options, note }) {
    this.options = options;
    this.heading.textContent = label;
    this.group.setAttribute("aria-label", label);
    this.search.setAttribute("aria-label", `Search ${label.toLowerCase()}`);
    this.search.hidden = options.length <= SEARCHED;
    if (this.search.hidden) this.search.value = "";
    this.note.textContent = note;
    this.draw();
  }

  chosen() {
    return this.model.get("chosen")[this.name] ?? null;
  }

  choose(names) {
    const all = names !== null && names.length === this.options.length;
    this.model.set("chosen", { ...this.model.get("chosen"), [this.name]: all ? null : names });
    this.model.save_changes();
    this.check();
  }

  /** Draw the names that hold the text searched for. */
  draw() {
    const wanted = this.search.value.trim().toLowerCase();
    const found = this.options.filter((option) => option.toLowerCase().includes(wanted));
    this.boxes = new Map();
    const rows = found.slice(0, DRAWN).map((option) => {
      const box = make("input", { type: "checkbox", change: () => this.toggle(option, box.checked) });
      this.boxes.set(option, box);
      const only = make("button", { type: "button", text: "only", "aria-label": `Only ${option}`, click: () => this.choose([option]) });
      return make("li", {}, make("label", { title: option }, box, make("span", { text: option })), only);
    });
    const hidden = found.length - rows.length;
    if (hidden) rows.push(make("li", { class: "shop-count", text: `and ${hidden} more: search for them` }));
    if (!found.length) rows.push(make("li", { class: "shop-count", text: "Nothing has this name" }));
    this.names.replaceChildren(...rows);
    this.check();
  }

  toggle(option, on) {
    const now = new Set(this.chosen() ?? this.options);
    if (on) now.add(option);
    else now.delete(option);
    this.choose(this.options.filter((name) => now.has(name)));
  }

  /** Check the boxes of what is chosen. */
  check() {
    const chosen = this.chosen();
    const now = new Set(chosen ?? this.options);
    for (const [option, box] of this.boxes) box.checked = now.has(option);
    this.all.checked = chosen === null;
    this.all.indeterminate = chosen !== null && chosen.length > 0;
    this.count.textContent = chosen === null ? "all" : `${chosen.length} of ${this.options.length}`;
    this.count.classList.toggle("shop-some", chosen !== null);
  }
}

function showLists(model, el) {
  const known = new Map();
  const list = () => {
    const shown = model.get("lists").map((given, place) => {
      const one = known.get(given.name) ?? new NameList(model, given.name, place < 2 && window.innerWidth > NARROW);
      known.set(given.name, one);
      one.offer(given);
      return one.element;
    });
    el.replaceChildren(...shown);
  };
  const check = () => known.forEach((one) => one.check());
  list();
  model.on("change:lists", list);
  model.on("change:chosen", check);
  return () => {
    model.off("change:lists", list);
    model.off("change:chosen", check);
  };
}

function showChips(model, el) {
  const draw = () => {
    const held = el.contains(document.activeElement);
    const chips = model.get("chips").map(({ key, kind, label }) =>
      make("li", {}, make("span", { class: "shop-kind", text: kind }), make("span", { text: label }),
        make("button", { type: "button", text: "×", "aria-label": `Remove ${kind} ${label}`, click: () => model.send({ remove: key }) })));
    el.replaceChildren(...(chips.length ? [make("ul", { class: "shop-chips", "aria-label": "Chosen" }, ...chips)] : []));
    if (held) el.querySelector("button")?.focus();
  };
  draw();
  model.on("change:chips", draw);
  return () => model.off("change:chips", draw);
}

export default {
  render({ model, el }) {
    const shown = document.createElement("div");
    el.append(shown);
    return model.get("kind") === "lists" ? showLists(model, shown) : showChips(model, shown);
  },
};
