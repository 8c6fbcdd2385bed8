"""The files of a source: found, unpacked, and known by what they hold."""

import gzip
import hashlib
import re
import shutil
import sqlite3
import zipfile
import zlib
from pathlib import Path

from shopboard.database import table_names
from shopboard.importing.raw import unreadable
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
    "an SQL dump": rb"(?i)(--[^\n]*\n|/\*.*?\*/|[\s;])*((create|drop) (table|database|schema)|insert into|pragma \w+ ?=|set @) ?",
    "JSON": rb'(\xef\xbb\xbf)?\s*(\{\s*["}]|\[\s*[{\]])',
}


OURS = {
    "set_aside.csv",
    "reconciliation.csv",
    "Thumbs.db",
}  # may stand beside the source: from an earlier run, of Windows


def source_files(source: str) -> list[Path]:
    """Return the files that `source` consists of; raises ShopProblem where there are none."""
    path = Path(source)
    try:
        found = "file" if path.is_file() else "folder" if path.is_dir() else ""
    except (OSError, ValueError):  # a name that is no name on this system
        found = ""
    if not found:
        raise ShopProblem(f"The setting `source` is {source!r}, and there is no such file or folder: correct the path.")
    if found == "file":
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in FORMS and file.is_file())
    files = [
        file
        for file in files
        if file.name not in OURS and not file.name.startswith((".", "~$")) and not is_shop_database(file)
    ]
    if not files:
        raise ShopProblem(
            f"The setting `source` is the folder {source!r}, and there is no CSV file in it, nor a file of another form that "
            "can be read: choose the folder of the shop's exports, or one file."
        )
    return files


def source_parts(source: str, scratch: Path) -> list[tuple[str, Path]]:
    """Return the source's files by name; those of a zip are unpacked into `scratch`."""
    parts = []
    for file in source_files(source):
        parts += files_in(file.name, file, scratch)
    if not parts:
        raise ShopProblem(
            f"{source} holds no file of a form that can be read, such as CSV or Excel: choose another file."
        )
    return parts


def files_in(name: str, path: Path, scratch: Path) -> list[tuple[str, Path]]:
    """Return a file; instead of a zip or gzip the files in it that can be read, by their own names."""
    unpack = {"zip": unzipped, "gzip": gunzipped}.get(form_of(name, path))
    if unpack is None:
        return [(name, path)]
    return [part for file in unpack(name, path, scratch) for part in files_in(*file, scratch)]


def gunzipped(name: str, path: Path, scratch: Path) -> list[tuple[str, Path]]:
    """Unpack the one file of a gzip."""
    inner = re.sub(r"(?i)\.gz$", "", name)
    target = scratch / f"{sum(1 for _ in scratch.iterdir())}{Path(inner).suffix}"
    try:
        with gzip.open(path) as packed, target.open("wb") as out:
            shutil.copyfileobj(packed, out)
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise ShopProblem(f"{name} is cut off or damaged: make or download it again.") from None
    return [(inner, target)]


def unzipped(archive: str, path: Path, scratch: Path) -> list[tuple[str, Path]]:
    """Unpack the files of a zip that can be read, under names of ours."""
    files = []
    try:
        with zipfile.ZipFile(path) as opened:
            for member in sorted(opened.infolist(), key=lambda member: member.filename):
                name = Path(member.filename)
                if name.suffix.lower() in FORMS and name.name not in OURS and not name.name.startswith((".", "~$")):
                    target = scratch / f"{sum(1 for _ in scratch.iterdir())}{name.suffix.lower()}"
                    with opened.open(member) as packed, target.open("wb") as out:
                        shutil.copyfileobj(packed, out)
                    files.append((member.filename, target))
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise ShopProblem(f"{archive} is cut off or damaged: make or download the zip again.") from None
    except (RuntimeError, NotImplementedError) as error:
        what = "it is locked by a password" if "encrypted" in str(error) else error
        raise ShopProblem(
            f"{archive} cannot be unpacked ({what}): unpack it yourself, and choose the folder."
        ) from None
    return files


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
        try:
            with zipfile.ZipFile(path) as opened:
                inner = " ".join(opened.namelist())
        except zipfile.BadZipFile:
            raise ShopProblem(f"{name} is cut off or damaged: export or download it again.") from None
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
