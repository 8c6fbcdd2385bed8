"""Loading a shop: signs, statuses, repeats, services, the receipt and its parts, corrections, pseudonyms, all or nothing."""

import contextlib
import csv
import json
import random
import shutil
import sqlite3
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import METABASE, METABASE_MAPPING, tables
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopboard import building
from shopboard.database import connect, read_query
from shopboard.importing import accounts, loading, staging
from shopboard.importing.accounts import NO_PRODUCT
from shopboard.importing.corrections import load_corrections
from shopboard.importing.receipt import SET_ASIDE_BY_REASON, reconciliation
from shopboard.importing.statuses import SPELLINGS, is_no_product, status_of
from shopboard.importing.values import plain_words
from shopboard.problems import ShopProblem

HEADER = ("order_id", "customer_id", "product_id", "order_date", "quantity", "total_amount", "status", "order_number")
CUSTOMERS = [("1", "Ann Lee", "ann@example.com"), ("2", "Bob Ray", "bob@example.com")]
PRODUCTS = [("1", "Lamp", "Home"), ("2", "Rug", "Home"), ("3", "Pen", "Office")]


def order(number, **changed):
    """Return an order row that breaks no rule, with some fields changed."""
    row = dict(zip(HEADER, (str(number), "1", "1", "2025-01-01", "1", "10.00", "Completed", "7"), strict=True))
    return tuple({**row, **changed}[name] for name in HEADER)


def write_shop(folder, orders, customers=CUSTOMERS, products=PRODUCTS, reviews=()):
    """Write a shop as CSV files."""
    folder.mkdir(exist_ok=True)
    for name, header, rows in (
        ("customers", ("customer_id", "name", "email"), customers),
        ("products", ("product_id", "product_name", "category"), products),
        ("orders", HEADER, orders),
        ("reviews", ("review_id", "product_id", "customer_id", "rating", "review_date", "review_text"), reviews),
    ):
        if rows or name != "reviews":
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([header[: len(rows[0])] if rows else header, *rows])


@pytest.fixture
def load(build, tmp_path):
    """A function that writes a shop's orders, loads it and returns the settings."""

    def load(orders, changed=None, **shop):
        write_shop(tmp_path / "shop", orders, **shop)
        (tmp_path / "out").mkdir(exist_ok=True)
        return build(tmp_path / "out", source=str(tmp_path / "shop"), **(changed or {}))

    return load


def ask(settings, sql):
    """Return the rows of a query on the loaded database."""
    with contextlib.closing(sqlite3.connect(settings.database)) as connection:
        return connection.execute(sql).fetchall()


def assumptions(settings):
    """Return all that was assumed, as one text."""
    return "\n".join(sentence for (sentence,) in ask(settings, "SELECT assumption FROM assumptions"))


def receipt(settings):
    """Return the receipt; this checks it and writes the files."""
    with contextlib.closing(connect(settings.database)) as connection:
        return reconciliation(connection, settings).set_index("table_name")


# Signs


def test_returns_by_their_sign(load):
    settings = load(
        [
            order(1, quantity="5", total_amount="50.00"),
            order(2, quantity="5", total_amount="50.00", product_id="2"),
            order(3, quantity="-2", total_amount="-20.00"),
            order(4, quantity="-1", total_amount="-5.5", status="storniert"),
            order(5, quantity="1", total_amount="-3"),
            order(6, quantity="-4", total_amount="0"),
            order(7, quantity="-1", total_amount="8.00", status="pending"),
        ]
    )
    assert ask(settings, "SELECT order_id, quantity, total_amount, status FROM orders WHERE order_id > 2") == [
        (3, 2, 20.0, "Returned"),
        (4, 1, 5.5, "Cancelled"),
        (5, 1, 3.0, "Returned"),
        (7, 1, 8.0, "Returned"),
    ]
    assert ask(settings, "SELECT order_id FROM negative_lines") == [(3,), (4,), (5,)]
    assert "4 lines (-20.50) have a quantity or an amount below zero" in assumptions(settings)
    ((reason, value, amount),) = ask(settings, "SELECT reason, value, amount FROM set_aside")
    assert "a correction of stock rather than a sale or a return" in reason
    assert (value, amount) == ("-4", 0)
    orders = receipt(settings).loc["orders"]
    assert (orders["amount_read"], orders["amount_loaded"], orders["amount_set_aside"]) == ("79.50", "79.50", "0.00")


