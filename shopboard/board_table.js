// A table that sorts, searches and pages: rows that are here by itself, others by asking for them.
import { button, isNumeric, make, written } from "./board_text.js";

const PAGE = 20;
const LONG = 32; // characters from which on a cell's text wraps
const SEARCH_FROM = 11; // a table of fewer rows is read faster than it is searched
const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Compare two values of a column; what is unknown comes last whichever way one sorts. */
function compare(one, other, descending) {
  const missing = (value) => value === null || value === undefined || value === "";
  if (missing(one) || missing(other)) return missing(one) - missing(other);
  const difference = typeof one === "number" && typeof other === "number" ? one - other : order.compare(one, other);
  return descending ? -difference : difference;
}

/** Return a source over rows that are all here. */
export function localSource(table, look) {
  return ({ offset, count, sort, descending, search }) => {
    let rows = table.rows;
    if (search) {
      const wanted = search.toLowerCase();
      const holds = (row) =>
        row.some((value, place) =>
          [String(value ?? ""), written(value, table.columns[place].format, look)].some((text) => text.toLowerCase().includes(wanted)),
        );
      rows = rows.filter(holds);
    }
    const place = table.columns.findIndex((column) => column.name === sort);
    if (place >= 0) rows = [...rows].sort((one, other) => compare(one[place], other[place], descending));
    return { columns: table.columns, rows: rows.slice(offset, offset + count), total: rows.length };
  };
}

/** One table on the page. `source` gives a page of rows, at once or later; `press` hears of a row that was chosen. */
export class TableView {
  constructor(name, press) {
    this.press = press;
    this.state = { offset: 0, sort: "", descending: false, search: "" };
    this.turn = 0;
    this.search = make("input", {
      type: "search", class: "sb-search", placeholder: "Search", "aria-label": `Search in ${name}`, input: () => this.searched(),
    });
    this.head = make("thead");
    this.body = make("tbody");
    this.box = make(
      "div",
      { class: "sb-scroll", tabindex: "0", role: "group", "aria-label": name },
      make("table", { class: "sb-table" }, this.head, this.body),
    );
    this.frame = make("div", { class: "sb-frame" }, this.box);
    this.box.addEventListener("scroll", () => this.hint(), { passive: true });
    new ResizeObserver(() => this.hint()).observe(this.box);
    this.count = make("span", { class: "sb-count", role: "status" });
    this.back = button("‹", () => this.turnPage(-1), { "aria-label": "Previous page" });
    this.next = button("›", () => this.turnPage(1), { "aria-label": "Next page" });
    this.foot = make("div", { class: "sb-foot" }, this.count, make("span", { class: "sb-turn" }, this.back, this.next));
    this.element = make("div", { class: "sb-tableview" }, this.search, this.frame, this.foot);
  }

  /** Show another table, or the same with other rows; order, search and page stay. */
  use(source, look, page = PAGE, wait = 0) {
    Object.assign(this, { source, look, page, wait });
    return this.refresh();
  }

  /** Say by a shadow that there are more columns at the right. */
  hint() {
    const { scrollLeft, clientWidth, scrollWidth } = this.box;
    this.frame.classList.toggle("sb-more", scrollLeft + clientWidth < scrollWidth - 1);
  }

  searched() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      Object.assign(this.state, { search: this.search.value.trim(), offset: 0 });
      this.refresh();
    }, this.wait);
  }

  turnPage(direction) {
    this.state.offset = Math.max(0, this.state.offset + direction * this.page);
    this.refresh().then(() => this.box.scrollTo({ top: 0 }));
  }

  sortBy(column) {
    const { sort, descending } = this.state;
    const first = isNumeric(column.format); // the largest number first, but A before Z
    const again = sort === column.name;
    if (again && descending !== first) Object.assign(this.state, { sort: "", descending: false, offset: 0 });
    else Object.assign(this.state, { sort: column.name, descending: again ? !descending : first, offset: 0 });
    this.refresh();
  }

  async refresh() {
    const turn = ++this.turn;
    try {
      const given = this.source({ ...this.state, count: this.page });
      const answer = given instanceof Promise ? await given : given;
      if (turn !== this.turn || !answer) return;
      if (answer.problem) throw new Error(answer.problem);
      if (answer.rows.length === 0 && answer.total > 0 && this.state.offset > 0) {
        this.state.offset = Math.floor((answer.total - 1) / this.page) * this.page;
        await this.refresh();
        return;
      }
      this.draw(answer);
    } catch (error) {
      if (turn !== this.turn) return;
      this.count.textContent = error.message;
    }
  }

  draw({ columns, rows, total }) {
    const { offset, search, sort } = this.state;
    const focused = this.head.contains(document.activeElement) ? document.activeElement.dataset.column : null;
    this.search.hidden = total < SEARCH_FROM && !search && document.activeElement !== this.search;
    this.head.replaceChildren(make("tr", {}, ...columns.map((column) => this.heading(column))));
    const largest = columns.map((column, place) => (column.bar ? Math.max(...rows.map((row) => Math.abs(row[place]) || 0)) : 0));
    this.body.replaceChildren(...rows.map((row, number) => this.row(columns, row, offset + number, largest)));
    if (focused !== null) [...this.head.querySelectorAll("button")].find((each) => each.dataset.column === focused)?.focus();
    const whole = (number) => written(number, "integer", this.look);
    const range = rows.length === 1 ? whole(offset + 1) : `${whole(offset + 1)}–${whole(offset + rows.length)}`;
    const nothing = search ? `No row holds “${search}”` : "No rows";
    this.count.textContent = total === 0 ? nothing : `${range} of ${whole(total)}${search ? " found" : ""}`;
    const pages = total > this.page;
    this.foot.hidden = !pages && !search && !sort && total > 0 && total < SEARCH_FROM;
    this.back.parentNode.hidden = !pages;
    this.back.disabled = offset === 0;
    this.next.disabled = offset + rows.length >= total;
    this.hint();
  }

  heading(column) {
    const sorted = this.state.sort === column.name;
    const direction = this.state.descending ? "descending" : "ascending";
    const arrow = make("span", { class: "sb-arrow", "aria-hidden": "true", text: sorted ? (this.state.descending ? "▼" : "▲") : "" });
    const press = make("button", { type: "button", class: "sb-sort", title: column.hint, click: () => this.sortBy(column) }, column.label, arrow);
    press.dataset.column = column.name;
    const settings = { scope: "col", "aria-sort": sorted ? direction : "none", class: isNumeric(column.format) ? "sb-number" : null };
    return make("th", settings, press);
  }

  row(columns, values, number, largest) {
    const cells = columns.map((column, place) => {
      const value = values[place];
      const text = written(value, column.format, this.look);
      const cell = make(place === 0 ? "th" : "td", {
        scope: place === 0 ? "row" : null,
        class: isNumeric(column.format) ? "sb-number" : /^(date|month)$/.test(column.format) ? "sb-date" : null,
      });
      if (column.click && this.press) {
        const row = Object.fromEntries(columns.map((each, other) => [each.name, values[other] ?? null]));
        cell.append(button(text, () => this.press({ row, column: column.name, rowNumber: number }), { class: "sb-link" }));
      } else cell.textContent = text;
      if (text.length > LONG) cell.classList.add("sb-long");
      if (column.bar && largest[place] > 0) {
        cell.classList.add("sb-bar");
        cell.style.setProperty("--share", `${(100 * (Math.abs(value) || 0)) / largest[place]}%`);
      }
      return cell;
    });
    return make("tr", {}, ...cells);
  }
}
