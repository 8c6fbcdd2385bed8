"""Pages: declared in the story by rows of parts, and filled with cards from the shop's answers."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import pandas as pd
import plotly.graph_objects as go

from shopboard.ask import Filters, Shop
from shopboard.board import Card, Format
from shopboard.board import Column as CardColumn
from shopboard.board import Table as CardTable
from shopboard.board import Tile as CardTile
from shopboard.problems import ShopProblem
from shopboard.style import FORMATS, Column, Look, as_column, figure_json, jsonable, unknown

Parameters = Mapping[str, Any]
State = Literal["ready", "loading", "empty", "failed"]
NOTHING = "Nothing in this selection. Choose other regions, categories or days."
ROWS_SENT = 200  # of a table at once; the board asks for the others as somebody turns to them


@dataclass(frozen=True)
class Tile:
    """A measure: its label, the answer's column, how it is written, what it means, and whether a rise is good news.

    `aside` says something below the value, from the row of all measures: "+ $3,883 pending".
    """

    label: str
    column: str
    format: Format = "integer"
    note: str = ""
    more_is: Literal["better", "worse", ""] = "better"
    aside: Callable[[dict[str, Any], Look], str] | None = None


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
    table's row, where a click leads. A part with `when` is shown only while the parameter of that name is set. `empty`
    is what the card says when there is nothing to show.
    """

    width: int = 1
    parameters: Parameters = field(default_factory=dict)
    click: Callable[[dict[str, Any], Filters], Filters | Go | None] | None = None
    when: str = ""
    empty: str = ""


@dataclass(frozen=True)
class Chart(Part):
    """A figure of one question's answer, or of several questions' answers in their order.

    `drag` lets a drag across the chart choose the days from its first to its last x.
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
    """The rows of an answer, under headings in words; `shape` may give the rows another form."""

    title: str
    sql: str | tuple[str, ...]
    columns: Mapping[str, str | Column]
    subtitle: str = ""
    shape: Callable[..., pd.DataFrame] | None = None
    rows: int = field(default=20, kw_only=True)  # shown at once
    kind = "table"


@dataclass(frozen=True)
class Tiles(Part):
    """The measures of an answer's one row, each compared with the days before; `trend` asks for their course."""

    sql: str | tuple[str, ...]
    tiles: Sequence[Tile]
    trend: str = field(default="", kw_only=True)
    compare: bool = field(default=True, kw_only=True)
    title: str = field(default="Key figures", kw_only=True)
    subtitle: str = field(default="", kw_only=True)
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
class Choice:
    """One of a question's rows as `$name`, by its columns `key` and `text`; 0 stands for its `first` row."""

    name: str
    label: str
    sql: str
    key: str
    text: str
    first: str
    note: str = ""
    value: int = 0


@dataclass(frozen=True)
class Page:
    """A page: rows of parts, what can be set on it, and which of the dashboard's own tools stand below them.

    `hidden` are parameters that only clicks set, 0 at first, each with a question that has a row if there is such a
    thing. `parameters` turns all of them into what the questions take. `note` is said in the status line.
    """

    name: str
    rows: Sequence[Sequence[AnyPart]] = ()
    controls: Sequence[Control | Choice] = ()
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


def slug(text: str) -> str:
    """Return a name for a file or an element: lowercase letters and digits, joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "card"


def questions(part: AnyPart) -> tuple[str, ...]:
    """Return the SQL of a part's questions."""
    return (part.sql,) if isinstance(part.sql, str) else tuple(part.sql)


def given(page: Page, part: AnyPart, shop: Shop, selection: Filters, parameters: Parameters) -> dict[str, Any]:
    """Return the parameters of a part's questions: the page's, and the part's own."""
    values = {**page.values(), **parameters}
    for choice in page.controls:
        if isinstance(choice, Choice) and not values[choice.name]:
            listed = shop.ask(choice.sql, selection)[choice.key]
            values[choice.name] = int(listed.iloc[0]) if len(listed) else 0
    return {**values, **(page.parameters(values) if page.parameters else {}), **part.parameters}