def test_a_shop_that_writes_sales_below_zero_is_refused(load):
    with pytest.raises(ShopProblem, match="turn the signs"):
        load([order(1, quantity="-1", total_amount="-9"), order(2, quantity="-1", total_amount="-9"), order(3)])


# Words


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Payé", "Completed"),
        ("LIVRÉE", "Completed"),
        ("entregue", "Completed"),
        ("wc-completed", "Completed"),
        ("Wysłane", "Completed"),
        ("Выполнен", "Completed"),
        ("已完成", "Completed"),
        ("On-Hold", "Pending"),
        ("In Bearbeitung", "Pending"),
        ("en_cours", "Pending"),
        ("Новый", "Pending"),
        ("Annulé", "Cancelled"),
        ("STORNIERT", "Cancelled"),
        ("İptal", "Cancelled"),
        ("キャンセル", "Cancelled"),
        ("Remboursé", "Returned"),
        ("zurückgegeben", "Returned"),
        ("devolução", "Returned"),
        ("not completed", None),
        ("closed", None),  # Magento's word for refunded, others' word for done
        ("", None),
        (None, None),
    ],
)
def test_words_for_statuses(word, status):
    assert status_of(word) == status


def test_no_word_means_two_statuses():
    words = [word for words in SPELLINGS.values() for word in words.split(", ")]
    assert sorted(words) == sorted(set(words))
    assert [word for word in words if plain_words(word) != word] == []


def test_words_that_were_translated_are_stated(load):
    settings = load(
        [order(1, status="bezahlt"), order(2, status="bezahlt", product_id="2"), order(3, status="Pending")]
    )
    assert "orders.status: 'bezahlt' as Completed (2 lines)." in assumptions(settings)
    assert ask(settings, "SELECT status FROM orders") == [("Completed",), ("Completed",), ("Pending",)]


# Lines that are no products


@pytest.mark.parametrize(
    "name",
    "POST|POSTAGE|DOTCOM POSTAGE|Shipping|Shipping & Handling|Express Delivery|P&P|Bank Charges|AMAZON FEE|AMAZONFEE|Manual|Discount"
    "|Adjust bad debt|CARRIAGE|Versandkosten|Frais de port|Frete|Envío|Gastos de envío|Spese di spedizione|Rabatt|Verzendkosten".split(
        "|"
    ),
)
def test_names_of_what_is_no_product(name):
    assert is_no_product("X1", name)
    assert is_no_product(name, None)


@pytest.mark.parametrize(
    "name",
    [
        "Postage stamp mug",
        "Shipping box",
        "Coffee",
        "Manual coffee grinder",
        "Discount card holder",
        "Gift wrap",
        "M",
        "Port",
        "",
        None,
    ],
)
def test_products_with_such_words_are_products(name):
    assert not is_no_product("85123A", name)


def test_services_count_in_revenue_and_can_be_left_out(load, open_shop, tiles):
    products = [*PRODUCTS, ("POST", "Postage", None), ("D", "Discount", "Other"), ("4", "Postage stamp mug", "Home")]
    orders = [
        order(1), order(2, product_id="POST", total_amount="4.50"), order(3, product_id="4"),
        order(4, product_id="D", quantity="-1", total_amount="-2.00"), order(5, product_id="2"),
    ]  # fmt: skip
    settings = load(orders, products=products)
    services = ask(settings, f"SELECT product_name FROM products WHERE category = '{NO_PRODUCT}'")
    assert services == [("Postage",), ("Discount",)]
    assert "Discount, Postage are no products by their names; their 2 lines (2.50)" in assumptions(settings)
    with contextlib.closing(open_shop(settings)) as shop:
        whole = shop.everything()
    without = replace(whole, categories=tuple(name for name in whole.categories if name != NO_PRODUCT))
    assert tiles(settings, whole)["revenue"] == 34.5
    assert tiles(settings, without)["revenue"] == 30.0


# Repeats


