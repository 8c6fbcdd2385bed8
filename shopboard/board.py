"""One widget that shows cards: tiles, charts, tables and text. It holds Plotly's library once, for every chart.

`Board.cards` is what the page shows, a list of `Card`. The browser lays the cards out, draws them, sorts and searches
small tables and switches to dark colours by itself; for whatever it has not (SQL, rows, CSV, a further page) it asks,
and a click on a chart it reports. Both arrive at the function given to `on_event` as an `Event`; what that function
returns is the answer. See `Asked` for what can be asked.

All texts are shown as they are, never as HTML; only `Card.html` may hold simple tags: paragraphs, lists, links.
"""

import pkgutil
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal, TypedDict

import anywidget
import plotly.offline
import traitlets

from shopboard.problems import ShopProblem
from shopboard.style import DARK, TEMPLATE, Look, Written

# in the order in which they need each other
PARTS = (
    *("board_text.js", "board_table.js", "board_tiles.js", "board_fit.js", "board_legend.js", "board_chart.js"),
    *("board_card.js", "board.js"),
)

Format = Written
Behind = Literal["sql", "rows", "csv", "png", "enlarge"]  # entries of a card's menu


class Change(TypedDict, total=False):
    """How a tile's value differs from the days before."""

    direction: int  # 1, 0 or -1
    text: str  # "12.3%", "no change"; ends in words where an arrow alone would not do
    good: bool | None  # better, worse, or neither
    words: str  # the same for a screen reader: "up by 12.3%, which is better"


class _Tile(TypedDict):
    name: str  # the measure's name, unique in its card
    label: str
    value: str  # short, as it is read first: "$755k"


class Tile(_Tile, total=False):
    """One measure in a row of tiles; all texts are written by Python."""

    exact: str  # said when the tile is pointed at: "$754,912.20"
    hint: str  # what the measure means, said after the exact value
    change: Change | None
    note: str  # a line below: "+ $3,883 pending"
    trend: Sequence[float | None]  # a small line; fewer than two known values draw none


class _Column(TypedDict):
    name: str
    label: str
    format: Format


class Column(_Column, total=False):
    """One column of a table; numbers are aligned right without being asked."""

    click: bool  # its cells are buttons that send a "click" with their row
    hint: str  # said when the heading is pointed at
    bar: bool  # a quiet bar behind the number, as long as its share of the column's largest


class Table(TypedDict, total=False):
    """Rows of raw values (numbers, ISO dates, text, None); the browser writes them by each column's format.

    Where `rows` are fewer than `total`, the browser asks for "rows" to page, sort or search the others.
    """

    columns: list[Column]
    rows: list[list[Any]]
    total: int  # rows there are; len(rows) where it is missing
    page: int  # rows shown at once, 20 where it is missing


class Figure(TypedDict):
    """A figure as `style.figure_json` makes it, in light colours."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]


class _Card(TypedDict):
    id: str  # unique on the page and steady: a card of the same id is changed in place
    kind: Literal["tiles", "chart", "table", "text"]


class Card(_Card, total=False):
    """One card of the page. Everything but `id` and `kind` may be missing."""

    title: str
    subtitle: str  # what is counted
    row: int  # cards of one row stand side by side, in the list's order
    width: int  # its share of the row, 1 where it is missing
    height: int  # of the chart, in pixels; 300 where it is missing
    state: Literal["ready", "loading", "waiting", "empty", "failed"]  # "ready" where it is missing
    message: str  # the sentence of a card that is not ready
    button: str  # of a card that is waiting: a click on it sends "wanted"
    figure: Figure  # kind "chart"
    range: bool  # a drag across the chart sends "range" with its first and last x
    clicks: bool  # a click on a point does something: the pointer says so
    opened: list[Any]  # what the reader has opened in it; a change of that brings the card into view
    tiles: list[Tile]  # kind "tiles"
    table: Table  # kind "table"
    html: str  # kind "text": simple tags; everything else in it is dropped
    menu: list[Behind]  # entries of its menu, all that make sense for its kind where it is missing


class _Event(TypedDict):
    card: str
    event: Literal["click", "range", "wanted", "ask"]


class Event(_Event, total=False):
    """What the browser tells. `what` and the fields after it belong to "ask"."""

    point: dict[str, Any]  # "click": {x, y, z, label, customdata, pointNumber, curveNumber, name}, or {row, column}
    range: list[Any]  # "range": the first and last x, as the axis writes them (days: ISO text)
    what: Literal["sql", "rows", "csv"]
    question: int  # which of the card's questions, 0 first
    offset: int  # "rows": the first row wanted
    count: int  # "rows": how many
    sort: str  # "rows", "csv": a column's name, "" for the question's own order
    descending: bool
    search: str  # "rows", "csv": only rows that hold this text


class Query(TypedDict, total=False):
    """One SELECT behind a card."""

    title: str
    sql: str  # the text that was run
    parameters: dict[str, Any]
    plan: str
    note: str  # "DuckDB, 3 ms"


class Asked(TypedDict, total=False):
    """An answer: "sql" -> `queries`; "rows" -> `table`, whose rows start at `offset`; "csv" -> `name` and `text`.

    `questions` names the card's questions where rows could come from several. `problem` is a sentence, instead.
    """

    queries: list[Query]
    table: Table
    offset: int
    questions: list[str]
    name: str
    text: str
    problem: str


@lru_cache(1)
def script_text() -> str:
    """Return the board's JavaScript, which binds `shopboard`: `{show, usePlotly, initialize, render}`."""
    parts = "\n".join(_without_modules(_file(name)) for name in PARTS)
    return f"const shopboard = (() => {{\n{parts}\nreturn {{ show, usePlotly, initialize, render }};\n}})();\n"


