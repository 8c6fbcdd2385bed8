"""Questions where the data is: PostgreSQL, Spark on two workers and DuckDB, run for real; other dialects by translation."""

import datetime
from contextlib import closing, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlglot
from conftest import tables
from odd_shop import ODD_SHOP, filled
from reference import Reference
from test_questions import OWN_PARAMETERS, PLANNED, QUESTIONS, metabase_rows, same

from shopboard import ask, warehouse
from shopboard.ask import Shop
from shopboard.plain import in_plain_types
from shopboard.problems import ShopProblem
from shopboard.warehouse import Warehouse, WarehouseEngine, ddl, literal, translated

import warehouses

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")

AWKWARD = ["apple", "Banana", "Zebra", "zebra", "éclair", "a b", "ab", "a-b", "O'Brien", "100%", "Straße", "日本", ""]
TEXTS = [
    *AWKWARD,
    *(
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
    ),
]
SMALL = {"sample_customers": 60, "sample_products": 60, "sample_orders": 700, "sample_reviews": 100, "days": 200}


@pytest.fixture(scope="session")
def postgres_engine():
    with warehouses.postgres() as engine:
        yield engine


@pytest.fixture(scope="session")
def spark_session():
    with warehouses.spark() as session:
        yield session


class Loaded:
    """An engine with the base tables of one shop after another: `run` is what the setting `warehouse` takes."""

    def __init__(self, engine, load, run, execute, dialect):
        self.engine, self.load, self.run, self.execute, self.dialect = engine, load, run, execute, dialect

    def drop_models(self, design):
        for name in reversed(design.models):
            for kind in ("MATERIALIZED VIEW", "TABLE"):
                with suppress(Exception):
                    self.execute(f"DROP {kind} IF EXISTS {name}")


@pytest.fixture(scope="session", params=["DuckDB", "PostgreSQL", "PostgreSQL, exact amounts", "Spark"])
def loaded(request):
    """An engine into which shops can be loaded."""
    if request.param == "DuckDB":
        engine = pytest.importorskip("duckdb").connect()
        return Loaded(engine, warehouses.load_duckdb, warehouses.run_duckdb(engine), engine.execute, "duckdb")
    if request.param == "Spark":
        engine = request.getfixturevalue("spark_session")
        return Loaded(engine, warehouses.load_spark, warehouses.run_spark(engine), engine.sql, "spark")
    engine = request.getfixturevalue("postgres_engine")

    def load(engine, path):
        warehouses.load_postgres(engine, path, money="NUMERIC" if "exact" in request.param else "DOUBLE PRECISION")

    def execute(sql):
        with engine.connect().execution_options(no_parameters=True) as connection:
            connection.exec_driver_sql(sql)
            connection.commit()

    return Loaded(engine, load, lambda sql: pd.read_sql_query(sql, engine), execute, "postgres")


@pytest.fixture(scope="session", params=["sample", "metabase", "odd"])
def record(request, shop_design, make_settings, tmp_path_factory):
    """The path of one of three shops' databases."""
    rows = {"sample": lambda: None, "metabase": metabase_rows, "odd": lambda: ODD_SHOP}[request.param]()
    folder = tmp_path_factory.mktemp(request.param)
    settings = make_settings(database=str(folder / "shop.db"), exports=str(folder), **(SMALL if rows is None else {}))
    with closing(ask.open_shop(settings, shop_design if rows is None else filled(shop_design, rows), "sqlite")) as shop:
        return Path(shop.path)


@pytest.fixture(scope="session")
def land(loaded, shop_design, make_settings):
    """A function that loads a record into the engine and opens the shop there; its models are stored if asked."""

    def land(path, stored=False):
        loaded.drop_models(shop_design)
        loaded.load(loaded.engine, path)
        if stored:
            for statement in ddl(shop_design, loaded.dialect).split(";\n"):
                if statement.strip():
                    loaded.execute(statement)
            if loaded.dialect == "postgres":
                loaded.execute("ANALYZE")  # as a server does by itself after a while; its plans depend on it
        there = Warehouse(loaded.run, loaded.dialect, has_models=stored)
        return ask.open_shop(make_settings(warehouse=there), shop_design)

    return land


def in_one_order(rows):
    """Return rows in the order of Python's texts: each engine has an order of its own."""
    texts = [column for column in rows if any(isinstance(value, str) for value in rows[column])]
    keys = rows[texts].map(str).apply(tuple, axis=1) if texts else None
    return rows if keys is None else rows.loc[keys.sort_values(kind="stable").index]


def check(story, shop, reference, name):
    """Compare the answer to one question with the independent count."""
    for own in OWN_PARAMETERS.get(name, ({},))[: 1 if name in PLANNED else None]:
        parameters = story.planning(**own) if name in PLANNED else own
        answer = shop.ask(getattr(story, name), reference.selection, **parameters)
        expected = getattr(reference, name.lower())(**own)
        same(in_one_order(answer), in_one_order(expected), (name, own, reference.selection))


