"""A page that others may open: what its visitors can do, and that nothing else can be done by them, whatever they send."""

import base64
import hashlib
import io
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import duckdb
import nbformat
import pytest
from test_import_form import SHOP, hidden, pick, shop_files, texts

from shopboard.ask import open_shop
from shopboard.building import open_or_build
from shopboard.dashboard import Dashboard
from shopboard.database import table_names
from shopboard.importing import visitors
from shopboard.importing.raw import literal
from shopboard.importing.staging import OPEN_SOURCES
from shopboard.opening import open_or_ask
from shopboard.pages import Page
from shopboard.problems import ShopProblem
from shopboard.settings import private_folder

import browser
from notebook_module import NOTEBOOK, settings_changed

PAGES = [Page("Data & SQL", tools=["own data", "console"])]
MAPPING = {
    "customers": "SELECT id AS customer_id, name, state AS region FROM users",
    "products": "SELECT id AS product_id, title AS product_name, category FROM products",
    "orders": "SELECT id AS order_id, user_id AS customer_id, product_id, created_at AS order_date, total AS total_amount FROM orders",
}
SLOW = "INSTR(PRINTF('%.*c', 40000000, 'a'), PRINTF('%.*c', 20000000, 'a') || 'b')"  # one function, which nothing interrupts
ENDLESS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT COUNT(*) FROM numbers"


@pytest.fixture
def place(tmp_path):
    """The folder in which the owner has a shop, one line of which was set aside, and another shop beside it."""
    source = tmp_path / "source"
    source.mkdir()
    for name, text in SHOP.items():
        (source / name).write_text(text + ("4,1,99,2025-02-16,1,7.25\n" if name == "orders.csv" else ""))
    return tmp_path


@pytest.fixture
def owned(make_settings, shop_design, place):
    """A function that gives the settings of the owner's shop as its visitors have them."""

    def owned(**changed):
        given = {
            "source": str(place / "source"),
            "mapping": MAPPING,
            "database": str(place / "own.db"),
            "exports": str(place),
        }
        open_or_build(make_settings(**given), shop_design)
        return make_settings(**given, public=True, **changed)

    return owned


@pytest.fixture
def visit(shop_design):
    """A function that opens the page of some settings."""
    opened = []

    def visit(settings):
        opened.append(Dashboard(open_shop(settings, shop_design), PAGES))
        return opened[-1]

    yield visit
    for page in opened:
        shop = page.shop
        page.close()
        shop.close()
    for file in Path(private_folder()).iterdir():
        file.unlink()


@pytest.fixture
def page(visit, owned):
    """The page of the owner's shop, as a visitor has it."""
    return visit(owned())


def own(page):
    return page.tools["own data"].own


def state(folder):
    """Return what is in a folder: name -> digest."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir()) if file.is_file()
    }


def everything_said(page):
    return "".join(texts(page.page))


# ------------------------------------------------------------------ who is a visitor


@pytest.mark.parametrize(
    "name", [("VOILA_KERNEL_ID", "7"), ("VOILA_PREHEAT", "True"), ("SERVER_SOFTWARE", "voila/0.5")]
)
def test_voila_is_for_others_unless_the_owner_says_otherwise(make_settings, monkeypatch, name):
    assert (make_settings().public, make_settings().console) == (False, True)
    monkeypatch.setenv(*name)
    assert (make_settings().public, make_settings().console) == (True, False)
    assert (make_settings(public=False).public, make_settings(public=False).console) == (False, True)
    assert make_settings(console=True).console is True
    assert make_settings().exports == private_folder()
    assert make_settings(public=False).exports == "."


@pytest.mark.parametrize("name", ["public", "console"])
def test_what_is_neither_true_nor_false_is_refused(make_settings, name):
    with pytest.raises(ShopProblem, match=f"`{name}` is 'yes'; it must be True or False, or None"):
        make_settings(**{name: "yes"})


# ------------------------------------------------------------------ what a visitor cannot do


def test_there_is_no_console_unless_it_is_switched_on(visit, owned, page):
    assert list(page.tools) == ["own data"]
    with_console = visit(owned(console=True))
    assert "problem" not in with_console.tools["console"].console.run("SELECT COUNT(*) FROM orders")
    assert "only reads" in with_console.tools["console"].console.run("DELETE FROM orders")["problem"]


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "source/orders.csv", "own.db", "sqlite:///own.db", "postgresql://reader@server/shop"]
)
def test_no_path_is_read_whatever_is_sent(page, place, path):
    """The field is not on the page, but a visitor's browser may set it all the same."""
    shown = []

    def gather(widget):
        shown.append(widget)
        for child in getattr(widget, "children", ()):
            gather(child)

    gather(page.page)
    assert own(page).path not in shown
    assert own(page).look not in shown
    own(page).path.value = path
    own(page).look.click()
    assert "reads no paths" in own(page).said.value
    assert own(page).form is None


