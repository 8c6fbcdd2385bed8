"""Small exports on which an import goes wrong in silence: each stands for a kind, and gives the right figures or asks."""

import contextlib
import sqlite3

import pandas as pd
import pytest
from conftest import METABASE

from shopboard.importing.form import ImportForm
from shopboard.problems import ShopProblem


class Imported:
    """A shop as a new user loads it: `text` -> file, `answers` -> what is said to questions whose key begins so."""

    def __init__(self, form, load):
        self.form, self.load = form, load
        self.asked = {key: question.text for key, question in form.questions().items() if question.taken is None}

    def say(self, **answers):
        """Give answers, by the beginning of a question's key and its label or value; those that are not asked fail."""
        for start, label in answers.items():
            key = next(key for key in self.form.questions() if key.startswith(start.replace("_", " ").strip()))
            ways = self.form.questions()[key].answers
            self.form.answer(key, ways.get(label, label))
        return self

    def loaded(self):
        """Load, and return the lines of orders with their regions, as the page has them."""
        self.form.accept()
        with contextlib.closing(sqlite3.connect(self.load.database)) as connection:
            orders = pd.read_sql_query(
                "SELECT orders.*, COALESCE(orders.region, customers.region, '(unknown)') AS place, product_name, customers.name "
                "FROM orders LEFT JOIN customers USING (customer_id) LEFT JOIN products USING (product_id)",
                connection,
            )
            self.reviews = pd.read_sql_query("SELECT * FROM reviews", connection)
            self.assumed = [text for (text,) in connection.execute("SELECT assumption FROM assumptions")]
            self.receipt = pd.read_sql_query("SELECT * FROM reconciliation", connection).set_index("table_name")
        return orders

    def total(self):
        """Load, and return the sum of all lines."""
        return round(self.loaded()["total_amount"].sum(), 2)

    def by(self, column):
        """Load, and return the sum of the lines by a column."""
        return self.loaded().groupby(column)["total_amount"].sum().round(2).to_dict()


@pytest.fixture
def shop(make_settings, open_or_build, tmp_path):
    """A function that makes the form of some files."""
    forms = []

    def shop(**files):
        folder = tmp_path / "source"
        folder.mkdir()
        for name, text in files.items():
            (folder / f"{name}.csv").write_text(text.strip() + "\n", encoding="utf-8")
        source = folder if len(files) > 1 else next(folder.iterdir())
        settings = make_settings(source=str(source), database=str(tmp_path / "own.db"), exports=str(tmp_path))
        form = ImportForm(settings, open_or_build)
        forms.append(form)
        return Imported(form, settings)

    yield shop
    for form in forms:
        form.close()


# Wrong money


def test_a_total_row_counts_nothing_wherever_its_word_stands(shop):
    made = shop(sales="Bill,Date,Client,Amount\nB1,2025-02-03,Eve,12.50\nB2,2025-02-04,Fay,7.50\n,,Total,20.00")
    assert made.by("name") == {"Eve": 12.5, "Fay": 7.5}
    assert made.receipt.loc["orders", "amount_read"] == 20  # a total is no money of its own


def test_a_total_row_without_a_word_counts_nothing(shop):
    made = shop(
        sales="Bill,Date,Client,Amount\nB1,2025-02-03,Eve,12.50\nB2,2025-02-04,Fay,7.50\nB3,2025-02-04,Gil,5\n,,,25.00"
    )
    assert made.total() == 25


def test_subtotals_after_every_few_lines_count_nothing(shop):
    rows = ["Bill,Date,Client,Product,Amount"]
    for n in range(1, 121):
        rows.append(f"B{n},2025-02-{n % 28 + 1:02},C{n % 7},P{n % 5},{n % 9 + 1}.50")
        if n % 12 == 0:
            rows.append(f",,Subtotal,,{sum(k % 9 + 1.5 for k in range(n - 11, n + 1)):.2f}")
    right = sum(n % 9 + 1.5 for n in range(1, 121))
    assert shop(sales="\n".join(rows)).total() == right


