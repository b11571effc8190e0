"""The columns of the worklist in which people answer: how they are written, and how they are read back."""

import contextlib
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from duewise.contracts.feedback import KINDS, Feedback, check_feedback
from duewise.contracts.labels import code_label, code_labels
from duewise.contracts.vocabulary import CHANNELS, LANGUAGES
from duewise.errors import ConfigError, DataError

COLUMNS: tuple[str, ...] = ("kind", "amount", "due_on", "note")
"""What people fill in, in the order of the sheet."""

KEY_HEADING = "duewise"
"""Heading of the hidden column that says whom and which night a row is about."""

# A worklist shrinks some fifteen times; a bomb shrinks a thousand times.
_BOMB_RATIO, _BOMB_BYTES = 100, 1 << 28

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_SPOKEN_OF = ("wrong_number", "promised")
"""Kinds that concern the channel of the row; the others concern the debtor whatever the channel."""


@dataclass(frozen=True)
class Unread:
    """A row that could not be understood: the sheet, the row as Excel counts it, and why."""

    sheet: str
    row: int
    reason: str


@dataclass(frozen=True)
class Answers:
    """What a workbook says.

    Attributes
    ----------
    remarks : list of Feedback
        In the order of sheets and rows.
    unread : list of Unread
        Rows in which something was written that cannot be understood.
    """

    remarks: list[Feedback]
    unread: list[Unread]


def row_key(as_of: date, debtor_id: str, action: str) -> str:
    """Return what the hidden column holds: ASCII, so that any id comes through a spreadsheet unchanged."""
    return json.dumps([as_of.isoformat(), debtor_id, action])


def heading(column: str, language: str) -> str:
    """Return the heading of a column that people fill in."""
    return code_label("feedback_column", column, language)


def read_answers(path: Path, at: datetime, author: str) -> Answers:
    """Return what people wrote into a worklist, whatever its language and however its rows were sorted.

    Parameters
    ----------
    at : datetime
        When the remarks count as given (aware).

    Raises
    ------
    ConfigError
        When there is no such file, or the reader of workbooks is not installed.
    DataError
        When the file is not a workbook, or no sheet of it has the columns of a worklist.
    """
    found = Answers([], [])
    worklists = 0
    for sheet, rows in _sheets(path):
        places = _places(rows[0] if rows else ())
        if places is None:
            continue
        worklists += 1
        for number, row in enumerate(rows[1:], start=2):
            written = {name: row[place] if place < len(row) else None for name, place in places.items()}
            if all(written[name] in (None, "") for name in COLUMNS):
                continue
            try:
                found.remarks.append(_remark(written, at, author))
            except ValueError as error:
                found.unread.append(Unread(sheet, number, str(error)))
    if not worklists:
        raise DataError(
            f"{path}: no sheet has the feedback columns of a worklist in its first row. "
            "Give the worklist.xlsx of a night, as it was written or with rows filled in."
        )
    return found


def _sheets(path: Path) -> Iterator[tuple[str, list[Sequence[Any]]]]:
    """Yield the title and the rows of each sheet."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    if not path.is_file():
        raise ConfigError(f"{path}: no such file. Name a worklist.xlsx that was filled in.")
    # A damaged part of the archive is a SyntaxError of the XML parser; a damaged cell a ValueError.
    damage = (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError)
    try:
        _refuse_bomb(path)
        with contextlib.closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # other programs write wrong ones, and rows beyond would be lost
                rows = list(sheet.iter_rows(values_only=True))
                yield sheet.title, rows
    except damage as error:
        raise DataError(f"{path}: is not a workbook that can be read ({error}). Save it as .xlsx.") from error


def _refuse_bomb(path: Path) -> None:
    """Refuse an archive that would unpack to far more than any worklist."""
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > max(_BOMB_BYTES, _BOMB_RATIO * path.stat().st_size):
        raise DataError(
            f"{path}: would unpack to {unpacked / 2**30:,.1f} GiB, more than {_BOMB_RATIO} times its size. "
            "Give the worklist.xlsx of a night."
        )


def _places(headings: Sequence[Any]) -> dict[str, int] | None:
    """Return where the key and the answers stand; None for a sheet that is not a worklist."""
    at = {text: place for place, text in enumerate(headings) if isinstance(text, str)}
    for language in LANGUAGES:
        wanted = {"key": KEY_HEADING, **{name: heading(name, language) for name in COLUMNS}}
        if all(text in at for text in wanted.values()):
            return {name: at[text] for name, text in wanted.items()}
    return None


def _remark(written: dict[str, Any], at: datetime, author: str) -> Feedback:
    as_of, debtor_id, action = _key(written["key"])
    kind = _kind(written["kind"])
    remark = Feedback(
        at=at,
        author=author,
        as_of=as_of,
        debtor_id=debtor_id,
        kind=kind,
        note=_text(written["note"]),
        amount=_amount(written["amount"]),
        due_on=_day(written["due_on"]),
        channel=action if kind in _SPOKEN_OF and action in CHANNELS else None,
    )
    check_feedback(remark)
    return remark


def _key(value: Any) -> tuple[date, str, str]:
    try:
        as_of, debtor_id, action = json.loads(value)
        return date.fromisoformat(as_of), str(debtor_id), str(action)
    except (TypeError, ValueError) as error:
        raise ValueError("The hidden last column of the row is empty or damaged.") from error


def _kind(value: Any) -> str:
    text = _text(value)
    if not text:
        raise ValueError("No feedback is chosen beside the amount, the date or the note.")
    for language in LANGUAGES:
        for kind, label in code_labels("feedback", language).items():
            if text.casefold() in (label.casefold(), kind):
                return kind
    names = ", ".join(KINDS)
    raise ValueError(f"The feedback {text[:60]!r} is not in the list ({names}).")


def _amount(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    text = _text(value).replace(",", "").replace("，", "").strip("¥￥$€£₹元 ")
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"The amount {_text(value)[:60]!r} is not a number.") from error


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    text = _text(value)
    if not text:
        return None
    parts = _DATE.fullmatch(text)
    try:
        if parts:
            return date(*map(int, parts.groups()))
    except ValueError:
        pass  # such as the 31st of June
    raise ValueError(f"The date {text[:60]!r} is not a date; write it as 2026-06-30.")


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