def fill(page: Page, shop: Shop, selection: Filters, look: Look, parameters: Parameters) -> list[Card]:
    """Return the cards of a page."""
    return list(fill_each(page, shop, selection, look, parameters))


def fill_each(page: Page, shop: Shop, selection: Filters, look: Look, parameters: Parameters) -> Iterator[Card]:
    """Yield the cards of a page from top to bottom, each as soon as its questions are answered."""
    for name, (row, part) in page.shown(parameters).items():
        card = outline(name, row, part)
        try:
            values = given(page, part, shop, selection, parameters)
            card.update(cast("Card", FILL[part.kind](part, shop, selection, look, values)))
        except ShopProblem as problem:
            card.update({"state": "failed", "message": str(problem)})
        except Exception as error:  # a card that fails must not take the others with it
            message = f"This card could not be made ({type(error).__name__}: {error})."
            card.update({"state": "failed", "message": message})
        if part.kind != "text" or card.get("html") or card.get("state") == "failed":
            yield card


def outline(name: str, row: int, part: AnyPart, state: State = "ready", message: str = "") -> Card:
    """Return a card without its contents."""
    card: Card = {"id": name, "kind": cast(Any, part.kind), "title": part.title}
    card.update(
        {
            "subtitle": "" if callable(part.subtitle) else part.subtitle,
            "row": row,
            "width": part.width,
            "state": state,
            "message": message,
        }
    )
    if isinstance(part, Chart):
        card.update({"clicks": part.click is not None, "range": part.drag})
        if part.height:
            card["height"] = part.height
    return card


def outlines(page: Page, parameters: Parameters, state: State, message: str = "") -> list[Card]:
    """Return the cards of a page without contents: while they are loading, or when nothing is chosen."""
    shown = [(name, row, part) for name, (row, part) in page.shown(parameters).items() if part.kind != "text"]
    return [outline(*place, state, message) for place in shown]


def answers(part: AnyPart, shop: Shop, selection: Filters, values: Parameters) -> list[pd.DataFrame]:
    """Return the answers to a part's questions, in their order."""
    return [shop.ask(sql, selection, **values) for sql in questions(part)]


def filled_chart(part: Chart, shop: Shop, selection: Filters, look: Look, values: Parameters) -> dict[str, Any]:
    """Return a chart's figure; what a figure says that draws nothing becomes the card's sentence."""
    found = answers(part, shop, selection, values)
    figure = called(part.figure, found, look)
    if not figure.data or (found and not any(map(len, found))):
        notes = [note.text for note in figure.layout.annotations if note.text]
        return {"state": "empty", "message": part.empty or (notes[0] if notes else NOTHING)}
    said = {"subtitle": called(part.subtitle, found, look)} if callable(part.subtitle) else {}
    return {"figure": figure_json(figure, look), **said}


def called(function: Callable[..., Any], found: Sequence[pd.DataFrame], look: Look) -> Any:
    """Call a story's function with its answers, and with the look of the page if it asks for that, too."""
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wanted = inspect.signature(function).parameters
    needed = [one for one in wanted.values() if one.kind in places and one.default is inspect.Parameter.empty]
    if "look" in wanted:
        return function(*found, look=look)
    return function(*found, look) if len(needed) > len(found) else function(*found)


def rows_of(part: AnyPart, shop: Shop, selection: Filters, values: Parameters, question: int = 0) -> pd.DataFrame:
    """Return the rows behind a part: those that a table shows, else the answer to one of its questions."""
    if isinstance(part, Table) and part.shape:
        return part.shape(*answers(part, shop, selection, values))
    asked = questions(part)
    return shop.ask(asked[question], selection, **values) if asked else pd.DataFrame()


def filled_table(part: Table, shop: Shop, selection: Filters, look: Look, values: Parameters) -> dict[str, Any]:
    """Return a table's columns and its first rows, as raw values."""
    rows = rows_of(part, shop, selection, values)
    if not len(rows):
        return {"state": "empty", "message": part.empty or NOTHING}
    return {"table": {**table_of(rows.head(ROWS_SENT), part), "total": len(rows), "page": part.rows}}


