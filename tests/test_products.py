"""The page "Products": its SQL, its fast way and pandas from the raw rows agree; each definition at its edges; its charts."""

import itertools
import json
import math
import sqlite3
import warnings
from collections import Counter
from contextlib import closing
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from plotly.utils import PlotlyJSONEncoder
from test_sample import planted_pairs

TABLES = {  # what the page shows -> the question that asks the same
    "ratings_by_star": "RATINGS_BY_STAR",
    "ratings_by_month": "RATINGS_BY_MONTH",
    "most_returned": "MOST_RETURNED",
    "pairs": "BOUGHT_TOGETHER",
    "pairs_of_categories": "PAIRS_OF_CATEGORIES",
}


def assert_answers_agree(nb, connection, filters):
    """Check that the page shows exactly what the questions answer; return the page."""
    page = nb.read_products(connection, filters)
    for shown, question in TABLES.items():
        asked = nb.read_query(connection, getattr(nb, question), **filters.parameters())
        assert nb.largest_difference(getattr(page, shown), asked) == 0, (question, filters)
    return page


def chosen(shop, filters):
    """Return the selection's order lines and reviews, by pandas."""
    lines, reviews = (
        rows[
            rows[day].between(filters.start, filters.end)
            & rows["region"].isin(filters.regions)
            & rows["category"].fillna("(unknown)").isin(filters.categories)
        ]
        for rows, day in ((shop.orders, "order_date"), (shop.reviews, "review_date"))
    )
    return lines, reviews


def pairs_by_hand(lines, column):
    """Return pair -> (checkouts with both, affinity, lift) of Completed lines, for pairs of five or more checkouts."""
    baskets = lines[lines["status"] == "Completed"].groupby(["order_date", "order_number"])[column].agg(set)
    single = Counter(itertools.chain.from_iterable(baskets))
    both = Counter(itertools.chain.from_iterable(itertools.combinations(sorted(basket), 2) for basket in baskets))
    return {
        (one, other): (
            count,
            count / (single[one] + single[other] - count),
            count * len(baskets) / (single[one] * single[other]),
        )
        for (one, other), count in both.items()
        if count >= 5
    }


def shown_pairs(pairs, one, other):
    """Return a table of pairs as pairs_by_hand gives them."""
    columns = [one, other, "checkouts_with_both", "affinity", "lift"]
    return {(row[0], row[1]): tuple(row[2:]) for row in pairs[columns].itertuples(index=False, name=None)}


def assert_pandas_agrees(nb, shop, filters):
    """Check everything that the page shows of a selection against pandas."""
    page = assert_answers_agree(nb, shop.connection, filters)
    lines, reviews = chosen(shop, filters)
    given_stars = reviews["rating"].value_counts().reindex(range(1, 6), fill_value=0)
    assert page.ratings_by_star["reviews"].tolist() == given_stars.tolist()
    if len(reviews):
        assert page.ratings_by_star["percent_of_reviews"].tolist() == pytest.approx(
            (100 * given_stars / len(reviews)).tolist()
        )
    months = reviews.groupby(reviews["review_date"].str[:7])["rating"].agg(["mean", "size"])
    calendar = sorted({day.strftime("%Y-%m") for day in pd.date_range(filters.start, filters.end)})
    assert page.ratings_by_month["month"].tolist() == calendar
    months = months.reindex(calendar)
    assert page.ratings_by_month["reviews"].tolist() == months["size"].fillna(0).astype(int).tolist()
    assert page.ratings_by_month["mean_rating"].tolist() == pytest.approx(months["mean"].tolist(), nan_ok=True)

    received = lines[lines["status"].isin(["Completed", "Returned"])]
    units = received.groupby("product_id")["quantity"].sum()
    returned = received[received["status"] == "Returned"].groupby("product_id")["quantity"].sum()
    table = pd.DataFrame({"units": units, "returned": returned}).dropna().query("units >= 5").reset_index()
    table["share"] = table["returned"] / table["units"]
    table = table.sort_values(["returned", "share", "product_id"], ascending=[False, False, True]).head(15)
    assert page.most_returned["product_id"].tolist() == table["product_id"].tolist()
    assert page.most_returned["returned_units"].tolist() == table["returned"].tolist()
    assert page.most_returned["returned_share"].tolist() == pytest.approx(table["share"].tolist())

    by_product = pairs_by_hand(lines, "product_id")
    best = sorted(by_product, key=lambda pair: (-by_product[pair][1], pair))[:15]
    found = shown_pairs(page.pairs, "product_id", "companion_id")
    assert list(found) == best
    assert found == {pair: pytest.approx(by_product[pair]) for pair in best}
    by_category = pairs_by_hand(lines, "category")
    assert shown_pairs(page.pairs_of_categories, "category", "companion_category") == {
        pair: pytest.approx(values) for pair, values in by_category.items()
    }

    products = shop.rows["products"]
    assortment = products["category"].fillna("(unknown)").isin(filters.categories).sum()
    sold = lines.loc[lines["status"] == "Completed", "product_id"].nunique()
    expected = {
        "products_sold": sold,
        "sold_share": sold / assortment,
        "rating": reviews["rating"].mean(),
        "reviews": len(reviews),
        "low_rated_share": (reviews["rating"] <= 2).mean(),
        "returned_units_share": returned.sum() / units.sum() if shop.states_statuses and len(units) else math.nan,
    }
    assert page.tiles["now"].to_dict() == pytest.approx(expected, nan_ok=True)
    return page