def test_a_total_row_with_a_date_counts_nothing(shop):
    lines = [f"S{n},2025-03-{n:02},Cup,12" for n in range(1, 15)]
    made = shop(sales="\n".join(["Sale,Date,Product,Amount", *lines, "Total,2025-03-31,,168.00"]))
    assert made.total() == 168


STAR = {
    "sales": "Order Number,Line Item,Order Date,ProductKey,Quantity\n201,1,2026-02-03,4,1\n202,1,2026-02-04,3,2\n"
    "202,2,2026-02-04,4,1\n203,1,2026-02-05,2,3",
    "products": "ProductKey,Product Name,Unit Price\n1,Pen,2.00\n2,Ink,3.50\n3,Desk,90.00\n4,Chair,55.00",
}


def test_small_integers_are_no_keys_of_another_table(shop):
    made = shop(**STAR)
    assert made.by("product_name") == {"Chair": 110, "Desk": 180, "Ink": 10.5}


def test_what_stands_on_an_orders_first_line_holds_for_all_a_second_status_too(shop):
    made = shop(
        sales="Order,Date,Order Status,Payment Status,Product,Qty,Price\n1,2026-02-03,completed,paid,Pen,2,6\n2,2026-02-04,completed,paid,Pen,1,6\n"
        "2,,,,Ink,1,9\n3,2026-02-05,completed,refunded,Pen,1,6\n3,,,,Ink,2,9\n4,2026-02-06,completed,declined,Pen,1,6\n4,,,,Ink,1,9\n"
        "5,2026-02-07,completed,pending,Desk,1,55"
    )
    assert made.by("status") == {"Completed": 27, "Returned": 24, "Cancelled": 15, "Pending": 55}


DISCOUNT = (
    "Sale Date,Item Name,Buyer,Quantity,Price,Discount Amount,Item Total,Order ID,Transaction ID\n02/13/26,Pen,eve,1,30,6.00,30,701,8001\n"
    "02/13/26,Ink,eve,3,10,0.00,30,701,8002\n02/14/26,Pen,fay,1,30,0.00,30,702,8003\n02/15/26,Desk,gil,1,80,8.00,80,703,8004"
)


def test_a_discount_that_is_not_in_the_amount_is_asked_about(shop):
    made = shop(sales=DISCOUNT)
    assert any("Discount Amount" in text for text in made.asked.values())
    assert made.say(money_Discount_Amount="subtract").total() == 156


def test_a_discount_may_be_left_out(shop):
    assert shop(sales=DISCOUNT).say(money_Discount_Amount="leave").total() == 170


def test_refunds_and_unpaid_orders_are_asked_about(shop):
    made = shop(
        orders="Order ID,Total amount,Amount paid,Created at,Paid at,Refund amount\n1,60,60,2026-02-03,2026-02-03,0\n2,25,0,2026-02-04,,0\n"
        "3,90,40,2026-02-05,2026-02-05,50"
    )
    assert any("Refund amount" in text for text in made.asked.values())
    made.say(money_Refund_amount="returned")
    while made.form.problem():
        key = next(key for key, question in made.form.questions().items() if question.taken is None)
        made.form.answer(key, next(iter(made.form.questions()[key].answers.values())))
    assert made.by("status") == {"Completed": 100, "Returned": 50, "Pending": 25}


def test_amounts_are_told_by_arithmetic_where_their_names_are_not_known(shop):
    made = shop(
        sales="DATE,CUSTOMER,SKU,PCS,RATE,GROSS AMT\n2026-02-03,Eve,A1,2,15.00,30.00\n2026-02-04,Fay,A2,4,5.00,20.00\n2026-02-05,Gil,A1,1,14.40,15.00"
    )
    assert made.total() == 65


def test_a_count_is_no_money(shop):
    made = shop(
        orders="Order Number,Order Status,Order Date,Item Name,Total products,Order Total Amount\n11,completed,2026-02-03,Pen,1,150\n"
        "12,completed,2026-02-04,Ink,2,250\n13,completed,2026-02-05,Desk,1,300"
    )
    assert made.total() == 700


def test_the_same_table_under_two_names_is_read_once(shop):
    text = "order_id,order_date,product,total\n1,2026-02-03,Pen,12\n2,2026-02-04,Ink,13"
    assert shop(order_items=text, shop_export=text).total() == 25


