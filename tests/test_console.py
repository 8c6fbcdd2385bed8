"""The console that only reads, the page as a text, the way back, and what is behind each figure."""

import csv
import hashlib
import json
import math
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from conftest import tables
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def small_settings(build, tmp_path_factory):
    """A small sample shop."""
    return build(
        tmp_path_factory.mktemp("console"),
        sample_customers=60,
        sample_products=60,
        sample_orders=800,
        sample_reviews=120,
        days=200,
    )


@pytest.fixture
def ask(nb, small_settings):
    """A function that asks the console of the small shop."""

    def ask(sql, **parameters):
        return nb.ask_console(small_settings.database, sql, parameters)

    return ask


# ------------------------------------------------------------------ the console


def test_it_reads(nb, ask, small_settings):
    rows = tables(small_settings.database)
    frame, more = ask("SELECT status, COUNT(*) AS lines FROM orders GROUP BY status ORDER BY status")
    assert dict(frame.itertuples(index=False)) == rows["orders"]["status"].value_counts().to_dict()
    assert not more
    for table, names in nb.COLUMNS.items():
        frame, more = ask(f"WITH all_rows AS (SELECT * FROM {table}) SELECT * FROM all_rows LIMIT 3;  -- and no more")
        assert frame.columns.tolist() == list(names)
    assert len(ask("EXPLAIN QUERY PLAN SELECT * FROM orders")[0]) > 0
    assert len(ask("EXPLAIN SELECT * FROM orders")[0]) > 0


WRITES = [
    "INSERT INTO orders SELECT * FROM orders",
    "REPLACE INTO products (product_id) VALUES (1)",
    "UPDATE products SET price = 0",
    "DELETE FROM orders",
    "WITH gone AS (SELECT order_id FROM orders) DELETE FROM orders WHERE order_id IN (SELECT order_id FROM gone)",
    "WITH one (number) AS (VALUES (1)) UPDATE products SET price = 0 WHERE product_id IN one",
    "WITH one (number) AS (VALUES (1)) INSERT INTO reviews (rating) SELECT number FROM one",
    "DELETE FROM orders RETURNING order_id",
    "EXPLAIN DELETE FROM orders",
    "CREATE TABLE mine (number INTEGER)",
    "CREATE TEMP TABLE mine AS SELECT * FROM orders",
    "CREATE VIRTUAL TABLE mine USING fts5(words)",
    "CREATE TEMP TRIGGER mine AFTER INSERT ON orders BEGIN DELETE FROM orders; END",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE INDEX mine ON orders (quantity)",
    "DROP TABLE orders",
    "ALTER TABLE orders ADD COLUMN mine TEXT",
    "ATTACH DATABASE 'elsewhere.db' AS elsewhere",
    "ATTACH ':memory:' AS elsewhere",
    "DETACH main",
    "PRAGMA user_version = 7",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA query_only = OFF",
    "PRAGMA table_info(orders)",
    "SELECT * FROM pragma_table_info('orders')",
    "SELECT * FROM pragma_wal_checkpoint",
    "VACUUM",
    "VACUUM INTO 'elsewhere.db'",
    "ANALYZE",
    "REINDEX",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "SAVEPOINT here",
    "SELECT load_extension('mine')",
    "SELECT LOAD_EXTENSION('mine', 'entry')",
    "SELECT 1; DELETE FROM orders",
    "SELECT 1; SELECT 2",
]


