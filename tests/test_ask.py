"""Selections, parameters, texts put in front of a question, types of answers, and the cache."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import FrozenInstanceError, replace
from datetime import date, timedelta

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_shop import ODD_SHOP, filled

from shopboard import ask
from shopboard.filters import Filters, selection_ctes
from shopboard.plain import from_arrays
from shopboard.problems import ShopProblem
from shopboard.sqltext import needed, parameters_in, read_by_several, with_in_front

from small_shop import small_shop

HOSTILE = ["O'Brien", 'say "hi"', "100%", "$start", ":x ?", "back\\slash", "-- ;", "日本", "a\nb", "{x}", ""]


@pytest.fixture(scope="module", params=["sqlite", "duckdb"])
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def open_rows(shop_design, make_settings, tmp_path_factory, engine):
    """A function that opens a shop of these rows."""

    def open_rows(rows, **changed):
        folder = tmp_path_factory.mktemp("ask")
        changed_settings = make_settings(database=str(folder / "shop.db"), exports=str(folder))
        return ask.open_shop(changed_settings, replace(filled(shop_design, rows), **changed), engine)

    return open_rows


@pytest.fixture(scope="module")
def odd(open_rows):
    with closing(open_rows(ODD_SHOP)) as shop:
        yield shop


def selections(shop):
    whole = shop.everything()
    yield whole
    yield replace(whole, regions=whole.regions[:2])
    yield replace(whole, categories=whole.categories[-2:], start="2025-01-05")
    yield replace(whole, regions=("East",), categories=("Paper",), start="2025-01-05", end="2025-01-31")
    yield replace(whole, regions=("(unknown)",))
    yield replace(whole, regions=("nowhere",), categories=("nothing",))
    yield replace(whole, regions=(), categories=())
    yield replace(whole, start="2025-12-31", end="2025-01-01")
    yield replace(whole, segments=("VIP",))
    yield replace(whole, segments=("(unknown)", "Regular"), regions=("East", "West"))
    yield replace(whole, suppliers=("Zeta", "(unknown)"))
    yield replace(whole, suppliers=("Acme",), segments=("Regular",), categories=("Paper", "Toys"), end="2025-04-03")
    yield replace(whole, segments=(), suppliers=())
    yield replace(whole, segments=("nobody",), statuses=("Returned",))


def belongs(shop, rows, chosen):
    """Say of each row, by its keys and columns, whether it is of a selection; looked up by Python."""
    segments = dict(shop.connection.execute("SELECT customer_id, customer_segment FROM customers"))
    suppliers = dict(shop.connection.execute("SELECT product_id, supplier FROM products"))
    kept = pd.Series(True, rows.index)
    for column, names in (("region", chosen.regions), ("category", chosen.categories)):
        if column in rows:
            kept &= rows[column].isin(names)
    if "day" in rows:
        kept &= rows["day"].between(chosen.start, chosen.end)
    for key, known, names in (
        ("customer_id", segments, chosen.segments),
        ("product_id", suppliers, chosen.suppliers),
    ):
        if key in rows and names is not None:
            kept &= pd.Series([(known.get(one) or "(unknown)") in names for one in rows[key]], rows.index, dtype=bool)
    return rows[kept]


# ------------------------------------------------------------------ selections


def test_what_is_selected_is_what_python_selects(odd):
    for chosen in selections(odd):
        for name, model in (("selected_lines", "order_lines"), ("selected_reviews", "review_lines")):
            expected = belongs(odd, odd.ask(f"SELECT * FROM {model} ORDER BY 1"), chosen)
            found = odd.ask(f"SELECT * FROM {name} ORDER BY 1", chosen)
            pd.testing.assert_frame_equal(found, expected.reset_index(drop=True), check_dtype=False)
        for name, source in (("selected_products", "products"), ("selected_customers", "customers")):
            rows = odd.ask(f"SELECT * FROM {source}").fillna({"region": "(unknown)", "category": "(unknown)"})
            found = odd.ask(f"SELECT * FROM {name}", chosen)
            assert sorted(found.iloc[:, 0]) == sorted(belongs(odd, rows, chosen).iloc[:, 0])
        for kind, names in (("region", chosen.regions), ("category", chosen.categories)):
            assert tuple(odd.ask(f"SELECT * FROM {kind}_list", chosen)[kind]) == names
        days = odd.ask("SELECT day FROM selected_calendar ORDER BY day", chosen)["day"].tolist()
        sql = "SELECT day FROM calendar WHERE day BETWEEN $start AND $end ORDER BY day"
        assert days == odd.ask(sql, chosen)["day"].tolist()


def test_days_are_the_sums_of_the_chosen_lines(odd):
    """Whether they come from the model that has added them up, or from the lines of a segment or supplier."""
    keys = ["day", "region", "category"]
    for chosen in selections(odd):
        lines = belongs(odd, odd.ask("SELECT * FROM order_lines"), chosen)
        found = odd.ask("SELECT * FROM selected_days", chosen).sort_values(keys, ignore_index=True)
        assert list(found.columns) == list(odd.ask("SELECT * FROM daily_sales LIMIT 0").columns)
        assert found[keys].to_numpy().tolist() == sorted(lines[keys].drop_duplicates().to_numpy().tolist())
        for status, prefix in (("Completed", ""), ("Pending", "pending_"), ("Returned", "returned_")):
            of_status = lines[lines["status"] == status].groupby(keys)["total_amount"].sum()
            expected = [of_status.get(tuple(row), 0.0) for row in found[keys].to_numpy()]
            assert found[f"{prefix}revenue"].tolist() == pytest.approx(expected)
        assert found["lines"].tolist() == [((lines[keys] == row).all(axis=1)).sum() for row in found[keys].to_numpy()]


def test_listed_lines_are_those_of_the_chosen_statuses(odd):
    whole = odd.everything()
    for statuses in (None, ("Returned",), ("Pending", "Cancelled"), ("Completed", "Pending", "Cancelled", "Returned")):
        found = odd.ask("SELECT * FROM listed_lines", replace(whole, statuses=statuses))
        rows = odd.ask("SELECT * FROM order_lines")
        kept = rows if statuses is None else rows[rows["status"].isin(statuses)]
        assert sorted(found["order_id"]) == sorted(kept["order_id"])
        revenue = "SELECT SUM(revenue) AS revenue FROM selected_days"  # which a status does not touch
        assert odd.ask(revenue, replace(whole, statuses=statuses)).equals(odd.ask(revenue))


def counted_checkouts(shop, chosen):
    """Return the checkouts with Completed lines in a selection, counted by pandas: one row per checkout and customer."""
    lines = belongs(shop, shop.ask("SELECT * FROM order_lines WHERE status = 'Completed'"), chosen)
    return lines[["day", "order_number", "customer_id"]].drop_duplicates()


def check_checkouts(shop, chosen):
    found = shop.ask("SELECT * FROM selected_checkouts", chosen)
    expected = counted_checkouts(shop, chosen)
    kinds = {"order_number": int, "customer_id": float}  # a customer may be NaN
    rows = [frame[list(expected)].astype(kinds).itertuples(index=False) for frame in (found, expected)]
    assert sorted(map(repr, rows[0])) == sorted(map(repr, rows[1]))
    whole = expected[["day", "order_number"]].drop_duplicates()
    per_checkout = found.groupby(["day", "order_number"])["checkouts"].sum()
    assert len(per_checkout) == len(whole)
    assert (per_checkout == 1).all()
    check_baskets(shop, chosen)


def check_baskets(shop, chosen):
    """Check how many checkouts have each category, and each two."""
    found = shop.ask("SELECT * FROM selected_baskets", chosen)
    lines = belongs(shop, shop.ask("SELECT * FROM order_lines WHERE status = 'Completed'"), chosen)
    keys = ["day_number", "order_number"]
    expected = lines[[*keys, "category"]].drop_duplicates().assign(checkouts=1)
    pairs = []
    for baskets in (found, expected):
        both = baskets.merge(baskets, on=[*keys, "checkouts"])
        pairs.append(both.groupby(["category_x", "category_y"])["checkouts"].sum())
    assert pairs[0].to_dict() == pairs[1].to_dict()


def test_checkouts_count_once_however_many_customers_and_regions_they_have(odd):
    assert odd.facts.shared_checkouts
    for chosen in selections(odd):
        check_checkouts(odd, chosen)


@pytest.mark.parametrize("count", [3, 60, 61, 70])
def test_both_definitions_of_selected_checkouts_give_the_same(open_rows, count, monkeypatch):
    products = [(n, "P", f"c{n}", 1.0, 1, "YZ"[n % 2]) for n in range(1, count + 1)]
    customers = [(n, "C", None, "NS"[n % 2], None, "AB"[n // 2 % 2]) for n in range(1, 5)]
    orders = [
        (
            n,
            1 + n // 3 % 4,
            1 + n * 7 % count,
            f"2025-01-{1 + n % 28:02}" if n < 9 else "2025-02-01",
            1,
            1.0,
            "Completed",
            n // 3,
            None,
        )
        for n in range(200)
    ]
    with closing(open_rows({"products": products, "customers": customers, "orders": orders})) as shop:
        whole = shop.everything()
        assert not shop.facts.shared_checkouts
        chosen = [
            whole,
            replace(whole, categories=("c1", f"c{count}")),
            replace(whole, regions=("N",), start="2025-01-20"),
            replace(whole, segments=("A",)),
            replace(whole, segments=("B",), categories=("c1", "c2")),
            replace(whole, suppliers=("Y",)),
        ]
        for selection in chosen:
            check_checkouts(shop, selection)
            texts = {}
            for shared in (False, True):
                monkeypatch.setattr(shop, "facts", replace(shop.facts, shared_checkouts=shared))
                texts[shared] = shop.sql_of("SELECT * FROM selected_checkouts", selection)[0]
                check_checkouts(shop, selection)
            by_lines = selection.suppliers is not None or (count > 60 and selection.categories != whole.categories)
            assert ("selected_lines" in texts[False]) == by_lines
            assert (texts[True] == texts[False]) == by_lines


def test_conditions_are_left_out_where_all_is_chosen(odd):
    whole = odd.everything()
    text, values = odd.sql_of("SELECT COUNT(*) FROM selected_lines")
    assert "region" not in text
    assert "category" not in text
    assert values == {"start": whole.start, "end": whole.end}
    text, values = odd.sql_of("SELECT COUNT(*) FROM selected_lines", replace(whole, regions=("East", "West")))
    assert "region IN ($region_1, $region_2)" in text
    assert values == {"start": whole.start, "end": whole.end, "region_1": "East", "region_2": "West"}


def test_where_every_segment_and_supplier_is_chosen_nothing_is_looked_up(odd):
    whole = odd.everything()
    assert (odd.facts.segments, odd.facts.suppliers) == (("(unknown)", "Regular", "VIP"), ("(unknown)", "Acme", "Zeta"))
    every = replace(whole, segments=odd.facts.segments, suppliers=odd.facts.suppliers)
    for name in selection_ctes(whole, odd.facts, odd.design.models):
        assert odd.sql_of(f"SELECT * FROM {name}", every) == odd.sql_of(f"SELECT * FROM {name}", whole)


def test_hostile_names_are_bound_and_come_back(open_rows):
    products = [(n, "P", name, 1.0, 1, name) for n, name in enumerate(HOSTILE, 1)]
    customers = [(n, name, name, name, None, name) for n, name in enumerate(HOSTILE, 1)]
    orders = [(n, n, n, "2025-01-01", 1, float(n), "Completed", n, None) for n in range(1, len(HOSTILE) + 1)]
    reviews = [(1, 1, 1, 5, "\r\n".join(HOSTILE), "2025-01-01")]
    rows = {"products": products, "customers": customers, "orders": orders, "reviews": reviews}
    with closing(open_rows(rows)) as shop:
        whole = shop.everything()
        assert set(whole.regions) == set(whole.categories) == set(HOSTILE)
        for name in HOSTILE:
            one = replace(whole, regions=(name,), categories=(name,))
            found = shop.ask(
                "SELECT region, category, SUM(total_amount) AS amount FROM selected_lines GROUP BY region, category",
                one,
            )
            assert found.to_numpy().tolist() == [[name, name, 1.0 + HOSTILE.index(name)]]
            one = replace(whole, segments=(name,), suppliers=(name,))
            assert odd_sum(shop, one) == 1.0 + HOSTILE.index(name)
        assert shop.ask("SELECT review_text FROM reviews").iloc[0, 0] == "\r\n".join(HOSTILE)
        assert shop.ask("SELECT name FROM customers ORDER BY customer_id")["name"].tolist() == HOSTILE


def odd_sum(shop, selection):
    return shop.ask("SELECT SUM(revenue) AS revenue FROM selected_days", selection)["revenue"].iloc[0]


# ------------------------------------------------------------------ intervals, and what they are compared with


@pytest.mark.parametrize("interval", ["day", "week", "month"])
@pytest.mark.parametrize("against", ["before", "year"])
def test_a_day_stands_beside_the_day_that_it_is_compared_with(odd, interval, against):
    """Python's calendar says which; the n-th interval of both has as many days."""
    chosen = replace(odd.everything(), start="2025-02-05", end="2025-03-11", interval=interval, against=against)
    before, shift = chosen.before(), {"before": 35, "year": 364}[against]
    assert before.shift == shift
    assert (date.fromisoformat(chosen.start) - date.fromisoformat(before.start)).days == shift
    days = [date(2025, 2, 5) + timedelta(n) for n in range(35)]
    of = {
        "day": lambda day: day,
        "week": lambda day: day - timedelta(day.weekday()),
        "month": lambda day: day.replace(day=1),
    }
    length = {"day": lambda day: 1, "week": lambda day: 7, "month": lambda day: {2: 28, 3: 31}[day.month]}
    groups = [of[interval](day) for day in days]
    sql = "SELECT day, interval_number, interval_days FROM selected_calendar ORDER BY day"
    found = odd.ask(sql, chosen)
    assert found["day"].tolist() == [day.isoformat() for day in days]
    assert found["interval_days"].tolist() == [length[interval](day) for day in days]
    numbers = found["interval_number"].tolist()
    assert [numbers.index(number) for number in numbers] == [groups.index(group) for group in groups]
    if against == "before":  # the shop has no days a year before
        earlier = odd.ask(sql, before)
        assert earlier["day"].tolist() == [(day - timedelta(shift)).isoformat() for day in days]
        assert earlier["interval_number"].tolist() == numbers
        assert earlier["interval_days"].tolist() == found["interval_days"].tolist()


