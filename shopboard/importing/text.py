"""Text files with whatever separator, quotes and broken lines, as tables."""

import csv
import io
import json
import re
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from shopboard.database import COLUMNS
from shopboard.importing import counted
from shopboard.importing.encodings import ENCODINGS, MENDINGS, encoding_of, last_lines, mended
from shopboard.importing.raw import NOTHING, NoTableProblem, RawTable, column_names, header_index, marks_of_nothing
from shopboard.problems import ShopProblem
from shopboard.texts import is_ours, undefused

SAMPLE_LINES = 500  # what the separator and the header are told by
LONGEST_VALUE = 1_000  # lines; what a quote holds beyond them is rather a quote that was never closed
MOST_UNREADABLE = 100_000  # lines; a file with more of them is not what its first lines look like
BLANK = "\x1a\0 \t\r\n"  # DOS ends a file by the first two


def read_text(file: str, path: Path, encoding: str | None) -> Iterator[RawTable]:
    """Yield the table of a text file with one record a line, all values as they are written."""
    codec, doubt = (encoding, None) if encoding else encoding_of(file, path)
    with path.open(encoding=codec, errors="as_windows", newline="") as lines:
        sample = list(islice(lines, SAMPLE_LINES))
    text = "".join(sample)
    mendings = [mending for mending in MENDINGS if re.search(mending[0], text, re.MULTILINE)]
    sample = list(mended(iter(sample), mendings))
    stated = re.fullmatch(r'"?sep=([^\w\s"]|\t)"?\s*', sample[0], re.IGNORECASE) if sample else None
    layouts = [laid_out(sample, sign, int(bool(stated))) for sign in (stated[1] if stated else ",;\t|")]
    layout = max(layouts, key=lambda layout: (layout.header is not None, layout.share, layout.width))
    column = sample[0].strip().strip('"').lower() if sample else ""
    if layout.width < 2 and column in COLUMNS.get(Path(file).stem.lower(), ()):  # a list of ids may be all there is
        layout = Layout(",", 1.0, 1, [column], 0, 1)
    if layout.header is None:
        shown = next((line.strip() for line in sample if line.strip()), "")[:80]
        if not shown:
            raise NoTableProblem(f"{file} is empty: export it again, with the orders of some days.")
        what = "reads as a single column" if layout.width < 2 else "has no header"
        raise NoTableProblem(
            f"{file} {what}: its first line must name the columns, with commas, semicolons or tabs between, and reads {shown!r}; "
            "export it again as CSV."
        )
    label = ENCODINGS.get(codec.removesuffix("-sig"), codec.upper())
    ours = is_ours(sample)
    names = column_names(file, [undefused(name) if ours else name for name in layout.header], layout.rows)
    raw = RawTable(file, Path(file).stem, "text", names, (), "line", label, layout.separator, doubt=doubt)
    raw.notes += [f"read as {label}"] * (label != "UTF-8")
    raw.notes += [said for *_, said in mendings]
    raw.header = fitted(layout.header, layout.separator, len(names)) or []
    last = list(mended(iter(last_lines(path, codec, len(text.encode(codec, "replace")))), mendings))
    if any(mark in line for line in ("".join(last), text) for mark in NOTHING):
        with suppress(csv.Error):
            ending = csv.reader(last, delimiter=layout.separator)
            raw.nothing = marks_of_nothing([*layout.rows, *ending], layout.width)
    blank = f"{layout.separator}\r\n "
    above = [line.strip(blank) for line in sample[int(bool(stated)) : layout.first] if line.strip(blank)]
    if above:
        raw.notes.append(f"{counted(len(above), 'title line')} before the header set aside: {' / '.join(above)[:200]}")
    with path.open(encoding=codec, errors="as_windows", newline="") as lines:
        rest = mended(islice(lines, layout.last, None), mendings)
        if codec == "utf-8-sig":  # of files that were put together, each may begin with a mark
            rest = (line.removeprefix("\ufeff") for line in rest)
        raw.rows = records(rest, layout.last + 1, raw)
        if ours:
            raw.rows = ((number, [undefused(value) for value in row]) for number, row in raw.rows)
        yield raw


@dataclass
class Layout:
    """How the first lines of a text read with a separator."""

    separator: str
    share: float = 0.0  # of the records that have `width` fields
    width: int = 0
    header: list[str] | None = None
    first: int = 0  # lines before the header, and up to its end
    last: int = 0
    rows: list[list[str]] = field(default_factory=list)


def laid_out(sample: list[str], separator: str, start: int) -> Layout:
    """Return how the lines read with this separator; `start` of them are passed over."""
    found, ends, layout = [], [start], Layout(separator)
    if not any(separator in line for line in sample):
        return layout
    reader = csv.reader(sample[start:], delimiter=separator)
    with suppress(csv.Error):
        for fields in reader:
            found.append(unwrapped(fields, separator))
            ends.append(start + reader.line_num)
    widths = Counter(len(fields) for fields in found if len(fields) > 1)
    full = [n for n, fields in enumerate(found) if any(fields)]
    if widths:
        layout.width, alike = max(widths.items(), key=lambda item: (item[1], item[0]))
        layout.share = round(alike / len(full), 2) if full else 0
        enough = layout.share > 0.5 or (layout.share == 0.5 and alike > 2)
        header = header_index([found[n] for n in full]) if enough else None
        if header is not None:
            layout.header, layout.rows = found[full[header]], [found[n] for n in full[header + 1 :]]
            layout.first, layout.last = ends[full[header]], ends[full[header] + 1]
    return layout


