"""The page as one file: opened from disk, offline, in a real browser, it shows what the dashboard shows of each choice."""

import base64
import json
import math
import re
import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from datetime import date

import pytest

from shopboard import export as export_module
from shopboard.ask import open_shop
from shopboard.cards import fill
from shopboard.export import EVERY, choices, chosen, for_file, save_page
from shopboard.pages import Chart, Page, Table
from shopboard.problems import ShopProblem
from shopboard.style import Look, category_colours

from small_shop import small_shop

HOSTILE = [
    "</script><script>window.hacked = 1</script>",
    '<img src=x onerror="window.hacked = 2">',
    "<!-- <script> \"quoted\" & 'single' \\u003c \\",
    "line\u2028and paragraph\u2029, Ünïcödé 商店 🛒 %{x}",
    "__proto__",
    "constructor",
    "$1 $& {0} $x$",
]
SHOWN = """() => {
    const place = document.querySelector("main > section:not([hidden])");
    return JSON.stringify(Object.fromEntries([...place.querySelectorAll("[data-card]")].map(card => {
        const plot = card.querySelector(".js-plotly-plot");
        return [card.dataset.card, {
            state: card.dataset.state,
            title: card.querySelector("h3").textContent,
            data: plot?.data ?? null,
            tiles: [...card.querySelectorAll(".sb-tile")].map(tile => tile.querySelector(".sb-value").textContent),
            cells: [...card.querySelectorAll("tbody tr")].map(row => [...row.children].map(cell => cell.textContent)),
            text: card.innerText,
        }];
    })));
}"""


@pytest.fixture(scope="module")
def pages(story):
    """The pages of the story."""
    return [story.OVERVIEW, story.CUSTOMERS, story.PRODUCTS, story.INVENTORY_PAGE, story.DATA_PAGE]


@pytest.fixture(scope="module", autouse=True)
def patience():
    """Give every choice its figures, however busy the machine is."""
    before, export_module.LONGEST = export_module.LONGEST, 600.0
    yield
    export_module.LONGEST = before


@pytest.fixture(scope="module")
def shop(story, tmp_path_factory):
    """A sample shop, with names in it that would like to be more than names."""
    folder = tmp_path_factory.mktemp("export")
    shop = small_shop(story, folder, sample_orders=1_500, days=150)
    shop.close()
    with closing(sqlite3.connect(folder / "ecommerce.db")) as connection, connection:
        for number, hostile in enumerate(HOSTILE):
            connection.execute("UPDATE customers SET name = ? WHERE customer_id % 9 = ?", (hostile, number))
            connection.execute("UPDATE products SET product_name = ? WHERE product_id % 9 = ?", (hostile, number))
        connection.execute("UPDATE customers SET region = ? WHERE region = 'North'", (HOSTILE[0],))
        connection.execute("UPDATE customers SET region = '__proto__' WHERE region = 'East'")
        connection.execute("UPDATE customers SET region = NULL WHERE region = 'West'")
        connection.execute("UPDATE products SET category = ? WHERE category = 'Books'", (HOSTILE[1],))
        connection.execute("UPDATE products SET category = 'constructor' WHERE category = 'Toys'")
    settings = replace(shop.settings, shop_name="</title><script>window.hacked = 3</script>", currency="<i>& ")
    shop = open_shop(settings, shop.design)
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def look(shop):
    whole = shop.everything()
    return Look(shop.settings.currency, "1.234,56", category_colours(whole.categories), end=whole.end)


@pytest.fixture(scope="module")
def selection(shop):
    """The last days of the shop, with as many days before them."""
    whole = shop.everything()
    return replace(whole, start="2025-10-20", categories=whole.categories[:3], regions=whole.regions[:3])


