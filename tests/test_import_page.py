"""Shops that nobody here wrote, from the file picker to the page, in a real browser: figures against pandas."""

import csv
import sqlite3
from contextlib import closing

import nbformat
import pandas as pd
import pytest
from conftest import METABASE

import browser
from notebook_module import NOTEBOOK, settings_changed

DATA = METABASE.parent


def metabase():
    """A line's total counts as it is; a line of no pieces is one piece; nobody says what became of an order."""
    orders = pd.read_csv(METABASE / "csv" / "orders.csv")
    return orders["total"].sum(), len(orders), orders["quantity"].clip(lower=1).sum(), orders["user_id"].nunique()


def northwind():
    """An order is complete once it was shipped; a line is worth price times quantity less discount."""
    with closing(sqlite3.connect(DATA / "northwind" / "northwind.sqlite")) as connection:
        lines = pd.read_sql_query('SELECT * FROM "Order Details"', connection)
        orders = pd.read_sql_query("SELECT * FROM Orders", connection)
    lines = lines.merge(orders[orders["ShippedDate"].notna()], on="OrderID")
    revenue = (lines["UnitPrice"] * lines["Quantity"] * (1 - lines["Discount"])).sum()
    return revenue, lines["OrderID"].nunique(), lines["Quantity"].sum(), lines["CustomerID"].nunique()


def superstore():
    """Everything was sold, for what `Sales` says."""
    lines = pd.read_csv(DATA / "superstore" / "superstore.csv")
    return lines["Sales"].sum(), lines["Order ID"].nunique(), lines["Quantity"].sum(), lines["Customer ID"].nunique()


def shopify():
    """An order's total stands on its first line; what was given back is no revenue."""
    lines = pd.read_csv(DATA / "shopify-orders" / "shopify_orders_sample.csv")
    paid = lines.dropna(subset="Total")
    paid = paid[paid["Financial Status"].isin(["paid", "partially_refunded", "refunded"])]
    kept = paid["Total"] - paid["Refunded Amount"].fillna(0)
    return kept.sum(), None, None, paid[kept > 0]["Email"].nunique()


SHOPS = {  # name that the page shows -> files to pick, figures
    "My shop": (sorted((METABASE / "csv").glob("*.csv")), metabase),
    "metabase_sample": ([METABASE / "metabase_sample.sqlite"], metabase),
    "northwind": ([DATA / "northwind" / "northwind.sqlite"], northwind),
    "superstore": ([DATA / "superstore" / "superstore.csv"], superstore),
    "shopify_orders_sample": ([DATA / "shopify-orders" / "shopify_orders_sample.csv"], shopify),
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page of a small sample shop; one shop after the other is loaded on it."""
    if not DATA.exists():
        pytest.skip("the shops are not beside this project")
    kind = next((kind for kind in ("voila", "notebook") if kind in browser.servers()), None)
    if kind is None:
        pytest.skip("neither Voilà nor Notebook 7 is installed")
    if browser.find_browser() is None:
        pytest.skip("there is no Chromium on this machine")
    folder = tmp_path_factory.mktemp("page")
    own = {"public": False}  # as its owner has it
    small = settings_changed(
        sample_customers=60, sample_products=60, sample_orders=500, sample_reviews=50, days=100, **own
    )
    nbformat.write(small, folder / NOTEBOOK.name)
    with browser.chromium() as chromium, browser.server(kind, folder) as address:
        page = chromium.new_page(viewport={"width": 1400, "height": 1200})
        browser.open_page(page, kind, address)
        page.folder = folder
        yield page


def pick(page, files):
    """Pick files with the page's file picker, and wait for the form."""
    page.get_by_role("button", name="Data & SQL").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([str(file) for file in files])
    page.locator(".shop-form").get_by_role("button", name="Load", exact=True).wait_for(timeout=30_000)


def load(page, name):
    """Load what was picked, and show all days of it on the first page."""
    page.locator(".shop-form").get_by_role("button", name="Load", exact=True).click()
    page.locator(".shop-head h2", has_text=name).wait_for(timeout=60_000)
    page.get_by_role("button", name="Overview").click()
    page.get_by_label("Days", exact=True).select_option(label="All days")
    return browser.wait_until(lambda: browser.drawn(page), 30, "the charts")


def exact(page, measure):
    """Return what a tile says, exactly."""
    tile = page.locator(f'.shop-page .sb-tile[data-name="{measure}"]')
    hidden = tile.locator(".sb-hidden", has_text="exactly")
    return hidden.text_content().removeprefix(", exactly ") if hidden.count() else browser.tile(page, measure)


def shared_out(page):
    """Return what the categories that are drawn come to."""
    shares = (browser.drawn(page) or {}).get("overview-category-share")
    return sum(shares[0]["values"] or shares[0]["x"] or [0]) if shares else 0


@pytest.mark.parametrize("name", SHOPS)
def test_a_shop_from_the_file_picker_to_the_page(page, name):
    files, figures = SHOPS[name]
    pick(page, files)
    load(page, name)
    revenue, orders, units, customers = figures()
    browser.wait_until(lambda: exact(page, "revenue") == f"${revenue:,.2f}", 20, f"the revenue of {name}")
    for measure, expected in (("orders", orders), ("units", units), ("customers", customers)):
        if expected is not None:
            assert exact(page, measure) == f"{expected:,}", measure
    share = pytest.approx(revenue, abs=0.01)
    browser.wait_until(lambda: shared_out(page) == share, 20, f"the categories of {name}")
    assert page.locator(".shop-page .js-plotly-plot .barlayer .point").count() > 0
    page.get_by_role("button", name="Data & SQL").click()
    kept = f"{name.replace(' ', '_')}.db"
    page.locator(".shop-own code", has_text=kept).first.wait_for(timeout=10_000)
    assert (page.folder / kept).exists()


def test_a_file_of_more_than_one_message_arrives_whole(page):
    with (DATA / "superstore" / "superstore.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    many = page.folder / "many.csv"
    with many.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([f"{n}-{row[0]}", f"{n}-{row[1]}", *row[2:]] for n in range(5) for row in rows)
    assert many.stat().st_size > 10 * 2**20
    pick(page, [many])
    load(page, "many")
    sales = sum(float(row[header.index("Sales")]) for row in rows)
    browser.wait_until(lambda: exact(page, "revenue") == f"${5 * sales:,.2f}", 20, "the revenue of all days")
