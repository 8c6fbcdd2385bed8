"""The figures: what they are given is what they draw, whatever it is, and any shop's texts stay texts."""

import itertools
import json
import math
import pickle
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from plotly.utils import PlotlyJSONEncoder

from shopboard import marks
from shopboard.cards import rows_of
from shopboard.style import ACCENT, GROUND, Look, category_colours, figure_json

QUESTIONS = {  # figure -> the questions whose answers it draws
    "daily_revenue_chart": ["DAILY_REVENUE"],
    "category_share_chart": ["CATEGORY_SHARES"],
    "regional_heatmap": ["REGIONAL_SALES"],
    "top_customers_chart": ["TOP_CUSTOMERS"],
    "concentration_chart": ["CONCENTRATION"],
    "rfm_chart": ["RFM_GROUPS"],
    "cohort_heatmap": ["COHORT_RETENTION"],
    "new_returning_chart": ["NEW_AND_RETURNING"],
    "sales_rating_chart": ["PRODUCT_SALES"],
    "price_units_chart": ["PRODUCT_SALES"],
    "rating_distribution_chart": ["RATINGS_BY_STAR"],
    "rating_trend_chart": ["RATINGS_BY_MONTH"],
    "most_returned_chart": ["MOST_RETURNED"],
    "category_pairs_chart": ["PAIRS_OF_CATEGORIES"],
    "weekday_chart": ["WEEKDAY_REVENUE"],
    "lost_chart": ["LOST_BY_MONTH"],
    "stock_scatter": ["INVENTORY"],
    "demand_chart": ["PRODUCT_DEMAND"],
    "stock_chart": ["PRODUCT_DEMAND", "INVENTORY"],
}
NASTY = "<b>A & B</b> <a href='x'>$5 $6</a> %{x} 'q' \"d\" "
PLACES = {
    "product_id",
    "customer_id",
    "value_rank",
    "top_percent",
    "months_after",
    "is_partial",
    "is_first",
    "whole_month",
}


@pytest.fixture(scope="module")
def look(shop):
    """How a page of the shop is written."""
    return Look("$", "1,234.56", category_colours(shop.whole.categories))


@pytest.fixture(scope="module")
def answers(story, shop):
    """Every question's answer over the whole shop."""
    product = int(shop.ask(story.PRODUCT_SALES)["product_id"].iloc[0])
    asked = {name for names in QUESTIONS.values() for name in names}
    given = {"INVENTORY": story.planning(), "PRODUCT_DEMAND": {"product": product}}
    return {name: shop.ask(getattr(story, name), **given.get(name, {})) for name in asked}


@pytest.fixture(scope="module")
def draw(story, answers, look):
    """A function that draws a figure of the shop's answers, each changed, with warnings as errors."""

    def draw(name, change=lambda answer: answer, look=look):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure = getattr(story, name)(*(change(answers[asked].copy()) for asked in QUESTIONS[name]), look)
            go.Figure(figure.to_dict())  # refuses what Plotly does not know
            return figure

    return draw


def values(items):
    """Return every number and text within lists and dictionaries."""
    if isinstance(items, dict):
        items = list(items.values())
    if isinstance(items, list | tuple):
        return [value for item in items for value in values(item)]
    return [items]


def notes(figure):
    """Return the sentences within a figure."""
    return [note.text for note in figure.layout.annotations if note.text]


def is_empty(figure):
    """Say whether a figure is a sentence alone."""
    return not figure.data and len(notes(figure)) == 1


def in_words(text):
    """Return a text with dollars as a reader sees them."""
    return text.replace("&#36;", "$")


def said(figure):
    """Return all that a figure says when it is pointed at."""
    return [in_words(text) for trace in figure.data for text in values(list(trace.hovertext or [])) if text]


def said_of(part):
    """Return what a part of a figure says: Plotly leaves out empty lists, and what is None."""
    if isinstance(part, dict):
        return {name: said_of(value) for name, value in part.items() if value not in (None, [])}
    return [said_of(value) for value in part] if isinstance(part, list) else part


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_page_shows_a_figure_as_plotly_would(story, answers, look, name):
    """The page takes traces and layout as they are given; Plotly's own objects, made of them, say the same."""
    figure = getattr(story, name)(*(answers[asked].copy() for asked in QUESTIONS[name]), look)
    given = said_of(figure_json(figure, look))
    assert isinstance(figure, go.Figure)
    assert len(figure.data) == len(given.get("data", ()))
    assert said_of(figure_json(go.Figure(figure), look)) == given
    assert said_of(figure_json(pickle.loads(pickle.dumps(figure)), look)) == given


