"""What the page shows as a value and as a short text, to come back to it later."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from shopboard.ask import Filters, Shop
from shopboard.pages import Choice, Control, Page
from shopboard.problems import ShopProblem


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
    for name in ("regions", "categories", "start", "end"):
        if getattr(state.selection, name) != getattr(first.selection, name):
            parts[name] = getattr(state.selection, name)
    usual = dict(first.parameters)
    changed = {name: value for name, value in state.parameters if value != usual.get(name)}
    return json.dumps({**parts, **({"parameters": changed} if changed else {})}, ensure_ascii=False)


def state_of(text: str, first: State, whole: Filters, pages: Iterable[str]) -> State:
    """Return the state that a text of `text_of` says; raises ShopProblem where this shop cannot show it."""
    try:
        parts = json.loads(text)
        page, given = str(parts.get("page", first.page)), parts.get("parameters", {})
        named = {name: parts.get(name, list(getattr(first.selection, name))) for name in ("regions", "categories")}
        if not isinstance(given, dict) or not all(isinstance(names, list) for names in named.values()):
            raise TypeError("regions and categories are lists, parameters are pairs of a name and a value")
        chosen = {name: tuple(map(str, names)) for name, names in named.items()}
        days = {
            name: date.fromisoformat(parts.get(name, getattr(first.selection, name))).isoformat()
            for name in ("start", "end")
        }
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        said = f"This is not a saved view ({error}): copy it whole, from the first {{ to the last }}."
        raise ShopProblem(said) from None
    missing = [name for kind in chosen for name in chosen[kind] if name not in getattr(whole, kind)]
    missing += [] if page in pages else [page]
    missing += sorted(set(parts) - {"page", "parameters", *chosen, *days})
    missing += sorted(set(given) - set(dict(first.parameters)))
    if missing:
        raise ShopProblem(f"The view names {', '.join(missing)}, which this shop does not have.")
    selection = replace(first.selection, regions=chosen["regions"], categories=chosen["categories"], **days)
    return State(page, selection, ordered({**dict(first.parameters), **given}))


def refused(page: Page, shop: Shop, values: Mapping[str, Any]) -> list[str]:
    """Return, in words, which parameters of a page cannot be what they are said to be."""
    wrong = []
    for name, usual in page.values().items():
        value, control = values[name], next((one for one in page.controls if one.name == name), None)
        said = f"{name} {value!r}"
        if isinstance(value, bool) or not isinstance(value, int if isinstance(usual, int) else int | float):
            wrong.append(said)
        elif isinstance(control, Control):
            if not control.low <= value <= control.high:
                wrong.append(f"{said} (from {control.low:g} to {control.high:g})")
        elif value and isinstance(control, Choice):
            wrong += [said] if value not in shop.ask(control.sql)[control.key].tolist() else []
        elif value and shop.ask(page.hidden[name], None, **{name: value}).empty:
            wrong.append(said)
    return wrong


def differing(before: Mapping[str, Any], now: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Say whether any of the named parameters has changed."""
    return any(before.get(name) != now.get(name) for name in names)
