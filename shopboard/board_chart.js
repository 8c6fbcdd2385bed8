// A chart: Plotly draws it in place, and it is looked at afterwards.
import { fileName } from "./board_text.js";

let library = null; // a promise of Plotly's own library

/** Say where Plotly comes from; it is loaded once, when the first board is shown. */
export function usePlotly(load) {
  library ??= load();
}

const CONFIG = {
  displayModeBar: false, // its "Share chart" would upload the figures
  showSendToCloud: false,
  plotlyServerURL: "",
  displaylogo: false,
  responsive: false,
  scrollZoom: false,
  doubleClickDelay: 250,
};

/** Return a figure, or a part of one, in the colours of a dark page. */
export function darkened(value, darker) {
  if (typeof value === "string") return darker.get(value) ?? value;
  if (Array.isArray(value)) {
    const numbers = typeof value[0] === "number" && typeof value[1] !== "string"; // a colour scale pairs both
    return numbers ? value : value.map((part) => darkened(part, darker));
  }
  if (value === null || typeof value !== "object") return value;
  const copy = Object.create(null);
  for (const [name, part] of Object.entries(value)) copy[name] = darkened(part, darker);
  return { ...copy };
}

const NARROW = 480; // pixels below which a legend beside a chart leaves no room for it

/** Return shorter texts for the long names on an upright axis, which would leave a narrow chart no room. */
function shortNames(data, axis) {
  const traces = data.filter((trace) => (trace.yaxis ?? "y") === axis && Array.isArray(trace.y));
  const names = traces.flatMap((trace) => trace.y).filter((name) => typeof name === "string");
  const read = (name) => name.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&#36;/g, "$").replace(/&amp;/g, "&");
  const written = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/\$/g, "&#36;");
  const cut = (name) => written(`${[...read(name)].slice(0, 15).join("").trimEnd()}…`);
  return Object.fromEntries(names.filter((name) => [...read(name)].length > 17).map((name) => [name, cut(name)]));
}

/** Return what Plotly draws for a card: the figure in the page's colours, without what would move or zoom by accident. */
function prepared(card, look, width) {
  const whole = { ...card.figure, layout: { template: look.template, ...card.figure.layout } };
  const figure = structuredClone(whole); // Plotly writes into what it is given
  const { data, layout } = look.dark ? darkened(figure, new Map(Object.entries(look.darker ?? {}))) : figure;
  const axes = [...new Set(["xaxis", "yaxis", ...Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name))])];
  for (const name of axes) layout[name] = { fixedrange: true, ...layout[name] };
  const zooms = axes.some((name) => layout[name].fixedrange === false);
  const drags = card.range && matchMedia("(pointer: fine)").matches; // a finger scrolls
  const beside = layout.legend && (layout.legend.orientation ?? "v") === "v" && (layout.legend.x ?? 1.02) >= 1;
  if (width < NARROW && beside) {
    layout.legend = { ...layout.legend, orientation: "h", x: 0.5, xanchor: "center", y: -0.08, yanchor: "top" };
  }
  for (const name of width < NARROW ? axes.filter((axis) => axis.startsWith("y")) : []) {
    layout[name] = { labelalias: shortNames(data, name.replace("axis", "")), ...layout[name] };
  }
  delete layout.width;
  delete layout.height;
  return {
    data,
    layout: {
      uirevision: card.id,
      selectdirection: "h",
      activeselection: { opacity: 0 },
      ...layout,
      dragmode: drags ? "select" : zooms ? "zoom" : false,
      autosize: true,
    },
    config: { ...CONFIG, doubleClick: zooms ? "reset+autosize" : false },
  };
}

/** Say whether Plotly has drawn what it was given: some mark, unless there is nothing to draw. */
export function isDrawn(holder) {
  const svg = holder.querySelector(".main-svg");
  if (!svg || svg.getBoundingClientRect().width === 0) return false;
  const some = (values) => values?.length > 0;
  const full = (holder._fullData ?? []).filter((trace) => trace.visible === true);
  const wanted = full.some((trace) => ["x", "y", "z", "labels", "values", "ids"].some((name) => some(trace[name])));
  return !wanted || holder.querySelector(".trace, .hm, .slice, canvas, .plot path, .plot image") !== null;
}

