r"""Exports known by name, Shopify's and WooCommerce's, and the SELECTs for them.

In these two, the total of an order does not belong to the line on which it stands: Shopify writes it on the first of several
lines, WooCommerce repeats it on all of them. So the total is spread over the lines in proportion to what they are worth. To
round each share for itself would lose or invent cents; the running sum is rounded instead, and a line's share is what it adds
to that sum. The last running sum is the total itself, so the shares add up to it exactly. Money given back is spread in the
same way, into lines of its own with the status Returned.

A mapping for another export names the columns that give the file away, and its SELECTs. {table} is the table, whose values
are texts; DAY(text, 'dmy') reads a date, NUMBER(text, ',') a number; the column `_line` says where a line stands in its file.
A column in double quotes that is listed in `columns`, and that a file lacks, is read as unknown:

    NAMED_MAPPINGS["Market stall"] = NamedMapping(
        needs=("Beleg", "Datum", "Artikel", "Summe"),
        columns=("Kunde", "_line"),
        selects={
            "customers": 'SELECT DISTINCT "Kunde" AS customer_id, "Kunde" AS name FROM {table} WHERE "Kunde" IS NOT NULL',
            "products": 'SELECT DISTINCT "Artikel" AS product_id, "Artikel" AS product_name FROM {table}',
            "orders": '''
                SELECT rowid AS order_id, "_line" AS source_line, "Beleg" AS order_number, "Kunde" AS customer_id,
                    "Artikel" AS product_id, DAY("Datum", 'dmy') AS order_date, NUMBER("Summe", ',') AS total_amount
                FROM {table}''',
        },
        assumptions=("Each line counts as one piece.",),
    )
"""

import re
import sqlite3
from dataclasses import dataclass

from shopboard.database import quoted
from shopboard.importing import sql_of
from shopboard.importing.raw import raw_tables


@dataclass(frozen=True)
class NamedMapping:
    """SELECTs for an export whose columns are documented; in them, {table} stands for the table's quoted name."""

    needs: tuple[str, ...]  # columns without which a file is not this export
    columns: tuple[str, ...]  # columns that it may lack: they are then unknown
    selects: dict[str, str]  # table -> SELECT
    assumptions: tuple[str, ...]  # what the SELECTs take for granted, in sentences for the user
    shape: str = "SELECT 1"  # a SELECT that is true where the rows, too, are as in this export


def written_mapping(name: str) -> NamedMapping:
    """Return the mapping that `known/<name>.sql` holds, in parts with headings; {part} stands for one, also of `spread.sql`."""
    parts = sql_of("known/spread.sql", f"known/{name}.sql")
    told = {heading: tuple(re.findall("(?m)^-- (.*)$", parts[heading])) for heading in ("needs", "may_lack", "assumed")}
    return NamedMapping(
        tuple(told["needs"][0].split(", ")),
        tuple(told["may_lack"][0].split(", ")),
        {table: parts[table] for table in ("customers", "products", "orders")},
        told["assumed"],
        parts.get("shape", "SELECT 1"),
    )


NAMED_MAPPINGS = {f"{name} orders": written_mapping(name.lower()) for name in ("Shopify", "WooCommerce")}


def named_selects(connection: sqlite3.Connection) -> tuple[str, dict[str, str]] | None:
    """Return the name of a known export and its SELECTs for the first table that is one; None where there is none."""
    for table in raw_tables(connection):
        try:
            header = connection.execute(f"SELECT rowid, * FROM {quoted(table)} LIMIT 0").description
        except sqlite3.OperationalError:  # a view, or a table without line numbers: nobody's export
            continue
        found = {name.lower() for name, *_ in header}
        for name, mapping in NAMED_MAPPINGS.items():
            if not found.issuperset(column.lower() for column in mapping.needs):
                continue
            # SQLite takes a name in double quotes that it does not know for a text.
            unknown = [re.escape(f'"{column}"') for column in mapping.columns if column.lower() not in found]
            selects = {
                kind: re.sub("|".join(unknown) or "(?!)", "NULL", select).replace("{table}", quoted(table)).strip()
                for kind, select in {**mapping.selects, "shape": mapping.shape}.items()
            }
            if connection.execute(selects.pop("shape")).fetchone()[0]:
                assumed = "".join(f"-- assumed: {sentence.rstrip('.')}\n" for sentence in mapping.assumptions)
                return name, {**selects, "orders": assumed + selects["orders"]}
    return None
