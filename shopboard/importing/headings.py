"""Rows that stand for others, such as headings and sums of orders: what they say moves to the lines."""

import re
import sqlite3
from collections.abc import Iterable

from shopboard.database import quoted
from shopboard.importing.raw import HELD, unique
from shopboard.importing.statuses import totals_others
from shopboard.importing.values import is_date, some_number, squashed
from shopboard.importing.words import FIELDS, pattern

WIDEST = 200  # columns of a report that people read; SQLite compares no more than 1,000 at once
SAMPLED_ROWS = 3_000  # by which it is told whether orders have rows that head them


def flatten(connection: sqlite3.Connection) -> None:
    """Turn the grouped tables of files into tables of lines, and note it beside the file's name."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for table in (name for (name,) in found if name not in HELD):
        names = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({quoted(table)})") if name != "_line"]
        if 1 < len(names) <= WIDEST:
            drop_descriptions(connection, table, names)
            fill_headings(connection, table, names)
            fold_heads(connection, table, names)


def note(connection: sqlite3.Connection, table: str, rows: list[tuple], told: str) -> None:
    """Delete rows, each given by its number, and note why."""
    connection.executemany(f"DELETE FROM {quoted(table)} WHERE rowid = ?", rows)
    sql = "UPDATE files_read SET note = LTRIM(note || '; ' || ?, '; '), lines = lines - ? WHERE table_name = ?"
    connection.execute(sql, (told, len(rows), table))


def fill_headings(connection: sqlite3.Connection, table: str, names: list[str]) -> None:
    """Write each heading on the lines below it.

    A heading fills the first column alone, which the lines below it leave empty; what else stands there names a total.
    """
    first, *others = names
    alone = " AND ".join(f"{quoted(name)} IS NULL" for name in others)
    rows = f"SELECT rowid, {quoted(first)}, {alone} FROM {quoted(table)} ORDER BY rowid"
    if [(bool(value), is_alone) for _, value, is_alone in connection.execute(f"{rows} LIMIT 1")] != [(True, 1)]:
        return
    heading, headings, lines, totals = "", [], [], True
    for row, value, is_alone in connection.execute(rows):
        if value is None:
            lines.append((heading, row))
        elif is_alone and not totals_others(str(value)):
            heading = str(value)
            headings.append((row,))
        else:
            totals = totals and totals_others(str(value))
    if totals and 1 < len(headings) <= len(lines):
        connection.executemany(f"UPDATE {quoted(table)} SET {quoted(first)} = ? WHERE rowid = ?", lines)
        name = named_by_title(connection, table, first, others)
        note(connection, table, headings, f"{len(headings)} headings became the column {name} of the lines below them")


def named_by_title(connection: sqlite3.Connection, table: str, first: str, others: list[str]) -> str:
    """Call the column of the headings, where it has no name, as the report's title says, such as "Sales by Customer"; return its name."""
    if first != "column 1":
        return first
    sql = "SELECT GROUP_CONCAT(note) FROM files_read WHERE table_name = ?"
    said = re.search(r"\b(?:by|nach|par|por|per) (\w+)", connection.execute(sql, (table,)).fetchone()[0] or "", re.I)
    name = unique(said[1] if said else "Product", {other.lower() for other in others})
    connection.execute(f"ALTER TABLE {quoted(table)} RENAME COLUMN {quoted(first)} TO {quoted(name)}")
    return name


def fold_heads(connection: sqlite3.Connection, table: str, names: list[str]) -> None:
    """Move what a row that heads an order says to the first of the order's lines.

    Such a row has no product, where the others of its order have one, and a number that comes to the sum of theirs.
    """
    numbers, products = named_like(names, "order_number"), named_like(names, "product_id")
    if not numbers or not products:
        return
    rows = f"SELECT rowid, {', '.join(map(quoted, names))} FROM {quoted(table)} ORDER BY rowid"
    sample = connection.execute(f"{rows} LIMIT {SAMPLED_ROWS}").fetchall()
    for number, product in ((number, product) for number in numbers for product in products):
        places = names.index(number) + 1, names.index(product) + 1
        sums = sums_of_orders(orders_of(sample, *places))
        if not sums:
            continue
        moved, heads = [], []
        for bare, items in orders_of(connection.execute(rows), *places):
            if any(is_sum(bare, items, column) for column in sums):
                heads += [(row[0],) for row in bare]
                told = [next((row[n] for row in bare if row[n] is not None), None) for n in range(len(names) + 1)]
                row, *filled = (own if own is not None else told[n] for n, own in enumerate(items[0]))
                moved.append((*filled, row))
        values = ", ".join(f"{quoted(name)} = ?" for name in names)
        connection.executemany(f"UPDATE {quoted(table)} SET {values} WHERE rowid = ?", moved)
        note(connection, table, heads, f"{len(heads)} rows that are the sums of their orders were left out")
        return


def named_like(names: list[str], field: str) -> list[str]:
    """Return the columns that are surely named like a field of orders."""
    patterns = [pattern(spelled) for spelled in FIELDS["orders"][field].names[:4]]
    return [name for name in names if any(one.fullmatch(squashed(name)) for one in patterns)]


def orders_of(rows: Iterable[tuple], number: int, product: int) -> list[tuple[list[tuple], list[tuple]]]:
    """Return, for each order that has both, its rows without a product and those with one."""
    orders: dict[object, tuple[list[tuple], list[tuple]]] = {}
    for row in rows:
        if row[number] is not None:
            orders.setdefault(row[number], ([], []))[row[product] is not None].append(row)
    return [parts for parts in orders.values() if all(parts)]


def sums_of_orders(orders: list[tuple[list[tuple], list[tuple]]]) -> list[int]:
    """Return the columns in which a row without a product has the sum of its order's others, as orders of several items tell."""
    several = [parts for parts in orders if len(parts[1]) > 1]
    if len(several) < 3:
        return []
    columns = range(1, len(several[0][1][0]))
    return [n for n in columns if sum(is_sum(*parts, n) for parts in several) >= 0.9 * len(several)]


def is_sum(bare: list[tuple], items: list[tuple], column: int) -> bool:
    """Say whether the one row without a product that has a number has the sum of the items'."""
    told = [row[column] for row in bare if row[column] is not None]
    numbers = [None if row[column] is None else some_number(row[column]) for row in items]
    total = some_number(told[0]) if len(told) == 1 else None
    return bool(total) and None not in numbers and abs(total - sum(numbers)) < 0.011


def drop_descriptions(connection: sqlite3.Connection, table: str, names: list[str]) -> None:
    """Delete a first row that says what the columns hold: it has words where the rows below it have numbers or dates."""
    first, *others = connection.execute(
        f"SELECT rowid, {', '.join(map(quoted, names))} FROM {quoted(table)} ORDER BY rowid LIMIT 50"
    ).fetchall() or [()]
    described = 0
    for n, word in enumerate(first[1:], 1):
        values = [row[n] for row in others if row[n] is not None]
        counted = sum(some_number(value) is not None or is_date(value) for value in values)
        if word is not None and (some_number(word) is not None or is_date(word)):
            return
        described += word is not None and counted > 2 and counted >= 0.9 * len(values)
    if described > 2:
        note(connection, table, [first[:1]], "a row that describes the columns was left out")
