"""Shops of other shapes, made up with known truths: each comes out right by status, region and category, or its form asks."""

import csv
import io
import random

import pytest

from shopboard.importing.form import ImportForm

GOODS = (
    ("Cup", 8.0, "Kitchen"),
    ("Mug", 12.5, "Kitchen"),
    ("Pot", 30.0, "Garden"),
    ("Lamp", 45.9, "Living"),
    ("Rug", 120.0, "Living"),
)


class Made:
    """A made shop: its files, and what it comes to by status and region, of which revenue is the Completed part."""

    def __init__(self, seed):
        self.random, self.files, self.truth, self.regions = random.Random(seed), {}, {}, {}

    def lines(self, most=3):
        """Return the products of an order, each with a quantity."""
        chosen = self.random.sample(GOODS, self.random.randint(1, most))
        return [(name, price, category, self.random.randint(1, 3)) for name, price, category in chosen]

    def count(self, status, amount, region=""):
        """Count a line in the truth."""
        self.truth[status] = self.truth.get(status, 0) + amount
        if status == "Completed" and region:
            self.regions[region] = self.regions.get(region, 0) + amount

    def file(self, name, header, rows, separator=","):
        """Keep a file."""
        out = io.StringIO()
        csv.writer(out, delimiter=separator, lineterminator="\n").writerows([header.split(separator), *rows])
        self.files[name] = out.getvalue()


def day(n):
    return f"2025-{n % 6 + 1:02}-{n % 27 + 1:02}"


def comma(amount):
    return f"{amount:.2f}".replace(".", ",")


def order_export(made):
    """As online shops write it: what is an order's stands on its first line."""
    words = {"paid": "Completed", "refunded": "Returned", "voided": "Cancelled", "pending": "Pending"}
    rows = []
    for n in range(1, 61):
        lines, region = made.lines(), made.random.choice(("Ontario", "Quebec"))
        tax = round(0.1 * sum(price * pieces for _, price, _, pieces in lines), 2)
        total = sum(price * pieces for _, price, _, pieces in lines) + tax
        word = made.random.choice([*["paid"] * 6, "refunded", "voided", "pending"])
        made.count(words[word], total, region)
        for place, (name, price, _, pieces) in enumerate(lines):
            head = [word, "fulfilled", f"{day(n)} 10:00:00 -0500", f"{tax:.2f}", f"{total:.2f}", region]
            rows.append(
                [f"#{1000 + n}", f"c{n % 17}@x.com", *(head if not place else [""] * 6), pieces, name, f"{price:.2f}"]
            )
    made.file(
        "orders",
        "Order,Email,Financial Status,Fulfillment Status,Created at,Taxes,Total,Shipping Province,Lineitem quantity,Lineitem name,Lineitem price",
        rows,
    )
    return {"amount": "total"}


def repeated_totals(made):
    """As plug-ins write it: the order's total on each of its lines, beside the line's."""
    words = {
        "wc-completed": "Completed",
        "wc-processing": "Pending",
        "wc-refunded": "Returned",
        "wc-cancelled": "Cancelled",
    }
    rows = []
    for n in range(1, 61):
        lines, word, region = (
            made.lines(),
            made.random.choice(["wc-completed", *words]),
            made.random.choice(("Berlin", "Hamburg")),
        )
        total = sum(price * pieces for _, price, _, pieces in lines)
        made.count(words[word], total, region)
        rows += [
            [
                5000 + n,
                f"{day(n)} 09:11",
                word,
                f"{total:.2f}",
                f"Ann {n % 13}",
                region,
                name,
                pieces,
                f"{price * pieces:.2f}",
            ]
            for name, price, _, pieces in lines
        ]
    made.file(
        "woo",
        "Order Number,Order Date,Order Status,Order Total,Customer Name,Billing City,Item Name,Item Quantity,Item Total",
        rows,
    )
    return {}


def settlement(made):
    """As a marketplace settles: types of Order and Refund, refunds below zero, cities and states beside."""
    rows = []
    for n in range(1, 81):
        (name, price, _, pieces), *_ = made.lines(1)
        amount, region = price * pieces, made.random.choice(("TX", "NV"))
        kinds = ("Order", "Refund") if n % 9 == 0 else ("Order",)
        for kind in kinds:
            sign = 1 if kind == "Order" else -1
            made.count("Completed" if sign > 0 else "Returned", amount, region)
            rows.append(
                [
                    f"{day(n)}T10:00:00+00:00",
                    kind,
                    f"111-{n}",
                    f"{name}-SKU",
                    name,
                    pieces,
                    "Reno",
                    region,
                    f"{sign * amount:.2f}",
                    f"{-sign * 0.15 * amount:.2f}",
                    f"{sign * 0.85 * amount:.2f}",
                ]
            )
    made.file(
        "settlement",
        "date/time,type,order id,sku,description,quantity,order city,order state,product sales,selling fees,total",
        rows,
    )
    return {}


def sold_items(made):
    """As a craft market lists sold items: a discount that is not in the item's total, shipping on each line of an order."""
    rows = []
    for n in range(1, 61):
        region = made.random.choice(("United States", "Canada"))
        for name, price, _, pieces in made.lines(2):
            discount = made.random.choice((0, 0, 1.5))
            made.count("Completed", price * pieces - discount, region)
            rows.append(
                [
                    f"{n % 6 + 1:02}/{n % 27 + 1:02}/25",
                    name,
                    f"buyer{n % 20}",
                    pieces,
                    f"{price:.2f}",
                    f"{discount:.2f}",
                    "4.50",
                    f"{price * pieces:.2f}",
                    70000 + len(rows),
                    f"3000{n:03}",
                    region,
                ]
            )
    made.file(
        "sold",
        "Sale Date,Item Name,Buyer,Quantity,Price,Discount Amount,Order Shipping,Item Total,Transaction ID,Order ID,Ship Country",
        rows,
    )
    return {"money Discount Amount": "subtract"}


