"""How well a column's name and values say that it is a field, or refers to another table."""

import math
import re
from functools import cache, lru_cache

from shopboard.importing.meaning import Column, Link
from shopboard.importing.statuses import status_of
from shopboard.importing.values import squashed
from shopboard.importing.words import Field, pattern, refers_to


def fits(column: Column, kind: str) -> bool:
    """Say whether a column's values are of a field's kind."""
    return (
        column.filled > 0
        and {
            "date": column.dates > 0.8 or column.counted > 0.9,
            "number": column.numbers > 0.8 and column.dates < 0.5,
            "whole": column.whole > 0.8 and column.dates < 0.5,
            "stars": column.numbers > 0.9 and column.longest <= 4,
            "id": (column.dates < 0.5 or column.whole > 0.9) and (column.numbers < 0.9 or column.whole > 0.5),
            "text": column.dates < 0.5,
        }[kind]
    )


@cache
def parts_of(name: str) -> list[str]:
    """Return the words that a name is put together from, as they are compared."""
    return [squashed(part) for part in re.findall(r"[A-Z]?[^\W_A-Z]+|[A-Z]+", name)]


@cache
def subject(table: str) -> str:
    """Return what a table is about by its name: one of the words' keys, empty if that says nothing."""
    name = squashed(table)
    about = ("review", "category", "supplier", "product", "customer", "order")
    if re.search("(item|line|detail|position|product|artikel)s?$", name) and re.search(pattern("{order}"), name):
        return "order"  # its lines
    whole = [word for word in about if re.fullmatch(pattern("{" + word + "}"), name)]
    parts = parts_of(table)
    partly = [word for word in about if any(re.fullmatch(pattern("{" + word + "}"), part) for part in parts)]
    return next(iter(whole + partly), "")


WAY_OF_DELIVERY = re.compile(
    r"\d|\b(yes|no|true|false|ja|nein|oui|non|si|standard|express\w*|fast|free|flat|post\w*|mail|pick.?up|courier|parcel|dhl|ups|gls|dpd|fedex|colissimo|home|store|carrier)\b",
    re.IGNORECASE,
)


CENTS = re.compile(
    r"[_ ]?(in[_ ])?(cents?|centimes|pence|minor([_ ]?units?)?)$", re.IGNORECASE
)  # ends the name of a whole number


def likeness(column: Column, field: Field) -> float:
    """Return from 0 to 1 how well a column's name says that it is a field; 0 too where its values are of another kind."""
    is_status_day = field.label == "Status" and column.dates > 0.8
    if not fits(column, field.kind) and not is_status_day:
        return 0.0
    if field.label == "Region" and tells_no_place(column):
        return 0.0
    without_unit_and_path = without_path(re.sub(r"\(.*?\)|\[.*?\]", "", CENTS.sub("", column.name)))
    names = dict.fromkeys((squashed(column.name), squashed(without_unit_and_path)))
    about = subject(column.table)
    if field.kind == "id" and column.numbers > 0.9 and any(re.fullmatch(pattern(COUNTED), name) for name in names):
        return 0.0
    if field.label == "Order" and re.fullmatch(pattern("{name}"), squashed(column.name)):
        of_item = re.search("(item|line)s?$", squashed(column.table))  # of orders' items: it is the item's
        about = about if not of_item and any(re.search(r"\d", sample) for sample in column.samples) else ""
    if field.label in ("Region", "Category") and re.fullmatch(pattern("{name}"), squashed(column.name)):
        names |= dict.fromkeys(f"{part}name" for part in parts_of(column.table) if about in ("", "category", "order"))
    if field.label == "Region" and column.numbers < 0.2 and column.longest < 4:  # the id of a country may be its code
        names |= {squashed(column.name).removesuffix("id"): None}
    weight = 1.0 if field.label != "Region" or re.search(pattern("{delivery}"), squashed(column.name)) else 0.99
    sure = [named_alike(name, about, field) for name in names if name]
    if field.label == "Region" and "/" in column.name:  # Country/Region tells a country
        sure = [best for part in column.name.split("/") if (best := named_alike(squashed(part), about, field))] or sure
        return min(sure, default=0.0) * weight * math.sqrt(column.filled)
    return max(sure, default=0.0) * weight * math.sqrt(column.filled)


COUNTED = (  # names of whole numbers that count or add up what they name
    "{sales}|transactions|orders|tickets|purchases|items|customers|clients|users|buyers|visitors|guests|clientes|clienti|kunden|klanten"
)


