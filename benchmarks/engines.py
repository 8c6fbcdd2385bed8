"""Engines that answer a selection with the figures of the Overview: the dashboard's own, and what one picks instead.

SQLite and DuckDB answer the story's questions from the four tables, with the models as views. DuckDB, pandas and Polars
also come prepared: as fast as one who knows them would get them, with the lines laid out as suits the engine best (one
wide table by day, names as numbers, checkouts numbered).
"""

import importlib.util
import sqlite3
import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from shopboard.ask import Filters, Shop
from shopboard.database import COLUMNS

from shops import STORY

MEASURES = "revenue orders average_order_value units customers rating cancelled_share returned_share".split()
QUESTIONS = {
    "regional_sales": STORY.REGIONAL_SALES,
    "daily_revenue": STORY.DAILY_REVENUE,
    "customers": STORY.TOP_CUSTOMERS,
    "category_shares": STORY.CATEGORY_SHARES,
    "product_sales": STORY.PRODUCT_SALES,
}
STATUSES = ["Completed", "Pending", "Cancelled", "Returned"]
LINES = """
-- One row per line of a checkout.
SELECT customer_id, product_id, day, order_number, quantity, total_amount, status, region, category
FROM order_lines
"""
REVIEWS = "SELECT product_id, day, rating, region, category FROM review_lines"
CUSTOMERS = "SELECT customer_id, name, region, customer_segment FROM customers"
PRODUCTS = "SELECT product_id, product_name, COALESCE(category, '(unknown)') AS category, price FROM products"


class Engine:
    """An engine: `load` makes it ready for a shop, `page` answers a selection with a table per question."""

    needs = ""  # the library without which it cannot run

    @classmethod
    def missing(cls) -> str:
        """Return the library that this engine lacks here; empty if none."""
        return cls.needs if cls.needs and importlib.util.find_spec(cls.needs) is None else ""

    def load(self, shop: Shop) -> None:
        """Read what the engine needs of a shop."""
        self.shop = shop
        self.connection = shop.connection
        self.whole = shop.everything()
        others = shop.ask("SELECT COUNT(*) AS lines FROM orders WHERE status <> 'Completed'")
        self.states_statuses = bool(others["lines"][0])
        self.prepare(str(shop.path))

    def prepare(self, path: str) -> None:
        """Do what this engine does to be ready."""

    def page(self, filters: Filters) -> dict:
        """Return the page's tables of a selection, by name; `tiles` also holds the measures of the days before."""
        raise NotImplementedError

    def earlier(self, filters: Filters) -> Filters | None:
        """Return the selection of the days before, None where the shop's days do not reach back that far."""
        before = filters.before()
        return before if before.start >= self.whole.start else None

    def tiles(self, now: dict, before: dict | None) -> pd.DataFrame:
        """Return the measures of a selection and of the days before: a row per measure."""
        unknown = {} if self.states_statuses else {"cancelled_share": None, "returned_share": None}
        columns = {"now": {**now, **unknown}, "before": {**before, **unknown} if before else {}}
        return pd.DataFrame(columns, index=MEASURES, dtype=float)


class Ours(Engine):
    """The dashboard's own: its questions, asked of the shop, which is told of all of them first, as the page does."""

    tells_first = True

    def ask(self, sql: str, filters: Filters) -> pd.DataFrame:
        """Return the answer to a question about a selection."""
        return self.shop.ask(sql, filters)

    def page(self, filters: Filters) -> dict:
        """Return the page's tables of a selection, by name."""
        chosen = [one for one in (filters, self.earlier(filters)) if one]
        if self.tells_first:
            tiles = [(STORY.TILES, one, {}) for one in chosen]
            self.shop.ask_ahead([*tiles, *((sql, filters, {}) for sql in QUESTIONS.values())])
        measures = [self.ask(STORY.TILES, one).iloc[0].to_dict() for one in chosen]
        answers = {name: self.ask(sql, filters) for name, sql in QUESTIONS.items()}
        return {"tiles": self.tiles(measures[0], measures[1] if len(measures) > 1 else None), **answers}


class Sqlite(Ours):
    """SQLite: the four tables, with the models as views."""

    tells_first = False

    def ask(self, sql: str, filters: Filters) -> pd.DataFrame:
        """Return the answer to a question about a selection."""
        text, values = self.shop.sql_of(sql, filters)
        return pd.read_sql_query(text, self.connection, params=values)