# ------------------------------------------------------------------ text


CTES = {"one": "SELECT 1 AS x", "two": "SELECT x + 1 AS x FROM one", "three": "-- a\nSELECT $b AS x;"}


def test_only_what_is_read_stands_in_front():
    assert needed("SELECT * FROM two", CTES) == {"one": CTES["one"], "two": CTES["two"]}
    assert needed("SELECT 'two' AS a /* three */ FROM t -- one", CTES) == {}
    assert needed('SELECT * FROM "two" JOIN One', CTES).keys() == {"one", "two"}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", "SELECT 1"),
        ("-- a\n\n-- b\nSELECT x FROM one", "-- a\n\n-- b\nWITH one AS (\n    SELECT 1 AS x\n)\nSELECT x FROM one"),
        ("-- with\nwith z AS (SELECT x FROM one) SELECT x FROM z", "-- with\nWITH one AS (\n    SELECT 1 AS x\n),\nz AS (SELECT x FROM one) SELECT x FROM z"),
        ("WITH RECURSIVE z AS (SELECT x FROM one) SELECT 1", "WITH RECURSIVE one AS (\n    SELECT 1 AS x\n),\nz AS (SELECT x FROM one) SELECT 1"),
        ("SELECT x FROM three;", "WITH three AS (\n    -- a\n    SELECT $b AS x\n)\nSELECT x FROM three;"),
    ],
)  # fmt: skip
def test_a_with_is_merged_and_comments_stay_above(sql, expected):
    assert with_in_front(sql, needed(sql, CTES)) == expected


