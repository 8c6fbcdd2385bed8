"""What the benchmarks compare gives the same answers; how fast is not tested."""

import json
import math
import shutil
import subprocess
import sys
from contextlib import closing

import pytest

import engines
import report
import run
import shops
from notebook_module import ROOT

SEED = 7


def loaded(name, nb, path):
    """Return an engine that is ready for a database; skip where its library is missing."""
    engine = engines.ENGINES[name](nb)
    if engine.missing():
        pytest.skip(f"{engine.missing()} is not installed: see benchmarks/requirements.txt")
    engine.load(path)
    return engine


def check_same(nb, engine, expected, selections):
    """Compare all tables of an engine with those of another for some selections."""
    for filters in selections:
        worst = engines.differences(nb, engine.page(filters), expected.page(filters))
        assert max(worst.values()) < 0.005, (filters, worst)


def some_selections(nb, whole):
    """Return the whole shop, its last day, and random selections."""
    return [whole, nb.replace(whole, start=whole.end), *shops.random_selections(nb, whole, 20, SEED)]


@pytest.mark.parametrize("name", ["ours", "pandas", "pandas-masks", "polars", "duckdb", "duckdb-tables"])
def test_engines_agree_with_the_base_tables(nb, shop_settings, name):
    engine = loaded(name, nb, shop_settings.database)
    check_same(nb, engine, loaded("sqlite", nb, shop_settings.database), some_selections(nb, engine.whole))


@pytest.fixture(scope="module")
def awkward_database(nb, sample_settings, tmp_path_factory):
    """The sample with guests, customers without a region, products without a category, and numbers that come again."""
    path = tmp_path_factory.mktemp("awkward") / "ecommerce.db"
    shutil.copy(sample_settings.database, path)
    with closing(nb.connect(path, "rw")) as connection, connection:
        connection.execute("UPDATE orders SET customer_id = NULL WHERE order_id % 7 = 0")
        connection.execute("UPDATE orders SET order_number = order_number % 5")
        connection.execute("UPDATE customers SET region = NULL, name = NULL WHERE customer_id % 11 = 0")
        connection.execute("UPDATE products SET category = NULL WHERE product_id % 13 = 0")
        connection.execute("UPDATE reviews SET customer_id = NULL WHERE review_id % 3 = 0")
        connection.execute("UPDATE orders SET total_amount = 10 WHERE order_id % 2 = 0")  # so that customers tie
    return str(path)


@pytest.mark.parametrize("name", ["pandas", "pandas-masks", "polars", "duckdb", "duckdb-tables"])
def test_engines_agree_about_what_is_unknown(nb, awkward_database, name):
    engine = loaded(name, nb, awkward_database)
    assert "(unknown)" in engine.whole.regions
    check_same(nb, engine, loaded("sqlite", nb, awkward_database), some_selections(nb, engine.whole))


def test_a_difference_is_seen(nb, sample_settings):
    engine = loaded("pandas", nb, sample_settings.database)
    one, other = engine.page(engine.whole), engine.page(engine.whole)
    assert max(engines.differences(nb, one, other).values()) == 0
    other["daily_revenue"] = other["daily_revenue"].assign(revenue=other["daily_revenue"]["revenue"] + 0.01)
    other["customers"] = other["customers"].assign(name="Somebody")
    worst = engines.differences(nb, one, other)
    assert worst["daily_revenue"] == pytest.approx(0.01) and worst["customers"] == math.inf


def test_selections_are_random_and_the_same_again(nb, sample_settings):
    with closing(nb.connect(sample_settings.database)) as connection:
        whole = nb.everything(connection)
    selections = shops.random_selections(nb, whole, 50, SEED)
    assert selections == shops.random_selections(nb, whole, 50, SEED)
    assert len(set(selections)) == 50
    assert all(not filters.problem() for filters in selections)
    assert all(set(filters.regions) <= set(whole.regions) for filters in selections)
    assert all(whole.start <= filters.start <= filters.end <= whole.end for filters in selections)


def test_a_small_run_writes_its_results(tmp_path):
    results = tmp_path / "results"
    options = ["--orders", "1_000", "--selections", "3", "--engines", "ours", "sqlite", "--importing", "2_000"]
    command = [sys.executable, "benchmarks/run.py", *options, "--folder", tmp_path / "shops", "--results", results]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "as fast as from SQLite" in done.stdout and "not measured: DuckDB, the four tables" in done.stdout
    written = json.loads((results / "results.json").read_text(encoding="utf-8"))
    (size,) = written["sizes"]
    assert set(size["data"]) == {"ours", "sqlite"}
    assert list(size["kernel"]) == ["Overview", "Customers", "Products", "Inventory"]
    for page in size["kernel"].values():
        assert page["messages"] > 3 and page["kilobytes"] > 5  # messages are really packed
        assert page["opening"] > 0 and page["memory"] > 50 and len(page["times"].split()) == 3
    assert size["loading"]["orders_per_second"] > 0
    assert written["importing"]["loaded"] == written["importing"]["lines"] == 2_000
    assert written["importing"]["by_pandas"] > 0
    assert set(size["following"]) == {"Overview", "Customers", "Products"}
    for page in size["following"].values():
        assert set(page) == {"last day", "random days"}
        assert all(one["followed"] for one in page.values())
    text = (results / "results.md").read_text(encoding="utf-8")
    assert "| 1,000 | SQLite, base tables |" in text
    assert "| 1,000 | Inventory |" in text and "| 1,000 | Customers: 1,000 orders, random days |" in text
    assert "does not follow" not in text
    assert "| 2,000 | 2,000 |" in text
    assert str(tmp_path) not in text
    assert (results / "results.png").read_bytes().startswith(b"\x89PNG")


def test_every_page_with_figures_is_measured(nb):
    measures = pytest.importorskip("measures", exc_type=ModuleNotFoundError, reason="ipykernel has no comm of its own")
    assert set(run.PAGES) == {page.name for page in nb.PAGES} - {"Data & SQL"}
    assert set(measures.FOLLOWING) <= set(run.PAGES)


def test_a_page_of_another_selection_is_no_measurement(nb, sample_settings):
    measures = pytest.importorskip("measures", exc_type=ModuleNotFoundError, reason="ipykernel has no comm of its own")
    dashboard = nb.Dashboard(sample_settings)
    measures.check_page(dashboard)
    dashboard.shown.data = nb.replace(dashboard.data, filters=nb.replace(dashboard.whole, start=dashboard.whole.end))
    with pytest.raises(RuntimeError, match="instead of"):
        measures.check_page(dashboard)
    dashboard.close()


def test_each_page_has_a_target_of_its_own():
    def size(orders, milliseconds):
        return {"orders": orders, "data": {}, "kernel": {page: {"times": [ms]} for page, ms in milliseconds.items()}}

    sizes = [
        size(10_000, {"Overview": 20.0, "Customers": 30.0}),
        size(1_000_000, {"Overview": 50.0, "Customers": 76.0}),
    ]
    overview, customers, *_ = report.targets({"sizes": sizes})
    assert overview.startswith("met") and "2.5 times" in overview and "the page Overview" in overview
    assert customers.startswith("NOT met") and "the page Customers" in customers
