"""The page in a real browser, under each server that shows it."""

import shutil
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import nbformat
import pytest

import browser
from notebook_module import NOTEBOOK, settings_changed


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as running:
        yield running


def notebook_with(folder, **changed):
    """Write the notebook into a folder, with some settings changed as a user would change them."""
    nbformat.write(settings_changed(**changed), folder / NOTEBOOK.name)


@pytest.fixture(scope="module", params=browser.servers())
def opened(request, chromium, tmp_path_factory):
    """The page, opened under one server; all tests of a server share it, as a user goes on with one page."""
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copy(NOTEBOOK, folder)
    with browser.server(request.param, folder) as address:
        page = chromium.new_page(viewport={"width": 1600, "height": 1400})
        browser.open_page(page, request.param, address)
        yield page, browser.charts(page)
        page.close()


@pytest.fixture
def page(opened):
    """The page with all filters reset, so that it shows what it showed at first."""
    page, first = opened
    page.set_viewport_size({"width": 1600, "height": 1400})
    page.get_by_role("button", name="Reset everything").click()
    status_says(page, "all regions · all categories · 2024-01-02 to 2025-12-31")
    browser.wait_until(lambda: browser.charts(page) == first, 20, "the first figures")
    return page


def status_says(page, text):
    page.locator(".shop-page [role=status]", has_text=text).wait_for(timeout=20_000)


def selects(page):
    """Return the page's two multi-selects: regions and categories."""
    return page.locator(".shop-page select[multiple]").nth(0), page.locator(".shop-page select[multiple]").nth(1)


def test_five_charts_are_drawn(page, nb, sample_settings):
    drawn = browser.charts(page)
    assert set(drawn) == set(browser.CHARTS)
    connection = nb.connect(sample_settings.database)
    data = nb.read_page(connection, nb.everything(connection))
    assert drawn["daily_revenue"][0]["y"] == pytest.approx(data.daily_revenue["revenue"].tolist())
    assert drawn["category_share"][0]["values"] == pytest.approx(data.category_shares["revenue"].tolist())
    assert drawn["top_customers"][0]["x"] == pytest.approx(data.customers["lifetime_value"].tolist())
    cells = sum(sum(row) for row in drawn["regional_heatmap"][0]["z"])
    assert cells == pytest.approx(data.regional_sales["revenue"].sum())
    rated = data.product_sales.dropna(subset="rating")
    assert drawn["sales_rating"][0]["x"] == pytest.approx(rated["rating"].tolist())
    assert browser.tile(page, "revenue") == f"${data.tiles.loc['revenue', 'now']:,.2f}"


def test_marks_are_really_there(page):
    """What the browser draws, not only what it was told: bars, slices, points, lines and cells as SVG."""
    plot = page.locator(".shop-page .js-plotly-plot")
    assert plot.locator(".barlayer .point").count() == 20
    assert plot.locator(".pielayer .slice").count() == 7
    assert plot.locator(".scatterlayer .js-line").count() == 2
    assert plot.locator(".scatterlayer .point").count() > 400
    assert plot.locator(".heatmaplayer image").count() == 1


def test_pointing_at_a_mark_tells_its_numbers(page):
    bar = page.locator(".shop-page .barlayer .point").first
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown = page.locator(".shop-page .hoverlayer .hovertext")
    shown.first.wait_for(timeout=10_000)
    text = shown.first.text_content()
    best = browser.charts(page)["top_customers"][0]
    assert f"Lifetime value ${best['x'][0]:,.2f}" in text
    assert best["customdata"][0][0] in text
    page.mouse.move(0, 0)


