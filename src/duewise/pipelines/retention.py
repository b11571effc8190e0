"""`duewise retention`: runs that have become old, and people who ask to be forgotten."""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog

from duewise.config import Portfolio
from duewise.errors import ConfigError
from duewise.publish.database.erasure import drop_nights, erase_rows
from duewise.publish.erasure import copy_without
from duewise.publish.feedback import FEEDBACK_FILE, FeedbackStore
from duewise.publish.run_folder import LATEST, clear_leftovers, open_run, run_lock

log = structlog.get_logger(__name__)

RECORD = "erasures.jsonl"
_FAILED = ".failed"


@dataclass(frozen=True)
class Retained:
    """What was removed.

    Attributes
    ----------
    nights : tuple of str
        Nights whose runs were removed because they are old.
    rows : int
        Rows erased from files and database.
    """

    nights: tuple[str, ...] = ()
    rows: int = 0


def retention(
    portfolio: Portfolio, today: date, *, erase: Sequence[str] = (), dry_run: bool = False
) -> Retained:
    """Remove runs older than ``publish.keep_days``, and every row that names one of `erase`.

    Parameters
    ----------
    erase : sequence of str
        Ids of a debtor and of the debtor's accounts: a payment in quarantine names an account only. A record
        of the erasure, without the ids, is added to ``<publish.runs>/erasures.jsonl``.

    Raises
    ------
    ConfigError
        When there is nothing to do, or an id is empty.
    LockError
        When a night is being written.
    """
    runs, keep = portfolio.publish.runs, portfolio.publish.keep_days
    if keep is None and not erase:
        raise ConfigError("Nothing to do: set publish.keep_days, or name who is to be erased with --erase.")
    if not all(one.strip() for one in erase):
        raise ConfigError("--erase: an id is empty.")
    nights = () if keep is None else _old_nights(runs, today - timedelta(days=keep))
    if dry_run or not runs.is_dir():
        return Retained(nights)
    _remove(portfolio, nights)
    rows = _erase(portfolio, erase) if erase else 0
    log.info("retention_done", nights=len(nights), rows=rows)
    return Retained(nights, rows)


def _old_nights(runs: Path, first_kept: date) -> tuple[str, ...]:
    """Return the nights before `first_kept`; the latest stays, however old, for people work from it."""
    latest = (runs / LATEST).resolve().name
    return tuple(name for name in _nights(runs) if date.fromisoformat(name) < first_kept and name != latest)


def _nights(runs: Path) -> list[str]:
    names = {path.name.removesuffix(_FAILED) for path in runs.glob("[0-9]*-[0-9]*-[0-9]*") if path.is_dir()}
    return sorted(name for name in names if _is_date(name))


def _is_date(name: str) -> bool:
    try:
        date.fromisoformat(name)
    except ValueError:
        return False
    return True


def _remove(portfolio: Portfolio, nights: Sequence[str]) -> None:
    runs, database = portfolio.publish.runs, portfolio.publish.database
    with run_lock(runs):
        clear_leftovers(runs)
        for night in nights:
            for folder in (runs / night, runs / f"{night}{_FAILED}"):
                # Renamed first: a kill in the middle leaves no half of a run to be seen.
                if folder.exists():
                    doomed = runs / f".{folder.name}.partial"
                    folder.rename(doomed)
                    shutil.rmtree(doomed)
    if database is not None:
        drop_nights(database, portfolio.portfolio.name, nights)


def _erase(portfolio: Portfolio, ids: Sequence[str]) -> int:
    runs, database = portfolio.publish.runs, portfolio.publish.database
    rows = 0
    for night in _nights(runs):
        if (runs / night).is_dir():
            with open_run(runs, date.fromisoformat(night)) as folder:
                found = copy_without(runs / night, folder.partial, ids)
                if found:
                    folder.publish()
                rows += found
        # Rows of a night that was refused help nobody once they were looked at.
        shutil.rmtree(runs / f"{night}{_FAILED}", ignore_errors=True)
    said = FeedbackStore(runs / FEEDBACK_FILE)
    rows += sum(said.forget(one) for one in ids)
    if database is not None:
        rows += erase_rows(database, portfolio.portfolio.name, ids)
    _write_record(runs / RECORD, ids, rows)
    return rows


def _write_record(path: Path, ids: Sequence[str], rows: int) -> None:
    """Add who asked and what was done: whoever knows the id can prove it, nobody can read it out."""
    salt = secrets.token_hex(16)
    entry = {
        "at": datetime.now(UTC).isoformat("T", "seconds"),
        "salt": salt,
        "subjects": [hashlib.sha256(f"{salt}{one}".encode()).hexdigest() for one in ids],
        "rows": rows,
    }
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as record:
        record.write(json.dumps(entry) + "\n")
        record.flush()
        os.fsync(record.fileno())
