"""From the source to the four tables: staged, cleaned, set aside, numbered, loaded."""

import sqlite3
import sys
from pathlib import Path

from tqdm import tqdm

from shopboard.database import COLUMNS, table_names
from shopboard.importing import accounts, staging
from shopboard.importing.accounts import sql
from shopboard.importing.raw import source_name, unreadable
from shopboard.importing.rules import ROW_RULES, VALUE_RULES, is_not_number, shown
from shopboard.importing.source import source_state
from shopboard.importing.staging import Staged
from shopboard.importing.statuses import LEFT_OUT, is_no_product, is_total, status_of
from shopboard.problems import ShopProblem
from shopboard.settings import Settings


def set_values_aside(target: sqlite3.Connection, table: str) -> None:
    """Note the values of a staged table that cannot be read; they are loaded as unknown."""
    for column, condition in VALUE_RULES[table].items():
        places = {"table": table, "column": column, "shown": shown(column), "condition": condition}
        target.execute(sql("set_values_aside", **places))


def find_repeats(target: sqlite3.Connection, table: str) -> None:
    """Make `repeats`: one row per staged row whose key an earlier one has; `identical` tells whether all else is the same."""
    key, *others = COLUMNS[table]
    same = " AND ".join(f"staged.{column} IS earlier.{column}" for column in others)
    target.execute("CREATE TEMP TABLE repeats (source_row INTEGER PRIMARY KEY, first TEXT, identical INTEGER)")
    target.execute(sql("repeated", table=table, key=key))
    if target.execute("SELECT EXISTS (SELECT 1 FROM repeated)").fetchone()[0]:
        target.execute(sql("repeats", table=table, key=key, same=same))
    target.execute("DROP TABLE repeated")


def find_statuses(target: sqlite3.Connection) -> None:
    """Make `statuses`: one row per word that the staged orders have for a status, and which of the four it means."""
    target.execute("CREATE TEMP TABLE statuses (word TEXT PRIMARY KEY, meaning TEXT)")
    words = [word for (word,) in target.execute("SELECT DISTINCT status FROM staged_orders")]  # some have NULL
    words = [word for word in words if not f"{word}".startswith(LEFT_OUT)]
    target.executemany("INSERT INTO statuses VALUES (?, ?)", [(word, status_of(word)) for word in words])
    if any(status_of(word) not in (None, word) for word in words):
        found = target.execute(sql("statuses_read"))
        read = [f"'{word}' as {meaning} ({n:,} lines)" for word, meaning, n in found]
        accounts.note(target, f"orders.status: {', '.join(read[:40])}.")


def set_rows_aside(target: sqlite3.Connection, table: str) -> None:
    """Note the staged rows that break a rule, each with the first rule that applies."""
    rules = list(enumerate(ROW_RULES[table]))
    places = {"table": table}
    places["broken"] = " ".join(f"WHEN {rule.condition} THEN {n}" for n, rule in rules)
    places["reason"] = " ".join(f"WHEN {n} THEN {rule.reason}" for n, rule in rules)
    places["advice"] = " ".join(f"WHEN {n} THEN '{rule.advice}'" for n, rule in rules)
    places["value"] = " ".join(f"WHEN {n} THEN CAST({rule.column} AS TEXT)" for n, rule in rules)
    places["content"] = ", ".join(f"'{column}', CAST({column} AS TEXT)" for column in COLUMNS[table])
    amount = f"CASE WHEN NOT {is_not_number('total_amount')} THEN total_amount END" if table == "orders" else "NULL"
    target.execute(sql("set_rows_aside", **places, amount=amount))


def are_whole(target: sqlite3.Connection, table: str, key: str) -> bool:
    """Say whether the database can take over a key of the source: all that are loaded are whole numbers."""
    return bool(target.execute(sql("are_whole", table=table, key=key)).fetchone()[0])


def number_keys(target: sqlite3.Connection, table: str, key: str, kind: str, anew: bool = False) -> None:
    """Make `keys_<kind>`, the database's number for each key of the source: its own if all are whole numbers."""
    target.execute(sql("keys", kind=kind))
    anew = anew or not are_whole(target, table, key)
    number = "ROW_NUMBER() OVER (ORDER BY MIN(source_row))" if anew else f"CAST({key} AS INTEGER)"
    target.execute(sql("number_keys", kind=kind, table=table, key=key, number=number))
    if anew:
        target.execute(f"INSERT INTO source_ids SELECT '{kind}', id, source_id FROM keys_{kind} ORDER BY id")


