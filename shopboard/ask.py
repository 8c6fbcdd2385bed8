"""A question, a selection, an answer: the selection becomes CTEs in front of the question, its values are bound."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from threading import RLock
from typing import Protocol

import pandas as pd

from shopboard.database import ShopDesign, connect, read_query
from shopboard.following import ColumnarEngine
from shopboard.notes import note_writes
from shopboard.opening import open_or_ask
from shopboard.plain import in_plain_types
from shopboard.problems import ShopProblem
from shopboard.settings import Settings
from shopboard.sqltext import needed, parameters_in, with_in_front
from shopboard.warehouse import WarehouseEngine

UNKNOWN = "(unknown)"  # the name of a region or category that the source does not say
ANSWERS_KEPT = 500
ROWS_KEPT = 200_000  # larger answers are not kept
MONDAY = date(1900, 1, 1)  # day number 0 of the model `calendar`
SET_BITS = 60  # categories that a set in `checkouts` has room for

Value = str | int | float | None


@dataclass(frozen=True)
class Filters:
    """A selection: regions and categories by name, and the first and last day, ISO texts, both included."""

    regions: tuple[str, ...]
    categories: tuple[str, ...]
    start: str
    end: str

    def before(self) -> "Filters":
        """Return the same selection over the same number of days just before."""
        start, end = date.fromisoformat(self.start), date.fromisoformat(self.end)
        return replace(
            self,
            start=(start - (end - start) - timedelta(days=1)).isoformat(),
            end=(start - timedelta(days=1)).isoformat(),
        )

    def problem(self) -> str:
        """Return what has to be chosen before there is anything to show; empty if nothing."""
        lacking = [name for name, chosen in (("region", self.regions), ("category", self.categories)) if not chosen]
        if lacking:
            return f"Choose at least one {' and one '.join(lacking)} to see figures."
        if self.start > self.end:
            return "The first day is after the last: choose an earlier first day or a later last day."
        return ""

    def parameters(self) -> dict[str, Value]:
        """Return the values that the selection's CTEs, and questions, may name."""
        return {
            "start": self.start,
            "end": self.end,
            "start_number": (date.fromisoformat(self.start) - MONDAY).days,
            "end_number": (date.fromisoformat(self.end) - MONDAY).days,
            **{f"region_{number}": region for number, region in enumerate(self.regions, 1)},
            **{f"category_{number}": category for number, category in enumerate(self.categories, 1)},
        }


