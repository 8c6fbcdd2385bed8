"""What a source's columns are taken to mean: by name and by content, in several languages, and never by a silent guess."""

import contextlib
import csv
import datetime
import sqlite3
from decimal import Decimal

import pytest
from conftest import METABASE
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopboard.importing import values
from shopboard.importing.links import columns_within
from shopboard.importing.proposal import answer_question, choose_column, propose, proposed_selects, what_is_lacking
from shopboard.importing.statuses import status_of
from shopboard.importing.values import read_number, register_functions

from proposals import chosen, raw, rows_of

DATA = METABASE.parent


# Dates and numbers


@pytest.mark.parametrize(
    ("written", "order", "meant"),
    [
        ("2025-01-31", "ymd", "2025-01-31"),
        ("2025-01-31T23:59:59.123Z", "ymd", "2025-01-31"),
        ("2025/1/31 10:00", "dmy", "2025-01-31"),
        ("20250131", "ymd", "2025-01-31"),
        ("20250131 235959", "ymd", "2025-01-31"),
        ("31.01.2025", "dmy", "2025-01-31"),
        ("1/31/2025 8:26", "mdy", "2025-01-31"),
        ("31-1-25", "dmy", "2025-01-31"),
        ("1/2/69", "dmy", "1969-02-01"),
        ("1/2/68", "dmy", "2068-02-01"),
        ("31 Jan 2025", "ymd", "2025-01-31"),
        ("31-Dez-2025", "ymd", "2025-12-31"),
        ("3. März 2025", "ymd", "2025-03-03"),
        ("31 de diciembre de 2025", "ymd", "2025-12-31"),
        ("1er février 2025", "ymd", "1er février 2025"),
        ("14 août 2025", "ymd", "2025-08-14"),
        ("Mon, 12 May 2025 10:00:00 +0200", "ymd", "2025-05-12"),
        ("January 31, 2025", "ymd", "2025-01-31"),
        ("Jan 31, 2025 5:00 PM", "ymd", "2025-01-31"),
        ("45688", "serial", "2025-01-31"),
        ("45688.75", "serial", "2025-01-31"),
        (45688, "serial", "2025-01-31"),
        ("1738281600", "epoch", "2025-01-31"),
        ("1738281600123", "epoch", "2025-01-31"),
        ("31/02/2025", "dmy", "31/02/2025"),
        ("2025-02-30", "ymd", "2025-02-30"),
        ("31/01/2025", "mdy", "31/01/2025"),
        ("192.168.10.12", "dmy", "192.168.10.12"),
        ("soon", "dmy", "soon"),
        (None, "dmy", None),
    ],
)
def test_a_day(written, order, meant):
    assert values.day(written, order) == meant


@pytest.mark.parametrize(
    ("written", "decimal", "meant"),
    [
        ("1234.5", ".", 1234.5),
        ("1,234.50", ".", 1234.5),
        ("1.234,50", ".", 1234.5),
        ("1.234,50", ",", 1234.5),
        ("1,5", ",", 1.5),
        ("1.234", ",", 1234.0),
        ("1,234", ".", 1234.0),
        ("1,5", ".", "1,5"),
        ("1.5", ",", "1.5"),
        ("$ 12.00", ".", 12.0),
        ("12,00 €", ",", 12.0),
        ("EUR 12", ".", 12.0),
        ("R$ 1.234,56", ",", 1234.56),
        ("1\u202f234,56 zł", ",", 1234.56),
        ("1'234.56", ".", 1234.56),
        ("CHF 5.-", ".", 5.0),
        ("(12.00)", ".", -12.0),
        ("-12", ".", -12.0),
        ("12-", ".", -12.0),
        ("−3,5", ",", -3.5),
        (".5", ".", 0.5),
        ("10%", ".", 10.0),
        ("1e-05", ".", 1e-05),
        ("12,34,567", ".", 1234567.0),
        ("12,34,56", ".", "12,34,56"),
        ("", ".", ""),
        (".", ".", "."),
        ("ten", ".", "ten"),
        ("12 pcs", ".", "12 pcs"),
        ("1.2.3", ".", "1.2.3"),
        ("nan", ".", "nan"),
        (7, ",", 7),
        (None, ".", None),
    ],
)
def test_a_number(written, decimal, meant):
    assert read_number(written, decimal) == meant


@given(
    day=st.dates(datetime.date(1970, 1, 1), datetime.date(2068, 12, 31)),
    way=st.sampled_from(["%d/%m/%Y", "%d.%m.%y", "%m/%d/%Y", "%m-%d-%y", "%Y-%m-%d", "%Y%m%d", "%d %B %Y", "%d-%b-%y"]),
    time=st.sampled_from(["", " 08:26", " 23:59:59"]),
)
def test_a_day_is_read_as_it_was_written(day, way, time):
    order = {"%d": "dmy", "%m": "mdy"}.get(way[:2], "ymd")
    assert values.day(day.strftime(way) + time, order) == day.isoformat()


