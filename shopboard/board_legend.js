// The legend of a chart: buttons above it, which wrap, can be reached by keyboard, and hide what they name.
import { button, make } from "./board_text.js";
import { hasLegend, read } from "./board_fit.js";

/** Return the traces that a legend names, each name once, as [name, trace, its place]. */
function named({ data }) {
  const seen = new Set();
  return data.flatMap((trace, place) => {
    if (trace.showlegend === false || !trace.name || seen.has(trace.name)) return [];
    seen.add(trace.name);
    return [[trace.name, trace, place]];
  });
}

/** Return a small sign in the look of a trace's marks; `colour` turns a figure's colour into the page's. */
function sign(trace, own, colour) {
  const marker = trace.marker?.color;
  const shown = colour((typeof marker === "string" ? marker : trace.line?.color) ?? own);
  const lines = trace.type === "scatter" && (trace.mode ?? "lines").includes("lines");
  const dots = trace.type === "scatter" && !lines;
  const hollow = dots && String(trace.marker?.symbol ?? "").endsWith("-open");
  const kind = trace.marker?.pattern?.shape ? "hatched" : hollow ? "hollow" : dots && trace.marker?.symbol !== "square" ? "dot" : "square";
  const dashed = trace.line?.dash && trace.line.dash !== "solid";
  const element = make("span", { class: `sb-sign sb-sign-${lines ? (dashed ? "dashed" : "line") : kind}`, "aria-hidden": "true" });
  element.style.setProperty("--sign", shown);
  return element;
}

/** The legend of one chart; `changed` is called after a name was pressed, `hidden` holds the names not drawn. */
export class Legend {
  constructor(changed) {
    this.hidden = new Set();
    this.element = make("div", { class: "sb-legend", role: "group", "aria-label": "Shown in this chart" });
    this.changed = changed;
    this.text = "";
  }

  /** Name the traces of a figure; nothing is touched where they are as they were. */
  show(figure, look) {
    const entries = hasLegend(figure) ? named(figure) : [];
    const colourway = figure.layout.template?.layout?.colorway ?? [];
    const colour = (light) => (look.dark ? look.darker?.[light] ?? light : light);
    for (const name of this.hidden) if (!entries.some(([each]) => each === name)) this.hidden.delete(name);
    const signs = entries.map(([name, trace, place]) => [name, sign(trace, colourway[place % colourway.length], colour)]);
    const text = signs.map(([name, element]) => name + element.outerHTML).join();
    if (text === this.text) return;
    this.text = text;
    const focused = [...this.element.children].findIndex((each) => each === document.activeElement);
    this.element.replaceChildren(...signs.map(([name, element]) => this.entry(name, element)));
    this.element.children[focused]?.focus();
  }

  entry(name, element) {
    const press = () => {
      if (!this.hidden.delete(name)) this.hidden.add(name);
      entry.setAttribute("aria-pressed", String(!this.hidden.has(name)));
      this.changed();
    };
    const entry = button("", press, { class: "sb-entry", "aria-pressed": String(!this.hidden.has(name)), title: "Hide or show" });
    entry.append(element, read(name));
    return entry;
  }
}
