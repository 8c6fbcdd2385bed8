"""What the benchmarks compare gives the same answers; how fast is not tested."""

import json
import math
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest

from shopboard import ask
from shopboard.database import connect

import engines
import report
import run
import shops
from notebook_module import ROOT

SEED = 7


def loaded(name, shop):
    """Return an engine that is ready for a shop; skip where its library is missing."""
    engine = engines.ENGINES[name]()
    if engine.missing():
        pytest.skip(f"{engine.missing()} is not installed: see benchmarks/requirements.txt")
    engine.load(shop)
    return engine


EXPECTED = {}  # (database, selection) -> SQLite's tables, which all engines are compared with


def check_same(engine, shop, selections):
    """Compare all tables of an engine with those that SQLite makes of the base tables, for some selections."""
    for filters in selections:
        if (shop.path, filters) not in EXPECTED:
            EXPECTED[shop.path, filters] = loaded("sqlite", shop).page(filters)
        worst = engines.differences(engine.page(filters), EXPECTED[shop.path, filters])
        assert max(worst.values()) < 0.005, (filters, worst)


def some_selections(whole):
    """Return the whole shop, its last day, and random selections."""
    return [whole, replace(whole, start=whole.end), *shops.random_selections(whole, 3, SEED)]


@pytest.mark.parametrize("name", ["ours", "pandas", "polars", "duckdb", "duckdb-tables"])
def test_engines_agree_with_the_base_tables(shop, name):
    engine = loaded(name, shop.shop)
    check_same(engine, shop.shop, some_selections(engine.whole))


@pytest.fixture(scope="module")
def awkward_shop(sample_settings, tmp_path_factory):
    """The sample with guests, customers without a region, products without a category, and numbers that come again."""
    path = tmp_path_factory.mktemp("awkward") / "ecommerce.db"
    shutil.copy(sample_settings.database, path)
    with closing(connect(path, "rw")) as connection, connection:
        connection.execute("UPDATE orders SET customer_id = NULL WHERE order_id % 7 = 0")
        connection.execute("UPDATE orders SET order_number = order_number % 5")
        connection.execute("UPDATE orders SET region = 'Islands' WHERE order_id % 17 = 0")
        connection.execute("UPDATE customers SET region = NULL, name = NULL WHERE customer_id % 11 = 0")
        connection.execute("UPDATE products SET category = NULL WHERE product_id % 13 = 0")
        connection.execute("UPDATE reviews SET customer_id = NULL WHERE review_id % 3 = 0")
        connection.execute("UPDATE orders SET total_amount = 10 WHERE order_id % 2 = 0")  # so that customers tie
    shop = ask.open_shop(replace(sample_settings, database=str(path)), shops.DESIGN)
    yield shop
    shop.close()


@pytest.mark.parametrize("name", ["ours", "pandas", "polars", "duckdb", "duckdb-tables"])
def test_engines_agree_about_what_is_unknown(awkward_shop, name):
    engine = loaded(name, awkward_shop)
    assert {"(unknown)", "Islands"} <= set(engine.whole.regions)
    check_same(engine, awkward_shop, some_selections(engine.whole))


def test_a_difference_is_seen(shop):
    engine = loaded("ours", shop.shop)
    one, other = engine.page(engine.whole), engine.page(engine.whole)
    assert max(engines.differences(one, other).values()) == 0
    other["daily_revenue"] = other["daily_revenue"].assign(revenue=other["daily_revenue"]["revenue"] + 0.01)
    other["customers"] = other["customers"].assign(name="Somebody")
    worst = engines.differences(one, other)
    assert worst["daily_revenue"] == pytest.approx(0.01) and worst["customers"] == math.inf


def test_selections_are_random_and_the_same_again(shop):
    whole = shop.whole
    selections = shops.random_selections(whole, 50, SEED)
    assert selections == shops.random_selections(whole, 50, SEED)
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
    assert "the page Inventory takes" in done.stdout and "orders a second are filled" in done.stdout
    written = json.loads((results / "results.json").read_text(encoding="utf-8"))
    (size,) = written["sizes"]
    assert set(size["data"]) == {"ours", "sqlite"}
    assert list(size["kernel"]) == ["Overview", "Customers", "Products", "Inventory"]
    for page in size["kernel"].values():
        assert page["messages"] > 1 and page["kilobytes"] > 5  # messages are really packed
        assert page["opening"] > 0 and page["memory"] > 50 and len(page["times"].split()) == 3
    assert size["loading"]["orders_per_second"] > 0
    assert written["importing"]["loaded"] == written["importing"]["lines"] == 2_000
    assert written["importing"]["by_pandas"] > 0
    assert set(size["following"]) == {"last day", "random days"}
    assert all(one["followed"] for one in size["following"].values())
    text = (results / "results.md").read_text(encoding="utf-8")
    assert "| 1,000 | SQLite, the four tables |" in text
    assert "| 1,000 | Inventory |" in text and "| 1,000 | 1,000 orders, random days |" in text
    assert "does not follow" not in text
    assert "| 2,000 | 2,000 |" in text
    assert str(tmp_path) not in text
    assert (results / "results.png").read_bytes().startswith(b"\x89PNG")


def test_every_page_with_figures_is_measured():
    assert set(run.PAGES) == {page.name for page in shops.PAGES}


def test_answers_that_differ_are_no_measurement():
    def size(revenue):
        return {"orders": 10, "data": {"ours": {"answers": [[1.0, None]]}, "polars": {"answers": [[revenue, None]]}}}

    report.check_answers({"sizes": [size(1.0)]})
    with pytest.raises(ValueError, match="differ at 10 orders"):
        report.check_answers({"sizes": [size(1.01)]})


def test_each_page_has_a_target_of_its_own():
    def size(orders, milliseconds):
        kernel = {page: {"times": [ms], "whole": ms, "opening": 10 * ms} for page, ms in milliseconds.items()}
        return {"orders": orders, "data": {}, "kernel": kernel, "loading": None}

    sizes = [
        size(10_000, {"Overview": 20.0, "Customers": 30.0}),
        size(1_000_000, {"Overview": 50.0, "Customers": 101.0}),
    ]
    said = "\n".join(report.targets({"sizes": sizes}))
    assert "\nNOT met: at 1,000,000 orders the page Customers takes 101 ms" in said
    assert "\nmet: at 1,000,000 orders the page Overview takes 50 ms" in said
