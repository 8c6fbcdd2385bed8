"""How numbers, texts and charts look: the reader's number format, the colours, Plotly's template "shop"."""

import base64
import html
import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from shopboard.settings import NUMBER_FORMATS

ACCENT, QUIET, INK, SOFT = "#1f5f99", "#7b94ab", "#1f2933", "#52606d"
GOOD, BAD, ODD = "#1a7f4b", "#b42318", "#c4501b"  # better, worse, and unusual days
GRID, LINE, GROUND = "#e9edf2", "#cbd5df", "#ffffff"  # the ground is also the colour of texts that stand on a mark
PALETTE = ("#4477aa", "#b84a5e", "#8f6a00", "#117733", "#332288", "#aa4499", "#1f7d72", "#6f6f1e", "#882255", "#8c5a3c")
BLUES = ((0.0, "#f1f6fb"), (1.0, "#6ea3da"))  # nothing to much; the ink can be read on all of it
AROUND = ((0.0, "#e08b3c"), (0.5, "#f4f4f4"), (1.0, "#6ea3da"))  # below and above a middle
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
CHANGE = "Choose more days, regions or categories."  # what to do where a selection holds nothing
UNKNOWN = "–"  # how a value is written that nobody knows
ISO_DAY = r"\d{4}-\d\d(-\d\d)?"  # or a month

DARK = {  # what each colour of a figure becomes on a dark page
    ACCENT: "#6cb2f5",
    QUIET: "#5f7d9c",
    INK: "#e6edf3",
    SOFT: "#a5b1be",
    GOOD: "#4cc38a",
    BAD: "#ff8f84",
    ODD: "#f08c5a",
    GRID: "#2a323c",
    LINE: "#46515d",
    GROUND: "#171d25",
    "white": "#171d25",
    "#f1f6fb": "#1b2735",
    "#6ea3da": "#2b65a5",
    "#f4f4f4": "#232b35",
    "#e08b3c": "#96500f",
    "#4477aa": "#6f9fd0",
    "#8f6a00": "#d9aa3c",
    "#117733": "#4fae6c",
    "#332288": "#9d92ea",
    "#aa4499": "#d384c7",
    "#882255": "#d16f9f",
    "#8c5a3c": "#c4936f",
    "#6f6f1e": "#b3b35a",
    "#b84a5e": "#e58a98",
    "#1f7d72": "#4bbcae",
}

AXIS = {
    "gridcolor": GRID,
    "linecolor": LINE,
    "zerolinecolor": LINE,
    "zerolinewidth": 1,
    "ticks": "",
    "automargin": True,
    "separatethousands": True,
    "title": {"font": {"size": 12, "color": SOFT}, "standoff": 10},
}
TEMPLATE = {
    "layout": {
        "font": {"family": FONT, "size": 12, "color": INK},
        "hoverlabel": {"font": {"family": FONT, "size": 12}, "align": "left"},
        "colorway": list(PALETTE),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": AXIS,
        "yaxis": AXIS,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": SOFT}},
        "margin": {"l": 48, "r": 12, "t": 12, "b": 36},
        "showlegend": False,
        "bargap": 0.25,
    }
}
pio.templates["shop"] = TEMPLATE


@dataclass(frozen=True)
class Look:
    """How a page is written and coloured: handed to every figure that asks for it."""

    currency: str = "$"
    number_format: str = "1,234.56"
    colours: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # category -> colour
    dark: bool = False
    end: str = ""  # the last day of the selection, ISO

    @property
    def thousands(self) -> str:
        """What stands between thousands."""
        return NUMBER_FORMATS[self.number_format][0]

    @property
    def decimal(self) -> str:
        """What stands before decimals."""
        return NUMBER_FORMATS[self.number_format][1]

    def colour(self, category: str) -> str:
        """Return a category's colour, the same on every page."""
        return self.colours.get(category, QUIET)


ENGLISH = Look()


def written(value: float, pattern: str, look: Look) -> str:
    """Return a number by one of Python's patterns, in the reader's marks; a dash where it is unknown."""
    if unknown(value):
        return UNKNOWN
    text = format(value, pattern)
    usual = look.number_format == "1,234.56"
    return text if usual else text.translate(str.maketrans(",.", look.thousands + look.decimal))


def unknown(value: object) -> bool:
    """Say whether a value is missing: None, NaN, NaT."""
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def compact(value: float, look: Look) -> str:
    """Return a number in three digits with k, M or B, as Plotly's axes write it."""
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9995 * size:
            scaled = value / size
            return written(scaled, f",.{0 if abs(scaled) >= 99.95 else 1}f", look) + unit
    return written(value, ",.0f" if float(value).is_integer() or abs(value) >= 100 else ",.2f", look)


