"""The dashboard: what is chosen and the way back, views as text, what stands behind cards, live orders, other shops."""

import csv
import io
import json
import math
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import ipywidgets as widgets
import pandas as pd
import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopboard.dashboard import Dashboard
from shopboard.filters import Facts, Filters
from shopboard.live import TICKS_A_DAY, Clock, add_live_orders
from shopboard.pages import Chart, Control, Page, Table
from shopboard.problems import ShopProblem
from shopboard.saved import named_views, views_file
from shopboard.selection import Selection, opening, periods

from small_shop import small_shop


@pytest.fixture(scope="module")
def pages(story):
    return [story.OVERVIEW, story.CUSTOMERS, story.PRODUCTS, story.INVENTORY_PAGE, story.DATA_PAGE]


@pytest.fixture(scope="module")
def opened(story, pages, tmp_path_factory):
    shop = small_shop(story, tmp_path_factory.mktemp("dashboard"))
    dashboard = Dashboard(shop, pages, story.EXAMPLES)
    yield dashboard
    dashboard.close()
    shop.close()


@pytest.fixture
def dashboard(opened):
    """The dashboard as it opens: all tests share one, as a user goes on with one page."""
    opened.show(opened.first())
    opened.past.clear()
    return opened


def states(dashboard):
    return {card["id"]: card["state"] for card in dashboard.board.cards}


def ask_board(dashboard, card, what, **more):
    return dashboard._heard({"card": card, "event": "ask", "what": what, **more})


def click(dashboard, card, **point):
    dashboard._heard({"card": card, "event": "click", "point": point})


def wanted(dashboard, card):
    dashboard._heard({"card": card, "event": "wanted"})


# ------------------------------------------------------------------ the selection


WHOLE = Filters(("E", "W"), ("Books",), "2024-01-02", "2025-12-31")


def test_a_page_opens_on_the_last_year_if_there_is_one_before_it():
    assert opening(WHOLE) == replace(WHOLE, start="2025-01-01")
    assert opening(WHOLE).before().start == WHOLE.start
    younger = replace(WHOLE, start="2024-01-03")
    assert opening(younger) == younger


def test_a_day_that_is_not_over_is_left_out():
    today = date(2025, 12, 31)
    found, live = opening(replace(WHOLE, start="2020-01-01"), today), periods(WHOLE, today)
    assert (found.start, found.end) == ("2024-12-31", "2025-12-30")
    assert live["Last 7 days"] == ("2025-12-24", "2025-12-30")
    assert live["This month"] == ("2025-12-01", "2025-12-31")  # which goes on
    assert live["All days"] == (WHOLE.start, WHOLE.end)
    assert opening(replace(WHOLE, start=WHOLE.end), today).end == WHOLE.end  # there is no other day


def test_periods_end_with_the_last_day_and_do_not_begin_before_the_first():
    found = periods(replace(WHOLE, start="2025-11-20", end="2025-12-10"))
    assert found["All days"] == ("2025-11-20", "2025-12-10")
    assert found["Last 28 days"] == ("2025-11-20", "2025-12-10")
    assert found["Last 7 days"] == ("2025-12-04", "2025-12-10")
    assert found["This month"] == ("2025-12-01", "2025-12-10")
    assert found["Last month"] == ("2025-11-20", "2025-11-30")
    assert found["This quarter"] == ("2025-11-20", "2025-12-10")
    assert found["Year to date"] == ("2025-11-20", "2025-12-10")
    assert "Last month" not in periods(replace(WHOLE, start="2025-12-05"))  # which the shop has no day of


def test_controls_say_what_they_show_and_call_once():
    calls = []
    selection = Selection(WHOLE, lambda: calls.append(1))
    assert (selection.value, selection.period.value) == (opening(WHOLE), "Last 365 days")
    selection.period.value = "Last month"
    assert (selection.value.start, selection.value.end, len(calls)) == ("2025-11-01", "2025-11-30", 1)
    selection.start.value = date(2025, 11, 5)
    assert (selection.value.start, selection.period.value, len(calls)) == ("2025-11-05", "Own days", 2)
    selection.start.value = None
    assert (selection.value.start, len(calls)) == (WHOLE.start, 3)
    selection.regions.value = ("E",)
    selection.regions.value = WHOLE.regions
    assert (selection.value.regions, len(calls)) == (WHOLE.regions, 5)
    selection.end.value = date(2100, 1, 1)
    assert selection.value.end == WHOLE.end
    selection.set(replace(WHOLE, regions=("E", "Gone")))
    assert (selection.value.regions, len(calls)) == (("E",), 6)


