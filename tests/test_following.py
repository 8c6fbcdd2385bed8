"""What a page shows after others have written is what it would show had it been opened then."""

import sqlite3
from collections import Counter
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from test_products import (
    BALL,
    BOOK,
    DAYS,
    FAR,
    NEAR,
    PEN,
    THING,
    assert_answers_agree,
    basket,
    everywhere,
    line,
    selections,
    shop_of,  # noqa: F401
    shown_pairs,
)

INSERT = (
    "INSERT INTO orders (order_date, order_number, customer_id, product_id, quantity, status, total_amount) "
    "VALUES (?, ?, ?, ?, ?, ?, 1)"
)
DAY_BEFORE = "2025-02-26"  # a day that no shop of `line` has
days, numbers = st.sampled_from((DAY_BEFORE, *DAYS)), st.integers(1, 5)
writes = st.one_of(
    st.tuples(st.just(INSERT), line),
    st.tuples(st.just(INSERT), line.map(lambda one: (DAY_BEFORE, *one[1:]))),
    st.tuples(
        st.just("DELETE FROM orders WHERE order_id > 1 AND order_date = ? AND order_number = ?"),
        st.tuples(days, numbers),
    ),
    st.tuples(st.just("DELETE FROM orders WHERE order_id > 1 AND order_date = ?"), st.tuples(days)),
    st.tuples(st.just("DELETE FROM orders WHERE order_id > 1 AND order_id % 4 = ?"), st.tuples(st.integers(0, 3))),
    st.tuples(
        st.just("UPDATE orders SET order_date = ?, order_number = ? WHERE order_id % 5 = ?"),
        st.tuples(days, numbers, st.integers(0, 4)),
    ),
    st.tuples(
        st.just("UPDATE orders SET product_id = ? WHERE order_id % 7 = ?"),
        st.tuples(st.integers(BOOK, THING), st.integers(0, 6)),
    ),
    st.tuples(
        st.just("UPDATE orders SET customer_id = ?, status = 'Completed' WHERE order_id % 5 = ?"),
        st.tuples(st.sampled_from([FAR, 2, 3, None]), st.integers(0, 4)),
    ),
    st.tuples(st.just("UPDATE customers SET region = ? WHERE customer_id = 1"), st.tuples(st.sampled_from("FN"))),
)


def write(nb, connection, *batch):
    """Write as another program would, and let the summaries follow; every tuple is an SQL and its values."""
    with closing(sqlite3.connect(connection.settings.database)) as writer, writer:
        for sql, values in batch:
            writer.execute(sql, values)
    nb.catch_up(connection.settings)


def lines_of(nb, connection):
    """Return how often each day, checkout, customer and product is among the lines that the page keeps, and their order."""
    lines = nb.completed_lines(connection)
    assert lines.ends[0] == 0 and lines.ends[-1] == len(lines.number) == len(lines.customer) == len(lines.product)
    days = nb.np.repeat(lines.days, nb.np.diff(lines.ends)).tolist()
    customers = [*nb.members_of(connection, "customer_days").tolist(), None]
    products = nb.members_of(connection, "product_days").tolist()
    checkouts = list(zip(days, lines.number.tolist(), strict=True))
    assert checkouts == sorted(checkouts)
    by_customer = list(zip(checkouts, lines.customer.tolist(), strict=True))
    changes = sum(one != other for one, other in pairwise(by_customer))
    assert changes == max(len(set(by_customer)) - 1, 0)  # those of a customer stand together
    return Counter(
        (*checkout, customers[customer], products[product])
        for checkout, customer, product in zip(checkouts, lines.customer.tolist(), lines.product.tolist(), strict=True)
    )


def assert_customers_agree(nb, connection, fresh, filters):
    """Check the page Customers against one whose connection has seen nothing before."""
    found, expected = nb.read_customers(connection, filters), nb.read_customers(fresh, filters)
    assert found.measures == pytest.approx(expected.measures, nan_ok=True)
    for name in ("customers", "concentration", "rfm_groups", "cohort_retention", "new_and_returning"):
        assert nb.largest_difference(getattr(found, name), getattr(expected, name)) == 0, name


