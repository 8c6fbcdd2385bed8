"""Ten shops of other shapes, made up with known truths: each comes out right by status and region, or its form asks."""

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


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_shop_of_another_shape_comes_out_right(shape, make_settings, tmp_path):
    made = Made(len(shape.__name__))
    answers = shape(made)
    source = tmp_path / "source"
    source.mkdir()
    for name, text in made.files.items():
        (source / f"{name}.csv").write_text(text, encoding="utf-8")
    form = ImportForm(make_settings(source=str(source), database=str(tmp_path / "own.db"), exports=str(tmp_path)), str)
    try:
        assert {key for key, question in form.questions().items() if question.taken is None} == set(answers)
        for key, answer in answers.items():
            form.answer(key, answer)
        shown = form.preview
        assert (shown.set_aside_lines, form.problem()) == (0, "")
        assert dict(zip(shown.statuses["status"], shown.statuses["amount"], strict=True)) == pytest.approx(
            made.truth, abs=0.02
        )
        if made.regions:
            sold = shown.regions[shown.regions["revenue"] > 0]
            assert dict(zip(sold["region"], sold["revenue"], strict=True)) == pytest.approx(made.regions, abs=0.02)
    finally:
        form.close()
