"""What shops' words for a status mean, and which names are those of no product."""

import re

from shopboard.importing import text_of
from shopboard.importing.values import folded, plain_words
from shopboard.importing.words import pattern


def spelled() -> dict[str, list[str]]:
    """Return what `statuses.txt` holds: a status -> the words for it; "no sale", "no product" and "total" -> patterns of words and names."""
    found: dict[str, list[str]] = {}
    for line in text_of("statuses.txt").splitlines():
        if not line.startswith("#"):
            thing, _, words = line.partition(": ")
            found.setdefault(thing, []).append(folded(words))
    return found


SPELLED = spelled()

SPELLINGS = {status: ", ".join(SPELLED[status]) for status in ("Completed", "Pending", "Cancelled", "Returned")}

STATUS_OF = {word: status for status, words in SPELLINGS.items() for word in words.split(", ")}

ALONE = set(  # words that mean a status only where nothing stands beside them
    "charge capture shipment received purchase purchased invoice invoiced sale sold payment order sent approved authorized cancel cancellation refund return retour zwrot storno reso iade retur "
    "rechnung verkauf gutschrift livre paye pago paga regle termine open new neu nova klar valmis batal".split()
)

BESIDE = re.compile(  # what may stand beside the words of a status without changing it
    r"\b(and|und|et|y|e|fully|completely|successfully|automatically|payment|(by|to) (the )?(customer|buyer|seller|merchant))\b"
)

BEGINNINGS = {"Pending": "|".join(SPELLED["Pending begins"])}  # of phrases that mean a status whatever follows

NOT_A_PRODUCT = re.compile("|".join(SPELLED["no product"]))  # the whole of a product's id or name, in plain words

A_TOTAL = re.compile("|".join(SPELLED["total"]))


def status_of(word: str | None) -> str | None:
    """Return which of the four statuses a shop's word means, in any of the languages of SPELLINGS; None if it is unknown.

    A phrase means what its words do, the worst of them, as in "delivered and refunded", if all its words are known; "shipped, lost" is not.
    """
    words = plain_words(f"{word}").removeprefix("wc ") if word is not None else ""
    if words in STATUS_OF or " " not in words:
        return STATUS_OF.get(words)
    begun = next((status for status, begin in BEGINNINGS.items() if re.match(f"({begin}) ", words)), None)
    if begun and not {"Cancelled", "Returned"} & set(map(STATUS_OF.get, words.split())):
        return begun
    parts = [part for part in BESIDE.sub(" ", words).split() if not re.fullmatch(pattern("{order}"), part)]
    if len(parts) > 1 and " ".join(parts) in STATUS_OF:  # "sales credit note"
        return STATUS_OF[" ".join(parts)]
    meant = {None if part in ALONE else STATUS_OF.get(part) for part in parts}
    worst = meant - {"Completed"} or meant
    return worst.pop() if len(worst) == 1 else None  # of several, as in "return cancelled", one may undo another


NO_SALE = re.compile("|".join(SPELLED["no sale"]))  # the whole word for a kind of line, in plain words


def meaning_of(word: str | None) -> str | None:
    """Return which status a shop's word means; "aside" for that of a line which sells nothing, such as a payout or a fee; None if it is unknown."""
    return status_of(word) or ("aside" if word and NO_SALE.fullmatch(plain_words(word)) else None)


def is_no_product(*words: str | None) -> bool:
    """Say whether one of these words, a product's id or name, is as a whole a name for postage, a fee, a discount or the like."""
    return any(NOT_A_PRODUCT.fullmatch(plain_words(f"{word}")) for word in words if word is not None)


def is_total(*words: str | None) -> bool:
    """Say whether one of these words, a product's id or name, says that the line is a total of others."""
    return any(A_TOTAL.fullmatch(plain_words(f"{word}")) for word in words if word is not None)


TOTAL_OF = re.compile(r"(sub|grand )?total( .*)?|.* (sub)?total|(zwischen|gesamt)?summe( .*)?")


def totals_others(word: str) -> bool:
    """Say whether a word beside an amount says that it is a total, such as "Total for cups"."""
    return is_total(word) or bool(TOTAL_OF.fullmatch(plain_words(word)))


LEFT_OUT = "left out: "  # begins the status of a line that is not to be loaded
