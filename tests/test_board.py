"""The board in a real Chromium: every kind and state of card, at every width, light and dark."""

import random
from pathlib import Path

import nbformat
import plotly.graph_objects as go
import pytest

from shopboard import board, style
from shopboard.export import in_script
from shopboard.problems import ShopProblem
from shopboard.style import Look

from browser import server, servers

WIDTHS = (360, 800, 1400, 2000)
NASTY = [
    "<b>bold</b>",
    '<img src=x onerror="window.hit = 1">',
    "__proto__",
    "constructor",
    "Ünïcode & Söhne",
    "%{x}",
    "</script>",
]
DAYS = [f"2025-{month:02d}-{day:02d}" for month in (10, 11, 12) for day in range(1, 31)]
LOOK = Look(currency="$")


def figure(*traces, **layout):
    """A figure as the board takes it."""
    return style.figure_json(go.Figure(list(traces), {"template": "shop", **layout}), LOOK)


def tile(name, label, value, **more):
    course = random.Random(name)
    return {"name": name, "label": label, "value": value, "trend": [course.random() for _ in range(30)], **more}


def sales(count=45):
    source = random.Random(7)
    names = NASTY + [f"Customer {n}" for n in range(count - len(NASTY))]
    return [
        [
            name,
            source.choice(["North", "South"]),
            round(source.uniform(20, 90_000), 2),
            source.randrange(1, 99),
            source.random(),
            DAYS[n],
        ]
        for n, name in enumerate(names)
    ]


COLUMNS = [
    {"name": "name", "label": "Customer", "format": "text", "click": True},
    {"name": "region", "label": "Region", "format": "text"},
    {"name": "revenue", "label": "Revenue", "format": "money", "bar": True},
    {"name": "orders", "label": "Orders", "format": "integer"},
    {"name": "returned", "label": "Returned", "format": "percent"},
    {"name": "last", "label": "Last order", "format": "date"},
]


