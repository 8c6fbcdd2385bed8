"""What is found out about a source, as plain data: columns, links, matches, questions, the proposal that they make up."""

import re
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from shopboard.database import quoted


@dataclass(frozen=True)
class Column:
    """A column of a source, and what a sample of its values shows; shares are of the values that are there."""

    table: str
    name: str
    filled: float  # share of rows that have a value
    numbers: float
    whole: float
    dates: float
    counted: float  # share that may be Excel's days or seconds since 1970
    distinct: float
    longest: int
    samples: tuple[str, ...]
    expression: str = ""  # SQL, where the column is made of others

    @property
    def sql(self) -> str:
        """How a SELECT names the column."""
        return self.expression or f"{identifier(self.table)}.{identifier(self.name)}"


@dataclass(frozen=True)
class Match:
    """What is proposed for a field: a column or None, how sure that is from 0 to 1, and why."""

    column: Column | None
    sure: float
    why: str


@dataclass(frozen=True)
class Link:
    """Values of one column that are found in the key of another table."""

    column: Column
    key: Column


@dataclass
class Question:
    """What only the user can say: the sentence, the answers (label -> value), and the one that is taken; None if open."""

    text: str
    answers: dict[str, str]
    taken: str | None
    place: str = ""  # of those that the preview shows beside their figures: "status", "money", "region"


def identifier(name: str) -> str:
    """Return a name as SQL, in quotes where it needs them."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.upper() not in SQL_WORDS
    return name if plain else quoted(name)


SQL_WORDS = set(
    "ALL AND AS BETWEEN BY CASE CHECK COLLATE COMMIT CREATE CROSS DEFAULT DELETE DESC DISTINCT DROP ELSE END ESCAPE EXCEPT EXISTS FOREIGN FROM FULL GROUP "
    "HAVING IN INDEX INNER INSERT INTERSECT INTO IS ISNULL JOIN KEY LEFT LIKE LIMIT NATURAL NOT NOTNULL NULL ON OR ORDER OUTER PRIMARY REFERENCES RIGHT "
    "SELECT SET TABLE THEN TO TRANSACTION UNION UNIQUE UPDATE USING VALUES VIEW WHEN WHERE WITH".split()
)


@dataclass(frozen=True)
class Writing:
    """How a whole column writes its numbers."""

    signs: frozenset[str]  # that certainly stand before decimals
    doubtful: bool  # whether some numbers leave it open
    simple: bool  # whether SQL can take the texts as numbers if the sign is a point

    @property
    def sign(self) -> str | None:
        """The one sign before decimals; a point where there are none; None where nothing tells, or too much."""
        if len(self.signs) == 1:
            return next(iter(self.signs))
        return None if self.signs or self.doubtful else "."

    @property
    def plain(self) -> bool:
        """Whether SQL can take the texts as numbers."""
        return self.simple and self.sign == "."


@dataclass(eq=False)
class Proposal:
    """What the tables of a source are taken to mean: what was found, what is asked, and what the user said."""

    connection: sqlite3.Connection
    columns: dict[str, list[Column]]  # table -> its columns
    keys: dict[Column, set | None] = field(default_factory=dict)  # the values of those that are keys
    repeats: dict[Column, int] = field(default_factory=dict)  # how many rows of a table repeat a value of its key
    copies: dict[str, str] = field(default_factory=dict)  # table -> another one that has the same rows
    links: dict[str, list[Link]] = field(default_factory=dict)  # table -> its columns that refer to another one
    otherwise: dict[Link, bool] = field(default_factory=dict)  # whether the same keys are written in two ways
    reached: dict[str, dict[str, list[Link]]] = field(default_factory=dict)  # table -> others that a row of it tells
    possible: list[str] = field(default_factory=list)  # tables that may hold the lines of orders
    lines: str = ""  # the table of the lines of orders
    reviews: str = ""  # the table of the reviews
    matches: dict[tuple[str, str], Match] = field(default_factory=dict)  # (table, field) -> the column taken for it
    product_choices: list[Column] = field(default_factory=list)  # that may say what was sold
    made_up: tuple[Column, Column] | None = None  # price and quantity, where the amount is empty
    is_gross: bool = False  # whether the amount is price times quantity, with no discount taken off
    is_net: bool = False  # whether the price is what was paid, less than another one
    amounts_differ: tuple = ()  # the total, and the price and quantity that come to something else
    questions: dict[str, Question] = field(default_factory=dict)
    orders: dict[Column, str | None] = field(default_factory=dict)  # of days, months and years in dates
    writing: dict[Column, Writing] = field(default_factory=dict)
    signs: dict[Column, str | None] = field(default_factory=dict)  # before decimals
    discount: str = ""  # "share", "percent" or "money", where that is certain
    totals: tuple[str, str] = "", ""  # SQL that says whether a row is a total of others, and a sentence about those
    place: str = ""  # SQL that says whether a line stands elsewhere, too
    elsewhere: str = ""  # where that is
    statuses: dict[Column, list[str]] = field(default_factory=dict)  # columns that tell of a status -> their words
    extras: dict[Column, str] = field(default_factory=dict)  # other columns of money -> "line", "order" or "share"
    summed: dict[str, str] = field(default_factory=dict)  # tables of refunds -> SQL for what each gives back an order
    bare_orders: float = 0.0  # share of orders that have no status
    of_orders: bool = False  # whether sums say that a total on one line is that of its order
    whole_orders: bool = False  # whether the amount is that of a whole order
    beside: list[Column] = field(default_factory=list)  # other columns that the SELECT of orders reads
    more: dict[str, "Proposal"] = field(default_factory=dict)  # other tables with lines of orders
    all_returned: bool = False  # whether this is such a table, of credit notes
    made: tuple[str, dict[str, str]] = ("", {})  # the SELECTs, and the choices that they follow from

    def taken(self, name: str) -> Column | None:
        """Return the column that is taken for a field of orders."""
        return self.matches["orders", name].column

    def value(self, sql: str, parameters: tuple = ()) -> Any:
        """Return the one value that a query of the source comes to."""
        return self.connection.execute(sql, parameters).fetchone()[0]

    def answer(self, key: str, otherwise: str | None = None) -> str | None:
        """Return what is taken as the answer to a question; `otherwise` where it is not asked."""
        return self.questions[key].taken if key in self.questions else otherwise

    @property
    def amounts_of_orders(self) -> bool:
        """Whether the amount counts as that of a whole order."""
        return self.answer("amounts", "order" if self.whole_orders else "line") == "order"
