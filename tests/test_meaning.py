"""What the numbers, words and links of a source say of its columns, where names say too little, too much, or the wrong thing."""

import contextlib
import datetime
import itertools
from dataclasses import replace

import pytest

from shopboard.database import connect
from shopboard.importing.lines import money_beside, reading_of, tally_of
from shopboard.importing.proposal import answer_question, choose_column, propose, proposed_selects, what_is_lacking
from shopboard.importing.source import opened_source
from shopboard.importing.statuses import status_of

from proposals import chosen, raw, rows_of

DAYS = [(datetime.date(2025, 1, 1) + datetime.timedelta(days=n)).isoformat() for n in range(120)]
GOODS = ["Lamp", "Rug", "Vase"]
PIECES = [1, 2, 3, 5, 4, 2]


def lines(number=60):
    """Return (order, day, product, pieces, price of one): prices differ by product, never by quantity."""
    prices = {"Lamp": 19.9, "Rug": 105.25, "Vase": 7.4}
    goods = zip(range(number), itertools.cycle(GOODS), itertools.cycle(PIECES + PIECES[::-1]), strict=False)
    return [(f"O{n // 2:03}", DAYS[n // 2], product, pieces, prices[product]) for n, product, pieces in goods]


def written(*values):
    """Return values as a file has them."""
    return tuple(value if isinstance(value, str) else f"{value:g}" for value in values)


def total_of(connection, proposal):
    """Return the sum of the amounts that a proposal loads, to the cent."""
    assert what_is_lacking(proposal) == ""
    return round(rows_of(connection, proposal, "orders")["total_amount"].astype(float).sum(), 2)


REVENUE = round(sum(pieces * price for _, _, _, pieces, price in lines()), 2)


# Amounts


def test_three_columns_of_which_one_is_the_product_of_the_others():
    rows = [written(o, d, p, q, price, round(q * price, 2)) for o, d, p, q, price in lines()]
    connection = raw(sales=(["Order ID", "Date", "Product", "foo", "bar", "baz"], rows))
    proposal = propose(connection)
    assert chosen(proposal)["orders.quantity"] == "sales.foo"
    assert chosen(proposal)["orders.total_amount"] == "sales.baz"
    assert total_of(connection, proposal) == REVENUE
    assert "product of two others" in proposal.matches["orders", "quantity"].why


def test_of_whole_prices_the_smaller_factor_is_the_quantity():
    rows = [written(o, d, p, round(price) * 10, q, round(price) * 10 * q) for o, d, p, q, price in lines()]
    connection = raw(sales=(["Order ID", "Date", "Product", "foo", "bar", "baz"], rows))
    assert chosen(propose(connection))["orders.quantity"] == "sales.bar"


@pytest.mark.parametrize("of_line", [True, False])
def test_a_price_that_grows_with_the_quantity_is_the_lines(of_line):
    rows = [written(o, d, p, q, round(price * q, 2) if of_line else price) for o, d, p, q, price in lines()]
    connection = raw(sales=(["order_id", "date", "product", "quantity", "price"], rows))
    proposal = propose(connection)
    assert total_of(connection, proposal) == REVENUE
    assert ("orders.total_amount" in chosen(proposal)) == of_line


def test_amounts_that_differ_by_much_are_asked_about_with_both_sums():
    rows = [written(o, d, p, q, price, 1000 + n) for n, (o, d, p, q, price) in enumerate(lines())]
    connection = raw(sales=(["Order ID", "Date", "Product", "Quantity", "Unit Price", "Sales Amount"], rows))
    proposal = propose(connection)
    answers = proposal.questions["amount"].answers
    other = sum(1000 + n for n in range(60))
    both = "on the 60 lines that have both"
    assert list(answers) == [f"Sales Amount: {other:,.2f} {both}", f"Unit Price × Quantity: {REVENUE:,.2f} {both}"]
    assert "Which is the amount of a line" in what_is_lacking(proposal)
    answer_question(proposal, "amount", "price")
    assert total_of(connection, proposal) == REVENUE
    assert "rather than Sales Amount" in proposed_selects(proposal)["orders"]
    answer_question(proposal, "amount", "total")
    assert total_of(connection, proposal) == other


def test_amounts_that_differ_by_little_are_stated():
    rows = [written(o, d, p, q, price, round(q * price * 1.05, 2)) for o, d, p, q, price in lines()]
    connection = raw(sales=(["Invoice Line", "Date", "Product", "Quantity", "Unit Price", "Total"], rows))
    proposal = propose(connection)
    assert what_is_lacking(proposal) == ""
    assert proposal.questions["amount"].place == "money"  # the preview shows both sums
    assert "-- assumed: the amount is Total, rather than Unit Price × Quantity" in proposed_selects(proposal)["orders"]


def test_an_amount_that_is_nearly_always_empty_of_money_is_no_rival():
    rows = [written(o, d, p, q, price, 0) for o, d, p, q, price in lines()]
    connection = raw(sales=(["Order ID", "Date", "Product", "Quantity", "Price", "Gift card amount"], rows))
    proposal = propose(connection)
    assert "amount" not in proposal.questions
    assert total_of(connection, proposal) == REVENUE


def test_whole_numbers_called_sales_below_their_price_are_pieces():
    rows = [written(d, p, q, price) for _, d, p, q, price in lines()]
    connection = raw(sold=(["date", "item_name", "sales", "sell_price"], rows))
    proposal = propose(connection)
    assert chosen(proposal)["orders.quantity"] == "sold.sales"
    assert total_of(connection, proposal) == REVENUE


def test_a_price_without_a_quantity_is_not_loaded_unasked():
    rows = [written(o, d, p, price, q) for o, d, p, q, price in lines()]
    connection = raw(sales=(["Order ID", "Date", "Product", "Unit Price", "Mng"], rows))
    proposal = propose(connection)
    assert proposal.questions["quantity"].answers == {"Mng": "sales.Mng", "none: each line is one piece": ""}
    assert "how many pieces" in what_is_lacking(proposal)
    answer_question(proposal, "quantity", "sales.Mng")
    assert total_of(connection, proposal) == REVENUE


def test_without_a_quantity_a_total_counts_more_than_a_price():
    rows = [written(o, d, p, f"{q} pieces", price, round(q * price, 2)) for o, d, p, q, price in lines()]
    connection = raw(sales=(["Order ID", "Date", "Product", "Packing", "Unit Price", "Line amount"], rows))
    assert total_of(connection, propose(connection)) == REVENUE


def test_cents_and_units_in_a_heading():
    rows = [written(o, d, p, q, str(round(q * price * 100))) for o, d, p, q, price in lines()]
    connection = raw(sales=(["Order ID", "Date", "Product", "Quantity (pcs)", "total_cents"], rows))
    proposal = propose(connection)
    assert total_of(connection, proposal) == REVENUE
    assert rows_of(connection, proposal, "orders")["quantity"].astype(int).sum() == sum(row[3] for row in lines())


def test_sales_that_are_written_below_zero():
    rows = [written(o, d, p, -q, round(q * price, 2)) for o, d, p, q, price in lines()]
    connection = raw(sales=(["Order ID", "Date", "Product", "Quantity", "Amount"], rows))
    proposal = propose(connection)
    assert rows_of(connection, proposal, "orders")["quantity"].astype(int).sum() == sum(row[3] for row in lines())
    assert "its sign is turned" in proposed_selects(proposal)["orders"]


@pytest.mark.parametrize(
    ("amounts", "open_question"), [(["720", "1.245", "12.401"], True), (["7.250", "1.240", "2.500"], False)]
)
def test_marks_of_thousands_are_not_settled_by_a_latitude(amounts, open_question):
    rows = [("2025-01-01", "Lamp", amount, "48.21") for amount in amounts] + [("2025-01-02", "Rug", amounts[0], "9.75")]
    connection = raw(sales=(["Date", "Product", "Amount", "Latitude"], rows))
    assert ("decimals" in what_is_lacking(propose(connection))) == open_question


def test_marks_of_thousands_in_whole_pieces():
    rows = [("2025-01-01", "Lamp", "1,204", "2.50"), ("2025-01-02", "Rug", "690", "3.50")]
    connection = raw(sales=(["Date", "Product", "Units sold", "Total Sales"], rows))
    proposal = propose(connection)
    assert what_is_lacking(proposal) == ""
    assert rows_of(connection, proposal, "orders")["quantity"].tolist() == [1204, 690]


def test_the_point_of_a_currency_is_no_mark():
    rows = [("2025-01-01", "Lamp", "Rs. 1,234"), ("2025-01-02", "Rug", "Rs. 5,934.50")]
    connection = raw(sales=(["Date", "Product", "Amount"], rows))
    assert total_of(connection, propose(connection)) == 7168.5


# Products


def test_where_nothing_names_products_their_kind_is_what_was_sold():
    rows = [written(d, "Female", "Cash", p, q, price) for _, d, p, q, price in lines()]
    header = ["Date", "Gender", "Payment method", "Product category", "Quantity", "Price per unit"]
    connection = raw(sales=(header, rows))
    proposal = propose(connection)
    assert chosen(proposal)["orders.product_id"] == "sales.Product category"
    assert sorted(rows_of(connection, proposal, "products")["category"]) == GOODS


def test_a_list_of_products_is_not_loaded_unasked():
    rows = [(f"P{n}", f"Thing {n}", "2025-01-01", f"{n}.50") for n in range(1, 30)]
    proposal = propose(raw(catalogue=(["uniq_id", "product_name", "crawl_date", "retail_price"], rows)))
    assert "looks like a list of products" in what_is_lacking(proposal)
    answer_question(proposal, "list", "sales")
    assert "looks like a list" not in what_is_lacking(proposal)


def test_a_link_goes_to_the_table_that_is_named():
    products = [(str(n), f"Thing {n}", f"Kind {n % 3}") for n in range(1, 13)]
    stock = [(str(n), str(n % 12 + 1), "5.00") for n in range(1, 200)]
    items = [(str(n), f"O{n}", DAYS[n], str(n % 12 + 1), str(n), "9.50") for n in range(1, 100)]
    connection = raw(
        inventory_items=(["id", "product_id", "cost"], stock),
        order_items=(["id", "order_id", "created_at", "product_id", "inventory_item_id", "sale_price"], items),
        products=(["id", "name", "category"], products),
    )
    proposal = propose(connection)
    assert len(rows_of(connection, proposal, "products")) == 12
    assert chosen(proposal)["products.product_name"] == "products.name"


def test_of_two_columns_with_one_heading_each_belongs_to_the_id_beside_it():
    rows = [
        (o, d, f"C{n % 5}", f"Person {n % 5}", p, f"{p} (large)", "5.00") for n, (o, d, p, *_) in enumerate(lines())
    ]
    header = ["Order ID", "Date", "Customer ID", "Name", "SKU", "Name (2)", "Total"]
    proposal = propose(raw(sales=(header, rows)))
    assert chosen(proposal)["customers.name"] == "sales.Name"
    assert chosen(proposal)["products.product_name"] == "sales.Name (2)"


def test_customers_are_not_described_by_products():
    orders = [(f"{n}", "7", str(n % 12), DAYS[n], "5.00") for n in range(1, 100)]
    products = [(str(n), f"Thing {n}", DAYS[n]) for n in range(12)]
    connection = raw(
        orders=(["id", "user_id", "product_id", "created_at", "total"], orders),
        products=(["id", "title", "created_at"], products),
    )
    assert "customers.registration_date" not in chosen(propose(connection))


def test_shortened_ids_are_asked_about():
    rows = [("1.23457E+12", d, p, "5.00") for _, d, p, *_ in lines()]
    proposal = propose(raw(sales=(["Order ID", "Date", "Product", "Total"], rows)))
    assert "1.23457E+12: a spreadsheet has shortened" in what_is_lacking(proposal)
    answer_question(proposal, "shortened order_number", "none")
    assert "orders.order_number" not in chosen(proposal)


# Statuses


def status_of_orders(connection, proposal):
    """Return the statuses that a proposal gives to the orders, by number."""
    rows = rows_of(connection, proposal, "orders")
    return dict(zip(rows["order_id"], rows["status"], strict=True))  # of orders with one line each


def test_a_status_behind_a_table_of_words():
    orders = [(str(n), str(n % 3 + 4), DAYS[n], "5.00", "Lamp") for n in range(1, 40)]
    words = [("4", "Livré"), ("5", "Annulé"), ("6", "Remboursé"), ("7", "Wunderlich")]  # the last is never used
    connection = raw(
        ps_orders=(["id_order", "current_state", "date_add", "total_paid", "product_name"], orders),
        ps_order_state_lang=(["id_order_state", "name"], words),
    )
    proposal = propose(connection)
    assert what_is_lacking(proposal) == ""
    assert set(rows_of(connection, proposal, "orders")["status"]) == {"Livré", "Annulé", "Remboursé"}


def test_a_second_status_counts_where_the_first_says_nothing_ill():
    words = [("complete", "paid"), ("complete", "refunded"), ("cancelled", "refunded"), ("pending", "paid")]
    rows = [(f"O{n}", DAYS[n], "Lamp", "5.00", *words[n % 4]) for n in range(60)]
    header = ["Order ID", "Date", "Product", "Total", "order_status", "payment_status"]
    connection = raw(sales=(header, rows))
    proposal = propose(connection)
    statuses = status_of_orders(connection, proposal)
    assert [status_of(statuses[f"O{n}"]) for n in range(4)] == ["Completed", "Returned", "Cancelled", "Pending"]
    assert "refunded in payment_status counts as returned" in proposed_selects(proposal)["orders"]


def test_a_day_that_few_lines_have_is_that_of_a_cancellation_or_return():
    rows = [
        (f"O{n}", DAYS[n], "Lamp", "5.00", DAYS[n + 1] if n % 5 == 1 else "", DAYS[n + 2] if n % 5 == 2 else "")
        for n in range(60)
    ]
    header = ["Order ID", "created_at", "Product", "Total", "cancelled_at", "refunded_at"]
    connection = raw(sales=(header, rows))
    statuses = status_of_orders(connection, propose(connection))
    assert [statuses[f"O{n}"] for n in range(4)] == ["Completed", "Cancelled", "Returned", "Completed"]


def test_a_number_of_returned_pieces_is_no_flag():
    rows = [(f"O{n}", DAYS[n], "Lamp", "5.00", str(n % 2)) for n in range(60)]
    connection = raw(sales=(["Order ID", "Date", "Product", "Total", "ReturnQuantity"], rows))
    assert "ReturnQuantity counts as" not in proposed_selects(propose(connection))["orders"]


def test_lines_without_a_status_are_asked_about():
    rows = [(f"O{n}", DAYS[n], "Lamp", "5.00", "Returned" if n % 5 == 0 else "") for n in range(60)]
    connection = raw(sales=(["Order ID", "Date", "Product", "Total", "Status"], rows))
    proposal = propose(connection)
    assert "80% of the orders have no Status" in what_is_lacking(proposal)
    answer_question(proposal, "no status", "Completed")
    assert list(status_of_orders(connection, proposal).values())[:3] == ["Returned", "Completed", "Completed"]


def test_a_table_of_credit_notes_is_loaded_as_returned():
    header = ["Order ID", "Date", "Product", "Quantity", "Total"]
    sales = [written(o, d, p, q, round(q * price, 2)) for o, d, p, q, price in lines()]
    notes = [(f"G{n}", DAYS[n], "Lamp", "1", "19.90") for n in range(8)]
    connection = raw(sales=(header, sales), credit_notes=([*header, "Reason"], [(*row, "broken") for row in notes]))
    proposal = propose(connection)
    answer_question(proposal, "also credit_notes", "returned")
    orders = rows_of(connection, proposal, "orders")
    assert what_is_lacking(proposal) == ""
    assert orders.groupby("status")["total_amount"].apply(lambda amounts: round(amounts.astype(float).sum(), 2)).to_dict() == {
        "Completed": REVENUE, "Returned": 8 * 19.9,
    }  # fmt: skip
    assert (orders["quantity"].astype(int) > 0).all()


# Lines, files and orders


def test_merged_cells_are_filled_from_above():
    rows = [
        written(o, d, "Ann", p, q, price) if n % 2 == 0 else written("", "", "", p, q, price)
        for n, (o, d, p, q, price) in enumerate(lines())
    ]
    connection = raw(sales=(["Order ID", "Date", "Customer", "Product", "Quantity", "Unit Price"], rows))
    proposal = propose(connection)
    orders = rows_of(connection, proposal, "orders")
    assert orders["order_number"].tolist() == [row[0] for row in lines()]
    assert orders["order_date"].tolist() == [row[1] for row in lines()]
    assert set(orders["customer_id"]) == {"Ann"}
    assert total_of(connection, proposal) == REVENUE
    assert "belongs to the order above it" in proposed_selects(proposal)["orders"]


def test_tables_that_are_not_read_are_named():
    rows = [written(o, d, p, q, price) for o, d, p, q, price in lines()]
    connection = raw(
        sales=(["Order ID", "Date", "Product", "Quantity", "Unit Price"], rows),
        coupons=(["code", "percent"], [("A", "10"), ("B", "20")]),
    )
    assert "-- assumed: not read: coupons (2 rows)\n" in proposed_selects(propose(connection))["orders"]


HEADER = "Order ID,Date,Product,Quantity,Unit Price,Status\n"


@pytest.fixture
def shop_of(open_or_build, make_settings, tmp_path):
    """Return a function that writes files into a folder, answers questions, loads it, and returns a connection."""
    with contextlib.ExitStack() as opened:

        def load(files, answers=()):
            folder = tmp_path / "shop"
            folder.mkdir()
            for name, content in files.items():
                (folder / name).write_text(content)
            settings = make_settings(source=str(folder), database=str(tmp_path / "e.db"), exports=str(tmp_path))
            with opened_source(str(folder)) as source:
                proposal = propose(source)
                for key, answer in answers:
                    answer_question(proposal, key, answer)
                assert what_is_lacking(proposal) == ""
                mapping = proposed_selects(proposal)
            open_or_build(replace(settings, mapping=mapping))
            return opened.enter_context(contextlib.closing(connect(settings.database)))

        yield load


def test_what_stands_in_two_files_is_loaded_once_if_the_user_says_so(shop_of):
    content = HEADER + "".join(f"{o},{d},{p},{q},{price},paid\n" for o, d, p, q, price in lines())
    december = HEADER + "".join(f"{o},{d},{p},{q},{price},paid\n" for o, d, p, q, price in lines()[-10:])
    more = "O900,2025-06-01,Lamp,1,19.9,paid\n"
    shop = shop_of({"orders_1.csv": content, "orders_2.csv": december + more}, [("twice", "once")])
    assert shop.execute("SELECT COUNT(*), ROUND(SUM(total_amount), 2) FROM orders").fetchone() == (
        61,
        round(REVENUE + 19.9, 2),
    )
    reasons = shop.execute("SELECT COUNT(*), MIN(reason), ROUND(SUM(amount), 2) FROM set_aside").fetchone()
    assert reasons[0] == 10
    assert "also in another file" in reasons[1]
    read, loaded, aside = shop.execute(
        "SELECT amount_read, amount_loaded, amount_set_aside FROM reconciliation WHERE table_name = 'orders'"
    ).fetchone()
    assert round(read, 2) == round(loaded + aside, 2)
    assert round(aside, 2) == reasons[2]


def test_lines_left_out_on_purpose_may_be_most(shop_of):
    events = "".join(f"{o},{d},{p},1,{price},view\n" for o, d, p, _, price in lines())
    content = HEADER + events + "".join(f"S{n},2025-05-0{n},Lamp,1,19.9,purchase\n" for n in range(1, 6))
    shop = shop_of({"events.csv": content}, [("status view", "aside")])
    assert shop.execute("SELECT COUNT(*) FROM orders").fetchone() == (5,)
    assert shop.execute("SELECT COUNT(*) FROM set_aside WHERE reason LIKE '%view%left out on purpose%'").fetchone() == (
        60,
    )


def test_tests_and_deleted_orders_are_set_aside(shop_of):
    rows = "".join(
        f"{o},{d},{p},1,{price},paid,{'t' if n < 4 else 'f'}\n" for n, (o, d, p, _, price) in enumerate(lines())
    )
    shop = shop_of({"orders.csv": HEADER.strip() + ",is_test\n" + rows})
    assert shop.execute("SELECT COUNT(*) FROM orders").fetchone() == (56,)
    assert shop.execute("SELECT COUNT(*) FROM set_aside WHERE reason LIKE '%is_test%'").fetchone() == (4,)


def test_totals_among_the_lines_are_set_aside(shop_of):
    rows = [f"{o},{d},{p},{q},{price},paid\n" for o, d, p, q, price in lines()]
    rows.insert(30, "O015,2025-01-15,Subtotal,1,4321.5,paid\n")
    shop = shop_of({"orders.csv": HEADER + "".join(rows)})
    assert shop.execute("SELECT ROUND(SUM(total_amount), 2) FROM orders").fetchone() == (REVENUE,)
    assert shop.execute("SELECT amount FROM set_aside WHERE table_name = 'orders'").fetchall() == [(4321.5,)]
    assert shop.execute("SELECT COUNT(*) FROM products WHERE product_name = 'Subtotal'").fetchone() == (0,)


def test_blanks_of_any_kind_around_keys(shop_of):
    rows = [
        f"{o},{d},{p + ends},{q},{price},paid\n"
        for (o, d, p, q, price), ends in zip(lines(), itertools.cycle(["", "\t", "\u00a0", " "]), strict=False)
    ]
    shop = shop_of({"orders.csv": HEADER + "".join(rows)})
    assert shop.execute("SELECT COUNT(*), ROUND(SUM(total_amount), 2) FROM orders").fetchone() == (60, REVENUE)
    assert shop.execute("SELECT COUNT(*) FROM products").fetchone() == (3,)


def test_files_that_hold_no_table_are_in_the_receipt(shop_of):
    rows = "".join(f"{o},{d},{p},{q},{price},paid\n" for o, d, p, q, price in lines())
    shop = shop_of({"orders_01.csv": HEADER + rows, "orders_02.csv": "nothing\nhere\n"})
    notes = [note for (note,) in shop.execute("SELECT assumption FROM assumptions")]
    assert any(note.startswith("not read: orders_02.csv") for note in notes)


def test_lines_without_a_day_of_shipping_are_asked_about():
    rows = [(f"O{n}", DAYS[n], "Lamp", "5.00", DAYS[n + 2] if n % 2 else "") for n in range(60)]
    connection = raw(sales=(["Order ID", "Order Date", "Product", "Total", "Ship Date"], rows))
    proposal = propose(connection)
    assert "50% of the lines have no Ship Date" in what_is_lacking(proposal)
    answer_question(proposal, "no day", "Completed")
    assert set(rows_of(connection, proposal, "orders")["status"]) == {"Completed"}


def test_items_side_by_side_are_asked_about():
    rows = [(f"O{n}", DAYS[n], "25.00", "Lamp", "2", "Rug", "1") for n in range(40)]
    header = ["Order ID", "Order Date", "Order Total", "Item Name #1", "Quantity #1", "Item Name #2", "Quantity #2"]
    proposal = propose(raw(orders=(header, rows)))
    choose_column(
        proposal,
        "orders",
        "product_id",
        next(column for column in proposal.columns["orders"] if column.name == "Item Name #1"),
    )
    assert "those in Item Name #2 are not read" in what_is_lacking(proposal)


def test_the_totals_of_orders_stand_beside_the_lines():
    items = [written(o, p, q, price) for o, _, p, q, price in lines()]
    worth = {}
    for o, d, _, q, price in lines():
        worth[o, d] = worth.get((o, d), 0) + q * price
    orders = [(o, d, f"{amount - 5:.2f}") for (o, d), amount in worth.items()]
    connection = raw(
        order_items=(["order_id", "product", "quantity", "unit_price"], items),
        orders=(["order_id", "order_date", "order_total"], orders),
    )
    proposal = propose(connection)
    assert total_of(connection, proposal) == REVENUE
    (money,) = money_beside(proposal, reading := reading_of(proposal), tally_of(reading)).itertuples()
    assert (money.column, money.total) == ("order_total", pytest.approx(REVENUE - 5 * len(orders)))


def test_a_product_without_a_number_is_told_by_its_name():
    rows = [(o, d, f"A{p}", p, f"{price:g}") for o, d, p, _, price in lines()] + [
        ("O000", DAYS[0], "", "Postage", "4.9")
    ]
    connection = raw(sales=(["Order ID", "Date", "SKU", "Product name", "Total"], rows))
    proposal = propose(connection)
    assert rows_of(connection, proposal, "orders")["product_id"].tolist()[-1] == "Postage"
    assert set(rows_of(connection, proposal, "products")["product_id"]) == {"ALamp", "ARug", "AVase", "Postage"}


# Dates


def dated(written):
    """Return the proposal for sales with these dates, and its connection."""
    rows = [(f"O{n}", day, "Lamp", "5.00") for n, day in enumerate(written)]
    connection = raw(sales=(["Order ID", "Date", "Product", "Total"], rows))
    return connection, propose(connection)


@pytest.mark.parametrize("first", [datetime.date(2008, 11, 20), datetime.date(2023, 11, 20)])
def test_a_year_of_two_digits_in_front(first):
    days = [first + datetime.timedelta(days=n) for n in range(100)]
    connection, proposal = dated([f"{day:%y-%m-%d}" for day in days])
    assert what_is_lacking(proposal) == ""
    assert rows_of(connection, proposal, "orders")["order_date"].tolist() == [day.isoformat() for day in days]


def test_a_year_that_may_stand_in_front_is_asked_about():
    connection, proposal = dated(["24/01/05", "24/02/07", "25/03/09"])
    assert "may be the year" in what_is_lacking(proposal)
    (key,) = [key for key in proposal.questions if key.startswith("order ")]
    answer_question(proposal, key, "yymd")
    assert rows_of(connection, proposal, "orders")["order_date"].tolist() == ["2024-01-05", "2024-02-07", "2025-03-09"]


@pytest.mark.parametrize("answer", ["dmy swapped", "dmy"])
def test_days_and_months_that_a_spreadsheet_swapped(answer):
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=n) for n in range(120)]
    # Of 5 April as 05/04/2024 an American spreadsheet makes 4 May; of 15 April it makes nothing.
    written = [f"{day:%Y-%d-%m}" if day.day <= 12 else f"{day:%d/%m/%Y}" for day in days]
    connection, proposal = dated(written)
    assert "may have swapped" in what_is_lacking(proposal)
    (key,) = [key for key in proposal.questions if key.startswith("order ")]
    answer_question(proposal, key, answer)
    right = rows_of(connection, proposal, "orders")["order_date"].tolist() == [day.isoformat() for day in days]
    assert right == (answer == "dmy swapped")


def test_dates_with_times_in_front_and_weekdays():
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=n) for n in range(40)]
    for form in ("23:59 %d.%m.%Y", "Di., %d.%m.%Y"):
        connection, proposal = dated([f"{day:{form}}" for day in days])
        assert rows_of(connection, proposal, "orders")["order_date"].tolist() == [day.isoformat() for day in days]


