"""A selection as a value, and as CTEs in front of a question; no value is ever formatted into SQL."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from shopboard.sqltext import reading

UNKNOWN = "(unknown)"  # the name of a region or category that the source does not say
MONDAY = date(1900, 1, 1)  # day number 0 of the model `calendar`
SET_BITS = 60  # categories that a set in `checkouts` has room for
STATUSES = ("Completed", "Pending", "Cancelled", "Returned")
COMPARED = {"before": "the days before", "year": "the same weekdays a year before"}
INTERVALS = {  # name -> what numbers it, and its length in days, from columns of `calendar`; a week begins on Monday
    "day": ("{0}.day_number", "1"),
    "week": ("{0}.day_number - {0}.day_number % 7", "7"),
    "month": ("{0}.month_number", "{0}.month_days"),
}

Value = str | int | float | None


@dataclass(frozen=True)
class Filters:
    """A selection: regions and categories by name, and the first and last day, ISO texts, both included.

    Customers' segments, products' suppliers and the statuses of listed lines are None where all of them count.
    `against` is a key of COMPARED, `interval` one of INTERVALS. `shift` is how many days these days lie before those
    that they are compared with.
    """

    regions: tuple[str, ...]
    categories: tuple[str, ...]
    start: str
    end: str
    segments: tuple[str, ...] | None = None
    suppliers: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    against: str = "before"
    interval: str = "day"
    shift: int = 0

    def before(self) -> "Filters":
        """Return what this selection is compared with: as many days just before, or 364 days, 52 weeks, earlier."""
        start, end = date.fromisoformat(self.start), date.fromisoformat(self.end)
        shift = 364 if self.against == "year" else (end - start).days + 1
        first, last = ((day - timedelta(days=shift)).isoformat() for day in (start, end))
        return replace(self, start=first, end=last, shift=shift)

    def named(self) -> dict[str, tuple[str, ...] | None]:
        """Return what is chosen by name, under what one of it is called; None stands for all."""
        return {
            "region": self.regions,
            "category": self.categories,
            "segment": self.segments,
            "supplier": self.suppliers,
            "status": self.statuses,
        }

    def problem(self) -> str:
        """Return what has to be chosen before there is anything to show; empty if nothing."""
        lacking = [name for name, chosen in self.named().items() if chosen is not None and not chosen]
        if lacking:
            return f"Choose at least one {' and one '.join(lacking)} to see figures."
        if self.start > self.end:
            return "The first day is after the last: choose an earlier first day or a later last day."
        return ""

    def parameters(self) -> dict[str, Value]:
        """Return the values that the selection's CTEs, and questions, may name."""
        return {
            "start": self.start,
            "end": self.end,
            "start_number": (date.fromisoformat(self.start) - MONDAY).days,
            "end_number": (date.fromisoformat(self.end) - MONDAY).days,
            "shift": self.shift,
            **{f"{kind}_{n}": name for kind, names in self.named().items() for n, name in enumerate(names or (), 1)},
        }


@dataclass(frozen=True)
class Facts:
    """What is known of a shop in one state of its data."""

    regions: tuple[str, ...]
    categories: tuple[str, ...]
    start: str  # the day of the first order
    end: str  # the day of the last order, which counts as today
    shared_checkouts: bool  # whether any checkout has several customers or regions
    segments: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()


def placeholders(kind: str, chosen: tuple[str, ...], pattern: str = "$%s_%d") -> str:
    """Return `$region_1, $region_2, …`."""
    return ", ".join(pattern % (kind, number) for number in range(1, len(chosen) + 1))


def among(kind: str, chosen: tuple[str, ...] | None, possible: tuple[str, ...], column: str = "") -> str:
    """Return the condition that a column's value is a chosen one; empty where each possible one is chosen."""
    if chosen is None or (chosen and set(chosen) >= set(possible)):
        return ""
    if not chosen:
        return "\n    AND 1 = 0"
    return f"\n    AND {column or kind} IN ({placeholders(kind, chosen)})"