def _without_modules(text: str) -> str:
    """Return a module's text so that it can stand in one scope with the modules that it imports."""
    text = re.sub(r'(?m)^import .* from "\./.*";\n', "", text)
    return re.sub(r"(?m)^export (default|\{).*\n|^export (?=\w)", "", text)


@lru_cache(1)
def page_script() -> str:
    """Return all that an exported page's script needs ahead of `shopboard.show(element, cards, host, look)`."""
    whole = plotly_text() + script_text() + "shopboard.usePlotly(async () => Plotly);\n"
    return whole.replace("</script", "<\\/script")


@lru_cache(1)
def css_text() -> str:
    """Return the board's style sheet."""
    return _file("board.css")


@lru_cache(1)
def plotly_text() -> str:
    """Return JavaScript that binds `Plotly` to Plotly's own library, and leaves no trace of it outside."""
    library = plotly.offline.get_plotlyjs()
    return (
        "const Plotly = (() => {\nconst before = Object.getOwnPropertyDescriptor(globalThis, 'Plotly');\n"
        "const module = {exports: {}}, exports = module.exports, define = undefined;\n"
        f"(function () {{\n{library}\n}}).call(globalThis);\n"
        "if (before) Object.defineProperty(globalThis, 'Plotly', before); else delete globalThis.Plotly;\n"
        "return module.exports;\n})();\n"
    )


def _file(name: str) -> str:
    content = pkgutil.get_data("shopboard", name)
    if content is None:
        raise FileNotFoundError(name)
    return content.decode()


def look_json(look: Look) -> dict[str, Any]:
    """Return what the browser needs to write numbers and colour figures: the fourth argument of `show`."""
    return {
        "thousands": look.thousands,
        "decimal": look.decimal,
        "currency": look.currency,
        "dark": look.dark,
        "darker": DARK,
        "template": TEMPLATE,
    }


class Board(anywidget.AnyWidget):
    """The widget. Every instance carries Plotly's library, so a page has one."""

    _esm = f"{script_text()}export default shopboard;\n"
    _css = css_text()

    cards = traitlets.List(traitlets.Dict()).tag(sync=True)
    changes = traitlets.Dict().tag(sync=True)  # a state and no message, as messages may overtake states
    look = traitlets.Dict().tag(sync=True)
    library = traitlets.Unicode().tag(sync=True)  # apart from _esm: anywidget forgets a widget that starts in over 2 s

    def __init__(self, look: Look | None = None, **traits: object) -> None:
        library = f"{plotly_text()}export default Plotly;\n"
        super().__init__(look=look_json(look or Look()), library=library, **traits)
        self._callbacks: list[Callable[[Event], Asked | None]] = []
        self.on_msg(self._received)

    def use(self, look: Look) -> None:
        """Write numbers and colour charts by another look; light or dark needs no new cards."""
        self.look = look_json(look)

    def show(self, cards: Sequence[Card]) -> None:
        """Show these cards; where only some of them changed, only those are sent."""
        old, new = self.cards, list(cards)
        changed = [card for before, card in zip(old, new, strict=False) if before != card]
        if [card["id"] for card in old] != [card["id"] for card in new] or len(changed) == len(new):
            self.set_trait("cards", new)
        elif changed:
            self.put(changed)

    def put(self, cards: Sequence[Card]) -> None:
        """Change these cards, by their ids, and leave the others as they are."""
        shown: list[Any] = self.cards
        places = {card["id"]: place for place, card in enumerate(shown)}
        known = [card for card in cards if card["id"] in places]
        for card in known:
            shown[places[card["id"]]] = card  # in place: displays made later read it, and nothing is sent twice
        if known:
            self.changes = {"number": self.changes.get("number", 0) + 1, "cards": known}

    def on_event(self, callback: Callable[[Event], Asked | None]) -> None:
        """Call a function with each event; what it returns for an "ask" is the answer."""
        self._callbacks.append(callback)

    def reply(self, number: str, answer: Asked) -> None:
        """Answer an "ask" by its number."""
        self.send({"reply": number, "answer": answer})

    def _received(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        event, number = content.get("event"), content.get("number")
        if not isinstance(event, dict):
            return
        answer: Asked | None = None
        try:
            for callback in self._callbacks:
                answer = callback(event) or answer  # type: ignore[arg-type]
        except ShopProblem as problem:
            if number is None:
                raise
            answer = {"problem": str(problem)}
        except Exception as error:
            if number is not None:
                self.reply(number, {"problem": f"This could not be answered: {error}"})
            raise
        if number is not None and answer is not None:
            self.reply(number, answer)
