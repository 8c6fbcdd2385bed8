"""The page as one file: opened from disk, offline, in a real browser, it shows what the notebook shows of any selection."""

import json
import math
import random
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import pytest
from test_page import OUTSIDE_OR_OVERLAPPING

import browser

READ_TILES = """tiles => [...tiles.querySelectorAll('.shop-tile')].map(tile =>
    [tile.dataset.measure, tile.title, ...[...tile.children].map(part => part.textContent),
     tile.children[1].className, tile.querySelector('span')?.className ?? ''])"""
READ_HTML = f"""html => {{
    const place = document.createElement('div');
    place.innerHTML = html;
    return ({READ_TILES})(place);
}}"""
HOSTILE = [
    "</script><script>window.hacked = 1</script>",
    '<img src=x onerror="window.hacked = 2">',
    "<!-- <script> \"quoted\" & 'single' \\u003c \\",
    "line\u2028and paragraph\u2029, Ünïcödé 商店 🛒 %{x} %total% %keys%",
    "$1 $& {0} __proto__",
    "others and 3 others",
    "constructor",
]


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as running:
        yield running


class Opened:
    """An exported file, opened offline: its page, what it asked the network for, and what went wrong."""

    def __init__(self, nb, chromium, connection, filters, whole, settings, **options):
        self.nb, self.connection, self.filters, self.whole, self.settings = nb, connection, filters, whole, settings
        self.path = nb.save_page(connection, filters, whole, settings)
        options = {"viewport": {"width": 1500, "height": 1500}, **options}
        self.context = chromium.new_context(offline=True, **options)
        self.page = self.context.new_page()
        self.requests, self.troubles = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.troubles.append(error.stack))
        self.page.on("console", lambda said: self.troubles.append(said.text))
        self.page.on("dialog", lambda dialog: (self.troubles.append(dialog.message), dialog.dismiss()))
        self.page.goto(self.path.as_uri())
        self.page.wait_for_selector(".js-plotly-plot .main-svg")

    def close(self):
        """Close the page; whatever was done with it, it asked nobody for anything, and nothing went wrong."""
        self.context.close()
        asked = [url for url in self.requests if not url.startswith(("data:", "blob:"))]
        assert (asked, self.troubles) == ([self.path.as_uri()], [])

    def choose(self, regions, categories):
        """Choose in both lists; return the selection."""
        for name, chosen in (("regions", regions), ("categories", categories)):
            choices, choice = getattr(self.whole, name), self.page.locator(f"#{name}")
            values = [str(choices.index(name)) for name in chosen]
            if choice.evaluate("list => [...list.selectedOptions].map(option => option.value)") != values:
                choice.select_option(values)
        return replace(self.filters, regions=tuple(regions), categories=tuple(categories))

    def tiles(self):
        """Return what each tile says, its hint and its class."""
        return self.page.evaluate(f"({READ_TILES})(document)")

    def plot(self):
        """Return the data that the browser has drawn, and what the layout says of it."""
        return self.page.evaluate(
            """() => {
                const {data, layout} = document.querySelector('.js-plotly-plot');
                return JSON.parse(JSON.stringify({data, texts: layout.annotations.map(note => note.text),
                    ticks: [layout.yaxis4.tickvals, layout.yaxis4.ticktext], axis: layout.xaxis5.title.text}));
            }"""
        )

    def assert_lines(self, data):
        """Assert that the tiles have the notebook's small lines of what the file holds by day, and no others."""
        found = self.page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll('.shop-tile')].map(tile =>
                [tile.dataset.measure, tile.querySelector('polyline')?.getAttribute('points') ?? '']))"""
        )
        for measure, points in found.items():
            held = measure in ("revenue", "units", "cancelled_share", "returned_share")
            held = held and not math.isnan(data.tiles.loc[measure, "now"])
            line = self.nb.trend_line(data.trends[measure].tolist()) if held else ""
            expected = re.findall(r"[\d.]+", re.search('points="(.*?)"', line)[1]) if line else []
            drawn = [float(number) for number in re.findall(r"[\d.]+", points)]
            assert drawn == pytest.approx([float(number) for number in expected], abs=0.11), measure

    def assert_shows(self, filters):
        """Assert that tiles, charts and words are those of the notebook's page of a selection."""
        nb, currency = self.nb, self.settings.currency
        data = nb.read_page(self.connection, filters)
        assert self.tiles() == self.page.evaluate(READ_HTML, nb.tiles_html(data, currency))
        self.assert_lines(data)
        colours = nb.category_colours(self.whole.categories)
        expected = nb.compose(nb.page_figures(data, currency, colours), nb.SIDE_BY_SIDE)
        expected = json.loads(json.dumps(expected))  # as a browser would be told
        drawn, layout = self.plot(), expected["layout"]
        assert [trace["meta"] for trace in drawn["data"]] == [trace["meta"] for trace in expected["data"]]
        for trace, other in zip(drawn["data"], expected["data"], strict=True):
            assert_same(trace, other, trace["meta"])
        assert drawn["texts"] == [note["text"] for note in layout["annotations"]]
        assert drawn["ticks"] == [layout["yaxis4"]["tickvals"], layout["yaxis4"]["ticktext"]]
        assert drawn["axis"] == layout["xaxis5"]["title"]["text"]
        said = self.page.locator("[role=status]").text_content()
        assert said.startswith(nb.selection_text(filters, self.whole) + " · ")


