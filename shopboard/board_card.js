// One card: its header, its menu, its states, and the panels that open in it.
import { button, copyText, fileName, highlighted, make, saveText, simpleTags } from "./board_text.js";
import { TableView, localSource } from "./board_table.js";
import { tileElement } from "./board_tiles.js";
import { heightOf, noteOf, styled } from "./board_fit.js";
import { Legend } from "./board_legend.js";
import { ChartView } from "./board_chart.js";

const MENUS = new Map([
  ["tiles", ["sql", "rows", "csv"]],
  ["chart", ["sql", "rows", "csv", "png", "enlarge"]],
  ["table", ["sql", "csv", "enlarge"]],
  ["text", []],
]);
const ASKING = new Set(["sql", "rows", "csv"]);
const NAMES = { sql: "SQL", rows: "Rows", csv: "Download CSV", png: "Download PNG", enlarge: "Enlarge" };

/** One card. It keeps what the reader did with it (open panel, order of a table) while its content changes. */
export class CardView {
  constructor(board, card) {
    this.board = board;
    this.panelKind = "";
    const title = `sb-title-${Math.random().toString(36).slice(2)}`;
    this.title = make("h3", { class: "sb-title", id: title });
    this.subtitle = make("p", { class: "sb-subtitle" });
    this.menuButton = button("⋯", () => this.toggleMenu(), { class: "sb-menu-button", "aria-expanded": "false", title: "SQL, rows and downloads" });
    this.menu = make("div", { class: "sb-menu", hidden: true });
    this.body = make("div", { class: "sb-body" });
    this.panel = make("div", { class: "sb-panel", hidden: true });
    this.message = make("p", { class: "sb-message", role: "status", hidden: true });
    this.wanted = button("", () => this.want(), { hidden: true });
    this.tools = make("div", { class: "sb-tools" }, this.menuButton, this.menu);
    this.element = make(
      "section",
      { class: `sb-card sb-kind-${card.kind}`, "aria-labelledby": title, keydown: (event) => this.keyPressed(event) },
      make("header", { class: "sb-header" }, make("div", {}, this.title, this.subtitle), this.tools),
      this.message, this.wanted, this.body, this.panel,
    );
    this.element.dataset.card = card.id;
    this.tools.addEventListener("focusout", (event) => {
      if (!this.tools.contains(event.relatedTarget)) this.closeMenu();
    });
    if (card.kind === "chart") {
      this.holder = make("div", { class: "sb-plot", role: "img" });
      this.note = make("p", { class: "sb-remark" });
      this.legend = new Legend(() => this.drawBody());
      this.body.append(this.legend.element, make("div", { class: "sb-place" }, this.holder), this.note);
      this.chart = new ChartView(this.holder, {
        click: (point) => board.tell({ card: this.card.id, event: "click", point }),
        range: (range) => board.tell({ card: this.card.id, event: "range", range }),
        redraw: () => this.drawBody(),
      });
    } else if (card.kind === "table") {
      this.table = new TableView(card.title || "table", (point) => board.tell({ card: this.card.id, event: "click", point }));
      this.body.append(this.table.element);
    }
  }

  /** Take in a card; nothing is touched where it is as it was. */
  update(card, lookChanged) {
    if (card === this.taken && !lookChanged) return;
    this.taken = card;
    const text = JSON.stringify(card);
    if (text === this.text && !lookChanged) return;
    const changed = text !== this.text;
    this.text = text;
    this.card = card;
    this.title.textContent = card.title ?? "";
    this.subtitle.textContent = card.subtitle ?? "";
    this.menuButton.setAttribute("aria-label", `More about ${card.title || card.id}`);
    if (card.figure || !this.filled) this.element.style.setProperty("--height", `${heightOf(card)}px`);
    this.element.classList.toggle("sb-clicks", Boolean(card.clicks));
    const rows = this.offers("rows") ? "Its figures are under Rows." : "";
    this.holder?.setAttribute("aria-label", [card.title, card.subtitle, rows].filter(Boolean).join(". "));
    this.fillMenu();
    const state = card.state ?? "ready";
    this.say(state, card.message); // first, as a chart needs its place
    const drawn = state === "ready" ? this.drawBody() : null;
    if (changed && state === "ready" && this.panelKind) this.openPanel(this.panelKind, false);
    return drawn;
  }