def test_keys_that_differ_in_case_meet(shop_of):
    products = "sku,name,category\n" + "".join(f"P{n:02},Thing {n},Kind {n % 2}\n" for n in range(12))
    items = "".join(f"O{n},{DAYS[n]},{'Pp'[n % 2]}{n % 12:02},1,9.50,paid\n" for n in range(60))
    shop = shop_of({"order_items.csv": HEADER.replace("Product", "sku") + items, "products.csv": products})
    assert shop.execute("SELECT COUNT(*), COUNT(DISTINCT product_id) FROM orders").fetchone() == (60, 12)
    assert shop.execute("SELECT COUNT(*) FROM products WHERE category IS NOT NULL").fetchone() == (12,)


def test_an_archive_with_the_same_columns_is_no_table_that_sales_refer_to():
    header = ["id", "order_id", "order_date", "sku", "quantity", "total"]
    rows = [(str(n), o, d, p, str(q), f"{q * price:.2f}") for n, (o, d, p, q, price) in enumerate(lines())]
    proposal = propose(raw(**{"Archive Sales": (header, rows[:14]), "sales": (header, rows)}))
    assert proposal.lines == "sales"
    assert "Archive Sales (14 rows) may hold orders, too" in what_is_lacking(proposal)


def test_an_amount_is_no_number_of_an_order():
    rows = [(o, d, p, f"{price + n / 100:.2f}") for n, (o, d, p, _, price) in enumerate(lines())]
    proposal = propose(raw(liquor=(["Line", "Date", "Item", "Sale (Dollars)"], rows)))
    assert chosen(proposal)["orders.total_amount"] == "liquor.Sale (Dollars)"
    assert "orders.order_number" not in chosen(proposal)