def test_each_filter_changes_each_chart(page):
    regions, categories = selects(page)
    before = browser.charts(page)
    revenue = browser.tile(page, "revenue")
    regions.select_option(["North", "West"])
    after = browser.changed(page, before)
    status_says(page, "North, West · all categories")
    assert after["regional_heatmap"][0]["y"] == ["West", "North"]
    assert browser.tile(page, "revenue") != revenue

    categories.select_option(["Books", "Toys"])
    narrower = browser.changed(page, after)
    status_says(page, "North, West · Books, Toys")
    assert narrower["category_share"][0]["labels"] in (["Books", "Toys"], ["Toys", "Books"])

    page.locator(".shop-filters select:not([multiple])").select_option("Last 90 days")
    latest = browser.changed(page, narrower)
    assert len(latest["daily_revenue"][0]["x"]) == 90
    end = date.fromisoformat("2025-12-31")
    status_says(page, f"{end - timedelta(days=89)} to {end}")

    page.locator(".shop-page input[type=date]").nth(0).fill("2025-12-01")
    page.locator(".shop-page input[type=date]").nth(0).press("Tab")
    own = browser.changed(page, latest)
    assert own["daily_revenue"][0]["x"][0] == "2025-12-01"

    page.get_by_role("button", name="All regions").click()
    status_says(page, "all regions · Books, Toys")
    page.get_by_role("button", name="All categories").click()
    status_says(page, "all regions · all categories · 2025-12-01")


def test_reset_gives_the_first_figures_again(page, opened):
    regions, categories = selects(page)
    regions.select_option(["East"])
    browser.changed(page, opened[1])
    categories.select_option(["Toys"])
    status_says(page, "East · Toys")
    page.get_by_role("button", name="Reset everything").click()
    status_says(page, "all regions · all categories · 2024-01-02 to 2025-12-31")
    browser.wait_until(lambda: browser.charts(page) == opened[1], 20, "the first figures again")
    chosen = [select.evaluate("list => [...list.selectedOptions].length") for select in (regions, categories)]
    assert chosen == [5, 7]


def test_changes_update_in_place(page):
    """The same plot element stays, and the page does not grow."""
    page.evaluate("document.querySelector('.shop-page .js-plotly-plot').dataset.mark = 'same'")
    height = page.evaluate("document.querySelector('.shop-page').scrollHeight")
    regions, _ = selects(page)
    for choice in (["North"], ["South"], ["East", "West"]):
        before = browser.charts(page)
        regions.select_option(choice)
        browser.changed(page, before)
    page.get_by_role("button", name="Reset everything").click()
    status_says(page, "all regions · all categories")
    assert page.locator(".shop-page .js-plotly-plot").count() == 1
    assert page.evaluate("document.querySelector('.shop-page .js-plotly-plot').dataset.mark") == "same"
    assert page.evaluate("document.querySelector('.shop-page').scrollHeight") == height


def test_empty_selection_says_what_to_choose(page):
    regions, _ = selects(page)
    regions.select_option([])
    status_says(page, "Choose at least one region to see figures.")
    assert "Choose at least one region" in page.locator(".shop-page .js-plotly-plot").inner_text()
    browser.wait_until(lambda: not browser.charts(page)["top_customers"][0]["x"], 10, "an empty chart")
    regions.select_option(["East"])
    status_says(page, "East · all categories")
    browser.wait_until(lambda: browser.charts(page)["top_customers"][0]["x"], 10, "a chart again")


OUTSIDE_OR_OVERLAPPING = """() => {
    const plot = document.querySelector('.shop-page .js-plotly-plot');
    const frame = plot.getBoundingClientRect();
    const boxes = [...plot.querySelectorAll('svg text')].map(text => [text.textContent, text.getBoundingClientRect()])
        .filter(([, box]) => box.width);
    const outside = boxes.filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1).map(([text]) => text);
    const titles = [...plot.querySelectorAll('.annotation text')].map(text => [text.textContent, text.getBoundingClientRect()]);
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    const overlapping = titles.flatMap(([text, box]) => boxes
        .filter(([other, place]) => other !== text && meet(box, place)).map(([other]) => [text, other]));
    return [outside, overlapping];
}"""


