"""Which table holds the lines of orders, and which column is most likely each field."""

import math
import re
from dataclasses import replace

from shopboard.importing.amounts import choose_amount
from shopboard.importing.columns import SAMPLED
from shopboard.importing.likeness import STATE, fits, likeness, subject
from shopboard.importing.links import (
    base_of,
    best_match,
    columns_of_headers,
    columns_within,
    is_key,
    key_of,
    key_values,
    row_count,
)
from shopboard.importing.meaning import Column, Match, Proposal, identifier
from shopboard.importing.reviews import stars_written
from shopboard.importing.statuses import meaning_of, status_of
from shopboard.importing.values import squashed
from shopboard.importing.words import FIELDS, pattern

NO_GOODS = "addres|adress|adres|direccion|endereco|indirizzo|street|strasse|phone|telefon|^fax|zip|postal|plz|buyer|recipient|gender|^sex|geschlecht|sexe|^age|pay|zahl|paiement|pago|channel|kanal|canal|priority|season|mode(?!l)|method|^rep$|salesrep|gateway|kind$|^type$|(order|transaction)type|coupon|promo|(last|first|sur)name|^tax|weekday|month|cash|color|colour|^size|carrier|courier|device|source|note|comment|mall|store|shop|branch|filiale|location|warehouse|market|city|billto|shipto|information|purchasepoint|vchtype|vouchertype|cashier|employee|server|staff|kassier"


def possible_lines(proposal: Proposal) -> list[str]:
    """Return the tables that may hold the lines of orders, the likeliest first: those with a date, an amount, a product."""
    fields = FIELDS["orders"]
    rated = {}
    for table in proposal.columns:
        own, near = proposal.columns[table], columns_within(proposal, table)
        amount = max(best_match(proposal, table, fields[name], own).sure for name in ("total_amount", "unit_price"))
        if not amount and best_match(proposal, table, fields["quantity"], own).sure:
            amount = 0.7 * price_of_product(proposal, table).sure
        header = best_match(proposal, table, fields["total_amount"], columns_of_headers(proposal, table)).sure
        when = best_match(proposal, table, fields["order_date"], near).sure
        parts = [
            best_match(proposal, table, fields[name], own if name == "quantity" else near).sure
            for name in ("product_id", "quantity", "customer_id", "order_number")
        ]
        sells = any(best_match(proposal, table, fields[name], own).sure > 0.5 for name in ("product_id", "quantity"))
        if when and (amount or (header and sells)):
            about = {"order": 0.5, "product": -1.0, "customer": -1.0, "review": -1.0}.get(subject(table), 0.0)
            aside = bool(re.search(OTHER_TABLES, squashed(table)))
            rows = math.log10(row_count(proposal, table) + 1) / 10
            rated[table] = when + amount + header / 2 + sum(parts) + parts[0] + about + rows - 2 * aside
    if not rated:  # no name tells them: at least there are dates and numbers
        rated = {
            table: 0.0
            for table, columns in proposal.columns.items()
            if any(column.dates > 0.9 for column in columns) and any(fits(column, "number") for column in columns)
        }
    likely = [table for table in rated if not re.search(OTHER_TABLES, squashed(table))]
    told = {other for table in likely for other in proposal.reached[table] if other != table}
    return sorted(rated, key=lambda table: (table in told, -rated[table]))


def price_of_product(proposal: Proposal, table: str) -> Match:
    """Return the price that a row of `table` is told of its product."""
    near = columns_within(proposal, table)
    others = [column for column in near if column.table != table and subject(column.table) != "order"]
    match = best_match(proposal, table, FIELDS["products"]["price"], others)
    return match if match.column else best_match(proposal, table, FIELDS["orders"]["unit_price"], others)