class Opened:
    """An exported file, opened offline: its page, what it asked the network for, and what went wrong."""

    def __init__(self, chromium, path, **options):
        self.path = path
        self.context = chromium.new_context(offline=True, **{"viewport": {"width": 1400, "height": 1000}, **options})
        self.page = self.context.new_page()
        self.requests, self.troubles = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.troubles.append(error.stack))
        self.page.on("console", lambda said: self.troubles.append(said.text))
        self.page.on("dialog", lambda dialog: (self.troubles.append(dialog.message), dialog.dismiss()))
        self.page.goto(path.as_uri())
        self.drawn(EVERY, EVERY, 0)

    def drawn(self, region, category, page):
        """Wait until a choice's cards are drawn on a page."""
        self.page.wait_for_selector(f"html[data-drawn='{region} {category} {page}']", timeout=30_000)

    def choose(self, region, category, page=0):
        """Choose in both lists, and a page; return what is shown."""
        self.page.locator("#regions").select_option(str(region))
        self.page.locator("#categories").select_option(str(category))
        self.page.locator("[role=tab]").nth(page).click()
        self.drawn(region, category, page)
        return json.loads(self.page.evaluate(SHOWN))

    def close(self):
        """Close the page; whatever was done with it, it asked nobody for anything, and nothing went wrong."""
        hacked = self.page.evaluate("window.hacked ?? null")
        self.context.close()
        asked = [url for url in self.requests if not url.startswith(("data:", "blob:"))]
        assert (asked, self.troubles, hacked) == ([self.path.as_uri()], [], None)


@pytest.fixture(scope="module")
def path(shop, pages, selection, look, tmp_path_factory):
    """The file of a selection."""
    path = tmp_path_factory.mktemp("file") / "dashboard.html"
    said = save_page(shop, pages, selection, path, look)
    assert said.startswith("dashboard.html, ")
    assert said.endswith("each of the 3 regions and each of the 3 categories, and for each pair of them.")
    return path


@pytest.fixture(scope="module")
def file(chromium, path):
    """The file, opened."""
    opened = Opened(chromium, path)
    yield opened
    opened.close()