class DuckDbTables(Ours):
    """DuckDB: the four tables as native ones in a file, with the models as views."""

    needs, tells_first = "duckdb", False

    def prepare(self, path: str) -> None:
        """Make the DuckDB file and open it."""
        import duckdb  # noqa: PLC0415, so that the others run without it

        self.folder = tempfile.TemporaryDirectory(dir=Path(path).parent)
        file = str(Path(self.folder.name) / "shop.duckdb")
        self.database = duckdb.connect(file)
        for table, columns in COLUMNS.items():
            days = [f"{name}::DATE AS {name}" for name in columns if name.endswith("_date")]
            changed = f"REPLACE ({', '.join(days)})" if days else ""
            start = f"CREATE TABLE {table} AS"
            for rows in pd.read_sql_query(f"SELECT * FROM {table}", self.connection, chunksize=1_000_000):
                self.database.register("rows", rows.astype(dict.fromkeys(rows.columns[rows.isna().all()], "str")))
                self.database.execute(f"{start} SELECT * {changed} FROM rows")
                start = f"INSERT INTO {table}"
        for name, sql in STORY.MODELS.items():
            self.database.execute(f"CREATE VIEW {name} AS {sql}")
        self.database.close()  # so that all stands in the file
        self.database = duckdb.connect(file)

    def ask(self, sql: str, filters: Filters) -> pd.DataFrame:
        """Return the answer to a question about a selection."""
        text, values = self.shop.sql_of(sql, filters)
        return self.database.execute(text, values).df()


def read_rows(path: str, sql: str, names: dict[str, tuple]) -> pd.DataFrame:
    """Read rows from SQLite by day, with `names` (column -> its possible values) as categories."""
    kinds = {column: pd.CategoricalDtype(list(values)) for column, values in names.items()}
    with closing(sqlite3.connect(path)) as connection:
        parts = []
        for part in pd.read_sql_query(sql, connection, chunksize=500_000):  # ten million rows at once would be too many
            part["day"] = pd.to_datetime(part["day"], format="%Y-%m-%d")
            parts.append(part.astype(kinds))
    rows = pd.concat(parts, ignore_index=True).sort_values("day", kind="stable", ignore_index=True)
    return rows.astype(dict.fromkeys(rows.select_dtypes("int64"), np.int32))


def read_lines(path: str, whole: Filters) -> pd.DataFrame:
    """Read the order lines by day; `checkout` numbers checkouts, as an order number may come again another day."""
    lines = read_rows(path, LINES, {"status": STATUSES, "region": whole.regions, "category": whole.categories})
    lines["checkout"] = lines.groupby(["day", "order_number"], sort=False).ngroup().astype(np.int32)
    return lines.drop(columns="order_number")


def read_reviews(path: str, whole: Filters) -> pd.DataFrame:
    """Read the reviews by day."""
    return read_rows(path, REVIEWS, {"region": whole.regions, "category": whole.categories})


