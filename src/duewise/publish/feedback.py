"""Feedback of the people who work the list: one SQLite file beside the runs, written by many at once."""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

from duewise.contracts.feedback import (
    COLUMNS,
    FEEDBACK_FILE,
    KINDS,
    SCHEMA,
    Feedback,
    check_feedback,
    feedback_of,
    instant,
    row_of,
)
from duewise.errors import DuewiseError
from duewise.publish.run_folder import LATEST

__all__ = ["FEEDBACK_FILE", "KINDS", "Feedback", "FeedbackStore", "time_of_remark"]

_WAIT_SECONDS = 30.0
_FIELDS = ", ".join(COLUMNS)
_INSERT = f"INSERT INTO feedback ({_FIELDS}) VALUES ({', '.join('?' * len(COLUMNS))})"
_SAID = [name for name in COLUMNS if name not in ("at", "author")]
_SAID_BEFORE = f"SELECT 1 FROM feedback WHERE {' AND '.join(f'{name} IS ?' for name in _SAID)} LIMIT 1"


class FeedbackStore:
    """Everything that was said back, in the order in which it was said; nothing is ever changed.

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
            return int(con.execute(_INSERT, row_of(feedback)).lastrowid or 0)

    def add_new(self, remarks: Iterable[Feedback]) -> int:
        """Keep the remarks whose content is not there yet, whoever gave it and when; return how many.

        All are kept or none. A file that is read back twice, by whomever, adds nothing the second time.
        """
        remarks = list(remarks)
        for feedback in remarks:
            check_feedback(feedback)
        added = 0
        with self._writing() as con:
            for feedback in remarks:
                row = row_of(feedback)
                said = [value for name, value in zip(COLUMNS, row, strict=True) if name in _SAID]
                if con.execute(_SAID_BEFORE, said).fetchone() is None:
                    con.execute(_INSERT, row)
                    added += 1
        return added

    def forget(self, debtor_id: str) -> int:
        """Remove all that was said about a debtor who asks to be forgotten; return how much it was."""
        if not self.path.exists():
            return 0
        with self._writing() as con:
            con.execute("PRAGMA secure_delete = ON")  # overwritten, not only unlinked
            removed = con.execute("DELETE FROM feedback WHERE debtor_id = ?", (debtor_id,)).rowcount
        with self._connected() as con:
            con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(removed)

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
        return [feedback_of(row) for row in rows]

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


def time_of_remark(runs: Path, now: datetime) -> datetime:
    """Return when a remark of `now` (aware) counts as given: `now`, but on the newest night's day at latest.

    Nights are replayed and shown long after their day; what is said about the newest of them must reach
    the night that follows it, whenever that one is decided. Nights that stand are not touched, for each
    knows only what was said before its own 00:00 UTC.
    """
    try:
        newest = date.fromisoformat((runs / LATEST).resolve().name)
    except ValueError:
        return now.astimezone(UTC)
    last = datetime.combine(newest, time.max, tzinfo=UTC)
    return min(now.astimezone(UTC), last)
