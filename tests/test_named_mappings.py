"""Exports known by name: an order's money is spread over its lines and comes out to the cent, whatever the order is like."""

import contextlib
import csv
import io
import re
import shutil
import sqlite3
import textwrap
from collections import Counter
from decimal import Decimal

import pandas as pd
import pytest
from conftest import METABASE, tables
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopboard.database import connect, quoted
from shopboard.importing import named
from shopboard.importing.named import NAMED_MAPPINGS, NamedMapping, named_selects
from shopboard.importing.raw import only_reading
from shopboard.importing.source import opened_source
from shopboard.importing.values import register_functions

SHOPIFY, WOOCOMMERCE = NAMED_MAPPINGS.values()
SHOPIFY_DATA = METABASE.parent / "shopify-orders"

# The columns of an orders_export.csv, as Shopify's help lists them under "Exporting orders" and as its files write them.
SHOPIFY_COLUMNS = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,"
    "Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,"
    "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing Street,Billing Address1,"
    "Billing Address2,Billing Company,Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,"
    "Shipping Street,Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,Shipping Country,"
    "Shipping Phone,Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,"
    "Employee,Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name,"
    "Tax 3 Value,Tax 4 Name,Tax 4 Value,Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,Billing Province Name,"
    "Shipping Province Name,Payment ID,Payment Terms Name,Next Payment Due At,Payment References"
).split(",")

# The columns of the format default_one_row_per_item of WooCommerce's Customer / Order / Coupon Export.
WOOCOMMERCE_COLUMNS = (
    "order_id,order_number,date,status,shipping_total,shipping_tax_total,fee_total,fee_tax_total,tax_total,discount_total,order_total,"
    "refunded_total,order_currency,payment_method,shipping_method,customer_id,billing_first_name,billing_last_name,billing_company,"
    "billing_email,billing_phone,billing_address_1,billing_address_2,billing_postcode,billing_city,billing_state,billing_country,"
    "shipping_first_name,shipping_last_name,shipping_address_1,shipping_address_2,shipping_postcode,shipping_city,shipping_state,"
    "shipping_country,shipping_company,customer_note,item_id,item_product_id,item_name,item_sku,item_quantity,item_subtotal,"
    "item_subtotal_tax,item_total,item_total_tax,item_refunded,item_refunded_qty,item_meta,shipping_items,fee_items,tax_items,"
    "coupon_items,order_notes,download_permissions_granted"
).split(",")


def raw(header, rows, name="orders_export"):
    """Return a database with one raw table: texts as written, empty ones unknown, and where each line stands."""
    connection = sqlite3.connect(":memory:")
    register_functions(connection)
    columns = ", ".join(quoted(column) + " TEXT" for column in [*header, "_line"])
    connection.execute(f"CREATE TABLE {quoted(name)} ({columns})")
    lines = [
        [*(value or None for value in row), f"{name}.csv, line {number}"] for number, row in enumerate(rows, start=2)
    ]
    connection.executemany(f"INSERT INTO {quoted(name)} VALUES ({', '.join('?' * (len(header) + 1))})", lines)
    return connection


def read(header, rows, name="orders_export"):
    """Return the name of the export and what its SELECTs give, a DataFrame a table."""
    with contextlib.closing(raw(header, rows, name)) as connection:
        found, selects = named_selects(connection)
        return found, {table: pd.read_sql_query(select, connection) for table, select in selects.items()}


def lines_of(columns, *lines):
    """Return rows of a full file from what differs: texts by column, where spaces in names are underscores."""
    known = {column.replace(" ", "_"): column for column in columns}
    assert all(set(line) <= set(known) for line in lines)
    return [[line.get(column.replace(" ", "_"), "") for column in columns] for line in lines]


def shopify(*lines):
    """Return the tables of a full orders_export.csv with these lines."""
    found, read_tables = read(SHOPIFY_COLUMNS, lines_of(SHOPIFY_COLUMNS, *lines))
    assert found == "Shopify orders"
    return read_tables


def woocommerce(*lines):
    """Return the tables of a full one-row-per-item export with these lines."""
    found, read_tables = read(WOOCOMMERCE_COLUMNS, lines_of(WOOCOMMERCE_COLUMNS, *lines))
    assert found == "WooCommerce orders"
    return read_tables