@pytest.mark.parametrize("sql", WRITES)
def test_whatever_writes_is_refused(nb, ask, small_settings, tmp_path, monkeypatch, sql):
    monkeypatch.chdir(tmp_path)
    before = hashlib.sha256(Path(small_settings.database).read_bytes()).hexdigest()
    with pytest.raises(nb.ShopProblem) as problem:
        ask(sql)
    known = ("only reads", "one statement", "load_extension", "no such", "syntax error", "already a table")
    assert any(reason in str(problem.value) for reason in known)
    assert hashlib.sha256(Path(small_settings.database).read_bytes()).hexdigest() == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "Nothing was asked"),
        ("  -- nothing\n", "Nothing was asked"),
        ("SELEKT 1", "syntax error"),
        ("SELECT mine FROM orders", "no such column"),
        ("SELECT * FROM nowhere", "no such table"),
        ("SELECT :mine", "mine"),
        ("SELECT ?", "no name|bind"),
        ("SELECT '\ud800'", "surrogates|wrong type"),
        ("SELECT 'a\0b'", "null character"),
        ("SELECT CAST(x'ff' AS TEXT)", "UTF-8"),
        ("SELECT ABS(-9223372036854775807 - 1)", "overflow"),
        ("SELECT ZEROBLOB(2000000000)", "too big"),
    ],
)
def test_what_is_wrong_is_said(nb, ask, sql, said):
    with pytest.raises(nb.ShopProblem, match=said):
        ask(sql)


NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)"


@pytest.mark.parametrize(
    "sql",
    [
        f"{NUMBERS} SELECT COUNT(*) FROM numbers",
        f"{NUMBERS} SELECT n FROM numbers WHERE n < 0",
        "SELECT COUNT(*) FROM orders AS a, orders AS b, orders AS c, orders AS d WHERE a.order_id + b.order_id + c.order_id = d.quantity",
    ],
)
def test_what_does_not_end_is_stopped(nb, ask, monkeypatch, sql):
    monkeypatch.setattr(nb, "CONSOLE_SECONDS", 0.2)
    with pytest.raises(nb.ShopProblem, match=r"more than 0\.2 seconds and was stopped"):
        ask(sql)


def test_rows_and_values_are_limited(nb, ask, monkeypatch):
    frame, more = ask(f"{NUMBERS} SELECT n FROM numbers")
    assert frame["n"].tolist() == list(range(1, nb.CONSOLE_ROWS + 1))
    assert more
    monkeypatch.setattr(nb, "CONSOLE_ROWS", 3)
    assert [len(ask(f"{NUMBERS} SELECT n FROM numbers LIMIT {limit}")[0]) for limit in (2, 3, 4)] == [2, 3, 3]
    assert [ask(f"{NUMBERS} SELECT n FROM numbers LIMIT {limit}")[1] for limit in (2, 3, 4)] == [False, False, True]
    frame, _ = ask("SELECT ZEROBLOB(12345) AS bytes, PRINTF('%.*c', 1000000, 'x') AS long, 'short' AS short, NULL AS n")
    assert frame.loc[0, "bytes"] == "BLOB of 12,345 bytes"
    assert frame.loc[0, "long"] == "x" * nb.CONSOLE_CHARACTERS + "… (1,000,000 characters)"
    assert frame.loc[0, "short"] == "short"
    assert frame.loc[0, "n"] is None


def test_every_example_runs_with_what_the_page_gives(nb, small_settings):
    dashboard = nb.Dashboard(small_settings)
    dashboard.navigation.value = "Data & SQL"
    page = dashboard.shown
    dashboard.regions.value = dashboard.whole.regions[:2]
    for name in nb.CONSOLE_EXAMPLES:
        page.example.value = name
        assert "shop-alert" not in page.answer.value, name
        assert len(page.frame) > 0, name
        assert "shop-alert" not in dashboard.status.value
    page.sql.value = "SELECT value FROM JSON_EACH(:regions) WHERE :start < :end AND :lead_time = 14"
    page.run.click()
    assert page.frame["value"].tolist() == list(dashboard.whole.regions[:2])
    dashboard.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS same, '<b>' AS same",
        "EXPLAIN SELECT 1",
        "SELECT * FROM orders WHERE 0",
        "SELECT '<script>' AS \"<script>\"",
    ],
)
def test_what_is_behind_an_answer(nb, small_settings, sql):
    dashboard = nb.Dashboard(small_settings)
    dashboard.navigation.value, dashboard.show_behind.value = "Data & SQL", True
    assert "no charts or tables" in dashboard.behind.value
    dashboard.csv.click()
    assert "There is no table to download" in dashboard.status.value
    dashboard.refresh()
    page = dashboard.shown
    page.sql.value = sql
    page.run.click()
    for aspect, part in (("SQL", "shop-sql"), ("Rows", "that its SQL reads"), ("Table", "shop-rows")):
        dashboard.aspect.value = aspect
        assert part in dashboard.behind.value
        assert "shop-alert" not in dashboard.status.value
        assert "<script>" not in dashboard.behind.value
    assert "<script>" not in page.answer.value
    dashboard.close()