def cards():
    """One card of every kind and state, with hostile names."""
    source = random.Random(1)
    revenue = [3000 + 900 * source.random() + 12 * n for n in range(len(DAYS))]
    average = [None] * 6 + [sum(revenue[n - 6 : n + 1]) / 7 for n in range(6, len(DAYS))]
    colours = style.category_colours(NASTY)
    names = [style.plain(name) for name in NASTY]
    return [
        {
            "id": "tiles",
            "kind": "tiles",
            "row": 0,
            "title": "Key figures",
            "subtitle": "",
            "tiles": [
                tile(
                    "revenue",
                    "Revenue",
                    "$754.9k",
                    exact="$754,912.20",
                    hint="Completed lines",
                    note="+ $3,883 pending",
                    change={"direction": 1, "text": "12.3%", "good": True, "words": "up by 12.3%, which is better"},
                ),
                tile(
                    "orders",
                    "Orders",
                    "9,812",
                    change={"direction": 0, "text": "no change", "good": None, "words": "no change"},
                ),
                tile(
                    "aov",
                    "Average order value",
                    "$76.94",
                    change={"direction": -1, "text": "4.1%", "good": False, "words": "down by 4.1%, which is worse"},
                ),
                tile(
                    "customers",
                    "Customers",
                    "3,204",
                    change={"direction": 1, "text": "2.0%", "good": True, "words": "up by 2.0%, which is better"},
                ),
                tile(
                    "returns",
                    "Returned",
                    "3.1%",
                    change={
                        "direction": 1,
                        "text": "0.4 points",
                        "good": False,
                        "words": "up by 0.4 points, which is worse",
                    },
                ),
                tile(
                    "rating",
                    "Rating",
                    "4.12 ★",
                    change={"direction": 1, "text": "0.03 ★", "good": True, "words": "up by 0.03 stars"},
                ),
                tile("none", "Nothing known", "–", note="No reviews in these days", trend=[]),
            ],
        },
        {
            "id": "revenue",
            "kind": "chart",
            "row": 1,
            "width": 2,
            "title": "Revenue per day",
            "subtitle": "Completed lines, and their 7-day average",
            "range": True,
            "clicks": True,
            "figure": figure(
                go.Bar(x=DAYS, y=revenue, marker={"color": style.QUIET}, name="Revenue"),
                go.Scatter(
                    x=DAYS, y=average, mode="lines", line={"color": style.ACCENT, "width": 2.5}, name="7-day average"
                ),
                showlegend=True,
                yaxis={"tickprefix": "$"},
                xaxis={"type": "date"},
            ),
        },
        {
            "id": "share",
            "kind": "chart",
            "row": 1,
            "title": "Category share",
            "subtitle": "Share of revenue",
            "figure": figure(
                go.Pie(
                    labels=names,
                    values=[5, 4, 3, 2, 2, 1, 1],
                    hole=0.55,
                    sort=False,
                    textinfo="percent",
                    marker={"colors": [colours[name] for name in NASTY]},
                ),
                showlegend=True,
                legend={"orientation": "v", "x": 1.02, "y": 0.5, "yanchor": "middle"},
            ),
        },
        {
            "id": "heat",
            "kind": "chart",
            "row": 2,
            "title": "Revenue by region and category",
            "subtitle": "Completed lines",
            "figure": figure(
                go.Heatmap(
                    z=[[1, 2, 3], [4, 5, None]],
                    x=["__proto__"[0:2] + "a", "b", "c"],
                    y=names[:2],
                    colorscale=[list(step) for step in style.BLUES],
                    showscale=False,
                )
            ),
        },
        {
            "id": "bars",
            "kind": "chart",
            "row": 2,
            "title": "Top customers",
            "subtitle": "By revenue",
            "clicks": True,
            "figure": figure(
                go.Bar(
                    y=names, x=[7, 6, 5, 4, 3, 2, 1], orientation="h", marker={"color": style.ACCENT}, customdata=NASTY
                ),
                yaxis={"autorange": "reversed"},
            ),
        },
        {
            "id": "scatter",
            "kind": "chart",
            "row": 2,
            "title": "Sales and rating",
            "subtitle": "One point a product",
            "figure": figure(
                go.Scatter(
                    x=[source.uniform(1, 5) for _ in range(150)],
                    y=[source.uniform(1, 500) for _ in range(150)],
                    mode="markers",
                    marker={"color": style.ACCENT, "opacity": 0.6},
                )
            ),
        },
        {
            "id": "table",
            "kind": "table",
            "row": 3,
            "title": "Customers",
            "subtitle": "By revenue",
            "table": {"columns": COLUMNS, "rows": sales(), "total": 45},
        },
        {
            "id": "remote",
            "kind": "table",
            "row": 4,
            "title": "All customers",
            "subtitle": "Rows that are asked for",
            "table": {"columns": COLUMNS[:4], "rows": [row[:4] for row in sales()[:20]], "total": 45},
        },
        {
            "id": "small",
            "kind": "table",
            "row": 4,
            "title": "By segment",
            "subtitle": "Three rows",
            "table": {"columns": COLUMNS[1:4], "rows": [row[1:4] for row in sales()[:3]]},
        },
        {
            "id": "empty",
            "kind": "chart",
            "row": 5,
            "title": "Repeat rate",
            "state": "empty",
            "message": "No Completed orders in this selection. Choose more days or more regions.",
        },
        {
            "id": "failed",
            "kind": "chart",
            "row": 5,
            "title": "Pairs",
            "state": "failed",
            "message": "The warehouse did not answer within 30 seconds.",
        },
        {"id": "loading", "kind": "chart", "row": 5, "title": "Cohorts", "state": "loading"},
        {
            "id": "waiting",
            "kind": "table",
            "row": 5,
            "title": "Bought together",
            "state": "waiting",
            "message": "The selection has 5,000,000 order lines, so this takes a while.",
            "button": "Count the pairs",
        },
        {
            "id": "note",
            "kind": "text",
            "row": 6,
            "title": "How to read this",
            "html": f"<p>Revenue is the total of Completed lines.</p><p>{NASTY[1]}</p><p>A <b>word</b> and a <a href='https://example.org/'>link</a><script>window.hit = 2</script><img src=y onerror='window.hit = 3'></p>",
        },
    ]


