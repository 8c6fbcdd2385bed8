"""Opening the database of the settings, or building it: whole or not at all, and only where it is not there yet."""

import hashlib
import json
import os
import re
import sqlite3
import sys
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from shopboard.database import COLUMNS, ShopDesign, connect, held, replaced_when_finished, table_names
from shopboard.importing.accounts import was_imported
from shopboard.importing.loading import load_source
from shopboard.importing.source import source_state
from shopboard.notes import notes_sql
from shopboard.places import need_room, remove_leftovers, still_running
from shopboard.problems import ShopProblem
from shopboard.settings import APPLICATION_ID, Settings, is_shop_database
from shopboard.soundness import DamagedProblem, existing_fingerprint, looks_of, place_aside, take_as_sound, take_digests

LAYOUT_VERSION = 5  # raised when the sample or the import changes what is stored, so that older files are rebuilt

ORDER_SIZE = 80  # bytes that an order takes in the file at the least, its place in the indexes among them

HIDE_CUSTOMERS = """
UPDATE reviews
SET review_text = WITHOUT_EMAILS(REPLACE(
    review_text,
    COALESCE((SELECT NULLIF(name, '') FROM customers WHERE customers.customer_id = reviews.customer_id), '@'),
    '(name)'
))
WHERE review_text IS NOT NULL;
UPDATE customers SET name = 'Customer ' || customer_id, email = NULL;
"""

HIDE_IMPORTED_CUSTOMERS = """
UPDATE files_read SET note = NULL WHERE note LIKE '%title lines%';
DELETE FROM source_ids WHERE kind = 'customers';
UPDATE set_aside
SET reason = REPLACE(reason, value, '(hidden)'), value = '(hidden)'
WHERE value IS NOT NULL AND (table_name = 'customers' OR reason LIKE 'customer_id %');
UPDATE set_aside
SET content = CASE
    WHEN what = 'row' THEN JSON_REMOVE(content, '$.customer_id', '$.name', '$.email', '$.review_text')
END
WHERE what <> 'value' OR table_name = 'customers';
"""


def fingerprint(settings: Settings, design: ShopDesign) -> str:
    """Return a digest of everything that decides what is in the tables; models decide nothing, they only read."""
    decides: list[object]
    if settings.is_sample:
        names = ("seed", "end_date", "days", *(f"sample_{table}" for table in COLUMNS))
        decides = [*design.sample_decides, *(getattr(settings, name) for name in names)]
    else:
        decides = [source_state(settings.source), sorted(settings.selects.items())]
    parts = [LAYOUT_VERSION, design.schema, design.indexes, settings.pseudonyms, decides]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def open_or_build(settings: Settings, design: ShopDesign) -> str:
    """Make sure that the database of these settings stands; return what was done, in a sentence."""
    if sqlite3.sqlite_version_info < (3, 37):
        raise ShopProblem(
            f"This Python has SQLite {sqlite3.sqlite_version}; STRICT tables need 3.37 or newer: use a newer Python."
        )
    path = database_path(settings)
    remove_leftovers(path.parent, Path(settings.exports))
    if not settings.is_sample and not settings.mapping and is_shop_database(settings.source):
        return open_in_place(settings, design, path)
    digest = fingerprint(
        settings, design
    )  # taken first: a source that changes meanwhile is loaded again at the next run
    if not settings.is_sample and isinstance(settings.source, str) and Path(settings.source).resolve() == path:
        raise ShopProblem(
            "The settings `source` and `database` are the same file, which would replace itself: set `database` to "
            "another name."
        )
    existing, aside, said = None, None, ""
    try:
        existing = existing_fingerprint(path)
    except DamagedProblem as problem:
        aside = place_aside(path)
        said = f"{problem} It was moved to {aside.name}. "
    same = existing == digest
    if existing and not same and not (settings.is_sample or settings.mapping):
        same = existing == fingerprint(
            replace(settings, mapping=accepted_mapping(path)), design
        )  # accepted on the page
    if same:
        remove_live_orders(path)
        renew_models(path, design)
        return f"Opened {path.name}: it was made with these settings."
    if not aside:
        with held(path):
            pass  # before anything is read, as that may take long
    build_database(settings, design, path, digest, aside)
    return f"{said}{'Replaced' if existing else 'Made'} {path.name}."


def database_path(settings: Settings) -> Path:
    """Return where the database is to stand: where a link points to, rather than the link, is replaced."""
    try:
        path = Path(settings.database).resolve()
        possible = not path.is_dir() and path.parent.is_dir()
    except (OSError, ValueError):
        possible = False
    if not possible:
        raise ShopProblem(
            f"The setting `database` is {settings.database!r}, which is not a file in an existing folder: "
            "correct the path."
        )
    return path


