"""The page as one file, which any browser opens without a kernel or a network.

For all regions or each, and all categories or each, the file has the cards of every page as `pages.fill` makes them,
compressed; its script shows those that two lists choose. It computes no measure.
"""

import base64
import hashlib
import html
import json
import pkgutil
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, cast

from shopboard.ask import Filters, Shop
from shopboard.board import Card, css_text, look_json, page_script
from shopboard.cards import ROWS_SENT, asked, card_of, given
from shopboard.pages import AnyPart, Page, Parameters, Tiles, questions
from shopboard.places import save
from shopboard.problems import ShopProblem
from shopboard.selection import listed
from shopboard.style import Look, dates

LARGEST = 10_000_000  # bytes of a file
LONGEST = 17.0  # seconds, after which no more choices get figures of their own
FRAME = 300_000  # bytes for what stands around the script and the figures
EVERY = -1  # in place of a region's or category's number: all of them

Choice = tuple[int, int]  # the numbers of a region and a category, or EVERY
Progress = Callable[[float, str], None]

SIZES = """
-- One row per region and category of the selection.
SELECT region, category, COUNT(*) AS order_lines
FROM selected_lines
GROUP BY region, category
"""


@dataclass
class Packed:
    """Cards, each kept once: compressed in blocks, and for each choice and page where its cards are."""

    blocks: list[str] = field(default_factory=list)  # base64 of deflated JSON, each a list of cards
    views: dict[Choice, list[list[tuple[int, int]]]] = field(default_factory=dict)  # per page: block and place of each
    places: dict[bytes, tuple[int, int]] = field(default_factory=dict)  # a card's digest -> block and place
    size: int = 0

    def add(self, choice: Choice, pages: Sequence[Sequence[Card]], most: int) -> bool:
        """Add what is shown for a choice; say whether there was room for it, and leave all as it was if not."""
        places = dict(self.places)
        blocks: list[str] = []
        view: list[list[tuple[int, int]]] = []
        for cards in pages:
            new: list[str] = []
            shown = []
            for card in cards:
                text = json.dumps(card, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
                digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
                if digest not in places:
                    places[digest] = (len(self.blocks) + len(blocks), len(new))
                    new.append(text)
                shown.append(places[digest])
            view.append(shown)
            if new:
                blocks.append(packed(f"[{','.join(new)}]"))
        size = sum(map(len, blocks)) + 12 * sum(map(len, view))
        if self.size + size > most:
            return False
        self.blocks += blocks
        self.places, self.size = places, self.size + size
        self.views[choice] = view
        return True


def packed(text: str) -> str:
    """Return a text deflated, in base64."""
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode()


def chosen(selection: Filters, choice: Choice) -> Filters:
    """Return the selection of one choice."""
    region, category = choice
    regions = selection.regions if region == EVERY else selection.regions[region : region + 1]
    categories = selection.categories if category == EVERY else selection.categories[category : category + 1]
    return replace(selection, regions=regions, categories=categories)


def choices(shop: Shop, selection: Filters) -> list[Choice]:
    """Return all choices in the order in which they get figures: all, single regions and categories, pairs, by size."""
    regions = {name: number for number, name in enumerate(selection.regions)}
    categories = {name: number for number, name in enumerate(selection.categories)}
    sizes: dict[Choice, int] = {}
    rows = shop.ask(SIZES, selection)
    for region, category, lines in zip(rows["region"], rows["category"], rows["order_lines"].tolist(), strict=True):
        for pair in ((regions[region], categories[category]), (regions[region], EVERY), (EVERY, categories[category])):
            sizes[pair] = sizes.get(pair, 0) + lines
    singles: list[Choice] = [(number, EVERY) for number in regions.values() if len(regions) > 1]
    singles += [(EVERY, number) for number in categories.values() if len(categories) > 1]
    pairs = [(region, category) for region, _ in singles for _, category in singles if EVERY not in (region, category)]
    largest_first = [sorted(group, key=lambda one: -sizes.get(one, 0)) for group in (singles, pairs)]
    return [(EVERY, EVERY), *largest_first[0], *largest_first[1]]


class Filling:
    """Fills pages for one selection after the other; what was asked before in the same words is not asked again."""

    def __init__(self, shop: Shop, pages: Sequence[Page], look: Look, parameters: Parameters) -> None:
        self.shop, self.pages, self.look, self.parameters = shop, pages, look, parameters
        self.known: dict[tuple[Any, ...], Card | None] = {}

    def cards(self, selection: Filters) -> list[list[Card]]:
        """Return the cards of each page for a file: nobody answers their clicks, and all their rows are there."""
        shown = [(page, page.shown(self.parameters)) for page in self.pages]
        keys = {
            (page.name, name): (page.name, name, self.asked(page, part, selection))
            for page, parts in shown
            for name, (_, part) in parts.items()
        }
        new = [
            (page, {name: part for name, (_, part) in parts.items() if keys[page.name, name] not in self.known})
            for page, parts in shown
        ]
        known = (self.shop, selection, self.parameters)
        self.shop.ask_ahead(chain.from_iterable(asked(page, parts.values(), *known) for page, parts in new))
        for page, parts in new:
            for name in parts:
                card = card_of(page, name, self.shop, selection, self.look, self.parameters)
                self.known[keys[page.name, name]] = card and for_file(card)
        found = [[self.known[keys[page.name, name]] for name in parts] for page, parts in shown]
        return [[card for card in cards if card] for cards in found]

    def asked(self, page: Page, part: AnyPart, selection: Filters) -> tuple[Any, ...]:
        """Return all that a part asks for a selection, as it is run; the selection itself where that cannot be told."""
        try:
            values = given(page, part, self.parameters)
        except Exception:  # whatever it is, the card says it
            return (selection,)
        texts = [*questions(part), *([part.trend] if isinstance(part, Tiles) and part.trend else [])]
        days = [selection, selection.before()] if isinstance(part, Tiles) else [selection]
        run = [self.shop.sql_of(text, these, **values) for text in texts for these in days]
        return tuple((text, *sorted(taken.items())) for text, taken in run)


def for_file(card: Card) -> Card:
    """Return a card as it stands in a file, where a click leads nowhere and no more rows can be asked for."""
    kept: Any = {**card, "clicks": False, "range": False, "menu": ["sql", "png", "enlarge"]}
    if card["kind"] != "chart":
        kept["menu"] = {"tiles": ["sql"], "table": ["sql", "enlarge"]}.get(card["kind"], [])
    if "table" in card:
        table = card["table"]
        rows, total = len(table["rows"]), table.get("total", 0)
        columns = [{name: value for name, value in column.items() if name != "click"} for column in table["columns"]]
        kept["table"] = {**table, "columns": columns, "total": rows}
        if total > rows:
            said = f"the first {rows:,} of {total:,} rows are in this file"
            kept["subtitle"] = " · ".join(filter(None, [card.get("subtitle", ""), said]))
    return cast("Card", kept)


def filled(filling: Filling, selection: Filters, progress: Progress) -> Packed:
    """Return the cards of all choices, or of the largest for which there are time and room."""
    started, found = time.monotonic(), Packed()
    room = LARGEST - FRAME - len(packed_script())
    order = choices(filling.shop, selection)
    for number, choice in enumerate(order):
        region, category = choice
        if EVERY not in choice and not {(region, EVERY), (EVERY, category)} <= set(found.views):
            continue  # its region or category is not in the lists
        these = chosen(selection, choice)
        progress(number / len(order), f"{words(selection, these)}")
        if not found.add(choice, filling.cards(these), room):
            if not found.views:
                raise ShopProblem("The page as a file would be too large: choose shorter dates or fewer regions.")
            break
        if time.monotonic() - started > LONGEST:
            break
    return found


def words(whole: Filters, selection: Filters) -> str:
    """Return which regions and categories of a selection are chosen."""
    return (
        f"{listed(selection.regions, whole.regions, 'regions')} · "
        f"{listed(selection.categories, whole.categories, 'categories')}"
    )


def save_page(  # noqa: PLR0913, PLR0917, what is shown, of what, where, and how
    shop: Shop,
    pages: Sequence[Page],
    selection: Filters,
    path: str | Path,
    look: Look,
    parameters: Parameters | None = None,
    progress: Progress | None = None,
) -> str:
    """Write the pages of a selection as one file; return a sentence that says what is in it.

    `progress` is called with the part that is done, from 0 to 1, and what is being done.
    Raises ShopProblem where nothing is chosen, or the file cannot be written.
    """
    if problem := selection.problem():
        raise ShopProblem(problem)
    path, shown = Path(path), [page for page in pages if page.shown(parameters or {})]
    filling = Filling(shop, shown, look, parameters or {})
    found = filled(filling, selection, progress or (lambda *_: None))
    text = page_html(shop, shown, selection, look, found)
    save(path.parent, path.name, lambda unfinished: unfinished.write_bytes(text.encode("utf-8", "replace")))
    return f"{path.name}, {len(text.encode('utf-8', 'replace')) / 1e6:.1f} MB. {contents(selection, found)}"


def contents(selection: Filters, found: Packed) -> str:
    """Return a sentence that says which choices a file has."""
    regions = [region for region, category in found.views if category == EVERY and region != EVERY]
    categories = [category for region, category in found.views if region == EVERY and category != EVERY]
    pairs = sum(EVERY not in choice for choice in found.views)
    single = [
        f"{'each' if len(numbers) == len(names) else f'the {len(numbers)} largest'} of the {len(names)} {kind}"
        for kind, numbers, names in (
            ("regions", regions, selection.regions),
            ("categories", categories, selection.categories),
        )
        if numbers
    ]
    if not single:
        return "It has the figures of this selection."
    said = f"It has figures for {' and '.join(single)}"
    if not pairs:
        return f"{said}."
    every = pairs == len(selection.regions) * len(selection.categories)
    return f"{said}, and for {'each pair' if every else f'the {pairs:,} largest pairs'} of them."


def asset(name: str) -> str:
    """Return a file of the package."""
    return (pkgutil.get_data("shopboard", name) or b"").decode()


@lru_cache(1)
def packed_script() -> str:
    """Return the script, compressed."""
    return packed(script_text())


def script_text() -> str:
    """Return the file's script: Plotly's library, the board, and what chooses the cards."""
    return page_script() + asset("export.js")


def digest(script: str) -> str:
    """Return by what a browser knows a script that may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def in_script(value: Mapping[str, Any]) -> str:
    """Return a value as JSON that cannot end the element in which it stands."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def page_html(shop: Shop, pages: Sequence[Page], selection: Filters, look: Look, found: Packed) -> str:
    """Return the file's HTML: its words, the compressed script and figures, and the few lines that unpack them."""
    whole, script, loader = shop.everything(), script_text(), asset("export_load.js")
    name, shown = html.escape(shop.settings.name), dates(selection.start, selection.end)
    # Nothing may be fetched from anywhere, and no other script may run: the browser sees to that.
    policy = (
        f"default-src 'none'; script-src {digest(loader)} {digest(script)}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    data = {
        "look": look_json(replace(look, dark=False)),
        "dates": shown,
        "pages": [{"name": page.name, "note": page.note} for page in pages],
        "regions": options("regions", selection.regions, whole.regions, [region for region, _ in found.views]),
        "categories": options("categories", selection.categories, whole.categories, [one for _, one in found.views]),
        "views": {f"{region} {category}": view for (region, category), view in found.views.items()},
        "sql": {name: sql_of(part) for page in pages for name, (_, part) in page.parts().items()},
        "blocks": found.blocks,
    }
    stamp = (
        f"Saved with {words(whole, selection)} · {shown}, from data of {dates(whole.start, whole.end)}. "
        f"Other days are not in this file, nor is more of a table than its first {ROWS_SENT} rows. "
        f"{contents(selection, found)}"
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name} · {shown}</title>
<style>{css_text()}{asset("export.css")}</style>
</head>
<body>
<header class="sb-page-head"><h1>{name}</h1><p>{shown}</p></header>
<div class="sb-page-bar">
<nav class="sb-page-tabs" id="tabs" role="tablist" aria-label="Pages"></nav>
<div class="sb-page-lists">
<label>Region <select id="regions"></select></label>
<label>Category <select id="categories"></select></label>
</div>
</div>
<p class="sb-page-status" id="status" role="status">Opening…</p>
<noscript><p class="sb-page-status">The charts need JavaScript.</p></noscript>
<main id="pages"></main>
<footer class="sb-page-foot">{html.escape(stamp)}</footer>
<script type="application/json" id="data">{in_script(data)}</script>
<script type="text/plain" id="code">{packed_script()}</script>
<script>{loader}</script>
</body>
</html>
"""


def options(kind: str, selected: Sequence[str], whole: Sequence[str], numbers: Sequence[int]) -> list[list[Any]]:
    """Return what a list offers, by number: all that was selected, and the single ones that have figures."""
    everything = f"All {kind}" if set(selected) == set(whole) else f"All {len(selected)} chosen {kind}"
    if len(selected) == 1:
        everything = selected[0]
    return [[EVERY, everything], *([number, selected[number]] for number in sorted(set(numbers) - {EVERY}))]


def sql_of(part: AnyPart) -> list[dict[str, str]]:
    """Return the questions behind a card as the shop's notebook states them."""
    return [{"sql": sql.strip(), "note": "The question, as it is asked of each choice"} for sql in questions(part)]