HOST = """
const told = window.told = [], asked = window.asked = [];
const host = {
    tell: (event) => told.push(event),
    ask: async (card, what, details) => {
        asked.push({card, what, ...details});
        if (card === "failed") throw new Error("The warehouse did not answer.");
        const table = given.cards.find((each) => each.id === "table").table;
        if (what === "rows") {
            let rows = table.rows.filter((row) => !details.search || row[0].toLowerCase().includes(details.search.toLowerCase()));
            const place = table.columns.findIndex((column) => column.name === details.sort);
            if (place >= 0) rows = [...rows].sort((a, b) => (details.descending ? -1 : 1) * (a[place] > b[place] ? 1 : -1));
            return {table: {columns: table.columns.slice(0, 4), total: rows.length,
                            rows: rows.slice(details.offset, details.offset + details.count).map((row) => row.slice(0, 4))}};
        }
        if (what === "csv") return {name: "customers.csv", text: "name,revenue\\r\\nÜ,1\\r\\n"};
        return {queries: [{sql: "-- one row per day\\nSELECT day, SUM(revenue) AS revenue\\nFROM selected_days\\nWHERE region <> 'a<b>' AND day >= $start\\nGROUP BY day\\nORDER BY day",
                           parameters: {start: "2025-01-01", region_1: "<b>North</b>"}, plan: "SCAN daily_sales", note: "DuckDB"}]};
    },
};
"""

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Board</title><style>body {{ margin: 0; }} {css}</style></head>
<body><main><h1 style="font: 20px system-ui">A page</h1><h2>All cards</h2><div id="board"></div></main>
<script>{script}
const given = {given};
{host}
window.draw = (cards = given.cards, look = given.look) => shopboard.show(document.getElementById("board"), structuredClone(cards), {name}, look);
window.given = given;
window.ready = window.draw();
</script></body></html>"""


def page_text(shown, look=LOOK, host=True):
    """A page that shows cards without any server, as the exported page does."""
    return PAGE.format(
        css=board.css_text(),
        script=board.page_script(),
        given=in_script({"cards": shown, "look": board.look_json(look)}),
        host=HOST if host else "",
        name="host" if host else "null",
    )


@pytest.fixture
def opened(open_text):
    """A function that opens a page with cards."""

    def opened(shown, *, width=1400, dark=False, host=True, look=None):
        return open_text(page_text(shown, look or Look(currency="$", dark=dark), host), width)

    return opened


def card(page, name):
    return page.locator(f'[data-card="{name}"]')


def choose(page, name, entry):
    """Choose an entry of a card's menu."""
    card(page, name).locator(".sb-menu-button").click()
    card(page, name).locator(f'[data-entry="{entry}"]').click()


MARKS = "[...document.querySelectorAll('[data-card={}] .sb-plot {}')].filter((mark) => mark.getBoundingClientRect().width > 0).length"


def marks(page, name, selector):
    return page.evaluate(MARKS.format(name, selector))


