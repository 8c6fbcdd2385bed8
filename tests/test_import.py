"""A shop that nobody here wrote: what goes in is loaded or set aside, to the cent, and nothing is invented."""

import contextlib
import csv
import math
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from conftest import METABASE, tables
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopboard.dashboard import Dashboard
from shopboard.database import connect
from shopboard.importing.receipt import reconciliation, reconciliation_tables
from shopboard.pages import Page
from shopboard.problems import ShopProblem

DATA = METABASE.parent

NORTHWIND_MAPPING = {
    "customers": "SELECT CustomerID AS customer_id, CompanyName AS name, Country AS region FROM Customers",
    "products": "SELECT ProductID AS product_id, ProductName AS product_name, CategoryName AS category, "
    "UnitPrice AS price, UnitsInStock AS stock_quantity, Suppliers.CompanyName AS supplier FROM Products "
    "LEFT JOIN Categories USING (CategoryID) LEFT JOIN Suppliers USING (SupplierID)",
    "orders": "SELECT OrderID || '-' || ProductID AS order_id, CustomerID AS customer_id, ProductID AS product_id, "
    "OrderDate AS order_date, Quantity AS quantity, UnitPrice * Quantity * (1 - Discount) AS total_amount, "
    "CASE WHEN ShippedDate IS NULL THEN 'Pending' ELSE 'Completed' END AS status, OrderID AS order_number "
    'FROM "Order Details" JOIN Orders USING (OrderID)',
}


@pytest.fixture
def folder(tmp_path):
    """A folder for a source, beside the folder for what is made of it."""
    (tmp_path / "source").mkdir()
    return tmp_path / "source"


@pytest.fixture
def load(build, tmp_path):
    """A function that builds from a source and returns the settings."""

    def load(source, **changed):
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        return build(out, source=str(source), **changed)

    return load


