"""What figures are put together from: bars, lines, points and cells that say what they are, and axes with plain ticks.

Everything handed to Plotly is a list of plain numbers and texts. A mark says its `hover` text when it is pointed at and
hands its key to a click; a mark without such texts is silent.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import wraps
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from shopboard.headings import headings
from shopboard.style import (
    ACCENT,
    BLUES,
    FORMATS,
    GRID,
    GROUND,
    INK,
    LINE,
    QUIET,
    SOFT,
    TEMPLATE,
    Columns,
    LightFigure,
    Look,
    as_column,
    compact,
    dated,
    empty_figure,
    money,
    number,
    plain,
    shortened,
    unknown,
    written,
)

Trace = dict[str, Any]
Axis = dict[str, Any]

SHOWN_POINTS = 1_000  # that a browser draws at once without waiting
SHOWN_GROUPS = 10  # that a legend has room for
HOLLOW = {"color": GRID, "line": {"color": QUIET, "width": 1.5}}  # bars of what is not whole
HATCHED = {"color": QUIET, "pattern": {"shape": "/", "size": 4}}  # bars of what is not certain
A_MONDAY = "2024-01-01"  # with which a month begins, too
UNSOLD = 1e-6  # the size of nothing, as a size of 0 would not be drawn
FEWEST = 6  # bars of a ranking for which there is room
DAYS: Axis = {
    "type": "date",
    "showgrid": False,
    "ticks": "outside",
    "tickcolor": LINE,
    "tickformatstops": [
        {"dtickrange": ["M1", None], "value": "%b<br>%Y"},
        {"dtickrange": [None, "M1"], "value": "%-d %b<br>%Y"},
    ],
}
MONTHS: Axis = {**DAYS, "tickformatstops": [], "tickformat": "%b<br>%Y", "nticks": 8}
STARS: Axis = {"range": [0.8, 5.2], "dtick": 1}
NAMES: Axis = {"type": "category", "showgrid": False, "zeroline": False}
DOWNWARD: Axis = {**NAMES, "autorange": "reversed"}  # names from top to bottom


def chart(*parts: Trace | None, **layout: Any) -> go.Figure:
    """Return a figure in the shop's style, without the traces that are None.

    Several traces with names have a legend, if there is room for it.
    """
    traces = [part for part in parts if part is not None]
    named = [trace for trace in traces if trace.get("name") and trace.get("showlegend", True)]
    legend = {"orientation": "h", "traceorder": "normal", "itemsizing": "constant"}
    label = {"bgcolor": GROUND, "bordercolor": QUIET, "font": {"color": INK}}
    shown = {"showlegend": 1 < len(named) <= SHOWN_GROUPS, "legend": legend, "hoverlabel": label}
    drawn = [{"showlegend": "name" in trace, **trace} for trace in traces]
    whole = {"template": TEMPLATE, **shown, **layout}
    if any(map(has_short_names, (*drawn, layout))):
        return go.Figure(drawn, whole)
    return LightFigure(drawn, whole)


def needs(*columns: str, otherwise: str) -> Callable[[Callable[..., go.Figure]], Callable[..., go.Figure]]:
    """Let a figure function draw a sentence alone where its answer has no row, or none with anything in `columns`."""

    def guarded(draw: Callable[..., go.Figure]) -> Callable[..., go.Figure]:
        @wraps(draw)
        def figure(answer: pd.DataFrame, *more: Any, **options: Any) -> go.Figure:
            known = len(answer) and (not columns or any(any(floats(answer[name])) for name in columns))
            return draw(answer, *more, **options) if known else empty_figure(otherwise)

        return figure

    return guarded


def has_short_names(part: Mapping[str, Any]) -> bool:
    """Say whether a part of a figure has names such as `title_text`, which only Plotly's own objects understand."""
    return any("_" in name or (isinstance(one, Mapping) and has_short_names(one)) for name, one in part.items())


# --- traces


def says(hover: Sequence[Any], keys: Sequence[Any] = ()) -> Trace:
    """Return what a trace says when it is pointed at, and hands to a click; nothing where there is no text."""
    if not len(hover):
        return {"hoverinfo": "skip"}
    return {"hoverinfo": "text", "hovertext": list(hover), **({"customdata": list(keys)} if len(keys) else {})}