def table_column(page, name, place):
    return card(page, name).locator(f"tbody tr > :nth-child({place})").all_inner_texts()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_card_is_drawn_at_every_width(opened, width, dark):
    page = opened(cards(), width=width, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    drawn = {
        "revenue": (".bars .point path", len(DAYS)),
        "share": (".slice path.surface", 7),
        "heat": (".hm image", 1),
        "bars": (".bars .point path", 7),
        "scatter": (".points path.point", 150),
    }
    assert {name: marks(page, name, selector) for name, (selector, _) in drawn.items()} == {
        name: count for name, (_, count) in drawn.items()
    }
    inside = """[...document.querySelectorAll('.sb-card')].filter((card) => {
        const whole = document.querySelector('.sb').getBoundingClientRect(), own = card.getBoundingClientRect();
        return own.left < whole.left || own.right > whole.right || own.width < 150 || card.scrollWidth > card.clientWidth;
    }).map((card) => card.dataset.card)"""
    assert page.evaluate(inside) == []
    holder = "[...document.querySelectorAll('.sb-plot')].filter((each) => each.offsetParent && each.clientHeight && each.querySelector('.main-svg') && Math.abs(each.querySelector('.main-svg').clientWidth - each.clientWidth) > 1).length"
    assert page.evaluate(holder) == 0
    assert page.locator(".modebar").count() == 0
    assert page.evaluate("window.hit") is None


def test_each_state_says_its_sentence_and_the_others_are_there(opened):
    page = opened(cards())
    assert card(page, "empty").inner_text().endswith("Choose more days or more regions.")
    assert card(page, "failed").locator(".sb-message").inner_text() == "The warehouse did not answer within 30 seconds."
    assert card(page, "loading").get_attribute("aria-busy") == "true"
    assert card(page, "revenue").locator(".sb-message").is_hidden()


def test_a_card_waits_for_its_button(opened):
    page = opened(cards())
    waiting = card(page, "waiting")
    assert waiting.locator(".sb-message").inner_text().startswith("The selection has 5,000,000 order lines")
    assert card(page, "revenue").get_by_role("button", name="Count the pairs").count() == 0
    waiting.get_by_role("button", name="Count the pairs").press("Enter")
    assert page.evaluate("told.map(({card, event}) => [card, event])") == [["waiting", "wanted"]]
    assert waiting.get_attribute("aria-busy") == "true"
    assert waiting.get_by_role("button", name="Count the pairs").is_hidden()
    table = next(each for each in cards() if each["id"] == "table")["table"]
    change = "each => { Object.assign(given.cards.find((card) => card.id === 'waiting'), each); return draw(); }"
    page.evaluate(change, {"state": "ready", "table": {**table, "rows": table["rows"][:3], "total": 3}})
    assert waiting.locator("tbody tr").count() == 3
    page.evaluate(change, {"state": "waiting"})  # of another selection, to which those rows do not belong
    waiting.get_by_role("button", name="Count the pairs").click()
    assert not waiting.locator("tbody").is_visible()


def test_an_empty_card_is_drawn_when_it_gets_a_figure_and_goes_again(opened):
    shown = cards()
    page = opened(shown)
    bars = next(each for each in shown if each["id"] == "bars")
    page.evaluate(
        "figure => { const card = given.cards.find((each) => each.id === 'empty'); Object.assign(card, {state: 'ready', figure}); return draw(); }",
        bars["figure"],
    )
    assert marks(page, "empty", ".bars .point path") == 7
    assert card(page, "empty").locator(".sb-message").is_hidden()
    page.evaluate("given.cards.find((each) => each.id === 'empty').state = 'loading', draw()")
    assert card(page, "empty").locator(".sb-plot").is_visible()  # what was there stays until the new is there
    page.evaluate(
        "Object.assign(given.cards.find((each) => each.id === 'empty'), {state: 'empty', message: 'Nothing.'}), draw()"
    )
    assert card(page, "empty").locator(".sb-message").inner_text() == "Nothing."
    assert not card(page, "empty").locator(".sb-plot").is_visible()


def test_only_cards_that_changed_are_drawn_anew(opened):
    page = opened(cards())
    count = """async () => {
        const before = new Map([...document.querySelectorAll('.sb-card')].map((card) => [card.dataset.card, 0]));
        const watch = new MutationObserver((all) => all.forEach(({target}) => {
            const card = (target.closest ? target : target.parentElement).closest('.sb-card');
            if (card) before.set(card.dataset.card, before.get(card.dataset.card) + 1);
        }));
        watch.observe(document.querySelector('.sb'), {subtree: true, childList: true, attributes: true, characterData: true});
        const changed = structuredClone(given.cards);
        changed.find((each) => each.id === 'bars').figure.data[0].x[0] = 20;
        await draw(changed);
        await new Promise((resolve) => setTimeout(resolve, 100));
        watch.disconnect();
        return [...before].filter(([, changes]) => changes).map(([name]) => name);
    }"""
    height = page.evaluate("document.body.scrollHeight")
    assert page.evaluate(count) == ["bars"]
    assert page.evaluate("document.querySelector('[data-card=bars] .sb-plot').data[0].x[0]") == 20
    assert page.evaluate("document.body.scrollHeight") == height


def test_dark_and_light_change_without_new_cards(opened):
    page = opened(cards())
    colour = "getComputedStyle(document.querySelector('[data-card=bars] .point path')).fill"
    light = page.evaluate(colour)
    page.evaluate("draw(given.cards, {...given.look, dark: true})")
    assert page.evaluate(colour) != light
    scale = "document.querySelector('[data-card=heat] .sb-plot').data[0].colorscale"
    assert page.evaluate(scale) == [[place, style.DARK[colour]] for place, colour in style.BLUES]
    page.evaluate("draw(given.cards, {...given.look, dark: false})")
    assert page.evaluate(colour) == light


def test_the_menu_opens_in_place_and_answers_to_keys(opened):
    page = opened(cards())
    button = card(page, "revenue").locator(".sb-menu-button")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    assert card(page, "revenue").locator(".sb-menu-item").all_inner_texts() == [
        "SQL",
        "Rows",
        "Download CSV",
        "Download PNG",
        "Enlarge",
    ]
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.entry") == "rows"
    page.keyboard.press("Escape")
    assert button.get_attribute("aria-expanded") == "false"
    assert page.evaluate("document.activeElement.classList.contains('sb-menu-button')")


def test_the_sql_stands_in_the_card_as_text_and_can_be_copied(opened):
    page = opened(cards())
    before = card(page, "revenue").bounding_box()
    choose(page, "revenue", "sql")
    shown = card(page, "revenue").locator(".sb-panel")
    shown.locator(".sb-keyword").first.wait_for()
    assert "region <> 'a<b>'" in shown.locator(".sb-sql").first.inner_text()
    assert {"SELECT", "FROM", "GROUP"} <= set(shown.locator(".sb-keyword").all_inner_texts())
    assert shown.locator("dd").all_inner_texts() == ['"2025-01-01"', '"<b>North</b>"']
    assert card(page, "revenue").bounding_box() == before  # nothing jumps
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown.get_by_role("button", name="Copy").click()
    shown.get_by_role("button", name="Copied").wait_for()
    page.keyboard.press("Escape")
    assert shown.is_hidden()
    assert marks(page, "revenue", ".bars .point path") == len(DAYS)


def test_an_open_panel_follows_the_selection(opened):
    page = opened(cards())
    choose(page, "revenue", "sql")
    page.evaluate("given.cards.find((each) => each.id === 'revenue').subtitle = 'Other days', draw()")
    page.wait_for_function("window.asked.filter((each) => each.what === 'sql').length === 2")
    assert card(page, "revenue").locator(".sb-panel").is_visible()


def test_a_question_that_fails_is_a_sentence(opened):
    page = opened(cards())
    choose(page, "failed", "sql")
    assert card(page, "failed").locator(".sb-said").inner_text() == "The warehouse did not answer."


def test_rows_come_in_pages_and_are_sorted_and_searched_by_the_host(opened):
    page = opened(cards())
    choose(page, "bars", "rows")
    panel = card(page, "bars").locator(".sb-panel")
    panel.get_by_text("1–20 of 45").wait_for()
    assert panel.locator("tbody th").first.inner_text() == NASTY[0]
    panel.get_by_role("button", name="Next page").click()
    panel.get_by_text("21–40 of 45").wait_for()
    panel.get_by_role("button", name="Revenue").click()
    panel.get_by_text("1–20 of 45").wait_for()
    assert page.evaluate("window.asked.at(-1)")["sort"] == "revenue"
    panel.get_by_role("searchbox").fill("proto")
    panel.get_by_text("1 of 1 found").wait_for()


def test_a_table_sorts_searches_and_pages(opened):
    page = opened(cards())
    table = card(page, "table")
    assert table.locator(".sb-count").inner_text() == "1–20 of 45"
    table.get_by_role("button", name="Revenue").click()
    assert table.locator("thead th").nth(2).get_attribute("aria-sort") == "descending"
    revenue = [float(text.strip("$").replace(",", "")) for text in table_column(page, "table", 3)]
    assert revenue == sorted((row[2] for row in sales()), reverse=True)[:20]
    table.get_by_role("button", name="Next page").click()
    assert table.locator(".sb-count").inner_text() == "21–40 of 45"
    table.get_by_role("searchbox").fill("constr")
    table.get_by_text("1 of 1 found").wait_for()
    assert table_column(page, "table", 1) == ["constructor"]
    table.get_by_role("searchbox").fill("no such name")
    table.get_by_text("No row holds").wait_for()
    assert card(page, "small").get_by_role("searchbox").count() == 0
    assert (
        page.evaluate("getComputedStyle(document.querySelector('[data-card=small] td.sb-number')).textAlign") == "right"
    )
    assert table.locator("thead th[scope=col]").count() == len(COLUMNS)


def test_a_table_of_which_few_rows_are_here_asks_for_the_others(opened):
    page = opened(cards())
    table = card(page, "remote")
    table.get_by_role("button", name="Next page").click()
    table.get_by_text("21–40 of 45").wait_for()
    assert page.evaluate("window.asked.at(-1)") | {"card": "remote", "what": "rows", "offset": 20} == page.evaluate(
        "window.asked.at(-1)"
    )


def test_a_row_tells_which_it_is(opened):
    page = opened(cards())
    card(page, "table").get_by_role("button", name="__proto__").click()
    told = page.evaluate("JSON.stringify(window.told)")
    assert '"row":{"name":"__proto__"' in told and '"rowNumber":2' in told and '"event":"click"' in told


def test_a_click_on_a_point_tells_which_it_is(opened):
    page = opened(cards())
    card(page, "bars").locator(".bars .point path").nth(1).click(force=True)
    page.wait_for_function("window.told.length")
    event = page.evaluate("window.told[0]")
    assert (event["card"], event["event"]) == ("bars", "click")
    assert (event["point"]["x"], event["point"]["customdata"], event["point"]["pointNumber"]) == (6, NASTY[1], 1)
    page.wait_for_timeout(200)
    assert page.locator(".hoverlayer .hovertext").count() == 0  # hovers vanish after a click


ARRIVES = """() => {
    const one = {id: "one", kind: "table", row: -1, title: "One customer", opened: [7], table: given.cards.find(({id}) => id === "table").table};
    return draw([one, ...given.cards]);
}"""


def test_what_a_click_opens_comes_into_view_and_gets_the_focus(opened):
    page = opened(cards())
    link = card(page, "table").get_by_role("button", name="__proto__")
    link.click()
    assert page.evaluate("scrollY") > 500
    page.evaluate(ARRIVES)
    page.wait_for_function("document.activeElement.dataset.card === 'one'")
    assert 0 <= card(page, "one").bounding_box()["y"] < 200
    link.scroll_into_view_if_needed()
    below = page.evaluate("scrollY")
    page.evaluate(ARRIVES)
    assert page.evaluate("scrollY") == below > 500, "what is open already stays where it is"


def test_what_is_opened_without_a_click_leaves_the_page_where_it_is(opened):
    page = opened(cards())
    card(page, "table").scroll_into_view_if_needed()
    page.evaluate(ARRIVES)
    page.wait_for_timeout(200)
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    assert page.evaluate("scrollY") > 300


def test_a_drag_tells_the_days(opened):
    page = opened(cards())
    box = card(page, "revenue").locator(".nsewdrag").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.6, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, middle, steps=5)
    page.mouse.up()
    page.wait_for_function("window.told.some((event) => event.event === 'range')")
    first, last = page.evaluate("window.told.find((event) => event.event === 'range').range")
    assert "2025-10-20" < first[:10] < "2025-11-05" and "2025-11-15" < last[:10] < "2025-12-01"
    page.wait_for_timeout(200)
    assert (
        page.evaluate("getComputedStyle(document.querySelector('[data-card=revenue] .bars .point path')).opacity")
        == "1"
    )


