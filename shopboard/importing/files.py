"""The files of a source: found, unpacked, and known by what they hold."""

import gzip
import hashlib
import lzma
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from shopboard.database import table_names
from shopboard.importing.raw import unreadable, whole_letters
from shopboard.problems import ShopProblem
from shopboard.settings import is_shop_database

FORMS = {  # how a name ends -> the form that it promises
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), "text"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"), "workbook"),
    **dict.fromkeys((".parquet", ".pq"), "Parquet"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "JSON"),
    **dict.fromkeys((".sqlite", ".sqlite3", ".db", ".db3"), "SQLite"),
    ".duckdb": "DuckDB",
    ".zip": "zip",
    ".gz": "gzip",
}

NOT_READ = {".xml": "XML", ".sql": "an SQL dump"}

SIGNATURES = {  # what a file holds, by its first bytes
    "SQLite": rb"SQLite format 3\0",
    "DuckDB": rb".{8}DUCK",
    "Parquet": rb"PAR1",
    "workbook": rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "zip": rb"PK\x03\x04|PK\x05\x06",
    "PDF": rb"%PDF",
    "gzip": rb"\x1f\x8b",
    "7z": rb"7z\xbc\xaf",
    "RAR": rb"Rar!",
    "picture": rb"\x89PNG|\xff\xd8\xff|GIF8",
    "a tar archive": rb".{257}ustar",
    "HTML": rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype|html|table|head|body)",
    "XML": rb"(?i)(\xef\xbb\xbf)?\s*<\?xml",
    "an SQL dump": rb"(?i)(--[^\n]*\n|/\*(?:(?!\*/).)*\*/|[\s;])*((create|drop) (table|database|schema)|insert into|pragma \w+ ?=|set @) ?",
    "JSON": rb'(\xef\xbb\xbf)?\s*(\{\s*["}]|\[\s*[{\]])',
}

DEEPEST = 3  # packed files within packed files

OURS = {"set_aside.csv", "reconciliation.csv", "Thumbs.db"}  # beside the source, of an earlier run or of Windows


def source_files(source: str) -> list[Path]:
    """Return the files that `source` consists of; raises ShopProblem where there are none."""
    path = Path(source)
    try:
        found = "file" if path.is_file() else "folder" if path.is_dir() else ""
    except (OSError, ValueError):  # a name that is no name on this system
        found = ""
    if not found and os.path.lexists(path):
        raise ShopProblem(
            f"The setting `source` is {source!r}, which is no file but a pipe, a device or a link that leads nowhere: "
            "write what it gives into a file, and choose that."
        )
    if not found:
        raise ShopProblem(f"The setting `source` is {source!r}, and there is no such file or folder: correct the path.")
    if found == "file":
        return [path]
    try:
        files = [file for file in sorted(path.iterdir()) if is_export(file.name) and file.is_file()]
        files = [file for file in files if not is_shop_database(file)]
    except OSError as error:
        raise ShopProblem(
            f"The setting `source` is the folder {source!r}, which cannot be read ({error.strerror}): check its permissions."
        ) from None
    if not files:
        raise ShopProblem(
            f"The setting `source` is the folder {source!r}, and there is no CSV file in it, nor a file of another form that "
            "can be read: choose the folder of the shop's exports, or one file."
        )
    return files


def is_export(name: str) -> bool:
    """Say whether a file beside others may be of the shop, by its name."""
    path = Path(name)
    return path.suffix.lower() in FORMS and path.name not in OURS and not path.name.startswith((".", "~$"))


def source_parts(source: str, scratch: Path) -> list[tuple[str, Path]]:
    """Return the source's files by name; those of a zip are unpacked into `scratch`."""
    parts = []
    for file in source_files(source):
        parts += files_in(whole_letters(file.name), file, scratch)
    if not parts:
        raise ShopProblem(
            f"{source} holds no file of a form that can be read, such as CSV or Excel: choose another file."
        )
    return parts


def files_in(name: str, path: Path, scratch: Path, depth: int = 0) -> list[tuple[str, Path]]:
    """Return a file; instead of a zip or gzip the files in it that can be read, by their own names."""
    unpack = {"zip": unzipped, "gzip": gunzipped}.get(form_of(name, path))
    if unpack is None:
        return [(name, path)]
    if depth == DEEPEST:
        raise ShopProblem(f"{name} is packed within packed files: unpack it yourself, and choose the folder.")
    with unpacking(name):
        files = list(unpack(name, path, scratch))
    return [part for file in files for part in files_in(*file, scratch, depth + 1)]