def data_of(path):
    """Return what a file holds."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text(encoding="utf-8"))
    return json.loads(found[1])


def cards_of(data):
    """Return the cards of a file: choice -> a list for each page."""
    blocks = [json.loads(zlib.decompress(base64.b64decode(block))) for block in data["blocks"]]
    return {
        tuple(map(int, choice.split())): [[blocks[block][place] for block, place in page] for page in view]
        for choice, view in data["views"].items()
    }


def assert_same(found, expected, where):
    """Assert that two values of JSON are the same, field by field; Plotly leaves out what is None."""
    if isinstance(expected, dict):
        known = {name for name, value in expected.items() if value is not None}
        assert {name for name, value in found.items() if value is not None} == known, where
        for name in known:
            assert_same(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), where
        for number, pair in enumerate(zip(found, expected, strict=True)):
            assert_same(*pair, f"{where}[{number}]")
    elif isinstance(expected, float) or isinstance(found, float):
        assert math.isclose(found, expected, rel_tol=1e-12), f"{where}: {found} instead of {expected}"
    else:
        assert found == expected, where


# ------------------------------------------------------------------ what the file holds


def test_every_choice_has_the_cards_of_the_dashboard(shop, pages, selection, look, path):
    """Field by field: figures, tiles, tables and texts as `fill` makes them for that very selection."""
    held = cards_of(data_of(path))
    assert set(held) == set(choices(shop, selection))
    assert len(held) == 4 * 4
    for choice in [(EVERY, EVERY), (0, EVERY), (EVERY, 2), (1, 1), (2, 0)]:
        for page, cards in zip(pages, held[choice], strict=True):
            expected = [for_file(card) for card in fill(page, shop, chosen(selection, choice), look, {})]
            assert_same(cards, json.loads(json.dumps(expected)), f"{choice} {page.name}")


def test_the_largest_come_first(shop, selection):
    order = choices(shop, selection)
    assert order[0] == (EVERY, EVERY)
    assert all(EVERY in choice for choice in order[:7])
    assert not any(EVERY in choice for choice in order[7:])
    for group in (order[1:7], order[7:]):
        sizes = [len(shop.ask("SELECT order_id FROM selected_lines", chosen(selection, choice))) for choice in group]
        assert sizes == sorted(sizes, reverse=True)


def test_cards_that_are_alike_are_kept_once(path):
    data = data_of(path)
    held = cards_of(data)
    places = [place for view in data["views"].values() for page in view for place in map(tuple, page)]
    assert len(set(places)) < 0.9 * len(places)
    stock = {card["id"]: number for number, card in enumerate(held[EVERY, EVERY][3])}["inventory-what-to-order-now"]
    asked = {tuple(data["views"][f"{region} -1"][3][stock]) for region in (EVERY, 0, 1, 2)}
    assert len(asked) == 1, "what does not depend on the region is there once"
    texts = [
        json.dumps(card) for block in data["blocks"] for card in json.loads(zlib.decompress(base64.b64decode(block)))
    ]
    assert len(set(texts)) == len(texts)
    assert all(len(view) == 5 for view in held.values())


def test_the_library_is_there_once_and_the_file_is_small(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 4_000_000
    assert text.count('id="code"') == 1
    assert "plotly" not in text.lower().split('id="data"')[0]


def test_the_same_figures_give_the_same_file(shop, pages, selection, look, path, tmp_path):
    """But for the last digit of a sum, which DuckDB adds up in the order in which its threads come."""
    save_page(shop, pages, selection, tmp_path / "again.html", look)
    again, before = data_of(tmp_path / "again.html"), data_of(path)
    assert_same(
        *(sorted((str(choice), pages) for choice, pages in cards_of(data).items()) for data in (again, before)), "file"
    )
    apart = dict.fromkeys(("blocks", "views"))  # which are compared above
    assert {**again, **apart} == {**before, **apart}


def test_rows_that_are_left_out_are_said():
    table = {
        "columns": [{"name": "a", "label": "A", "format": "text", "click": True}],
        "rows": [["x"]] * 3,
        "total": 1_500,
    }
    card = for_file({"id": "all", "kind": "table", "subtitle": "Those who bought", "table": table})
    assert card["subtitle"] == "Those who bought · the first 3 of 1,500 rows are in this file"
    assert card["table"]["total"] == 3
    assert "click" not in card["table"]["columns"][0]


def test_a_single_region_and_category_need_no_lists(shop, pages, selection, look, tmp_path, chromium):
    one = replace(selection, regions=selection.regions[:1], categories=selection.categories[:1])
    said = save_page(shop, pages[:1], one, tmp_path / "one.html", look)
    assert said.endswith("It has the figures of this selection.")
    opened = Opened(chromium, tmp_path / "one.html")
    assert [opened.page.locator(name).is_disabled() for name in ("#regions", "#categories")] == [True, True]
    opened.close()


def test_what_cannot_be_saved(shop, pages, selection, look, tmp_path, monkeypatch):
    with pytest.raises(ShopProblem, match="Choose at least one region"):
        save_page(shop, pages, replace(selection, regions=()), tmp_path / "a.html", look)
    monkeypatch.setattr(export_module, "LARGEST", 2_000_000)
    with pytest.raises(ShopProblem, match="choose shorter dates"):
        save_page(shop, pages, selection, tmp_path / "a.html", look)
    (tmp_path / "file").write_text("")
    monkeypatch.undo()
    with pytest.raises(ShopProblem, match="set `exports`"):
        save_page(shop, pages[4:], selection, tmp_path / "file" / "a.html", look)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_too_many_choices(shop, pages, look, selection, tmp_path, monkeypatch, chromium):
    """Where time is short, the largest have figures of their own, and the file says so."""
    monkeypatch.setattr(export_module, "LONGEST", 0.0)
    now = iter([0.0] * 9)
    monkeypatch.setattr(export_module, "time", type("Clock", (), {"monotonic": lambda: next(now, 1.0)}))
    seen = []
    said = save_page(
        shop, pages[:1], selection, tmp_path / "few.html", look, progress=lambda done, text: seen.append((done, text))
    )
    assert said.endswith("each of the 3 regions and each of the 3 categories, and for the 2 largest pairs of them.")
    assert len(seen) == 9
    assert seen[0] == (0.0, "all regions · all categories")
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    opened = Opened(chromium, tmp_path / "few.html")
    assert "for the 2 largest pairs of them" in opened.page.locator("footer").inner_text()
    held = cards_of(data_of(tmp_path / "few.html"))
    region, category = next((r, c) for r in range(3) for c in range(3) if (r, c) not in held)
    opened.page.locator("#regions").select_option(str(region))
    opened.page.locator("#categories").select_option(str(category))
    assert "no figures for this pair" in opened.page.get_by_role("status").first.inner_text()
    assert opened.page.locator("[data-card]:visible").count() == 0
    opened.choose(region, EVERY)
    assert opened.page.locator("[data-card]:visible").count() > 0
    opened.close()


def test_a_card_that_fails_leaves_the_others(shop, selection, look, story, tmp_path, chromium):
    def broken(answer):
        raise ValueError("this figure is broken")

    page = Page(
        "Broken", rows=[[Chart("A", story.TILES, broken), Table("B", story.CATEGORY_SHARES, {"category": "Category"})]]
    )
    nothing = Page("Not to be asked", rows=[[Table("C", "SELECT nothing_at_all FROM nowhere", {"a": "A"})]])
    save_page(shop, [page, nothing], selection, tmp_path / "broken.html", look)
    opened = Opened(chromium, tmp_path / "broken.html")
    shown = json.loads(opened.page.evaluate(SHOWN))
    assert "this figure is broken" in shown["broken-a"]["text"]
    assert len(shown["broken-b"]["cells"]) > 0
    assert opened.choose(EVERY, EVERY, 1)["not-to-be-asked-c"]["state"] == "failed"
    opened.close()


# ------------------------------------------------------------------ in the browser


@pytest.mark.parametrize("choice", [(EVERY, EVERY), (0, EVERY), (EVERY, 1), (1, 2)])
def test_the_browser_draws_what_the_dashboard_draws(shop, pages, selection, look, file, choice):
    for number, page in enumerate(pages):
        shown = file.choose(*choice, number)
        expected = {card["id"]: card for card in fill(page, shop, chosen(selection, choice), look, {})}
        assert shown.keys() == expected.keys()
        for name, card in expected.items():
            assert shown[name]["state"] == card["state"], name
            assert shown[name]["title"] == card.get("title", ""), name
            if card["state"] != "ready":
                assert card["message"] in shown[name]["text"]
            elif card["kind"] == "chart":
                figure = json.loads(json.dumps(card["figure"]))
                for trace, drawn in zip(figure["data"], shown[name]["data"], strict=True):
                    if trace["type"] == "heatmap":  # its cells are written as large as there is room
                        trace["textfont"]["size"] = drawn["textfont"]["size"]
                assert_same(shown[name]["data"], figure["data"], name)
            elif card["kind"] == "tiles":
                assert shown[name]["tiles"] == [tile["value"] for tile in card["tiles"]]
            elif card["kind"] == "table":
                rows = min(len(card["table"]["rows"]), card["table"]["page"])
                assert len(shown[name]["cells"]) == rows, name


def test_hostile_names_stay_names(file, shop):
    file.choose(0, EVERY, 1)
    texts = [option.text_content() for option in file.page.locator("#regions option").all()]
    assert texts[0] == "All 3 chosen regions"
    assert set(texts[1:]) <= set(shop.everything().regions)
    assert "</title><script>" in file.page.title()
    assert file.page.locator("main img, h1 script").count() == 0
    assert file.page.locator("h1").inner_text() == "</title><script>window.hacked = 3</script>"


def test_no_other_script_may_run_and_nothing_may_be_fetched(chromium, path, tmp_path):
    """The browser refuses by the file's own policy, even if a name had become markup."""
    text = path.read_text(encoding="utf-8").replace(
        "<noscript>", "<script>window.hacked = 4</script><img src='https://example.org/x.png'><noscript>"
    )
    (tmp_path / "attacked.html").write_text(text, encoding="utf-8")
    page = chromium.new_page()
    refused = []
    page.on("requestfailed", lambda request: refused.append((request.url, request.failure)))
    page.goto((tmp_path / "attacked.html").as_uri())
    page.wait_for_selector("html[data-drawn]")
    assert page.evaluate("window.hacked ?? null") is None
    assert refused == [("https://example.org/x.png", "csp")]
    page.close()