def test_a_shop_that_grows_is_offered_and_what_was_all_still_is():
    selection = Selection(WHOLE, lambda: None)
    selection.set(replace(WHOLE, start="2025-12-01"))
    selection.offer(replace(WHOLE, regions=("A", "E", "W"), end="2026-01-02"))
    assert selection.value == Filters(("A", "E", "W"), ("Books",), "2025-12-01", "2026-01-02")
    selection.set(replace(selection.value, regions=("A",)))
    selection.offer(WHOLE)  # and A is gone again
    assert selection.value == Filters((), ("Books",), "2025-12-01", "2025-12-31")


FACTS = Facts(WHOLE.regions, WHOLE.categories, WHOLE.start, WHOLE.end, False, ("A", "B"), ("S",))


def test_further_filters_are_none_while_all_are_chosen():
    calls = []
    selection = Selection(WHOLE, lambda: calls.append(1), FACTS)
    assert (selection.value.segments, selection.value.suppliers, selection.value.statuses) == (None, None, None)
    selection.names["segments"].value = ("B",)
    selection.against.value, selection.interval.value = "year", "week"
    now = selection.value
    assert (now.segments, now.against, now.interval, len(calls)) == (("B",), "year", "week", 3)
    assert selection.text() == "All regions · all categories · B · 1 Jan 2025 to 31 Dec 2025"
    selection.set(replace(WHOLE, segments=("A", "B")))
    assert (selection.value.segments, selection.value.against, len(calls)) == (None, "before", 3)


def test_lists_show_what_is_chosen_and_set_it():
    calls = []
    selection = Selection(WHOLE, lambda: calls.append(1), FACTS)
    assert [(one["name"], one["options"]) for one in selection.lists.lists] == [
        ("regions", ["E", "W"]),
        ("categories", ["Books"]),
        ("segments", ["A", "B"]),  # and no list of one supplier
    ]
    selection.lists.chosen = {**selection.lists.chosen, "regions": ["W"], "segments": []}
    assert (selection.regions.value, selection.value.segments, len(calls)) == (("W",), (), 1)
    assert "one segment" in selection.value.problem()
    selection.lists.chosen = {**selection.lists.chosen, "regions": None, "segments": ["B", "Gone"]}
    assert (selection.value.regions, selection.value.segments, len(calls)) == (WHOLE.regions, ("B",), 2)
    selection.regions.value = ("E",)
    assert (selection.lists.chosen["regions"], len(calls)) == (["E"], 3)
    selection.list_statuses(True)
    assert selection.lists.lists[-1]["options"] == ["Completed", "Pending", "Cancelled", "Returned"]
    selection.offer(replace(WHOLE, regions=("E", "N", "W")), facts=FACTS)
    assert selection.lists.lists[0]["options"] == ["E", "N", "W"]
    assert (selection.lists.chosen["regions"], len(calls)) == (["E"], 3)


def test_chips_say_what_is_chosen_and_take_it_back():
    many = tuple(f"R{number:02}" for number in range(50))
    whole = replace(WHOLE, regions=many)
    selection = Selection(whole, lambda: None, FACTS)
    assert selection.chips({}) == []
    chosen = replace(opening(whole), regions=many[:48], segments=("A",), start="2025-12-01")
    selection.set(chosen)
    assert [(chip["kind"], chip["label"]) for chip in selection.chips({"customer": "no. 7"})] == [
        ("Customer", "no. 7"),
        ("Region", "48 of 50"),
        ("Segment", "A"),
        ("Days", "This month"),
    ]
    assert selection.without("segments", ["A"]) == replace(chosen, segments=None)
    assert selection.without("regions", []) == replace(chosen, regions=many)
    assert selection.without("days", []) == replace(chosen, start="2025-01-01")
    selection.set(replace(chosen, regions=many[:2]))
    assert [chip["key"] for chip in selection.chips({})][:2] == [["regions", "R00"], ["regions", "R01"]]
    assert selection.without("regions", ["R00"]).regions == ("R01",)
    selection.set(replace(chosen, regions=()))
    assert selection.chips({})[0]["label"] == "0 of 50"


# ------------------------------------------------------------------ the way back


def test_every_page_is_shown(dashboard):
    for name in dashboard.pages:
        dashboard.navigation.value = name
        assert "shop-alert" not in dashboard.status.value
        assert set(states(dashboard).values()) <= {"ready", "empty"}
        for tool_name, tool in dashboard.tools.items():
            assert (tool.widget.layout.display != "none") == (tool_name in dashboard.shown.tools)


