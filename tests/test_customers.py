"""The page Customers: its SQL and its fast way against pandas from the raw rows, and each definition's edge by hand."""

import csv
import json
import math
import warnings
from contextlib import closing
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from plotly.utils import PlotlyJSONEncoder

TABLES = {
    "concentration": "CONCENTRATION",
    "rfm_groups": "RFM_GROUPS",
    "cohort_retention": "COHORT_RETENTION",
    "new_and_returning": "NEW_AND_RETURNING",
}
RATES = ["average_order_value", "days_between_orders", "new_customers", "repeat_30", "repeat_90"]


# ------------------------------------------------------------------ an independent route: pandas and plain Python


def group_of(recency, mean):
    """Return the group's name, line by line as the definition was given."""
    names = {
        5: ["New", "Active", "Active", "Champions", "Champions"],
        4: ["Promising", "Active", "Active", "Loyal", "Loyal"],
        3: ["Promising", "Needs attention", "Needs attention", "Loyal", "Loyal"],
        2: ["Almost lost", "Almost lost", "At risk", "At risk", "Previously loyal"],
        1: ["Dormant", "Dormant", "At risk", "At risk", "Previously loyal"],
    }
    return names[recency][mean - 1]


def scores(values):
    """Return 1 + 5 (rank - 1) / n without the fraction, the lowest value first."""
    return (1 + 5 * (values.rank(method="min") - 1) // len(values)).astype(int)


def days_from(one, other):
    return (date.fromisoformat(other) - date.fromisoformat(one)).days


def months_from(one, other):
    return 12 * (int(other[:4]) - int(one[:4])) + int(other[5:7]) - int(one[5:7])


class Expected:
    """What a selection's page has to show, from rows of order lines and customers."""

    def __init__(self, lines, customers, filters):
        self.filters = filters
        sold = lines[(lines["status"] == "Completed") & lines["category"].isin(filters.categories)]
        sold = sold[sold["region"].isin(filters.regions) & (sold["order_date"] <= filters.end)]
        checkout = ["order_date", "order_number"]
        guests = sold[sold["customer_id"].isna() & (sold["order_date"] >= filters.start)]
        self.guests = guests[checkout].drop_duplicates()["order_date"].str[:7].value_counts().to_dict()
        known = sold[sold["customer_id"].notna()]
        history = known[["customer_id", *checkout]].drop_duplicates().sort_values(["customer_id", *checkout])
        self.history = {customer: rows["order_date"].tolist() for customer, rows in history.groupby("customer_id")}
        self.here = {
            customer: [day for day in days if day >= filters.start]
            for customer, days in self.history.items()
            if days[-1] >= filters.start
        }
        now = known[known["order_date"] >= filters.start]
        self.revenue = now.groupby("customer_id")["total_amount"].sum().astype(float).round(4)
        customers = customers[customers["region"].fillna("(unknown)").isin(filters.regions)]
        others = customers[~customers["customer_id"].isin(self.here)]
        earlier = others["customer_id"].isin(self.history)
        registered = others["registration_date"].isna() | (others["registration_date"].astype(str) <= filters.end)
        self.prospects, self.only_earlier = int((~earlier & registered).sum()), int(earlier.sum())

    def concentration(self):
        values = sorted(self.revenue, reverse=True)
        rows = []
        for percent in range(1, 101) if values else ():
            count = math.ceil(percent * len(values) / 100)
            share = 100 * sum(values[:count]) / sum(values) if sum(values) else math.nan
            rows.append((percent, count, sum(values[:count]), share))
        return rows

    def rfm_groups(self):
        buyers = pd.DataFrame(
            {
                "days": {customer: days_from(days[-1], self.filters.end) for customer, days in self.here.items()},
                "orders": {customer: len(days) for customer, days in self.here.items()},
                "revenue": self.revenue,
            }
        ).astype(float)
        recency, frequency, money = scores(-buyers["days"]), scores(buyers["orders"]), scores(buyers["revenue"])
        mean = [math.ceil((f + m) / 2) for f, m in zip(frequency, money, strict=True)]
        buyers["group"] = pd.Series(
            [group_of(*pair) for pair in zip(recency, mean, strict=True)], index=buyers.index, dtype=object
        )
        rows = {}
        for name, some in buyers.groupby("group"):
            rows[name] = (len(some), int(some["orders"].sum()), some["revenue"].sum(), some["days"].mean())
        return {
            **rows,
            "Prospects": (self.prospects, 0, 0.0, math.nan),
            "(only earlier)": (self.only_earlier, 0, 0.0, math.nan),
        }

    def cohort_retention(self):
        first, last = self.filters.start[:7], self.filters.end[:7]
        cohorts = {}
        for days in self.history.values():
            if days[0][:7] >= first:
                cohorts.setdefault(days[0][:7], []).append({months_from(days[0], day) for day in days})
        over = (date.fromisoformat(self.filters.end) + timedelta(days=1)).day == 1
        rows = []
        for month in sorted(cohorts):
            for after in range(months_from(month, last) + 1):
                count = sum(after in months for months in cohorts[month])
                partial = after == months_from(month, last) and not over
                size = len(cohorts[month])
                rows.append((month, after, size, count, 100 * count / size, int(partial)))
        return rows

    def new_and_returning(self):
        months = pd.period_range(self.filters.start[:7], self.filters.end[:7], freq="M").astype(str)
        rows = {month: [0, 0, self.guests.get(month, 0)] for month in months}
        for customer, days in self.here.items():
            new = self.history[customer][0] >= self.filters.start
            for number, day in enumerate(days):
                rows[day[:7]][0 if new and number == 0 else 1] += 1
        return [(month, *counts) for month, counts in rows.items()]

    def measures(self):
        orders = sum(map(len, self.here.values()))
        gaps = [days_from(*pair) for days in self.here.values() for pair in pairwise(days)]
        new = [days for days in self.history.values() if days[0] >= self.filters.start]
        repeat = {}
        for limit in (30, 90):
            asked = [days for days in new if days_from(days[0], self.filters.end) >= limit]
            again = [len(days) > 1 and days_from(days[0], days[1]) <= limit for days in asked]
            repeat[f"repeat_{limit}"] = sum(again) / len(again) if again else math.nan
        return {
            "customers": len(self.here),
            "new_customers": len(new),
            "returning_share": 1 - len(new) / orders if orders else math.nan,
            "average_order_value": self.revenue.sum() / orders if orders else math.nan,
            "days_between_orders": sum(gaps) / len(gaps) if gaps else math.nan,
            **repeat,
        }


def same(rows, expected):
    """Compare rows of texts and numbers, numbers to half a cent."""
    assert len(rows) == len(expected)
    for row, other in zip(rows, expected, strict=True):
        for value, known in zip(row, other, strict=True):
            if isinstance(known, str):
                assert value == known, (row, other)
            else:
                assert value == pytest.approx(known, abs=0.004, nan_ok=True), (row, other)


def check(nb, connection, filters, lines, customers):
    """Compare SQL and page with pandas, and with each other, for one selection."""
    expected, page = Expected(lines, customers, filters), nb.read_customers(connection, filters)
    answers = {
        name: nb.read_query(connection, getattr(nb, sql), **filters.parameters()) for name, sql in TABLES.items()
    }
    for name, answer in answers.items():
        assert list(getattr(page, name).columns) == list(answer.columns), name
        assert nb.largest_difference(getattr(page, name), answer) < 0.005, name
    for tables in (answers, {name: getattr(page, name) for name in TABLES}):
        for name in ("concentration", "cohort_retention", "new_and_returning"):
            same(list(tables[name].itertuples(index=False)), getattr(expected, name)())
        groups, known = tables["rfm_groups"], expected.rfm_groups()
        assert groups["rfm_group"].tolist() == [*nb.RFM_MEANINGS, nb.ONLY_EARLIER]
        for name, *row in groups.itertuples(index=False):
            same([row], [known.get(name, (0, 0, 0.0, math.nan))])
    measures, known = page.measures, expected.measures()
    assert list(measures) == list(nb.CUSTOMER_MEASURES)
    for name, value in known.items():
        assert measures[name] == pytest.approx(value, abs=0.004 if name == "average_order_value" else 1e-9, nan_ok=True)
    rates = nb.read_query(connection, nb.REPEAT_RATES, **filters.parameters()).iloc[0]
    for name in RATES:
        assert measures[name] == pytest.approx(float(rates[name]), abs=1e-4, nan_ok=True), name
    assert rates["orders"] == sum(map(len, expected.here.values()))
    return page


# ------------------------------------------------------------------ shops of some size


def narrowed(nb, shop, kind):
    whole = shop.whole
    last = date.fromisoformat(whole.end)
    return {
        "whole": whole,
        "one region": nb.replace(whole, regions=whole.regions[1:2]),
        "some categories": nb.replace(whole, categories=whole.categories[::3]),
        "narrow dates": nb.replace(
            whole, start=(last - timedelta(days=150)).isoformat(), end=(last - timedelta(days=40)).isoformat()
        ),
        "one day": nb.replace(whole, start=whole.end),
        "days within a month": nb.replace(whole, start=f"{whole.end[:8]}05", end=f"{whole.end[:8]}12"),
    }[kind]


KINDS = ("whole", "one region", "some categories", "narrow dates", "one day", "days within a month")


@pytest.mark.parametrize("kind", KINDS)
def test_sql_and_page_agree_with_pandas(nb, shop, kind):
    filters = narrowed(nb, shop, kind)
    page = check(nb, shop.connection, filters, shop.orders, shop.rows["customers"])
    if kind == "one region":
        assert max(nb.compare_customers(shop.connection, filters).values()) < 0.005
    if kind == "whole":
        assert page.rfm_groups["customers"][:10].sum() == page.measures["customers"] > 0
        assert page.rfm_groups.set_index("rfm_group")["customers"]["(only earlier)"] == 0
        sold = shop.orders[(shop.orders["status"] == "Completed") & shop.orders["customer_id"].notna()]
        assert page.rfm_groups["revenue"].sum() == pytest.approx(sold["total_amount"].sum())
    pd.testing.assert_frame_equal(page.customers, nb.top_customers(shop.connection, filters))


@pytest.mark.parametrize("kind", KINDS)
def test_a_triangle_has_no_cell_in_the_future(nb, shop, kind):
    filters = narrowed(nb, shop, kind)
    retention = nb.read_customers(shop.connection, filters).cohort_retention
    last = [months_from(filters.start, filters.end)] * len(retention)
    month = [
        months_from(filters.start, cohort) + after
        for cohort, after in zip(retention["cohort"], retention["months_after"], strict=True)
    ]
    assert all(0 <= one <= other for one, other in zip(month, last, strict=True))
    (cells,) = nb.cohort_heatmap(retention).data
    for row in cells.z:  # what is not there yet is nothing, not a zero
        filled = [value is not None for value in row]
        assert filled == sorted(filled, reverse=True)
        assert row[0] == 100
    assert [len([v for v in row if v is not None]) for row in cells.z] == (
        retention.groupby("cohort").size().tolist()[-nb.SHOWN_COHORTS :]
    )


# ------------------------------------------------------------------ shops by hand

CUSTOMERS = (  # id, region, registered
    (1, "East", "2025-01-01"),
    (2, "East", "2025-01-01"),
    (3, "West", "2025-01-01"),
    (4, "East", "2025-01-01"),
    (5, "East", "2025-12-01"),
    (6, "East", ""),
    (7, "", "2025-01-01"),
)
PRODUCTS = ((1, "Books"), (2, "Toys"), (3, ""))


def write_csv(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture(scope="module")
def empty_shop(build, tmp_path_factory):
    """A shop of seven customers and three products, with an order that the tests replace by theirs."""
    folder = tmp_path_factory.mktemp("hand")
    write_csv(folder / "customers.csv", ["customer_id", "region", "registration_date"], CUSTOMERS)
    write_csv(folder / "products.csv", ["product_id", "category"], PRODUCTS)
    header = ["order_id", "customer_id", "product_id", "order_date", "total_amount", "status", "order_number"]
    write_csv(folder / "orders.csv", header, [(1, 1, 1, "2025-01-01", 1, "Completed", 1)])
    return build(tmp_path_factory.mktemp("hand-built"), source=str(folder))


@pytest.fixture
def sells(nb, empty_shop):
    """A function that lets the shop have sold these lines and no others, and returns a connection and the lines."""
    opened = []

    def sells(*lines):
        """`lines`: customer, product, day, order number, amount, and a status unless it is Completed."""
        rows = [
            (number, customer, product, day, 1, amount, *(status or ("Completed",)), order)
            for number, (customer, product, day, order, amount, *status) in enumerate(lines, 1)
        ]
        with closing(nb.connect(empty_shop.database, "rw")) as connection, connection:
            connection.execute("DELETE FROM orders")
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        nb.catch_up(empty_shop)
        names = [
            "order_id",
            "customer_id",
            "product_id",
            "order_date",
            "quantity",
            "total_amount",
            "status",
            "order_number",
        ]
        frame = pd.DataFrame(rows, columns=names).astype({"customer_id": float})
        regions = {customer: region or "(unknown)" for customer, region, _ in CUSTOMERS}
        categories = {product: category or "(unknown)" for product, category in PRODUCTS}
        frame["region"] = frame["customer_id"].map(regions).astype(object).fillna("(unknown)")
        frame["category"] = frame["product_id"].map(categories).astype(object)
        opened.append(nb.connect(empty_shop.database))
        return opened[-1], frame

    yield sells
    for connection in opened:
        connection.close()


PEOPLE = pd.DataFrame(CUSTOMERS, columns=["customer_id", "region", "registration_date"]).replace("", None)


def selection(nb, start, end, regions=("(unknown)", "East", "West"), categories=("(unknown)", "Books", "Toys")):
    return nb.Filters(regions, categories, start, end)


def test_guests_are_no_customers(nb, sells):
    shop = sells((None, 1, "2025-01-05", 1, 10), (None, 2, "2025-01-05", 1, 5), (1, 1, "2025-01-05", 2, 1))
    page = check(nb, shop[0], selection(nb, "2025-01-01", "2025-01-31"), shop[1], PEOPLE)
    assert page.new_and_returning.to_numpy().tolist() == [["2025-01", 1, 0, 1]]
    assert page.measures["customers"] == 1
    assert page.measures["average_order_value"] == 1
    east = nb.read_customers(shop[0], selection(nb, "2025-01-01", "2025-01-31", regions=("East",)))
    assert east.new_and_returning["guest_orders"].tolist() == [0]


def test_a_checkout_of_two_customers_is_an_order_of_each(nb, sells):
    shop = sells((1, 1, "2025-01-05", 1, 10), (2, 1, "2025-01-05", 1, 30), (None, 1, "2025-01-05", 1, 5))
    page = check(nb, shop[0], selection(nb, "2025-01-01", "2025-01-31"), shop[1], PEOPLE)
    assert page.new_and_returning.to_numpy().tolist() == [["2025-01", 2, 0, 1]]
    assert page.measures["average_order_value"] == 20


def test_several_lines_of_a_checkout_are_one_order(nb, sells):
    shop = sells((1, 1, "2025-01-05", 1, 10), (1, 2, "2025-01-05", 1, 30), (1, 1, "2025-01-05", 1, 2))
    page = check(nb, shop[0], selection(nb, "2025-01-01", "2025-01-31"), shop[1], PEOPLE)
    assert page.measures["average_order_value"] == 42
    assert math.isnan(page.measures["days_between_orders"])


def test_of_two_checkouts_on_the_first_day_one_is_new(nb, sells):
    shop = sells((1, 1, "2025-01-01", 8, 10), (1, 1, "2025-01-01", 3, 10))
    page = check(nb, shop[0], selection(nb, "2025-01-01", "2025-01-31"), shop[1], PEOPLE)
    assert page.new_and_returning.to_numpy().tolist() == [["2025-01", 1, 1, 0]]
    assert page.measures["repeat_30"] == 1
    assert page.measures["days_between_orders"] == 0


def test_an_order_number_that_returns_on_another_day_is_another_order(nb, sells):
    shop = sells((1, 1, "2025-01-01", 1, 10), (1, 1, "2025-01-02", 1, 10))
    page = check(nb, shop[0], selection(nb, "2025-01-01", "2025-01-31"), shop[1], PEOPLE)
    assert page.new_and_returning.to_numpy().tolist() == [["2025-01", 1, 1, 0]]


def test_cancelled_lines_make_no_customer(nb, sells):
    shop = sells((4, 1, "2025-01-05", 1, 10, "Cancelled"), (1, 1, "2025-01-09", 2, 1))
    page = check(nb, shop[0], selection(nb, "2025-01-01", "2025-01-31"), shop[1], PEOPLE)
    groups = page.rfm_groups.set_index("rfm_group")["customers"]
    assert groups["Prospects"] == 5  # all but the buyer and the one who registers in December
    assert page.measures["customers"] == 1


def test_prospects_and_those_who_bought_only_earlier(nb, sells):
    shop = sells((1, 1, "2025-01-05", 1, 10), (2, 2, "2025-01-05", 2, 10), (4, 1, "2025-03-05", 3, 10))
    filters = selection(nb, "2025-02-01", "2025-02-28", regions=("East",), categories=("Books",))
    groups = check(nb, shop[0], filters, shop[1], PEOPLE).rfm_groups.set_index("rfm_group")["customers"]
    assert groups["(only earlier)"] == 1  # 1; the toys of 2 are not chosen
    assert groups["Prospects"] == 3  # 2, 4 who buys later, and 6, of whom nobody knows since when
    assert groups.sum() == 4
    december = nb.replace(filters, end="2025-12-01")
    groups = check(nb, shop[0], december, shop[1], PEOPLE).rfm_groups.set_index("rfm_group")["customers"]
    assert groups["Prospects"] == 3  # 5 has registered that day, and 4 has bought


def test_a_first_order_is_the_first_in_the_chosen_categories(nb, sells):
    shop = sells((1, 1, "2025-01-05", 1, 10), (1, 2, "2025-03-05", 2, 10), (1, 2, "2025-04-05", 3, 10))
    spring = selection(nb, "2025-03-01", "2025-04-30")
    all_of_it = check(nb, shop[0], spring, shop[1], PEOPLE)
    assert all_of_it.new_and_returning["new_orders"].tolist() == [0, 0]
    assert len(all_of_it.cohort_retention) == 0
    assert math.isnan(all_of_it.measures["repeat_30"])
    toys = check(nb, shop[0], nb.replace(spring, categories=("Toys",)), shop[1], PEOPLE)
    assert toys.new_and_returning["new_orders"].tolist() == [1, 0]
    assert toys.cohort_retention["percent_of_cohort"].tolist() == [100, 100]
    assert toys.measures["repeat_30"] == 0  # 31 days
    assert toys.measures["days_between_orders"] == 31


@pytest.mark.parametrize(
    ("second", "end", "rate"),
    [
        ("2025-01-31", "2025-01-31", 1),  # asked 30 days after, and back on the last of them
        ("2025-02-01", "2025-03-31", 0),  # a day late
        ("2025-01-02", "2025-01-30", math.nan),  # has not had 30 days yet
    ],
)
def test_the_edges_of_thirty_days(nb, sells, second, end, rate):
    shop = sells((1, 1, "2025-01-01", 1, 10), (1, 1, second, 2, 10))
    page = check(nb, shop[0], selection(nb, "2025-01-01", end), shop[1], PEOPLE)
    assert page.measures["repeat_30"] == pytest.approx(rate, nan_ok=True)
    assert math.isnan(page.measures["repeat_90"]) == (end < "2025-04-01")


def test_cohorts_are_months_taken_whole(nb, sells):
    shop = sells((1, 1, "2025-01-02", 1, 10), (2, 1, "2025-01-20", 2, 10), (2, 1, "2025-03-09", 3, 10))
    page = check(nb, shop[0], selection(nb, "2025-01-15", "2025-03-09"), shop[1], PEOPLE)
    assert page.cohort_retention.to_numpy().tolist() == [
        ["2025-01", 0, 2, 2, 100.0, 0],
        ["2025-01", 1, 2, 0, 0.0, 0],
        ["2025-01", 2, 2, 1, 50.0, 1],
    ]
    assert page.measures["new_customers"] == 1  # the first order of 1 is before the selection
    until_the_day_before = nb.replace(page.filters, end="2025-03-08")
    cells = check(nb, shop[0], until_the_day_before, shop[1], PEOPLE).cohort_retention
    assert cells["percent_of_cohort"].tolist() == [100, 0, 0]
    whole_month = check(nb, shop[0], nb.replace(page.filters, end="2025-03-31"), shop[1], PEOPLE)
    assert not whole_month.cohort_retention["is_partial"].any()
    assert "not yet over" in nb.cohort_heatmap(page.cohort_retention).layout.title.subtitle.text
    assert "not yet over" not in nb.cohort_heatmap(whole_month.cohort_retention).layout.title.subtitle.text


def test_equal_customers_are_in_one_group(nb, sells):
    shop = sells(*((customer, 1, "2025-01-05", customer, 10) for customer in (1, 2, 3, 4, 6)))
    groups = check(nb, shop[0], selection(nb, "2025-01-01", "2025-01-31"), shop[1], PEOPLE).rfm_groups
    assert groups.set_index("rfm_group")["customers"]["Dormant"] == 5  # nobody is before another


def test_five_different_customers_have_five_scores(nb, sells):
    lines = [(customer, 1, f"2025-01-{10 + n}", 10 * n, 10.0 * n) for n, customer in enumerate((1, 2, 3, 4, 6), 1)]
    more = [(6, 1, "2025-01-02", 1, 1), (6, 1, "2025-01-03", 2, 1), (4, 1, "2025-01-04", 3, 1)]
    shop = sells(*lines, *more)
    groups = check(nb, shop[0], selection(nb, "2025-01-01", "2025-01-31"), shop[1], PEOPLE).rfm_groups
    customers = groups.set_index("rfm_group")["customers"]
    # frequency 1 1 1 4 5, money 1 2 3 4 5: means 1 2 2 4 5 against recency 1 2 3 4 5
    expected = {"Dormant": 1, "Almost lost": 1, "Needs attention": 1, "Loyal": 1, "Champions": 1, "Prospects": 1}
    assert customers[customers > 0].to_dict() == expected


def test_shares_of_money_that_is_not_there_are_unknown(nb, sells):
    shop = sells((1, 1, "2025-01-05", 1, 0), (2, 1, "2025-01-06", 2, 0))
    page = check(nb, shop[0], selection(nb, "2025-01-01", "2025-01-31"), shop[1], PEOPLE)
    assert page.concentration["percent_of_revenue"].isna().all()
    assert drawn_notes(nb.concentration_chart(page.concentration, "$")) == [nb.NOTHING_BOUGHT]


@pytest.mark.parametrize("lines", [(), ((4, 1, "2025-01-05", 1, 10, "Cancelled"),), ((None, 1, "2025-01-05", 1, 10),)])
def test_nothing_sold_gives_charts_that_say_so(nb, sells, lines):
    shop = sells(*lines)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for filters in (
            selection(nb, "2025-01-01", "2025-02-15"),
            selection(nb, "1990-01-01", "1990-01-01"),
            selection(nb, "2025-01-01", "2025-01-31", regions=(), categories=()),
            selection(nb, "2025-01-01", "2025-01-31", regions=("Nowhere",)),
        ):
            page = check(nb, shop[0], filters, shop[1], PEOPLE)
            figures = nb.customers_figures(page, "$")
            for name in ("top_customers", "concentration", "new_returning", "cohort_retention"):
                assert drawn_notes(figures[name]), name
                assert all(not trace.x for trace in figures[name].data), name
            if "East" in filters.regions:
                continue  # the prospects are customers, too
            assert drawn_notes(figures["rfm_groups"])
            assert not figures["rfm_groups"].data[0].x


def drawn_notes(figure):
    return [note.text for note in figure.layout.annotations if note.text]


# ------------------------------------------------------------------ any shop

lines = st.tuples(
    st.none() | st.integers(1, 7),
    st.integers(1, 3),
    st.dates(date(2024, 12, 20), date(2025, 4, 10)).map(date.isoformat),
    st.integers(1, 4),
    st.sampled_from([0.0, 1.0, 2.5, 9.99, 10.0]),
    st.sampled_from(["Completed", "Completed", "Completed", "Cancelled"]),
)


@hypothesis_settings(max_examples=30)
@given(data=st.data())
def test_sql_and_page_agree_on_any_shop_and_selection(nb, sells, data):
    connection, frame = sells(*data.draw(st.lists(lines, max_size=40)))
    for _ in range(2):
        start, end = sorted(data.draw(st.tuples(*[st.dates(date(2024, 12, 1), date(2025, 4, 30))] * 2)))
        filters = nb.Filters(
            tuple(data.draw(st.lists(st.sampled_from(["East", "West", "(unknown)"]), min_size=1, unique=True))),
            tuple(data.draw(st.lists(st.sampled_from(["Books", "Toys", "(unknown)"]), min_size=1, unique=True))),
            start.isoformat(),
            end.isoformat(),
        )
        check(nb, connection, filters, frame, PEOPLE)


@given(values=st.lists(st.integers(0, 12), min_size=1, max_size=40))
def test_scores_by_four_places_are_those_by_ranks(nb, values):
    assert nb.fifths(np.array(values)).tolist() == scores(pd.Series(values)).tolist()


def test_each_pair_of_scores_has_one_group(nb, sells):
    connection, _ = sells()
    cells = nb.read_query(connection, nb.RFM_CELLS)
    for recency in range(1, 6):
        for mean in range(1, 6):
            here = cells["least_recency"].le(recency) & cells["most_recency"].ge(recency)
            here &= cells["least_mean"].le(mean) & cells["most_mean"].ge(mean)
            assert cells.loc[here, "rfm_group"].tolist() == [group_of(recency, mean)]
            assert cells["rfm_group"][nb.rfm_lookup(cells)[recency, mean]] == group_of(recency, mean)
    assert cells["rfm_group"].tolist() == [*nb.RFM_MEANINGS, nb.ONLY_EARLIER]


def test_what_was_kept_follows_the_data(nb, sells, empty_shop):
    """Orders that are kept from selection to selection are made anew when an order, a customer or a product changes."""
    connection, _ = sells((1, 1, "2025-01-05", 1, 10), (2, 2, "2025-01-06", 2, 10))
    filters = selection(nb, "2025-01-01", "2025-01-31", regions=("East",), categories=("Books",))
    before = nb.read_customers(connection, filters)
    kept = nb.customer_orders(connection)
    assert nb.customer_orders(connection) is kept

    def write(category, registered):
        with closing(nb.connect(empty_shop.database, "rw")) as writer, writer:
            writer.execute("UPDATE products SET category = ? WHERE product_id = 2", (category,))
            writer.execute("UPDATE customers SET registration_date = ? WHERE customer_id = 5", (registered,))
        nb.catch_up(empty_shop)

    try:
        write("Books", "2025-01-31")
        page = nb.read_customers(connection, filters)
    finally:
        write("Toys", "2025-12-01")
    assert (before.measures["customers"], page.measures["customers"]) == (1, 2)
    prospects = [data.rfm_groups.set_index("rfm_group")["customers"]["Prospects"] for data in (before, page)]
    assert prospects == [3, 3]  # 2 is none any more, 5 has become one


# ------------------------------------------------------------------ charts


@pytest.fixture(scope="module")
def figures(nb, shop):
    """The page's charts of a whole shop, with the data that they draw."""
    page = nb.read_customers(shop.connection, shop.whole)
    return page, nb.customers_figures(page, "$")


def values(items):
    """Return every number and text within lists and dictionaries."""
    if isinstance(items, dict):
        items = list(items.values())
    if isinstance(items, list | tuple):
        return [value for item in items for value in values(item)]
    return [items]


def cohorts_of(figure):
    """Return the months that the rows of the heatmap are labelled with; the customers follow in brackets."""
    return [label.split(" (")[0] for label in figure.layout.yaxis.ticktext]


def test_charts_draw_their_data(nb, figures):
    page, charts = figures
    _, curve, marks = charts["concentration"].data
    assert list(curve.x) == list(range(101))
    assert list(curve.y)[1:] == page.concentration["percent_of_revenue"].tolist()
    assert list(marks.x) == [1, 10, 20]
    marked = page.concentration.set_index("top_percent")["percent_of_revenue"]
    assert list(marks.y) == marked[[1, 10, 20]].tolist()
    (bars,) = charts["rfm_groups"].data
    assert list(bars.x) == page.rfm_groups["revenue"][:11].tolist()
    assert list(charts["rfm_groups"].layout.yaxis.ticktext) == page.rfm_groups["rfm_group"][:11].tolist()
    sizes = page.rfm_groups["customers"][:11].tolist()
    assert [text.split(" · ")[0] for text in bars.text] == [f"{size:,}" for size in sizes]
    new, returning = charts["new_returning"].data
    assert list(new.y) == page.new_and_returning["new_orders"].tolist() == list(returning.base)
    assert list(returning.y) == page.new_and_returning["returning_orders"].tolist()
    assert [day[:7] for day in new.x] == page.new_and_returning["month"].tolist()
    (cells,) = charts["cohort_retention"].data
    known = page.cohort_retention.set_index(["cohort", "months_after"])["percent_of_cohort"]
    labels = cohorts_of(charts["cohort_retention"])
    assert labels == sorted(page.cohort_retention["cohort"].unique())[-nb.SHOWN_COHORTS :]
    for label, row in zip(labels, cells.z, strict=True):
        assert [value for value in row if value is not None] == known[label].tolist()


def test_the_same_people_are_marked_once(nb, sells):
    shop = sells((1, 1, "2025-01-05", 1, 10), (2, 1, "2025-01-05", 2, 30))
    page = nb.read_customers(shop[0], selection(nb, "2025-01-01", "2025-01-31"))
    _, _, marks = nb.concentration_chart(page.concentration, "$").data
    assert list(marks.x) == [20]
    assert list(marks.y) == [75]


def test_charts_say_what_they_leave_out(nb, sells):
    shop = sells((1, 1, "2025-01-05", 1, 10), (2, 1, "2025-02-05", 2, 30), (None, 1, "2025-02-05", 3, 30))
    page = nb.read_customers(shop[0], selection(nb, "2025-02-01", "2025-02-28"))
    figures = nb.customers_figures(page, "$")
    assert "Not drawn: 1 who bought only earlier" in figures["rfm_groups"].layout.xaxis.title.text
    assert "1 orders without a known customer" in figures["new_returning"].layout.title.subtitle.text


def test_the_notebook_would_notice_a_difference(nb, sells, monkeypatch):
    shop = sells((1, 1, "2025-01-05", 1, 10), (2, 1, "2025-01-05", 2, 30))
    filters = selection(nb, "2025-01-01", "2025-01-31")
    assert max(nb.compare_customers(shop[0], filters).values()) < 0.005
    monkeypatch.setattr(nb, "REPEAT_RATES", nb.REPEAT_RATES.replace("place = 1", "place = 2"))
    differences = nb.compare_customers(shop[0], filters)
    assert differences["repeat_rates"] >= 1
    assert differences["rfm_groups"] == 0


def test_the_latest_cohorts_are_drawn(nb):
    months = [f"{year}-{month:02}" for year in (2022, 2023, 2024) for month in range(1, 13)]
    retention = pd.DataFrame(
        [
            {
                "cohort": cohort,
                "months_after": after,
                "customers": 2,
                "ordering_customers": 1,
                "percent_of_cohort": 50.0 if after else 100.0,
                "is_partial": 0,
            }
            for n, cohort in enumerate(months)
            for after in range(len(months) - n)
        ]
    )
    figure = nb.cohort_heatmap(retention)
    assert cohorts_of(figure) == months[-24:]
    assert list(figure.data[0].x) == list(range(24))
    assert "the latest 24 of 36 months" in figure.layout.title.subtitle.text


def test_charts_hold_plain_values_only(figures):
    """Arrays may travel as binary, which some pages lose, and NaN is no JSON."""
    for name, figure in figures[1].items():
        drawn = figure.to_plotly_json()
        for value in values([drawn["data"], drawn["layout"].get("annotations", [])]):
            assert type(value) in (str, int, float, bool, type(None)), (name, value)
            assert not (isinstance(value, float) and math.isnan(value)), name
        assert "bdata" not in json.dumps(drawn, cls=PlotlyJSONEncoder)
        assert figure.layout.title.text and figure.layout.title.subtitle.text


def test_a_chart_has_the_same_traces_whatever_it_draws(nb, shop, figures):
    nothing = nb.replace(shop.whole, start="1990-01-01", end="1990-01-07")
    empty = nb.customers_figures(nb.read_customers(shop.connection, nothing), "$")
    for name, figure in figures[1].items():
        assert [trace.type for trace in figure.data] == [trace.type for trace in empty[name].data]
        keys = [set(trace.to_plotly_json()) for trace in figure.data]
        assert keys == [set(trace.to_plotly_json()) for trace in empty[name].data], name


@pytest.mark.parametrize("layout", ["CUSTOMERS_WIDE", "CUSTOMERS_NARROW"])
def test_charts_do_not_overlap_on_the_canvas(nb, figures, layout):
    canvas = getattr(nb, layout)
    assert set(canvas.places) == set(figures[1])
    places = list(canvas.places.values())
    for n, one in enumerate(places):
        assert 0 <= one.left < one.right <= 1
        assert 0 <= one.title_upper < one.upper < one.lower <= canvas.height
        for other in places[n + 1 :]:
            apart = one.right <= other.left or other.right <= one.left
            assert apart or one.lower <= other.title_upper or other.lower <= one.title_upper