  /** Show the card's state: its content, or the sentence that stands for it. */
  say(state, message) {
    const kept = state === "loading" && this.filled; // the old content stays until the new one is there
    this.element.dataset.state = state;
    this.element.setAttribute("aria-busy", String(state === "loading"));
    this.filled = this.filled && state !== "waiting"; // what it showed before belongs to another selection
    this.wanted.hidden = state !== "waiting";
    this.wanted.textContent = this.card.button ?? "Show";
    const usual = { loading: "Loading…", empty: "There is nothing to show in this selection.", failed: "This could not be shown." };
    this.message.textContent = state === "ready" || kept ? "" : message || usual[state];
    this.message.hidden = state === "ready" || kept;
    this.body.classList.toggle("sb-away", !(state === "ready" || kept) || Boolean(this.panelKind));
  }

  /** Ask for what the card waits with, and say that it is on its way. */
  want() {
    this.say("loading");
    this.board.tell({ card: this.card.id, event: "wanted" });
  }

  async drawBody() {
    const { card } = this;
    const { look } = this.board;
    this.filled = true;
    try {
      if (card.kind === "tiles") this.body.replaceChildren(make("ul", { class: "sb-tilelist" }, ...(card.tiles ?? []).map(tileElement)));
      if (card.kind === "text") this.body.replaceChildren(...simpleTags(card.html ?? ""));
      if (card.kind === "table" && card.table) {
        const { rows, total = rows.length, page } = card.table;
        const here = rows.length >= total || !this.board.host;
        await this.table.use(here ? localSource(card.table, look) : this.rowsSource(0), look, page, here ? 0 : 250);
      }
      if (card.kind === "chart" && card.figure) {
        this.legend.show(styled(card.figure, look), look); // first, as it takes its place, and so does the note
        this.note.textContent = noteOf(card.figure, this.body.clientWidth);
        if (!(await this.chart.draw(card, look, this.legend.hidden))) throw new Error("Plotly drew nothing");
      }
    } catch (error) {
      console.warn(`The card "${card.id}" could not be drawn:`, error);
      if (card === this.card) this.say("failed", `This could not be drawn${this.offers("rows") ? "; its rows are in the menu" : ""}.`);
    }
  }

  /** Return a source of rows that asks for them; `offer` hears which questions the card has. */
  rowsSource(question, offer = () => {}) {
    return async (wanted) => {
      const answer = await this.board.ask(this.card.id, "rows", { ...wanted, question });
      if (answer.problem) return answer;
      offer(answer.questions);
      return { ...answer.table, total: answer.table.total ?? answer.table.rows.length };
    };
  }

  /** Say whether the card's menu has an entry. */
  offers(entry) {
    return (this.card.menu ?? MENUS.get(this.card.kind) ?? []).includes(entry) && (this.board.host || !ASKING.has(entry));
  }

  fillMenu() {
    const offered = Object.keys(NAMES).filter((entry) => this.offers(entry));
    const wanted = offered.join(" ");
    if (wanted === this.offered) return;
    this.offered = wanted;
    this.tools.hidden = offered.length === 0;
    this.menu.replaceChildren(...offered.map((entry) => {
      const item = button(NAMES[entry], () => this.choose(entry), { class: "sb-menu-item" });
      item.dataset.entry = entry;
      return item;
    }));
  }

  toggleMenu() {
    if (!this.menu.hidden) return this.closeMenu();
    for (const item of this.menu.children) {
      if (item.dataset.entry === "enlarge") item.textContent = this.enlarged ? "Normal size" : NAMES.enlarge;
    }
    this.menu.hidden = false;
    this.menuButton.setAttribute("aria-expanded", "true");
    this.menu.firstElementChild?.focus({ preventScroll: true });
    this.menu.scrollIntoView({ block: "nearest" });
  }

  closeMenu() {
    this.menu.hidden = true;
    this.menuButton.setAttribute("aria-expanded", "false");
  }