def test_no_sentence_names_a_sum_that_is_not_loaded(shop):
    made = shop(
        sales="Order,Date,Product,Qty,Price,Total\n1,2026-02-03,Pen,2,6,12\n2,2026-02-04,Pen,1,6,15\n2,,Ink,1,9,\n3,2026-02-05,Desk,1,55,55"
    )
    total = made.total()
    assert total == 82
    for text in [*made.asked.values(), *made.assumed]:
        assert "in all" not in text or f"{total:,.2f}" in text, text


# Wrong regions


def test_a_region_is_the_orders(shop):
    made = shop(
        orders="order_id,order_date,customer_id,region,product,total\n1,2026-02-03,A,North,Pen,50\n2,2026-02-04,A,South,Pen,60\n"
        "3,2026-02-05,B,North,Pen,70\n4,2026-02-06,C,South,Pen,80"
    )
    assert made.by("place") == {"North": 120, "South": 140}


def test_a_region_of_lines_counts_before_one_of_customers(shop):
    made = shop(
        orders="order_id,order_date,customer_id,region,product,total\n1,2026-02-03,A,North,Pen,50\n2,2026-02-04,A,South,Pen,60\n3,2026-02-05,B,North,Pen,70",
        customers="customer_id,name,country\nA,Eve,Chile\nB,Fay,Chile",
    )
    assert made.by("place") == {"North": 120, "South": 60}


def test_a_line_without_a_customer_has_its_region(shop):
    made = shop(
        orders="order_id,order_date,customer_id,region,product,quantity,total\nA1,2025-04-13,K1,South,Pen,1,30\nA2,2025-04-14,K2,South,Pen,1,30\n"
        "A3,2025-04-15,,East,Ink,1,45.50"
    )
    assert made.by("place") == {"South": 60, "East": 45.5}


def test_a_region_is_reached_through_the_lines(shop):
    made = shop(
        sales="SalesKey,OrderDate,CustomerKey,TerritoryKey,ProductKey,Quantity,Amount\n1,2026-02-03,11,1,5,1,50\n2,2026-02-04,12,2,6,1,60\n3,2026-02-05,11,2,5,1,70",
        customers="CustomerKey,Full Name\n11,Eve Ash\n12,Fay Oak",
        products="ProductKey,Product Name\n5,Pen\n6,Ink",
        territories="SalesTerritoryKey,Region,Country\n1,Northwest,Chile\n2,Southeast,Chile",
    )
    assert made.by("place") == {"Northwest": 50, "Southeast": 130}


# Wrong shares and ratings


def test_known_words_of_a_status_are_taken_and_shown(shop):
    made = shop(
        orders="order_id,order_date,status,product,total\n1,2026-02-03,shipped,Pen,10\n2,2026-02-04,cancelled,Pen,20\n3,2026-02-05,refunded,Pen,30\n4,2026-02-06,shipped,Pen,40"
    )
    assert made.by("status") == {"Completed": 50, "Cancelled": 20, "Returned": 30}


def test_reviews_of_orders_count_for_each_of_their_products(shop):
    made = shop(
        items="order_id,item_id,product_id,order_date,price\no1,1,p1,2025-02-10,10\no2,1,p1,2025-02-11,10\no2,2,p2,2025-02-11,20\no3,1,p1,2025-02-12,10",
        reviews="review_id,order_id,review_score,review_date\nr1,o1,5,2025-02-12\nr2,o2,2,2025-02-13\nr3,o3,2,2025-02-27",
    )
    made.loaded()
    assert len(made.reviews) == 4  # that of two products counts for each
    assert made.reviews.groupby("product_id")["rating"].mean().round(2).tolist() == [3.0, 2.0]
    assert any("after the last order" in text for text in made.assumed)


def test_cancelled_lines_of_no_pieces_count_as_cancelled(shop):
    made = shop(
        orders="order_id,order_date,status,product,quantity,total\n1,2026-02-03,shipped,Pen,1,10\n2,2026-02-04,cancelled,Pen,0,0\n3,2026-02-05,shipped,Ink,2,30\n4,2026-02-06,shipped,Ink,1,15"
    )
    assert made.loaded()["status"].value_counts().to_dict() == {"Completed": 3, "Cancelled": 1}