def test_other_shops_beside_it_are_nobodys_business(page, place):
    assert own(page).known == {}
    assert list(own(page).shops.options) == []
    assert hidden(own(page).shops)


def test_there_are_no_live_orders(visit, build, make_settings, tmp_path):
    small = {"sample_customers": 60, "sample_products": 60, "sample_orders": 500, "sample_reviews": 50, "days": 100}
    settings = build(tmp_path, **small)
    page = visit(make_settings(database=settings.database, public=True, **small))
    assert page.live.description == "Follow changes"
    page.live.value = True
    page.sample_end = page.shop.everything().end
    page._ticked(0)
    page.live.value = False
    with closing(sqlite3.connect(settings.database)) as connection:
        assert "live_orders" not in table_names(connection)
        assert connection.execute("SELECT COUNT(*) FROM orders").fetchone() == (500,)


def test_nothing_is_written_where_the_owner_has_the_shop(page, place):
    before = state(place)
    page.views.name.value = "mine"
    page.views.keep.click()
    assert "named by its owner" in page.status.value
    page.views.forget.click()
    page.exports["Page as a file"].click()
    assert "dashboard.html" in page.download.value
    aside = b"table_name,source_row\r\norders,4\r\n"
    pick(own(page).corrected, {"set_aside.csv": aside})
    assert "its owner&#x27;s" in own(page).said.value
    own(page).download.click()
    assert own(page).links.value == ""
    assert state(place) == before
    assert "dashboard.html" in state(Path(private_folder()))


def test_nothing_is_said_of_the_owners_source(page, place):
    assert own(page).receipt.value == ""
    assert hidden(own(page).receipt_row)
    said = everything_said(page)
    assert "product_id 99" not in said
    assert str(place) not in said


def test_an_unforeseen_error_is_not_quoted(page):
    def fail():
        raise ValueError("a secret of the file")

    page.guarded(fail)
    assert "ValueError" in page.status.value
    own(page)._try(fail)
    assert "ValueError" in own(page).said.value
    page.guarded(lambda: page.shop.connection.execute("SELECT secret FROM orders"))
    assert "secret" not in everything_said(page)


@pytest.mark.parametrize("mapping", [{}, "proposed"])
def test_the_owners_questions_are_not_asked_of_visitors(make_settings, shop_design, tmp_path, mapping):
    (tmp_path / "sales.csv").write_text(
        "Bestellnr;Bestelldatum;Artikel;Betrag\nB1;03.04.2025;Geheim;5\nB2;05.06.2025;Mehr;6\n"
    )
    (tmp_path / "broken.csv").write_text("root:x:0:0:root:/root:/bin/bash\n")
    for name in ("sales.csv", "broken.csv", "nowhere.csv"):
        settings = make_settings(
            source=str(tmp_path / name), database=str(tmp_path / "own.db"), mapping=mapping, public=True
        )
        with pytest.raises(ShopProblem) as caught:
            open_or_ask(settings, shop_design)
        assert "cannot be shown yet" in str(caught.value)
        shown = "".join(caught.value._render_traceback_())
        assert not any(word in shown for word in ("Geheim", "Bestell", "root:", str(tmp_path)))
        assert caught.value.__suppress_context__
    assert OPEN_SOURCES == {}


# ------------------------------------------------------------------ what a visitor can do


def load(page, files, name="mine"):
    own(page).name.value = name
    pick(own(page).files, files)
    assert own(page).form is not None, own(page).said.value
    own(page).form.accepted.click()


def lines_shown(page):
    return page.header.value.split("<span>")[1].split(" · ")[0]


def test_files_that_are_sent_become_a_shop_of_the_visitors_own(page, place):
    before = state(place)
    load(page, {**shop_files(), "orders.csv": shop_files()["orders.csv"] + b"4,1,10,2025-02-31,1,7.25\n"})
    assert lines_shown(page) == "3 order lines (1 set aside)"
    assert page.settings.is_visitors
    assert state(place) == before
    assert Path(page.settings.database).parent == Path(private_folder()).resolve()
    assert "2025-02-31" in own(page).receipt.value  # what was set aside is of a file that the visitor has sent
    assert str(private_folder()) not in everything_said(page)
    aside = (Path(private_folder()) / "set_aside.csv").read_text(encoding="utf-8-sig")
    pick(own(page).corrected, {"set_aside.csv": aside.replace("2025-02-31", "2025-02-28").encode()})
    assert "1 corrected rows were loaded" in own(page).said.value
    page.views.name.value = "mine"
    page.views.keep.click()
    assert "kept as mine" in page.status.value
    assert state(place) == before