def test_nothing_chosen_is_said_in_each_card(dashboard):
    dashboard.filters.regions.value = ()
    for name in dashboard.pages:
        dashboard.navigation.value = name
        assert "Choose at least one region" in dashboard.status.value
        assert {card["state"] for card in dashboard.board.cards} == {"empty"}
        assert all("Choose at least one region" in card["message"] for card in dashboard.board.cards)
    dashboard.exports["Printed report"].click()
    assert "Choose at least one region" in dashboard.status.value
    dashboard.filters.regions.value = dashboard.filters.whole.regions
    assert "shop-alert" not in dashboard.status.value


def test_only_what_changed_is_sent(dashboard, monkeypatch):
    sent = []
    dashboard.board.observe(lambda change: sent.extend(change.new["cards"]), "changes")
    monkeypatch.setattr(dashboard, "took", 0.0)
    dashboard.refresh()
    assert sent == []
    cards = dashboard.board.cards
    dashboard.filters.regions.value = dashboard.filters.whole.regions[:1]
    dashboard.board.unobserve_all("changes")
    assert dashboard.board.cards is cards  # not sent whole
    names = [card["id"] for card in sent]
    assert sorted(names) == sorted(set(names))
    assert "overview-key-figures" in names


def test_the_way_back(dashboard, story):
    first = dashboard.state()
    dashboard.go_back()
    assert dashboard.state() == first
    assert dashboard.back.layout.display == "none"
    one_region = replace(first.selection, regions=first.selection.regions[:1])
    dashboard.go(selection=one_region)
    dashboard.go("Inventory", parameters={"product": 3})
    dashboard.go("Inventory", parameters={"product": 3})  # no step: nothing changed
    dashboard.go("Customers", parameters={"customer": 5})
    assert dashboard.back.layout.display == ""
    dashboard.back.click()
    assert dashboard.navigation.value == "Inventory"
    assert (dashboard.parameters["product"], dashboard.parameters["customer"]) == (3, 0)
    dashboard.back.click()
    assert (dashboard.navigation.value, dashboard.filters.value) == ("Overview", one_region)
    dashboard.back.click()
    assert dashboard.state() == first
    assert dashboard.back.layout.display == "none"


def test_the_way_back_leads_to_what_a_shop_still_has(dashboard):
    first = dashboard.first()
    dashboard.past.append(replace(first, selection=replace(first.selection, regions=("Gone", "North"))))
    dashboard.go_back()
    assert dashboard.filters.value.regions == ("North",)


def product_of(dashboard):
    """Return what the product is called that is opened; nothing where none is."""
    return [card["subtitle"] for card in dashboard.board.cards if card["id"] == "products-product"]


def test_a_product_is_opened_from_the_list_and_taken_back(dashboard):
    dashboard.navigation.value = "Products"
    assert product_of(dashboard) == []
    for page, card in (("Products", "products-all-products"), ("Inventory", "inventory-dead-stock")):
        dashboard.navigation.value = page
        click(dashboard, card, row={"product_id": 7}, column="product_name")
        assert dashboard.navigation.value == "Products"
        (called,) = product_of(dashboard)
        assert "(no. 7) · " in called
        (chip,) = dashboard.chips.chips
        assert (chip["kind"], called.startswith(chip["label"])) == ("Product", True)
        dashboard._removed(chip["key"])
        assert product_of(dashboard) == []
        dashboard.go_back()
        assert product_of(dashboard) == [called]
        dashboard.go_back()
        assert dashboard.navigation.value == page


def test_a_supplier_is_chosen_from_what_to_order(dashboard):
    dashboard.navigation.value = "Inventory"
    cards = {card["id"]: card for card in dashboard.board.cards}
    suppliers, order = (cards[f"inventory-what-to-order-{name}"]["table"] for name in ("by-supplier", "now"))
    supplier, products = suppliers["rows"][0][:2]
    place = [column["name"] for column in order["columns"]].index("supplier")
    assert products == sum(row[place] == supplier for row in order["rows"])
    click(dashboard, "inventory-what-to-order-by-supplier", row={"supplier": supplier}, column="supplier")
    (order,) = [card["table"] for card in dashboard.board.cards if card["id"] == "inventory-what-to-order-now"]
    assert {row[place] for row in order["rows"]} == {supplier}
    assert len(order["rows"]) == products
    dashboard.go_back()