@dataclass(frozen=True)
class Format:
    """How one kind of number is written and how two of them are compared; call it to write a number exactly."""

    name: str  # the name by which the board's tables know it
    pattern: str
    before: str = ""  # "{currency}" stands for the shop's
    after: str = ""
    short_from: float = math.inf  # from this size on, a tile writes it short
    compared: str = "percent"  # "percent", "points" or "difference"

    def __call__(self, value: float, look: Look) -> str:
        """Return a number exactly; a dash where it is unknown."""
        return UNKNOWN if unknown(value) else self._around(value, written(abs(value), self.pattern, look), look)

    def short(self, value: float, look: Look) -> str:
        """Return a number as it stands on a tile."""
        if unknown(value) or abs(value) < self.short_from:
            return self(value, look)
        return self._around(value, compact(abs(value), look), look)

    def change(self, now: float, earlier: float, look: Look) -> tuple[int, str] | None:
        """Return a change's direction (1, 0, -1) and its size in words; None where there is nothing to compare."""
        if unknown(now) or unknown(earlier) or (self.compared == "percent" and earlier == 0):
            return None
        if self.compared == "percent":
            difference, text = now / earlier - 1, written(abs(now / earlier - 1), ",.1%", look)
        elif self.compared == "points":
            difference, text = now - earlier, written(100 * abs(now - earlier), ",.1f", look) + " points"
        else:
            difference, text = now - earlier, self(abs(now - earlier), look)
        if not any(sign in "123456789" for sign in text):
            return 0, "no change"
        return (1 if difference > 0 else -1), text

    def _around(self, value: float, digits: str, look: Look) -> str:
        minus = "−" if value < 0 and any(sign in "123456789" for sign in digits) else ""
        return minus + self.before.replace("{currency}", look.currency) + digits + self.after


money = Format("money", ",.2f", before="{currency}", short_from=100_000)
integer = number = Format("integer", ",.0f", short_from=1_000_000)
decimal = Format("decimal", ",.2f", short_from=1_000_000)
tenths = Format("tenths", ",.1f", short_from=1_000_000)
percent = Format("percent", ",.1%", compared="points")
in_percent = Format("in_percent", ",.1f", after="%", compared="difference")  # of what is a percentage already
stars = Format("stars", ".2f", after=" ★", compared="difference")
days = Format("days", ",.1f", after=" days", compared="difference")


def dated(value: object, _look: Look | None = None) -> str:
    """Return an ISO day or month as charts write it: "27 Dec 2025", "Dec 2025"; what is none stays as it is."""
    if unknown(value):
        return UNKNOWN
    for pattern, shown in (("%Y-%m-%d", "%d %b %Y"), ("%Y-%m", "%b %Y")):
        with suppress(ValueError):
            return datetime.strptime(str(value).removesuffix(" 00:00:00"), pattern).strftime(shown).lstrip("0")
    return str(value)


def dates(first: str, last: str) -> str:
    """Return the days from an ISO day to another in words: "1 Jan 2025 to 31 Dec 2025"; a single day is said once."""
    return dated(first) if first == last else f"{dated(first)} to {dated(last)}"


FORMATS: dict[str, Callable[[Any, Look], str]] = {
    **{form.name: form for form in (money, integer, decimal, tenths, percent, in_percent, stars, days)},
    "date": dated,
    "month": dated,
}

Written = Literal[
    "text", "integer", "decimal", "tenths", "money", "percent", "in_percent", "stars", "days", "date", "month"
]


@dataclass(frozen=True)
class Column:
    """A column of an answer: its heading, how its values are written, and what it means."""

    label: str
    format: Written | None = None  # None: as its values suggest
    note: str = ""
    bar: bool = False  # in a table, a quiet bar behind each number


Columns = Mapping[str, str | Column]  # an answer's column -> its heading, or all that is to be said of it


def as_column(column: str | Column, name: str, values: pd.Series) -> Column:
    """Return a column with its format; numbers are written as numbers where nothing else is said."""
    column = Column(column) if isinstance(column, str) else column
    if column.format:
        return column
    whole, broken = (test(values) for test in (pd.api.types.is_integer_dtype, pd.api.types.is_float_dtype))
    if not (whole or broken) or name.endswith(("_id", "_number")):  # a number that names something is no amount
        known = values.dropna().astype(str)
        return replace(column, format="date" if len(known) and known.str.fullmatch(ISO_DAY).all() else "text")
    return replace(column, format="integer" if whole else "decimal")


