"""Hostile texts in every text column of a shop, from a fixed seed, in a real browser: shown as they are, and nothing runs."""

import csv
import random

import nbformat
import pytest

from shopboard.database import COLUMNS
from shopboard.pages import slug

import browser
from notebook_module import NOTEBOOK, settings_changed

HOSTILE = [
    "<img src=x onerror=hacked=1>", "<svg onload=hacked=1>", "<script>hacked=1</script>", "</script><script>hacked=1</script>",
    "</style><script>hacked=1</script>", '"><img src=x onerror=hacked=1>', "' onmouseover='hacked=1' x='", "<b>bold</b>",
    '<a href="javascript:hacked=1">press</a>', "<iframe srcdoc='<script>parent.hacked=1</script>'>", "<details open ontoggle=hacked=1>",
    "&lt;img src=x onerror=hacked=1&gt;", "&#60;script&#62;hacked=1", "javascript:hacked=1", "<math><mtext></table><img src=x onerror=hacked=1>",
    "{{constructor.constructor('hacked=1')()}}", "${hacked=1}", "%{x}", "%{customdata[0]}", "$x^2$", "$$\\frac{1}{2}$$", "\\(x^2\\)",
    "\\[x^2\\]",
    "\\begin{equation}x^2\\end{equation}", "=1+1", "@SUM(1)", "'; DROP TABLE orders; --", "\u202edetsrever", "a\u0300\u0301\u0302", "🎉👩‍👩‍👧", "𝔘𝔫𝔦", "<!-- ", "]]>",
    "*/ hacked=1 /*", "\\u003cimg src=x onerror=hacked=1\\u003e", "%3Cscript%3Ehacked=1", "x" * 300, "<x-y>", "a\nb", "null byte: \\0",
]  # fmt: skip
NAMES = [
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "__defineGetter__",
    "undefined",
    "NaN",
]
ALL = HOSTILE + NAMES
PAGES = ("Overview", "Customers", "Products", "Inventory", "Data & SQL")

FOUND = """() => {
    const page = document.querySelector(".shop-page");
    const count = selector => page.querySelectorAll(selector).length;
    return {
        hacked: window.hacked,
        images: count("img[src=x]"), frames: count("iframe"), handlers: count("[onload], [onerror], [ontoggle], [onmouseover]"),
        scripts: [...page.querySelectorAll("script")].filter(one => one.textContent.includes("hacked")).length,
        links: [...page.querySelectorAll("a")].filter(one => one.href.startsWith("javascript:")).length,
        formulas: [...page.querySelectorAll("mjx-container, .MathJax, .MathJax_Preview, .MathJax_Display, .katex, math")]
            .map(one => one.parentElement.outerHTML.slice(0, 200)),
        made: count("x-y"),
    };
}"""
NOTHING = {"images": 0, "frames": 0, "handlers": 0, "scripts": 0, "links": 0, "formulas": [], "made": 0}