# Stuck, or asked what nobody can answer


def test_an_answer_may_mean_none(shop):
    made = shop(
        views="date,title,price,views,likes\n2026-02-03,Pen,6.00,15,3\n2026-02-04,Ink,9.00,25,4\n2026-02-05,Pen,6.00,15,3\n2026-02-06,Desk,55.00,8,2"
    )
    assert "quantity" in made.asked
    quantity = made.form.asked.answers["quantity"]
    quantity.value = dict(quantity.options)["none: each line is one piece"]
    assert made.form.problem() == ""
    assert made.total() == 76


def test_geography_is_no_status(shop):
    made = shop(
        orders="date,order id,type,product,order city,order state,total\n2026-02-03,1,Order,Pen,Reno,NV,10\n2026-02-04,2,Order,Pen,Boise,ID,20\n"
        "2026-02-05,3,Order,Ink,Salem,OR,30\n2026-02-06,1,Refund,Pen,Reno,NV,-10"
    )
    assert not any("state" in key or "NV" in key for key in made.asked)
    assert made.by("status") == {"Completed": 60, "Returned": 10}


def test_an_order_number_beside_a_transaction_number_tells_orders(shop):
    lines = [f"{900 + n},{n},2026-02-{n % 28 + 1:02},Pen,{n % 4 + 5}" for n in range(1, 121)]
    lines += [f"{1100 + n},{n},2026-02-{n % 28 + 1:02},Ink,9" for n in (5, 9)]
    made = shop(sales="\n".join(["Transaction ID,Order ID,Date,Product,Amount", *lines]))
    assert made.loaded()["order_number"].nunique() == 120


def test_a_header_without_rows_is_said_to_have_none(shop):
    with pytest.raises(ShopProblem, match="no rows"):
        made = shop(orders="order_id,order_date,product,total")
        raise ShopProblem(made.form.problem())


def test_lines_with_numbers_of_their_own_repeat_none(shop):
    made = shop(
        items="order_item_id,order_id,order_date,product,total\n1,1,2026-02-03,Pen,10\n2,1,2026-02-03,Pen,10\n3,2,2026-02-04,Ink,20"
    )
    assert made.total() == 40
    assert not any("repeat an earlier line" in text for text in made.assumed)


# Silent before Load


def test_lines_that_will_be_lost_are_told_before(shop):
    lines = [f"{n},2026-02-{n % 28 + 1:02},P{n % 9},{n}" for n in range(1, 91)]
    made = shop(
        orders="\n".join(["order_id,order_date,product_id,total", *lines]),
        products="\n".join(["product_id,product_name", *(f"P{n},Thing {n}" for n in range(6))]),
    )
    lost = sum(n for n in range(1, 91) if n % 9 > 5)
    assert "30 lines" in made.form.questions()["lost product_id"].text
    assert made.form.preview.total == sum(range(1, 91))  # they are loaded, unless the user says otherwise
    shown = made.say(lost_product="aside").form.preview
    assert (shown.set_aside_lines, shown.set_aside_amount) == (30, lost)
    assert "not among the loaded products" in shown.reasons["reason"].iloc[0]


def test_lines_that_cannot_be_read_are_told_before(shop):
    lines = [f"A{n},2025-02-{n % 28 + 1:02},Cup,{n}" for n in range(1, 41)]
    made = shop(orders="\n".join(["order_id,date,product,total", *lines, 'A90,2025-02-27,"Box, 6" wide, blue",11']))
    made.loaded()
    told = made.form.preview
    assert told.total == made.receipt.loc["orders", "amount_loaded"]
    assert told.lines + told.set_aside_lines == 41


def test_a_table_that_is_not_joined_says_how_many_rows_would_match(shop):
    orders = "\n".join(
        ["order_id,date,item,total", *(f"{n},2025-02-{n % 28 + 1:02},Item {n % 50},{n}" for n in range(1, 101))]
    )
    goods = "\n".join(["item,category", *(f"Item {n},Toys" for n in range(48, 90))])
    preview = shop(orders=orders, goods=goods).form.preview
    ((_, row),) = preview.not_read[preview.not_read["table"] == "goods"].iterrows()
    assert "4 of 100" in row["why"]


