"""Corrected rows of what was set aside, loaded later."""

import csv
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from shopboard.database import COLUMNS, connect
from shopboard.importing.accounts import note, note_loaded, note_parts, sql, was_imported
from shopboard.importing.loading import are_whole, find_repeats, find_statuses, load_staged, set_rows_aside
from shopboard.importing.receipt import reconciliation
from shopboard.importing.staging import clean, staged_table
from shopboard.problems import ShopProblem
from shopboard.settings import Settings
from shopboard.texts import undefused


def corrected_rows(corrected: str | Path | bytes) -> list[dict[str, str]]:
    """Return the order rows of a corrected `set_aside.csv`, also as Excel saves it; raises ShopProblem where it is none."""
    try:
        content = corrected if isinstance(corrected, bytes) else Path(corrected).read_bytes()
    except (OSError, ValueError) as error:
        raise ShopProblem(f"{corrected!s} cannot be read ({error}): choose the corrected set_aside.csv.") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    lines = text.splitlines(keepends=True)
    lines = lines[1:] if text.lstrip('"').startswith("#") else lines
    separator = max(",;\t", key=(lines or [""])[0].count)
    rows = [row for row in csv.DictReader(lines, delimiter=separator) if row.get("what") == "row"]
    rows = [{name: value and undefused(value) for name, value in row.items() if name} for row in rows]
    lacking = {"table_name", "source_row", *COLUMNS["orders"]} - set(rows[0] if rows else ())
    if lacking:
        raise ShopProblem(
            "This is no set_aside.csv with order rows (it lacks "
            f"{', '.join(sorted(lacking))}): correct the file that the notebook wrote, and keep its columns."
        )
    for row in rows:
        if separator == ";" and re.fullmatch(
            r"-?\d+,\d+", row["total_amount"] or ""
        ):  # as Excel writes it where ; separates
            row["total_amount"] = row["total_amount"].replace(",", ".")
    return [row for row in rows if row["table_name"] == "orders"]


def load_corrections(settings: Settings, corrected: str | Path | bytes) -> str:
    """Load the order rows of a corrected `set_aside.csv` that now pass the rules, all or nothing; say what was done.

    What still breaks a rule stays set aside, with its new reason. A row that is not set aside any more is passed over,
    so the same file can be loaded twice.
    """
    rows = corrected_rows(corrected)
    try:
        with closing(connect(settings.database, "rw")) as target, target:
            target.execute("BEGIN IMMEDIATE")
            if not was_imported(target) or target.execute("SELECT pseudonyms FROM build_info").fetchone()[0]:
                raise ShopProblem(
                    "Corrections need a shop that was loaded from a source without pseudonyms: correct the source itself."
                )
            tried = stage_corrections(target, rows)
            set_rows_aside(target, "orders")
            target.execute(sql("keep_amounts"))
            load_staged(target, "orders", corrected_numbers(target))
            loaded = update_receipt(target)
            note_loaded(target)
            note_parts(target)
    except sqlite3.Error as error:
        raise ShopProblem(
            f"{settings.database} cannot be written ({error}): close other programs that use it."
        ) from None
    with closing(connect(settings.database)) as connection:
        reconciliation(connection, settings)
    return f"{loaded:,} corrected rows were loaded; {tried - loaded:,} are still set aside."


def stage_corrections(target: sqlite3.Connection, rows: list[dict[str, str]]) -> int:
    """Stage the corrected rows that are set aside and take them out of `set_aside`; return how many."""
    columns = ("source_row", *COLUMNS["orders"])
    target.execute(f"CREATE TEMP TABLE corrected ({', '.join(f'{name} TEXT' for name in columns)})")
    places = ", ".join("?" * len(columns))
    target.executemany(f"INSERT INTO corrected VALUES ({places})", [[row[name] for name in columns] for row in rows])
    target.execute(staged_table("temp", "orders"))
    target.execute(sql("amounts_before"))
    target.execute(sql("stage_corrected", columns=", ".join(columns)))
    clean(target, "orders")
    tried = target.execute(sql("take_corrected")).rowcount
    for kind, table, key in (
        ("customers", "customers", "customer_id"),
        ("products", "products", "product_id"),
        ("orders", "orders", "order_id"),
        ("checkouts", "orders", "order_number"),
    ):
        target.execute(sql("keys", kind=kind))
        target.execute(sql("keys_loaded", kind=kind, table=table, key=key))
    find_repeats(target, "orders")
    target.execute(sql("repeats_of_loaded"))
    find_statuses(target)
    return tried


def corrected_numbers(target: sqlite3.Connection) -> dict[str, str]:
    """Return SQL for the database's numbers of corrected rows and their checkouts, and note the source's ids of new ones."""
    (last_row, last_checkout) = target.execute("SELECT MAX(order_id), MAX(order_number) FROM orders").fetchone()
    named = {kind for (kind,) in target.execute("SELECT DISTINCT kind FROM source_ids")}
    order_id = f"{last_row} + source_row"
    if "orders" not in named and are_whole(target, "orders", "order_id"):
        order_id = "CAST(order_id AS INTEGER)"
    else:
        target.execute(sql("number_rows", table="orders", key="order_id", number=order_id))
    whole = "checkouts" not in named and are_whole(target, "orders", "order_number")
    number = "CAST(order_number AS INTEGER)" if whole else f"{last_checkout} + MIN(source_row)"
    target.execute(sql("new_checkouts", table="orders", number=number))
    target.execute("INSERT INTO keys_checkouts SELECT source_id, id FROM new_checkouts")
    if not whole:
        target.execute("INSERT INTO source_ids SELECT 'checkouts', id, source_id FROM new_checkouts")
    known = "(SELECT id FROM keys_checkouts WHERE keys_checkouts.source_id = order_number)"
    return {"order_id": order_id, "order_number": f"COALESCE({known}, {last_checkout} + source_row)"}


def update_receipt(target: sqlite3.Connection) -> int:
    """Count the corrected rows that were loaded in the receipt; return how many they are."""
    counts = f"SELECT COUNT(*), TOTAL(total_amount) FROM staged_orders WHERE {sql('kept', table='orders')}"
    rows, money = target.execute(counts).fetchone()
    target.execute(sql("count_corrected"), {"rows": rows, "money": money})
    (before,) = target.execute("SELECT amount_read FROM reconciliation WHERE table_name = 'orders'").fetchone()
    (after,) = target.execute(sql("read_as_corrected")).fetchone()
    if rows:
        changed = (
            f" the money read was {before:,.2f} and is {after:,.2f} as corrected" if round(after - before, 2) else ""
        )
        note(
            target,
            f"orders: {rows:,} rows were loaded after they had been corrected by hand;{changed or ' no amount was changed'}.",
        )
    return rows