def test_exact_repeats_are_loaded_and_counted(load):
    more = [order(6, product_id="2", total_amount="1.50"), order(7, product_id="2", total_amount="1.50")]
    settings = load([order(1), order(2), order(3), order(4, order_number="8"), order(5, quantity="2"), *more])
    assert len(ask(settings, "SELECT * FROM orders")) == 7
    assert "3 lines (21.50) repeat an earlier line of the same checkout exactly; all were loaded" in assumptions(
        settings
    )


def test_a_repeated_key_says_whether_the_rest_differs(load):
    settings = load([order(1), order(1), order(1, quantity="3"), order(2), order(3)])
    assert ask(settings, "SELECT source_row, reason FROM set_aside") == [
        (2, "order_id 1 repeats that of row 1, and so does everything else"),
        (3, "order_id 1 repeats that of row 1, with other values"),
    ]
    assert ask(settings, "SELECT COUNT(*) FROM orders") == [(3,)]


# Where a row comes from


def test_set_aside_rows_name_file_line_value_and_advice(load, tmp_path):
    lines = {"orders": "SELECT *, 'shop.xlsx [Orders], row ' || (order_id + 1) AS source_line FROM orders"}
    settings = load([order(1), order(2, order_date="31.12.2025"), order(3)], changed={"mapping": lines})
    ((file, line, value, advice),) = ask(settings, "SELECT file, line, value, advice FROM set_aside")
    assert (file, line, value) == ("shop.xlsx [Orders]", 3, "31.12.2025")
    assert "year-month-day" in advice
    receipt(settings)
    text = (tmp_path / "out" / "set_aside.csv").read_text("utf-8-sig")
    stamp, rest = text.split("\n", 1)
    assert stamp.startswith("# shop: ")
    (row,) = csv.DictReader(rest.splitlines())
    assert (row["order_id"], row["order_date"], row["line"], row["content"]) == ("2", "31.12.2025", "3", "")


def test_a_column_of_lines_is_taken_by_itself(build, tmp_path):
    source = tmp_path / "shop.sqlite"
    with contextlib.closing(sqlite3.connect(source)) as shop, shop:
        shop.execute("CREATE TABLE customers (customer_id)")
        shop.execute("CREATE TABLE products (product_id)")
        shop.execute("CREATE TABLE orders (order_id, product_id, order_date, total_amount, _line)")
        shop.execute("INSERT INTO products VALUES (1)")
        rows = [(n, 1, "2025-01-01" if n else "soon", 5, f"o, line.csv, line {n + 2}") for n in range(3)]
        shop.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", rows)
    settings = build(tmp_path, source=str(source))
    assert ask(settings, "SELECT file, line FROM set_aside") == [("o, line.csv", 2)]


# The receipt


