"""Write the notebook's outputs and the README's pictures: run this after a change, never save the notebook by hand.

Tables are kept as text, charts as pictures, the dashboard as a screenshot of the real page; no widget state, no times.
"""

import base64
import io
import json
import sys
import tempfile
from pathlib import Path

import nbformat
import plotly
from nbclient import NotebookClient
from PIL import Image

from build import NOTEBOOK, ROOT, as_text, carry

sys.path.insert(0, str(ROOT / "tests"))
import browser

PICTURES = ROOT / "tests" / "pictures"
HEIGHTS = {"customers": 1250, "inventory": 1250, "dark": 1400, "narrow": 1700}  # pixels of a picture at most
FIGURE = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
DRAWN = """async figure => {
    const place = document.body.appendChild(document.createElement("div"));
    await Plotly.newPlot(place, figure.data, {...figure.layout, width: 800}, {staticPlot: true});
}"""


def small(png: bytes, width: int | None = None, colours: int = 256) -> bytes:
    """Return a picture in so many colours, and no wider than `width` pixels."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    if width and picture.width > width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def draw(chromium: browser.Browser, figures: list[dict]) -> list[bytes]:
    """Draw figures of Plotly in a browser and return them as PNG."""
    page = chromium.new_page(viewport={"width": 820, "height": 500})
    page.set_content("<body style='margin:0'></body>")
    page.add_script_tag(path=str(Path(plotly.__file__).parent / "package_data" / "plotly.min.js"))
    pictures = []
    for figure in figures:
        page.evaluate("document.body.replaceChildren()")
        page.evaluate(DRAWN, figure)
        pictures.append(small(page.locator(".js-plotly-plot").screenshot(), colours=32))
    page.close()
    return pictures


def whole(page: browser.Page, width: int) -> bytes:
    """Return a picture of the whole dashboard, so many pixels wide: the window grows until all of it is in sight."""
    page.locator(".shop-page").evaluate("shown => shown.scrollIntoView()")
    for _ in range(2):  # the second time, cards have their heights at this width
        place = page.locator(".shop-page").bounding_box() or {"y": 0, "height": 1500}
        page.set_viewport_size({"width": width, "height": int(place["y"] + place["height"]) + 60})
        page.wait_for_timeout(2_500)
    return page.locator(".shop-page").screenshot()


def shown(page: browser.Page, tab: str, card: str) -> None:
    """Turn to one of the dashboard's pages, and wait until it stands."""
    page.locator(".shop-pages").get_by_role("button", name=tab, exact=True).click()
    browser.card(page, card).wait_for()
    browser.wait_until(lambda: browser.drawn(page), 60, f"the page {tab}")


def photograph(chromium: browser.Browser, folder: Path) -> dict[str, bytes]:
    """Open the dashboard by Voilà and return pictures of it: some of its pages, one of them dark, and one narrow."""
    with browser.server("voila", folder) as address:
        page = chromium.new_page(viewport={"width": 1500, "height": 1500})
        browser.open_page(page, "voila", address)
        pictures = {"dashboard": whole(page, 1500)}
        for tab, card in (("Customers", "customers-cohorts"), ("Inventory", "inventory-dead-stock")):
            shown(page, tab, card)
            pictures[tab.lower()] = whole(page, 1100)
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("button", name="Dark", exact=True).click()
        page.get_by_role("button", name="More", exact=True).click()
        shown(page, "Products", "products-all-products")
        browser.card(page, "products-all-products").locator(".sb-link").first.click()
        browser.card(page, "products-reviews").wait_for()
        pictures["dark"] = whole(page, 1100)
        page.close()
        page = chromium.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
        browser.open_page(page, "voila", address)
        pictures["narrow"] = whole(page, 390)
        page.close()
    return {name: cut(picture, HEIGHTS.get(name, 9_999)) for name, picture in pictures.items()}


def cut(png: bytes, height: int) -> bytes:
    """Return the upper part of a picture, at most so many pixels high."""
    picture, out = Image.open(io.BytesIO(png)), io.BytesIO()
    picture.crop((0, 0, picture.width, min(height, picture.height))).save(out, "PNG")
    return out.getvalue()


def run(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run a notebook, alone in a folder, and keep its outputs without times or widget state."""
    (folder / NOTEBOOK.name).write_text(as_text(notebook), encoding="utf-8")
    options = {"record_timing": False, "store_widget_state": False, "coalesce_streams": True}
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}, **options).execute()


def picture_output(png: bytes, text: str) -> nbformat.NotebookNode:
    """Return a picture as a cell's output."""
    data = {"image/png": base64.b64encode(png).decode(), "text/plain": text}
    return nbformat.v4.new_output("display_data", data=data)


def title_of(figure: dict) -> str:
    """Return what a figure is called, for those who cannot see it."""
    return figure["layout"].get("title", {}).get("text") or "A chart"


def settled(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return an output as it is committed: without the number of its run, tables as text alone."""
    if output.output_type not in ("execute_result", "display_data"):
        return output
    data = output.data
    if "image/png" in data:
        return picture_output(small(base64.b64decode(data["image/png"]), 720), data.get("text/plain", "A picture"))
    return nbformat.v4.new_output("display_data", data={kind: data[kind] for kind in data if kind != WIDGET})


def write_outputs(notebook: nbformat.NotebookNode, pages: dict[str, bytes], chromium: browser.Browser) -> None:
    """Put pictures in the place of charts and page, and take out what differs from run to run."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    charts = [output for cell in cells for output in cell.outputs if FIGURE in output.get("data", {})]
    figures = [json.loads(json.dumps(output.data[FIGURE])) for output in charts]
    drawn = dict(zip(map(id, charts), zip(draw(chromium, figures), map(title_of, figures), strict=True), strict=True))
    for cell in cells:
        cell.execution_count = None
        cell.metadata.pop("execution", None)
        cell.outputs = [picture_output(*drawn[id(o)]) if id(o) in drawn else settled(o) for o in cell.outputs]
    cells[-1].outputs = [picture_output(small(pages["dashboard"], colours=32), "The dashboard")]
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    overview = {"image/png": base64.b64encode(small(pages["dashboard"], 640, 32)).decode()}
    notebook.cells[0]["attachments"] = {"dashboard.png": overview}


def main() -> None:
    """Run the notebook, photograph its charts and page, and write notebook and pictures."""
    notebook = carry(nbformat.read(NOTEBOOK, as_version=4))
    with tempfile.TemporaryDirectory() as folder, browser.chromium() as chromium:
        run(notebook, Path(folder))
        pages = photograph(chromium, Path(folder))
        write_outputs(notebook, pages, chromium)
    NOTEBOOK.write_text(as_text(notebook), encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    for name, picture in pages.items():
        (PICTURES / f"{name}.png").write_bytes(small(picture))


if __name__ == "__main__":
    main()