def till_items(made):
    """As a till exports items: dollars, gross and net, discounts below zero, refunds in brackets."""
    rows = []
    for n in range(1, 101):
        (name, price, category, pieces), *_ = made.lines(1)
        gross, off = price * pieces, made.random.choice((0, 0, 2.0))
        made.count("Completed", gross - off)
        rows.append(
            [
                day(n),
                category,
                name,
                f"{pieces:.1f}",
                f"${gross:,.2f}",
                f"-${off:,.2f}",
                f"${gross - off:,.2f}",
                f"${0.08 * gross:,.2f}",
                f"T{n // 2}",
                "Payment",
            ]
        )
        if n % 15 == 0:
            made.count("Returned", gross)
            rows.append(
                [
                    day(n),
                    category,
                    name,
                    f"-{pieces:.1f}",
                    f"(${gross:,.2f})",
                    "$0.00",
                    f"(${gross:,.2f})",
                    f"(${0.08 * gross:,.2f})",
                    f"T{n // 2}",
                    "Refund",
                ]
            )
    made.file("items", "Date,Category,Item,Qty,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Event Type", rows)
    return {}


def till_journal(made):
    """As a till prints a journal: the number and date on a receipt's first line, a sum below each, one below all."""
    rows, whole = [], 0
    for n in range(1, 41):
        lines = made.lines()
        for place, (name, price, _, pieces) in enumerate(lines):
            made.count("Completed", price * pieces)
            head = [f"R{n}", f"{n % 27 + 1:02}.{n % 6 + 1:02}.2025"] if not place else ["", ""]
            rows.append([*head, name, pieces, comma(price), comma(price * pieces)])
        total = sum(price * pieces for _, price, _, pieces in lines)
        rows.append(["", "", "Summe Bon", "", "", comma(total)])
        whole += total
    made.file(
        "kasse",
        "Bon;Datum;Artikel;Menge;Einzelpreis;Betrag",
        [*rows, ["Gesamtsumme", "", "", "", "", comma(whole)]],
        ";",
    )
    return {}


def star_schema(made):
    """As a warehouse keeps it: a fact with three keys and a line number, regions reached through the fact alone."""
    places = ((1, "Northwest", "US"), (2, "France", "FR"), (3, "Japan", "JP"))
    rows = []
    for n in range(1, 91):
        for place, (name, price, _, pieces) in enumerate(made.lines(), 1):
            number, region, _ = made.random.choice(places)
            made.count("Completed", price * pieces, region)
            product = [good[0] for good in GOODS].index(name) + 1
            rows.append([f"SO{n}", place, day(n), product, 11000 + n % 30, number, pieces])
    made.file("Sales", "OrderNumber,OrderLineItem,OrderDate,ProductKey,CustomerKey,TerritoryKey,OrderQuantity", rows)
    made.file(
        "Products",
        "ProductKey,ProductName,Category,ProductPrice",
        [[n, name, category, price] for n, (name, price, category) in enumerate(GOODS, 1)],
    )
    made.file("Customers", "CustomerKey,FirstName,LastName", [[11000 + n, f"First{n}", f"Last{n}"] for n in range(30)])
    made.file("Territories", "SalesTerritoryKey,Region,Country", places)
    return {}


def titled_sheet(made):
    """As somebody keeps it in a spreadsheet: a title, names of their own, a grand total."""
    rows = []
    for n in range(1, 41):
        (name, price, _, pieces), *_ = made.lines(1)
        made.count("Completed", price * pieces)
        rows.append(
            [n, f"{n % 27 + 1}-Mar-25", f"Client {n % 9}", name, pieces, f"{price:.2f}", f"{price * pieces:,.2f}"]
        )
    made.file(
        "report",
        "No.,Date,Client,Item,Pcs,Rate,Amount",
        [*rows, ["Grand Total", "", "", "", "", "", f"{made.truth['Completed']:,.2f}"]],
    )
    made.files["report"] = f"Sales report March 2025,,,,,,\n,,,,,,\n{made.files['report']}"
    return {}


def european(made):
    """As a German shop writes it: days first, commas before cents, its own words."""
    words = {"Geliefert": "Completed", "Storniert": "Cancelled", "Retourniert": "Returned", "Offen": "Pending"}
    rows = []
    for n in range(1, 81):
        (name, price, category, pieces), *_ = made.lines(1)
        word, region = made.random.choice(["Geliefert", *words]), made.random.choice(("Bayern", "Hessen"))
        made.count(words[word], price * pieces * 10, region)
        rows.append(
            [
                f"A{n // 2}",
                f"{n % 27 + 1:02}.{n % 6 + 1:02}.2025",
                f"K{n % 11}",
                region,
                name,
                category,
                pieces * 10,
                f"{comma(price * pieces * 10)} €",
                word,
            ]
        )
    made.file(
        "bestellungen",
        "Bestellnummer;Bestelldatum;Kundennummer;Bundesland;Artikel;Warengruppe;Anzahl;Gesamtbetrag;Status",
        rows,
        ";",
    )
    return {}


def order_list(made):
    """Orders without lines, with what was refunded of each."""
    rows = []
    for n in range(1, 81):
        total, region = round(made.random.uniform(5, 300), 2), made.random.choice(("US", "UK", "DE"))
        word = made.random.choice([*["Delivered"] * 5, "Canceled"])
        refund = made.random.choice((0, 0, 0, round(total / 2, 2))) if word == "Delivered" else 0
        made.count("Completed" if word == "Delivered" else "Cancelled", total - refund, region)
        if refund:
            made.count("Returned", refund)
        rows.append([n, day(n), f"cust{n % 17}@x.com", region, word, f"{total:.2f}", f"{refund:.2f}", "Card"])
    made.file(
        "orders", "Order #,Placed on,Customer email,Country,Order status,Grand total,Refunded,Payment method", rows
    )
    return {"money Refunded": "returned"}


SHAPES = [
    order_export,
    repeated_totals,
    settlement,
    sold_items,
    till_items,
    till_journal,
    star_schema,
    titled_sheet,
    european,
    order_list,
]


