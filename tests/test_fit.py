"""How a figure is fitted to its card, in a real Chromium: legend, notes, ticks, bars, cells; drawn again only where needed."""

import pandas as pd
import plotly.graph_objects as go
import pytest
from test_board import LOOK, card, cards, figure, page_text

from shopboard import marks
from shopboard.grids import grid
from shopboard.style import figure_json


@pytest.fixture
def opened(open_text):
    """A function that opens a page with cards."""
    return lambda shown, width=1000: open_text(page_text(shown), width)


def chart(*traces, **layout):
    """A card with a chart of one's own."""
    return {"id": "own", "kind": "chart", "title": "Own", "figure": figure(*traces, **layout)}


def shop_chart(*traces, **layout):
    """A card with a chart as the story makes them."""
    return {"id": "own", "kind": "chart", "title": "Own", "figure": figure_json(marks.chart(*traces, **layout), LOOK)}


def ticks(page, letter="x"):
    return page.locator(f'[data-card="own"] .{letter}tick text').all_text_contents()


def boxes(page, selector):
    found = page.locator(f'[data-card="own"] {selector}').all()
    return [box for each in found if (box := each.bounding_box())]


def two_lines():
    days = [f"2025-01-{day:02}" for day in range(1, 29)]
    return [
        marks.bars(days, range(28), "#7b94ab", name="Revenue"),
        marks.line(days, range(28), name="7-day average"),
        marks.dots(days[:1], [5], "#c4501b", name="Unusual &lt;days&gt;"),
    ]


def test_a_legend_is_buttons_that_hide_what_they_name(opened):
    page = opened([shop_chart(*two_lines(), xaxis=marks.DAYS)])
    entries = page.locator(".sb-legend button")
    assert entries.all_inner_texts() == ["Revenue", "7-day average", "Unusual <days>"]
    assert page.locator(".sb-plot .legend").count() == 0
    bars = page.locator('[data-card="own"] .barlayer .point')
    assert bars.count() == 28
    entries.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('.barlayer .point').length === 0")
    assert entries.first.get_attribute("aria-pressed") == "false"
    page.evaluate("draw(given.cards, {...given.look, dark: true})")  # what is hidden stays so
    page.wait_for_timeout(200)
    assert bars.count() == 0
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('.barlayer .point').length === 28")


def test_a_legend_of_many_names_leaves_a_narrow_chart_its_room(opened):
    traces = [marks.line([1, 2], [n, n + 1], name=f"A category {n}") for n in range(9)]
    page = opened([shop_chart(*traces)], width=360)
    assert page.locator(".sb-legend button").count() == 9
    (plot,) = boxes(page, ".nsewdrag")
    assert plot["height"] > 150 and plot["width"] > 200


def test_a_note_below_the_axis_is_written_by_the_card_and_wraps(opened):
    note = "Price<br>Not drawn:<br>37 products without a price,<br>1 &lt;free&gt; one, and many others that have other reasons"
    page = opened([shop_chart(marks.line([1, 2], [1, 2]), xaxis=marks.titled(note))], width=360)
    assert page.locator(".xtitle").text_content() == "Price"
    remark = page.locator(".sb-remark")
    assert remark.inner_text().startswith("Not drawn: 37 products without a price, 1 <free> one")
    assert remark.evaluate("each => each.scrollWidth <= each.clientWidth")


def test_a_title_that_is_too_long_for_its_axis_becomes_a_note(opened):
    title = "Lasts beyond Fri 27 Mar 2026, if demand comes as forecast"
    shown = shop_chart(marks.line([1, 2], [1, 2]), xaxis=marks.titled(title))
    assert opened([shown], width=360).locator(".sb-remark").inner_text() == title
    assert opened([shown], width=1000).locator(".xtitle").text_content() == title


@pytest.mark.parametrize("months", [["2025-03"], ["2025-03", "2025-05"]])
def test_few_months_have_one_tick_each(opened, months):
    """A month written as 2025-03 is a day to Plotly, which would go on with hours."""
    page = opened([chart({"type": "bar", "x": months, "y": [2] * len(months)})])
    assert ticks(page) == [{"2025-03": "Mar2025", "2025-05": "May2025"}[month] for month in months]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("width", [360, 1400])