def match_fields(proposal: Proposal) -> None:
    """Propose a column for every field."""
    lines, fields = proposal.lines, FIELDS["orders"]
    own, near = proposal.columns[lines], columns_within(proposal, lines)
    found = {name: best_match(proposal, lines, field, near) for name, field in fields.items()}
    alike = [one for one in own if not tells_rows_apart(proposal, one) and len(one.samples) > 1]
    repeated = [column for column in near if column.table != lines or column in alike]
    for name in ("order_number", "product_id"):  # what is another in each line is the line's own number
        found[name] = best_match(proposal, lines, fields[name], repeated) if len(repeated) < len(near) else found[name]
        found[name] = found[name] if found[name].column else best_match(proposal, lines, fields[name], near)
    when = found["order_date"].column
    if when and when.table != lines and subject(when.table) not in ("product", "customer"):
        header = next((link for link in proposal.links.get(lines, []) if link.key.table == when.table), None)
        if header and found["order_number"].sure < 0.9:
            found["order_number"] = Match(header.column, 0.9, f"refers to {when.table}")
    found["product_id"] = prefer_link(proposal, found["product_id"], "product")
    found["customer_id"] = prefer_link(proposal, found["customer_id"], "customer")
    found["quantity"] = best_match(proposal, lines, fields["quantity"], own)
    found["discount"] = best_match(proposal, lines, fields["discount"], own)
    found["total_amount"] = best_match(proposal, lines, fields["total_amount"], own)
    found["unit_price"] = best_match(proposal, lines, fields["unit_price"], own)
    if not found["total_amount"].column and not found["unit_price"].column:
        found["total_amount"] = best_match(proposal, lines, fields["total_amount"], columns_of_headers(proposal, lines))
        price = price_of_product(proposal, lines)
        taken = {match.column for match in found.values()}
        free = [column for column in own if fits(column, "number") and column not in taken]
        numbers = [column for column in free if not is_key(proposal, column)]
        if price.column and (found["quantity"].column or (found["product_id"].column and not numbers)):
            why = "the lines have no price: the one that the product has now"
            found["total_amount"], found["unit_price"] = Match(None, 0.0, why), replace(price, sure=0.6, why=why)
    found["status"] = status_among(proposal, near)
    find_by_content(proposal, found)
    choose_amount(proposal, found)
    keys = [column for column in own if is_key(proposal, column)]
    found["order_id"] = best_match(proposal, lines, fields["order_id"], keys)
    if found["order_number"].column and found["order_number"].column == found["order_id"].column:
        found["order_number"] = Match(None, 0.0, "each line is an order of its own")
    proposal.matches = {("orders", name): match for name, match in found.items()}
    match_entity(proposal, "products", "product_id")
    match_entity(proposal, "customers", "customer_id")
    match_reviews(proposal)


def status_words(proposal: Proposal, column: Column) -> list[str]:
    """Return the words of a column; more than 40 are no words of a status."""
    sql = f"SELECT DISTINCT {column.sql} FROM {identifier(column.table)} WHERE TRIM({column.sql}) <> ''"
    for link in proposal.reached[proposal.lines].get(column.table, [])[-1:]:  # of a table of words, those that are used
        sql += f" AND {link.key.sql} IN (SELECT {link.column.sql} FROM {identifier(link.column.table)})"
    return [str(word) for (word,) in proposal.connection.execute(f"{sql} LIMIT 41")]