@pytest.fixture(scope="module")
def odd_shop(build, tmp_path_factory):
    """The settings of a larger shop with errors, and its order rows."""
    chance, folder = random.Random(4), tmp_path_factory.mktemp("odd")
    rows = []
    for n in range(1, 1_501):
        quantity = chance.choice([1, 2, 3, 4, 5, -1, 0])
        price = chance.choice(["9.99", "0.10", "12.345", "7"])
        rows.append(
            order(
                n,
                customer_id=chance.choice(["1", "2", "", "9"]),
                product_id=chance.choice(["1", "2", "3", "3", "P-9"] if n % 7 == 0 else ["1", "2", "3"]),
                order_date=chance.choice(
                    ["2023-05-01", "2024-02-29", "2025-12-31", "2025-02-30" if n % 9 == 0 else "2024-01-01"]
                ),
                quantity=str(quantity),
                total_amount=str(Decimal(price) * quantity) if n % 50 else "ten",
                status=chance.choice(
                    ["Completed", "paid", "storniert", "pending", "???" if n % 11 == 0 else "shipped"]
                ),
                order_number=str(n // 3),
            )
        )
    write_shop(folder / "shop", rows)
    return build(folder, source=str(folder / "shop")), rows


def independent_parts(rows):
    """Return what each year, category and status was read and loaded, computed in Python from the rows as written."""
    categories = {product_id: category for product_id, _, category in PRODUCTS}
    read, loaded = defaultdict(lambda: [0, Decimal(0)]), defaultdict(lambda: [0, Decimal(0)])
    for row in rows:
        fields = dict(zip(HEADER, row, strict=True))
        amount = Decimal(fields["total_amount"]) if fields["total_amount"] != "ten" else None
        quantity, status = int(fields["quantity"]), status_of(fields["status"])
        good = (
            fields["customer_id"] != "9" and fields["product_id"] in categories and fields["order_date"] != "2025-02-30"
            and quantity != 0 and amount is not None and status is not None
        )  # fmt: skip
        if good and quantity < 0 and status != "Cancelled":
            status = "Returned"
        day = fields["order_date"]
        for part in (
            ("year", "(unknown)" if day == "2025-02-30" else day[:4]),
            ("category", categories.get(fields["product_id"], "(unknown)")),
            ("status", status or "(unknown)"),
        ):
            for counted in (read, loaded) if good else (read,):
                counted[part][0] += 1
                counted[part][1] += amount or 0
    return read, loaded


def test_parts_against_python(odd_shop):
    settings, rows = odd_shop
    read, loaded = independent_parts(rows)
    found = ask(settings, "SELECT * FROM reconciliation_parts")
    assert {(part, value) for part, value, *_ in found} == set(read)
    for part, value, lines_read, lines_loaded, lines_aside, amount_read, amount_loaded, amount_aside in found:
        assert (lines_read, lines_loaded) == (read[part, value][0], loaded[part, value][0]), (part, value)
        assert lines_read == lines_loaded + lines_aside
        assert amount_read == pytest.approx(float(read[part, value][1]), abs=1e-6)
        assert amount_loaded == pytest.approx(float(loaded[part, value][1]), abs=1e-6)
        assert amount_read == pytest.approx(amount_loaded + amount_aside, abs=1e-6)
    rows_read, money = ask(settings, "SELECT rows_read, amount_read FROM reconciliation WHERE table_name = 'orders'")[0]
    for name in ("year", "category", "status"):
        parts = [row for row in found if row[0] == name]
        assert sum(row[2] for row in parts) == rows_read == 1_500
        assert sum(row[5] for row in parts) == pytest.approx(money, abs=1e-6)


def test_the_receipt_as_a_file(odd_shop):
    settings, _ = odd_shop
    receipt(settings)
    page = (Path(settings.exports) / "reconciliation.html").read_text("utf-8")
    for table in ("set_aside", "reconciliation", "reconciliation_parts", "assumptions"):
        assert ask(settings, f"SELECT COUNT(*) FROM {table}") != [(0,)]
    for heading in ("Read, loaded, set aside", "By year, category and status", "Set aside, by reason", "Assumptions"):
        assert f"<h2>{heading}</h2>" in page
    money = ask(settings, "SELECT amount_read FROM reconciliation WHERE table_name = 'orders'")[0][0]
    for text in (f"{money:,.2f}", "storniert", "is not among the loaded customers", "correct the id", "(unknown)"):
        assert text in page, text


def test_reasons_come_with_three_examples(odd_shop):
    settings, _ = odd_shop
    with contextlib.closing(connect(settings.database)) as connection:
        reasons = read_query(connection, SET_ASIDE_BY_REASON)
    assert reasons["count"].sum() == ask(settings, "SELECT COUNT(*) FROM set_aside")[0][0]
    assert reasons["amount"].sum() == pytest.approx(ask(settings, "SELECT SUM(amount) FROM set_aside")[0][0])
    for row in reasons.itertuples():
        found = ask(
            settings,
            f"SELECT source_row, file, line, reason FROM set_aside WHERE advice = '{row.advice}' ORDER BY source_row",
        )
        assert row.examples == "; ".join(f"{file}, line {line}: {reason}" for _, file, line, reason in found[:3])
        assert (row.first_row, row.reason) == (found[0][0], found[0][3])


# Most of it wrong


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"customer_id": "C9"}, "customer_id C9 is not among the loaded customers"),
        ({"product_id": "77"}, "product_id 77 is not among the loaded products"),
        ({"order_date": "1.2.25"}, "order_date is '1.2.25'"),
    ],
)
def test_a_shop_most_of_which_is_wrong_is_refused(load, tmp_path, change, said):
    load([order(1)])
    before = (tmp_path / "out" / "ecommerce.db").read_bytes()
    with pytest.raises(ShopProblem, match="Only 2 of the source's 5 order rows") as raised:
        load([order(1), order(2), *(order(n, **change) for n in (3, 4, 5))])
    assert said in str(raised.value)
    assert (tmp_path / "out" / "ecommerce.db").read_bytes() == before


