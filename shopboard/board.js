// The board: cards on a grid, in a notebook by `render` and in an exported page by `show`.
import { make } from "./board_text.js";
import { CardView } from "./board_card.js";
import { usePlotly } from "./board_chart.js";

const PATIENCE = 60_000; // milliseconds until an answer is given up
const SOON = 5_000; // milliseconds in which a click may open something

/** All cards of one place of the page. */
class BoardView {
  constructor(element) {
    this.element = element;
    this.views = new Map();
    this.shape = "";
    this.opened = new Map();
    this.pressed = -Infinity; // when a card was last clicked, in milliseconds
    element.classList.add("sb");
  }

  /** Show these cards; `host` answers what they ask and hears what happens, null where nobody does. */
  update(cards, host, look) {
    const before = JSON.stringify(this.look);
    Object.assign(this, { host, look: look ?? {} });
    this.element.classList.toggle("sb-dark", Boolean(this.look.dark));
    const lookChanged = before !== undefined && before !== JSON.stringify(this.look);
    for (const [id, view] of this.views) {
      if (!cards.some((card) => card.id === id && view.card.kind === card.kind)) {
        view.remove();
        this.views.delete(id);
      }
    }
    for (const card of cards) {
      if (!this.views.has(card.id)) this.views.set(card.id, Object.assign(new CardView(this, card), { card }));
    }
    this.layOut(cards);
    this.reveal(cards);
    return Promise.all(cards.map((card) => this.views.get(card.id).update(card, lookChanged)));
  }

  /** Put the cards into their rows, unless they stand there already. */
  layOut(cards) {
    const shape = JSON.stringify(cards.map(({ id, row, width }) => [id, row, width]));
    if (shape === this.shape) return;
    this.shape = shape;
    const rows = new Map();
    cards.forEach((card, place) => {
      const row = card.row ?? `alone ${place}`;
      rows.set(row, [...(rows.get(row) ?? []), card]);
    });
    const elements = [...rows.values()].map((inside) => {
      const width = (card) => Math.max(1, Math.round(card.width ?? 1));
      const whole = inside.reduce((sum, card) => sum + width(card), 0);
      const row = make("div", { class: "sb-row" });
      row.style.setProperty("--columns", whole);
      let half = 0; // cards that share a line where there is room for two
      inside.forEach((card, place) => {
        const wide = width(card) * 2 > whole || (half % 2 === 0 && (place === inside.length - 1 || width(inside[place + 1]) * 2 > whole));
        half = wide ? 0 : half + 1;
        const { element } = this.views.get(card.id);
        element.style.setProperty("--width", width(card));
        element.style.setProperty("--medium", wide ? 2 : 1);
        row.append(element);
      });
      return row;
    });
    this.element.replaceChildren(...elements);
  }

  /** Bring into view what a click has just opened. */
  reveal(cards) {
    const before = this.opened;
    this.opened = new Map(cards.filter((card) => card.opened).map((card) => [card.id, JSON.stringify(card.opened)]));
    const [first] = [...this.opened.keys()].filter((id) => before.get(id) !== this.opened.get(id));
    if (!first || performance.now() - this.pressed > SOON) return;
    this.pressed = -Infinity;
    const { element } = this.views.get(first);
    element.tabIndex = -1;
    element.scrollIntoView({ block: "start" });
    element.focus({ preventScroll: true });
  }

  tell(event) {
    if (event.event === "click") this.pressed = performance.now();
    this.host?.tell?.(event);
  }

  /** Ask the host; what goes wrong becomes a sentence. */
  async ask(card, what, details) {
    try {
      return (await this.host.ask(card, what, details)) ?? { problem: "There is no answer to this." };
    } catch (error) {
      return { problem: error.message || String(error) };
    }
  }

  remove() {
    for (const view of this.views.values()) view.remove();
  }
}

const boards = new WeakMap();

/**
 * Show cards in an element, or change those that it shows. `host` has ask(card, what, details), which gives an answer or a
 * promise of one, and tell(event); null where there is nobody to ask. The promise ends when all is drawn.
 */
export function show(element, cards, host = null, look = {}) {
  if (!boards.has(element)) boards.set(element, new BoardView(element));
  return boards.get(element).update(cards, host, look);
}

export { usePlotly };

/** Return Plotly from a module's text. It is no part of the widget's own module, which has two seconds to start. */
async function plotlyFrom(text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const { default: plotly } = await import(address);
  URL.revokeObjectURL(address);
  return plotly;
}

/** Keep a notebook's model current: cards that are sent alone take their places among the others. */
export function initialize({ model }) {
  model.on("change:changes", () => {
    const sent = new Map((model.get("changes").cards ?? []).map((card) => [card.id, card]));
    model.set("cards", (model.get("cards") ?? []).map((card) => sent.get(card.id) ?? card));
  });
}

/** Show a notebook's model in an element; returns what undoes it. */
export function render({ model, el }) {
  usePlotly(() => plotlyFrom(model.get("library")));
  const waiting = new Map();
  const name = Math.random().toString(36).slice(2);
  let asked = 0;
  const host = {
    tell: (event) => model.send({ event }),
    ask: (card, what, details) =>
      new Promise((resolve, reject) => {
        const number = `${name}-${++asked}`;
        waiting.set(number, resolve);
        model.send({ number, event: { card, event: "ask", what, ...details } });
        setTimeout(() => waiting.delete(number) && reject(new Error("No answer came. Is the kernel still running?")), PATIENCE);
      }),
  };
  const inside = make("div", { class: "sb" });
  el.append(inside);
  const redraw = () => show(inside, model.get("cards") ?? [], host, model.get("look") ?? {});
  const hear = (message) => {
    if (!message?.reply || !waiting.has(message.reply)) return;
    waiting.get(message.reply)(message.answer);
    waiting.delete(message.reply);
  };
  model.on("change:cards", redraw);
  model.on("change:look", redraw);
  model.on("msg:custom", hear);
  redraw();
  return () => {
    model.off("change:cards", redraw);
    model.off("change:look", redraw);
    model.off("msg:custom", hear);
    boards.get(inside)?.remove();
  };
}

export default { initialize, render };
