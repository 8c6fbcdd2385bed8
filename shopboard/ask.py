"""A question, a selection, an answer, which is kept until the data change; the engines that answer."""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Protocol

import duckdb
import pandas as pd

from shopboard.ahead import Ahead, Around
from shopboard.database import ShopDesign, connect, file_of, last_seen, read_query, reason, table_names
from shopboard.filters import Facts, Filters, Value, selection_ctes
from shopboard.following import ColumnarEngine
from shopboard.notes import note_writes
from shopboard.opening import open_or_ask
from shopboard.plain import in_plain_types
from shopboard.problems import ShopProblem
from shopboard.settings import Settings
from shopboard.soundness import LaterCheck, existing_fingerprint
from shopboard.warehouse import WarehouseEngine

ANSWERS_KEPT = 500
VALUES_KEPT = 2_000_000  # in all of them: some 100 MB, if all are texts


class Engine(Protocol):
    """What answers SQL, for one shop."""

    name: str

    def run(self, sql: str, parameters: Mapping[str, Value]) -> pd.DataFrame:
        """Return the rows of one SELECT: dates as ISO texts, NULL as NaN or None."""

    def explain(self, sql: str, parameters: Mapping[str, Value]) -> str:
        """Return how the engine goes about a SELECT."""

    def refresh(self) -> bool:
        """Take in what was written since the last time; say whether anything was."""

    def close(self) -> None:
        """Let go of files and connections."""


CHOICES = """
-- One row per region, category, segment and supplier that can be chosen.
SELECT 'region' AS kind, region AS choice FROM daily_sales GROUP BY region
UNION
SELECT 'region', region FROM review_lines GROUP BY region
UNION
SELECT 'region', COALESCE(region, '(unknown)') FROM customers
UNION
SELECT 'category', category FROM category_bits
UNION
SELECT 'segment', COALESCE(customer_segment, '(unknown)') FROM customers
UNION
SELECT 'segment', '(unknown)' FROM orders WHERE customer_id IS NULL GROUP BY customer_id
UNION
SELECT 'segment', '(unknown)' FROM reviews WHERE customer_id IS NULL GROUP BY customer_id
UNION
SELECT 'supplier', COALESCE(supplier, '(unknown)') FROM products
"""

SPAN = """
-- One row: the shop's days, and how many customers and regions a checkout has at most.
SELECT MIN(day) AS first_day, MAX(day) AS last_day, (SELECT MAX(parts) FROM checkouts) AS most_parts
FROM daily_sales
"""

TOTALS = """
-- One row: order lines and revenue as the record holds them, and as the models count them.
SELECT
    COUNT(*) AS held, (SELECT COALESCE(SUM(lines), 0) FROM daily_sales) AS counted,
    COALESCE(SUM(CASE WHEN status = 'Completed' THEN total_amount ELSE 0.0 END), 0.0) AS amount,
    (SELECT COALESCE(SUM(revenue), 0.0) FROM daily_sales) AS revenue
FROM orders
"""


def facts_of(engine: Engine) -> Facts:
    """Return what the engine knows of the shop now."""
    choices = engine.run(CHOICES, {})
    names = {kind: tuple(sorted(rows["choice"])) for kind, rows in choices.groupby("kind")}
    start, end, most_parts = engine.run(SPAN, {}).iloc[0]
    nowhere = "1970-01-01"  # a shop without orders
    start, end = (start, end) if isinstance(start, str) else (nowhere, nowhere)
    places, people = (names.get("region", ()), names.get("category", ())), (names.get("segment", ()),)
    return Facts(*places, start, end, bool(most_parts > 1), *people, names.get("supplier", ()))


def uncounted(engine: Engine) -> str:
    """Return in a sentence what of the record is in no model, as after another program has emptied a table."""
    held, counted, amount, revenue = engine.run(TOTALS, {}).iloc[0]
    if held != counted:
        return f"{held - counted:,.0f} order lines are in no figure: the table `products` does not have their product."
    if abs(amount - revenue) > 0.01 + abs(amount) / 1e9:
        return "The models do not add up to the revenue of the orders: run the notebook again."
    return ""