@given(
    cents=st.integers(-(10**11), 10**11),
    style=st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", "."), ("", ","), ("\u202f", ",")]),
    sign=st.sampled_from(["{}", "${}", "{} €", "EUR {}", "{} kr"]),
    brackets=st.booleans(),
)
def test_a_number_is_read_as_it_was_written(cents, style, sign, brackets):
    thousands, decimal = style
    text = f"{abs(cents) / 100:,.2f}".translate(str.maketrans({",": thousands, ".": decimal}))
    text = sign.format(text)
    if cents < 0:
        text = f"({text})" if brackets else f"-{text}"
    assert read_number(text, decimal) == cents / 100


# Shapes of shops


GERMAN = ["Bestellnr.", "Pos", "Bestelldatum", "Kundennr", "Kundenname", "Bundesland", "Artikelnr", "Bezeichnung"]
GERMAN += ["Warengruppe", "Menge", "Einzelpreis", "Gesamtpreis", "Status"]


def german_rows():
    """Return the lines of a German export: days first, decimal commas, several lines of an order."""
    return [
        (
            *("B0001", "1", "31.01.2024", "10001", "Jörg Weiß", "Bayern"),
            *("A-1", "Stuhl", "Möbel", "2", "1.049,50", "2.099,00 €", "bezahlt"),
        ),
        (
            *("B0001", "2", "31.01.2024", "10001", "Jörg Weiß", "Bayern"),
            *("A-2", "Topf", "Küche", "1", "9,90", "9,90 €", "bezahlt"),
        ),
        (
            *("B0002", "1", "05.02.2024", "10002", "Änne", "Hessen"),
            *("A-2", "Topf", "Küche", "3", "9,90", "29,70 €", "storniert"),
        ),
    ]


def test_a_german_export():
    connection = raw(bestellungen=(GERMAN, german_rows()))
    proposal = propose(connection)
    assert what_is_lacking(proposal) == ""
    assert chosen(proposal) == {
        f"{field}": f"bestellungen.{column}"
        for field, column in {
            "orders.order_number": "Bestellnr.",
            "orders.order_date": "Bestelldatum",
            "orders.customer_id": "Kundennr",
            "orders.product_id": "Artikelnr",
            "orders.quantity": "Menge",
            "orders.total_amount": "Gesamtpreis",
            "orders.status": "Status",
            "products.product_name": "Bezeichnung",
            "products.category": "Warengruppe",
            "products.price": "Einzelpreis",
            "customers.name": "Kundenname",
            "customers.region": "Bundesland",
        }.items()
    }
    orders = rows_of(connection, proposal, "orders")
    assert orders["total_amount"].tolist() == [2099.0, 9.9, 29.7]
    assert orders["order_date"].tolist() == ["2024-01-31", "2024-01-31", "2024-02-05"]
    assert orders["source_line"].tolist() == [f"bestellungen.csv, line {n}" for n in (2, 3, 4)]
    assert rows_of(connection, proposal, "products")["price"].tolist() == [1049.5, 9.9]


def test_price_times_quantity_and_cancellations_by_a_letter():
    header = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    rows = [
        ("536365", "85123A", "LANTERN", "6", "12/1/2010 8:26", "2.55", "17850", "United Kingdom"),
        ("536366", "POST", "POSTAGE", "3", "12/13/2010 8:45", "18", "12583", "France"),
        ("536367", "85123A", "LANTERN", "2", "12/14/2010 8:45", "2.55", "", "France"),
        ("C536379", "85123A", "LANTERN", "-1", "12/15/2010 9:41", "2.55", "17850", "United Kingdom"),
    ]
    connection = raw(retail=(header, rows))
    proposal = propose(connection)
    assert what_is_lacking(proposal) == ""
    orders = rows_of(connection, proposal, "orders")
    assert orders["total_amount"].tolist() == pytest.approx([15.30, 54.0, 5.10, -2.55])
    assert orders["order_date"].tolist() == ["2010-12-01", "2010-12-13", "2010-12-14", "2010-12-15"]
    assert orders["status"].tolist() == ["Completed"] * 3 + ["Cancelled"]
    assert orders["customer_id"].isna().tolist() == [False, False, True, False]
    customers = rows_of(connection, proposal, "customers").set_index("customer_id")
    assert customers["region"].to_dict() == {"12583": "France", "17850": "United Kingdom"}


def test_a_number_that_is_none_is_not_taken_for_zero():
    rows = [
        ("1", "2025-01-01", "A", "two", "1.50"),
        ("2", "2025-01-01", "A", "2", "1.50"),
        *[("3", "2025-01-02", "B", "1", "2.25")] * 20,
    ]
    connection = raw(sales=(["Order ID", "Date", "Product", "Quantity", "Unit price"], rows))
    amounts = rows_of(connection, propose(connection), "orders")["total_amount"].tolist()
    assert amounts[:3] == ["1.5 × two", 3.0, 2.25]