def test_every_question_is_answered_where_the_data_is(story, loaded, land, record):
    """With the models stored as `ddl` says, over the whole shop and a part of it, against the independent count."""
    if loaded.dialect == "spark" and "metabase" in str(record):
        pytest.skip("each question takes Spark a second, and two shops are asked there")
    shop = land(record, stored=True)
    whole = shop.everything()
    part = replace(whole, regions=whole.regions[::2], categories=whole.categories[:2], start="2025-01-03")
    for selection in (part,) if loaded.dialect == "spark" else (whole, part):
        reference = Reference(tables(record), selection)
        for name in QUESTIONS:
            check(story, shop, reference, name)


def test_models_stand_in_front_where_they_are_not_stored(story, loaded, land, awkward):
    shop = land(awkward)
    with closing(ask.SqliteEngine(awkward)) as here:
        whole = shop.everything()
        assert whole == Shop(shop.settings, shop.design, here).everything()
        chosen = replace(
            whole, categories=("O'Brien", "100%", "日本", ""), regions=("B", "(unknown)"), start="2025-01-02"
        )
        reference = Reference(tables(awkward), chosen)
        for name in ("TILES", "REGIONAL_SALES", "CATEGORY_SHARES", "MONTHLY_REVENUE", "NEW_AND_RETURNING"):
            check(story, shop, reference, name)
        further = replace(whole, segments=("(unknown)",), suppliers=("S", "(unknown)"), interval="week")
        for chosen in (further, replace(whole, start="2025-01-04", segments=("VIP",), interval="month").before()):
            reference = Reference(tables(awkward), chosen)
            for name in ("TILES", "DAILY_REVENUE", "CATEGORY_SHARES", "LISTED_LINES"):
                check(story, shop, reference, name)


@pytest.fixture(scope="session")
def awkward(shop_design, make_settings, tmp_path_factory):
    """The record of a shop whose categories each order of texts sorts differently, with shared checkouts and unknowns."""
    rng = np.random.default_rng(1)
    orders = []
    for order_id in range(1, 801):
        checkout = order_id // 4 if order_id < 600 else order_id // 10
        customer = [1, 2, 3, None][(checkout if checkout % 3 else order_id) % 4]
        day = datetime.date(2025, 1, 1) + datetime.timedelta(checkout % 5)
        product, quantity = int(rng.integers(1, len(AWKWARD) + 2)), int(rng.integers(1, 4))
        orders.append(
            (order_id, customer, product, day.isoformat(), quantity, quantity * 0.1, "Completed", checkout, None)
        )
    rows = {
        "products": [(n, "P", name, 1.0, 1, ("S", "T", None)[n % 3]) for n, name in enumerate([*AWKWARD, None], 1)],
        "customers": [(n, "C", None, name, None, ("VIP", None)[n % 2]) for n, name in enumerate(["a", "B", None], 1)],
        "orders": orders,
    }
    folder = tmp_path_factory.mktemp("awkward")
    settings = make_settings(database=str(folder / "shop.db"), exports=str(folder))
    with closing(ask.open_shop(settings, filled(shop_design, rows), "sqlite")) as shop:
        return Path(shop.path)


def test_any_text_can_be_asked_for(loaded):
    columns = ", ".join(f"$t{number} AS text_{number}" for number in range(len(TEXTS)))
    values = {f"t{number}": text for number, text in enumerate(TEXTS)}
    assert loaded.run(translated(f"SELECT {columns}", values, loaded.dialect)).iloc[0].tolist() == TEXTS


def test_values_are_literals_of_their_types(loaded):
    sql = "SELECT $a AS a, $b AS b, 10 - $b AS c, $n IS NULL AS d, $start AS e, ROUND(2.345678, 2) AS f, 7 % 4 AS g, 1 / 2 AS h"
    found = loaded.run(translated(sql, {"a": 1.5, "b": -3, "n": None, "start": "2025-02-03"}, loaded.dialect))
    row = in_plain_types(found).iloc[0].tolist()
    assert [float(value) for value in row[:3]] == [1.5, -3, 13]
    assert (bool(row[3]), row[4], float(row[5]), row[6], float(row[7])) == (True, "2025-02-03", 2.35, 3, 0.5)


# ------------------------------------------------------------------ without an engine