def test_reviews_that_join_nothing_are_refused(load):
    reviews = [(n, "5", "1", "4", "2025-01-01") for n in range(3)]
    with pytest.raises(ShopProblem, match=r"None of the source's 3 reviews .*product_id 5 is not among"):
        load([order(1)], reviews=reviews)


# All or nothing


@pytest.mark.parametrize("step", ["stage", "set_rows_aside", "load_staged", "note_parts", "check_references"])
def test_an_interruption_leaves_the_earlier_database(open_or_build, load, tmp_path, monkeypatch, step):
    settings = load([order(1)])
    before = (tmp_path / "out" / "ecommerce.db").read_bytes()

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(
        {"check_references": building, "note_parts": accounts, "stage": staging}.get(step, loading), step, interrupted
    )
    with pytest.raises(KeyboardInterrupt):
        load([order(1), order(2)])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ecommerce.db"]
    assert (tmp_path / "out" / "ecommerce.db").read_bytes() == before
    monkeypatch.undo()
    assert open_or_build(settings).startswith("Replaced")


@pytest.mark.parametrize("full", ["main", "staging"])
def test_a_full_disk_leaves_the_earlier_database(load, tmp_path, monkeypatch, full):
    load([order(1)])
    before = (tmp_path / "out" / "ecommerce.db").read_bytes()
    if full == "main":
        monkeypatch.setattr(accounts, "IMPORT_TABLES", "PRAGMA max_page_count = 30;" + accounts.IMPORT_TABLES)
    else:
        stage = staging.stage

        def limited(source, *arguments):
            source.set_authorizer(lambda *_: sqlite3.SQLITE_OK)
            source.execute("PRAGMA staging.max_page_count = 10")
            return stage(source, *arguments)

        monkeypatch.setattr(staging, "stage", limited)
    with pytest.raises(ShopProblem, match=r"full.*`database`"):
        load([order(n, product_id=str(1 + n % 3)) for n in range(1, 3_000)])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ecommerce.db"]
    assert (tmp_path / "out" / "ecommerce.db").read_bytes() == before


# Corrections


def corrected(settings, change, name="corrected.csv", separator=",", encoding="utf-8"):
    """Write a corrected copy of set_aside.csv, in which `change` changes a row's fields, and return its path."""
    folder = Path(settings.exports)
    lines = (folder / "set_aside.csv").read_text("utf-8-sig").splitlines()
    rows = list(csv.DictReader(lines[1:]))
    path = folder.parent / name
    with path.open("w", newline="", encoding=encoding) as file:
        file.write(lines[0] + "\n")
        out = csv.DictWriter(file, rows[0], delimiter=separator)
        out.writeheader()
        out.writerows([{**row, **change(row)} for row in rows])
    return path


def test_corrected_rows_are_loaded_once(load, tiles):
    bad = [
        order(2, order_date="2025-02-30"),
        order(3, total_amount="ten"),
        order(4, quantity="1.5"),
        order(5, status="odd"),
    ]
    settings = load([order(1), order(6), order(7), order(8), *bad])
    before = receipt(settings).loc["orders"]
    assert (before["amount_read"], before["amount_set_aside"]) == ("70.00", "30.00")
    changes = {
        "2": {"order_date": "2025-02-28"},
        "3": {"total_amount": "12.50", "order_number": "99"},
        "4": {"quantity": "x"},
    }
    path = corrected(settings, lambda row: changes.get(row["order_id"], {}))
    assert load_corrections(settings, path) == "2 corrected rows were loaded; 2 are still set aside."
    assert ask(
        settings, "SELECT order_id, order_date, total_amount, order_number FROM orders WHERE order_id IN (2, 3)"
    ) == [
        (2, "2025-02-28", 10.0, 7),
        (3, "2025-01-01", 12.5, 99),
    ]
    after = receipt(settings).loc["orders"]
    assert (after["rows_read"], after["rows_loaded"], after["rows_set_aside"]) == (8, 6, 2)
    assert (after["amount_read"], after["amount_loaded"], after["amount_set_aside"]) == ("82.50", "62.50", "20.00")
    assert "quantity is 'x'" in ask(settings, "SELECT reason FROM set_aside ORDER BY source_row")[0][0]
    assert "the money read was 70.00 and is 82.50" in assumptions(settings)
    assert (
        sum(row[0] for row in ask(settings, "SELECT lines_loaded FROM reconciliation_parts WHERE part = 'year'")) == 6
    )
    assert tiles(settings)["revenue"] == 62.5
    assert load_corrections(settings, path) == "0 corrected rows were loaded; 2 are still set aside."
    assert len(ask(settings, "SELECT * FROM orders")) == 6