def first(name, total, **others):
    """Return an order's first line in Shopify's export."""
    line = {"Name": name, "Total": total, "Created_at": "2025-03-01 23:30:00 -0500", "Financial_Status": "paid"}
    return {
        **line,
        "Currency": "USD",
        "Refunded_Amount": "0.00",
        "Lineitem_quantity": "1",
        "Lineitem_name": "Lamp",
        **others,
    }


def more(name, **others):
    """Return another line of an order in Shopify's export."""
    return {"Name": name, "Lineitem_quantity": "1", "Lineitem_name": "Rug", **others}


def item(order, number, total, **others):
    """Return an item of an order in WooCommerce's export."""
    line = {
        "order_id": order,
        "date": "2025-03-01 23:30:00",
        "status": "completed",
        "order_total": total,
        "refunded_total": "0.00",
    }
    line |= {
        "order_currency": "EUR",
        "item_id": number,
        "item_name": "Lamp",
        "item_quantity": "1",
        "item_total": "10.00",
    }
    return {**line, "item_total_tax": "0.00", "item_refunded": "0.00", "item_refunded_qty": "0", **others}


def amounts(orders):
    """Return order_id -> amount, the order of the rows kept."""
    return dict(zip(orders["order_id"], orders["total_amount"], strict=True))


def statuses(orders):
    """Return order_id -> status."""
    return dict(zip(orders["order_id"], orders["status"], strict=True))


def cents(values):
    """Return the exact sum of amounts, each of which is a whole number of cents."""
    decimals = [Decimal(repr(value)) for value in values]
    assert all(decimal == decimal.quantize(Decimal("0.01")) for decimal in decimals)
    return sum(decimals, Decimal(0))


# The two files beside this project


def shopify_file(file):
    if not SHOPIFY_DATA.exists():
        pytest.skip("the Shopify exports are not beside this project")
    return SHOPIFY_DATA / file


def test_the_sample_has_the_figures_of_its_readme():
    path = shopify_file("shopify_orders_sample.csv")
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    found, read_tables = read(header, rows)
    assert found == "Shopify orders"
    assert set(read_tables) == {"customers", "products", "orders"}
    orders = read_tables["orders"]
    source = pd.read_csv(path, dtype=str)

    money = source.dropna(subset="Total").set_index("Name")[["Total", "Refunded Amount"]].map(Decimal)
    assert len(source) == 249
    assert len(money) == 127
    assert money.sum().tolist() == [Decimal("15063.00"), Decimal("423.75")]  # what the README says

    sold, returned = orders[orders["status"] != "Returned"], orders[orders["status"] == "Returned"]
    assert sold["order_id"].tolist() == [
        f"{name}-{number}" for name, number in zip(source["Name"], source.groupby("Name").cumcount() + 1, strict=True)
    ]
    assert sold["source_line"].tolist() == [f"orders_export.csv, line {number}" for number in range(2, 251)]
    assert orders.groupby("order_number")["total_amount"].apply(cents).to_dict() == money["Total"].to_dict()
    given_back = money.loc[money["Refunded Amount"] > 0, "Refunded Amount"].to_dict()
    assert returned.groupby("order_number")["total_amount"].apply(cents).to_dict() == given_back
    assert cents(returned["total_amount"]) == Decimal("423.75")
    assert cents(sold["total_amount"]) == Decimal("14639.25")
    assert set(orders["status"]) == {"Completed", "Returned"}
    assert set(read_tables["customers"]["customer_id"]) == set(source["Email"].dropna())
    assert sold.drop_duplicates("order_number")["customer_id"].isna().sum() == 5  # guests
    assert set(read_tables["products"]["product_name"]) == set(source["Lineitem name"])
    days = source.dropna(subset="Total").set_index("Name")["Created at"].str[:10].to_dict()
    assert orders.set_index("order_number")["order_date"].to_dict() == days