def bars(x: Iterable, y: Iterable, colour: str, hover: Sequence[str] = (), keys: Sequence = (), **more: Any) -> Trace:
    """Return upright bars."""
    return {"type": "bar", "x": list(x), "y": floats(y), "marker": {"color": colour}, **says(hover, keys), **more}


def line(
    x: Iterable, y: Iterable, colour: str = ACCENT, hover: Sequence[str] = (), dash: str = "solid", **more: Any
) -> Trace:
    """Return a line; an unknown value leaves a gap in it."""
    style = {"color": colour, "width": 2 if dash == "solid" else 1.5, "dash": dash}
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": floats(y), "line": style, **says(hover), **more}


def dots(x: Iterable, y: Iterable, colour: str, hover: Sequence[str] = (), **more: Any) -> Trace:
    """Return a few dots; one on the axis is drawn whole."""
    marker = {"color": colour, "size": 8}
    drawn = {"type": "scatter", "mode": "markers", "marker": marker, "cliponaxis": False}
    return {**drawn, "x": list(x), "y": floats(y), **says(hover), **more}


def ranking(  # noqa: PLR0913, what a bar shows, says and hands on
    rows: pd.DataFrame,
    value: str,
    name: str,
    told: Columns | str,
    look: Look,
    *,
    text: Sequence[str],
    key: str = "",
    kind: str = "",
    colour: str | list[str] = ACCENT,
    note: str = "",
) -> go.Figure:
    """Return one bar a row, the first on top: as long as its `value`, called by its `name`, with a `text` beside it.

    Where the name is unknown, it is called by its `kind` and `key`: "Product 7". Few bars are as thin as FEWEST are.
    """
    keys = rows[key or name].tolist()
    places = list(range(1, len(rows) + 1))  # two rows may bear one name, so a row's place is its coordinate
    longest = max((value or 0.0 for value in floats(rows[value])), default=0.0)
    room = 1.1 + 0.05 * max(map(len, text), default=0)  # for a bar's text beside it, in a narrow card, too
    across = {"range": [0, room * longest or 1.0], "showticklabels": False, "showgrid": False}
    labels = {"ticktext": names_of(rows[name], keys, kind, 20), "tickfont": {"size": 11}, "ticklabelstandoff": 6}
    range_down = [max(len(rows), FEWEST) + 0.5, 0.5]
    down = {"tickvals": places, **labels, "showgrid": False, "zeroline": False, "range": range_down}
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": floats(rows[value]),
        "y": places,
        "text": list(text),
        "textposition": "outside",
        "textfont": {"size": 11},
        "constraintext": "none",
        "cliponaxis": False,
        "marker": {"color": colour},
        **says(hovers(names_of(rows[name], keys, kind), rows, told, look), keys),
    }
    margin = {"b": 24 if note else 4, "t": 4}
    return chart(trace, hovermode="y", margin=margin, xaxis=titled(note.removeprefix("<br>"), **across), yaxis=down)


def points(  # noqa: PLR0913, where a point stands, what it says and how it looks
    rows: pd.DataFrame,
    x: str,
    y: str,
    told: Columns | str,
    look: Look,
    *,
    name: str,
    key: str,
    kind: str,
    group: str = "category",
    marker: Callable[[str, pd.DataFrame], Trace] | None = None,
) -> list[Trace]:
    """Return a trace of points for each group, so that the legend names the groups.

    Rows are called as in `ranking`, and hand their key to a click. `marker` returns how a group's points look; without
    it, they have the colour of their category.
    """
    common = {"size": 8, "opacity": 0.8, "line": {"color": GROUND, "width": 0.5}}
    known = rows.assign(hover=hovers(names_of(rows[name], rows[key], kind), rows, told, look))
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "cliponaxis": False,  # a point on the axis is drawn whole
            "name": shortened(one, 14),
            "x": floats(part[x]),
            "y": floats(part[y]),
            "marker": {**common, **(marker(one, part) if marker else {"color": look.colour(one)})},
            **says(part["hover"].tolist(), part[key].tolist()),
        }
        for one, part in known.groupby(group)
    ]