def test_enlarged_a_chart_fills_the_width_until_escape(opened):
    page = opened(cards())
    choose(page, "share", "enlarge")
    page.wait_for_timeout(300)
    whole = card(page, "tiles").bounding_box()["width"]
    assert card(page, "share").bounding_box()["width"] == whole
    assert abs(card(page, "share").locator(".main-svg").first.bounding_box()["width"] - (whole - 36)) < 2
    page.keyboard.press("Escape")
    assert card(page, "share").bounding_box()["width"] < whole / 2


def test_downloads(opened):
    page = opened(cards())
    with page.expect_download() as download:
        choose(page, "table", "csv")
    assert download.value.suggested_filename == "customers.csv"
    with open(download.value.path(), encoding="utf-8", newline="") as file:
        assert file.read() == "name,revenue\r\nÜ,1\r\n"
    with page.expect_download() as download:
        choose(page, "bars", "png")
    assert download.value.suggested_filename == "top-customers.png"
    with open(download.value.path(), "rb") as file:
        assert file.read(4) == b"\x89PNG"


def test_without_a_host_nothing_is_offered_that_would_ask(opened):
    page = opened(cards(), host=False)
    card(page, "revenue").locator(".sb-menu-button").click()
    assert card(page, "revenue").locator(".sb-menu-item").all_inner_texts() == ["Download PNG", "Enlarge"]
    assert card(page, "tiles").locator(".sb-menu-button").is_hidden()
    assert marks(page, "bars", ".bars .point path") == 7