def test_the_fixture_by_hand():
    with shopify_file("shopify_orders_fixture.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    orders = read(header, rows)[1]["orders"]
    assert amounts(orders) == {
        "#1001-1": 50.0,
        "#1001-2": 50.0,
        "#1002-1": 50.0,
        "#1003-1": 30.0,
        "#1003-1 refund": 10.0,
        "#1004-1": 25.0,
        "#1005-1": 0.0,
        "#1006-1": 200.0,
        "#1007-1": 500.0,
        "#1008-1": 80.0,
    }
    assert orders["quantity"].tolist() == [1] * 10
    assert orders.set_index("order_id").loc["#1007-1", "order_date"] == "2025-04-02"


@pytest.mark.parametrize("name", ["sample", "fixture"])
def test_the_files_are_loaded_to_the_cent(build, tiles, tmp_path, name):
    path = shopify_file(f"shopify_orders_{name}.csv")
    (tmp_path / "source").mkdir()
    (tmp_path / "out").mkdir()
    shutil.copy(path, tmp_path / "source")
    with opened_source(str(tmp_path / "source")) as connection:
        _, mapping = named_selects(connection)
    settings = build(tmp_path / "out", source=str(tmp_path / "source"), mapping=mapping)
    orders = tables(settings.database)["orders"]
    source = pd.read_csv(path, dtype=str)
    assert cents(orders["total_amount"]) == sum(map(Decimal, source["Total"].dropna()))
    assert (orders["status"] != "Returned").sum() == len(source)
    with contextlib.closing(connect(settings.database)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM set_aside").fetchone() == (0,)
    kept = sum(map(Decimal, source["Total"].dropna())) - sum(map(Decimal, source["Refunded Amount"].dropna()))
    figures = tiles(settings)
    assert figures["revenue"] == pytest.approx(float(kept), abs=0.001)
    assert figures["orders"] == source["Name"].nunique()


# Shopify's full export


def test_a_total_is_spread_by_price_times_quantity():
    orders = shopify(
        first("#1", "50.00", Lineitem_price="30.00", Lineitem_quantity="1"),
        more("#1", Lineitem_price="5.00", Lineitem_quantity="2"),
    )["orders"]
    assert amounts(orders) == {"#1-1": 37.5, "#1-2": 12.5}  # 30 and 2 * 5 of 40
    assert orders["quantity"].tolist() == [1, 2]


def test_a_total_is_spread_by_quantity_where_there_are_no_prices():
    orders = shopify(first("#1", "10.00", Lineitem_quantity="1"), more("#1", Lineitem_quantity="3"))["orders"]
    assert amounts(orders) == {"#1-1": 2.5, "#1-2": 7.5}


def test_a_total_is_spread_equally_where_nothing_has_a_weight():
    lines = [more("#1", Lineitem_quantity="0")] * 2
    orders = shopify(first("#1", "10.00", Lineitem_quantity="0"), *lines)["orders"]
    assert amounts(orders) == {"#1-1": 3.33, "#1-2": 3.34, "#1-3": 3.33}


def test_whole_amounts_are_not_cut_off():
    """10 in three parts are 3.33 and not 3, also where the file writes no decimals."""
    orders = shopify(first("#1", "10"), more("#1"), more("#1"))["orders"]
    assert amounts(orders) == {"#1-1": 3.33, "#1-2": 3.34, "#1-3": 3.33}


def test_lines_of_an_order_that_are_not_beside_each_other():
    orders = shopify(first("#1", "10.00"), first("#2", "7.00"), more("#1"), more("#2"))["orders"]
    assert amounts(orders) == {"#1-1": 5.0, "#1-2": 5.0, "#2-1": 3.5, "#2-2": 3.5}
    assert orders.set_index("order_id")["source_line"]["#1-2"] == "orders_export.csv, line 4"


def test_a_line_that_stands_before_its_orders_first():
    orders = shopify(more("#1"), first("#1", "10.00", Email="ann@example.com"))["orders"]
    assert orders["total_amount"].tolist() == [5.0, 5.0]
    assert orders["customer_id"].tolist() == ["ann@example.com"] * 2


def test_a_part_given_back_becomes_lines_of_its_own():
    orders = shopify(
        first("#1", "30.00", Refunded_Amount="10.00", Financial_Status="partially_refunded", Lineitem_price="20.00"),
        more("#1", Lineitem_price="10.00"),
    )["orders"]
    assert amounts(orders) == {"#1-1": 13.33, "#1-2": 6.67, "#1-1 refund": 6.67, "#1-2 refund": 3.33}
    assert Counter(orders["status"]) == {"Completed": 2, "Returned": 2}
    assert set(orders["order_number"]) == {"#1"}


def test_an_order_given_back_as_a_whole_has_no_rest():
    orders = shopify(
        first("#1", "30.00", Refunded_Amount="30.00", Financial_Status="refunded", Lineitem_price="30.00"),
        more("#1", Lineitem_price="0.00"),
        first("#2", "8.00", Financial_Status="refunded", Refunded_Amount=""),
    )["orders"]
    assert amounts(orders) == {"#1-1 refund": 30.0, "#1-2 refund": 0.0, "#2-1 refund": 8.0}
    assert set(orders["status"]) == {"Returned"}


def test_a_free_line_of_an_order_partly_given_back_is_kept():
    orders = shopify(
        first("#1", "30.00", Refunded_Amount="10.00", Lineitem_price="30.00"), more("#1", Lineitem_price="0.00")
    )["orders"]
    assert amounts(orders) == {"#1-1": 20.0, "#1-2": 0.0, "#1-1 refund": 10.0}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Financial_Status": "paid"}, "Completed"),
        ({"Financial_Status": "Paid", "Fulfillment_Status": "unfulfilled"}, "Completed"),
        ({"Financial_Status": "partially_refunded"}, "Completed"),
        ({"Financial_Status": ""}, "Completed"),
        ({"Financial_Status": "pending"}, "Pending"),
        ({"Financial_Status": "authorized"}, "Pending"),
        ({"Financial_Status": "partially_paid"}, "Pending"),
        ({"Financial_Status": "voided"}, "Cancelled"),
        ({"Cancelled_at": "2025-03-02 10:00:00 -0500"}, "Cancelled"),
        ({"Financial_Status": "expired"}, "expired"),  # a word that nobody explained: set aside when it is loaded
    ],
)
def test_what_a_status_counts_as(fields, status):
    orders = shopify(first("#1", "10.00", **fields), more("#1"))["orders"]
    assert orders["status"].tolist() == [status] * 2
    assert orders["total_amount"].tolist() == [5.0, 5.0]


