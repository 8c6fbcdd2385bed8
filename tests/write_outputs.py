"""Write the notebook's outputs and the README's pictures: run this after a change, never save the notebook by hand.

Tables are kept as text, charts as pictures, the dashboard as a screenshot of the real page; no widget state, no times.
"""

import base64
import io
import json
import tempfile
from pathlib import Path

import nbformat
import plotly
from nbclient import NotebookClient
from PIL import Image

import browser
from notebook_module import NOTEBOOK, ROOT, read_notebook

PICTURES = ROOT / "tests" / "pictures"
FIGURE = "application/vnd.plotly.v1+json"
DRAWN = """async figure => {
    const place = document.body.appendChild(document.createElement("div"));
    await Plotly.newPlot(place, figure.data, {...figure.layout, width: 900}, {staticPlot: true});
}"""


def small(png: bytes, width: int | None = None) -> bytes:
    """Return a picture in 256 colours, and no wider than `width` pixels."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    if width and picture.width > width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.quantize(256, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def draw(chromium, figure: dict) -> bytes:
    """Draw a figure of Plotly in a browser and return it as PNG."""
    page = chromium.new_page(viewport={"width": 920, "height": 500})
    page.set_content("<body style='margin:0'></body>")
    page.add_script_tag(path=str(Path(plotly.__file__).parent / "package_data" / "plotly.min.js"))
    page.evaluate(DRAWN, figure)
    picture = page.locator(".js-plotly-plot").screenshot()
    page.close()
    return small(picture)


def photograph(chromium, folder: Path) -> dict[str, bytes]:
    """Open the dashboard by Voilà and return pictures of it, wide and narrow."""
    with browser.server("voila", folder) as address:
        page = chromium.new_page(viewport={"width": 1600, "height": 1330})
        browser.open_page(page, "voila", address)
        page.wait_for_timeout(2_000)
        whole = page.locator(".shop-page").screenshot()
        before = browser.charts(page)
        page.locator(".shop-filters select:not([multiple])").select_option("Last 365 days")
        browser.changed(page, before, ("daily_revenue", "top_customers"))
        page.mouse.move(0, 0)
        page.wait_for_timeout(1_500)
        year = page.locator(".shop-page").screenshot()
        page.set_viewport_size({"width": 420, "height": 3_000})
        page.wait_for_timeout(2_500)
        narrow = page.locator(".shop-page").screenshot()
        page.close()
    return {"whole": whole, "dashboard": year, "narrow": narrow}


def picture_output(png: bytes, text: str) -> nbformat.NotebookNode:
    """Return a picture as a cell's output."""
    data = {"image/png": base64.b64encode(png).decode(), "text/plain": text}
    return nbformat.v4.new_output("display_data", data=data)


def settled(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return an output without the number of its run."""
    if output.output_type == "execute_result":
        output = nbformat.v4.new_output("display_data", data=output.data, metadata=output.metadata)
    return output


def main() -> None:
    """Run the notebook, photograph its charts and page, and write notebook and pictures."""
    notebook = read_notebook()
    with tempfile.TemporaryDirectory() as folder, browser.chromium() as chromium:
        blank = io.BytesIO()
        Image.new("RGB", (1, 1), "white").save(blank, "PNG")
        first_time = {"dashboard.png": {"image/png": base64.b64encode(blank.getvalue()).decode()}}
        notebook.cells[0].setdefault("attachments", first_time)
        nbformat.write(notebook, Path(folder) / NOTEBOOK.name)
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(
            notebook,
            timeout=300,
            resources=resources,
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
        )
        client.execute()
        pages = photograph(chromium, Path(folder))
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            cell.execution_count = None
            cell.metadata.pop("execution", None)
            if cell.id == "dashboard-shown":
                cell.outputs = [picture_output(small(pages["whole"]), "The dashboard")]
                continue
            outputs = []
            for output in map(settled, cell.outputs):
                if FIGURE in output.get("data", {}):
                    figure = json.loads(json.dumps(output.data[FIGURE]))
                    outputs.append(picture_output(draw(chromium, figure), figure["layout"]["title"]["text"]))
                elif "image/png" in output.get("data", {}):
                    png = base64.b64decode(output.data["image/png"])
                    outputs.append(picture_output(small(png), "The printed report"))
                else:
                    outputs.append(output)
            cell.outputs = outputs
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.cells[0]["attachments"] = {
        "dashboard.png": {"image/png": base64.b64encode(small(pages["dashboard"], 900)).decode()}
    }
    text = nbformat.writes(notebook, ensure_ascii=False)
    NOTEBOOK.write_text(text + "\n", encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "dashboard.png").write_bytes(small(pages["dashboard"]))
    (PICTURES / "narrow.png").write_bytes(small(pages["narrow"]))


if __name__ == "__main__":
    main()