def build_database(settings: Settings, design: ShopDesign, path: Path, digest: str, aside: Path | None = None) -> None:
    """Build the four tables, filled and indexed, at `path`, all or nothing; raises ShopProblem where that fails.

    A damaged database that stands there is moved to `aside`.
    """
    if settings.is_sample:
        way_out = "set `database` to a place with room"
        need_room(path.parent, ORDER_SIZE * settings.sample_orders, "The sample shop", way_out)
    with replaced_when_finished(path, aside) as connection:
        connection.executescript(design.schema)
        if settings.is_sample:
            design.fill_sample(connection, settings)
        else:
            load_source(connection, settings)
        connection.executescript(views(design))
        indexes = design.indexes.strip().rstrip(";").split(";")
        for index in tqdm(indexes, file=sys.stdout, bar_format="{n} of {total} indexes made"):
            connection.execute(index)
        check_references(connection)
        if settings.pseudonyms:
            hide_customers(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {LAYOUT_VERSION}")
        connection.execute(
            "CREATE TABLE build_info "
            "(fingerprint TEXT NOT NULL, mapping TEXT NOT NULL, pseudonyms INTEGER NOT NULL) STRICT"
        )
        built = (digest, json.dumps(settings.mapping), int(settings.pseudonyms))
        connection.execute("INSERT INTO build_info VALUES (?, ?, ?)", built)
        connection.executescript(notes_sql())
        take_digests(connection)
        connection.execute("PRAGMA optimize")
    take_as_sound(path, looks_of(path))


def views(design: ShopDesign) -> str:
    """Return the SQL that makes each model a view."""
    return "\n".join(f"CREATE VIEW {name} AS\n{select.strip().rstrip(';')};" for name, select in design.models.items())


def renew_models(path: Path, design: ShopDesign) -> None:
    """Make the models in a database what the design says: to change one takes no new database."""
    with closing(connect(path)) as connection:
        stored = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'").fetchall())
    wanted = {name: views(replace(design, models={name: select})).rstrip(";") for name, select in design.models.items()}
    if stored == wanted:
        return
    try:
        with closing(connect(path, "rw")) as connection:
            dropped = "".join(f"DROP VIEW {name};\n" for name in stored)
            connection.executescript(f"BEGIN IMMEDIATE;\n{dropped}{views(design)}\nCOMMIT;")
    except sqlite3.Error as error:
        raise ShopProblem(
            f"The models in {path} cannot be changed ({error}): close other programs that use it, or set `database` "
            "to a place where you may write."
        ) from None


def accepted_mapping(path: Path) -> dict:
    """Return the mapping with which the database at `path` was made; empty if there is none."""
    with suppress(sqlite3.Error), closing(connect(path)) as connection:
        return json.loads(connection.execute("SELECT mapping FROM build_info").fetchone()[0])
    return {}


def open_in_place(settings: Settings, design: ShopDesign, path: Path) -> str:
    """Check a database of ours that is named as the source; return what was done, in a sentence."""
    try:
        existing_fingerprint(path)
    except DamagedProblem as problem:
        raise ShopProblem(f"{problem} Set `source` to the shop's own file, and it is loaded anew.") from None
    with closing(connect(path)) as connection:
        if connection.execute("PRAGMA user_version").fetchone() != (LAYOUT_VERSION,):
            raise ShopProblem(
                f"{path} was made by another version of this notebook: set `source` to the shop's own file, and it is "
                "loaded anew."
            )
        hidden = connection.execute("SELECT pseudonyms FROM build_info").fetchone()[0]
    if settings.pseudonyms and not hidden:
        raise ShopProblem(
            f"{path} was made without pseudonyms: set `source` to the shop's own file, or `pseudonyms` to False."
        )
    remove_live_orders(path)
    renew_models(path, design)
    return f"Opened {path.name}, which this notebook made."


def remove_live_orders(path: str | Path) -> None:
    """Take back the live orders that this process, or one that has ended, had added; the sample is as it was."""
    with closing(connect(path)) as connection:
        if "live_orders" not in table_names(connection):
            return
    with closing(connect(path, "rw")) as connection, connection:
        for (process,) in connection.execute("SELECT DISTINCT process FROM live_orders").fetchall():
            if process == os.getpid() or not still_running(str(process)):
                added = "SELECT order_id FROM live_orders WHERE process = ?"
                connection.execute(f"DELETE FROM orders WHERE order_id IN ({added})", (process,))
                connection.execute("DELETE FROM live_orders WHERE process = ?", (process,))


def lost_keys(table: str, parent: str, key: str) -> str:
    """Return SQL for the keys in a table that its parent lacks; it skips along the index and looks at each key once."""
    return f"""
        WITH RECURSIVE keys_used AS (
            SELECT MIN({key}) AS found FROM {table}
            UNION ALL
            SELECT (SELECT MIN({key}) FROM {table} WHERE {key} > found) FROM keys_used WHERE found IS NOT NULL
        )
        SELECT found FROM keys_used WHERE found IS NOT NULL AND found NOT IN (SELECT {key} FROM {parent})
    """


def check_references(connection: sqlite3.Connection) -> None:
    """Raise ShopProblem where an order or a review refers to a customer or product that is not there."""
    for table in ("orders", "reviews"):
        for parent, key in (("customers", "customer_id"), ("products", "product_id")):
            lost = connection.execute(lost_keys(table, parent, key)).fetchone()
            if lost:
                raise ShopProblem(
                    f"{table}.{key} {lost[0]} is not among the {parent}; please report this as a mistake of the "
                    "notebook."
                )


def hide_customers(connection: sqlite3.Connection) -> None:
    """Give customers pseudonyms, and leave nothing of their names, emails and ids of the shop's in the file.

    In the text of a review its author's name and all emails are replaced; other people's names are not known as such.
    """
    connection.create_function("WITHOUT_EMAILS", 1, lambda text: re.sub(r"[\w.+-]+@[\w-]+\.\w[\w.-]*", "(email)", text))
    connection.executescript(HIDE_CUSTOMERS + (HIDE_IMPORTED_CUSTOMERS if was_imported(connection) else ""))
    connection.commit()
    connection.execute("VACUUM")  # writes the file anew, without what was deleted