def test_it_says_which_days_and_which_selection(file, shop, selection):
    whole = shop.everything()
    days = [selection.start, selection.end, whole.start, whole.end]
    first, last, begin, end = (f"{date.fromisoformat(day):%-d %b %Y}" for day in days)
    assert file.page.title().endswith(f"· {first} to {last}")
    foot = " ".join(file.page.locator("footer").inner_text().split())
    assert f"{first} to {last}, from data of {begin} to {end}" in foot
    assert "Other days are not in this file" in foot


def test_keys_alone_change_pages_and_lists(file):
    file.choose(EVERY, EVERY, 0)
    file.page.locator("[role=tab]").first.focus()
    file.page.keyboard.press("ArrowRight")
    file.drawn(EVERY, EVERY, 1)
    assert file.page.evaluate("document.activeElement.textContent") == "Customers"
    file.page.keyboard.press("Tab")
    assert file.page.evaluate("document.activeElement.id") == "regions"
    file.page.keyboard.press("ArrowDown")
    file.drawn(file.page.locator("#regions").input_value(), EVERY, 1)
    assert file.page.locator("#regions").input_value() != str(EVERY)


def test_the_question_of_a_card_is_there(file, story):
    file.choose(EVERY, EVERY, 0)
    card = file.page.locator("[data-card=overview-category-share]")
    card.locator(".sb-menu-button").click()
    entries = card.locator(".sb-menu-item").all_inner_texts()
    assert entries == ["SQL", "Download PNG", "Enlarge"]
    card.get_by_role("button", name="SQL").click()
    card.locator(".sb-keyword").first.wait_for()
    assert story.CATEGORY_SHARES.strip()[:60] in card.locator("pre").first.text_content()
    card.get_by_role("button", name="Close SQL").click()


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_fits_light_and_dark(chromium, path, pages, width, scheme):
    opened = Opened(chromium, path, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for number in range(len(pages)):
        opened.choose(0, 0, number)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    ground = opened.page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    assert ground == ("rgb(15, 20, 26)" if scheme == "dark" else "rgb(238, 241, 245)")
    is_dark = opened.page.locator("main section:not([hidden]) > .sb").evaluate(
        "board => board.classList.contains('sb-dark')"
    )
    assert is_dark == (scheme == "dark")
    opened.close()


def test_a_browser_that_is_too_old_says_so(chromium, path):
    page = chromium.new_page()
    page.add_init_script("delete globalThis.DecompressionStream")
    page.goto(path.as_uri())
    assert "too old to open this file" in page.locator("#status").inner_text()
    page.close()


def test_a_file_that_was_cut_off_says_so(chromium, path, tmp_path):
    text = path.read_text(encoding="utf-8")
    place = text.index('id="code">') + 2_000
    (tmp_path / "cut.html").write_text(text[:place] + text[place + 5_000 :], encoding="utf-8")
    page = chromium.new_page()
    page.goto((tmp_path / "cut.html").as_uri())
    page.wait_for_function("document.getElementById('status').textContent.includes('may not have arrived whole')")
    page.close()
