"""Pages, as the story declares them: rows of parts, each with its questions."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, cast

import pandas as pd
import plotly.graph_objects as go

from shopboard.board import Event, Format
from shopboard.filters import Filters
from shopboard.headings import headings
from shopboard.sqltext import names_in, selected_names
from shopboard.style import FORMATS, Columns, Look, unknown

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Tile:
    """A measure: its label, the answer's column, how it is written, what it means, and whether a rise is good news.

    `aside` says something below the value, from the row of all measures: "+ $3,883 pending". `pending` is the column of
    what may still come to the measure: a fall that it would turn is not called one.
    """

    label: str
    column: str
    format: Format = "integer"
    note: str = ""
    more_is: Literal["better", "worse", ""] = "better"
    aside: Callable[[dict[str, Any], Look], str] | None = None
    pending: str = ""


@dataclass(frozen=True)
class Go:
    """Where a click leads: a page, a selection, further parameters; what is left out stays as it is."""

    page: str = ""
    selection: Filters | None = None
    parameters: Parameters = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What every part of a page has.

    `width` is its share of the row, `parameters` are further ones for its questions, `click` tells from a point, or a
    table's row, where a click leads. A part with `when` is shown only while the parameter of that name is set. A change
    of that one, or of those that `follows` names, brings the card into view. `empty` is what the card says where there
    is nothing to show. Where the selection has more order lines than `above`, unless that is 0, the card waits for a
    click on its `button`.
    """

    width: int = 1
    parameters: Parameters = field(default_factory=dict)
    click: Callable[[dict[str, Any], Filters], Filters | Go | None] | None = None
    when: str = ""
    follows: Sequence[str] = ()
    empty: str = ""
    above: int = 0
    button: str = "Show"


@dataclass(frozen=True)
class Chart(Part):
    """A figure of one question's answer, or of several questions' answers in their order.

    `drag` lets a drag across the chart choose the days from its first to its last x. A figure function with an argument
    `earlier` also gets the answer to the first question over the days that the selection is compared with, or None.
    """

    title: str
    sql: str | tuple[str, ...]
    figure: Callable[..., go.Figure]
    subtitle: str | Callable[..., str] = ""  # a function makes it from the answers
    height: int = field(default=0, kw_only=True)  # in pixels; 0: as the board sees fit
    drag: bool = field(default=False, kw_only=True)
    kind = "chart"


@dataclass(frozen=True)
class Table(Part):
    """The rows of an answer, under headings in words; `shape` may give the rows another form.

    `shown` are its columns: their names, with their headings or in a text; if none is named, all that the question has.
    With `back`, `shape` also gets `longer`: the first question's answer over so many days more, before the selection.
    """

    title: str
    sql: str | tuple[str, ...]
    shown: Columns | str = ""
    subtitle: str = ""
    shape: Callable[..., pd.DataFrame] | None = None
    rows: int = field(default=20, kw_only=True)  # shown at once
    back: int = field(default=0, kw_only=True)
    kind = "table"

    @cached_property
    def columns(self) -> Columns:
        """The columns that are shown, with their headings."""
        return headings(self.shown or " ".join(selected_names(questions(self)[0])))


@dataclass(frozen=True)
class Tiles(Part):
    """The measures of an answer's one row, each compared with earlier days; `trend` asks for their course."""

    sql: str | tuple[str, ...]
    tiles: Sequence[Tile]
    trend: str = field(default="", kw_only=True)
    compare: bool = field(default=True, kw_only=True)
    title: str = field(default="Key figures", kw_only=True)
    subtitle: str | Callable[..., str] = field(default="", kw_only=True)  # a function makes it from the answers
    kind = "tiles"


@dataclass(frozen=True)
class Text(Part):
    """Sentences: HTML, or a function from the answers to HTML; an empty one is not shown."""

    title: str
    text: str | Callable[..., str]
    sql: str | tuple[str, ...] = ()
    subtitle: str = ""
    kind = "text"


AnyPart = Chart | Table | Tiles | Text