def test_short_names_of_properties_are_understood(look):
    trace = marks.bars([1], [2], ACCENT, marker_line_width=3)
    shown = figure_json(marks.chart(trace, xaxis={"title_text": "Days"}), look)
    assert shown["data"][0]["marker"]["line"] == {"width": 3}
    assert shown["layout"]["xaxis"]["title"] == {"text": "Days"}


# --- any figure, whatever it is given


def without_rows(answer):
    return answer.head(0)


def one_row(answer):
    return answer.head(1)


def one_category(answer):
    for column in ("category", "companion_category"):
        if column in answer:
            answer = answer[answer[column] == answer[column].min()]
    return answer


def measures(answer):
    """Return the columns that measure something."""
    return [column for column in answer.select_dtypes("number") if column not in PLACES]


def all_zeros(answer):
    columns = [column for column in measures(answer) if column != "rating"]
    return answer.assign(**{column: answer[column] * 0 for column in columns})


def huge(answer):
    return answer.assign(**{column: answer[column] * 10.0**12 for column in measures(answer) if column != "rating"})


def unknown_floats(answer):
    return answer.assign(**dict.fromkeys(answer.select_dtypes("float"), math.nan))


def hostile(answer):
    names = "name product_name category companion_category region customer_segment supplier".split()
    return answer.assign(**{column: NASTY + answer[column].astype(str) for column in names if column in answer})


def nameless(answer):
    names = "name product_name region customer_segment".split()
    keyed = [column for column in names if column in answer and not ("region" in column and "name" not in answer)]
    return answer.assign(**dict.fromkeys(keyed, None))


def colliding(answer):
    """Give categories and regions the names of what every JavaScript object has."""
    for column in ("category", "companion_category", "region"):
        if column in answer and len(answer):
            found = sorted(answer[column].dropna().unique())
            answer[column] = answer[column].replace({found[0]: "__proto__", found[-1]: "constructor"})
    return answer


CHANGES = [without_rows, one_row, one_category, all_zeros, huge, unknown_floats, hostile, nameless, colliding]


