"""Which columns are the quantity, the price and the amount: by what their numbers come to."""

import re
from itertools import permutations

import numpy as np

from shopboard.importing.columns import COMPARED
from shopboard.importing.likeness import likeness
from shopboard.importing.links import sampled_numbers
from shopboard.importing.meaning import Column, Match, Proposal, identifier
from shopboard.importing.values import some_number, squashed
from shopboard.importing.words import FIELDS


def choose_amount(proposal: Proposal, found: dict[str, Match]) -> None:
    """Take a total or else price times quantity: what the numbers of the sample say counts more than the names."""
    proposal.made_up, proposal.amounts_differ, proposal.is_gross, proposal.of_orders = None, (), False, False
    find_by_arithmetic(proposal, found)
    if (
        found["discount"].column
        and is_of_order(proposal, found["discount"].column, found, or_once=True)
        and not is_share(proposal, found["discount"].column)
    ):
        found["discount"] = Match(None, 0.0, "it is that of a whole order")
    fields, own = FIELDS["orders"], proposal.columns[proposal.lines]
    total, price, quantity = (found[name].column for name in ("total_amount", "unit_price", "quantity"))
    if price and total and not quantity and total.whole == 1 and share_below(proposal, total, price) > 0.2:
        found["quantity"], quantity = Match(total, 0.7, "whole numbers, often below the price of one"), total
        found["total_amount"], total = Match(None, 0.0, ""), None
    price, before = price_paid(proposal, found)
    totals = sorted(
        (column for column in own if column not in (price, quantity)),
        key=lambda column: -likeness(column, fields["total_amount"]),
    )
    totals = [column for column in totals if likeness(column, fields["total_amount"]) > 0.5][:4]
    spread = spread_of_line(proposal, before, quantity, found["product_id"].column) if price and quantity else None
    by_price = total is None or (quantity is not None and found["unit_price"].sure > found["total_amount"].sure)
    if by_price and spread is not None:
        why = "the same product's grows with the quantity: it is the line's, not that of one piece"
        found["total_amount"], by_price = Match(price, 0.8, why), False
        proposal.is_gross = spread < 0.005 and before == price  # a piece always costs the same: nothing is taken off
    elif price and quantity and total and price.table == proposal.lines:
        verdicts = {
            column: compare_total(proposal, column, price, quantity, found["discount"].column) for column in totals
        }
        told = next((column for says in ("less", "equal") for column in totals if verdicts[column] == says), None)
        of_order = [column for column in totals if verdicts[column] == "order" and is_of_order(proposal, column, found)]
        if told:
            why = (
                "price times quantity, on some lines less a discount"
                if verdicts[told] == "less"
                else "price times quantity"
            )
            found["total_amount"], by_price = Match(told, 1.0, f"its values are {why}"), False
            proposal.is_gross = verdicts[told] == "equal"
            number = found["order_number"].column
            proposal.of_orders = (
                bool(number) and told.filled < 1 and stands_for_orders(proposal, told, price, quantity, number)
            )
            made_up = proposal.is_gross and min(told.filled, told.numbers) < 1 and not proposal.of_orders
            proposal.made_up = (price, quantity) if made_up else None
        elif total == price:
            by_price = False
        elif of_order and len(of_order) == len(totals):
            by_price, proposal.amounts_differ = True, (total, price, quantity)
        else:
            proposal.amounts_differ = (total, price, quantity)
            by_price = by_price and not (
                found["total_amount"].sure >= 0.85 and are_close(proposal, total, price, quantity)
            )
    why = "not needed: the amount is taken " + ("from price and quantity" if by_price else "as it is")
    for name in ("total_amount",) if by_price else ("unit_price", "discount"):
        found[name] = Match(None, 0.0, why) if price or name != "unit_price" else found[name]


def price_paid(proposal: Proposal, found: dict[str, Match]) -> tuple[Column | None, Column | None]:
    """Return the price that was paid, of several, and the one that a discount was taken off to come to it, else the same."""
    price, taken = found["unit_price"].column, [match.column for match in found.values()]
    proposal.is_net, before = False, price
    for other in proposal.columns[proposal.lines] if price and price.table == proposal.lines else ():
        if not likeness(other, FIELDS["orders"]["unit_price"]) or other in (price, *taken):
            continue
        lower = re.search("discounted|offer", squashed(other.name)) and share_below(proposal, other, price) > 0.9
        if lower or verdict(sampled_numbers(proposal, other, price)) == "less":
            found["unit_price"] = Match(other, 0.9, f"on some lines less than {price.name}: what was paid")
            found["discount"] = Match(None, 0.0, f"it is in {other.name}")
            price, proposal.is_net = other, True
            before = price
        elif found["discount"].column and is_less(sampled_numbers(proposal, price, other, found["discount"].column)):
            found["discount"] = Match(None, 0.0, f"{price.name} is {other.name} less it")
            proposal.is_net, before = True, other
    return price, before