def test_a_cancelled_order_is_cancelled_also_where_it_was_refunded():
    fields = {"Cancelled_at": "2025-03-02 10:00:00 -0500", "Financial_Status": "refunded", "Refunded_Amount": "10.00"}
    assert statuses(shopify(first("#1", "10.00", **fields))["orders"]) == {"#1-1": "Cancelled"}


def test_the_spelling_of_shopifys_help_is_understood():
    header = ["Name", "Created at", "Total", "Canceled at", "Lineitem name", "Lineitem SKU"]
    rows = [["#1", "2025-03-01 10:00:00 +0000", "5.00", "2025-03-02 10:00:00 +0000", "Lamp", "L-1"]]
    _, read_tables = read(header, rows)
    assert read_tables["orders"][["product_id", "status"]].values.tolist() == [["L-1", "Cancelled"]]


def test_customers_are_emails_as_their_latest_order_describes_them():
    old = {
        "Created_at": "2025-01-01 10:00:00 -0500",
        "Billing_Name": "Ann Old",
        "Shipping_Province": "NY",
        "Shipping_Country": "US",
    }
    new = {
        "Created_at": "2025-02-01 10:00:00 -0500",
        "Billing_Name": "Ann New",
        "Shipping_Province": "WA",
        "Shipping_Country": "AU",
    }
    read_tables = shopify(
        first("#2", "5.00", Email=" Ann@Example.com", **new),
        more("#2", Email="ann@example.com"),
        first("#1", "5.00", Email="ann@example.com ", **old),
        first(
            "#3",
            "5.00",
            Email="bob@example.com",
            Shipping_Name="Bob",
            Billing_Province_Name="Ohio",
            Billing_Country="US",
        ),
        first("#4", "5.00", Email=" "),
    )
    customers = read_tables["customers"].set_index("customer_id")
    assert customers["name"].to_dict() == {"ann@example.com": "Ann New", "bob@example.com": "Bob"}
    assert customers["region"].to_dict() == {"ann@example.com": "WA, AU", "bob@example.com": "Ohio, US"}
    regions = read_tables["orders"].drop_duplicates("order_number").set_index("order_number")["region"]
    assert regions.iloc[:3].to_dict() == {"#2": "WA, AU", "#1": "NY, US", "#3": "Ohio, US"}
    given = read_tables["orders"].set_index("order_id")["customer_id"]
    assert given[["#2-1", "#2-2", "#1-1"]].tolist() == ["ann@example.com"] * 3
    assert given.isna().to_dict()["#4-1"]