def number_rows(target: sqlite3.Connection, table: str) -> str:
    """Return SQL for the database's number of a staged order or review: its own id if all are whole numbers, else its row."""
    key = COLUMNS[table][0]
    if are_whole(target, table, key):
        return f"CAST({key} AS INTEGER)"
    target.execute(sql("number_rows", table=table, key=key, number="source_row"))
    return "source_row"


def number_checkouts(target: sqlite3.Connection, order_id: str) -> str:
    """Return SQL for the checkout's number of a staged order; a line without an order number is a checkout of its own."""
    counts = "SELECT COUNT(order_number), COUNT(*) - COUNT(order_number) FROM staged_orders"
    known, lone = target.execute(counts).fetchone()
    if not known:
        return order_id
    number_keys(target, "orders", "order_number", "checkouts")
    if lone:
        accounts.note(target, f"orders.order_number: {lone:,} rows have none; each counts as a checkout of its own.")
    (last,) = target.execute("SELECT COALESCE(MAX(MAX(id), 0), 0) FROM keys_checkouts").fetchone()
    return f"COALESCE((SELECT id FROM keys_checkouts WHERE source_id = order_number), {last} + source_row)"


def load_staged(target: sqlite3.Connection, table: str, numbers: dict[str, str]) -> None:
    """Insert the staged rows that were not set aside; `numbers` is SQL for the columns that are numbers of the database."""
    values = {column: column for column in COLUMNS[table]} | numbers
    values |= {name: f"CASE WHEN NOT ({rule}) THEN {name} END" for name, rule in VALUE_RULES[table].items()}
    if table == "products":
        target.create_function("IS_NO_PRODUCT", 2, is_no_product, deterministic=True)
        values["category"] = (
            f"CASE WHEN IS_NO_PRODUCT(product_id, product_name) THEN '{accounts.NO_PRODUCT}' ELSE category END"
        )
    if table == "orders":
        translated = target.execute("SELECT EXISTS (SELECT 1 FROM statuses WHERE meaning IS NOT word)").fetchone()[0]
        meaning = "(SELECT meaning FROM statuses WHERE word = status)" if translated else "status"
        back = f"CASE {meaning} WHEN 'Cancelled' THEN 'Cancelled' ELSE 'Returned' END"
        values["status"] = f"CASE WHEN quantity < 0 OR total_amount < 0 THEN {back} ELSE {meaning} END"
        values |= {column: f"ABS({column})" for column in ("quantity", "total_amount")}
        target.execute(sql("negative_lines", table=table, number=numbers["order_id"]))
    for column, kind in (("customer_id", "customers"), ("product_id", "products")):
        if column in values:
            values[column] = f"(SELECT id FROM keys_{kind} WHERE source_id = {column})"
    target.execute(sql("load", table=table, values=", ".join(values.values())))


def load_table(target: sqlite3.Connection, table: str, settings: Settings) -> None:
    """Load one staged table: what breaks a rule is set aside, the rest is inserted, and both are counted."""
    set_values_aside(target, table)
    find_repeats(target, table)
    if table == "orders":
        find_statuses(target)
    target.create_function("IS_TOTAL", 2, is_total, deterministic=True)
    set_rows_aside(target, table)
    target.execute("DROP TABLE repeats")
    if table in ("customers", "products"):
        number_keys(target, table, COLUMNS[table][0], table, anew=settings.pseudonyms and table == "customers")
        numbers = {}
    else:
        numbers = {COLUMNS[table][0]: number_rows(target, table)}
    if table == "orders":
        numbers["order_number"] = number_checkouts(target, numbers["order_id"])
    load_staged(target, table, numbers)
    accounts.reconcile(target, table)


def fill_from_source(target: sqlite3.Connection, settings: Settings, kept: dict[str, Staged] | None) -> None:
    """Load the source into the four tables; raises ShopProblem, and loads nothing, where that makes no sense."""
    target.executescript(accounts.IMPORT_TABLES)
    target.execute("PRAGMA cache_size = -8000")
    staged = {} if kept is None else kept
    with staging.staging_file(target, kept is not None) as path:
        read_into_staging(target, path, settings, staged)
        target.execute("BEGIN")
        for table in tqdm(COLUMNS, file=sys.stdout, bar_format="{n} of {total} tables loaded"):
            if not staged[table].is_clean:
                staging.clean(target, table)
                staged[table].is_clean = True
            load_table(target, table, settings)
        accounts.note_loaded(target)
        accounts.check_enough_was_loaded(target)
        accounts.note_signs(target)
        accounts.note_services(target)
        accounts.note_repeated_lines(target)
        accounts.note_other_reviews(target)
        accounts.note_parts(target)
        accounts.note_parts_of_cents(target)


