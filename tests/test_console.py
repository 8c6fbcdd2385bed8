"""The console: whatever is asked, it only reads, ends in time, and says what is wrong."""

import hashlib
import io
import json
from pathlib import Path
from threading import Event, Timer

import pandas as pd
import pytest

from shopboard import console as console_module
from shopboard.console import ROWS, SELECTED, Console, ask_console, format_of, script_text, table_of, without_explain
from shopboard.database import COLUMNS
from shopboard.problems import ShopProblem
from shopboard.texts import csv_text

from small_shop import small_shop


@pytest.fixture(scope="module")
def shop(story, tmp_path_factory):
    """A small sample shop."""
    shop = small_shop(story, tmp_path_factory.mktemp("console"))
    yield shop
    shop.close()


@pytest.fixture
def ask(shop):
    """A function that asks the small shop's file; it returns the rows, and whether there are more."""

    def ask(sql, **parameters):
        answer = ask_console(str(shop.path), sql, parameters)
        return answer.frame, answer.more

    return ask


@pytest.fixture
def console(shop, story):
    """The console as the page has it."""
    examples = {
        "How much?": story.OVERALL,
        "Which category leads?": story.CATEGORY_RANKS,
        "Who buys?": story.TOP_CUSTOMERS,
    }
    console = Console(shop, examples, parameters=lambda: {"lead_time": 14})
    yield console
    console.close()


# ------------------------------------------------------------------ it only reads


def test_it_reads(ask, shop):
    statuses = shop.connection.execute("SELECT status, COUNT(*) FROM orders GROUP BY status ORDER BY status").fetchall()
    frame, more = ask("SELECT status, COUNT(*) AS lines FROM orders GROUP BY status ORDER BY status")
    assert list(frame.itertuples(index=False, name=None)) == statuses
    assert not more
    for table, names in COLUMNS.items():
        frame, more = ask(f"WITH all_rows AS (SELECT * FROM {table}) SELECT * FROM all_rows LIMIT 3;  -- and no more")
        assert frame.columns.tolist() == list(names)
    assert len(ask("EXPLAIN QUERY PLAN SELECT * FROM orders")[0]) > 0
    assert len(ask("EXPLAIN SELECT * FROM orders")[0]) > 0


WRITES = [
    "INSERT INTO orders SELECT * FROM orders",
    "REPLACE INTO products (product_id) VALUES (1)",
    "UPDATE products SET price = 0",
    "DELETE FROM orders",
    "WITH gone AS (SELECT order_id FROM orders) DELETE FROM orders WHERE order_id IN (SELECT order_id FROM gone)",
    "WITH one (number) AS (VALUES (1)) UPDATE products SET price = 0 WHERE product_id IN one",
    "WITH one (number) AS (VALUES (1)) INSERT INTO reviews (rating) SELECT number FROM one",
    "DELETE FROM orders RETURNING order_id",
    "EXPLAIN DELETE FROM orders",
    "CREATE TABLE mine (number INTEGER)",
    "CREATE TEMP TABLE mine AS SELECT * FROM orders",
    "CREATE VIRTUAL TABLE mine USING fts5(words)",
    "CREATE TEMP TRIGGER mine AFTER INSERT ON orders BEGIN DELETE FROM orders; END",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE INDEX mine ON orders (quantity)",
    "DROP TABLE orders",
    "ALTER TABLE orders ADD COLUMN mine TEXT",
    "ATTACH DATABASE 'elsewhere.db' AS elsewhere",
    "ATTACH ':memory:' AS elsewhere",
    "DETACH main",
    "PRAGMA user_version = 7",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA query_only = OFF",
    "PRAGMA table_info(orders)",
    "SELECT * FROM pragma_table_info('orders')",
    "SELECT * FROM pragma_wal_checkpoint",
    "VACUUM",
    "VACUUM INTO 'elsewhere.db'",
    "ANALYZE",
    "REINDEX",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "SAVEPOINT here",
    "SELECT load_extension('mine')",
    "SELECT LOAD_EXTENSION('mine', 'entry')",
    "SELECT 1; DELETE FROM orders",
    "SELECT 1; SELECT 2",
    "DELETE FROM orders WHERE order_id IN (SELECT order_id FROM selected_lines)",
    "EXPLAIN DELETE FROM orders WHERE order_id IN (SELECT order_id FROM selected_lines)",
    "SELECT order_id FROM selected_lines; DELETE FROM orders",
    "WITH one AS (SELECT order_id FROM selected_lines) DELETE FROM orders WHERE order_id IN one",
    "EXPLAIN EXPLAIN DELETE FROM orders",
]


