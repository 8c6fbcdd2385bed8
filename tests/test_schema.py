"""The schema: what the tables are, what they refuse, and that each query is sound SQL served by the indexes."""

import ast
import re
import sqlite3
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlfluff.core import FluffConfig, Linter

from shopboard.database import COLUMNS, connect

from notebook_module import ROOT, read_notebook

GRAIN = re.compile(r"\s*-- One row.*\n(--.*\n)*(SELECT|WITH)")

BRIEF = {
    "customers": "customer_id name email region registration_date customer_segment",
    "products": "product_id product_name category price stock_quantity supplier",
    "orders": "order_id customer_id product_id order_date quantity total_amount status order_number region",
    "reviews": "review_id product_id customer_id rating review_text review_date",
}
CUSTOMER = (1, "Ann", "ann@example.com", "North", "2025-01-01", "VIP")
PRODUCT = (1, "Lamp", "Home", 9.99, 5, "Acme")
ORDER = (1, 1, 1, "2025-02-01", 2, 19.98, "Completed", 1, None)
REVIEW = (1, 1, 1, 5, "Good", "2025-03-01")


@pytest.fixture
def empty(story, tmp_path):
    """A writable database with the schema, one customer and one product."""
    connection = connect(tmp_path / "empty.db", "rwc")
    connection.executescript(story.SCHEMA + story.INDEXES)
    insert(connection, "customers", CUSTOMER)
    insert(connection, "products", PRODUCT)
    yield connection
    connection.close()


def insert(connection, table, row):
    connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def test_columns_are_the_briefs_in_its_order(empty):
    for table, columns in BRIEF.items():
        found = [row[1] for row in empty.execute(f"PRAGMA table_info({table})")]
        assert found == columns.split() == list(COLUMNS[table])


def test_every_table_is_strict(empty):
    strict = dict(empty.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'"))
    assert {table: strict[table] for table in BRIEF} == dict.fromkeys(BRIEF, 1)


def test_orders_and_reviews_refer_to_customers_and_products(empty):
    for table in ("orders", "reviews"):
        keys = {(row[2], row[3], row[4]) for row in empty.execute(f"PRAGMA foreign_key_list({table})")}
        assert keys == {("customers", "customer_id", "customer_id"), ("products", "product_id", "product_id")}


def test_every_connection_enforces_foreign_keys(tmp_path):
    connect(tmp_path / "x.db", "rwc").close()
    for mode in ("ro", "rw", "rwc"):
        connection = connect(tmp_path / "x.db", mode)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        connection.close()


def test_good_rows_are_taken(empty):
    insert(empty, "orders", ORDER)
    insert(empty, "reviews", REVIEW)
    insert(empty, "orders", (2, None, *ORDER[2:]))  # a guest
    insert(empty, "orders", (3, *ORDER[1:8], "West"))  # sent elsewhere


def changed(row, position, value):
    return (*row[:position], value, *row[position + 1 :])


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("orders", changed(ORDER, 1, 99)),
        ("orders", changed(ORDER, 2, 99)),
        ("orders", changed(ORDER, 2, None)),
        ("orders", changed(ORDER, 3, "2025-02-30")),
        ("orders", changed(ORDER, 3, "1/2/2025")),
        ("orders", changed(ORDER, 3, "2025-02-01 10:00")),
        ("orders", changed(ORDER, 4, 0)),
        ("orders", changed(ORDER, 4, -1)),
        ("orders", changed(ORDER, 4, 1.5)),
        ("orders", changed(ORDER, 5, -0.01)),
        ("orders", changed(ORDER, 5, "much")),
        ("orders", changed(ORDER, 6, "completed")),
        ("orders", changed(ORDER, 6, None)),
        ("orders", changed(ORDER, 7, None)),
        ("reviews", changed(REVIEW, 1, 99)),
        ("reviews", changed(REVIEW, 2, 99)),
        ("reviews", changed(REVIEW, 3, 0)),
        ("reviews", changed(REVIEW, 3, 6)),
        ("reviews", changed(REVIEW, 3, 4.5)),
        ("reviews", changed(REVIEW, 5, "2025-13-01")),
        ("reviews", changed(REVIEW, 5, None)),
        ("customers", (2, "Bob", "b@example.com", "North", "yesterday", "VIP")),
        ("products", (2, "Lamp", "Home", -1.0, 5, "Acme")),
        ("products", (2, "Lamp", "Home", 1.0, -5, "Acme")),
        ("products", (2, "Lamp", "Home", 1.0, 2.5, "Acme")),
    ],
)
def test_bad_rows_are_refused(empty, table, row):
    with pytest.raises(sqlite3.IntegrityError):
        insert(empty, table, row)


