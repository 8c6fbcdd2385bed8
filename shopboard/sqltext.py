"""SQL as text: which names and parameters it has, and CTEs put in front of it. It is read by sqlglot."""

from collections.abc import Container, Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, cast

from sqlglot import exp, parse_one
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from shopboard.problems import ShopProblem


@lru_cache(maxsize=1000)
def tokens(sql: str) -> tuple[Any, ...]:
    """Return the tokens of a text in SQL; raises ShopProblem where a quote is not closed."""
    try:
        return tuple(Dialect.get_or_raise("duckdb").tokenize(sql))
    except SqlglotError as error:
        raise ShopProblem(f"This SQL cannot be read ({error}): {sql.strip()[:200]}") from None


@lru_cache(maxsize=1000)
def names_in(sql: str) -> frozenset[str]:
    """Return all that may name a table or a CTE in a text in SQL, in lower case."""
    named = (TokenType.VAR, TokenType.IDENTIFIER)
    return frozenset(token.text.lower() for token in tokens(sql) if token.token_type in named)


@lru_cache(maxsize=1000)
def parameters_in(sql: str) -> frozenset[str]:
    """Return the names of the parameters, `$name`, in a text in SQL."""
    found = tokens(sql)
    return frozenset(name.text for sign, name in pairwise(found) if sign.token_type == TokenType.PARAMETER)


@lru_cache(maxsize=1000)
def selected_names(sql: str) -> tuple[str, ...]:
    """Return what a SELECT calls its columns, in their order; all of them must be named."""
    return tuple(cast("exp.Query", parse_one(sql, read="duckdb")).named_selects)


def needed(sql: str, ctes: Mapping[str, str]) -> dict[str, str]:
    """Return those of `ctes` that a text reads, directly or through others, in their order."""
    wanted: set[str] = set()
    waiting = [sql]
    while waiting:
        new = (names_in(waiting.pop()) & ctes.keys()) - wanted
        wanted |= new
        waiting.extend(ctes[name] for name in new)
    return {name: text for name, text in ctes.items() if name in wanted}


def read_by_several(questions: Iterable[str], ctes: Mapping[str, str], steps: Container[str]) -> list[str]:
    """Return which of `steps` two or more questions read, or others of the steps so found, in the order of `ctes`.

    A step that all of them read through the same other one is part of that; a question may be a step, word for word.
    """
    readers: dict[str, set[str]] = {name: set() for name in ctes}
    same = {text: {name} for name, text in ctes.items()}
    found: list[str] = []
    for question in questions:
        for name in same.get(question, names_in(question) & ctes.keys()):
            readers[name].add(f"question {question}")
    for name, text in reversed(list(ctes.items())):
        if name in steps and len(readers[name]) > 1:
            found.insert(0, name)
            readers[name] = {text}
        for other in names_in(text) & ctes.keys():
            readers[other] |= readers[name]
    return found


def with_in_front(sql: str, ctes: Mapping[str, str]) -> str:
    """Return a SELECT with `ctes` (name -> SELECT) in front; if it has a WITH of its own, they go before its CTEs.

    Comments above the SELECT stay above it.
    """
    found = tokens(sql)
    if not ctes or not found:
        return sql
    listed = (f"{name} AS (\n{indented(text)}\n)" for name, text in ctes.items())
    front = ",\n".join(listed)
    above, rest = sql[: found[0].start], sql[found[0].start :]
    recursive = "RECURSIVE " if any(is_recursive(text) for text in (sql, *ctes.values())) else ""
    if found[0].token_type != TokenType.WITH:
        return f"{above}WITH {recursive}{front}\n{rest}"
    after = sql[found[int(is_recursive(sql))].end + 1 :].lstrip()
    return f"{above}WITH {recursive}{front},\n{after}"


def reading(sql: str, table: str, other: str) -> str:
    """Return a SELECT that reads another table in the place of one."""
    named = (TokenType.VAR, TokenType.IDENTIFIER)
    for token in reversed(tokens(sql)):
        if token.token_type in named and token.text.lower() == table:
            sql = f"{sql[: token.start]}{other}{sql[token.end + 1 :]}"
    return sql


def is_recursive(sql: str) -> bool:
    """Say whether a SELECT begins with WITH RECURSIVE."""
    return [token.token_type for token in tokens(sql)[:2]] == [TokenType.WITH, TokenType.RECURSIVE]


def indented(sql: str) -> str:
    """Return a SELECT indented as the text of a CTE, without its last semicolon."""
    return "\n".join("    " + line if line else line for line in sql.strip().rstrip(";").splitlines())