class Pandas(Engine):
    """pandas: one wide frame in memory, indexed by day, with categoricals."""

    def prepare(self, path: str) -> None:
        """Read the frames."""
        self.lines = read_lines(path, self.whole).set_index("day")
        self.reviews = read_reviews(path, self.whole).set_index("day")
        self.customers = pd.read_sql_query(CUSTOMERS, self.connection, index_col="customer_id")
        self.products = pd.read_sql_query(PRODUCTS, self.connection)

    @staticmethod
    def chosen(rows: pd.DataFrame, filters: Filters) -> tuple[pd.DataFrame, pd.Series]:
        """Return the rows of a selection's days, and which of them are of its regions and categories."""
        rows = rows.loc[filters.start : filters.end]
        return rows, rows["region"].isin(filters.regions) & rows["category"].isin(filters.categories)

    def measures(self, filters: Filters) -> tuple[dict, pd.DataFrame, pd.DataFrame]:
        """Return a selection's measures, its Completed lines and its reviews."""
        lines, here = self.chosen(self.lines, filters)
        shares = lines["status"][here].value_counts(normalize=True)
        sold = lines[here & (lines["status"] == "Completed")]
        reviews, here = self.chosen(self.reviews, filters)
        reviews = reviews[here]
        revenue, orders = sold["total_amount"].sum(), sold["checkout"].nunique()
        measures = {
            "revenue": revenue,
            "orders": orders,
            "average_order_value": revenue / orders if orders else np.nan,
            "units": sold["quantity"].sum(),
            "customers": sold["customer_id"].nunique(),
            "rating": reviews["rating"].mean(),
            "cancelled_share": shares["Cancelled"],
            "returned_share": shares["Returned"],
        }
        return measures, sold, reviews

    def page(self, filters: Filters) -> dict:
        """Return the page's tables of a selection, by name."""
        now, sold, reviews = self.measures(filters)
        earlier = self.earlier(filters)
        cells = self.regional_sales(sold, filters)
        return {
            "tiles": self.tiles(now, earlier and self.measures(earlier)[0]),
            "regional_sales": cells,
            "daily_revenue": self.daily_revenue(sold, filters),
            "customers": self.top_customers(sold),
            "category_shares": category_shares(cells),
            "product_sales": self.product_sales(sold, reviews, filters),
        }

    @staticmethod
    def regional_sales(sold: pd.DataFrame, filters: Filters) -> pd.DataFrame:
        """Return revenue and units per region and category, with a zero where nothing was sold."""
        sums = sold.groupby(["region", "category"], observed=True)[["total_amount", "quantity"]].sum()
        grid = pd.MultiIndex.from_product([sorted(filters.regions), sorted(filters.categories)])
        sums = sums.reindex(grid.set_names(["region", "category"]), fill_value=0)
        return sums.set_axis(["revenue", "units"], axis=1).reset_index()

    @staticmethod
    def daily_revenue(sold: pd.DataFrame, filters: Filters) -> pd.DataFrame:
        """Return the revenue of each day, and its average over seven."""
        days = pd.date_range(filters.start, filters.end)
        revenue = sold["total_amount"].groupby(level=0).sum().reindex(days, fill_value=0.0)
        average = revenue.rolling(7).mean()
        return pd.DataFrame({"day": days, "revenue": revenue.array, "moving_average": average.array})

    def top_customers(self, sold: pd.DataFrame) -> pd.DataFrame:
        """Return the 20 customers with the most revenue."""
        sums = sold.groupby("customer_id")[["total_amount", "quantity"]].sum().round({"total_amount": 4})
        top = sums.nlargest(20, "total_amount").set_axis(["lifetime_value", "units"], axis=1)
        top = self.customers.loc[top.index.astype(int)].join(top)
        top.insert(0, "value_rank", top["lifetime_value"].rank(method="min", ascending=False))
        return top.assign(customers=len(sums)).reset_index()

    def product_sales(self, sold: pd.DataFrame, reviews: pd.DataFrame, filters: Filters) -> pd.DataFrame:
        """Return sales and ratings of each product of the chosen categories."""
        sums = sold.groupby("product_id", sort=False)[["total_amount", "quantity"]].sum()
        sums = sums.set_axis(["revenue", "units"], axis=1).round({"revenue": 4})
        ratings = reviews.groupby("product_id", sort=False)["rating"].agg(rating="mean", reviews="size")
        products = self.products[self.products["category"].isin(filters.categories)]
        products = products.join(sums, on="product_id").join(ratings, on="product_id")
        products = products.fillna({"revenue": 0.0, "units": 0, "reviews": 0})
        return products.sort_values(["revenue", "product_id"], ascending=[False, True], ignore_index=True)


