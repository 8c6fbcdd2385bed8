"""The receipt of an import: its tables, its file, and what was set aside as CSV."""

import csv
import html
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from shopboard.database import COLUMNS, read_query
from shopboard.importing.accounts import was_imported
from shopboard.importing.figures import SET_ASIDE_BY_REASON, figures, figures_html
from shopboard.places import save
from shopboard.problems import ShopProblem
from shopboard.settings import Settings
from shopboard.style import Look, written
from shopboard.texts import defused_row


def check_reconciliation(receipt: pd.DataFrame) -> None:
    """Raise ShopProblem where rows or money read are not what was loaded plus what was set aside."""
    rows = receipt["rows_read"] - receipt["rows_loaded"] - receipt["rows_set_aside"]
    amounts = receipt[["amount_read", "amount_loaded", "amount_set_aside"]].astype(float).fillna(0.0)
    money = amounts["amount_read"] - amounts["amount_loaded"] - amounts["amount_set_aside"]
    allowed = np.maximum(0.005, 1e-12 * amounts.abs().max(axis=1))  # beyond that a float holds no cents
    if rows.any() or (money.abs() >= allowed).any():
        raise ShopProblem("The import lost rows or money on its way; please report this as a mistake of the notebook.")


def reconciliation(connection: sqlite3.Connection, settings: Settings) -> pd.DataFrame:
    """Return one row per table: rows and money read, loaded, set aside, money in the source's own signs.

    Writes `reconciliation.html` for a source, and `set_aside.csv` where something was set aside.
    """
    receipt = receipt_rows(connection)
    check_reconciliation(receipt)
    if was_imported(connection):
        write_set_aside(connection, settings)
        reconciliation_file(connection, settings)
    return money_as_text(receipt, "{:,.2f}".format)


def receipt_rows(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return one row per table: rows and money read, loaded, set aside."""
    if was_imported(connection):
        return read_query(connection, "SELECT * FROM reconciliation")
    counts = [connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in COLUMNS]
    money = connection.execute("SELECT SUM(total_amount) FROM orders").fetchone()[0]
    receipt = pd.DataFrame({"table_name": list(COLUMNS), "rows_read": counts, "rows_loaded": counts})
    receipt = receipt.assign(rows_set_aside=0, values_set_aside=0, amount_read=None, amount_loaded=None)
    receipt.loc[2, ["amount_read", "amount_loaded"]] = money
    return receipt.assign(amount_set_aside=[None, None, 0.0, None])


def money_as_text(rows: pd.DataFrame, written: Callable[[float], str]) -> pd.DataFrame:
    """Return the rows with their columns of money as texts."""
    amounts = [column for column in rows if column.startswith("amount")]
    return rows.assign(**{name: ["" if pd.isna(x) else written(x) for x in rows[name]] for name in amounts})


def write_set_aside(connection: sqlite3.Connection, settings: Settings) -> None:
    """Write the table `set_aside` as CSV into the folder for exports, and remove that of an earlier run if there is none.

    An order row has a column per field, in which it can be corrected; its `source_row` says which row it is.
    """
    order_row = "CASE WHEN table_name = 'orders' AND what = 'row' THEN content END"
    fields = ", ".join(f"JSON_EXTRACT({order_row}, '$.{name}') AS {name}" for name in COLUMNS["orders"])
    found = connection.execute(
        "SELECT table_name, source_row, file, line, what, reason, advice, value, amount, "
        f"CASE WHEN {order_row} IS NULL THEN content END AS content, {fields} FROM set_aside"
    )
    header, rows = [name for name, *_ in found.description], found.fetchall()

    def write(path: Path) -> None:
        """Write a comment that says what this is, the header and the rows."""
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            stamp = f"# {settings.name}: what was set aside and why; correct the fields of order rows and load this file again"
            csv.writer(file).writerows([[stamp], header, *map(defused_row, rows)])

    if rows:
        save(settings.exports, "set_aside.csv", write)
    else:
        with suppress(OSError):
            (Path(settings.exports) / "set_aside.csv").unlink(missing_ok=True)


def reconciliation_tables(connection: sqlite3.Connection) -> dict[str, pd.DataFrame]:
    """Return, by their headings, all tables of the receipt."""
    return {
        "Read, loaded, set aside": receipt_rows(connection),
        "By year, category and status": read_query(
            connection, "SELECT * FROM reconciliation_parts ORDER BY part DESC, value"
        ),
        "Set aside, by reason": read_query(connection, SET_ASIDE_BY_REASON).head(20),
        "Assumptions": read_query(connection, "SELECT assumption FROM assumptions"),
        "Files read": read_query(connection, "SELECT * FROM files_read"),
    }


def reconciliation_file(connection: sqlite3.Connection, settings: Settings) -> Path:
    """Write the whole receipt as `reconciliation.html` into the folder for exports and return its path."""
    first, last = connection.execute("SELECT first_day, last_day FROM loaded_shop").fetchone()
    look = Look(settings.currency, settings.number_format)
    title = html.escape(f"{settings.name}: what was read, loaded and set aside")
    parts = [figures_html(figures(connection), look)]
    parts += [
        f"<h2>{heading}</h2>{money_as_text(rows, lambda x: written(x, ',.2f', look)).to_html(index=False, na_rep='', border=0)}"
        for heading, rows in reconciliation_tables(connection).items()
        if len(rows)
    ]
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        "<style>body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}"
        ".shop-tables{display:flex;flex-wrap:wrap;gap:0 28px}th,td{padding:3px 10px;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}</style>"
        f"<h1>{title}</h1><p>Orders from {first} to {last}. Amounts in the source's own signs.</p>{''.join(parts)}</html>"
    )
    return save(settings.exports, "reconciliation.html", lambda path: path.write_text(page, encoding="utf-8"))