def test_products_are_skus_if_every_line_has_one():
    both = [
        first("#1", "5.00", Lineitem_sku="L-1", Lineitem_price="5.00", Vendor="Lux"),
        more("#1", Lineitem_sku="R-1"),
    ]
    read_tables = shopify(*both)
    assert read_tables["products"]["product_id"].tolist() == ["L-1", "R-1"]
    assert read_tables["products"].loc[0, ["product_name", "price", "supplier"]].tolist() == ["Lamp", 5.0, "Lux"]
    assert read_tables["orders"]["product_id"].tolist() == ["L-1", "R-1"]
    read_tables = shopify(both[0], more("#1"))
    assert read_tables["products"]["product_id"].tolist() == ["Lamp", "Rug"]
    assert read_tables["orders"]["product_id"].tolist() == ["Lamp", "Rug"]


def test_orders_in_another_currency_have_amounts_that_are_set_aside():
    orders = shopify(
        first("#1", "10.00"),
        first("#2", "20.00"),
        first("#3", "12.00", Currency="EUR", Refunded_Amount="2.00"),
        more("#3"),
    )["orders"]
    assert amounts(orders) == {
        "#1-1": 10.0,
        "#2-1": 20.0,
        "#3-1": "EUR 5.00",
        "#3-2": "EUR 5.00",
        "#3-1 refund": "EUR 1.00",
        "#3-2 refund": "EUR 1.00",
    }


@pytest.mark.parametrize(
    ("total", "refunded", "amount"),
    [
        ("ten", "0.00", "ten"),
        ("10.00", "half", "refunded half of 10.0"),
        ("10.00", "12.00", "refunded 12.0 of 10.0"),
        ("10.00", "-2.00", "refunded -2.0 of 10.0"),
    ],
)
def test_money_that_makes_no_sense_is_no_amount(total, refunded, amount):
    orders = shopify(first("#1", total, Refunded_Amount=refunded), more("#1"))["orders"]
    assert orders["total_amount"].tolist() == [amount, amount]


def test_a_line_without_an_order_is_not_lost():
    orders = shopify(first("#1", "5.00"), {"Lineitem_name": "Total"}, more("#9"))["orders"].sort_values("source_line")
    assert orders["order_number"].fillna("none").tolist() == ["#1", "none", "#9"]
    assert orders["total_amount"].isna().tolist() == [False, True, True]


def test_an_order_exported_twice_gives_the_same_keys_twice():
    export = [first("#1", "10.00"), more("#1"), first("#2", "6.00")]
    orders = shopify(*export, first("#3", "1.00"), more("#3"), more("#3"), first("#4", "1.00"), more("#4"), *export)[
        "orders"
    ]
    twice = orders[orders["order_number"].isin(["#1", "#2"])]
    assert sorted(twice["order_id"]) == ["#1-1", "#1-1", "#1-2", "#1-2", "#2-1", "#2-1"]
    assert twice.drop_duplicates("order_id")["total_amount"].tolist() == [5.0, 5.0, 6.0]


def test_totals_on_every_line_are_no_shopify_export():
    rows = lines_of(SHOPIFY_COLUMNS, *[first("#1", "10.00"), first("#1", "10.00"), first("#2", "5.00")])
    with contextlib.closing(raw(SHOPIFY_COLUMNS, rows)) as connection:
        assert named_selects(connection) is None


# WooCommerce's full export


