"""What is behind a card: the SQL that was run with its plan, the rows of its answers, and these as CSV."""

import pandas as pd

from shopboard.ask import Filters, Shop
from shopboard.board import Asked, Event, Query
from shopboard.board import Column as CardColumn
from shopboard.cards import columns_of, given, rows_of, table_of
from shopboard.pages import AnyPart, Page, Parameters, Table, questions, slug
from shopboard.problems import ShopProblem
from shopboard.style import FORMATS, Look
from shopboard.texts import csv_text

ROWS_AT_ONCE = 1_000  # the board asks for pages of far fewer


def behind(  # noqa: PLR0913, PLR0917, what is asked, of what, and how it is written
    event: Event, page: Page, shop: Shop, selection: Filters, parameters: Parameters, look: Look
) -> Asked:
    """Answer what the board asks about a card of a page; raises ShopProblem where there is nothing to say."""
    _, part = page.parts().get(event["card"], (0, None))
    if part is None:
        raise ShopProblem("This card belongs to another page.")
    if problem := selection.problem():
        raise ShopProblem(problem)
    values = given(page, part, parameters)
    what = event.get("what")
    if what == "sql":
        return {"queries": queries(part, shop, selection, values)}
    question = min(event.get("question", 0), max(len(questions(part)) - 1, 0))
    rows = rows_of(part, shop, selection, values, question)
    rows = arranged(rows, event, columns_of(rows, part), look)
    if what == "csv":
        return {"name": f"{slug(part.title or part.kind)}.csv", "text": csv_text(rows)}
    first = max(0, event.get("offset", 0))
    shown = rows.iloc[first : first + min(event.get("count", 20), ROWS_AT_ONCE)]
    names = [titled(sql) for sql in questions(part)] if not isinstance(part, Table) else []
    return {"table": {**table_of(shown, part), "total": len(rows)}, "offset": first, "questions": names}


def queries(part: AnyPart, shop: Shop, selection: Filters, values: Parameters) -> list[Query]:
    """Return each SELECT behind a part: its text as it was run, the parameters it takes, and the engine's plan."""
    found: list[Query] = []
    for sql in questions(part):
        text, taken = shop.sql_of(sql, selection, **values)
        query: Query = {"title": titled(sql), "sql": text, "parameters": dict(taken), "note": shop.engine_name}
        found.append({**query, "plan": shop.explain(sql, selection, **values)})
    return found


def titled(sql: str) -> str:
    """Return a question's first comment, which says what one row stands for."""
    first = sql.strip().split("\n", 1)[0]
    return first.removeprefix("--").strip() if first.startswith("--") else ""


def arranged(rows: pd.DataFrame, event: Event, columns: list[CardColumn], look: Look) -> pd.DataFrame:
    """Return those rows that hold the text searched for, in the order asked for; what is not known comes last."""
    if search := event.get("search", "").strip().lower():
        rows = rows[holding(search, rows, columns, look)]
    sort = event.get("sort", "")
    if sort in rows:
        ascending = not event.get("descending", False)
        rows = rows.sort_values(sort, ascending=ascending, kind="stable", na_position="last", key=without_case)
    return rows


def holding(search: str, rows: pd.DataFrame, columns: list[CardColumn], look: Look) -> pd.Series:
    """Say of each row whether one of its `columns` holds a text, as its value is or as it is written on the page."""
    found = pd.Series(False, index=rows.index)
    for column in columns:
        known = rows[column["name"]].dropna()
        write = FORMATS.get(column["format"], lambda value, _: value)
        held = [search in f"{value}\n{write(value, look)}".lower() for value in known.tolist()]
        found[known.index[held]] = True
    return found


def without_case(values: pd.Series) -> pd.Series:
    """Return values by which a column is sorted: A before b, as the browser sorts what it has."""
    return values.map(lambda value: value.casefold() if isinstance(value, str) else value)
