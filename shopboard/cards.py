"""Cards: the parts of a page, filled from the shop's answers."""

import inspect
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal, cast

import pandas as pd

from shopboard.ask import Shop
from shopboard.board import Card, Change
from shopboard.board import Column as CardColumn
from shopboard.board import Table as CardTable
from shopboard.board import Tile as CardTile
from shopboard.filters import COMPARED, Filters
from shopboard.pages import AnyPart, Chart, Page, Parameters, Table, Text, Tile, Tiles, questions
from shopboard.problems import ShopProblem, unforeseen
from shopboard.style import FORMATS, Column, Look, as_column, dates, figure_json, jsonable, number, unknown

State = Literal["ready", "loading", "waiting", "empty", "failed"]
NOTHING = "Nothing in this selection. Choose other regions, categories or days."
LINES = """
-- One row: how many order lines the selection has.
SELECT COALESCE(SUM(lines), 0) AS lines FROM selected_days
"""
ROWS_SENT = 200  # of a table at once; the board asks for the others as somebody turns to them


def opened(page: Page, shop: Shop, hidden: Parameters) -> dict[str, str]:
    """Return what clicks have opened on a page, name -> what it is called: the first column of its question."""
    found = {}
    for name, key in ((name, hidden[name]) for name in page.hidden if hidden[name]):
        rows = shop.ask(page.hidden[name], None, **{name: key})
        called = rows.iloc[0, 0] if len(rows) else None
        found[name] = f"no. {key}" if unknown(called) else str(called)
    return found


def given(page: Page, part: AnyPart, parameters: Parameters) -> dict[str, Any]:
    """Return the parameters of a part's questions: the page's, and the part's own."""
    values = {**page.values(), **parameters}
    return {**values, **(page.parameters(values) if page.parameters else {}), **part.parameters}


def fill(page: Page, shop: Shop, selection: Filters, look: Look, parameters: Parameters) -> list[Card]:
    """Return the cards of a page, none of which waits for a click."""
    return list(fill_each(page, shop, selection, look, parameters, page.shown(parameters)))


def fill_each(  # noqa: PLR0913, PLR0917, what is shown, of what, and how
    page: Page, shop: Shop, selection: Filters, look: Look, parameters: Parameters, wanted: Container[str] = ()
) -> Iterator[Card]:
    """Yield the cards of a page from top to bottom, each as soon as its questions are answered.

    Those that take long are only filled if they are among the `wanted`, by their ids.
    """
    shown = page.shown(parameters)
    lines = lines_of(shop, selection) if any(part.above for _, part in shown.values()) else 0
    waiting = {name for name, (_, part) in shown.items() if part.above and lines > part.above and name not in wanted}
    parts = [part for name, (_, part) in shown.items() if name not in waiting]
    shop.ask_ahead(asked(page, parts, shop, selection, parameters))
    for name, (row, part) in shown.items():
        if name in waiting:
            said = f"The selection has {number(lines, look)} order lines, so this takes a while."
            yield {**outline(name, row, part, parameters, "waiting", said), "button": part.button}
        elif card := card_of(page, name, shop, selection, look, parameters):
            yield card


def card_of(  # noqa: PLR0913, PLR0917, what is shown, of what, and how
    page: Page, name: str, shop: Shop, selection: Filters, look: Look, parameters: Parameters
) -> Card | None:
    """Return the card of a part of a page, by its id; None for a text that says nothing."""
    row, part = page.parts()[name]
    card = outline(name, row, part, parameters)
    try:
        values = given(page, part, parameters)
        card.update(cast("Card", FILL[part.kind](part, shop, selection, look, values)))
    except ShopProblem as problem:
        card.update({"state": "failed", "message": str(problem)})
    except Exception as error:  # a card that fails must not take the others with it
        message = f"This card could not be made ({unforeseen(error, bool(shop.settings.public))})."
        card.update({"state": "failed", "message": message})
    return card if part.kind != "text" or card.get("html") or card["state"] == "failed" else None


