"""The sample shop: Faker gives its names, NumPy all that has a distribution, and `Planted` what there is to find.

Whole columns are drawn at once, in the order in which the tables refer to each other. The same settings and the same
`Planted` give the same shop.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from shopboard.database import COLUMNS
from shopboard.problems import ShopProblem
from shopboard.settings import Settings

Columns = dict[str, Any]  # name -> array, one element per row


@dataclass(frozen=True)
class Planted:
    """The sample's character: what the questions of the notebook find. Its values are explained where they are set."""

    regions: dict[str, float]
    categories: dict[str, float]
    favourites: dict[str, tuple[str, float]]
    growth_per_year: float
    weekday: tuple[float, ...]
    month: tuple[float, ...]
    sale_day: tuple[str, float]
    outage_day: int
    bulk_day: int
    bulk_factor: int
    rush_month: int
    rush_return: float
    basket_size: tuple[float, ...]
    pairs: int
    pair_rate: float
    activity_spread: float
    segments: dict[str, float]
    known_before: float
    cancelled_share: float
    pending_days: int
    pending_share: float
    returned_share: tuple[float, float]
    out_of_stock_products: int
    unsold_products: int
    rating: tuple[float, float]
    return_costs: float
    review_delay: tuple[int, int]


PRODUCT_WORDS = {
    "Beauty": "Face Cream,Hand Balm,Lip Tint,Shampoo,Body Oil,Perfume,Soap Set,Hair Mask",
    "Books": "Cookbook,Novel,Travel Guide,Atlas,Biography,Poetry Collection,Mystery,Workbook",
    "Clothing": "Jacket,Shirt,Jeans,Sweater,Raincoat,Dress,Scarf,Sneakers",
    "Electronics": "Headphones,Tablet,Speaker,Camera,Monitor,Keyboard,Smart Watch,Router",
    "Home": "Lamp,Armchair,Rug,Kettle,Blanket,Shelf,Mirror,Pan Set",
    "Sports": "Yoga Mat,Dumbbells,Tent,Bicycle Helmet,Backpack,Running Shoes,Ball,Racket",
    "Toys": "Puzzle,Train Set,Building Blocks,Doll,Board Game,Kite,Plush Bear,Race Car",
}
PRODUCT_STYLES = "Classic,Compact,Urban,Alpine,Velvet,Nordic,Coastal,Vintage,Bright,Quiet,Golden,Everyday,Prime".split(
    ","
)
SUPPLIERS = 14
NAME_POOL = 1_000  # first and last names drawn from Faker; larger shops combine them


def iso_days(first_day: date, count: int) -> np.ndarray:
    """Return `count` days from `first_day` on as ISO texts, one element per day."""
    return np.array([(first_day + timedelta(days=n)).isoformat() for n in range(count)], dtype=object)


def sample_people(rng: np.random.Generator, settings: Settings, planted: Planted, last_day: date) -> pd.DataFrame:
    """Draw the sample's customers, one row each; `activity` and `registered` (a day's number) steer their orders."""
    count, days = settings.sample_customers, settings.days
    from faker import Faker  # noqa: PLC0415, which takes time that no database that is there needs

    fake = Faker("en_US")
    fake.seed_instance(settings.seed)
    pool = min(count, NAME_POOL)
    first = np.array([fake.first_name() for _ in range(pool)], dtype=object)[rng.integers(pool, size=count)]
    last = np.array([fake.last_name() for _ in range(pool)], dtype=object)[rng.integers(pool, size=count)]
    activity = rng.lognormal(0.0, planted.activity_spread, count)
    # Nobody registers in the last month.
    registered = np.where(
        rng.random(count) < planted.known_before, rng.integers(-365, 0, count), rng.integers(0, days - 30, count)
    )
    registered[0] = -365  # so that the first day has someone to buy
    segments = np.array(list(planted.segments), dtype=object)
    rank = activity.argsort()[::-1].argsort()
    calendar = iso_days(last_day - timedelta(days=days + 364), days + 365)
    return pd.DataFrame(
        {
            "customer_id": np.arange(1, count + 1),
            "name": first + " " + last,
            "email": [
                f"{a}.{b}.{n}@example.com".lower().replace(" ", "").replace("'", "")
                for n, (a, b) in enumerate(zip(first, last, strict=True), start=1)
            ],
            "region": rng.choice(
                np.array(list(planted.regions), dtype=object), count, p=list(planted.regions.values())
            ),
            "registration_date": calendar[registered + 365],
            "customer_segment": segments[np.digitize(rank / count, list(planted.segments.values())[:-1])],
            "activity": activity,
            "registered": registered,
        }
    )


