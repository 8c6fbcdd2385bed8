"""Fixtures: the notebook's functions, the sample shop, and shops that nobody here wrote."""

import os
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

import notebook_module

hypothesis_settings.register_profile(
    "project",
    deadline=None,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis_settings.load_profile("project")

METABASE = Path(__file__).resolve().parents[2] / "shared" / "data" / "metabase-sample"

METABASE_MAPPING = {
    "customers": "SELECT id AS customer_id, name, email, state AS region, created_at AS registration_date FROM users",
    "products": "SELECT id AS product_id, title AS product_name, category, price, vendor AS supplier FROM products",
    "orders": "SELECT id AS order_id, user_id AS customer_id, product_id, created_at AS order_date, quantity, "
    "total AS total_amount FROM orders",
    "reviews": "SELECT id AS review_id, product_id, rating, body AS review_text, created_at AS review_date FROM reviews",
}


@pytest.fixture(scope="session")
def nb():
    """The notebook's functions."""
    return notebook_module.load()


@pytest.fixture(scope="session")
def make_settings(nb):
    """A function that makes Settings from the notebook's own values, some of them changed."""

    def make(**changed):
        return nb.Settings(**{**notebook_module.default_settings(), **changed})

    return make


@pytest.fixture(scope="session")
def build(nb, make_settings):
    """A function that builds a database with its summaries and returns its settings."""

    def build(folder: Path, **changed):
        settings = make_settings(database=str(folder / "ecommerce.db"), exports=str(folder), **changed)
        nb.open_or_build(settings)
        nb.summarise(settings)
        return settings

    return build


@pytest.fixture(scope="session")
def sample_settings(build, tmp_path_factory):
    """The settings of the sample shop, built."""
    return build(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session", params=["sqlite", "csv"])
def metabase_settings(request, build, tmp_path_factory):
    """The settings of the Metabase shop, built from each of its two forms."""
    if not METABASE.exists():
        pytest.skip("the Metabase sample is not beside this project")
    source = METABASE / ("csv" if request.param == "csv" else "metabase_sample.sqlite")
    return build(tmp_path_factory.mktemp("metabase"), source=str(source), mapping=METABASE_MAPPING)


@pytest.fixture(scope="session", params=["sample", "metabase"])
def shop_settings(request, build, tmp_path_factory):
    """The settings of each shop on which figures are checked, built."""
    if request.param == "sample":
        return request.getfixturevalue("sample_settings")
    if not METABASE.exists():
        pytest.skip("the Metabase sample is not beside this project")
    source = METABASE / "metabase_sample.sqlite"
    return build(tmp_path_factory.mktemp("shop"), source=str(source), mapping=METABASE_MAPPING)


def tables(path: str) -> dict[str, pd.DataFrame]:
    """Return the four base tables of a database as DataFrames."""
    connection = sqlite3.connect(path)
    try:
        names = ("customers", "products", "orders", "reviews")
        return {name: pd.read_sql_query(f"SELECT * FROM {name}", connection) for name in names}
    finally:
        connection.close()


@pytest.fixture(scope="session")
def shop(nb, shop_settings):
    """A shop: its read-only connection, its whole selection, and its rows as pandas sees them."""
    rows = tables(shop_settings.database)
    orders = (
        rows["orders"].merge(rows["products"], on="product_id").merge(rows["customers"], on="customer_id", how="left")
    )
    orders["region"] = orders["region"].fillna("(unknown)")
    orders["category"] = orders["category"].fillna("(unknown)")
    known = rows["reviews"].astype({"customer_id": float})  # a shop may know none of its reviewers
    reviews = known.merge(rows["products"], on="product_id").merge(rows["customers"], on="customer_id", how="left")
    reviews["region"] = reviews["region"].fillna("(unknown)")
    connection = nb.connect(shop_settings.database)
    whole = nb.everything(connection)

    class Shop:
        pass

    shop = Shop()
    shop.settings, shop.connection, shop.whole, shop.rows = shop_settings, connection, whole, rows
    shop.orders, shop.reviews = orders, reviews
    shop.states_statuses = shop_settings.is_sample  # the Metabase shop does not say what became of its orders
    return shop
