"""Text files with whatever separator, quotes and broken lines, as tables."""

import csv
import io
import json
import re
from collections import Counter, deque
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from shopboard.database import COLUMNS
from shopboard.importing.encodings import ENCODINGS, MENDINGS, RULED, encoding_of, last_lines, mended
from shopboard.importing.raw import NoTableProblem, RawTable, column_names, header_index, marks_of_nothing
from shopboard.problems import ShopProblem


def read_text(file: str, path: Path, encoding: str | None) -> Iterator[RawTable]:
    """Yield the table of a text file with one record a line, all values as they are written."""
    codec, doubt = (encoding, None) if encoding else encoding_of(file, path)
    try:
        with path.open(encoding=codec, errors="as_windows", newline="") as lines:
            sample = list(islice(lines, 500))
    except (LookupError, TypeError):
        raise ShopProblem(
            f"mapping['encodings'] says {codec!r} for {file}, which is no encoding: correct it."
        ) from None
    text = "".join(sample)
    mendings = [mending for mending in MENDINGS if re.search(mending[0], text, re.MULTILINE)]
    sample = [mended(line, mendings) for line in sample]
    stated = re.fullmatch(r'"?sep=(.)"?\s*', sample[0], re.IGNORECASE) if sample else None
    layouts = [laid_out(sample, sign, int(bool(stated))) for sign in (stated[1] if stated else ",;\t|")]
    layout = max(layouts, key=lambda layout: (layout.header is not None, layout.share, layout.width))
    column = sample[0].strip().strip('"').lower() if sample else ""
    if layout.width < 2 and column in COLUMNS.get(Path(file).stem.lower(), ()):  # a list of ids may be all there is
        layout = Layout(",", 1.0, 1, [column], 0, 1)
    if layout.header is None:
        shown = next((line.strip() for line in sample if line.strip()), "")[:80]
        what = "reads as a single column" if layout.width < 2 else "has no header"
        raise NoTableProblem(
            f"{file} {what}: its first line must name the columns, with commas, semicolons or tabs between, and reads {shown!r}; "
            "export it again as CSV."
        )
    label = ENCODINGS.get(codec.removesuffix("-sig"), codec.upper())
    raw = RawTable(
        file,
        Path(file).stem,
        "text",
        column_names(file, layout.header, layout.rows),
        (),
        "line",
        label,
        layout.separator,
    )
    raw.doubt = doubt
    raw.notes += [f"read as {label}"] * (label != "UTF-8")
    raw.notes += [said for *_, said in mendings]
    raw.header = fitted(layout.header, layout.separator, len(raw.names)) or []
    with suppress(csv.Error):
        last = last_lines(path, codec, len(text.encode(codec, "replace")))
        ending = csv.reader((mended(line, mendings) for line in last), delimiter=layout.separator)
        raw.nothing = marks_of_nothing([*layout.rows, *ending], layout.width)
    blank = f"{layout.separator}\r\n "
    above = [line.strip(blank) for line in sample[int(bool(stated)) : layout.first] if line.strip(blank)]
    if above:
        raw.notes.append(f"{len(above)} title lines before the header set aside: {' / '.join(above)[:200]}")
    with path.open(encoding=codec, errors="as_windows", newline="") as lines:
        rest: Iterator[str] = islice(lines, layout.last, None)
        if mendings:
            rest = (mended(line, mendings) for line in rest)
        elif codec == "utf-8-sig":  # of files that were put together, each may begin with a mark
            rest = (line.removeprefix("\ufeff") for line in rest)
        raw.rows = records(rest, layout.last + 1, raw)
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
    records, ends, layout = [], [start], Layout(separator)
    reader = csv.reader(sample[start:], delimiter=separator)
    with suppress(csv.Error):
        for fields in reader:
            records.append([] if fields and drawn(fields, separator) else unwrapped(fields, separator))
            ends.append(start + reader.line_num)
    widths = Counter(len(fields) for fields in records if len(fields) > 1)
    full = [n for n, fields in enumerate(records) if any(fields)]
    if widths and full:
        layout.width, alike = max(widths.items(), key=lambda item: (item[1], item[0]))
        layout.share = round(alike / len(full), 2)
        found = (
            header_index([records[n] for n in full])
            if layout.share > 0.5 or (layout.share == 0.5 and alike > 2)
            else None
        )
        if found is not None:
            layout.header, layout.rows = records[full[found]], [records[n] for n in full[found + 1 :]]
            layout.first, layout.last = ends[full[found]], ends[full[found] + 1]
            if full[found + 1 :]:  # what is empty or drawn below the header is passed over
                layout.last = ends[full[found + 1]]
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
        quoted_whole = re.compile(r'"(.*)"', re.DOTALL)
        plain_fields = [
            match[1].replace('""', '"') if (match := quoted_whole.fullmatch(value)) else value for value in fields
        ]
        return fitted(plain_fields, separator, width) or fitted(
            next(csv.reader([line], delimiter=separator)), separator, width
        )
    return None


