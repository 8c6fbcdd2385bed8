"""The summaries: equal to the base tables whatever is written, by whomever, and read for any selection."""

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

FIRST_DAY = date(2025, 11, 2)


@pytest.fixture(scope="module")
def small_shop(build, tmp_path_factory):
    """A sample shop of a few hundred rows, to be copied."""
    size = {"sample_orders": 900, "sample_customers": 60, "sample_products": 80, "sample_reviews": 150, "days": 60}
    return build(tmp_path_factory.mktemp("small"), **size)


@pytest.fixture(scope="module")
def wide_shop(nb, small_shop, tmp_path_factory):
    """The same shop with more categories than a set can number."""
    path = tmp_path_factory.mktemp("wide") / "shop.db"
    shutil.copy(small_shop.database, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE products SET category = category || '-' || (product_id % 11)")
    wide = nb.replace(small_shop, database=str(path))
    with closing(nb.connect(path)) as connection:
        assert len(nb.everything(connection).categories) > 60
    nb.catch_up(wide)
    return wide


@pytest.fixture(params=["small", "wide"])
def shop(request, nb, small_shop, wide_shop, tmp_path, monkeypatch):
    """A copy of one of the shops, whose changes are folded in soon."""
    original = small_shop if request.param == "small" else wide_shop
    shutil.copy(original.database, tmp_path / "shop.db")
    monkeypatch.setattr(nb, "FEW_CHANGES", 40)
    return nb.replace(original, database=str(tmp_path / "shop.db"))


def stored(nb, path):
    """Return every summary as a dictionary: key -> measures."""
    summaries = {}
    with closing(nb.connect(path)) as connection:
        for name in nb.SUMMARIES:
            rows = nb.unpacked(connection, name)
            measures = nb.measures_of(name)
            keys = [column for column in rows if column not in measures]
            indexed = rows.set_index(keys)[measures]
            assert indexed.index.is_unique
            summaries[name] = {key: tuple(row) for key, row in zip(indexed.index, indexed.to_numpy(), strict=True)}
    return summaries


def rebuilt(nb, shop, folder):
    """Return the summaries made anew from the same base tables."""
    copy = nb.replace(shop, database=str(folder / "rebuilt.db"))
    shutil.copy(shop.database, copy.database)
    with closing(sqlite3.connect(copy.database)) as connection, connection:
        connection.execute("UPDATE summary_info SET digest = ''")
    assert nb.summarise(copy) == "The summaries were made."
    return stored(nb, copy.database)


def assert_equal(found, expected):
    for name, rows in expected.items():
        assert found[name].keys() == rows.keys(), name
        for key, measures in rows.items():
            assert found[name][key] == pytest.approx(measures, abs=1e-6), (name, key)


orders, customers, products = st.integers(1, 910), st.integers(1, 62), st.integers(1, 80)
days = st.integers(0, 59).map(lambda n: (FIRST_DAY + timedelta(days=n)).isoformat())
lines = st.tuples(
    st.none() | customers,
    products,
    days,
    st.integers(1, 5),
    st.decimals(0, 500, places=2).map(float),
    st.sampled_from(["Completed", "Completed", "Pending", "Cancelled", "Returned"]),
    st.integers(1_001, 1_400),
)
regions, categories = st.sampled_from(["East", "West", "Far", None]), st.sampled_from(["Books", "Toys", "New", None])
writes = st.one_of(
    st.tuples(st.just("INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)"), st.tuples(orders, lines)),
    st.tuples(
        st.just(
            "UPDATE orders SET customer_id = ?, product_id = ?, order_date = ?, quantity = ?, total_amount = ?, "
            "status = ?, order_number = ? WHERE order_id = ?"
        ),
        st.tuples(lines, orders),
    ),
    st.tuples(st.just("UPDATE OR REPLACE orders SET order_id = ? WHERE order_id = ?"), st.tuples(orders, orders)),
    st.tuples(st.just("DELETE FROM orders WHERE order_id = ?"), st.tuples(orders)),
    st.tuples(st.just("DELETE FROM orders WHERE order_date = ?"), st.tuples(days)),
    st.tuples(st.just("UPDATE orders SET status = 'Returned' WHERE customer_id = ?"), st.tuples(customers)),
    st.tuples(st.just("UPDATE customers SET region = ? WHERE customer_id = ?"), st.tuples(regions, customers)),
    st.tuples(
        st.just("INSERT OR REPLACE INTO customers (customer_id, region) VALUES (?, ?)"), st.tuples(customers, regions)
    ),
    st.tuples(st.just("DELETE FROM customers WHERE customer_id = ?"), st.tuples(customers)),  # its orders stay behind
    st.tuples(st.just("UPDATE products SET category = ? WHERE product_id = ?"), st.tuples(categories, products)),
    st.tuples(
        st.just("INSERT OR REPLACE INTO products (product_id, category) VALUES (?, ?)"), st.tuples(products, categories)
    ),
    st.tuples(st.just("UPDATE products SET stock_quantity = 7, price = 1.5 WHERE product_id = ?"), st.tuples(products)),
    st.tuples(
        st.just("INSERT INTO reviews (product_id, customer_id, rating, review_date) VALUES (?, ?, ?, ?)"),
        st.tuples(products, st.none() | customers, st.integers(1, 5), days),
    ),
    st.tuples(st.just("UPDATE reviews SET rating = 6 - rating WHERE review_id % 5 = ?"), st.tuples(st.integers(0, 4))),
    st.tuples(st.just("DELETE FROM reviews WHERE product_id = ?"), st.tuples(products)),
)


def flat(values):
    """Return nested tuples as one list."""
    return [inner for value in values for inner in (flat(value) if isinstance(value, tuple) else [value])]


def write(path, batch):
    """Write as any other program would, with foreign keys not enforced."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for sql, values in batch:
            connection.execute(sql, flat(values))


@settings(max_examples=12)
@given(batches=st.lists(st.lists(writes, min_size=1, max_size=8), min_size=1, max_size=3))
def test_summaries_equal_a_rebuild_after_any_writes(nb, shop, tmp_path, batches):
    for batch in batches:
        write(shop.database, batch)
        nb.catch_up(shop)
        with closing(nb.connect(shop.database)) as connection:
            assert nb.changes_waiting(connection) == 0
    assert_equal(stored(nb, shop.database), rebuilt(nb, shop, tmp_path))
    with closing(nb.connect(shop.database)) as connection:
        whole = nb.everything(connection)
        for filters in nb.narrower_selections(whole).values():
            assert max(nb.compare_summaries(connection, filters).values()) < 0.005


def test_the_rebuild_would_show_a_lost_change(nb, shop, tmp_path):
    """The test above could fail: without a trigger, a change is lost."""
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute("DROP TRIGGER note_orders_to_change")
        connection.execute("UPDATE orders SET total_amount = total_amount + 1 WHERE status = 'Completed'")
    nb.catch_up(shop)
    with pytest.raises(AssertionError):
        assert_equal(stored(nb, shop.database), rebuilt(nb, shop, tmp_path))


def test_checkouts_of_several_customers_are_counted_once(nb, small_shop, tmp_path):
    shutil.copy(small_shop.database, tmp_path / "shop.db")
    shop = nb.replace(small_shop, database=str(tmp_path / "shop.db"))
    with closing(nb.connect(shop.database, "rw")) as connection, connection:
        whole = nb.everything(connection)
        before = nb.read_page(connection, whole).tiles.loc["orders", "now"]
        (east, west), (book, toy) = (
            [
                connection.execute(f"SELECT MIN({key}) FROM {table} WHERE {column} = ?", (name,)).fetchone()[0]
                for name in names
            ]
            for table, key, column, names in (
                ("customers", "customer_id", "region", ("East", "West")),
                ("products", "product_id", "category", ("Books", "Toys")),
            )
        )
        for number, (customer, product) in enumerate([(east, book), (west, toy), (None, toy)]):
            row = (10_000 + number, customer, product, "2025-12-01", 1, 1.0, "Completed", 77)
            connection.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    nb.catch_up(shop)
    with closing(nb.connect(shop.database)) as connection:
        assert len(nb.read_query(connection, "SELECT * FROM mixed_checkouts")) == 3
        everywhere = nb.everything(connection)
        assert nb.UNKNOWN in everywhere.regions
        assert nb.read_page(connection, everywhere).tiles.loc["orders", "now"] == before + 1
        for filters in (
            nb.replace(everywhere, regions=("East", "West")),
            nb.replace(everywhere, regions=("East",)),
            nb.replace(everywhere, regions=(nb.UNKNOWN,), categories=("Toys",)),
        ):
            assert nb.compare_summaries(connection, filters)["tiles"] < 0.005


def test_ids_beyond_what_a_float_holds_stay_themselves(nb, small_shop, tmp_path):
    shutil.copy(small_shop.database, tmp_path / "shop.db")
    shop = nb.replace(small_shop, database=str(tmp_path / "shop.db"))
    large = 2**53 + 1
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute("INSERT INTO customers (customer_id, region) VALUES (?, 'East')", (large,))
        connection.execute("INSERT INTO orders VALUES (5000, ?, 1, '2025-12-01', 1, 1e6, 'Completed', 7)", (large,))
    assert nb.catch_up(shop) == 2
    with closing(nb.connect(shop.database)) as connection:
        assert nb.top_customers(connection, nb.everything(connection))["customer_id"][0] == large
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute("UPDATE summary_info SET digest = ''")
    assert nb.summarise(shop) == "The summaries were made."
    with closing(nb.connect(shop.database)) as connection:
        assert nb.top_customers(connection, nb.everything(connection))["customer_id"][0] == large


@given(data=st.data())
@settings(max_examples=40)
def test_totals_of_any_days_are_the_sum_of_their_rows(nb, sample_settings, data):
    name = data.draw(st.sampled_from(sorted(nb.PACKED)))
    packing = nb.PACKED[name]
    with closing(nb.connect(sample_settings.database)) as connection:
        rows = nb.unpacked(connection, name)
        parts = tuple(data.draw(st.lists(st.sampled_from(sorted(rows[packing.part].unique())), unique=True)))
        start, end = sorted(data.draw(st.lists(st.dates(date(2023, 12, 1), date(2026, 2, 1)), min_size=2, max_size=2)))
        found = nb.period_totals(connection, name, parts, start.isoformat(), end.isoformat())
        chosen = rows[rows[packing.part].isin(parts) & rows[packing.day].between(start.isoformat(), end.isoformat())]
        sums = chosen.groupby(packing.member)[list(packing.measures)].sum()
        members = nb.members_of(connection, name)
        members = [json.dumps(names, ensure_ascii=False) for names in members] if name == "checkout_days" else members
        expected = sums.reindex(members, fill_value=0.0).to_numpy().T
        assert np.allclose(found, expected, rtol=0, atol=1e-6)


def test_totals_are_written_down_sparingly(nb, sample_settings):
    """Running totals never take much more room than the rows they save from being read."""
    with closing(nb.connect(sample_settings.database)) as connection:
        sizes = nb.read_query(connection, nb.SUMMARY_SIZES).set_index("summary").fillna(0.0)
        assert (sizes["megabytes_of_totals"].drop("return_days") > 0).all()  # that has fewer entries than members
        assert (sizes["megabytes_of_totals"] < sizes["megabytes_of_days"]).all()


# The page follows


@pytest.fixture
def dashboard(nb, small_shop, tmp_path):
    shutil.copy(small_shop.database, tmp_path / "shop.db")
    dashboard = nb.Dashboard(nb.replace(small_shop, database=str(tmp_path / "shop.db")))
    yield dashboard
    dashboard.close()


def revenue(dashboard):
    return dashboard.data.tiles.loc["revenue", "now"]


def test_what_another_process_writes_is_shown_at_the_next_refresh(dashboard):
    before = revenue(dashboard)
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "c.execute(\"INSERT INTO customers (customer_id, name, region) VALUES (5000, 'Ann', 'Moon')\"); "
        "c.execute(\"INSERT INTO orders VALUES (5000, 5000, 1, '2026-01-05', 1, 1234.5, 'Completed', 1)\"); c.commit()"
    )
    subprocess.run([sys.executable, "-c", script, dashboard.settings.database], check=True)
    dashboard.refresh()
    assert revenue(dashboard) == pytest.approx(before + 1234.5)
    assert "Moon" in dashboard.regions.value  # all regions were chosen, and all are
    assert dashboard.end.value == date(2026, 1, 5)  # as were all dates
    assert "2026-01-05" in dashboard.header.value


def test_a_narrow_choice_stays_as_it_is(dashboard, nb):
    dashboard.select(nb.replace(dashboard.whole, regions=("East",), start="2025-12-01", end="2025-12-24"))
    write(dashboard.settings.database, [("INSERT INTO customers (region) VALUES (?)", ("Moon",))])
    dashboard.refresh()
    assert dashboard.regions.options[2:4] == ("Moon", "North")
    assert dashboard.regions.value == ("East",)
    assert (dashboard.start.value, dashboard.end.value) == (date(2025, 12, 1), date(2025, 12, 24))


def test_a_region_that_is_gone_is_no_longer_chosen(dashboard):
    write(dashboard.settings.database, [("UPDATE customers SET region = ? WHERE region = 'West'", ("East",))])
    dashboard.refresh()
    assert "West" not in dashboard.regions.options
    assert set(dashboard.regions.value) == set(dashboard.regions.options)


def test_a_program_that_holds_the_file_keeps_nobody_from_looking(dashboard):
    before = revenue(dashboard)
    write(dashboard.settings.database, [("UPDATE orders SET total_amount = ?", (1.0,))])
    with closing(sqlite3.connect(dashboard.settings.database)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        dashboard.refresh()
        assert revenue(dashboard) == before
        assert "close the program that is writing" in dashboard.status.value
        writer.rollback()
    dashboard.refresh()
    assert revenue(dashboard) < before
    assert "alert" not in dashboard.status.value


def test_the_live_switch_sells_and_takes_back(dashboard, nb):
    before, last = revenue(dashboard), dashboard.whole.end
    dashboard.live.value = True
    for tick in range(1, nb.TICKS_A_DAY + 3):
        dashboard.browser.tick = tick  # as the browser does every second
        assert dashboard.browser.answered == tick
    assert dashboard.whole.end == (date.fromisoformat(last) + timedelta(days=2)).isoformat()
    assert revenue(dashboard) > before
    shown = dashboard.data.tiles.loc["revenue", "now"]
    with closing(nb.connect(dashboard.settings.database)) as connection:
        assert shown == pytest.approx(
            nb.read_query(connection, nb.OVERALL, **dashboard.selection().parameters())["revenue"][0]
        )
    dashboard.live.value = False
    assert revenue(dashboard) == pytest.approx(before)
    assert dashboard.whole.end == last


def test_orders_of_a_killed_page_are_taken_back(nb, small_shop, tmp_path):
    shutil.copy(small_shop.database, tmp_path / "shop.db")
    shop = nb.replace(small_shop, database=str(tmp_path / "shop.db"))
    nb.add_live_orders(shop.database, "2025-12-31", 3)
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        (added,) = connection.execute("SELECT COUNT(*) FROM live_orders").fetchone()
        connection.execute("UPDATE live_orders SET process = 999999999")
    assert added > 0
    nb.remove_live_orders(shop.database)
    with closing(sqlite3.connect(shop.database)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM orders").fetchone() == (900,)


def test_an_own_shop_is_followed_and_never_sold_from(nb, small_shop, tmp_path):
    source = tmp_path / "source.db"
    shutil.copy(small_shop.database, source)
    own = nb.replace(small_shop, source=str(source), database=str(tmp_path / "own.db"))
    nb.open_or_build(own)
    nb.summarise(own)
    dashboard = nb.Dashboard(own)
    assert dashboard.live.description == "Follow changes"
    before = revenue(dashboard)
    dashboard.live.value = True
    dashboard.browser.tick = 1
    assert revenue(dashboard) == before
    write(own.database, [("UPDATE orders SET total_amount = total_amount + ? WHERE status = 'Completed'", (1.0,))])
    dashboard.browser.tick = 2
    assert revenue(dashboard) > before
    dashboard.close()


forks = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux forks safely")


@pytest.fixture
def large_shop(nb, small_shop, tmp_path, monkeypatch):
    """A copy of the small shop that lacks its summaries and is taken for a large one, on a machine of three cores."""
    monkeypatch.setitem(nb.PART_ROWS, "orders", 50)
    monkeypatch.setattr(nb.os, "cpu_count", lambda: 3)
    shutil.copy(small_shop.database, tmp_path / "large.db")
    with closing(sqlite3.connect(tmp_path / "large.db")) as connection, connection:
        connection.execute("UPDATE summary_info SET digest = ''")
    return nb.replace(small_shop, database=str(tmp_path / "large.db"))


@forks
def test_processes_make_the_same_summaries(nb, small_shop, large_shop, monkeypatch):
    parent = nb.os.getpid()
    compute = nb.compute

    def apart(*arguments):
        assert nb.os.getpid() != parent
        compute(*arguments)

    monkeypatch.setattr(nb, "compute", apart)
    assert nb.summarise(large_shop) == "The summaries were made."
    assert_equal(stored(nb, large_shop.database), stored(nb, small_shop.database))


@forks
@pytest.mark.parametrize("ill", ["fails", "hangs"])
def test_a_process_that_fails_or_hangs_is_made_up_for(nb, small_shop, large_shop, monkeypatch, ill):
    parent = nb.os.getpid()
    compute, in_processes = nb.compute, nb.compute_in_processes
    outcomes = []

    def badly(settings, folder, name, get_on):
        if nb.os.getpid() != parent and name == "product_days":
            (nb.Path(folder) / name).write_text("half of it")
            if ill == "hangs":
                threading.Event().wait()
            raise MemoryError
        compute(settings, folder, name, get_on)

    def impatient(settings, folder, bar):
        outcomes.append(in_processes(settings, folder, bar, patience=2))
        return outcomes[-1]

    monkeypatch.setattr(nb, "compute", badly)
    monkeypatch.setattr(nb, "compute_in_processes", impatient)
    assert nb.summarise(large_shop) == "The summaries were made."
    assert outcomes == [False]
    assert_equal(stored(nb, large_shop.database), stored(nb, small_shop.database))