def lines_set_aside(record: sqlite3.Connection) -> int:
    """Return how many order lines of an imported shop were set aside."""
    if "set_aside" not in table_names(record):
        return 0
    sql = "SELECT COUNT(*) FROM set_aside WHERE what <> 'value' AND table_name LIKE 'orders%'"
    return int(record.execute(sql).fetchone()[0])


class SqliteEngine:
    """The shop's record itself, whose models are views: slow for large shops, and the reference for the others."""

    name = "SQLite"

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._open()

    def _open(self) -> None:
        self.connection = connect(self.path)
        self.seen = last_seen(self.connection, self.path)

    def run(self, sql: str, parameters: Mapping[str, Value]) -> pd.DataFrame:
        """Return the rows of one SELECT."""
        return in_plain_types(read_query(self.connection, sql, **parameters))

    def explain(self, sql: str, parameters: Mapping[str, Value]) -> str:
        """Return SQLite's plan, a step a line, indented as the steps contain one another."""
        steps = self.connection.execute(f"EXPLAIN QUERY PLAN {sql}", dict(parameters)).fetchall()
        depth = {0: 0}
        for number, parent, _, _ in steps:
            depth[number] = depth.get(parent, 0) + 1
        return "\n".join("  " * (depth[number] - 1) + step for number, _, _, step in steps)

    def refresh(self) -> bool:
        """Say whether anything was written; a file that has taken the place is opened."""
        before, self.seen = self.seen, last_seen(self.connection, self.path)
        if not self.seen.is_same_file(before):
            self.connection.close()
            self._open()
        return before != self.seen

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