def write_csv(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def small_shop(folder, orders, customers=(("1", "Ann"),), reviews=None, products=(("1", "Lamp"), ("2", "Rug"))):
    """Write a shop of CSV files; each order is customer, product, date, quantity, total, status."""
    write_csv(folder / "customers.csv", ["customer_id", "name"], customers)
    write_csv(folder / "products.csv", ["product_id", "product_name"], products)
    header = ["order_id", "customer_id", "product_id", "order_date", "quantity", "total_amount", "status"]
    write_csv(folder / "orders.csv", header, [(n, *order) for n, order in enumerate(orders, 1)])
    if reviews is not None:
        write_csv(folder / "reviews.csv", ["review_id", "product_id", "customer_id", "rating", "review_date"], reviews)


GOOD = ("1", "1", "2025-01-01", "1", "10.00", "Completed")


def set_aside(settings):
    with contextlib.closing(sqlite3.connect(settings.database)) as connection:
        return pd.read_sql_query("SELECT * FROM set_aside", connection)


def receipt(settings):
    with contextlib.closing(connect(settings.database)) as connection:
        return reconciliation(connection, settings).set_index("table_name")


# The Metabase shop, in both of its forms


def test_metabase_is_accounted_for_to_the_cent(metabase_settings):
    rows = receipt(metabase_settings)
    source = pd.read_csv(METABASE / "csv" / "orders.csv")
    bad = source[source["quantity"] <= 0]
    assert len(bad) == 67
    orders = rows.loc["orders"]
    assert (orders["rows_read"], orders["rows_loaded"], orders["rows_set_aside"]) == (18_760, 18_760 - 67, 67)
    assert orders["amount_read"] == "1,595,328.13"
    with contextlib.closing(connect(metabase_settings.database)) as connection:
        said = reconciliation_tables(connection)["Assumptions"]["assumption"]
    read, aside = source["total"].sum(), bad["total"].sum()
    exact = f"{read:,.6f} read = {read - aside:,.6f} loaded + {aside:,.6f} set aside"
    assert said.str.contains(exact, regex=False).sum() == 1  # in cents, the rounded sums do not add up
    assert orders["amount_set_aside"] == f"{bad['total'].sum():,.2f}"
    assert orders["amount_loaded"] == f"{source['total'].sum() - bad['total'].sum():,.2f}"
    assert rows["rows_read"].to_dict() == {"customers": 2_500, "products": 200, "orders": 18_760, "reviews": 1_112}


def test_metabase_rows_are_the_sources_own(metabase_settings):
    loaded = tables(metabase_settings.database)["orders"].set_index("order_id")
    source = pd.read_csv(METABASE / "csv" / "orders.csv", index_col="id", float_precision="round_trip")
    source = source[source["quantity"] > 0]
    assert loaded.index.tolist() == source.index.tolist()
    assert loaded["total_amount"].tolist() == source["total"].tolist()
    assert loaded["customer_id"].tolist() == source["user_id"].tolist()
    assert loaded["order_date"].tolist() == source["created_at"].str[:10].tolist()
    assert set(loaded["status"]) == {"Completed"}


def test_metabase_reviewers_and_stock_stay_unknown(metabase_settings):
    rows = tables(metabase_settings.database)
    assert rows["reviews"]["customer_id"].isna().all()
    assert rows["products"]["stock_quantity"].isna().all()
    assert rows["customers"]["customer_segment"].isna().all()
    assert len(rows["customers"]) == 2_500
    assert rows["reviews"]["rating"].mean() == pytest.approx(3.9874, abs=0.00005)


def test_metabase_figures_on_the_page(metabase_settings, open_shop, tiles):
    figures = tiles(metabase_settings)
    with contextlib.closing(open_shop(metabase_settings)) as shop:
        header = Dashboard(shop, [Page("Overview")]).header.value
    assert "18,693 order lines (67 set aside)" in header
    assert figures[["cancelled_share", "returned_share"]].isna().all()  # it states no status
    aside = set_aside(metabase_settings)
    assert figures["revenue"] + aside["amount"].sum() == pytest.approx(1_595_328.13, abs=0.005)
    source = pd.read_csv(METABASE / "csv" / "orders.csv")
    source = source[source["quantity"] > 0]
    assert figures["customers"] == source["user_id"].nunique()
    assert figures["units"] == source["quantity"].sum() == 69_540
    assert figures["rating"] == pytest.approx(3.9874, abs=0.00005)


def test_what_was_set_aside_is_a_file_too(metabase_settings):
    receipt(metabase_settings)
    written = pd.read_csv(Path(metabase_settings.exports) / "set_aside.csv", skiprows=1)
    assert len(written) == len(set_aside(metabase_settings)) == 67
    assert written["reason"].str.contains("quantity is '0', not a whole number other than 0").all()
    assert written["value"].tolist() == written["quantity"].tolist() == [0] * 67


def test_a_password_is_not_taken_over(metabase_settings):
    users = pd.read_csv(METABASE / "csv" / "users.csv")
    assert users["password"].iloc[0].encode() not in Path(metabase_settings.database).read_bytes()


# Other shops, by a mapping


def test_northwind(open_shop, tiles, load):
    if not DATA.exists():
        pytest.skip("the Northwind database is not beside this project")
    settings = load(DATA / "northwind" / "northwind.sqlite", mapping=NORTHWIND_MAPPING)
    rows = tables(settings.database)
    assert len(rows["orders"]) == 2_155
    assert rows["orders"]["order_number"].nunique() == 830
    assert rows["orders"]["total_amount"].sum() == pytest.approx(1_265_793.04, abs=0.005)
    with contextlib.closing(connect(settings.database)) as connection:
        ids = dict(connection.execute("SELECT id, source_id FROM source_ids WHERE kind = 'customers'").fetchall())
    pending = rows["orders"]["status"] == "Pending"
    loaded = rows["orders"].loc[~pending, "total_amount"].sum()
    with contextlib.closing(open_shop(settings)) as shop:
        assert "(unknown)" in shop.everything().regions
    assert tiles(settings)["revenue"] == pytest.approx(loaded, abs=0.005)
    assert "ALFKI" in ids.values()


def test_superstore(load, folder, story, open_shop, tiles):
    if not DATA.exists():
        pytest.skip("the Superstore file is not beside this project")
    (folder / "superstore.csv").write_bytes((DATA / "superstore" / "superstore.csv").read_bytes())
    mapping = {
        "customers": 'SELECT "Customer ID" AS customer_id, MIN("Customer Name") AS name, MIN(Region) AS region, '
        'MIN(Segment) AS customer_segment FROM superstore GROUP BY "Customer ID"',
        "products": 'SELECT "Product ID" AS product_id, MIN("Product Name") AS product_name, MIN(Category) AS category '
        'FROM superstore GROUP BY "Product ID"',
        "orders": 'SELECT "Row ID" AS order_id, "Customer ID" AS customer_id, "Product ID" AS product_id, '
        '"Order Date" AS order_date, Quantity AS quantity, Sales AS total_amount, "Order ID" AS order_number '
        "FROM superstore",
    }
    settings = load(folder, mapping=mapping)
    rows = tables(settings.database)
    source = pd.read_csv(folder / "superstore.csv")
    assert len(rows["orders"]) + (set_aside(settings)["what"] == "row").sum() == 9_994
    assert rows["orders"]["total_amount"].sum() == pytest.approx(source["Sales"].sum(), abs=0.005)
    figures = tiles(settings)
    assert figures["revenue"] == pytest.approx(2_297_200.86, abs=0.005)
    assert figures["orders"] == 5_009
    assert figures["customers"] == 793
    with contextlib.closing(open_shop(settings)) as shop:
        assert shop.ask(story.TOP_CUSTOMERS)["name"].iloc[0] == "Sean Miller"


# Rows that break a rule


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (("1", "1", "2025-02-30", "1", "10", "Completed"), "order_date is '2025-02-30'"),
        (("1", "1", "", "1", "10", "Completed"), "order_date is missing"),
        (("1", "1", "0001-01-01", "1", "10", "Completed"), "order_date is '0001-01-01'"),
        (("1", "1", "31/12/2025", "1", "10", "Completed"), "order_date is '31/12/2025'"),
        (("1", "1", "2025-01-01", "0", "10", "Completed"), "quantity is '0'"),
        (("1", "1", "2025-01-01", "1.5", "10", "Completed"), "quantity is '1.5'"),
        (("1", "1", "2025-01-01", "-1", "0", "Completed"), "a correction of stock"),
        (("1", "1", "2025-01-01", "1", "ten", "Completed"), "total_amount is 'ten'"),
        (("1", "1", "2025-01-01", "1", "", "Completed"), "total_amount is missing"),
        (("1", "1", "2025-01-01", "1", "1e999", "Completed"), "total_amount is"),
        (("1", "1", "2025-01-01", "1", "nan", "Completed"), "total_amount is 'nan'"),
        (("1", "1", "2025-01-01", "1", "10", "mystery"), "status is 'mystery'"),
        (("1", "9", "2025-01-01", "1", "10", "Completed"), "product_id 9 is not among the loaded products"),
        (("9", "1", "2025-01-01", "1", "10", "Completed"), "customer_id 9 is not among the loaded customers"),
        (("1", "", "2025-01-01", "1", "10", "Completed"), "product_id is missing"),
    ],
)
def test_a_bad_order_is_set_aside_with_its_reason(load, folder, order, reason):
    small_shop(folder, [GOOD, order])
    settings = load(folder)
    (aside,) = set_aside(settings).itertuples()
    assert (aside.table_name, aside.source_row, aside.what) == ("orders", 2, "row")
    assert reason in aside.reason
    assert len(tables(settings.database)["orders"]) == 1
    receipt(settings)