@pytest.mark.parametrize("sql", WRITES)
def test_whatever_writes_is_refused(ask, console, shop, tmp_path, monkeypatch, sql):
    monkeypatch.chdir(tmp_path)
    before = hashlib.sha256(Path(shop.path).read_bytes()).hexdigest()
    with pytest.raises(ShopProblem) as problem:
        ask(sql)
    known = ("only reads", "one statement", "load_extension", "no such", "syntax error", "already a table")
    assert any(reason in str(problem.value) for reason in known)
    said = console.run(sql)["problem"]  # as the page asks, with the selection's CTEs in front where they are read
    assert any(reason in said for reason in known)
    assert hashlib.sha256(Path(shop.path).read_bytes()).hexdigest() == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "Nothing was asked"),
        ("  -- nothing\n", "Nothing was asked"),
        ("SELEKT 1", "syntax error"),
        ("SELECT mine FROM orders", "no such column"),
        ("SELECT * FROM nowhere", "no such table"),
        ("SELECT :mine", "mine"),
        ("SELECT ?", "no name|bind"),
        ("SELECT '\ud800'", "surrogates|wrong type"),
        ("SELECT 'a\0b'", "null character"),
        ("SELECT CAST(x'ff' AS TEXT)", "UTF-8"),
        ("SELECT ABS(-9223372036854775807 - 1)", "overflow"),
        ("SELECT ZEROBLOB(2000000000)", "too big"),
    ],
)
def test_what_is_wrong_is_said(ask, sql, said):
    with pytest.raises(ShopProblem, match=said):
        ask(sql)


NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)"


@pytest.mark.parametrize(
    "sql",
    [
        f"{NUMBERS} SELECT COUNT(*) FROM numbers",
        f"{NUMBERS} SELECT n FROM numbers WHERE n < 0",
        "SELECT COUNT(*) FROM orders AS a, orders AS b, orders AS c, orders AS d WHERE a.order_id + b.order_id + c.order_id = d.quantity",
    ],
)
def test_what_does_not_end_is_stopped(ask, monkeypatch, sql):
    monkeypatch.setattr(console_module, "SECONDS", 0.2)
    with pytest.raises(ShopProblem, match=r"more than 0\.2 seconds and was stopped"):
        ask(sql)


def test_rows_and_values_are_limited(ask, monkeypatch):
    frame, more = ask(f"{NUMBERS} SELECT n FROM numbers")
    assert frame["n"].tolist() == list(range(1, ROWS + 1))
    assert more
    monkeypatch.setattr(console_module, "ROWS", 3)
    assert [len(ask(f"{NUMBERS} SELECT n FROM numbers LIMIT {limit}")[0]) for limit in (2, 3, 4)] == [2, 3, 3]
    assert [ask(f"{NUMBERS} SELECT n FROM numbers LIMIT {limit}")[1] for limit in (2, 3, 4)] == [False, False, True]
    frame, _ = ask("SELECT ZEROBLOB(12345) AS bytes, PRINTF('%.*c', 1000000, 'x') AS long, 'short' AS short, NULL AS n")
    assert frame.loc[0, "bytes"] == "BLOB of 12,345 bytes"
    assert frame.loc[0, "long"] == "x" * console_module.CHARACTERS + "… (1,000,000 characters)"
    assert frame.loc[0, "short"] == "short"
    assert frame.loc[0, "n"] is None


# ------------------------------------------------------------------ the selection, and what the page shows


def test_every_example_gives_what_the_page_gives(console, shop):
    everything = shop.everything()
    for narrow in (False, True):
        regions = everything.regions[:2] if narrow else everything.regions
        selection = type(everything)(regions, everything.categories, everything.start, everything.end)
        console.selection = lambda selection=selection: selection
        for name, sql in console.widget.examples:
            answer = console.run(sql)
            assert "problem" not in answer, name
            expected = shop.ask(sql, selection)
            assert 0 < len(console.frame) == len(expected)
            pd.testing.assert_frame_equal(
                as_numbers(console.frame), as_numbers(expected), check_dtype=False, check_column_type=False
            )


def as_numbers(frame):
    """Return a table whose columns of numbers are floats, and what is not known is None."""
    numbers = [name for name in frame if not any(isinstance(value, str) for value in frame[name])]
    texts = {
        name: [None if pd.isna(value) else value for value in frame[name]] for name in frame if name not in numbers
    }
    return (
        frame.assign(**texts)
        .rename(columns=str)
        .astype({**dict.fromkeys(numbers, float), **dict.fromkeys(texts, object)})
    )


