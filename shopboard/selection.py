"""The controls of the page: regions, categories and days, and what a page's own questions take besides."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import ipywidgets as widgets

from shopboard.ask import Filters, Shop
from shopboard.pages import Choice, Control, Page

WIDE = {"width": "auto"}
OWN_DAYS = "Own days"
LISTED = 500  # rows of a choice: a longer list nobody reads


def opening(whole: Filters) -> Filters:
    """Return the selection that a page opens with: the last 365 days, or all of a shop younger than twice that."""
    last = date.fromisoformat(whole.end)
    long_enough = (last - date.fromisoformat(whole.start)).days + 1 >= 2 * 365
    return replace(whole, start=(last - timedelta(days=364)).isoformat()) if long_enough else whole


def periods(whole: Filters) -> dict[str, tuple[str, str]]:
    """Return name -> first and last day of the periods that have names; they end with the shop's last day."""
    last, first = date.fromisoformat(whole.end), date.fromisoformat(whole.start)
    month = last.replace(day=1)
    quarter = month.replace(month=month.month - (month.month - 1) % 3)
    spans = {f"Last {length} days": (last - timedelta(days=length - 1), last) for length in (365, 90, 28, 7)}
    spans |= {
        "This month": (month, last),
        "Last month": ((month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)),
        "This quarter": (quarter, last),
        "This year": (last.replace(month=1, day=1), last),
    }
    within = {name: (max(start, first), end) for name, (start, end) in spans.items() if end >= first}
    return {"All days": (whole.start, whole.end)} | {
        name: (start.isoformat(), end.isoformat()) for name, (start, end) in within.items()
    }


def named(widget: widgets.Widget, *names: str) -> widgets.Widget:
    """Return a widget under names by which the style sheet knows it."""
    for name in names:
        widget.add_class(name)
    return widget


class Listening:
    """Controls that call a function when the user sets one of them, and stay quiet when the program does."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed, self._quiet = changed, False

    @property
    def is_quiet(self) -> bool:
        """Whether the program sets the controls just now."""
        return self._quiet

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Let controls be set without a call."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def _heard(self, _change: object = None) -> None:
        if not self._quiet:
            self._changed()


class Selection(Listening):
    """The filters that all pages share; `value` is what they say, `widget` is to be shown."""

    def __init__(self, whole: Filters, changed: Callable[[], None]) -> None:
        super().__init__(changed)
        self.whole = whole
        self.regions = widgets.SelectMultiple(description="Regions", layout=WIDE)
        self.categories = widgets.SelectMultiple(description="Categories", layout=WIDE)
        self.period = widgets.Dropdown(description="Days", options=[OWN_DAYS], layout=WIDE)
        self.start = widgets.DatePicker(description="First day", layout=WIDE)
        self.end = widgets.DatePicker(description="Last day", layout=WIDE)
        self.all_regions = widgets.Button(description="All regions", layout=WIDE)
        self.all_categories = widgets.Button(description="All categories", layout=WIDE)
        self.reset = widgets.Button(description="Reset", tooltip="Show what the page opened with", layout=WIDE)
        groups = (
            [self.regions, self.all_regions],
            [self.categories, self.all_categories],
            [self.period, self.start, self.end],
            [self.reset],
        )
        boxes = [named(widgets.VBox(group), "shop-group") for group in groups]
        self.widget = named(widgets.Box(boxes), "shop-filters")
        self.offer(whole, opening(whole))
        for control in (self.regions, self.categories):
            control.observe(self._heard, "value")
        for control in (self.start, self.end):
            control.observe(self._day_chosen, "value")
        self.period.observe(self._period_chosen, "value")
        self.all_regions.on_click(lambda _: self._chosen(replace(self.value, regions=self.whole.regions)))
        self.all_categories.on_click(lambda _: self._chosen(replace(self.value, categories=self.whole.categories)))

    @property
    def value(self) -> Filters:
        """What the filters say; a cleared day counts as the shop's first or last."""
        first, last = (control.value.isoformat() if control.value else "" for control in (self.start, self.end))
        return replace(
            self.whole,
            regions=tuple(self.regions.value),
            categories=tuple(self.categories.value),
            start=max(first or self.whole.start, self.whole.start),
            end=min(last or self.whole.end, self.whole.end),
        )

    def set(self, filters: Filters) -> None:
        """Set all filters without a call; what the shop does not have is left out."""
        with self.quietly():
            for control, names in ((self.regions, filters.regions), (self.categories, filters.categories)):
                control.value = tuple(name for name in control.options if name in set(names))
            self.start.value, self.end.value = date.fromisoformat(filters.start), date.fromisoformat(filters.end)
            self._name_period()

    def offer(self, whole: Filters, chosen: Filters | None = None) -> None:
        """Offer what a shop has now. Without `chosen`, a filter that had all, or the last day, still does."""
        old, now = self.whole, self.value
        if chosen is None:
            chosen = replace(
                whole,
                regions=whole.regions if set(now.regions) == set(old.regions) else now.regions,
                categories=whole.categories if set(now.categories) == set(old.categories) else now.categories,
                start=whole.start if now.start == old.start else min(max(now.start, whole.start), whole.end),
                end=whole.end if now.end == old.end else max(min(now.end, whole.end), whole.start),
            )
        self.whole = whole
        with self.quietly():
            for control, names in ((self.regions, whole.regions), (self.categories, whole.categories)):
                if tuple(control.options) != names:
                    control.options, control.rows = names, min(10, max(3, len(names)))
            self.period.options = [*periods(whole), OWN_DAYS]
        self.set(chosen)

    def text(self) -> str:
        """Return the selection in words."""
        now = self.value
        regions = listed(now.regions, self.whole.regions, "regions")
        categories = listed(now.categories, self.whole.categories, "categories")
        return f"{regions} · {categories} · {now.start} to {now.end}"

    def _chosen(self, selection: Filters) -> None:
        self.set(selection)
        self._heard()

    def _name_period(self) -> None:
        days = (self.value.start, self.value.end)
        self.period.value = next((name for name, span in periods(self.whole).items() if span == days), OWN_DAYS)

    def _day_chosen(self, change: object) -> None:
        if not self._quiet:
            with self.quietly():
                if self.value.start <= self.value.end:
                    self._name_period()
            self._heard(change)

    def _period_chosen(self, change: object) -> None:
        if not self._quiet and self.period.value != OWN_DAYS:
            start, end = periods(self.whole)[self.period.value]
            self.set(replace(self.value, start=start, end=end))
            self._heard(change)