def test_parameters_are_found_outside_texts_and_comments():
    assert parameters_in("SELECT $a, '$b', \"$c\" /* $d */ -- $e\n, $end + $region_1") == {"a", "end", "region_1"}


def test_a_quote_left_open_is_said():
    with pytest.raises(ShopProblem, match="cannot be read"):
        parameters_in("SELECT 'a")


def test_a_question_may_have_a_with_comments_and_parameters_of_its_own(odd):
    sql = "-- One row.\n-- Two lines.\nWITH few AS (SELECT * FROM selected_lines WHERE quantity >= $least)\nSELECT COUNT(*) AS n FROM few"
    assert odd.ask(sql, least=3)["n"].tolist() == [sum(row[4] >= 3 for row in ODD_SHOP["orders"])]
    with pytest.raises(ShopProblem, match=r"\$least"):
        odd.ask(sql)


def test_steps_are_put_in_front_after_the_selection(open_rows):
    steps = {"big": "SELECT * FROM selected_lines WHERE quantity > $size", "unused": "SELECT 1"}
    with closing(open_rows(ODD_SHOP, steps=steps)) as shop:
        text, values = shop.sql_of("SELECT COUNT(*) AS n FROM big", size=2)
        assert text.index("selected_lines AS") < text.index("big AS")
        assert "unused" not in text
        assert values["size"] == 2
        assert shop.ask("SELECT COUNT(*) AS n FROM big", size=2)["n"].tolist() == [
            sum(row[4] > 2 for row in ODD_SHOP["orders"])
        ]


