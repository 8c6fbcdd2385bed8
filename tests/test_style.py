"""Numbers in the reader's format, texts that Plotly shows as they are, colours with contrast, figures as plain JSON."""

import json
import math
from datetime import date

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import pytest

from shopboard import style
from shopboard.settings import NUMBER_FORMATS
from shopboard.style import Look, compact, days, decimal, integer, money, number, percent, stars

LOOK = Look()
GERMAN = Look("€", "1.234,56")


def contrast(one, other):
    """WCAG's contrast of two colours."""

    def light(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((light(one), light(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (money, 1234.5, "$1,234.50"),
        (money, -1234.5, "−$1,234.50"),
        (money, -0.001, "$0.00"),
        (integer, 1234567, "1,234,567"),
        (number, 12, "12"),
        (decimal, 1.005, "1.00"),
        (percent, 0.1234, "12.3%"),
        (stars, 4.126, "4.13 ★"),
        (days, 12.34, "12.3 days"),
        (money, None, "–"),
        (money, math.nan, "–"),
    ],
)
def test_numbers_are_written_exactly(form, value, expected):
    assert form(value, LOOK) == expected


@pytest.mark.parametrize("name", NUMBER_FORMATS)
def test_numbers_have_the_readers_marks(name):
    thousands, mark = NUMBER_FORMATS[name]
    assert money(1234567.891, Look("€", name)) == f"€1{thousands}234{thousands}567{mark}89"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (7.25, "7.25"),
        (999, "999"),
        (1000, "1.0k"),
        (12_345, "12.3k"),
        (99_960, "100k"),
        (754_912, "755k"),
        (999_600, "1.0M"),
        (1.5e9, "1.5B"),
    ],
)
def test_short_numbers_have_three_digits(value, expected):
    assert compact(value, LOOK) == expected


def test_a_tile_is_short_where_the_number_is_long():
    assert money.short(754_912.2, LOOK) == "$755k"
    assert money.short(99_999.4, LOOK) == "$99,999.40"
    assert money.short(-1_534_000, GERMAN) == "−€1,5M"
    assert integer.short(9_812, LOOK) == "9,812"
    assert money.short(None, LOOK) == "–"


@pytest.mark.parametrize(
    ("form", "now", "earlier", "expected"),
    [
        (money, 112.3, 100, (1, "12.3%")),
        (money, 95, 100, (-1, "5.0%")),
        (money, 100.01, 100, (0, "no change")),
        (money, 5, 0, None),
        (money, math.nan, 3, None),
        (percent, 0.031, 0.027, (1, "0.4 points")),
        (percent, 0.0, 0.0, (0, "no change")),
        (stars, 4.10, 4.13, (-1, "0.03 ★")),
    ],
)
def test_changes(form, now, earlier, expected):
    assert form.change(now, earlier, LOOK) == expected


def test_texts_are_no_html_and_stop_no_chart():
    assert style.plain("<b>a</b> & b") == "&lt;b&gt;a&lt;/b&gt; &amp; b"
    assert style.plain("$x$") == "&#36;x&#36;"  # which would be a formula
    assert "%{" not in style.plain("%{x}")
    for name in ("__proto__", "constructor", "toString"):
        assert style.plain(name) != name and style.plain(name).endswith(name)
    assert style.shortened("A very long name of a product indeed") == "A very long name of a p…"


def test_every_colour_has_contrast_in_light_and_dark():
    ground, dark_ground = style.GROUND, style.DARK[style.GROUND]
    for colour in (*style.PALETTE, style.ACCENT, style.INK, style.SOFT, style.GOOD, style.BAD, style.ODD):
        assert contrast(colour, ground) >= 4.5, colour  # texts on a mark have the ground's colour
        assert contrast(style.DARK[colour], dark_ground) >= 4.5, style.DARK[colour]
    assert contrast(style.QUIET, ground) >= 3 and contrast(style.DARK[style.QUIET], dark_ground) >= 3
    assert not set(style.DARK) & set(style.DARK.values())  # darkened twice is darkened once


def test_categories_keep_their_colours():
    names = ["Toys", "Books", "__proto__"]
    colours = style.category_colours(names)
    assert colours == style.category_colours(reversed(names))
    assert len(set(colours.values())) == 3
    assert Look(colours=colours).colour("Toys") == colours["Toys"]
    assert Look(colours=colours).colour("not known") == style.QUIET


def test_a_figure_is_plain_json():
    answer = pd.DataFrame({"day": pd.to_datetime(["2025-01-01", "2025-01-02"]), "revenue": [1.5, math.nan]})
    for figure in (
        px.bar(answer, x="day", y="revenue"),
        go.Figure(go.Bar(x=answer["day"].to_numpy(), y=answer["revenue"].to_numpy())),
    ):
        plain = style.figure_json(figure, GERMAN)
        json.dumps(plain, allow_nan=False)
        assert [day[:10] for day in plain["data"][0]["x"]] == ["2025-01-01", "2025-01-02"]
        assert plain["data"][0]["y"] == [1.5, None]
        assert plain["layout"]["separators"] == ",."
    matrix = style.figure_json(go.Figure(go.Heatmap(z=np.array([[1.0, 2.0, 3.0], [4.0, 5.0, np.inf]]))), LOOK)
    assert matrix["data"][0]["z"] == [[1, 2, 3], [4, 5, None]]


def test_every_value_becomes_plain():
    values = [
        np.int64(3),
        np.float64("nan"),
        pd.NaT,
        pd.Timestamp("2025-01-02"),
        date(2025, 1, 2),
        (1, 2),
        "a",
        None,
        True,
        np.bool_(False),
    ]
    assert style.jsonable(values) == [
        3,
        None,
        None,
        "2025-01-02T00:00:00",
        "2025-01-02",
        [1, 2],
        "a",
        None,
        True,
        False,
    ]


def test_an_empty_figure_says_why():
    figure = style.empty_figure("No Completed orders <here>")
    assert figure.layout.annotations[0].text == "No Completed orders &lt;here&gt;"
    assert len(figure.data) == 0
