"""The import: from a shop's files, whatever their form, to the four tables, a receipt, and what was set aside."""

import pkgutil
import re


def text_of(file: str) -> str:
    """Return the text of a file of data that lies beside the modules."""
    return (pkgutil.get_data("shopboard.importing", file) or b"").decode("utf-8")


def sql_of(*files: str) -> dict[str, str]:
    """Return the parts of files of SQL by their headings, such as `--- orders`; {orders} in another part stands for it."""
    _, *found = re.split(r"(?m)^--- (\w+)\n", "".join(map(text_of, files)))
    parts = {heading: text.strip() for heading, text in zip(found[::2], found[1::2], strict=True)}

    def filled(text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda place: filled(parts[place[1]]) if place[1] in parts else place[0], text)

    return {heading: filled(text) for heading, text in parts.items()}


def counted(number: int, noun: str) -> str:
    """Return how many there are of something, in words: "1 line", "2 lines"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
