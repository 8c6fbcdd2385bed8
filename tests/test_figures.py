"""Every figure on the page against pandas from the raw rows, for random selections of two shops."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st


def chosen(shop, filters):
    """Return the selection's order lines and reviews, by pandas."""
    lines = shop.orders
    lines = lines[lines["order_date"].between(filters.start, filters.end)]
    lines = lines[lines["region"].isin(filters.regions) & lines["category"].isin(filters.categories)]
    reviews = shop.reviews
    reviews = reviews[reviews["review_date"].between(filters.start, filters.end)]
    reviews = reviews[reviews["region"].isin(filters.regions) & reviews["category"].isin(filters.categories)]
    return lines, reviews


def measures(shop, filters):
    """Return the tiles' measures of a selection, by pandas."""
    lines, reviews = chosen(shop, filters)
    sold = lines[lines["status"] == "Completed"]
    orders = len(sold[["order_date", "order_number"]].drop_duplicates())
    return {
        "revenue": sold["total_amount"].sum(),
        "orders": orders,
        "average_order_value": sold["total_amount"].sum() / orders if orders else math.nan,
        "units": sold["quantity"].sum(),
        "customers": sold["customer_id"].nunique(),
        "rating": reviews["rating"].mean(),
        "cancelled_share": (lines["status"] == "Cancelled").mean() if shop.states_statuses else math.nan,
        "returned_share": (lines["status"] == "Returned").mean() if shop.states_statuses else math.nan,
    }


def close(one, other):
    """Say whether two columns agree to less than half a cent."""
    return np.allclose(one.astype(float), other.astype(float), atol=0.004, rtol=0, equal_nan=True)


def check_page(nb, shop, filters):
    """Compare everything that the page shows of a selection with pandas."""
    page = nb.read_page(shop.connection, filters)
    lines, reviews = chosen(shop, filters)
    sold = lines[lines["status"] == "Completed"]
    expected = measures(shop, filters)
    for name, value in expected.items():
        assert page.tiles.loc[name, "now"] == pytest.approx(value, abs=0.004, nan_ok=True), name

    cells = page.regional_sales.set_index(["region", "category"])
    assert len(cells) == len(filters.regions) * len(filters.categories)
    by_cell = sold.groupby(["region", "category"])["total_amount"].sum().reindex(cells.index, fill_value=0.0)
    assert close(cells["revenue"], by_cell)

    days = pd.date_range(filters.start, filters.end).strftime("%Y-%m-%d")
    by_day = sold.groupby("order_date")["total_amount"].sum().reindex(days, fill_value=0.0)
    assert page.daily_revenue["day"].tolist() == days.tolist()
    assert close(page.daily_revenue["revenue"], by_day)
    average = page.daily_revenue["moving_average"].astype(float)
    assert close(average, by_day.rolling(7).mean())

    by_customer = sold.groupby("customer_id")["total_amount"].sum().round(4)
    best = by_customer.sort_values(ascending=False).head(20)
    assert close(page.customers["lifetime_value"], best)
    assert close(by_customer.loc[page.customers["customer_id"]], page.customers["lifetime_value"])
    ranks = best.rank(method="min", ascending=False)
    assert page.customers["value_rank"].astype(int).tolist() == ranks.astype(int).tolist()

    by_category = sold.groupby("category")["total_amount"].sum()
    shares = page.category_shares.set_index("category")
    assert set(shares.index) == set(by_category.index)
    assert close(shares["revenue"], by_category.loc[shares.index])
    if by_category.sum() > 0:
        assert np.allclose(shares["percent_of_revenue"], 100 * by_category.loc[shares.index] / by_category.sum())

    products = page.product_sales.set_index("product_id")
    known = shop.rows["products"].assign(category=lambda table: table["category"].fillna("(unknown)"))
    assert set(products.index) == set(known.loc[known["category"].isin(filters.categories), "product_id"])
    by_product = sold.groupby("product_id").agg(revenue=("total_amount", "sum"), units=("quantity", "sum"))
    by_product = by_product.reindex(products.index, fill_value=0)
    assert close(products["revenue"], by_product["revenue"])
    assert products["units"].tolist() == by_product["units"].astype(int).tolist()
    rating = reviews.groupby("product_id")["rating"].mean().reindex(products.index)
    assert np.allclose(products["rating"].astype(float), rating.astype(float), equal_nan=True)


def test_whole_shop(nb, shop):
    check_page(nb, shop, shop.whole)