def status_among(proposal: Proposal, columns: list[Column]) -> Match:
    """Return the column that is named like a status and has words of one; or, to be asked about, one that is surely named so."""
    columns = [
        column
        for column in columns
        if subject(column.table) not in ("product", "customer", "supplier", "category", "review")
        or column.table == proposal.lines
    ]
    behind = []
    for column in columns:
        path = proposal.reached[proposal.lines][column.table]
        if path and column.numbers < 0.2 and re.search(STATE, squashed(path[-1].column.name)):
            behind.append(Match(column, 0.9, f"{path[-1].column.name} refers to it"))
            if any(map(status_of, status_words(proposal, column))):
                return behind[-1]
    rated = [(best_match(proposal, proposal.lines, FIELDS["orders"]["status"], [column]), column) for column in columns]
    rated = sorted((pair for pair in rated if pair[0].column), key=lambda pair: -pair[0].sure)
    words = {column: status_words(proposal, column) for _, column in rated if column.dates < 0.8}
    for match, column in rated:
        if column in words and len(words[column]) <= 40 and any(map(status_of, words[column])):
            return match
    named = [
        match
        for match in behind
        if re.fullmatch(pattern("{status}?({name}|{text})|{status}"), squashed(match.column.name))
    ]
    for match, column in rated:
        if column not in words or (
            named and column.numbers > 0.8
        ):  # the day of shipping; words, rather than their numbers
            return replace(named[0], sure=0.5) if column in words else match
        geography = re.search("(state|zustand|estado|stato)$", squashed(column.name))
        lasts = column.numbers > 0.8 and re.search(pattern("{date}"), squashed(column.name))  # minutes of delivery
        if len(words[column]) <= 15 and not geography and not lasts:
            return replace(match, sure=0.5, why="named so, but none of its words is known")
    few = 1 if row_count(proposal, proposal.lines) < SAMPLED else 0.02
    for column in columns:
        if column.distinct < few and ill_words(proposal, column):
            return Match(column, 0.6, "some of its words are those of a status")
    names = ", ".join(column.name for _, column in rated)
    return Match(None, 0.0, f"{names} holds no words of a status" if names else "no column is named like it")


def ill_words(proposal: Proposal, column: Column) -> dict[str, str]:
    """Return the words of a line's or an order's column that mean cancelled or returned, or no sale; none where most others mean no status."""
    if column.table not in {proposal.lines, *(other.table for other in columns_of_headers(proposal, proposal.lines))}:
        return {}
    if column.numbers >= 0.2 or column.dates >= 0.2 or not column.filled or column.longest > 40 or column.expression:
        return {}
    kind = re.search(KIND, squashed(column.name))
    words = {word: (meaning_of if kind else status_of)(word) for word in status_words(proposal, column)}
    known = sum(status is not None for status in words.values())
    return {
        word: status
        for word, status in words.items()
        if status in ("Cancelled", "Returned", "aside") and len(words) <= 12 and 2 * known >= min(len(words), 3)
    }


KIND = "(?<!payment)(type|typ|kind|tipo|art)$"  # in names of what tells kinds of lines, such as sales and payouts


def tells_rows_apart(proposal: Proposal, column: Column) -> bool:
    """Say whether a column of many rows has another value in each."""
    return is_key(proposal, column) and len(key_values(proposal, column) or ()) > 50


def prefer_link(proposal: Proposal, match: Match, about: str) -> Match:
    """Prefer, to a column that is only named alike, one that refers to a table of products or of customers."""
    if match.sure >= 0.9:
        return match
    for near in proposal.reached[proposal.lines]:
        for link in proposal.links.get(near, []):
            other = link.key.table
            if other in proposal.reached[proposal.lines] and subject(other) == about:
                return Match(link.column, 0.9, f"refers to {other}")
    if about == "product" and match.column is None:
        others = [
            link
            for link in proposal.links.get(proposal.lines, [])
            if subject(link.key.table) not in ("order", "customer", "supplier", "category", "review")
            and not re.search(NO_GOODS, squashed(link.column.name))
        ]
        price = FIELDS["products"]["price"]
        others.sort(key=lambda link: not any(likeness(one, price) for one in proposal.columns[link.key.table]))
        if others:
            return Match(others[0].column, 0.5, f"refers to {others[0].key.table}")
    return match