def test_reset_takes_everything_back_on_this_page(dashboard):
    dashboard.restore('{"page": "Inventory", "regions": ["North"], "parameters": {"lead_time": 30.0, "product": 3}}')
    dashboard.filters.reset.click()
    assert dashboard.state() == replace(dashboard.first(), page="Inventory")


def test_a_chip_is_removed_and_the_way_back_leads_to_it_again(dashboard):
    first = dashboard.first()
    dashboard.go("Customers", replace(first.selection, regions=("North", "East")), {"customer": 5})
    before = dashboard.state()
    assert [chip["key"] for chip in dashboard.chips.chips] == [
        ["opened", "customer"],
        ["regions", "East"],
        ["regions", "North"],
    ]
    for number in range(3):
        dashboard._removed(dashboard.chips.chips[0]["key"])
        assert len(dashboard.chips.chips) == 2 - number
    assert dashboard.state() == replace(first, page="Customers")
    assert dashboard.chips.layout.display == "none"
    for _ in range(3):
        dashboard.go_back()
    assert dashboard.state() == before


def test_reset_takes_back_how_the_days_are_looked_at(dashboard):
    dashboard.filters.against.value, dashboard.filters.interval.value = "year", "month"
    dashboard.filters.names["segments"].value = ("VIP",)
    dashboard.filters.reset.click()
    assert dashboard.state() == dashboard.first()


def test_every_page_is_shown_for_some_segments_and_suppliers(dashboard):
    """In each interval, compared with either; a segment's revenue is that of its lines."""
    shop = dashboard.shop
    with closing(sqlite3.connect(dashboard.settings.database)) as connection:
        sql = (
            "SELECT SUM(total_amount) FROM orders JOIN customers USING (customer_id) JOIN products USING (product_id) "
            "WHERE status = 'Completed' AND customer_segment = 'VIP' AND supplier IN (?, ?)"
        )
        (revenue,) = connection.execute(sql, shop.facts.suppliers[:2]).fetchone()
    chosen = replace(shop.everything(), segments=("VIP",), suppliers=shop.facts.suppliers[:2])
    for name, against, interval in zip(
        dashboard.pages, ["before", "year"] * 3, ["week", "month", "day"] * 2, strict=False
    ):
        dashboard.go(name, replace(chosen, against=against, interval=interval))
        assert "failed" not in states(dashboard).values()
        assert "shop-alert" not in dashboard.status.value
    dashboard.go("Overview", chosen)
    tiles = {tile["name"]: tile for tile in dashboard.board.cards[0]["tiles"]}
    assert tiles["revenue"]["exact"] == f"${revenue:,.2f}"


def test_clicks_lead_on(dashboard, story):
    start = dashboard.filters.value.start
    click(dashboard, "overview-revenue", x="2025-08-03", customdata=["2025-08-03", "2025-08-03"])
    assert (dashboard.filters.value.start, dashboard.filters.value.end) == ("2025-08-03", "2025-08-03")
    dashboard.go_back()
    click(dashboard, "overview-category-share", customdata="Books")
    assert dashboard.filters.value.categories == ("Books",)
    dashboard.go_back()
    click(dashboard, "overview-regions-and-categories", customdata=["North", "Toys"])
    assert (dashboard.filters.value.regions, dashboard.filters.value.categories) == (("North",), ("Toys",))
    dashboard.go_back()
    dashboard._heard({"card": "overview-revenue", "event": "range", "range": ["2025-09-20 11:59", "1999-01-01"]})
    assert (dashboard.filters.value.start, dashboard.filters.value.end) == (start, "2025-09-20")
    dashboard.go_back()
    click(dashboard, "overview-top-customers", customdata=7)
    assert (dashboard.navigation.value, dashboard.parameters["customer"]) == ("Customers", 7)
    assert states(dashboard)["customers-customer"] == "ready"
    click(dashboard, "customers-orders", row={"product_id": 4}, column="product_name")
    assert (dashboard.navigation.value, dashboard.parameters["product"]) == ("Products", 4)
    dashboard.go_back()
    dashboard.go_back()
    assert dashboard.state() == dashboard.first()
    click(dashboard, "a-card-of-another-page", x=1)
    assert dashboard.state() == dashboard.first()


