"""The printed report: sheets of A4 with the page's figures, stamped with the selection and the data's dates."""

from copy import copy
from dataclasses import replace

import pytest
from matplotlib import font_manager
from matplotlib.text import Text
from PIL import Image
from pypdf import PdfReader

from shopboard import report as report_module
from shopboard.cards import fill
from shopboard.pages import Page, Table, Tile, Tiles
from shopboard.paper import fitting, out_of_order, paper_style, width_of
from shopboard.problems import ShopProblem
from shopboard.report import Drawing, Printing, Report, save_report, shared_out, sheet_figure
from shopboard.style import Look, category_colours, dates, money

from small_shop import small_shop


@pytest.fixture(scope="module")
def shop(story, tmp_path_factory):
    """A small sample shop."""
    shop = small_shop(story, tmp_path_factory.mktemp("report"), sample_orders=3_000, days=400)
    yield shop
    shop.close()


@pytest.fixture
def printed(story, shop, tmp_path):
    """A function that prints a selection; it returns the PDF's text by sheet, and the paths of the pictures."""

    def printed(selection=None, report=None, the_shop=None, **look):
        one = the_shop or shop
        look = Look(**{"colours": category_colours(one.everything().categories), **look})
        pdf, *pictures = save_report(one, report or story.REPORT, selection or one.everything(), tmp_path, look)
        return [page.extract_text() for page in PdfReader(pdf).pages], pictures

    return printed


def test_sheets_of_paper(story, printed, tmp_path):
    texts, pictures = printed()
    assert [path.name for path in pictures] == ["report.png", "report-2.png"]
    assert len(texts) == len(story.REPORT.sheets) == 2
    for page in PdfReader(tmp_path / "report.pdf").pages:
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx((595, 842), abs=1)
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.height > picture.width > 800
            assert sum(count > 0 for count in picture.convert("L").resize((120, 160)).histogram()) > 15


def test_it_says_the_selection_the_dates_and_the_figures(story, shop, printed):
    whole = shop.everything()
    chosen = replace(whole, regions=("North", "West"), categories=("Books",), start="2025-09-01", end="2025-10-31")
    texts, _ = printed(chosen)
    for text in texts:
        assert "North, West · Books · 1 Sep 2025 to 31 Oct 2025" in text
        assert f"Data from {dates(whole.start, whole.end)}" in text
    assert "Compared with the days before, 2 Jul 2025 to 31 Aug 2025" in texts[0]
    for tile in tiles(story.SALES_SHEET, shop, chosen):
        assert tile["label"] in texts[0]
        assert tile["exact"].split()[0] in texts[0]  # on paper nobody can point at a short one
    order = shop.ask(story.ORDER_NOW, chosen, **story.planning())
    for name in order["product_name"].head(5):
        assert name[:12] in texts[1]


def tiles(sheet, shop, selection):
    """Return the tiles of a sheet as the dashboard has them."""
    return next(card for card in fill(sheet, shop, selection, Look(), {}) if card["kind"] == "tiles")["tiles"]


def test_the_same_figures_give_the_same_files(printed, tmp_path):
    printed()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    printed()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert sorted(before) == ["report-2.png", "report.pdf", "report.png"]


@pytest.mark.parametrize("currency", ["$", "€", "kr ", "¥"])
def test_currencies_numbers_and_odd_names(story, printed, shop, currency):
    named = replace(shop.settings, shop_name="A $5 & $6 <shop>")
    shop_named = copy(shop)
    shop_named.settings = named
    report = Report("$x$", story.REPORT.sheets[:1])
    texts, _ = printed(report=report, the_shop=shop_named, currency=currency, number_format="1.234,56")
    assert "A $5 & $6 <shop>" in texts[0]
    assert "$x$" in texts[0]
    best = shop.ask(story.TOP_CUSTOMERS).iloc[0]
    assert money(best["lifetime_value"], Look(currency, "1.234,56")) in texts[0]


@pytest.mark.parametrize("compared", [False, True])
def test_nothing_overlaps_and_nothing_leaves_the_paper(story, shop, compared):
    """Looked at as drawn: no two texts of a sheet stand in each other's way."""
    selection = replace(shop.everything(), start="2025-07-01") if compared else shop.everything()
    for number, sheet in enumerate(story.REPORT.sheets):
        with paper_style():
            figure = sheet_figure(Printing(shop, story.REPORT, selection, Look(), {}), sheet, number)
            report_module.laid_out(figure)
            texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
            boxes = [(text.get_text(), text.get_window_extent()) for text in texts if in_view(text)]
        paper = figure.bbox
        for text, box in boxes:
            assert paper.x0 <= box.x0 and box.x1 <= paper.x1 and paper.y0 <= box.y0 and box.y1 <= paper.y1, text
        overlapping = [
            (one, other)
            for place, (one, box) in enumerate(boxes)
            for other, second in boxes[place + 1 :]
            if min(box.x1, second.x1) - max(box.x0, second.x0) > 2
            and min(box.y1, second.y1) - max(box.y0, second.y0) > 3
        ]
        assert overlapping == []