def test_corrections_with_the_shops_own_texts_as_ids(load):
    products = [("L-1", "Lamp", "Home"), ("R-1", "Rug", "Home")]
    rows = [order(f"A{n}", product_id="L-1", order_number=f"N{n}") for n in range(5)]
    wrong = [
        order("B1", product_id="R-2", order_number="N3"),
        order("B2", product_id="R-2", order_number="N9"),
        order("B2", product_id="R-2", order_number="N9"),
    ]
    settings = load([*rows, *wrong], products=products)
    receipt(settings)
    path = corrected(settings, lambda row: {"product_id": "R-1"})
    assert load_corrections(settings, path.read_bytes()) == "2 corrected rows were loaded; 1 are still set aside."
    found = ask(
        settings,
        "SELECT ids.source_id, product_name, numbers.source_id FROM orders JOIN products USING (product_id) "
        "JOIN source_ids AS ids ON ids.kind = 'orders' AND ids.id = order_id "
        "JOIN source_ids AS numbers ON numbers.kind = 'checkouts' AND numbers.id = order_number WHERE product_name = 'Rug'",
    )
    assert sorted(found) == [("B1", "Rug", "N3"), ("B2", "Rug", "N9")]
    assert ask(settings, "SELECT COUNT(DISTINCT order_number) FROM orders") == [(6,)]


def test_corrections_as_a_german_excel_saves_them(load):
    settings = load([order(1), order(2), order(3, order_date="bald", total_amount="19.98")])
    receipt(settings)
    path = corrected(
        settings, lambda _: {"order_date": "2025-03-01", "total_amount": "19,98"}, separator=";", encoding="cp1252"
    )
    assert load_corrections(settings, path).startswith("1 corrected")
    assert ask(settings, "SELECT total_amount FROM orders WHERE order_id = 3") == [(19.98,)]