def test_a_total_on_every_line_counts_once():
    read_tables = woocommerce(
        item(
            "7", "70", "46.00", item_total="20.00", item_total_tax="4.00", billing_email="Ann@example.com", item_sku="L"
        ),
        item(
            "7",
            "71",
            "46.00",
            item_total="10.00",
            item_total_tax="2.00",
            item_quantity="2",
            item_name="Rug",
            item_sku="R",
        ),
        item("8", "80", "10.00", item_sku="L"),
    )
    orders = read_tables["orders"]
    assert amounts(orders) == {"7-70": 30.67, "7-71": 15.33, "8-80": 10.0}  # 24 and 12 of 36
    assert orders["order_number"].tolist() == ["7", "7", "8"]
    assert orders["quantity"].tolist() == [1, 2, 1]
    assert orders["order_date"].tolist() == ["2025-03-01"] * 3
    assert orders["customer_id"].fillna("guest").tolist() == ["ann@example.com"] * 2 + ["guest"]
    assert read_tables["products"]["price"].tolist() == [20.0, 5.0]
    assert orders["product_id"].tolist() == ["L", "R", "L"]


def test_an_item_given_back_takes_its_own_money():
    orders = woocommerce(
        item(
            "7",
            "70",
            "40.00",
            refunded_total="20.00",
            item_total="20.00",
            item_refunded="20.00",
            item_refunded_qty="-2",
            item_quantity="2",
        ),
        item("7", "71", "40.00", refunded_total="20.00", item_total="20.00", item_name="Rug"),
    )["orders"]
    assert amounts(orders) == {"7-71": 20.0, "7-70 refund": 20.0}
    assert orders.set_index("order_id")["quantity"].to_dict() == {"7-71": 1, "7-70 refund": 2}


def test_some_pieces_of_an_item_given_back():
    refund = {"refunded_total": "8.00", "item_refunded": "8.00", "item_refunded_qty": "-1", "item_quantity": "3"}
    orders = woocommerce(item("7", "70", "29.00", item_total="24.00", **refund))["orders"]
    assert amounts(orders) == {"7-70": 21.0, "7-70 refund": 8.0}
    assert orders.set_index("order_id")["quantity"].to_dict() == {"7-70": 2, "7-70 refund": 1}


def test_money_given_back_for_no_item_is_spread():
    orders = woocommerce(
        item("7", "70", "30.00", refunded_total="3.00", item_total="20.00"),
        item("7", "71", "30.00", refunded_total="3.00", item_total="10.00"),
    )["orders"]
    assert amounts(orders) == {"7-70": 18.0, "7-71": 9.0, "7-70 refund": 2.0, "7-71 refund": 1.0}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("completed", "Completed"),
        ("wc-completed", "Completed"),
        ("processing", "Completed"),
        ("", "Completed"),
        ("on-hold", "Pending"),
        ("pending", "Pending"),
        ("cancelled", "Cancelled"),
        ("failed", "Cancelled"),
        ("refunded", "Returned"),
        ("checkout-draft", "checkout-draft"),
    ],
)
def test_what_a_woocommerce_status_counts_as(word, status):
    orders = woocommerce(item("7", "70", "5.00", status=word))["orders"]
    assert orders[["total_amount", "status"]].values.tolist() == [[5.0, status]]


def test_an_item_exported_twice_gives_the_same_key_twice():
    export = [item("7", "70", "10.00"), item("7", "71", "10.00")]
    orders = woocommerce(*export, *export)["orders"]
    assert sorted(orders["order_id"]) == ["7-70", "7-70", "7-71", "7-71"]
    assert orders["total_amount"].tolist() == [5.0] * 4  # the first two are loaded: 10, as the order says


def test_a_deleted_product_is_known_by_its_name():
    read_tables = woocommerce(
        item("7", "70", "10.00", item_sku="L"),
        item("7", "71", "10.00", item_sku="unknown_product", item_name="Rug"),
    )
    assert read_tables["orders"]["product_id"].tolist() == ["Lamp", "Rug"]
    assert read_tables["products"]["product_id"].tolist() == ["Lamp", "Rug"]