@pytest.fixture
def opened(make_settings, tmp_path, monkeypatch):
    """Open the form of a source of these files, name -> text, answer what it asks, and close it at the end."""
    monkeypatch.setattr(
        "shopboard.importing.draft.PATIENCE", float("inf")
    )  # on a busy machine, too, each answer is counted
    forms = []

    def form_of(files, answers):
        source = tmp_path / "source"
        source.mkdir()
        for name, text in files.items():
            (source / f"{name}.csv").write_text(text, encoding="utf-8")
        path = str(source if len(files) > 1 else next(source.iterdir()))
        form = ImportForm(make_settings(source=path, database=str(tmp_path / "own.db"), exports=str(tmp_path)), str)
        forms.append(form)
        asked = {key: question.taken for key, question in form.questions().items()}
        assert {key for key in asked if asked[key] is None} == {key for key in answers if asked[key] is None}
        for key, answer in answers.items():
            form.answer(key, answer)
        assert form.problem() == ""
        return form

    yield form_of
    for form in forms:
        form.close()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_shop_of_another_shape_comes_out_right(shape, opened):
    made = Made(len(shape.__name__))
    answers = shape(made)
    shown = opened(made.files, answers).preview
    assert shown.set_aside_lines == 0
    assert money_by(shown, "status") == pytest.approx(made.truth, abs=0.02)
    if made.regions:
        assert money_by(shown, "region") == pytest.approx(made.regions, abs=0.02)


def money_by(shown, part):
    """Return the money of a preview by status, or its revenue by region or category, where there is any."""
    rows = {"status": shown.statuses, "region": shown.regions, "category": shown.categories}[part]
    return {name: money for name, money in zip(rows.iloc[:, 0], rows.iloc[:, -1], strict=True) if money}