# ------------------------------------------------------------------ the page as a text


@pytest.fixture(scope="module")
def dashboard(nb, small_settings):
    dashboard = nb.Dashboard(small_settings)
    yield dashboard
    dashboard.close()


def shown(dashboard):
    """Return all that a text of the page keeps, from the controls."""
    numbers = {name: control.value for name, control in dashboard.pages["Inventory"].numbers.items()}
    return dashboard._here(), numbers, len(dashboard.past)


PLANS = st.fixed_dictionaries(
    {},
    optional={
        "demand_days": st.integers(7, 365),
        "lead_time": st.floats(0, 365),
        "lead_time_deviation": st.sampled_from([0.0, 2.5, 365.0]),
        "service_level": st.integers(500, 999).map(lambda share: share / 1000),
        "review_period": st.floats(0, 365).map(lambda days: round(days, 2)),
        "pack_size": st.integers(1, 100_000),
    },
)


@hypothesis_settings(max_examples=10, phases=list(Phase)[:3])
@given(st.data())
def test_a_text_brings_the_page_back(nb, dashboard, data):
    whole = dashboard.whole
    days = st.integers(0, 199).map(lambda n: (date.fromisoformat(whole.start) + timedelta(days=n)).isoformat())
    start, end = sorted([data.draw(days), data.draw(days)])
    filters = nb.Filters(
        tuple(name for name in whole.regions if data.draw(st.booleans())),
        tuple(name for name in whole.categories if data.draw(st.booleans())),
        start,
        min(end, whole.end),
    )
    plan = nb.Planning(**data.draw(PLANS))
    page = data.draw(st.sampled_from(list(dashboard.pages)))
    customer = data.draw(st.sampled_from([0, 1, 60]))
    dashboard.restore("{}")
    assert json.loads(dashboard.state()) == {"page": "Overview"}
    with dashboard.quietly():
        dashboard.pages["Inventory"].plan(plan)
    dashboard.go("Inventory", filters)
    dashboard.go(page, customer=customer)
    if filters.problem() == "":
        listed = nb.read_inventory(dashboard.connection, filters, plan, whole).products["product_id"]
        dashboard.go(product=data.draw(st.sampled_from([0, *listed])))
    text, before = dashboard.state(), shown(dashboard)[:2]
    dashboard.restore("{}")
    dashboard.restore(text)
    assert dashboard.state() == text
    assert shown(dashboard)[:2] == before
    planned = dashboard.pages["Inventory"].planning()
    assert planned.parameters() == pytest.approx(plan.parameters(), abs=1e-8)
    dashboard.restore(f'{{"page": "Overview", "planning": {json.dumps(vars(plan))}}}')  # kept though not shown
    assert nb.Planning(**json.loads(dashboard.state()).get("planning", {})) == planned == dashboard.planning
    dashboard.past.clear()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not the text of a page"),
        ("no text", "not the text of a page"),
        ("[1, 2]", "not the text of a page"),
        ("null", "not the text of a page"),
        ('{"page": "Overview"', "not the text of a page"),
        ("[" * 100_000, "not the text of a page"),
        ('{"page": "Nowhere"}', "Nowhere"),
        ('{"regions": ["Atlantis", "North"]}', "Atlantis"),
        ('{"regions": "North"}', "are lists"),
        ('{"regions": 3}', "are lists"),
        ('{"categories": [["Books"]]}', "Books"),
        ('{"start": "2025-02-30"}', "not the text of a page"),
        ('{"end": null}', "not the text of a page"),
        ('{"planning": {"lead_tme": 3}}', "lead_tme"),
        ('{"planning": 5}', "not the text of a page"),
        ('{"planning": {"lead_time": "long"}}', "lead_time 'long'"),
        ('{"planning": {"lead_time": -1}}', "lead_time -1"),
        ('{"planning": {"lead_time": NaN}}', "lead_time nan"),
        ('{"planning": {"service_level": 1.5}}', "service_level 1.5"),
        ('{"planning": {"pack_size": 0}}', "pack_size 0"),
        ('{"planning": {"demand_days": 28.5}}', "demand_days 28.5"),
        ('{"product": Infinity}', "not the text of a page"),
        ('{"product": "x"}', "not the text of a page"),
        ('{"product": 987654}', "product 987654"),
        ('{"product": 1e40}', "product 1"),
        ('{"customer": 987654}', "customer 987654"),
        ('{"customer": 1e40}', "customer 1"),
        ('{"region": ["North"]}', "region"),
    ],
)
def test_a_text_that_cannot_be_shown_changes_nothing(nb, dashboard, text, said):
    dashboard.restore('{"page": "Inventory", "regions": ["North"], "planning": {"lead_time": 21.0}}')
    before, state = shown(dashboard), dashboard.state()
    with pytest.raises(nb.ShopProblem, match=said) as problem:
        dashboard.restore(text)
    assert "Something unforeseen" not in str(problem.value)
    assert (shown(dashboard), dashboard.state()) == (before, state)
    dashboard.restore("{}")
    dashboard.past.clear()


