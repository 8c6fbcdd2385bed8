"""What the columns of answers are called, how they are written, and what they mean.

A column that is not listed is called by its name, and written as its values suggest.
"""

from shopboard.style import Column, Columns

AT_PRICE = "At today's selling price"

HEADINGS: dict[str, str | Column] = {
    "a_row": "A row is",
    "abc_class": Column("Class", note="A: the first 80% of revenue, B: the next 15%, C: the rest"),
    "affinity": Column("Affinity", "percent", "Of the checkouts with either, the share that has both"),
    "amount": Column("Amount", "money", AT_PRICE),
    "checkouts_with_both": "Checkouts",
    "companion_name": "Bought with",
    "customer_id": "No.",
    "customer_segment": "Segment",
    "days_of_inventory": Column("Days of stock", "tenths"),
    "guest_orders": "Customer unknown",
    "lift": Column("Lift", "tenths", "How many times as often as if by chance"),
    "lifetime_value": Column("Revenue", "money"),
    "lines": "Order lines",
    "mean_days_since_last_order": Column("Days since the last order, on average", "integer"),
    "mean_rating": Column("Mean rating", "stars"),
    "moving_average": Column("7-day average", "money"),
    "name": "Customer",
    "new_orders": "New",
    "order_number": "Order",
    "order_quantity": Column("To order", "integer"),
    "pending_revenue": Column("Pending", "money"),
    "percent_cancelled": Column("Cancelled", "in_percent"),
    "percent_of_revenue": Column("Share of revenue", "in_percent"),
    "percent_on_month": Column("On month (%)", "tenths", "Change against the month before"),
    "percent_on_year": Column("On year (%)", "tenths", "Change against the same month of the year before"),
    "percent_returned": Column("Returned", "in_percent"),
    "price": Column("Price", "money"),
    "product_id": "No.",
    "product_name": "Product",
    "rating": Column("Rating", "stars"),
    "registration_date": "Registered",
    "reorder_point": Column("Reorder point", "tenths"),
    "returned_share": Column("Returned", "percent"),
    "returning_orders": "Returning",
    "revenue": Column("Revenue", "money"),
    "revenue_per_day": Column("Revenue per day", "money"),
    "review_text": "Review",
    "rfm_group": "Group",
    "share_of_checkouts": Column("Share", "percent", "Of the checkouts with the product that was opened"),
    "stock": Column("Stock", "integer", "Units that are left now, for all regions"),
    "stock_value": Column("Stock value", "money", AT_PRICE),
    "table_name": "Table",
    "table_rows": "Rows",
    "total_amount": Column("Amount", "money"),
    "units": Column("Units", "integer"),
    "units_per_day": Column("Units per day", "decimal"),
    "value": Column("Value", "money", AT_PRICE),
    "value_rank": "Rank",
}


def headings(columns: Columns | str) -> Columns:
    """Return columns with their headings; a text holds their names, and what has a heading keeps it."""
    if not isinstance(columns, str):
        return columns
    return {name: HEADINGS.get(name, name.replace("_", " ").capitalize()) for name in columns.split()}
