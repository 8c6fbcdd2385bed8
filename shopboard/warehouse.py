"""Questions for a warehouse: models and selection in front, translated by sqlglot, run where the data is.

The setting `warehouse` is a function that takes SQL and returns a DataFrame; a `Warehouse` also says its dialect.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby

import pandas as pd
import sqlglot
from sqlglot import exp

from shopboard.database import ShopDesign
from shopboard.plain import in_plain_types
from shopboard.problems import ShopProblem
from shopboard.sqltext import needed, with_in_front

SECONDS_BETWEEN_LOOKS = 60  # a warehouse is not asked more often whether it has other orders
DAYS = ("start", "end")  # parameters that are compared with days
STATE = "SELECT COUNT(*) AS order_rows, MAX(order_date) AS last_day FROM orders"
SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ (),.-")


@dataclass(frozen=True)
class Warehouse:
    """A function that runs SQL in a warehouse, its dialect by sqlglot's name, and whether `ddl` was run there."""

    run: Callable[[str], pd.DataFrame]
    dialect: str = "postgres"
    has_models: bool = False

    def __call__(self, sql: str) -> pd.DataFrame:
        """Return the rows of a SELECT in the warehouse's own SQL."""
        return self.run(sql)


def literal(name: str, value: str | int | float | None) -> exp.Expression:
    """Return a value as an expression that means it in every warehouse, whatever its driver does to the text.

    Drivers look for %, :, ? and braces, and engines read quotes and backslashes differently, so such characters are
    written as their numbers. Letters of any script stand as they are.
    """
    if value is None:
        return exp.Null()
    if not isinstance(value, str):
        number = exp.Literal.number(abs(value))
        return exp.Neg(this=number) if value < 0 else number
    if name in DAYS:
        return exp.cast(exp.Literal.string(value), "date")
    parts: list[exp.Expression] = []
    for safe, letters in groupby(value, key=lambda letter: letter in SAFE or ord(letter) > 127):
        run = list(letters)
        if safe:
            parts.append(exp.Literal.string("".join(run)))
        else:
            parts.extend(exp.Chr(expressions=[exp.Literal.number(ord(letter))]) for letter in run)
    whole = parts[0] if parts else exp.Literal.string("")
    for part in parts[1:]:
        whole = exp.DPipe(this=whole, expression=part, safe=True)
    return exp.paren(whole) if len(parts) > 1 else whole


def translated(sql: str, parameters: Mapping[str, str | int | float | None], dialect: str) -> str:
    """Return a question in a warehouse's own SQL, with its parameters as literals."""
    tree = sqlglot.parse_one(sql, read="duckdb")
    for placeholder in list(tree.find_all(exp.Placeholder)):
        if placeholder.name in parameters:
            placeholder.replace(literal(placeholder.name, parameters[placeholder.name]))
    for node in reversed(list(tree.find_all(exp.Mod, exp.Round))):  # those within others first
        if isinstance(node, exp.Mod):  # a % would be a placeholder to some drivers
            node.replace(exp.Anonymous(this="MOD", expressions=[node.this.unnest(), node.expression.unnest()]))
        elif dialect == "postgres" and node.args.get("decimals"):
            exact = exp.cast(node.this, "decimal")  # PostgreSQL rounds doubles to whole numbers alone
            node.replace(exp.cast(exp.Round(this=exact, decimals=node.args["decimals"]), "double"))
    return tree.sql(dialect, comments=False)


def ddl(design: ShopDesign, dialect: str) -> str:
    """Return the statements that store the models in a warehouse, for shops of billions of lines.

    PostgreSQL gets materialised views, to be refreshed in this order; others get tables, to be made anew each night.
    """
    statements: list[str] = []
    for name, select in design.models.items():
        tree, table, properties = sqlglot.parse_one(select, read="duckdb"), exp.to_table(name), None
        if dialect == "postgres":
            properties = exp.Properties(expressions=[exp.MaterializedProperty()])
        else:
            statements.append(sqlglot.parse_one(f"DROP TABLE IF EXISTS {name}", read="duckdb").sql(dialect))
        kind = "VIEW" if properties else "TABLE"
        create = exp.Create(this=table, kind=kind, expression=tree, properties=properties)
        statements.append(create.sql(dialect, pretty=True))
    return "".join(f"{statement};\n\n" for statement in statements)


class WarehouseEngine:
    """A shop whose four tables are in a warehouse, which answers each question itself."""

    def __init__(self, warehouse: Callable[[str], pd.DataFrame], models: Mapping[str, str]) -> None:
        self.warehouse = warehouse if isinstance(warehouse, Warehouse) else Warehouse(warehouse)
        self.models = {} if self.warehouse.has_models else dict(models)
        self.name = f"Warehouse ({self.warehouse.dialect})"
        self.state, self.looked = self._state(), time.monotonic()

    def _state(self) -> tuple[int, str]:
        """Return what tells that orders were added."""
        count, last_day = self.run(STATE, {}).iloc[0]
        if not count:
            raise ShopProblem("The warehouse's table `orders` is empty: there is nothing to show.")
        return int(count), str(last_day)

    def translate(self, sql: str, parameters: Mapping[str, str | int | float | None]) -> str:
        """Return the SQL that the warehouse is asked for a question, with the models that it reads in front."""
        return translated(with_in_front(sql, needed(sql, self.models)), parameters, self.warehouse.dialect)

    def run(self, sql: str, parameters: Mapping[str, str | int | float | None]) -> pd.DataFrame:
        """Return the rows of one SELECT; raises ShopProblem where the warehouse does not answer."""
        asked = self.translate(sql, parameters)
        try:
            return in_plain_types(self.warehouse(asked).rename(columns=str.lower))
        except Exception as error:  # whatever library it is
            reason = (str(error).strip().splitlines() or [""])[0]
            raise ShopProblem(
                f"The warehouse did not answer ({type(error).__name__}: {reason}); it was asked:\n{asked}"
            ) from error

    def explain(self, sql: str, parameters: Mapping[str, str | int | float | None]) -> str:
        """Return the text that the warehouse is asked, laid out to be read."""
        return sqlglot.parse_one(self.translate(sql, parameters), read=self.warehouse.dialect).sql(
            self.warehouse.dialect, pretty=True
        )

    def refresh(self) -> bool:
        """Say whether the warehouse has other orders than it had, if it was not asked just now."""
        if time.monotonic() - self.looked < SECONDS_BETWEEN_LOOKS:
            return False
        before, self.state, self.looked = self.state, self._state(), time.monotonic()
        return before != self.state

    def close(self) -> None:
        """Do nothing: the connection is the user's."""