const SENT = ["x", "y", "z", "label", "value", "text", "customdata", "pointNumber", "curveNumber", "data"];

/** Return what is told of a point: plain values only. */
function told(point) {
  const known = SENT.filter((name) => point[name] !== undefined && name !== "data").map((name) => [name, point[name]]);
  return { ...Object.fromEntries(known), name: point.data?.name ?? "" };
}

/** One chart on the page; `heard` has `click(point)` and `range([first, last])`. */
export class ChartView {
  constructor(holder, heard) {
    this.holder = holder;
    this.heard = heard;
    this.failed = null;
    this.size = "";
    this.watch = new ResizeObserver(() => requestAnimationFrame(() => this.resized()));
    this.watch.observe(holder);
  }

  /** Draw a card's figure once there is room for it; the promise says whether it was drawn. */
  async draw(card, look) {
    Object.assign(this, { card, look });
    this.size = this.room();
    if (!this.size) return true; // drawn when it gets its place
    const Plotly = (this.plotly = await library);
    if (card !== this.card || look !== this.look) return true; // others came meanwhile
    const { data, layout, config } = prepared(card, look, this.holder.clientWidth);
    await Plotly.react(this.holder, data, layout, config);
    this.listen();
    if (!isDrawn(this.holder)) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const again = prepared(card, look, this.holder.clientWidth);
      await Plotly.newPlot(this.holder, again.data, again.layout, again.config);
      this.listening = false;
      this.listen();
    }
    return isDrawn(this.holder);
  }

  room() {
    const { clientWidth: width, clientHeight: height } = this.holder;
    return width > 0 && height > 0 ? `${width} ${height}` : "";
  }

  async resized() {
    const room = this.room();
    if (!this.card || !room || room === this.size) return;
    const narrow = (size) => Number.parseInt(size, 10) < NARROW;
    const anew = this.size === "" || narrow(this.size) !== narrow(room);
    this.size = room;
    if (anew || !this.plotly) await this.heard.redraw();
    else if (this.holder.isConnected) await this.plotly.Plots.resize(this.holder);
  }

  listen() {
    if (this.listening) return;
    const Plotly = this.plotly;
    this.listening = true;
    this.holder.on("plotly_click", (event) => {
      Plotly.Fx.unhover(this.holder);
      if (event.points?.length) this.heard.click(told(event.points[0]));
    });
    this.holder.on("plotly_selected", (event) => {
      const range = event?.range && Object.entries(event.range).find(([name]) => name.startsWith("x"))?.[1];
      if (!range) return;
      Plotly.relayout(this.holder, { selections: [] });
      Plotly.restyle(this.holder, { selectedpoints: [null] });
      this.heard.range([...range].sort((one, other) => (one < other ? -1 : 1)));
    });
  }

  /** Save the chart as a picture, with the card's title above it. */
  save(ground) {
    const { data, layout } = prepared(this.card, this.look, this.holder.clientWidth);
    const escaped = (text) => (text ?? "").replace(/&/g, "&amp;").replace(/</g, "&lt;");
    const title = { text: `<b>${escaped(this.card.title)}</b><br><sub>${escaped(this.card.subtitle)}</sub>`, x: 0.02, xanchor: "left", y: 0.97, yanchor: "top" };
    const margin = { ...layout.margin, t: (layout.margin?.t ?? 20) + 60 };
    const { clientWidth: width, clientHeight: height } = this.holder;
    const whole = { ...layout, title, margin, paper_bgcolor: ground, autosize: false, width, height: height + 60 };
    return this.plotly.downloadImage(
      { data, layout: whole, config: CONFIG },
      { format: "png", scale: 2, width, height: height + 60, filename: fileName(this.card.title) },
    );
  }

  remove() {
    this.watch.disconnect();
    this.plotly?.purge(this.holder);
  }
}
