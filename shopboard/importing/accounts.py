"""What was read, loaded and set aside, counted to the cent; and what was assumed."""

import math
import re
import sqlite3
from itertools import chain

from shopboard.database import COLUMNS, table_names
from shopboard.importing import sql_of
from shopboard.importing.rules import LEFT_OUT_ADVICE, is_not_number
from shopboard.problems import MappingProblem

SQL = sql_of("receipt.sql", "loading.sql")
IMPORT_TABLES = SQL["tables"]


def sql(part: str, **places: str) -> str:
    """Return a part of `receipt.sql` or `loading.sql` with names and SQL of ours in its places, such as {table}."""
    return re.sub(r"\{(\w+)\}", lambda place: places[place[1]], SQL[part])


def was_imported(connection: sqlite3.Connection) -> bool:
    """Say whether the database was loaded from a source, rather than being the sample or a warehouse's."""
    return "reconciliation" in table_names(connection)


def was_counted(connection: sqlite3.Connection) -> bool:
    """Say whether loading a source came as far as counting its lines."""
    return "loaded_shop" in table_names(connection) and bool(connection.execute("SELECT 1 FROM loaded_shop").fetchone())


def note(target: sqlite3.Connection, sentence: str) -> None:
    """Note an assumption."""
    target.execute("INSERT INTO assumptions VALUES (?)", (sentence,))


def reconcile(target: sqlite3.Connection, table: str) -> None:
    """Note how many rows and, for orders, how much money was read, loaded and set aside, in the source's own signs."""
    amounts: list[float | None] = [None, None, None]
    if table == "orders":
        sources = (
            f"SELECT total_amount FROM staged_orders WHERE NOT {is_not_number('total_amount')}",
            "SELECT total_amount FROM orders",
            "SELECT total_amount FROM orders WHERE order_id IN (SELECT order_id FROM negative_lines)",
            "SELECT amount FROM set_aside WHERE table_name = 'orders' AND amount IS NOT NULL",
        )
        # Added exactly: large shops would lose cents to the order of adding.
        read, unsigned, negative, aside = (math.fsum(chain.from_iterable(target.execute(given))) for given in sources)
        amounts = [read, unsigned - 2 * negative, aside]
    target.execute(sql("reconcile", table=table), amounts)


NO_PRODUCT = "(not a product)"  # the category of postage, fees, discounts and the like


def note_services(target: sqlite3.Connection) -> None:
    """Note which products are none, and what their lines come to."""
    names = [name for (name,) in target.execute(sql("services"), (NO_PRODUCT,))]
    if names:
        lines, money = target.execute(sql("lines_of_services"), (NO_PRODUCT,)).fetchone()
        more = f" and {len(names) - 12:,} more" if len(names) > 12 else ""
        note(
            target,
            f"products: {', '.join(names[:12])}{more} are no products by their names; their {lines:,} lines ({money:,.2f}) "
            f"count in revenue, in the category {NO_PRODUCT}, which can be left out on the page.",
        )


def note_signs(target: sqlite3.Connection) -> None:
    """Note how many lines have a quantity or an amount below zero."""
    lines, money = target.execute(sql("signs", table="orders")).fetchone()
    if lines:
        note(
            target,
            f"orders: {lines:,} lines ({money:,.2f}) have a quantity or an amount below zero; each counts as Returned, or as Cancelled "
            "where its status says so, with both made positive.",
        )


OWN_NUMBERS = "each line has a number of its own,"  # begins what is assumed of lines that repeat none


def note_repeated_lines(target: sqlite3.Connection) -> None:
    """Note how many lines repeat an earlier one of their checkout in everything; they may be genuine, so they stay."""
    own = "SELECT COUNT(*) FROM assumptions WHERE assumption LIKE ?"
    if target.execute(own, (f"orders: {OWN_NUMBERS}%",)).fetchone()[0]:
        return
    # Two numbers are sorted faster than whole lines; those that they leave are few.
    twice = "SELECT order_number, product_id FROM orders GROUP BY 1, 2 HAVING COUNT(*) > 1"
    target.execute(f"CREATE TEMP TABLE bought_twice AS {twice}")
    lines, money = target.execute(sql("repeated_lines", columns=", ".join(COLUMNS["orders"][1:]))).fetchone()
    target.execute("DROP TABLE bought_twice")
    if lines:
        note(
            target,
            f"orders: {lines:,} lines ({money:,.2f}) repeat an earlier line of the same checkout exactly; all were loaded: "
            "a shop may sell the same thing twice, and only the shop can tell. If they are errors, leave them out in the mapping.",
        )


