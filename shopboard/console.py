"""The console: SQL of one's own, which only reads; for a statement that takes too long there is a button to stop it."""

import pkgutil
import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import anywidget
import pandas as pd
import traitlets

from shopboard.ask import Filters, Shop
from shopboard.board import css_text, look_json
from shopboard.limits import MEMORY, SECONDS, run_apart
from shopboard.problems import ShopProblem, unforeseen
from shopboard.style import Look
from shopboard.texts import csv_text

ROWS = 1_000  # that an answer may have
CHARACTERS = 2_000  # of one value, lest a thousand of them fill the memory
EXACT = 2**53  # larger whole numbers are no longer exact in a browser
ONLY_READS = "this console only reads: SELECT, WITH and EXPLAIN are all it takes"
TOO_LARGE = f"it needs more than {MEMORY / 2**20:.0f} MB of memory and was stopped: ask for fewer days or rows"
SELECTED = (
    "lines",
    "days",
    "checkouts",
    "reviews",
    "products",
    "customers",
    "calendar",
)  # `selected_...` of a question


@dataclass(frozen=True)
class Answer:
    """The answer to a statement: its first rows, whether there are more, and how long it took."""

    frame: pd.DataFrame
    more: bool
    milliseconds: float


def ask_console(path: str, sql: str, parameters: Mapping[str, Any], stopped: Event | None = None) -> Answer:
    """Run a statement that reads, in a process of its own; whatever takes more than SECONDS, or MEMORY, is refused.

    Raises ShopProblem that says what is wrong.
    """
    found = run_apart(path, sql, SECONDS, stopped, parameters=dict(parameters), rows=ROWS, characters=CHARACTERS)
    if "error" in found:
        raise ShopProblem(said(found["error"], bool(stopped and stopped.is_set())))
    if found["names"] is None:
        raise ShopProblem("Nothing was asked: write a SELECT.")
    frame = pd.DataFrame(found["rows"], columns=pd.Index(found["names"], dtype=object), dtype=object)
    return Answer(frame, found["more"], found["milliseconds"])


def said(error: str, stopped: bool) -> str:
    """Return as a sentence what kept a statement from being run."""
    too_long = f"it took more than {SECONDS} seconds and was stopped: ask for fewer days or rows"
    reasons = {
        "not authorized": ONLY_READS,
        "authorization denied": ONLY_READS,
        "readonly": ONLY_READS,
        "interrupted": "it was stopped" if stopped else too_long,
        "out of memory": TOO_LARGE,
        "one statement": "it takes one statement at a time",
    }
    known = [reason for sign, reason in reasons.items() if sign in error]
    return f"SQLite could not run this statement: {known[0] if known else error}."


