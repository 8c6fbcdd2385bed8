"""The page "Inventory": its SQL and its fast way against pandas from the raw rows, its words and tables, its forecasts."""

import html
import math
import re
import sqlite3
import warnings
from contextlib import closing
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from conftest import tables
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

# ------------------------------------------------------------------ an independent route: pandas and plain Python


def normal_quantile(share):
    """Return the quantile of the standard normal distribution, by halving intervals of the error function."""
    low, high = -9.0, 9.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 + math.erf(middle / math.sqrt(2))) / 2 < share else (low, middle)
    return low


def lasting(days, mean, deviation, planning):
    spread = math.sqrt(days * deviation**2 + mean**2 * planning.lead_time_deviation**2)
    return mean * days + normal_quantile(planning.service_level) * spread


def expected_inventory(rows, filters, planning):
    """Return what INVENTORY has to answer, a dictionary per product, from the four tables as pandas reads them."""
    orders, products = rows["orders"], rows["products"]
    sold = orders[orders["status"] == "Completed"]
    today, first = orders["order_date"].max(), orders["order_date"].min()
    calendar = pd.date_range(first, today).strftime("%Y-%m-%d")[-planning.demand_days :]
    by_day = {
        name: sold.pivot_table(index="order_date", columns="product_id", values=name, aggfunc="sum")
        .reindex(index=calendar, columns=products["product_id"])
        .fillna(0.0)
        for name in ("quantity", "total_amount")
    }
    mean, deviation = by_day["quantity"].mean(), by_day["quantity"].std(ddof=1).fillna(0.0)
    chosen = sold[sold["order_date"].between(filters.start, filters.end)].groupby("product_id")
    revenue, sold_units = chosen["total_amount"].sum().to_dict(), chosen["quantity"].sum().to_dict()
    revenue_per_day = by_day["total_amount"].mean()
    reviews = rows["reviews"]
    stars = (
        reviews[reviews["review_date"].between(filters.start, filters.end)]
        .groupby("product_id")["rating"]
        .mean()
        .to_dict()
    )
    last = sold.groupby("product_id")["order_date"].max().to_dict()
    found = []
    for row in products.itertuples():
        key, stock = row.product_id, math.nan if pd.isna(row.stock_quantity) else row.stock_quantity
        category = "(unknown)" if pd.isna(row.category) else row.category
        if category not in filters.categories:
            continue
        units = int(sold_units.get(key, 0))
        point = lasting(planning.lead_time, mean.loc[key], deviation.loc[key], planning)
        full = lasting(planning.lead_time + planning.review_period, mean.loc[key], deviation.loc[key], planning)
        packs = 0
        if stock < round(point, 9):
            packs = math.ceil(round((full - stock) / planning.pack_size, 9))
        found.append(
            {
                "product_id": key,
                "product_name": row.product_name,
                "category": category,
                "supplier": "(unknown)" if pd.isna(row.supplier) else row.supplier,
                "price": row.price,
                "stock": stock,
                "revenue": round(revenue.get(key, 0.0), 4),
                "units": units,
                "units_per_day": mean.loc[key],
                "deviation": deviation.loc[key],
                "revenue_per_day": revenue_per_day.loc[key],
                "days_of_inventory": 0.0 if stock == 0 else stock / mean.loc[key] if mean.loc[key] else math.nan,
                "sell_through": units / (units + stock) if units + stock > 0 else math.nan,
                "last_sale": last.get(key),
                "reorder_point": point,
                "order_quantity": math.nan if pd.isna(stock) else packs * planning.pack_size,
                "rating": stars.get(key, math.nan),
            }
        )
    found.sort(key=lambda one: (-one["revenue"], one["product_id"]))
    total, before = sum(one["revenue"] for one in found), 0.0
    for one in found:
        share = round(before / total, 9) if total else 1.0
        one["abc_class"] = "A" if share < 0.80 else "B" if share < 0.95 else "C"
        before += one["revenue"]
    return found


def check(nb, connection, rows, filters, planning):
    """Compare SQL and page with pandas for one selection and plan; return the page's data."""
    expected = expected_inventory(rows, filters, planning)
    asked = nb.read_query(connection, nb.INVENTORY, **filters.parameters(), **planning.parameters())
    data = nb.read_inventory(connection, filters, planning, nb.everything(connection))
    assert set(asked) == set(data.products)  # whatever the page knows of a product, its SELECT tells
    for answer in (asked, data.products):
        assert answer["product_id"].tolist() == [one["product_id"] for one in expected]
        for name in answer:
            known = [one[name] for one in expected]
            if name in ("product_name", "category", "supplier", "last_sale", "abc_class"):
                assert [None if pd.isna(value) else value for value in answer[name]] == [
                    None if pd.isna(value) else value for value in known
                ], name
            else:
                assert answer[name].astype(float).tolist() == pytest.approx(
                    np.array(known, dtype=float).tolist(), rel=1e-9, abs=1e-6, nan_ok=True
                ), name
    return data


