"""The charts: what they are given is what they draw, in one colour per category, and any shop's texts stay texts."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from plotly.utils import PlotlyJSONEncoder

CHARTS = ("daily_revenue", "category_share", "regional_heatmap", "top_customers", "sales_rating")


@pytest.fixture(scope="module")
def figures(nb, shop):
    """The five charts of a whole shop, with the data that they draw."""
    page = nb.read_page(shop.connection, shop.whole)
    return page, nb.page_figures(page, "$", nb.category_colours(shop.whole.categories))


def values(items):
    """Return every number and text within lists and dictionaries."""
    if isinstance(items, dict):
        items = list(items.values())
    if isinstance(items, list | tuple):
        return [value for item in items for value in values(item)]
    return [items]


def test_each_chart_draws_its_data(figures):
    page, charts = figures
    day, average, marks = charts["daily_revenue"].data
    assert list(day.x) == page.daily_revenue["day"].tolist()
    assert list(day.y) == page.daily_revenue["revenue"].tolist()
    drawn = [math.nan if value is None else value for value in average.y]
    assert np.allclose(drawn, page.daily_revenue["moving_average"].astype(float), equal_nan=True)
    assert list(marks.x) == page.unusual_days["day"].tolist()
    (ring,) = charts["category_share"].data
    assert list(ring.values) == page.category_shares["revenue"].tolist()
    (bars,) = charts["top_customers"].data
    assert list(bars.x) == page.customers["lifetime_value"].tolist()
    (points,) = charts["sales_rating"].data
    rated = page.product_sales[page.product_sales["rating"].notna()]
    assert list(points.x) == rated["rating"].tolist()
    assert list(points.y) == rated["revenue"].tolist()
    assert list(points.marker.size) == rated["units"].tolist()
    (cells,) = charts["regional_heatmap"].data
    assert sum(sum(row) for row in cells.z) == pytest.approx(page.regional_sales["revenue"].sum())


def test_each_cell_stands_in_its_row_and_column(nb, sample_settings):
    connection = nb.connect(sample_settings.database)
    sales = nb.read_page(connection, nb.everything(connection)).regional_sales
    (cells,) = nb.regional_heatmap(sales, "$").data
    revenue = sales.set_index(["region", "category"])["revenue"]
    for row, region in enumerate(cells.y):
        for column, category in enumerate(cells.x):
            assert cells.z[row][column] == revenue[region, category]
    connection.close()


def test_one_colour_per_category_everywhere(nb, shop, figures):
    page, charts = figures
    colours = nb.category_colours(shop.whole.categories)
    assert len(set(colours.values())) == len(colours)
    assert list(charts["category_share"].data[0].marker.colors) == [
        colours[c] for c in page.category_shares["category"]
    ]
    rated = page.product_sales[page.product_sales["rating"].notna()]
    assert list(charts["sales_rating"].data[0].marker.color) == [colours[c] for c in rated["category"]]
    for category in rated["category"].unique():
        assert (
            f"<span style='color:{colours[category]}'>●</span> {category}"
            in charts["sales_rating"].layout.title.subtitle.text
        )


def test_colours_stay_when_the_selection_narrows(nb):
    whole = nb.category_colours(["A", "B", "C"])
    shares = pd.DataFrame({"category": ["C"], "revenue": [1.0], "units": [1], "percent_of_revenue": [100.0]})
    assert list(nb.category_share_chart(shares, "$", whole).data[0].marker.colors) == [whole["C"]]


def test_every_chart_has_title_units_and_hovers(figures):
    _, charts = figures
    assert set(charts) == set(CHARTS)
    for name, figure in charts.items():
        assert figure.layout.title.text, name
        assert figure.layout.title.subtitle.text, name
        for trace in figure.data:
            assert "%{" in trace.hovertemplate, name
            assert "$" in trace.hovertemplate, name
    assert "$" in charts["daily_revenue"].layout.yaxis.title.text
    assert "$" in charts["top_customers"].layout.xaxis.title.text
    assert "$" in charts["sales_rating"].layout.yaxis.title.text
    assert "stars" in charts["sales_rating"].layout.xaxis.title.text
    assert "in $" in charts["regional_heatmap"].layout.title.subtitle.text


def test_figures_hold_plain_values_only(nb, figures):
    """Arrays may travel as binary, which some pages lose, and NaN is no JSON."""
    _, charts = figures
    composed = nb.compose(charts, nb.SIDE_BY_SIDE)
    for value in values(composed):
        assert type(value) in (str, int, float, bool, type(None)), value
        assert not (isinstance(value, float) and math.isnan(value))
    assert "bdata" not in json.dumps(composed, cls=PlotlyJSONEncoder)


NASTY = "<b>A & B</b> $5 $6 %{x} 'q' \"d\""


def test_a_shops_texts_stay_texts(nb):
    """Plotly reads `<b>` as HTML and `%{x}` as a template: names are escaped and come as data."""
    colours = nb.category_colours([NASTY])
    customers = pd.DataFrame(
        {
            "value_rank": [1],
            "customer_id": [1],
            "name": [NASTY],
            "region": [NASTY],
            "customer_segment": [None],
            "lifetime_value": [1.0],
            "units": [1],
            "customers": [1],
        }
    )
    products = pd.DataFrame(
        {
            "product_id": [1],
            "product_name": [NASTY],
            "category": [NASTY],
            "price": [1.0],
            "revenue": [1.0],
            "units": [1],
            "rating": [4.0],
            "reviews": [1],
        }
    )
    sales = pd.DataFrame({"region": [NASTY], "category": [NASTY], "revenue": [1.0], "units": [1]})
    shares = pd.DataFrame({"category": [NASTY], "revenue": [1.0], "units": [1], "percent_of_revenue": [100.0]})
    drawn = [
        nb.top_customers_chart(customers, "$"),
        nb.sales_rating_chart(products, "$", colours),
        nb.regional_heatmap(sales, "$"),
        nb.category_share_chart(shares, "$", colours),
    ]
    for figure in drawn:
        text = json.dumps(figure.to_plotly_json(), cls=PlotlyJSONEncoder)
        assert "<b>A" not in text
        assert "&lt;b&gt;A &amp; B" in text
        for trace in figure.data:
            assert "A &" not in trace.hovertemplate
    assert "<b>" not in nb.tiles_html(minimal_page(nb), NASTY)


def minimal_page(nb):
    tiles = pd.DataFrame({"now": 1.0, "before": 2.0}, index=list(nb.MEASURES))
    filters = nb.Filters((NASTY,), (NASTY,), "2025-01-01", "2025-01-31")
    return nb.PageData(filters, tiles, *[pd.DataFrame()] * 7)


def test_two_customers_of_one_name_have_a_bar_each(nb):
    customers = pd.DataFrame(
        {
            "value_rank": [1, 2],
            "customer_id": [1, 2],
            "name": ["Ann", "Ann"],
            "region": ["x", None],
            "customer_segment": ["VIP", None],
            "lifetime_value": [2.0, 1.0],
            "units": [1, 1],
            "customers": [2, 2],
        }
    )
    (bars,) = nb.top_customers_chart(customers, "€").data
    assert len(set(bars.y)) == 2
    assert list(bars.customdata[1])[1:3] == ["(unknown)", "no segment"]


def test_many_regions_and_categories_are_folded_without_loss(nb):
    rng = np.random.default_rng(1)
    sales = pd.DataFrame(
        [
            {"region": f"r{r:02}", "category": f"c{c:02}", "revenue": float(rng.integers(1, 100)), "units": 1}
            for r in range(40)
            for c in range(30)
        ]
    )
    (cells,) = nb.regional_heatmap(sales, "$").data
    assert (len(cells.y), len(cells.x)) == (nb.SHOWN_ROWS, nb.SHOWN_COLUMNS)
    assert sum(sum(row) for row in cells.z) == sales["revenue"].sum()
    assert sum(sum(row) for row in cells.customdata) == len(sales)
    others = sales.groupby("region")["revenue"].sum().sort_values(ascending=False).iloc[nb.SHOWN_ROWS - 1 :].sum()
    assert sum(cells.z[list(cells.y).index("27 others")]) == others


def test_charts_of_nothing(nb, shop):
    """A selection without any sale gives charts, not errors."""
    nothing = nb.Filters(shop.whole.regions, shop.whole.categories, "1990-01-01", "1990-01-07")
    page = nb.read_page(shop.connection, nothing)
    charts = nb.page_figures(page, "$", nb.category_colours(shop.whole.categories))
    composed = nb.compose(charts, nb.SIDE_BY_SIDE)
    assert [trace["meta"] for trace in composed["data"]].count("daily_revenue") == 3
    assert page.tiles.loc["revenue", "now"] == 0
    assert "$0.00" in nb.tiles_html(page, "$")


@pytest.mark.parametrize("layout", ["SIDE_BY_SIDE", "STACKED"])
def test_charts_do_not_overlap_on_the_canvas(nb, figures, layout):
    _, charts = figures
    canvas = getattr(nb, layout)
    composed = nb.compose(charts, canvas)["layout"]
    places = []
    for number, name in zip(("", "2", "3", "4", "5"), charts, strict=True):
        if name == "category_share":
            place = canvas.places[name]
            across, upright = (place.left, place.right), (canvas.part(place.lower), canvas.part(place.upper))
        else:
            across, upright = composed[f"xaxis{number}"]["domain"], composed[f"yaxis{number}"]["domain"]
        assert 0 <= across[0] < across[1] <= 1
        assert 0 <= upright[0] < upright[1] <= 1
        places.append((*across, *upright))
    for n, one in enumerate(places):
        for other in places[n + 1 :]:
            assert one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (999.4, "999"), (999.9, "1k"), (1_500, "1.5k"), (750_767, "751k"), (999_999, "1M"), (2.5e9, "2.5B")],
)
def test_compact_numbers(nb, value, written):
    assert nb.compact(value) == written


@pytest.mark.parametrize(
    ("measure", "now", "before", "shown"),
    [
        ("revenue", 110, 100, '<span class="good">▲ 10.0%</span>'),
        ("revenue", 90, 100, '<span class="bad">▼ 10.0%</span>'),
        ("revenue", 100, 100, "± 0"),
        ("revenue", 100, 0, "&nbsp;"),
        ("revenue", 100, math.nan, "&nbsp;"),
        ("cancelled_share", 0.06, 0.05, '<span class="bad">▲ 1.0 points</span>'),
        ("returned_share", 0.04, 0.05, '<span class="good">▼ 1.0 points</span>'),
        ("rating", 4.2, 4.0, '<span class="good">▲ 0.20</span>'),
        ("rating", math.nan, 4.0, "&nbsp;"),
    ],
)
def test_changes_in_words(nb, measure, now, before, shown):
    assert nb.change(measure, now, before) == shown


def test_a_redrawn_canvas_is_the_fallback(nb, figures, monkeypatch):
    """Where Plotly cannot make a widget, `auto` redraws and `widget` says so."""
    _, charts = figures
    composed = nb.compose(charts, nb.SIDE_BY_SIDE)

    def refuse(*_):
        raise ImportError("Please install anywidget")

    monkeypatch.setattr(nb.go, "FigureWidget", refuse)
    assert isinstance(nb.make_canvas(composed, "auto"), nb.RedrawnCanvas)
    with pytest.raises(nb.ShopProblem, match="charts"):
        nb.make_canvas(composed, "widget")


def test_a_widget_shows_exactly_the_new_selection(nb, shop):
    """Filled in place, the widget holds the same as one that is made anew."""
    colours = nb.category_colours(shop.whole.categories)

    def composed(filters, canvas):
        return nb.compose(nb.page_figures(nb.read_page(shop.connection, filters), "$", colours), canvas)

    narrow = nb.Filters(shop.whole.regions[:1], shop.whole.categories[1:], shop.whole.start, shop.whole.end)
    canvas = nb.make_canvas(composed(shop.whole, nb.SIDE_BY_SIDE), "widget")
    for filters, layout in ((narrow, nb.SIDE_BY_SIDE), (shop.whole, nb.STACKED), (narrow, nb.STACKED)):
        expected = composed(filters, layout)
        canvas.show(expected)
        shown = canvas.figure.to_dict()
        fresh = nb.go.FigureWidget(expected).to_dict()
        for one, other in zip(shown["data"], fresh["data"], strict=True):
            one.pop("uid", None), other.pop("uid", None)
            assert one == other
        assert shown["layout"]["annotations"] == fresh["layout"]["annotations"]