def read_into_staging(target: sqlite3.Connection, path: Path, settings: Settings, staged: dict[str, Staged]) -> None:
    """Copy what the mapping's SELECTs give into the staging file, but for tables that stand there; note what was not read, and assumed."""
    key = staging.source_key(settings.source, settings.selects.get("encodings", {}))
    with staging.source_to_load(settings) as source:
        found = {table: staging.select_for(source, table, settings.selects, settings.is_visitors) for table in COLUMNS}
        changed = [table for table in COLUMNS if table not in staged or staged[table].read != f"{key} {found[table]}"]
        for table in changed:
            staged.pop(table, None)
            target.execute(f"DROP TABLE IF EXISTS staging.staged_{table}")
            target.execute(staging.staged_table("staging", table))
        for table in tqdm(changed, file=sys.stdout, bar_format="{n} of {total} tables read"):
            new = Staged(f"{key} {found[table]}")
            with staging.writing_to(source, path, new.reads, settings.is_visitors) as write:
                new.assumed = staging.stage(source, table, found[table], write)
            staged[table] = new
        said = [(sentence,) for table in COLUMNS for sentence in staged[table].assumed]
        target.executemany("INSERT INTO assumptions VALUES (?)", said)
        if "files_read" in table_names(source):
            rows = source.execute("SELECT file, table_name, form, encoding, separator, lines, note FROM files_read")
            target.executemany("INSERT INTO files_read VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        set_lines_aside(target, source, {table: staged[table].reads for table in COLUMNS})
        if "unreadable_files" in table_names(source):
            for (reason,) in source.execute("SELECT reason FROM unreadable_files"):
                accounts.note(target, f"not read: {reason}")
    (lines,) = target.execute("SELECT COUNT(*) FROM set_aside WHERE what = 'line' AND table_name = 'orders'").fetchone()
    if lines:
        accounts.note(
            target, f"orders: {lines:,} lines of the source could not be read; their money is not known, and in no sum."
        )
    target.commit()


def set_lines_aside(target: sqlite3.Connection, source: sqlite3.Connection, reads: dict[str, set[str]]) -> None:
    """Note the lines of files that are no rows; `reads` is which tables of the source each table's SELECT reads.

    A line belongs to the table whose SELECT reads the fewest tables beside its own; of a flat file that is the orders.
    """
    if "unreadable_lines" not in table_names(source):
        return
    tables: dict[str, set[str]] = {}
    for file, table in target.execute("SELECT file, table_name FROM files_read"):
        tables.setdefault(file, set()).add(table.lower())
    for file, line, reason, content in source.execute("SELECT file, line, reason, content FROM unreadable_lines"):
        names = tables.get(file, {Path(file).stem.lower()})
        readers = [table for table in COLUMNS if names & reads[table]]
        if readers:
            table = min(readers, key=lambda table: (len(reads[table]), table != "orders"))
            row = (table, line, file, line, "line", reason, "correct the line in the file", None, None, content)
            target.execute("INSERT INTO set_aside VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


ON_TRIAL: dict[str, Path] = {}  # what a form has loaded on trial and shown: source and mapping -> the database


def trial_key(settings: Settings) -> str:
    """Return what tells whether a source was loaded on trial just as it is to be loaded."""
    return repr((source_state(settings.source), sorted(settings.selects.items()), settings.pseudonyms))


def copy_trial(connection: sqlite3.Connection, path: Path) -> None:
    """Copy the four tables and the accounts of a database in which a source was loaded on trial."""
    connection.executescript(accounts.IMPORT_TABLES)
    connection.execute("ATTACH ? AS trial", (str(path),))
    for (table,) in connection.execute("SELECT name FROM trial.sqlite_master WHERE type = 'table'").fetchall():
        connection.execute(f"INSERT INTO main.{table} SELECT * FROM trial.{table}")
    connection.commit()
    connection.execute("DETACH trial")


def load_source(connection: sqlite3.Connection, settings: Settings, kept: dict[str, Staged] | None = None) -> None:
    """Load the source; say of what SQLite cannot do with it that it is the source's, unless the disk is full.

    What is staged stays beside the database if `kept` is given, which says what stands there: what has not changed is not read again.
    """
    try:
        if path := ON_TRIAL.get(trial_key(settings)) if ON_TRIAL else None:
            copy_trial(connection, path)
        else:
            fill_from_source(connection, settings, kept)
    except sqlite3.Error as error:
        if "full" in str(error) or "I/O" in str(error):
            raise
        raise ShopProblem(f"The setting `source` is {source_name(settings.source)}, {unreadable(error)}.") from None
