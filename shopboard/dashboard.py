"""The dashboard: filters and pages, what is chosen and the way back, live orders, exports and a shop of one's own."""

import html
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import RLock
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from shopboard.ask import Filters, Shop, open_shop
from shopboard.behind import behind
from shopboard.board import Asked, Board, Card, Event
from shopboard.building import remove_live_orders
from shopboard.cards import fill_each, opened, outlines
from shopboard.importing.parts import close_whole
from shopboard.lists import Chips
from shopboard.live import Clock, add_live_orders
from shopboard.pages import Page, leads_to
from shopboard.problems import ShopProblem
from shopboard.report import Report
from shopboard.saved import State, ordered, refused, state_of, text_of
from shopboard.selection import WIDE, Controls, Selection, named, opening
from shopboard.settings import Settings
from shopboard.style import Look, category_colours
from shopboard.tools import (
    EXPORTS,
    Tool,
    Views,
    alert,
    fault,
    head_of,
    in_cell,
    keep_receipt,
    links,
    page_style,
    tools_of,
)

STEPS_BACK = 100  # that the way back remembers
SLOW = 0.5  # seconds, from which on the cards say that they are loading


class Dashboard:
    """The page; `page` is the widget to show. `examples` are the console's questions, `report` is what is printed."""

    def __init__(
        self, shop: Shop, pages: Sequence[Page], examples: Mapping[str, str] | None = None, report: Report | None = None
    ) -> None:
        self.shop, self.examples, self.report = shop, dict(examples or {}), report
        self.pages = {page.name: page for page in pages}
        self.lock = RLock()  # one change at a time: Jupyter may bring two in two threads
        self.past: list[State] = []  # where the way back leads, the last step last
        self.hidden: dict[str, int] = {name: 0 for page in pages for name in page.hidden}
        self.took = 0.0  # seconds, to fill the page the last time
        self.wanted: tuple[object, set[str]] = (None, set())  # of what is shown, the cards that a click has asked for
        self.opened: Shop | None = None  # a shop that this page has opened itself, and so closes
        if shop.settings.is_sample:
            remove_live_orders(shop.settings.database)
        self.clock = Clock(self._ticked)
        self.filters = Selection(shop.everything(), self.refresh, shop.facts)
        self.chips = Chips()
        self.controls = {page.name: Controls(page, self.refresh) for page in pages}
        self.dark = widgets.ToggleButton(description="Dark", layout=WIDE)
        self.board = Board(self.look())
        self.board.on_event(self._heard)
        self.tools: dict[str, Tool] = {}
        self._make()
        self._place()
        self._observe()
        self.refresh()
        self.guarded(lambda: keep_receipt(self.shop))

    def _make(self) -> None:
        """Make what stands around the board."""
        names = list(self.pages)
        self.header, self.status, self.download = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.navigation = named(widgets.ToggleButtons(options=names, value=names[0]), "shop-pages")
        self.back = widgets.Button(description="← Back", layout={**WIDE, "display": "none"})
        self.more = widgets.ToggleButton(description="More", tooltip="Colours, live orders, downloads", layout=WIDE)
        self.named = widgets.ToggleButton(description="Views", tooltip="Name what is shown, to come back", layout=WIDE)
        self.own_data = widgets.Button(description="Your own data", layout=WIDE)
        self.live = widgets.ToggleButton(layout=WIDE)
        self.exports = {name: widgets.Button(description=name, layout=WIDE) for name in EXPORTS}
        menu = [self.dark, self.live, *self.exports.values(), self.download]
        self.menu = named(widgets.Box(menu, layout={"display": "none"}), "shop-menu")
        self.views = Views(self)
        self.main = named(widgets.VBox(), "shop-main")
        buttons = named(widgets.Box([self.back, self.named, self.own_data, self.more]), "shop-buttons")
        bar = named(widgets.Box([self.navigation, buttons]), "shop-bar")
        body = named(widgets.Box([self.filters.widget, self.main]), "shop-body")
        self.page = named(widgets.VBox(), "shop-page", "shop-dashboard", "tex2jax_ignore", "mathjax_ignore")
        self.page.children = [widgets.HTML(page_style()), self.header, bar, self.menu, self.views.widget, body]

    def _place(self) -> None:
        """Put the board and the tools of this shop into their places."""
        before = self.tools.values()
        self.tools = tools_of(self)
        controls = [self.controls[name].widget for name in self.pages]
        tools = [tool.widget for tool in self.tools.values()]
        self.main.children = [self.status, self.chips, *controls, self.board, *tools]
        for tool in before:
            tool.close()
        self.own_data.layout.display = "" if "own data" in self.tools else "none"
        self.live.description = "Live orders" if self.settings.sells else "Follow changes"

    def _observe(self) -> None:
        """Let each control do what it says."""
        self.navigation.observe(lambda _: self.changed(), "value")
        self.dark.observe(lambda _: self.changed(), "value")
        self.live.observe(lambda _: self.guarded(self._live_switched), "value")
        for button in (self.more, self.named):
            button.observe(lambda _: self.guarded(self._show_panels), "value")
        self.back.on_click(lambda _: self.go_back())
        self.filters.reset.on_click(lambda _: self.reset())
        self.chips.on_remove(self._removed)
        loading = [page.name for page in self.pages.values() if "own data" in page.tools]
        self.own_data.on_click(lambda _: self.go(loading[0]))
        for name, button in self.exports.items():
            button.on_click(lambda _, name=name: self.guarded(lambda: self._export(name)))

    def _ipython_display_(self) -> None:
        display(in_cell(self))

    # What is chosen

    @property
    def settings(self) -> Settings:
        """The settings of the shop that is shown."""
        return self.shop.settings

    @property
    def shown(self) -> Page:
        """The page that is shown."""
        return self.pages[self.navigation.value]

    @property
    def parameters(self) -> dict[str, Any]:
        """What controls and clicks have set, by name, for all pages."""
        values = {name: value for controls in self.controls.values() for name, value in controls.values.items()}
        return {**values, **self.hidden}

    def look(self, selection: Filters | None = None) -> Look:
        """Return how this shop's numbers are written and its categories coloured."""
        settings, whole = self.shop.settings, self.shop.everything()
        colours = category_colours(whole.categories)
        return Look(settings.currency, settings.number_format, colours, self.dark.value, (selection or whole).end)

    def state(self) -> State:
        """Return what is shown now."""
        return State(self.navigation.value, self.filters.value, ordered(self.parameters))

    def show(self, state: State) -> None:
        """Show what a state says, without a step on the way back."""
        with self.lock, self.filters.quietly():
            self.filters.set(state.selection)
            values = dict(state.parameters)
            for controls in self.controls.values():
                controls.set(values)
            self.hidden = {name: values.get(name, value) for name, value in self.hidden.items()}
            self.navigation.value = state.page
        self.refresh()

    def go(self, page: str = "", selection: Filters | None = None, parameters: Mapping[str, Any] | None = None) -> None:
        """Show a page, a selection, further parameters, and remember the way back."""
        with self.lock:
            here = self.state()
            values = {**dict(here.parameters), **(parameters or {})}
            there = State(page or here.page, selection or here.selection, ordered(values))
            if there != here:
                self.past = [*self.past, here][-STEPS_BACK:]
            self.show(there)

    def go_back(self) -> None:
        """Show what was shown before the last click that led on."""
        with self.lock:
            if self.past:
                self.show(self.past.pop())

    def reset(self) -> None:
        """Show the selection and the parameters that the page opened with, on the page that is shown."""
        self.show(replace(self.first(), page=self.navigation.value))

    def first(self) -> State:
        """Return what the page opens with."""
        values = {name: value for page in self.pages.values() for name, value in page.values().items()}
        return State(next(iter(self.pages)), opening(self.shop.everything()), ordered(values))

    def saved(self) -> str:
        """Return what is shown as a short text."""
        return text_of(self.state(), self.first())

    def restore(self, text: str) -> None:
        """Show what a text of `saved` says; raises ShopProblem where it says what this shop cannot show."""
        state = state_of(text, self.first(), self.shop.facts, self.pages)
        values = dict(state.parameters)
        if wrong := [said for page in self.pages.values() for said in refused(page, self.shop, values)]:
            raise ShopProblem(f"The view names what this shop does not have, or cannot be: {', '.join(wrong)}.")
        self.go(state.page, state.selection, values)

    # What is shown

    def changed(self) -> None:
        """Refresh after the user has set a control; one that the program sets is shown by whoever set it."""
        if not self.filters.is_quiet:
            self.refresh()

    def refresh(self) -> None:
        """Show the page anew for what is chosen, with whatever was written to the shop meanwhile."""
        self.guarded(self._refresh)

    def guarded(self, action: Callable[[], None]) -> None:
        """Do something for the page; say on the page, in plain words, what went wrong if anything did."""
        with self.lock:
            try:
                action()
            except Exception as error:  # whatever it is, the page must go on
                self.status.value = fault(error, self.settings)

    def _take_in(self) -> bool:
        """Take in what was written to the shop; say whether there was anything."""
        changed = self.shop.refresh()
        if changed:
            self.filters.offer(self.shop.everything(), facts=self.shop.facts)
        return changed

    def _refresh(self) -> None:
        self._take_in()
        page, selection = self.shown, self.filters.value
        look = self.look(selection)
        self.filters.list_statuses(page.reads("listed_lines"))
        self.board.use(look)
        (self.page.add_class if self.dark.value else self.page.remove_class)("shop-dark")
        self._show_parts(page)
        self.header.value = head_of(self.shop, self.look())
        self._show_chosen(page)
        if problem := selection.problem():
            self.board.show(outlines(page, self.parameters, "empty", problem))
            self.status.value = alert(problem, "status")
            return
        self._fill(page, selection, look)
        note = f" · {html.escape(page.note)}" if page.note else ""
        text = html.escape(self.filters.text())
        self.status.value = f'<div class="shop-status" role="status"><b>{text}</b>{note}</div>'

    def _fill(self, page: Page, selection: Filters, look: Look) -> None:
        """Send the cards of a page as they are filled, those that did not change apart."""
        started = time.perf_counter()
        waiting = outlines(page, self.parameters, "loading")
        if [card["id"] for card in self.board.cards] != [card["id"] for card in waiting]:
            self.board.show(waiting)
        elif self.took > SLOW:
            self.board.put(waiting)
        before, cards = {card["id"]: card for card in self.board.cards}, list[Card]()
        for card in fill_each(page, self.shop, selection, look, self.parameters, self._wanted()):
            cards.append(card)
            if before.get(card["id"]) != card:
                self.board.put([card])
        self.board.show(cards)
        self.took = time.perf_counter() - started

    def _show_chosen(self, page: Page) -> None:
        """Show what is chosen as chips, the customer who was opened among them."""
        chips = self.filters.chips(opened(page, self.shop, self.hidden))
        if self.chips.chips != chips:
            self.chips.chips = chips
        self.chips.layout.display = "" if chips else "none"

    def _removed(self, key: Sequence[str]) -> None:
        """Take back what a chip stands for; the way back leads to it again."""
        kind, *names = key or [""]
        if kind == "opened":
            self.go(parameters={name: 0 for name in names if name in self.hidden})
        else:
            self.go(selection=self.filters.without(kind, names))

    def _show_parts(self, page: Page) -> None:
        """Show the controls and tools of a page, and hide those of the others."""
        self.back.layout.display = "" if self.past else "none"
        self.download.value = ""  # a report of an earlier selection is no report of this one
        for name, controls in self.controls.items():
            controls.widget.layout.display = "" if name == page.name and page.controls else "none"
        for name, tool in self.tools.items():
            tool.widget.layout.display = "" if name in page.tools else "none"
            if name in page.tools:
                tool.describe()
        self._show_panels()

    def _show_panels(self) -> None:
        self.menu.layout.display = "" if self.more.value else "none"
        self.views.widget.layout.display = "" if self.named.value else "none"
        if self.named.value:
            self.views.describe()

    # What the board tells

    def _heard(self, event: Event) -> Asked | None:
        """Answer what the board asks, and follow a click."""
        with self.lock:
            if event.get("event") == "ask":
                return behind(event, self.shown, self.shop, self.filters.value, self.parameters, self.look())
            self.guarded(lambda: self._follow(event))
        return None

    def _wanted(self) -> set[str]:
        """Return the cards that were asked for since what is shown has changed; who adds one asks for it."""
        shown = (self.shop, self.shop.version, self.state())
        if self.wanted[0] != shown:
            self.wanted = (shown, set())
        return self.wanted[1]

    def _follow(self, event: Event) -> None:
        """Do what a click, or a drag across the days, stands for."""
        if event["event"] == "wanted":
            self._wanted().add(event["card"])
            return self._refresh()
        _, part = self.shown.parts().get(event["card"], (0, None))
        leads = leads_to(part, event, self.filters.value, self.filters.whole)
        return self.go(leads.page, leads.selection, leads.parameters) if leads else None

    # Live orders, exports, another shop

    def _live_switched(self) -> None:
        """Begin or end to look every second for what was written; the sample's own new orders go when it ends."""
        if self.live.value:
            self.sample_end = self.shop.everything().end
            self.clock.start()
            return
        self.clock.stop()
        if self.settings.is_sample:
            remove_live_orders(self.settings.database)
        self._refresh()

    def _ticked(self, step: int) -> None:
        def follow() -> None:
            """Let the sample sell something, and show what was written by whomever."""
            if not self.live.value:
                return
            if self.settings.sells:
                add_live_orders(self.settings.database, self.sample_end, step)
            if self._take_in():
                self._refresh()

        self.guarded(follow)

    def say(self, sentence: str) -> None:
        """Show a sentence beside the page's state."""
        self.status.value += f'<div class="shop-status" role="status">{html.escape(sentence)}</div>'

    def _export(self, name: str) -> None:
        """Write the files of an export, with its progress on the page, and offer them as downloads."""
        if problem := self.filters.value.problem():
            raise ShopProblem(problem)
        self.download.value = '<span role="status">In the making …</span>'
        try:
            self.download.value = links(self, name)
        except Exception:
            self.download.value = ""
            raise

    def progress(self, done: float, text: str = "") -> None:
        """Say how far an export is, from 0 to 1."""
        self.download.value = f'<span role="status">{done:.0%} {html.escape(text)} …</span>'

    def become(self, settings: Settings) -> "Dashboard":
        """Show another shop in this one's place; this one stays where the other cannot be shown."""
        other = open_shop(settings, self.shop.design)
        with self.lock:
            self.live.value = False
            self._stop()
            self.shop = self.opened = other
            self.past.clear()
            first = self.first()
            self.filters.offer(other.everything(), first.selection, other.facts)
            self._place()
            self.show(first)
            self.guarded(lambda: keep_receipt(self.shop))
        return self

    def close(self) -> None:
        """End: stop what runs, and give every widget back."""
        with self.lock:
            self._stop()
            for tool in self.tools.values():
                tool.close()
            close_whole(self.page)

    def _stop(self) -> None:
        """Stop what runs, take back what the sample sold on this page, and close a shop that this page has opened."""
        self.clock.stop()
        if self.settings.is_sample:
            remove_live_orders(self.settings.database)
        if self.opened:
            self.opened.close()
            self.opened = None