def find_by_content(proposal: Proposal, found: dict[str, Match]) -> None:
    """Where no name tells the date, the amount or the product, propose the only column whose values may be it."""
    name_of_either(proposal, found)
    own, taken = proposal.columns[proposal.lines], {match.column for match in found.values()}
    kinds = {
        "order_date": lambda column: (
            column.dates > 0.9 and not re.search("(id|no|nr|code|num)$", squashed(column.name))
        ),
        "total_amount": lambda column: column.numbers > 0.9 and column.whole < 0.9 and column.dates < 0.5,
        "product_id": lambda column: (
            column.numbers < 0.2
            and column.dates < 0.2
            and 0.001 < column.distinct < 0.9
            and not all(re.fullmatch(r"\d+:\d\d(:\d\d)?( ?[ap]m)?", text, re.IGNORECASE) for text in column.samples)
        ),
    }
    for name, holds in kinds.items():
        filled = 0.2 if name == "order_date" else 0.9
        free = [column for column in own if column not in taken and column.filled > filled and holds(column)]
        if name == "product_id":
            proposal.product_choices = free = [column for column in free if not tells_of_others(proposal, column)]
        known = found[name].column or (name == "total_amount" and found["unit_price"].column)
        if not known and len(free) == 1:
            found[name] = Match(free[0], 0.3, "no name says it; the values may be")
    category = FIELDS["products"]["category"]
    kinds_of_goods = [column for column in own if column.numbers < 0.2 and likeness(column, category)]
    if not found["product_id"].column and kinds_of_goods:
        proposal.product_choices += kinds_of_goods
        if len(proposal.product_choices) == len(kinds_of_goods):  # nothing else may be what was sold
            finest = max(kinds_of_goods, key=lambda column: column.distinct)
            found["product_id"] = Match(finest, 0.5, "no column names products; this one names what kind was sold")


def name_of_either(proposal: Proposal, found: dict[str, Match]) -> None:
    """Let a column that is called Name and no more be the product's where no other one is, else the customer's."""
    own = proposal.columns[proposal.lines]
    names = [
        column for column in own if re.fullmatch(pattern("{name}"), squashed(column.name)) and column.numbers < 0.2
    ]
    names = [column for column in names if not any(re.search(r"\d|@", sample) for sample in column.samples)]
    why = "called Name, and nothing else is named so"
    told = found["customer_id"].column or found["unit_price"].column
    if names and not found["product_id"].column and found["quantity"].column and told:
        found["product_id"] = Match(names.pop(), 0.6, why)
    named = any(likeness(column, FIELDS["products"]["product_name"]) for column in own if column not in names)
    names = [
        column
        for column in names
        if named and not re.search("tit|text|наимен|назван|nazwa|denumire", squashed(column.name))
    ]
    if names and not found["customer_id"].column and found["product_id"].column:
        found["customer_id"] = Match(names.pop(), 0.6, why)


def tells_of_others(proposal: Proposal, column: Column) -> bool:
    """Say whether a column's name or values tell of a customer, a place, a status, rather than of a product."""
    others = [
        *FIELDS["customers"].values(),
        FIELDS["orders"]["status"],
        FIELDS["orders"]["currency"],
        FIELDS["products"]["category"],
        FIELDS["orders"]["customer_id"],
    ]
    return (
        any("@" in sample for sample in column.samples)
        or bool(re.search(NO_GOODS, squashed(column.name)))
        or any(likeness(column, other) for other in others)
    )