def test_names_and_regions_of_woocommerce():
    person = {"billing_email": "ann@example.com", "billing_first_name": "Ann", "billing_last_name": "Lee"}
    place = {"billing_state": "Ohio", "billing_country": "US", "shipping_country": "FR"}
    read_tables = woocommerce(item("7", "70", "10.00", **person, **place))
    customers = read_tables["customers"]
    assert read_tables["orders"]["region"].tolist() == ["FR"]
    assert customers[["customer_id", "name", "region"]].values.tolist() == [["ann@example.com", "Ann Lee", "FR"]]


# Any orders


def money(largest):
    return st.integers(0, largest).map(lambda value: Decimal(value) / 100)


@st.composite
def shops(draw):
    """Orders, each its total, what was given back, and its lines as (price, quantity, part given back)."""
    orders = []
    for _ in range(draw(st.integers(1, 5))):
        total = draw(money(1_000_000))
        refund = draw(st.one_of(st.just(Decimal(0)), st.just(total), money(int(total * 100))))
        line = st.tuples(money(20_000), st.integers(0, 4), st.sampled_from([0, 0, 0, Decimal("0.5"), 1]))
        orders.append((total, refund, draw(st.lists(line, min_size=1, max_size=6))))
    return orders


def check_money(read_tables, orders):
    """Assert that each order's lines hold its money: in all, given back, and without a cent below nothing."""
    found = read_tables["orders"]
    assert not found["order_id"].duplicated().any()
    assert (found["total_amount"] >= 0).all()
    for number, (total, refund, lines) in enumerate(orders, start=1):
        rows = found[found["order_number"] == str(number)]
        given_back = rows[rows["status"] == "Returned"]
        assert cents(rows["total_amount"]) == total
        assert cents(given_back["total_amount"]) == refund
        assert rows["order_id"].str.removesuffix(" refund").nunique() == len(lines)  # no line is lost
        if refund == total and refund > 0:
            assert len(given_back) == len(rows)
    assert len(found["order_number"].unique()) == len(orders)


@hypothesis_settings(max_examples=80)
@given(orders=shops(), priced=st.booleans(), shuffled=st.randoms(use_true_random=False))
def test_any_shopify_orders_to_the_cent(orders, priced, shuffled):
    written = []
    for number, (total, refund, lines) in enumerate(orders, start=1):
        for place, (price, quantity, _) in enumerate(lines):
            fields = {"Lineitem_quantity": str(quantity), "Lineitem_price": str(price) if priced else ""}
            line = more(str(number)) if place else first(str(number), str(total), Refunded_Amount=str(refund))
            written.append({**line, **fields})
    shuffled.shuffle(written)
    read_tables = shopify(*written)
    check_money(read_tables, orders)
    for number, (total, refund, lines) in enumerate(orders, start=1):
        weights = [price * quantity if priced else quantity for price, quantity, _ in lines]
        if not any(weights):
            weights = (
                [quantity for _, quantity, _ in lines]
                if any(quantity for _, quantity, _ in lines)
                else [1] * len(lines)
            )
        shares = sorted(total * weight / sum(weights) for weight in weights)
        rows = read_tables["orders"][read_tables["orders"]["order_number"] == str(number)]
        sums = sorted(rows.groupby(rows["order_id"].str.removesuffix(" refund"))["total_amount"].apply(cents))
        # Each of the two parts of a line is a difference of two sums that are rounded to half a cent.
        assert all(abs(there - share) <= Decimal("0.02") for there, share in zip(sums, shares, strict=True))
        assert refund <= total


@hypothesis_settings(max_examples=80)
@given(orders=shops(), shuffled=st.randoms(use_true_random=False))
def test_any_woocommerce_orders_to_the_cent(orders, shuffled):
    written = []
    for number, (total, refund, lines) in enumerate(orders, start=1):
        for place, (price, quantity, part) in enumerate(lines):
            fields = {
                "item_quantity": str(quantity),
                "item_total": str(price * quantity),
                "refunded_total": str(refund),
            }
            fields["item_refunded"] = str(round(price * quantity * part, 2)) if refund else "0.00"
            written.append(item(str(number), f"{number}{place}", str(total), **fields))
    shuffled.shuffle(written)
    check_money(woocommerce(*written), orders)