def by_size(sizes: Iterable, largest: float, pixels: int) -> Trace:
    """Return the part of a marker that gives each point an area; the largest is so many pixels wide."""
    return {
        "size": [max(size or 0.0, UNSOLD) for size in floats(sizes)],
        "sizemode": "area",
        "sizeref": 2 * max(float(largest), 1.0) / pixels**2,
        "sizemin": 3,
    }


def cells(
    rows: Mapping[Any, str],
    columns: Mapping[Any, Any],
    told: Mapping[tuple, tuple[float | None, str, str]],
    **scale: Any,
) -> Trace:
    """Return a heatmap; its labels are the values of `rows` and `columns`, a cell's key are theirs.

    `told` has the cells that are drawn: (row, column) -> value, text, and what it says when it is pointed at. Its
    colours run from nothing to much unless `scale` says otherwise.
    """
    grid = [[told.get((row, column), (None, "", "")) for column in columns] for row in rows]
    values, texts, hovered = ([[cell[n] for cell in row] for row in grid] for n in range(3))
    return {
        "type": "heatmap",
        "x": list(columns.values()),
        "y": list(rows.values()),
        "z": [floats(row) for row in values],
        "text": texts,
        "texttemplate": "%{text}",
        "textfont": {"color": INK},
        **says(hovered, [[[row, column] for column in columns] for row in rows]),
        "hoverongaps": False,
        "xgap": 2,
        "ygap": 2,
        "colorscale": BLUES,
        "showscale": False,  # each cell says its value
        "zmin": 0,
        **scale,
    }


def interval(rows: pd.DataFrame) -> str:
    """Return what each of some rows adds up, by the most of their `interval_days`: a day, a week or a month."""
    return {1: "day", 7: "week"}.get(rows["interval_days"].max(), "month")


def spans(rows: pd.DataFrame) -> Trace:
    """Return what makes bars of weeks or months as wide as those, and hands their first and last day to a click."""
    if interval(rows) == "day":
        return {}
    width = {"week": 7 * 86_400_000, "month": "M1"}[interval(rows)]
    return {"customdata": rows[["day", "last_day"]].to_numpy().tolist(), "xperiod": width, "xperiod0": A_MONDAY}


# --- axes


def titled(title: str, **axis: Any) -> Axis:
    """Return an axis with a title."""
    return {**axis, "title": {"text": title}}


def money_axis(title: str, look: Look) -> Axis:
    """Return an axis of money that begins at 0."""
    return titled(title, rangemode="tozero", tickprefix=plain(look.currency))


def name_axis(names: Iterable[str], **axis: Any) -> Axis:
    """Return an axis of names, shortened where they are long."""
    shown = list(names)
    labels = {"tickvals": [plain(name) for name in shown], "ticktext": [shortened(name, 16) for name in shown]}
    return {**NAMES, **labels, **axis}


