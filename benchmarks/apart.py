"""Measurements in fresh processes; it imports little, as a process begins with the memory of the one that starts it."""

import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]  # the notebook's definitions, and the package


def other_process() -> ProcessPoolExecutor:
    """Return a process that shares neither caches nor memory with this one."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def in_own_process(module: str, function: str, *arguments: object) -> object:
    """Run a function of a module in a process of its own; return its result."""
    with other_process() as other:
        return other.submit(call, module, function, *arguments).result()


def call(module: str, function: str, *arguments: object) -> object:
    """Call a function of a module by name."""
    return getattr(import_module(module), function)(*arguments)


def peak_memory() -> float:
    """Return the most memory that this process, and the largest of those it started, ever held, in MB."""
    unit = 1 if sys.platform == "darwin" else 1_024  # of what the system counts in, in bytes
    return (
        sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * unit / 1e6
    )
