"""The figures of a loaded shop that its owner knows by heart: counted, and shown."""

import html
import sqlite3
from dataclasses import dataclass

import pandas as pd

from shopboard.database import read_query
from shopboard.importing.accounts import SIGNED_AMOUNT
from shopboard.importing.parts import table_html
from shopboard.style import Look, integer, written

FIRST = 10  # regions and categories that are named

REASONS = """
-- One row per kind of what is set aside, the most money first.
WITH numbered AS (
    SELECT
        *,
        ROW_NUMBER() OVER (PARTITION BY what, advice ORDER BY source_row) AS place,
        COALESCE(file || ', line ' || line, 'row ' || source_row) || ': ' || reason AS example
    FROM set_aside
    WHERE table_name = 'orders' AND what <> 'value'
)
SELECT
    MAX(CASE WHEN place = 1 THEN reason END) AS reason,
    COUNT(*) AS lines,
    ROUND(COALESCE(SUM(amount), 0), 2) AS amount,
    advice,
    GROUP_CONCAT(CASE WHEN place <= 3 THEN example END, '; ') AS examples
FROM numbered
GROUP BY what, advice
ORDER BY COUNT(*) DESC
"""

PARTS = """
-- One row per {name}: lines of any status, and the revenue, which is the total of Completed lines.
SELECT
    {value} AS {name},
    COUNT(*) AS lines,
    ROUND(COALESCE(SUM(CASE WHEN orders.status = 'Completed' THEN orders.total_amount END), 0), 2) AS revenue
FROM orders
LEFT JOIN customers ON customers.customer_id = orders.customer_id
LEFT JOIN products ON products.product_id = orders.product_id
GROUP BY 1
ORDER BY {order}
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
    rating: float | None
    reviews: int
    months: pd.DataFrame  # month, lines, revenue
    regions: pd.DataFrame
    categories: pd.DataFrame
    statuses: pd.DataFrame  # status, lines, amount
    reasons: pd.DataFrame  # reason, lines, amount, advice, examples


def figures(connection: sqlite3.Connection) -> Figures:
    """Return the figures of a shop in whose database the four tables and the accounts of its import stand."""
    lines, orders, customers, units, first, last, total, revenue = connection.execute(
        f"SELECT COUNT(*), COUNT(DISTINCT order_number), COUNT(DISTINCT customer_id), "
        "COALESCE(SUM(CASE WHEN status = 'Completed' THEN quantity END), 0), COALESCE(MIN(order_date), ''), "
        f"COALESCE(MAX(order_date), ''), COALESCE(SUM({SIGNED_AMOUNT}), 0), "
        "COALESCE(SUM(CASE WHEN status = 'Completed' THEN total_amount END), 0) FROM orders"
    ).fetchone()
    reviews, rating = connection.execute("SELECT COUNT(*), AVG(rating) FROM reviews").fetchone()
    reasons = read_query(connection, REASONS)
    parts = {
        name: read_query(connection, PARTS.format(name=name, value=value, order=order))
        for name, value, order in (
            ("month", "SUBSTR(orders.order_date, 1, 7)", "1"),
            ("region", "COALESCE(orders.region, customers.region, '(unknown)')", "3 DESC, 1"),
            ("category", "COALESCE(products.category, '(unknown)')", "3 DESC, 1"),
        )
    }
    statuses = read_query(
        connection,
        "SELECT status, COUNT(*) AS lines, ROUND(SUM(total_amount), 2) AS amount FROM orders GROUP BY status ORDER BY amount DESC",
    )
    return Figures(
        lines,
        orders,
        customers,
        units,
        first,
        last,
        round(total, 2),
        round(revenue, 2),
        int(reasons["lines"].sum()),
        round(float(reasons["amount"].sum()), 2),
        rating,
        reviews,
        parts["month"],
        parts["region"],
        parts["category"],
        statuses,
        reasons,
    )


def headline(shown: Figures) -> str:
    """Return in one sentence what is counted: lines, money, days, what is set aside."""
    if not shown.lines:
        return f"Nothing would be loaded; {shown.set_aside_lines:,} lines would be set aside."
    first, last = pd.Timestamp(shown.first), pd.Timestamp(shown.last)
    begin = f"{first:%B %Y}" if first.year != last.year else f"{first:%B}"
    days = f"{last:%B %Y}" if (first.year, first.month) == (last.year, last.month) else f"{begin} to {last:%B %Y}"
    aside = (
        f"{shown.set_aside_lines:,} lines ({shown.set_aside_amount:,.2f}) set aside"
        if shown.set_aside_lines
        else "nothing set aside"
    )
    completed = "" if abs(shown.total - shown.revenue) < 0.005 else f", {shown.revenue:,.2f} of it Completed"
    return f"{shown.lines:,} lines, {shown.total:,.2f}{completed}, {days}; {aside}"


def money(amount: float, look: Look) -> str:
    """Return an amount of money as the page writes it, to the cent."""
    return written(amount, ",.2f", look)


def figures_html(shown: Figures, look: Look) -> str:
    """Return the sums of a shop: in a sentence, by month as bars, by status, region and category as tables."""
    facts = [
        f"{integer(shown.orders, look)} orders",
        f"{integer(shown.customers, look)} customers",
        f"{integer(shown.units, look)} units sold",
        f"first day {shown.first}, last day {shown.last}" if shown.first else "",
        f"{integer(shown.reviews, look)} reviews, mean rating {shown.rating:.2f}" if shown.reviews else "",
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
        f"<title>{row.month}: {money(row.revenue, look)}, {integer(row.lines, look)} lines</title></rect>"
        for n, row in enumerate(months.itertuples())
    )
    label = f"Revenue by month, {months['month'].iloc[0]} to {months['month'].iloc[-1]}, at most {money(most, look)}"
    return (
        f'<div class="shop-label">{label}</div><svg class="shop-months" role="img" aria-label="{label}" '
        f'width="{len(months) * width}" height="60" viewBox="0 0 {len(months) * width} 60">{bars}</svg>'
    )