class Shop:
    """A shop that can be asked; each answer is kept until the data change, as long as there is room."""

    def __init__(self, settings: Settings, design: ShopDesign, engine: Engine, path: Path | None = None) -> None:
        self.settings, self.design, self.engine, self.path = settings, design, engine, path
        self.engine_name = engine.name
        self._lock = RLock()  # Jupyter may serve each widget from a thread of its own
        self._answers: OrderedDict[tuple, pd.DataFrame] = OrderedDict()
        self._ahead = Ahead(engine, design.steps) if isinstance(engine, ColumnarEngine) else None
        self._values = 0  # in the answers that are kept
        self.connection: sqlite3.Connection | None = None  # to the record, as it is now
        self.file = file_of(path) if path else None
        self.later = LaterCheck(path) if path else None
        self.happened = ""  # to the file, in sentences that the page has not shown yet
        self.version = 0
        self._learn()

    def everything(self) -> Filters:
        """Return the selection of all that the shop has; its days end with the last order."""
        return Filters(self.facts.regions, self.facts.categories, self.facts.start, self.facts.end)

    def sql_of(self, sql: str, selection: Filters | None = None, **parameters: Value) -> tuple[str, dict[str, Value]]:
        """Return the text that is run for a question and a selection, and the parameters that it names."""
        text, values, _ = self._around(selection, parameters).composed(sql)
        return text, values

    def _around(self, selection: Filters | None, parameters: Mapping[str, Value]) -> Around:
        """Return what questions about a selection may read, and the values that they may name."""
        selection = selection or self.everything()
        ctes = {**selection_ctes(selection, self.facts, self.design.models), **self.design.steps}
        return Around(ctes, {**selection.parameters(), **parameters})

    def ask(self, sql: str, selection: Filters | None = None, **parameters: Value) -> pd.DataFrame:
        """Return the answer to a question over a selection, all if none is given; `$name`s take `parameters`."""
        with self._lock:
            text, values, lacking = self._around(selection, parameters).composed(sql)
            if lacking:
                names = ", ".join(f"${name}" for name in sorted(lacking))
                raise ShopProblem(
                    f"The question names {names}, for which there is no value: pass it to `ask` by its name."
                )
            key = (text, tuple(values.items()), self.version)
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key].copy()
            answer = self._ahead.take(key) if self._ahead else None
            answer = self.engine.run(text, values) if answer is None else answer
            self._keep(key, answer)
            return answer.copy()

    def ask_ahead(self, asked: Iterable[tuple[str, Filters, Mapping[str, Value]]]) -> None:
        """Let the engine begin with questions that are asked next, if it answers several at once.

        Whoever asks one gets its answer, or its error; what nobody asks in the end is dropped.
        """
        if self._ahead is None:
            return
        with self._lock:
            alike: dict[tuple, Around] = {}
            coming: dict[tuple, tuple[str, Around]] = {}
            for sql, selection, parameters in asked:
                with suppress(ShopProblem):  # which comes to who asks
                    these = (selection, *parameters.items())
                    around = alike[these] = alike.get(these) or self._around(selection, parameters)
                    text, values, lacking = around.composed(sql)
                    key = (text, tuple(values.items()), self.version)
                    if not lacking and key not in self._answers:
                        coming.setdefault(key, (sql, around))
            self._ahead.ask((key, *question) for key, question in coming.items())

    def _settle(self) -> None:
        """Drop what was asked ahead: the tables may change after this."""
        if self._ahead:
            self._ahead.settle()

    def _keep(self, key: tuple, answer: pd.DataFrame) -> None:
        """Keep an answer, and forget the oldest ones while there are too many, or too much is in them."""
        if answer.size > VALUES_KEPT:
            return
        self._answers[key] = answer
        self._values += answer.size
        while len(self._answers) > ANSWERS_KEPT or self._values > VALUES_KEPT:
            _, oldest = self._answers.popitem(last=False)
            self._values -= oldest.size

    def explain(self, sql: str, selection: Filters | None = None, **parameters: Value) -> str:
        """Return how the engine goes about a question."""
        with self._lock:
            return self.engine.explain(*self.sql_of(sql, selection, **parameters))

    def forget(self) -> None:
        """Keep no answer: the next question is asked of the engine."""
        with self._lock:
            self._settle()
            self._answers.clear()
            self._values = 0

    def refresh(self) -> bool:
        """Take in what anybody has written to the shop; say whether there was anything.

        Raises OSError or ShopProblem where its file is gone, or one that has taken its place is damaged.
        """
        with self._lock:
            self._settle()
            moved = self._moved()
            if not self.engine.refresh() and not moved:
                return False
            self.version += 1
            self.forget()
            self._learn()
            return True

    def _learn(self) -> None:
        """Note what the shop has now, and whether the models count all of it."""
        self.facts, self.set_aside, self.uncounted = facts_of(self.engine), 0, ""
        if self.path:
            if self.connection:
                self.connection.close()
            self.connection = connect(self.path)
            self.set_aside, self.uncounted = lines_set_aside(self.connection), uncounted(self.engine)

    def _moved(self) -> bool:
        """Say whether another file stands in the place of the shop's, which is checked and shown from now on."""
        if self.path is None or file_of(self.path) == self.file:
            return False
        try:
            existing_fingerprint(self.path)
        except ShopProblem as problem:
            raise type(problem)(str(problem).replace(str(self.path), self.path.name)) from None
        note_writes(self.path)
        self.file = file_of(self.path)
        self.happened += f"Another program has replaced {self.path.name}; this page shows the new one now."
        return True

    def notices(self) -> list[str]:
        """Return what the page should say of the shop's file, in sentences."""
        told, self.happened = [self.happened, self.later.found if self.later else "", self.uncounted], ""
        return [sentence for sentence in told if sentence]

    def close(self) -> None:
        """Let go of files and connections."""
        with self._lock:
            if self._ahead:
                self._ahead.close()
            self.engine.close()
            if self.connection:
                self.connection.close()


def open_shop(settings: Settings, design: ShopDesign, engine: str = "duckdb") -> Shop:
    """Open the shop of these settings, built if need be; `engine` "sqlite" asks the record itself."""
    if settings.warehouse:
        return Shop(settings, design, WarehouseEngine(settings.warehouse, design.models))
    said = open_or_ask(settings, design)
    path = Path(settings.database).resolve()
    try:
        note_writes(path)
        opened: Engine = SqliteEngine(path) if engine == "sqlite" else ColumnarEngine(path, design.models)
        shop = Shop(settings, design, opened, path)
    except (sqlite3.DatabaseError, duckdb.IOException, OSError) as error:
        raise ShopProblem(f"{reason(error, path)}.") from None
    shop.happened = said if "It was moved to" in said else ""
    return shop