def test_few_days_have_one_tick_each(opened, count, width):
    days = [f"2025-03-{day:02}" for day in range(1, count + 1)]
    page = opened([chart(go.Bar(x=days, y=[3.0] * count))], width)
    shown = ticks(page)
    assert len(set(shown)) == len(shown) <= count
    assert not [text for text in shown if ":" in text], "no hours"
    if width == 1400 or count < 6:
        assert len(shown) == count and shown[0].startswith("1 Mar")
    assert max(bar["width"] for bar in boxes(page, ".barlayer .point path")) <= 80


def test_cells_are_of_one_size_however_few(opened):
    def size(count):
        names = {n: str(n) for n in range(count)}
        told = {(row, column): (row + column, "1", "") for row in names for column in names}
        cells = marks.cells(names, names, told)
        shown = shop_chart(cells, xaxis=marks.NAMES, yaxis=marks.DOWNWARD)
        (image,) = boxes(opened([shown], 1400), ".hm image")
        return image["width"] / count, image["height"] / count

    for width, height in (size(1), size(2), size(4)):
        assert width == pytest.approx(120, abs=12)
        assert height == pytest.approx(44, abs=12)


def test_the_note_of_few_cells_stands_near_them(opened):
    def between(count):
        names = {n: str(n) for n in range(count)}
        cells = marks.cells(names, names, {(n, n): (1.0, "1", "") for n in names})
        shown = shop_chart(cells, xaxis=marks.titled("Months<br>* a note"), yaxis=marks.DOWNWARD)
        page = opened([{**shown, "height": 460}], 700)
        (image,), (note,) = boxes(page, ".hm image"), boxes(page, ".sb-remark")
        return note["y"] - image["y"] - image["height"]

    assert max(between(1), between(2), between(8)) < 130


def test_a_ranking_of_few_is_no_wall(opened):
    rows = pd.DataFrame({"name": ["Ada", "Ben"], "revenue": [2.0, 1.0]})
    ranked = marks.ranking(rows, "revenue", "name", {}, LOOK, text=["$2", "$1"])
    page = opened([{"id": "own", "kind": "chart", "title": "Own", "figure": figure_json(ranked, LOOK)}])
    assert max(bar["height"] for bar in boxes(page, ".barlayer .point path")) < 45
    label, bar = boxes(page, ".ytick text")[0], boxes(page, ".barlayer .point path")[0]
    assert bar["x"] - label["x"] - label["width"] >= 3, "names do not touch their bars"


COUNTED = """window.drawn = {react: [], newPlot: []};
for (const how of ["react", "newPlot"]) {
    const real = Plotly[how];
    Plotly[how] = (holder, ...rest) => { drawn[how].push(holder.closest(".sb-card").dataset.card); return real(holder, ...rest); };
}
null"""


def test_only_what_changed_is_drawn_and_in_place(opened):
    page = opened(cards(), 1400)
    page.evaluate(COUNTED)
    page.evaluate("draw(structuredClone(given.cards))")
    assert page.evaluate("drawn") == {"react": [], "newPlot": []}
    page.evaluate("given.cards.find((each) => each.id === 'bars').figure.data[0].x[0] = 9, draw()")
    page.wait_for_timeout(200)
    assert page.evaluate("drawn") == {"react": ["bars"], "newPlot": []}


def test_a_chart_that_was_not_drawn_is_drawn_again(opened):
    page = opened(cards(), 1400)
    page.evaluate(
        """Plotly.react = async (holder) => { holder.replaceChildren(); window.lost = (window.lost ?? 0) + 1; }; null"""
    )
    page.evaluate("given.cards.find((each) => each.id === 'bars').figure.data[0].x[0] = 9, draw()")
    assert page.evaluate("window.lost") == 1
    assert card(page, "bars").get_attribute("data-state") == "ready"
    assert card(page, "bars").locator(".bars .point path").count() == 7