@hypothesis_settings(max_examples=20)
@given(data=st.data())
def test_a_page_that_follows_shows_what_a_new_one_shows(nb, shop_of, monkeypatch, data):  # noqa: F811
    monkeypatch.setattr(nb, "FEW_CHANGES", data.draw(st.sampled_from([5, 20_000])))  # with and without folding
    monkeypatch.setattr(nb, "MOST_PAIRS", data.draw(st.sampled_from([10_000_000, 10_000_000, 60])))
    size = data.draw(st.integers(1, 90))  # of which the first always stays: no page is shown of a shop without orders
    connection = shop_of(data.draw(st.lists(line, min_size=size, max_size=size)))
    whole = everywhere(nb, DAY_BEFORE, DAYS[-1], regions=("(unknown)", "F", "Far", "N", "Near"))
    nb.read_products(connection, whole)
    for batch in data.draw(st.lists(st.lists(writes, min_size=1, max_size=6), min_size=1, max_size=4)):
        write(nb, connection, *batch)
        completed = connection.execute(
            "SELECT order_date, order_number, customer_id, product_id FROM orders WHERE status = 'Completed'"
        )
        assert lines_of(nb, connection) == Counter(completed.fetchall())
        with closing(nb.connect(connection.settings.database)) as fresh:
            for filters in (whole, data.draw(selections(whole))):
                page, expected = nb.read_products(connection, filters), nb.read_products(fresh, filters)
                assert page.pairs.equals(expected.pairs)
                assert page.pairs_note == expected.pairs_note
                if not page.pairs_note:
                    assert_answers_agree(nb, connection, filters)
                assert_customers_agree(nb, connection, fresh, filters)


def pairs_shown(nb, connection):
    """Return the pairs of the whole shop with the number of their checkouts, once they agree with the SQL."""
    page = assert_answers_agree(nb, connection, everywhere(nb))
    return {pair: both for pair, (both, *_) in shown_pairs(page.pairs, "product_id", "companion_id").items()}


def test_a_rare_pair_comes_and_goes(nb, shop_of):  # noqa: F811
    """Four of its checkouts were there before, and were not kept."""
    often = [one for number in range(6) for one in basket(number, PEN, THING)]
    rare = [one for number in range(10, 14) for one in basket(number, BOOK, BALL)]
    connection = shop_of(often + rare)
    assert pairs_shown(nb, connection) == {(PEN, THING): 6}
    write(nb, connection, *((INSERT, one) for one in basket(20, BOOK, BALL, day="2025-02-01")))
    assert pairs_shown(nb, connection) == {(PEN, THING): 6, (BOOK, BALL): 5}
    write(nb, connection, *((INSERT, one) for one in basket(3, BALL)))  # a third line of an earlier checkout
    assert pairs_shown(nb, connection) == {(PEN, THING): 6, (BOOK, BALL): 5}
    write(nb, connection, ("DELETE FROM orders WHERE order_number = 11 AND product_id = ?", (BOOK,)))
    assert pairs_shown(nb, connection) == {(PEN, THING): 6}
    write(nb, connection, ("UPDATE orders SET product_id = ? WHERE order_number = 2 AND product_id = ?", (BOOK, PEN)))
    assert pairs_shown(nb, connection) == {(PEN, THING): 5}


def test_the_lines_that_did_not_change_are_not_read_again(nb, shop_of, monkeypatch):  # noqa: F811
    connection = shop_of([one for number in range(6) for one in basket(number, PEN, THING)])
    assert pairs_shown(nb, connection) == {(PEN, THING): 6}
    monkeypatch.setattr(nb, "packed_lines", None)
    write(nb, connection, *((INSERT, one) for one in basket(9, PEN, THING)))
    assert pairs_shown(nb, connection) == {(PEN, THING): 7}


def test_checkouts_grow_too_large_and_small_again(nb, shop_of, monkeypatch):  # noqa: F811
    connection = shop_of([one for number in range(6) for one in basket(number, BOOK, BALL)])
    monkeypatch.setattr(nb, "MOST_PAIRS", 8)
    assert nb.read_products(connection, everywhere(nb)).pairs_note == ""
    write(nb, connection, *((INSERT, one) for one in basket(9, BOOK, PEN, BALL)))  # three pairs more
    page = nb.read_products(connection, everywhere(nb))
    assert page.pairs_note == "Checkouts of more than 2 lines are left out."
    assert shown_pairs(page.pairs, "product_id", "companion_id")[BOOK, BALL][:2] == (6, 1.0)
    write(nb, connection, ("DELETE FROM orders WHERE order_number = 9 AND product_id = ?", (PEN,)))
    assert pairs_shown(nb, connection) == {(BOOK, BALL): 7}


def test_what_is_written_counts_in_its_region_and_once_per_checkout(nb, shop_of):  # noqa: F811
    connection = shop_of([one for number in range(1, 6) for one in basket(number, BOOK, BOOK, BALL)])
    assert pairs_shown(nb, connection) == {(BOOK, BALL): 5}
    write(nb, connection, *((INSERT, one) for one in [*basket(10, BOOK, customer=NEAR), *basket(9, BOOK, BOOK, BALL)]))
    assert pairs_shown(nb, connection) == {(BOOK, BALL): 6}
    page = assert_answers_agree(nb, connection, everywhere(nb, regions=("Far",)))
    assert page.pairs[["checkouts_with_both", "affinity"]].to_numpy().tolist() == [[6, 1.0]]