# What stands beside, between and inside


BARE = ["order_id", "order_date", "product", "quantity", "amount"]


def sales(number=60):
    """Return lines of orders with one line each, as a file has them."""
    return [(f"O{n}", DAYS[n % 120], GOODS[n % 3], "1", "5.00") for n in range(number)]


@pytest.mark.parametrize("name", ["returns", "order_notes", "order_status_history"])
def test_a_small_table_beside_the_orders_is_not_their_lines(name):
    beside = [(f"R{n}", f"O{n}", DAYS[n + 3], "broken") for n in range(10)]
    connection = raw(orders=(BARE, sales(100)), **{name: (["return_id", "order_id", "return_date", "reason"], beside)})
    proposal = propose(connection)
    assert proposal.lines == "orders"
    assert total_of(connection, proposal) == 500.0


def test_a_discount_of_whole_money():
    rows = [(f"O{n}", DAYS[n], "Lamp", str(n % 3 + 1), "20", "5") for n in range(60)]
    header = ["Order ID", "Date", "Product", "Quantity", "Unit Price", "Discount Amount"]
    connection = raw(sales=(header, rows))
    assert total_of(connection, propose(connection)) == 20 * 120 - 60 * 5


def test_headings_that_hold_the_tables_name():
    header = [f"sales.{name}" for name in BARE]
    connection = raw(sales=(header, sales()))
    assert total_of(connection, propose(connection)) == 300.0


