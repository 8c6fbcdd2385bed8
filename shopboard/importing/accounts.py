"""What was read, loaded and set aside, counted to the cent; and what was assumed."""

import math
import sqlite3
from itertools import chain

from shopboard.database import COLUMNS, table_names
from shopboard.importing import sql_of
from shopboard.importing.rules import LEFT_OUT_ADVICE, is_not_number
from shopboard.problems import MappingProblem

SQL = sql_of("receipt.sql")
IMPORT_TABLES, SIGNED_AMOUNT = SQL["tables"], SQL["signed_amount"]


LINE_NUMBER = "RTRIM(source_line, '0123456789')"  # 'orders.csv, line 17' without the number


FILE_AND_LINE = (
    f"REPLACE(REPLACE({LINE_NUMBER}, ', line ', ''), ', row ', ''), "
    f"CAST(SUBSTR(source_line, LENGTH({LINE_NUMBER}) + 1) AS INTEGER)"
)


def kept_rows(table: str) -> str:
    """Return the condition that a staged row was not set aside."""
    return f"source_row NOT IN (SELECT source_row FROM set_aside WHERE table_name = '{table}' AND what = 'row')"


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
        read, unsigned, negative, aside = (math.fsum(chain.from_iterable(target.execute(sql))) for sql in sources)
        amounts = [read, unsigned - 2 * negative, aside]
    count = f"SELECT COUNT(*) FROM set_aside WHERE table_name = '{table}' AND what"
    target.execute(
        f"INSERT INTO reconciliation SELECT '{table}', (SELECT COUNT(*) FROM staged_{table}) + ({count} = 'line'), "
        f"(SELECT COUNT(*) FROM {table}), ({count} IN ('row', 'line')), ({count} = 'value'), ?, ?, ?",
        amounts,
    )


NO_PRODUCT = "(not a product)"  # the category of postage, fees, discounts and the like


def note_services(target: sqlite3.Connection) -> None:
    """Note which products are none, and what their lines come to."""
    names = [
        name
        for (name,) in target.execute(
            "SELECT COALESCE(product_name, source_id, product_id) FROM products LEFT JOIN source_ids "
            "ON kind = 'products' AND id = product_id WHERE category = ? ORDER BY 1",
            (NO_PRODUCT,),
        )
    ]
    if names:
        lines, money = target.execute(
            f"SELECT COUNT(*), COALESCE(SUM({SIGNED_AMOUNT}), 0) FROM orders WHERE product_id IN "
            "(SELECT product_id FROM products WHERE category = ?)",
            (NO_PRODUCT,),
        ).fetchone()
        more = f" and {len(names) - 12:,} more" if len(names) > 12 else ""
        note(
            target,
            f"products: {', '.join(names[:12])}{more} are no products by their names; their {lines:,} lines ({money:,.2f}) "
            f"count in revenue, in the category {NO_PRODUCT}, which can be left out on the page.",
        )


def note_signs(target: sqlite3.Connection) -> None:
    """Note how many lines have a quantity or an amount below zero."""
    lines, money = target.execute(
        f"SELECT COUNT(*), SUM(total_amount) FROM staged_orders WHERE (quantity < 0 OR total_amount < 0) AND {kept_rows('orders')}"
    ).fetchone()
    if lines:
        note(
            target,
            f"orders: {lines:,} lines ({money:,.2f}) have a quantity or an amount below zero; each counts as Returned, or as Cancelled "
            "where its status says so, with both made positive.",
        )


OWN_NUMBERS = "each line has a number of its own,"  # begins what is assumed of lines that repeat none


def note_repeated_lines(target: sqlite3.Connection) -> None:
    """Note how many lines repeat an earlier one of their checkout in everything; they may be genuine, so they stay."""
    if target.execute(
        "SELECT COUNT(*) FROM assumptions WHERE assumption LIKE ?", (f"orders: {OWN_NUMBERS}%",)
    ).fetchone()[0]:
        return
    # Two numbers are sorted faster than whole lines; those that they leave are few.
    target.execute(
        "CREATE TEMP TABLE bought_twice AS SELECT order_number, product_id FROM orders GROUP BY 1, 2 HAVING COUNT(*) > 1"
    )
    lines, money = target.execute(
        f"SELECT SUM(copies - 1), SUM((copies - 1) * amount) FROM (SELECT COUNT(*) AS copies, {SIGNED_AMOUNT} AS amount FROM orders "
        "INNER JOIN bought_twice USING (order_number, product_id) "
        f"GROUP BY {', '.join(COLUMNS['orders'][1:])} HAVING COUNT(*) > 1)"
    ).fetchone()
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