def test_a_click_on_a_month_chooses_those_of_its_days_that_are_shown(dashboard):
    dashboard.go("Customers")
    click(dashboard, "customers-new-and-returning", customdata="2025-08")
    assert (dashboard.filters.value.start, dashboard.filters.value.end) == ("2025-08-01", "2025-08-31")
    dashboard.go(selection=replace(dashboard.filters.value, start="2025-08-10", end="2025-09-20"))
    click(dashboard, "customers-new-and-returning", customdata="2025-08")
    assert (dashboard.filters.value.start, dashboard.filters.value.end) == ("2025-08-10", "2025-08-31")
    dashboard.go_back()
    click(dashboard, "customers-new-and-returning", customdata="2025-09")
    assert (dashboard.filters.value.start, dashboard.filters.value.end) == ("2025-09-01", "2025-09-20")


def test_a_part_that_takes_long_is_asked_for_by_a_click(story, opened):
    """It stays while the same is shown, and waits again where the selection or the data are others."""
    shop, card = opened.shop, "pairs-bought-together"
    together = Table("Bought together", story.BOUGHT_TOGETHER, {"product_name": "Product"}, above=10)
    own = Dashboard(shop, [Page("Pairs", [[together]])])
    assert states(own) == {card: "waiting"}
    wanted(own, card)
    assert states(own)[card] in {"ready", "empty"}
    own.refresh()
    assert states(own)[card] in {"ready", "empty"}
    own.go(selection=replace(own.filters.value, categories=own.filters.whole.categories[:2]))
    assert states(own) == {card: "waiting"}
    own.go_back()
    assert states(own) == {card: "waiting"}
    last = shop.everything().end
    own.go(selection=replace(shop.everything(), start=last, end=last))
    few = int(shop.ask("SELECT COUNT(*) AS n FROM selected_lines", own.filters.value)["n"].iloc[0])
    assert few <= 10
    assert states(own)[card] in {"ready", "empty"}  # so few that it need not be asked for
    own.close()


def test_a_click_that_fails_is_said(dashboard):
    click(dashboard, "overview-revenue", nothing=1)
    assert "Something unforeseen happened (KeyError" in dashboard.status.value
    dashboard.refresh()
    assert "shop-alert" not in dashboard.status.value


def test_the_customer_who_is_opened_has_all_days(dashboard):
    dashboard.go("Customers", parameters={"customer": 1})
    (card,) = [card for card in dashboard.board.cards if card["id"] == "customers-customer"]
    with closing(sqlite3.connect(dashboard.settings.database)) as connection:
        sql = "SELECT SUM(total_amount), COUNT(*) FROM orders WHERE customer_id = 1 AND status = 'Completed'"
        total, lines = connection.execute(sql).fetchone()
    names = [column["name"] for column in card["table"]["columns"]]
    row = dict(zip(names, card["table"]["rows"][0], strict=True))
    assert (row["revenue"], row["lines"]) == (pytest.approx(total), lines)


# ------------------------------------------------------------------ views as text


PLANS = st.fixed_dictionaries(
    {},
    optional={
        "demand_days": st.integers(7, 365),
        "lead_time": st.floats(0, 365),
        "lead_time_deviation": st.sampled_from([0.0, 2.5, 365.0]),
        "service_level": st.integers(500, 999).map(lambda share: share / 1000),
        "review_period": st.floats(0, 365).map(lambda days: round(days, 2)),
        "pack_size": st.integers(1, 100_000),
    },
)