def swallowed(lines: list[str], separator: str, width: int) -> bool:
    """Say whether a record of several lines is rather several between two stray quotes: all complete, with like ids in front."""
    starts = {re.sub(r"\d+", "0", line.split(separator)[0].strip('"')) for line in lines}
    return (
        width > 3
        and len(starts) == 1
        and "0" in starts.pop()
        and all(read_alone(line, separator, width) for line in lines)
    )


def read_plainly(lines: list[str], separator: str, width: int) -> list[list[str]] | None:
    """Return the records of lines that hold one each, all `width` fields wide; None if some do not, or are empty."""
    with suppress(csv.Error):
        found = list(csv.reader(lines, delimiter=separator, strict=True))
        if len(found) == len(lines) and set(map(len, found)) == {width} and all(map(any, found)):
            return found
    return None


def records(lines: Iterator[str], number: int, raw: RawTable) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its first line, fields) for each record; note in `raw` what is none, raise where the file is cut off."""
    while chunk := list(islice(lines, 1_000)):
        found = read_plainly(chunk, raw.separator, len(raw.names))
        if found is None or raw.header in found:
            number = yield from read_carefully(chain(chunk, lines), number, number + len(chunk), raw)
        else:
            yield from zip(range(number, number + len(chunk)), found, strict=True)
            number += len(chunk)
    raw.notes += [f"{raw.stray} lines with stray quotes read as they stand"] * (raw.stray > 0)
    raw.notes += [f"{raw.ruled} lines of dashes or the like passed over"] * (raw.ruled > 0)


def drawn(fields: list[str], separator: str) -> bool:
    """Say whether a line draws a line, of dashes or the like alone, as in lists that were made to be looked at."""
    return not fields[0].strip(" |+=:_-\x1a\0") and bool(RULED.fullmatch(separator.join(fields)))


def set_apart(fields: list[str], read: list[str] | None, number: int, raw: RawTable) -> bool:
    """Say whether a record only draws a line or repeats the header, and note it."""
    if drawn(fields, raw.separator):
        raw.ruled += 1
        return True
    if read == raw.header:
        raw.bad.append((number, "the line repeats the header", json.dumps(read, ensure_ascii=False)))
    return read == raw.header


def read_carefully(
    lines: Iterator[str], number: int, last: int, raw: RawTable
) -> Generator[tuple[int, list[str]], None, int]:
    """Yield records from line `number` at least to line `last`; return the number of the line after them.

    A quote that is never closed swallows what follows. So where a record does not read as it should, its first line
    is read alone, and the lines after it again.
    """
    separator, width = raw.separator, len(raw.names)
    held: list[str] = []  # the lines of the record that is being read
    again: deque[str] = deque()

    def fed() -> Iterator[str]:
        """Yield lines, and hold on to them."""
        while again:
            held.append(again.popleft())
            yield held[-1]
        for line in lines:
            held.append(line)
            yield line

    def unended() -> bool:
        """Say whether the last line that was read lacks its end."""
        return held[-1][-1] not in "\r\n"

    while number < last or again:
        reason = ""
        reader = csv.reader(fed(), delimiter=separator, strict=True)
        try:
            for fields in reader:
                read = fields if len(fields) == width else fitted(fields, separator, width)
                apart = not fields or set_apart(fields, read, number, raw)
                if not apart and (read is None or (len(held) > 1 and swallowed(held, separator, width))):
                    reason = f"the line has {len(fields)} fields where the header has {width}"
                    cut_off = read is None and len(fields) < width and unended()
                    break
                if not apart and any(read):
                    yield number, read
                number += len(held)
                held.clear()
                if number >= last and not again:
                    return number
        except csv.Error as error:
            reason = f"the line cannot be read as CSV ({error})"
            cut_off = (
                "end of data" in str(error)
                and unended()
                and not any(read_alone(line, separator, width) for line in held[1:])
            )
        if not reason:
            return number
        alone = read_alone(held[0], separator, width) if len(held) > 1 or "CSV" in reason else None
        if cut_off and (not alone or "CSV" in reason):
            raise ShopProblem(
                f"{raw.file} is cut off in its last record, which begins at line {number}: export it again, or mend that line."
            )
        if alone:
            raw.stray += 1
            yield number, alone
        else:
            content = held[:1] if "CSV" in reason else fields
            raw.bad.append((number, reason, json.dumps(content, ensure_ascii=False)))
        if alone or "CSV" in reason:  # the lines that a quote swallowed
            again.extendleft(reversed(held[1:]))
            del held[1:]
        number += len(held)
        held.clear()
    return number