def lines_sql(sql: str, region: str = "orders.region, customers.region") -> str:
    """Return a part of `receipt.sql` in which a line belongs to the first of some regions that is known."""
    return SQL[sql].replace("{region}", region)


def note_loaded(target: sqlite3.Connection) -> None:
    """Count what was loaded, for the receipt and its parts: all lines are gone through once."""
    for table in ("loaded_lines", "loaded_shop"):
        target.execute(f"DELETE FROM {table}")
        target.execute(lines_sql(table))


def note_parts(target: sqlite3.Connection) -> None:
    """Reconcile each year, category and status: lines and money read, loaded and set aside, in the source's own signs."""
    target.execute("DELETE FROM reconciliation_parts")
    target.execute(SQL["parts"])


def note_parts_of_cents(target: sqlite3.Connection) -> None:
    """Note the exact sums where those in cents, each rounded for itself, do not add up."""
    sums = target.execute(
        "SELECT amount_read, amount_loaded, amount_set_aside FROM reconciliation WHERE table_name = 'orders'"
    ).fetchone()
    read, loaded, aside = (value or 0.0 for value in sums)
    if round(round(read, 2) - round(loaded, 2) - round(aside, 2), 2) != 0:
        note(
            target,
            "orders.total_amount: the source's amounts hold parts of a cent; before rounding, "
            f"{read:,.6f} read = {loaded:,.6f} loaded + {aside:,.6f} set aside.",
        )


def check_enough_was_loaded(target: sqlite3.Connection) -> None:
    """Raise ShopProblem where most lines could not be loaded, or most are returns: a dashboard of the remains would mislead."""
    for table, what in (("orders", "order rows"), ("reviews", "reviews")):
        (read,) = target.execute(
            "SELECT rows_read - (SELECT COUNT(*) FROM set_aside WHERE set_aside.table_name = reconciliation.table_name AND advice = ?) "
            "FROM reconciliation WHERE table_name = ?",
            (LEFT_OUT_ADVICE, table),
        ).fetchone()
        (lost,) = target.execute(
            "SELECT COUNT(*) FROM set_aside WHERE table_name = :table AND what <> 'value' AND advice <> :left_out "
            "AND (:table = 'orders' OR reason LIKE '% is not among the loaded %')",
            {"table": table, "left_out": LEFT_OUT_ADVICE},
        ).fetchone()
        if 2 * lost > read or (table, lost) == ("orders", read):
            count = (
                f"{'None' if lost == read else f'Only {read - lost:,}'} of the source's {read:,} {what} could be loaded"
            )
            raise MappingProblem(
                f"{count}, most often because {main_reason(target, table)}: correct the source or the mapping."
            )
    (negative,) = target.execute("SELECT COUNT(*) FROM negative_lines").fetchone()
    if 2 * negative > target.execute("SELECT COUNT(*) FROM orders").fetchone()[0]:
        raise MappingProblem(
            f"The amounts of {negative:,} order rows, more than half of all, are below zero, which would make them returns: "
            "if the source writes sales so, turn the signs of quantity and total_amount in the mapping."
        )


def main_reason(target: sqlite3.Connection, table: str) -> str:
    """Return the most frequent reason for setting rows of a table aside, with up to three examples, for a sentence."""
    kind = target.execute(
        "SELECT advice, COUNT(*) FROM set_aside WHERE table_name = ? AND what <> 'value' GROUP BY advice ORDER BY COUNT(*) DESC LIMIT 1",
        (table,),
    ).fetchone()
    if kind is None:
        return "it is empty"
    examples = target.execute(
        "SELECT reason FROM set_aside WHERE table_name = ? AND advice = ? GROUP BY reason ORDER BY MIN(source_row) LIMIT 3",
        (table, kind[0]),
    ).fetchall()
    return f"{'; '.join(reason for (reason,) in examples)} ({kind[1]:,} rows)"
