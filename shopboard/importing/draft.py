"""What a source is taken to mean while its user looks at it: proposed, corrected, counted, and at last accepted."""

import json
import sqlite3
import time
from contextlib import ExitStack
from dataclasses import replace

from shopboard.database import table_names
from shopboard.importing.meaning import Column, Proposal, Question
from shopboard.importing.named import named_selects
from shopboard.importing.parts import SURE, files_in_words
from shopboard.importing.preview import Preview, Trial
from shopboard.importing.proposal import (
    PLACES,
    answer_question,
    choose_column,
    other_proposals,
    propose,
    proposed_selects,
    what_is_lacking,
)
from shopboard.importing.raw import source_name, unreadable
from shopboard.importing.source import opened_source
from shopboard.importing.staging import ASSUMED, OPEN_SOURCES, source_key
from shopboard.problems import ShopProblem
from shopboard.settings import Settings

PATIENCE = 3.0  # seconds that loading on trial may take at each change


class Draft:
    """What a source is taken to mean, to be corrected and accepted; the source is open until `close`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.encodings: dict[str, str] = {}  # file -> codec, as the user said
        self.doubts: dict[str, Question] = {}  # file -> what only the user can say of its encoding
        self.edited: dict[str, str] = {}  # table -> SELECT written by the user
        self.named: tuple[str, dict[str, str]] | None = None  # what the export is known as, and its SELECTs
        self.proposal: Proposal | None = None
        self.key = ""  # of the source in OPEN_SOURCES
        self.trial = Trial(settings)
        self.took, self.stale = 0.0, False  # how many seconds loading took; whether the figures are of before a change
        self.preview: Preview | None = None
        self.previewed, self.cannot = "", ""  # what the preview shows, and why there is none
        self.read()

    def read(self) -> None:
        """Read the source, and propose anew what it means."""
        self.close()
        self.trial = Trial(self.settings)
        self.key = source_key(self.settings.source, self.encodings)
        if self.key not in OPEN_SOURCES:
            opened = ExitStack()
            OPEN_SOURCES[self.key] = opened, opened.enter_context(opened_source(self.settings.source, self.encodings))
        _, self.connection = OPEN_SOURCES[self.key]
        told = set(table_names(self.connection))
        doubts = self.connection.execute("SELECT file, question, options FROM doubts") if "doubts" in told else ()
        for file, question, options in doubts:
            self.doubts.setdefault(file, Question(question, json.loads(options), None))
        self.files = files_in_words(self.connection) if "files_read" in told else []
        try:
            self.named = named_selects(self.connection)
            self.proposal = None if self.named else propose(self.connection)
        except sqlite3.DatabaseError as error:
            raise ShopProblem(
                f"The setting `source` is {source_name(self.settings.source)}, {unreadable(error)}."
            ) from None

    def match_anew(self, lines: str | None = None) -> None:
        """Propose columns, for the lines of orders in another table if one is given."""
        self.named, self.proposal = None, propose(self.connection, lines)

    def choose(self, table: str, name: str, column: Column | None) -> None:
        """Take the user's column for a field."""
        choose_column(self.proposal, table, name, column)

    def edit(self, table: str, text: str) -> None:
        """Take the user's SELECT for a table; one that is as it was proposed goes on following the choices."""
        self.edited.pop(table, None)
        if text != self.selects().get(table, ""):
            self.edited[table] = text

    def answer(self, key: str, value: str | None) -> None:
        """Take an answer to a question; by one about an encoding the source is read anew."""
        kind, _, file = key.partition(" ")
        if kind == "encoding":
            self.doubts[file] = replace(self.doubts[file], taken=value)
            self.encodings = {name: codec for name, codec in {**self.encodings, file: value}.items() if codec}
            self.read()
        else:
            table = next((table for table in self.proposal.more if key.startswith(f"{table}: ")), None)
            proposal = self.proposal if table is None else self.proposal.more[table]
            answer_question(proposal, key if table is None else key.removeprefix(f"{table}: "), value)

    def problem(self) -> str:
        """Return what keeps the source from being loaded, in a sentence; empty if nothing."""
        unanswered = [question.text for question in self.doubts.values() if question.taken is None]
        if unanswered:
            return f"Please answer: {unanswered[0]}"
        if self.named or {"customers", "products", "orders"} <= set(self.edited):
            return ""
        return what_is_lacking(self.proposal)

    def sure(self) -> bool:
        """Say whether every column was matched, and surely."""
        if self.problem() or self.edited or any(not question.place for question in self.questions().values()):
            return False
        matches = self.proposal.matches.values() if self.proposal else ()
        return all(match.sure >= SURE[0][0] for match in matches if match.column)

    def questions(self) -> dict[str, Question]:
        """Return what only the user can say, by a key: of encodings first, since all else is read by them."""
        of_files = {f"encoding {file}": question for file, question in self.doubts.items()}
        if not self.proposal:
            return of_files
        of_others = {
            f"{other.lines}: {key}": replace(question, text=f"{other.lines}: {question.text}")
            for other in other_proposals(self.proposal)
            for key, question in other.questions.items()
        }
        return {**of_files, **self.proposal.questions, **of_others}

    def selects(self) -> dict[str, str]:
        """Return the four SELECTs as they stand: what the user wrote, else what follows from the choices."""
        lacking = not self.named and what_is_lacking(self.proposal, PLACES)
        proposed = self.named[1] if self.named else {} if lacking else proposed_selects(self.proposal)
        return {table: text for table, text in {**proposed, **self.edited}.items() if text.strip()}

    def mapping(self) -> dict:
        """Return the SELECTs and the encodings, as the settings take them."""
        return {**self.selects(), **({"encodings": self.encodings} if self.encodings else {})}

    def assumed(self) -> list[str]:
        """Return what the SELECTs take for granted, in words."""
        texts = [text for table, text in self.selects().items() if table not in self.edited]
        lines = "\n".join(texts).splitlines()
        return [line.removeprefix(ASSUMED) for line in lines if line.startswith(ASSUMED)]

    def count(self) -> None:
        """Count what would be loaded, anew if the SELECTs have changed; where that takes long, the figures only become stale."""
        mapping = self.mapping()
        placed = sorted(key for key, question in self.questions().items() if question.place)
        state = repr((mapping, placed))
        at_once = self.trial.tells(self.proposal, mapping)
        self.stale = state != self.previewed and self.took > PATIENCE and not at_once
        if state == self.previewed or self.stale:
            return
        begun, self.preview, self.cannot = time.monotonic(), None, ""
        doubtful = any(question.taken is None for question in self.doubts.values())
        try:
            if not doubtful and {"customers", "products", "orders"} <= set(mapping):
                self.preview = self.trial.preview(self.proposal, mapping)
        except (ShopProblem, sqlite3.Error) as problem:
            self.cannot = str(problem)
        self.previewed, self.took = state, self.took if at_once else time.monotonic() - begun

    def accepted_settings(self) -> Settings:
        """Return the settings with the mapping as it stands; raises ShopProblem where something is open."""
        if problem := self.problem():
            raise ShopProblem(problem)
        return replace(self.settings, mapping=self.mapping())

    def close(self) -> None:
        """Let go of the source, and of what was loaded of it on trial."""
        self.trial.close()
        opened, _ = OPEN_SOURCES.pop(self.key, (ExitStack(), None))
        opened.close()