def match_entity(proposal: Proposal, table: str, key: str) -> None:
    """Propose the columns that tell of a customer or of a product."""
    base, key_column = base_of(proposal, table), key_of(proposal, table)
    lines = ("status", "order_date", "currency", "order_number", "order_id", "quantity", "total_amount")
    others = {
        (of, name) for of, name in proposal.matches if (of == "products" != table) or (of == "orders" and name in lines)
    }
    used = {proposal.matches[other].column for other in others}
    for name, sought in FIELDS[table].items():
        free = [column for column in columns_within(proposal, base) if column not in used]
        free = [column for column in free if may_be_of(proposal, column, base, name, table)]
        if key_column and key_column in proposal.columns[key_column.table]:  # of equal names, the one beside the key
            places = proposal.columns[key_column.table]
            behind = {column: place - places.index(key_column) for place, column in enumerate(places)}
            free.sort(key=lambda column: abs(behind.get(column, len(places)) - 0.1))  # rather after it than before
        coded = key_column and re.search("sku|id$|cod|no$|nr$|num|ref|ean|gtin|asin|isbn", squashed(key_column.name))
        match = best_match(proposal, base, sought, [column for column in free if not coded or column != key_column])
        match = match if match.column else best_match(proposal, base, sought, free)
        match = match if key_column else Match(None, 0.0, "nothing tells them apart")
        if sought.label == "Name" and match.column is None and key_column:
            match = Match(key_column, 0.6, "there is no name; what tells them apart is shown")
        if name == "price" and match.column is None and key_column:
            match = best_match(proposal, base, FIELDS["orders"]["unit_price"], free)
        proposal.matches[table, name] = match


def may_be_of(proposal: Proposal, column: Column, base: str, name: str, table: str) -> bool:
    """Say whether a column may tell of a customer or product: a bare `name` in a table of something else tells of that."""
    about = subject(column.table)
    if (
        column.table not in (base, proposal.lines)
        and about
        and about in (("product", "supplier", "category", "review") if table == "customers" else ("customer", "review"))
    ):
        return False
    if name not in ("name", "product_name") or column.table == base:
        return not (name == "product_name" and column.expression)
    is_name = re.fullmatch(pattern("{name}|{text}"), squashed(column.name))
    return not is_name or subject(column.table) == table[:-1]


def match_reviews(proposal: Proposal) -> None:
    """Propose the reviews: a table with stars, and a product or an order that they belong to."""
    fields, rated = FIELDS["reviews"], {}
    for table, columns in proposal.columns.items():
        stars = best_match(proposal, table, fields["rating"], columns).sure
        of = best_match(proposal, table, fields["product_id"], columns).sure
        if not of and proposal.taken("order_number"):
            of = best_match(proposal, table, FIELDS["orders"]["order_number"], columns).sure
        when = best_match(proposal, table, fields["review_date"], columns).sure
        if stars and of and when and table not in (proposal.lines, base_of(proposal, "products")):
            rated[table] = stars + of + when + (subject(table) == "review")
    proposal.reviews = max(rated, key=rated.get) if rated else ""
    if not rated and rates_lines(proposal):
        proposal.reviews = proposal.lines
    if proposal.reviews:
        own = proposal.columns[proposal.reviews]
        for name, sought in fields.items():
            columns = [column for column in own if name != "review_id" or is_key(proposal, column)]
            proposal.matches["reviews", name] = best_match(proposal, proposal.reviews, sought, columns)
    if proposal.reviews == proposal.lines:
        for name, same in (("product_id", "product_id"), ("customer_id", "customer_id"), ("review_date", "order_date")):
            proposal.matches["reviews", name] = proposal.matches["orders", same]
        proposal.matches["reviews", "review_id"] = Match(None, 0.0, "a line has one review at most")


def rates_lines(proposal: Proposal) -> bool:
    """Say whether the lines have stars of their own beside product and date: from 1 to 5, or to be asked about."""
    told = [proposal.taken(name) for name in ("product_id", "order_date")]
    return None not in told and len(stars_written(proposal, stars_of_lines(proposal))) > 1


def stars_of_lines(proposal: Proposal) -> Column | None:
    """Return the column of the lines that is surely named like stars."""
    stars = best_match(proposal, proposal.lines, FIELDS["reviews"]["rating"], proposal.columns[proposal.lines])
    return stars.column if stars.sure >= 0.5 else None


OTHER_TABLES = "exchange|archiv|wechselkurs|stocks?$|inventory|target|budget|forecast|cancel|return|refund|storno|draft|abandon|backup|^old|test$|payment|shipment|invoicepayment"