def test_each_selected_name_can_be_asked_of_every_selection(odd):
    for chosen in selections(odd):
        for name in selection_ctes(chosen, odd.facts, odd.design.models):
            odd.ask(f"SELECT * FROM {name}", chosen)
            assert odd.explain(f"SELECT * FROM {name}", chosen)


# ------------------------------------------------------------------ Filters


def test_days_before_and_problems():
    chosen = Filters(("N",), ("A",), "2025-03-01", "2025-03-31")
    assert (chosen.before().start, chosen.before().end) == ("2025-01-29", "2025-02-28")
    assert chosen.problem() == ""
    assert "region and one category" in replace(chosen, regions=(), categories=()).problem()
    assert "first day" in replace(chosen, end="2025-02-28").problem()
    assert "one supplier and one status" in replace(chosen, suppliers=(), statuses=()).problem()
    year = replace(chosen, against="year").before()
    assert (year.start, year.end) == ("2024-03-02", "2024-04-01")
    assert date.fromisoformat(year.start).weekday() == date.fromisoformat(chosen.start).weekday()
    assert chosen.parameters()["start_number"] == 45715
    assert {chosen: 1}[Filters(("N",), ("A",), "2025-03-01", "2025-03-31")] == 1
    with pytest.raises(FrozenInstanceError):
        chosen.start = ""