def test_the_whole_shop_and_narrower_selections(nb, shop):
    for filters in nb.narrower_selections(shop.whole).values():
        assert_pandas_agrees(nb, shop, filters)
    last = date.fromisoformat(shop.whole.end)
    assert_pandas_agrees(nb, shop, nb.replace(shop.whole, start=(last - timedelta(days=27)).isoformat()))


@st.composite
def selections(draw, whole):
    """Draw a selection: some regions, some categories, any range of the shop's days."""
    first = date.fromisoformat(whole.start)
    length = (date.fromisoformat(whole.end) - first).days
    start, end = sorted((draw(st.integers(0, length)), draw(st.integers(0, length))))
    return type(whole)(
        regions=tuple(draw(st.lists(st.sampled_from(whole.regions), min_size=1, unique=True))),
        categories=tuple(draw(st.lists(st.sampled_from(whole.categories), min_size=1, unique=True))),
        start=(first + timedelta(days=start)).isoformat(),
        end=(first + timedelta(days=end)).isoformat(),
    )


@hypothesis_settings(max_examples=8)
@given(data=st.data())
def test_any_selection(nb, shop, data):
    assert_pandas_agrees(nb, shop, data.draw(selections(shop.whole)))


def test_changes_are_against_the_same_number_of_days_before(nb, shop):
    last = date.fromisoformat(shop.whole.end)
    filters = nb.replace(shop.whole, start=(last - timedelta(days=89)).isoformat())
    before = nb.read_products(shop.connection, filters).tiles["before"]
    assert before.to_dict() == pytest.approx(
        nb.read_products(shop.connection, filters.before()).tiles["now"].to_dict(), nan_ok=True
    )
    assert nb.read_products(shop.connection, shop.whole).tiles["before"].isna().all()


# What was planted is found, and nothing else


def test_the_planted_pairs_are_found_and_no_other(nb, sample_settings):
    with closing(nb.connect(sample_settings.database)) as connection:
        pairs = nb.read_products(connection, nb.everything(connection)).pairs
    found = {frozenset(pair) for pair in zip(pairs["product_id"], pairs["companion_id"], strict=True)}
    assert found == planted_pairs(nb, sample_settings)
    assert len(found) == nb.PAIRS
    assert (pairs["lift"] > 5).all()


def test_no_pair_is_found_where_none_was_planted(nb, build, tmp_path, monkeypatch):
    monkeypatch.setattr(nb, "PAIR_RATE", 0.0)
    settings = build(tmp_path)
    with closing(nb.connect(settings.database)) as connection:
        page = nb.read_products(connection, nb.everything(connection))
    assert len(page.pairs) <= 1
    assert (page.pairs_of_categories["lift"] < 1).all()


# Small shops, by hand

FAR, NEAR = 1, 2  # customers of two regions
BOOK, PEN, BALL, THING = 1, 2, 3, 4