@hypothesis_settings(max_examples=10, phases=list(Phase)[:3])
@given(st.data())
def test_a_text_brings_the_view_back(opened, data):
    dashboard, whole = opened, opened.shop.everything()
    days = st.integers(0, 199).map(lambda n: (date.fromisoformat(whole.start) + timedelta(days=n)).isoformat())
    start, end = sorted([data.draw(days), data.draw(days)])
    filters = Filters(
        tuple(name for name in whole.regions if data.draw(st.booleans())),
        tuple(name for name in whole.categories if data.draw(st.booleans())),
        min(start, whole.end),
        min(end, whole.end),
        data.draw(st.sampled_from([None, ("VIP",), ()])),
        data.draw(st.sampled_from([None, opened.shop.facts.suppliers[1:3]])),
        data.draw(st.sampled_from([None, ("Returned", "Pending")])),
        data.draw(st.sampled_from(["before", "year"])),
        data.draw(st.sampled_from(["day", "week", "month"])),
    )
    chosen = data.draw(PLANS) | {
        "customer": data.draw(st.sampled_from([0, 1, 60])),
        "product": data.draw(st.integers(0, 60)),
    }
    dashboard.restore("{}")
    assert json.loads(dashboard.saved()) == {"page": "Overview"}
    dashboard.go(data.draw(st.sampled_from(list(dashboard.pages))), filters, chosen)
    text, state = dashboard.saved(), dashboard.state()
    assert dict(state.parameters) == pytest.approx(dict(dashboard.first().parameters) | chosen, abs=1e-8)
    dashboard.restore("{}")
    dashboard.restore(text)
    assert (dashboard.saved(), dashboard.state()) == (text, state)
    dashboard.past.clear()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a saved view"),
        ("no text", "not a saved view"),
        ("[1, 2]", "not a saved view"),
        ("null", "not a saved view"),
        ('{"page": "Overview"', "not a saved view"),
        ("[" * 100_000, "not a saved view"),
        ('{"page": "Nowhere"}', "Nowhere"),
        ('{"regions": ["Atlantis", "North"]}', "Atlantis"),
        ('{"regions": "North"}', "are lists"),
        ('{"regions": 3}', "are lists"),
        ('{"regions": null}', "are lists"),
        ('{"segments": "VIP"}', "are lists"),
        ('{"segments": ["Nobody"]}', "Nobody"),
        ('{"statuses": ["Lost"]}', "Lost"),
        ('{"interval": "hour"}', "interval hour"),
        ('{"against": ["before"]}', "against"),
        ('{"categories": [["Books"]]}', "Books"),
        ('{"start": "2025-02-30"}', "not a saved view"),
        ('{"end": null}', "not a saved view"),
        ('{"parameters": {"lead_tme": 3}}', "lead_tme"),
        ('{"parameters": 5}', "not a saved view"),
        ('{"parameters": {"lead_time": "long"}}', "lead_time 'long'"),
        ('{"parameters": {"lead_time": -1}}', "lead_time -1"),
        ('{"parameters": {"lead_time": NaN}}', "lead_time nan"),
        ('{"parameters": {"service_level": 1.5}}', "service_level 1.5"),
        ('{"parameters": {"pack_size": 0}}', "pack_size 0"),
        ('{"parameters": {"demand_days": 28.5}}', "demand_days 28.5"),
        ('{"parameters": {"product": Infinity}}', "product inf"),
        ('{"parameters": {"product": "x"}}', "product 'x'"),
        ('{"parameters": {"product": 987654}}', "product 987654"),
        ('{"parameters": {"product": 1e40}}', "product 1"),
        ('{"parameters": {"customer": 987654}}', "customer 987654"),
        ('{"parameters": {"customer": 1e40}}', "customer 1"),
        ('{"region": ["North"]}', "region"),
    ],
)
def test_a_text_that_cannot_be_shown_changes_nothing(dashboard, text, said):
    dashboard.restore('{"page": "Inventory", "regions": ["North"], "parameters": {"lead_time": 21.0}}')
    before = dashboard.state(), dashboard.saved(), len(dashboard.past)
    with pytest.raises(ShopProblem, match=said) as problem:
        dashboard.restore(text)
    assert "Something unforeseen" not in str(problem.value)
    assert (dashboard.state(), dashboard.saved(), len(dashboard.past)) == before


def test_names_given_twice_or_in_another_order_are_what_they_are(dashboard):
    whole = dashboard.shop.everything()
    dashboard.restore(json.dumps({"regions": [*reversed(whole.regions), whole.regions[0]]}))
    assert json.loads(dashboard.saved()) == {"page": "Overview"}
    assert "shop-alert" not in dashboard.status.value


def test_a_view_is_shown_by_its_button(dashboard):
    dashboard.navigation.value, dashboard.named.value = "Data & SQL", True
    tool = dashboard.views
    assert json.loads(tool.text.value) == {"page": "Data & SQL"}
    tool.text.value = '{"page": "Products", "regions": ["West"]}'
    tool.restore.click()
    assert (dashboard.navigation.value, dashboard.filters.value.regions) == ("Products", ("West",))
    tool.text.value = "nothing"
    tool.restore.click()
    assert "not a saved view" in dashboard.status.value