@dataclass(frozen=True)
class Facts:
    """What is known of a shop in one state of its data."""

    regions: tuple[str, ...]
    categories: tuple[str, ...]
    start: str  # the day of the first order
    end: str  # the day of the last order, which counts as today
    shared_checkouts: bool  # whether any checkout has several customers or regions


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
-- One row per region and category that can be chosen.
SELECT 'region' AS kind, region AS choice FROM daily_sales GROUP BY region
UNION
SELECT 'region', region FROM review_lines GROUP BY region
UNION
SELECT 'region', COALESCE(region, '(unknown)') FROM customers
UNION
SELECT 'category', category FROM category_bits
"""

SPAN = """
-- One row: the shop's days, and how many customers and regions a checkout has at most.
SELECT MIN(day) AS first_day, MAX(day) AS last_day, (SELECT MAX(parts) FROM checkouts) AS most_parts
FROM daily_sales
"""


def facts_of(engine: Engine) -> Facts:
    """Return what the engine knows of the shop now."""
    choices = engine.run(CHOICES, {})
    names = {kind: tuple(sorted(rows["choice"])) for kind, rows in choices.groupby("kind")}
    start, end, most_parts = engine.run(SPAN, {}).iloc[0]
    nowhere = "1970-01-01"  # a shop without orders
    start, end = (start, end) if isinstance(start, str) else (nowhere, nowhere)
    return Facts(names.get("region", ()), names.get("category", ()), start, end, bool(most_parts > 1))


def placeholders(kind: str, chosen: tuple[str, ...], pattern: str = "$%s_%d") -> str:
    """Return `$region_1, $region_2, …`."""
    return ", ".join(pattern % (kind, number) for number in range(1, len(chosen) + 1))


def among(kind: str, chosen: tuple[str, ...], possible: tuple[str, ...], column: str = "") -> str:
    """Return the condition that a region or category is a chosen one; empty where each possible one is chosen."""
    if not chosen:
        return "\n    AND 1 = 0"
    if set(chosen) >= set(possible):
        return ""
    return f"\n    AND {column or kind} IN ({placeholders(kind, chosen)})"


def name_list(kind: str, chosen: tuple[str, ...]) -> str:
    """Return a SELECT of one row per chosen name."""
    if not chosen:
        return f"SELECT '' AS {kind} WHERE 1 = 0"
    rows = [f"SELECT ${kind}_{number}" for number in range(1, len(chosen) + 1)]
    rows[0] += f" AS {kind}"
    return "\nUNION ALL ".join(rows)


def selection_ctes(selection: Filters, facts: Facts) -> dict[str, str]:
    """Return what a question may read of a selection: name -> SELECT, one grain each."""
    regions = among("region", selection.regions, facts.regions)
    categories = among("category", selection.categories, facts.categories)
    days = "day BETWEEN $start AND $end"
    unknown = "COALESCE(%s, '(unknown)')"
    customers = among("region", selection.regions, facts.regions, unknown % "region").replace("\n    AND", "\nWHERE", 1)
    products = among("category", selection.categories, facts.categories, unknown % "category")
    products = products.replace("\n    AND", "\nWHERE", 1)
    return {
        "region_list": name_list("region", selection.regions),
        "category_list": name_list("category", selection.categories),
        "selected_calendar": f"SELECT day, day_number, month, month_number, month_days\nFROM calendar\nWHERE {days}",
        "selected_lines": f"SELECT *\nFROM order_lines\nWHERE {days}{regions}{categories}",
        "selected_days": f"SELECT *\nFROM daily_sales\nWHERE {days}{regions}{categories}",
        "selected_reviews": f"SELECT *\nFROM review_lines\nWHERE {days}{regions}{categories}",
        "selected_checkouts": selected_checkouts(selection, facts),
        "selected_products": "SELECT product_id, product_name, COALESCE(category, '(unknown)') AS category, price, "
        f"stock_quantity, supplier\nFROM products{products}",
        "selected_customers": "SELECT customer_id, name, email, COALESCE(region, '(unknown)') AS region, "
        f"registration_date, customer_segment\nFROM customers{customers}",
    }


CHECKOUT_COLUMNS = "day, day_number, month, month_number, order_number, customer_id"

CHOSEN_SET = """
    AND (category_set & (
        SELECT CAST(SUM(category_bit) AS BIGINT) FROM category_bits WHERE category IN (%s)
    )) <> 0"""

SHARED_ONCE = f"""SELECT
    {CHECKOUT_COLUMNS},
    CASE
        WHEN ROW_NUMBER() OVER (PARTITION BY day, order_number ORDER BY customer_id IS NULL, customer_id) = 1 THEN 1
        ELSE 0
    END AS checkouts
FROM %s
GROUP BY {CHECKOUT_COLUMNS}"""


def selected_checkouts(selection: Filters, facts: Facts) -> str:
    """Return a SELECT of one row per checkout and customer with Completed lines in the selection.

    The sum of `checkouts` counts each once: where customers share one, it is 1 for the first and 0 for the others.
    """
    categories = among("category", selection.categories, facts.categories)
    if categories and selection.categories:
        if len(facts.categories) > SET_BITS:
            return SHARED_ONCE % "selected_lines\nWHERE status = 'Completed'"
        categories = CHOSEN_SET % placeholders("category", selection.categories)
    chosen = among("region", selection.regions, facts.regions) + categories
    found = f"checkouts\nWHERE day BETWEEN $start AND $end{chosen}"
    plain = f"SELECT {CHECKOUT_COLUMNS}, 1 AS checkouts\nFROM {found}"
    if not facts.shared_checkouts:
        return plain
    return f"{plain}\n    AND parts = 1\nUNION ALL\n{SHARED_ONCE % (found + chr(10) + '    AND parts > 1')}"


class SqliteEngine:
    """The shop's record itself, whose models are views: slow for large shops, and the reference for the others."""

    name = "SQLite"

    def __init__(self, path: str | Path) -> None:
        self.connection = connect(path)
        self.seen = self._data_version()

    def _data_version(self) -> int:
        return self.connection.execute("PRAGMA data_version").fetchone()[0]

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
        """Say whether anything was written."""
        before, self.seen = self.seen, self._data_version()
        return before != self.seen

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


