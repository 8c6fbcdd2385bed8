"""The summaries, computed by real engines from a shop's base tables: each SELECT runs as it stands, and gives the same rows."""

import datetime
import sqlite3
from contextlib import closing
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import warehouses

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")


@pytest.fixture(scope="module")
def postgres_engine():
    with warehouses.postgres() as engine:
        yield engine


@pytest.fixture(scope="module")
def spark_session():
    with warehouses.spark() as session:
        yield session


@pytest.fixture(scope="module", params=["DuckDB", "PostgreSQL", "PostgreSQL, exact amounts", "Spark"])
def load(request):
    """A function that copies a shop's base tables into an engine and returns the function that runs a SELECT there."""
    if request.param == "DuckDB":
        engine = pytest.importorskip("duckdb").connect()
        load, run, options = warehouses.load_duckdb, warehouses.run_duckdb(engine), {}
    elif request.param == "Spark":
        engine = request.getfixturevalue("spark_session")
        load, run, options = warehouses.load_spark, warehouses.run_spark(engine), {}
    else:
        engine = request.getfixturevalue("postgres_engine")
        load, run = warehouses.load_postgres, warehouses.run_postgres(engine)
        options = {"money": "NUMERIC"} if "exact" in request.param else {}

    def loaded(path):
        load(engine, path, **options)
        return run

    return loaded


@pytest.fixture
def land(nb, make_settings, tmp_path):
    """A function that opens a shop through a warehouse: it returns the settings of a database with summaries alone."""

    def land(run):
        settings = make_settings(database=str(tmp_path / "landed.db"), exports=str(tmp_path), warehouse=run)
        assert nb.open_or_build(settings) == "Made landed.db."
        assert nb.summarise(settings) == "The summaries were made."
        return settings

    return land


def stored(nb, path):
    """Return every summary of a database, its rows in one order, without the numbers that members happen to have."""
    with closing(nb.connect(path)) as connection:
        summaries = {}
        for name in nb.SUMMARIES:
            rows = nb.unpacked(connection, name)
            keys = [column for column in rows if column not in nb.measures_of(name)]
            summaries[name] = rows.sort_values(keys, ignore_index=True)
        return summaries


def run_sqlite(path):
    """Return a function that runs a SELECT on the SQLite file at `path`."""

    def run(sql):
        with closing(sqlite3.connect(path)) as connection:
            connection.create_function("BITWISE_AND", 2, lambda a, b: a & b)  # as Trino calls them
            connection.create_function("BITWISE_LEFT_SHIFT", 2, lambda a, b: a << b)
            return pd.read_sql_query(sql, connection)

    return run


def assert_same(nb, found, expected):
    """Check that two databases' summaries are equal, amounts to the cent and everything else exactly."""
    for name, rows in expected.items():
        assert nb.largest_difference(found[name], rows) < 0.005, name
        counted = [column for column in nb.measures_of(name) if column != "revenue"]
        assert found[name][counted].equals(rows[counted]), name


def test_every_engine_computes_the_same_summaries(nb, load, land, shop_settings):
    landed = land(load(shop_settings.database))
    assert_same(nb, stored(nb, landed.database), stored(nb, shop_settings.database))


def test_the_page_of_a_warehouse_is_that_of_the_same_shop(nb, load, land, shop_settings):
    landed = land(load(shop_settings.database))
    with closing(nb.connect(landed.database)) as there, closing(nb.connect(shop_settings.database)) as here:
        whole = nb.everything(here)
        assert nb.everything(there) == whole
        assert there.execute("SELECT (SELECT COUNT(*) FROM orders) + (SELECT COUNT(*) FROM reviews)").fetchone() == (0,)
        for filters in nb.narrower_selections(whole).values():
            found, expected = nb.read_page(there, filters), nb.read_page(here, filters)
            for table in ("regional_sales", "daily_revenue", "customers", "category_shares", "product_sales"):
                assert nb.largest_difference(getattr(found, table), getattr(expected, table)) < 0.005, table
            known = expected.tiles.dropna().index  # a warehouse states no assumptions, such as that of a status
            assert nb.largest_difference(found.tiles.loc[known], expected.tiles.loc[known]) < 0.005
    dashboard = nb.Dashboard(landed)
    assert "Warehouse" in dashboard.header.value
    assert "alert" not in dashboard.status.value
    dashboard.close()