def test_a_shop_named_like_the_owners_takes_nothing_over(page, place):
    before = state(place)
    load(page, shop_files(), "own")
    assert lines_shown(page) == "3 order lines"
    assert state(place) == before


def test_what_is_sent_once_the_form_stands_is_not_taken(page):
    pick(own(page).files, shop_files())
    folder = Path(own(page).folder.name)
    files = sorted(folder.iterdir())
    late = {"number": own(page).files.written + 1, "name": "late.csv", "content": base64.b64encode(b"id\n1\n").decode()}
    own(page).files.piece = {**late, "first": False, "last": False, "came": 1, "all": 1}
    assert sorted(folder.iterdir()) == files


def database(tmp_path, *more):
    """Return the content of an SQLite file with the shop's tables, and whatever else it is given."""
    path = tmp_path / "made.sqlite"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        for name, text in SHOP.items():
            header, *rows = [line.split(",") for line in text.splitlines()]
            table = name.removesuffix(".csv")
            connection.execute(f"CREATE TABLE {table} ({', '.join(header)})")
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(header))})", rows)
        for sql in more:
            connection.execute(sql)
        connection.commit()
    return path.read_bytes()


def test_a_database_that_is_sent_runs_no_programs(page, tmp_path, monkeypatch):
    """Its views never end and its rules fail when a row is read; its tables are read all the same."""
    hostile = database(
        tmp_path,
        f"CREATE VIEW reviews AS {ENDLESS}",
        f"CREATE VIEW customers AS SELECT 1 AS customer_id, ({ENDLESS}) AS name",
        "CREATE TABLE other (x, y AS (ABS(-9223372036854775807 - 1)))",
        "CREATE VIRTUAL TABLE words USING fts5(x)",
        "CREATE TRIGGER gone AFTER INSERT ON orders BEGIN DELETE FROM orders; END",
    )
    load(page, {"shop.sqlite": hostile})
    assert lines_shown(page) == "3 order lines"
    monkeypatch.setattr(visitors, "SECONDS", 1)
    slow = database(  # a column that is computed when it is read; the schema is changed after the row was written
        tmp_path,
        "CREATE TABLE slow (x)",
        "INSERT INTO slow VALUES (1)",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = {} WHERE name = 'slow'".format(
            literal(f"CREATE TABLE slow (x, y AS ({SLOW}))")
        ),
    )
    pick(own(page).files, {"slow.sqlite": slow})
    assert "slow.sqlite cannot be read as an SQLite file" in own(page).said.value
    pick(own(page).files, {"cut.sqlite": hostile[:3000]})
    assert "cut.sqlite cannot be read as an SQLite file" in own(page).said.value
    assert own(page).form is None


def test_databases_that_cannot_be_read_so_are_refused(page, tmp_path):
    (tmp_path / "secret.csv").write_text("id,secret\n1,geheim\n")
    with duckdb.connect(str(tmp_path / "view.duckdb")) as connection:
        connection.execute(f"CREATE VIEW orders AS SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inside/shop.sqlite", database(tmp_path))
    for name, content, said in (
        ("view.duckdb", (tmp_path / "view.duckdb").read_bytes(), "save its tables as Parquet or CSV"),
        ("packed.zip", packed.getvalue(), "choose it unpacked"),
    ):
        pick(own(page).files, {name: content})
        assert said in own(page).said.value
        assert own(page).form is None
    assert "geheim" not in everything_said(page)