def in_view(text):
    """Say whether a text is drawn: ticks outside an axis's range are not, nor is what belongs to a hidden axis."""
    axes = text.axes
    if axes is None:
        return True
    for axis, place in ((axes.xaxis, 0), (axes.yaxis, 1)):
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if text in (tick.label1, tick.label2):
                low, high = sorted(axis.get_view_interval())
                return axis.get_visible() and axes.axison and low <= text.get_position()[place] <= high
    return axes.axison or text in axes.texts or text in (axes.title, axes._left_title)


def test_an_empty_selection_says_so(story, shop, printed):
    whole = shop.everything()
    texts, _ = printed(replace(whole, start="1999-01-01", end="1999-01-31"))
    assert texts[0].count("Nothing in this selection") + texts[0].count("No ") >= 3


def test_nothing_chosen_prints_nothing(story, shop, tmp_path):
    with pytest.raises(ShopProblem, match="Choose at least one region"):
        save_report(shop, story.REPORT, replace(shop.everything(), regions=()), tmp_path / "new", Look())
    assert not (tmp_path / "new").exists()


def test_a_place_where_nothing_can_be_written(story, shop, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ShopProblem, match="set `exports` to a folder"):
        save_report(shop, story.REPORT, shop.everything(), tmp_path / "file", Look())


def test_letters_that_no_font_has_are_said(story, printed, monkeypatch):
    plain = [entry for entry in font_manager.fontManager.ttflist if entry.name.startswith("DejaVu")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", plain)
    sql = "SELECT '商店' || region AS name, COUNT(*) AS order_lines FROM selected_lines GROUP BY region"
    sheet = Page("商", rows=[[Table("Regions", sql, {"name": "Region", "order_lines": "Lines"})]])
    texts, _ = printed(report=Report("Letters", [sheet]))
    assert "2 letters of this sheet are in no font of this machine (CJK: U+5546, U+5E97)" in texts[0]


def test_further_fonts_of_the_machine_draw_what_the_first_lacks(printed, tmp_path, monkeypatch):
    """Made here: a font of two letters. The sheet takes it for them, and has nothing more to say."""
    from fontTools.fontBuilder import FontBuilder  # noqa: PLC0415, Matplotlib brings it along
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # noqa: PLC0415

    pen = TTGlyphPen(None)
    for number, corner in enumerate([(100, 0), (100, 700), (900, 700), (900, 0)]):
        (pen.lineTo if number else pen.moveTo)(corner)
    pen.closePath()
    glyphs = {".notdef": TTGlyphPen(None).glyph(), "shop": pen.glyph()}
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(list(glyphs))
    font.setupCharacterMap(dict.fromkeys(map(ord, "商店"), "shop"))
    font.setupGlyf(glyphs)
    font.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 0)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Two Letters", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(tmp_path / "two.ttf")
    plain = [entry for entry in font_manager.fontManager.ttflist if entry.name.startswith("DejaVu")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", plain)
    font_manager.fontManager.addfont(tmp_path / "two.ttf")
    sql = "SELECT '商店 ' || region AS name, COUNT(*) AS order_lines FROM selected_lines GROUP BY region"
    sheet = Page("商", rows=[[Table("Regions", sql, {"name": "Region", "order_lines": "Lines"})]])
    texts, _ = printed(report=Report("Letters", [sheet]))
    assert "in no font" not in texts[0]
    assert "商店 North" in texts[0]


def test_what_is_written_from_right_to_left_is_right_or_said(monkeypatch):
    monkeypatch.setattr("matplotlib.ft2font", object())
    assert out_of_order(["متجر"]) and not out_of_order(["shop", "商店"])
    monkeypatch.setattr("matplotlib.ft2font", type("New", (), {"__libraqm_version__": "0.10"}))
    assert out_of_order(["متجر"]) == ""


def test_a_long_table_says_what_it_leaves_out(printed, shop):
    sql = "SELECT product_name || ' with a name that goes on and on and on and on and on' AS name, price FROM products"
    columns = {"name": "Product", "price": "Price"}
    sheet = Page(
        "Products",
        rows=[[Tiles(sql, [Tile("Price", "price", "money")], compare=False)], [Table("All", sql, columns, rows=12)]],
    )
    texts, _ = printed(report=Report("Long", [sheet]))
    assert f"The first 12 of {len(shop.ask(sql))}" in texts[0]


def test_a_drawing_takes_the_room_that_is_left(printed, story):
    drawn = Drawing("Days", story.DAILY_REVENUE, story.plot_daily, height=1)
    _, (picture,) = printed(report=Report("One", [Page("One", rows=[[drawn]])]))
    with Image.open(picture) as image:
        low = image.convert("L").crop((0, int(image.height * 0.6), image.width, int(image.height * 0.9)))
        assert low.getextrema()[0] < 200


def test_texts_end_where_their_room_does():
    with paper_style():
        assert fitting("two\nlines  here", 2) == "two lines here"
        for text in ("a long name " * 9, "長い名前" * 9, "W" * 99):
            cut = fitting(text, 1.0)
            assert cut.endswith("…") and 0.8 < width_of(cut, 7) <= 1.0
        wide = shared_out([["x" * 300, "y" * 10, "z" * 200]], 4)
        assert sum(wide) == pytest.approx(4)
        assert wide[0] == wide[2] > wide[1] == pytest.approx(width_of("y" * 10, 7) + report_module.GAP)
        assert sum(shared_out([["x", "y"]], 7)) < 2
