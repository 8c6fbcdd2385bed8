// A figure made to fit its card: the page's colours, room for its texts, ticks that say nothing twice, marks of a sane size.

export const CONFIG = {
  displayModeBar: false, // its "Share chart" would upload the figures
  showSendToCloud: false,
  plotlyServerURL: "",
  displaylogo: false,
  responsive: false,
  scrollZoom: false,
  doubleClickDelay: 250,
};

const NARROW = 480; // pixels below which a legend beside a chart leaves no room for it
const BAR = 64; // pixels that a bar is wide at most, and a cell of a heatmap at most
const CELL = { width: 120, height: 44 };
const AROUND_PLOT = { width: 80, height: 60 }; // pixels that labels take of a chart, about
const DAY_LABEL = 44; // pixels that the label of a day needs
const LETTER = 6.4; // pixels
const LEGIBLE = 10; // pixels of the smallest letters
const pen = document.createElement("canvas").getContext("2d");
const A_DAY = /^\d{4}-\d{2}(-\d{2}|$)/; // or a month, which Plotly takes for its first day

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

/** Return a text of Plotly's as it is read: no tags, no entities. */
export const read = (text) =>
  text.replace(/<br\s*\/?>/g, " ").replace(/<[^>]*>/g, "").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&#36;/g, "$").replace(/&amp;/g, "&");

/** Return a figure in the template of the page, which the look has once for all figures. */
export const styled = (figure, look) => ({ ...figure, layout: { template: look.template, ...figure.layout } });

/** Say whether a figure's legend lies above it, so that the card writes it; others stay Plotly's. */
export function hasLegend({ layout }) {
  const legend = { ...layout.template?.layout?.legend, ...layout.legend };
  return layout.showlegend === true && legend.orientation === "h";
}

/** Part a title of Plotly's into the line that stays at its axis, and what is noted below: lines after it, and what is too long. */
function parted(text, width) {
  const [first, ...rest] = text.split(/<br\s*\/?>/);
  const whole = (rest.length > 0 && first.trimEnd().endsWith(":")) || read(first).length * LETTER > width - AROUND_PLOT.width;
  return whole ? ["", text] : [first, rest.join(" ")];
}

/** Return what is noted below a figure's axis as one text, which the card writes, as it can wrap it. */
export function noteOf(figure, width) {
  return read(parted(figure?.layout?.xaxis?.title?.text ?? "", width)[1]).trim();
}

/** Return shorter texts for the long names on an upright axis, which would leave a narrow chart no room. */
function shortNames(data, axis) {
  const names = on(data, "y", axis).filter((name) => typeof name === "string");
  const cut = (name) => `${[...read(name)].slice(0, 15).join("").trimEnd()}…`.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/\$/g, "&#36;");
  return Object.fromEntries(names.filter((name) => [...read(name)].length > 17).map((name) => [name, cut(name)]));
}

/** Return the values that traces have on an axis: ("x", "xaxis2"). */
function on(data, letter, axis) {
  const own = data.filter((trace) => (trace[`${letter}axis`] ?? letter) === axis.replace("axis", "") && Array.isArray(trace[letter]));
  return own.flatMap((trace) => trace[letter]);
}

/** Give few days or months a tick each, as Plotly would go on with hours, and turn no label. */
function plainDays(data, name, axis, width) {
  const values = on(data, "x", name);
  if (!values.length || !values.every((value) => typeof value === "string" && A_DAY.test(value)) || axis.type === "category") return {};
  const days = [...new Set(values)];
  const periods = data.some((trace) => trace.xperiod !== undefined); // these place their ticks themselves
  const few = !periods && (days.length === 1 || (days.length <= 12 && width / days.length >= DAY_LABEL));
  const ticks = few && !axis.tickvals ? { tickvals: days } : {};
  const months = days.every((day) => day.length === 7);
  const own = axis.tickformat || axis.tickformatstops?.length;
  const format = own || !(few || months) ? {} : { tickformat: months ? "%b<br>%Y" : "%-d %b<br>%Y" };
  const most = { nticks: Math.max(2, Math.min(axis.nticks ?? 8, Math.floor(width / DAY_LABEL))) };
  return { ...axis, tickangle: 0, ...most, ...ticks, ...format };
}

/** Leave every other tick out of an axis of ratios that is narrow. */
function fewerTicks({ type, tickvals, ticktext }, width) {
  if (type !== "log" || !tickvals || tickvals.length * DAY_LABEL <= width) return {};
  const kept = (_, place) => place % 2 === 0;
  return { tickvals: tickvals.filter(kept), ticktext: ticktext?.filter(kept) };
}

/** Return a gap between bars that leaves none of them wider than BAR. */
function barGap(data, layout, room) {
  const trace = data.find(({ type }) => type === "bar");
  if (!trace || trace.width !== undefined) return {};
  const upright = trace.orientation !== "h";
  const letter = upright ? "x" : "y";
  const range = layout[`${letter}axis`]?.range;
  const places = new Set(on(data, letter, `${letter}axis`)).size;
  const slots = typeof range?.[0] === "number" ? Math.max(places, Math.abs(range[1] - range[0])) : places;
  const slot = (upright ? room.width : room.height) / Math.max(1, slots);
  const gap = layout.bargap ?? layout.template?.layout?.bargap ?? 0;
  return slot > BAR ? { bargap: Math.max(gap, 1 - BAR / slot) } : {};
}