def is_less(rows: list[tuple]) -> bool:
    """Say whether an amount is another one less a discount, as money, a share or percent; of rows of these three, those with a discount."""
    off = [
        min(abs(amount - before + way) for way in (abs(less), abs(less) * before, abs(less) * before / 100)) < 0.011
        for amount, before, less in rows
        if less
    ]
    return bool(off) and sum(off) > 0.9 * len(off)


def find_by_arithmetic(proposal: Proposal, found: dict[str, Match]) -> None:
    """Where no name tells the quantity or the money, find three columns of which one is the product of the others."""
    names = ("quantity", "unit_price", "total_amount")
    known = [found[name].column for name in names]
    if known[0] and (known[1] or known[2]):
        return
    taken = {match.column for name, match in found.items() if name not in names and match.sure > 0.6}
    columns = [
        column
        for column in proposal.columns[proposal.lines]
        if column.numbers > 0.9 and column.dates < 0.5 and not column.expression and column not in taken
    ]
    rows = sampled_numbers(proposal, *columns) if len(columns) in range(3, 13) else []
    if len(rows) < 5:
        return
    values = dict(zip(columns, np.array(rows).T, strict=True))
    best: tuple = ()
    for quantity, price, total in permutations(columns, 3):
        several = np.abs(values[quantity]) > 1
        if quantity.whole < 0.95 or several.sum() < max(5, 0.05 * len(rows)):
            continue
        worth = values[quantity][several] * values[price][several]
        gap = np.abs(worth - values[total][several])
        if np.mean((gap <= np.maximum(0.011, 0.001 * np.abs(worth))) & (worth != 0)) > 0.9:
            # Of whole prices, too, either factor may be the quantity: the smaller one, unless a name tells.
            fields = (FIELDS["orders"][name] for name in names)
            named = sum(map(likeness, (quantity, price, total), fields))
            rank = (named, price.whole < 0.95, -float(np.median(np.abs(values[quantity]))))
            best = max(best, (rank, quantity, price, total), key=lambda found: found[0] if found else (-1,))
    for name, column in zip(names, best[1:], strict=False):
        found[name] = Match(column, 0.8, "by what its numbers are: one is the product of two others")


def spread_of_line(proposal: Proposal, price: Column, quantity: Column, product: Column | None) -> float | None:
    """Return by what share the price of a piece varies within a product, where a price is that of the line: itself it varies more. None else."""
    if not product or {price.table, quantity.table, product.table} != {proposal.lines}:
        return None
    groups: dict[object, list] = {}
    for name, one, pieces in sampled_numbers(proposal, product, price, quantity):
        if one > 0 and pieces > 0:
            groups.setdefault(name, []).append((one, one / pieces, pieces))
    spreads = [
        (np.std(ones) / np.mean(ones), np.std(parts) / np.mean(parts))
        for ones, parts, pieces in (zip(*group, strict=True) for group in groups.values())
        if len(set(pieces)) > 1
    ]
    as_it_is, per_piece = np.median(spreads, axis=0) if spreads else (0, 0)
    return float(per_piece) if len(spreads) >= 3 and per_piece < as_it_is / 5 else None


def is_of_order(proposal: Proposal, total: Column, found: dict[str, Match], or_once: bool = False) -> bool:
    """Say whether an amount is the same on all lines of most orders that have several, or if so wanted on one of them."""
    number = found["order_number"].column
    if number is None or number.table != proposal.lines:
        return False
    orders, once, same = amounts_of_orders(proposal, total, number)
    return orders >= 3 and max(same, once if or_once else 0) > 0.9 * orders


def is_share(proposal: Proposal, column: Column) -> bool:
    """Say whether the numbers of a discount are shares of the price, as they are, or in percent."""
    rows = sampled_numbers(proposal, column)
    written = squashed(column.name) + " ".join(column.samples)
    return bool(re.search("percent|pct|prozent|rate|%", written)) or max((abs(row[0]) for row in rows), default=0) <= 1