def test_addresses_and_buyers_are_no_products(shop):
    made = shop(
        sales="Date,Buyer Name,Delivery Address,Amount\n2026-02-03,Eve Ash,5 Elm Street,12\n2026-02-04,Fay Oak,9 Oak Road,13\n2026-02-05,Eve Ash,5 Elm Street,14"
    )
    assert made.form.proposal.matches["orders", "product_id"].column is None
    assert made.total() == 39


# The preview's figures, by another way


def test_a_preview_says_what_pandas_counts_and_what_is_loaded(shop):
    rows = [
        (
            n,
            f"2025-{n % 4 + 1:02}-{n % 27 + 1:02}",
            f"C{n % 13}",
            f"P{n % 7}",
            f"K{n % 7 % 3}",
            ("East", "West")[n % 5 > 2],
            n % 4 + 1,
            round(1.5 * n, 2),
            ("shipped", "void", "to do")[n % 11 % 3],
            round(n % 6 * 0.25, 2),
        )
        for n in range(1, 201)
    ]
    names = [
        "order_id",
        "order_date",
        "customer",
        "product",
        "category",
        "region",
        "quantity",
        "total",
        "status",
        "Shipping Fee",
    ]
    table = pd.DataFrame(rows, columns=names)
    made = shop(orders=table.to_csv(index=False)).say(status_to_do="Pending", money_Shipping_Fee="add")
    shown = made.form.preview
    sold = table[table["status"] == "shipped"].assign(total=lambda rows: rows["total"] + rows["Shipping Fee"])
    assert shown.revenue == pytest.approx(sold["total"].sum())
    assert (shown.lines, shown.orders, shown.customers) == (200, 200, 13)
    assert shown.units == sold["quantity"].sum()
    assert (shown.first, shown.last) == (table["order_date"].min(), table["order_date"].max())
    for name in ("region", "category"):
        parts = {"region": shown.regions, "category": shown.categories}[name]
        got = dict(zip(parts[name], parts["revenue"], strict=True))
        assert got == pytest.approx(sold.groupby(name)["total"].sum().to_dict())
    months = sold.groupby(sold["order_date"].str[:7])["total"].sum()
    assert dict(zip(shown.months["month"], shown.months["revenue"], strict=True)) == pytest.approx(months.to_dict())
    words = shown.words.set_index("word")
    assert words["lines"].to_dict() == table["status"].value_counts().to_dict()
    (money,) = shown.money.itertuples()
    assert (money.column, money.total) == ("Shipping Fee", pytest.approx(table["Shipping Fee"].sum()))
    assert money.effect == pytest.approx(sold["Shipping Fee"].sum())
    orders = made.loaded()
    assert orders.loc[orders["status"] == "Completed", "total_amount"].sum() == pytest.approx(shown.revenue)


def test_a_revenue_that_is_known_is_compared_and_the_choice_that_makes_up_the_difference_named(shop):
    part = shop(sales=DISCOUNT).form.counted
    part.known.value = "156"
    assert "14.00 more than 156.00" in part.told.value
    assert "Discount Amount taken off (-14.00)" in part.told.value
    part.known.value = "170.00"
    assert "as you know it" in part.told.value


def test_a_line_of_money_but_no_pieces_is_loaded_and_said(shop):
    made = shop(
        orders="order_id,order_date,product,quantity,total\n1,2026-02-03,Pen,1,10\n2,2026-02-04,Pen,0,12.50\n3,2026-02-05,Ink,2,30\n4,2026-02-06,Ink,1,15"
    )
    assert "1 line with an amount" in made.form.questions()["lost quantity"].text
    assert (made.form.preview.total, made.form.preview.units) == (67.5, 5)
    assert made.say(lost_quantity="aside").form.preview.total == 55