# ------------------------------------------------------------------ shops of some size

PLANS = {
    "as it opens": {},
    "fifty-fifty": {"service_level": 0.5},
    "at once": {"lead_time": 0.0, "lead_time_deviation": 0.0, "review_period": 0.0},
    "by the dozen": {"pack_size": 12, "lead_time": 45.5, "service_level": 0.999, "demand_days": 90},
    "one day": {"demand_days": 1, "review_period": 30.0},
    "longer than the shop": {"demand_days": 20_000},
}


def narrowed(nb, whole, kind):
    last = date.fromisoformat(whole.end)
    return {
        "whole": whole,
        "one region": nb.replace(whole, regions=whole.regions[:1]),
        "some categories": nb.replace(whole, categories=whole.categories[::3]),
        "earlier days": nb.replace(
            whole, start=(last - timedelta(days=200)).isoformat(), end=(last - timedelta(days=60)).isoformat()
        ),
    }[kind]


@pytest.mark.parametrize("plan", PLANS)
def test_sql_and_page_agree_with_pandas(nb, shop, plan):
    data = check(nb, shop.connection, shop.rows, shop.whole, nb.Planning(**PLANS[plan]))
    assert len(data.products) == len(shop.rows["products"])
    assert set(data.products["abc_class"]) == {"A", "B", "C"}


@pytest.mark.parametrize("kind", ["one region", "some categories", "earlier days"])
def test_selections_agree_with_pandas(nb, shop, kind):
    data = check(nb, shop.connection, shop.rows, narrowed(nb, shop.whole, kind), nb.Planning())
    if kind == "one region":  # stock serves every region
        whole = nb.read_inventory(shop.connection, shop.whole, nb.Planning(), shop.whole)
        pd.testing.assert_frame_equal(data.products, whole.products)


def test_a_shop_without_stock_says_so(nb, shop):
    data = nb.read_inventory(shop.connection, shop.whole, nb.Planning(), shop.whole)
    if data.stock_known:
        pytest.skip("this shop tells its stock")
    assert "has no stock" in nb.inventory_tiles(data, "$")
    assert nb.inventory_tables(data, "$") == ""
    assert nb.attention(data, "$") == []
    assert len(data.to_order()) == len(data.dead()) == len(data.overstock()) == len(data.out_of_stock()) == 0
    assert data.products["order_quantity"].isna().all()
    demand = nb.forecast_demand(shop.connection, data, int(data.products["product_id"].iloc[0]), shop.whole)
    assert demand.run_out() is None
    assert demand.forecast["stock"].isna().all()


# ------------------------------------------------------------------ shops by hand

TODAY = date(2025, 6, 30)


def day(ago):
    return (TODAY - timedelta(days=ago)).isoformat()


@pytest.fixture
def shop_of(nb, make_settings, tmp_path):
    """A function that makes a shop and returns its connection, which knows its settings."""
    opened = []

    def make(products, lines, reviews=()):
        """Products: (price, stock, category, supplier), by id; lines: (days ago, product, units, amount, status);
        reviews: (product, stars)."""
        path = tmp_path / f"shop{len(opened)}.db"
        with closing(sqlite3.connect(path)) as shop, shop:
            shop.executescript(nb.SCHEMA + nb.VIEW + nb.INDEXES)
            for key, (price, stock, category, supplier) in enumerate(products, start=1):
                shop.execute(
                    "INSERT INTO products VALUES (?, ?, ?, ?, ?, ?)", (key, f"P{key}", category, price, stock, supplier)
                )
            for number, (ago, product, units, amount, status) in enumerate(lines, start=1):
                shop.execute(
                    "INSERT INTO orders VALUES (?, NULL, ?, ?, ?, ?, ?, ?)",
                    (number, product, day(ago), units, amount, status, number),
                )
            for number, (product, stars) in enumerate(reviews, start=1):
                shop.execute("INSERT INTO reviews VALUES (?, ?, NULL, ?, NULL, ?)", (number, product, stars, day(0)))
        settings = make_settings(database=str(path))
        nb.summarise(settings)
        opened.append(nb.connect(path))
        opened[-1].settings = settings
        return opened[-1]

    yield make
    for connection in opened:
        connection.close()