def test_names_given_twice_or_in_another_order_are_what_they_are(dashboard):
    whole = dashboard.whole
    dashboard.restore(json.dumps({"regions": [*reversed(whole.regions), whole.regions[0]]}))
    assert json.loads(dashboard.state()) == {"page": "Overview"}
    assert "shop-alert" not in dashboard.status.value
    dashboard.past.clear()


def test_the_way_back(nb, dashboard):
    dashboard.restore("{}")
    dashboard.past.clear()
    first = dashboard._here()
    dashboard.go_back()
    assert dashboard._here() == first
    assert dashboard.back.layout.display != "" or not dashboard.past
    one_region = nb.replace(dashboard.whole, regions=dashboard.whole.regions[:1])
    dashboard.go(filters=one_region)
    dashboard.go(page="Inventory", product=3)
    dashboard.go(page="Inventory", product=3)  # no step: nothing changed
    dashboard.go(page="Customers", customer=5)
    assert dashboard.back.layout.display == ""
    dashboard.go_back()
    assert (dashboard.navigation.value, dashboard.product, dashboard.customer) == ("Inventory", 3, 0)
    assert int(dashboard.shown.demand.product["product_id"]) == 3
    dashboard.go_back()
    assert (dashboard.navigation.value, dashboard.selection()) == ("Overview", one_region)
    dashboard.go_back()
    assert dashboard._here() == first
    assert dashboard.back.layout.display == "none"


def test_the_way_back_leads_to_what_a_shop_still_has(nb, dashboard):
    dashboard.past.append({**dashboard._here(), "filters": nb.replace(dashboard.whole, regions=("Gone", "North"))})
    dashboard.go_back()
    assert dashboard.selection().regions == ("North",)
    dashboard.restore("{}")
    dashboard.past.clear()


def test_a_product_is_chosen_from_the_list(dashboard):
    dashboard.restore('{"page": "Inventory"}')
    dashboard.past.clear()
    best = int(dashboard.shown.demand.product["product_id"])
    other = dashboard.shown.product.options[7][1]
    dashboard.shown.product.value = other
    assert int(dashboard.shown.demand.product["product_id"]) == other != best
    assert dashboard.shown.product.value == dashboard.product == other
    dashboard.go_back()
    assert dashboard.shown.product.value == 0
    assert int(dashboard.shown.demand.product["product_id"]) == best
    dashboard.restore("{}")
    dashboard.past.clear()