SMALL = {  # what is peculiar to an export -> its files, what is answered, and what its money comes to
    "headings above the lines": (
        {
            "report": "Sales by Product Detail,,,,,\n,Date,Num,Customer,Qty,Amount\nCup,,,,,\n,01/13/2025,1,Ann,2,16.00\n,01/14/2025,2,Bob,1,8.00\n"
            "Total for Cup,,,,3,24.00\nPot,,,,,\n,01/15/2025,3,Ann,1,30.00\n,01/16/2025,4,Cyd,1,30.00\nTotal for Pot,,,,2,60.00\nTOTAL,,,,5,84.00"
        },
        {},
        {"status": {"Completed": 84}},
    ),
    "a row for each order, its lines and its payments": (
        {
            "sales": "Date,Receipt Number,Line Type,Quantity,Total,Paid,Details,Sku,Status\n"
            + "".join(
                f"2025-01-1{n},{n},Sale,3,{40 + n},{40 + n},2 cups and a pot,,paid\n2025-01-1{n},{n},Sale Line,2,{10 + n},,Cup,C1,paid\n"
                f"2025-01-1{n},{n},Sale Line,1,30,,Pot,P1,paid\n2025-01-1{n},{n},Payment,,,{40 + n},Cash,,paid\n"
                for n in range(1, 5)
            )
        },
        {},
        {"status": {"Completed": 170}},
    ),
    "a row that describes the columns; a day of blanks; an amount after discount": (
        {
            "orders": "Order ID,Order Status,Seller SKU,Quantity,SKU Unit Original Price,SKU Seller Discount,SKU Subtotal After Discount,Order Amount,Created Time,Cancelled Time,State\n"
            "The number,The status,The SKU,Pieces,The price,Who paid it,What remains,With shipping,When created,When cancelled,Where\n"
            "1,Completed,C1,2,10,4,16,21,01/13/2025 10:00:00,\t,Ohio\n2,Completed,C1,1,10,0,10,15,01/14/2025 10:00:00,\t,Utah\n"
            "3,To ship,P1,3,30,0,90,95,01/15/2025 10:00:00,\t,Ohio\n4,Completed,P1,1,30,3,27,32,01/16/2025 10:00:00,\t,Ohio\n"
            "5,Canceled,P1,1,30,0,30,35,01/17/2025 10:00:00,01/18/2025 10:00:00,Utah\n"
        },
        {},
        {"status": {"Completed": 53, "Pending": 90, "Cancelled": 30}, "region": {"Ohio": 43, "Utah": 10}},
    ),
    "where it is delivered, in French": (
        {
            "commandes": "ID;Référence;Livraison;Client;Total;Paiement;État;Date\n7;AKQ;France;A. Dur;36,00 €;Chèque;Livré;2025-01-13 10:00:00\n"
            "8;BKQ;Belgique;B. Mol;24,50 €;Carte;Livré;2025-01-14 10:00:00\n9;CKQ;France;C. Sol;9,90 €;Carte;En attente du virement;2025-01-15 10:00:00"
        },
        {},
        {"status": {"Completed": 60.5, "Pending": 9.9}, "region": {"France": 36, "Belgique": 24.5}},
    ),
    "a discount of the order on each of its lines": (
        {
            "orders": "order_number,created,email,sku,price,quantity,order_discount\n"
            + "".join(f"{n},2025-01-1{n},a@x.com,C1,20,1,6\n{n},2025-01-1{n},a@x.com,P1,40,1,6\n" for n in range(1, 5))
        },
        {"money order_discount": "subtract"},
        {"status": {"Completed": 216}},
    ),
    "the price of a line beside its quantity, and another discount": (
        {
            "orders": "amazon-order-id,purchase-date,sku,quantity,item-price,item-promotion-discount,ship-state\n"
            + "".join(
                f"A{n},2025-01-1{n % 9}T10:00:00+00:00,{sku},{pieces},{price * pieces}.00,{'' if n % 4 else '1.50'},{'TX' if n % 2 else 'NV'}\n"
                for n, (sku, price, pieces) in enumerate(
                    (sku, price, pieces)
                    for sku, price in (("C1", 8), ("P1", 30), ("L1", 46))
                    for pieces in (1, 2, 3, 5)
                )
            )
        },
        {"money item-promotion-discount": "subtract"},
        {"status": {"Completed": 919.5}},
    ),
    "lines that a join with payments doubles": (
        {
            "joined": "order_id,order_item_id,order_date,product,line_total,payment\n1,1,2025-01-13,Cup,10,card\n1,2,2025-01-13,Pot,30,card\n"
            "2,1,2025-01-14,Cup,10,voucher\n2,1,2025-01-14,Cup,10,card\n3,1,2025-01-15,Cup,10,card"
        },
        {},
        {"status": {"Completed": 60}},
    ),
    "a currency without decimals": (
        {
            "受注": '受注番号,受注日,お届け先都道府県,商品名,数量,小計\n1,2025/01/13,東京都,Cup,1,"¥12,000"\n2,2025/01/14,大阪府,Pot,2,"¥2,500"\n3,2025/01/15,東京都,Cup,1,¥320'
        },
        {},
        {"status": {"Completed": 14820}, "region": {"東京都": 12320, "大阪府": 2500}},
    ),
    "delivery before billing, and a region before a country": (
        {
            "orders": "Order,Date,Product,Total,Billing State,Shipping State,Country/Region\n1,2025-01-13,Cup,10,Ohio,Utah,US\n2,2025-01-14,Cup,20,Ohio,Iowa,US"
        },
        {},
        {"region": {"Utah": 10, "Iowa": 20}},
    ),
    "a table called lines, of which taxes are added": (
        {"lines": "Order,Date,Product,Total,VAT\n1,2025-01-13,Cup,10.50,2.10\n2,2025-01-14,Pot,30.50,6.10"},
        {"money VAT": "add"},
        {"status": {"Completed": 49.2}},
    ),
    "an order's discount that its lines have, too": (
        {
            "sales_order": "entity_id,created_at,status,grand_total,base_discount_amount,discount_amount\n1,2025-01-13,complete,27,-3,-3\n2,2025-01-14,complete,40,0,0",
            "sales_order_item": "item_id,order_id,sku,qty_ordered,price,row_total,discount_amount\n1,1,C1,1,10,10,1\n2,1,P1,1,20,20,2\n3,2,P1,2,20,40,0",
        },
        {"money discount_amount": "subtract"},
        {"status": {"Completed": 67}},
    ),
    "categories in two languages; the region of a territory's name": (
        {
            "order_items": "order_id,order_item_id,product_id,price\no1,1,p1,10\no2,1,p2,20\no3,1,p1,30",
            "orders": "order_id,purchase_date,territory_id\no1,2025-01-13,1\no2,2025-01-14,2\no3,2025-01-15,1",
            "products": "product_id,product_category_name\np1,cozinha\np2,jardim",
            "category_translation": "product_category_name,product_category_name_english\ncozinha,kitchen\njardim,garden",
            "territories": "territory_id,name\n1,Northwest\n2,Southeast",
        },
        {},
        {"category": {"kitchen": 40, "garden": 20}, "region": {"Northwest": 40, "Southeast": 20}},
    ),
    "a customer's state beside that of the store": (
        {
            "orders": "order_id,order_date,customer_id,store_id,product,total\n1,2025-01-13,1,1,Cup,10\n2,2025-01-14,2,1,Cup,20",
            "customers": "customer_id,name,state\n1,Ann,Ohio\n2,Bob,Utah",
            "stores": "store_id,store_name,state\n1,Main,Iowa",
        },
        {},
        {"region": {"Ohio": 10, "Utah": 20}},
    ),
    "a total in a currency that its name tells, beside the customers' currencies": (
        {
            "lines": "Order,Date,Product,Qty,Currency,Total (EUR)\n1,2025-01-13,Cup,1,USD,10.00\n2,2025-01-14,Pot,1,EUR,30.50\n"
            "3,2025-01-15,Pot,2,USD,61.00\n4,2025-01-16,Cup,1,EUR,10.00"
        },
        {},
        {"status": {"Completed": 111.5}},
    ),
    "a column called Name, of the products of a till": (
        {
            "till": "Date,Receipt number,Name,Variant,Category,Quantity,Price,Discount,Final price (GBP),Cashier\n13/01/2025,1,Cup,,Kitchen,2,10.00,1.00,19.00,Sam\n"
            "13/01/2025,1,Pot,,Garden,1,30.00,0.00,30.00,Sam\n14/01/2025,2,Cup,,Kitchen,-1,10.00,0.00,-10.00,Sam\n15/01/2025,3,Pot,,Garden,3,30.00,9.00,81.00,Sam"
        },
        {},
        {"status": {"Completed": 130, "Returned": 10}, "category": {"Kitchen": 19, "Garden": 111}},
    ),
    "sales that may be pieces": (
        {"train": "date,store,item,sales\n2025-01-13,1,5,7\n2025-01-14,1,6,21\n2025-01-15,1,5,14"},
        {"small": "money"},
        {"status": {"Completed": 42}},
    ),
    "a net price beside the price": (
        {
            "sales": "OrderKey,OrderDate,ProductKey,Quantity,UnitPrice,NetPrice\n1,2025-01-13,1,2,10.00,10.00\n2,2025-01-14,2,1,30.00,27.00\n3,2025-01-15,1,3,10.00,9.00"
        },
        {},
        {"status": {"Completed": 74}},
    ),
    "a discount as a line of its order": (
        {
            "lines": "Order No,Date,State,Item,Qty,Amount\n1,2025-01-13,Ohio,Cup,2,20.00\n1,2025-01-13,Ohio,Pot,1,30.00\n1,2025-01-13,Ohio,Discount 10%,1,-5.00\n"
            "2,2025-01-14,Utah,Cup,1,10.00\n3,2025-01-15,Ohio,Pot,-1,-30.00"
        },
        {},
        {"status": {"Completed": 55, "Returned": 30}, "region": {"Ohio": 45, "Utah": 10}},
    ),
    "a discount as a line of its order that is a return after all": (
        {
            "lines": "Order No,Date,Item,Qty,Amount\n1,2025-01-13,Cup,2,20.00\n1,2025-01-13,Coupon,1,-5.00\n2,2025-01-14,Cup,1,10.00\n3,2025-01-14,Cup,1,10.00"
        },
        {"lost discount": "returned"},
        {"status": {"Completed": 40, "Returned": 5}},
    ),
    "an order that tells no pieces, of a menu that has the prices": (
        {
            "order_details": "order_details_id,order_id,order_date,item_id\n1,1,1/13/25,101\n2,1,1/13/25,102\n3,2,1/14/25,101",
            "menu_items": "menu_item_id,item_name,category,price\n101,Soup,Starters,4.50\n102,Pasta,Mains,12.00",
        },
        {},
        {"category": {"Starters": 9, "Mains": 12}},
    ),
    "a price at the purchase beside the price of today": (
        {
            "orders": "order_id,order_date,product_id,quantity,price_at_purchase\n1,2025-01-13,1,2,10.00\n2,2025-01-14,2,1,30.00",
            "products": "product_id,product_name,category,price\n1,Cup,Kitchen,12.00\n2,Pot,Garden,33.00",
        },
        {},
        {"category": {"Kitchen": 20, "Garden": 30}},
    ),
    "a place behind a key that is spelled otherwise": (
        {
            "transactions": "product_code,market_code,order_date,sales_qty,sales_amount\nP1,M1,2025-01-13,1,10\nP2,M2,2025-01-14,1,25\nP1,M2,2025-01-15,2,20",
            "markets": "markets_code,markets_name,zone\nM1,Pune,South\nM2,Delhi,North",
        },
        {},
        {"region": {"South": 10, "North": 45}},
    ),
    "months alone": (
        {
            "sales": "Customer Name,City,Product Name,Quantity,Price,Sales,Month,Year\nAnn,Bonn,Cup,2,10.00,20.00,January,2025\nBob,Kiel,Pot,1,30.00,30.00,March,2025"
        },
        {},
        {"region": {"Bonn": 20, "Kiel": 30}},
    ),
    "dollars that are called so twice": (
        {
            "orders": "Order ID,Placed On,Product,Quantity,Price\n1,Jan 13 2025,Cup,2,$10.00 USD\n2,Jan 14 2025,Pot,1,$30.00 USD"
        },
        {},
        {"status": {"Completed": 50}},
    ),
    "dollars with marks of thousands and no cents": (
        {
            "sales": "Date;Product;Amount\n"
            + "".join(f"2025-01-{n % 28 + 1:02};Cup;${1000 + 37 * n:,} \n" for n in range(40))
            + "2025-01-13;Cup;$800 "
        },
        {},
        {"status": {"Completed": 40 * 1000 + 37 * 780 + 800}},
    ),
    "an amount that is an error where price and pieces are known": (
        {
            "sales": "Date,Product,Quantity,Price,Total\n2025-01-13,Cup,2,10.00,20.00\n2025-01-14,Pot,3,30.00,ERROR\n2025-01-15,Cup,1,10.00,\n"
            + "".join(f"2025-02-1{n},Pot,{n},30.00,{n * 30}.00\n" for n in range(1, 9))
        },
        {},
        {"status": {"Completed": 120 + 30 * 36}},
    ),
    "pieces that are weighed": (
        {
            "till": "Receipt,Date,Item,Quantity,Unit Price\n1,2025-01-13,Figs,0.355,10.00\n1,2025-01-13,Tea,2,4.00\n2,2025-01-14,Figs,1.25,10.00"
        },
        {},
        {"status": {"Completed": 24.05}},
    ),
    "lines that name no product": (
        {
            "till": "Receipt,Date,Item,Category,Quantity,Total\n1,2025-01-13,Figs,Food,1,10.00\n2,2025-01-13,,Food,2,4.00\n3,2025-01-14,,Toys,3,7.50\n"
            "4,2025-01-14,Cup,,1,5.00\n5,2025-01-15,,,1,1.00"
        },
        {},
        {"category": {"Food": 14, "Toys": 7.5, "(unknown)": 6}},
    ),
    "a discount on every line": (
        {
            "sales": "Order,Date,Item,Units,Price,Discount %,Net\n1,2025-01-13,Cup,2,10,10,18\n2,2025-01-14,Pot,3,30,25,67.5\n3,2025-01-15,Pan,4,40,50,80"
        },
        {},
        {"status": {"Completed": 165.5}},
    ),
    "marks of thousands beside numbers without": (
        {
            "sales": 'Date,Item,Units,Price,Amount\n2025-01-13,Cup,2,"1,200","2,400"\n2025-01-14,Mug,1,800,800\n2025-01-15,Pot,1,"12,800","12,800"'
        },
        {},
        {"status": {"Completed": 16_000}},
    ),
    "minutes of delivery": (
        {
            "orders": "Order,Date,Item,Total,Delivery Time (min)\n1,2025-01-13,Pizza,10,28\n2,2025-01-14,Pasta,12,31\n3,2025-01-15,Pizza,10,45"
        },
        {},
        {"status": {"Completed": 32}},
    ),
    "reasons of returns": (
        {
            "orders": "Order,Date,Item,Total,Return Reason\n1,2025-01-13,Cup,10,\n2,2025-01-14,Pot,30,Too small\n3,2025-01-15,Pan,40,\n4,2025-01-16,Pan,40,"
        },
        {},
        {"status": {"Completed": 90, "Returned": 30}},
    ),
    "days and months that another column tells apart": (
        {
            "orders": "Order,Order Date,Ship Date,Item,Total\n1,08/11/2025,16/11/2025,Cup,10\n2,09/11/2025,17/11/2025,Pot,30"
        },
        {},
        {"status": {"Completed": 40}},
    ),
    "orders that are not paid": (
        {"orders": "Datum,Bestellnr,Artikel,Summe,Bezahlt\n2025-01-13,1,Tasse,10,ja\n2025-01-14,2,Topf,30,nein"},
        {},
        {"status": {"Completed": 10, "Pending": 30}},
    ),
    "marks of thousands that the price tells": (
        {
            "sales": 'Date,Item,Units,Price,Amount\n2025-01-13,Cup,2,"5,000","10,000"\n2025-01-14,Mug,5,800,"4,000"\n2025-01-15,Pot,1,"30,000","30,000"'
        },
        {},
        {"status": {"Completed": 44_000}},
    ),
    "a price that is lower beside the list's": (
        {
            "orders": "Order,Date,Item,Qty,Listed Price,Discounted Price\n1,2025-01-13,Cup,1,10,9\n2,2025-01-14,Pot,3,30,27\n3,2025-01-15,Cup,2,10,8"
        },
        {},
        {"status": {"Completed": 106}},
    ),
    "shops that are named by an id": (
        {
            "vendas": "Data,ID Loja,Produto,Quantidade,Valor Unitário,Valor Final\n2025-01-13,Norte Shopping,Copo,2,10,20\n2025-01-14,Sul Shopping,Bule,1,30,30"
        },
        {},
        {"region": {"Norte Shopping": 20, "Sul Shopping": 30}},
    ),
    "a total where the days stand, and a note below": (
        {
            "sales": "Date,Order,Item,Qty,Price,Total,Status\n2025-01-13,1,Cup,2,10,20,shipped\n2025-01-14,2,Pot,1,30,30,shipped\n2025-01-15,3,Pan,1,40,40,cancelled\nTotal,,,4,,90,\n,* with tax,,,,,"
        },
        {},
        {"status": {"Completed": 50, "Cancelled": 40}},
    ),
    "reviews without a day": (
        {
            "orders": "order_id,order_date,product_id,total\n1,2025-01-13,7,10\n2,2025-01-14,8,30",
            "reviews": "review_id,product_id,rating\n1,7,5\n2,8,4",
        },
        {},
        {"status": {"Completed": 40}},
    ),
    "payouts and fees beside sales": (
        {
            "balance": "id,Type,Amount,Fee,Created (UTC),Description\n1,charge,50.00,1.75,2025-01-13 10:00,Cup\n2,charge,30.00,1.17,2025-01-14 10:00,Pot\n"
            "3,refund,-30.00,0.00,2025-01-15 10:00,Pot\n4,stripe_fee,-2.00,0.00,2025-01-15 11:00,Radar\n5,payout,-45.00,0.00,2025-01-16 10:00,To the bank"
        },
        {},
        {"status": {"Completed": 80, "Returned": 30}},
    ),
    "a sale and its refund under one number, and what was authorized before it was captured": (
        {
            "transactions": "Order,Name,Kind,Gateway,Created At,Status,Amount\n"
            + "".join(
                f"{n},#{n},{kind},card,2025-01-1{n} 10:00,success,{10 * n}.00\n"
                for n, kinds in enumerate(
                    ("sale refund", "sale refund", "authorization capture", "sale", "sale refund"), 1
                )
                for kind in kinds.split()
            )
        },
        {},
        {"status": {"Completed": 150, "Returned": 80}},
    ),
    "bills that were sent but not paid": (
        {
            "invoices": "Invoice #,Client Name,Date Issued,Invoice Status,Item Name,Line Total\n1,Ann,2025-01-13,paid,Cup,10.00\n"
            "2,Bob,2025-01-14,sent,Pot,30.00\n3,Cyd,2025-01-15,viewed,Pot,30.00\n4,Ann,2025-01-16,overdue,Cup,10.00"
        },
        {},
        {"status": {"Completed": 10, "Pending": 70}},
    ),
    "credit notes above zero": (
        {
            "invoices": "InvoiceNumber,InvoiceDate,Description,Quantity,LineAmount,Type,Status\nINV-1,2025-01-13,Cup,1,10.00,Sales invoice,Paid\n"
            "INV-2,2025-01-14,Pot,1,30.00,Sales invoice,Authorised\nCN-1,2025-01-15,Cup,1,10.00,Sales credit note,Paid\nINV-3,2025-01-16,Cup,2,20.00,Sales invoice,Voided"
        },
        {},
        {"status": {"Completed": 10, "Pending": 30, "Returned": 10, "Cancelled": 20}},
    ),
    "the names of a German ERP's fields": (
        {
            "VBAK": "VBELN,AUDAT,KUNNR,WAERK,NETWR\n4969,20250113,17,USD,40\n4970,20250114,18,USD,30",
            "VBAP": "VBELN,POSNR,MATNR,ARKTX,KWMENG,NETPR,NETWR\n4969,10,C1,Cup,1.000,10.00,10.00\n4969,20,P1,Pot,1.000,30.00,30.00\n4970,10,C1,Cup,3.000,10.00,30.00",
        },
        {},
        {"status": {"Completed": 70}},
    ),
    "a discount that the price paid has taken off": (
        {
            "orders": "Order ID,Order Creation Date,Product Name,Original Price,Deal Price,Quantity,Product Subtotal,Seller Discount\n1,2025-01-13,Cup,10.00,9.00,2,18.00,2.00\n"
            "2,2025-01-14,Pot,30.00,27.00,3,81.00,9.00\n3,2025-01-15,Cup,10.00,9.00,1,9.00,1.00"
        },
        {},
        {"status": {"Completed": 108}},
    ),
    "prices of lines, before and after a discount": (
        {
            "items": "Order Id,Sent Date,Menu Item,Gross Price,Discount,Net Price,Qty,Void?\n"
            + "".join(
                f"{n},2025-01-1{n % 9 + 1},{item},{price * pieces:.2f},{off:.2f},{price * pieces - off:.2f},{pieces}.0,false\n"
                for n, (item, price, pieces, off) in enumerate(
                    (item, price, pieces, off)
                    for item, price in (("Cup", 8), ("Pot", 30), ("Lid", 46))
                    for pieces, off in ((1, 0), (2, 0), (1, 2), (3, 0))
                )
            )
        },
        {},
        {"status": {"Completed": 7 * (8 + 30 + 46) - 6}},
    ),
    "net sales beside product sales": (
        {
            "items": "Date,Item,Qty,Product Sales,Discounts,Net Sales,Tax,Gross Sales\n01/13/2025,Cup,1,$10.00,$0.00,$10.00,$1.00,$11.00\n"
            "01/14/2025,Pot,2,$60.00,-$6.00,$54.00,$5.40,$59.40"
        },
        {},
        {"status": {"Completed": 64}},
    ),
    "what is net of the marketplace's fees": (
        {
            "transactions": "Date,Type,Order number,Buyer,Net amount,Item title,Quantity,Item subtotal,Shipping,Final Value Fee - fixed,Gross transaction amount\n"
            "2025-01-13,Order,1,ann,12.20,Cup,1,10.00,4.00,-1.80,14.00\n2025-01-14,Order,2,bob,30.60,Pot,1,30.00,4.00,-3.40,34.00\n"
            "2025-01-15,Order,3,cyd,12.20,Cup,1,10.00,4.00,-1.80,14.00"
        },
        {},
        {"status": {"Completed": 50}},
    ),
    "payments that failed, each on a day": (
        {
            "payments": "Payment Date,Payment ID,Order ID,Order Date,Amount,Result,Tender\n13-Jan-2025 10:00,1,7,13-Jan-2025 10:00,10.00,SUCCESS,Card\n"
            "14-Jan-2025 10:00,2,8,14-Jan-2025 10:00,30.00,FAIL,Cash\n15-Jan-2025 10:00,3,9,15-Jan-2025 10:00,20.00,SUCCESS,Card"
        },
        {},
        {"status": {"Completed": 30, "Cancelled": 30}},
    ),
    "the names of Vietnam": (
        {
            "don": "Mã đơn hàng,Ngày đặt hàng,Trạng Thái Đơn Hàng,Tên sản phẩm,Giá gốc,Giá ưu đãi,Số lượng,Tổng giá bán (sản phẩm),Người Mua,Quốc gia,Tỉnh/Thành phố\n"
            "1,2025-01-13 10:00,Hoàn thành,Cup,100,90,2,180,ann,VN,Hà Nội\n2,2025-01-14 10:00,Đã hủy,Pot,300,270,1,270,bob,VN,Đà Nẵng\n"
            "3,2025-01-15 10:00,Chờ lấy hàng,Pot,300,270,2,540,ann,VN,Hà Nội\n4,2025-01-16 10:00,Đã giao,Cup,100,90,1,90,bob,VN,Đà Nẵng"
        },
        {},
        {"status": {"Completed": 270, "Cancelled": 270, "Pending": 540}, "region": {"Hà Nội": 180, "Đà Nẵng": 90}},
    ),
    "the names of Thailand, whose letters have signs above and below": (
        {
            "orders": "หมายเลขคำสั่งซื้อ,สถานะการสั่งซื้อ,ชื่อผู้ใช้ (ผู้ซื้อ),วันที่ทำการสั่งซื้อ,ชื่อสินค้า,ราคาขาย,จำนวน,ราคาขายสุทธิ,จังหวัด\n"
            "1,สำเร็จแล้ว,ann,2025-01-13 10:00,Cup,90,2,180,เชียงใหม่\n2,ยกเลิกแล้ว,bob,2025-01-14 10:00,Pot,270,1,270,ชลบุรี\n"
            "3,ที่ต้องจัดส่ง,ann,2025-01-15 10:00,Pot,270,2,540,เชียงใหม่\n4,การจัดส่ง,bob,2025-01-16 10:00,Cup,90,1,90,ชลบุรี"
        },
        {},
        {"status": {"Completed": 270, "Cancelled": 270, "Pending": 540}, "region": {"เชียงใหม่": 180, "ชลบุรี": 90}},
    ),
    "a price that is called the item's cost": (
        {
            "orders": "PO#,Order Date,SKU,Item Description,Qty,Item Cost,Shipping Cost,Tax,Status\n1,2025-01-13,C1,Cup,2,10.00,0.00,1.20,Delivered\n2,2025-01-14,P1,Pot,1,30.00,4.00,2.40,Shipped"
        },
        {},
        {"status": {"Completed": 50}},
    ),
}


