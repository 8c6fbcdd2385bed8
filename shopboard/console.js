// The console: a field for SQL, what there is to ask, and the answer below.
import { button, make, saveText } from "./board_text.js";
import { TableView, localSource } from "./board_table.js";

/** Show the console's model in an element; returns what undoes it. */
function showConsole({ model, el }) {
  const name = `sb-console-${Math.random().toString(36).slice(2)}`;
  const field = make("textarea", { class: "sb-field", id: name, rows: 8, spellcheck: "false", autocomplete: "off", wrap: "off", input: () => keep() });
  const numbers = make("div", { class: "sb-lines", "aria-hidden": "true" });
  const run = button("Run", () => start(), { class: "sb-button sb-primary", title: "Ctrl+Enter" });
  const stop = button("Stop", () => model.send({ stop: true }), { hidden: true });
  const save = button("Download CSV", () => model.send({ csv: true }), { hidden: true });
  const said = make("p", { class: "sb-said", role: "status" });
  const hint = make("span", { class: "sb-keys", text: "Ctrl+Enter" });
  const answer = make("div", { class: "sb-answer" });
  const view = new TableView("the answer", null);
  const examples = make("select", { class: "sb-select", "aria-label": "Examples", change: () => take() });
  const tables = make("div", { class: "sb-tables" });
  const inside = make(
    "div",
    { class: "sb sb-console" },
    make("div", { class: "sb-card" },
      make("div", { class: "sb-ask" },
        make("div", { class: "sb-main" },
          make("div", { class: "sb-bar-line" }, make("label", { for: name, class: "sb-small-title", text: "SQL" }), examples),
          make("div", { class: "sb-editor" }, numbers, field),
          make("div", { class: "sb-bar-line" }, run, hint, make("span", { class: "sb-spin", "aria-hidden": "true" }), stop, save, said),
        ),
        make("details", { class: "sb-known", open: true }, make("summary", { text: "Tables and parameters" }), tables),
      ),
      answer,
    ),
  );
  el.append(inside);

  /** Send what is written to be run, and show that it runs. */
  function start() {
    if (!run.disabled) busy(true);
    model.send({ run: field.value });
  }

  function busy(yes) {
    run.disabled = yes;
    stop.hidden = !yes;
    hint.hidden = yes;
    save.hidden ||= yes;
    inside.setAttribute("aria-busy", String(yes));
    if (yes) {
      said.textContent = "Running…";
      said.classList.remove("sb-wrong");
    }
  }

  /** Take an example over into the field, and run it. */
  function take() {
    const chosen = model.get("examples")[Number(examples.value)];
    if (!chosen) return;
    write(chosen[1]);
    start();
  }

  function write(sql) {
    field.value = sql;
    field.rows = Math.min(24, Math.max(8, sql.split("\n").length + 1));
    keep();
  }

  function keep() {
    const count = field.value.split("\n").length;
    if (numbers.childElementCount !== count) numbers.replaceChildren(...Array.from({ length: count }, (_, place) => make("div", { text: String(place + 1) })));
    model.set("sql", field.value);
    model.save_changes();
  }

  /** Put a name where the caret stands. */
  function insert(text) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    keep();
  }

  function list() {
    const given = model.get("examples").map(([title], place) => make("option", { value: place, text: title }));
    examples.replaceChildren(make("option", { value: "", text: "Examples…" }), ...given);
    const named = (text) => button(text, () => insert(text), { class: "sb-link" });
    const known = model.get("tables").flatMap(([table, grain, columns]) => {
      const inner = make("div", { class: "sb-columns", hidden: true }, grain ? make("small", { text: grain }) : null, ...columns.map(named));
      const open = button("", () => {
        inner.hidden = !inner.hidden;
        open.setAttribute("aria-expanded", String(!inner.hidden));
      }, { class: "sb-open", "aria-expanded": "false", "aria-label": `Columns of ${table}` });
      return [make("div", { class: "sb-named" }, open, named(table)), inner];
    });
    const values = model.get("parameters").map((parameter) => named(`$${parameter}`));
    tables.replaceChildren(...known, make("div", { class: "sb-columns sb-values" }, make("small", { text: "Parameters" }), ...values));
  }

  function hear(message) {
    if (typeof message?.csv === "string") saveText("answer.csv", message.csv);
    if (!message?.answer) return;
    const { problem, table, said: words } = message.answer;
    busy(false);
    said.textContent = problem ?? words;
    said.classList.toggle("sb-wrong", problem !== undefined);
    if (!table) return;
    save.hidden = false;
    Object.assign(view.state, { offset: 0, sort: "", descending: false, search: "" });
    view.search.value = "";
    if (!view.element.isConnected) answer.append(view.element);
    view.use(localSource(table, model.get("look")), model.get("look"));
  }

  const look = () => inside.classList.toggle("sb-dark", Boolean(model.get("look").dark));
  field.addEventListener("scroll", () => (numbers.scrollTop = field.scrollTop));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start();
    else if (!(event.key === "Enter" && event.shiftKey)) return void event.stopPropagation(); // the notebook has keys of its own
    event.preventDefault();
    event.stopPropagation();
  });
  model.on("change:look", look);
  model.on("change:tables", list);
  model.on("change:parameters", list);
  model.on("msg:custom", hear);
  look();
  list();
  write(model.get("sql"));
  return () => {
    model.off("change:look", look);
    model.off("change:tables", list);
    model.off("change:parameters", list);
    model.off("msg:custom", hear);
  };
}

export default { render: showConsole };
