"""What each question has to answer, counted independently of any SQL: by pandas and plain Python from the four tables.

`Reference(rows, selection)` has one method per question, named as it is in lower case; each returns the rows of the
answer as a DataFrame with the question's columns, in its order.
"""

import copy
import math
from collections import Counter
from datetime import date, timedelta
from functools import cached_property
from itertools import combinations, pairwise, zip_longest

import numpy as np
import pandas as pd

UNKNOWN = "(unknown)"
CHECKOUT = ["order_date", "order_number"]
GROUPS = {  # recency -> the group of each mean of frequency and money, 1 to 5
    5: ["New", "Active", "Active", "Champions", "Champions"],
    4: ["Promising", "Active", "Active", "Loyal", "Loyal"],
    3: ["Promising", "Needs attention", "Needs attention", "Loyal", "Loyal"],
    2: ["Almost lost", "Almost lost", "At risk", "At risk", "Previously loyal"],
    1: ["Dormant", "Dormant", "At risk", "At risk", "Previously loyal"],
}
GROUP_NAMES = (
    "Champions",
    "Loyal",
    "Active",
    "New",
    "Promising",
    "Needs attention",
    "At risk",
    "Previously loyal",
    "Almost lost",
    "Dormant",
    "Prospects",
    "(earlier or elsewhere)",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def days_from(one, other):
    return (date.fromisoformat(other) - date.fromisoformat(one)).days


def months_from(one, other):
    return 12 * (int(other[:4]) - int(one[:4])) + int(other[5:7]) - int(one[5:7])


def days_between(start, end):
    return pd.date_range(start, end).strftime("%Y-%m-%d").tolist()


def part(one, whole):
    """Return a part of a whole; unknown where there is no whole."""
    return one / whole if whole else math.nan


def scores(values):
    """Return 1 + 5 (rank - 1) / n without the fraction, the lowest value first."""
    return (1 + 5 * (values.rank(method="min") - 1) // len(values)).astype(int)


def normal_quantile(share):
    """Return the quantile of the standard normal distribution, by halving intervals of the error function."""
    low, high = -9.0, 9.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 + math.erf(middle / math.sqrt(2))) / 2 < share else (low, middle)
    return low


def lasting(days, mean, deviation, plan):
    """Return the units that last for some days, with the service level's reserve."""
    spread = math.sqrt(days * deviation**2 + mean**2 * plan["lead_time_deviation"] ** 2)
    return mean * days + normal_quantile(plan["service_level"]) * spread


PLAN = {
    "demand_days": 28,
    "lead_time": 14.0,
    "lead_time_deviation": 3.0,
    "service_level": 0.95,
    "review_period": 7.0,
    "pack_size": 1,
}


class Reference:
    """The answers for one selection of a shop."""

    def __init__(self, rows, selection):
        """`rows`: table -> DataFrame with the columns of the base tables."""
        self.selection, self.plans = selection, {}
        numbers = {"price": float, "stock_quantity": float}  # a shop may know none of them
        rows = self.rows = rows | {"products": rows["products"].astype(numbers)}
        customers, products = rows["customers"], rows["products"]
        self.products = products.assign(category=products["category"].fillna(UNKNOWN))
        self.customers = customers.assign(region=customers["region"].fillna(UNKNOWN))
        home = dict(zip(customers["customer_id"].tolist(), self.customers["region"].tolist(), strict=True))
        category = dict(zip(products["product_id"].tolist(), self.products["category"].tolist(), strict=True))

        def placed(table):
            known = table["customer_id"].map(home).astype(object).where(table["customer_id"].notna(), UNKNOWN)
            region = table["region"].astype(object) if "region" in table else pd.Series(None, table.index, dtype=object)
            return table.assign(region=region.where(region.notna(), known), category=table["product_id"].map(category))

        self.all_lines, self.all_reviews = placed(rows["orders"]), placed(rows["reviews"])
        self.all_sold = self.all_lines[self.all_lines["status"] == "Completed"]
        self.states_statuses = len(self.all_sold) < len(self.all_lines)
        self.start, self.end = selection.start, selection.end
        self.lines = self.chosen(self.all_lines, "order_date")
        self.sold = self.lines[self.lines["status"] == "Completed"]
        self.reviews = self.chosen(self.all_reviews, "review_date")
        self.chosen_products = self.further(self.products[self.products["category"].isin(selection.categories)])

    def chosen(self, table, day):
        here = table[day].between(self.start, self.end) & table["region"].isin(self.selection.regions)
        return self.further(table[here & table["category"].isin(self.selection.categories)])

    def further(self, table):
        """Return rows of a table that belong to the chosen segments and suppliers, as far as it has either key."""
        for key, names, owners, column in (
            ("customer_id", self.selection.segments, self.rows["customers"], "customer_segment"),
            ("product_id", self.selection.suppliers, self.rows["products"], "supplier"),
        ):
            if names is not None and key in table:
                of = dict(zip(owners[key], owners[column].fillna(UNKNOWN), strict=True))
                table = table[pd.Series([of.get(one, UNKNOWN) in names for one in table[key]], table.index, dtype=bool)]
        return table

    @cached_property
    def days(self):
        """The days of the selection that the shop's calendar has."""
        used = pd.concat([self.rows["orders"]["order_date"], self.rows["reviews"]["review_date"]])
        first, last = max(self.start, used.min()), min(self.end, used.max())
        return days_between(first, last)

    @cached_property
    def months(self):
        """Month of the selection -> whether it is selected as a whole."""
        counts = Counter(day[:7] for day in self.days)
        return {month: int(count == pd.Period(month).days_in_month) for month, count in sorted(counts.items())}

    # ---------------------------------------------------------------- overview

    def overall(self):
        amounts = self.sold["total_amount"]
        values = (amounts.sum() if len(amounts) else math.nan, amounts.mean(), amounts.min(), amounts.max())
        return frame("lines revenue average_line smallest_line largest_line", [(len(amounts), *values)])

    def measures(self, lines):
        """Return what is added up of some lines."""
        sold, status = lines[lines["status"] == "Completed"], lines["status"]
        orders, revenue = len(sold[CHECKOUT].drop_duplicates()), sold["total_amount"].sum()
        return {
            "revenue": revenue,
            "orders": orders,
            "average_order_value": part(revenue, orders),
            "units": sold["quantity"].sum(),
            "cancelled_share": (status == "Cancelled").mean() if self.states_statuses else math.nan,
            "returned_share": (status == "Returned").mean() if self.states_statuses else math.nan,
        }

    def tiles(self):
        pending = self.lines[self.lines["status"] == "Pending"]
        values = self.measures(self.lines) | {
            "customers": self.sold["customer_id"].nunique(),
            "rating": self.reviews["rating"].mean(),
            "reviews": len(self.reviews),
            "lines": len(self.lines),
            "pending_lines": len(pending),
            "pending_revenue": pending["total_amount"].sum(),
        }
        columns = (
            "revenue orders average_order_value units customers rating reviews lines cancelled_share returned_share "
            "pending_lines pending_revenue"
        )
        return frame(columns, [[values[name] for name in columns.split()]])

    def trends(self):
        days = days_between(self.start, self.end)
        step = 7 * (1 + len(days) // (7 * 27))
        rows = []
        for first in range(len(days) % step, len(days), step):
            some = [day for day in days[first : first + step] if day in set(self.days)]
            if some:
                measures = self.measures(self.lines[self.lines["order_date"].isin(some)])
                if not len(self.lines[self.lines["order_date"].isin(some)]):
                    measures |= {"average_order_value": math.nan}
                rows.append((some[0], some[-1], *measures.values()))
        columns = "day last_day revenue orders average_order_value units cancelled_share returned_share"
        return frame(columns, rows)

    @cached_property
    def cells(self):
        """(region, category) -> revenue, of those with Completed lines."""
        return self.sold.groupby(["region", "category"])["total_amount"].sum().astype(float).round(4)

    def category_ranks(self):
        rows = []
        for (region, category), revenue in self.cells.items():
            better = sum(value > revenue for (other, _), value in self.cells.items() if other == region)
            rows.append((region, category, revenue, 1 + better))
        columns = "region category revenue rank_in_region"
        return frame(columns, sorted(rows, key=lambda row: (row[0], row[3], row[1])))

    def regional_sales(self):
        rows = []
        for region in sorted(self.selection.regions):
            for category in sorted(self.selection.categories):
                here = self.sold[(self.sold["region"] == region) & (self.sold["category"] == category)]
                rows.append((region, category, here["total_amount"].sum(), here["quantity"].sum()))
        return frame("region category revenue units", rows)

    def by_day(self, column, status="Completed"):
        lines = self.lines[self.lines["status"] == status]
        return lines.groupby("order_date")[column].sum().astype(float).reindex(self.days, fill_value=0.0)

    def daily_revenue(self):
        revenue = self.by_day("total_amount")
        values = (revenue, revenue.rolling(7).mean(), self.by_day("total_amount", "Pending"), self.by_day("quantity"))
        columns = "day revenue moving_average pending_revenue units last_day days interval_days"
        if self.selection.interval == "day":
            return frame(columns, [(*row, row[0], 1, 1) for row in zip(self.days, *values, strict=True)])
        kind = {"week": "W-SUN", "month": "M"}[self.selection.interval]
        shown = pd.to_datetime(pd.Series(self.days, dtype=str)) + pd.Timedelta(days=self.selection.shift)
        rows = []
        for period, part_of in pd.Series(self.days, dtype=str).groupby(shown.dt.to_period(kind)):
            days = part_of.tolist()
            revenue, _, pending, units = (value.loc[days].sum() for value in values)
            length = (period.end_time.normalize() - period.start_time).days + 1
            rows.append((days[0], revenue, math.nan, pending, units, days[-1], len(days), length))
        return frame(columns, rows)

    def listed_lines(self):
        lines, statuses = self.lines, self.selection.statuses
        lines = lines if statuses is None else lines[lines["status"].isin(statuses)]
        names = dict(zip(self.products["product_id"], self.products["product_name"], strict=True))
        lines = lines.sort_values(["order_date", "order_number", "order_id"], ascending=False).head(1000)
        lines = lines.assign(product_name=lines["product_id"].map(names), day=lines["order_date"])
        columns = "product_name product_id category day order_number quantity total_amount status"
        return frame(columns, lines[columns.split()].itertuples(index=False))

    def weekday_revenue(self):
        revenue = self.by_day("total_amount")
        weekday = np.array([date.fromisoformat(day).weekday() for day in self.days], dtype=int)
        rows = []
        for number, name in enumerate(WEEKDAYS):
            some = revenue[weekday == number]
            rows.append((number, name, len(some), some.sum(), some.mean(), 100 * part(some.sum(), revenue.sum())))
        return frame("weekday weekday_name days revenue revenue_per_day percent_of_revenue", rows)

    def monthly_revenue(self):
        revenue = dict.fromkeys(self.months, 0.0)
        for month, amount in self.sold.groupby(self.sold["order_date"].str[:7])["total_amount"].sum().items():
            revenue[month] += amount
        whole = [revenue[month] if self.months[month] else math.nan for month in self.months]

        def growth(place, back):
            before = whole[place - back] if place >= back else math.nan
            return 100 * (whole[place] / before - 1) if before else math.nan

        rows = [
            (month, self.months[month], revenue[month], growth(place, 1), growth(place, 12))
            for place, month in enumerate(self.months)
        ]
        return frame("month whole_month revenue percent_on_month percent_on_year", rows)

    def lost_by_month(self):
        lines = self.lines.assign(month=self.lines["order_date"].str[:7])
        rows = []
        for month, whole in self.months.items():
            status = lines.loc[lines["month"] == month, "status"]
            known = self.states_statuses and len(status)
            lost = [100 * (status == word).mean() if known else math.nan for word in ("Cancelled", "Returned")]
            rows.append((month, whole, len(status), *lost))
        return frame("month whole_month lines percent_cancelled percent_returned", rows)

    def category_shares(self):
        total = self.sold["total_amount"].sum()
        rows = [
            (
                name,
                round(some["total_amount"].sum(), 4),
                some["quantity"].sum(),
                100 * part(some["total_amount"].sum(), total),
            )
            for name, some in self.sold.groupby("category")
        ]
        columns = "category revenue units percent_of_revenue"
        return frame(columns, sorted(rows, key=lambda row: (-row[1], row[0])))

    # ---------------------------------------------------------------- customers

    @cached_property
    def known(self):
        return self.sold[self.sold["customer_id"].notna()].astype({"customer_id": int})

    @cached_property
    def values(self):
        """Customer -> revenue in the selection."""
        return self.known.groupby("customer_id")["total_amount"].sum().astype(float).round(4)

    @cached_property
    def orders(self):
        """Customer -> (day, order number) of each order of the selection, in the order of time."""
        return orders_of(self.known)

    @cached_property
    def first_orders(self):
        """Customer -> (day, order number) of the first order in the whole shop."""
        known = self.all_sold[self.all_sold["customer_id"].notna()].astype({"customer_id": int})
        return {customer: orders[0] for customer, orders in orders_of(known).items()}

    def top_customers(self):
        people = self.customers_as_stored()
        ranks = self.values.rank(method="min", ascending=False).astype(int)
        rows = []
        for customer in sorted(self.values.index, key=lambda customer: (-self.values[customer], customer))[:20]:
            lines = self.known[self.known["customer_id"] == customer]
            amounts = (self.values[customer], len(lines), lines["total_amount"].mean(), lines["quantity"].sum())
            rows.append((ranks[customer], customer, *people[customer], *amounts, len(self.values)))
        columns = "value_rank customer_id name region customer_segment lifetime_value lines average_line units buyers"
        return frame(columns, rows)

    def customers_as_stored(self):
        columns = ["customer_id", "name", "region", "customer_segment"]
        return {row[0]: row[1:] for row in self.rows["customers"][columns].itertuples(index=False, name=None)}

    def above_average(self):
        above = self.values[self.values > self.values.mean()]
        if above.empty:
            percents = (0.0 if len(self.values) else math.nan, math.nan)
        else:
            percents = (100 * len(above) / len(self.values), 100 * above.sum() / self.values.sum())
        return frame("customers_above_average percent_of_customers percent_of_revenue", [(len(above), *percents)])

    def concentration(self):
        values = sorted(self.values, reverse=True)
        rows = []
        for percent in range(1, 101) if values else ():
            count = -(-percent * len(values) // 100)
            rows.append((percent, count, sum(values[:count]), 100 * part(sum(values[:count]), sum(values))))
        return frame("top_percent customers revenue percent_of_revenue", rows)

    @cached_property
    def scored(self):
        """One row per customer who bought in the selection, with scores and group."""
        buyers = pd.DataFrame(
            {
                "orders": {customer: len(orders) for customer, orders in self.orders.items()},
                "revenue": self.values,
                "last_order": {customer: orders[-1][0] for customer, orders in self.orders.items()},
            }
        )
        buyers["days"] = [days_from(day, self.end) for day in buyers["last_order"]]
        if buyers.empty:
            return buyers.assign(recency=0, frequency=0, money=0, rfm_group="")
        buyers["recency"], buyers["frequency"] = scores(-buyers["days"]), scores(buyers["orders"].astype(float))
        buyers["money"] = scores(buyers["revenue"])
        means = [math.ceil((f + m) / 2) for f, m in zip(buyers["frequency"], buyers["money"], strict=True)]
        buyers["rfm_group"] = [
            GROUPS[recency][mean - 1] for recency, mean in zip(buyers["recency"], means, strict=True)
        ]
        return buyers

    def rfm_scores(self, group=0, cohort=0):
        people, rows = self.customers_as_stored(), []
        for customer in sorted(self.scored.index, key=lambda customer: (-self.values[customer], customer)):
            if group and self.scored.loc[customer, "rfm_group"] != GROUP_NAMES[group - 1]:
                continue
            year, month = map(int, self.first_orders[customer][0].split("-")[:2])
            if cohort and 12 * year + month - 1 != cohort:
                continue
            rows.append((customer, *people[customer], *self.scored.loc[customer]))
        columns = (
            "customer_id name region customer_segment orders revenue last_order days_since_last_order recency frequency "
            "money rfm_group"
        )
        return frame(columns, rows)

    def rfm_groups(self):
        others = self.further(self.customers[self.customers["region"].isin(self.selection.regions)])
        others = others[~others["customer_id"].isin(list(self.orders))]
        bought = [self.first_orders.get(customer, ("9999",))[0] <= self.end for customer in others["customer_id"]]
        registered = others["registration_date"].isna() | (others["registration_date"].astype(str) <= self.end)
        counts = {"Prospects": int((registered & ~np.array(bought, dtype=bool)).sum()), GROUP_NAMES[-1]: sum(bought)}
        rows = []
        for name in GROUP_NAMES:
            some = self.scored[self.scored["rfm_group"] == name]
            days = some["days"].astype(float).mean() if len(some) else math.nan
            rows.append((name, counts.get(name, len(some)), some["orders"].sum(), some["revenue"].sum(), days))
        return frame("rfm_group customers orders revenue mean_days_since_last_order", rows)

    @cached_property
    def new_customers(self):
        """The customers whose first order in the shop belongs to the selection."""
        return [customer for customer, orders in self.orders.items() if orders[0] == self.first_orders[customer]]

    def cohort_retention(self):
        cohorts = {}
        for customer in self.new_customers:
            months = {day[:7] for day, _ in self.orders[customer]}
            cohorts.setdefault(self.orders[customer][0][0][:7], []).append(months)
        shop_began = min(day[:7] for day, _ in self.first_orders.values()) if self.first_orders else ""
        rows, sums = [], {}
        for cohort, members in sorted(cohorts.items()):
            for month, whole in self.months.items():
                if month >= cohort:
                    after, count = months_from(cohort, month), sum(month in months for months in members)
                    percent = 100 * count / len(members)
                    rows.append((cohort, after, len(members), count, percent, 1 - whole, int(cohort == shop_began)))
                    if whole:
                        sums.setdefault(after, []).append((len(members), count))
        for after, pairs in sorted(sums.items()):
            size, count = (sum(numbers) for numbers in zip(*pairs, strict=True))
            rows.append(("average", after, size, count, 100 * count / size, 0, 0))
        columns = "cohort months_after customers ordering_customers percent_of_cohort is_partial is_first"
        return frame(columns, rows)

    def new_and_returning(self):
        rows = {month: [0, 0, 0] for month in self.months}
        for customer, orders in self.orders.items():
            for order in orders:
                rows[order[0][:7]][0 if order == self.first_orders[customer] else 1] += 1
        guests = self.sold[self.sold["customer_id"].isna()][CHECKOUT].drop_duplicates()
        for day in guests["order_date"]:
            rows[day[:7]][2] += 1
        columns = "month new_orders returning_orders guest_orders"
        return frame(columns, [(month, *counts) for month, counts in rows.items()])

    def customer_tiles(self):
        orders = sum(map(len, self.orders.values()))
        gaps = [days_from(one[0], other[0]) for days in self.orders.values() for one, other in pairwise(days)]
        rates = []
        for limit in (30, 90):
            asked = [self.orders[customer] for customer in self.new_customers]
            asked = [days for days in asked if days_from(days[0][0], self.end) >= limit]
            again = [len(days) > 1 and days_from(days[0][0], days[1][0]) <= limit for days in asked]
            rates.append(part(sum(again), len(again)))
        new = len(self.new_customers)
        money = part(self.values.sum(), orders)
        row = (len(self.orders), new, orders, 1 - part(new, orders), money, *rates, part(sum(gaps), len(gaps)))
        columns = (
            "customers new_customers orders returning_share average_order_value repeat_30 repeat_90 days_between_orders"
        )
        return frame(columns, [row])

    def one_customer(self, customer):
        row = self.rows["customers"].set_index("customer_id").loc[customer]
        sold = self.all_sold[self.all_sold["customer_id"] == customer]
        facts = [row[name] for name in ("name", "region", "customer_segment", "registration_date")]
        days = [sold["order_date"].min(), sold["order_date"].max()] if len(sold) else [None, None]
        columns = "name region customer_segment registration_date revenue lines first_order last_order"
        return frame(columns, [[*facts, sold["total_amount"].sum(), len(sold), *days]])

    def orders_of_customer(self, customer):
        names = dict(zip(self.products["product_id"], self.products["product_name"], strict=True))
        lines = self.all_lines[self.all_lines["customer_id"] == customer]
        lines = lines.sort_values(["order_date", "order_number", "order_id"], ascending=False)
        lines = lines.assign(product_name=lines["product_id"].map(names), day=lines["order_date"])
        columns = "product_name product_id category day order_number quantity total_amount status"
        return frame(columns, lines[columns.split()].itertuples(index=False))

    def bought_again(self, customer):
        names, rows = dict(zip(self.products["product_id"], self.products["product_name"], strict=True)), []
        for key, some in self.all_sold[self.all_sold["customer_id"] == customer].groupby("product_id"):
            orders = len(some[CHECKOUT].drop_duplicates())
            if orders > 1:
                amounts = some["quantity"].sum(), some["total_amount"].sum(), some["order_date"].max()
                rows.append((names[key], key, some["category"].iloc[0], orders, *amounts))
        rows.sort(key=lambda row: row[1])
        rows.sort(key=lambda row: (row[3], row[6]), reverse=True)
        return frame("product_name product_id category orders units revenue last_order", rows)

    def categories_of_customer(self, customer):
        alone = copy.copy(self)
        alone.sold = self.all_sold[self.all_sold["customer_id"] == customer]
        return alone.category_shares()

    # ---------------------------------------------------------------- products

    def product_sales(self):
        sold = self.sold.groupby("product_id")
        revenue, units = sold["total_amount"].sum().to_dict(), sold["quantity"].sum().to_dict()
        stars = self.reviews.groupby("product_id")["rating"]
        rating, reviews = stars.mean().to_dict(), stars.size().to_dict()
        rows = [
            (
                key,
                name,
                category,
                price,
                round(revenue.get(key, 0.0), 4),
                units.get(key, 0),
                rating.get(key, math.nan),
                reviews.get(key, 0),
            )
            for key, name, category, price in self.chosen_products[
                ["product_id", "product_name", "category", "price"]
            ].itertuples(index=False, name=None)
        ]
        columns = "product_id product_name category price revenue units rating reviews"
        return frame(columns, sorted(rows, key=lambda row: (-row[4], row[0])))

    def product_list(self, product=0, **plan):
        plans = {one["product_id"]: one for one in self.planned(**plan)}
        received = self.lines[self.lines["status"].isin(["Completed", "Returned"])]
        units = received.groupby("product_id")["quantity"].sum().to_dict()
        returned = received[received["status"] == "Returned"].groupby("product_id")["quantity"].sum().to_dict()
        rows = []
        for one in self.product_sales().to_dict("records"):
            key = one["product_id"]
            share = returned.get(key, 0) / units[key] if key in units and self.states_statuses else math.nan
            if product in (0, key):
                rows.append(plans[key] | one | {"returned_share": share})
        columns = (
            "product_name product_id category supplier price revenue units returned_share rating reviews stock "
            "days_of_inventory reorder_point order_quantity"
        )
        return frame(columns, [[row[name] for name in columns.split()] for row in rows])

    def sales_of_product(self, product):
        alone = copy.copy(self)
        alone.lines = self.lines[self.lines["product_id"] == product]
        return alone.daily_revenue()

    def buyers_of_product(self, product):
        people, rows = self.customers_as_stored(), []
        for key, some in self.known[self.known["product_id"] == product].groupby("customer_id"):
            name, region, _ = people[key]
            amounts = some["quantity"].sum(), round(some["total_amount"].sum(), 4), some["order_date"].max()
            rows.append((name, key, region, *amounts))
        columns = "name customer_id region units revenue last_order"
        return frame(columns, sorted(rows, key=lambda row: (-row[4], row[1])))

    def bought_with(self, product):
        baskets = self.sold.groupby(CHECKOUT)["product_id"].agg(set)
        baskets = [basket for basket in baskets if product in basket]
        both = Counter(other for basket in baskets for other in basket if other != product)
        names = dict(zip(self.products["product_id"], self.products["product_name"], strict=True))
        rows = [(names[other], other, count, count / len(baskets)) for other, count in both.items()]
        columns = "product_name product_id checkouts_with_both share_of_checkouts"
        return frame(columns, sorted(rows, key=lambda row: (-row[2], row[1]))[:20])

    def reviews_of_product(self, product):
        names = {key: name for key, (name, *_) in self.customers_as_stored().items()}
        some = self.reviews[self.reviews["product_id"] == product]
        some = some.sort_values(["review_date", "review_id"], ascending=False)
        some = some.assign(
            name=[names.get(key) for key in some["customer_id"]], day=some["review_date"], stars=some["rating"]
        )
        columns = "day stars review_text name"
        return frame(columns, some[columns.split()].itertuples(index=False))

    def product_tiles(self):
        received = self.lines[self.lines["status"].isin(["Completed", "Returned"])]
        returned = received[received["status"] == "Returned"]["quantity"].sum()
        rating, products, sold = self.reviews["rating"], len(self.chosen_products), self.sold["product_id"].nunique()
        row = (products, sold, part(sold, products), rating.mean(), len(rating), (rating <= 2).mean())
        columns = "products products_sold sold_share rating reviews low_rated_share returned_units_share"
        share = part(returned, received["quantity"].sum()) if self.states_statuses else math.nan
        return frame(columns, [(*row, share)])

    def ratings_by_star(self):
        counts = Counter(self.reviews["rating"].tolist())
        rows = [(star, counts[star], 100 * part(counts[star], len(self.reviews))) for star in range(1, 6)]
        return frame("rating reviews percent_of_reviews", rows)

    def ratings_by_month(self):
        month = self.reviews["review_date"].str[:7]
        rows = []
        for name, whole in self.months.items():
            some = self.reviews[month == name]["rating"]
            rows.append((name, whole, len(some), some.mean()))
        return frame("month whole_month reviews mean_rating", rows)

    def buyers_ratings(self):
        received = self.all_lines[self.all_lines["status"].isin(["Completed", "Returned"])]
        received = received[received["order_date"] <= self.end]
        pairs = set(zip(received["customer_id"], received["product_id"], strict=True))
        keys = zip(self.reviews["customer_id"], self.reviews["product_id"], strict=True)
        bought = np.array([key in pairs for key in keys], dtype=bool) & self.reviews["customer_id"].notna()
        rows = [
            (category, len(some), some.mean(), 100 * (some <= 2).mean())
            for category, some in self.reviews[bought].groupby("category")["rating"]
        ]
        columns = "category reviews mean_rating percent_disappointed"
        return frame(columns, sorted(rows, key=lambda row: (-row[3], row[0])))

    def most_returned(self):
        received, rows = self.lines[self.lines["status"].isin(["Completed", "Returned"])], []
        known = self.products.set_index("product_id")
        for key, some in received.groupby("product_id"):
            units, returned = some["quantity"].sum(), some[some["status"] == "Returned"]["quantity"].sum()
            if returned and units >= 5:
                name, category = known.loc[key, "product_name"], known.loc[key, "category"]
                rows.append((key, name, category, returned, units, returned / units))
        columns = "product_id product_name category returned_units units returned_share"
        return frame(columns, sorted(rows, key=lambda row: (-row[3], -row[5], row[0]))[:15])

    def pairs(self, column):
        """Return pair -> (checkouts with the one, with the other, with both, affinity, lift), for five or more."""
        baskets = self.sold.groupby(CHECKOUT)[column].agg(set)
        single = Counter(thing for basket in baskets for thing in basket)
        both = Counter(pair for basket in baskets for pair in combinations(sorted(basket), 2))
        return {
            (one, other): (
                single[one],
                single[other],
                count,
                count / (single[one] + single[other] - count),
                count * len(baskets) / (single[one] * single[other]),
            )
            for (one, other), count in both.items()
            if count >= 5
        }

    def bought_together(self):
        names = dict(zip(self.products["product_id"], self.products["product_name"], strict=True))
        rows = [
            (one, names[one], other, names[other], *measures)
            for (one, other), (_, _, *measures) in self.pairs("product_id").items()
        ]
        columns = "product_id product_name companion_id companion_name checkouts_with_both affinity lift"
        return frame(columns, sorted(rows, key=lambda row: (-row[5], row[0], row[2]))[:15])

    def pairs_of_categories(self):
        rows = [(*pair, *measures) for pair, measures in self.pairs("category").items()]
        columns = "category companion_category checkouts companion_checkouts checkouts_with_both affinity lift"
        return frame(columns, sorted(rows, key=lambda row: (-row[6], row[0], row[1])))

    # ---------------------------------------------------------------- inventory

    @cached_property
    def today(self):
        return self.rows["orders"]["order_date"].max()

    def planned(self, **changed):
        """Return what is known of each product of the chosen categories, and what to order, by falling revenue."""
        asked = tuple(sorted(changed.items()))
        if asked not in self.plans:
            self.plans[asked] = self.counted_plan(PLAN | changed)
        return [dict(one) for one in self.plans[asked]]

    def counted_plan(self, plan):
        calendar = days_between(self.rows["orders"]["order_date"].min(), self.today)[-int(plan["demand_days"]) :]
        mean, deviation, revenue_per_day = {}, {}, {}
        for key, some in self.all_sold[self.all_sold["order_date"] >= calendar[0]].groupby("product_id"):
            units = some.groupby("order_date")["quantity"].sum().reindex(calendar, fill_value=0).astype(float)
            mean[key], deviation[key] = units.mean(), units.std(ddof=1) if len(units) > 1 else 0.0
            revenue_per_day[key] = some["total_amount"].sum() / len(calendar)
        chosen = self.all_sold[self.all_sold["order_date"].between(self.start, self.end)].groupby("product_id")
        revenue, sold_units = chosen["total_amount"].sum().to_dict(), chosen["quantity"].sum().to_dict()
        stars = self.rows["reviews"][self.rows["reviews"]["review_date"].between(self.start, self.end)]
        rating = stars.groupby("product_id")["rating"].mean().to_dict()
        last = self.all_sold.groupby("product_id")["order_date"].max().to_dict()
        found = []
        for row in self.chosen_products.itertuples():
            key, stock, d = row.product_id, float(row.stock_quantity), mean.get(row.product_id, 0.0)
            point = lasting(plan["lead_time"], d, deviation.get(key, 0.0), plan)
            full = lasting(plan["lead_time"] + plan["review_period"], d, deviation.get(key, 0.0), plan)
            packs = math.ceil(round((full - stock) / plan["pack_size"], 9)) if stock < round(point, 9) else 0
            units = int(sold_units.get(key, 0))
            found.append(
                {
                    "product_id": key,
                    "product_name": row.product_name,
                    "category": row.category,
                    "supplier": UNKNOWN if pd.isna(row.supplier) else row.supplier,
                    "price": row.price,
                    "stock": stock,
                    "abc_class": "",
                    "revenue": round(revenue.get(key, 0.0), 4),
                    "units": units,
                    "units_per_day": d,
                    "deviation": deviation.get(key, 0.0),
                    "revenue_per_day": revenue_per_day.get(key, 0.0),
                    "days_of_inventory": 0.0 if stock == 0 else part(stock, d),
                    "sell_through": part(units, units + stock),
                    "last_sale": last.get(key),
                    "reorder_point": point,
                    "order_quantity": math.nan if math.isnan(stock) else packs * plan["pack_size"],
                    "rating": rating.get(key, math.nan),
                }
            )
        found.sort(key=lambda one: (-one["revenue"], one["product_id"]))
        total, before = sum(one["revenue"] for one in found), 0.0
        for one in found:
            share = round(before / total, 9) if total else 1.0
            one["abc_class"] = "A" if share < 0.80 else "B" if share < 0.95 else "C"
            before += one["revenue"]
        return found

    def inventory(self, **plan):
        found = self.planned(**plan)
        columns = (
            "product_id product_name category supplier price stock abc_class revenue units units_per_day deviation "
            "revenue_per_day days_of_inventory sell_through last_sale reorder_point order_quantity rating"
        )
        return frame(columns, [list(one.values()) for one in found])

    def order_now(self, **plan):
        columns = (
            "product_id product_name supplier abc_class stock units_per_day days_of_inventory reorder_point order_quantity "
            "price amount revenue_per_day"
        )
        due = [one | {"amount": one["order_quantity"] * one["price"]} for one in self.planned(**plan)]
        due = [one for one in due if one["order_quantity"] > 0]
        due.sort(key=lambda one: (one["days_of_inventory"], -one["revenue_per_day"], one["product_id"]))
        return frame(columns, [[one[name] for name in columns.split()] for one in due])

    def order_by_supplier(self, **plan):
        rows = []
        for supplier, some in self.order_now(**plan).groupby("supplier"):
            amount = some["amount"].astype(float).sum(skipna=False)
            units, urgent = some["order_quantity"].sum(), some["days_of_inventory"].min()
            rows.append((supplier, len(some), units, amount, urgent))
        columns = "supplier products order_quantity amount days_of_inventory"
        return frame(columns, sorted(rows, key=lambda row: (row[4], row[0])))

    def needs_attention(self, **plan):
        soon, much = "Well rated, runs out soon", "Badly rated, too much of it"
        lead_time, found = (PLAN | plan)["lead_time"], {soon: [], much: []}
        for one in self.planned(**plan):
            days = one["days_of_inventory"]
            if one["rating"] >= 4 and one["units_per_day"] > 0 and days <= lead_time:
                found[soon].append(one | {"finding": soon})
            elif one["rating"] <= 3 and one["abc_class"] == "A" and days > 180:
                found[much].append(one | {"finding": much})
        for some in found.values():
            some.sort(key=lambda one: (-one["revenue_per_day"], one["product_id"]))
        in_turn = [one for pair in zip_longest(found[soon], found[much]) for one in pair if one]
        rows = [one | {"stock_value": one["stock"] * one["price"]} for one in in_turn]
        columns = "product_name product_id finding rating stock days_of_inventory revenue_per_day stock_value"
        return frame(columns, [[row[name] for name in columns.split()] for row in rows])

    def dead(self):
        """Return the products in stock that nobody has bought for 90 days or ever, the most value first."""
        limit = (date.fromisoformat(self.today) - timedelta(days=90)).isoformat()
        dead = [one for one in self.planned() if one["stock"] > 0 and (one["last_sale"] or "") <= limit]
        dead = [one | {"value": one["stock"] * one["price"]} for one in dead]
        return sorted(dead, key=lambda one: (math.isnan(one["value"]), -one["value"], one["product_id"]))

    def dead_stock(self):
        columns = "product_id product_name category supplier stock price value last_sale"
        return frame(columns, [[one[name] for name in columns.split()] for one in self.dead()])

    def inventory_tiles(self, **plan):
        products = self.inventory(**plan).astype({"stock": float, "price": float})
        due, dead = products[products["order_quantity"].astype(float) > 0], self.dead()
        value = products["stock"] * products["price"]

        def total(values):
            """Return the sum of the known values; unknown where there are values and none is known."""
            return pd.Series(values, dtype=float).sum(min_count=min(len(values), 1))

        row = (
            len(products),
            products["stock"].count(),
            (products["stock"] == 0).sum(),
            (products["stock"] < products["reorder_point"].astype(float).round(9)).sum(),
            (products["days_of_inventory"].astype(float) > 180).sum(),
            len(due),
            total(due["order_quantity"].astype(float) * due["price"]),
            len(dead),
            total([one["value"] for one in dead]),
            value.sum(min_count=1),
            products["stock"].sum(min_count=1),
        )
        columns = (
            "products products_with_stock out_of_stock below_reorder_point overstock products_to_order order_value "
            "dead_products dead_stock stock_value stock_units"
        )
        if not products["stock"].count():  # nothing is known of it then, not even that nothing is due
            row = (len(products), 0, *[None] * 9)
        return frame(columns, [row])

    def product_demand(self, product):
        days = days_between(self.rows["orders"]["order_date"].min(), self.today)[-168:]
        (name,) = self.rows["products"].set_index("product_id").loc[[product], "product_name"]
        sold = self.all_sold[self.all_sold["product_id"] == product].groupby("order_date")["quantity"].sum()
        rows = [(product, name, day, sold.get(day, 0)) for day in days]
        return frame("product_id product_name day units", rows)


def orders_of(lines):
    """Return customer -> (day, order number) of each order, in the order of time."""
    history = lines[["customer_id", *CHECKOUT]].drop_duplicates().sort_values(["customer_id", *CHECKOUT])
    return {
        customer: list(zip(some["order_date"], some["order_number"], strict=True))
        for customer, some in history.groupby("customer_id")
    }


def frame(columns, rows):
    """Return rows as a DataFrame; `columns` are names between blanks."""
    return pd.DataFrame(list(rows), columns=columns.split())