def note_other_reviews(target: sqlite3.Connection) -> None:
    """Note how many reviews were written before the first order's day or after the last one's, which bound the page's days."""
    first, last = target.execute("SELECT first_day, last_day FROM loaded_shop").fetchone()
    others, newest = target.execute(
        "SELECT COUNT(*), MAX(review_date) FROM reviews WHERE review_date NOT BETWEEN ? AND ?", (first, last)
    ).fetchone()
    if others:
        note(
            target,
            f"reviews: {others:,} were written before the first order or after the last order, of {last}, the latest on {newest}; the "
            "page's days are those of orders, so its ratings leave them out.",
        )


REGION = "orders.region, customers.region"  # a line's is the first of them that is known


def note_loaded(target: sqlite3.Connection) -> None:
    """Count what was loaded, for the receipt and its parts: all lines are gone through once."""
    for table in ("loaded_lines", "loaded_shop"):
        target.execute(f"DELETE FROM {table}")
        target.execute(sql(table, region=REGION))


def note_parts(target: sqlite3.Connection) -> None:
    """Reconcile each year, category and status: lines and money read, loaded and set aside, in the source's own signs."""
    target.execute("DELETE FROM reconciliation_parts")
    target.execute(SQL["parts"])


def note_parts_of_cents(target: sqlite3.Connection) -> None:
    """Note the exact sums where those in cents, each rounded for itself, do not add up."""
    sums = "SELECT amount_read, amount_loaded, amount_set_aside FROM reconciliation WHERE table_name = 'orders'"
    read, loaded, aside = (value or 0.0 for value in target.execute(sums).fetchone())
    if round(round(read, 2) - round(loaded, 2) - round(aside, 2), 2) != 0:
        note(
            target,
            "orders.total_amount: the source's amounts hold parts of a cent; before rounding, "
            f"{read:,.6f} read = {loaded:,.6f} loaded + {aside:,.6f} set aside.",
        )


def check_enough_was_loaded(target: sqlite3.Connection) -> None:
    """Raise ShopProblem where most lines could not be loaded, or most are returns: a dashboard of the remains would mislead."""
    for table, what in (("orders", "order rows"), ("reviews", "reviews")):
        (read,) = target.execute(sql("rows_meant"), (LEFT_OUT_ADVICE, table)).fetchone()
        (lost,) = target.execute(sql("rows_lost"), {"table": table, "left_out": LEFT_OUT_ADVICE}).fetchone()
        if 2 * lost > read or (table, lost) == ("orders", read):
            count = "None" if lost == read else f"Only {read - lost:,}"
            raise MappingProblem(
                f"{count} of the source's {read:,} {what} could be loaded, most often because {main_reason(target, table)}: correct the source or the mapping."
            )
    (negative,) = target.execute("SELECT COUNT(*) FROM negative_lines").fetchone()
    if 2 * negative > target.execute("SELECT COUNT(*) FROM orders").fetchone()[0]:
        raise MappingProblem(
            f"The amounts of {negative:,} order rows, more than half of all, are below zero, which would make them returns: "
            "if the source writes sales so, turn the signs of quantity and total_amount in the mapping."
        )


def main_reason(target: sqlite3.Connection, table: str) -> str:
    """Return the most frequent reason for setting rows of a table aside, with up to three examples, for a sentence."""
    kind = target.execute(sql("main_advice"), (table,)).fetchone()
    if kind is None:
        return "it is empty"
    examples = target.execute(sql("three_reasons"), (table, kind[0])).fetchall()
    return f"{'; '.join(reason for (reason,) in examples)} ({kind[1]:,} rows)"