@pytest.fixture
def shop_of(nb, make_settings, tmp_path):
    """A function that makes a shop of some lines and reviews and returns its connection."""
    opened = []

    def make(lines=(), reviews=()):
        """Lines: (day, number, customer, product, quantity, status); reviews: (day, customer, product, rating)."""
        path = tmp_path / f"shop{len(opened)}.db"
        with closing(sqlite3.connect(path)) as shop, shop:
            shop.executescript(nb.SCHEMA + nb.VIEW + nb.INDEXES)
            shop.executemany(
                "INSERT INTO customers (customer_id, region) VALUES (?, ?)", [(FAR, "Far"), (NEAR, "Near"), (3, None)]
            )
            products = [(BOOK, "Book", "Paper", 5), (PEN, "Pen", "Paper", 0), (BALL, "Ball", "Toys", None)]
            shop.executemany(
                "INSERT INTO products (product_id, product_name, category, price) VALUES (?, ?, ?, ?)",
                [*products, (THING, None, None, 3)],
            )
            shop.executemany(
                "INSERT INTO orders (order_date, order_number, customer_id, product_id, quantity, status, total_amount) "
                "VALUES (?, ?, ?, ?, ?, ?, 1)",
                lines,
            )
            shop.executemany(
                "INSERT INTO reviews (review_date, customer_id, product_id, rating) VALUES (?, ?, ?, ?)", reviews
            )
        settings = make_settings(database=str(path))
        assert nb.summarise(settings) == "The summaries were made."
        opened.append(nb.connect(path))
        opened[-1].settings = settings
        return opened[-1]

    yield make
    for connection in opened:
        connection.close()


def everywhere(nb, start="2025-01-01", end="2025-12-31", **changed):
    """Return the selection of all that `shop_of` makes, some of it changed."""
    return nb.replace(nb.Filters(("(unknown)", "Far", "Near"), ("(unknown)", "Paper", "Toys"), start, end), **changed)


def basket(number, *products, customer=FAR, status="Completed", day="2025-03-01"):
    """Return the lines of one checkout."""
    return [(day, number, customer, product, 1, status) for product in products]


def test_a_pair_needs_five_checkouts(nb, shop_of):
    four = [line for number in range(4) for line in basket(number, BOOK, BALL)]
    connection = shop_of(four)
    page = assert_answers_agree(nb, connection, everywhere(nb))
    assert len(page.pairs) == len(page.pairs_of_categories) == 0

    # Five with both, three more with the book alone, two with the ball alone, ten with neither: 20 checkouts.
    lines = four + basket(4, BALL, BOOK)
    lines += [line for number in range(5, 8) for line in basket(number, BOOK)]
    lines += [line for number in range(8, 10) for line in basket(number, BALL)]
    lines += [line for number in range(10, 20) for line in basket(number, THING)]
    connection = shop_of(lines)
    page = assert_answers_agree(nb, connection, everywhere(nb))
    assert shown_pairs(page.pairs, "product_id", "companion_id") == {
        (BOOK, BALL): (5, pytest.approx(5 / 10), pytest.approx(5 * 20 / (8 * 7)))
    }
    assert page.pairs["product_name"].tolist() + page.pairs["companion_name"].tolist() == ["Book", "Ball"]
    assert page.pairs_of_categories[["category", "companion_category"]].to_numpy().tolist() == [["Paper", "Toys"]]
    # Without the things of unknown category, ten checkouts are no longer of the selection.
    page = assert_answers_agree(nb, connection, everywhere(nb, categories=("Paper", "Toys")))
    assert page.pairs["lift"].tolist() == pytest.approx([5 * 10 / (8 * 7)])
    page = assert_answers_agree(nb, connection, everywhere(nb, categories=("Paper",)))
    assert len(page.pairs) == len(page.pairs_of_categories) == 0


def test_a_product_twice_is_no_pair_and_counts_once(nb, shop_of):
    lines = [line for number in range(5) for line in basket(number, BOOK, BALL, BOOK, BALL)]
    lines += [line for number in range(5, 10) for line in basket(number, BOOK, BOOK, BOOK)]
    page = assert_answers_agree(nb, shop_of(lines), everywhere(nb))
    assert shown_pairs(page.pairs, "product_id", "companion_id") == {(BOOK, BALL): (5, 0.5, pytest.approx(1.0))}