@dataclass(frozen=True)
class Control:
    """A number that a page's questions take as `$name`; the reader sees it `times` as large (100 for percent)."""

    name: str
    label: str
    value: float
    low: float
    high: float
    step: float = 1
    note: str = ""
    times: float = 1


@dataclass(frozen=True)
class Page:
    """A page: rows of parts, what can be set on it, and which of the dashboard's own tools stand below them.

    `hidden` are parameters that only clicks set, 0 at first, each with a question that has a row if there is such a
    thing. `parameters` turns all of them into what the questions take. `note` is said in the status line.
    """

    name: str
    rows: Sequence[Sequence[AnyPart]] = ()
    controls: Sequence[Control] = ()
    hidden: Mapping[str, str] = field(default_factory=dict)
    parameters: Callable[[Parameters], Parameters] | None = None
    tools: Sequence[str] = ()
    note: str = ""

    def parts(self) -> dict[str, tuple[int, AnyPart]]:
        """Return each part with the number of its row, by the id of its card."""
        found: dict[str, tuple[int, AnyPart]] = {}
        for row, parts in enumerate(self.rows):
            for part in parts:
                stem = name = slug(f"{self.name} {part.title or part.kind}")
                while name in found:
                    name = f"{stem}-{len(found)}"
                found[name] = (row, part)
        return found

    def values(self) -> dict[str, Any]:
        """Return the parameters of the page as they are at first."""
        return {**{control.name: control.value for control in self.controls}, **dict.fromkeys(self.hidden, 0)}

    def shown(self, parameters: Parameters) -> dict[str, tuple[int, AnyPart]]:
        """Return the parts that are shown with these parameters."""
        parameters = {**self.values(), **parameters}
        parts = self.parts().items()
        return {name: (row, part) for name, (row, part) in parts if not part.when or parameters.get(part.when)}

    def reads(self, name: str) -> bool:
        """Say whether any question of the page names a table or a CTE."""
        return any(name in names_in(sql) for _, part in self.parts().values() for sql in questions(part))


def unless(known: Callable[[pd.Series], Any], sentence: str) -> Callable[[pd.DataFrame], str]:
    """Return what a Text says of an answer's one row: a sentence, unless what it is about is known."""
    return lambda answer: "" if known(answer.iloc[0]) else sentence


def from_longer(key: str, columns: Sequence[str], where: str) -> Callable[..., pd.DataFrame]:
    """Return the `shape` of a table that takes `columns` from the answer over more days, by `key`, `where` it is 1."""

    def shape(rows: pd.DataFrame, longer: pd.DataFrame) -> pd.DataFrame:
        known = longer.set_index(key)[[*columns]].astype(float).reindex(rows[key]).reset_index(drop=True)
        return rows.assign(**known.where(rows[where] == 1, axis="index"))

    return shape


def beside(text: str, column: str, form: Format = "integer") -> Callable[[dict[str, Any], Look], str]:
    """Return what a tile says below its value: another measure within a text, "{} products", unless that is nothing."""

    def say(measures: dict[str, Any], look: Look) -> str:
        value = measures[column]
        return "" if unknown(value) or not value else text.format(cast(Any, FORMATS[form]).short(value, look))

    return say


def slug(text: str) -> str:
    """Return a name for a file or an element: lowercase letters and digits, joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "card"


def questions(part: AnyPart) -> tuple[str, ...]:
    """Return the SQL of a part's questions."""
    return (part.sql,) if isinstance(part.sql, str) else tuple(part.sql)


def leads_to(part: AnyPart | None, event: Event, selection: Filters, whole: Filters) -> Go | None:
    """Return where a click on a part, or a drag across its days, leads from a selection; None where it does not."""
    if event["event"] == "range" and isinstance(part, Chart) and part.drag:
        first, last = sorted(str(day)[:10] for day in event["range"])
        start, end = max(first, whole.start), min(last, whole.end)
        return Go(selection=replace(selection, start=start, end=end)) if start <= end else None
    if event["event"] != "click" or part is None or not part.click:
        return None
    leads = part.click(event["point"]["row"] if isinstance(part, Table) else event["point"], selection)
    return Go(selection=leads) if isinstance(leads, Filters) else leads