def test_everything_ends_with_the_last_order_and_names_what_is_unknown(odd):
    whole = odd.everything()
    assert (whole.start, whole.end) == ("2024-12-30", "2025-04-09")
    assert whole.regions == ("(unknown)", "East", "North", "West", "west")
    assert whole.categories == ("(unknown)", "Attic", "Paper", "Toys")


# ------------------------------------------------------------------ answers


def test_answers_are_of_plain_types(odd):
    sql = """
    SELECT MAX(day) AS day, SUM(quantity) AS units, COUNT(*) AS n, AVG(quantity) AS mean, SUM(total_amount) AS money,
        MAX(region) AS region, NULL AS no_value, MAX(customer_id) AS customer, 1.5 AS exact, COUNT(*) > 1 AS is_more
    FROM order_lines
    """
    answer = odd.ask(sql)
    whole = ("units", "n", "customer", "is_more")
    assert {column: answer[column].dtype.kind for column in whole} == dict.fromkeys(whole, "i")
    assert {column: answer[column].dtype.kind for column in ("mean", "money", "exact", "no_value")} == dict.fromkeys(
        ("mean", "money", "exact", "no_value"), "f"
    )
    assert answer["day"].tolist() == ["2025-04-09"]
    rows = odd.ask("SELECT customer_id, registration_date, name FROM customers ORDER BY customer_id")
    assert rows["registration_date"].iloc[0] == "2024-01-01"
    assert pd.isna(rows["registration_date"].iloc[6])
    assert pd.isna(rows["name"].iloc[3])


def test_an_answer_is_kept_and_a_copy_is_given(odd, monkeypatch):
    sql = "SELECT region, COUNT(*) AS n FROM selected_lines GROUP BY region ORDER BY region"
    first = odd.ask(sql)
    asked = []
    monkeypatch.setattr(odd.engine, "run", lambda text, values: asked.append(text) or pd.DataFrame({"a": [1]}))
    first["n"] = 0
    again = odd.ask(sql)
    assert again["n"].sum() == len(ODD_SHOP["orders"])
    assert asked == []
    odd.ask(sql, replace(odd.everything(), regions=("East",)))
    odd.ask(sql + " ", None)
    assert len(asked) == 2