def test_a_view_is_named_and_chosen_again(dashboard):
    views, file = dashboard.views, views_file(dashboard.settings)
    dashboard.named.value = True
    assert views.chooser.options == (views.NONE,)
    dashboard.go(
        "Products", replace(dashboard.first().selection, regions=("West",), interval="week"), {"lead_time": 30.0}
    )
    kept = dashboard.state()
    views.keep.click()
    assert "needs a name" in dashboard.status.value
    views.name.value = " Der Wésten <b> "
    views.keep.click()
    assert "kept as Der Wésten &lt;b&gt;" in dashboard.status.value
    assert list(named_views(dashboard.settings)) == ["Der Wésten <b>"]
    dashboard.reset()
    for _ in range(2):  # the same name twice
        dashboard.go("Customers", dashboard.first().selection)
        views.chooser.value = "Der Wésten <b>"
        assert dashboard.state() == kept
    file.write_text(json.dumps({"Old": '{"regions": ["Atlantis"]}'}), encoding="utf-8")
    dashboard.refresh()
    views.chooser.value = "Old"
    assert "Atlantis" in dashboard.status.value
    assert dashboard.state() == kept
    views.name.value = "Nobody's"
    views.forget.click()
    assert "No view is called Nobody" in dashboard.status.value
    views.name.value = "Old"
    views.forget.click()
    assert (named_views(dashboard.settings), views.chooser.options) == ({}, (views.NONE,))
    file.write_text("[1]", encoding="utf-8")
    dashboard.refresh()
    assert "cannot be read" in dashboard.status.value
    file.unlink()
    dashboard.refresh()
    assert "shop-alert" not in dashboard.status.value
    dashboard.named.value = False


# ------------------------------------------------------------------ behind the cards


def test_the_csv_of_each_card_is_the_answer_to_its_sql(dashboard):
    for name in dashboard.pages:
        dashboard.navigation.value = name
        for card in dashboard.board.cards:
            queries = ask_board(dashboard, card["id"], "sql")["queries"]
            text, parameters = queries[0]["sql"], queries[0]["parameters"]
            assert queries[0]["plan"]
            known = dashboard.shop.engine.run(text, parameters)
            header, *rows = csv.reader(io.StringIO(ask_board(dashboard, card["id"], "csv")["text"]))
            assert header == list(known.columns)
            assert len(rows) == len(known)
            for row, values in zip(rows[:50], known.itertuples(index=False), strict=False):
                for said, value in zip(row, values, strict=True):
                    if pd.isna(value):
                        assert said == ""
                    elif isinstance(value, str):
                        assert said.lstrip("'") == value.lstrip("'")
                    else:
                        assert math.isclose(float(said), value, abs_tol=5e-5)


def test_rows_add_up_to_the_tile(dashboard):
    (card,) = [card for card in dashboard.board.cards if card["id"] == "overview-key-figures"]
    tiles = {tile["name"]: tile["exact"] for tile in card["tiles"]}
    daily = ask_board(dashboard, "overview-revenue", "rows", offset=0, count=1000)["table"]
    place = [column["name"] for column in daily["columns"]].index("revenue")
    assert tiles["revenue"] == f"${sum(row[place] for row in daily['rows']):,.2f}"


# ------------------------------------------------------------------ what is edited, what is written, other shops


def test_an_edited_question_changes_the_page(story, opened):
    """Change a query in its cell, run the dashboard's cells again, and the page has changed."""

    def revenue(sql):
        chart = Chart("Revenue per day", sql, story.daily_revenue_chart)
        page = Dashboard(opened.shop, [Page("Overview", [[chart]])])
        return page.board.cards[0]["figure"]["data"][0]["y"]

    doubled = story.DAILY_REVENUE.replace("SUM(selected_days.revenue)", "2 * SUM(selected_days.revenue)")
    assert revenue(doubled) == pytest.approx([2 * value for value in revenue(story.DAILY_REVENUE)])


@pytest.fixture
def own(story, pages, tmp_path):
    """A dashboard of its own, whose shop is written to."""
    shop = small_shop(story, tmp_path)
    dashboard = Dashboard(shop, pages)
    yield dashboard
    dashboard.close()
    shop.close()


def write(dashboard, sql, *values):
    with closing(sqlite3.connect(dashboard.settings.database)) as connection, connection:
        connection.execute(sql, values)


def revenue_tile(dashboard):
    return next(tile["exact"] for tile in dashboard.board.cards[0]["tiles"] if tile["name"] == "revenue")


ORDER = "INSERT INTO orders SELECT MAX(order_id) + 1, 1, 1, ?, 1, 1000000, 'Completed', MAX(order_number) + 1, NULL FROM orders"


def test_what_others_write_shows_at_the_next_look(own):
    before, end = revenue_tile(own), date.fromisoformat(own.filters.whole.end)
    write(own, ORDER, (end + timedelta(days=2)).isoformat())
    own.refresh()
    assert own.filters.value.end == (end + timedelta(days=2)).isoformat()
    amount = [float(text.strip("$").replace(",", "")) for text in (revenue_tile(own), before)]
    assert amount[0] - amount[1] == pytest.approx(1_000_000)