  keyPressed(event) {
    const items = [...this.menu.children];
    const place = items.indexOf(document.activeElement);
    if (event.key === "Escape") {
      if (!this.menu.hidden) this.closeMenu();
      else if (this.panelKind) this.closePanel();
      else if (this.enlarged) this.enlarge(false);
      else return;
      this.menuButton.focus();
    } else if (place >= 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      items.at((place + (event.key === "ArrowDown" ? 1 : -1)) % items.length).focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  async choose(entry) {
    this.closeMenu();
    this.menuButton.focus({ preventScroll: true });
    if (entry === "enlarge") return this.enlarge(!this.enlarged);
    if (entry === "png") {
      if (this.panelKind) this.closePanel();
      return this.chart.save(getComputedStyle(this.element).backgroundColor);
    }
    if (entry !== "csv") return this.openPanel(entry, true);
    const state = this.table?.state ?? {};
    const answer = await this.board.ask(this.card.id, "csv", { question: 0, sort: state.sort ?? "", descending: state.descending ?? false, search: state.search ?? "" });
    if (answer.problem) return this.showPanel("csv", "CSV", true, make("p", { class: "sb-said", text: answer.problem }));
    saveText(answer.name || `${fileName(this.card.title)}.csv`, answer.text);
  }

  enlarge(large) {
    this.enlarged = large;
    this.element.classList.toggle("sb-large", large);
    this.element.scrollIntoView({ block: "nearest" });
  }

  async openPanel(kind, jump) {
    if (kind === "rows") return this.openRows(jump);
    if (kind !== "sql") return;
    if (this.panelKind !== kind) this.showPanel(kind, "SQL", jump, make("p", { class: "sb-said", text: "Asking…" }));
    const asked = this.card;
    const answer = await this.board.ask(asked.id, "sql", { question: 0 });
    if (this.panelKind !== kind || asked !== this.card) return;
    const parts = answer.problem ? [make("p", { class: "sb-said", text: answer.problem })] : (answer.queries ?? []).flatMap((query) => this.queryParts(query));
    this.showPanel(kind, "SQL", false, ...parts);
  }

  queryParts({ title, sql = "", parameters, plan, note }) {
    const copy = button("Copy", async () => {
      await copyText(sql);
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = "Copy"), 1500);
    });
    const heading = (text) => make("h4", { class: "sb-small-title", text });
    const named = Object.entries(parameters ?? {});
    const values = named.flatMap(([name, value]) => [make("dt", { text: `$${name}` }), make("dd", { text: JSON.stringify(value) })]);
    return [
      make("div", { class: "sb-panel-head" }, heading(title || note || "The text that was run"), copy),
      highlighted(sql.trim()),
      ...(title && note ? [make("p", { class: "sb-said", text: note })] : []),
      ...(named.length ? [heading("Parameters"), make("dl", { class: "sb-parameters" }, ...values)] : []),
      ...(plan ? [heading("Plan"), make("pre", { class: "sb-sql", tabindex: "0", role: "group", "aria-label": "Plan", text: plan })] : []),
    ];
  }

  async openRows(jump, question = this.question ?? 0) {
    if (!this.rows || question !== this.question) this.rows = new TableView(`rows of ${this.card.title || "this card"}`, null);
    this.question = question;
    const choice = make("div", { class: "sb-choice" });
    const offer = (names = []) => {
      if (names.length < 2 || choice.children.length) return;
      const press = (name, place) => button(name, () => this.openRows(false, place), { "aria-pressed": String(place === question) });
      choice.replaceChildren(...names.map(press));
    };
    this.showPanel("rows", "Rows", jump, choice, this.rows.element);
    await this.rows.use(this.rowsSource(question, offer), this.board.look, 20, 250);
  }

  showPanel(kind, name, jump, ...content) {
    if (this.panelKind !== kind || this.panel.hidden) {
      const back = button("Close", () => { this.closePanel(); this.menuButton.focus(); }, { "aria-label": `Close ${name}` });
      const head = make("div", { class: "sb-panel-head" }, make("h4", { class: "sb-panel-title", text: name }), back);
      this.panel.replaceChildren(head, make("div", { class: "sb-panel-body" }));
      this.panel.hidden = false;
      this.body.classList.add("sb-away");
      if (jump) {
        this.panel.scrollIntoView({ block: "nearest" });
        back.focus({ preventScroll: true });
      }
    }
    this.panelKind = kind;
    this.panel.lastElementChild.replaceChildren(...content); // below the button, which may have the focus
  }

  closePanel() {
    this.panelKind = "";
    this.panel.hidden = true;
    this.panel.replaceChildren();
    this.say(this.card.state ?? "ready", this.card.message);
  }

  remove() {
    this.chart?.remove();
    this.element.remove();
  }
}
