"""What shops call their columns: the words of each language, and the names of fields that are made of them."""

import re
from dataclasses import dataclass
from functools import cache

from shopboard.importing import text_of
from shopboard.importing.values import folded

LANGUAGES = tuple(
    "english german french spanish portuguese italian dutch danish_norwegian swedish finnish polish czech_slovak hungarian romanian "
    "turkish russian greek hebrew arabic chinese japanese korean indonesian sap".split()
)


def words_of(languages: tuple[str, ...]) -> dict[str, str]:
    """Return, for each thing that languages have words for, a pattern of them all, as `squashed` makes names of them.

    `words/<language>.txt` holds a thing a line and what exports call it, as they write it, with "?" and "( )" as in patterns.
    "one" makes a price that of one piece, "of" stands between two words. To teach the import a language, add a file.
    """
    words: dict[str, list[str]] = {}
    for language in languages:
        for line in text_of(f"words/{language}.txt").splitlines():
            thing, _, spelled = re.sub(r"[\s\-]", "", folded(line)).partition(":")
            words.setdefault(thing, []).extend(spelled.split(","))
    return {thing: "|".join(dict.fromkeys(spelled)) for thing, spelled in words.items()}


WORDS = words_of(LANGUAGES)  # a field's names below are made of these

WORDS["of"] = f"({WORDS['of']})?"


@dataclass(frozen=True)
class Field:
    """A column of the four tables, or what one is computed from: its label, what its values are, and its names."""

    label: str
    kind: str  # "id", "text", "date", "number", "whole", "stars"
    means: str  # in plain words
    names: tuple[str, ...]  # patterns of squashed names, the best first; {word} stands for one of WORDS
    avoid: str  # names with one of these mean something else


def fields_of(text: str) -> dict[str, dict[str, Field]]:
    """Return what `fields.txt` holds: table -> column -> field."""
    fields: dict[str, dict[str, Field]] = {}
    for block in text.split("\n\n")[1:]:
        (place, told), *lines = (line.split(": ", 1) for line in block.splitlines())
        (table, column), (label, kind) = place.split("."), told.split(", ")
        said = {thing: [spelled for other, spelled in lines if other == thing] for thing in ("means", "name", "avoid")}
        field = Field(label, kind, said["means"][0], tuple(said["name"]), folded("".join(said["avoid"])))
        fields.setdefault(table, {})[column] = field
    return fields


FIELDS = fields_of(text_of("fields.txt"))


@cache
def pattern(names: str) -> re.Pattern:
    """Return a field's names as one pattern, with the WORDS that they are made of."""
    return re.compile(names.format(**{word: f"(?:{spelled})" for word, spelled in WORDS.items()}))


@cache
def refers_to(name: str) -> str:
    """Return what a squashed name of an id is the id of; empty if it names none."""
    about = ("customer", "product", "order", "supplier", "category")
    ids = ((word, f"(fk)?({{product}})?({{{word}}})({{id}})|({{id}}){{of}}({{{word}}})|{{{word}}}") for word in about)
    return next((word for word, names in ids if re.fullmatch(pattern(names), name)), "")