def read(nb, connection, **plan):
    """Check a shop by hand and return its products, by id."""
    rows = tables(connection.settings.database)
    data = check(nb, connection, rows, nb.everything(connection), nb.Planning(**plan))
    return data.products.set_index("product_id")


def done(ago, product, units=1, amount=10.0):
    return (ago, product, units, amount, "Completed")


THING = (10.0, 5, "Books", "Acme")


def test_stock_of_nothing_and_stock_that_is_not_known(nb, shop_of):
    found = read(nb, shop_of([(10.0, 0, "Books", "Acme"), (10.0, None, None, None)], [done(0, 1), done(3, 2)]))
    assert found.loc[1, ["days_of_inventory", "sell_through"]].tolist() == [0, 1]
    assert found.loc[1, "order_quantity"] > 0
    assert found.loc[2, ["days_of_inventory", "sell_through", "order_quantity"]].isna().all()
    assert found.loc[2, ["category", "supplier"]].tolist() == ["(unknown)"] * 2


def test_days_of_inventory_need_a_sale_in_28_days(nb, shop_of):
    found = read(nb, shop_of([THING] * 4, [done(27, 1, 4), done(28, 2, 4), done(0, 4, 1), done(60, 4)]))
    assert found.loc[1, "units_per_day"] == pytest.approx(4 / 28)
    assert found.loc[1, "days_of_inventory"] == pytest.approx(35)
    assert found.loc[2, "units_per_day"] == 0
    assert math.isnan(found.loc[2, "days_of_inventory"])
    assert found.loc[2, "last_sale"] == day(28)
    assert pd.isna(found.loc[3, "last_sale"])
    assert found.loc[3, ["units", "revenue", "sell_through", "order_quantity"]].tolist() == [0, 0, 0, 0]


def test_deviation_counts_days_without_a_sale(nb, shop_of):
    found = read(nb, shop_of([THING], [done(0, 1, 14), done(40, 1)]))
    mean = 14 / 28
    assert found.loc[1, "deviation"] == pytest.approx(math.sqrt(((14 - mean) ** 2 + 27 * mean**2) / 27))
    demand = mean * 14
    reserve = 1.6448536269514722 * math.sqrt(14 * found.loc[1, "deviation"] ** 2 + mean**2 * 9)
    assert found.loc[1, "reorder_point"] == pytest.approx(demand + reserve)


def test_a_product_of_most_revenue_is_class_a_and_so_is_where_the_first_80_percent_end(nb, shop_of):
    found = read(nb, shop_of([THING] * 4, [done(0, 1, 1, 90), done(0, 2, 1, 5), done(0, 3, 1, 4), done(0, 4, 1, 1)]))
    assert found["abc_class"].to_dict() == {1: "A", 2: "B", 3: "C", 4: "C"}  # 3 begins at 95 %
    found = read(nb, shop_of([THING] * 4, [done(0, 1, 1, 79), done(0, 2, 1, 15), done(0, 3, 1, 5), done(0, 4, 1, 1)]))
    assert found["abc_class"].to_dict() == {1: "A", 2: "A", 3: "B", 4: "C"}
    found = read(nb, shop_of([THING] * 10, [done(0, key, 1, 0.1) for key in range(1, 11)]))  # ties, and sums of tenths
    assert "".join(found["abc_class"]) == "AAAAAAAABB"
    assert found.index.tolist() == list(range(1, 11))


def test_without_any_revenue_nothing_is_class_a(nb, shop_of):
    assert set(read(nb, shop_of([THING] * 2, [done(0, 1, 1, 0.0)]))["abc_class"]) == {"C"}


def test_a_young_shop_has_fewer_days_of_demand(nb, shop_of):
    found = read(nb, shop_of([THING] * 2, [done(9, 1, 5), (0, 2, 1, 1.0, "Pending")]))
    assert found.loc[1, "units_per_day"] == 0.5
    one_day = read(nb, shop_of([THING], [done(0, 1, 5), done(0, 1, 2)]))
    assert one_day.loc[1, ["units_per_day", "deviation"]].tolist() == [7, 0]


def test_stock_at_the_reorder_point_is_enough(nb, shop_of):
    plan = {"service_level": 0.5, "lead_time": 14.0}
    shop = shop_of([(10.0, stock, "Books", "Acme") for stock in (13, 14, 15)], [done(0, key, 28) for key in (1, 2, 3)])
    with closing(nb.connect(shop.settings.database, "rw")) as writer, writer:
        writer.execute("INSERT INTO orders VALUES (99, NULL, 1, ?, 1, 1, 'Pending', 99)", (day(60),))
    nb.catch_up(shop.settings)
    found = read(nb, shop, **plan)
    assert found["reorder_point"].tolist() == pytest.approx([14, 14, 14])
    assert found["order_quantity"].tolist() == [8, 0, 0]


