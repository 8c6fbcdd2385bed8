"""The form that asks what a source's columns mean, without a browser; and a shop of one's own on the page."""

import ast
import base64
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import ipywidgets as widgets
import pandas as pd
import pytest

from shopboard import opening
from shopboard.dashboard import Dashboard
from shopboard.importing import draft, staging
from shopboard.importing.accounts import was_imported
from shopboard.importing.form import ImportForm
from shopboard.importing.source import opened_source
from shopboard.importing.staging import OPEN_SOURCES
from shopboard.opening import ShopQuestion
from shopboard.own_data import free_database, uploaded
from shopboard.pages import Page
from shopboard.problems import ShopProblem

from notebook_module import read_notebook

SHOP = {  # nothing but surely named columns
    "users.csv": "id,name,email,state\n1,Ann,ann@example.com,North\n2,Bob,bob@example.com,South\n",
    "products.csv": "id,title,category\n10,Cup,Kitchen\n11,Lamp,Living\n",
    "orders.csv": "id,user_id,product_id,created_at,quantity,total\n"
    "1,1,10,2025-01-13,2,10.50\n2,2,11,2025-01-14,1,30.00\n3,1,11,2025-02-15,1,29.50\n",
}
DOUBTFUL = (  # every day may be a month, and one word is no status
    "Bestellnr;Bestelldatum;Kundennr;Artikelnr;Artikel;Warengruppe;Menge;Gesamtpreis;Status\n"
    "B1;03.04.2025;K1;A1;Tasse;Küche;2;10,50;bezahlt\n"
    "B2;05.06.2025;K2;A2;Lampe;Wohnen;1;1.030,00;bezahlt\n"
    "B3;07.08.2025;K1;A2;Lampe;Wohnen;1;29,50;Sonderfall\n"
)


@pytest.fixture
def folder(tmp_path):
    """A folder of the surely named shop."""
    source = tmp_path / "shop"
    source.mkdir()
    for name, text in SHOP.items():
        (source / name).write_text(text)
    return source


@pytest.fixture
def doubtful(tmp_path):
    """A file that leaves questions open."""
    path = tmp_path / "bestellungen.csv"
    path.write_text(DOUBTFUL)
    return path


@pytest.fixture
def form_of(make_settings, tmp_path):
    """A function that makes the form of a source; what it would load is noted in `form.given`."""
    made = []

    def form_of(source, load_shop=None):
        given = []

        def note(settings):
            given.append(settings)
            return load_shop(settings) if load_shop else "Loaded."

        settings = make_settings(source=str(source), database=str(tmp_path / "own.db"), exports=str(tmp_path))
        form = ImportForm(settings, note)
        form.given = given
        made.append(form)
        return form

    yield form_of
    for form in made:
        form.close()


def controls(form):
    """Return the lists of the form's questions, those of the preview among them, by their keys."""
    return {**form.asked.answers, **{key: control for key, (control, _) in form.counted.controls.items()}}


def hidden(widget):
    return widget.layout.display == "none"


# ------------------------------------------------------------------ the form


def test_what_is_sure_is_one_click(form_of, folder):
    form = form_of(folder)
    assert form.problem() == ""
    assert "3 lines, 70.00, January to February 2025; nothing set aside." in form.counted.figures.value
    assert hidden(form.details)
    assert hidden(form.written.widget)
    assert not form.accepted.disabled
    form.accepted.click()
    (settings,) = form.given
    assert set(settings.mapping) == {"customers", "products", "orders"}
    assert "Loaded." in form.said.value
    assert form.widget.children == (form.said,)  # it cannot be loaded twice


def test_each_field_shows_three_values_how_sure_and_why(form_of, folder):
    form = form_of(folder)
    control, told = form.matched.columns["orders", "order_date"]
    assert control.description == "Date"
    assert control.value.name == "created_at"
    assert "2025-01-13 · 2025-01-14 · 2025-02-15" in told.value
    assert '<b class="good">sure</b>' in told.value
    assert "100% of its values are dates" in told.value
    control, told = form.matched.columns["orders", "status"]
    assert control.value == ""
    assert control.label == "— none —"


