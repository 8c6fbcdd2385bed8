"""Pages: what is declared becomes cards, each by itself; a stand-in answers, then the sample."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import pytest

from shopboard.behind import behind
from shopboard.cards import LINES, fill, fill_each, outlines
from shopboard.filters import Filters
from shopboard.pages import Chart, Control, Go, Page, Table, Text, Tile, Tiles
from shopboard.problems import ShopProblem
from shopboard.style import ENGLISH, Column, Look, empty_figure

from small_shop import small_shop

WHOLE = Filters(("E", "W"), ("Books", "Toys"), "2024-01-01", "2025-12-31")
CHOSEN = replace(WHOLE, start="2025-06-01", end="2025-06-30")
DAYS = "-- One row per day.\nSELECT day, revenue FROM days"
NONE = "SELECT day FROM nothing"


class StandIn:
    """Answers from a dictionary: SQL -> a frame, or a function of the selection and the parameters."""

    engine_name = "Stand-in"
    settings = SimpleNamespace(public=False)

    def __init__(self, **found):
        self.found = {DAYS: pd.DataFrame({"day": ["2025-06-01", "2025-06-02"], "revenue": [10.0, 1 / 3]})}
        self.found |= {NONE: pd.DataFrame({"day": []})} | found

    def everything(self):
        return WHOLE

    def ask(self, sql, selection=None, **parameters):
        answer = self.found[sql]
        return answer(selection, parameters) if callable(answer) else answer.copy()

    def ask_ahead(self, asked):
        assert all(selection is not None for _, selection, _ in asked)

    def sql_of(self, sql, selection=None, **parameters):
        return f"WITH x AS (SELECT 1) {sql}", {"start": selection.start}

    def explain(self, sql, selection=None, **parameters):
        return "SCAN"


def bars(answer):
    return go.Figure(go.Bar(x=answer["day"].tolist(), y=answer["revenue"].tolist()), layout={"template": "shop"})


def cards(*parts, shop=None, selection=CHOSEN, chosen=None, **page):
    """Return the cards of a page of these parts, each in a row of its own; JSON can hold them."""
    found = fill(Page("P", [[part] for part in parts], **page), shop or StandIn(), selection, Look(), chosen or {})
    json.dumps(found, allow_nan=False)
    return found


def test_rows_and_widths_are_kept():
    page = Page("My page", [[Chart("A b", DAYS, bars, width=2), Chart("C", DAYS, bars)], [Chart("C", DAYS, bars)]])
    found = fill(page, StandIn(), CHOSEN, Look(), {})
    assert [(card["id"], card["row"], card["width"]) for card in found] == [
        ("my-page-a-b", 0, 2),
        ("my-page-c", 0, 1),
        ("my-page-c-2", 1, 1),
    ]
    assert {card["state"] for card in found} == {"ready"}
    assert [card["id"] for card in outlines(page, {}, "loading")] == [card["id"] for card in found]


def test_a_figure_takes_as_many_answers_as_there_are_questions_and_the_look_if_it_asks():
    seen = []

    def figure(*frames, look=None):
        seen.append((len(frames), look is not None))
        return bars(frames[0])

    def two(one, other):
        seen.append((2, False))
        return bars(one)

    def positional(one, look):
        seen.append((1, isinstance(look, Look)))
        return bars(one)

    cards(Chart("1", DAYS, figure), Chart("2", (DAYS, NONE), two), Chart("3", DAYS, positional))
    assert seen == [(1, True), (2, False), (1, True)]


def test_what_plotly_express_makes_becomes_plain_lists():
    shop = StandIn()
    shop.found[DAYS]["moment"] = pd.to_datetime(shop.found[DAYS]["day"])
    (card,) = cards(Chart("Own", DAYS, lambda answer: px.bar(answer, x="moment", y="revenue")), shop=shop)
    (trace,) = card["figure"]["data"]
    assert trace["y"] == pytest.approx([10.0, 1 / 3])
    assert [str(day)[:10] for day in trace["x"]] == ["2025-06-01", "2025-06-02"]
    assert "bdata" not in json.dumps(card)
    assert "template" not in card["figure"]["layout"]  # the board has the shop's, once for all figures


def test_what_takes_long_waits_until_it_is_wanted():
    """What is wanted is filled, and so is all that nobody can click for, as in a file."""
    asked = []

    def counted(sql):
        return lambda *_: asked.append(sql) or pd.DataFrame({"lines": [1_500]} if sql == LINES else {"pairs": [2]})

    shop = StandIn(**{sql: counted(sql) for sql in (LINES, "PAIRS", "OTHERS")})
    pairs = {"above": 1_000, "button": "Count the pairs"}
    parts = [
        Table("Pairs", "PAIRS", {"pairs": "Pairs"}, **pairs),
        Table("Others", "OTHERS", {"pairs": "Pairs"}, above=1_500),
    ]
    page = Page("P", [[part] for part in parts])
    waiting, other = fill_each(page, shop, CHOSEN, Look(), {})
    assert (waiting["state"], waiting["button"]) == ("waiting", "Count the pairs")
    assert waiting["message"] == "The selection has 1,500 order lines, so this takes a while."
    assert other["state"] == "ready"
    assert asked == [LINES, "OTHERS"]
    found, _ = fill_each(page, shop, CHOSEN, Look(), {}, wanted={"p-pairs"})
    assert found["table"]["rows"] == [[2]]
    assert [card["state"] for card in fill(page, shop, CHOSEN, Look(), {})] == ["ready", "ready"]


def test_a_card_that_fails_leaves_the_others_alone():
    def wrong(answer):
        raise ZeroDivisionError("by nothing")

    def problem(answer):
        raise ShopProblem("Choose fewer days.")

    found = cards(
        Chart("1", DAYS, wrong),
        Chart("2", "SELECT of no table", bars),
        Table("3", DAYS, {"no such column": "X"}),
        Text("4", problem, DAYS),
        Chart("5", DAYS, bars),
    )
    assert [card["state"] for card in found] == ["failed"] * 4 + ["ready"]
    assert "ZeroDivisionError: by nothing" in found[0]["message"]
    assert found[3]["message"] == "Choose fewer days."


def test_an_empty_answer_is_said():
    found = cards(
        Chart("1", NONE, lambda answer: empty_figure("No order yet")),
        Chart("2", NONE, lambda answer: go.Figure(), empty="Own words"),
        Table("3", NONE, {"day": "Day"}),
        Tiles(NONE, [Tile("Day", "day")]),
    )
    assert [card["state"] for card in found] == ["empty"] * 4
    assert [card["message"] for card in found[:2]] == ["No order yet", "Own words"]
    assert all(card["message"] for card in found)


def tiles_of(now, before, *tiles, selection=CHOSEN, **parts):
    shop = StandIn(T=lambda chosen, _: pd.DataFrame([now if chosen == selection else before]))
    (card,) = cards(Tiles("T", tiles, **parts), shop=shop, selection=selection)
    return card


def test_tiles_are_compared_with_the_days_before():
    card = tiles_of(
        {"revenue": 250_000.0, "share": 0.04, "rating": np.nan},
        {"revenue": 200_000.0, "share": 0.02, "rating": 3.0},
        Tile("Revenue", "revenue", "money", "All of it"),
        Tile("Cancelled", "share", "percent", more_is="worse"),
        Tile("Rating", "rating", "stars"),
    )
    revenue, share, rating = card["tiles"]
    assert card["subtitle"] == "Compared with the days before, 2 May 2025 to 31 May 2025"
    assert (revenue["value"], revenue["exact"]) == ("$250k", "$250,000.00")
    assert revenue["change"] == {"direction": 1, "text": "25.0%", "good": True, "words": "up by 25.0%, which is better"}
    assert revenue["hint"] == "All of it; 2 May 2025 to 31 May 2025: $200,000.00"
    assert share["change"] == {
        "direction": 1,
        "text": "2.0 points",
        "good": False,
        "words": "up by 2.0 points, which is worse",
    }
    assert rating["value"] == "–"
    assert "change" not in rating


def test_without_days_before_nothing_is_compared():
    first = replace(CHOSEN, start="2024-01-01", end="2024-01-31")
    card = tiles_of({"n": 3}, {"n": 0}, Tile("N", "n", note="How many"), selection=first)
    assert card["subtitle"] == "No record of the days before to compare with"
    assert "change" not in card["tiles"][0]
    assert card["tiles"][0]["hint"] == "How many"  # and no dash with dates
    card = tiles_of({"n": 3}, {"n": 0}, Tile("N", "n"), compare=False)
    assert card["subtitle"] == ""
    assert "change" not in card["tiles"][0]


def test_the_same_weekdays_a_year_before_are_said():
    year = replace(CHOSEN, against="year")
    card = tiles_of({"n": 3}, {"n": 2}, Tile("N", "n"), selection=year)
    assert card["subtitle"] == "Compared with the same weekdays a year before, 2 Jun 2024 to 1 Jul 2024"
    assert card["tiles"][0]["change"]["text"] == "50.0%"
    early = replace(year, start="2024-06-01")
    card = tiles_of({"n": 3}, {"n": 2}, Tile("N", "n"), selection=early)
    assert card["subtitle"] == "No record of the same weekdays a year before to compare with"
    assert "change" not in card["tiles"][0]


@pytest.mark.parametrize(
    ("now", "earlier", "change"),
    [
        ((90, 20), (100, 0), {"direction": 0, "text": "+10.0% with pending", "good": None,
                              "words": "down by 10.0% so far, +10.0% with pending"}),
        ((90, 10), (100, 0), {"direction": 0, "text": "no change with pending", "good": None,
                              "words": "down by 10.0% so far, no change with pending"}),
        ((90, 20), (100, 20), {"direction": -1, "text": "10.0%", "good": False,
                               "words": "down by 10.0%, which is worse"}),
        ((90, 5), (100, 0), {"direction": -1, "text": "10.0%", "good": False, "words": "down by 10.0%, which is worse"}),
        ((90, None), (100, None), {"direction": -1, "text": "10.0%", "good": False,
                                   "words": "down by 10.0%, which is worse"}),
        ((110, 20), (100, 0), {"direction": 1, "text": "10.0%", "good": True, "words": "up by 10.0%, which is better"}),
    ],
)  # fmt: skip
def test_a_fall_that_pending_orders_would_turn_is_not_called_one(now, earlier, change):
    rows = [{"revenue": revenue, "waits": waits} for revenue, waits in (now, earlier)]
    card = tiles_of(*rows, Tile("Revenue", "revenue", "money", pending="waits"))
    assert card["tiles"][0]["change"] == change


def test_a_figure_that_asks_for_them_gets_the_earlier_days():
    seen = []

    def figure(answer, look, earlier=None):
        seen.append(earlier if earlier is None else earlier["from"].tolist())
        return bars(answer)

    found = {"Q": lambda chosen, _: pd.DataFrame({"day": ["d"], "revenue": [1.0], "from": [chosen.start]})}
    cards(Chart("T", "Q", figure), shop=StandIn(**found))
    cards(Chart("T", "Q", figure), shop=StandIn(**found), selection=replace(CHOSEN, start="2024-01-02"))
    assert seen == [["2025-05-02"], None]


def test_a_tile_says_what_stands_beside_it_and_its_course():
    shop = StandIn(T=pd.DataFrame({"revenue": [5.0], "pending": [2]}), C=pd.DataFrame({"revenue": [1.0, None, 3.0]}))
    tile = Tile("Revenue", "revenue", "money", aside=lambda row, look: f"+ {row['pending']} {look.currency}")
    (card,) = cards(Tiles("T", [tile], trend="C"), shop=shop)
    assert card["tiles"][0]["note"] in ("+ 2 $", "+ 2.0 $")
    assert card["tiles"][0]["trend"] == [1.0, None, 3.0]


def test_columns_are_written_as_they_are_declared_or_as_their_values_suggest():
    rows = pd.DataFrame({"product_id": [1234], "name": ["<b>"], "n": [5], "x": [0.5], "m": [7.0], "hidden": [1]})
    columns = {
        "name": "Name",
        "product_id": "No.",
        "n": "Count",
        "x": "X",
        "m": Column("Money", "money", "Of all", bar=True),
    }
    (card,) = cards(Table("T", "R", columns, click=lambda row, selection: None), shop=StandIn(R=rows))
    assert [(one["label"], one["format"]) for one in card["table"]["columns"]] == [
        ("Name", "text"),
        ("No.", "text"),
        ("Count", "integer"),
        ("X", "decimal"),
        ("Money", "money"),
    ]
    assert card["table"]["columns"][0]["click"]
    assert card["table"]["columns"][4] | {"hint": "Of all", "bar": True} == card["table"]["columns"][4]
    assert card["table"]["rows"] == [["<b>", 1234, 5, 0.5, 7.0]]


def test_a_long_table_sends_its_beginning():
    (card,) = cards(Table("T", "R", {"n": "N"}), shop=StandIn(R=pd.DataFrame({"n": range(1_000)})))
    assert (len(card["table"]["rows"]), card["table"]["total"]) == (200, 1_000)


def test_parts_come_and_go_with_a_parameter_and_texts_with_something_to_say():
    parts = [
        Chart("Opened", DAYS, bars, when="customer"),
        Text("Nothing", lambda answer: "", DAYS),
        Text("Said", "<p>x</p>"),
    ]
    assert [card["id"] for card in cards(*parts, hidden={"customer": "SELECT 1"})] == ["p-said"]
    found = cards(*parts, hidden={"customer": "SELECT 1"}, chosen={"customer": 7})
    assert [card["id"] for card in found] == ["p-opened", "p-said"]


def test_a_page_and_its_parts_have_parameters():
    seen = []
    shop = StandIn(Q=lambda _, values: seen.append(values) or pd.DataFrame({"n": [1]}))
    page = {"controls": [Control("days", "Days", 28, 1, 99)], "hidden": {"product": "SELECT 1"}}
    page["parameters"] = lambda values: {"twice": 2 * values["days"]}
    parts = Table("T", "Q", {"n": "N"}, parameters={"own": 1}), Table("All", "Q", {"n": "N"}, parameters={"product": 0})
    cards(*parts, shop=shop, **page)
    cards(*parts, shop=shop, chosen={"product": 10, "days": 7}, **page)
    assert seen == [
        {"product": 0, "days": 28, "twice": 56, "own": 1},
        {"product": 0, "days": 28, "twice": 56},
        {"product": 10, "days": 7, "twice": 14, "own": 1},
        {"product": 0, "days": 7, "twice": 14},
    ]


def test_a_card_tells_what_was_opened_in_it():
    parts = [Chart("Opened", DAYS, bars, when="customer"), Chart("List", DAYS, bars, follows=("group", "cohort"))]
    hidden = dict.fromkeys(("customer", "group", "cohort"), "SELECT 1")
    found = cards(*parts, hidden=hidden, chosen={"customer": 7, "cohort": 3})
    assert [card["opened"] for card in found] == [[7], [3]]
    assert [
        card["opened"] for card in outlines(Page("P", [parts], hidden=hidden), {"customer": 7, "group": 2}, "loading")
    ] == [[7], [2]]
    assert "opened" not in cards(*parts, hidden=hidden)[0]


# ------------------------------------------------------------------ behind a card


def asked(part, event, shop=None):
    page = Page("P", [[part]])
    return behind({"card": "p-t", "event": "ask", **event}, page, shop or StandIn(), CHOSEN, {}, ENGLISH)


def test_sql_is_the_text_that_was_run():
    (query,) = asked(Chart("T", DAYS, bars), {"what": "sql"})["queries"]
    assert query["sql"].startswith("WITH x AS")
    assert (query["title"], query["parameters"], query["plan"]) == ("One row per day.", {"start": "2025-06-01"}, "SCAN")


def test_rows_are_searched_sorted_and_paged():
    rows = pd.DataFrame({"name": ["b", None, "a", "ab"], "n": [2, 4, None, 1]})
    shop, part = StandIn(R=rows), Chart("T", "R", bars)
    answer = asked(part, {"what": "rows", "offset": 1, "count": 2, "sort": "n", "descending": True}, shop)
    assert answer["table"]["rows"] == [["b", 2.0], ["ab", 1.0]]
    assert answer["table"]["total"] == 4
    assert asked(part, {"what": "rows", "search": "A", "sort": "name"}, shop)["table"]["rows"] == [
        ["a", None],
        ["ab", 1.0],
    ]
    assert asked(part, {"what": "rows", "search": ".*"}, shop)["table"]["total"] == 0
    assert asked(part, {"what": "rows", "question": 9}, shop)["table"]["total"] == 4


def test_a_search_finds_what_is_shown_as_it_is_or_as_it_is_written():
    rows = pd.DataFrame({"name": ["b", "A", "c"], "revenue": [1234.5, 7.0, None], "hidden": [5, 99, 8]})
    rows["last_order"] = ["2025-12-27", None, "2025-01-05"]
    shop, part = StandIn(R=rows), Table("T", "R", "name revenue last_order")

    def found(search):
        table = asked(part, {"what": "rows", "search": search, "sort": "name"}, shop)["table"]
        return [row[0] for row in table["rows"]]

    assert found("") == ["A", "b", "c"]  # as a browser sorts
    assert found("27 dec") == ["b"]
    assert found("2025-01") == ["c"]
    assert found("1,234.50") == found("1234.5") == ["b"]
    assert found("99") == []  # of a column that is not shown
    assert found("none") == found("nan") == []  # what is not known holds no word


def test_csv_has_clean_names_and_four_digits():
    answer = asked(Chart("T", DAYS, bars), {"what": "csv", "sort": "revenue"})
    assert answer == {"name": "t.csv", "text": "day,revenue\r\n2025-06-02,0.3333\r\n2025-06-01,10\r\n"}


def test_what_cannot_be_asked_is_said():
    page, shop = Page("P", [[Chart("T", DAYS, bars)]]), StandIn()
    with pytest.raises(ShopProblem, match="another page"):
        behind({"card": "q-t", "event": "ask", "what": "sql"}, page, shop, CHOSEN, {}, ENGLISH)
    with pytest.raises(ShopProblem, match="Choose at least one region"):
        behind({"card": "p-t", "event": "ask", "what": "sql"}, page, shop, replace(CHOSEN, regions=()), {}, ENGLISH)


# ------------------------------------------------------------------ the story's own pages


@pytest.fixture(scope="module")
def shop(story, tmp_path_factory):
    shop = small_shop(story, tmp_path_factory.mktemp("pages"))
    yield shop
    shop.close()


PAGES = ("OVERVIEW", "CUSTOMERS", "PRODUCTS", "INVENTORY_PAGE", "DATA_PAGE")
OPENED = {"customer": 1, "product": 1}


@pytest.mark.parametrize("name", PAGES)
def test_each_page_of_the_story_is_filled(story, shop, name):
    page, whole = getattr(story, name), shop.everything()
    for selection in (
        whole,
        replace(whole, regions=whole.regions[:1], categories=whole.categories[1:3], start=whole.end),
    ):
        found = fill(page, shop, selection, Look(), OPENED)
        json.dumps(found, allow_nan=False)
        assert [card for card in found if card["state"] == "failed"] == []
        for card in found:
            for what in ("sql", "rows", "csv"):
                event = {"card": card["id"], "event": "ask", "what": what}
                assert behind(event, page, shop, selection, OPENED, ENGLISH)


@pytest.mark.parametrize("name", PAGES)
def test_each_card_of_the_story_says_what_it_is(story, name):
    parts = [part for row in getattr(story, name).rows for part in row]
    assert all(part.title for part in parts)
    assert all(part.subtitle for part in parts if isinstance(part, Chart) and part is not story.UNITS_CHART)
    assert {
        type(part.click({"customdata": 3, "x": "2025-06-01"}, CHOSEN))
        for part in parts
        if part.click in (story.open_product, story.open_customer)
    } <= {Go}