def test_the_spellings_of_a_status(load, folder):
    orders = [(*GOOD[:5], status) for status in ("COMPLETED", "canceled", " Returned ", "pending")]
    small_shop(folder, orders)
    loaded = tables(load(folder).database)["orders"]
    assert loaded["status"].tolist() == ["Completed", "Cancelled", "Returned", "Pending"]


def test_repeated_keys_are_set_aside_after_the_first(load, folder):
    small_shop(folder, [GOOD], customers=[("1", "Ann"), ("1", "Bob"), ("2", "Cid"), ("", "Dan")])
    settings = load(folder)
    assert tables(settings.database)["customers"]["name"].tolist() == ["Ann", "Cid"]
    assert set_aside(settings)["reason"].tolist() == [
        "customer_id 1 repeats that of row 1, with other values",
        "customer_id is missing",
    ]


def test_guests_stay_unknown(load, folder, tiles):
    small_shop(folder, [GOOD, ("", "1", "2025-01-02", "1", "5.00", "Completed")])
    settings = load(folder)
    rows = tables(settings.database)
    assert rows["orders"]["customer_id"].tolist()[0] == 1
    assert math.isnan(rows["orders"]["customer_id"].tolist()[1])
    assert len(rows["customers"]) == 1
    figures = tiles(settings)
    assert figures["revenue"] == 15
    assert figures["customers"] == 1