def listed(chosen: tuple[str, ...], choices: tuple[str, ...], what: str) -> str:
    """Return a choice in words: all of them, their names if they are few, or their number."""
    if set(chosen) == set(choices):
        return f"all {what}"
    return ", ".join(chosen) if len(chosen) <= 3 else f"{len(chosen)} of {len(choices)} {what}"


class Controls(Listening):
    """A page's own controls; `values` are the parameters that they say, by name."""

    def __init__(self, page: Page, changed: Callable[[], None]) -> None:
        super().__init__(changed)
        self.page = page
        self._widgets: dict[str, Any] = {control.name: self._made(control) for control in page.controls}
        for made in self._widgets.values():
            made.observe(self._heard, "value")
        boxes = [
            named(widgets.VBox([made, widgets.HTML(f"<small>{control.note}</small>")]), "shop-control")
            for control, made in zip(page.controls, self._widgets.values(), strict=True)
        ]
        self.widget = named(widgets.Box(boxes), "shop-controls")

    def _made(self, control: Control | Choice) -> widgets.Widget:
        if isinstance(control, Choice):
            return widgets.Dropdown(description=control.label, options=[(control.first, 0)], value=0, layout=WIDE)
        whole = all(isinstance(number, int) for number in (control.value, control.step, control.low))
        kind = widgets.BoundedIntText if whole and control.times == 1 else widgets.BoundedFloatText
        low, high, value = (shown(number, control) for number in (control.low, control.high, control.value))
        return kind(description=control.label, min=low, max=high, value=value, step=control.step, layout=WIDE)

    @property
    def values(self) -> dict[str, Any]:
        """What the controls say."""
        found = {}
        for control in self.page.controls:
            value = self._widgets[control.name].value
            times = 1 if isinstance(control, Choice) else control.times
            found[control.name] = value if times == 1 else round(value / times, 9)
        return found

    def set(self, values: Mapping[str, Any]) -> None:
        """Set the controls that are named, without a call."""
        with self.quietly():
            for control in self.page.controls:
                if control.name not in values:
                    continue
                made, value = self._widgets[control.name], values[control.name]
                if isinstance(control, Choice) and value not in [key for _, key in made.options]:
                    made.options = [*made.options, (f"No. {value}", value)]
                made.value = value if isinstance(control, Choice) else shown(value, control)

    def offer(self, shop: Shop, selection: Filters) -> None:
        """Fill the choices with what a selection has; what was chosen stays on the list."""
        for control in self.page.controls:
            if not isinstance(control, Choice):
                continue
            made = self._widgets[control.name]
            rows = shop.ask(control.sql, selection)
            chosen = made.value
            rows = rows[(rows[control.key] == chosen) | (rows.index < LISTED)]
            keys, texts = rows[control.key].tolist(), rows[control.text].tolist()
            options = [
                (control.first, 0),
                *((f"{text} (no. {key})", key) for text, key in zip(texts, keys, strict=True)),
            ]
            if chosen and chosen not in keys:
                options.append((f"No. {chosen}", chosen))
            if tuple(made.options) != tuple(options):
                with self.quietly():
                    made.options = options
                    made.value = chosen


def shown(value: float, control: Control) -> float:
    """Return a parameter's value as the reader sees it."""
    return value if control.times == 1 else round(value * control.times, 9)