def hostile_shop(folder):
    """Write the four tables, every text in them hostile; some order lines have a status that is none."""
    chance = random.Random(16)
    regions, categories = NAMES[:5] + chance.sample(HOSTILE, 7), NAMES + chance.sample(HOSTILE, 12)

    def some():
        return chance.choice(ALL)

    day = [f"2025-{1 + n % 6:02}-{1 + n % 28:02}" for n in range(400)]
    tables = {
        "customers": [(n, ALL[n % len(ALL)], some(), chance.choice(regions), day[n], some()) for n in range(1, 51)],
        "products": [(n, ALL[n % len(ALL)], categories[n % len(categories)], 5.0, n % 9, some()) for n in range(1, 51)],
        "orders": [
            (
                n,
                1 + n % 50,
                1 + n * 7 % 50,
                day[n],
                1,
                5.0 + n % 9,
                "Completed" if n % 20 else some(),
                n // 2,
                chance.choice([None, *regions]),
            )
            for n in range(1, 400)
        ],
        "reviews": [(n, 1 + n % 50, 1 + n % 50, 1 + n % 5, some(), day[n]) for n in range(1, 100)],
    }
    for table, rows in tables.items():
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS[table], *rows])
    return regions, categories


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    """The page of the hostile shop, as its owner opens it."""
    kind = next((kind for kind in ("voila", "lab", "notebook") if kind in browser.servers()), None)
    if kind is None:
        pytest.skip("nothing here shows the page")
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "shop").mkdir()
    regions, categories = hostile_shop(folder / "shop")
    nbformat.write(settings_changed(source="shop", shop_name=HOSTILE[0], public=False), folder / NOTEBOOK.name)
    with browser.server(kind, folder) as address:
        page = chromium.new_page(viewport={"width": 1500, "height": 1400})
        page.troubles = []
        page.on("dialog", lambda dialog: (page.troubles.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.folder, page.regions, page.categories = folder, regions, categories
        browser.open_page(page, kind, address)
        yield page
        page.close()


@pytest.fixture(autouse=True)
def nothing_runs(page):
    """After each test, whatever it showed: no text became an element, a script or a formula."""
    yield
    page.wait_for_timeout(500)  # what MathJax would do comes a moment later
    found = page.evaluate(FOUND)
    assert found.pop("hacked") is None
    assert found == NOTHING
    assert page.troubles == []


def show(page, name):
    """Show a page, and wait for its own cards: the board shows the last page's until the kernel has answered."""
    page.locator(".shop-pages").get_by_role("button", name=name, exact=True).click()
    first = slug(name).split("-")[0]

    def shown():
        cards = browser.drawn(page)
        return cards if cards and all(card.startswith(first) for card in cards) else None

    return browser.wait_until(shown, 60, f"the page {name}")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_every_text(page, name):
    cards = show(page, name)
    assert page.locator(".shop-page .sb-card[data-state=failed]").count() == 0
    assert page.locator(".shop-head h2").inner_text() == HOSTILE[0]
    shown = page.locator(".shop-page").inner_text()
    if name == "Overview":
        (shares,) = [traces for card, traces in cards.items() if card == "overview-category-share"]
        drawn = shares[0]["customdata"]
        assert {"__proto__", "constructor"} <= {
            one for each in drawn for one in (each if isinstance(each, list) else [each])
        }
    if name in ("Customers", "Products", "Inventory"):
        assert sum(text in shown for text in ALL if "\n" not in text) > 5


@pytest.mark.parametrize("name", PAGES[:4])
def test_what_is_behind_a_card_is_text(page, name):
    show(page, name)
    cards = page.locator(".shop-page .sb-card[data-card]:not(.sb-kind-text)")
    for number in range(min(cards.count(), 4)):
        card = cards.nth(number)
        for entry in ("Rows", "SQL"):
            card.locator(".sb-menu-button").click()
            item = card.locator(".sb-menu").get_by_role("button", name=entry, exact=True)
            if item.count() and item.is_visible():
                item.click()
                card.locator(".sb-panel table, .sb-panel pre").first.wait_for(timeout=20_000)
            page.keyboard.press("Escape")


def test_pointing_at_marks_tells_texts(page):
    show(page, "Overview")
    marks = page.locator(
        "[data-card=overview-category-share] .point, [data-card=overview-top-customers] .point, [data-card=overview-category-share] .slice"
    )
    for number in range(min(marks.count(), 12)):
        marks.nth(number).hover(force=True)
        page.wait_for_timeout(100)


def test_each_name_can_be_chosen_alone(page):
    """The lists, the chips and the status line; and the board draws what is left."""
    show(page, "Overview")
    for name in ("__proto__", "constructor"):
        page.get_by_role("button", name=f"Only {name}", exact=True).last.click(force=True)
        page.locator(".shop-page .shop-status").filter(has_text=name).first.wait_for(timeout=20_000)
        browser.wait_until(lambda: browser.drawn(page), 30, "the charts")
        page.get_by_role("button", name="Reset", exact=True).click()
        browser.wait_until(lambda: browser.drawn(page), 30, "the charts")


def test_the_console_shows_texts(page):
    show(page, "Data & SQL")
    console = page.locator(".shop-page .sb-console")
    for sql in (
        "SELECT * FROM customers",
        "SELECT * FROM products",
        "SELECT review_text FROM reviews",
        f"SELECT '{HOSTILE[0]}' AS \"{HOSTILE[2]}\"",
    ):
        console.get_by_label("SQL", exact=True).fill(sql)
        console.get_by_role("button", name="Run", exact=True).click()
        console.get_by_text(" ms").wait_for(timeout=30_000)
    assert console.locator("td, th").filter(has_text=HOSTILE[0]).count() >= 1


def test_the_receipt_shows_texts(page):
    show(page, "Data & SQL")
    receipt = page.locator(".shop-own")
    receipt.get_by_text("Read, loaded, set aside").wait_for(timeout=20_000)
    assert receipt.locator("table").count() >= 2


def test_the_form_shows_texts(page):
    """Files whose columns and texts are hostile alike, looked at and not loaded."""
    path = page.folder / "<img src=x onerror=hacked=1>$x$.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        header = [
            "order no",
            "order date",
            "amount",
            "product",
            "status",
            "<script>hacked=1</script>",
            "$x$",
            "__proto__",
        ]
        rows = [(n, f"2025-01-{n:02}", 5, ALL[n], ALL[-n], ALL[n], "$x$", "constructor") for n in range(1, 28)]
        csv.writer(file).writerows([header, *rows])
    show(page, "Data & SQL")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(str(path))
    form = page.locator(".shop-form")
    form.get_by_role("button", name="What was matched").click(timeout=60_000)
    form.get_by_role("button", name="The four SELECTs").click()
    page.wait_for_timeout(1_000)
    assert "hacked=1" in form.inner_text()


def test_a_view_with_a_hostile_name(page):
    show(page, "Overview")
    views = page.get_by_role("button", name="Views", exact=True)
    views.click()
    name = page.locator(".shop-view").get_by_label("Name", exact=True)
    name.fill(HOSTILE[0])
    name.press("Tab")
    page.get_by_role("button", name="Keep this view").click()
    page.locator(".shop-page .shop-status").filter(has_text="kept as").first.wait_for(timeout=20_000)
    views.click()