def table_of(frame: pd.DataFrame) -> dict[str, Any]:
    """Return an answer as the board's tables take it; columns of one name stay columns of their own."""
    columns = [
        {"name": f"{place} {name}", "label": str(name), "format": format_of(str(name), frame.iloc[:, place])}
        for place, name in enumerate(frame.columns)
    ]
    rows = [
        [for_browser(value, column["format"]) for value, column in zip(row, columns, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]
    return {"columns": columns, "rows": rows}


def format_of(name: str, values: pd.Series) -> str:
    """Return how the numbers of a column are written; those that name a thing, as ids do, as they are."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        exact = all(abs(value) < EXACT for value in values if value is not None)
        return "integer" if exact and name.lower() != "id" and not name.lower().endswith(("_id", "year")) else "text"
    return "decimal" if kinds and kinds <= {int, float} else "text"


def for_browser(value: Any, kind: str) -> Any:
    """Return a value of an answer as JSON can hold it."""
    if value is None or (isinstance(value, float) and abs(value) == float("inf")):
        return None if value is None else str(value)
    return value if kind != "text" else str(value).encode("utf-8", "replace").decode()


def asset(name: str) -> str:
    """Return a file of the package."""
    return (pkgutil.get_data("shopboard", name) or b"").decode()


def script_text() -> str:
    """Return the console's JavaScript as one module, with the parts of the board that it is made of."""
    made_of = "\n".join(map(asset, ("board_text.js", "board_table.js")))
    alone = re.sub(r'(?m)^import .* from "\./.*";\n', "", f"{made_of}\n{asset('console.js')}")
    return re.sub(r"(?m)^export (?!default)", "", alone)


class ConsoleWidget(anywidget.AnyWidget):
    """The field for the SQL, the tables and examples at hand, and the answer below."""

    _esm = script_text()
    _css = css_text() + asset("console.css")

    sql = traitlets.Unicode().tag(sync=True)
    examples = traitlets.List(traitlets.Any()).tag(sync=True)  # [name, SQL]
    tables = traitlets.List(traitlets.Any()).tag(sync=True)  # [name, what one row is, [columns]]
    parameters = traitlets.List(traitlets.Any()).tag(sync=True)  # the names that a statement may use
    look = traitlets.Dict().tag(sync=True)


class Console:
    """A console on a shop: `widget` is what is shown.

    `examples` are questions by name. A statement may read the CTEs of the selection, which `selection` gives, and use
    as `$name` its first and last day and what `parameters` gives.
    """

    def __init__(
        self,
        shop: Shop,
        examples: Mapping[str, str],
        selection: Callable[[], Filters] | None = None,
        parameters: Callable[[], Mapping[str, Any]] | None = None,
        look: Look | None = None,
    ) -> None:
        self.shop, self.selection, self.parameters = shop, selection or shop.everything, parameters or dict
        self.frame = pd.DataFrame()
        self.running: Thread | None = None
        self.stopped = Event()
        self.widget = ConsoleWidget(
            examples=[[name, sql.strip()] for name, sql in examples.items()],
            tables=self.tables(),
            parameters=["start", "end", *self.parameters()],
            look=look_json(look or Look()),
        )
        self.widget.on_msg(self._heard)

    def tables(self) -> list[list[Any]]:
        """Return each table, model and CTE that a statement can read: its name, what one row is, and its columns."""
        models, connection = self.shop.design.models, self.shop.connection
        if connection is None:  # in a warehouse
            return []
        grains = {name: first_comment(sql) for name, sql in models.items()}
        found = []
        for name in ("customers", "products", "orders", "reviews", *models, *(f"selected_{part}" for part in SELECTED)):
            with suppress(ShopProblem, sqlite3.Error):  # what a shop has not
                sql, given = self.shop.sql_of(f"SELECT * FROM {name} LIMIT 0", self.selection())
                columns = [column for column, *_ in connection.execute(sql, given).description]
                found.append([name, grains.get(name, ""), columns])
        return found

    def ask(self, sql: str) -> Answer:
        """Run a statement with the CTEs of the selection that it reads; raises ShopProblem."""
        if self.shop.path is None:
            raise ShopProblem("This shop's rows are in a warehouse: ask for them there.")
        explain, statement = without_explain(sql)
        selection, own = self.selection(), self.parameters()
        try:
            text, given = self.shop.sql_of(statement, selection, **own)
        except (ShopProblem, ValueError):  # SQLite says better what is wrong with it
            text, given = statement, {**selection.parameters(), **own}
        return ask_console(str(self.shop.path), explain + text, given, self.stopped)

    def run(self, sql: str) -> dict[str, Any]:
        """Run a statement and return what the widget shows: its table, or in words what is wrong with it."""
        self.stopped.clear()
        try:
            answer = self.ask(sql)
        except ShopProblem as problem:
            return {"problem": str(problem)}
        self.frame = answer.frame
        count = f"The first {len(self.frame):,} rows" if answer.more else f"{len(self.frame):,} rows"
        return {"table": table_of(self.frame), "said": f"{count} in {answer.milliseconds:,.0f} ms"}

    def stop(self) -> None:
        """Stop the statement that runs, if one does."""
        self.stopped.set()

    def close(self) -> None:
        """Stop what runs, and give the widget back."""
        self.stop()
        self.widget.close()

    def _heard(self, _widget: object, content: Mapping[str, Any], _buffers: object) -> None:
        """Answer the browser: a statement runs in a thread of its own, so that the page can stop it."""
        if "run" in content and not (self.running and self.running.is_alive()):
            self.running = Thread(target=self._answer, args=(str(content["run"]),), daemon=True)
            self.running.start()
        elif "stop" in content:
            self.stop()
        elif "csv" in content:
            self.widget.send({"csv": csv_text(self.frame)})

    def _answer(self, sql: str) -> None:
        try:
            answer = self.run(sql)
        except Exception as error:  # else the page would wait for ever
            public = bool(self.shop.settings.public)
            answer = {"problem": f"Something unforeseen happened ({unforeseen(error, public)})."}
        with suppress(Exception):  # the page may have been closed meanwhile
            self.widget.send({"answer": answer})


def without_explain(sql: str) -> tuple[str, str]:
    """Return the words EXPLAIN and QUERY PLAN that a statement begins with, and the rest of it."""
    explain, rest = "", sql.lstrip()
    for words in (("EXPLAIN",), ("QUERY", "PLAN")):
        parts = rest.split(None, len(words))
        if [part.upper() for part in parts[: len(words)]] != list(words):
            break
        explain, rest = explain + " ".join(words) + " ", parts[-1] if len(parts) > len(words) else ""
    return explain, rest if explain else sql


def first_comment(sql: str) -> str:
    """Return what the first line of a model says of its grain."""
    line = sql.strip().splitlines()[0] if sql.strip() else ""
    return line.removeprefix("--").strip() if line.startswith("--") else ""
