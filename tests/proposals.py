"""Sources for the tests of proposals, and what a proposal makes of them."""

import sqlite3

import pandas as pd

from shopboard.database import quoted
from shopboard.importing.proposal import proposed_selects
from shopboard.importing.values import register_functions


def raw(**shop):
    """Return a connection to a source of these tables; each is a header and rows of texts, as files are read."""
    connection = sqlite3.connect(":memory:")
    for name, (header, rows) in shop.items():
        columns = ", ".join(f"{quoted(column)} TEXT" for column in header)
        connection.execute(f"CREATE TABLE {quoted(name)} ({columns}, _line TEXT)")
        lines = [[*(value or None for value in row), f"{name}.csv, line {n}"] for n, row in enumerate(rows, 2)]
        connection.executemany(f"INSERT INTO {quoted(name)} VALUES ({', '.join('?' * (len(header) + 1))})", lines)
    connection.commit()
    register_functions(connection)
    return connection


def chosen(proposal):
    """Return the columns that a proposal chose, by field."""
    return {
        f"{table}.{name}": f"{match.column.table}.{match.column.name}"
        for (table, name), match in proposal.matches.items()
        if match.column
    }


def rows_of(connection, proposal, table):
    """Return the rows of one of the proposal's SELECTs."""
    return pd.read_sql_query(proposed_selects(proposal)[table], connection)