def test_two_books_of_one_category_are_a_pair_of_products_only(nb, shop_of):
    page = assert_answers_agree(nb, shop_of([line for n in range(6) for line in basket(n, PEN, BOOK)]), everywhere(nb))
    assert list(shown_pairs(page.pairs, "product_id", "companion_id")) == [(BOOK, PEN)]
    assert len(page.pairs_of_categories) == 0


def test_numbers_begin_again_each_day(nb, shop_of):
    days = [f"2025-03-{day:02}" for day in range(1, 6)]
    lines = [line for day in days for line in basket(1, BOOK, BALL, day=day)]
    connection = shop_of(lines)
    assert assert_answers_agree(nb, connection, everywhere(nb)).pairs["checkouts_with_both"].tolist() == [5]
    assert len(assert_answers_agree(nb, connection, everywhere(nb, start=days[1])).pairs) == 0
    assert len(assert_answers_agree(nb, connection, everywhere(nb, end=days[3])).pairs) == 0


def test_only_completed_lines_make_pairs(nb, shop_of):
    for status in ("Returned", "Cancelled", "Pending"):
        lines = [line for n in range(6) for line in basket(n, BOOK) + basket(n, BALL, status=status)]
        assert len(assert_answers_agree(nb, shop_of(lines), everywhere(nb)).pairs) == 0


def test_a_checkout_of_several_customers_counts_by_line(nb, shop_of):
    """Both lines must be of chosen regions, and a product that two bought in one checkout counts once."""
    lines = [line for n in range(5) for line in basket(n, BOOK) + basket(n, BOOK, BALL, customer=NEAR)]
    lines += [line for n in range(5, 10) for line in basket(n, BOOK) + basket(n, BALL, customer=None)]
    connection = shop_of(lines)
    found = {}
    for regions in (("Far", "Near", "(unknown)"), ("Far", "Near"), ("Far", "(unknown)"), ("Near",), ("Far",)):
        page = assert_answers_agree(nb, connection, everywhere(nb, regions=regions))
        found[regions] = page.pairs["checkouts_with_both"].tolist(), page.pairs["affinity"].tolist()
    assert list(found.values()) == [([10], [1.0]), ([5], [0.5]), ([5], [0.5]), ([5], [1.0]), ([], [])]


def test_pairs_follow_what_is_written(nb, shop_of):
    connection = shop_of([line for number in range(4) for line in basket(number, BOOK, BALL)])
    assert len(nb.read_products(connection, everywhere(nb)).pairs) == 0
    path = connection.settings.database
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.executemany(
            "INSERT INTO orders (order_date, order_number, customer_id, product_id, quantity, status, total_amount) "
            "VALUES (?, ?, ?, ?, ?, ?, 1)",
            [*basket(4, BOOK, BALL), ("2025-03-02", 9, NEAR, PEN, 7, "Returned")],
        )
        writer.execute("INSERT INTO reviews (review_date, product_id, rating) VALUES ('2025-03-09', 1, 2)")
    assert nb.catch_up(connection.settings) == 4
    page = assert_answers_agree(nb, connection, everywhere(nb))
    assert page.pairs["checkouts_with_both"].tolist() == [5]
    assert page.most_returned["returned_units"].tolist() == [7]
    assert page.ratings_by_star["reviews"].tolist() == [0, 1, 0, 0, 0]
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("UPDATE products SET category = 'Toys' WHERE product_id = 1")
    assert nb.catch_up(connection.settings) == 1
    assert_answers_agree(nb, connection, everywhere(nb))
    page = assert_answers_agree(nb, connection, everywhere(nb, categories=("Toys",)))
    assert (len(page.pairs), len(page.pairs_of_categories)) == (1, 0)
    assert page.ratings_by_star["reviews"].tolist() == [0, 1, 0, 0, 0]


def test_the_largest_checkouts_are_left_out_where_pairs_are_too_many(nb, shop_of, monkeypatch):
    small = [line for number in range(5) for line in basket(number, BOOK, BALL)]
    large = [line for number in range(5, 10) for line in basket(number, BOOK, BALL, PEN, THING)]
    connection = shop_of(small + large)
    page = assert_answers_agree(nb, connection, everywhere(nb))
    assert (page.pairs["checkouts_with_both"].max(), page.pairs_note) == (10, "")
    connection.kept.clear()
    monkeypatch.setattr(nb, "MOST_PAIRS", 5)  # of 5 + 5 * 6
    page = nb.read_products(connection, everywhere(nb))
    assert shown_pairs(page.pairs, "product_id", "companion_id") == {(BOOK, BALL): (5, 1.0, pytest.approx(5 * 10 / 25))}
    assert page.pairs_note == "Checkouts of more than 3 lines are left out."


