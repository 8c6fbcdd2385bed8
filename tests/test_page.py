"""The page in a real browser, under each server that shows it."""

import re
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import nbformat
import pytest

from shopboard.cards import fill
from shopboard.selection import opening
from shopboard.style import Look, category_colours

import browser
from notebook_module import read_notebook, settings_changed

NAME = "ecommerce_dashboard.ipynb"
PACKAGE = Path(__file__).resolve().parent.parent / "shopboard"
FIRST = "all regions · all categories · 1 Jan 2025 to 31 Dec 2025"
CHARTS = (
    "overview-revenue",
    "overview-category-share",
    "overview-regions-and-categories",
    "overview-top-customers",
    "overview-sales-and-ratings",
)
DAILY, SHARES, CELLS, CUSTOMERS, PRODUCTS = CHARTS


def notebook_in(folder, kind="", **changed):
    """Write the notebook into a folder, with some settings changed as a user would change them."""
    notebook = settings_changed(**changed) if changed else read_notebook()
    if kind == "classic":  # it draws every line of folded cells: those that carry the package would take it a minute
        notebook.cells = [cell for cell in notebook.cells if "skip-execution" not in cell.metadata.get("tags", ())]
    nbformat.write(notebook, folder / NAME)
    if not (folder / "shopboard").exists():
        (folder / "shopboard").symlink_to(PACKAGE)


@pytest.fixture(scope="module")
def opened(request, chromium, tmp_path_factory):
    """The page, opened under one server; all tests of a server share it, as a user goes on with one page."""
    folder = tmp_path_factory.mktemp(request.param)
    notebook_in(folder, request.param, public=False)  # as its owner has it, in Voilà, too
    with browser.server(request.param, folder) as address:
        page, asked = chromium.new_page(viewport={"width": 1600, "height": 1400}), []
        page.on("request", lambda request: asked.append(request.url))
        browser.open_page(page, request.param, address)
        page.folder, page.asked = folder, asked
        yield page, browser.cards(page)
        page.close()


# What hangs on the host that shows the page; the rest is the page's own, and is tried in one of them.
OF_EVERY_HOST = {
    "test_what_is_drawn_is_what_the_questions_answer",
    "test_marks_are_really_there",
    "test_each_filter_changes_each_chart",
    "test_changes_update_in_place",
    "test_everything_fits",
    "test_the_printed_report_can_be_taken_along",
    "test_live_orders_come_and_go",
    "test_rows_behind_a_card_are_shown_and_follow",
    "test_a_click_in_a_chart_leads_on_and_back",
    "test_the_dark_page",
    "test_a_shop_of_ones_own_is_one_click_away",
    "test_no_request_goes_beyond_the_server",
}


def pytest_generate_tests(metafunc):
    """Let each test see the page in every host that is installed, or in the last of them, which is Voilà if it is."""
    if "opened" in metafunc.fixturenames:
        hosts = browser.servers()
        every = metafunc.function.__name__ in OF_EVERY_HOST
        shown = hosts if every else [pytest.param(host, marks=pytest.mark.one_host) for host in hosts[-1:]]
        metafunc.parametrize("opened", shown, indirect=True, scope="module")


@pytest.fixture
def page(opened):
    """The page with all filters reset, so that it shows what it showed at first."""
    page, first = opened
    page.set_viewport_size({"width": 1600, "height": 1400})
    open_tab(page, "Overview")
    page.get_by_role("button", name="Reset", exact=True).click()
    status_says(page, FIRST)
    browser.wait_until(lambda: browser.cards(page) == first, 20, "the first figures")
    return page


def status_says(page, text):
    page.locator(".shop-page .shop-status, .shop-page .shop-alert").filter(has_text=text).first.wait_for(timeout=20_000)


def open_tab(page, name):
    """Show one of the dashboard's pages."""
    page.locator(".shop-pages").get_by_role("button", name=name, exact=True).click()


def from_menu(page, name):
    """Press a button of the menu More, which is opened for that and closed again."""
    more = page.get_by_role("button", name="More", exact=True)
    more.click()
    page.locator(".shop-menu").get_by_role("button", name=name, exact=True).click()
    more.click()


def from_card(page, card, entry):
    """Choose an entry of a card's menu."""
    browser.card(page, card).locator(".sb-menu-button").click()
    browser.card(page, card).get_by_role("button", name=entry, exact=True).click()


