"""What the page shows as a value, as a short text, and by a name, to come back to it later."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from shopboard.ask import Shop
from shopboard.filters import COMPARED, INTERVALS, STATUSES, Facts, Filters
from shopboard.pages import Page
from shopboard.places import save
from shopboard.problems import ShopProblem
from shopboard.settings import Settings

NAMES = ("regions", "categories", "segments", "suppliers", "statuses")
DAYS = ("start", "end")
WAYS: dict[str, Mapping[str, Any]] = {"against": COMPARED, "interval": INTERVALS}  # how the selection is looked at


@dataclass(frozen=True)
class State:
    """What the page shows: one of its pages, a selection, and the pages' parameters by name."""

    page: str
    selection: Filters
    parameters: tuple[tuple[str, Any], ...] = ()


def ordered(values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Return parameters in the order of their names, so that equal states are equal."""
    return tuple(sorted(values.items()))


def text_of(state: State, first: State) -> str:
    """Return a state as JSON: its page, and what differs from the state that the page opens with."""
    parts: dict[str, Any] = {"page": state.page}
    for name in (*NAMES, *DAYS, *WAYS):
        if getattr(state.selection, name) != getattr(first.selection, name):
            parts[name] = getattr(state.selection, name)
    usual = dict(first.parameters)
    changed = {name: value for name, value in state.parameters if value != usual.get(name)}
    return json.dumps({**parts, **({"parameters": changed} if changed else {})}, ensure_ascii=False)


def state_of(text: str, first: State, facts: Facts, pages: Iterable[str]) -> State:
    """Return the state that a text of `text_of` says; raises ShopProblem where this shop cannot show it."""
    usual: dict[str, Any] = vars(first.selection)
    possible: dict[str, Any] = {**{kind: getattr(facts, kind) for kind in NAMES[:-1]}, "statuses": STATUSES}
    try:
        parts = json.loads(text)
        page, given = str(parts.get("page", first.page)), parts.get("parameters", {})
        named: dict[str, Any] = {kind: parts.get(kind, usual[kind]) for kind in NAMES}
        wrong = [kind for kind, names in named.items() if not isinstance(names, list | tuple | type(usual[kind]))]
        if wrong or not isinstance(given, dict):
            raise TypeError("regions and categories are lists, parameters are pairs of a name and a value")
        chosen: dict[str, Any] = {kind: names and tuple(map(str, names)) for kind, names in named.items()}
        ways: dict[str, Any] = {name: str(parts.get(name, usual[name])) for name in WAYS}
        days: dict[str, Any] = {name: date.fromisoformat(parts.get(name, usual[name])).isoformat() for name in DAYS}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        said = f"This is not a saved view ({error}): copy it whole, from the first {{ to the last }}."
        raise ShopProblem(said) from None
    missing = [name for kind in NAMES for name in chosen[kind] or () if name not in possible[kind]]
    missing += [f"{name} {way}" for name, way in ways.items() if way not in WAYS[name]]
    missing += [] if page in pages else [page]
    missing += sorted(set(parts) - {"page", "parameters", *chosen, *days, *ways})
    missing += sorted(set(given) - set(dict(first.parameters)))
    if missing:
        raise ShopProblem(f"The view names {', '.join(missing)}, which this shop does not have.")
    selection = replace(first.selection, **chosen, **days, **ways)
    return State(page, selection, ordered({**dict(first.parameters), **given}))


def refused(page: Page, shop: Shop, values: Mapping[str, Any]) -> list[str]:
    """Return, in words, which parameters of a page cannot be what they are said to be."""
    wrong = []
    for name, usual in page.values().items():
        value, control = values[name], next((one for one in page.controls if one.name == name), None)
        said = f"{name} {value!r}"
        if isinstance(value, bool) or not isinstance(value, int if isinstance(usual, int) else int | float):
            wrong.append(said)
        elif control:
            if not control.low <= value <= control.high:
                wrong.append(f"{said} (from {control.low:g} to {control.high:g})")
        elif value and shop.ask(page.hidden[name], None, **{name: value}).empty:
            wrong.append(said)
    return wrong


def views_file(settings: Settings) -> Path:
    """Return the file that keeps named views, beside the database."""
    return Path(settings.database).with_suffix(".views.json")


def named_views(settings: Settings) -> dict[str, str]:
    """Return the views that were named, name -> text; raises ShopProblem where their file holds something else."""
    file = views_file(settings)
    try:
        found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return {str(name): str(text) for name, text in sorted(found.items())}
    except (OSError, ValueError, AttributeError) as error:
        raise ShopProblem(f"The named views in {file} cannot be read ({error}): mend the file, or remove it.") from None


def keep_views(settings: Settings, views: Mapping[str, str]) -> None:
    """Keep these views, and no others."""
    file, text = views_file(settings), json.dumps(dict(views), ensure_ascii=False, indent=1)
    save(file.parent, file.name, lambda unfinished: unfinished.write_text(text, encoding="utf-8"), "database")
