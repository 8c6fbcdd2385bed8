"""Real engines for the tests: PostgreSQL, Spark on a cluster of two workers, and DuckDB, each with a shop's base tables.

`postgres` and `spark` start a private server and stop it; `load_...` copies the four base tables from a shop's SQLite
file; `run_...` returns a function from the text of a SELECT to a DataFrame, which is what the setting `warehouse` takes.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest

TABLES = ("customers", "products", "orders", "reviews")
ENGINE_TYPES = {
    "postgres": {"INTEGER": "BIGINT", "REAL": "DOUBLE PRECISION", "TEXT": "TEXT", "DATE": "DATE"},
    "duckdb": {"INTEGER": "BIGINT", "REAL": "DOUBLE", "TEXT": "VARCHAR", "DATE": "DATE"},
    "spark": {"INTEGER": "BIGINT", "REAL": "DOUBLE", "TEXT": "STRING", "DATE": "DATE"},
}


def base_columns(source: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return a base table's columns -> SQLite's type, or DATE for what SQLite keeps as the text of a day."""
    rows = source.execute(f"PRAGMA table_info({table})")
    return {name: "DATE" if name.endswith("_date") else declared for _, name, declared, *_ in rows}


def declaration(columns: dict[str, str], types: dict[str, str]) -> str:
    """Return the columns as a CREATE TABLE of an engine with these types lists them."""
    return ", ".join(f"{name} {types[declared]}" for name, declared in columns.items())


@contextmanager
def as_json(path: str | Path) -> Iterator[dict[str, tuple[str, dict[str, str]]]]:
    """Write each base table as a file of JSON lines: table -> (its file, its columns)."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(path)) as source:
        files = {}
        for table in TABLES:
            columns = base_columns(source, table)
            file = Path(folder) / f"{table}.json"
            with file.open("w", encoding="utf-8") as lines:
                for row in source.execute(f"SELECT {', '.join(columns)} FROM {table}"):
                    lines.write(json.dumps(dict(zip(columns, row, strict=True))) + "\n")
            files[table] = (str(file), columns)
        yield files


@contextmanager
def postgres() -> Iterator:
    """Start a private PostgreSQL server, reached by a socket alone, and yield an SQLAlchemy engine for it."""
    sqlalchemy = pytest.importorskip("sqlalchemy")
    pytest.importorskip("psycopg", exc_type=ImportError)
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if not programs:
        pytest.skip("PostgreSQL is not installed")
    user = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root

    def control(*arguments: str, check: bool = True) -> None:
        command = [programs[-1] / "pg_ctl", "--pgdata", f"{folder}/data", "--silent", *arguments]
        subprocess.run(command, user=user, cwd=folder, stdout=subprocess.DEVNULL, check=check)

    # The path of a socket must be short, and open to the server's user.
    with tempfile.TemporaryDirectory(prefix="shop-postgres-", dir="/tmp") as folder:
        shutil.chown(folder, user or os.getuid())
        # English order of texts, as most servers have it and SQLite does not: 'a' < 'B'.
        order = ("--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US")
        control("initdb", "-o", " ".join(["--auth=trust", "--username=postgres", "--no-sync", *order]))
        try:
            settings = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off"}
            control("start", "-o", " ".join(f"-c {name}={value}" for name, value in settings.items()))
            url = sqlalchemy.URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": folder})
            engine = sqlalchemy.create_engine(url)
            yield engine
            engine.dispose()
        finally:
            control("stop", "--mode=immediate", check=False)


def load_postgres(engine, path: str | Path, money: str = "DOUBLE PRECISION") -> None:
    """Copy the base tables of the SQLite file at `path` into PostgreSQL; `money` is the type of amounts."""
    types = ENGINE_TYPES["postgres"] | {"REAL": money}
    with closing(sqlite3.connect(path)) as source, engine.begin() as target:
        cursor = target.connection.cursor()
        for table in TABLES:
            columns = base_columns(source, table)
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
            cursor.execute(f"CREATE TABLE {table} ({declaration(columns, types)})")
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in source.execute(f"SELECT {', '.join(columns)} FROM {table}"):
                    copy.write_row(row)


def run_postgres(engine) -> Callable[[str], pd.DataFrame]:
    """Return a function that runs a SELECT on PostgreSQL as it stands: `:name` and `%` mean nothing in it."""
    unchanged = engine.execution_options(no_parameters=True)  # or psycopg would look for placeholders at each %
    return lambda sql: pd.read_sql_query(sql, unchanged)


@contextmanager
def spark() -> Iterator:
    """Start Spark on a cluster of two workers, each a process of its own on this machine, and yield its session."""
    pyspark = pytest.importorskip("pyspark")
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        pytest.skip("Java is not installed")
    from pyspark.sql import SparkSession  # noqa: PLC0415, it is optional

    home = Path(pyspark.__file__).parent
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "false",  # PyArrow is not among the requirements
        # Tests are over before a thorough compiler, a concurrent collector and plans that adapt pay.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",  # to compile a question takes longer than to read the few rows
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    }
    with tempfile.TemporaryDirectory(prefix="shop-spark-") as folder:
        settings["spark.sql.warehouse.dir"] = folder  # of tables that a test makes
        with patch.dict(os.environ, SPARK_HOME=str(home), SPARK_LOCAL_IP="127.0.0.1"):
            session = SparkSession.builder.master("local-cluster[2,1,1024]").config(map=settings).getOrCreate()
        application = session.sparkContext.applicationId
        try:
            yield session
        finally:
            session.stop()
    shutil.rmtree(home / "work" / application, ignore_errors=True)  # the workers' logs


def load_spark(session, path: str | Path) -> None:
    """Copy the base tables of the SQLite file at `path` into Spark, as views of rows that the workers hold."""
    with as_json(path) as files:
        for table, (file, columns) in files.items():
            rows = session.read.schema(declaration(columns, ENGINE_TYPES["spark"])).json(file)
            rows.localCheckpoint().createOrReplaceTempView(table)  # read now, since the file goes


def run_spark(session) -> Callable[[str], pd.DataFrame]:
    """Return a function that runs a SELECT on Spark."""
    return lambda sql: session.sql(sql).toPandas()


def load_duckdb(connection, path: str | Path) -> None:
    """Copy the base tables of the SQLite file at `path` into DuckDB."""
    with as_json(path) as files:
        for table, (file, columns) in files.items():
            types = {name: ENGINE_TYPES["duckdb"][declared] for name, declared in columns.items()}
            connection.execute(
                f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM read_json('{file}', columns = {types}, "
                "format = 'newline_delimited')"
            )


def run_duckdb(connection) -> Callable[[str], pd.DataFrame]:
    """Return a function that runs a SELECT on DuckDB."""
    return lambda sql: connection.execute(sql).df()