@pytest.mark.parametrize("change", [lambda answer: answer, *CHANGES])
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_figure_draws_or_says_why_not_and_holds_plain_values_only(draw, name, change):
    """Arrays may travel as binary, which some pages lose, and NaN is no JSON."""
    figure = draw(name, change)
    drawn = figure.to_plotly_json()
    drawn["layout"].pop("template")
    assert is_empty(figure) or any(len(trace.y) for trace in figure.data)
    for value in values(drawn):
        assert type(value) in (str, int, float, bool, type(None)), value
        assert not (isinstance(value, float) and not math.isfinite(value))
    text = json.dumps(drawn, cls=PlotlyJSONEncoder)
    assert "bdata" not in text
    shown = [{**trace, "customdata": None} for trace in drawn["data"]]  # keys are not drawn
    text = json.dumps([shown, drawn["layout"]], cls=PlotlyJSONEncoder)
    for markup in ("<b>A &", "<a ", "%{x}"):
        assert markup not in text
    assert "width" not in drawn["layout"] and "height" not in drawn["layout"] and "title" not in drawn["layout"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_without_rows_is_a_sentence(draw, name):
    assert is_empty(draw(name, without_rows))


@pytest.mark.parametrize("name", ["regional_heatmap", "new_returning_chart", "rfm_chart", "rating_trend_chart"])
def test_rows_of_nothing_are_a_sentence(draw, name):
    assert is_empty(draw(name, all_zeros))


@pytest.mark.parametrize("name", QUESTIONS)
def test_numbers_are_written_as_the_reader_writes_them(draw, look, name):
    german = Look("€", "1.234,56", look.colours)
    english = said(draw(name))
    texts = said(draw(name, look=german))
    swap = str.maketrans({",": ".", ".": ","})
    money = [(one, other) for one, other in zip(english, texts, strict=True) if "$" in one]
    for one, other in money[:200]:
        amount = one[one.index("$") + 1 :].split("<")[0].rstrip(")")
        assert f"€{amount.translate(swap)}" in other


def test_shops_texts_are_escaped(draw):
    for name in ("top_customers_chart", "sales_rating_chart", "regional_heatmap", "category_share_chart"):
        texts = said(draw(name, hostile))
        assert any("&lt;b&gt;A &amp; B" in text for text in texts), name


def test_hovers_name_the_thing_and_the_unit(draw, shop):
    first = said(draw("daily_revenue_chart"))[0]
    assert first.startswith(f"<b>{pd.Timestamp(shop.whole.start):%a %-d %b %Y}</b><br>Revenue $")
    for text in said(draw("regional_heatmap")):
        assert all(part in text for part in ("<b>", "Revenue $", "Units "))
    for name in ("sales_rating_chart", "price_units_chart"):
        assert all(text.startswith("<b>") and "Units " in text for text in said(draw(name)))
    assert {text[:7] for text in said(draw("new_returning_chart"))} == {"<b>" + text for text in _months(shop)}


def _months(shop):
    return {pd.Timestamp(day).strftime("%b ") for day in shop.orders["order_date"]}


# --- what is drawn


def test_each_day_is_drawn(draw, answers, story):
    daily = answers["DAILY_REVENUE"]
    revenue, pending, average, marked = draw("daily_revenue_chart").data
    assert list(revenue.x) == list(pending.x) == list(average.x) == daily["day"].tolist()
    assert list(revenue.y) == daily["revenue"].tolist()
    assert list(pending.y) == daily["pending_revenue"].tolist()
    drawn = [math.nan if value is None else value for value in average.y]
    assert np.allclose(drawn, daily["moving_average"].astype(float), equal_nan=True)
    odd = story.unusual_days(daily)
    assert (list(marked.x), list(marked.y)) == (odd["day"].tolist(), odd["revenue"].tolist())


def daily_rows(days, last=None, count=1, of=1):
    """Return what the question of revenue answers: 100 each day, week or month."""
    rows = {"day": days, "revenue": 100.0, "moving_average": 100.0, "pending_revenue": 0.0}
    return pd.DataFrame({**rows, "last_day": days if last is None else last, "days": count, "interval_days": of})


def test_weeks_and_months_that_are_not_whole_are_hollow(story, look):
    weeks = daily_rows(["2025-01-01", "2025-01-06"], ["2025-01-05", "2025-01-12"], [5, 7], 7)
    revenue, part, pending, average, marked = story.daily_revenue_chart(weeks, look).data
    assert [list(trace.y) for trace in (revenue, part, pending)] == [[None, 100], [100, None], [0, 0]]
    assert (part.name, part.showlegend, part.marker.line.width) == ("Part of a week", True, 1.5)
    assert (revenue.xperiod, pd.Timestamp(revenue.xperiod0).day_name()) == (7 * 86_400_000, "Monday")
    assert [list(pair) for pair in revenue.customdata] == weeks[["day", "last_day"]].to_numpy().tolist()
    assert "Wed 1 Jan 2025 to Sun 5 Jan 2025<br>5 of 7 days" in part.hovertext[0]
    assert "of 7 days" not in revenue.hovertext[1]
    assert not average.showlegend and len(marked.x) == 0
    assert story.interval_name(weeks) == "Completed lines, by week"
    months = daily_rows(["2025-01-01", "2025-02-01"], ["2025-01-31", "2025-02-28"], [31, 28], [31, 28])
    revenue, *others = story.daily_revenue_chart(months, look).data
    assert (revenue.xperiod, len(others)) == ("M1", 3)
    assert "by month" in story.interval_name(months)


def test_earlier_days_are_a_quiet_line_beside_the_days_that_are_compared_with_them(story, look):
    days, before = (pd.date_range(day, periods=3).strftime("%Y-%m-%d") for day in ("2025-02-04", "2025-02-01"))
    earlier = daily_rows(before).assign(revenue=7.0, moving_average=[None, None, 5.0])
    line = story.daily_revenue_chart(daily_rows(days), look, earlier).data[-1]
    assert (list(line.x), list(line.y), line.line.dash) == (list(days), [None, None, 5.0], "dot")
    assert in_words(line.hovertemplate).startswith("Earlier 7-day average $%{y")
    assert line.name == "Earlier 7-day average"
    weeks = daily_rows(days, days, 7, 7)
    line = story.daily_revenue_chart(weeks, look, weeks.assign(revenue=7.0)).data[-1]
    assert (list(line.y), line.name, line.xperiod) == ([7.0, 7.0, 7.0], "Earlier", 7 * 86_400_000)


def test_an_unusual_day_says_why(story, look):
    days = pd.date_range("2024-01-01", periods=70).strftime("%Y-%m-%d")
    daily = daily_rows(days)
    daily.loc[30, "revenue"] = 1_000.0
    daily.loc[69, "pending_revenue"] = 5.0
    revenue, pending, _, marked = story.daily_revenue_chart(daily, look).data
    assert list(marked.x) == [days[30]]
    assert "10.0 times what is expected of a Wednesday" in revenue.hovertext[30]
    assert "(that is $100.00)" in in_words(revenue.hovertext[30])
    assert "Pending $5.00" in in_words(revenue.hovertext[69]) and "Pending" not in revenue.hovertext[68]
    assert pending.showlegend and pending.marker.pattern.shape == "/"


def test_shares_rank_categories_in_their_colours(draw, answers, look):
    shares = answers["CATEGORY_SHARES"]
    (bars,) = draw("category_share_chart").data
    assert list(bars.x) == shares["revenue"].tolist()
    assert list(bars.customdata) == shares["category"].tolist()
    assert list(bars.text) == [f"{value:.1f}%" for value in shares["percent_of_revenue"]]
    assert list(bars.marker.color) == [look.colours[name] for name in shares["category"]]


def test_a_category_has_one_colour_everywhere(draw, look):
    assert len(set(look.colours.values())) == len(look.colours)
    for name in ("sales_rating_chart", "price_units_chart"):
        for trace in draw(name).data:
            assert trace.marker.color == look.colours[trace.name]


def test_each_cell_stands_in_its_row_and_column(draw, answers):
    sales = answers["REGIONAL_SALES"].set_index(["region", "category"])["revenue"]
    if sales.groupby("region").sum().size > 14:
        pytest.skip("regions are added up")
    inner, edge = draw("regional_heatmap").data
    found = {}
    for row, column in itertools.product(range(len(inner.y)), range(len(inner.x))):
        value = inner.z[row][column]
        assert (value is None) == (edge.z[row][column] is not None), "a cell is a pair or a total"
        region, category = inner.customdata[row][column]
        if value is None:
            total = sales[(region or slice(None), category or slice(None))]
            assert edge.z[row][column] == pytest.approx(np.sum(total))
        else:
            found[region, category] = value
            assert inner.text[row][column] == "–" or value
    assert found == sales.to_dict()


def test_many_regions_and_categories_are_folded_without_loss(story, look):
    rng = np.random.default_rng(1)
    pairs = itertools.product(range(40), range(30))
    rows = [(f"r{one:02}", f"c{other:02}", float(rng.integers(1, 100)), 1) for one, other in pairs]
    sales = pd.DataFrame(rows, columns=["region", "category", "revenue", "units"])
    inner, edge = story.regional_heatmap(sales, look).data
    assert (len(inner.y), len(inner.x)) == (14 + 1, 10 + 1)
    assert sum(value for row in inner.z for value in row if value) == edge.z[-1][-1] == sales["revenue"].sum()
    assert "Units 1,200" in edge.hovertext[-1][-1]
    assert (inner.y[-2], inner.x[-2]) == ("27 others", "21 others")
    assert list(inner.customdata[-2][0]) == ["", inner.x[0]], "a sum of others is no region to choose"
    smallest = sales.groupby("region")["revenue"].sum().sort_values(ascending=False).iloc[13:].sum()
    assert edge.z[-2][-1] == smallest
    just_room = sales[sales["region"].isin([f"r{one:02}" for one in range(14)]) & (sales["category"] < "c10")]
    inner, _ = story.regional_heatmap(just_room, look).data
    assert (inner.y[-2], inner.x[-2]) == ("r13", "c09"), "as many as there is room for are no others"


def test_a_region_called_total_is_a_region(story, look):
    sales = pd.DataFrame({"region": ["Total", "East"], "category": "Total", "revenue": [1.0, 2.0], "units": 1})
    inner, edge = story.regional_heatmap(sales, look).data
    assert sorted(value for row in inner.z for value in row if value is not None) == [1, 2]
    assert edge.z[-1][-1] == 3
    assert len(set(inner.y)) == 3 and len(set(inner.x)) == 2


def test_customers_are_drawn_by_their_places(draw, answers, story, look):
    customers = answers["TOP_CUSTOMERS"]
    (bars,) = draw("top_customers_chart").data
    assert list(bars.x) == customers["lifetime_value"].tolist()
    assert list(bars.customdata) == customers["customer_id"].tolist()
    two = customers.head(2).assign(name="Ann", region=["x", None], customer_segment=["VIP", None])
    (bars,) = story.top_customers_chart(two, look).data
    assert len(set(bars.y)) == 2, "two customers may bear one name"
    assert "Region x" in bars.hovertext[0] and "Segment VIP" in bars.hovertext[0]
    assert "Region" not in bars.hovertext[1] and "Segment" not in bars.hovertext[1], "what is unknown is not said"
    (bars,) = story.top_customers_chart(two.assign(name=None), look).data
    assert bars.hovertext[0].startswith(f"<b>Customer {two['customer_id'].iloc[0]}</b>")


def test_the_curve_of_concentration(draw, answers, story, look):
    known = answers["CONCENTRATION"]
    _, curve, marked = draw("concentration_chart").data
    assert list(curve.x) == list(range(101))
    assert list(curve.y)[1:] == known["percent_of_revenue"].tolist()
    assert list(marked.x) == [1, 10, 20]
    assert list(marked.y) == known.set_index("top_percent")["percent_of_revenue"][[1, 10, 20]].tolist()
    two_people = known.assign(customers=[1] * 50 + [2] * 50, percent_of_revenue=[75.0] * 50 + [100.0] * 50)
    _, _, marked = story.concentration_chart(two_people, look).data
    assert (list(marked.x), list(marked.y)) == ([20], [75]), "the same people are marked once"
    nine = known.assign(customers=[-(-9 * top // 100) for top in known["top_percent"]])
    for shares, labels in (
        ((0, 3, 3, 9), ["", "  top 20%: <b>3%</b>"]),
        ((0, 20, 30, 90), ["", "  top 20%: <b>30%</b>"]),
        ((0, 20, 31, 90), ["  top 10%: <b>20%</b>", "  top 20%: <b>31%</b>"]),
    ):
        percents = np.interp(nine["customers"], [0, 1, 2, 9], shares)
        _, _, marked = story.concentration_chart(nine.assign(percent_of_revenue=percents), look).data
        assert list(marked.text) == labels, "labels that would touch are left out"
    one = story.concentration_chart(known.assign(customers=1, percent_of_revenue=100.0), look).data[2]
    assert (list(one.y), list(one.textposition)) == ([100], ["bottom right"]), "below the curve, not on it"
    assert is_empty(story.concentration_chart(known.assign(percent_of_revenue=math.nan), look))


def test_groups_and_who_is_in_none(draw, answers, story, look):
    groups = answers["RFM_GROUPS"]
    (bars,) = draw("rfm_chart").data
    assert list(bars.x) == groups["revenue"][:11].tolist()
    assert list(bars.customdata) == groups["rfm_group"][:11].tolist() == list(story.RFM_MEANINGS)
    assert [text.split(" · ")[0] for text in bars.text] == [f"{size:,}" for size in groups["customers"][:11]]
    outside = groups.assign(customers=[*groups["customers"][:11], 7])
    figure = story.rfm_chart(outside, look)
    assert "7 customers who bought earlier" in figure.layout.xaxis.title.text.replace("<br>", " ")


def cohort_answer(months):
    """Return two customers a month, one of whom orders in every later month."""
    rows = [
        (cohort, after, 2, 2 - bool(after), 50.0 if after else 100.0, 0, int(n == 0))
        for n, cohort in enumerate(months)
        for after in range(len(months) - n)
    ]
    rows += [("average", after, 2, 1, 50.0, 0, 0) for after in range(len(months))]
    columns = "cohort months_after customers ordering_customers percent_of_cohort is_partial is_first".split()
    return pd.DataFrame(rows, columns=columns)


def test_the_triangle_of_cohorts(draw, answers, story, look):
    known = answers["COHORT_RETENTION"].set_index(["cohort", "months_after"])["percent_of_cohort"]
    (cells,) = draw("cohort_heatmap").data
    for row, keys in zip(cells.z, cells.customdata, strict=True):
        assert [value for value in row if value is not None] == known[keys[0][0]].tolist()
    assert cells.y[-1] == "Average"
    months = [f"{year}-{month:02}" for year in (2022, 2023, 2024) for month in range(1, 13)]
    figure = story.cohort_heatmap(cohort_answer(months), look)
    (cells,) = figure.data
    assert [keys[0][0] for keys in cells.customdata] == [*months[-24:], "average"]
    assert "The latest 24 of 36 cohorts" in figure.layout.xaxis.title.text
    assert "older" not in figure.layout.xaxis.title.text
    figure = story.cohort_heatmap(cohort_answer(months[:3]), look)
    assert list(figure.data[0].y) == ["Jan 2022* · 2", "Feb 2022 · 2", "Mar 2022 · 2", "Average"]
    assert "* may hold older customers" in figure.layout.xaxis.title.text
    assert list(figure.data[0].text[1]) == ["", "50", ""]
    assert "1 of 2 customers ordered, 50.0%" in figure.data[0].hovertext[0][1]


def test_orders_of_new_and_returning_customers(draw, answers, story, look):
    months = answers["NEW_AND_RETURNING"]
    figure = draw("new_returning_chart")
    drawn = {trace.name: list(trace.y) for trace in figure.data}
    assert drawn["New"] == months["new_orders"].tolist()
    assert drawn["Returning"] == months["returning_orders"].tolist()
    assert ("Customer unknown" in drawn) == bool(months["guest_orders"].any())
    assert list(figure.data[0].customdata) == months["month"].tolist()
    guests = story.new_returning_chart(months.assign(guest_orders=3), look)
    assert guests.data[-1].name == "Customer unknown" and set(guests.data[-1].y) == {3}
    assert figure.layout.barmode == "stack"


def drawn_points(figure):
    """Return product -> (x, y)."""
    return {key: (x, y) for trace in figure.data for key, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)}


def pairs(products, x, y):
    return dict(zip(products["product_id"], zip(products[x], products[y], strict=True), strict=True))


def test_products_are_drawn_where_they_belong(draw, answers):
    products = answers["PRODUCT_SALES"]
    rated = products[products["rating"].notna()]
    sold = rated[rated["revenue"] > 0]
    assert drawn_points(draw("sales_rating_chart")) == pairs(sold, "rating", "revenue")
    assert drawn_points(draw("price_units_chart")) == pairs(products[products["price"] > 0], "price", "units")
    sizes = {
        key: size
        for trace in draw("sales_rating_chart").data
        for key, size in zip(trace.customdata, trace.marker.size, strict=True)
    }
    assert sizes == dict(zip(sold["product_id"], sold["units"], strict=True))


def products(*rows):
    """Return products as the page has them: (rating, revenue) each."""
    columns = {"rating": [row[0] for row in rows], "revenue": [row[1] for row in rows]}
    return pd.DataFrame(columns, dtype=float)


def test_fields_are_parted_at_the_medians(story):
    assert story.quadrants(products((5, 40), (4, 30), (4, 10), (1, 35), (2, 5))) == {
        "Stars": 2,  # one of them lies on both lines
        "Well rated, little sold": 1,
        "Sold in spite of ratings": 1,
        "Neither": 1,
    }
    assert list(story.quadrants(products((5, 3), (4, 0), (3, 0))).values()) == [1, 1, 0, 1], (
        "what is not sold is never well sold"
    )
    assert list(story.quadrants(products()).values()) == [0] * 4


def test_fields_are_marked_in_the_figure(draw, answers, story):
    rated = answers["PRODUCT_SALES"].dropna(subset="rating").head(marks.SHOWN_POINTS)
    figure = draw("sales_rating_chart")
    upright, level = figure.layout.shapes
    assert (upright.x0, level.y0) == (rated["rating"].median(), rated["revenue"].median())
    for name, count in story.quadrants(rated).items():
        assert f"{name}: <b>{count:,}</b>" in notes(figure)
    assert sum(story.quadrants(rated).values()) == len(rated)


def test_products_without_a_point_are_counted(story, look, answers, monkeypatch):
    some = answers["PRODUCT_SALES"].head(6).assign(price=[None, 0, 1, 2, 3, 4], rating=[None, None, 3, 4, 5, 4])
    price, rating = story.price_units_chart(some, look), story.sales_rating_chart(some, look)
    assert "1 products without a price,<br>1 at a price of 0" in price.layout.xaxis.title.text
    assert "2 products without a review" in rating.layout.xaxis.title.text
    monkeypatch.setattr(story, "SHOWN_POINTS", 3)
    figure = story.sales_rating_chart(some, look)
    assert "1 of least revenue" in figure.layout.xaxis.title.text
    assert len(drawn_points(figure)) == 3
    assert figure.layout.shapes[1].y0 == some["revenue"].iloc[3]


def test_reviews_by_star_and_month(draw, answers, story, look):
    (bars,) = draw("rating_distribution_chart").data
    stars = answers["RATINGS_BY_STAR"]
    assert list(bars.x) == stars["percent_of_reviews"].tolist()[::-1]
    assert list(bars.customdata) == [5, 4, 3, 2, 1]
    months = answers["RATINGS_BY_MONTH"]
    (trend,) = draw("rating_trend_chart").data
    drawn = [math.nan if value is None else value for value in trend.y]
    assert drawn == pytest.approx(months["mean_rating"].tolist(), nan_ok=True)
    assert [colour == GROUND for colour in trend.marker.color] == (months["whole_month"] == 0).tolist()
    columns = ["month", "whole_month", "reviews", "mean_rating"]
    gap = pd.DataFrame([("2025-01", 1, 3, 4.0), ("2025-02", 1, 0, math.nan), ("2025-03", 0, 1, 2.0)], columns=columns)
    (trend,) = story.rating_trend_chart(gap, look).data
    assert list(trend.y) == [4, None, 2] and not trend.connectgaps
    assert list(trend.marker.color) == [ACCENT, ACCENT, GROUND]
    assert "part of the month" in trend.hovertext[2]


def test_returns_are_drawn_by_their_places(draw, answers, shop):
    returned = answers["MOST_RETURNED"]
    figure = draw("most_returned_chart")
    if not shop.states_statuses:
        assert is_empty(figure)
        return
    (bars,) = figure.data
    assert list(bars.x) == returned["returned_units"].tolist()
    assert list(bars.customdata) == returned["product_id"].tolist()
    assert [text.split(" · ")[1] for text in bars.text] == [f"{share:.1%}" for share in returned["returned_share"]]


def test_each_pair_has_one_cell(draw, answers):
    figure = draw("category_pairs_chart")
    known = answers["PAIRS_OF_CATEGORIES"]
    if known.empty:
        assert is_empty(figure)
        return
    (cells,) = figure.data
    drawn = {
        tuple(sorted(keys)): value
        for row, names in zip(cells.z, cells.customdata, strict=True)
        for value, keys in zip(row, names, strict=True)
        if value is not None
    }
    assert drawn == dict(
        zip(zip(known["category"], known["companion_category"], strict=True), known["lift"], strict=True)
    )
    assert (cells.zmin, cells.zmax) == (0, 2), "chance is in the middle of the colours"


def test_few_categories_of_many_have_a_cell(story, look, monkeypatch):
    monkeypatch.setattr(story, "SHOWN_PAIRED", 3)
    sizes = {"a": 50, "b": 10, "c": 40, "d": 30}
    rows = [(one, other, sizes[one], sizes[other], 6, 0.1, 1.5) for one, other in itertools.combinations(sizes, 2)]
    columns = "category companion_category checkouts companion_checkouts checkouts_with_both affinity lift".split()
    figure = story.category_pairs_chart(pd.DataFrame(rows, columns=columns), look)
    (cells,) = figure.data
    assert (list(cells.x), list(cells.y)) == (["a", "c"], ["c", "d"])
    assert "The 3 categories in most checkouts" in figure.layout.xaxis.title.text


def test_stock_by_class(draw, answers, shop):
    known = answers["INVENTORY"]
    figure = draw("stock_scatter")
    if known["stock"].isna().all():
        assert is_empty(figure)
        return
    able = known[(known["days_of_inventory"] > 0) & (known["revenue_per_day"] > 0)]
    assert drawn_points(figure) == pairs(able, "days_of_inventory", "revenue_per_day")
    assert [trace.name for trace in figure.data] == ["Class A", "Class B", "Class C"]
    assert len({trace.marker.symbol for trace in figure.data}) == 3
    assert f"{(known['stock'] == 0).sum()} out of stock" in figure.layout.xaxis.title.text
    unsold = ((known["stock"] > 0) & known["units_per_day"].eq(0)).sum()
    assert f"{unsold} not sold lately" in figure.layout.xaxis.title.text
    assert not {trace.marker.color for trace in figure.data} & set(category_colours(shop.whole.categories).values())


def test_the_own_chart_and_the_sizes_of_tables(story, shop):
    done = shop.orders[shop.orders["status"] == "Completed"]
    units = done.groupby(done["order_date"].str[:7])["quantity"].sum()
    found = shop.ask(story.UNITS)
    assert dict(zip(found["month"], found["units"], strict=True)) == units.to_dict()
    (drawn,) = story.UNITS_CHART.figure(found).data
    assert (list(drawn.x), list(drawn.y)) == (found["month"].tolist(), units.tolist())
    assert drawn.hoverinfo == "x+y"  # it says what it is
    sizes = shop.ask(story.TABLE_SIZES)
    assert dict(zip(sizes["table_name"], sizes["table_rows"], strict=True)) == {
        name: len(rows) for name, rows in shop.rows.items()
    }


def test_demand_and_its_forecast(draw, answers, story):
    demand = answers["PRODUCT_DEMAND"]
    sold, coming = draw("demand_chart").data
    assert list(sold.x) == demand["day"].tail(91).tolist()
    assert list(sold.y) == demand["units"].tail(91).tolist()
    found = story.forecast_demand(demand, story.METHODS)
    assert list(coming.y) == found.forecast["units"].head(28).tolist()
    assert coming.x[0] > sold.x[-1]
    assert "than a naive forecast" in draw("demand_chart").layout.xaxis.title.text
    assert "too few sales to test it" in draw("demand_chart", one_row).layout.xaxis.title.text


@pytest.mark.parametrize(
    ("stock", "title", "last"),
    [
        (10.0, "Runs out on Fri 10 Jan 2025", 0.0),
        (10_000.0, "Lasts beyond Tue 1 Jul 2025", 9_818.0),
        (0.0, "Has run out", 0.0),
    ],
)
def test_stock_falls_as_demand_comes(story, look, stock, title, last):
    days = pd.date_range(end="2024-12-31", periods=100).strftime("%Y-%m-%d")
    demand = pd.DataFrame({"product_id": 7, "product_name": "Hat", "day": days, "units": 1})
    inventory = pd.DataFrame({"product_id": [6, 7], "stock": [5.0, stock], "reorder_point": [1.0, 3.5]})
    figure = story.stock_chart(demand, inventory, look)
    falling, point, gone = figure.data
    assert figure.layout.xaxis.title.text == title
    assert (falling.x[0], falling.y[0], falling.y[-1]) == ("2024-12-31", stock, pytest.approx(last))
    assert set(point.y) == {3.5}
    assert len(gone.x) == (last == 0)
    unknown = story.stock_chart(demand, inventory.assign(stock=math.nan), look)
    assert notes(unknown) == ["The stock of this product is not known"]


# --- axes and labels


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (20, 800, ["10", "20", "50", "100", "200", "500", "1k"]),
        (0.03, 0.2, ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]),
        (40, 20_000, ["10", "30", "100", "300", "1k", "3k", "10k", "30k", "100k"]),
        (5, 5, ["1", "2", "5", "10"]),
    ],
)
def test_log_axes_have_plain_ticks(low, high, ticks):
    axis = marks.log_axis("", pd.Series([low, high], dtype=float), Look())
    assert [text for text in axis["ticktext"] if text not in {"20", "50"} or text in ticks][: len(ticks)] == ticks
    assert min(axis["tickvals"]) <= low <= high <= max(axis["tickvals"])