@pytest.mark.parametrize("what", SMALL)
def test_a_peculiar_export_comes_out_right(what, opened):
    files, answers, truth = SMALL[what]
    shown = opened(files, answers).preview
    assert {part: money_by(shown, part) for part in truth} == {
        part: pytest.approx(money) for part, money in truth.items()
    }


def test_items_side_by_side_are_asked_about_wherever_their_number_stands(opened):
    header = "order_id,order_date,order_total,item_1_name,item_1_quantity,item_2_name,item_2_quantity"
    form = opened({"orders": f"{header}\n1,2025-01-13,40,Cup,1,Pot,1\n2,2025-01-14,10,Cup,1,,"}, {"wide": "first"})
    assert form.questions()["wide"].text.startswith("item_1_name is the first of several items")


HEADINGS = {  # of date, order, product, region, money, pieces and profit
    "Spanish": "Fecha del pedido,Id. del pedido,Producto,Región,Ventas,Cantidad,Ganancia",
    "Portuguese": "Data do pedido,ID do pedido,Produto,Região,Vendas,Quantidade,Lucro",
    "Italian": "Data ordine,ID ordine,Prodotto,Regione,Vendite,Quantità,Profitto",
    "Dutch": "Orderdatum,Order-ID,Product,Regio,Omzet,Aantal,Winst",
    "Turkish": "Sipariş Tarihi,Sipariş No,Ürün,Bölge,Satış,Adet,Kar",
    "Russian": "Дата заказа,Номер заказа,Товар,Регион,Продажи,Количество,Прибыль",
    "Indonesian": "TanggalPesanan,IDPesanan,NamaProduk,NamaWilayah,Penjualan,Jumlah,Keuntungan",
    "Chinese": "订单日期,订单 ID,产品名称,地区,销售额,数量,利润",
    "Japanese": "オーダー日,オーダー ID,製品名,地域,売上,数量,利益",
    "Korean": "주문 날짜,주문 ID,제품 이름,지역,매출,수량,수익",
}