def without_path(name: str) -> str:
    """Return the last part of a name such as shipping.country.name; the last two where it says too little for itself."""
    *path, last = re.split(r"[./](?=\w)", name)
    return "".join([*path[-1:], last]) if re.fullmatch(pattern("{name}|{id}|{text}"), squashed(last)) else last


def tells_no_place(column: Column) -> bool:
    """Say whether values are those of a state that an order is in, or of the way that it is sent, rather than of a place."""
    if any(map(status_of, column.samples)):
        return True
    if re.search("^id|(id|code|key|no|nr)$", squashed(column.name)) and any(
        map(re.compile(r"\d").search, column.samples)
    ):
        return True  # a number of a shop, say
    ways = (WAY_OF_DELIVERY.search(sample) for sample in column.samples)
    return bool(re.fullmatch(pattern("{delivery}"), squashed(column.name))) and (column.numbers > 0 or any(ways))


@lru_cache(maxsize=100_000)
def named_alike(name: str, about: str, field: Field) -> float:
    """Return from 0 to 1 how well a squashed name of a column in a table `about` something says that it is a field."""
    if field.avoid and re.search(field.avoid, name):
        return 0.0
    for place, names in enumerate(field.names):
        direct = re.fullmatch(pattern(names), name)
        if direct or (about and re.fullmatch(pattern(names), about + name)):
            return (1 - 0.06 * place) * (0.6 if ".*" in names else 1.0) * (1.0 if direct else 0.99)
    return 0.0


STATE = "status|state$|state(id|lang)|statut|etat|estado|stato|zustand|stav|tila"  # in names of statuses, and of tables of their words


PLURAL = "s(?=(id|code|key|no|nr)$)"  # market_code and markets_code are the same


def remoteness(link: Link) -> tuple[bool, int]:
    """Return what sorts the tables that a column may refer to: one that is called like it first, and the shortest such name."""
    called = re.sub("(id|no|nr|key|code|number)s?$", "", squashed(link.column.name))
    table = squashed(link.key.table)
    return not called or called not in table, len(table)


@cache
def singular(table: str) -> str:
    """Return a table's name, squashed, without the ending of a plural."""
    return re.sub(r"(es|(?<!s)s|en|n)$", "", squashed(table))


def akin(column: Column, key: Column) -> str:
    """Say why a column may refer to a key: by its "name", or by "values" that are too peculiar to be the same by chance."""
    name, of = squashed(column.name), squashed(key.name)
    own = of if refers_to(of) else subject(key.table) + of.replace("entity", "").replace("row", "")
    one, whole = (
        singular(parts_of(key.table)[-1]) + of,
        singular(key.table) + of,
    )  # addressid, of spree_addresses and their id
    stem = singular(column.table)  # of products and product_translations
    if name == "id" and of == f"{stem}id" and squashed(key.table).startswith(stem):
        return "name"
    if re.search(STATE, name) and re.search(STATE, squashed(key.table)) and key.whole == 1:
        return "name"
    if name not in ("", "id", "name", "title", "description", "code") and (
        name in (of, one, whole, squashed(key.table) + of)
        or re.sub(PLURAL, "", name) == re.sub(PLURAL, "", of)
        or refers_to(name) == refers_to(own) != ""
    ):
        return "name"
    of = one if of == "id" else of
    longer, shorter = (of, name) if len(of) > len(name) else (name, of)  # SalesTerritoryKey and TerritoryKey
    if longer.endswith(shorter) and re.fullmatch(r".{4,}(id|key|code|no|nr)", shorter):
        return "name"
    if longer.startswith(shorter) and re.fullmatch(r"(id|fk).{4,}", shorter):  # id_address_delivery and id_address
        return "name"
    peculiar = all(side.numbers < 0.5 and side.longest >= 4 and side.distinct > 0.001 for side in (column, key))
    return "values" if peculiar else ""


def reason(column: Column, sure: float, field: Field) -> str:
    """Return in words why a column is proposed for a field."""
    shares = {"date": (column.dates, "are dates"), "number": (column.numbers, "are numbers")}
    shares["whole"] = (column.whole, "are whole numbers")
    share, holds = shares.get(field.kind, (1.0, ""))
    named = "named so" if sure >= 0.85 * math.sqrt(column.filled) else "named alike"
    empty = f"; {1 - column.filled:.0%} of its rows are empty" if column.filled < 0.995 else ""
    return named + (f"; {share:.0%} of its values {holds}" if holds else "") + empty