def marketplace():
    """Return a source of five tables that are told apart by their values: texts of 8 letters for ids."""
    orders = [
        (f"ord{n:05}", f"cus{n:05}", "delivered", f"2018-01-{n:02} 10:00:00", f"2018-02-{n:02} 10:00:00")
        for n in range(1, 29)
    ]
    customers = [(f"cus{n:05}", f"per{n % 14:05}", "sao paulo", ["SP", "RJ"][n % 2]) for n in range(1, 29)]
    items = [(f"ord{n:05}", "1", f"pro{n % 5:05}", "10.50", "5.00") for n in range(1, 29)]
    items += [("ord00001", "2", "pro00004", "20.00", "5.00")]
    products = [(f"pro{n:05}", ["beleza", "cama"][n % 2], "40") for n in range(5)]
    reviews = [
        (f"rev{n:05}", f"ord{n:05}", str(n % 5 + 1), "muito bom", f"2018-03-{n:02} 00:00:00") for n in range(1, 29)
    ]
    return raw(
        market_customers=(["customer_id", "customer_unique_id", "customer_city", "customer_state"], customers),
        market_orders=(
            ["order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_delivered_customer_date"],
            orders,
        ),
        market_order_items=(["order_id", "order_item_id", "product_id", "price", "freight_value"], items),
        market_products=(["product_id", "product_category_name", "product_name_length"], products),
        market_order_reviews=(
            ["review_id", "order_id", "review_score", "review_comment_message", "review_creation_date"],
            reviews,
        ),
    )


def test_tables_are_joined_by_the_columns_whose_values_they_share():
    connection = marketplace()
    proposal = propose(connection)
    assert (proposal.lines, proposal.reviews, what_is_lacking(proposal)) == (
        "market_order_items",
        "market_order_reviews",
        "",
    )
    orders = rows_of(connection, proposal, "orders")
    assert len(orders) == 29
    assert orders["total_amount"].astype(float).sum() == 28 * 10.5 + 20
    assert orders["customer_id"].nunique() == 14  # people rather than the ids that they have in each order
    assert set(orders["status"]) == {"delivered"}
    assert orders["order_date"].min() == "2018-01-01 10:00:00"
    assert len(rows_of(connection, proposal, "customers")) == 14
    assert rows_of(connection, proposal, "products")["category"].tolist() == [
        "beleza",
        "cama",
        "beleza",
        "cama",
        "beleza",
    ]
    reviews = rows_of(connection, proposal, "reviews").set_index("review_id")
    assert reviews.index.str.startswith("rev00001 ").sum() == 2  # its order has two products, and it counts for both
    assert reviews.loc["rev00007", "product_id"] == "pro00002"


def test_what_several_rows_tell_of_a_customer_is_the_latest():
    header = ["Order ID", "Date", "Customer ID", "Customer Name", "Region", "Product", "Amount"]
    rows = [
        ("1", "2025-02-01", "C1", "Ann L", "East", "Lamp", "1.00"),
        ("2", "2025-03-01", "C1", "Ann Lee", "South", "Lamp", "1.00"),
        ("3", "2025-01-01", "C1", "Ann Le", "North", "Lamp", "1.00"),
        ("4", "2025-04-01", "C1", "", "West", "Lamp", "1.00"),
    ]
    connection = raw(sales=(header, rows))
    (customer,) = rows_of(connection, propose(connection), "customers").itertuples()
    assert (customer.name, customer.region, customer.source_line) == ("Ann Lee", "South", "sales.csv, line 3")


def test_first_and_last_names():
    header = ["order_no", "date", "first_name", "last_name", "email", "item", "total"]
    rows = [
        ("1", "2025-01-01", "Ann", "Lee", " Ann@x.com", "Lamp", "1.00"),
        ("2", "2025-01-02", "Ann", "Lee", "ann@x.com", "Rug", "2.00"),
    ]
    connection = raw(sales=(header, rows))
    proposal = propose(connection)
    customers = rows_of(connection, proposal, "customers")
    assert customers[["customer_id", "name"]].to_numpy().tolist() == [["ann@x.com", "Ann Lee"]]
    assert rows_of(connection, proposal, "orders")["customer_id"].tolist() == ["ann@x.com"] * 2


def test_a_table_of_returns_whose_ids_repeat():
    orders = [(str(n), f"O{n // 2}", "2025-01-05", "Lamp", "1", "10.00") for n in range(2, 12)]
    connection = raw(
        Orders=(["Row ID", "Order ID", "Order Date", "Product Name", "Quantity", "Sales"], orders),
        Returns=(["Returned", "Order ID"], [("Yes", "O2"), ("Yes", "O2"), ("Yes", "O4")]),
    )
    status = rows_of(connection, propose(connection), "orders").groupby("order_number")["status"].unique()
    assert {order: list(words) for order, words in status.items()} == {
        "O1": ["Completed"], "O2": ["Returned"], "O3": ["Completed"], "O4": ["Returned"], "O5": ["Completed"],
    }  # fmt: skip