def lines_of(shop: Shop, selection: Filters) -> int:
    """Return how many order lines a selection has; 0 where the shop does not say, which its cards tell."""
    with suppress(Exception):
        return int(shop.ask(LINES, selection)["lines"].iloc[0])
    return 0


def asked(
    page: Page, parts: Iterable[AnyPart], shop: Shop, selection: Filters, parameters: Parameters
) -> Iterator[tuple[str, Filters, dict[str, Any]]]:
    """Yield the questions, selections and parameters that filling some parts will ask."""
    before = compared(shop, selection)
    for part in parts:
        with suppress(Exception):  # whatever it is, the card tells it
            values, texts = given(page, part, parameters), questions(part)
            pairs = [(text, selection) for text in texts]
            if isinstance(part, Tiles):
                pairs += [(text, before) for text in texts if part.compare and before]
                pairs += [(part.trend, selection)] if part.trend else []
            elif isinstance(part, Chart) and before and wants(part.figure, "earlier"):
                pairs.append((texts[0], before))
            elif isinstance(part, Table) and part.back:
                pairs.append((texts[0], longer(part, shop, selection)))
            yield from ((*pair, values) for pair in pairs)


def outline(  # noqa: PLR0913, PLR0917, what a card is, and the state it is in
    name: str, row: int, part: AnyPart, parameters: Parameters, state: State = "ready", message: str = ""
) -> Card:
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
    if opened := [parameters[one] for one in (part.when, *part.follows) if parameters.get(one)]:
        card["opened"] = opened
    if isinstance(part, Chart):
        card.update({"clicks": part.click is not None, "range": part.drag})
        if part.height:
            card["height"] = part.height
    return card


def outlines(page: Page, parameters: Parameters, state: State, message: str = "") -> list[Card]:
    """Return the cards of a page without contents: while they are loading, or when nothing is chosen."""
    shown = [(name, row, part) for name, (row, part) in page.shown(parameters).items() if part.kind != "text"]
    return [outline(*place, parameters, state, message) for place in shown]


def answers(part: AnyPart, shop: Shop, selection: Filters, values: Parameters) -> list[pd.DataFrame]:
    """Return the answers to a part's questions, in their order."""
    return [shop.ask(sql, selection, **values) for sql in questions(part)]


def longer(part: Table, shop: Shop, selection: Filters) -> Filters:
    """Return a selection with the days before it that a table wants to compare with, as far as the shop has them."""
    earlier = (date.fromisoformat(selection.start) - timedelta(days=part.back)).isoformat()
    return replace(selection, start=max(earlier, min(shop.everything().start, selection.start)))


def compared(shop: Shop, selection: Filters) -> Filters | None:
    """Return what a selection is compared with; None where the shop has not all of those days."""
    before = selection.before()
    return before if before.start >= shop.everything().start else None


def filled_chart(part: Chart, shop: Shop, selection: Filters, look: Look, values: Parameters) -> dict[str, Any]:
    """Return a chart's figure; what a figure says that draws nothing becomes the card's sentence."""
    found = answers(part, shop, selection, values)
    more = earlier(part.figure, part, shop, selection, values)
    drawn = figure_json(called(part.figure, found, look, **more), look)
    if not drawn["data"] or (found and not any(map(len, found))):
        notes = [note["text"] for note in drawn["layout"].get("annotations", ()) if note.get("text")]
        return {"state": "empty", "message": part.empty or (notes[0] if notes else NOTHING)}
    said = {"subtitle": called(part.subtitle, found, look)} if callable(part.subtitle) else {}
    return {"figure": drawn, **said}


def earlier(
    function: Callable[..., Any], part: AnyPart, shop: Shop, selection: Filters, values: Parameters
) -> dict[str, Any]:
    """Return the argument `earlier` of a function that has one: what its selection is compared with, or None."""
    if not wants(function, "earlier"):
        return {}
    before = compared(shop, selection)
    return {"earlier": shop.ask(questions(part)[0], before, **values) if before else None}