def test_the_least_recently_used_answer_goes(odd, monkeypatch):
    monkeypatch.setattr(ask, "ANSWERS_KEPT", 2)
    odd._answers.clear()
    for number in (1, 2, 1, 3):
        odd.ask("SELECT $n AS n", n=number)
    assert [dict(values)["n"] for _, values, _ in odd._answers] == [1, 3]


def test_the_oldest_answers_go_where_there_are_too_many_values(odd, monkeypatch):
    monkeypatch.setattr(ask, "VALUES_KEPT", 5)
    odd.forget()
    for number in (1, 2, 3, 4):
        odd.ask("SELECT $n AS n, $n AS again", n=number)
    assert [dict(values)["n"] for _, values, _ in odd._answers] == [3, 4]
    odd.ask("SELECT 1 AS a, 2 AS b, 3 AS c, 4 AS d, 5 AS e, 6 AS f")  # more than is kept of all together
    assert [dict(values)["n"] for _, values, _ in odd._answers] == [3, 4]


def test_models_that_lose_money_are_named(story, tmp_path):
    with closing(small_shop(story, tmp_path, "sqlite")) as shop:
        assert shop.notices() == []
        with closing(sqlite3.connect(shop.path)) as other, other:
            (view,) = other.execute("SELECT sql FROM sqlite_master WHERE name = 'daily_sales'").fetchone()
            lost = view.replace(
                "THEN total_amount ELSE 0.0 END) AS revenue", "THEN 0.999 * total_amount ELSE 0.0 END) AS revenue"
            )
            assert lost != view
            other.execute("DROP VIEW daily_sales")
            other.execute(lost)
        assert shop.refresh()
        assert shop.notices() == ["The models do not add up to the revenue of the orders: run the notebook again."]


def test_a_refresh_answers_anew(open_rows):
    with closing(open_rows(ODD_SHOP)) as shop:
        count = "SELECT COUNT(*) AS n FROM selected_lines"
        before, version = shop.ask(count)["n"].iloc[0], shop.version
        assert not shop.refresh()
        with closing(sqlite3.connect(shop.path)) as other, other:
            other.execute("INSERT INTO orders VALUES (9999, 1, 1, '2025-05-01', 1, 1.0, 'Completed', 1, 'Mars')")
        assert shop.ask(count)["n"].iloc[0] == before
        assert shop.refresh()
        assert shop.version == version + 1
        assert shop.ask(count)["n"].iloc[0] == before + 1
        assert shop.everything().end == "2025-05-01"
        assert "Mars" in shop.everything().regions


def test_threads_ask_at_once(odd):
    questions = [f"SELECT COUNT(*) + {n % 7} AS n FROM selected_lines" for n in range(60)]
    odd._answers.clear()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda sql: int(odd.ask(sql)["n"].iloc[0]), questions))
    assert found == [len(ODD_SHOP["orders"]) + n % 7 for n in range(60)]


def test_what_is_asked_ahead_is_answered_as_ever(open_rows):
    """Errors come to who asks, answers are those of the data when they are asked, and what nobody asks is dropped."""
    with closing(open_rows(ODD_SHOP)) as shop:
        count, wrong = "SELECT COUNT(*) AS n FROM selected_lines", "SELECT nothing FROM selected_lines"
        whole = shop.everything()
        ahead = [
            (count, whole, {}),
            (wrong, whole, {}),
            ("SELECT $lacking AS n", whole, {}),
            ("SELECT 'open", whole, {}),
            (count, whole, {"x": 1}),
        ]
        shop.ask_ahead(ahead)
        assert shop.ask(count)["n"].iloc[0] == len(ODD_SHOP["orders"])
        for sql in (wrong, "SELECT $lacking AS n", "SELECT 'open"):
            with pytest.raises((duckdb.Error, ShopProblem, pd.errors.DatabaseError)):
                shop.ask(sql)
        shop.forget()
        shop.ask_ahead(ahead)
        with closing(sqlite3.connect(shop.path)) as other, other:
            other.execute("INSERT INTO orders VALUES (9999, 1, 1, '2025-05-01', 1, 1.0, 'Completed', 1, 'Mars')")
        assert shop.refresh()
        assert shop.ask(count)["n"].iloc[0] == len(ODD_SHOP["orders"]) + 1