def test_a_chart_that_cannot_be_drawn_says_so_and_the_others_are_there(opened, open_text):
    page = opened(cards(), 1400)
    page.evaluate("Plotly.react = Plotly.newPlot = async (holder) => holder.replaceChildren(); null")
    page.evaluate("given.cards.find((each) => each.id === 'bars').figure.data[0].x[0] = 9, draw()")
    failed = card(page, "bars")
    assert failed.get_attribute("data-state") == "failed"
    assert failed.locator(".sb-message").inner_text() == "This could not be drawn; its rows are in the menu."
    assert card(page, "revenue").locator(".bars .point path").count() == 90
    assert all("could not be drawn: Error: Plotly drew nothing" in fault for fault in open_text.faults)
    open_text.faults.clear()


WIDE = [
    {"name": name, "label": label, "format": kind}
    for name, label, kind in [
        ("product", "Product", "text"),
        ("supplier", "Supplier", "text"),
        *((f"n{n}", f"Units per {n} days", "decimal") for n in range(7)),
        ("day", "Last sale", "date"),
        ("month", "Month", "month"),
        ("said", "Finding", "text"),
    ]
]


def wide_table():
    row = ["Nordic Running Shoes", "Tanner, Sampson and Long", *range(7), "2025-12-07", "2025-12", "Well rated. " * 6]
    table = {"columns": WIDE, "rows": [row] * 25, "total": 25}
    return {"id": "own", "kind": "table", "title": "Own", "table": table}


@pytest.mark.parametrize("width", [360, 420, 800, 1000, 1400])
def test_a_table_never_leaves_its_card(opened, width):
    page = opened([wide_table()], width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    more = page.evaluate(
        "(() => { const box = document.querySelector('.sb-scroll'); return box.scrollWidth > box.clientWidth + 1; })()"
    )
    frame = page.locator(".sb-frame")
    assert ("sb-more" in frame.get_attribute("class")) == more
    page.evaluate("document.querySelector('.sb-scroll').scrollTo(5000, 300)")
    page.wait_for_function("!document.querySelector('.sb-frame').classList.contains('sb-more')")
    table, head, name = (
        page.locator(f".sb-{part}").first.bounding_box() for part in ("scroll", "table thead th", "table tbody th")
    )
    assert abs(head["y"] - table["y"]) < 2, "the header stays in view"
    assert abs(name["x"] - table["x"]) < 2, "and so does what a row is about"


def test_days_are_written_as_on_axes(opened):
    page = opened([wide_table()], 1400)
    assert page.locator("tbody tr").first.locator(".sb-date").all_inner_texts() == ["7 Dec 2025", "Dec 2025"]
    assert page.locator(".sb-count").inner_text() == "1–20 of 25"


def regional(columns):
    """A card of revenue by region and category, as the story draws it."""
    pairs = [
        (row, f"Category {column}", 11_400.0 * (row == "North") + 2_300.0 + column, 1)
        for row in ("Central", "North")
        for column in range(columns)
    ]
    sales = pd.DataFrame(pairs, columns=["region", "category", "revenue", "units"])
    shown = grid(sales, "region", "category", {"revenue": "Revenue"}, LOOK, (14, 20))
    return {"id": "own", "kind": "chart", "title": "Own", "figure": figure_json(shown, LOOK)}


@pytest.mark.parametrize(("columns", "width", "size", "texts"), [
    (7, 1400, 12, {"2.3k", "13.7k", "16.1k", "95.9k", "112k"}),
    (7, 375, 10, {"2.3k", "112k"}),
    (16, 360, 0, set()),
])  # fmt: skip
def test_the_numbers_of_cells_can_be_read_or_are_left_to_the_tip(opened, columns, width, size, texts):
    page = opened([regional(columns)], width)
    labels = page.locator('[data-card="own"] .heatmap-label')
    sizes = {float(label.evaluate("each => parseFloat(getComputedStyle(each).fontSize)")) for label in labels.all()}
    assert all(found >= 10 for found in sizes)
    assert max(sizes, default=0) >= size
    found = set(labels.all_text_contents())
    assert found >= texts if texts else found <= {""}
    if width == 375:  # rounded, where the machine's font leaves no room for more
        assert ("14k" in found) != ("13.7k" in found)
    cell = page.locator('[data-card="own"] .hm image').first.bounding_box()
    page.mouse.move(cell["x"] + 5, cell["y"] + 5)
    page.locator(".hovertext", has_text="Revenue").first.wait_for()