# Names that every JavaScript object has: Plotly keeps categories in objects and would stop at them.
TAKEN = {
    *("__proto__", "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString"),
    *("toString", "valueOf", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"),
}
SPECIAL = re.compile(r"[&<>$]|%\{")  # what Plotly would take for HTML, for a formula or for a field


def plain(text: object) -> str:
    """Return a shop's own text so that Plotly shows it as it is: no HTML, no formula between dollars."""
    escaped = str(text)
    if SPECIAL.search(escaped):
        escaped = html.escape(escaped, quote=False).replace("%{", "%\N{WORD JOINER}{").replace("$", "&#36;")
    return f"\N{WORD JOINER}{escaped}" if escaped in TAKEN else escaped


def shortened(text: object, longest: int = 24) -> str:
    """Return a label of at most `longest` characters, ready to be drawn."""
    whole = str(text)
    return plain(whole if len(whole) <= longest else whole[: longest - 1].rstrip() + "…")


def category_colours(categories: Iterable[str]) -> Mapping[str, str]:
    """Return category -> colour, the same whatever is selected."""
    return MappingProxyType({name: PALETTE[n % len(PALETTE)] for n, name in enumerate(sorted(categories))})


def empty_figure(sentence: str) -> go.Figure:
    """Return a figure with nothing but a sentence in its middle; what depends on the selection says what to change."""
    sentence += f". {CHANGE}" if sentence.endswith("in this selection") else ""
    note = {"text": plain(sentence), "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}
    hidden = {"visible": False}
    annotations = [{**note, "font": {"color": SOFT, "size": 14}}]
    layout = {"margin": {"l": 8, "r": 8}, "annotations": annotations, "xaxis": hidden, "yaxis": hidden}
    return LightFigure([], {"template": TEMPLATE, **layout})


class LightFigure(go.Figure):
    """A figure as it was given, of which Plotly makes its own objects only where somebody looks into it.

    The page needs no such objects, and making them for every chart took most of the time in which a page is filled.
    """

    def __init__(self, data: list[dict[str, Any]], layout: dict[str, Any]) -> None:
        self.__dict__["given"] = {"data": data, "layout": layout}

    def __getattr__(self, name: str) -> Any:
        given = self.__dict__.pop("given", None)
        if given is None:
            raise AttributeError(name)
        super().__init__(**given, _validate=False)  # checking each property takes long, too; the tests check them all
        return getattr(self, name)

    def __reduce__(self) -> tuple:
        return go.Figure, (self.to_dict(),)


def figure_json(figure: go.Figure, look: Look) -> dict:
    """Return a figure as the board takes it: plain lists, no binary data, the reader's number marks.

    Colours stay those of a light page; the board changes them by `DARK`, and puts every figure in the template "shop".
    """
    given = figure.__dict__.get("given") or {  # figure.to_dict() would pack arrays, to be unpacked here
        "data": [trace.to_plotly_json() for trace in figure.data],
        "layout": figure.layout.to_plotly_json(),
    }
    layout = {name: jsonable(part) for name, part in given["layout"].items() if name != "template"}
    return {"data": jsonable(given["data"]), "layout": {**layout, "separators": look.decimal + look.thousands}}


READY = {str, int, bool, type(None)}  # what JSON holds as it is


def jsonable(value: object) -> Any:
    """Return a value that JSON can hold: arrays become lists, dates ISO text, unknown numbers None."""
    if type(value) in READY:
        return value
    plain_value: Any = value
    if isinstance(value, float):
        plain_value = float(value) if math.isfinite(value) else None
    elif isinstance(value, dict):
        packed = "bdata" in value and "dtype" in value
        plain_value = jsonable(unpacked(value)) if packed else {str(key): jsonable(part) for key, part in value.items()}
    elif isinstance(value, np.ndarray | pd.Series | pd.Index):
        plain_value = jsonable(value.astype(str).tolist() if value.dtype.kind == "M" else value.tolist())
    elif isinstance(value, Iterable):
        plain_value = [part if type(part) in READY else jsonable(part) for part in value]
    elif unknown(value):
        plain_value = None
    elif isinstance(value, np.generic):
        plain_value = jsonable(value.item())
    else:
        plain_value = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return plain_value


def unpacked(packed: dict) -> np.ndarray:
    """Return an array that plotly.py has written as base64, as Plotly Express makes them."""
    array = np.frombuffer(base64.b64decode(packed["bdata"]), dtype=np.dtype(packed["dtype"]))
    shape = packed.get("shape")
    return array.reshape([int(part) for part in str(shape).split(",")]) if shape else array