def table_of(rows: pd.DataFrame, part: AnyPart) -> CardTable:
    """Return rows as the board takes them, in the columns that a table declares, else in all that there are."""
    declared = part.columns if isinstance(part, Table) else {name: name.replace("_", " ") for name in rows}
    columns = [column_of(name, column, rows) for name, column in declared.items()]
    if isinstance(part, Table) and part.click and columns:
        columns[0]["click"] = True
    values = [jsonable(rows[name]) for name in declared]
    return {"columns": columns, "rows": [list(row) for row in zip(*cast(Any, values), strict=True)]}


def column_of(name: str, column: str | Column, rows: pd.DataFrame) -> CardColumn:
    """Return a column as the board takes it."""
    column = as_column(column, name, rows[name])
    shown: CardColumn = {"name": name, "label": column.label, "format": cast(Any, column.format)}
    if column.note:
        shown["hint"] = column.note
    if column.bar:
        shown["bar"] = True
    return shown


def filled_tiles(part: Tiles, shop: Shop, selection: Filters, look: Look, values: Parameters) -> dict[str, Any]:
    """Return a page's tiles: each measure now, its change since the days before, and its course."""
    now = first_row(answers(part, shop, selection, values))
    if not now:
        return {"state": "empty", "message": part.empty or NOTHING}
    before = selection.before()
    comparable = part.compare and before.start >= shop.everything().start
    earlier = first_row(answers(part, shop, before, values)) if comparable else {}
    course = shop.ask(part.trend, selection, **values) if part.trend else pd.DataFrame()
    days = f"{before.start} to {before.end}"
    subtitle = part.subtitle
    if part.compare and not subtitle:
        subtitle = f"Compared with the days before, {days}" if comparable else "No earlier days to compare with"
    return {"tiles": [filled_tile(tile, now, earlier, course, days, look) for tile in part.tiles], "subtitle": subtitle}


def filled_tile(  # noqa: PLR0913, PLR0917, the five things that a tile shows
    tile: Tile, now: dict[str, Any], earlier: dict[str, Any], course: pd.DataFrame, days: str, look: Look
) -> CardTile:
    """Return one tile; `days` are those that it is compared with, in words."""
    form = cast(Any, FORMATS[tile.format])
    value, past = now.get(tile.column), earlier.get(tile.column)
    known = not unknown(value)
    hint = tile.note
    if not unknown(past):
        hint = f"{hint + '; ' if hint else ''}{days}: {form(cast(float, past), look)}"
    shown: CardTile = {"name": tile.column, "label": tile.label, "value": form.short(cast(float, value), look)}
    shown.update({"exact": form(cast(float, value), look), "hint": hint})
    if found := form.change(cast(float, value), cast(float, past), look):
        direction, text = found
        good = None if direction == 0 or not tile.more_is else (direction > 0) == (tile.more_is == "better")
        words = f"{'up' if direction > 0 else 'down'} by {text}" if direction else text
        words += "" if good is None else f", which is {'better' if good else 'worse'}"
        shown["change"] = {"direction": direction, "text": text, "good": good, "words": words}
    if tile.aside and (note := tile.aside(now, look)):
        shown["note"] = note
    if known and tile.column in course:
        shown["trend"] = cast("list[float | None]", jsonable(course[tile.column]))
    return shown


def first_row(found: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """Return the first rows of some answers as one; nothing where there is none."""
    return {name: value for answer in found if len(answer) for name, value in answer.iloc[0].items()}


def filled_text(part: Text, shop: Shop, selection: Filters, look: Look, values: Parameters) -> dict[str, Any]:
    """Return a text's HTML."""
    if isinstance(part.text, str):
        return {"html": part.text}
    return {"html": called(part.text, answers(part, shop, selection, values), look)}


FILL: dict[str, Callable[..., dict[str, Any]]] = {
    "chart": filled_chart,
    "table": filled_table,
    "tiles": filled_tiles,
    "text": filled_text,
}