@pytest.mark.parametrize("width", [480, 1000, 1600])
def test_everything_fits(page, width):
    """No text of the charts is cut off or written over a title, and the page does not scroll sideways."""
    if "/lab/" in page.url or "classic" in browser.servers():
        width = max(width, 800)  # their own panes and margins leave no room on a narrower page
    page.set_viewport_size({"width": width, "height": 1400})
    stacked = "document.querySelector('.shop-page .js-plotly-plot')._fullLayout.height > 1500"
    browser.wait_until(
        lambda: page.evaluate(stacked) == (page.evaluate("document.querySelector('.shop-main').clientWidth") < 720),
        20,
        "the layout for this width",
    )
    page.wait_for_timeout(1_000)
    outside, overlapping = page.evaluate(OUTSIDE_OR_OVERLAPPING)
    assert outside == []
    assert overlapping == []
    main = "document.querySelector('.shop-main')"
    assert page.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 1


def test_the_printed_report_can_be_taken_along(page):
    selects(page)[0].select_option(["North"])
    status_says(page, "North · all categories")
    page.get_by_role("button", name="Printed report").click()
    link = page.locator('.shop-page a[download="report.pdf"]')
    link.wait_for(timeout=20_000)
    with page.expect_download() as download:
        link.click()
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(b"%PDF")
    selects(page)[0].select_option(["South"])  # the report is of the selection that it was made for
    link.wait_for(state="detached", timeout=20_000)


def test_many_quick_changes_end_with_the_last(page):
    """Newer kernels serve widgets from several threads: the page must end with what was chosen last."""
    regions, categories = selects(page)
    for region, category in (("North", "Toys"), ("East", "Home"), ("South", "Books"), ("West", "Beauty")):
        regions.select_option([region])
        categories.select_option([category])
    status_says(page, "West · Beauty")
    browser.wait_until(lambda: browser.charts(page)["regional_heatmap"][0]["y"] == ["West"], 20, "the last choice")
    page.wait_for_timeout(1_000)
    assert browser.charts(page)["regional_heatmap"][0]["x"] == ["Beauty"]
    assert page.locator(".shop-page [role=alert]").count() == 0


@pytest.mark.skipif("voila" not in browser.servers(), reason="Voilà is not among these versions")
def test_a_wrong_setting_is_said_on_the_voila_page(chromium, tmp_path):
    notebook_with(tmp_path, source="nowhere.sqlite")
    with browser.server("voila", tmp_path) as address:
        page = chromium.new_page()
        page.goto(address, timeout=90_000)
        alert = page.locator("[role=alert]", has_text="nowhere.sqlite")
        alert.first.wait_for(timeout=60_000)
        assert alert.count() == 1
        assert "The setting `source` is" in alert.inner_text()
        page.close()
    assert [path.name for path in tmp_path.iterdir() if "ecommerce.db" in path.name] == []


@pytest.mark.skipif(
    "classic" in browser.servers(), reason="ipywidgets 7 cannot show its Output in the classic Notebook"
)
def test_redrawn_charts_follow_the_filters_too(chromium, tmp_path):
    notebook_with(tmp_path, charts="redraw")
    kind = browser.servers()[0]
    with browser.server(kind, tmp_path) as address:
        page = chromium.new_page(viewport={"width": 1600, "height": 1400})
        browser.open_page(page, kind, address)
        before = browser.charts(page)
        selects(page)[0].select_option(["North"])
        status_says(page, "North · all categories")
        browser.changed(page, before)
        assert page.locator(".shop-page .js-plotly-plot").count() == 1
        page.close()