def test_live_orders_come_and_go(own):
    before, end = revenue_tile(own), own.filters.whole.end
    own.sample_end = end
    with closing(sqlite3.connect(own.settings.database)) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM orders").fetchone()
    own.clock.start = lambda: None  # the test ticks itself
    own.live.value = True
    for step in range(2 * TICKS_A_DAY):
        own._ticked(step)
    assert own.filters.whole.end > end
    assert "shop-alert" not in own.status.value
    own.live.value = False
    assert (revenue_tile(own), own.filters.whole.end) == (before, end)
    with closing(sqlite3.connect(own.settings.database)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM orders").fetchone() == (count,)


def test_a_like_day_is_sold_again(own):
    """Ten steps sell what was sold 28 days before, as a shop of 200 days has no year before."""
    path, end = own.settings.database, date.fromisoformat(own.filters.whole.end)
    for step in range(TICKS_A_DAY):
        add_live_orders(path, end.isoformat(), step)
    sql = "SELECT COUNT(*), TOTAL(total_amount) FROM orders WHERE order_date = ?"
    with closing(sqlite3.connect(path)) as connection:
        model, sold = (
            connection.execute(sql, (day.isoformat(),)).fetchone()
            for day in (end - timedelta(days=27), end + timedelta(days=1))
        )
    assert sold == model


def test_a_clock_ticks_until_it_is_stopped():
    import threading  # noqa: PLC0415

    heard, enough = [], threading.Event()

    def tick(step):
        heard.append(step)
        if step == 2:
            enough.set()

    clock = Clock(tick, seconds=0.01)
    clock.start()
    clock.start()  # which changes nothing
    assert enough.wait(10)
    clock.stop()
    assert not clock.runs
    assert heard[:3] == [0, 1, 2]


def test_an_error_is_said_and_the_filters_go_on(own, monkeypatch):
    def locked():
        raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as broken:
        broken.setattr(own.shop, "refresh", locked)
        own.filters.regions.value = ("North",)
        assert "cannot be read (database is locked)" in own.status.value
    own.filters.regions.value = ("South",)
    assert "South · all categories" in own.status.value
    assert "shop-alert" not in own.status.value


def test_another_shop_takes_its_place(own, story, tmp_path):
    first = own.shop
    folder = tmp_path / "other"
    folder.mkdir()
    other = small_shop(story, folder, seed=7, shop_name="Other shop", sample_orders=600)
    settings = other.settings
    other.close()
    own.restore('{"page": "Inventory", "regions": ["North"], "parameters": {"lead_time": 21.0}}')
    assert own.become(settings) is own
    assert own.shop is not first
    assert "Other shop" in own.header.value
    assert (own.state(), own.past) == (own.first(), [])
    first.ask("SELECT COUNT(*) AS n FROM orders")  # the story's own shop is still there


def test_a_shop_that_cannot_be_opened_takes_no_place(own, tmp_path):
    first = own.shop
    with pytest.raises(ShopProblem):
        own.become(replace(own.settings, database=str(tmp_path / "no folder" / "x.db"), shop_name="X"))
    assert own.shop is first
    own.refresh()
    assert "shop-alert" not in own.status.value


def test_a_shop_without_orders_is_shown(story, pages, tmp_path, make_settings):
    shop = small_shop(story, tmp_path)
    with closing(sqlite3.connect(shop.settings.database)) as connection, connection:
        connection.execute("DELETE FROM orders")
        connection.execute("DELETE FROM reviews")
    shop.refresh()
    dashboard = Dashboard(shop, pages)
    for name in dashboard.pages:
        dashboard.navigation.value = name
        assert "failed" not in states(dashboard).values(), [
            card for card in dashboard.board.cards if card["state"] == "failed"
        ]
    dashboard.close()
    shop.close()


def test_controls_take_what_the_plan_says():
    from shopboard.selection import Controls  # noqa: PLC0415

    page = Page(
        "P", controls=[Control("share", "Share (%)", 0.95, 0.5, 0.999, 0.5, times=100), Control("n", "N", 3, 1, 9)]
    )
    controls = Controls(page, lambda: None)
    share, number = controls._widgets.values()
    assert (share.value, share.min, share.max, type(number)) == (95, 50, 99.9, widgets.BoundedIntText)
    controls.set({"share": 0.9, "n": 4})
    assert controls.values == {"share": 0.9, "n": 4}