@pytest.mark.parametrize("language", HEADINGS)
def test_sales_are_money_in_any_language(language, opened):
    rows = (
        "2025-01-13,7,Cup,North,20.50,2,4.10\n2025-01-13,7,Pot,North,61.00,2,9.75\n2025-02-14,8,Cup,South,10.25,1,2.05"
    )
    form = opened({"sales": f"{HEADINGS[language]}\n{rows}"}, {})
    assert money_by(form.preview, "region") == {"North": 81.5, "South": 10.25}
    assert (form.preview.orders, form.preview.units) == (2, 5)
    assert not any("profit" in key or "money" in key for key in form.questions())


@pytest.mark.parametrize(
    "heading",
    ["Valoración del cliente", "Avaliação", "Оценка", "评分", "評価", "Rating Pelanggan", "Customer Satisfaction"],
)
def test_stars_are_read_in_any_language(heading, opened):
    lines = "2025-01-13,1,Cup,10,5\n2025-01-14,2,Pot,30,4\n2025-01-15,3,Cup,10,3\n2025-01-16,4,Cup,10,"
    assert opened({"orders": f"Date,Order,Product,Total,{heading}\n{lines}"}, {}).preview.rating == 4


def test_a_line_without_a_product_in_an_order_with_others_is_set_aside(opened):
    """It may be the order's postage or its payment."""
    shown = opened(
        {"till": "Receipt,Date,Item,Total\n1,2025-01-13,Figs,10.00\n1,2025-01-13,,4.00\n2,2025-01-14,Cup,5.00"}, {}
    ).preview
    assert (shown.revenue, shown.set_aside_amount) == (15, 4)