def test_without_a_selection_nothing_needs_attention(nb, sample_settings):
    dashboard = nb.Dashboard(sample_settings)
    dashboard.navigation.value = "Inventory"
    assert len(dashboard.shown.attention.children) > 1
    dashboard.select(nb.replace(dashboard.whole, regions=()))
    assert len(dashboard.shown.attention.children) == 0
    dashboard.csv.click()  # there are no figures of this selection
    assert "Choose at least one region" in dashboard.status.value
    dashboard.close()


# ------------------------------------------------------------------ behind the figures


@pytest.fixture(scope="module", params=["whole", "narrow"])
def opened(request, nb, sample_settings):
    """The sample's page, with a customer opened, in two selections."""
    dashboard = nb.Dashboard(sample_settings)
    whole = dashboard.whole
    narrow = nb.replace(whole, regions=whole.regions[1:3], categories=whole.categories[::2], start="2025-03-10")
    dashboard.customer = int(nb.top_customers(dashboard.connection, narrow)["customer_id"].iloc[0])
    dashboard.select(whole if request.param == "whole" else narrow)
    yield dashboard
    dashboard.close()


def items(dashboard):
    for page in list(dashboard.pages)[:4]:
        dashboard.navigation.value = page
        assert "shop-alert" not in dashboard.status.value
        for name, item in dashboard.shown.items().items():
            yield page, name, item


def test_each_select_gives_the_figures_that_it_stands_behind(nb, opened):
    seen = set()
    for page, name, item in items(opened):
        seen.add((page, name))
        answer, frame = nb.read_query(opened.connection, item.sql, **item.parameters), item.frame
        if (page, name) == ("Overview", "tiles"):
            answer, frame = answer.T.reset_index(names="measure"), frame[["measure", "now"]]
            answer.columns = frame.columns
        elif name == "regional_heatmap":  # its rank is in the order, and an empty cell is no row
            assert set(answer) - set(frame) == {"rank_in_region"}
            frame = frame[frame["revenue"] > 0]
            answer, frame = (
                rows[["region", "category", "revenue"]].sort_values(["region", "category"], ignore_index=True)
                for rows in (answer, frame)
            )
        elif name == "demand":
            frame = frame[frame["units"] > 0][["day", "units"]].reset_index(drop=True)
        elif page == "Inventory":
            assert set(answer) == set(frame), name
            answer = answer[list(frame)]
            frame, answer = (
                rows.assign(last_sale=rows["last_sale"].fillna("").astype(str)) for rows in (frame, answer)
            )
        assert nb.largest_difference(frame.reset_index(drop=True), answer) < 0.005, (page, name)
    assert len(seen) == 6 + 7 + 6 + 4


def counts(values, keys):
    return values.value_counts().reindex(keys, fill_value=0).tolist()


def orders_by_month(frame, rows):
    keys = ["customer_id", "order_date", "order_number"]
    orders = rows.dropna(subset="customer_id")[keys].drop_duplicates()
    return frame[["new_orders", "returning_orders"]].sum(axis=1), counts(orders["order_date"].str[:7], frame["month"])


def tiles_of_rows(frame, rows):
    sold = rows[rows["status"] == "Completed"]
    orders = len(sold[["order_date", "order_number"]].drop_duplicates())
    found = frame.set_index("measure").loc[["revenue", "orders", "units", "cancelled_share"], "now"]
    cancelled = (rows["status"] == "Cancelled").mean()
    return found, [sold["total_amount"].sum(), orders, sold["quantity"].sum(), cancelled]


def stock_of_rows(frame, rows):
    return frame.sort_values("product_id")["stock"], rows.sort_values("product_id")["stock_quantity"]


def units_of_rows(frame, rows):
    return frame.loc[frame["units"] > 0, "units"], rows.groupby("order_date")["quantity"].sum()


