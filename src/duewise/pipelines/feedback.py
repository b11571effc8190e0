"""`duewise feedback`: take in what people wrote into the worklist, and give it out as tables."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from duewise.config import Portfolio
from duewise.contracts.spreadsheet_text import spreadsheet_text
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.errors import DuewiseError
from duewise.publish.feedback import FEEDBACK_FILE, FeedbackStore, time_of_remark
from duewise.publish.workbook_feedback import Unread, read_answers
from duewise.sources.feedback import contract_rows

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Imported:
    """What became of the answers in a workbook.

    Attributes
    ----------
    understood : int
        Remarks that the workbook holds.
    added : int
        Those of them that the store did not hold yet; 0 for a dry run.
    kinds : dict of kind to int
        Remarks of the workbook by kind.
    unread : list of Unread
        Rows that could not be understood.
    """

    understood: int
    added: int
    kinds: dict[str, int] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    dry_run: bool = False


def import_feedback(
    portfolio: Portfolio, workbook: Path, author: str, *, now: datetime | None = None, dry_run: bool = False
) -> Imported:
    """Keep what people wrote into a worklist; what was kept before is not kept twice.

    Parameters
    ----------
    author : str
        Who answers for the file.
    now : datetime, optional
        The clock (aware); default the present.

    Raises
    ------
    ConfigError, DataError, DuewiseError
        When the file cannot be read at all, or the store cannot be written. Rows that cannot be
        understood are told by ``unread``; the others are kept.
    """
    runs = portfolio.publish.runs
    answers = read_answers(workbook, time_of_remark(runs, now or datetime.now(UTC)), author)
    added = 0
    if answers.remarks and not dry_run:
        added = FeedbackStore(runs / FEEDBACK_FILE).add_new(answers.remarks)
    kinds = dict(sorted(Counter(remark.kind for remark in answers.remarks).items()))
    log.info("feedback_read", understood=len(answers.remarks), added=added, unread=len(answers.unread))
    return Imported(len(answers.remarks), added, kinds, answers.unread, dry_run)


def export_feedback(portfolio: Portfolio, folder: Path, since: datetime | None = None) -> dict[Path, int]:
    """Write what was said as ``contacts.csv`` and ``flags.csv`` of the contract; return rows by file.

    Raises
    ------
    DuewiseError
        When the store cannot be read or the folder not be written.
    """
    remarks = FeedbackStore(portfolio.publish.runs / FEEDBACK_FILE).all(since)
    written = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table, rows in contract_rows(remarks).items():
            path = folder / f"{table}.csv"
            _write_csv(path, table, rows)
            written[path] = len(rows)
    except OSError as error:
        raise DuewiseError(f"{folder}: cannot be written ({error.strerror}). Name another folder.") from error
    return written


def _write_csv(path: Path, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    names = list(TABLES[table].columns)
    # utf-8-sig: without the mark, Excel takes Chinese notes for another encoding.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def _cell(value: Any) -> Any:
    """Return a value as a cell; text that a spreadsheet would run as a formula gets an apostrophe."""
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return spreadsheet_text(value) if isinstance(value, str) else value