AWKWARD = ["apple", "Banana", "Zebra", "zebra", "éclair", "a b", "ab", "a-b", "O'Brien", "100%", "Straße", "日本", ""]


@pytest.fixture(scope="module")
def awkward_shop(nb, tmp_path_factory):
    """A shop whose categories are sorted in another way by each order of texts, with large checkouts and lines unknown."""
    path = tmp_path_factory.mktemp("awkward") / "shop.db"
    rng = np.random.default_rng(1)
    with closing(sqlite3.connect(path)) as shop:
        shop.executescript(nb.SCHEMA + nb.VIEW + nb.INDEXES)
        shop.executemany("INSERT INTO products (product_id, category) VALUES (?, ?)", enumerate([*AWKWARD, None], 1))
        shop.executemany("INSERT INTO customers (customer_id, region) VALUES (?, ?)", enumerate(["a", "B", None], 1))
        for order_id in range(1, 2_001):
            checkout = order_id // 4 if order_id < 1_600 else order_id // 10
            customer = [1, 2, 3, None][checkout % 4]
            day = datetime.date(2025, 1, 1) + datetime.timedelta(checkout % 5)
            product, quantity = int(rng.integers(1, len(AWKWARD) + 2)), int(rng.integers(1, 4))
            row = (order_id, customer, product, day.isoformat(), quantity, quantity * 0.1, "Completed", checkout)
            shop.execute(f"INSERT INTO orders VALUES ({', '.join('?' * len(row))})", row)
        shop.commit()
    return path


def test_sets_of_categories_are_the_same_in_every_order_of_texts(nb, load, land, awkward_shop, make_settings):
    assert nb.summarise(make_settings(database=str(awkward_shop))) in (
        "The summaries were made.",
        "The summaries stand.",
    )
    assert_same(nb, stored(nb, land(load(awkward_shop)).database), stored(nb, awkward_shop))


TEXTS = [
    *AWKWARD,
    "back\\slash",
    "\\n",
    "\\",
    "''",
    "\\'",
    "${env:HOME}",
    "%s %(x)s",
    ":name",
    "{x} {{y}}",
    "?",
    "a\tb\nc",
    "-- ;",
    "😀",
]


def test_any_text_can_be_written_into_a_select(nb, load, awkward_shop):
    run = load(awkward_shop)
    columns = ", ".join(f"{nb.text_literal(text)} AS text_{number}" for number, text in enumerate(TEXTS))
    assert run(f"SELECT {columns}").iloc[0].tolist() == TEXTS
    literals = ", ".join(nb.text_literal(text) for text in AWKWARD)
    assert len(run(f"SELECT product_id FROM products WHERE category IN ({literals})")) == len(AWKWARD)


def test_a_select_reaches_the_engine_as_it_stands(load, awkward_shop):
    sql = "-- 100% of :lines, {all}\nSELECT '%s %% :name {x}' AS text, 7 % 4 AS number"
    assert load(awkward_shop)(sql).iloc[0].tolist() == ["%s %% :name {x}", 3]


