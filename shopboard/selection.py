"""The controls of the page: regions, categories and days, and what a page's own questions take besides."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import ipywidgets as widgets

from shopboard.filters import COMPARED, INTERVALS, STATUSES, Facts, Filters
from shopboard.lists import Chip, Lists, Names
from shopboard.pages import Control, Page
from shopboard.style import dates

WIDE = {"width": "auto"}
OWN_DAYS = "Own days"
FEW = 5  # choices of one kind that have chips of their own
KINDS = {
    "regions": "Regions",
    "categories": "Categories",
    "segments": "Segments",
    "suppliers": "Suppliers",
    "statuses": "Statuses",
}
FURTHER = ("segments", "suppliers", "statuses")  # in `Filters` None stands for all of them
ONE = dict(zip(KINDS, ("Region", "Category", "Segment", "Supplier", "Status"), strict=True))
NOTES = {"statuses": "Of the order lines listed here. Revenue counts Completed lines, whatever is chosen."}


def last_whole_day(whole: Filters, today: date | None = None) -> date:
    """Return the last day of a shop that is over: the one before its last order's if that was today."""
    last = date.fromisoformat(whole.end)
    return last - timedelta(days=last == (today or date.today()) and whole.start < whole.end)


def opening(whole: Filters, today: date | None = None) -> Filters:
    """Return the selection that a page opens with: 365 whole days, or all of a shop younger than twice that."""
    last = last_whole_day(whole, today)
    long_enough = (last - date.fromisoformat(whole.start)).days + 1 >= 2 * 365
    start = (last - timedelta(days=364)).isoformat()
    return replace(whole, start=start, end=last.isoformat()) if long_enough else whole


