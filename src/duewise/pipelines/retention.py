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
from duewise.errors import ConfigError, DuewiseError
from duewise.publish.database.erasure import drop_nights, erase_rows
from duewise.publish.erasure import copy_without
from duewise.publish.feedback import FEEDBACK_FILE, FeedbackStore
from duewise.publish.run_folder import LATEST, clear_leftovers, open_run, run_lock
from duewise.sources.ownership import accounts_of

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
    accounts : int or None
        Accounts of theirs that the sources named; None when the sources could not be read, so that rows in
        quarantine which name an account only may be left.
    """

    nights: tuple[str, ...] = ()
    rows: int = 0
    accounts: int | None = 0


def retention(
    portfolio: Portfolio, today: date, *, erase: Sequence[str] = (), dry_run: bool = False
) -> Retained:
    """Remove runs older than ``publish.keep_days``, and every row that names one of `erase`.

    Parameters
    ----------
    erase : sequence of str
        Ids of debtors. Their accounts are looked up in the sources, for a payment in quarantine names an
        account only; where the sources know them no longer, ids of accounts may be given too. A record of
        the erasure, without the ids, is added to ``<publish.runs>/erasures.jsonl``.

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
    if not erase:
        log.info("retention_done", nights=len(nights))
        return Retained(nights)
    accounts = _accounts(portfolio, erase)
    rows = _erase(portfolio, [*erase, *(accounts or ())])
    log.info("retention_done", nights=len(nights), rows=rows)
    return Retained(nights, rows, None if accounts is None else len(accounts))


def _accounts(portfolio: Portfolio, debtors: Sequence[str]) -> list[str] | None:
    """Return the accounts of `debtors`; None when nobody can say, which must not stop an erasure."""
    nights = _nights(portfolio.publish.runs)
    if not nights:
        return []
    try:
        return accounts_of(portfolio, date.fromisoformat(nights[-1]), debtors)
    except DuewiseError as error:
        log.warning("accounts_not_looked_up", reason=str(error))
        return None


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