def test_numbers_have_the_readers_marks(opened):
    page = opened(cards(), look=Look(currency="€", number_format="1.234,56"))
    first = sales()[0][2]
    assert table_column(page, "table", 3)[0] == style.money(first, Look("€", "1.234,56"))


def test_a_chart_in_a_hidden_place_is_drawn_when_it_is_shown(opened):
    page = opened(cards())
    page.evaluate(
        "document.getElementById('board').replaceWith(Object.assign(document.createElement('div'), {id: 'board', style: 'display: none'}))"
    )
    page.evaluate("draw()")
    page.evaluate("document.getElementById('board').style.display = ''")
    page.wait_for_timeout(500)
    assert marks(page, "bars", ".bars .point path") == 7
    assert marks(page, "share", ".slice path.surface") == 7


def test_nothing_of_plotly_stays_behind(opened):
    page = opened(cards())
    assert page.evaluate("[typeof window.Plotly, typeof window.moduleName]") == ["undefined", "undefined"]


def test_long_names_leave_a_narrow_chart_its_room(opened):
    page = opened(cards(), width=360)
    names = page.evaluate(
        "[...document.querySelectorAll('[data-card=bars] .ytick text')].map((text) => text.textContent)"
    )
    assert names[-2:] == ["<img src=x oner…", "<b>bold</b>"]
    assert card(page, "bars").locator(".nsewdrag").bounding_box()["width"] > 150