def test_packs_and_no_lead_time(nb, shop_of):
    shop = shop_of([(10.0, 0, "Books", "Acme")], [done(0, 1, 28), done(60, 1)])
    assert read(nb, shop, pack_size=12, service_level=0.5)["order_quantity"].tolist() == [24]  # of 21
    assert read(nb, shop, pack_size=7, service_level=0.5)["order_quantity"].tolist() == [21]
    at_once = read(nb, shop, lead_time=0.0, lead_time_deviation=0.0)
    assert at_once["reorder_point"].tolist() == [0]
    assert at_once["order_quantity"].tolist() == [0]


def test_only_completed_lines_are_demand(nb, shop_of):
    lines = [(0, 1, 2, 20.0, status) for status in ("Completed", "Pending", "Cancelled", "Returned")]
    found = read(nb, shop_of([THING] * 2, [*lines, (0, 2, 1, 1.0, "Returned"), done(40, 1)]))
    assert found.loc[1, ["units", "revenue"]].tolist() == [3, 30]
    assert found.loc[1, "units_per_day"] == pytest.approx(2 / 28)
    assert pd.isna(found.loc[2, "last_sale"])


def test_huge_amounts_neither_overflow_nor_lose_the_deviation(nb, shop_of):
    shop = shop_of([THING] * 2, [done(ago, key, 2_000_000_000, 1e12) for ago in range(28) for key in (1, 2)])
    found = read(nb, shop)
    assert found["deviation"].tolist() == [0, 0]
    assert found["order_quantity"].notna().all()


def test_unknown_prices_are_no_zeros(nb, shop_of):
    shop = shop_of([(None, 0, "Books", "Acme"), (None, 9, "Books", "Acme")], [done(0, 1), done(200, 1)])
    data = nb.read_inventory(shop, nb.everything(shop), nb.Planning(), nb.everything(shop))
    shown = tile_values(nb.inventory_tiles(data, "$"))
    assert [shown[name][0] for name in ("order_value", "dead_stock", "stock_value")] == ["–"] * 3
    sums = [row for row in cells(nb.inventory_tables(data, "$")) if row[0] == "Acme: 1 product"]
    assert [row[-1] for row in sums] == ["–"]


# ------------------------------------------------------------------ changes, and any shop


def test_what_is_written_is_followed_also_after_a_fold(nb, shop_of, monkeypatch):
    shop = shop_of([THING] * 3, [done(ago, 1 + ago % 2, 1 + ago % 3) for ago in range(0, 70, 3)], [(1, 4)])
    read(nb, shop)

    def write(*statements):
        with closing(nb.connect(shop.settings.database, "rw")) as writer, writer:
            for statement in statements:
                writer.execute(*statement)
        nb.catch_up(shop.settings)
        return read(nb, shop)

    new = "INSERT INTO orders VALUES (?, NULL, ?, ?, ?, ?, 'Completed', ?)"
    found = write((new, (900, 3, day(2), 6, 60.0, 900)))
    assert found.loc[3, ["units", "last_sale"]].tolist() == [6, day(2)]
    monkeypatch.setattr(nb, "FEW_CHANGES", 0)
    found = write(("DELETE FROM orders WHERE order_id = 1",), ("UPDATE orders SET quantity = 9 WHERE order_id = 2",))
    found = write((new, (901, 3, day(-5), 1, 1.0, 901)))  # a later "today"
    assert found.loc[3, "last_sale"] == day(-5)
    found = write(
        ("UPDATE products SET stock_quantity = 0, supplier = NULL WHERE product_id = 3",),
        ("INSERT INTO products VALUES (7, NULL, 'Toys', NULL, 1, NULL)",),
        ("INSERT INTO reviews VALUES (50, 3, NULL, 5, NULL, ?)", (day(1),)),
        ("UPDATE orders SET status = 'Returned' WHERE order_id = 900",),
    )
    assert found.loc[3, ["stock", "units", "rating"]].tolist() == [0, 1, 5]
    assert found.loc[7, "units"] == 0


