"""What each table needs, and which rows are set aside: for what reason, and what to do about them."""

import re
from dataclasses import dataclass

from shopboard.database import COLUMNS
from shopboard.importing import text_of
from shopboard.importing.statuses import LEFT_OUT

LEFT_OUT_ADVICE = "nothing; to load such lines, say in the mapping what their status means"

REQUIRED = {
    "customers": ("customer_id",),
    "products": ("product_id",),
    "orders": ("order_id", "product_id", "order_date", "total_amount"),
    "reviews": ("review_id", "product_id", "rating", "review_date"),
}

DEFAULTS = {"quantity": "1", "status": "'Completed'", "order_number": "order_id"}  # column -> SQL


@dataclass(frozen=True)
class Rule:
    """A rule of the import: a staged row that fulfils `condition` is set aside. `condition` and `reason` are SQL."""

    column: str
    condition: str
    reason: str
    advice: str


def is_not_number(column: str) -> str:
    """Return SQL that is true where a staged value is not a finite number."""
    return f"(({column} BETWEEN -1e15 AND 1e15) IS NOT TRUE)"  # SQLite sorts texts after all numbers


def is_not_day(column: str) -> str:
    """Return SQL that is true where a staged value is not a day of the calendar."""
    other = f"{column} IS NOT DATE({column}, '+0 days') OR {column} NOT BETWEEN '1900-01-01' AND '2199-12-31'"
    return f"({column} IS NULL OR {other})"


def shown(column: str) -> str:
    """Return SQL that gives a staged value for a sentence."""
    return f"COALESCE('''' || {column} || '''', 'missing')"


def written_rules() -> tuple[dict[str, list[Rule]], dict[str, dict[str, str]]]:
    """Return what `rules.txt` holds: table -> its rules for rows, and table -> column -> condition for values that stay unknown."""
    rows: dict[str, list[Rule]] = {table: [] for table in COLUMNS}
    values: dict[str, dict[str, str]] = {table: {} for table in COLUMNS}
    text = text_of("rules.txt").replace("{left out}", LEFT_OUT).replace("{left out advice}", LEFT_OUT_ADVICE)
    for name, sql in (("NOT_NUMBER", is_not_number), ("NOT_DAY", is_not_day), ("SHOWN", shown)):
        text = re.sub(rf"{name}\((\w+)\)", lambda found, sql=sql: sql(found[1]), text)  # type: ignore[misc]
    for block in text.split("\n\n")[1:]:
        tables, _, rule = block.strip().partition(": ")
        for table in tables.split(", "):
            column, condition, *told = rule.replace("{key}", COLUMNS[table][0]).split("\n")
            if told:
                rows[table].append(Rule(column, condition, *told))
            else:
                values[table][column] = condition
    return rows, values


ROW_RULES, VALUE_RULES = written_rules()