def test_every_text_has_contrast(opened):
    page = opened(cards())
    read = """() => {
        const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return {rgb: [r, g, b], a}; };
        const light = (rgb) => { const [r, g, b] = rgb.map((part) => { const x = part / 255; return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const ground = (element) => { for (let each = element; each; each = each.parentElement) { const {rgb, a} = parse(getComputedStyle(each).backgroundColor); if (a === 1) return rgb; } return [255, 255, 255]; };
        const bad = [];
        for (const element of document.querySelectorAll('.sb *')) {
            const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
            if (!own || !element.getClientRects().length || element.closest('.sb-hidden, .sb-plot, :disabled')) continue;
            const [one, other] = [light(parse(getComputedStyle(element).color).rgb), light(ground(element))].sort((a, b) => b - a);
            if ((one + 0.05) / (other + 0.05) < 4.5) bad.push(element.className + ': ' + element.textContent);
        }
        return bad;
    }"""
    choose(page, "revenue", "sql")
    choose(page, "bars", "rows")
    page.wait_for_timeout(200)
    assert page.evaluate(read) == []
    page.evaluate("draw(given.cards, {...given.look, dark: true})")
    page.wait_for_timeout(200)
    assert page.evaluate(read) == []


# In a server of notebooks.

CELL = """
import ipywidgets
from shopboard import board
from shopboard.style import Look
from test_board import cards

shown = board.Board(Look(dark=False))

def answer(event):
    if event["event"] == "click":
        changed = [card for card in cards() if card["id"] != "note"]
        changed[4]["subtitle"] = f"Clicked {event['point']['customdata']}"
        shown.show(changed)
        changed = [dict(card) for card in changed]
        changed[2]["subtitle"] = "And one card alone"
        shown.show(changed)
    if event.get("what") == "sql":
        return {"queries": [{"sql": "SELECT 1", "parameters": {"start": "2025-01-01"}}]}
    return None

shown.on_event(answer)
shown.show(cards())
ipywidgets.VBox([ipywidgets.HTML("above"), shown])
"""


KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@pytest.mark.skipif(not servers(), reason="nothing here shows a notebook")
def test_in_a_notebook_cards_are_drawn_answered_and_changed(chromium, tmp_path, monkeypatch):
    """In one host; the dashboard's own tests show boards in each of them."""
    kind, here = servers()[0], Path(__file__).resolve().parent
    monkeypatch.setenv("PYTHONPATH", f"{here.parent}:{here}")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)], metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, tmp_path / "ecommerce_dashboard.ipynb")
    faults = []
    with server(kind, tmp_path) as address:
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        page.on(
            "pageerror",
            lambda error: (
                faults.append(str(error))
                if "blob:" in (error.stack or "anywidget") or "anywidget" in str(error)
                else None
            ),
        )
        page.goto(address, timeout=90_000)
        if kind == "classic":
            page.wait_for_function(
                "window.Jupyter && Jupyter.notebook.kernel && Jupyter.notebook.kernel.widget_manager", timeout=60_000
            )
            page.wait_for_timeout(3_000)
            page.evaluate("Jupyter.notebook.execute_all_cells()")
        elif kind != "voila":
            page.wait_for_selector(".jp-Notebook", timeout=60_000)
            page.wait_for_timeout(3_000)
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_selector("[data-card=bars] .bars .point path", state="attached", timeout=90_000)
        card(page, "bars").scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        choose(page, "bars", "sql")
        card(page, "bars").locator(".sb-keyword").wait_for()
        page.keyboard.press("Escape")
        card(page, "bars").locator(".bars .point path").nth(1).click(force=True)
        card(page, "bars").get_by_text(f"Clicked {NASTY[1]}").wait_for()
        card(page, "share").get_by_text("And one card alone").wait_for()
        assert card(page, "note").count() == 0
        assert marks(page, "bars", ".bars .point path") == 7
        assert page.evaluate("document.querySelectorAll('.sb .sb').length") == 0
        page.close()
    assert faults == []


# The widget's side in Python.


class Sent(board.Board):
    """A board that keeps what it sends."""

    def __init__(self, *arguments, **settings):
        self.messages = []
        super().__init__(*arguments, **settings)

    def send(self, content, buffers=None):
        self.messages.append(content)


def test_only_changed_cards_are_sent():
    shown = Sent(LOOK)
    first = [{"id": "a", "kind": "text", "html": "1"}, {"id": "b", "kind": "text", "html": "2"}]
    shown.show(first)
    assert shown.changes == {}
    changed = {"id": "b", "kind": "text", "html": "3"}
    shown.show([first[0], changed])
    assert shown.changes == {"number": 1, "cards": [changed]}
    assert shown.get_state("cards")["cards"] == [first[0], changed]  # for displays that are made later
    shown.show([first[0], changed])
    assert shown.changes["number"] == 1
    shown.put([{"id": "gone", "kind": "text"}])
    assert shown.changes["number"] == 1


def test_an_ask_is_answered_by_its_number():
    shown = Sent(LOOK)
    shown.on_event(lambda event: {"name": event["card"], "text": "x"} if event["event"] == "ask" else None)
    shown._received(shown, {"number": "v-1", "event": {"card": "a", "event": "ask", "what": "csv"}}, [])
    shown._received(shown, {"event": {"card": "a", "event": "click", "point": {}}}, [])
    assert shown.messages == [{"reply": "v-1", "answer": {"name": "a", "text": "x"}}]


def test_a_problem_is_answered_as_a_sentence():
    shown = Sent(LOOK)

    def answer(event):
        raise ShopProblem("Choose fewer days.")

    shown.on_event(answer)
    shown._received(shown, {"number": "v-1", "event": {"card": "a", "event": "ask", "what": "rows"}}, [])
    assert shown.messages == [{"reply": "v-1", "answer": {"problem": "Choose fewer days."}}]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1400])
def test_axe_finds_nothing_serious(opened, width, dark):
    """Whatever a card shows: charts, tables, tiles, texts, an open menu and open panels."""
    package = pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    axe = (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page = opened(cards(), width=width, dark=dark)
    choose(page, "revenue", "sql")
    card(page, "revenue").locator(".sb-keyword").first.wait_for()
    choose(page, "bars", "rows")
    card(page, "bars").get_by_text("1–20 of 45").wait_for()
    card(page, "share").locator(".sb-menu-button").click()
    page.evaluate(f"{axe}; null")
    found = page.evaluate(
        "axe.run(document.querySelector('.sb'), {resultTypes: ['violations']}).then(({violations}) => violations)"
    )
    assert [
        (fault["id"], fault["nodes"][0]["html"]) for fault in found if fault["impact"] in {"serious", "critical"}
    ] == []