def test_a_statement_reads_the_selection_and_its_parameters(console, shop):
    everything = shop.everything()
    console.selection = lambda: type(everything)(
        everything.regions[:2], everything.categories, "2025-08-01", "2025-08-31"
    )
    assert "problem" not in console.run("SELECT DISTINCT region FROM selected_lines ORDER BY region")
    assert console.frame["region"].tolist() == list(everything.regions[:2])
    console.run("SELECT $start AS start, $end AS last, $lead_time AS days")
    assert console.frame.iloc[0].tolist() == ["2025-08-01", "2025-08-31", 14]
    console.run("EXPLAIN QUERY PLAN SELECT COUNT(*) FROM selected_lines")
    assert "detail" in console.frame


def test_tables_and_columns_are_at_hand(console, story):
    tables = {name: (grain, columns) for name, grain, columns in console.widget.tables}
    assert {*COLUMNS, *story.MODELS, *(f"selected_{part}" for part in SELECTED)} == set(tables)
    assert tables["orders"][1] == list(COLUMNS["orders"])
    assert tables["order_lines"][0].startswith("One row per line")
    assert "region" in tables["selected_lines"][1]
    assert console.widget.parameters == ["start", "end", "lead_time"]


def test_without_explain():
    assert without_explain("SELECT 1") == ("", "SELECT 1")
    assert without_explain(" explain  query\nplan SELECT 1") == ("EXPLAIN QUERY PLAN ", "SELECT 1")
    assert without_explain("EXPLAIN SELECT 1") == ("EXPLAIN ", "SELECT 1")
    assert without_explain("EXPLAIN") == ("EXPLAIN ", "")
    assert without_explain("-- EXPLAIN\nSELECT 1") == ("", "-- EXPLAIN\nSELECT 1")


def test_numbers_are_numbers_and_names_are_not(ask):
    frame, _ = ask(
        "SELECT 9007199254740993 AS large, 5 AS order_id, 2025 AS year, 7 AS units, 1.005 AS price, NULL AS missing, "
        "'x' AS text UNION ALL SELECT NULL, NULL, NULL, NULL, 2, NULL, NULL"
    )
    kinds = [format_of(name, frame[name]) for name in frame]
    assert kinds == ["text", "text", "text", "integer", "decimal", "text", "text"]
    assert table_of(frame)["rows"] == [
        ["9007199254740993", "5", "2025", 7, 1.005, None, "x"],
        [None, None, None, None, 2, None, None],
    ]


def test_columns_of_one_name_stay_apart(console):
    answer = console.run("SELECT 1 AS same, '<b>' AS same")
    assert [column["label"] for column in answer["table"]["columns"]] == ["same", "same"]
    assert answer["table"]["rows"] == [[1, "<b>"]]
    assert csv_text(console.frame) == "same,same\r\n1,<b>\r\n"


def test_csv_runs_in_no_spreadsheet(console):
    console.run("SELECT '=1+1' AS \"=cmd\", -5 AS n, 3528.5399999999954 AS revenue")
    assert csv_text(console.frame) == "\"'=cmd\",n,revenue\r\n'=1+1,-5,3528.54\r\n"
    assert pd.read_csv(io.StringIO(csv_text(console.frame)))["n"].tolist() == [-5]


def test_a_statement_can_be_stopped(shop):
    stopped = Event()
    Timer(0.2, stopped.set).start()
    with pytest.raises(ShopProblem, match=r"statement: it was stopped\."):
        ask_console(str(shop.path), f"{NUMBERS} SELECT COUNT(*) FROM numbers", {}, stopped)


def test_the_widget_answers(console):
    sent = []
    console.widget.send = sent.append
    console._heard(None, {"run": "SELECT 1 AS one"}, [])
    console.running.join(10)
    console._heard(None, {"csv": True}, [])
    console._heard(None, {"nothing": "known"}, [])
    assert sent[0]["answer"]["table"]["rows"] == [[1]]
    assert sent[1:] == [{"csv": "one\r\n1\r\n"}]
    console._heard(None, {"run": f"{NUMBERS} SELECT COUNT(*) FROM numbers"}, [])
    console._heard(None, {"run": "SELECT 2"}, [])  # one at a time
    console._heard(None, {"stop": True}, [])
    console.running.join(10)
    assert [list(message) for message in sent[2:]] == [["answer"]]
    assert "stopped" in sent[2]["answer"]["problem"]


# ------------------------------------------------------------------ in a browser

PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>%s</style><body style="margin:12px"><div id="place"></div>
<script type="module">
const given = %s;
%s
const listeners = new Map();
window.sent = [];
const model = {
    get: name => given[name], set: (name, value) => { given[name] = value; }, save_changes: () => {}, off: () => {},
    on: (name, f) => listeners.set(name, [...(listeners.get(name) ?? []), f]), send: message => sent.push(message),
};
window.hear = message => listeners.get("msg:custom").forEach(f => f(message));
window.given = given;
shown.render({model, el: document.querySelector("#place")});
</script>"""


@pytest.fixture
def opened(console, chromium, tmp_path):
    """A function that opens the console in a real browser of a certain width, and runs what is asked there."""
    pages = []

    def opened(width=1200, dark=False):
        given = {name: getattr(console.widget, name) for name in ("sql", "examples", "tables", "parameters", "look")}
        given["look"] = {**given["look"], "dark": dark}
        script = script_text().replace("export default", "const shown =").replace("</script", "<\\/script")
        text = PAGE % (console.widget._css, json.dumps(given).replace("<", "\\u003c"), script)
        (tmp_path / "console.html").write_text(text, encoding="utf-8")
        page = chromium.new_page(viewport={"width": width, "height": 900})
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("dialog", lambda dialog: (page.troubles.append(dialog.message), dialog.dismiss()))
        page.goto((tmp_path / "console.html").as_uri())
        page.wait_for_selector(".sb-field")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        assert page.troubles == []
        page.close()


def answered(page, console):
    """Answer what the page has asked last, as the kernel would."""
    asked = page.evaluate("sent.at(-1)")
    page.evaluate("answer => hear({answer})", console.run(asked["run"]))


def test_ctrl_enter_runs_and_the_page_waits(opened, console):
    page = opened()
    page.get_by_label("SQL", exact=True).fill("SELECT region, COUNT(*) AS lines FROM selected_lines GROUP BY region")
    page.keyboard.press("Control+Enter")
    assert page.get_by_role("button", name="Run", exact=True).is_disabled()
    assert page.get_by_role("status").first.inner_text() == "Running…"
    page.get_by_role("button", name="Stop").click()
    assert page.evaluate("sent.map(message => Object.keys(message)[0])") == ["run", "stop"]
    page.evaluate("sent.pop()")
    answered(page, console)
    assert page.get_by_role("button", name="Run", exact=True).is_enabled()
    assert not page.get_by_role("button", name="Stop").is_visible()
    assert page.locator(".sb-answer tbody tr").count() == len(console.frame) > 1
    assert page.locator(".sb-answer td.sb-number").first.inner_text() == f"{console.frame['lines'][0]:,}"
    field = page.get_by_label("SQL", exact=True).evaluate("field => getComputedStyle(field).fontFamily")
    assert "monospace" in field


def test_an_example_is_taken_over_and_run(opened, console):
    page = opened()
    page.get_by_label("Examples").select_option(label="Who buys?")
    assert page.evaluate("sent.at(-1).run") == console.widget.examples[2][1] == page.evaluate("given.sql")
    answered(page, console)
    assert page.locator(".sb-answer tbody tr").count() == 20


def test_what_is_wrong_stands_there_and_is_no_html(opened, console):
    page = opened()
    page.get_by_label("SQL", exact=True).fill("SELECT '<img src=x onerror=alert(1)>' AS \"<b>\", '$x$' AS y")
    page.get_by_role("button", name="Run", exact=True).click()
    answered(page, console)
    assert page.locator(".sb-answer img").count() == 0
    assert "<img src=x onerror=alert(1)>" in page.locator(".sb-answer").inner_text()
    page.get_by_label("SQL", exact=True).fill("DELETE FROM orders")
    page.get_by_role("button", name="Run", exact=True).click()
    answered(page, console)
    assert "this console only reads" in page.locator(".sb-said").inner_text()


def test_a_name_is_put_where_the_caret_stands(opened):
    page = opened()
    page.get_by_label("SQL", exact=True).fill("SELECT * FROM ")
    page.get_by_role("button", name="order_lines", exact=True).click()
    assert page.evaluate("given.sql") == "SELECT * FROM order_lines"


def test_lines_are_numbered_and_columns_at_hand(opened):
    page = opened()
    page.get_by_label("SQL", exact=True).fill("SELECT 1,\n2,\n3")
    assert page.locator(".sb-lines > div").all_inner_texts() == ["1", "2", "3"]
    page.get_by_role("button", name="Columns of products", exact=True).click()
    page.get_by_role("button", name="product_name", exact=True).first.click()
    assert page.evaluate("given.sql").endswith("3product_name")


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("dark", [False, True])
def test_everything_fits(opened, console, width, dark):
    page = opened(width, dark)
    page.get_by_label("SQL", exact=True).fill("SELECT * FROM orders CROSS JOIN customers USING (customer_id)")
    page.get_by_role("button", name="Run", exact=True).click()
    answered(page, console)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".sb-answer tbody tr").count() == 20