def ratings_of_rows(frame, rows):
    stars = rows.groupby(rows["review_date"].str[:7])["rating"].mean()
    return frame["mean_rating"], stars.reindex(frame["month"])


def revenue_of_rows(frame, rows):
    return [frame["revenue"].sum()], [rows["total_amount"].sum()]


def known_revenue(frame, rows):
    last = frame["revenue"].iloc[-1] if "top_percent" in frame else frame["revenue"].sum()
    return [last], [rows.loc[rows["customer_id"].notna(), "total_amount"].sum()]


ADDED_UP = {
    ("Overview", "tiles"): tiles_of_rows,
    ("Overview", "daily_revenue"): revenue_of_rows,
    ("Overview", "category_share"): revenue_of_rows,
    ("Overview", "regional_heatmap"): revenue_of_rows,
    ("Overview", "sales_rating"): revenue_of_rows,
    ("Overview", "top_customers"): lambda frame, rows: (
        frame["lifetime_value"],
        rows.groupby("customer_id")["total_amount"].sum().loc[frame["customer_id"]],
    ),
    ("Customers", "new_returning"): orders_by_month,
    ("Customers", "concentration"): known_revenue,
    ("Customers", "rfm_groups"): known_revenue,
    ("Customers", "customer"): revenue_of_rows,
    ("Products", "sales_quadrants"): revenue_of_rows,
    ("Products", "rating_distribution"): lambda frame, rows: (
        frame["reviews"],
        counts(rows["rating"], frame["rating"]),
    ),
    ("Products", "rating_trend"): ratings_of_rows,
    ("Products", "most_returned"): lambda frame, rows: (
        frame["returned_units"],
        rows.groupby("product_id")["quantity"].sum().loc[frame["product_id"]],
    ),
    ("Inventory", "stock"): stock_of_rows,
    ("Inventory", "demand"): units_of_rows,
}


def test_the_rows_behind_add_up_to_the_figures(opened):
    checked = set()
    for page, name, item in items(opened):
        rows = item.rows.read(opened.connection, opened.selection(), opened.settings, most=10**9)
        if item.rows.kind == "orders" and item.rows.also:
            assert set(rows["status"]) == {"Returned" if item.rows.also == "returned" else "Completed"}
        if (page, name) in ADDED_UP:
            found, known = map(list, ADDED_UP[page, name](item.frame, rows))
            assert len(found) > 0
            assert found == pytest.approx(known, nan_ok=True), (page, name)
            checked.add((page, name))
    assert checked == set(ADDED_UP)


def test_csv_is_the_table_with_its_stamp(nb, opened):
    opened.show_behind.value = True
    for page, name, item in items(opened):
        opened.item.value = name
        opened.csv.click()
        assert f'download="{name}.csv"' in opened.csv_link.value
        path = Path(opened.settings.exports) / f"{name}.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            (stamp,), header, *rows = csv.reader(file)
        chosen = nb.selection_text(opened.selection(), opened.whole)
        assert stamp == f"# {item.title} · Sample shop · {chosen}"
        assert header == list(item.frame.columns), (page, name)
        assert len(rows) == len(item.frame)
        for row, known in zip(rows[:50], item.frame.itertuples(index=False), strict=False):
            for text, value in zip(row, known, strict=True):
                if pd.isna(value):
                    assert text == ""
                elif isinstance(value, str):
                    assert text == value
                else:
                    assert math.isclose(float(text), value)
    opened.show_behind.value = False


def test_the_card_of_a_customer_is_of_all_days(nb, opened):
    opened.navigation.value = "Customers"
    with closing(sqlite3.connect(opened.settings.database)) as connection:
        total, count = connection.execute(
            "SELECT SUM(total_amount), COUNT(DISTINCT order_date || order_number) FROM orders "
            "WHERE customer_id = ? AND status = 'Completed'",
            (opened.customer,),
        ).fetchone()
    assert f"{count:,} orders of all days and categories · ${total:,.2f}" in opened.shown.above.value