def test_rows_are_plain_whatever_an_engine_returns(nb):
    day = datetime.date(2025, 2, 3)
    moments = pd.to_datetime([day, day])
    for rows in (
        {"order_date": ["2025-02-03"] * 2, "category": ["a", None], "units": [3, 4], "revenue": [0.5, None]},
        {
            "ORDER_DATE": [day, day],
            "Category": ["a", None],
            "UNITS": [Decimal(3), Decimal(4)],
            "REVENUE": [Decimal("0.50"), None],
        },
        {
            "order_date": moments,
            "category": pd.array(["a", None], "string"),
            "units": [3.0, 4.0],
            "revenue": [0.5, np.nan],
        },
    ):
        found = nb.in_plain_types(pd.DataFrame(rows))
        assert list(found) == ["order_date", "category", "units", "revenue"]
        assert found["order_date"].tolist() == ["2025-02-03"] * 2
        assert found["category"].isna().tolist() == [False, True]
        assert found["units"].tolist() == [3, 4]
        assert found["revenue"].astype(float).fillna(-1).tolist() == [0.5, -1]


PLAIN = {
    "And",
    "Case",
    "Cast",
    "Coalesce",
    "Count",
    "If",
    "Max",
    "Min",
    "Or",
    "RowNumber",
    "Sum",
}  # the same on every engine


def test_a_select_calls_nothing_but_what_every_engine_has(nb):
    sqlglot = pytest.importorskip("sqlglot")
    for name, sql in nb.SUMMARIES.items():
        called = {type(node).__name__ for node in sqlglot.parse_one(sql, read="sqlite").find_all(sqlglot.exp.Func)}
        assert called <= PLAIN, name  # a grammar lets any function pass, whether the engine has it or not


def rows_of(rows):
    """Return a result as a set of rows, amounts in cents."""
    return set(rows.round(2).itertuples(index=False, name=None))


@pytest.mark.parametrize("dialect", ["bigquery", "snowflake", "trino", "databricks", "redshift"])
def test_other_warehouses_can_read_every_select(nb, dialect, awkward_shop):
    """Without such a warehouse at hand: its grammar reads each SELECT, translated, and it means the same."""
    sqlglot = pytest.importorskip("sqlglot")
    run = run_sqlite(awkward_shop)
    reserved = {word.lower() for word in sqlglot.Dialect.get_or_raise(dialect).generator_class.RESERVED_KEYWORDS}
    strictly = {"unsupported_level": sqlglot.ErrorLevel.RAISE}
    for name, sql in nb.SUMMARIES.items():
        expected = rows_of(run(sql))
        (translated,) = sqlglot.transpile(sql, read="sqlite", write=dialect, **strictly)
        tree = sqlglot.parse_one(translated, read=dialect)
        assert not reserved & {node.name.lower() for node in tree.find_all(sqlglot.exp.Identifier)}, name
        assert rows_of(run(tree.sql("sqlite", **strictly))) == expected, name
    for text in TEXTS:
        literal = sqlglot.parse_one(f"SELECT {nb.text_literal(text)} AS text", read=dialect)
        assert run(literal.sql("sqlite", **strictly))["text"].tolist() == [text]


def test_rows_are_asked_of_the_warehouse_when_they_are_opened(nb, load, land, awkward_shop):
    run, asked = load(awkward_shop), []

    def noted(sql):
        asked.append(sql)
        return run(sql)

    dashboard = nb.Dashboard(land(noted))
    asked.clear()
    dashboard.select(nb.replace(dashboard.whole, categories=("O'Brien", "100%", "日本"), start="2025-01-02"))
    assert asked == []
    dashboard.show_behind.value = True
    assert len(asked) == 1
    with closing(nb.connect(awkward_shop)) as connection:
        expected = nb.RowsBehind().read(
            connection, dashboard.selection(), nb.replace(dashboard.settings, warehouse=None), most=10_000
        )
    found = nb.RowsBehind().read(dashboard.connection, dashboard.selection(), dashboard.settings, most=10_000)
    assert found["order_id"].tolist() == expected["order_id"].tolist()
    assert found["order_date"].tolist() == expected["order_date"].tolist()
    assert "O&#x27;Brien" in dashboard.behind.value or "O'Brien" in dashboard.behind.value
    dashboard.close()
