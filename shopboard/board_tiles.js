// Tiles: a measure, how it has changed, and its course as a small line.
import { make } from "./board_text.js";

/** A measure's course as a small line; nothing where fewer than two values are known. */
function trendLine(values) {
  const known = values.filter((value) => typeof value === "number");
  if (known.length < 2) return null;
  const lowest = Math.min(...known);
  const span = Math.max(...known) - lowest;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of [["class", "sb-trend"], ["viewBox", "0 0 100 24"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]])
    svg.setAttribute(name, value);
  let path = "";
  let pen = "M";
  values.forEach((value, place) => {
    if (typeof value !== "number") return void (pen = "M");
    path += `${pen}${((100 * place) / (values.length - 1)).toFixed(1)} ${(22 - 20 * (span ? (value - lowest) / span : 0.5)).toFixed(1)}`;
    pen = "L";
  });
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Return one tile as a list item. */
export function tileElement(tile) {
  const { direction = 0, text, good, words } = tile.change ?? {};
  const tone = good === true ? "sb-good" : good === false ? "sb-bad" : "sb-even";
  const arrow = direction > 0 ? "▲ " : direction < 0 ? "▼ " : "";
  const about = [tile.exact !== tile.value ? tile.exact : "", tile.hint].filter(Boolean).join("\n");
  const change = text
    ? make("span", { class: `sb-change ${tone}` }, make("span", { "aria-hidden": "true", text: arrow + text }), make("span", { class: "sb-hidden", text: words ?? text }))
    : make("span", { class: "sb-change" });
  const element = make(
    "li",
    { class: "sb-tile", title: about || null },
    make("span", { class: "sb-label", text: tile.label }),
    make("span", { class: "sb-value", text: tile.value }),
    tile.exact && tile.exact !== tile.value ? make("span", { class: "sb-hidden", text: `, exactly ${tile.exact}` }) : null,
    make("span", { class: "sb-below" }, change, tile.trend ? trendLine(tile.trend) : null),
    make("span", { class: "sb-note", text: tile.note ?? "" }),
  );
  element.dataset.name = tile.name;
  return element;
}