def wants(function: Callable[..., Any], argument: str) -> bool:
    """Say whether a story's function has an argument of this name."""
    return argument in inspect.signature(function).parameters


def called(function: Callable[..., Any], found: Sequence[pd.DataFrame], look: Look, **more: Any) -> Any:
    """Call a story's function with its answers, and with the look of the page if it asks for that, too."""
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wanted = inspect.signature(function).parameters.values()
    needed = [one for one in wanted if one.kind in places and one.default is inspect.Parameter.empty]
    if wants(function, "look"):
        return function(*found, look=look, **more)
    return function(*found, look, **more) if len(needed) > len(found) else function(*found, **more)


def rows_of(part: AnyPart, shop: Shop, selection: Filters, values: Parameters, question: int = 0) -> pd.DataFrame:
    """Return the rows behind a part: those that a table shows, else the answer to one of its questions."""
    if isinstance(part, Table) and part.shape:
        more = {"longer": shop.ask(questions(part)[0], longer(part, shop, selection), **values)} if part.back else {}
        return part.shape(*answers(part, shop, selection, values), **more)
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
    columns = columns_of(rows, part)
    if isinstance(part, Table) and part.click and columns:
        columns[0]["click"] = True
    values = [jsonable(rows[column["name"]]) for column in columns]
    return {"columns": columns, "rows": [list(row) for row in zip(*cast(Any, values), strict=True)]}


def columns_of(rows: pd.DataFrame, part: AnyPart) -> list[CardColumn]:
    """Return the columns that are shown of the rows behind a part."""
    declared = part.columns if isinstance(part, Table) else {name: name.replace("_", " ") for name in rows}
    return [column_of(name, column, rows) for name, column in declared.items()]


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
    """Return a page's tiles: each measure now, its change since earlier days, and its course."""
    found = answers(part, shop, selection, values)
    now = first_row(found)
    if not now:
        return {"state": "empty", "message": part.empty or NOTHING}
    before = compared(shop, selection) if part.compare else None
    earlier = first_row(answers(part, shop, before, values)) if before else {}
    course = shop.ask(part.trend, selection, **values) if part.trend else pd.DataFrame()
    days = dates(before.start, before.end) if before else ""
    subtitle = called(part.subtitle, found, look) if callable(part.subtitle) else part.subtitle
    if part.compare and not subtitle:
        said = COMPARED[selection.against]
        subtitle = f"Compared with {said}, {days}" if before else f"No record of {said} to compare with"
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
    if change := changed(tile, now, earlier, look):
        shown["change"] = change
    if tile.aside and (note := tile.aside(now, look)):
        shown["note"] = note
    if known and tile.column in course:
        shown["trend"] = cast("list[float | None]", jsonable(course[tile.column]))
    return shown


def changed(tile: Tile, now: dict[str, Any], earlier: dict[str, Any], look: Look) -> Change | None:
    """Return how a measure has changed; a fall that what is pending would turn is told with it, and is no fall."""
    form = cast(Any, FORMATS[tile.format])
    found = form.change(now.get(tile.column), earlier.get(tile.column), look)
    if not found:
        return None
    direction, text = found
    said = {1: f"up by {text}", -1: f"down by {text}", 0: text}[direction]
    if direction < 0 and now.get(tile.pending):
        turned, by = form.change(*(row[tile.column] + (row[tile.pending] or 0) for row in (now, earlier)), look)
        if turned >= 0:
            would = f"+{by} with pending" if turned else f"{by} with pending"
            return {"direction": 0, "text": would, "good": None, "words": f"{said} so far, {would}"}
    good = None if direction == 0 or not tile.more_is else (direction > 0) == (tile.more_is == "better")
    words = said if good is None else f"{said}, which is {'better' if good else 'worse'}"
    return {"direction": direction, "text": text, "good": good, "words": words}


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