SHOPS = st.tuples(
    st.lists(
        st.tuples(
            st.sampled_from([None, 0.0, 9.5]),
            st.one_of(st.none(), st.integers(0, 40)),
            st.sampled_from(["Books", "Toys", None]),
            st.sampled_from(["Acme", None]),
        ),
        min_size=1,
        max_size=5,
    ),
    st.lists(
        st.tuples(
            st.one_of(st.integers(0, 40), st.integers(0, 400)),
            st.integers(1, 5),
            st.integers(1, 30),
            st.integers(0, 9_999).map(lambda cents: cents / 100),
            st.sampled_from(["Completed"] * 4 + ["Pending", "Cancelled", "Returned"]),
        ),
        min_size=1,
        max_size=25,
    ),
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=4),
)
PLANNINGS = st.fixed_dictionaries(
    {},
    optional={
        "demand_days": st.integers(1, 100),
        "lead_time": st.floats(0, 100).map(lambda days: round(days, 1)),
        "lead_time_deviation": st.floats(0, 20).map(lambda days: round(days, 1)),
        "service_level": st.sampled_from([0.5, 0.9, 0.95, 0.999]),
        "review_period": st.floats(0, 60).map(lambda days: round(days, 1)),
        "pack_size": st.integers(1, 50),
    },
)


@hypothesis_settings(max_examples=16, phases=list(Phase)[:3])
@given(SHOPS, PLANNINGS)
def test_any_shop(nb, shop_of, parts, plan):
    products, lines, reviews = parts
    lines = [(ago, min(product, len(products)), *rest) for ago, product, *rest in lines]
    reviews = [(min(product, len(products)), stars) for product, stars in reviews]
    connection = shop_of(products, lines, reviews)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read(nb, connection, **plan).reset_index()
        planning = nb.Planning(**plan)
        whole = nb.everything(connection)
        for key in found["product_id"].tolist():
            data = nb.read_inventory(connection, whole, planning, whole)
            nb.stock_chart(nb.forecast_demand(connection, data, key, whole), whole.end)
    due = found[found["order_quantity"] > 0]
    for row in due.itertuples():
        full = lasting(planning.lead_time + planning.review_period, row.units_per_day, row.deviation, planning)
        assert row.order_quantity % planning.pack_size == 0
        assert full - 1e-6 <= row.stock + row.order_quantity < full + planning.pack_size + 1e-6
        assert row.stock < row.reorder_point
    assert (found["order_quantity"].dropna() >= 0).all()
    later = nb.with_plan(found, nb.replace(planning, lead_time=planning.lead_time + 3.5))
    assert (later["reorder_point"] >= found["reorder_point"] - 1e-9).all()
    assert nb.attention(nb.InventoryData(whole, planning, whole.end, found), "$") == [] or reviews


# ------------------------------------------------------------------ what the page says


def tile_values(text):
    """Return measure -> (value, what stands below it)."""
    pattern = r'data-measure="(\w+)" title="[^"]*"><div>[^<]*</div><div[^>]*>([^<]*)</div><div>([^<]*)</div>'
    return {name: (html.unescape(value), html.unescape(below)) for name, value, below in re.findall(pattern, text)}


def cells(text):
    """Return the rows of the tables in an HTML text."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", text, re.DOTALL)
    return [[html.unescape(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)] for row in rows]


@pytest.fixture(scope="module")
def sample_inventory(nb, sample_settings):
    """The sample's stock as the page reads it, and as it is by hand."""
    with closing(nb.connect(sample_settings.database)) as connection:
        whole = nb.everything(connection)
        data = nb.read_inventory(connection, whole, nb.Planning(), whole)
    rows = tables(sample_settings.database)
    return data, pd.DataFrame(expected_inventory(rows, whole, nb.Planning()))


def dead_by_hand(expected, today):
    limit = (date.fromisoformat(today) - timedelta(days=90)).isoformat()
    dead = expected[(expected["stock"] > 0) & ~(expected["last_sale"].fillna("") > limit)]
    return dead.assign(value=dead["stock"] * dead["price"])


def test_tiles_against_pandas(nb, sample_inventory):
    data, expected = sample_inventory
    due, dead = expected[expected["order_quantity"] > 0], dead_by_hand(expected, data.today)
    assert tile_values(nb.inventory_tiles(data, "€")) == {
        "out_of_stock": (str((expected["stock"] == 0).sum()), "\xa0"),
        "below_reorder_point": (str((expected["stock"] < expected["reorder_point"]).sum()), "\xa0"),
        "order_value": (f"€{(due['order_quantity'] * due['price']).sum():,.2f}", f"{len(due)} products"),
        "dead_stock": (f"€{dead['value'].sum():,.2f}", f"{len(dead)} products"),
        "overstock": (str((expected["days_of_inventory"] > 180).sum()), "\xa0"),
        "stock_value": (
            f"€{(expected['stock'] * expected['price']).sum():,.2f}",
            f"{expected['stock'].sum():,} units",
        ),
    }