def name_list(page, kind):
    """Return one of the lists with checkboxes, opened."""
    found = page.locator(
        ".shop-page details.shop-list", has=page.get_by_role("group", name=kind, exact=True, include_hidden=True)
    )
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found


def checked(page, kind):
    """Return the names that are checked in a list."""
    boxes = name_list(page, kind).locator("li label:has(input:checked)")
    return [name.strip() for name in boxes.all_inner_texts()]


def choose(page, kind, names):
    """Check these names of a list, and no others, as a user does: only the first, then the others."""
    found = name_list(page, kind)
    for number, name in enumerate(names):
        row = found.locator("li", has=page.get_by_text(name, exact=True))
        row.hover()
        if number == 0:
            row.get_by_role("button", name=f"Only {name}", exact=True).click()
        else:
            row.get_by_role("checkbox").check()
    if not names:
        found.get_by_role("checkbox", name="All", exact=True).uncheck()


def near(one, other):
    """Say whether two values of traces are equal, numbers to a part in a million; what is not known is None."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(near, one, other))
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return one == pytest.approx(other, rel=1e-6) if numbers else one == other


def test_what_is_drawn_is_what_the_questions_answer(page, opened, story, sample_shop):
    drawn, whole = opened[1], sample_shop.everything()
    selection, look = opening(whole), Look(colours=category_colours(whole.categories), end=whole.end)
    cards = fill(story.OVERVIEW, sample_shop, selection, look, {})
    assert set(drawn) == {card["id"] for card in cards}
    for card in cards:
        if card["kind"] != "chart":
            continue
        traces = drawn[card["id"]]
        assert len(traces) == len(card["figure"]["data"]) > 0
        for trace, known in zip(traces, card["figure"]["data"], strict=True):
            for name in ("x", "y", "z", "labels", "values"):
                assert near(trace.get(name), known.get(name)), (card["id"], name)
    with closing(sqlite3.connect(page.folder / "ecommerce.db")) as connection:
        sql = "SELECT SUM(total_amount) FROM orders WHERE status = 'Completed' AND order_date >= '2025-01-01'"
        (revenue,) = connection.execute(sql).fetchone()
    assert browser.tile(page, "revenue") == f"${revenue:,.2f}"
    assert sum(drawn[DAILY][0]["y"]) == pytest.approx(revenue)


@pytest.fixture(scope="module")
def sample_shop(open_shop, sample_settings):
    shop = open_shop(sample_settings)
    yield shop
    shop.close()


def test_marks_are_really_there(page):
    """What the browser draws, not only what it was told: bars, points, lines and cells as SVG."""
    assert browser.card(page, CUSTOMERS).locator(".barlayer .point").count() == 20
    assert browser.card(page, SHARES).locator(".barlayer .point, .pielayer .slice").count() == 7
    assert browser.card(page, DAILY).locator(".scatterlayer .js-line").count() >= 1
    assert browser.card(page, PRODUCTS).locator(".scatterlayer .point").count() > 400
    assert browser.card(page, CELLS).locator(".heatmaplayer image").count() >= 1
    assert page.locator(".shop-page .modebar-btn").count() == 0  # which would offer to upload the chart


def point_at(page, mark, across=0.5, down=0.5):
    """Move the mouse to a mark."""
    mark.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # until the host has scrolled to its end
    box = mark.bounding_box()
    for shift in (2, 0):
        page.mouse.move(box["x"] + box["width"] * across + shift, box["y"] + box["height"] * down)
        page.wait_for_timeout(200)


def press(page, mark, across=0.5, down=0.5):
    point_at(page, mark, across, down)
    page.mouse.down()
    page.mouse.up()


def test_pointing_at_a_mark_tells_its_numbers(page, opened):
    bar = browser.card(page, CUSTOMERS).locator(".barlayer .point").first
    shown = browser.card(page, CUSTOMERS).locator(".hoverlayer .hovertext")

    def told():
        """Point at the bar, anew where the host has scrolled meanwhile."""
        point_at(page, bar)
        return shown.first.text_content() if shown.count() else None

    most = max(opened[1][CUSTOMERS][0]["x"])
    assert f"${most:,.2f}" in browser.wait_until(told, 20, "the numbers of a bar")
    page.mouse.move(0, 0)


def test_each_filter_changes_each_chart(page):
    before, revenue = browser.cards(page), browser.tile(page, "revenue")
    choose(page, "Regions", ["North", "West"])
    after = browser.changed(page, before, CHARTS)
    status_says(page, "North, West · all categories")
    after = browser.changed(page, before, CHARTS)
    assert browser.tile(page, "revenue") != revenue

    choose(page, "Categories", ["Books", "Toys"])
    status_says(page, "North, West · Books, Toys")
    narrower = browser.changed(page, after, CHARTS)
    status_says(page, "North, West · Books, Toys")
    assert len(browser.card(page, SHARES).locator(".barlayer .point, .pielayer .slice").all()) == 2

    page.get_by_label("Days", exact=True).select_option("Last 90 days")
    latest = browser.changed(page, narrower, CHARTS)
    assert len(latest[DAILY][0]["x"]) == 90
    status_says(page, "3 Oct 2025 to 31 Dec 2025")

    first_day = page.get_by_label("First day", exact=True)
    first_day.fill("2025-12-01")
    first_day.press("Tab")
    own = browser.changed(page, latest, (DAILY, "overview-key-figures"))
    assert own[DAILY][0]["x"][0] == "2025-12-01"

    name_list(page, "Regions").get_by_role("checkbox", name="All", exact=True).check()
    status_says(page, "all regions · Books, Toys")
    name_list(page, "Categories").get_by_role("checkbox", name="All", exact=True).check()
    status_says(page, "all regions · all categories · 1 Dec 2025")


def test_reset_gives_the_first_figures_again(page, opened):
    choose(page, "Regions", ["East"])
    browser.changed(page, opened[1], CHARTS)
    choose(page, "Categories", ["Toys"])
    status_says(page, "East · Toys")
    page.get_by_role("button", name="Reset", exact=True).click()
    status_says(page, FIRST)
    browser.wait_until(lambda: browser.cards(page) == opened[1], 20, "the first figures again")
    assert [len(checked(page, kind)) for kind in ("Regions", "Categories")] == [5, 7]


def test_changes_update_in_place(page):
    """The same plot elements stay, and the page does not grow."""
    page.evaluate("document.querySelectorAll('.shop-page .js-plotly-plot').forEach(plot => plot.dataset.mark = 'same')")
    count = page.locator(".shop-page .js-plotly-plot").count()
    height = page.evaluate("document.querySelector('.shop-page').scrollHeight")
    for choice in (["North"], ["South"], ["East"]):
        before = browser.cards(page)
        choose(page, "Regions", choice)
        browser.changed(page, before, CHARTS)
    page.get_by_role("button", name="Reset", exact=True).click()
    status_says(page, FIRST)
    assert page.locator(".shop-page .js-plotly-plot[data-mark=same]").count() == count
    browser.wait_until(
        lambda: page.evaluate("document.querySelector('.shop-page').scrollHeight") == height,
        10,
        "the height from before",
    )


def test_an_empty_selection_says_what_to_choose(page):
    choose(page, "Regions", [])
    status_says(page, "Choose at least one region to see figures.")
    browser.wait_until(
        lambda: "Choose at least one region" in browser.card(page, DAILY).inner_text(), 10, "the sentence in a card"
    )
    assert page.locator(".shop-page .sb-card[data-card][data-state=empty]").count() == 9
    choose(page, "Regions", ["East"])
    status_says(page, "East · all categories")
    browser.wait_until(lambda: browser.drawn(page), 10, "charts again")
    assert browser.card(page, CUSTOMERS).locator(".barlayer .point").count() > 0


OUTSIDE = """() => [...document.querySelectorAll(".shop-page .sb-card")].filter(card => card.offsetParent).flatMap(card => {
    const frame = card.getBoundingClientRect();
    return [...card.querySelectorAll(".js-plotly-plot svg text, .sb-title, .sb-value, .sb-label")]
        .map(text => [text.textContent, text.getBoundingClientRect()])
        .filter(([, box]) => box.width && (box.left < frame.left - 1 || box.right > frame.right + 1))
        .map(([text]) => [card.dataset.card, text]);
})"""


@pytest.mark.parametrize("width", [480, 1000, 1600])
def test_everything_fits(page, width):
    """No text of a card is cut off, and the page does not scroll sideways."""
    if "/lab/" in page.url or "classic" in browser.servers():
        width = max(width, 800)  # their own panes and margins leave no room on a narrower page
    page.set_viewport_size({"width": width, "height": 1400})
    page.wait_for_timeout(1_500)
    for name in ("Overview", "Customers", "Products", "Inventory", "Data & SQL"):
        open_tab(page, name)
        browser.wait_until(lambda: browser.drawn(page), 20, f"the page {name}")
        page.wait_for_timeout(500)
        with suppress(AssertionError):  # Lab lays its panes out late
            browser.wait_until(lambda: page.evaluate(OUTSIDE) == [], 10, f"the cards of {name}")
        assert page.evaluate(OUTSIDE) == [], name
        whole = "document.querySelector('.shop-page')"
        assert page.evaluate(f"{whole}.scrollWidth - {whole}.clientWidth") <= 1, name


def test_the_printed_report_can_be_taken_along(page):
    choose(page, "Regions", ["North"])
    status_says(page, "North · all categories")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Printed report").click()
    link = page.locator('.shop-page a[download="report.pdf"]')
    link.wait_for(timeout=40_000)
    with page.expect_download() as download:
        link.click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    choose(page, "Regions", ["South"])  # the report is of the selection that it was made for
    link.wait_for(state="detached", timeout=20_000)
    page.get_by_role("button", name="More", exact=True).click()


def test_many_quick_changes_end_with_the_last(page):
    """Newer kernels serve widgets from several threads: the page must end with what was chosen last."""
    for region, category in (("North", "Toys"), ("East", "Home"), ("South", "Books"), ("West", "Beauty")):
        choose(page, "Regions", [region])
        choose(page, "Categories", [category])
    status_says(page, "West · Beauty")
    page.wait_for_timeout(1_500)
    labels = browser.card(page, CELLS).locator(".yaxislayer-above, .xaxislayer-above").all_text_contents()
    assert "West" in "".join(labels) and "Beauty" in "".join(labels)
    assert "North" not in "".join(labels)
    assert page.locator(".shop-page [role=alert]").count() == 0


@pytest.mark.skipif("voila" not in browser.servers(), reason="Voilà is not among these versions")
def test_a_wrong_setting_is_said_on_the_voila_page(chromium, tmp_path):
    notebook_in(tmp_path, source="nowhere.sqlite", public=False)  # visitors are told less
    with browser.server("voila", tmp_path) as address:
        page = chromium.new_page()
        page.goto(address, timeout=90_000)
        alert = page.locator("[role=alert]", has_text="nowhere.sqlite")
        alert.first.wait_for(timeout=60_000)
        assert alert.count() == 1
        assert "The setting `source` is" in alert.inner_text()
        page.close()
    assert [path.name for path in tmp_path.iterdir() if "ecommerce.db" in path.name] == []


def test_live_orders_come_and_go(page, opened):
    """The clock ticks, the shop sells, the page follows; switched off, everything is as it was."""
    revenue = browser.tile(page, "revenue")
    from_menu(page, "Live orders")
    status_says(page, "1 Jan 2025 to 1 Jan 2026")  # a day that the sample did not have
    sold = browser.wait_until(lambda: (now := browser.tile(page, "revenue")) != revenue and now, 20, "a sale")
    browser.wait_until(lambda: browser.tile(page, "revenue") != sold, 20, "another sale")
    from_menu(page, "Live orders")
    status_says(page, FIRST)
    browser.wait_until(lambda: browser.cards(page) == opened[1], 20, "the figures from before")
    assert browser.tile(page, "revenue") == revenue


def test_rows_behind_a_card_are_shown_and_follow(page):
    from_card(page, DAILY, "Rows")
    card = browser.card(page, DAILY)
    rows = card.locator(".sb-panel tbody tr")
    rows.first.wait_for(timeout=20_000)
    assert rows.count() == 20
    first = rows.first.inner_text()
    card.get_by_role("button", name="Next page").click()
    card.locator(".sb-panel .sb-count", has_text="21–40 of 365").wait_for(timeout=20_000)
    card.get_by_role("button", name="Previous page").click()
    card.locator(".sb-panel .sb-count", has_text="1–20 of 365").wait_for(timeout=20_000)
    choose(page, "Regions", ["West"])
    status_says(page, "West · all categories")
    browser.wait_until(lambda: rows.first.inner_text() != first, 20, "rows of the West")
    from_card(page, DAILY, "SQL")
    sql = card.locator(".sb-panel pre.sb-sql").first
    sql.wait_for(timeout=20_000)
    assert "SELECT" in sql.inner_text()
    assert "$region_1" in card.locator(".sb-panel").inner_text()
    assert "West" in card.locator(".sb-panel .sb-parameters").inner_text()
    with page.expect_download() as download:
        from_card(page, DAILY, "Download CSV")
    content = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert content.splitlines()[0] == "day,revenue,moving_average,pending_revenue,units,last_day,days,interval_days"
    card.get_by_role("button", name="Close SQL").click()
    assert card.locator(".sb-panel tbody tr").count() == 0


def test_a_click_in_a_chart_leads_on_and_back(page, opened):
    """A cell of the heatmap sets both filters, a bar its category; the way back leads back."""
    press(page, browser.card(page, CELLS).locator(".heatmaplayer image").first, 0.07, 0.1)
    browser.wait_until(lambda: len(checked(page, "Regions")) == 1, 20, "one region to be chosen")
    assert len(checked(page, "Categories")) == 1
    page.get_by_role("button", name="← Back").click()
    status_says(page, FIRST)
    browser.wait_until(lambda: browser.cards(page) == opened[1], 20, "the first figures")
    press(page, browser.card(page, SHARES).locator(".barlayer .point path, .pielayer .slice path").first)
    browser.wait_until(lambda: len(checked(page, "Categories")) == 1, 20, "one category")
    page.get_by_role("button", name="← Back").click()
    status_says(page, FIRST)
    press(page, browser.card(page, CUSTOMERS).locator(".barlayer .point path").first)
    browser.card(page, "customers-customer").wait_for(timeout=20_000)
    page.get_by_role("button", name="← Back").click()
    browser.card(page, DAILY).wait_for(timeout=20_000)
    status_says(page, FIRST)


def test_chips_say_what_is_chosen_and_are_removed(page):
    choose(page, "Regions", ["East", "West"])
    chips = page.get_by_role("list", name="Chosen").get_by_role("listitem")
    browser.wait_until(
        lambda: (
            [chip.inner_text().split() for chip in chips.all()] == [["Region", "East", "×"], ["Region", "West", "×"]]
        ),
        20,
        "two chips",
    )
    page.get_by_role("button", name="Remove Region East").click()
    browser.wait_until(lambda: checked(page, "Regions") == ["West"], 20, "the West alone")
    page.get_by_role("button", name="Remove Region West").press("Enter")
    status_says(page, FIRST)
    assert chips.count() == 0


def test_lists_are_searched_and_used_by_keyboard(page):
    """A shop has many suppliers: what is searched for is found, and the others stay chosen."""
    suppliers = name_list(page, "Suppliers")
    count = suppliers.locator("li").count()
    wanted = suppliers.locator("li label span").nth(count - 1).inner_text()
    search = suppliers.get_by_role("searchbox", name="Search suppliers")
    search.fill(wanted.upper())
    assert suppliers.locator("li").count() == 1
    page.keyboard.press("Tab")  # to All
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    status_says(page, f"all regions · all categories · {count - 1} of {count} suppliers")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == f"Only {wanted}"
    page.keyboard.press("Enter")
    status_says(page, f"all regions · all categories · {wanted} · ")
    search.fill("no such name")
    suppliers.get_by_text("Nothing has this name").wait_for()
    search.fill("")
    suppliers.locator("summary").click()


def test_days_are_compared_with_a_year_before(page):
    figures = browser.card(page, "overview-key-figures")
    page.get_by_label("Compare with").select_option("Year before")
    figures.get_by_text("Compared with the same weekdays a year before, 3 Jan 2024 to 1 Jan 2025").wait_for(
        timeout=20_000
    )
    page.get_by_label("Days", exact=True).select_option("All days")
    figures.get_by_text("No record of the same weekdays a year before to compare with").wait_for(timeout=20_000)
    assert figures.locator(".sb-change[class*=sb-good], .sb-change[class*=sb-bad]").count() == 0


def test_a_drag_across_the_days_chooses_them(page):
    plot = browser.card(page, DAILY).locator(".js-plotly-plot .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    browser.wait_until(
        lambda: page.get_by_label("Days", exact=True).input_value() == "Own days", 20, "days of one's own"
    )
    days = [page.get_by_label(name, exact=True).input_value() for name in ("First day", "Last day")]
    assert "2025-03-25" < days[0] < "2025-05-15"
    assert "2025-07-15" < days[1] < "2025-09-01"


def test_the_inventory_page(page):
    open_tab(page, "Inventory")
    browser.card(page, "inventory-what-to-order-now").wait_for(timeout=20_000)
    browser.wait_until(lambda: browser.drawn(page), 20, "the inventory")
    with closing(sqlite3.connect(page.folder / "ecommerce.db")) as connection:
        (out,) = connection.execute("SELECT COUNT(*) FROM products WHERE stock_quantity = 0").fetchone()
    assert browser.tile(page, "out_of_stock") == str(out)
    before = browser.tile(page, "order_value")
    lead_time = page.get_by_label("Lead time (days)")
    lead_time.fill("60")
    lead_time.press("Enter")
    browser.wait_until(lambda: browser.tile(page, "order_value") != before, 20, "more to order")
    link = browser.card(page, "inventory-needs-attention").locator("tbody button.sb-link").nth(1)
    name, product = link.inner_text(), browser.card(page, "products-product")
    link.click()
    product.locator(".sb-subtitle", has_text=f"{name} (no. ").wait_for(timeout=20_000)
    browser.wait_until(lambda: browser.drawn(page), 20, f"the demand of {name}")
    assert 0 <= product.bounding_box()["y"] < 1400, "what was opened is in sight"
    page.get_by_role("button", name="← Back").click()
    product.wait_for(state="detached", timeout=20_000)
    assert browser.tile(page, "order_value") != before
    page.get_by_role("button", name="Reset", exact=True).click()
    browser.wait_until(lambda: browser.tile(page, "order_value") == before, 20, "the first order again")
    assert lead_time.input_value() == "14"


def test_the_console_reads_and_refuses_to_write(page):
    open_tab(page, "Data & SQL")
    console = page.locator(".shop-page .sb-console")
    sql = console.get_by_label("SQL", exact=True)
    sql.fill("SELECT COUNT(*) AS lines FROM orders")
    sql.press("Control+Enter")
    console.locator("tbody", has_text="10,000").wait_for(timeout=20_000)
    sql.fill("DELETE FROM orders")
    console.get_by_role("button", name="Run", exact=True).click()
    console.get_by_text("this console only reads").wait_for(timeout=20_000)


def test_a_saved_view_is_shown_again(page):
    views = page.get_by_role("button", name="Views", exact=True)
    views.click()
    text = page.locator(".shop-page").get_by_label("View as a text, to be shared")
    text.fill('{"page": "Products", "regions": ["North"]}')
    text.press("Tab")
    page.get_by_role("button", name="Show this text").click()
    status_says(page, "North · all categories")
    name = page.locator(".shop-page").get_by_label("Name", exact=True)
    name.fill("The North")
    name.press("Tab")
    page.get_by_role("button", name="Keep this view").click()
    status_says(page, "kept as The North")
    page.get_by_role("button", name="Reset", exact=True).click()
    open_tab(page, "Overview")
    status_says(page, FIRST)
    page.get_by_label("Named views").select_option("The North")
    status_says(page, "North · all categories")
    browser.card(page, "products-key-figures").wait_for(timeout=20_000)
    page.get_by_role("button", name="Forget this name").click()
    status_says(page, "The North is forgotten")
    views.click()


def test_the_dark_page(page):
    paper = "getComputedStyle(document.querySelector('.shop-page')).backgroundColor"
    card = f"getComputedStyle(document.querySelector('[data-card={DAILY}]')).backgroundColor"
    light = page.evaluate(paper), page.evaluate(card)
    from_menu(page, "Dark")
    browser.wait_until(lambda: page.evaluate(paper) == "rgb(15, 20, 26)", 20, "a dark page")
    browser.wait_until(lambda: page.evaluate(card) == "rgb(23, 29, 37)", 20, "dark cards")
    letters = f"document.querySelector('[data-card={DAILY}] .js-plotly-plot')._fullLayout.font.color"
    browser.wait_until(lambda: page.evaluate(letters) == "#e6edf3", 20, "light letters in the charts")
    hint = "getComputedStyle(document.querySelector('.shop-page [placeholder]'), '::placeholder').color"
    assert page.evaluate(hint) == "rgb(165, 177, 190)"  # whatever the host, which is light, has for its own fields
    from_menu(page, "Dark")
    browser.wait_until(lambda: (page.evaluate(paper), page.evaluate(card)) == light, 20, "a light page")


def test_a_screen_reader_is_told_what_controls_and_charts_are(page):
    assert name_list(page, "Regions").get_by_role("checkbox").count() == 6  # all, and each
    assert name_list(page, "Categories").get_by_role("checkbox").count() == 8
    assert page.get_by_role("listbox").count() == 0  # the multi-selects, for which the lists stand
    assert (
        page.locator(".shop-page").get_by_role("img", name=re.compile(r"^Revenue\. Completed lines, by day")).count()
        == 1
    )
    assert page.locator(".shop-page").get_by_role("heading", name="Sample shop").count() == 1


def test_axe_finds_nothing_serious_on_any_page(page):
    """Under Voilà, where the page is all that there is: with what can be opened on it, light and dark."""
    if "/lab/" in page.url or "/notebooks/" in page.url:
        pytest.skip("the host's own elements stand around the page")
    package = pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    axe = (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(f"{axe}; null")
    press(page, browser.card(page, CUSTOMERS).locator(".barlayer .point path").first)
    browser.card(page, "customers-customer").wait_for(timeout=20_000)
    browser.card(page, "customers-orders").locator("tbody .sb-link").first.click()
    browser.card(page, "products-product").wait_for(timeout=20_000)
    toggles = [page.get_by_role("button", name=name, exact=True) for name in ("More", "Views")]
    for toggle in toggles:
        toggle.click()
    found = []
    for dark in (False, True):
        for name in ("Overview", "Customers", "Products", "Inventory", "Data & SQL"):
            open_tab(page, name)
            browser.wait_until(lambda: browser.drawn(page), 20, f"the page {name}")
            faults = page.evaluate(
                "axe.run(document, {resultTypes: ['violations']}).then(({violations}) => violations)"
            )
            serious = [fault for fault in faults if fault["impact"] in {"serious", "critical"}]
            found += [(name, dark, fault["id"], fault["nodes"][0]["html"]) for fault in serious]
        page.get_by_role("button", name="Dark", exact=True).click()
    for toggle in toggles:
        toggle.click()
    assert found == []


def test_a_shop_of_ones_own_is_one_click_away(page):
    page.get_by_role("button", name="Your own data").click()
    page.get_by_role("button", name="Choose files").wait_for(timeout=20_000)
    page.get_by_role("button", name="← Back").click()
    browser.card(page, DAILY).wait_for(timeout=20_000)


def test_no_request_goes_beyond_the_server(page):
    """What we draw needs nothing from elsewhere; hosts may ask for fonts of their own, and do so in vain."""
    for name in ("Customers", "Products", "Inventory"):
        open_tab(page, name)
        browser.wait_until(lambda: browser.drawn(page), 20, f"the page {name}")
    assert len(page.asked) > 5
    beyond = {url.split("/")[2] for url in page.asked if url.startswith("http") and "127.0.0.1" not in url}
    assert not {host for host in beyond if "plot" in host}


@pytest.mark.one_host
def test_shop_is_opened_again_from_its_file(chromium, build, tiles, tmp_path):
    """A database that this notebook made is opened by its path, in the page's own colours and name."""
    small = build(tmp_path, sample_orders=500, sample_customers=60, sample_products=60, sample_reviews=50, days=100)
    revenue = f"${tiles(small)['revenue']:,.2f}"
    shutil.move(tmp_path / "ecommerce.db", tmp_path / "mine.db")
    notebook_in(tmp_path, source="mine.db")
    kind = browser.servers()[-1]
    with browser.server(kind, tmp_path) as address:
        page = chromium.new_page(viewport={"width": 1400, "height": 1200})
        browser.open_page(page, kind, address)
        assert page.locator(".shop-head", has_text="mine").count() == 1
        assert browser.tile(page, "revenue") == revenue
        page.close()
