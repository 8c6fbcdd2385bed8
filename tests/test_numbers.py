"""Numbers and money in the format of the settings, wherever the page shows them."""

import re
from dataclasses import replace

import pytest

from shopboard.dashboard import Dashboard
from shopboard.problems import ShopProblem
from shopboard.style import integer, written

FORMATS = {
    "1,234.56": ("1,234.56", ",", "."),
    "1.234,56": ("1.234,56", ".", ","),
    "1 234,56": ("1\u202f234,56", "\u202f", ","),
}


@pytest.fixture(params=FORMATS)
def dashboard(request, sample_settings, open_shop, pages):
    """The dashboard of the sample with another format, and what it is like."""
    shop = open_shop(replace(sample_settings, number_format=request.param, currency="€"))
    dashboard = Dashboard(shop, pages)
    yield dashboard, *FORMATS[request.param]
    dashboard.close()
    shop.close()


def test_a_number_is_written_as_the_setting_says(dashboard):
    page, example, *_ = dashboard
    assert written(1234.56, ",.2f", page.look()) == example
    assert integer(7, page.look()) == "7"


def exact_texts(page):
    """Return the exact values of the tiles that are shown, as the page writes them."""
    return [tile["exact"] for card in page.board.cards if card["kind"] == "tiles" for tile in card["tiles"]]


def test_tiles_tables_and_charts_follow(dashboard, story):
    page, _, thousands, decimal = dashboard
    revenue = page.shop.ask(story.TILES, page.filters.value)["revenue"].iloc[0]
    whole, cents = f"{revenue:.2f}".split(".")
    assert f"€{whole[:-3]}{thousands}{whole[-3:]}{decimal}{cents}" in exact_texts(page)
    assert (page.board.look["thousands"], page.board.look["decimal"]) == (thousands, decimal)  # what tables write with
    figures = [card["figure"] for card in page.board.cards if card.get("figure")]
    assert figures
    assert {figure["layout"]["separators"] for figure in figures} == {decimal + thousands}
    for name in ("Customers", "Inventory"):
        page.navigation.value = name
        amounts = [text.removeprefix("€") for text in exact_texts(page) if text.startswith("€")]
        assert amounts, name
        assert all(
            re.fullmatch(rf"\d{{1,3}}({re.escape(thousands)}\d{{3}})*{re.escape(decimal)}\d\d", text)
            for text in amounts
        ), name


def test_an_unknown_format_is_refused(make_settings):
    with pytest.raises(ShopProblem, match="number_format"):
        make_settings(number_format="1234")