def unwrapped(fields: list[str], separator: str) -> list[str]:
    """Return the fields of a line that is quoted as a whole; those of others as they are."""
    if len(fields) == 1 and separator in fields[0]:
        with suppress(csv.Error):
            return next(csv.reader(io.StringIO(fields[0], newline=""), delimiter=separator), fields)
    return fields


def fitted(fields: list[str], separator: str, width: int) -> list[str] | None:
    """Return fields as `width` of them, None if they are more or fewer: empty ones at the end do not count."""
    if len(fields) != width:
        fields = unwrapped(fields, separator)
    return fields[:width] if len(fields) >= width and not any(fields[width:]) else None


def read_alone(line: str, separator: str, width: int) -> list[str] | None:
    """Return the fields of a line with stray quotes, read without heed of what follows; None if there is no way."""
    with suppress(csv.Error, StopIteration):
        fields = next(csv.reader([line], delimiter=separator, quoting=csv.QUOTE_NONE))
        whole = re.compile(r'"(.*)"', re.DOTALL)
        plain = [match[1].replace('""', '"') if (match := whole.fullmatch(value)) else value for value in fields]
        return fitted(plain, separator, width) or fitted(
            next(csv.reader([line], delimiter=separator)), separator, width
        )
    return None


def swallowed(lines: list[str], separator: str, width: int) -> bool:
    """Say whether a record of several lines is rather several between two stray quotes: all complete, with like ids in front."""
    starts = {re.sub(r"\d+", "0", line.split(separator)[0].strip('"')) for line in lines}
    alike = width > 3 and len(starts) == 1 and "0" in starts.pop()
    return alike and all(read_alone(line, separator, width) for line in lines)


def records(lines: Iterator[str], number: int, raw: RawTable) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its first line, fields) for each record; note in `raw` what is none, raise where the file is cut off.

    Where all lines of a chunk read as they should, one pass is enough. A quote that is never closed swallows what follows: so
    where a record does not read as it should, its first line is read alone, and the lines after it again.
    """
    separator, width, stray = raw.separator, len(raw.names), 0
    while chunk := list(islice(lines, 1_000)):
        plain = read_plainly(chunk, separator, width) if "".join(chunk).strip(BLANK) else []
        if plain is not None and raw.header not in plain:
            yield from enumerate(plain, number)
            number += len(chunk)
            continue
        ahead = deque(chunk)
        while ahead:
            taken, fields, error = next_record(ahead, lines, separator)
            read = fitted(fields, separator, width) if fields else None
            if read == raw.header and read:
                raw.bad.append((number, "the line repeats the header", json.dumps(read, ensure_ascii=False)))
            elif read and not (len(taken) > 1 and swallowed(taken, separator, width)):
                if any(read):
                    yield number, read
            elif error or "".join(fields).strip(BLANK):
                alone = read_alone(taken[0], separator, width) if len(taken) > 1 or error else None
                if is_cut_off(taken, fields, error, alone, raw):
                    raise ShopProblem(
                        f"{raw.file} is cut off in its last record, which begins at line {number}: export it again, or mend that line."
                    )
                if alone:
                    stray += 1
                    yield number, alone
                else:
                    reason = (
                        f"the line cannot be read as CSV ({error})"
                        if error
                        else f"the line has {len(fields)} fields where the header has {width}"
                    )
                    raw.bad.append((number, reason, json.dumps(taken[:1] if error else fields, ensure_ascii=False)))
                if alone or error:
                    ahead.extendleft(reversed(taken[1:]))
                    del taken[1:]
            if len(raw.bad) > MOST_UNREADABLE:
                raise ShopProblem(
                    f"{raw.file} has more than {MOST_UNREADABLE:,} lines that cannot be read, the first of them line {raw.bad[0][0]} "
                    f"({raw.bad[0][1]}): mend the quotes and separators there, or export it again."
                )
            number += len(taken)
    raw.notes += [f"{counted(stray, 'line')} with stray quotes read as they stand"] * (stray > 0)


def read_plainly(lines: list[str], separator: str, width: int) -> list[list[str]] | None:
    """Return the records of lines that hold one each, all `width` fields wide; None if some do not, or are empty."""
    with suppress(csv.Error):
        found = list(csv.reader(lines, delimiter=separator, strict=True))
        if len(found) == len(lines) and set(map(len, found)) == {width} and all(map(any, found)):
            return found
    return None


def next_record(ahead: deque[str], lines: Iterator[str], separator: str) -> tuple[list[str], list[str], str]:
    """Return the lines of the next record, taken from `ahead` and then from `lines`, its fields, and why it has none."""
    taken: list[str] = []

    def fed() -> Iterator[str]:
        while len(taken) < LONGEST_VALUE and (line := ahead.popleft() if ahead else next(lines, None)) is not None:
            taken.append(line)
            yield line

    try:
        return taken, next(csv.reader(fed(), delimiter=separator, strict=True)), ""
    except csv.Error as error:
        return taken, [], str(error)


def is_cut_off(taken: list[str], fields: list[str], error: str, alone: list[str] | None, raw: RawTable) -> bool:
    """Say whether a record that cannot be read is one that the end of the file cuts off."""
    separator, width = raw.separator, len(raw.names)
    if taken[-1][-1:] in "\r\n":
        return False
    if not error:
        return not alone and len(fields) < width
    return "end of data" in error and not any(read_alone(line, separator, width) for line in taken[1:])