def test_tables_against_pandas(nb, sample_inventory):
    data, expected = sample_inventory
    rows = cells(nb.inventory_tables(data, "€"))
    heads = [n for n, row in enumerate(rows) if row[0] in ("supplier", "product name")]
    order, dead = rows[heads[0] + 1 : heads[1]], rows[heads[1] + 1 :]
    due = expected[expected["order_quantity"] > 0]
    due = due.assign(amount=due["order_quantity"] * due["price"])
    sums = [row for row in order if not row[1]]
    listed = [row for row in order if row[1]]
    assert len(listed) == len(due)
    by_name = due.set_index(["product_name", "supplier"])
    for supplier, name, group, stock, _, days, gone, _, quantity, amount in listed:
        row = by_name.loc[(name, supplier)]
        assert [group, stock, quantity] == [row["abc_class"], str(int(row["stock"])), f"{row['order_quantity']:,.0f}"]
        assert days == f"{row['days_of_inventory']:,.1f}"
        assert amount == f"€{row['amount']:,.2f}"
        after = (date.fromisoformat(gone) - date.fromisoformat(data.today)).days
        assert after - 1 < row["days_of_inventory"] <= after or after == row["days_of_inventory"] == 0
    assert [row[0].split(": ")[0] for row in sums] == sorted(due["supplier"].unique())
    for row in sums:
        some = due[due["supplier"] == row[0].split(": ")[0]]
        assert row[0].split(": ")[1].split()[0] == str(len(some))
        assert row[-2:] == [f"{some['order_quantity'].sum():,.0f}", f"€{some['amount'].sum():,.2f}"]
    known = dead_by_hand(expected, data.today).sort_values(["value", "product_id"], ascending=[False, True])
    assert [row[0] for row in dead] == known["product_name"].head(100).tolist()
    assert [row[4] for row in dead] == [f"€{value:,.2f}" for value in known["value"].head(100)]
    assert [row[5] for row in dead] == known["last_sale"].fillna("never").head(100).tolist()


def test_planted_stock_outs_and_unsold_products_are_found(nb, sample_settings, sample_inventory):
    data, _ = sample_inventory
    planted = unsold_products(nb, sample_settings)
    assert len(planted) == nb.UNSOLD_PRODUCTS
    dead = data.dead().set_index("product_id")
    assert planted <= set(dead.index)
    assert dead.loc[sorted(planted), "last_sale"].isna().all()
    assert len(data.out_of_stock()) == nb.OUT_OF_STOCK_PRODUCTS
    selling = data.out_of_stock()[data.out_of_stock()["units_per_day"] > 0]
    assert len(selling) > 0
    assert set(selling["product_id"]) <= set(data.to_order()["product_id"])


def unsold_products(nb, settings):
    """Return the products that the sample was made not to sell."""
    assortment, _ = made(nb, settings)
    return set(assortment.loc[assortment["popularity"] == 0, "product_id"])


def made(nb, settings):
    rng = np.random.default_rng(settings.seed)
    people = nb.sample_people(
        rng, settings.sample_customers, date.fromisoformat(settings.end_date), settings.days, settings.seed
    )
    return nb.sample_assortment(
        rng, settings.sample_products, settings.sample_orders / settings.days, settings.seed
    ), people


def test_none_are_found_where_none_was_planted(nb, build, tmp_path, monkeypatch):
    monkeypatch.setattr(nb, "OUT_OF_STOCK_PRODUCTS", 0)
    monkeypatch.setattr(nb, "UNSOLD_PRODUCTS", 0)
    settings = build(tmp_path)
    assortment, _ = made(nb, settings)
    with closing(nb.connect(settings.database)) as connection:
        whole = nb.everything(connection)
        data = nb.read_inventory(connection, whole, nb.Planning(), whole)
        start = (date.fromisoformat(whole.end) - timedelta(days=89)).isoformat()
        (lines,) = connection.execute(
            "SELECT COUNT(*) FROM orders WHERE order_date >= ? AND status = 'Completed'", (start,)
        ).fetchone()
    assert len(data.out_of_stock()) == 0
    chance = np.exp(-lines * assortment["popularity"] / assortment["popularity"].sum()).sum()
    assert len(data.dead()) < chance + 4 * math.sqrt(chance) + 3


def product(key, **changed):
    row = {
        "product_id": key,
        "product_name": f"P{key}",
        "price": 10.0,
        "stock": 5.0,
        "abc_class": "B",
        "units_per_day": 1.0,
        "revenue_per_day": 10.0 * key,
        "days_of_inventory": 50.0,
        "rating": 4.5,
    }
    return {**row, **changed}