OWN_PARAMETERS = {
    "least": 0,
    "most": 0,
    "product": 1,
    "group": 0,
    "cohort": 0,
    "customer": 1,
}  # of questions that take some beside the selection


def queries(story):
    """Return every SELECT of the story that has a name of its own, and the steps that questions share."""
    named = {name: value for name, value in vars(story).items() if isinstance(value, str) and GRAIN.match(value)}
    return {**named, **story.MODELS, **story.STEPS}


def questions(story):
    """Return the questions by their names: what is no model."""
    others = set(story.MODELS.values())
    return {name: sql for name, sql in queries(story).items() if name.isupper() and sql not in others}


@pytest.fixture(scope="module")
def in_sqlite(open_shop, sample_settings):
    """The sample, asked in SQLite itself."""
    shop = open_shop(sample_settings, engine="sqlite")
    yield shop
    shop.close()


def test_every_question_can_be_prepared(story, in_sqlite):
    found = questions(story)
    assert len(found) > 20
    for name, sql in found.items():
        assert in_sqlite.explain(sql, **OWN_PARAMETERS, **story.planning()), name


def test_each_index_serves_a_question(story, in_sqlite):
    indexes = re.findall(r"CREATE INDEX (\w+)", story.INDEXES)
    made = in_sqlite.connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql <> ''").fetchall()
    assert {name for (name,) in made} == set(indexes)
    whole = in_sqlite.everything()
    week = replace(whole, start=(date.fromisoformat(whole.end) - timedelta(days=6)).isoformat())
    plans = [in_sqlite.explain(sql, week, **OWN_PARAMETERS, **story.planning()) for sql in questions(story).values()]
    for table, key in (("orders", "customer_id"), ("reviews", "customer_id"), ("orders", "product_id")):
        plans.append(in_sqlite.explain(f"SELECT * FROM {table} WHERE {key} = 1"))  # so do foreign keys, too
    assert [index for index in indexes if not any(f" {index} " in f"{plan} " for plan in plans)] == []


def test_each_query_says_its_grain_and_has_no_formatted_value(story):
    for name, sql in queries(story).items():
        assert sql.strip().startswith("-- One row"), name
        assert "{" not in sql, name
    for cell in read_notebook().cells:
        if cell.cell_type == "code" and cell.id.startswith("sql-"):
            tree = ast.parse(cell.source)
            constants = [node for node in tree.body if isinstance(node, ast.Assign)]
            formatted = [
                node for constant in constants for node in ast.walk(constant) if isinstance(node, ast.JoinedStr)
            ]
            assert formatted == [], cell.id


def test_the_words_of_the_brief_stand_in_questions(story):
    """What the notebook sets out to show: a window with RANK, a moving average, joins, aggregates, subqueries."""
    text = "\n".join(questions(story).values())
    for words in ("RANK() OVER", "ROWS BETWEEN 6 PRECEDING AND CURRENT ROW", "LEFT JOIN", "INNER JOIN", "WITH "):
        assert words in text, words
    for function in ("SUM", "COUNT", "AVG", "MIN", "MAX"):
        assert f"{function}(" in text, function
    joined = [sql.count(" JOIN ") for sql in questions(story).values()]
    assert sum(joins >= 2 for joins in joined) >= 2
    assert re.search(r"\(\s*SELECT", text)


def test_questions_call_no_date_function(story):
    called = re.compile(r"\b(STRFTIME|JULIANDAY|DATE_\w+|DATEDIFF|JSON_EACH|DATE)\s*\(", re.IGNORECASE)
    for name, sql in queries(story).items():
        if name.lower() != "calendar":
            assert not called.search(sql), name


@pytest.fixture(scope="module")
def linter():
    settings = str(ROOT / "pyproject.toml")
    return Linter(config=FluffConfig.from_path(settings, extra_config_path=settings))


def test_sql_keeps_its_style(story, linter):
    found = []
    for name, sql in {**queries(story), "SCHEMA": story.SCHEMA, "INDEXES": story.INDEXES}.items():
        result = linter.lint_string(sql.strip() + "\n")
        found += [f"{name}:{v.line_no}: {v.rule_code()} {v.description}" for v in result.get_violations()]
    assert found == []


def test_the_linter_finds_bad_style(linter):
    codes = {v.rule_code() for v in linter.lint_string("select a from b where c=1\n").get_violations()}
    assert {"CP01", "LT01"} <= codes