@pytest.mark.parametrize("where", ["first", "each", "header"])
def test_the_total_of_an_order_is_shared_out_to_the_cent(where):
    lines, totals = {1: 3, 2: 2, 3: 1, 4: 7, 5: 2, 6: 2}, {}
    rows = []
    for order, count in lines.items():
        totals[str(order)] = f"{order * 33.34:.2f}"
        for line in range(count):
            total = totals[str(order)] if where == "each" or line == 0 else ""
            rows.append((str(order), "2025-01-05", f"P{line}", str(line + 1), *([total] if where != "header" else [])))
    header = ["Order ID", "Date", "Product", "Quantity"]
    shop = {"lines": ([*header, "Total"], rows)}
    if where == "header":
        shop = {"order_lines": (header, rows), "orders": (["Order ID", "Order total"], list(totals.items()))}
    connection = raw(**shop)
    proposal = propose(connection)
    assert what_is_lacking(proposal) == ""
    orders = rows_of(connection, proposal, "orders")
    assert len(orders) == len(rows)
    sums = orders.groupby("order_number")["total_amount"].sum().round(2)
    assert sums.map("{:.2f}".format).to_dict() == totals
    assert orders["total_amount"].max() < 200
    assert "shared out" in proposed_selects(proposal)["orders"]