class Shop:
    """A shop that can be asked; each answer is kept until the data change, as long as there is room."""

    def __init__(self, settings: Settings, design: ShopDesign, engine: Engine, path: Path | None = None) -> None:
        self.settings, self.design, self.engine, self.path = settings, design, engine, path
        self.engine_name = engine.name
        self.connection = connect(path) if path else None
        self.version = 0
        self.facts = facts_of(engine)
        self._lock = RLock()  # Jupyter may serve each widget from a thread of its own
        self._answers: OrderedDict[tuple, pd.DataFrame] = OrderedDict()

    def everything(self) -> Filters:
        """Return the selection of all that the shop has; its days end with the last order."""
        return Filters(self.facts.regions, self.facts.categories, self.facts.start, self.facts.end)

    def sql_of(self, sql: str, selection: Filters | None = None, **parameters: Value) -> tuple[str, dict[str, Value]]:
        """Return the text that is run for a question and a selection, and the parameters that it names."""
        selection = selection or self.everything()
        ctes = {**selection_ctes(selection, self.facts), **self.design.steps}
        text = with_in_front(sql, needed(sql, ctes))
        values = {**selection.parameters(), **parameters}
        return text, {name: values[name] for name in sorted(parameters_in(text)) if name in values}

    def ask(self, sql: str, selection: Filters | None = None, **parameters: Value) -> pd.DataFrame:
        """Return the answer to a question over a selection, all if none is given; `$name`s take `parameters`."""
        with self._lock:
            text, values = self.sql_of(sql, selection, **parameters)
            if lacking := parameters_in(text) - values.keys():
                named = ", ".join(f"${name}" for name in sorted(lacking))
                raise ShopProblem(
                    f"The question names {named}, for which there is no value: pass it to `ask` by its name."
                )
            key = (text, tuple(values.items()), self.version)
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key].copy()
            answer = self.engine.run(text, values)
            if len(answer) <= ROWS_KEPT:
                self._answers[key] = answer
                if len(self._answers) > ANSWERS_KEPT:
                    self._answers.popitem(last=False)
            return answer.copy()

    def explain(self, sql: str, selection: Filters | None = None, **parameters: Value) -> str:
        """Return how the engine goes about a question."""
        with self._lock:
            return self.engine.explain(*self.sql_of(sql, selection, **parameters))

    def forget(self) -> None:
        """Keep no answer: the next question is asked of the engine."""
        with self._lock:
            self._answers.clear()

    def refresh(self) -> bool:
        """Take in what anybody has written to the shop; say whether there was anything."""
        with self._lock:
            if not self.engine.refresh():
                return False
            self.version += 1
            self._answers.clear()
            self.facts = facts_of(self.engine)
            return True

    def close(self) -> None:
        """Let go of files and connections."""
        with self._lock:
            self.engine.close()
            if self.connection:
                self.connection.close()


def open_shop(settings: Settings, design: ShopDesign, engine: str = "duckdb") -> Shop:
    """Open the shop of these settings, built if need be; `engine` "sqlite" asks the record itself."""
    if settings.warehouse:
        return Shop(settings, design, WarehouseEngine(settings.warehouse, design.models))
    open_or_ask(settings, design)
    path = Path(settings.database).resolve()
    note_writes(path)
    opened: Engine = SqliteEngine(path) if engine == "sqlite" else ColumnarEngine(path, design.models)
    return Shop(settings, design, opened, path)
