"""What each table needs, and which rows are set aside: for what reason, and what to do about them."""

from dataclasses import dataclass

from shopboard.importing.statuses import LEFT_OUT


@dataclass(frozen=True)
class Rule:
    """A rule of the import: a staged row that fulfils `condition` is set aside. `condition` and `reason` are SQL."""

    column: str
    condition: str
    reason: str
    advice: str


def is_not_number(column: str) -> str:
    """Return SQL that is true where a staged value is not a finite number."""
    return f"(({column} BETWEEN -1e15 AND 1e15) IS NOT TRUE)"  # SQLite sorts texts after all numbers


def is_not_day(column: str) -> str:
    """Return SQL that is true where a staged value is not a day of the calendar."""
    return (
        f"({column} IS NULL OR {column} IS NOT DATE({column}, '+0 days') "
        f"OR {column} NOT BETWEEN '1900-01-01' AND '2199-12-31')"
    )


def shown(column: str) -> str:
    """Return SQL that gives a staged value for a sentence."""
    return f"COALESCE('''' || {column} || '''', 'missing')"


def value_rule(column: str, condition: str, expected: str, advice: str) -> Rule:
    """Return the rule for a value that is not what is expected."""
    return Rule(column, condition, f"'{column} is ' || {shown(column)} || ', not {expected}'", advice)


def key_rules(key: str) -> list[Rule]:
    """Return the rules for a table's own key: there, and there once."""

    def repeat(identical: int, how: str, advice: str) -> Rule:
        """Return the rule for rows that repeat an earlier key, with the same values or with others."""
        earlier = f"SELECT first FROM repeats WHERE repeats.source_row = staged.source_row AND identical = {identical}"
        reason = f"'{key} ' || {key} || ' repeats that of ' || ({earlier}) || '{how}'"
        return Rule(key, f"EXISTS ({earlier})", reason, advice)

    return [
        Rule(key, f"{key} IS NULL", f"'{key} is missing'", f"give the row a {key}"),
        repeat(
            1, ", and so does everything else", f"nothing, if it was exported twice; if not, give it a {key} of its own"
        ),
        repeat(0, ", with other values", f"give it a {key} of its own, or correct the one that is wrong"),
    ]


def reference_rule(column: str, table: str, advice: str) -> Rule:
    """Return the rule for a key that must be found in another table."""
    found = f"EXISTS (SELECT 1 FROM keys_{table} WHERE keys_{table}.source_id = {column})"
    reason = f"'{column} ' || {column} || ' is not among the loaded {table}'"
    return Rule(column, f"{column} IS NOT NULL AND NOT {found}", reason, advice)


REFERENCES = [
    Rule("product_id", "product_id IS NULL", "'product_id is missing'", "say which product it is"),
    reference_rule("product_id", "products", "correct the id, or add the product to the products"),
    reference_rule(
        "customer_id", "customers", "correct the id, add the customer to the customers, or leave the id empty"
    ),
]


LEFT_OUT_ADVICE = "nothing; to load such lines, say in the mapping what their status means"


DAY_ADVICE = "write the day as year-month-day, such as 2025-12-31"


ROW_RULES = {  # the first rule that applies is the reason that a row is given
    "customers": key_rules("customer_id"),
    "products": [
        *key_rules("product_id"),
        Rule(
            "product_name",
            "IS_TOTAL(product_id, product_name)",
            "'the product is called ' || COALESCE(product_name, product_id) || ': a total of other lines, rather than a product'",
            "nothing, if its lines are totals; else give the product another name",
        ),
    ],
    "orders": [
        *key_rules("order_id"),
        Rule(
            "status",
            f"status BETWEEN '{LEFT_OUT}' AND '{LEFT_OUT}~'",
            f"'status is ' || SUBSTR(status, {len(LEFT_OUT) + 1}) || ', and such lines are left out on purpose'",
            LEFT_OUT_ADVICE,
        ),
        *REFERENCES,
        value_rule("order_date", is_not_day("order_date"), "a date like 2025-12-31", DAY_ADVICE),
        value_rule(
            "quantity",
            "(quantity BETWEEN -1000000000 AND 1000000000) IS NOT TRUE OR quantity = 0 OR quantity <> CAST(quantity AS INTEGER)",
            "a whole number other than 0",
            "correct the number; a part of a unit has to be counted in smaller units, such as 1500 g for 1.5 kg",
        ),
        value_rule("total_amount", is_not_number("total_amount"), "an amount", "write the amount of money as a number"),
        Rule(
            "quantity",
            "quantity < 0 AND total_amount = 0",
            "'quantity is ' || quantity || ' and the amount is 0: a correction of stock rather than a sale or a return'",
            "nothing; if it was a return, write its amount",
        ),
        Rule(
            "status",
            "EXISTS (SELECT 1 FROM statuses WHERE meaning IS NULL) AND (SELECT meaning FROM statuses WHERE word = status) IS NULL",
            f"'status is ' || {shown('status')} || '; translate it in the mapping to Completed, Pending, Cancelled or Returned'",
            "write Completed, Pending, Cancelled or Returned, or translate the word in the mapping",
        ),
    ],
    "reviews": [
        *key_rules("review_id"),
        *REFERENCES,
        value_rule(
            "rating",
            f"{is_not_number('rating')} OR rating NOT BETWEEN 1 AND 5 OR rating <> CAST(rating AS INTEGER)",
            "a whole number from 1 to 5",
            "bring the rating to 1 to 5 stars",
        ),
        value_rule("review_date", is_not_day("review_date"), "a date like 2025-12-31", DAY_ADVICE),
    ],
}


VALUE_RULES = {  # table -> column -> condition under which its value cannot be read and stays unknown
    "customers": {"registration_date": is_not_day("registration_date")},
    "products": {
        "price": f"{is_not_number('price')} OR price < 0",
        "stock_quantity": f"{is_not_number('stock_quantity')} OR stock_quantity < 0 OR stock_quantity <> CAST(stock_quantity AS INTEGER)",
    },
    "orders": {},
    "reviews": {},
}


REQUIRED = {
    "customers": ("customer_id",),
    "products": ("product_id",),
    "orders": ("order_id", "product_id", "order_date", "total_amount"),
    "reviews": ("review_id", "product_id", "rating", "review_date"),
}


DEFAULTS = {"quantity": "1", "status": "'Completed'", "order_number": "order_id"}  # column -> SQL
