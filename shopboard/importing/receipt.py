"""The figures of a loaded shop that its owner knows by heart, and the receipt of an import, as tables, a file and CSV."""

import csv
import html
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shopboard.database import COLUMNS, read_query
from shopboard.importing import counted
from shopboard.importing.accounts import SQL, was_imported
from shopboard.importing.parts import table_html
from shopboard.places import save
from shopboard.problems import ShopProblem
from shopboard.settings import Settings
from shopboard.style import Look, dated, dates, integer, written
from shopboard.texts import defused_row

FIRST = 10  # regions and categories that are named

SET_ASIDE_BY_REASON = SQL["set_aside_by_reason"]


@dataclass(frozen=True)
class Figures:
    """The figures of a loaded shop that its owner knows by heart; money in the shop's currency."""

    lines: int
    orders: int
    customers: int
    units: int  # of Completed lines
    first: str  # day, ISO
    last: str
    total: float  # of all lines, in the source's own signs
    revenue: float  # of Completed lines
    set_aside_lines: int
    set_aside_amount: float
    rating: float | None  # mean of the reviews of these days, as the page has it
    reviews: int
    reviews_aside: int  # that cannot be loaded
    months: pd.DataFrame  # month, lines, revenue
    regions: pd.DataFrame
    categories: pd.DataFrame
    statuses: pd.DataFrame  # status, lines, amount
    reasons: pd.DataFrame  # of orders: reason, lines, amount, advice, examples


def figures(connection: sqlite3.Connection) -> Figures:
    """Return the figures of a shop that was loaded, by the accounts of its import."""
    aside = read_query(connection, SET_ASIDE_BY_REASON)
    aside = aside[aside["what"] != "value"].rename(columns={"count": "lines"}).fillna({"amount": 0.0})
    reasons = aside[aside["table_name"] == "orders"].reset_index(drop=True)
    orders, customers, first, last, reviews, rating = connection.execute("SELECT * FROM loaded_shop").fetchone()
    cells = read_query(connection, "SELECT * FROM loaded_lines")
    return Figures(
        orders=orders,
        customers=customers,
        first=first or "",
        last=last or "",
        total=round(float(cells["signed_amount"].sum()), 2),
        set_aside_lines=int(reasons["lines"].sum()),
        set_aside_amount=round(float(reasons["amount"].sum()), 2),
        rating=rating,
        reviews=reviews,
        reviews_aside=int(aside.loc[aside["table_name"] == "reviews", "lines"].sum()),
        reasons=reasons,
        **sums(cells.assign(revenue=cells["amount"].where(cells["status"] == "Completed", 0.0))),
    )


def sums(cells: pd.DataFrame) -> dict[str, Any]:
    """Return the figures that add up cells, which are those of `loaded_lines` with their revenue: lines, units, revenue, and their parts."""
    months, regions, categories, statuses = (
        cells.groupby(name, as_index=False)[["lines", money]].sum().round(2)
        for name, money in (("month", "revenue"), ("region", "revenue"), ("category", "revenue"), ("status", "amount"))
    )
    return {
        "lines": int(cells["lines"].sum()),
        "units": int(cells["units"].sum()),
        "revenue": round(float(cells["revenue"].sum()), 2),
        "months": months,
        "regions": regions.sort_values(["revenue", "region"], ascending=[False, True], ignore_index=True),
        "categories": categories.sort_values(["revenue", "category"], ascending=[False, True], ignore_index=True),
        "statuses": statuses.sort_values(["amount", "status"], ascending=[False, True], ignore_index=True),
    }


