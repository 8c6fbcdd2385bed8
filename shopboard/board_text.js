// Elements, numbers and texts, as every part of the board writes them. All texts become text nodes, never HTML.

/** Make an element: `text` and `class` are set, functions become listeners, everything else is an attribute. */
export function make(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Make a button that says what it does. */
export function button(text, press, settings = {}) {
  return make("button", { type: "button", class: "sb-button", text, click: press, ...settings });
}

/** Write a number with the reader's marks. */
function marked(value, digits, look) {
  const [whole, part] = Math.abs(value).toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, () => look.thousands ?? ",");
  const number = part === undefined ? grouped : grouped + (look.decimal ?? ".") + part;
  return (value < 0 && /[1-9]/.test(number) ? "−" : "") + number;
}

const NUMBERS = new Map([
  ["integer", (value, look) => marked(value, 0, look)],
  ["decimal", (value, look) => marked(value, 2, look)],
  ["tenths", (value, look) => marked(value, 1, look)],
  ["money", (value, look) => marked(value, 2, look).replace(/^(−?)/, (_, minus) => minus + (look.currency ?? ""))],
  ["in_percent", (value, look) => `${marked(value, 1, look)}%`],
  ["percent", (value, look) => `${marked(100 * value, 1, look)}%`],
  ["stars", (value, look) => `${marked(value, 2, look)} ★`],
  ["days", (value, look) => marked(value, 1, look)],
]);

/** Write a day, or a month, as charts write them: "27 Dec 2025", "Dec 2025"; what is none stays as it is. */
function dated(text) {
  const [whole, year, month, day] = /^(\d{4})-(\d\d)(?:-(\d\d))?(?:[ T]00:00:00.*)?$/.exec(text) ?? [];
  const name = whole && "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")[month - 1];
  return name ? `${day ? `${Number(day)} ` : ""}${name} ${year}` : text;
}

/** Say whether values of a format are numbers. */
export const isNumeric = (format) => NUMBERS.has(format);

/** Write a table's value by its format; a dash for what is unknown. */
export function written(value, format, look) {
  if (value === null || value === undefined || value === "") return "–";
  if (format === "date" || format === "month") return dated(String(value));
  const write = NUMBERS.get(format);
  return write && typeof value === "number" ? write(value, look) : String(value);
}

const KEYWORDS = new Set(
  `ALL AND AS ASC BETWEEN BY CASE CAST CROSS CURRENT DESC DISTINCT ELSE END EXCEPT EXISTS FALSE FILTER FIRST FOLLOWING FROM
  FULL GROUP HAVING IN INNER INTERSECT IS JOIN LAST LEFT LIKE LIMIT NOT NULL NULLS OFFSET ON OR ORDER OUTER OVER PARTITION
  PRECEDING RANGE RECURSIVE RIGHT ROW ROWS SELECT THEN TRUE UNBOUNDED UNION USING VALUES WHEN WHERE WINDOW WITH`.split(/\s+/),
);
const TOKENS = /(--[^\n]*|\/\*[^]*?\*\/)|('(?:[^']|'')*')|(\$\w+)|(\b\d+(?:\.\d+)?\b)|([A-Za-z_]\w*)/g;

/** Return SQL as a <pre> whose keywords, texts, parameters and comments can be told apart. */
export function highlighted(sql) {
  const shown = make("pre", { class: "sb-sql", tabindex: "0", role: "group", "aria-label": "SQL" });
  let done = 0;
  for (const token of sql.matchAll(TOKENS)) {
    const [text, comment, string, parameter, number, word] = token;
    const kind = comment ? "comment" : string ? "string" : parameter ? "parameter" : number ? "number" : "";
    const name = kind || (word && KEYWORDS.has(word.toUpperCase()) ? "keyword" : "");
    if (!name) continue;
    shown.append(sql.slice(done, token.index), make("span", { class: `sb-${name}`, text }));
    done = token.index + text.length;
  }
  shown.append(sql.slice(done));
  return shown;
}

const ALLOWED = new Set("A B BR CODE EM H4 H5 I LI OL P PRE SMALL SPAN STRONG SUB SUP TABLE TBODY TD TH THEAD TR UL".split(" "));

/** Return the simple tags of an HTML text as nodes; other tags give way to their text, and no attribute but links stays. */
export function simpleTags(html) {
  const copy = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return [document.createTextNode(node.data)];
    if (node.nodeType !== Node.ELEMENT_NODE || /^(SCRIPT|STYLE|TEMPLATE|NOSCRIPT|IFRAME)$/.test(node.tagName)) return [];
    const inside = [...node.childNodes].flatMap(copy);
    if (!ALLOWED.has(node.tagName)) return inside;
    const settings = {};
    const target = node.getAttribute("href") ?? "";
    if (node.tagName === "A" && /^(https?:|#)/.test(target)) Object.assign(settings, { href: target, rel: "noopener" });
    return [make(node.tagName, settings, ...inside)];
  };
  return [...new DOMParser().parseFromString(html, "text/html").body.childNodes].flatMap(copy);
}

/** Let the browser save a text as a file. */
export function saveText(name, text, type = "text/csv") {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = make("a", { href: address, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Copy a text; in pages that may not use the clipboard, by way of a selection. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = make("textarea", { class: "sb-hidden", "aria-hidden": "true" });
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

/** Return a title as the name of a file. */
export const fileName = (title) => (title || "card").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "card";