def name_list(kind: str, chosen: tuple[str, ...]) -> str:
    """Return a SELECT of one row per chosen name."""
    if not chosen:
        return f"SELECT '' AS {kind} WHERE 1 = 0"
    rows = [f"SELECT ${kind}_{number}" for number in range(1, len(chosen) + 1)]
    rows[0] += f" AS {kind}"
    return "\nUNION ALL ".join(rows)


KNOWN = {  # what is a column of customers or products, named where the source does not say it
    name: f"COALESCE({column}, '{UNKNOWN}')"
    for name, column in {
        "region": "region", "category": "category", "segment": "customer_segment", "supplier": "supplier",
    }.items()
}  # fmt: skip


def of_segments(selection: Filters, facts: Facts) -> str:
    """Return the condition that a row's customer is in a chosen segment; who is unknown is in none that is known."""
    chosen = among("segment", selection.segments, facts.segments, KNOWN["segment"])
    if not chosen:
        return ""
    within = f"customer_id IN (SELECT customer_id FROM customers{first_condition(chosen)})"
    guests = UNKNOWN in (selection.segments or ())
    return f"\n    AND ({within} OR customer_id IS NULL)" if guests else f"\n    AND {within}"


def of_suppliers(selection: Filters, facts: Facts) -> str:
    """Return the condition that a row's product comes from a chosen supplier."""
    chosen = among("supplier", selection.suppliers, facts.suppliers, KNOWN["supplier"])
    return f"\n    AND product_id IN (SELECT product_id FROM products{first_condition(chosen)})" if chosen else ""


def first_condition(conditions: str) -> str:
    """Return conditions as a WHERE of their own."""
    return conditions.replace("\n    AND", "\nWHERE", 1)


def selection_ctes(selection: Filters, facts: Facts, models: Mapping[str, str]) -> dict[str, str]:
    """Return what a question may read of a selection: name -> SELECT, one grain each.

    Segments and suppliers are looked up, since the models that add up lines do not tell them apart: days and checkouts
    of some of them are made of the lines.
    """
    places = among("region", selection.regions, facts.regions)
    places += among("category", selection.categories, facts.categories)
    within = of_segments(selection, facts) + of_suppliers(selection, facts)
    days = "day BETWEEN $start AND $end"
    customers = among("region", selection.regions, facts.regions, KNOWN["region"])
    customers += among("segment", selection.segments, facts.segments, KNOWN["segment"])
    products = among("category", selection.categories, facts.categories, KNOWN["category"])
    products += among("supplier", selection.suppliers, facts.suppliers, KNOWN["supplier"])
    statuses = among("status", selection.statuses, STATUSES)
    from_lines = reading(models["daily_sales"], "order_lines", "selected_lines") if within else ""
    return {
        "region_list": name_list("region", selection.regions),
        "category_list": name_list("category", selection.categories),
        "selected_calendar": selected_calendar(selection),
        "selected_lines": f"SELECT *\nFROM order_lines\nWHERE {days}{places}{within}",
        "listed_lines": f"SELECT *\nFROM selected_lines{first_condition(statuses)}",
        "selected_days": from_lines or f"SELECT *\nFROM daily_sales\nWHERE {days}{places}",
        "selected_reviews": f"SELECT *\nFROM review_lines\nWHERE {days}{places}{within}",
        "selected_checkouts": selected_checkouts(selection, facts),
        "selected_baskets": selected_baskets(selection, facts),
        "selected_products": f"SELECT product_id, product_name, {KNOWN['category']} AS category, price, "
        f"stock_quantity, supplier\nFROM products{first_condition(products)}",
        "selected_customers": f"SELECT customer_id, name, email, {KNOWN['region']} AS region, "
        f"registration_date, customer_segment\nFROM customers{first_condition(customers)}",
    }