def category_shares(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the categories' shares, added up from their cells."""
    shares = cells.groupby("category", as_index=False)[["revenue", "units"]].sum()
    shares = shares[shares["units"] > 0].sort_values(
        ["revenue", "category"], ascending=[False, True], ignore_index=True
    )
    total = shares["revenue"].sum()
    return shares.assign(percent_of_revenue=100 * shares["revenue"] / (total or np.nan))


class Polars(Engine):
    """Polars: one wide frame in memory; a selection is taken once, and what is asked of it is collected together."""

    needs = "polars"

    def prepare(self, path: str) -> None:
        """Read the frames."""
        import polars as pl  # noqa: PLC0415, so that the others run without it

        self.pl = pl
        self.lines = self.frame(read_lines(path, self.whole)).cast({"customer_id": pl.Int32})
        self.reviews = self.frame(read_reviews(path, self.whole))
        self.customers = self.table(CUSTOMERS).cast({"customer_id": pl.Int32}).lazy()
        self.products = self.table(PRODUCTS).cast({"product_id": pl.Int32}).lazy()

    def table(self, sql: str) -> object:
        """Return a query's rows as a frame of Polars."""
        return self.pl.read_database(sql, self.connection, infer_schema_length=None)

    def frame(self, rows: pd.DataFrame) -> object:
        """Return rows as a frame of Polars: names as Enum, unknown ids as null."""
        columns = {}
        for name in rows:
            column, kind = rows[name], rows[name].dtype
            if isinstance(kind, pd.CategoricalDtype):
                codes = self.pl.Series(column.cat.codes.to_numpy())
                names = self.pl.Series(kind.categories.to_list(), dtype=self.pl.Enum(kind.categories.to_list()))
                columns[name] = names.gather(codes)
            else:
                columns[name] = self.pl.Series(column.to_numpy(), nan_to_null=True)
        return self.pl.DataFrame(columns).with_columns(self.pl.col("day").cast(self.pl.Date)).set_sorted("day")

    def chosen(self, rows: object, filters: Filters) -> object:
        """Return the rows of a selection, lazily; its days are a slice, as the rows stand by day."""
        first, last = (date.fromisoformat(day) for day in (filters.start, filters.end))
        start, end = rows["day"].search_sorted(first, "left"), rows["day"].search_sorted(last, "right")
        region, category = self.pl.col("region"), self.pl.col("category")
        return (
            rows.slice(start, end - start)
            .lazy()
            .filter(region.is_in(filters.regions), category.is_in(filters.categories))
        )

    def measures(self, lines: object, reviews: object) -> list:
        """Return the queries for a selection's measures: those of its lines, and its rating."""
        pl = self.pl
        sold = pl.col("status") == "Completed"
        return [
            lines.select(
                revenue=pl.col("total_amount").filter(sold).sum(),
                orders=pl.col("checkout").filter(sold).n_unique(),
                units=pl.col("quantity").filter(sold).sum(),
                customers=pl.col("customer_id").filter(sold).drop_nulls().n_unique(),
                cancelled_share=(pl.col("status") == "Cancelled").mean(),
                returned_share=(pl.col("status") == "Returned").mean(),
            ),
            reviews.select(rating=pl.col("rating").mean()),
        ]

    def page(self, filters: Filters) -> dict:
        """Return the page's tables of a selection, by name."""
        pl = self.pl
        chosen = (self.chosen(rows, filters) for rows in (self.lines, self.reviews))
        lines, reviews = (rows.lazy() for rows in pl.collect_all(chosen))
        sold = lines.filter(pl.col("status") == "Completed")
        cells = self.regional_sales(sold, filters)
        queries = [
            cells,
            self.daily_revenue(sold, filters),
            self.top_customers(sold),
            self.category_shares(cells),
            self.product_sales(sold, reviews, filters),
            *self.measures(lines, reviews),
        ]
        earlier = self.earlier(filters)
        if earlier:
            queries += self.measures(self.chosen(self.lines, earlier), self.chosen(self.reviews, earlier))
        answers = pl.collect_all(queries)
        measures = [
            {**lines.row(0, named=True), **ratings.row(0, named=True)}
            for lines, ratings in zip(answers[5::2], answers[6::2], strict=True)
        ]
        for one in measures:
            one["average_order_value"] = one["revenue"] / one["orders"] if one["orders"] else None
        return dict(
            zip(
                ("tiles", *QUESTIONS),
                [self.tiles(measures[0], measures[1] if earlier else None), *answers[:5]],
                strict=True,
            )
        )

    def sums(self, sold: object, *keys: str) -> object:
        """Return revenue and units per key, lazily."""
        revenue, units = self.pl.col("total_amount").sum(), self.pl.col("quantity").sum()
        return sold.group_by(*keys).agg(revenue.alias("revenue"), units.alias("units"))

    def regional_sales(self, sold: object, filters: Filters) -> object:
        """Return revenue and units per region and category, with a zero where nothing was sold."""
        schema = self.lines.schema
        regions = self.pl.LazyFrame({"region": sorted(filters.regions)}, schema={"region": schema["region"]})
        categories = self.pl.LazyFrame(
            {"category": sorted(filters.categories)}, schema={"category": schema["category"]}
        )
        grid = regions.join(categories, how="cross")
        cells = grid.join(self.sums(sold, "region", "category"), on=["region", "category"], how="left")
        return cells.with_columns(self.pl.col("revenue", "units").fill_null(0)).sort("region", "category")

    def daily_revenue(self, sold: object, filters: Filters) -> object:
        """Return the revenue of each day, and its average over seven."""
        pl = self.pl
        first, last = (date.fromisoformat(day) for day in (filters.start, filters.end))
        calendar = pl.LazyFrame({"day": pl.date_range(first, last, eager=True)})
        daily = calendar.join(sold.group_by("day").agg(revenue=pl.col("total_amount").sum()), on="day", how="left")
        daily = daily.sort("day").with_columns(pl.col("revenue").fill_null(0.0))
        return daily.with_columns(moving_average=pl.col("revenue").rolling_mean(7))

    def top_customers(self, sold: object) -> object:
        """Return the 20 customers with the most revenue."""
        pl = self.pl
        value = pl.col("lifetime_value")
        known = sold.filter(pl.col("customer_id").is_not_null())
        sums = self.sums(known, "customer_id").rename({"revenue": "lifetime_value"})
        sums = sums.with_columns(value.round(4), pl.len().alias("customers"))
        top = sums.sort(value, "customer_id", descending=[True, False]).head(20)
        top = top.join(self.customers, on="customer_id")
        top = top.with_columns(value_rank=value.rank("min", descending=True)).sort("value_rank", "customer_id")
        columns = "value_rank customer_id name region customer_segment lifetime_value units customers"
        return top.select(columns.split())

    def category_shares(self, cells: object) -> object:
        """Return the categories' shares, added up from their cells."""
        pl = self.pl
        shares = cells.group_by("category").agg(pl.col("revenue", "units").sum()).filter(pl.col("units") > 0)
        shares = shares.with_columns(percent_of_revenue=100 * pl.col("revenue") / pl.col("revenue").sum())
        return shares.sort("revenue", "category", descending=[True, False])

    def product_sales(self, sold: object, reviews: object, filters: Filters) -> object:
        """Return sales and ratings of each product of the chosen categories."""
        pl = self.pl
        ratings = reviews.group_by("product_id").agg(rating=pl.col("rating").mean(), reviews=pl.len())
        products = self.products.filter(pl.col("category").is_in(filters.categories))
        for side in (self.sums(sold, "product_id"), ratings):
            products = products.join(side, on="product_id", how="left")
        products = products.with_columns(
            pl.col("revenue").round(4).fill_null(0), pl.col("units", "reviews").fill_null(0)
        )
        return products.sort("revenue", "product_id", descending=[True, False])


class DuckDb(Engine):
    """DuckDB: native tables in a file, the lines wide; a selection is copied once, and all is asked of the copy."""

    needs = "duckdb"

    CHOSEN = """
    CREATE OR REPLACE TEMP TABLE chosen_{rows} AS
    SELECT *
    FROM {rows}
    WHERE day BETWEEN $first::DATE AND $end::DATE
        AND region IN (SELECT UNNEST($regions)::region_name)
        AND category IN (SELECT UNNEST($categories)::category_name)
    """
    MEASURES = """
    -- One row: the measures of some days of the selection.
    WITH sums AS (
        SELECT SUM(total_amount) AS revenue, SUM(quantity) AS units
        FROM chosen_lines
        WHERE status = 'Completed' AND day BETWEEN $start::DATE AND $end::DATE
    ),
    checkouts AS (
        SELECT COUNT(DISTINCT checkout) AS orders
        FROM chosen_lines
        WHERE status = 'Completed' AND day BETWEEN $start::DATE AND $end::DATE
    ),
    buyers AS (
        SELECT COUNT(DISTINCT customer_id) AS customers
        FROM chosen_lines
        WHERE status = 'Completed' AND day BETWEEN $start::DATE AND $end::DATE
    ),
    statuses AS (
        SELECT
            COUNT(*) FILTER (status = 'Cancelled') / COUNT(*) AS cancelled_share,
            COUNT(*) FILTER (status = 'Returned') / COUNT(*) AS returned_share
        FROM chosen_lines
        WHERE day BETWEEN $start::DATE AND $end::DATE
    ),
    ratings AS (
        SELECT AVG(rating) AS rating FROM chosen_reviews WHERE day BETWEEN $start::DATE AND $end::DATE
    )
    SELECT
        COALESCE(revenue, 0) AS revenue,
        orders,
        revenue / NULLIF(orders, 0) AS average_order_value,
        COALESCE(units, 0) AS units,
        customers,
        rating,
        cancelled_share,
        returned_share
    FROM sums, checkouts, buyers, statuses, ratings
    """
    REGIONAL_SALES = """
    -- One row per chosen region and category.
    WITH cells AS (
        SELECT *
        FROM (SELECT UNNEST($regions)::region_name AS region)
        CROSS JOIN (SELECT UNNEST($categories)::category_name AS category)
    ),
    sales AS (
        SELECT region, category, SUM(total_amount) AS revenue, SUM(quantity) AS units
        FROM chosen_lines
        WHERE status = 'Completed' AND day >= $start::DATE
        GROUP BY region, category
    )
    SELECT region, category, COALESCE(revenue, 0) AS revenue, COALESCE(units, 0) AS units
    FROM cells
    LEFT JOIN sales USING (region, category)
    ORDER BY region::VARCHAR, category::VARCHAR
    """
    DAILY_REVENUE = """
    -- One row per day.
    WITH sales AS (
        SELECT day, SUM(total_amount) AS revenue
        FROM chosen_lines
        WHERE status = 'Completed' AND day >= $start::DATE
        GROUP BY day
    ),
    daily AS (
        SELECT calendar.day::DATE AS day, COALESCE(sales.revenue, 0) AS revenue
        FROM GENERATE_SERIES($start::DATE, $end::DATE, INTERVAL 1 DAY) AS calendar (day)
        LEFT JOIN sales ON sales.day = calendar.day
    )
    SELECT day, revenue, CASE WHEN COUNT(*) OVER week = 7 THEN AVG(revenue) OVER week END AS moving_average
    FROM daily
    WINDOW week AS (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW)
    ORDER BY day
    """
    TOP_CUSTOMERS = """
    -- One row per customer: the 20 with the most revenue.
    WITH customer_values AS (
        SELECT customer_id, ROUND(SUM(total_amount), 4) AS lifetime_value, SUM(quantity) AS units
        FROM chosen_lines
        WHERE status = 'Completed' AND customer_id IS NOT NULL AND day >= $start::DATE
        GROUP BY customer_id
    ),
    top_customers AS (
        SELECT *, (SELECT COUNT(*) FROM customer_values) AS customers
        FROM customer_values
        ORDER BY lifetime_value DESC, customer_id
        LIMIT 20
    )
    SELECT
        RANK() OVER (ORDER BY lifetime_value DESC) AS value_rank,
        customer_id, name, region, customer_segment, lifetime_value, units, customers
    FROM top_customers
    INNER JOIN customers USING (customer_id)
    ORDER BY lifetime_value DESC, customer_id
    """
    PRODUCT_SALES = """
    -- One row per product of the chosen categories.
    WITH sales AS (
        SELECT product_id, ROUND(SUM(total_amount), 4) AS revenue, SUM(quantity) AS units
        FROM chosen_lines
        WHERE status = 'Completed' AND day >= $start::DATE
        GROUP BY product_id
    ),
    ratings AS (
        SELECT product_id, AVG(rating) AS rating, COUNT(*) AS reviews
        FROM chosen_reviews
        WHERE day >= $start::DATE
        GROUP BY product_id
    )
    SELECT
        product_id, product_name, category, price,
        COALESCE(revenue, 0) AS revenue, COALESCE(units, 0) AS units, rating, COALESCE(reviews, 0) AS reviews
    FROM products
    LEFT JOIN sales USING (product_id)
    LEFT JOIN ratings USING (product_id)
    WHERE category IN (SELECT UNNEST($categories)::category_name)
    ORDER BY revenue DESC, product_id
    """

    def prepare(self, path: str) -> None:
        """Make the DuckDB file and open it."""
        import duckdb  # noqa: PLC0415, so that the others run without it

        self.folder = tempfile.TemporaryDirectory(dir=Path(path).parent)
        file = str(Path(self.folder.name) / "shop.duckdb")
        self.database = duckdb.connect(file)
        names = {"region": self.whole.regions, "category": self.whole.categories}
        for kind, choices in names.items():
            self.store("choices", pd.DataFrame({"choice": choices}))
            self.database.execute(f"CREATE TYPE {kind}_name AS ENUM (SELECT choice FROM choices)")
        typed = "REPLACE (day::DATE AS day, region::region_name AS region, category::category_name AS category)"
        self.store("lines", read_lines(path, self.whole), f"{typed[:-1]}, customer_id::INTEGER AS customer_id)")
        self.store("reviews", read_reviews(path, self.whole), typed)
        self.store("customers", pd.read_sql_query(CUSTOMERS, self.connection))
        self.store(
            "products", pd.read_sql_query(PRODUCTS, self.connection), "REPLACE (category::category_name AS category)"
        )
        self.database.close()  # so that all stands in the file
        self.database = duckdb.connect(file)

    def store(self, table: str, rows: pd.DataFrame, changed: str = "") -> None:
        """Keep rows as a table of the DuckDB file."""
        self.database.register("rows", rows)
        self.database.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * {changed} FROM rows")
        self.database.unregister("rows")

    def ask(self, sql: str, **parameters: object) -> pd.DataFrame:
        """Return the answer to a query, which is given those of the parameters that it names."""
        named = {name: value for name, value in parameters.items() if f"${name}" in sql}
        return self.database.execute(sql, named).df()

    def page(self, filters: Filters) -> dict:
        """Return the page's tables of a selection, by name."""
        earlier = self.earlier(filters)
        chosen = {"regions": list(filters.regions), "categories": list(filters.categories)}
        days = {"start": filters.start, "end": filters.end, "first": earlier.start if earlier else filters.start}
        for rows in ("lines", "reviews"):
            self.ask(self.CHOSEN.format(rows=rows), **chosen, **days)
        now = self.ask(self.MEASURES, **days).iloc[0].to_dict()
        before = self.ask(self.MEASURES, start=earlier.start, end=earlier.end).iloc[0].to_dict() if earlier else None
        cells = self.ask(self.REGIONAL_SALES, **chosen, **days)
        return {
            "tiles": self.tiles(now, before),
            "regional_sales": cells,
            "daily_revenue": self.ask(self.DAILY_REVENUE, **days),
            "customers": self.ask(self.TOP_CUSTOMERS, **days),
            "category_shares": category_shares(cells.astype({"category": str})),
            "product_sales": self.ask(self.PRODUCT_SALES, **chosen, **days),
        }


ENGINES = {
    "ours": Ours,
    "polars": Polars,
    "duckdb": DuckDb,
    "duckdb-tables": DuckDbTables,
    "pandas": Pandas,
    "sqlite": Sqlite,
}


def as_pandas(table: object) -> pd.DataFrame:
    """Return a table of any engine as texts and numbers, its columns and rows in an order that is always the same."""
    rows = table if isinstance(table, pd.DataFrame) else pd.DataFrame(table.to_dict(as_series=False))
    texts = {"day", "region", "category", "name", "customer_segment", "product_name"}
    columns = {}
    for name in sorted(rows):
        column = rows[name]
        if name in ("day", "last_day"):
            columns[name] = pd.to_datetime(column).dt.strftime("%Y-%m-%d").astype(object)
        elif name in texts:
            column = column.astype(object)
            columns[name] = column.where(column.notna(), "")
        else:
            columns[name] = column.astype(float)
    keys = [name for name in ("customer_id", "product_id", "region", "category") if name in columns]
    rows = pd.DataFrame(columns, index=rows.index)
    return rows.sort_values(keys[:2], ignore_index=True) if keys else rows


def differences(one: dict, other: dict) -> dict[str, float]:
    """Return, per table, the largest difference of two engines' numbers; infinite where texts or shapes differ."""
    found = {}
    for name in ("tiles", *QUESTIONS):
        left, right = (as_pandas(page[name]) for page in (one, other))
        shared = [column for column in left if column in right]
        left, right = left[shared], right[shared]
        texts = [column for column in shared if left[column].dtype == object]
        if len(left) != len(right) or not left[texts].equals(right[texts]):
            found[name] = float("inf")
            continue
        off = (left.drop(columns=texts) - right.drop(columns=texts)).abs().to_numpy()
        lost = (left.isna() != right.isna()).to_numpy().any()
        found[name] = float("inf") if lost else float(np.nanmax(off)) if off.size and not np.isnan(off).all() else 0.0
    return found
