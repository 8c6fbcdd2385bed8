"""Numbers and money in the format of the settings, wherever the page shows them."""

import re

import pytest

FORMATS = {
    "1,234.56": ("1,234.56", ",", "."),
    "1.234,56": ("1.234,56", ".", ","),
    "1 234,56": ("1\u202f234,56", "\u202f", ","),
}


@pytest.fixture(params=FORMATS)
def dashboard(request, nb, sample_settings):
    """The dashboard of the sample with another format, and what it is like."""
    board = nb.Dashboard(nb.replace(sample_settings, number_format=request.param, currency="€"))
    yield board, *FORMATS[request.param]
    board.close()
    nb.use_number_format("1,234.56")


def test_a_number_is_written_as_the_setting_says(nb, dashboard):
    _, example, *_ = dashboard
    assert nb.number(1234.56, ",.2f") == example
    assert nb.number(7) == "7"


def test_tiles_tables_and_charts_follow(dashboard):
    board, _, thousands, decimal = dashboard
    revenue = board.data.tiles.loc["revenue", "now"]
    whole, cents = f"{revenue:.2f}".split(".")
    assert f"€{whole[:-3]}{thousands}{whole[-3:]}{decimal}{cents}" in board.shown.above.value
    layout = board.shown.canvas.figure.layout
    assert layout.template.layout.separators == decimal + thousands
    for page in ("Customers", "Inventory"):
        board.navigation.value = page
        shown = re.sub("<[^>]*>", " ", board.shown.above.value + board.shown.below.value)
        amounts = re.findall(r"€([\d.,\u202f]+)", shown)
        assert amounts, page
        assert all(
            re.fullmatch(rf"\d{{1,3}}({re.escape(thousands)}\d{{3}})*{re.escape(decimal)}\d\d", text)
            for text in amounts
        ), page


def test_an_unknown_format_is_refused(nb, make_settings):
    with pytest.raises(nb.ShopProblem, match="number_format"):
        make_settings(number_format="1234")
