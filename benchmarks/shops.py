"""The shops that are measured: sample shops of several sizes, and random selections of them."""

import random
from datetime import date, timedelta
from pathlib import Path

from shopboard.ask import Filters, Shop, open_shop
from shopboard.settings import Settings

import notebook_module
from small_shop import design

STORY = notebook_module.load()
DESIGN = design(STORY)
PAGES = [STORY.OVERVIEW, STORY.CUSTOMERS, STORY.PRODUCTS, STORY.INVENTORY_PAGE]
SIZES = {  # orders -> customers, products, reviews
    10_000: (1_000, 500, 5_000),
    1_000_000: (10_000, 2_000, 100_000),
    10_000_000: (100_000, 5_000, 1_000_000),
}


def changed_settings(folder: Path, orders: int) -> dict:
    """Return the settings of a sample shop of this many orders that differ from the notebook's own."""
    customers, products, reviews = SIZES.get(orders, (max(200, orders // 100), 500, orders // 10))
    return {
        "database": str(database_of(folder, orders)),
        "exports": str(folder),
        "sample_customers": customers,
        "sample_products": products,
        "sample_orders": orders,
        "sample_reviews": reviews,
    }


def database_of(folder: Path, orders: int) -> Path:
    """Return where the database of a sample shop of this many orders is kept."""
    return Path(folder) / f"orders-{orders}.db"


def settings_of(folder: Path, orders: int, **changed: object) -> Settings:
    """Return the Settings of a sample shop of this many orders."""
    return Settings(**{**notebook_module.default_settings(), **changed_settings(folder, orders), **changed})


def shop_of(folder: Path, orders: int) -> Shop:
    """Open a sample shop of this many orders, built if need be."""
    return open_shop(settings_of(folder, orders), DESIGN)


def random_selections(whole: Filters, count: int, seed: int = 0) -> list[Filters]:
    """Draw selections: a non-empty subset of the regions and of the categories, a first and a last day."""
    rng = random.Random(seed)
    first = date.fromisoformat(whole.start)
    length = (date.fromisoformat(whole.end) - first).days

    def subset(names: tuple[str, ...]) -> tuple[str, ...]:
        """Draw any non-empty subset, each as likely as any other."""
        number = rng.randrange(1, 2 ** len(names))
        return tuple(name for bit, name in enumerate(names) if number >> bit & 1)

    selections = []
    for _ in range(count):
        start, end = (first + timedelta(days=n) for n in sorted(rng.randint(0, length) for _ in range(2)))
        selections.append(Filters(subset(whole.regions), subset(whole.categories), start.isoformat(), end.isoformat()))
    return selections