def log_axis(title: str, values: pd.Series, look: Look, before: str = "") -> Axis:
    """Return an axis on which equal steps are equal ratios, with plain numbers at its ticks."""
    first, last = math.log10(values.min()), math.log10(values.max())
    edge = max(0.12 * (last - first), 0.2)
    low, high = math.floor(first - edge), math.ceil(last + edge)
    steps = (1, 2, 5) if last - first <= 2 else (1, 3) if last - first <= 4 else (1,)
    powers = range(low, high + 1, max(1, (high - low) // 5))
    ticks = [(step * 10.0**power, max(0, -power)) for power in powers for step in steps]
    texts = [plain(before + tick_text(tick, decimals, look)) for tick, decimals in ticks]
    place = {"range": [first - edge, last + edge], "tickvals": [tick for tick, _ in ticks], "ticktext": texts}
    return titled(title, type="log", **place)


def tick_text(tick: float, decimals: int, look: Look) -> str:
    """Return a tick's number without decimals that say nothing: 30k, 5, 0.02."""
    if tick < 1:
        return written(tick, f".{decimals}f", look)
    return compact(tick, look).replace(f"{look.decimal}0", "", 1) if tick >= 1_000 else written(tick, ".0f", look)


def parting(x: float, y: float) -> list[dict[str, Any]]:
    """Return the dotted lines that part a chart into four fields; a log axis has no line at 0."""
    common = {"type": "line", "line": {"color": SOFT, "width": 1, "dash": "dot"}}
    upright = {**common, "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper"}
    level = {**common, "y0": y, "y1": y, "x0": 0, "x1": 1, "xref": "paper"}
    return [upright, level] if y > 0 else [upright]


def corners(texts: Mapping[tuple[bool, bool], str]) -> list[dict[str, Any]]:
    """Return a note in each corner of a chart: (right, top) -> its text, ready to be drawn."""
    common = {"showarrow": False, "xref": "paper", "yref": "paper", "bgcolor": GROUND, "opacity": 0.85}
    common |= {"font": {"color": SOFT, "size": 11}}
    anchors = {(r, t): {"xanchor": ("left", "right")[r], "yanchor": ("bottom", "top")[t]} for r, t in texts}
    return [{**common, "x": int(r), "y": int(t), **anchors[r, t], "text": text} for (r, t), text in texts.items()]


def left_out(reasons: Mapping[str, int], look: Look) -> str:
    """Return the lines below an axis's title that say how many rows have no point, and why."""
    counts = [f"{number(count, look)} {reason}" for reason, count in reasons.items() if count > 0]
    return "<br>Not drawn:<br>" + ",<br>".join(counts) if counts else ""


# --- texts


def hovers(heads: Iterable[str], rows: pd.DataFrame, columns: Columns | str, look: Look) -> list[str]:
    """Return what each row says when it is pointed at: its head in bold, and a line for each column that is known.

    `heads` are ready to be drawn.
    """
    told = [f"<b>{head}</b>" for head in heads]
    for name, column in headings(columns).items():
        shown = as_column(column, name, rows[name])
        write, label = FORMATS.get(shown.format or "", lambda value, _: value), plain(shown.label)
        known = rows[name].dropna().drop_duplicates().tolist()
        lines = {value: f"<br>{label} {shortened(write(value, look), 60)}" for value in known}
        told = [said + lines.get(value, "") for said, value in zip(told, rows[name].tolist(), strict=True)]
    return told


def floats(values: Iterable) -> list[float | None]:
    """Return numbers as a figure takes them: plain, and None where they are unknown."""
    return [None if unknown(value) else float(value) for value in values]


def text_or(value: object, otherwise: str, longest: int = 60) -> str:
    """Return a shop's text, ready to be drawn, or another where it is unknown."""
    return shortened(otherwise if unknown(value) else value, longest)


def names_of(names: Iterable, keys: Iterable, kind: str, longest: int = 60) -> list[str]:
    """Return what customers or products are called; "Product 7" where nobody knows its name."""
    return [text_or(name, f"{kind} {key}", longest) for name, key in zip(names, keys, strict=True)]


def cash(value: float, look: Look) -> str:
    """Return money to the cent, ready to be drawn."""
    return plain(money(value, look))


def short_cash(value: float, look: Look) -> str:
    """Return money in as few characters as tell its size."""
    return plain(f"{look.currency}{compact(value, look)}")


def month_name(month: str) -> str:
    """Return "2025-01" as "Jan 2025"."""
    return date.fromisoformat(f"{month}-01").strftime("%b %Y")


def month_names(rows: pd.DataFrame) -> list[str]:
    """Return the months of rows in words; one with `whole_month` 0 says that only a part of it is selected."""
    parts = ["" if whole else ", a part of the month" for whole in rows["whole_month"]]
    return [month_name(month) + part for month, part in zip(rows["month"], parts, strict=True)]


def long_day(day: str) -> str:
    """Return "2025-01-31" as "Fri 31 Jan 2025"."""
    return f"{date.fromisoformat(day):%a} {dated(day)}"


def long_days(first: str, last: str, days: int, of_days: int) -> str:
    """Return a day in words, or the first and last of several, and how many of a week or month are missing."""
    several = f"{long_day(first)} to {long_day(last)}" if days > 1 else long_day(first)
    return several if days == of_days else f"{several}<br>{days} of {of_days} days"