def test_a_choice_changes_the_select_and_says_whose_it_is(form_of, folder):
    form = form_of(folder)
    control, told = form.matched.columns["customers", "name"]
    labels = [label for label, _ in control.options]
    assert labels[0] == "— none —"
    form.look.value = True
    control.value = next(column for label, column in control.options if label.endswith("email"))
    assert "chosen by you" in told.value
    assert "email AS name" in form.written.texts["customers"].value
    form.accepted.click()
    assert "email AS name" in form.given[0].mapping["customers"]


def test_nothing_is_loaded_while_a_question_is_open(form_of, doubtful):
    form = form_of(doubtful)
    assert {key.split()[0] for key in form.questions()} == {"order", "status"}
    assert form.accepted.disabled
    assert "Please answer" in form.verdict.value
    with pytest.raises(ShopProblem, match="Please answer: How does Bestelldatum write its dates"):
        form.accept()
    for key, answer in (("order", "dmy"), ("status", "Returned")):
        assert form.accepted.disabled
        (control,) = [
            control
            for name, control in controls(form).items()
            if name.startswith(key) and control.label == "Please choose"
        ]
        assert control.label == "Please choose"
        control.value = answer
    assert not form.accepted.disabled
    form.accepted.click()
    orders = form.given[0].mapping["orders"]
    assert "'dmy'" in orders
    assert "WHEN 'Sonderfall' THEN 'Returned'" in orders


def test_an_answer_can_be_taken_back(form_of, doubtful):
    form = form_of(doubtful)
    next(iter(form.asked.answers.values())).value = "mdy"
    controls(form)["status Sonderfall"].value = "Completed"
    assert not form.accepted.disabled
    next(iter(form.asked.answers.values())).value = "(open)"
    assert form.accepted.disabled
    assert "Please answer" in form.verdict.value


def test_a_select_of_ones_own_counts_instead_of_the_choices(form_of, folder):
    form = form_of(folder)
    text = "SELECT id AS customer_id, UPPER(name) AS name FROM users"
    form.written.texts["customers"].value = text
    assert "Written by you: customers" in form.verdict.value
    control, _ = form.matched.columns["customers", "name"]
    control.value = ""  # a choice does not touch what was written
    assert form.written.texts["customers"].value == text
    assert form.selects()["customers"] == text
    form.written.undo.click()
    assert "Written by you" not in form.verdict.value
    assert "users" in form.written.texts["customers"].value
    assert " AS name" not in form.written.texts["customers"].value  # the choice was taken meanwhile


def test_check_shows_rows_or_what_is_wrong(form_of, folder):
    form = form_of(folder)
    form.written.texts["customers"].value = "SELECT id AS customer_id, UPPER(name) AS name FROM users"
    form.written.texts["products"].value = "SELECT nonsense FROM products"
    form.written.check.click()
    assert "<td>ANN</td>" in form.written.checked.value
    assert "no such column: nonsense" in form.written.checked.value
    assert "<td>2025-01-13</td>" in form.written.checked.value
    form.written.texts["products"].value = "DROP TABLE products"
    form.written.check.click()
    assert "cannot be run on the source" in form.written.checked.value
    assert form.connection.execute("SELECT COUNT(*) FROM products").fetchone() == (2,)


def test_a_problem_is_said_and_the_form_goes_on(form_of, folder):
    problems = [ShopProblem("The disk is <full>: make room."), ZeroDivisionError("division by zero")]

    def load(_):
        if problems:
            raise problems.pop(0)
        return "Loaded."

    form = form_of(folder, load)
    form.accepted.click()
    assert 'role="alert">The disk is &lt;full&gt;: make room.' in form.said.value
    assert not form.accepted.disabled
    form.accepted.click()
    assert "ZeroDivisionError" in form.said.value
    form.accepted.click()
    assert "Loaded." in form.said.value