STEPS = {
    "sold": "SELECT product_id, quantity FROM selected_lines WHERE status = 'Completed'",
    "units": "SELECT product_id, SUM(quantity) * $times AS units FROM sold GROUP BY product_id ORDER BY units, product_id",
    "most": "SELECT MAX(units) AS units FROM units",
}
SHARING = [
    "SELECT product_id, units FROM units ORDER BY product_id",
    "SELECT product_id FROM units INNER JOIN most ON most.units = units.units ORDER BY product_id",
    "SELECT COUNT(*) AS n FROM units WHERE units < (SELECT units FROM most)",
    STEPS["units"],
]


def test_only_steps_that_several_read_are_shared():
    assert read_by_several(SHARING, STEPS, STEPS) == ["units", "most"]
    assert read_by_several(SHARING[:2], STEPS, STEPS) == ["units"]  # also through `most`
    assert read_by_several(SHARING[:1], STEPS, STEPS) == []
    assert read_by_several(SHARING, STEPS, ["sold"]) == ["sold"]
    assert read_by_several([STEPS["units"], SHARING[0]], STEPS, STEPS) == ["units"]


@pytest.mark.parametrize("room", [True, False])
def test_steps_that_several_questions_read_are_made_once(open_rows, monkeypatch, room):
    """Answers are those of each question by itself, over each selection, whether or not there is room for the rows."""
    with closing(open_rows(ODD_SHOP, steps=STEPS)) as shop:
        if shop.engine_name == "SQLite":
            pytest.skip("SQLite asks nothing ahead")
        whole = shop.everything()
        for times, chosen in ((1, whole), (3, replace(whole, regions=whole.regions[:2]))):
            alone = [shop.ask(sql, chosen, times=times) for sql in SHARING]
            shop.forget()
            held, run, hold = [], [], shop.engine.hold

            def hold_or_fail(table, sql, values, held=held, hold=hold):
                held.append(table)
                if not room:
                    raise duckdb.OutOfMemoryException("no room")
                hold(table, sql, values)

            monkeypatch.setattr(shop.engine, "hold", hold_or_fail)
            monkeypatch.setattr(
                shop.engine,
                "run",
                lambda sql, values, run=run, ask=shop.engine.run: run.append(sql) or ask(sql, values),
            )
            shop.ask_ahead([(sql, chosen, {"times": times}) for sql in SHARING])
            for sql, answer in zip(SHARING, alone, strict=True):
                pd.testing.assert_frame_equal(shop.ask(sql, chosen, times=times), answer)
            assert held == (["held_0_units", "held_0_most"] if room else ["held_0_units"])
            assert any("SELECT * FROM held_0_units" in sql for sql in run) == room
            monkeypatch.undo()
            shop.forget()
            tables = shop.engine.run("SELECT table_name FROM duckdb_tables()", {})["table_name"]
            assert not [name for name in tables if name.startswith("held")]


VALUES = {
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "INTEGER": st.integers(-(2**31), 2**31 - 1),
    "DOUBLE": st.floats(allow_infinity=False, allow_nan=False),
    "VARCHAR": st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
    "DATE": st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    "HUGEINT": st.integers(-(2**52), 2**52),
    "BOOLEAN": st.booleans(),
}


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), st.lists(st.none() | VALUES[kind])))
)
def test_arrays_become_plain_values_whatever_they_hold(column):
    kind, values = column
    with closing(duckdb.connect()) as duck:
        duck.execute(f"CREATE TABLE t (n INTEGER, x {kind})")
        if values:
            duck.executemany("INSERT INTO t VALUES (?, ?)", list(enumerate(values)))
        found = from_arrays(duck.execute("SELECT x FROM t ORDER BY n").fetchnumpy(), [kind])["x"]
    plain = [str(value) if kind == "DATE" and value is not None else value for value in values]
    assert [None if pd.isna(value) else value for value in found.tolist()] == [
        float(value) if value is not None and None in values and kind not in {"DATE", "VARCHAR"} else value
        for value in plain
    ]
    if plain and None not in values and kind in {"BIGINT", "INTEGER", "HUGEINT", "BOOLEAN"}:
        assert found.dtype == "int64"
    elif plain:
        assert found.dtype == "float64" or kind in {"DATE", "VARCHAR"}