def said(nb, *rows, **plan):
    whole = nb.Filters(("East",), ("Books",), day(99), day(0))
    return nb.attention(nb.InventoryData(whole, nb.Planning(**plan), day(0), pd.DataFrame(list(rows))), "€")


def test_attention_is_for_what_is_urgent(nb):
    soon = {"days_of_inventory": 14.0}
    assert said(nb, product(1), product(2, rating=3.9, **soon), product(3, days_of_inventory=14.1)) == []
    assert said(nb, product(4, rating=math.nan, **soon), product(5, units_per_day=0.0, **soon)) == []
    assert said(nb, product(6, rating=4.0, **soon)) == [
        (f"P6 (4.0 ★) runs out on {day(-14)}: €60.00 a day at stake", 6)
    ]
    gone = product(7, stock=0.0, days_of_inventory=0.0, product_name=None)
    assert said(nb, gone, lead_time=0.0) == [("Product 7 (4.5 ★) has run out: €70.00 a day at stake", 7)]
    slow = {"abc_class": "A", "rating": 3.0, "days_of_inventory": 180.4}
    assert said(nb, product(8, **{**slow, "days_of_inventory": 180.0}), product(9, **{**slow, "abc_class": "B"})) == []
    assert said(nb, product(8, **slow)) == [
        ("P8 (class A, 3.0 ★) is badly rated, and its stock lasts 180 days, €50.00 tied up", 8)
    ]
    assert said(nb, product(8, price=math.nan, **slow))[0][0].endswith("its stock lasts 180 days")


@pytest.mark.parametrize(
    ("urgent", "slow", "lines"),
    [
        (9, 0, (5, 0)),
        (9, 1, (4, 1)),
        (9, 9, (3, 2)),
        (2, 9, (2, 3)),
        (0, 9, (0, 5)),
        (1, 1, (1, 1)),
    ],
)
def test_attention_has_five_lines_at_most(nb, urgent, slow, lines):
    rows = [product(key, days_of_inventory=1.0) for key in range(1, urgent + 1)]
    rows += [
        product(key, abc_class="A", rating=2.0, days_of_inventory=999.0, stock=key) for key in range(100, 100 + slow)
    ]
    found = [key for _, key in said(nb, *rows, product(50))]
    assert found == [
        *range(urgent, urgent - lines[0], -1),  # the most revenue at stake first
        *range(99 + slow, 99 + slow - lines[1], -1),  # the most money tied up first
    ]


def test_attention_in_the_sample_is_that_of_pandas(nb, sample_inventory):
    data, expected = sample_inventory
    urgent = expected[
        (expected["rating"] >= 4) & (expected["units_per_day"] > 0) & (expected["days_of_inventory"] <= 14)
    ]
    urgent = urgent.sort_values("revenue_per_day", ascending=False)
    lines = nb.attention(data, "€")
    assert 1 <= len(lines) <= 5
    first = [key for sentence, key in lines if "at stake" in sentence]
    assert first == urgent["product_id"].head(len(first)).tolist()
    for sentence, key in lines:
        row = expected.set_index("product_id").loc[key]
        assert sentence.startswith(row["product_name"])
        number = row["revenue_per_day"] if key in first else row["stock"] * row["price"]
        assert f"€{number:,.2f}" in sentence


@pytest.mark.parametrize(
    ("days", "gone"),
    [
        (0.0, day(0)),
        (0.1, day(-1)),
        (2.0, day(-2)),
        (2.0000000001, day(-2)),
        (2.01, day(-3)),
        (math.nan, None),
        (1e9, None),
    ],
)
def test_the_day_it_runs_out(nb, days, gone):
    assert nb.runs_out(days, day(0)) == gone


# ------------------------------------------------------------------ forecasts

BY_HAND = {  # the units of all days so far -> those of the next seven
    "naive": lambda seen: [seen[-1]] * 7,
    "weekly naive": lambda seen: seen[-7:],
    "mean of four weeks": lambda seen: [sum(seen[-28:]) / len(seen[-28:])] * 7,
    "exponential smoothing": lambda seen: (
        [
            sum(value * 0.5 ** (age / 21) for age, value in enumerate(reversed(seen)))
            / sum(0.5 ** (age / 21) for age in range(len(seen)))
        ]
        * 7
    ),
    "weekly pattern": lambda seen: [
        sum(seen[-28:]) / 28 * (7 * sum(seen[-56 + weekday :: 7]) / sum(seen[-56:]) if sum(seen[-56:]) else 1)
        for weekday in range(7)
    ],
}


