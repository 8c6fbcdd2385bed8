"""The printed report: one page, the page's figures, stamped with the selection and the data's dates."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader


@pytest.fixture(scope="module")
def whole(nb, sample_settings):
    connection = nb.connect(sample_settings.database)
    yield connection, nb.everything(connection)
    connection.close()


@pytest.fixture
def printed(nb, sample_settings, whole, tmp_path):
    """A function that prints a selection and returns the PDF's reader and the picture's path."""

    def printed(filters, **changed):
        settings = replace(sample_settings, exports=str(tmp_path), **changed)
        pdf, png = nb.save_report(whole[0], filters, whole[1], settings)
        assert (pdf, png) == (tmp_path / "report.pdf", tmp_path / "report.png")
        return PdfReader(pdf), Path(png)

    return printed


def test_one_page_of_paper(printed, whole):
    pdf, png = printed(whole[1])
    (page,) = pdf.pages
    assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx((595, 842), abs=1)
    with Image.open(png) as picture:
        assert picture.height > picture.width > 800
        assert len(set(picture.convert("L").resize((60, 80)).getdata())) > 20


def test_it_says_the_selection_the_dates_and_the_figures(nb, printed, whole):
    connection, everything = whole
    chosen = replace(everything, regions=("North", "West"), categories=("Books",), start="2025-03-01", end="2025-08-31")
    text = printed(chosen)[0].pages[0].extract_text()
    assert "North, West · Books · 2025-03-01 to 2025-08-31" in text
    assert "Data from 2024-01-02 to 2025-12-31" in text
    tiles = nb.read_page(connection, chosen).tiles["now"]
    assert f"${tiles['revenue']:,.2f}" in text
    assert f"{tiles['orders']:,.0f}" in text
    assert f"{tiles['cancelled_share']:.1%}" in text


def test_the_same_figures_give_the_same_file(printed, whole):
    first = printed(whole[1])[1].read_bytes()
    assert printed(whole[1])[1].read_bytes() == first


@pytest.mark.parametrize("currency", ["$", "€", "kr ", "¥"])
def test_currencies_and_odd_names(printed, whole, currency):
    pdf, _ = printed(whole[1], currency=currency, shop_name="A $5 & $6 <shop>")
    text = pdf.pages[0].extract_text()
    assert "A $5 & $6 <shop>" in text


def test_a_shop_of_another_kind(nb, shop, tmp_path):
    settings = replace(shop.settings, exports=str(tmp_path))
    pdf, _ = nb.save_report(shop.connection, shop.whole, shop.whole, settings)
    text = PdfReader(pdf).pages[0].extract_text()
    assert settings.name in text
    assert len(PdfReader(pdf).pages) == 1