def headline(shown: Figures) -> str:
    """Return in one sentence what is counted: lines, money, days, what is set aside."""
    if not shown.lines:
        return f"Nothing would be loaded; {counted(shown.set_aside_lines, 'line')} would be set aside"
    first, last = pd.Timestamp(shown.first), pd.Timestamp(shown.last)
    begin = f"{first:%B %Y}" if first.year != last.year else f"{first:%B}"
    days = f"{last:%B %Y}" if (first.year, first.month) == (last.year, last.month) else f"{begin} to {last:%B %Y}"
    aside = (
        f"{counted(shown.set_aside_lines, 'line')} ({shown.set_aside_amount:,.2f}) set aside"
        if shown.set_aside_lines
        else "nothing set aside"
    )
    completed = "" if abs(shown.total - shown.revenue) < 0.005 else f", {shown.revenue:,.2f} of it Completed"
    return f"{counted(shown.lines, 'line')}, {shown.total:,.2f}{completed}, {days}; {aside}"


def money(amount: float, look: Look) -> str:
    """Return an amount of money as the page writes it, to the cent."""
    return written(amount, ",.2f", look)


def figures_html(shown: Figures, look: Look) -> str:
    """Return the sums of a shop: in a sentence, by month as bars, by status, region and category as tables."""
    facts = [
        f"{integer(shown.orders, look)} orders and {integer(shown.customers, look)} customers of any status",
        f"{integer(shown.units, look)} units sold",
        dates(shown.first, shown.last) if shown.first else "",
        f"{integer(shown.reviews, look)} reviews, mean rating {shown.rating:.2f}" if shown.reviews else "",
        f"{counted(shown.reviews_aside, 'review')} set aside" if shown.reviews_aside else "",
    ]
    tables = [
        named_rows(shown.statuses.rename(columns={"amount": "money"}), "By status", look),
        named_rows(first_rows(shown.regions), "Revenue by region", look),
        named_rows(first_rows(shown.categories), "Revenue by category", look),
    ]
    return (
        f'<div role="status"><b>{html.escape(headline(shown))}.</b></div><div>{", ".join(filter(None, facts))}.</div>'
        f"{months_svg(shown.months, look)}<div class=shop-tables>{''.join(f'<div>{table}</div>' for table in tables)}</div>"
    )


def first_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the first ten rows, and one for all others."""
    rest = rows.iloc[FIRST:]
    if rest.empty:
        return rows
    others = [f"{len(rest)} others", rest["lines"].sum(), rest["revenue"].sum()]
    return pd.concat([rows.head(FIRST), pd.DataFrame([others], columns=rows.columns)])


def named_rows(rows: pd.DataFrame, title: str, look: Look) -> str:
    """Return a table of names, counts and money as HTML; empty where there is no row."""
    return "" if rows.empty else table_html(spelled(rows, look), title)


def spelled(rows: pd.DataFrame, look: Look) -> pd.DataFrame:
    """Return rows as the page writes them: their whole numbers, and the others as money, are texts that stand to the right."""
    texts = {}
    for name in rows.select_dtypes("number"):
        write = integer if pd.api.types.is_integer_dtype(rows[name]) else money
        texts[name] = ["" if pd.isna(value) else write(value, look) for value in rows[name]]
    rows = rows.assign(**texts)
    rows.attrs["right"] = list(texts)
    return rows


def months_svg(months: pd.DataFrame, look: Look) -> str:
    """Return the revenue of each month as small bars."""
    if len(months) < 2:
        return ""
    most, width = max(float(months["revenue"].max()), 0.01), max(4, min(28, 640 // len(months)))
    bars = "".join(
        f'<rect x="{n * width}" y="{60 - max(56 * row.revenue / most, 0.5):.1f}" width="{width - 2}" height="{max(56 * row.revenue / most, 0.5):.1f}">'
        f"<title>{dated(row.month)}: {money(row.revenue, look)}, {counted(row.lines, 'line')}</title></rect>"
        for n, row in enumerate(months.itertuples())
    )
    label = f"Revenue by month, {dates(*months['month'].iloc[[0, -1]])}, {money(most, look)} in the best month"
    return (
        f'<div class="shop-label">{label}</div><svg class="shop-months" role="img" aria-label="{label}" '
        f'width="{len(months) * width}" height="60" viewBox="0 0 {len(months) * width} 60">{bars}</svg>'
    )


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
