"""What was read, loaded and set aside, counted to the cent; and what was assumed."""

import math
import sqlite3
from itertools import chain

from shopboard.database import COLUMNS, table_names
from shopboard.importing.rules import LEFT_OUT_ADVICE, is_not_number
from shopboard.problems import MappingProblem

IMPORT_TABLES = """
CREATE TABLE set_aside (
    table_name TEXT NOT NULL,
    source_row INTEGER NOT NULL,
    file       TEXT,
    line       INTEGER,
    what       TEXT NOT NULL CHECK (what IN ('row', 'value', 'line')),
    reason     TEXT NOT NULL,
    advice     TEXT NOT NULL,
    value      TEXT,
    amount     REAL,
    content    TEXT
) STRICT;
CREATE TABLE reconciliation (
    table_name       TEXT PRIMARY KEY,
    rows_read        INTEGER NOT NULL,
    rows_loaded      INTEGER NOT NULL,
    rows_set_aside   INTEGER NOT NULL,
    values_set_aside INTEGER NOT NULL,
    amount_read      REAL,
    amount_loaded    REAL,
    amount_set_aside REAL
) STRICT;
CREATE TABLE reconciliation_parts (
    part             TEXT NOT NULL CHECK (part IN ('year', 'category', 'status')),
    value            TEXT NOT NULL,
    lines_read       INTEGER NOT NULL,
    lines_loaded     INTEGER NOT NULL,
    lines_set_aside  INTEGER NOT NULL,
    amount_read      REAL NOT NULL,
    amount_loaded    REAL NOT NULL,
    amount_set_aside REAL NOT NULL,
    PRIMARY KEY (part, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE loaded_lines ( -- one row per month, status, region and category with any line; units are of Completed lines
    month         TEXT NOT NULL,
    status        TEXT NOT NULL,
    region        TEXT NOT NULL,
    category      TEXT NOT NULL,
    lines         INTEGER NOT NULL,
    units         INTEGER NOT NULL,
    amount        REAL NOT NULL,
    signed_amount REAL NOT NULL -- in the source's own signs
) STRICT;
CREATE TABLE loaded_shop ( -- one row; reviews, and the mean of their stars, are of the days of orders
    orders    INTEGER NOT NULL,
    customers INTEGER NOT NULL,
    first_day TEXT,
    last_day  TEXT,
    reviews   INTEGER NOT NULL,
    rating    REAL
) STRICT;
CREATE TABLE negative_lines (order_id INTEGER PRIMARY KEY) STRICT; -- the source wrote their amount below zero
CREATE TABLE assumptions (assumption TEXT NOT NULL) STRICT;
CREATE TABLE files_read (file, table_name, form, encoding, separator, lines, note);
CREATE TABLE source_ids (
    kind      TEXT NOT NULL,
    id        INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
"""


LINE_NUMBER = "RTRIM(source_line, '0123456789')"  # 'orders.csv, line 17' without the number


FILE_AND_LINE = (
    f"REPLACE(REPLACE({LINE_NUMBER}, ', line ', ''), ', row ', ''), "
    f"CAST(SUBSTR(source_line, LENGTH({LINE_NUMBER}) + 1) AS INTEGER)"
)


SIGNED_AMOUNT = "CASE WHEN order_id IN (SELECT order_id FROM negative_lines) THEN -total_amount ELSE total_amount END"


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


def lines_sql(region: str = "orders.region, customers.region") -> str:
    """Return SQL for one row per line: where it stands among the figures, by the first region of these that is known, and what it adds."""
    return f"""
SELECT
    orders.order_id,
    SUBSTR(orders.order_date, 1, 7) AS month,
    orders.status,
    COALESCE({region}, '(unknown)') AS region,
    COALESCE(products.category, '(unknown)') AS category,
    orders.quantity,
    orders.total_amount
FROM orders
LEFT JOIN customers ON customers.customer_id = orders.customer_id
LEFT JOIN products ON products.product_id = orders.product_id
"""


LOADED_LINES = f"""
INSERT INTO loaded_lines
SELECT
    month, status, region, category,
    COUNT(*), SUM(CASE WHEN status = 'Completed' THEN quantity ELSE 0 END), SUM(total_amount), SUM({SIGNED_AMOUNT})
FROM ({lines_sql()}) AS lines
GROUP BY 1, 2, 3, 4
"""


LOADED_SHOP = """
INSERT INTO loaded_shop
SELECT
    orders, customers, first_day, last_day,
    (SELECT COUNT(*) FROM reviews WHERE review_date BETWEEN first_day AND last_day),
    (SELECT AVG(rating) FROM reviews WHERE review_date BETWEEN first_day AND last_day)
FROM (
    SELECT
        COUNT(DISTINCT order_number) AS orders, COUNT(DISTINCT customer_id) AS customers,
        MIN(order_date) AS first_day, MAX(order_date) AS last_day
    FROM orders
) AS of_orders
"""


def note_loaded(target: sqlite3.Connection) -> None:
    """Count what was loaded, for the receipt and its parts: all lines are gone through once."""
    for table, counting in (("loaded_lines", LOADED_LINES), ("loaded_shop", LOADED_SHOP)):
        target.execute(f"DELETE FROM {table}")
        target.execute(counting)


PARTS = """
WITH fields AS (
    SELECT
        JSON_EXTRACT(CASE WHEN what = 'row' THEN content END, '$.order_date') AS order_date,
        JSON_EXTRACT(CASE WHEN what = 'row' THEN content END, '$.product_id') AS product_id,
        JSON_EXTRACT(CASE WHEN what = 'row' THEN content END, '$.status') AS status,
        amount
    FROM set_aside
    WHERE table_name = 'orders' AND what <> 'value'
),
lines AS (
    SELECT
        SUBSTR(month, 1, 4) AS year,
        category,
        status,
        1 AS loaded,
        lines,
        signed_amount AS amount
    FROM loaded_lines
    UNION ALL
    SELECT
        CASE WHEN DATE(order_date, '+0 days') = order_date THEN SUBSTR(order_date, 1, 4) ELSE '(unknown)' END,
        COALESCE((SELECT category FROM keys_products INNER JOIN products ON product_id = id WHERE source_id = fields.product_id), '(unknown)'),
        COALESCE((SELECT meaning FROM statuses WHERE word = fields.status), '(unknown)'),
        0,
        1,
        COALESCE(amount, 0)
    FROM fields
),
parts AS (
    SELECT 'year' AS part, year AS value, * FROM lines
    UNION ALL
    SELECT 'category', category, * FROM lines
    UNION ALL
    SELECT 'status', status, * FROM lines
)
INSERT INTO reconciliation_parts
SELECT
    part, value,
    SUM(lines), SUM(lines * loaded), SUM(lines * (1 - loaded)),
    SUM(amount), SUM(amount * loaded), SUM(amount * (1 - loaded))
FROM parts
GROUP BY part, value
"""


def note_parts(target: sqlite3.Connection) -> None:
    """Reconcile each year, category and status: lines and money read, loaded and set aside, in the source's own signs."""
    target.execute("DELETE FROM reconciliation_parts")
    target.execute(PARTS)


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