@contextmanager
def unpacking(name: str) -> Iterator[None]:
    """Say in a sentence what goes wrong while a file is unpacked."""
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError, ValueError):
        raise ShopProblem(f"{name} is cut off or damaged: make or download it again.") from None
    except (RuntimeError, OSError) as error:
        what = "it is locked by a password" if "encrypted" in str(error) else error
        raise ShopProblem(
            f"{name} cannot be unpacked ({what}): unpack it yourself where there is room, and choose the folder."
        ) from None


def gunzipped(name: str, path: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Unpack the one file of a gzip."""
    inner = re.sub(r"(?i)\.gz$", "", name)
    with gzip.open(path) as packed:
        yield inner, copied(packed, scratch, Path(inner).suffix)


def unzipped(_: str, path: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Unpack the files of a zip that may be of the shop."""
    with zipfile.ZipFile(path) as opened:
        for member in sorted(opened.infolist(), key=lambda member: member.filename):
            if is_export(member.filename):
                with opened.open(member) as packed:
                    yield member.filename, copied(packed, scratch, Path(member.filename).suffix.lower())


def copied(packed: IO[bytes] | gzip.GzipFile, scratch: Path, suffix: str) -> Path:
    """Write what is packed into a file of `scratch`, under a name of ours."""
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=suffix, delete=False) as out:
        shutil.copyfileobj(packed, out)
    return Path(out.name)


def form_of(name: str, path: Path) -> str:
    """Return the form of a file by what it holds; raises ShopProblem where that is not what its name says."""
    try:
        with path.open("rb") as opened:
            head = opened.read(4_096)
    except OSError as error:
        raise ShopProblem(f"{name} cannot be read ({error.strerror}): check the file and its permissions.") from None
    said = FORMS.get(Path(name).suffix.lower())
    holds = NOT_READ.get(Path(name).suffix.lower()) or next(
        (form for form, signature in SIGNATURES.items() if re.match(signature, head, re.DOTALL)), "text"
    )
    if holds == "zip" and said != "zip":
        with unpacking(name), zipfile.ZipFile(path) as opened:
            inner = " ".join(opened.namelist())
        holds = "workbook" if re.search(r"xl/workbook|content\.xml", inner) else "zip"
    if said == "SQLite" and holds in ("text", "DuckDB"):
        return "DuckDB" if holds == "DuckDB" else "SQLite"  # SQLite says what it is instead
    if holds not in FORMS.values() or (said and said != holds and head):
        way_out = {
            "text": "rename it to end in .csv",
            "workbook": "rename it to end in .xlsx",
            "JSON": "rename it to end in .json",
            "XML": "open it in Excel and save it as .xlsx, or export it as CSV,",
            "an SQL dump": "load it into a database and set `source` to its URL, or export its tables as CSV,",
            **dict.fromkeys(("a tar archive", "7z", "RAR"), "unpack it, choose the folder"),
        }
        what = f"not what its name says, but {holds}" if said else f"{holds}, which is not read"
        raise ShopProblem(f"{name} is {what}: {way_out.get(holds, 'export it again as CSV or Excel')} and run again.")
    return said or holds


def opened_sqlite(name: str, path: Path, source: str) -> sqlite3.Connection:
    """Open an SQLite file read-only; raises ShopProblem where it cannot be read or is shorter than it says."""
    with path.open("rb") as opened:
        head = opened.read(100)
    page_size, pages = (int.from_bytes(head[start:end], "big") for start, end in ((16, 18), (28, 32)))
    if head[24:28] == head[92:96] and path.stat().st_size < pages * (65_536 if page_size == 1 else page_size):
        raise ShopProblem(
            f"The setting `source` is {source!r}, of which {name} is cut off and cannot be read: copy or download it again."
        )
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        table_names(connection)
    except sqlite3.Error as error:
        raise ShopProblem(f"The setting `source` is {source!r}, {unreadable(error)}.") from None
    return connection


def digest_of(path: Path) -> str:
    """Return a digest of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        while block := opened.read(1_000_000):
            digest.update(block)
    return digest.hexdigest()