@st.composite
def selections(draw, shop):
    """Draw a selection: some regions, some categories, any range of the shop's days."""
    whole = shop.whole
    first = date.fromisoformat(whole.start)
    length = (date.fromisoformat(whole.end) - first).days
    one, other = sorted((draw(st.integers(0, length)), draw(st.integers(0, length))))
    return {
        "regions": tuple(draw(st.lists(st.sampled_from(whole.regions), min_size=1, unique=True))),
        "categories": tuple(draw(st.lists(st.sampled_from(whole.categories), min_size=1, unique=True))),
        "start": (first + timedelta(days=one)).isoformat(),
        "end": (first + timedelta(days=other)).isoformat(),
    }


@hypothesis_settings(max_examples=40)
@given(data=st.data())
def test_any_selection(nb, shop, data):
    filters = nb.Filters(**data.draw(selections(shop)))
    check_page(nb, shop, filters)
    differences = nb.compare_summaries(shop.connection, filters)
    assert max(differences.values()) < 0.005, differences


def test_changes_are_against_the_same_number_of_days_before(nb, shop):
    last = date.fromisoformat(shop.whole.end)
    filters = nb.Filters(
        shop.whole.regions, shop.whole.categories, (last - timedelta(days=89)).isoformat(), last.isoformat()
    )
    before = nb.Filters(
        shop.whole.regions,
        shop.whole.categories,
        (last - timedelta(days=179)).isoformat(),
        (last - timedelta(days=90)).isoformat(),
    )
    assert filters.before() == before
    tiles = nb.read_page(shop.connection, filters).tiles
    for name, value in measures(shop, before).items():
        assert tiles.loc[name, "before"] == pytest.approx(value, abs=0.004, nan_ok=True), name


def test_nothing_is_compared_with_days_before_the_data(nb, shop):
    tiles = nb.read_page(shop.connection, shop.whole).tiles
    assert tiles["before"].isna().all()


def test_the_other_questions(nb, shop):
    parameters = shop.whole.parameters()
    sold = shop.orders[shop.orders["status"] == "Completed"]

    def ask(sql):
        return nb.read_query(shop.connection, sql, **parameters)

    overall = ask(nb.OVERALL).iloc[0]
    assert overall["revenue"] == pytest.approx(sold["total_amount"].sum(), abs=0.004)
    assert overall["largest_line"] == sold["total_amount"].max()
    assert overall["smallest_line"] == sold["total_amount"].min()
    assert overall["average_line"] == pytest.approx(sold["total_amount"].mean())

    ranks = ask(nb.CATEGORY_RANKS).set_index(["region", "category"])
    cells = sold.groupby(["region", "category"])["total_amount"].sum()
    expected = cells.groupby(level="region").rank(method="min", ascending=False)
    assert ranks["rank_in_region"].to_dict() == expected.astype(int).to_dict()

    leaders = ask(nb.REGION_LEADERS).set_index("region")
    for region, category in cells.groupby(level="region").idxmax():
        assert leaders.loc[region, "category"] == category
        part = 100 * cells[region, category] / cells[region].sum()
        assert leaders.loc[region, "percent_of_region"] == pytest.approx(part)
        ahead = cells[region].nlargest(2)
        lead = ahead.iloc[0] - ahead.iloc[1] if len(ahead) > 1 else math.nan
        assert leaders.loc[region, "lead_over_next"] == pytest.approx(lead, abs=0.001, nan_ok=True)

    months = ask(nb.MONTHLY_REVENUE)
    by_month = sold.groupby(sold["order_date"].str[:7])["total_amount"].sum()
    calendar = pd.period_range(shop.whole.start[:7], shop.whole.end[:7], freq="M").astype(str)
    by_month = by_month.reindex(calendar, fill_value=0.0)
    assert months["month"].tolist() == calendar.tolist()
    assert close(months["revenue"], by_month)
    whole_months = by_month.copy()  # a part of a month is not compared with a whole one
    if shop.whole.start[8:] != "01":
        whole_months.iloc[0] = np.nan
    if pd.Timestamp(shop.whole.end) != pd.Period(shop.whole.end, freq="M").end_time.normalize():
        whole_months.iloc[-1] = np.nan
    assert whole_months.isna().any()
    for column, months_back in (("percent_on_month", 1), ("percent_on_year", 12)):
        growth = 100 * whole_months / whole_months.shift(months_back).replace(0, np.nan) - 100
        assert np.allclose(months[column].astype(float), growth, equal_nan=True)

    statuses = ask(nb.STATUSES_OF_LINES).set_index("status")
    counts = shop.orders["status"].value_counts()
    assert statuses["lines"].to_dict() == counts.to_dict()
    assert np.allclose(statuses["percent_of_lines"], 100 * counts[statuses.index] / len(shop.orders))
    assert close(statuses["amount"], shop.orders.groupby("status")["total_amount"].sum()[statuses.index])


