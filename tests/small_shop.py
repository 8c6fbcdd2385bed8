"""Small shops of the story's own sample, for tests that need one of a certain size."""

from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from shopboard.ask import Shop, open_shop
from shopboard.database import ShopDesign
from shopboard.settings import Settings

import notebook_module

SMALL = {"sample_customers": 60, "sample_products": 60, "sample_orders": 800, "sample_reviews": 120, "days": 200}


def design(story: ModuleType) -> ShopDesign:
    """Return the story's design of a shop."""
    return ShopDesign(
        schema=story.SCHEMA,
        indexes=story.INDEXES,
        models=story.MODELS,
        steps=story.STEPS,
        fill_sample=story.fill_with_sample,
        sample_decides=(version("faker"), story.PLANTED),
    )


def small_shop(story: ModuleType, folder: Path, engine: str = "duckdb", **changed: object) -> Shop:
    """Build a small sample in a folder and open it."""
    own = {"database": str(folder / "ecommerce.db"), "exports": str(folder), **SMALL, **changed}
    return open_shop(Settings(**{**notebook_module.default_settings(), **own}), design(story), engine)