def test_what_was_set_aside_is_run_by_no_spreadsheet_and_reads_back_equal(load):
    """Texts of the shop that begin like a formula have an apostrophe in the file; numbers stay numbers."""
    formulas = ("=cmd|' /C calc'!A0", "@SUM(1)", "'=1", "+49 30")
    products = [(text, text, "Home") for text in formulas]
    bad = [order(10 + n, product_id=text, order_date="soon", total_amount="-5.00") for n, text in enumerate(formulas)]
    settings = load([order(n, product_id=formulas[0]) for n in range(1, 9)] + bad, products=products)
    receipt(settings)
    text = (Path(settings.exports) / "set_aside.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()[1:]))
    assert [row["product_id"] for row in rows] == [f"'{one}" for one in formulas]
    assert {row["total_amount"] for row in rows} == {"-5"}
    path = corrected(settings, lambda _: {"order_date": "2025-03-01"})
    assert load_corrections(settings, path) == "4 corrected rows were loaded; 0 are still set aside."
    names = "SELECT product_name, status FROM orders INNER JOIN products USING (product_id) WHERE order_id >= 10 ORDER BY order_id"
    assert ask(settings, names) == [(one, "Returned") for one in formulas]


def test_a_correction_must_not_repeat_a_loaded_row(load):
    settings = load([order(1), order(2), order(2, quantity="5")])
    receipt(settings)
    assert load_corrections(settings, corrected(settings, lambda _: {})).startswith("0 corrected")
    assert "repeats that of a loaded row" in ask(settings, "SELECT reason FROM set_aside")[0][0]
    assert load_corrections(settings, corrected(settings, lambda _: {"order_id": "9"})).startswith("1 corrected")


def test_what_is_no_file_of_corrections(load, tmp_path):
    settings = load([order(1), order(2), order(3, order_date="soon")])
    before = Path(settings.database).read_bytes()
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    for wrong in (tmp_path / "nowhere.csv", tmp_path / "other.csv", b"", "\0"):
        with pytest.raises(ShopProblem, match=r"set_aside\.csv|cannot be read"):
            load_corrections(settings, wrong)
    assert Path(settings.database).read_bytes() == before


# Pseudonyms


def test_pseudonyms_leave_nothing_of_customers_in_the_file(open_or_build, load, tmp_path):
    customers = [
        ("C-4711x", "Ann Leeman", "ann.leeman@example.com"),
        ("C-4712x", "Bob Rayner", "bob@example.org"),
        ("C-4711x", "Cy Dupont", "cy@example.net"),
    ]
    rows = [
        order(1, customer_id="C-4711x"),
        order(2, customer_id="C-4712x"),
        order(3, customer_id="C-4713x"),
        order(4, customer_id="C-4712x", status="odd"),
        order(5),
    ]
    rows = [*rows[:4], order(5, customer_id="C-4711x"), order(6, customer_id="C-4712x")]
    settings = load(rows, customers=customers, changed={"pseudonyms": True})
    (tmp_path / "shop" / "orders.csv").open("a").write("7,C-4712x,too short\n")
    open_or_build(settings)
    receipt(settings)
    secrets = [
        b"4711x",
        b"4712x",
        b"4713x",
        b"Leeman",
        b"Rayner",
        b"Dupont",
        b"example.com",
        b"example.org",
        b"example.net",
    ]
    for path in (tmp_path / "out").iterdir():
        assert [secret for secret in secrets if secret in path.read_bytes()] == [], path.name
    assert ask(settings, "SELECT customer_id, name, email FROM customers") == [
        (1, "Customer 1", None),
        (2, "Customer 2", None),
    ]
    assert ask(settings, "SELECT customer_id, COUNT(*) FROM orders GROUP BY customer_id") == [(1, 2), (2, 2)]
    assert len(ask(settings, "SELECT * FROM set_aside")) == 4
    with pytest.raises(ShopProblem, match="pseudonyms"):
        load_corrections(settings, corrected(settings, lambda _: {}))


def test_pseudonyms_number_customers_anew(load):
    customers = [("17850", "Ann", ""), ("13047", "Bob", "")]
    settings = load([order(1, customer_id="13047")], customers=customers, changed={"pseudonyms": True})
    assert ask(settings, "SELECT orders.customer_id, name FROM orders JOIN customers USING (customer_id)") == [
        (2, "Customer 2")
    ]


def test_pseudonyms_of_the_sample(build, sample_settings, tmp_path):
    settings = build(tmp_path, pseudonyms=True)
    names = tables(sample_settings.database)["customers"]["email"].str.encode("utf-8")
    content = Path(settings.database).read_bytes()
    assert [name for name in names if name in content] == []
    assert tables(settings.database)["orders"].equals(tables(sample_settings.database)["orders"])


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_pseudonyms_are_yes_or_no(make_settings, value):
    with pytest.raises(ShopProblem, match="`pseudonyms`"):
        make_settings(pseudonyms=value)


# Opening


def test_an_accepted_mapping_need_not_be_typed_again(open_or_build, make_settings, build, tmp_path):
    if not METABASE.exists():
        pytest.skip("the Metabase sample is not beside this project")
    settings = build(tmp_path, source=str(METABASE / "metabase_sample.sqlite"), mapping=METABASE_MAPPING)
    assert json.loads(ask(settings, "SELECT mapping FROM build_info")[0][0]) == METABASE_MAPPING
    before = Path(settings.database).read_bytes()
    assert open_or_build(replace(settings, mapping={})).startswith("Opened")
    assert Path(settings.database).read_bytes() == before
    with pytest.raises(ShopProblem, match="`customers`"):  # another source: the mapping that was accepted is not its
        (tmp_path / "other.sqlite").write_bytes(Path(settings.source).read_bytes())
        open_or_build(replace(settings, mapping={}, source=str(tmp_path / "other.sqlite")))


def test_a_database_of_this_notebook_is_opened_where_it_is(
    open_or_build, make_settings, load, sample_settings, tmp_path
):
    settings = load([order(1), order(2), order(3, order_date="soon")])
    (tmp_path / "elsewhere").mkdir()
    for database in (settings.database, sample_settings.database):
        copy = tmp_path / "copy.db"
        shutil.copy(database, copy)
        opened = make_settings(
            source=copy, database=str(tmp_path / "elsewhere" / "e.db"), exports=str(tmp_path / "elsewhere")
        )
        assert opened.database == str(copy)
        assert open_or_build(opened) == "Opened copy.db, which this notebook made."
        receipt(opened)
        assert not (tmp_path / "elsewhere" / "e.db").exists()
        assert tables(copy)["orders"].equals(tables(database)["orders"])
        with pytest.raises(ShopProblem, match="`pseudonyms`"):
            open_or_build(replace(opened, pseudonyms=True))


# Whatever the signs, words and ids: nothing is lost

amounts = st.decimals(-50, 50, places=2)
lines = st.lists(
    st.tuples(
        st.integers(1, 40), st.integers(-3, 3), amounts, st.sampled_from(["paid", "annulé", "???", "open", "retour"]),
        st.sampled_from(["1", "2", "9"]), st.sampled_from(["2024-12-31", "2025-01-01", "x"]),
    ),
    max_size=12,
)  # fmt: skip


@hypothesis_settings(max_examples=40)
@given(lines=lines, prefix=st.sampled_from(["", "A-"]))
def test_money_read_is_loaded_plus_set_aside(open_or_build, make_settings, tmp_path_factory, lines, prefix):
    folder = tmp_path_factory.mktemp("any")
    rows = [order(f"{prefix}{100 + n}", product_id="2") for n in range(13)]
    rows += [
        order(
            f"{prefix}{key}",
            quantity=str(quantity),
            total_amount=str(amount),
            status=status,
            product_id=product,
            order_date=day,
        )
        for key, quantity, amount, status, product, day in lines
    ]
    write_shop(folder / "shop", rows)
    settings = make_settings(source=str(folder / "shop"), database=str(folder / "e.db"), exports=str(folder))
    open_or_build(settings)
    receipt(settings)
    ((read, loaded, aside, rows_read),) = ask(
        settings,
        "SELECT amount_read, amount_loaded, amount_set_aside, rows_read FROM reconciliation WHERE table_name = 'orders'",
    )
    assert rows_read == len(rows)
    assert read == pytest.approx(float(sum(Decimal(row[5]) for row in rows)), abs=1e-6)
    signed = "SELECT SUM(CASE WHEN order_id IN (SELECT order_id FROM negative_lines) THEN -total_amount ELSE total_amount END) FROM orders"
    assert loaded == pytest.approx(ask(settings, signed)[0][0], abs=1e-6)
    assert read == pytest.approx(loaded + aside, abs=1e-6)
    assert (
        ask(settings, "SELECT TOTAL(amount_read), SUM(lines_read) FROM reconciliation_parts GROUP BY part")
        == [(pytest.approx(read, abs=1e-6), len(rows))] * 3
    )


def test_a_correction_that_cannot_be_read_keeps_its_money(load):
    settings = load([order(1), order(3), order(4), order(2, order_date="2025-02-30", total_amount="25.00")])
    before = receipt(settings).loc["orders", ["amount_read", "amount_set_aside"]].tolist()
    path = corrected(settings, lambda row: {"total_amount": "1.250,00"})
    assert load_corrections(settings, path) == "0 corrected rows were loaded; 1 are still set aside."
    assert receipt(settings).loc["orders", ["amount_read", "amount_set_aside"]].tolist() == before
    assert before[1] == "25.00"


def test_pseudonyms_in_the_text_of_reviews(load):
    reviews = [("1", "1", "1", "5", "2025-02-01", "Ann Lee here, write to ann@example.com!")]
    settings = load([order(1)], reviews=reviews, changed={"pseudonyms": True})
    (text,) = ask(settings, "SELECT review_text FROM reviews")[0]
    assert text == "(name) here, write to (email)!"
    assert b"ann@example" not in Path(settings.database).read_bytes()