def test_a_large_checkout_is_compared_line_by_line_within_itself(nb):
    checkout = nb.np.repeat([0, 1, 2, 3], [1, 300, 1, 2]).astype(nb.np.int32)
    earlier, later = nb.lines_side_by_side(checkout, 300)
    assert len(earlier) == 300 * 299 // 2 + 1
    assert len(set(zip(earlier.tolist(), later.tolist(), strict=True))) == len(earlier)
    assert (checkout[earlier] == checkout[later]).all()
    assert len(nb.lines_side_by_side(checkout, 299)[0]) == 1


def test_returned_units_at_the_edges(nb, shop_of):
    lines = [
        ("2025-03-01", 1, FAR, BOOK, 1, "Returned"),
        ("2025-03-01", 1, FAR, BOOK, 3, "Completed"),  # four units: too few
        ("2025-03-01", 2, FAR, PEN, 2, "Returned"),
        ("2025-03-02", 3, NEAR, PEN, 3, "Completed"),  # five
        ("2025-03-01", 4, FAR, PEN, 9, "Pending"),
        ("2025-03-01", 5, FAR, PEN, 9, "Cancelled"),
        ("2025-03-01", 6, FAR, BALL, 6, "Returned"),  # nothing but returns
        ("2025-03-01", 7, FAR, THING, 8, "Completed"),  # no return
    ]
    connection = shop_of(lines)
    page = assert_answers_agree(nb, connection, everywhere(nb))
    columns = ["product_id", "returned_units", "units", "returned_share"]
    assert page.most_returned[columns].to_numpy().tolist() == [[BALL, 6, 6, 1.0], [PEN, 2, 5, 0.4]]
    assert page.tiles.loc["returned_units_share", "now"] == pytest.approx(9 / 23)
    page = assert_answers_agree(nb, connection, everywhere(nb, regions=("Far",)))
    assert page.most_returned["product_id"].tolist() == [BALL]


def test_ties_of_returns_are_broken_by_share_and_then_by_id(nb, shop_of):
    lines = [line for product in (BOOK, PEN, BALL) for line in [("2025-03-01", 1, FAR, product, 3, "Returned")]]
    lines += [
        ("2025-03-01", 1, FAR, product, units, "Completed") for product, units in ((BOOK, 5), (PEN, 3), (BALL, 5))
    ]
    page = assert_answers_agree(nb, shop_of(lines), everywhere(nb))
    assert page.most_returned["product_id"].tolist() == [PEN, BOOK, BALL]


def test_ratings_at_the_edges(nb, shop_of):
    reviews = [
        ("2024-01-31", FAR, BOOK, 1),  # before
        ("2024-02-01", FAR, BOOK, 5),
        ("2024-02-29", None, BOOK, 2),
        ("2024-04-30", NEAR, THING, 4),
        ("2024-05-01", NEAR, THING, 1),  # after
    ]
    connection = shop_of([("2024-01-01", 1, FAR, BOOK, 1, "Completed")], reviews)
    page = assert_answers_agree(nb, connection, everywhere(nb, start="2024-02-01", end="2024-04-30"))
    assert page.ratings_by_star["reviews"].tolist() == [0, 1, 0, 1, 1]
    assert page.ratings_by_star["percent_of_reviews"].tolist() == pytest.approx([0, 100 / 3, 0, 100 / 3, 100 / 3])
    months = page.ratings_by_month
    assert months["month"].tolist() == ["2024-02", "2024-03", "2024-04"]
    assert months["whole_month"].tolist() == [1, 1, 1]
    assert months["reviews"].tolist() == [2, 0, 1]
    assert months["mean_rating"].tolist() == pytest.approx([3.5, math.nan, 4.0], nan_ok=True)
    assert page.tiles.loc["low_rated_share", "now"] == pytest.approx(1 / 3)
    for start, end, whole in (
        ("2024-02-02", "2024-04-30", [0, 1, 1]),
        ("2024-02-01", "2024-02-28", [0]),
        ("2024-02-01", "2024-02-29", [1]),
        ("2024-12-31", "2025-01-31", [0, 1]),
    ):
        page = assert_answers_agree(nb, connection, everywhere(nb, start=start, end=end))
        assert page.ratings_by_month["whole_month"].tolist() == whole
    page = assert_answers_agree(
        nb, connection, everywhere(nb, start="2024-01-01", regions=("(unknown)",), categories=("Paper",))
    )
    assert page.ratings_by_star["reviews"].tolist() == [0, 1, 0, 0, 0]