def test_customers_above_average(nb, shop):
    for filters in (
        shop.whole,
        nb.replace(shop.whole, regions=shop.whole.regions[:2], categories=shop.whole.categories[1:]),
    ):
        sold = chosen(shop, filters)[0]
        sold = sold[sold["status"] == "Completed"]
        spent = sold.dropna(subset="customer_id").groupby("customer_id")["total_amount"].sum()
        above = spent[spent > spent.mean()]
        answer = nb.read_query(shop.connection, nb.ABOVE_AVERAGE, **filters.parameters()).iloc[0]
        assert answer["customers_above_average"] == len(above)
        assert answer["percent_of_customers"] == pytest.approx(100 * len(above) / len(spent))
        assert answer["percent_of_revenue"] == pytest.approx(100 * above.sum() / spent.sum())


def test_products_that_nobody_buys(nb, shop):
    answer = nb.read_query(shop.connection, nb.UNSOLD_PRODUCTS_BY_CATEGORY, **shop.whole.parameters())
    answer = answer.set_index("category")
    products = shop.rows["products"].assign(category=lambda table: table["category"].fillna("(unknown)"))
    sold = set(shop.orders.loc[shop.orders["status"] == "Completed", "product_id"])
    unsold = products[~products["product_id"].isin(sold)]
    assert answer["products"].to_dict() == products["category"].value_counts().to_dict()
    counts = unsold["category"].value_counts()
    assert answer["unsold_products"].to_dict() == counts.reindex(answer.index, fill_value=0).to_dict()
    value = (unsold["price"] * unsold["stock_quantity"].astype(float)).groupby(unsold["category"]).sum(min_count=1)
    assert np.allclose(answer["unsold_stock_value"].astype(float), value.reindex(answer.index), equal_nan=True)


def test_ratings_of_buyers(nb, shop):
    answer = nb.read_query(shop.connection, nb.BUYERS_RATINGS, **shop.whole.parameters()).set_index("category")
    received = shop.orders[shop.orders["status"].isin(["Completed", "Returned"])]
    pairs = set(zip(received["customer_id"], received["product_id"], strict=True))
    reviews = shop.reviews.dropna(subset="customer_id")
    bought = [pair in pairs for pair in zip(reviews["customer_id"], reviews["product_id"], strict=True)]
    groups = reviews[np.array(bought, dtype=bool)].groupby("category")["rating"]
    assert answer["reviews"].to_dict() == groups.size().to_dict()
    for category, rating in groups.mean().items():
        assert answer.loc[category, "mean_rating"] == pytest.approx(rating)
        low = 100 * (groups.get_group(category) <= 2).mean()
        assert answer.loc[category, "percent_disappointed"] == pytest.approx(low)


def test_running_out(nb, shop):
    last = date.fromisoformat(shop.whole.end)
    recent = shop.orders[shop.orders["status"] == "Completed"]
    recent = recent[recent["order_date"] > (last - timedelta(days=28)).isoformat()]
    per_day = recent.groupby("product_id")[["quantity", "total_amount"]].sum() / 28
    stock = shop.rows["products"].set_index("product_id")["stock_quantity"].astype(float).reindex(per_day.index)
    inventory = stock / per_day["quantity"]
    for least, most in ((0, 0), (1, 1_000_000_000)):
        answer = nb.read_query(shop.connection, nb.RUNNING_OUT, least=least, most=most)
        expected = inventory[stock.between(least, most)].sort_values()
        assert len(answer) == min(10, len(expected))
        assert answer["days_of_inventory"].tolist() == pytest.approx(expected.head(10).tolist())
        for row in answer.itertuples():
            assert row.days_of_inventory == pytest.approx(inventory[row.product_id])
            assert row.revenue_per_day == pytest.approx(per_day.loc[row.product_id, "total_amount"])


def test_differences_are_seen(nb, shop, monkeypatch):
    """The notebook's own comparison of summaries with base tables would notice a wrong summary query."""
    assert max(nb.compare_summaries(shop.connection, shop.whole).values()) < 0.005
    wrong = nb.TILES.replace("SUM(units)", "SUM(units) + 1")
    monkeypatch.setattr(nb, "TILES", wrong)
    assert nb.compare_summaries(shop.connection, shop.whole)["tiles"] > 0.005