def test_an_error_is_said_and_the_filters_go_on(chromium, tmp_path):
    """The database is taken away under the page and comes back."""
    shutil.copy(NOTEBOOK, tmp_path)
    kind = browser.servers()[-1]
    with browser.server(kind, tmp_path) as address:
        page = chromium.new_page(viewport={"width": 1600, "height": 1400})
        browser.open_page(page, kind, address)
        blocker = sqlite3.connect(tmp_path / "ecommerce.db", isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        selects(page)[0].select_option(["North"])
        page.locator(".shop-page [role=alert]", has_text="cannot be read (database is locked)").wait_for(timeout=30_000)
        blocker.execute("ROLLBACK")
        blocker.close()
        selects(page)[0].select_option(["South"])
        status_says(page, "South · all categories")
        page.close()


def test_live_orders_come_and_go(page):
    """The browser ticks, the shop sells, the page follows; switched off, everything is as it was."""
    live, first = page.get_by_role("button", name="Live orders"), browser.charts(page)
    revenue = browser.tile(page, "revenue")
    live.click()
    status_says(page, "2024-01-02 to 2026-01-01")  # a day that the sample did not have
    sold = browser.wait_until(lambda: (now := browser.tile(page, "revenue")) != revenue and now, 20, "a sale")
    browser.wait_until(lambda: browser.tile(page, "revenue") != sold, 20, "another sale")
    live.click()
    status_says(page, "2024-01-02 to 2025-12-31")
    browser.wait_until(lambda: browser.charts(page) == first, 20, "the figures from before")
    assert browser.tile(page, "revenue") == revenue


def test_rows_behind_the_figures_are_shown_and_follow(page):
    page.get_by_role("button", name="Behind the figures").click()
    rows = page.locator(".shop-page table.shop-rows tbody tr")
    rows.first.wait_for(timeout=20_000)
    assert rows.count() == 100
    newest = rows.first.inner_text()
    page.get_by_role("button", name="Next ▶").click()
    page.get_by_text("Rows 101 to 200 of the order rows behind it").wait_for(timeout=20_000)
    assert rows.first.inner_text() != newest
    selects(page)[0].select_option(["West"])
    status_says(page, "West · all categories")
    browser.wait_until(
        lambda: set(rows.locator("td:nth-child(5)").all_inner_texts()) == {"West"}, 20, "rows of the West"
    )
    page.get_by_role("button", name="SQL", exact=True).click()
    page.locator(".shop-page pre", has_text="SQLite").or_(page.get_by_text("SQLite's plan")).first.wait_for(
        timeout=20_000
    )
    assert "SELECT" in page.locator(".shop-page pre.shop-sql").first.inner_text()
    page.get_by_role("button", name="Download CSV").click()
    with page.expect_download() as download:
        page.locator('.shop-page a[download="tiles.csv"]').click()
    content = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert content.startswith("# Tiles · Sample shop · West · all categories · 2024-01-02 to 2025-12-31")
    page.get_by_role("button", name="Rows", exact=True).click()
    page.get_by_role("button", name="Behind the figures").click()
    browser.wait_until(lambda: rows.count() == 0, 20, "the rows to go")


def open_tab(page, name):
    """Show one of the dashboard's pages."""
    page.locator(".shop-pages").get_by_role("button", name=name, exact=True).click()


def test_a_click_in_a_chart_leads_on_and_back(page, opened):
    """A point of the scatter opens its product; a cell of the heatmap sets both filters; the way back leads back."""
    first = opened[1]
    plot = page.locator(".shop-page .js-plotly-plot").first
    page.wait_for_timeout(1_000)  # the page looks for new charts twice a second
    plot.locator(".heatmaplayer image").scroll_into_view_if_needed()
    cell = plot.locator(".heatmaplayer image").bounding_box()
    page.mouse.move(cell["x"] + cell["width"] * 0.07, cell["y"] + cell["height"] * 0.1)
    page.wait_for_timeout(300)
    page.mouse.down()
    page.mouse.up()
    region, category = first["regional_heatmap"][0]["y"][-1], first["regional_heatmap"][0]["x"][0]
    status_says(page, f"{region} · {category}")
    page.get_by_role("button", name="← Back").click()
    status_says(page, "all regions · all categories")
    browser.wait_until(lambda: browser.charts(page) == first, 20, "the first figures")
    plot.locator(".pielayer .slice path.surface").first.scroll_into_view_if_needed()
    box = plot.locator(".pielayer .slice path.surface").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    page.wait_for_timeout(300)
    page.mouse.down()
    page.mouse.up()
    status_says(page, f"all regions · {first['category_share'][0]['labels'][0]}")
    page.get_by_role("button", name="← Back").click()
    status_says(page, "all regions · all categories")


def test_the_inventory_page(page, nb, sample_settings):
    open_tab(page, "Inventory")
    browser.wait_until(lambda: "stock" in (browser.charts(page) or {}), 20, "the charts of the inventory")
    with sqlite3.connect(sample_settings.database) as connection:
        out = connection.execute("SELECT COUNT(*) FROM products WHERE stock_quantity = 0").fetchone()[0]
    assert browser.tile(page, "out_of_stock") == str(out)
    before = browser.tile(page, "order_value")
    lead_time = page.get_by_label("Lead time, days")
    lead_time.fill("60")
    lead_time.press("Enter")
    browser.wait_until(lambda: browser.tile(page, "order_value") != before, 20, "more to order")
    attention = page.locator(".shop-attention button")
    assert 1 <= attention.count() <= 5
    name = attention.nth(1).inner_text().split(" (")[0]
    attention.nth(1).click()
    browser.wait_until(
        lambda: name in page.locator(".shop-page .js-plotly-plot >> visible=true").inner_text(),
        20,
        f"the demand of {name}",
    )
    page.get_by_role("button", name="← Back").click()
    browser.wait_until(
        lambda: name not in page.locator(".shop-page .js-plotly-plot >> visible=true").inner_text(),
        20,
        "the best seller again",
    )
    lead_time.fill("14")
    lead_time.press("Enter")
    browser.wait_until(lambda: browser.tile(page, "order_value") == before, 20, "the first order again")
    open_tab(page, "Overview")
    browser.wait_until(lambda: "daily_revenue" in (browser.charts(page) or {}), 20, "the overview")


def test_the_console_reads_and_refuses_to_write(page):
    open_tab(page, "Data & SQL")
    sql = page.get_by_label("SQL", exact=True)
    sql.fill("SELECT COUNT(*) AS lines FROM orders")
    sql.press("Tab")
    page.get_by_role("button", name="Run", exact=True).locator("visible=true").last.click()
    page.locator(".shop-page td", has_text="10000").wait_for(timeout=20_000)
    sql.fill("DELETE FROM orders")
    sql.press("Tab")
    page.get_by_role("button", name="Run", exact=True).locator("visible=true").last.click()
    page.locator(".shop-page [role=alert]", has_text="this console only reads").wait_for(timeout=20_000)
    text = page.get_by_label("Text", exact=True)
    text.fill('{"page": "Overview", "regions": ["North"]}')
    text.press("Tab")
    page.get_by_role("button", name="Show that page").click()
    status_says(page, "North · all categories")
    browser.wait_until(lambda: "daily_revenue" in (browser.charts(page) or {}), 20, "the overview")


def test_the_dark_page(page):
    paper = "getComputedStyle(document.querySelector('.shop-page')).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Dark", exact=True).click()
    browser.wait_until(lambda: page.evaluate(paper) != light, 20, "a dark page")
    background = "document.querySelector('.shop-page .js-plotly-plot')._fullLayout.paper_bgcolor"
    browser.wait_until(lambda: page.evaluate(background) == "#0d1117", 20, "dark charts")
    page.get_by_role("button", name="Dark", exact=True).click()
    browser.wait_until(lambda: page.evaluate(paper) == light, 20, "a light page")


def test_a_screen_reader_is_told_what_lists_and_charts_are(page):
    page.wait_for_timeout(600)
    assert page.get_by_label("Regions", exact=True).locator("option").count() == 5
    assert page.get_by_label("Categories", exact=True).locator("option").count() == 7
    assert page.get_by_role("img", name="Overview: daily revenue").count() == 1