def sample_assortment(rng: np.random.Generator, settings: Settings, planted: Planted) -> pd.DataFrame:
    """Draw the sample's products, one row each; `quality` (0 to 1) and `popularity` steer sales and ratings."""
    count, lines_per_day = settings.sample_products, settings.sample_orders / settings.days
    from faker import Faker  # noqa: PLC0415

    fake = Faker("en_US")
    fake.seed_instance(settings.seed + 1)
    suppliers = np.array([fake.company() for _ in range(SUPPLIERS)], dtype=object)
    category = np.array(list(planted.categories), dtype=object)[np.arange(count) % len(planted.categories)]
    number = np.arange(count) // len(planted.categories)  # within its category
    names = []
    for name, n in zip(category, number, strict=True):
        nouns = PRODUCT_WORDS[name].split(",")
        series, style = divmod(n // len(nouns), len(PRODUCT_STYLES))
        names.append(f"{PRODUCT_STYLES[style]} {nouns[n % len(nouns)]}" + (f" {series + 1}" if series else ""))
    typical = np.array([planted.categories[name] for name in category])
    cents = np.round(typical * rng.lognormal(0.0, 0.35, count)) * 100 - 1  # prices end in .99
    quality = rng.beta(4.0, 2.5, count)
    popularity = rng.lognormal(0.0, 0.6, count) * np.exp(2.5 * quality)
    unsold = rng.choice(count, min(planted.unsold_products, count // 10), replace=False)
    popularity[unsold] = 0.0
    units_per_day = popularity / popularity.sum() * lines_per_day * 1.4
    stock = np.ceil(units_per_day * rng.uniform(10, 120, count)).astype(int) + rng.integers(3, 30, count)
    best_sellers = popularity.argsort()[::-1][: max(40, count // 5)]
    stock[rng.choice(best_sellers, min(planted.out_of_stock_products, count // 10), replace=False)] = 0
    return pd.DataFrame(
        {
            "product_id": np.arange(1, count + 1),
            "product_name": names,
            "category": category,
            "price": cents / 100,
            "stock_quantity": stock,
            "supplier": suppliers[(np.arange(count) % len(planted.categories) + rng.integers(0, 3, count)) % SUPPLIERS],
            "quality": quality,
            "popularity": popularity,
            "cents": cents.astype(np.int64),
        }
    )


PRAISE = {
    1: ("Broke within a week.", "Not what the picture shows.", "I want my money back."),
    2: ("Disappointing for the price.", "Feels cheap.", "Works, but only just."),
    3: ("It does the job.", "Average, as expected.", "Neither good nor bad."),
    4: ("Good value.", "Happy with it so far.", "Solid, with small flaws."),
    5: ("Exactly what I was looking for.", "I would buy it again.", "Better than I expected."),
}
STATUSES = np.array(["Completed", "Pending", "Cancelled", "Returned"], dtype=object)
COMPLETED, PENDING, CANCELLED, RETURNED = range(4)


def day_weights(last_day: date, days: int, planted: Planted) -> np.ndarray:
    """Return each day's planted share of the orders, one element per day."""
    calendar = [last_day - timedelta(days=n) for n in range(days - 1, -1, -1)]
    weight = np.array([planted.weekday[day.weekday()] * planted.month[day.month - 1] for day in calendar])
    weight *= (1 + planted.growth_per_year) ** (np.arange(days) / 365)
    weight[[day.isoformat()[5:] == planted.sale_day[0] for day in calendar]] *= planted.sale_day[1]
    return weight / weight.sum()


def draw(rng: np.random.Generator, weights: np.ndarray, count: int) -> np.ndarray:
    """Draw `count` positions of `weights`, each in proportion to its weight."""
    cumulative = np.cumsum(weights)
    return np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right").astype(np.int32)


def draw_customers(rng: np.random.Generator, people: pd.DataFrame, day: np.ndarray) -> np.ndarray:
    """Draw a customer for each checkout's day, by activity, among those registered by then."""
    by_registration = people["registered"].to_numpy().argsort(kind="stable")
    known_by = np.searchsorted(people["registered"].to_numpy()[by_registration], day, side="right")
    cumulative = np.cumsum(people["activity"].to_numpy()[by_registration])
    position = np.searchsorted(cumulative, rng.random(len(day)) * cumulative[known_by - 1], side="right")
    return by_registration.astype(np.int32)[np.minimum(position, known_by - 1)]


def let_the_rush_go(
    people: pd.DataFrame, customer: np.ndarray, day: np.ndarray, settings: Settings, planted: Planted
) -> np.ndarray:
    """Give most later checkouts of those who first came in the rush month to others of their region."""
    rng = np.random.default_rng([settings.seed, planted.rush_month])
    first_day = date.fromisoformat(settings.end_date) - timedelta(days=settings.days - 1)
    month = np.array([(first_day + timedelta(days=n)).strftime("%Y%m") for n in range(int(day[-1]) + 1)], dtype=int)
    first = np.zeros(len(people), dtype=np.int32)
    first[customer[::-1]] = day[::-1]
    came = month[first[customer]]
    in_rush = came % 100 == planted.rush_month
    leaving = in_rush & (month[day] > came) & (rng.random(len(day)) > planted.rush_return)
    region, given = people["region"].to_numpy()[customer], customer.copy()
    for name in planted.regions:
        gone, others = np.flatnonzero(leaving & (region == name)), np.flatnonzero(~in_rush & (region == name))
        earlier = np.searchsorted(others, gone)  # checkouts come by day
        place = (rng.random(len(gone)) * earlier).astype(np.int64)
        given[gone[earlier > 0]] = customer[others[place[earlier > 0]]]
    return given


def draw_products(rng: np.random.Generator, products: pd.DataFrame, region: np.ndarray, planted: Planted) -> np.ndarray:
    """Draw a product for each line by popularity and by what the customer's region prefers."""
    chosen = np.empty(len(region), dtype=np.int32)
    category = products["category"].to_numpy()
    for name in planted.regions:
        favourite, factor = planted.favourites[name]
        here = np.flatnonzero(region == name)
        weights = products["popularity"].to_numpy() * np.where(category == favourite, factor, 1.0)
        chosen[here] = draw(rng, weights, len(here))
    return chosen


def planted_pairs(products: pd.DataFrame, planted: Planted) -> dict[int, int]:
    """Return product -> the product planted to be bought with it, as positions in `products`."""
    best = products["popularity"].to_numpy().argsort()[::-1][: 2 * planted.pairs]
    return {int(best[n]): int(best[n + planted.pairs]) for n in range(planted.pairs)}


def draw_status(
    rng: np.random.Generator, lines: tuple[np.ndarray, np.ndarray, np.ndarray], days: int, planted: Planted
) -> np.ndarray:
    """Draw each line's status: whole checkouts are cancelled, single lines are returned, recent ones wait."""
    checkout, day, quality = lines
    worst, best = planted.returned_share
    status = np.where(rng.random(len(day)) < worst + (best - worst) * quality, RETURNED, COMPLETED)
    luck = rng.random(int(checkout[-1]) + 1)[checkout]
    status[(day >= days - planted.pending_days) & (luck > 1 - planted.pending_share)] = PENDING
    status[(luck < planted.cancelled_share) | (day == days - 1 - planted.outage_day)] = CANCELLED
    return status.astype(np.int8)


def sample_lines(
    rng: np.random.Generator, people: pd.DataFrame, products: pd.DataFrame, settings: Settings, planted: Planted
) -> Columns:
    """Draw the columns of `orders`, by date: one element per line, customers and products as positions."""
    count, days = settings.sample_orders, settings.days
    sizes = draw(rng, np.array(planted.basket_size), count) + 1  # enough checkouts whatever their sizes
    checkout = np.repeat(np.arange(count, dtype=np.int32), sizes)[:count]
    checkouts = int(checkout[-1]) + 1
    day = np.sort(draw(rng, day_weights(date.fromisoformat(settings.end_date), days, planted), checkouts))
    customer = let_the_rush_go(people, draw_customers(rng, people, day), day, settings, planted)[checkout]
    product = draw_products(rng, products, people["region"].to_numpy()[customer], planted)
    second = np.flatnonzero((checkout[1:] == checkout[:-1]) & np.insert(checkout[1:-1] != checkout[:-2], 0, True)) + 1
    for leader, companion in planted_pairs(products, planted).items():
        together = second[(product[second - 1] == leader) & (rng.random(len(second)) < planted.pair_rate)]
        product[together] = companion
    day = day[checkout]
    quantity = (1 + rng.poisson(0.4, count)).astype(np.int8)
    quantity[day == days - 1 - planted.bulk_day] *= planted.bulk_factor
    return {
        "customer": customer,
        "product": product,
        "day": day,
        "quantity": quantity,
        "amount": products["cents"].to_numpy()[product] * quantity / 100,
        "status": draw_status(rng, (checkout, day, products["quality"].to_numpy()[product]), days, planted),
        "checkout": checkout,
    }


def sample_opinions(
    rng: np.random.Generator, lines: Columns, products: pd.DataFrame, settings: Settings, planted: Planted
) -> Columns:
    """Draw the columns of `reviews`: one per customer and product received, written after its delivery."""
    written = lines["day"] + rng.integers(*planted.review_delay, len(lines["day"]))
    received = np.isin(lines["status"], (COMPLETED, RETURNED)) & (written < settings.days)
    candidates = np.flatnonzero(received)
    purchase = lines["customer"][candidates].astype(np.int64) * len(products) + lines["product"][candidates]
    candidates = candidates[np.unique(purchase, return_index=True)[1]]
    if len(candidates) < settings.sample_reviews:
        raise ShopProblem(
            f"The setting `sample_reviews` is {settings.sample_reviews:,}, but only {len(candidates):,} times "
            "did a customer of this sample receive a product: lower it, or raise `sample_orders`."
        )
    chosen = rng.choice(candidates, settings.sample_reviews, replace=False)
    chosen = chosen[np.argsort(written[chosen], kind="stable")]
    worst, best = planted.rating
    opinion = worst + (best - worst) * products["quality"].to_numpy()[lines["product"][chosen]]
    opinion = opinion - planted.return_costs * (lines["status"][chosen] == RETURNED) + rng.normal(0.0, 0.7, len(chosen))
    return {
        "product": lines["product"][chosen],
        "customer": lines["customer"][chosen],
        "rating": np.clip(np.rint(opinion), 1, 5).astype(int),
        "text": rng.integers(0, 3, len(chosen)),
        "day": written[chosen],
    }


AT_ONCE = 1_000_000  # order lines


def sample_rows(settings: Settings, planted: Planted, at_once: int) -> Iterator[tuple[str, list[tuple]]]:
    """Yield (table, rows of plain Python values) for the four tables, so many rows at a time."""
    for table, columns in sample_shop(settings, planted):
        for start in range(0, len(columns[0]), at_once):
            some = [column[start : start + at_once].tolist() for column in columns]
            yield table, list(zip(*some, strict=True))


def sample_shop(settings: Settings, planted: Planted) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Yield (table, columns in the table's order) for the four tables; `orders` comes in parts."""
    rng = np.random.default_rng(settings.seed)
    last_day, days = date.fromisoformat(settings.end_date), settings.days
    calendar = iso_days(last_day - timedelta(days=days - 1), days)
    people = sample_people(rng, settings, planted, last_day)
    products = sample_assortment(rng, settings, planted)
    yield "customers", [people[name].to_numpy() for name in COLUMNS["customers"]]
    yield "products", [products[name].to_numpy() for name in COLUMNS["products"]]

    lines = sample_lines(rng, people, products, settings, planted)
    for start in range(0, settings.sample_orders, AT_ONCE):  # whole columns of Python objects would fill memory
        some = slice(start, start + AT_ONCE)
        yield (
            "orders",
            [
                np.arange(start, min(start + AT_ONCE, settings.sample_orders)) + 1,
                lines["customer"][some] + 1,
                lines["product"][some] + 1,
                calendar[lines["day"][some]],
                lines["quantity"][some],
                lines["amount"][some],
                STATUSES[lines["status"][some]],
                lines["checkout"][some] + 1_001,
                np.full(len(lines["day"][some]), None),  # where it went, the sample does not say
            ],
        )
    opinions = sample_opinions(rng, lines, products, settings, planted)
    texts = np.array([PRAISE[rating] for rating in range(1, 6)], dtype=object)
    yield (
        "reviews",
        [
            np.arange(1, settings.sample_reviews + 1),
            opinions["product"] + 1,
            opinions["customer"] + 1,
            opinions["rating"],
            texts[opinions["rating"] - 1, opinions["text"]],
            calendar[opinions["day"]],
        ],
    )