def products(*rows):
    """Return products as the page has them: (rating, revenue) each."""
    columns = {"rating": [row[0] for row in rows], "revenue": [row[1] for row in rows]}
    return pd.DataFrame(columns, dtype=float)


def test_quadrants_are_parted_at_the_medians(nb):
    fields = nb.quadrants(products((5, 40), (4, 30), (4, 10), (1, 35), (2, 5), (None, 99)))
    assert fields[["median_rating", "median_revenue"]].iloc[0].tolist() == [4, 30]
    assert dict(zip(fields["quadrant"], fields["products"], strict=True)) == {
        "stars": 2,  # one of them lies on both lines
        "well rated, little sold": 1,
        "sold in spite of their rating": 1,
        "neither": 1,
    }
    assert fields["products"].sum() == 5
    nothing_sold = nb.quadrants(products((5, 3), (4, 0), (3, 0)))
    assert nothing_sold["products"].tolist() == [1, 1, 0, 1]  # what was not sold is never well sold
    empty = nb.quadrants(products())
    assert empty["products"].tolist() == [0] * 4
    assert empty["median_rating"].isna().all()


def test_only_drawn_products_set_the_medians(nb, monkeypatch):
    monkeypatch.setattr(nb, "SHOWN_PRODUCTS", 3)
    fields = nb.quadrants(products((5, 40), (4, 30), (3, 20), (1, 10), (1, 5)))
    assert fields[["median_rating", "median_revenue"]].iloc[0].tolist() == [4, 30]
    assert fields["products"].sum() == 3


# Random small shops

DAYS = ("2025-02-27", "2025-02-28", "2025-03-01")
line = st.tuples(
    st.sampled_from(DAYS),
    st.integers(1, 5),
    st.sampled_from([FAR, FAR, NEAR, NEAR, 3, None]),
    st.sampled_from([BOOK, PEN, BALL, THING]),
    st.integers(1, 3),
    st.sampled_from(["Completed"] * 6 + ["Returned", "Pending"]),
)
review = st.tuples(
    st.sampled_from(DAYS), st.sampled_from([FAR, NEAR, 3, None]), st.integers(BOOK, THING), st.integers(1, 5)
)


@hypothesis_settings(max_examples=15)
@given(data=st.data())
def test_sql_and_columns_agree_on_random_shops(nb, shop_of, data):
    size = data.draw(st.integers(1, 90))
    connection = shop_of(
        data.draw(st.lists(line, min_size=size, max_size=size)), data.draw(st.lists(review, max_size=8))
    )
    whole = everywhere(nb, start=DAYS[0], end=DAYS[-1])
    for filters in (whole, data.draw(selections(whole)), data.draw(selections(whole))):
        assert_answers_agree(nb, connection, filters)