def test_a_value_that_may_be_unknown_does_not_cost_its_row(load, folder):
    small_shop(folder, [GOOD])
    write_csv(
        folder / "products.csv",
        ["product_id", "price", "stock_quantity"],
        [("1", "cheap", "3"), ("2", "1.50", "-4"), ("3", "", "")],
    )
    write_csv(folder / "customers.csv", ["customer_id", "registration_date"], [("1", "long ago"), ("2", "2024-01-31")])
    settings = load(folder)
    rows = tables(settings.database)
    assert rows["products"]["price"].tolist()[1:2] == [1.5]
    assert rows["products"]["price"].isna().tolist() == [True, False, True]
    assert rows["products"]["stock_quantity"].isna().tolist() == [False, True, True]
    assert rows["customers"]["registration_date"].tolist()[1] == "2024-01-31"
    aside = set_aside(settings)
    assert (aside["what"] == "value").all()
    assert aside["content"].tolist() == ["long ago", "cheap", "-4"]


def test_lines_of_a_wrong_length_are_set_aside(load, folder):
    small_shop(folder, [GOOD, GOOD])
    with (folder / "orders.csv").open("a") as file:
        file.write("3,1,1,2025-01-01,1\n\n4,1,1,2025-01-01,1,10,Completed,extra\n")
    settings = load(folder)
    aside = set_aside(settings)
    assert aside["what"].tolist() == ["line", "line"]
    assert aside["source_row"].tolist() == [4, 6]
    assert len(tables(settings.database)["orders"]) == 2
    assert receipt(settings)["rows_set_aside"].sum() == 2


def test_what_a_source_lacks_is_said(load, folder):
    small_shop(folder, [GOOD])
    settings = load(folder)
    with contextlib.closing(connect(settings.database)) as connection:
        said = "\n".join(reconciliation_tables(connection)["Assumptions"]["assumption"])
    assert "orders.order_number: the source does not have it; every row counts as order_id." in said
    assert "customers.region: the source does not have it; it stays unknown." in said
    assert "The source has no reviews." in said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_forms(load, folder, encoding, separator, line_end):
    small_shop(folder, [GOOD], customers=[("1", "Zoë, \"Zo\"; 'x'\tÅ"), ("2", "two\nlines")])
    for file in folder.iterdir():
        rows = list(csv.reader(file.open(encoding="utf-8", newline="")))
        with file.open("w", encoding=encoding, newline="") as out:
            csv.writer(out, delimiter=separator, lineterminator=line_end).writerows(rows)
    names = tables(load(folder).database)["customers"]["name"].tolist()
    assert names == ["Zoë, \"Zo\"; 'x'\tÅ", "two\nlines"]


def test_text_ids_are_kept_beside_the_databases_own(load, folder):
    small_shop(
        folder,
        [("ann", "L-1", *GOOD[2:]), ("bob", "L-1", *GOOD[2:])],
        customers=[("ann", "Ann"), ("bob", "Bob")],
        products=[("L-1", "Lamp")],
    )
    settings = load(folder)
    with contextlib.closing(sqlite3.connect(settings.database)) as connection:
        names = connection.execute(
            "SELECT source_ids.source_id, customers.name FROM orders "
            "JOIN customers ON customers.customer_id = orders.customer_id "
            "JOIN source_ids ON source_ids.kind = 'customers' AND source_ids.id = orders.customer_id "
            "ORDER BY orders.order_id"
        ).fetchall()
    assert names == [("ann", "Ann"), ("bob", "Bob")]


def test_a_changed_source_is_loaded_again(open_or_build, load, folder):
    small_shop(folder, [GOOD])
    settings = load(folder)
    assert open_or_build(settings).startswith("Opened")
    small_shop(folder, [GOOD, GOOD])
    assert open_or_build(settings).startswith("Replaced")
    assert len(tables(settings.database)["orders"]) == 2