/** Round a number that is written short: "81.4k" to "81k". */
const rounded = (text) => text.replace(/^(\d\d)\D(\d)([kMB])$/, (_, whole, part, unit) => Number(whole) + (part >= "5" ? 1 : 0) + unit);

/** Write into cells what has room there: all of it, or rounded, or nothing, as the tip says it too. */
function cellTexts(data, place, room, font) {
  const maps = data.filter(({ type, texttemplate, text }) => type === "heatmap" && texttemplate && Array.isArray(text));
  const names = Math.max(0, ...on(data, "y", "yaxis").map((name) => Math.min(place.width < NARROW ? 17 : 40, [...read(String(name))].length)));
  const width = Math.min(room.width, place.width - names * LETTER - 34) / new Set(on(data, "x", "xaxis")).size;
  const height = room.height / new Set(on(data, "y", "yaxis")).size;
  pen.font = `10px ${font}`;
  const size = () => {
    const longest = Math.max(1, ...maps.flatMap(({ text }) => text.flat().map((each) => pen.measureText(each).width)));
    return Math.floor(Math.min(12, (10 * (width - 3)) / longest, 0.8 * height));
  };
  if (size() < LEGIBLE) for (const trace of maps) trace.text = trace.text.map((row) => row.map(rounded));
  for (const trace of maps) {
    if (size() < LEGIBLE) trace.texttemplate = "";
    else trace.textfont = { ...trace.textfont, size: size() };
  }
}

/** Return how many pixels high a card's chart is: 300, or what it asks for, unless it has few cells. */
export function heightOf({ height, figure }) {
  const data = figure?.data ?? [];
  if (!height || !data.length || data.some(({ type }) => type !== "heatmap")) return height || 300;
  return Math.min(height, new Set(on(data, "y", "yaxis")).size * CELL.height + 2 * AROUND_PLOT.height);
}

/** Return the parts of a chart that its cells take, so that few of them are not blown up. */
function cellDomains(data, layout, room) {
  if (!data.length || data.some(({ type }) => type !== "heatmap")) return;
  const across = new Set(on(data, "x", "xaxis")).size;
  const down = new Set(on(data, "y", "yaxis")).size;
  const share = (count, largest, whole) => Math.min(1, (count * largest) / Math.max(1, whole));
  layout.xaxis = { ...layout.xaxis, domain: [0, share(across, CELL.width, room.width)] };
  layout.yaxis = { ...layout.yaxis, domain: [1 - share(down, CELL.height, room.height), 1] };
}

/**
 * Return what Plotly draws for a card in a place of so many pixels: the figure in the page's colours, without what would
 * move or zoom by accident, without the traces whose names are hidden, and without the legend and the note that the card
 * writes, unless `whole` wants all in the figure.
 */
export function fitted(card, look, place, hidden, whole = false) {
  const figure = structuredClone(styled(card.figure, look)); // Plotly writes into what it is given
  const { data, layout } = look.dark ? darkened(figure, new Map(Object.entries(look.darker ?? {}))) : figure;
  const room = { width: place.width - AROUND_PLOT.width, height: place.height - AROUND_PLOT.height };
  const narrow = place.width < NARROW;
  const axes = [...new Set(["xaxis", "yaxis", ...Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name))])];
  for (const name of axes) {
    const axis = layout[name] ?? {};
    const across = name.startsWith("x") ? { ...plainDays(data, name, axis, room.width), ...fewerTicks(axis, room.width) } : {};
    const names = narrow && name.startsWith("y") ? { labelalias: shortNames(data, name) } : {};
    layout[name] = { fixedrange: true, ...names, ...axis, ...across };
  }
  const zooms = axes.some((name) => layout[name].fixedrange === false);
  const drags = card.range && matchMedia("(pointer: fine)").matches; // a finger scrolls
  for (const trace of data) if (hidden.has(trace.name)) trace.visible = "legendonly";
  if (!whole && hasLegend({ layout })) layout.showlegend = false;
  const title = layout.xaxis.title?.text;
  if (title && !whole) layout.xaxis.title = { ...layout.xaxis.title, text: parted(title, place.width)[0] };
  const beside = layout.legend && (layout.legend.orientation ?? "v") === "v" && (layout.legend.x ?? 1.02) >= 1;
  if (narrow && beside) {
    layout.legend = { ...layout.legend, orientation: "h", x: 0.5, xanchor: "center", y: -0.08, yanchor: "top" };
  }
  if (narrow) for (const note of layout.annotations ?? []) if (note.xref === "paper" && note.x === 1) note.yshift = note.y === 1 ? -16 : 16; // clear of the left
  cellTexts(data, place, room, layout.template?.layout?.font?.family ?? "sans-serif");
  cellDomains(data, layout, room);
  const set = { dragmode: drags ? "select" : zooms ? "zoom" : false, autosize: false, ...place };
  return {
    data,
    layout: { uirevision: card.id, selectdirection: "h", activeselection: { opacity: 0 }, ...layout, ...barGap(data, layout, room), ...set },
    config: { ...CONFIG, doubleClick: zooms ? "reset+autosize" : false },
  };
}