def errors_by_hand(series):
    """Return method -> root of the mean squared error over twelve origins a week apart, where there is enough past."""
    found = {}
    for name, method in BY_HAND.items():
        squares = []
        for number in range(12):
            end = len(series) - 28 - 7 * number
            if end >= 56:
                forecast = list(method(series[:end])) * 4
                squares += [(one - other) ** 2 for one, other in zip(forecast, series[end : end + 28], strict=True)]
        found[name] = math.sqrt(sum(squares) / len(squares)) if squares else math.nan
    return found


def column(series):
    return np.array(series, dtype=float).reshape(-1, 1)


@pytest.mark.parametrize("length", [84, 91, 90, 168, 200])
def test_the_backtest_by_hand(nb, length):
    series = np.random.default_rng(length).poisson(2.0, length).astype(float).tolist()
    table = nb.backtest(column(series))
    known = errors_by_hand(series)
    assert table["error"].to_dict() == pytest.approx(known)
    assert table["against_naive"].to_dict() == pytest.approx({name: known[name] / known["naive"] for name in known})
    candidates = {name: known[name] for name in known if "naive" not in name}
    assert nb.best_method(table) == min(candidates, key=candidates.get)


def test_a_pattern_of_the_week_is_seen(nb):
    noise = np.random.default_rng(1).poisson(1.0, 168)
    series = np.where(np.arange(168) % 7 < 2, 12, 1) + noise
    table = nb.backtest(column(series))
    assert nb.best_method(table) == "weekly pattern"
    assert table.loc["weekly pattern", "error"] < 0.5 * table.loc["mean of four weeks", "error"]


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_forecast_no_worse_than_naively(nb, seed):
    table = nb.backtest(column(np.random.default_rng(seed).poisson(0.5 + seed, 168)))
    assert table.loc[nb.best_method(table), "against_naive"] < 1


@pytest.mark.parametrize("length", [1, 6, 27, 55, 56, 83])
@pytest.mark.parametrize("value", [0, 3])
def test_too_short_a_past_is_not_judged(nb, length, value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = nb.backtest(column([value] * length))
    assert table["error"].isna().all()
    assert nb.best_method(table) == "mean of four weeks"


def test_nothing_sold_is_forecast_as_nothing(nb):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = nb.backtest(column([0] * 168))
    assert table["error"].tolist() == [0] * 5
    assert nb.best_method(table) == "mean of four weeks"


def test_the_forecast_of_products_by_hand(nb, shop):
    whole = shop.whole
    data = nb.read_inventory(shop.connection, whole, nb.Planning(), whole)
    sold = shop.orders[shop.orders["status"] == "Completed"]
    calendar = pd.date_range(end=whole.end, periods=168).strftime("%Y-%m-%d")
    for key in data.products["product_id"].iloc[[0, 3, len(data.products) // 2, -1]].tolist():
        demand = nb.forecast_demand(shop.connection, data, key, whole)
        units = sold[sold["product_id"] == key].groupby("order_date")["quantity"].sum()
        series = units.reindex(calendar, fill_value=0).astype(float).tolist()
        assert demand.history["day"].tolist() == calendar.tolist()
        assert demand.history["units"].tolist() == series
        assert demand.tried["error"].to_dict() == pytest.approx(errors_by_hand(series))
        week = list(BY_HAND[demand.method](series))
        assert demand.forecast["units"].tolist() == pytest.approx(week * 26)
        assert demand.forecast["day"].iloc[0] == (date.fromisoformat(whole.end) + timedelta(days=1)).isoformat()
        left, gone = demand.product["stock"], None
        for after, expected in enumerate(week * 26, start=1):
            left -= expected
            if gone is None and left <= 1e-9:
                gone = (date.fromisoformat(whole.end) + timedelta(days=after)).isoformat()
        assert demand.run_out() == gone


def test_the_forecast_of_a_young_shop(nb, shop_of):
    shop = shop_of([THING, THING], [done(2, 1, 3), (0, 2, 1, 1.0, "Pending")])
    whole = nb.everything(shop)
    data = nb.read_inventory(shop, whole, nb.Planning(), whole)
    demand = nb.forecast_demand(shop, data, 1, whole)
    assert demand.method == "mean of four weeks"
    assert demand.history["units"].tolist() == [3, 0, 0]
    assert set(demand.forecast["units"]) == {1.0}
    assert demand.run_out() == day(-5)
    never = nb.forecast_demand(shop, data, 2, whole)
    assert set(never.forecast["units"]) == {0.0}
    assert never.run_out() is None