def test_a_mapping_may_say_where_an_order_went(load, folder, open_shop):
    small_shop(
        folder,
        [GOOD, ("1", "1", "2025-01-02", "1", "5.00", "Completed"), ("1", "1", "2025-01-03", "1", "6.00", "Completed")],
    )
    mapping = {"orders": "SELECT *, CASE order_date WHEN '2025-01-02' THEN ' Abroad ' END AS region FROM orders"}
    settings = load(folder, mapping=mapping)
    assert tables(settings.database)["orders"]["region"].fillna("").tolist().count("Abroad") == 1
    with contextlib.closing(open_shop(settings)) as shop:
        abroad = replace(shop.everything(), regions=("Abroad",))
        assert shop.ask("SELECT SUM(total_amount) AS amount FROM selected_lines", abroad)["amount"].tolist() == [5.0]


def test_the_source_is_not_changed(load, story, tmp_path):
    source = tmp_path / "shop.sqlite"
    with contextlib.closing(sqlite3.connect(source)) as connection:
        connection.executescript(story.SCHEMA + "INSERT INTO products VALUES (1, 'Lamp', 'Home', 1.0, 1, 'A');")
        connection.execute("INSERT INTO orders VALUES (1, NULL, 1, '2025-01-01', 1, 1.0, 'Completed', 1, NULL)")
        connection.commit()
    before = source.read_bytes()
    assert len(tables(load(source).database)["orders"]) == 1
    assert source.read_bytes() == before
    with pytest.raises(ShopProblem, match="orders"):
        load(source, mapping={"orders": "DELETE FROM orders RETURNING *"})
    assert source.read_bytes() == before


# Whatever a source holds: nothing is lost, nothing is invented

messy = st.one_of(
    st.sampled_from(["", " ", "1", "2", "3", "01", "1.0", "x", "0", "-1", "2.5", "1,5", "nan", "inf", "1e400", "NULL"]),
    st.integers(-3, 20).map(str),
    st.decimals(-5, 200, places=2).map(str),
    st.text(alphabet="aé'\";,%{}<&0123456789.-", max_size=6),
)
days = st.sampled_from(["2025-01-31", "2025-02-30", "2025-02-01T10:00:00Z", "2025-03-01 23:59:59", "", "1.2.25", "x"])
states = st.sampled_from(["Completed", "cancelled", "RETURNED", "pending", "paid", "mystery", "", "Completed "])
orders_strategy = st.lists(st.tuples(messy, messy, days, messy, messy, states), max_size=12)


def as_cents(text):
    """Return a written amount as a Decimal, None where it is no finite number."""
    try:
        amount = Decimal(text.strip())
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and abs(amount) < 10**15 else None


@hypothesis_settings(max_examples=60)
@given(
    orders=orders_strategy, customers=st.lists(messy, max_size=5), reviews=st.lists(st.tuples(messy, messy), max_size=5)
)
def test_nothing_is_lost_or_invented(build, tiles, tmp_path_factory, orders, customers, reviews):
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("out")
    small_shop(
        source,
        [*[GOOD] * 12, *orders],  # or most lines would be set aside, which is refused
        customers=[("1", "Ann"), *((key, "Somebody") for key in customers)],
        reviews=[(n, "1", who, rating, "2025-02-01") for n, (who, rating) in enumerate([("1", "5")] * 5 + reviews, 1)],
    )
    settings = build(out, source=str(source))
    rows, aside = tables(settings.database), set_aside(settings)
    for table, read in {
        "customers": 1 + len(customers),
        "orders": 12 + len(orders),
        "reviews": 5 + len(reviews),
    }.items():
        assert len(rows[table]) + ((aside["table_name"] == table) & (aside["what"] == "row")).sum() == read
    money_in = sum((amount for order in orders if (amount := as_cents(order[4])) is not None), Decimal("120"))
    with contextlib.closing(sqlite3.connect(settings.database)) as connection:
        negative = {order_id for (order_id,) in connection.execute("SELECT order_id FROM negative_lines")}
    signs = [-1 if order_id in negative else 1 for order_id in rows["orders"]["order_id"]]
    money_out = (rows["orders"]["total_amount"] * signs).sum() + aside["amount"].sum()
    assert float(money_in) == pytest.approx(money_out, abs=0.004)
    assert set(rows["customers"]["name"]) <= {"Ann", "Somebody"}
    receipt(settings)
    completed = rows["orders"]["status"] == "Completed"
    assert tiles(settings)["revenue"] == pytest.approx(rows["orders"].loc[completed, "total_amount"].sum())