@pytest.mark.parametrize(
    ("source", "total", "lines", "regions"),
    [
        ("metabase-sample/csv", 1_595_328.13, 18_760, {}),
        ("metabase-sample/metabase_sample.sqlite", 1_595_328.13, 18_760, {}),
        ("northwind/northwind.sqlite", 1_265_793.04, 2_155, {}),
        (
            "superstore/superstore.csv",
            2_297_200.86,
            9_994,
            {"West": 725_457.82, "East": 678_781.24, "Central": 501_239.89, "South": 391_721.91},
        ),
        ("shopify-orders/shopify_orders_sample.csv", 15_063.00, 263, {}),
    ],
)
def test_public_shops_come_to_their_own_figures_before_they_are_loaded(
    source, total, lines, regions, make_settings, tmp_path
):
    if not (METABASE.parent / source).exists():
        pytest.skip("the shops are not beside this project")
    settings = make_settings(
        source=str(METABASE.parent / source), database=str(tmp_path / "own.db"), exports=str(tmp_path)
    )
    form = ImportForm(settings, str)
    try:
        assert form.problem() == ""
        assert (form.preview.total, form.preview.lines, form.preview.set_aside_lines) == (
            pytest.approx(total, abs=0.01),
            lines,
            0,
        )
        shown = dict(zip(form.preview.regions["region"], form.preview.regions["revenue"], strict=True))
        assert {name: shown[name] for name in regions} == pytest.approx(regions, abs=0.01)
    finally:
        form.close()


def test_stars_of_lines_are_reviews_of_their_products(shop):
    made = shop(
        sales="order_id,order_date,customer,product,total,Customer Rating\n1,2026-02-03,Eve,Pen,10,5\n2,2026-02-04,Fay,Pen,12.50,\n3,2026-02-05,Eve,Ink,30,2\n4,2026-02-06,Gil,Ink,15,3"
    )
    made.loaded()
    assert made.reviews["rating"].tolist() == [5, 2, 3]
    assert made.reviews["review_date"].tolist() == ["2026-02-03", "2026-02-05", "2026-02-06"]
    assert made.form.preview.rating == pytest.approx(10 / 3)


REFUNDED = """
order_id,order_date,customer,product,quantity,unit_price,status
1,2026-01-13,Ann,Cup,2,10,delivered
2,2026-01-14,Bob,Mug,1,30,delivered
3,2026-01-15,Cyd,Pot,1,40,delivered
4,2026-01-16,Dan,Pan,1,50,canceled
5,2026-01-17,Eve,Cup,1,10,delivered
6,2026-01-18,Fay,Cup,1,10,delivered
7,2026-01-19,Gil,Cup,1,10,delivered
8,2026-01-20,Hal,Cup,1,10,delivered
9,2026-01-20,Ida,Cup,1,10,delivered
"""


def test_money_that_a_table_of_refunds_gives_back_is_asked_about(shop):
    back = "refund_id,order_id,refund_date,amount,status\n1,1,2026-01-20,5,completed\n2,1,2026-01-21,3,completed\n3,2,2026-01-20,30,completed\n4,3,2026-01-21,40,rejected\n5,4,2026-01-22,50,completed"
    imported = shop(orders=REFUNDED, refunds=back)
    assert list(imported.asked) == ["money amount"]
    assert imported.say(money="returned").by("status") == {"Completed": 102.0, "Returned": 38.0, "Cancelled": 50.0}


def test_a_return_that_was_refused_is_none_and_a_cancelled_order_stays_so(shop):
    back = "return_id,order_id,return_date,reason,return_status\n1,1,2026-01-20,late,Approved\n2,2,2026-01-20,broken,Rejected\n3,3,2026-01-20,broken,Pending\n4,4,2026-01-20,late,Approved"
    imported = shop(orders=REFUNDED, returns=back)
    assert imported.by("status") == {"Completed": 120.0, "Returned": 20.0, "Cancelled": 50.0}


def test_a_payment_that_is_approved_is_made(shop):
    imported = shop(
        orders="order_id,date,payment_method,payment_status,product,total\n1,2026-01-13,invoice,approved,Cup,10\n2,2026-01-14,card,approved,Mug,20\n3,2026-01-15,card,refunded,Pot,40"
    )
    assert not any("payment_method" in key for key in imported.form.questions())
    assert imported.by("status") == {"Completed": 30.0, "Returned": 40.0}