def test_log_axes_of_any_range_have_few_ticks():
    for low, high in [(1e-4, 1e12), (1, 1e9), (1e15, 1e16)]:
        axis = marks.log_axis("", pd.Series([low, high]), Look())
        assert 2 <= len(axis["ticktext"]) <= 12
        assert len(set(axis["ticktext"])) == len(axis["ticktext"])


def test_a_legend_has_room_or_is_not_there():
    def named(count):
        return marks.chart(*(marks.line([1], [1], name=str(n)) for n in range(count))).layout.showlegend

    assert [named(count) for count in (1, 2, 10, 11)] == [False, True, True, False]


def test_months_are_compared_with_those_before_the_selection(story, shop):
    """A year's first months have a month and a year before them; a part of a month is compared with nothing."""
    (card,) = [part for row in story.OVERVIEW.rows for part in row if part.title == "Months"]
    whole = shop.whole
    asked = SimpleNamespace(ask=shop.ask, everything=lambda: whole)
    everything = shop.ask(story.MONTHLY_REVENUE, whole).set_index("month")
    selection = replace(whole, start=f"{int(whole.end[:4]) - 1}-05-15")
    shown = rows_of(card, asked, selection, {})
    assert shown["month"].iloc[0] == selection.start[:7]
    first, *others = shown.itertuples()
    assert pd.isna(first.percent_on_month) and pd.isna(first.percent_on_year)
    assert first.revenue < everything["revenue"][first.month]
    assert others
    for row in others:
        known = everything.loc[row.month]
        assert row.revenue == pytest.approx(known["revenue"])
        if row.whole_month:
            assert row.percent_on_month == pytest.approx(known["percent_on_month"], nan_ok=True)
            assert row.percent_on_year == pytest.approx(known["percent_on_year"], nan_ok=True)
