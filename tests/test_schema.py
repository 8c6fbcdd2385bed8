"""The schema: what the tables are, what they refuse, and that each query is sound SQL served by the indexes."""

import ast
import json
import re
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlfluff.core import FluffConfig, Linter

from notebook_module import read_notebook

BRIEF = {
    "customers": "customer_id name email region registration_date customer_segment",
    "products": "product_id product_name category price stock_quantity supplier",
    "orders": "order_id customer_id product_id order_date quantity total_amount status order_number",
    "reviews": "review_id product_id customer_id rating review_text review_date",
}
CUSTOMER = (1, "Ann", "ann@example.com", "North", "2025-01-01", "VIP")
PRODUCT = (1, "Lamp", "Home", 9.99, 5, "Acme")
ORDER = (1, 1, 1, "2025-02-01", 2, 19.98, "Completed", 1)
REVIEW = (1, 1, 1, 5, "Good", "2025-03-01")


@pytest.fixture
def empty(nb, tmp_path):
    """A writable database with the schema, one customer and one product."""
    connection = nb.connect(tmp_path / "empty.db", "rwc")
    connection.executescript(nb.SCHEMA + nb.VIEW + nb.INDEXES)
    insert(connection, "customers", CUSTOMER)
    insert(connection, "products", PRODUCT)
    yield connection
    connection.close()


def insert(connection, table, row):
    connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def test_columns_are_the_briefs_in_its_order(empty, nb):
    for table, columns in BRIEF.items():
        found = [row[1] for row in empty.execute(f"PRAGMA table_info({table})")]
        assert found == columns.split() == list(nb.COLUMNS[table])


def test_every_table_is_strict(empty):
    strict = dict(empty.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'"))
    assert {table: strict[table] for table in BRIEF} == dict.fromkeys(BRIEF, 1)


def test_orders_and_reviews_refer_to_customers_and_products(empty):
    for table in ("orders", "reviews"):
        keys = {(row[2], row[3], row[4]) for row in empty.execute(f"PRAGMA foreign_key_list({table})")}
        assert keys == {("customers", "customer_id", "customer_id"), ("products", "product_id", "product_id")}


def test_every_connection_enforces_foreign_keys(nb, tmp_path):
    nb.connect(tmp_path / "x.db", "rwc").close()
    for mode in ("ro", "rw", "rwc"):
        connection = nb.connect(tmp_path / "x.db", mode)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        connection.close()


def test_good_rows_are_taken(empty):
    insert(empty, "orders", ORDER)
    insert(empty, "reviews", REVIEW)
    insert(empty, "orders", (2, None, *ORDER[2:]))  # a guest


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


def queries(nb):
    """Return every SELECT of the notebook by its name."""
    named = {
        name: value
        for name, value in vars(nb).items()
        if isinstance(value, str) and re.match(r"\s*-- One row.*\n(SELECT|WITH)", value)
    }
    return {**named, **nb.SUMMARIES}


def test_every_query_can_be_prepared(nb, sample_settings):
    connection = nb.connect(sample_settings.database)
    parameters = {
        **nb.everything(connection).parameters(),
        "least": 0,
        "most": 0,
        "customers": "[1]",
        "product": 1,
        "only_changed": 0,
        "customer": 1,
    }
    parameters |= nb.Planning().parameters()
    found = queries(nb)
    assert len(found) > 20
    import_only = {"SET_ASIDE_BY_REASON"}  # its table is made where a source is loaded
    for name, sql in found.items():
        if name not in import_only:
            assert nb.query_plan(connection, sql, **parameters), name
    connection.close()


def test_import_queries_can_be_prepared(nb, metabase_settings):
    connection = nb.connect(metabase_settings.database)
    assert nb.query_plan(connection, nb.SET_ASIDE_BY_REASON)
    connection.close()


def test_each_index_serves_a_question(nb, shop_settings):
    connection = nb.connect(shop_settings.database)
    indexes = {
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql <> ''")
    }
    assert indexes == set(re.findall(r"CREATE INDEX (\w+)", nb.INDEXES))
    whole = nb.everything(connection)
    week = nb.replace(whole, start=(date.fromisoformat(whole.end) - timedelta(days=6)).isoformat())
    parameters = {**week.parameters(), "least": 0, "most": 0}
    used = {name: nb.indexes_used(connection, sql, **parameters) for name, sql in nb.EXPLAINED.items()}
    assert all(used.values()), used
    assert {index for names in used.values() for index in names} == indexes
    assert "SEARCH orders USING INDEX orders_by_checkout" in nb.query_plan(connection, nb.DAILY_REVENUE, **parameters)
    connection.close()


def test_the_dashboards_queries_do_not_read_all_orders(nb, sample_settings):
    connection = nb.connect(sample_settings.database)
    parameters = nb.everything(connection).parameters()
    for name, sql in queries(nb).items():
        if name.startswith("PAGE_") or name in ("TILES", "MIXED_CHECKOUTS", "FIRST_DAY"):
            plan = nb.query_plan(connection, sql, **parameters)
            assert " orders" not in plan, (name, plan)
            assert " reviews" not in plan, (name, plan)
    connection.close()


def test_each_query_says_its_grain_and_has_no_formatted_value(nb):
    for name, sql in queries(nb).items():
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


@pytest.fixture(scope="module")
def linter():
    settings = Path(__file__).resolve().parent.parent / ".ci" / "sqlfluff.cfg"
    return Linter(config=FluffConfig.from_path(str(settings), extra_config_path=str(settings)))


def test_sql_keeps_its_style(nb, linter):
    found = []
    for name, sql in {**queries(nb), "SCHEMA": nb.SCHEMA, "VIEW": nb.VIEW, "INDEXES": nb.INDEXES}.items():
        named = re.sub(r":(\w+)", r"'\1'", sql)  # the linter does not know SQLite's named parameters
        result = linter.lint_string(named.strip() + "\n")
        found += [f"{name}:{v.line_no}: {v.rule_code()} {v.description}" for v in result.get_violations()]
    assert found == []


def test_the_linter_finds_bad_style(linter):
    codes = {v.rule_code() for v in linter.lint_string("select a from b where c=1\n").get_violations()}
    assert {"CP01", "LT01"} <= codes


def test_selection_parameters_are_json(nb):
    filters = nb.Filters(("O'Hara", 'a "b"'), ("x",), "2025-01-01", "2025-01-31")
    assert json.loads(filters.parameters()["regions"]) == ["O'Hara", 'a "b"']