def test_an_amount_of_the_line_stays_one():
    rows = [(str(n // 2), "2025-01-05", f"P{n % 2}", f"{10 + n}.00") for n in range(12)]
    connection = raw(lines=(["Order ID", "Date", "Product", "Total"], rows))
    proposal = propose(connection)
    assert "amounts" not in proposal.questions
    assert rows_of(connection, proposal, "orders")["total_amount"].astype(float).sum() == sum(10 + n for n in range(12))


@pytest.mark.parametrize(("discount", "share"), [("0.25", 0.75), ("25%", 0.75), ("1.50", 0.85)])
def test_a_discount_is_a_share_or_percent_or_money(discount, share):
    rows = [("1", "2025-01-05", "Lamp", "2", "5.00", discount), ("2", "2025-01-05", "Lamp", "2", "5.00", "")]
    connection = raw(lines=(["Order ID", "Date", "Product", "Quantity", "Unit Price", "Discount"], rows))
    proposal = propose(connection)
    assert rows_of(connection, proposal, "orders")["total_amount"].tolist() == pytest.approx([10 * share, 10.0])
    assert "less Discount" in proposed_selects(proposal)["orders"]


def test_amounts_in_another_currency_are_not_added():
    rows = [
        ("1", "2025-01-05", "Lamp", "5.00", "EUR"),
        ("2", "2025-01-05", "Lamp", "5.00", "EUR"),
        ("3", "2025-01-05", "Lamp", "9.00", "USD"),
    ]
    connection = raw(lines=(["Order ID", "Date", "Product", "Amount", "Currency"], rows))
    proposal = propose(connection)
    assert rows_of(connection, proposal, "orders")["total_amount"].tolist() == ["5.00", "5.00", "USD 9.00"]
    assert "lines in USD are set aside" in proposed_selects(proposal)["orders"]


def test_a_shop_without_products_or_customers():
    connection = raw(sales=(["Date", "Amount"], [("2025-01-05", "5.00"), ("2025-01-06", "7.50")]))
    proposal = propose(connection)
    assert what_is_lacking(proposal) == ""
    assert rows_of(connection, proposal, "orders")["product_id"].tolist() == ["(not stated)"] * 2
    assert len(rows_of(connection, proposal, "customers")) == 0
    assert rows_of(connection, proposal, "products")["product_name"].tolist() == ["(not stated)"]


def test_columns_that_no_name_tells_are_proposed_by_content_and_not_called_sure():
    rows = [(f"2025-01-{n:02}", ["Lampe", "Teppich"][n % 2], f"{n}.75") for n in range(1, 29)]
    proposal = propose(raw(tabelle=(["a", "b", "c"], rows)))
    assert chosen(proposal) == {
        "orders.order_date": "tabelle.a", "orders.product_id": "tabelle.b", "orders.total_amount": "tabelle.c", "products.product_name": "tabelle.b",
    }  # fmt: skip
    assert all(match.sure < 0.6 for (table, _), match in proposal.matches.items() if table == "orders" and match.column)


def test_passwords_are_not_looked_at():
    header = ["order_id", "date", "product", "total", "password", "card_number"]
    proposal = propose(raw(sales=(header, [("1", "2025-01-05", "Lamp", "5.00", "hunter2", "4111")])))
    assert [column.name for column in proposal.columns["sales"]] == header[:4]


# What the values leave open is asked


def test_dates_that_could_be_either_are_asked_about():
    rows = [(str(n), f"0{n}/0{n % 3 + 1}/2025", "Lamp", "5.00") for n in range(1, 9)]
    connection = raw(sales=(["Order ID", "Date", "Product", "Amount"], rows))
    proposal = propose(connection)
    (key,) = proposal.questions
    assert "How does Date write its dates" in what_is_lacking(proposal)
    answer_question(proposal, key, "mdy")
    assert what_is_lacking(proposal) == ""
    assert rows_of(connection, proposal, "orders")["order_date"].tolist()[1] == "2025-02-03"
    answer_question(proposal, key, "dmy")
    assert rows_of(connection, proposal, "orders")["order_date"].tolist()[1] == "2025-03-02"


def test_dates_that_contradict_each_other_are_asked_about():
    rows = [("1", "13/01/2025", "Lamp", "5.00"), ("2", "01/14/2025", "Lamp", "5.00")]
    proposal = propose(raw(sales=(["Order ID", "Date", "Product", "Amount"], rows)))
    assert "13/1/2025" in what_is_lacking(proposal) and "1/14/2025" in what_is_lacking(proposal)


def test_one_day_above_12_decides_for_the_whole_column():
    rows = [(str(n), f"0{n % 9 + 1}/02/2025", "Lamp", "5.00") for n in range(3_000)] + [
        ("x", "02/13/2025", "Lamp", "5.00")
    ]
    connection = raw(sales=(["Order ID", "Date", "Product", "Amount"], rows))
    proposal = propose(connection)
    assert what_is_lacking(proposal) == ""
    assert rows_of(connection, proposal, "orders")["order_date"].iloc[0] == "2025-01-02"


def test_numbers_that_could_be_either_are_asked_about():
    rows = [(str(n), "2025-01-05", "Lamp", f"{n},{n}25") for n in range(1, 9)]
    connection = raw(sales=(["Order ID", "Date", "Product", "Amount"], rows))
    proposal = propose(connection)
    (key,) = proposal.questions
    assert "before the decimals in Amount" in what_is_lacking(proposal)
    answer_question(proposal, key, ".")
    assert rows_of(connection, proposal, "orders")["total_amount"].iloc[0] == 1125.0
    answer_question(proposal, key, ",")
    assert rows_of(connection, proposal, "orders")["total_amount"].iloc[0] == 1.125


def test_words_of_a_status_that_are_not_known_are_asked_about():
    rows = [("1", "2025-01-05", "Lamp", "5.00", "shipped"), ("2", "2025-01-05", "Lamp", "6.00", "gone to Mars")]
    connection = raw(sales=(["Order ID", "Date", "Product", "Amount", "Status"], rows))
    proposal = propose(connection)
    assert "“gone to Mars”" in what_is_lacking(proposal)
    answer_question(proposal, "status gone to Mars", "Cancelled")
    assert rows_of(connection, proposal, "orders")["status"].tolist() == ["shipped", "Cancelled"]


def test_the_user_corrects_a_column():
    header = ["Order ID", "Date", "Paid on", "Product", "Amount", "Margin"]
    connection = raw(sales=(header, [("1", "2025-01-05", "13.02.2025", "Lamp", "5.00", "1,5")]))
    proposal = propose(connection)
    columns = {column.name: column for column in columns_within(proposal, "sales")}
    choose_column(proposal, "orders", "order_date", columns["Paid on"])
    choose_column(proposal, "orders", "total_amount", columns["Margin"])
    choose_column(proposal, "orders", "order_number", None)
    (order,) = rows_of(connection, proposal, "orders").itertuples()
    assert (order.order_date, order.total_amount) == ("2025-02-13", 1.5)
    assert "order_number" not in proposed_selects(proposal)["orders"]
    choose_column(proposal, "orders", "total_amount", None)
    assert "the amount of a line" in what_is_lacking(proposal)


@pytest.mark.parametrize("discount", ["10", "20"])
def test_a_discount_that_could_be_percent_or_money_is_asked_about(discount):
    rows = [(str(n), "2025-01-05", "Lamp", "2", "50.00", discount if n % 2 else "0") for n in range(1, 9)]
    connection = raw(lines=(["Order ID", "Date", "Product", "Quantity", "Unit Price", "Discount"], rows))
    proposal = propose(connection)
    assert "What is Discount" in what_is_lacking(proposal)
    answer_question(proposal, "discount", "percent")
    assert rows_of(connection, proposal, "orders")["total_amount"][0] == pytest.approx(100 - int(discount))
    answer_question(proposal, "discount", "money")
    assert rows_of(connection, proposal, "orders")["total_amount"][0] == pytest.approx(100 - int(discount))
    proposal = propose(raw(lines=(["Order ID", "Date", "Product", "Quantity", "Unit Price", "Discount amount"], rows)))
    assert "discount" not in proposal.questions


def test_the_total_that_the_numbers_confirm_is_taken():
    header = ["Order ID", "Date", "Product", "Qty", "Item Price", "Line sum", "Order Total"]
    rows = [(str(n // 2), "2025-01-05", f"P{n}", "3", f"{n}.00", f"{3 * n}.00", "99.00") for n in range(1, 20)]
    connection = raw(lines=(header, rows))
    amounts = rows_of(connection, propose(connection), "orders")["total_amount"].astype(float)
    assert amounts.sum() == sum(3 * n for n in range(1, 20))


def test_guests_by_another_name_are_nobody():
    rows = [("1", "2025-01-05", "0", "Guest", "Lamp", "5.00"), ("2", "2025-01-05", "7", "Ann", "Lamp", "6.00")]
    connection = raw(sales=(["Order ID", "Date", "Customer ID", "Customer name", "Product", "Amount"], rows))
    proposal = propose(connection)
    assert rows_of(connection, proposal, "orders")["customer_id"].fillna("nobody").tolist() == ["nobody", "7"]
    assert rows_of(connection, proposal, "customers")["name"].tolist() == ["Ann"]
    assert "is nobody" in proposed_selects(proposal)["orders"]


def test_what_stands_on_the_first_line_of_an_order_holds_for_all():
    rows = []
    for order in range(1, 7):
        rows += [
            (f"O{order}", f"2025-01-0{order}", f"c{order}", "paid", "Lamp", "5.00"),
            (f"O{order}", "", "", "", "Rug", "2.00"),
        ]
    header = ["Order ID", "Paid at", "Customer ID", "Financial Status", "Lineitem name", "Lineitem price"]
    connection = raw(sales=(header, rows))
    orders = rows_of(connection, propose(connection), "orders")
    assert orders["order_date"].tolist() == [f"2025-01-0{n}" for n in range(1, 7) for _ in range(2)]
    assert orders["customer_id"].tolist() == [f"c{n}" for n in range(1, 7) for _ in range(2)]
    assert set(orders["status"]) == {"paid"}


def test_another_table_with_orders_is_asked_about_and_can_be_loaded_too():
    first = [(f"A{n}", "2025-01-05", "Lamp", "5.00") for n in range(1, 9)]
    second = [(f"B{n}", "06.02.2025", "Lamp", "7,50", "gift") for n in range(1, 5)] + [
        ("B9", "26.02.2025", "Rug", "7,50", "")
    ]
    connection = raw(
        H1=(["Order No", "Date", "Item", "Amount"], first),
        H2=(["Order Nr", "Order date", "Product", "Total", "Note"], second),
    )
    proposal = propose(connection)
    (key,) = proposal.questions
    assert "rows) may hold orders, too" in what_is_lacking(proposal)
    answer_question(proposal, key, "leave")
    assert len(rows_of(connection, proposal, "orders")) == {"also H2": 8, "also H1": 5}[key]
    answer_question(proposal, key, "load")
    orders = rows_of(connection, proposal, "orders")
    assert len(orders) == 13
    assert orders["order_id"].is_unique
    assert orders["total_amount"].astype(float).sum() == 8 * 5 + 5 * 7.5
    assert orders["order_date"].max() == "2025-02-26"
    assert sorted(rows_of(connection, proposal, "products")["product_id"]) == ["Lamp", "Rug"]


@pytest.mark.parametrize(
    ("header", "returns", "back"),
    [
        (["Order ID", "Returned"], [("O1", "Yes"), ("O2", "No"), ("O3", "No")], {"O1"}),
        (["Order ID", "Product"], [("O2", "Lamp")], {"O2"}),
    ],
)
def test_a_table_of_returns_is_read_as_finely_as_it_says(header, returns, back):
    lines = [
        ("O1", "2025-01-05", "Lamp", "5.00"),
        ("O2", "2025-01-05", "Lamp", "5.00"),
        ("O2", "2025-01-05", "Rug", "5.00"),
        ("O3", "2025-01-05", "Rug", "5.00"),
    ]
    connection = raw(sales=(["Order ID", "Date", "Product", "Amount"], lines), Returns=(header, returns))
    orders = rows_of(connection, propose(connection), "orders")
    returned = orders[orders["status"] == "Returned"]
    assert set(returned["order_number"]) == back
    assert len(returned) == 1


def test_a_column_that_flags_returns():
    rows = [("1", "2025-01-05", "Lamp", "5.00", "No"), ("2", "2025-01-05", "Lamp", "6.00", "Yes")]
    connection = raw(sales=(["Order ID", "Date", "Product", "Amount", "Returned"], rows))
    assert rows_of(connection, propose(connection), "orders")["status"].tolist() == ["Completed", "Returned"]


def test_a_status_is_known_by_its_words_whatever_its_column_is_called():
    rows = [
        ("Rechnung", "1", "05.01.2025", "Lampe", "5,00"),
        ("Gutschrift", "2", "25.01.2025", "Lampe", "6,00"),
        ("Rechnung", "3", "25.01.2025", "Lampe", "6,00"),
    ]
    connection = raw(belege=(["Belegart", "Belegnr", "Datum", "Artikel", "Betrag"], rows))
    proposal = propose(connection)
    assert chosen(proposal)["orders.status"] == "belege.Belegart"
    assert [status_of(word) for word in rows_of(connection, proposal, "orders")["status"]] == [
        "Completed",
        "Returned",
        "Completed",
    ]


def test_two_currencies_in_the_amounts_are_not_added():
    rows = [(str(n), "2025-01-05", "Lamp", "5.00 EUR" if n % 3 else "8.00 CHF") for n in range(1, 10)]
    connection = raw(sales=(["Order ID", "Date", "Product", "Amount"], rows))
    amounts = rows_of(connection, propose(connection), "orders")["total_amount"].tolist()
    assert [amount for amount in amounts if isinstance(amount, str)] == ["8.00 CHF"] * 3
    assert [amount for amount in amounts if not isinstance(amount, str)] == [5.0] * 6


def test_the_price_of_the_product_serves_where_lines_have_none():
    connection = raw(
        orders=(["order_id", "date"], [("1", "2025-01-05"), ("2", "2025-01-06")]),
        order_details=(
            ["order_id", "pizza_id", "quantity"],
            [("1", "big", "2"), ("2", "small", "1"), ("2", "big", "1")],
        ),
        pizzas=(["pizza_id", "name", "price"], [("big", "Big one", "12.50"), ("small", "Small one", "8.00")]),
    )
    proposal = propose(connection)
    assert what_is_lacking(proposal) == ""
    assert rows_of(connection, proposal, "orders")["total_amount"].tolist() == [25.0, 8.0, 12.5]
    assert proposal.matches["orders", "unit_price"].sure < 0.85


def test_orders_without_lines_are_said():
    connection = raw(
        orders=(["order_id", "date", "customer_id"], [(str(n), "2025-01-05", "1") for n in range(1, 11)]),
        order_items=(
            ["order_id", "sku", "quantity", "price"],
            [(str(n), f"P{n % 3}", "1", "2.00") for n in range(3, 11)] * 2,
        ),
    )
    assert "2 orders in orders have no line in order_items" in proposed_selects(propose(connection))["orders"]


def test_keys_that_are_written_in_two_ways_still_meet():
    connection = raw(
        orders=(["order_id", "date"], [(str(n), f"2025-01-{n:02}") for n in range(1, 29)]),
        order_items=(
            ["order_id", "sku", "quantity", "price"],
            [(f"{n}.0", f"P{n % 3}", "1", "2.00") for n in range(1, 29)],
        ),
    )
    orders = rows_of(connection, propose(connection), "orders")
    assert orders["order_date"].tolist() == [f"2025-01-{n:02}" for n in range(1, 29)]


def test_a_row_that_repeats_a_key_multiplies_no_lines():
    headers = [(str(n), f"2025-01-{n % 28 + 1:02}", "7") for n in range(1, 101)]
    connection = raw(
        orders=(["order_id", "date", "customer_id"], [*headers, headers[50]]),
        order_items=(
            ["order_id", "sku", "quantity", "price"],
            [(str(n), f"P{n % 3}", "1", "2.00") for n in range(1, 101)],
        ),
    )
    orders = rows_of(connection, propose(connection), "orders")
    assert len(orders) == 100
    assert orders["order_date"].notna().all()


def test_ids_of_eight_digits_are_no_dates():
    rows = [(f"2023{n:04}", "2024-01-03", f"1000{n % 5 + 100:04}", "Lamp", "5.00") for n in range(1000, 1060)]
    proposal = propose(raw(sales=(["order_id", "order_date", "customer_id", "product", "total"], rows)))
    assert chosen(proposal)["orders.customer_id"] == "sales.customer_id"


def test_a_source_that_is_no_shop():
    connection = raw(weather=(["station", "rain"], [("Kiel", "3.5"), ("Ulm", "1.5")]))
    assert "date and an amount" in what_is_lacking(propose(connection))


# Real shops


def test_northwind_by_its_proposal():
    if not DATA.exists():
        pytest.skip("the Northwind database is not beside this project")
    path = DATA / "northwind" / "northwind.sqlite"
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        register_functions(connection)
        proposal = propose(connection)
        orders = rows_of(connection, proposal, "orders")
        products = rows_of(connection, proposal, "products")
        customers = rows_of(connection, proposal, "customers").set_index("customer_id")
    assert what_is_lacking(proposal) == ""
    assert len(orders) == 2_155
    assert orders["order_number"].nunique() == 830
    assert round(orders["total_amount"].sum(), 2) == 1_265_793.04
    assert (orders["status"] == "Pending").sum() > 0
    by_category = orders.merge(products, on="product_id").groupby("category")["total_amount"].sum()
    assert by_category["Beverages"] == pytest.approx(267_868.18, abs=0.0051)
    assert by_category["Dairy Products"] == pytest.approx(234_507.29, abs=0.0051)
    assert customers.loc["ALFKI", ["name", "region"]].tolist() == ["Alfreds Futterkiste", "Germany"]
    assert {"stock_quantity", "supplier", "price"} <= set(products)


def test_superstore_by_its_proposal():
    if not DATA.exists():
        pytest.skip("the Superstore file is not beside this project")
    with (DATA / "superstore" / "superstore.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    connection = raw(superstore=(header, rows))
    proposal = propose(connection)
    assert what_is_lacking(proposal) == ""
    orders = rows_of(connection, proposal, "orders")
    assert (len(orders), orders["order_number"].nunique(), orders["customer_id"].nunique()) == (9_994, 5_009, 793)
    assert sum(map(Decimal, orders["total_amount"])).quantize(Decimal("0.01")) == Decimal("2297200.86")
    assert len(rows_of(connection, proposal, "products")) == 1_862


def test_metabase_by_its_proposal():
    if not METABASE.exists():
        pytest.skip("the Metabase sample is not beside this project")
    path = METABASE / "metabase_sample.sqlite"
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        register_functions(connection)
        proposal = propose(connection)
        found = chosen(proposal)
    assert what_is_lacking(proposal) == ""
    assert {field: column.split(".")[1] for field, column in found.items()} == {
        "orders.order_id": "id", "orders.order_date": "created_at", "orders.customer_id": "user_id", "orders.product_id": "product_id",
        "orders.quantity": "quantity", "orders.total_amount": "total", "customers.name": "name", "customers.email": "email", "customers.region": "state",
        "customers.registration_date": "created_at", "products.product_name": "title", "products.category": "category", "products.price": "price",
        "products.supplier": "vendor", "reviews.review_id": "id", "reviews.product_id": "product_id", "reviews.rating": "rating",
        "reviews.review_text": "body", "reviews.review_date": "created_at",
    }  # fmt: skip


# Random shops in random shapes are read back equal

LANGUAGES = {
    "en": ("Order ID", "Order Date", "Customer ID", "Customer Name", "Region", "Product ID", "Product Name", "Category", "Quantity", "Amount"),
    "de": ("Bestellnummer", "Bestelldatum", "Kundennummer", "Kundenname", "Bundesland", "Artikelnummer", "Artikelbezeichnung", "Warengruppe", "Menge", "Gesamtbetrag"),
    "fr": ("N° commande", "Date commande", "Code client", "Nom client", "Région", "Code article", "Désignation", "Catégorie", "Quantité", "Montant total"),
    "es": ("Nº pedido", "Fecha de pedido", "ID cliente", "Nombre del cliente", "Provincia", "Código producto", "Nombre producto", "Categoría", "Cantidad", "Importe total"),
    "pt": ("Número do pedido", "Data do pedido", "Código cliente", "Nome do cliente", "Estado", "Código produto", "Nome do produto", "Categoria", "Quantidade", "Valor total"),
    "it": ("Numero ordine", "Data ordine", "Codice cliente", "Nome cliente", "Regione", "Codice articolo", "Nome prodotto", "Categoria", "Quantità", "Importo totale"),
    "nl": ("Bestelnummer", "Besteldatum", "Klantnummer", "Klantnaam", "Regio", "Artikelnummer", "Productnaam", "Categorie", "Aantal", "Totaalbedrag"),
    "code": ("order_no", "created_at", "customer_id", "customer_name", "state", "sku", "product_name", "category", "qty", "line_total"),
}  # fmt: skip
shops = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 700), st.integers(1, 5), st.integers(1, 9), st.integers(1, 10**7)),
    min_size=3,
    max_size=25,
)


@hypothesis_settings(max_examples=60)
@given(
    lines=shops,
    language=st.sampled_from(sorted(LANGUAGES)),
    dates=st.sampled_from(["%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d", "%d-%m-%y"]),
    style=st.sampled_from([("", "."), ("", ","), (".", ","), (",", ".")]),
    split=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_a_random_shop_in_a_random_shape_is_read_back_equal(lines, language, dates, style, split, order):
    names = LANGUAGES[language]
    thousands, decimal = style
    shop = []
    for number, day, product, quantity, cents in [*lines, (1, 27, 1, 1, 123_456), (2, 28, 2, 2, 50)]:
        when = (datetime.date(2024, 1, 1) + datetime.timedelta(days=day)).strftime(dates)
        amount = f"{cents / 100:,.2f}".translate(str.maketrans({",": thousands, ".": decimal}))
        shop.append(
            (
                f"O{number:03}",
                when,
                f"K{number:03}",
                f"Name {number}",
                f"Land {number % 3}",
                f"P{product:03}",
                f"Ding {product}",
                f"Art {product % 2}",
                str(quantity),
                amount,
            )
        )
    if split:  # customers and products have files of their own
        places = {"lines": (0, 1, 2, 5, 8, 9), "customer": (2, 3, 4), "product": (5, 6, 7)}
    else:
        places = {"lines": order.sample(range(10), 10)}
    source = {}
    for table, chosen_places in places.items():
        rows = [tuple(row[place] for place in chosen_places) for row in shop]
        source[table] = ([names[place] for place in chosen_places], rows if table == "lines" else sorted(set(rows)))
    connection = raw(**source)
    proposal = propose(connection)
    assert what_is_lacking(proposal) == ""
    orders, customers, products = (
        rows_of(connection, proposal, table) for table in ("orders", "customers", "products")
    )
    if "order_number" not in orders:  # where each order has one line, its number is the line's own
        orders = orders.rename(columns={"order_id": "order_number"})
    read = [
        (
            row.order_number,
            values.day(row.order_date, "ymd"),
            row.customer_id,
            row.product_id,
            int(row.quantity),
            round(float(row.total_amount) * 100),
        )
        for row in orders.itertuples()
    ]
    written = [
        (
            f"O{number:03}",
            (datetime.date(2024, 1, 1) + datetime.timedelta(days=day)).isoformat(),
            f"K{number:03}",
            f"P{product:03}",
            quantity,
            cents,
        )
        for number, day, product, quantity, cents in [*lines, (1, 27, 1, 1, 123_456), (2, 28, 2, 2, 50)]
    ]
    assert read == written
    assert set(customers[["customer_id", "name", "region"]].itertuples(index=False, name=None)) == {
        row[2:5] for row in shop
    }
    assert set(products[["product_id", "product_name", "category"]].itertuples(index=False, name=None)) == {
        row[5:8] for row in shop
    }
