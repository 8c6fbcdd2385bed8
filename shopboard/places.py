"""Files and folders: put in place whole or not at all, and cleared away after processes that were killed."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from shopboard.problems import ShopProblem

PREFIX = "shopboard-"  # of what a process puts into the folder for temporary files
MADE_BY = re.compile(rf"(?:^{PREFIX}|\.)(?P<process>\d+(?:-\d+)?)(?:-\w{{8}}|(?=\.unfinished))(?:\.unfinished.*)?$")


def process_name(number: int | None = None) -> str:
    """Return what names a process, this one if none is given: its number and, where the system tells, its start.

    The number alone does not: that of a process that has ended is given away again.
    """
    number = number or os.getpid()
    with suppress(OSError, IndexError):
        return f"{number}-{Path(f'/proc/{number}/stat').read_text().rpartition(')')[2].split()[19]}"
    return str(number)


def still_running(process: str) -> bool:
    """Say whether a process of this name, or of this number, runs, as far as the system tells; "yes" in doubt."""
    number, _, start = process.partition("-")
    try:
        if os.name == "posix":
            os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (ValueError, OSError):
        return True
    return not start or process_name(int(number)) in (number, process)


def unfinished(path: Path) -> Path:
    """Return a name beside `path` that nobody else writes to, for what is to take its place."""
    return path.with_name(f".{path.name}.{process_name()}-{uuid4().hex[:8]}.unfinished")


def scratch_name() -> str:
    """Return a name for a temporary folder of this process."""
    return f"{PREFIX}{process_name()}-{uuid4().hex[:8]}"


def scratch_folder() -> "tempfile.TemporaryDirectory[str]":
    """Make a folder for files of this process; raises ShopProblem where there is no place for any."""
    try:
        return tempfile.TemporaryDirectory(prefix=f"{PREFIX}{process_name()}-")
    except OSError as error:
        raise ShopProblem(
            f"No folder for temporary files can be used ({error.strerror or error}): make room in it, or name another "
            "one in the environment variable TMPDIR and restart the kernel."
        ) from None


def remove_leftovers(*folders: Path) -> None:
    """Remove what killed processes left in these folders, and in the one for temporary files."""
    found: list[Path] = []
    with suppress(OSError, ValueError):
        found += [file for folder in folders for file in folder.glob(".*.unfinished*")]
        found += Path(tempfile.gettempdir()).glob(f"{PREFIX}*")
    for leftover in found:
        made = MADE_BY.search(leftover.name)
        if made and not still_running(made["process"]):
            with suppress(OSError):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def put_in_place(written: Path, path: Path) -> None:
    """Give a finished file its name, in the place of another; the disk has both file and name before and after."""
    with written.open("rb+") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)
    os.replace(written, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the system write a folder's names to the disk, where it can."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def save(folder: str | Path, name: str, write: Callable[[Path], object], setting: str = "exports") -> Path:
    """Write a file into a folder by `write(path)`, whole or not at all, whoever else writes it at the same time.

    Returns its path; raises ShopProblem where it cannot be written, which names the setting that says where.
    """
    path = Path(folder) / name
    part = unfinished(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        put_in_place(part, path)
    except (OSError, ValueError) as error:
        said = f"{path} cannot be written ({error}): set `{setting}` to a folder with room where you may write."
        raise ShopProblem(said) from None
    finally:
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
    return path


def rooms(*folders: Path) -> str:
    """Return in words how much room there is in these folders, and in the one for temporary files."""
    with suppress(FileNotFoundError):
        folders = (*folders, Path(tempfile.gettempdir()))
    return ", ".join(f"{shutil.disk_usage(one).free / 1e6:,.1f} MB in {one}" for one in dict.fromkeys(folders))


TEMPORARY = "make room, or name another folder in the environment variable TMPDIR and restart the kernel"


def need_room(folder: str | Path, size: float, what: str, way_out: str = TEMPORARY) -> None:
    """Raise ShopProblem where a folder has less room than the `size` bytes that `what` takes at the least."""
    room = shutil.disk_usage(folder)
    if room.total and room.free < size:  # a file system of no size, such as /proc, tells nothing of room
        raise ShopProblem(f"{what} takes {size / 1e6:,.1f} MB or more, and there are {rooms(Path(folder))}: {way_out}.")
