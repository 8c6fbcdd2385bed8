"""The figures of a loaded shop that its owner knows by heart: counted, and shown."""

import html
import sqlite3
from dataclasses import dataclass
from typing import Any

import pandas as pd

from shopboard.database import read_query
from shopboard.importing.meaning import counted
from shopboard.importing.parts import table_html
from shopboard.style import Look, dated, dates, integer, written

FIRST = 10  # regions and categories that are named

SET_ASIDE_BY_REASON = """
-- One row per table, kind and advice; reason and row are the first that it was given for, and there are three examples.
WITH numbered AS (
    SELECT
        *,
        ROW_NUMBER() OVER (PARTITION BY table_name, what, advice ORDER BY source_row) AS place,
        COALESCE(file || ', line ' || line, 'row ' || source_row) || ': ' || reason AS example
    FROM set_aside
)
SELECT
    table_name,
    what,
    MAX(CASE WHEN place = 1 THEN reason END) AS reason,
    advice,
    COUNT(*) AS count,
    ROUND(SUM(amount), 2) AS amount,
    MIN(source_row) AS first_row,
    GROUP_CONCAT(CASE WHEN place <= 3 THEN example END, '; ') AS examples
FROM numbered
GROUP BY table_name, what, advice
ORDER BY count DESC, table_name, reason
"""


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
    """Return a table of names, lines and money as HTML; empty where there is no row."""
    if rows.empty:
        return ""
    name, lines, amount = rows.columns
    table = pd.DataFrame(
        {
            name: rows[name],
            lines: [integer(n, look) for n in rows[lines]],
            amount: [money(x, look) for x in rows[amount]],
        }
    )
    table.attrs["right"] = [lines, amount]
    return table_html(table, title)


def months_svg(months: pd.DataFrame, look: Look) -> str:
    """Return the revenue of each month as small bars."""
    if len(months) < 2:
        return ""
    most, width = max(float(months["revenue"].max()), 0.01), max(4, min(28, 640 // len(months)))
    bars = "".join(
        f'<rect x="{n * width}" y="{60 - max(56 * row.revenue / most, 0.5):.1f}" width="{width - 2}" height="{max(56 * row.revenue / most, 0.5):.1f}">'
        f"<title>{dated(row.month)}: {money(row.revenue, look)}, {integer(row.lines, look)} lines</title></rect>"
        for n, row in enumerate(months.itertuples())
    )
    label = f"Revenue by month, {dates(*months['month'].iloc[[0, -1]])}, at most {money(most, look)}"
    return (
        f'<div class="shop-label">{label}</div><svg class="shop-months" role="img" aria-label="{label}" '
        f'width="{len(months) * width}" height="60" viewBox="0 0 {len(months) * width} 60">{bars}</svg>'
    )