def assert_same(found, expected, where):
    """Assert that two values of JSON are the same, numbers to far less than a cent."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name in expected:
            assert_same(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for number, pair in enumerate(zip(found, expected, strict=True)):
            assert_same(*pair, f"{where}[{number}]")
    elif isinstance(expected, float) or isinstance(found, float):
        assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-6), f"{where}: {found} instead of {expected}"
    else:
        assert found == expected, where


@pytest.fixture(scope="module")
def export(nb, chromium, tmp_path_factory):
    """A function that exports a selection and opens the file."""
    opened = []

    def export(connection, filters, whole, settings, **options):
        settings = replace(settings, exports=str(tmp_path_factory.mktemp("export")))
        opened.append(Opened(nb, chromium, connection, filters, whole, settings, **options))
        return opened[-1]

    yield export
    for file in opened:
        file.close()


def selections(whole, number):
    """Return regions and categories to choose: single ones, all, and some drawn at random."""
    draw = random.Random(7)
    yield whole.regions[:1], whole.categories[:1]
    yield whole.regions[-1:], whole.categories
    yield whole.regions, whole.categories[-1:]
    for _ in range(number):
        yield tuple(
            tuple(sorted(draw.sample(names, draw.randint(1, len(names))), key=names.index))
            for names in (whole.regions, whole.categories)
        )
    yield whole.regions, whole.categories


@pytest.fixture(scope="module")
def last_year(nb):
    """A function that returns the shop's last days, with as many days before them as there are."""

    def last_year(whole):
        start, end = date.fromisoformat(whole.start), date.fromisoformat(whole.end)
        days = min(300, ((end - start).days + 1) // 2)
        return replace(whole, start=(end - timedelta(days=days - 1)).isoformat())

    return last_year


@pytest.fixture(scope="module")
def file(export, sample_settings, last_year, nb):
    """The sample shop's last days, saved with two regions chosen."""
    connection = nb.connect(sample_settings.database)
    whole = nb.everything(connection)
    yield export(connection, replace(last_year(whole), regions=("East", "West")), whole, sample_settings)
    connection.close()


def test_every_selection_is_the_notebooks(nb, shop, export, last_year):
    file = export(shop.connection, last_year(shop.whole), shop.whole, shop.settings)
    file.assert_shows(file.filters)
    assert shop.states_statuses == ("–" not in [tile[3] for tile in file.tiles()])
    changes = {tile[0]: tile[4] for tile in file.tiles()}
    assert changes["customers"].startswith(("▲", "▼")), "the customers of the days before are known"
    for regions, categories in selections(shop.whole, 3):
        file.assert_shows(file.choose(regions, categories))
    texts = [option.inner_text() for option in file.page.locator("#regions option").all()]
    assert texts == list(shop.whole.regions)


def test_without_days_before_nothing_is_compared(nb, file, export):
    whole = export(file.connection, file.whole, file.whole, file.settings)
    whole.assert_shows(file.whole)
    assert {tile[4].strip() for tile in whole.tiles()} == {""}
    assert "no earlier days to compare with" in whole.page.locator("[role=status]").inner_text()
    whole.assert_shows(whole.choose(file.whole.regions[:2], file.whole.categories[2:]))


@pytest.fixture(scope="module", params=["few categories", "many categories"])
def odd_shop(request, nb, build, tmp_path_factory):
    """A shop with hostile names, guests, checkouts of several customers, and perhaps more categories than a set can number."""
    size = {"sample_orders": 2_000, "sample_customers": 80, "sample_products": 160, "sample_reviews": 300, "days": 120}
    settings = build(tmp_path_factory.mktemp("odd"), **size)
    with closing(sqlite3.connect(settings.database)) as connection, connection:
        regions = [name for (name,) in connection.execute("SELECT DISTINCT region FROM customers ORDER BY region")]
        for name, hostile in zip(regions, HOSTILE, strict=False):
            connection.execute("UPDATE customers SET region = ? WHERE region = ?", (hostile, name))
        categories = [
            name for (name,) in connection.execute("SELECT DISTINCT category FROM products ORDER BY category")
        ]
        for name, hostile in zip(categories, HOSTILE[:-1], strict=False):  # a slice called "constructor" stops Plotly
            connection.execute("UPDATE products SET category = ? WHERE category = ?", (hostile, name))
        for number, hostile in enumerate(HOSTILE):
            connection.execute("UPDATE customers SET name = ? WHERE customer_id % 9 = ?", (hostile, number))
            connection.execute("UPDATE products SET product_name = ? WHERE product_id % 9 = ?", (hostile, number))
        connection.execute(
            "UPDATE customers SET region = NULL, name = NULL, customer_segment = NULL WHERE customer_id % 10 = 8"
        )
        connection.execute("UPDATE customers SET customer_segment = ? WHERE customer_id % 10 = 7", (HOSTILE[0],))
        connection.execute("UPDATE products SET category = NULL WHERE product_id % 20 = 3")
        connection.execute(
            "UPDATE orders SET customer_id = NULL WHERE order_id % 11 = 0"
        )  # guests, also within a checkout
        connection.execute("UPDATE orders SET customer_id = 1 + order_id % 60 WHERE order_number % 5 = 0")
        connection.execute("UPDATE orders SET customer_id = 5 WHERE customer_id = 6")
        connection.execute("UPDATE orders SET total_amount = 1 WHERE customer_id % 4 = 0")  # many ties
        if request.param == "many categories":
            connection.execute("UPDATE products SET category = category || '-' || (product_id % 11)")
    nb.catch_up(settings)
    settings = replace(settings, shop_name="</title><script>window.hacked = 3</script>", currency="<i>& ")
    with closing(nb.connect(settings.database)) as connection:
        whole = nb.everything(connection)
        assert connection.execute("SELECT COUNT(*) FROM mixed_checkouts").fetchone()[0] > 100
        assert (len(whole.categories) > 60) == (request.param == "many categories")
        yield connection, whole, settings


def test_hostile_names_guests_and_checkouts_of_several_customers(odd_shop, export, last_year):
    connection, whole, settings = odd_shop
    file = export(connection, last_year(whole), whole, settings)
    file.assert_shows(file.filters)
    for regions, categories in selections(whole, 2):
        file.assert_shows(file.choose(regions, categories))
    assert file.page.evaluate("window.hacked") is None
    assert file.page.locator("img").count() == 0
    assert "</title><script>" in file.page.title()
    names = [" ".join(name.split()) for name in whole.categories]
    assert [
        " ".join(option.text_content().split()) for option in file.page.locator("#categories option").all()
    ] == names


def test_numbers_are_written_as_the_setting_says(nb, export, sample_settings, last_year):
    """The script writes decimals and thousands as the notebook does, in tiles, hovers and sentences."""
    settings = nb.replace(sample_settings, number_format="1.234,56")
    nb.use_number_format(settings.number_format)
    try:
        connection = nb.connect(settings.database)
        whole = nb.everything(connection)
        file = export(connection, last_year(whole), whole, settings)
        file.assert_shows(file.choose(whole.regions[:2], whole.categories))
        connection.close()
    finally:
        nb.use_number_format("1,234.56")


def test_it_opens_with_the_selection_it_was_saved_with(file):
    file.page.reload()
    file.page.wait_for_selector(".js-plotly-plot .main-svg")
    file.requests.pop()
    assert file.page.locator("#regions").evaluate("list => [...list.selectedOptions].map(o => o.text)") == [
        "East",
        "West",
    ]
    file.assert_shows(file.filters)


def test_the_marks_are_really_there(file):
    file.choose(file.whole.regions, file.whole.categories)
    plot = file.page.locator(".js-plotly-plot")
    assert plot.locator(".barlayer .point").count() == 20
    assert plot.locator(".pielayer .slice").count() == 7
    assert plot.locator(".scatterlayer .js-line").count() == 2
    assert plot.locator(".scatterlayer .point").count() > 300
    assert plot.locator(".heatmaplayer image").count() == 1


def test_it_says_which_shop_which_days_and_which_selection(file):
    start, end = file.filters.start, file.filters.end
    assert file.page.title() == f"Sample shop · {start} to {end}"
    foot = file.page.locator("footer").inner_text()
    assert f"Saved with the selection East, West · all categories · {start} to {end}" in " ".join(foot.split())
    assert f"from data of {file.whole.start} to {file.whole.end}" in " ".join(foot.split())


def test_an_empty_list_says_what_to_choose(nb, file):
    for regions, categories in (((), file.whole.categories), (file.whole.regions, ()), ((), ())):
        problem = file.choose(regions, categories).problem()
        assert file.page.locator("[role=status]").inner_text() == problem
        assert not file.page.locator(".shop-tiles").is_visible()
        drawn = file.plot()
        assert drawn["texts"] == [problem] * 5
        assert [trace.get("x", trace.get("values")) for trace in drawn["data"]] == [[]] * 7
        assert drawn["ticks"] == [[], []]
    file.page.get_by_role("button", name="All regions").click()
    file.page.get_by_role("button", name="All categories").click()
    assert file.page.locator(".shop-tiles").is_visible()
    file.assert_shows(replace(file.filters, regions=file.whole.regions))


def test_keys_alone_change_the_selection(file):
    file.choose(("East",), file.whole.categories)
    file.page.locator("body").click(position={"x": 2, "y": 2})
    for name in ("regions", "all-regions", "categories", "all-categories"):
        file.page.keyboard.press("Tab")
        assert file.page.evaluate("document.activeElement.id") == name
    file.page.keyboard.press("Shift+Tab")
    file.page.keyboard.press("Home")
    file.page.keyboard.press("ArrowDown")
    file.assert_shows(replace(file.filters, regions=("East",), categories=file.whole.categories[1:2]))
    file.page.keyboard.press("Shift+ArrowDown")
    file.assert_shows(replace(file.filters, regions=("East",), categories=file.whole.categories[1:3]))
    file.page.keyboard.press("Tab")
    file.page.keyboard.press("Enter")
    file.assert_shows(replace(file.filters, regions=("East",)))


def test_a_screen_reader_has_something_to_say(file):
    file.choose(("North",), file.whole.categories)
    page = file.page
    assert page.locator("html").get_attribute("lang") == "en"
    for name in ("Regions", "Categories"):
        assert page.get_by_label(name, exact=True).evaluate("list => list.multiple")
    label = page.get_by_role("img", name="Five charts").get_attribute("aria-label")
    best = file.plot()["data"][5]
    assert f"Five charts of North · all categories · {file.filters.start}" in label
    assert f"Top customers: {best['customdata'][0][0]} leads with ${best['x'][0]:,.2f}" in label
    sizes = [tile[4] for tile in file.tiles()]
    spoken = page.locator(".shop-tile [role=img]").evaluate_all("all => all.map(change => change.ariaLabel)")
    assert spoken == [
        re.sub("^. ", "up by " if size[0] == "▲" else "down by ", size) for size in sizes if size[0] in "▲▼"
    ]


@pytest.mark.parametrize("width", [420, 1000, 1500])
def test_everything_fits(file, width):
    file.choose(file.whole.regions, file.whole.categories)
    file.page.set_viewport_size({"width": width, "height": 1500})
    height = "document.querySelector('.js-plotly-plot')._fullLayout.height"
    narrow = file.page.evaluate("document.querySelector('#shop-main').clientWidth") < file.nb.NARROW
    assert narrow == (width == 420)
    browser.wait_until(lambda: (file.page.evaluate(height) > 1500) == narrow, 20, "the layout for this width")
    file.page.wait_for_timeout(300)
    outside, overlapping = file.page.evaluate(OUTSIDE_OR_OVERLAPPING)
    assert (outside, overlapping) == ([], [])
    assert file.page.evaluate("document.documentElement.scrollWidth") <= width
    file.page.set_viewport_size({"width": 1500, "height": 1500})
    browser.wait_until(lambda: file.page.evaluate(height) < 1500, 20, "the charts side by side")


def test_a_dark_page_has_dark_charts(nb, file):
    file.choose(("East",), file.whole.categories)
    light = file.plot()
    try:
        file.page.emulate_media(color_scheme="dark")
        background = "document.querySelector('.js-plotly-plot')._fullLayout.paper_bgcolor"
        browser.wait_until(lambda: file.page.evaluate(background) == "#0d1117", 10, "dark charts")
        assert file.page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == "rgb(13, 17, 23)"
        dark = file.plot()
        assert not any(colour in json.dumps(dark) for colour in (nb.INK, nb.SOFT, nb.ACCENT, nb.QUIET))
        assert [trace.get("y") for trace in dark["data"]] == [trace.get("y") for trace in light["data"]]
    finally:
        file.page.emulate_media(color_scheme="light")
    browser.wait_until(lambda: file.plot() == light, 10, "light charts again")


def test_the_same_figures_give_the_same_file(nb, file):
    before = file.path.read_bytes()
    assert nb.save_page(file.connection, file.filters, file.whole, file.settings).read_bytes() == before
    assert len(before) < 5_600_000, "Plotly's code and little more"


def test_what_cannot_be_saved(nb, file, tmp_path, monkeypatch):
    settings = replace(file.settings, exports=str(tmp_path))
    with pytest.raises(nb.ShopProblem, match="Choose at least one region"):
        nb.save_page(file.connection, replace(file.filters, regions=()), file.whole, settings)
    for limit in (4_000_000, 1_000):  # more than the numbers take, and less
        monkeypatch.setattr(nb, "EXPORT_LIMIT", limit)
        with pytest.raises(nb.ShopProblem, match="choose shorter dates"):
            nb.save_page(file.connection, file.filters, file.whole, settings)
    assert list(tmp_path.iterdir()) == []


def test_numbers_are_rounded_as_python_does(nb, file):
    """Ties above all: a file from a kernel and a kernel must never differ by a cent."""
    cents = [0.005, 0.125, 0.375, 10.125, 2.5, 1.005, 999.995, 1234567.125, 81 / 8, 0.0, 1e6, 123456789.125]
    found = file.page.evaluate("values => values.map(value => [money(value), percent(value), compact(value)])", cents)
    assert found == [[f"${value:,.2f}", f"{value:.1%}", nb.compact(value)] for value in cents]


def test_a_tiny_shop_and_days_without_a_sale(nb, build, export, tmp_path):
    """Two lines, one of a guest, no review, and weeks between them: every figure that is not known stays unknown."""
    (tmp_path / "shop").mkdir()
    for name, lines in {
        "customers": ["customer_id,name,region", "9007199254740993,,"],
        "products": ["product_id,product_name,category,price", "1,Book,Books,10", "2,Bear,Toys,20"],
        "orders": [
            "order_id,customer_id,product_id,order_date,quantity,total_amount",
            "1,9007199254740993,1,2025-03-01,3,30",
            "2,,2,2025-06-30,1,20",
        ],
    }.items():
        (tmp_path / "shop" / f"{name}.csv").write_text("\n".join(lines))
    settings = build(tmp_path, source=str(tmp_path / "shop"))
    with closing(nb.connect(settings.database)) as connection:
        whole = nb.everything(connection)
        file = export(connection, whole, whole, settings)
        file.assert_shows(whole)
        assert file.plot()["data"][5]["customdata"][0][0] == "Customer 9007199254740993"
        file.assert_shows(file.choose(whole.regions, ("Toys",)))
        quiet = export(connection, replace(whole, start="2025-05-20", end="2025-05-20"), whole, settings)
        quiet.assert_shows(quiet.filters)
        assert {tile[0]: tile[3] for tile in quiet.tiles()}["average_order_value"] == "–"
        label = quiet.page.get_by_role("img", name="Five charts").get_attribute("aria-label")
        assert "nothing sold" in label
        assert "nobody bought" in label
