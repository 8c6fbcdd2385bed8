"""Reviews: which stars are read, and their SELECT."""

from shopboard.importing.links import best_match, key_of
from shopboard.importing.meaning import Column, Proposal, Question, identifier
from shopboard.importing.repeats import lines_only
from shopboard.importing.statements import from_sql, key_sql, line_sql, row_sql, statement_sql, written_sql
from shopboard.importing.values import some_number
from shopboard.importing.words import FIELDS

WHOLE_STARS = {1, 2, 3, 4, 5}


def stars_written(proposal: Proposal, stars: Column | None) -> dict[float, int]:
    """Return on how many rows each number of stars stands, if they are from 1 to 5 or, as many are above 5, to 10; empty otherwise."""
    if stars is None:
        return {}
    sql = f"SELECT {stars.sql}, COUNT(*) FROM {identifier(stars.table)} WHERE {stars.sql} IS NOT NULL GROUP BY 1 LIMIT 200"
    found = [(some_number(value), rows) for value, rows in proposal.connection.execute(sql)]
    if not all(number is not None and 0.5 <= number <= 10 for number, _ in found):
        return {}
    above = sum(rows for number, rows in found if number > 5)
    return dict(found) if not above or above > 0.2 * sum(rows for _, rows in found) else {}


def scale_of(written: dict[float, int]) -> int:
    """Return what stars are divided by to be 1 to 5: those up to 10 count halves."""
    return 2 if max(written) > 5 else 1


def ask_stars(proposal: Proposal) -> None:
    """Ask whether stars that are no whole ones from 1 to 5 are rounded or left out; those on lines are left out unless the user says otherwise."""
    stars = proposal.matches["reviews", "rating"].column if proposal.reviews else None
    written = stars_written(proposal, stars)
    if stars and not written.keys() <= WHOLE_STARS:
        rows, scale = sum(written.values()), scale_of(written)
        mean, rounded = (
            sum(read(number) * count for number, count in written.items()) / rows
            for read in (lambda number: number / scale, lambda number: max(1, round(number / scale)))
        )
        ways = {f"round them to whole stars, which makes the mean {rounded:.2f}": "round", "leave them out": "leave"}
        example = next(number for number in written if number not in WHOLE_STARS)
        text = f"{stars.name} has values such as {example:g}: {'halved, ' if scale > 1 else ''}their mean is {mean:.2f} of 5"
        taken = "leave" if proposal.reviews == proposal.lines else None
        proposal.questions["lost stars"] = Question(text, ways, taken, "lost")


def reads_reviews(proposal: Proposal) -> bool:
    """Say whether there are reviews that are to be loaded."""
    return bool(proposal.reviews) and proposal.answer("lost stars", "round") == "round"


def select_reviews(proposal: Proposal) -> str:
    """Return the SELECT for the reviews; one of an order is a review of its product where that is the only one."""
    nothing = "SELECT NULL AS review_id, NULL AS product_id, NULL AS rating, NULL AS review_date\nWHERE 1 = 0"
    if not reads_reviews(proposal):
        return nothing
    values = {name: written_sql(proposal, "reviews", name) for name in FIELDS["reviews"]}
    used = [proposal.matches["reviews", name].column for name in FIELDS["reviews"]]
    values["review_id"] = values["review_id"] or row_sql(proposal, proposal.reviews)
    notes, rest = [], ""
    if "lost stars" in proposal.questions:
        stars = proposal.matches["reviews", "rating"].column
        scale = scale_of(stars_written(proposal, stars))
        given = f"({values['rating']} / {scale}.0)"  # of halves, those go down whose neighbour below is even: on the whole, as many as go up
        values["rating"] = f"CASE {given} WHEN 2.5 THEN 2 WHEN 4.5 THEN 4 ELSE MAX(1, ROUND({given})) END"
        notes.append(f"{stars.name}{f', divided by {scale},' if scale > 1 else ''} is rounded to whole stars")
    if proposal.reviews == proposal.lines:
        if proposal.matches["reviews", "product_id"].column == key_of(proposal, "products"):
            values["product_id"] = key_sql(proposal, "products", "product_id")
        stars = proposal.matches["reviews", "rating"].column
        notes.append(f"{stars.name} of a line is a review of its product, on the day of the order")
        rest = f"\nWHERE {stars.sql} IS NOT NULL{lines_only(proposal)}"
    elif values["product_id"] is None:
        number = FIELDS["orders"]["order_number"]
        order = best_match(proposal, proposal.reviews, number, proposal.columns[proposal.reviews]).column
        mine, product = proposal.taken("order_number"), proposal.taken("product_id")
        if product is None or order is None or mine is None:
            return f"-- assumed: reviews of orders are of no product where the source tells none\n{nothing}"
        notes.append("a review of an order counts for each of the products in it")
        bought = key_sql(proposal, "products", "product_id") if product == key_of(proposal, "products") else product.sql
        rest = (
            f"\nINNER JOIN (SELECT reviewed, product, COUNT(*) OVER (PARTITION BY reviewed) AS products FROM (SELECT DISTINCT {mine.sql} AS reviewed, "
            f"{bought} AS product {from_sql(proposal, proposal.lines, [mine, product])}) AS each_once) AS bought ON bought.reviewed = {order.sql}"
        )
        values["product_id"] = "bought.product"
        values["review_id"] = (
            f"CASE WHEN bought.products > 1 THEN {values['review_id']} || ' ' || bought.product ELSE {values['review_id']} END"
        )
    values |= line_sql(proposal, proposal.reviews)
    return statement_sql(proposal, proposal.reviews, values, used, notes, rest)