def amounts_of_orders(
    proposal: Proposal, total: Column, number: Column, kinds: tuple[Column, ...] = ()
) -> tuple[int, int, int]:
    """Return how many orders with an amount other than 0 have several lines, on how many it stands once, and on how many the same on each.

    Lines of several `kinds`, such as a sale and its refund, are not those of one order.
    """
    sql = (
        "SELECT COUNT(*), SUM(filled = 1), SUM(filled = lines AND lowest = highest) FROM (SELECT COUNT(*) AS lines, "
        f"COUNT({total.sql}) AS filled, MIN({total.sql}) AS lowest, MAX({total.sql}) AS highest FROM {identifier(proposal.lines)} "
        f"WHERE {number.sql} IS NOT NULL GROUP BY {', '.join(column.sql for column in (number, *kinds))} HAVING COUNT(*) > 1 AND SUM({total.sql} GLOB '*[1-9]*') > 0)"
    )
    orders, once, same = (count or 0 for count in proposal.connection.execute(sql).fetchone())
    return orders, once, same


def stands_for_orders(proposal: Proposal, total: Column, price: Column, quantity: Column, number: Column) -> bool:
    """Say whether a total that stands on one line of an order is what price times quantity come to on all of its lines."""
    if {column.table for column in (total, price, quantity, number)} != {proposal.lines}:
        return False
    names = ", ".join(column.sql for column in (number, total, price, quantity))
    orders: dict[object, list] = {}
    for order, *written in proposal.connection.execute(
        f"SELECT {names} FROM {identifier(proposal.lines)} LIMIT {COMPARED}"
    ):
        orders.setdefault(order, []).append([None if value is None else some_number(value) for value in written])
    said = []
    for lines in orders.values():
        told = [line[0] for line in lines if line[0] is not None]
        if len(lines) > 1 and len(told) == 1 and all(None not in line[1:] for line in lines):
            said.append(abs(told[0] - sum(one * pieces for _, one, pieces in lines)) < 0.011)
    return bool(said) and sum(said) > 0.9 * len(said)


def are_close(proposal: Proposal, total: Column, price: Column, quantity: Column) -> bool:
    """Say whether a total and price times quantity differ by a fifth at most, as by taxes: then the total is what its owner knows."""
    rows = sampled_numbers(proposal, total, price, quantity)
    sums = abs(sum(row[0] for row in rows)), abs(sum(row[1] * row[2] for row in rows))
    return max(sums) < 1.2 * min(sums)


def share_below(proposal: Proposal, one: Column, other: Column) -> float:
    """Return on what share of the sampled lines a number is below another."""
    below = [first < second for first, second in sampled_numbers(proposal, one, other)]
    return sum(below) / max(len(below), 1)


def compare_total(proposal: Proposal, total: Column, price: Column, quantity: Column, discount: Column | None) -> str:
    """Say what a total is on the sampled lines, if possible of several pieces: "equal" to price times quantity, "less", an "order"'s, or "other"."""
    rows = [row for row in sampled_numbers(proposal, total, price, quantity) if row[1]]
    several = [row for row in rows if abs(row[2]) > 1]
    # A single piece costs what its line does, whichever of both is meant; unless all are single ones.
    told = verdict([(amount, one * pieces) for amount, one, pieces in several or rows])
    rows = sampled_numbers(proposal, total, price, quantity, discount) if discount and told == "other" else []
    ways = (
        lambda worth, off: worth * (1 - off),
        lambda worth, off: worth * (1 - off / 100),
        lambda worth, off: worth - off,
    )
    exact = any(verdict([(row[0], way(row[1] * row[2], row[3])) for row in rows]) == "equal" for way in ways)
    return "less" if exact else told


def verdict(pairs: list[tuple]) -> str:
    """Say what an amount is beside another one on the same lines: "equal", on some of them "less", mostly more as that of an "order", or "other"."""
    near = [abs(amount - worth) <= max(0.011, 0.001 * abs(worth)) for amount, worth in pairs]
    below = [abs(amount) <= abs(worth) + 0.011 and abs(amount) >= 0.2 * abs(worth) for amount, worth in pairs]
    sums = (abs(sum(amount for amount, _ in pairs)), abs(sum(worth for _, worth in pairs)))
    if not pairs or (sum(near) > 0.9 * len(pairs) and max(sums) < 1.005 * min(sums)):
        return "equal" if pairs else "other"
    if sum(below) > 0.95 * len(pairs) and sum(near) > 0.1 * len(pairs):
        return "less"
    above = [abs(amount) >= abs(worth) - 0.011 for amount, worth in pairs]
    return "order" if sum(above) > 0.9 * len(pairs) else "other"
