"""Feedback of the people who work the list: one SQLite file beside the runs, written by many at once."""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from duewise.contracts.feedback import (
    COLUMNS,
    FEEDBACK_FILE,
    KINDS,
    SCHEMA,
    Feedback,
    check_feedback,
    instant,
)
from duewise.errors import DuewiseError

__all__ = ["FEEDBACK_FILE", "KINDS", "Feedback", "FeedbackStore"]

_WAIT_SECONDS = 30.0
_FIELDS = ", ".join(COLUMNS)
_INSERT = f"INSERT INTO feedback ({_FIELDS}) VALUES ({', '.join('?' * len(COLUMNS))})"
_SAID = [name for name in COLUMNS if name != "at"]
_SAID_BEFORE = f"SELECT 1 FROM feedback WHERE {' AND '.join(f'{name} IS ?' for name in _SAID)} LIMIT 1"


class FeedbackStore:
    """Everything that was said back, in the order in which it was said; nothing is changed or removed.

    Every call opens its own connection, so one store may be shared by threads and by processes.

    Raises
    ------
    ValueError
        From `add` and `add_new`: the remark cannot be kept; one plain sentence says why.
    DuewiseError
        When the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, feedback: Feedback) -> int:
        """Keep one remark; return its number."""
        check_feedback(feedback)
        with self._writing() as con:
            return int(con.execute(_INSERT, _row(feedback)).lastrowid or 0)

    def add_new(self, remarks: Iterable[Feedback]) -> int:
        """Keep the remarks whose content, time aside, is not there yet, all or none; return how many.

        A file that is read back twice thus adds nothing the second time.
        """
        remarks = list(remarks)
        for feedback in remarks:
            check_feedback(feedback)
        added = 0
        with self._writing() as con:
            for feedback in remarks:
                at, *said = _row(feedback)
                if con.execute(_SAID_BEFORE, said).fetchone() is None:
                    con.execute(_INSERT, (at, *said))
                    added += 1
        return added

    def of(self, debtor_id: str) -> list[Feedback]:
        """Return what was said about one debtor, oldest first."""
        return self._select("WHERE debtor_id = ?", (debtor_id,))

    def all(self, since: datetime | None = None) -> list[Feedback]:
        """Return everything that was said, from `since` (aware) on, oldest first."""
        return self._select("", ()) if since is None else self._select("WHERE at >= ?", (instant(since),))

    def _select(self, where: str, values: tuple[str, ...]) -> list[Feedback]:
        if not self.path.exists():
            return []  # nobody has said anything yet: reading leaves no file behind
        with self._connected() as con:
            rows = con.execute(f"SELECT {_FIELDS} FROM feedback {where} ORDER BY at, id", values).fetchall()
        return [_feedback(row) for row in rows]

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection inside one transaction; other writers wait for their turn."""
        if not self.path.exists():
            _create(self.path)
        with self._connected() as con:
            con.execute("BEGIN IMMEDIATE")
            try:
                yield con
            except BaseException:
                con.execute("ROLLBACK")
                raise
            con.execute("COMMIT")

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(
                sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
            ) as con:
                yield con
        except sqlite3.Error as error:
            raise DuewiseError(
                f"{self.path}: feedback cannot be read or written ({error}). "
                "Check that the file is a feedback store and that its folder is writable."
            ) from error


def _create(path: Path) -> None:
    """Put an empty store at `path`, unless another process is faster.

    It is made aside and linked into place whole: nobody opens it half made or readable by others, and
    nobody's locks are dropped by opening the file to set its mode.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        fresh = Path(name)
        try:
            with contextlib.closing(sqlite3.connect(fresh)) as con:
                con.execute("PRAGMA journal_mode = WAL")
                con.executescript(SCHEMA)
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(fresh)
        finally:
            fresh.unlink()
    except (OSError, sqlite3.Error) as error:
        raise DuewiseError(f"{path}: the feedback store cannot be made ({error}).") from error


def _row(feedback: Feedback) -> tuple[Any, ...]:
    """Return the values of one row, in the order of the columns; the file keeps text and numbers only."""
    values = {
        **vars(feedback),
        "at": instant(feedback.at),
        "as_of": feedback.as_of.isoformat(),
        "due_on": None if feedback.due_on is None else feedback.due_on.isoformat(),
    }
    return tuple(values[name] for name in COLUMNS)


def _feedback(row: tuple[Any, ...]) -> Feedback:
    values = dict(zip(COLUMNS, row, strict=True))
    return Feedback(
        **{
            **values,
            "at": datetime.fromisoformat(values["at"]),
            "as_of": date.fromisoformat(values["as_of"]),
            "due_on": None if values["due_on"] is None else date.fromisoformat(values["due_on"]),
        }
    )