def test_more_categories_than_a_set_can_number(nb, make_settings, tmp_path):
    """Then checkouts are listed one by one, and give the same pairs."""
    path, rng = tmp_path / "wide.db", nb.np.random.default_rng(3)
    with closing(sqlite3.connect(path)) as shop, shop:
        shop.executescript(nb.SCHEMA + nb.VIEW + nb.INDEXES)
        shop.execute("INSERT INTO customers (customer_id, region) VALUES (1, 'Far')")
        names = [(number, f"kind {number:02}") for number in range(1, 71)]
        shop.executemany("INSERT INTO products (product_id, category) VALUES (?, ?)", names)
        rows = [
            (int(rng.integers(1, 71)) if rng.random() < 0.5 else int(rng.choice([5, 65, 70])), n // 4)
            for n in range(800)
        ]
        sql = "INSERT INTO orders (order_date, product_id, order_number, customer_id, quantity, status, total_amount) "
        shop.executemany(sql + "VALUES ('2025-03-01', ?, ?, 1, 1, 'Completed', 1)", rows)
    nb.summarise(make_settings(database=str(path)))
    with closing(nb.connect(path)) as connection:
        whole = nb.everything(connection)
        assert len(assert_answers_agree(nb, connection, whole).pairs_of_categories) >= 3
        assert_answers_agree(nb, connection, nb.replace(whole, categories=whole.categories[::2]))


# The charts


def charts(nb, connection, filters):
    """Return the charts of a selection, with warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = nb.read_products(connection, filters)
        return page, nb.products_figures(page, "$", nb.category_colours(nb.everything(connection).categories))


def values(items):
    """Return every number and text within lists and dictionaries."""
    if isinstance(items, dict):
        items = list(items.values())
    if isinstance(items, list | tuple):
        return [value for item in items for value in values(item)]
    return [items]


def nothing(nb, shop):
    """Return a selection of days without anything."""
    return nb.replace(shop.whole, start="1990-01-01", end="1990-01-07")


def test_every_chart_keeps_its_traces_and_holds_plain_values(nb, shop):
    kinds = []
    for filters in (shop.whole, nothing(nb, shop), nb.replace(shop.whole, regions=shop.whole.regions[:1])):
        _, figures = charts(nb, shop.connection, filters)
        kinds.append({name: [trace.type for trace in figure.data] for name, figure in figures.items()})
        for name, figure in figures.items():
            assert figure.layout.title.text and figure.layout.title.subtitle.text, name
            drawn = figure.to_plotly_json()
            for value in values(drawn):
                assert type(value) in (str, int, float, bool, type(None)), (name, value)
                assert not (isinstance(value, float) and math.isnan(value)), name
            assert "bdata" not in json.dumps(drawn, cls=PlotlyJSONEncoder)
    assert kinds[0] == kinds[1] == kinds[2]


def test_charts_of_nothing_say_so(nb, shop):
    page, figures = charts(nb, shop.connection, nothing(nb, shop))
    said = {name: figure.layout.title.subtitle.text for name, figure in figures.items()}
    assert said["sales_quadrants"] == "No product to draw"
    assert said["rating_distribution"] == said["rating_trend"] == "No review in the selection"
    assert said["category_pairs"] == "No two categories share 5 checkouts"
    assert "returned" in said["most_returned"]
    assert page.ratings_by_month["reviews"].tolist() == [0]
    assert len(page.pairs) == 0
    assert (page.tiles.loc["products_sold", "now"], page.tiles.loc["reviews", "now"]) == (0, 0)


def test_returns_that_are_not_known_are_no_zeros(nb, shop):
    page, figures = charts(nb, shop.connection, shop.whole)
    assert page.returns_known == shop.states_statuses
    says = "does not say" in figures["most_returned"].layout.title.subtitle.text
    assert says != shop.states_statuses
    assert math.isnan(page.tiles.loc["returned_units_share", "now"]) != shop.states_statuses


def test_each_chart_draws_its_data(nb, shop):
    page, figures = charts(nb, shop.connection, shop.whole)
    points, medians = figures["sales_quadrants"].data
    assert list(points.x) == page.product_sales["rating"].dropna().tolist()
    rating, revenue = page.quadrants[["median_rating", "median_revenue"]].iloc[0]
    assert (medians.x[3:], medians.y[:2]) == ((rating, rating), (revenue, revenue))
    notes = " ".join(note.text for note in figures["sales_quadrants"].layout.annotations)
    for field in page.quadrants.itertuples():
        assert f"{field.quadrant}: {field.products:,}" in notes
    (bars,) = figures["rating_distribution"].data
    assert list(bars.x) == page.ratings_by_star["percent_of_reviews"].tolist()
    assert list(bars.customdata) == page.ratings_by_star["reviews"].tolist()
    (line,) = figures["rating_trend"].data
    assert [math.nan if value is None else value for value in line.y] == pytest.approx(
        page.ratings_by_month["mean_rating"].tolist(), nan_ok=True
    )
    assert [colour == "white" for colour in line.marker.color] == (page.ratings_by_month["whole_month"] == 0).tolist()
    (bars,) = figures["most_returned"].data
    assert list(bars.x) == page.most_returned["returned_units"].tolist()
    (points,) = figures["price_units"].data
    assert list(points.x) == page.product_sales["price"].tolist()
    assert list(points.y) == page.product_sales["units"].tolist()
    (cells,) = figures["category_pairs"].data
    drawn = {
        tuple(sorted((row, column))): cells.z[y][x]
        for y, row in enumerate(cells.y)
        for x, column in enumerate(cells.x)
        if cells.z[y][x] is not None
    }
    pairs = page.pairs_of_categories
    assert drawn == dict(
        zip(zip(pairs["category"], pairs["companion_category"], strict=True), pairs["lift"], strict=True)
    )


def test_products_without_a_price_are_named_in_words(nb, shop_of):
    connection = shop_of(basket(1, BOOK, PEN, BALL, THING))
    _, figures = charts(nb, connection, everywhere(nb))
    (points,) = figures["price_units"].data
    assert sorted(points.x) == [3, 5]
    assert "1 without a price and 1 at a price of 0" in figures["price_units"].layout.xaxis.title.text


def test_a_month_without_a_review_is_a_gap(nb, shop_of):
    reviews = [("2025-01-10", FAR, BOOK, 4), ("2025-03-10", FAR, BOOK, 2)]
    _, figures = charts(nb, shop_of(basket(1, BOOK), reviews), everywhere(nb, end="2025-03-30"))
    (line,) = figures["rating_trend"].data
    assert list(line.y) == [4, None, 2]
    assert line.connectgaps is False
    assert list(line.marker.color)[1:] == [nb.ACCENT, "white"]
    said = figures["rating_trend"].layout.title.subtitle.text
    assert "a gap: no review" in said and "part of a month" in said
    assert "part of the month" in line.customdata[2]


def test_few_categories_of_many_have_a_cell(nb, monkeypatch):
    monkeypatch.setattr(nb, "SHOWN_PAIRED", 3)
    sizes = {"a": 50, "b": 10, "c": 40, "d": 30}
    rows = [(one, other, sizes[one], sizes[other], 6, 0.1, 1.5) for one, other in itertools.combinations(sizes, 2)]
    columns = "category companion_category checkouts companion_checkouts checkouts_with_both affinity lift".split()
    figure = nb.category_pairs_chart(pd.DataFrame(rows, columns=columns))
    (cells,) = figure.data
    assert (list(cells.x), list(cells.y)) == (["a", "c"], ["c", "d"])
    assert "3 categories" in figure.layout.title.subtitle.text


NASTY = "<b>A & B</b> $5 %{x}"


def test_a_shops_texts_stay_texts(nb):
    rows = pd.DataFrame(
        {
            "product_id": [1],
            "product_name": [NASTY],
            "category": [NASTY],
            "price": [1.0],
            "revenue": [1.0],
            "units": [7],
        }
    )
    rows = rows.assign(rating=4.0, reviews=1, returned_units=1, returned_share=0.1)
    pairs = pd.DataFrame({"category": [NASTY], "companion_category": ["x" + NASTY], "checkouts": [9], "lift": [1.0]})
    pairs = pairs.assign(companion_checkouts=9, checkouts_with_both=5, affinity=0.5)
    colours = nb.category_colours([NASTY])
    for figure in (
        nb.sales_quadrants_chart(rows, nb.quadrants(rows), "$", colours),
        nb.price_units_chart(rows, "$", colours),
        nb.most_returned_chart(rows),
        nb.category_pairs_chart(pairs),
    ):
        text = json.dumps(figure.to_plotly_json(), cls=PlotlyJSONEncoder)
        assert "<b>A" not in text
        assert "&lt;b&gt;A &amp; B" in text
        for trace in figure.data:
            assert "A &" not in (trace.hovertemplate or "")


@pytest.mark.parametrize("layout", ["PRODUCTS_WIDE", "PRODUCTS_NARROW"])
def test_charts_do_not_overlap_on_the_canvas(nb, shop, layout):
    canvas = getattr(nb, layout)
    _, figures = charts(nb, shop.connection, shop.whole)
    assert list(canvas.places) == list(figures)
    places = list(canvas.places.values())
    for place in places:
        assert 0 <= place.left < place.right <= 1
        assert place.title_upper < place.upper < place.lower <= canvas.height
    for one, other in itertools.combinations(places, 2):
        beside = one.right <= other.left or other.right <= one.left
        assert beside or one.lower <= other.title_upper or other.lower <= one.title_upper