def test_where_nothing_is_completed_what_is_pending_is_asked_about(opened):
    lines = "Order,Date,Item,Total,Status\n1,2025-01-13,Cup,10,Approved\n2,2025-01-14,Pot,30,Cancelled"
    form = opened({"orders": lines}, {"status Approved": "Completed"})
    assert money_by(form.preview, "status") == {"Completed": 10, "Cancelled": 30}


def test_totals_of_orders_beside_prices_of_lines_are_asked_about(opened):
    """Taxes and postage are in the totals alone, and nobody but the user knows which of both is the revenue."""
    rows = [
        f"{n},2025-01-1{n},{sku},{price},1,{45 + n}" for n in range(1, 5) for sku, price in (("C1", 10), ("P1", 30))
    ]
    form = opened({"orders": "\n".join(["Order,Date,SKU,Price,Quantity,Order Total", *rows])}, {"amount": "total"})
    assert list(form.questions()["amount"].answers) == [
        "Order Total, of whole orders: 190.00 in all",
        "Price × Quantity: 160.00 in all",
    ]
    assert form.preview.revenue == 190


def test_half_stars_are_said_not_to_be_read(opened):
    form = opened({"orders": "Order,Date,Product,Total,Rating\n1,2025-01-13,Cup,10,4.5\n2,2025-01-14,Pot,30,5"}, {})
    assert any("Rating is not read" in text and "4.5" in text for text in form.assumed())


