"""The settings of one run, each checked where it is made; and the ways of writing numbers that they offer."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from shopboard.places import scratch_folder
from shopboard.problems import ShopProblem, in_voila

TABLES = ("customers", "products", "orders", "reviews")
APPLICATION_ID = 0x53484F50  # "SHOP", in the header of each database that this program makes

NUMBER_FORMATS = {  # as an example is written -> what stands between thousands, and before decimals
    "1,234.56": (",", "."),
    "1.234,56": (".", ","),
    "1 234,56": ("\N{NARROW NO-BREAK SPACE}", ","),
    "1'234.56": ("’", "."),
}

RANGES = {  # setting -> its lowest and its highest value
    "seed": (0, 2**32 - 1),
    "days": (60, 3_650),
    "sample_customers": (50, 10_000_000),
    "sample_products": (60, 1_000_000),
    "sample_orders": (500, 100_000_000),
    "sample_reviews": (0, 100_000_000),
}


Source: TypeAlias = str | pd.DataFrame | dict[str, pd.DataFrame]  # "sample", a path, an address, or the data themselves


@dataclass(frozen=True)
class Settings:
    """The settings of one run, checked; raises ShopProblem that names the first wrong setting."""

    source: Source
    mapping: dict | str  # table -> SELECT, `encodings` -> {file: codec}; or "proposed"
    warehouse: Callable[[str], pd.DataFrame] | None
    shop_name: str
    pseudonyms: bool
    public: bool | None  # None: what it is by default, which then stands here
    console: bool | None
    currency: str
    number_format: str
    database: str
    exports: str
    seed: int
    end_date: str
    days: int
    sample_customers: int
    sample_products: int
    sample_orders: int
    sample_reviews: int

    def __post_init__(self) -> None:
        self._check_texts()
        self._check_choices()
        self._check_end_date()
        self._check_numbers()
        self._decide_who_may_what()
        if not self.is_sample and not self.mapping and is_shop_database(self.source):
            object.__setattr__(self, "database", self.source)  # opened where it is rather than imported

    def _check_texts(self) -> None:
        for name in ("source", "database", "exports", "currency", "shop_name"):
            value = getattr(self, name)
            if isinstance(value, Path):
                object.__setattr__(self, name, str(value))
            elif name == "source" and (isinstance(value, pd.DataFrame) or is_frames(value)):
                continue
            elif not isinstance(value, str) or (not value and name in ("source", "database", "exports")):
                raise ShopProblem(f"The setting `{name}` is {value!r}; it must be a text.")

    def _check_choices(self) -> None:
        for name, also in (("pseudonyms", ""), ("public", ", or None"), ("console", ", or None")):
            value = getattr(self, name)
            if not isinstance(value, bool) and not (also and value is None):
                raise ShopProblem(f"The setting `{name}` is {value!r}; it must be True or False{also}.")
        if self.number_format not in NUMBER_FORMATS:
            known = ", ".join(f'"{name}"' for name in NUMBER_FORMATS)
            raise ShopProblem(f"The setting `number_format` is {self.number_format!r}; it must be one of {known}.")
        if self.mapping != "proposed" and (
            not isinstance(self.mapping, dict) or not set(self.mapping) <= {*TABLES, "encodings"}
        ):
            raise ShopProblem(
                "The setting `mapping` must be a dictionary from a table's name "
                f"({', '.join(TABLES)}) to a SELECT, and `encodings` to one from a file to its encoding; "
                f"it is {self.mapping!r}."
            )
        if self.warehouse is not None and not callable(self.warehouse):
            raise ShopProblem(
                "The setting `warehouse` must be None, or a function that takes SQL and returns a DataFrame; "
                f"it is {self.warehouse!r}."
            )
        if self.warehouse and (not isinstance(self.source, str) or self.source != "sample" or self.mapping):
            raise ShopProblem(
                "The setting `warehouse` takes the place of `source` and `mapping`: leave those as they were."
            )
        if self.mapping and self.is_sample:
            raise ShopProblem(
                "The setting `mapping` is only for your own data: empty it, or set `source` to something other than "
                '"sample".'
            )

    def _check_end_date(self) -> None:
        try:
            last_day = date.fromisoformat(self.end_date)
        except (TypeError, ValueError):
            raise ShopProblem(
                f'The setting `end_date` is {self.end_date!r}; it must be a date such as "2025-12-31".'
            ) from None
        if not 1900 <= last_day.year <= 9998:
            raise ShopProblem(f"The setting `end_date` is {self.end_date}; choose a year from 1900 to 9998.")

    def _check_numbers(self) -> None:
        for name, (lowest, highest) in RANGES.items():
            value = getattr(self, name)
            if type(value) is not int or not lowest <= value <= highest:
                raise ShopProblem(
                    f"The setting `{name}` is {value!r}; choose a whole number from {lowest:,} to {highest:,}."
                )
        if self.sample_reviews > self.sample_orders // 2:
            raise ShopProblem(
                f"The setting `sample_reviews` is {self.sample_reviews:,}, but only customers who received a product "
                f"review it: choose at most half of `sample_orders`, {self.sample_orders // 2:,}."
            )

    def _decide_who_may_what(self) -> None:
        """Take a page in Voilà for one that others may open; what its visitors make lies in a folder of their own."""
        public = in_voila() if self.public is None else self.public
        object.__setattr__(self, "public", public)
        object.__setattr__(self, "console", not public if self.console is None else self.console)
        if public:
            object.__setattr__(self, "exports", private_folder())

    @property
    def is_visitors(self) -> bool:
        """Whether a visitor of a page for others has loaded this shop."""
        return bool(self.public) and Path(self.database).resolve().parent == Path(private_folder()).resolve()

    @property
    def only_shown(self) -> bool:
        """Whether this is the owner's shop on a page for others: nothing is written to it, nor said of its source."""
        return bool(self.public) and not self.is_visitors

    @property
    def is_sample(self) -> bool:
        """Whether the shop is the sample rather than a source of the user's."""
        return isinstance(self.source, str) and self.source == "sample" and self.warehouse is None

    @property
    def sells(self) -> bool:
        """Whether live orders can be had: of the sample, on a page of one's own."""
        return self.is_sample and not self.public

    @property
    def selects(self) -> dict:
        """The mapping's SELECTs by table, and `encodings`; empty where there are none, or none is accepted yet."""
        return self.mapping if isinstance(self.mapping, dict) else {}

    @property
    def name(self) -> str:
        """The shop's name, as the page shows it."""
        own = self.source if isinstance(self.source, str) else "My shop"
        own = "Warehouse" if self.warehouse else Path(own.split("?")[0] if "://" in own else own).stem
        own = own.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # a name may be none in UTF-8
        return self.shop_name or ("Sample shop" if self.is_sample else own)


@lru_cache(1)
def _private() -> tempfile.TemporaryDirectory:
    return scratch_folder()


def private_folder() -> str:
    """Return the folder of what the visitor of this process makes; it is deleted when the process ends."""
    return _private().name


def is_frames(value: object) -> bool:
    """Say whether a value is a dictionary of DataFrames, by name."""
    return isinstance(value, dict) and bool(value) and all(isinstance(frame, pd.DataFrame) for frame in value.values())


def is_shop_database(source: object) -> bool:
    """Say whether `source` is the path of a database that this program made, by the number in its header."""
    if isinstance(source, str | Path):
        with suppress(OSError, ValueError):
            if Path(source).is_file():  # a pipe would keep who opens it waiting
                with Path(source).open("rb") as file:
                    return file.read(100)[68:72] == APPLICATION_ID.to_bytes(4, "big")
    return False