def test_rows_are_plain_whatever_an_engine_returns():
    day = datetime.date(2025, 2, 3)
    for rows in (
        {"order_date": ["2025-02-03"] * 2, "category": ["a", None], "units": [3, 4], "revenue": [0.5, None]},
        {
            "order_date": [day, day],
            "category": ["a", None],
            "units": [Decimal(3), Decimal(4)],
            "revenue": [Decimal("0.50"), None],
        },
        {
            "order_date": pd.to_datetime([day, day]),
            "category": pd.array(["a", None], "string"),
            "units": np.array([3, 4], dtype="int32"),
            "revenue": [0.5, np.nan],
        },
        {
            "order_date": [datetime.datetime(2025, 2, 3)] * 2,
            "category": pd.Categorical(["a", None]),
            "units": pd.array([3, 4], "Int64"),
            "revenue": np.array([0.5, np.nan], dtype="float32"),
        },
    ):
        found = in_plain_types(pd.DataFrame(rows))
        assert found["order_date"].tolist() == ["2025-02-03"] * 2
        assert found["category"].isna().tolist() == [False, True]
        assert found["units"].dtype == np.int64
        assert found["units"].tolist() == [3, 4]
        assert found["revenue"].dtype == np.float64
        assert found["revenue"].fillna(-1).tolist() == [0.5, -1]


@pytest.fixture(scope="module")
def odd(shop_design, make_settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    settings = make_settings(database=str(folder / "shop.db"), exports=str(folder))
    with closing(ask.open_shop(settings, filled(shop_design, ODD_SHOP))) as shop:
        yield shop


@pytest.mark.parametrize("dialect", ["bigquery", "snowflake", "trino", "databricks", "redshift"])
def test_other_warehouses_can_read_models_selections_and_questions(story, odd, dialect):
    """Without such a warehouse at hand: its grammar reads each SELECT, translated, and the shapes are the same."""
    engine = WarehouseEngine(
        Warehouse(lambda sql: pd.DataFrame({"order_rows": [1], "last_day": [""]}), dialect), story.MODELS
    )
    reserved = {word.lower() for word in sqlglot.Dialect.get_or_raise(dialect).generator_class.RESERVED_KEYWORDS}
    whole = odd.everything()
    chosen = replace(whole, categories=whole.categories[:2], regions=whole.regions[1:], interval="week")
    chosen = replace(chosen, segments=("(unknown)", "VIP"), suppliers=("Acme",), start="2025-02-01").before()
    for name in (*QUESTIONS, *(model.upper() for model in story.MODELS)):
        sql = getattr(story, name)
        text, values = odd.sql_of(
            sql, chosen, **story.planning(), least=0, most=9, customer=1, product=1, supplier=1, group=1, cohort=0
        )
        tree = sqlglot.parse_one(engine.translate(text, values), read=dialect)
        assert not reserved & {node.name.lower() for node in tree.find_all(sqlglot.exp.Identifier)}, name
        assert not list(tree.find_all(sqlglot.exp.Placeholder, sqlglot.exp.Parameter)), name
        assert tree.named_selects == sqlglot.parse_one(text, read="duckdb").named_selects, name


@pytest.mark.parametrize("dialect", ["bigquery", "snowflake", "trino", "databricks", "redshift", "postgres", "spark"])
def test_the_ddl_can_be_read(shop_design, dialect):
    statements = [tree for tree in sqlglot.parse(ddl(shop_design, dialect), read=dialect) if tree]
    made = [tree for tree in statements if isinstance(tree, sqlglot.exp.Create)]
    assert [tree.this.name for tree in made] == list(shop_design.models)
    if dialect == "postgres":
        assert ddl(shop_design, dialect).count("CREATE MATERIALIZED VIEW") == len(shop_design.models)


def test_no_value_stands_in_the_text_as_it_was_given():
    hostile = "'; DROP TABLE orders; --"
    text = translated("SELECT $x AS x", {"x": hostile}, "postgres")
    assert hostile not in text
    assert "CHR(39)" in text
    assert literal("start", "2025-01-01").sql("trino") == "CAST('2025-01-01' AS DATE)"


def test_what_a_warehouse_cannot_answer_is_said(story):
    def refuse(sql):
        raise ConnectionError("no route\nto host")

    with pytest.raises(ShopProblem, match=r"did not answer \(ConnectionError: no route\)"):
        WarehouseEngine(refuse, story.MODELS)
    with pytest.raises(ShopProblem, match="`orders` is empty"):
        WarehouseEngine(lambda sql: pd.DataFrame({"order_rows": [0], "last_day": [None]}), story.MODELS)


def test_a_warehouse_is_looked_at_again_after_a_while(story, monkeypatch):
    rows, clock = [1], [0.0]
    monkeypatch.setattr(warehouse.time, "monotonic", lambda: clock[0])
    engine = WarehouseEngine(lambda sql: pd.DataFrame({"ORDER_ROWS": rows, "LAST_DAY": ["2025-01-01"]}), story.MODELS)
    rows[0] = 2
    assert not engine.refresh()
    clock[0] += 100
    assert engine.refresh()
    assert not engine.refresh()
    clock[0] += 100
    assert not engine.refresh()
