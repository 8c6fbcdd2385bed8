"""Fixtures: the story's definitions, the sample shop, and shops that nobody here wrote."""

import os
import sqlite3
import types
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from shopboard import building, opening
from shopboard.pages import Page
from shopboard.settings import Settings

import browser
import notebook_module
from small_shop import design

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


# What takes long comes first, so that no process waits for another at the end; a file's tests run in one process, as many
# share a browser, a kernel or a server.
LONG = (
    "page",
    "warehouse",
    "record",
    "states",
    "notebook",
    "questions",
    "benchmarks",
    "garbage",
    "odd_shops",
    "public",
    "import_page",
    "bad_input",
    "board",
    "hostile",
    "fit",
    "report",
    "limits",
    "long_use",
    "following",
    "export",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take long first, in the order of LONG."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.stem.removeprefix("test_"), len(places)))


@pytest.fixture(scope="module")
def chromium():
    """A browser for the tests of a module; two may not run at once."""
    with browser.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def tab(chromium, tmp_path_factory):
    """A tab of the browser and a file: what is loaded from the same address again is compiled already."""
    context = chromium.new_context(accept_downloads=True)
    context.add_init_script("history.scrollRestoration = 'manual'")
    yield context.new_page(), tmp_path_factory.mktemp("tab") / "page.html"
    context.close()


@pytest.fixture
def open_text(tab):
    """A function that opens a page of the board in the tab; at the end it may have no faults that nobody took."""
    page, file = tab
    faults = []
    listeners = {
        "pageerror": lambda error: faults.append(str(error)),
        "console": lambda said: faults.append(said.text) if said.type in ("error", "warning") else None,
        "request": lambda asked: (
            None if asked.url.startswith(("file:", "blob:", "data:")) else faults.append(asked.url)
        ),
    }
    for event, listener in listeners.items():
        page.on(event, listener)

    def open_text(text, width):
        file.write_text(text, encoding="utf-8")
        page.mouse.move(0, 0)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(file.as_uri())
        page.wait_for_function("window.ready")
        page.evaluate("window.ready")
        page.wait_for_timeout(100)
        return page

    open_text.faults = faults
    yield open_text
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    assert faults == []


@pytest.fixture(scope="session")
def story():
    """All that the notebook's own cells define."""
    return notebook_module.load()


@pytest.fixture(scope="session")
def shop_design(story):
    """What the story says of a shop: its tables, its models, and how the sample is made."""
    return design(story)


@pytest.fixture(scope="session")
def pages(story):
    """The pages that the story composes, in their order; the report's sheets are not among them."""
    found = [value for value in vars(story).values() if isinstance(value, Page)]
    return [page for page in found if page not in story.REPORT.sheets]


@pytest.fixture(scope="session")
def make_settings():
    """A function that makes Settings from the notebook's own values, some of them changed."""

    def make(**changed):
        return Settings(**{**notebook_module.default_settings(), **changed})

    return make


@pytest.fixture(scope="session")
def open_or_build(shop_design):
    """A function that makes sure that the database of some settings stands; it says what was done."""
    return lambda settings: building.open_or_build(settings, shop_design)


@pytest.fixture(scope="session")
def open_or_ask(shop_design):
    """A function like `open_or_build` that shows the form where a source's columns have other names."""
    return lambda settings: opening.open_or_ask(settings, shop_design)


@pytest.fixture(scope="session")
def open_shop(shop_design):
    """A function that opens the shop of some settings; the database is built if it does not stand."""
    from shopboard import ask  # noqa: PLC0415

    return lambda settings, **options: ask.open_shop(settings, shop_design, **options)


@pytest.fixture(scope="session")
def tiles(story, open_shop):
    """A function that returns the figures of the tiles over the shop of some settings, or a selection of it."""

    def tiles(settings, selection=None):
        with closing(open_shop(settings)) as shop:
            return shop.ask(story.TILES, selection).iloc[0]

    return tiles


@pytest.fixture(scope="session")
def build(open_or_build, make_settings):
    """A function that builds a database and returns its settings."""

    def build(folder: Path, **changed):
        settings = make_settings(database=str(folder / "ecommerce.db"), exports=str(folder), **changed)
        open_or_build(settings)
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
    with closing(sqlite3.connect(path)) as connection:
        names = ("customers", "products", "orders", "reviews")
        return {name: pd.read_sql_query(f"SELECT * FROM {name}", connection) for name in names}


def with_places(rows: pd.DataFrame, base: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return orders or reviews with what their product and customer are; a region is the order's, else the customer's."""
    known = rows.astype({"customer_id": float})  # a shop may know none of its customers
    customers = base["customers"].astype({"customer_id": float})
    joined = known.merge(base["products"], on="product_id").merge(
        customers, on="customer_id", how="left", suffixes=("", "_of_customer")
    )
    if "region_of_customer" in joined:
        joined["region"] = joined["region"].fillna(joined.pop("region_of_customer"))
    joined["region"] = joined["region"].fillna("(unknown)")
    joined["category"] = joined["category"].fillna("(unknown)")
    return joined


@pytest.fixture(scope="session")
def shop(open_shop, shop_settings):
    """A shop, opened: its selection of everything, and its rows as pandas sees them."""
    rows = tables(shop_settings.database)
    opened = open_shop(shop_settings)
    return types.SimpleNamespace(
        settings=shop_settings,
        shop=opened,
        ask=opened.ask,
        connection=opened.connection,
        whole=opened.everything(),
        rows=rows,
        orders=with_places(rows["orders"], rows),
        reviews=with_places(rows["reviews"], rows),
        states_statuses=shop_settings.is_sample,  # the Metabase shop does not say what became of its orders
    )
