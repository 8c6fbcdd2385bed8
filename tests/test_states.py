"""Every chart of the story in a real Chromium, over shops that lack something: what is drawn, at which size, and what is said."""

import sqlite3
from contextlib import closing

import pytest
from test_board import page_text
from test_odd_shops import SHOPS, ordinary, with_column

from shopboard.ask import open_shop
from shopboard.building import open_or_build
from shopboard.cards import fill
from shopboard.database import COLUMNS
from shopboard.style import Look, category_colours

from small_shop import design

CHANGES = {
    "ordinary": {},
    "one order": {"orders": lambda rows: rows[4:5], "reviews": lambda rows: rows[:1]},
    "two days": with_column("orders", 3, "2025-03-03")
    | {"orders": lambda rows: [(*row[:3], f"2025-03-0{3 + n % 2}", *row[4:]) for n, row in enumerate(rows)]},
    **{
        name: SHOPS[name]
        for name in ("one day", "one product", "no categories", "sixty regions", "no stock", "no reviews")
    },
    **{name: SHOPS[name] for name in ("only guests", "nothing completed", "many categories")},
}
LOOKS = ((1400, False), (360, True))  # width in pixels, dark or not: the colours change no measure
ALL_LOOKS = (*LOOKS, (800, False), (1000, False), (2000, True))  # of the shop that lacks nothing
OPENED = {"product": 1, "customer": 1}


@pytest.fixture(scope="module")
def pages(story):
    return [story.OVERVIEW, story.CUSTOMERS, story.PRODUCTS, story.INVENTORY_PAGE]


@pytest.fixture
def shop_of(story, make_settings, tmp_path):
    """A function that opens one of CHANGES."""
    shops = []

    def shop_of(name):
        rows, change = ordinary(), CHANGES[name]
        rows = change(rows) if callable(change) else rows | {table: edit(rows[table]) for table, edit in change.items()}
        small = {"sample_customers": 60, "sample_products": 60, "sample_orders": 500, "sample_reviews": 0, "days": 60}
        settings = make_settings(database=str(tmp_path / "shop.db"), exports=str(tmp_path), **small)
        open_or_build(settings, design(story))
        with closing(sqlite3.connect(settings.database)) as shop, shop:
            for table in reversed(COLUMNS):
                shop.execute(f"DELETE FROM {table}")
            for table in COLUMNS:
                places = ", ".join("?" * len(COLUMNS[table]))
                shop.executemany(f"INSERT INTO {table} VALUES ({places})", rows[table])
        shops.append(open_shop(settings, design(story)))
        shops[-1].refresh()
        return shops[-1]

    yield shop_of
    for shop in shops:
        shop.close()


SEEN = """() => [...document.querySelectorAll(".sb-kind-chart")].map((card) => {
    const box = (each) => each.getBoundingClientRect();
    const shown = (each) => box(each).width + box(each).height > 0;
    const texts = (selector) => [...card.querySelectorAll(selector)].map((each) => each.textContent);
    const frame = box(card);
    const inside = (each) => !box(each).width || (box(each).left >= frame.left - 1 && box(each).right <= frame.right + 1);
    const labels = [...card.querySelectorAll(".xaxislayer-above .xtick text")];
    const ticks = labels.map(box).sort((one, other) => one.left - other.left);
    const level = labels.every((each) => !/rotate\\(-?[1-9]/.test(each.getAttribute("transform") ?? ""));
    const bars = [...card.querySelectorAll(".barlayer .point path")].map(box);
    const upright = card.querySelector(".sb-plot")?._fullData?.every((trace) => trace.orientation !== "h");
    return {
        id: card.dataset.card, state: card.dataset.state,
        message: card.querySelector(".sb-message").hidden ? "" : card.querySelector(".sb-message").innerText,
        marks: [...card.querySelectorAll(".trace path, .trace text, .hm image")].filter(shown).length,
        ticks: texts(".xaxislayer-above .xtick text"), upright: texts(".yaxislayer-above .ytick text"),
        overlap: level && ticks.some((tick, place) => place > 0 && tick.left < ticks[place - 1].right - 1),
        thickest: Math.max(0, ...bars.map((bar) => (upright ? bar.width : bar.height))),
        outside: [...card.querySelectorAll("svg text, .sb-remark, .sb-entry, .sb-title")].filter((each) => !inside(each)).map((each) => each.textContent),
    };
})"""


@pytest.mark.parametrize("name", CHANGES)
def test_each_chart_is_drawn_or_says_why_not(open_text, shop_of, pages, name):
    shop = shop_of(name)
    whole = shop.everything()
    look = Look(colours=category_colours(whole.categories), end=whole.end)
    for page in pages:
        window = open_text(page_text(fill(page, shop, whole, look, OPENED), look), 1400)
        for width, dark in ALL_LOOKS if name == "ordinary" else LOOKS:
            window.set_viewport_size({"width": width, "height": 900})
            window.evaluate("(dark) => draw(given.cards, {...given.look, dark})", dark)
            window.wait_for_timeout(300)
            assert window.evaluate("document.documentElement.scrollWidth") <= width
            for chart in window.evaluate(SEEN):
                about = (page.name, width, dark, chart)
                assert chart["state"] in {"ready", "empty"}, about
                assert (chart["marks"] > 0) == (chart["state"] == "ready"), about
                assert (chart["message"] != "") == (chart["state"] == "empty"), about
                assert len(set(chart["ticks"])) == len(chart["ticks"]), about
                assert len(set(chart["upright"])) == len(chart["upright"]) or not chart["id"].endswith("stock"), about
                assert not chart["overlap"], about
                assert chart["thickest"] <= 80, about  # as a share of the room that labels leave, about 64
                assert chart["outside"] == [], about


@pytest.mark.parametrize(
    ("name", "page", "card", "said"),
    [
        ("nothing completed", "CUSTOMERS", "customers-new-and-returning", "Choose more days, regions or categories."),
        ("one order", "PRODUCTS", "products-pairs-of-categories", "No two categories share five checkouts"),
        ("no stock", "PRODUCTS", "products-projected-stock", "The stock of this product is not known"),
        ("no stock", "INVENTORY_PAGE", "inventory-stock-of-every-product", "No product is both in stock and sold"),
        ("no reviews", "PRODUCTS", "products-ratings-by-star", "Nobody wrote a review in this selection. Choose more"),
        ("only guests", "CUSTOMERS", "customers-concentration", "No known customer bought anything in this selection."),
        ("many categories", "OVERVIEW", "overview-category-share", "Not drawn:"),
        ("no reviews", "OVERVIEW", "overview-sales-and-ratings", "No product here has both a sale and a review"),
    ],
)
def test_what_is_missing_or_left_out_is_said_in_the_card(open_text, shop_of, story, name, page, card, said):
    shop = shop_of(name)
    whole = shop.everything()
    look = Look(colours=category_colours(whole.categories), end=whole.end)
    window = open_text(page_text(fill(getattr(story, page), shop, whole, look, OPENED), look), 1000)
    assert said in window.locator(f'[data-card="{card}"]').inner_text()