# Which file is which


def test_columns_that_a_file_lacks_are_unknown():
    """SQLite takes a quoted name that it does not know for a text: nobody may be called 'Billing Name'."""
    for header, row in [
        (
            ["Name", "Created at", "Total", "Lineitem name", "EMAIL"],
            ["#1", "2025-01-01", "5.00", "Lamp", "a@example.com"],
        ),
        (
            [
                "order_id",
                "order_total",
                "item_id",
                "item_name",
                "item_quantity",
                "item_total",
                "order_date",
                "billing_email",
            ],
            ["1", "5.00", "2", "Lamp", "1", "5.00", "2025-01-01", "a@example.com"],
        ),
    ]:
        _, read_tables = read(header, [row])
        for rows in read_tables.values():
            assert not set(rows.to_numpy().ravel().tolist()) & {
                *SHOPIFY_COLUMNS,
                *WOOCOMMERCE_COLUMNS,
                *(column.lower() for column in SHOPIFY_COLUMNS),
            }
        assert read_tables["customers"]["name"].isna().all()
        assert read_tables["orders"][["total_amount", "order_date"]].values.tolist() == [[5.0, "2025-01-01"]]


def test_every_column_that_a_select_names_is_declared():
    for mapping in NAMED_MAPPINGS.values():
        named = {
            name for select in (*mapping.selects.values(), mapping.shape) for name in re.findall(r'"([^"]+)"', select)
        }
        assert named == {*mapping.needs, *mapping.columns} | ({"_line"} & named)
        assert all(sentence.endswith(".") for sentence in mapping.assumptions)


def test_the_columns_are_those_of_the_documentation():
    spelled_otherwise = {"_line", "Canceled at", "order_date"}  # in Shopify's help; in other formats of the extension
    shopify_names = {*SHOPIFY.needs, *SHOPIFY.columns} - spelled_otherwise
    assert shopify_names <= set(SHOPIFY_COLUMNS)
    assert len(SHOPIFY_COLUMNS) == 79
    assert {*WOOCOMMERCE.needs, *WOOCOMMERCE.columns} - spelled_otherwise <= set(WOOCOMMERCE_COLUMNS)


def test_other_tables_and_views_are_passed_over():
    with contextlib.closing(
        raw(SHOPIFY_COLUMNS, lines_of(SHOPIFY_COLUMNS, first("#1", "5.00")), 'it\'s "orders"')
    ) as connection:
        connection.execute("CREATE TABLE a_note (Name)")
        connection.execute('CREATE VIEW a_view AS SELECT * FROM "it\'s ""orders"""')
        connection.set_authorizer(only_reading)
        found, selects = named_selects(connection)
        assert found == "Shopify orders"
        assert connection.execute(selects["orders"]).fetchall()[0][0] == "#1-1"
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE orders (order_id, customer_id, product_id, order_date, total_amount)")
        assert named_selects(connection) is None


def test_the_example_of_the_text_works(monkeypatch):
    (example,) = re.findall(r"(?ms)^    (NAMED_MAPPINGS\[.*?^    \)$)", named.__doc__)
    monkeypatch.setattr(named, "NAMED_MAPPINGS", dict(NAMED_MAPPINGS))
    exec(textwrap.dedent("    " + example), {"NAMED_MAPPINGS": named.NAMED_MAPPINGS, "NamedMapping": NamedMapping})
    header, *rows = csv.reader(io.StringIO("Beleg;Datum;Artikel;Summe\n1;02.01.2025;Apfel;1,50\n"), delimiter=";")
    with contextlib.closing(raw(header, rows, "stand")) as connection:
        connection.create_function(
            "DAY", 2, lambda text, order: "-".join(reversed(text.split("."))) if order == "dmy" else text
        )
        connection.create_function("NUMBER", 2, lambda text, decimal: float(text.replace(decimal, ".")))
        found, selects = named_selects(connection)
        assert found == "Market stall"
        assert connection.execute(selects["customers"]).fetchall() == []
        assert connection.execute(selects["orders"]).fetchall() == [
            (1, "stand.csv, line 2", "1", None, "Apfel", "2025-01-02", 1.5)
        ]