def selected_calendar(selection: Filters) -> str:
    """Return a SELECT of one row per day, with the number and the length of the interval to which it belongs.

    Days that others are compared with belong to the intervals of those: the n-th days of both stand side by side.
    """
    shown = "shown" if selection.shift else "calendar"
    number, length = (text.format(shown) for text in INTERVALS[selection.interval])
    columns = ", ".join(f"calendar.{name}" for name in ("day", "day_number", "month", "month_number", "month_days"))
    join = (
        "\nINNER JOIN calendar AS shown ON shown.day_number = calendar.day_number + $shift" if selection.shift else ""
    )
    return (
        f"SELECT\n    {columns},\n    {number} AS interval_number, {length} AS interval_days\n"
        f"FROM calendar{join}\nWHERE calendar.day BETWEEN $start AND $end"
    )


CHECKOUT_COLUMNS = "day, day_number, month, month_number, order_number, customer_id"

CHOSEN_SET = """
    AND (category_set & (
        SELECT CAST(SUM(category_bit) AS BIGINT) FROM category_bits WHERE category IN (%s)
    )) <> 0"""

SHARED_ONCE = f"""SELECT
    {CHECKOUT_COLUMNS},
    CASE
        WHEN ROW_NUMBER() OVER (PARTITION BY day, order_number ORDER BY customer_id IS NULL, customer_id) = 1 THEN 1
        ELSE 0
    END AS checkouts
FROM %s
GROUP BY {CHECKOUT_COLUMNS}"""


def selected_checkouts(selection: Filters, facts: Facts) -> str:
    """Return a SELECT of one row per checkout and customer with Completed lines in the selection.

    The sum of `checkouts` counts each once: where customers share one, it is 1 for the first and 0 for the others.
    """
    categories = among("category", selection.categories, facts.categories)
    if of_suppliers(selection, facts) or (categories and len(facts.categories) > SET_BITS):
        return SHARED_ONCE % "selected_lines\nWHERE status = 'Completed'"
    if categories and selection.categories:
        categories = CHOSEN_SET % placeholders("category", selection.categories)
    chosen = among("region", selection.regions, facts.regions) + categories + of_segments(selection, facts)
    found = f"checkouts\nWHERE day BETWEEN $start AND $end{chosen}"
    plain = f"SELECT {CHECKOUT_COLUMNS}, 1 AS checkouts\nFROM {found}"
    if not facts.shared_checkouts:
        return plain
    return f"{plain}\n    AND parts = 1\nUNION ALL\n{SHARED_ONCE % (found + chr(10) + '    AND parts > 1')}"


BASKETS_OF_LINES = """SELECT DISTINCT day_number, order_number, category, 1 AS checkouts
FROM selected_lines
WHERE status = 'Completed'"""

BASKETS_OF_SETS = """SELECT -1 AS day_number, category_set AS order_number, category, checkouts
FROM (
    SELECT category_set, COUNT(*) AS checkouts
    FROM checkouts
    WHERE day BETWEEN $start AND $end%s
    GROUP BY category_set
) AS sets
INNER JOIN category_bits ON (category_set & category_bit) <> 0%s"""

SHARED_BASKETS = """
UNION ALL
SELECT DISTINCT day_number, order_number, category, 1
FROM checkouts
INNER JOIN category_bits ON (category_set & category_bit) <> 0%s
WHERE day BETWEEN $start AND $end%s
    AND parts > 1"""


def selected_baskets(selection: Filters, facts: Facts) -> str:
    """Return a SELECT of one row per checkout and category with Completed lines in the selection.

    Checkouts of the same categories are one where their sets say enough: `checkouts` tells how many it stands for.
    """
    if of_suppliers(selection, facts) or len(facts.categories) > SET_BITS:
        return BASKETS_OF_LINES
    categories = among("category", selection.categories, facts.categories)
    chosen = among("region", selection.regions, facts.regions) + of_segments(selection, facts)
    if not facts.shared_checkouts:
        return BASKETS_OF_SETS % (chosen, categories)
    return BASKETS_OF_SETS % (f"{chosen}\n    AND parts = 1", categories) + SHARED_BASKETS % (categories, chosen)
