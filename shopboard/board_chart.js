// A chart: Plotly draws it in place, and it is looked at afterwards.
import { fileName } from "./board_text.js";
import { CONFIG, fitted } from "./board_fit.js";

let library = null; // a promise of Plotly's own library

/** Say where Plotly comes from; it is loaded once, when the first board is shown. */
export function usePlotly(load) {
  library ??= load();
}

const MARKS = ".trace path, .trace text, .slice path, .hm image, canvas";

/** Say whether Plotly has drawn what it was given: some mark, unless there is nothing to draw. */
export function isDrawn(holder) {
  const svg = holder.querySelector(".main-svg");
  if (!svg || svg.getBoundingClientRect().width === 0) return false;
  const known = (values) => Array.from(values ?? []).flat().some((value) => value !== null && value !== undefined);
  const full = (holder._fullData ?? []).filter((trace) => trace.visible === true);
  const wanted = full.some((trace) => ["y", "z", "values", "ids"].some((name) => known(trace[name])));
  const seen = (mark) => mark.tagName === "canvas" || mark.getBoundingClientRect().width + mark.getBoundingClientRect().height > 0;
  return !wanted || [...holder.querySelectorAll(MARKS)].some(seen);
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
    this.size = "";
    this.watch = new ResizeObserver(() => requestAnimationFrame(() => this.resized()));
    this.watch.observe(holder);
  }

  /** Draw a card's figure, without the traces of hidden names, once there is room for it; the promise says whether it was drawn. */
  async draw(card, look, hidden) {
    Object.assign(this, { card, look, hidden });
    this.size = this.room();
    if (!this.size) return true; // drawn when it gets its place
    const Plotly = (this.plotly = await library);
    if (card !== this.card || look !== this.look) return true; // others came meanwhile
    const { data, layout, config } = fitted(card, look, this.place(), hidden);
    await Plotly.react(this.holder, data, layout, config);
    this.listen();
    if (!isDrawn(this.holder)) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      if (card !== this.card || look !== this.look) return true;
      const again = fitted(card, look, this.place(), hidden);
      await Plotly.newPlot(this.holder, again.data, again.layout, again.config);
      this.listening = false;
      this.listen();
    }
    return isDrawn(this.holder);
  }

  place() {
    const { clientWidth: width, clientHeight: height } = this.holder;
    return { width, height };
  }

  /** Return the size of the chart's place as a text; none where it has no room yet. */
  room() {
    const { width, height } = this.place();
    return width > 0 && height > 0 ? `${width} ${height}` : "";
  }

  async resized() {
    const room = this.room();
    if (this.card && room && room !== this.size && this.holder.isConnected) await this.heard.redraw();
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
    const { width, height } = this.place();
    const { data, layout } = fitted(this.card, this.look, this.place(), this.hidden, true);
    const escaped = (text) => (text ?? "").replace(/&/g, "&amp;").replace(/</g, "&lt;");
    const title = { text: `<b>${escaped(this.card.title)}</b><br><sub>${escaped(this.card.subtitle)}</sub>`, x: 0.02, xanchor: "left", y: 0.97, yanchor: "top" };
    const margin = { ...layout.margin, t: (layout.margin?.t ?? 20) + 60 };
    const whole = { ...layout, title, margin, paper_bgcolor: ground, height: height + 60 };
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