def test_progress_is_shown_in_the_form(form_of, folder):
    def load(_):
        sys.stdout.write("1 of 4\r2 of 4")
        return "Loaded."

    seen = []
    form = form_of(folder, load)
    form.said.observe(lambda change: seen.append(change.new), "value")
    form.accepted.click()
    assert any("Loading … 2 of 4<" in text for text in seen)


def test_a_source_without_orders_says_so(form_of, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("id,name\n1,Ann\n2,Bob\n")
    form = form_of(path)
    assert form.accepted.disabled
    assert "No table" in form.verdict.value


def test_names_from_the_file_are_no_html(form_of, tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(
        "order_id,order_date,product,total,status\n1,2025-01-31,<b>Cup</b>,5,<i>odd</i>\n2,2025-01-30,Pot,6,paid\n"
    )
    form = form_of(path)
    shown = "".join(
        [form.verdict.value, form.headline.value, *(told.value for _, told in form.matched.columns.values())]
    )
    assert "<b>Cup" not in shown
    assert "<i>odd" not in shown


def test_a_doubtful_encoding_is_asked_first_and_read_anew(form_of, tmp_path):
    path = tmp_path / "sales.csv"
    rows = "".join(f"{n},2025-01-{n:02},Чашка {n},{n}.50,завершен\n" for n in range(13, 29))
    path.write_bytes(f"order_id,order_date,product,total,status\n{rows}".encode("cp1251"))
    form = form_of(path)
    key = next(iter(form.questions()))
    assert key == "encoding sales.csv"
    assert form.accepted.disabled
    control = form.asked.answers[key]
    control.value = next(codec for label, codec in control.options if "cp1251" in codec or "1251" in label)
    assert control.value == form.asked.answers[key].value  # the answer stands, and can be changed
    assert "Чашка 13" in form.matched.columns["orders", "product_id"][1].value
    assert not form.accepted.disabled
    form.accepted.click()
    assert form.given[0].mapping["encodings"] == {"sales.csv": control.value}


SHOPIFY = (
    "Name,Email,Created at,Total,Refunded Amount,Currency,Financial Status,Lineitem name,Lineitem quantity\n"
    "#1,a@example.com,2025-01-15 17:41:00 -0500,30.00,0.00,USD,paid,Cup,1\n#1,,,,,,,Lamp,2\n"
)


def test_an_export_known_by_name_is_one_click_and_can_still_be_matched(form_of, tmp_path):
    path = tmp_path / "orders_export.csv"
    path.write_text(SHOPIFY)
    form = form_of(path)
    assert "This is an export of Shopify" in form.verdict.value
    assert form.matched.columns == {}
    assert not form.accepted.disabled
    assert not hidden(form.own_way)
    form.own_way.click()
    assert form.matched.columns["orders", "order_number"][0].value.name == "Name"
    assert hidden(form.own_way)
    assert not hidden(form.details)


# ------------------------------------------------------------------ a path in the settings


def test_a_source_with_other_names_is_asked_about(open_or_ask, make_settings, folder, tmp_path):
    settings = make_settings(source=str(folder), database=str(tmp_path / "own.db"), exports=str(tmp_path))
    with pytest.raises(ShopQuestion, match="press Load, then run the cells below") as caught:
        open_or_ask(settings)
    assert not (tmp_path / "own.db").exists()
    form = caught.value.form
    form.accepted.click()
    assert "Now run the cells below" in form.said.value
    said = open_or_ask(settings)  # what was accepted is known at the next run
    assert said.startswith("Opened own.db")
    with closing(sqlite3.connect(tmp_path / "own.db")) as connection:
        assert connection.execute("SELECT COUNT(*), SUM(total_amount) FROM orders").fetchone() == (3, 70.0)


def test_the_question_shows_the_form_once(open_or_ask, make_settings, folder, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(opening, "display", shown.append)
    with pytest.raises(ShopQuestion) as caught:
        open_or_ask(make_settings(source=str(folder), database=str(tmp_path / "own.db")))
    for _ in range(2):
        (line,) = caught.value._render_traceback_()
    assert "Stopped here" in line
    assert len(shown) == 1
    assert caught.value.form.widget in shown[0].children
    caught.value.form.close()


def test_proposed_takes_what_is_sure_unseen(open_or_ask, make_settings, folder, doubtful, tmp_path):
    given = {"mapping": "proposed", "database": str(tmp_path / "own.db"), "exports": str(tmp_path)}
    said = open_or_ask(make_settings(source=str(folder), **given))
    assert said.startswith("3 lines, 70.00, January to February 2025; nothing set aside.")  # what was counted
    assert "Made own.db" in said
    with closing(sqlite3.connect(tmp_path / "own.db")) as connection:
        before = connection.execute("SELECT * FROM orders").fetchall()
    with pytest.raises(ShopProblem, match="Please answer: How does Bestelldatum") as caught:
        open_or_ask(make_settings(source=str(doubtful), **given))
    assert not isinstance(caught.value, ShopQuestion)
    with closing(sqlite3.connect(tmp_path / "own.db")) as connection:
        assert connection.execute("SELECT * FROM orders").fetchall() == before


def test_a_source_is_read_once_for_the_form_and_for_loading(open_or_ask, make_settings, folder, tmp_path, monkeypatch):
    opened, open_source = [], opened_source

    def counted(*arguments):
        opened.append(arguments)
        return open_source(*arguments)

    for module in (draft, staging):  # each may open it
        monkeypatch.setattr(module, "opened_source", counted)
    settings = make_settings(source=str(folder), database=str(tmp_path / "own.db"), exports=str(tmp_path))
    with pytest.raises(ShopQuestion) as caught:
        open_or_ask(settings)
    caught.value.form.accepted.click()
    assert (tmp_path / "own.db").exists()
    assert len(opened) == 1
    assert OPEN_SOURCES == {}
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        caught.value.form.connection.execute("SELECT 1")


def test_a_file_that_changed_meanwhile_is_read_anew(open_or_ask, make_settings, folder, tmp_path):
    settings = make_settings(source=str(folder), database=str(tmp_path / "own.db"), exports=str(tmp_path))
    with pytest.raises(ShopQuestion) as caught:
        open_or_ask(settings)
    (folder / "orders.csv").write_text(SHOP["orders.csv"] + "4,1,10,2025-02-16,1,7.25\n")
    caught.value.form.accepted.click()
    with closing(sqlite3.connect(tmp_path / "own.db")) as connection:
        assert connection.execute("SELECT COUNT(*) FROM orders").fetchone() == (4,)


def test_columns_that_are_named_so_but_hold_something_else_are_asked_about(open_or_ask, make_settings, tmp_path):
    source = tmp_path / "shop"
    source.mkdir()
    (source / "customers.csv").write_text("customer_id,name\n1,Ann\n")
    (source / "products.csv").write_text("product_id,product_name\n1,Cup\n")
    (source / "orders.csv").write_text("order_id,customer_id,product_id,order_date,total_amount\n1,1,1,31.01.2025,5\n")
    settings = make_settings(source=str(source), database=str(tmp_path / "own.db"), exports=str(tmp_path))
    with pytest.raises(ShopQuestion) as caught:
        open_or_ask(settings)
    form = caught.value.form
    assert "DAY(order_date, 'dmy')" in form.written.texts["orders"].value
    form.accepted.click()
    with closing(sqlite3.connect(tmp_path / "own.db")) as connection:
        assert connection.execute("SELECT order_date FROM orders").fetchall() == [("2025-01-31",)]


def test_names_that_match_are_not_asked_about(open_or_ask, make_settings, tmp_path):
    source = tmp_path / "shop"
    source.mkdir()
    (source / "customers.csv").write_text("customer_id,name\n1,Ann\n")
    (source / "products.csv").write_text("product_id,product_name\n1,Cup\n")
    (source / "orders.csv").write_text("order_id,customer_id,product_id,order_date,total_amount\n1,1,1,2025-01-31,5\n")
    settings = make_settings(source=str(source), database=str(tmp_path / "own.db"), exports=str(tmp_path))
    assert open_or_ask(settings).startswith("Made own.db")


def test_a_mapping_that_is_wrong_is_not_asked_about(open_or_ask, make_settings, folder, tmp_path):
    settings = make_settings(source=str(folder), database=str(tmp_path / "own.db"), mapping={"orders": "SELECT 1 AS x"})
    with pytest.raises(ShopProblem) as caught:
        open_or_ask(settings)
    assert not isinstance(caught.value, ShopQuestion)


# ------------------------------------------------------------------ on the page


@pytest.fixture
def show(open_shop):
    """A function that shows a shop on a page with nothing but a shop of one's own."""
    return lambda settings: Dashboard(open_shop(settings), [Page("Data & SQL", tools=["own data"])])


@pytest.fixture
def dashboard(build, show, tmp_path):
    """The page of a small sample shop, in a folder of its own."""
    settings = build(tmp_path, sample_customers=60, sample_products=60, sample_orders=500, sample_reviews=50, days=100)
    dashboard = show(settings)
    yield dashboard
    dashboard.close()
    dashboard.shop.close()


def pick(upload, files):
    """Pick files as the browser does."""
    if hasattr(upload, "piece"):  # they come in pieces
        for place, (name, content) in enumerate(files.items()):
            for at in range(0, len(content), 50):
                part = base64.b64encode(content[at : at + 50]).decode()
                ends = at + 50 >= len(content) and place == len(files) - 1
                told = {"first": (place, at) == (0, 0), "last": ends, "came": at, "all": len(content)}
                number = upload.written + 1
                upload.piece = {"number": number, "name": name, "content": part, **told}
                assert upload.written == number
    elif widgets.__version__ < "8":
        upload.set_trait("value", {name: {"metadata": {"name": name}, "content": files[name]} for name in files})
    else:
        upload.value = [
            {
                "name": name,
                "type": "",
                "size": len(content),
                "content": memoryview(content),
                "last_modified": datetime.now(timezone.utc),
            }
            for name, content in files.items()
        ]


def shop_files():
    return {name: text.encode() for name, text in SHOP.items()}


def test_what_was_picked_is_read_in_both_versions_of_the_widgets():
    class Upload:
        pass

    upload = Upload()
    upload.value = {"a.csv": {"metadata": {"name": "a.csv"}, "content": b"1"}}
    assert uploaded(upload) == {"a.csv": b"1"}
    upload.value = ({"name": "a.csv", "content": memoryview(b"1")}, {"name": "b.csv", "content": memoryview(b"2")})
    assert uploaded(upload) == {"a.csv": b"1", "b.csv": b"2"}
    upload.value = ()
    assert uploaded(upload) == {}


def test_picked_files_become_the_shop_of_the_page(dashboard, tmp_path):
    own = dashboard.tools["own data"].own
    before = dashboard.page
    own.name.value = "Two cups"
    pick(own.files, shop_files())
    assert "It will be kept in Two_cups.db" in own.said.value
    kept = Path(own.folder.name)
    assert kept.is_dir()
    assert kept.stat().st_mode & 0o077 == 0  # private
    form = own.form
    form.accepted.click()
    assert not kept.exists()
    assert own.form is None
    assert (tmp_path / "Two_cups.db").exists()
    header = before.children[1].value  # in the same widget
    assert "Two cups" in header
    assert "3 order lines · 13 Jan 2025 to 15 Feb 2025" in header
    assert "3 of 3 order lines were loaded" in "".join(texts(before))


def texts(widget):
    """Return the texts of all HTML widgets within one."""
    for child in getattr(widget, "children", ()):
        yield from texts(child)
    if hasattr(widget, "placeholder") and type(widget).__name__ == "HTML":
        yield widget.value


def test_the_receipt_of_a_shop_of_ones_own_is_on_the_page(open_or_ask, show, make_settings, folder, tmp_path):
    (folder / "orders.csv").write_text(SHOP["orders.csv"] + "4,1,99,2025-02-16,1,7.25\n")
    settings = make_settings(source=str(folder), database=str(tmp_path / "own.db"), exports=str(tmp_path))
    mapping = {  # by which a line of an unknown product is set aside
        "customers": "SELECT id AS customer_id, name, state AS region FROM users",
        "products": "SELECT id AS product_id, title AS product_name, category FROM products",
        "orders": "SELECT id AS order_id, user_id AS customer_id, product_id, created_at AS order_date, quantity, total AS total_amount FROM orders",
    }
    open_or_ask(replace(settings, mapping=mapping))
    page = show(settings)
    own = page.tools["own data"].own
    receipt = own.receipt.value
    assert "<td>orders</td><td class=number>4</td><td class=number>3</td><td class=number>1</td>" in receipt
    assert "77.25" in receipt
    assert "product_id 99 is not among the loaded products" in receipt
    assert "source = &quot;" in receipt
    assert not hidden(own.receipt_row)
    own.download.click()
    assert "reconciliation" in own.links.value
    assert "set_aside.csv" in own.links.value
    aside = pd.read_csv(tmp_path / "set_aside.csv", comment="#")
    aside["product_id"] = 11
    pick(own.corrected, {"set_aside.csv": aside.to_csv(index=False).encode()})
    assert "1 corrected rows were loaded" in own.said.value
    assert "<td>orders</td><td class=number>4</td><td class=number>4</td>" in own.receipt.value
    assert "4 order lines" in page.header.value
    page.close()


def test_the_sample_has_no_receipt(dashboard):
    own = dashboard.tools["own data"].own
    assert own.receipt.value == ""
    assert hidden(own.receipt_row)


def test_a_wrong_path_is_said_beside_it(dashboard):
    own = dashboard.tools["own data"].own
    own.path.value = "/nowhere/orders.csv"
    own.look.click()
    assert "no such file" in own.said.value
    own.path.value = ""
    own.look.click()
    assert "Choose files, or write a path, first." in own.said.value
    assert own.place.children == ()


def test_a_file_of_somebody_else_is_never_taken(dashboard, tmp_path):
    (tmp_path / "orders.db").write_bytes(b"mine")
    with closing(sqlite3.connect(tmp_path / "orders-2.db")) as connection:
        connection.execute("CREATE TABLE mine (x)")
    assert free_database(dashboard.settings, "orders") == (tmp_path / "orders-3.db").resolve()
    assert free_database(dashboard.settings, "ecommerce") == (tmp_path / "ecommerce-2.db").resolve()
    assert free_database(dashboard.settings, "../../etc/passwd").parent == tmp_path.resolve()


def test_a_database_of_the_notebook_is_opened_as_it_is(dashboard, show, tmp_path):
    sample = dashboard.settings
    own = dashboard.tools["own data"].own
    pick(own.files, shop_files())
    own.form.accepted.click()
    other = show(sample)
    second = other.tools["own data"].own
    second.path.value = str(tmp_path / "My_shop.db")
    second.look.click()
    assert "3 order lines" in other.page.children[1].value


def test_the_sample_and_the_shops_opened_so_far_are_a_choice_away(dashboard):
    own = dashboard.tools["own data"].own
    assert list(own.known) == ["Sample shop"]
    pick(own.files, shop_files())
    own.form.accepted.click()
    own = dashboard.tools["own data"].own
    assert (list(own.shops.options), own.shops.value) == (["My shop", "Sample shop"], "My shop")
    own.shops.value = "Sample shop"
    assert dashboard.settings.is_sample
    dashboard.tools["own data"].own.shops.value = "My shop"
    assert dashboard.settings.name == "My shop"
    assert was_imported(dashboard.shop.connection)


def test_a_database_of_the_notebook_that_is_picked_is_kept(dashboard, show, tmp_path):
    sample = dashboard.settings
    own = dashboard.tools["own data"].own
    pick(own.files, shop_files())
    own.form.accepted.click()
    content = (tmp_path / "My_shop.db").read_bytes()
    again = show(sample)
    pick(again.tools["own data"].own.files, {"copied.db": content})
    assert "copied" in again.page.children[1].value
    assert "3 order lines" in again.page.children[1].value
    assert (tmp_path / "copied.db").read_bytes() == content
    again.close()


def test_what_is_picked_comes_before_a_path_that_was_written_earlier(dashboard):
    own = dashboard.tools["own data"].own
    own.path.value = "/nowhere/orders.csv"
    pick(own.files, shop_files())
    assert own.form is not None
    own.close()


# ------------------------------------------------------------------ what a shop that is loaded later needs


def test_no_running_cell_takes_the_name_of_a_function_defined_before():
    defined = set()
    for cell in read_notebook().cells:
        if cell.cell_type != "code" or cell.id == "install" or cell.source.startswith("%%module"):
            continue  # a module has names of its own
        tree = ast.parse("\n".join(line for line in cell.source.splitlines() if not line.startswith("%")))
        if "define" in cell.metadata.get("tags", []):
            defined |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        else:
            taken = {
                node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
            assert not taken & defined, cell.id


def test_what_a_second_table_leaves_open_can_be_answered(form_of, tmp_path):
    folder = tmp_path / "shops"
    folder.mkdir()
    web = "order_id,order_date,product,quantity,amount\n" + "".join(
        f"W{n},2025-01-{n:02},Lamp,1,5.00\n" for n in range(1, 29)
    )
    store = "order_id,order_date,product,quantity,amount,till\n" + "".join(
        f"S{n},0{n}/03/2025,Lamp,1,4.00,1\n" for n in range(1, 9)
    )
    (folder / "web_sales.csv").write_text(web)
    (folder / "store_sales.csv").write_text(store)
    form = form_of(folder)
    form.answer("also store_sales", "load")
    (key,) = [key for key in form.questions() if key.startswith("store_sales: order ")]
    assert form.questions()[key].text.startswith("store_sales: How does order_date write its dates")
    assert form.accepted.disabled
    form.answer(key, "dmy")
    assert form.problem() == ""
    assert "'dmy'" in form.selects()["orders"]
    form.answer(key, "mdy")
    assert "'mdy'" in form.selects()["orders"]


def test_figures_that_take_long_are_counted_when_asked_for(form_of, folder):
    form = form_of(folder)
    form.took = 10.0
    form.matched.columns["orders", "quantity"][0].value = ""
    assert form.preview.units == 4  # as it was
    assert form.accepted.disabled
    assert "press Count again" in form.verdict.value
    form.counted.again.click()
    assert form.preview.units == 3
    assert not form.accepted.disabled


def test_another_meaning_of_a_word_is_counted_at_once(form_of, folder):
    (folder / "orders.csv").write_text(
        SHOP["orders.csv"].replace("total\n", "total,status\n").replace("0\n", "0,shipped\n")
    )
    form = form_of(folder)
    form.took = 10.0
    loaded = form.trial.path.stat().st_mtime_ns
    form.counted.controls["status shipped"][0].value = "Pending"
    assert (form.preview.revenue, form.preview.total) == (0, 70)
    assert not form.accepted.disabled
    assert form.trial.path.stat().st_mtime_ns == loaded  # nothing was loaded for it
    form.accepted.click()
    assert "WHEN 'shipped' THEN 'Pending'" in form.given[0].mapping["orders"]