def test_a_select_of_a_visitors_counts_what_it_counts_elsewhere(page, visit, make_settings, place):
    """In a process of its own or not: the same figures, by the same functions."""
    text = "SELECT id AS order_id, user_id AS customer_id, product_id, DAY(created_at, 'ymd') AS order_date, NUMBER(total, '.') * 2 AS total_amount FROM orders"
    alone = visit(
        make_settings(
            source=str(place / "source"), mapping=MAPPING, database=str(place / "alone.db"), exports=str(place)
        )
    )
    shown = []
    for one in (page, alone):
        pick(own(one).files, shop_files())
        form = own(one).form
        form.written.texts["orders"].value = text
        form.written.check.click()
        form.counted.again.click()
        figures = form.preview
        shown.append(
            (figures.revenue, figures.lines, figures.orders, form.written.checked.value, form.counted.figures.value)
        )
        form.accepted.click()
        assert lines_shown(one) == "3 order lines"
    assert shown[0] == shown[1]
    assert shown[0][0] == 140


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT id AS customer_id, ({ENDLESS}) AS name FROM users",
        f"SELECT id AS customer_id, {SLOW} AS name FROM users",
        "SELECT id AS customer_id, HEX(ZEROBLOB(450000000)) AS name FROM users",
    ],
)
def test_a_select_of_a_visitors_has_the_consoles_limits(page, monkeypatch, text):
    monkeypatch.setattr(visitors, "SECONDS", 1)
    pick(own(page).files, shop_files())
    form = own(page).form
    form.written.texts["customers"].value = text
    form.counted.again.click()
    said = form.cannot or form.preview.problem
    assert "more than 1 seconds" in said or "out of memory" in said or "too big" in said
    form.written.check.click()
    assert "shop-alert" in form.written.checked.value
    form.accepted.click()  # even if its button cannot be pressed
    assert not page.settings.is_visitors
    form.written.undo.click()
    form.counted.again.click()
    form.accepted.click()
    assert lines_shown(page) == "3 order lines"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 AS customer_id, file AS name FROM pragma_database_list",
        "SELECT 1 AS customer_id, READFILE('/etc/passwd') AS name",
        "SELECT 1 AS customer_id, LOAD_EXTENSION('x') AS name",
        "DELETE FROM users",
        "SELECT 1 AS customer_id) ; ATTACH '/etc/passwd' AS x; SELECT (1",
    ],
)
def test_a_select_of_a_visitors_only_reads_what_was_sent(page, text):
    pick(own(page).files, shop_files())
    form = own(page).form
    form.written.texts["customers"].value = text
    form.counted.again.click()  # on a busy machine it waits until it is asked
    assert "cannot be run on the source" in (form.cannot or form.preview.problem)
    form.written.check.click()
    assert "root:" not in form.written.checked.value
    assert private_folder() not in form.written.checked.value


# ------------------------------------------------------------------ in Voilà


@pytest.mark.skipif("voila" not in browser.servers(), reason="Voilà is not among these versions")
def test_voila_shows_the_page_of_a_visitor(chromium, tmp_path):
    """By default: files can be chosen, and that is all; what one visitor loads the next does not see."""
    small = settings_changed(sample_customers=60, sample_products=60, sample_orders=500, sample_reviews=50, days=100)
    nbformat.write(small, tmp_path / NOTEBOOK.name)
    with browser.server("voila", tmp_path) as address:
        page = chromium.new_page(viewport={"width": 1400, "height": 1200})
        browser.open_page(page, "voila", address)
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("button", name="Follow changes").wait_for(timeout=20_000)
        assert page.get_by_role("button", name="Live orders").count() == 0
        page.get_by_role("button", name="Data & SQL").click()
        page.get_by_role("button", name="Choose files").wait_for(timeout=20_000)
        assert page.get_by_text("or write a path").count() == 0
        assert page.get_by_role("button", name="Preview").count() == 0
        assert page.locator(".sb-console").count() == 0
        folder = tmp_path / "sent"
        folder.mkdir()
        for name, text in SHOP.items():
            (folder / name).write_text(text)
        before = sorted(file.name for file in tmp_path.iterdir())
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose files").click()
        chooser.value.set_files(sorted(map(str, folder.iterdir())))
        page.locator(".shop-form").get_by_role("button", name="Load", exact=True).click(timeout=30_000)
        page.locator(".shop-head", has_text="3 order lines").wait_for(timeout=60_000)
        assert sorted(file.name for file in tmp_path.iterdir()) == before
        page.close()
        page = chromium.new_page(viewport={"width": 1400, "height": 1200})
        browser.open_page(page, "voila", address)
        assert page.locator(".shop-head", has_text="Sample shop").count() == 1
        page.get_by_role("button", name="Data & SQL").click()
        page.get_by_role("button", name="Choose files").wait_for(timeout=20_000)
        assert page.get_by_label("Shown shop").count() == 0
        assert "My shop" not in page.locator(".shop-page").inner_text()
        page.close()


@pytest.mark.skipif("voila" not in browser.servers(), reason="Voilà is not among these versions")
def test_a_shop_that_cannot_be_opened_is_not_described_in_voila(chromium, tmp_path):
    (tmp_path / "sales.csv").write_text(
        "Bestellnr;Bestelldatum;Artikel;Betrag\nB1;03.04.2025;Geheim;5\nB2;05.06.2025;Mehr;6\n"
    )
    nbformat.write(settings_changed(source="sales.csv"), tmp_path / NOTEBOOK.name)
    with browser.server("voila", tmp_path) as address:
        page = chromium.new_page()
        page.goto(address, timeout=90_000)
        page.locator("[role=alert]", has_text="cannot be shown yet").first.wait_for(timeout=60_000)
        assert not any(word in page.content() for word in ("Geheim", "Bestell", "sales.csv"))
        page.close()
    assert json.loads((tmp_path / NOTEBOOK.name).read_text())["cells"]  # the notebook itself is as it was