def test_lines_without_an_order_number_share_no_total():
    numbered = [(f"O{n // 2}", DAYS[n // 2], GOODS[n % 3], "1", "20.00") for n in range(50)]
    rows = numbered + [("", DAYS[n], "Lamp", "1", "34.00") for n in range(4)]
    connection = raw(sales=(["order_no", "order_date", "product", "quantity", "order_total"], rows))
    proposal = propose(connection)
    assert proposal.questions["amounts"].taken == "order"
    assert total_of(connection, proposal) == 25 * 20 + 4 * 34


def test_what_may_be_returned_was_not():
    rows = [(*row, "yes" if n % 4 else "no") for n, row in enumerate(sales())]
    connection = raw(sales=([*BARE, "returnable"], rows))
    assert "returnable counts as" not in proposed_selects(propose(connection))["orders"]


def test_a_return_counts_whether_it_was_restocked_or_not():
    back = [(f"O{n}", DAYS[n + 3], ["yes", "no"][n % 2]) for n in range(10)]
    connection = raw(orders=(BARE, sales()), returns=(["order_id", "return_date", "restocked"], back))
    statuses = rows_of(connection, propose(connection), "orders")["status"]
    assert (statuses == "Returned").sum() == 10


def test_guests_beside_customers_that_stand_on_one_line_of_an_order():
    rows = [
        (o, d, p, "1", "5.00", "" if n % 2 else "guest" if n == 0 else f"C{n // 2}")
        for n, (o, d, p, *_) in enumerate(lines())
    ]
    connection = raw(sales=([*BARE, "customer_id"], rows))
    customers = rows_of(connection, propose(connection), "orders")["customer_id"]
    assert customers.isna().sum() == 2
    assert customers.value_counts().tolist() == [2] * 29


def test_no_date_of_a_cancellation_in_a_database():
    connection = raw(
        sales=([*BARE, "cancelled_at"], [(*row, "2025-06-01" if n < 5 else "") for n, row in enumerate(sales())])
    )
    for nothing in ("", "0000-00-00 00:00:00"):
        connection.execute("UPDATE sales SET cancelled_at = ? WHERE cancelled_at IS NOT '2025-06-01'", (nothing,))
        statuses = rows_of(connection, propose(connection), "orders")["status"]
        assert (statuses == "Cancelled").sum() == 5


def test_two_tables_of_orders_without_numbers_are_not_one():
    header = ["sold_on", "product", "quantity", "amount"]
    rows = [row[1:] for row in sales()]
    connection = raw(web_sales=(header, rows), store_sales=([*header, "till"], [(*row, "1") for row in rows]))
    proposal = propose(connection)
    (key,) = [key for key in proposal.questions if key.startswith("also ")]
    answer_question(proposal, key, "load")
    assert what_is_lacking(proposal) == ""
    assert rows_of(connection, proposal, "orders")["order_number"].nunique() == 120


def test_a_status_beside_one_whose_name_is_longer():
    words = ["paid", "refunded"]
    rows = [
        (o, d, p, "1", "5.00", "" if n % 2 else "complete", words[n // 2 % 2])
        for n, (o, d, p, *_) in enumerate(lines())
    ]
    connection = raw(sales=([*BARE, "status", "status_payment"], rows))
    statuses = rows_of(connection, propose(connection), "orders")["status"]
    assert (statuses == "Returned").sum() == 30


def test_a_long_run_of_lines_that_belong_to_the_order_above():
    rows = [("O1", DAYS[0], "Lamp", "1", "5.00")] + [("", "", "Rug", "1", "1.00")] * 4_000
    rows += [(f"O{n}", DAYS[n % 100], "Vase", "1", "2.00") for n in range(2, 1_500)]
    connection = raw(sales=(["order_no", *BARE[1:]], rows))
    orders = rows_of(connection, propose(connection), "orders")
    assert (orders["order_number"] == "O1").sum() == 4_001


def test_a_view_without_numbers_of_rows_and_with_some_statuses():
    rows = [(*row[1:], "c@x.org", "Returned" if n % 3 == 0 else "") for n, row in enumerate(sales())]
    connection = raw(kept=([*BARE[1:], "email", "status"], rows))
    connection.execute(
        "CREATE TABLE sales (day, product, quantity, amount, email, status, PRIMARY KEY (day, product, quantity)) WITHOUT ROWID"
    )
    connection.execute(
        "INSERT INTO sales SELECT order_date, product || rowid, quantity, amount, email, status FROM kept"
    )
    connection.execute("DROP TABLE kept")
    proposal = propose(connection)
    answer_question(proposal, "no status", "Completed")
    assert total_of(connection, proposal) == 300.0
    assert len(rows_of(connection, proposal, "customers")) == 1


def test_keys_of_products_that_differ_in_case_alone_double_no_line():
    products = [(f"AB-{n}", f"Thing {n}") for n in range(12)] + [("ab-5", "Thing five")]
    items = [(f"O{n}", DAYS[n], f"ab-{n % 12}", "1", "5.00") for n in range(100)]
    connection = raw(
        items=(["order_id", "order_date", "sku", "quantity", "amount"], items), products=(["sku", "name"], products)
    )
    assert len(rows_of(connection, propose(connection), "orders")) == 100


def test_bytes_among_numbers():
    connection = raw(sales=([*BARE[:4], "unit_price", "discount"], [(*row, "1") for row in sales()]))
    connection.execute("UPDATE sales SET discount = X'00FF' WHERE order_id = 'O7'")
    assert propose(connection).lines == "sales"


# Where an order went


def test_a_region_of_a_line_is_where_its_order_went_and_the_latest_is_the_customers():
    header = ["order_id", "order_date", "customer_id", "product", "quantity", "amount", "region"]
    rows = [("1", "2025-01-01", "K1", "Lamp", "1", "5.00", "North"), ("2", "2025-02-01", "K1", "Lamp", "1", "5.00", "South"),
            ("3", "2025-02-02", "K2", "Lamp", "1", "5.00", "North"), ("4", "2025-02-03", "", "Rug", "2", "7.00", "East")]  # fmt: skip
    connection = raw(sales=(header, rows))
    proposal = propose(connection)
    assert rows_of(connection, proposal, "orders")["region"].tolist() == ["North", "South", "North", "East"]
    customers = rows_of(connection, proposal, "customers").set_index("customer_id")
    assert customers["region"].to_dict() == {"K1": "South", "K2": "North"}
    choose_column(proposal, "customers", "region", None)  # the user knows better
    assert "region" not in rows_of(connection, proposal, "orders")


def test_a_region_is_the_orders_where_nothing_tells_customers_apart():
    header = [*BARE, "country"]
    rows = [(*row, "NL" if n % 2 else "BE") for n, row in enumerate(sales())]
    connection = raw(sales=(header, rows))
    assert rows_of(connection, propose(connection), "orders")["region"].value_counts().to_dict() == {"BE": 30, "NL": 30}


def test_a_region_in_the_table_of_orders_is_that_of_their_lines():
    orders = [(f"O{n:02}", f"2025-01-{n:02}", f"K{n % 3}", ("NL", "BE")[n % 2]) for n in range(1, 29)]
    items = [(order, product, "1", "5.00") for order, *_ in orders for product in ("Lamp", "Rug")]
    customers = [(f"K{n}", f"Customer {n}") for n in range(3)]
    connection = raw(
        orders=(["order_id", "order_date", "customer_id", "country"], orders),
        order_items=(["order_id", "product", "quantity", "amount"], items),
        customers=(["customer_id", "name"], customers),
    )
    loaded = rows_of(connection, propose(connection), "orders")
    assert dict(zip(loaded["order_number"], loaded["region"], strict=True)) == {
        order: place for order, *_, place in orders
    }


def test_a_region_on_the_first_line_of_an_order_holds_for_all_of_it():
    rows = [(f"O{n // 2:02}", f"2025-01-{1 + n // 2:02}", GOODS[n % 3], "1", "5.00", ("NL", "BE")[n // 2 % 2] if n % 2 == 0 else "")
            for n in range(40)]  # fmt: skip
    connection = raw(sales=([*BARE, "region"], rows))
    loaded = rows_of(connection, propose(connection), "orders")
    assert loaded.groupby("order_number")["region"].nunique().eq(1).all()
    assert loaded["region"].notna().all()