def periods(whole: Filters, today: date | None = None) -> dict[str, tuple[str, str]]:
    """Return name -> first and last day of the periods that have names; the last so many days are whole days."""
    last, first, over = date.fromisoformat(whole.end), date.fromisoformat(whole.start), last_whole_day(whole, today)
    month = last.replace(day=1)
    quarter = month.replace(month=month.month - (month.month - 1) % 3)
    spans = {f"Last {length} days": (over - timedelta(days=length - 1), over) for length in (365, 90, 28, 7)}
    spans |= {
        "This month": (month, last),
        "Last month": ((month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)),
        "This quarter": (quarter, last),
        "Year to date": (last.replace(month=1, day=1), last),
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
    """The filters that all pages share; `value` is what they say, `widget` is to be shown.

    Each filter of names is a SelectMultiple, which the lists with checkboxes stand for where the host can show them.
    """

    def __init__(self, whole: Filters, changed: Callable[[], None], facts: Facts | None = None) -> None:
        super().__init__(changed)
        self.whole = whole
        self.names = {kind: widgets.SelectMultiple(description=label, layout=WIDE) for kind, label in KINDS.items()}
        self.regions, self.categories = self.names["regions"], self.names["categories"]
        self.lists = Lists()
        self.period = widgets.Dropdown(description="Days", options=[OWN_DAYS], layout=WIDE)
        self.start = widgets.DatePicker(description="First day", layout=WIDE)
        self.end = widgets.DatePicker(description="Last day", layout=WIDE)
        against = [(text, key) for key, text in zip(COMPARED, ("Days before", "Year before"), strict=True)]
        self.against = widgets.Dropdown(description="Compare with", options=against, layout=WIDE)
        by = [(name.capitalize(), name) for name in INTERVALS]
        self.interval = widgets.Dropdown(description="By", options=by, layout=WIDE)
        self.reset = widgets.Button(description="Reset", tooltip="Show what the page opened with", layout=WIDE)
        self.hides_statuses = True
        groups = {
            "shop-days": [self.period, self.start, self.end, self.against, self.interval, self.reset],
            "shop-lists": [self.lists],
            "shop-plain": [*self.names.values()],
        }
        boxes = [named(widgets.VBox(group), "shop-group", name) for name, group in groups.items()]
        self.widget = named(widgets.Box(boxes), "shop-filters")
        self.offer(whole, opening(whole), facts)
        for control in self.names.values():
            control.observe(self._names_chosen, "value")
        for control in (self.against, self.interval):
            control.observe(self._heard, "value")
        for control in (self.start, self.end):
            control.observe(self._day_chosen, "value")
        self.period.observe(self._period_chosen, "value")
        self.lists.observe(self._listed, "chosen")

    @property
    def value(self) -> Filters:
        """What the filters say; a cleared day counts as the shop's first or last."""
        first, last = (control.value.isoformat() if control.value else "" for control in (self.start, self.end))
        chosen: dict[str, Any] = {kind: tuple(control.value) for kind, control in self.names.items()}
        for kind in FURTHER:
            chosen[kind] = None if chosen[kind] == tuple(self.names[kind].options) else chosen[kind]
        return Filters(
            **chosen,
            start=max(first or self.whole.start, self.whole.start),
            end=min(last or self.whole.end, self.whole.end),
            against=self.against.value,
            interval=self.interval.value,
        )

    def set(self, filters: Filters) -> None:
        """Set all filters without a call; what the shop does not have is left out."""
        with self.quietly():
            for kind, control in self.names.items():
                chosen = getattr(filters, kind)
                control.value = tuple(name for name in control.options if chosen is None or name in set(chosen))
            self.start.value, self.end.value = date.fromisoformat(filters.start), date.fromisoformat(filters.end)
            self.against.value, self.interval.value = filters.against, filters.interval
            self._name_period()
            self._show_lists()

    def offer(self, whole: Filters, chosen: Filters | None = None, facts: Facts | None = None) -> None:
        """Offer what a shop has now. Without `chosen`, a filter that had all, or the last day, still does."""
        old, now = self.whole, self.value
        if chosen is None:
            chosen = replace(
                now,
                regions=whole.regions if set(now.regions) == set(old.regions) else now.regions,
                categories=whole.categories if set(now.categories) == set(old.categories) else now.categories,
                start=whole.start if now.start == old.start else min(max(now.start, whole.start), whole.end),
                end=whole.end if now.end == old.end else max(min(now.end, whole.end), whole.start),
            )
        self.whole = whole
        further = (facts.segments, facts.suppliers) if facts else ((), ())
        offered = (whole.regions, whole.categories, *further, STATUSES)
        with self.quietly():
            for control, names in zip(self.names.values(), offered, strict=True):
                if tuple(control.options) != names:
                    control.options, control.rows = names, min(10, max(3, len(names)))
            self.period.options = [*periods(whole), OWN_DAYS]
        self.set(chosen)

    def list_statuses(self, shown: bool) -> None:
        """Offer the statuses on a page that lists order lines, and on no other: figures say theirs themselves."""
        self.hides_statuses = not shown
        self._show_lists()

    def text(self) -> str:
        """Return the selection in words, as a line begins."""
        now = self.value
        chosen = {kind: getattr(now, kind) for kind in KINDS}
        parts = [
            listed(names or (), tuple(self.names[kind].options), KINDS[kind].lower())
            for kind, names in chosen.items()
            if names is not None and not self._is_hidden(kind)
        ]
        line = " · ".join([*parts, dates(now.start, now.end)])
        return f"{line[:1].upper()}{line[1:]}"

    def chips(self, opened: Mapping[str, str]) -> list[Chip]:
        """Return what is chosen, a chip for each name or for many; `opened` names what clicks have opened."""
        found = [Chip(key=["opened", name], kind=name.capitalize(), label=label) for name, label in opened.items()]
        for kind, control in self.names.items():
            chosen, options = tuple(control.value), tuple(control.options)
            if chosen == options or self._is_hidden(kind):
                continue
            one, many = ONE[kind], f"{len(chosen)} of {len(options)}"
            few = len(chosen) <= FEW
            keys = [[kind, name] for name in chosen] if few else [[kind]]
            labels = list(chosen) if few and chosen else [many]
            found += [Chip(key=key, kind=one, label=label) for key, label in zip(keys or [[kind]], labels, strict=True)]
        now, first = self.value, opening(self.whole)
        if (now.start, now.end) != (first.start, first.end):
            name = self.period.value if self.period.value != OWN_DAYS else dates(now.start, now.end)
            found.append(Chip(key=["days"], kind="Days", label=name))
        return found

    def without(self, kind: str, names: Sequence[str]) -> Filters:
        """Return the selection without some choices of a kind, all if none is named; nothing left means all."""
        now, first = self.value, opening(self.whole)
        if kind in self.names:
            control = self.names[kind]
            left = tuple(name for name in control.value if names and name not in names)
            everything = None if kind in FURTHER else tuple(control.options)
            chosen: dict[str, Any] = {kind: left or everything}
            return replace(now, **chosen)
        return replace(now, start=first.start, end=first.end) if kind == "days" else now

    def _is_hidden(self, kind: str) -> bool:
        """Say whether a further filter has nothing to choose from, or has no effect on the page."""
        few = kind in FURTHER and len(self.names[kind].options) < 2
        return few or (kind == "statuses" and self.hides_statuses)

    def _show_lists(self) -> None:
        """Tell the browser's lists what there is and what is chosen, where it is not what they know."""
        shown = {kind: control for kind, control in self.names.items() if not self._is_hidden(kind)}
        lists = [
            Names(name=kind, label=KINDS[kind], options=list(control.options), note=NOTES.get(kind, ""))
            for kind, control in shown.items()
        ]
        chosen = {
            kind: None if tuple(control.value) == tuple(control.options) else list(control.value)
            for kind, control in self.names.items()
        }
        with self.quietly():
            if self.lists.lists != lists:
                self.lists.lists = lists
            if self.lists.chosen != chosen:
                self.lists.chosen = chosen

    def _listed(self, _change: object) -> None:
        """Take what was checked in the browser's lists."""
        if self._quiet:
            return
        chosen = {kind: names for kind, names in self.lists.chosen.items() if kind in self.names}
        with self.quietly():
            for kind, names in chosen.items():
                control = self.names[kind]
                control.value = tuple(name for name in control.options if names is None or name in set(names))
        self._heard()

    def _names_chosen(self, change: object) -> None:
        if not self._quiet:
            self._show_lists()
            self._heard(change)

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

    def _made(self, control: Control) -> widgets.Widget:
        whole = all(isinstance(number, int) for number in (control.value, control.step, control.low))
        kind = widgets.BoundedIntText if whole and control.times == 1 else widgets.BoundedFloatText
        low, high, value = (shown(number, control) for number in (control.low, control.high, control.value))
        return kind(description=control.label, min=low, max=high, value=value, step=control.step, layout=WIDE)

    @property
    def values(self) -> dict[str, Any]:
        """What the controls say."""
        said = {control: self._widgets[control.name].value for control in self.page.controls}
        return {one.name: value if one.times == 1 else round(value / one.times, 9) for one, value in said.items()}

    def set(self, values: Mapping[str, Any]) -> None:
        """Set the controls that are named, without a call."""
        with self.quietly():
            for control in self.page.controls:
                if control.name in values:
                    self._widgets[control.name].value = shown(values[control.name], control)


def shown(value: float, control: Control) -> float:
    """Return a parameter's value as the reader sees it."""
    return value if control.times == 1 else round(value * control.times, 9)