STARS = "Order,Date,Product,Total,Rating\n" + "".join(
    f"{n},2025-01-1{n},{('Cup', 'Pot')[n % 2]},10,{stars}\n" for n, stars in enumerate((9, 10, 7, 2, 6), 1)
)


def test_stars_of_lines_up_to_ten_may_be_read(opened):
    """9 and 7 are halves of stars, of which one goes down and one up."""
    form = opened({"orders": STARS}, {})
    assert form.preview.rating is None
    form.answer("lost stars", "round")
    assert form.preview.rating == pytest.approx((4 + 5 + 4 + 1 + 3) / 5)


def test_half_stars_of_reviews_are_asked_about(opened):
    files = {
        "orders": "order_id,order_date,product_id,total\n1,2025-01-13,1,10\n2,2025-01-15,2,30",
        "reviews": "review_id,product_id,rating,review_date\n1,1,4.5,2025-01-14\n2,1,3.5,2025-01-14\n3,2,1,2025-01-15",
    }
    form = opened(files, {"lost stars": "round"})
    assert form.preview.rating == 3
    form.answer("lost stars", "leave")
    assert form.preview.rating is None


def test_what_counts_people_is_no_customer(opened):
    """Nor is the store what was sold, though it has a table of its own."""
    files = {
        "train": "Store,Date,Sales,Customers\n1,2025-01-13,5263.50,555\n2,2025-01-13,6064.25,625\n1,2025-01-14,5020.75,546",
        "store": "Store,StoreType\n1,c\n2,a",
    }
    form = opened(files, {})
    assert (form.preview.customers, form.preview.total) == (0, pytest.approx(16348.5))
    assert form.proposal.matches["orders", "product_id"].column is None


def test_a_name_in_a_table_of_sales_is_no_order(opened):
    """Two orders of one buyer remain two; those of Shopify are called #1001."""
    form = opened(
        {
            "sales": "Date of sale,Buyer,Description,Item price,Name\n01/13/2025,ann1,Cup,10.00,Ann\n01/14/2025,ann1,Pot,30.00,Ann"
        },
        {},
    )
    assert form.preview.orders == 2


def test_the_last_part_of_a_path_that_says_too_little_is_not_taken_alone(opened):
    header = "orderNumber,orderDate,state.name,shipping.country.name,customer.number,label,quantity,totalPrice"
    form = opened({"orders": f"{header}\n1,2025-01-13,Done,Chile,7,Cup,1,10\n2,2025-01-14,Open,Peru,8,Pot,1,30"}, {})
    assert form.proposal.matches["products", "product_name"].column.name == "label"
    assert money_by(form.preview, "region") == {"Chile": 10}


def test_a_heading_is_the_product_or_the_customer_of_its_lines(opened):
    report = "Sales by Customer,,,\n,Date,Item,Amount\nAnn Ash,,,\n,2025-01-13,Cup,10\n,2025-01-14,Pot,30\nBob Birch,,,\n,2025-01-15,Cup,10"
    form = opened({"report": report}, {})
    assert form.proposal.matches["orders", "customer_id"].column.name == "Customer"
    assert (form.preview.lines, form.preview.customers, form.preview.total) == (3, 2, 50)