def test_an_order_goes_to_the_address_that_it_names(shop):
    imported = shop(
        orders="id,user_id,address_id,order_date,product,total\n1,7,2,2026-01-13,Cup,10\n2,8,1,2026-01-14,Mug,20",
        users="id,name\n7,Ann Ash\n8,Bob Birch",
        addresses="id,user_id,city,country\n1,8,Reno,US\n2,7,York,GB",
    )
    assert imported.by("place") == {"Reno": 20.0, "York": 10.0} or imported.by("place") == {"US": 20.0, "GB": 10.0}


def test_an_amount_is_no_key(shop):
    imported = shop(
        orders="id,customer,status,amount,created_at\n1,Ann,shipped,120,2026-01-13\n2,Bob,shipped,55,2026-01-14\n3,Cyd,returned,80,2026-01-15",
        payments="id,order_id,amount,state\n1,1,120,ok\n2,2,55,ok\n3,3,80,ok",
    )
    assert imported.form.proposal.taken("product_id") is None
    assert imported.by("status") == {"Completed": 175.0, "Returned": 80.0}


def test_words_of_a_status_in_a_table_of_their_own_are_asked_about_rather_than_its_numbers(shop):
    imported = shop(
        orders="id,fname,lname,order_date,status_id,product,total\n1,Ann,Ash,2026-01-13,1,Cup,10\n2,Bob,Bay,2026-01-14,2,Mug,20\n3,Cyd,Cox,2026-01-15,1,Pot,40",
        order_statuses="id,name\n1,Knorz\n2,Blim\n3,Fesk",
    )
    assert list(imported.asked) == ["status Knorz", "status Blim"]
    assert imported.say(status_Knorz="Completed", status_Blim="Cancelled").by("status") == {
        "Completed": 50.0,
        "Cancelled": 20.0,
    }


def test_what_all_tables_are_called_after_hides_no_reference(shop):
    imported = shop(
        acme_orders="id,ship_address_id,ordered_at,state\n1,12,2026-01-13,complete\n2,11,2026-01-14,complete",
        acme_line_items="id,order_id,variant_id,quantity,price\n1,1,31,2,10\n2,2,32,1,30",
        acme_variants="id,sku,product_id\n31,S1,21\n32,S2,22",
        acme_products="id,name\n21,Cup\n22,Mug",
        acme_addresses="id,city\n11,Reno\n12,York",
    )
    lines = imported.loaded()
    assert lines.groupby("product_name")["total_amount"].sum().to_dict() == {"Cup": 20.0, "Mug": 30.0}
    assert lines.groupby("place")["total_amount"].sum().to_dict() == {"York": 20.0, "Reno": 30.0}


def test_names_in_a_table_of_translations_and_places_by_the_code_of_a_country(shop):
    imported = shop(
        order="id,number,ordered_at,address_id\n7001,A1,2026-01-13,51\n7002,A2,2026-01-14,52",
        order_line="id,order_id,product_id,quantity,line_price,line_price_before_discounts\n1,7001,31,1,10,10\n2,7002,32,2,30,30",
        product="id,sku\n31,S31\n32,S32",
        product_translation="product_id,language,name\n31,en,Cup\n32,en,Mug",
        order_shippingaddress="id,street,country_id\n51,1 Main St,GB\n52,2 Main St,US",
    )
    assert not any("before" in key for key in imported.asked)
    lines = imported.loaded()
    assert lines.groupby("product_name")["total_amount"].sum().to_dict() == {"Cup": 10.0, "Mug": 30.0}
    assert lines.groupby("place")["total_amount"].sum().to_dict() == {"GB": 10.0, "US": 30.0}


def test_states_of_orders_that_are_not_read_are_said(shop):
    imported = shop(
        orders="order_id,order_date,product,total\n1,2026-01-13,Cup,10\n2,2026-01-14,Mug,20",
        order_events="order_id,state,at\n1,submitted,2026-01-13\n1,delivered,2026-01-14\n2,submitted,2026-01-14\n2,cancelled,2026-01-15",
    )
    imported.loaded()
    assert any("order_events may tell another state" in line for line in imported.assumed)
