"""What people say back about a debtor of last night's worklist, and the table in which it is kept."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from duewise.contracts.vocabulary import CHANNELS

KINDS: tuple[str, ...] = (
    "wrong_number",
    "promised",
    "paid_elsewhere",
    "disputes",
    "hardship",
    "do_not_contact",
    "disagree",
)

FEEDBACK_FILE = "feedback.sqlite"
"""Name of the store in the folder of the runs."""

COLUMNS: tuple[str, ...] = (
    "at",
    "author",
    "as_of",
    "debtor_id",
    "kind",
    "note",
    "amount",
    "due_on",
    "channel",
)

# `written_at` is the clock's own time: `at` may lie on a replayed night's day.
SCHEMA = """
CREATE TABLE feedback (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         TEXT NOT NULL,
    author     TEXT NOT NULL,
    as_of      TEXT NOT NULL,
    debtor_id  TEXT NOT NULL,
    kind       TEXT NOT NULL,
    note       TEXT NOT NULL,
    amount     REAL,
    due_on     TEXT,
    channel    TEXT,
    written_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE INDEX feedback_by_debtor ON feedback (debtor_id, at);
CREATE INDEX feedback_by_time ON feedback (at);
"""

_LONGEST_NOTE = 2000
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Feedback:
    """One remark about one debtor.

    Attributes
    ----------
    at : datetime
        When it was given; aware, kept in UTC.
    author : str
        Who gave it.
    as_of : date
        The night it speaks of.
    kind : str
        One of :data:`KINDS`.
    amount, due_on : float and date, optional
        What was promised and by when; a promise has both.
    channel : str, optional
        The channel it concerns; None means the telephone where a contact is told of, and every channel
        where the debtor wants none.
    """

    at: datetime
    author: str
    as_of: date
    debtor_id: str
    kind: str
    note: str = ""
    amount: float | None = None
    due_on: date | None = None
    channel: str | None = None


def instant(at: datetime) -> str:
    """Return an aware time as the store keeps it: UTC, of one width, so that text sorts as time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def row_of(feedback: Feedback) -> tuple[Any, ...]:
    """Return the values of one row, in the order of :data:`COLUMNS`; the file keeps text and numbers only."""
    values = {
        **vars(feedback),
        "at": instant(feedback.at),
        "as_of": feedback.as_of.isoformat(),
        "due_on": None if feedback.due_on is None else feedback.due_on.isoformat(),
    }
    return tuple(values[name] for name in COLUMNS)


def feedback_of(row: Sequence[Any]) -> Feedback:
    """Return the remark that a row holds."""
    values = dict(zip(COLUMNS, row, strict=True))
    due = values["due_on"]
    return Feedback(
        **{
            **values,
            "at": datetime.fromisoformat(values["at"]),
            "as_of": date.fromisoformat(values["as_of"]),
            "due_on": None if due is None else date.fromisoformat(due),
        }
    )


def check_feedback(feedback: Feedback) -> None:
    """Raise ``ValueError`` with a plain sentence for a remark that cannot be kept."""
    if feedback.kind not in KINDS:
        raise ValueError(f"Unknown kind of feedback {feedback.kind!r}; the kinds are {', '.join(KINDS)}.")
    if feedback.at.tzinfo is None:
        raise ValueError("The time of the feedback has no zone; give it in UTC.")
    for name, text in (("debtor", feedback.debtor_id), ("author", feedback.author)):
        if not text.strip() or len(text) > _LONGEST_NAME:
            raise ValueError(f"The {name} of the feedback must have 1 to {_LONGEST_NAME} characters.")
    if not all(_is_text(text) for text in (feedback.debtor_id, feedback.author, feedback.note)):
        raise ValueError("The feedback holds half a character, which no file can keep.")
    if len(feedback.note) > _LONGEST_NOTE:
        raise ValueError(f"The note has {len(feedback.note):,} characters; at most {_LONGEST_NOTE:,} fit.")
    if feedback.channel is not None and feedback.channel not in CHANNELS:
        raise ValueError(f"Unknown channel {feedback.channel!r}; the channels are {', '.join(CHANNELS)}.")
    if feedback.amount is not None and not (math.isfinite(feedback.amount) and feedback.amount > 0):
        raise ValueError("The amount must be a number above zero.")
    if feedback.kind == "promised":
        _check_promise(feedback)


def _is_text(text: str) -> bool:
    """Return whether UTF-8 can write `text`; half a surrogate pair, as forms and JSON may send, it cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _check_promise(feedback: Feedback) -> None:
    if feedback.amount is None:
        raise ValueError("A promise needs the amount that was promised.")
    if feedback.due_on is None:
        raise ValueError("A promise needs the date by which it was promised.")
    if feedback.due_on < feedback.as_of:
        raise ValueError(
            f"The promise is due on {feedback.due_on}, before the night of {feedback.as_of} it speaks of."
        )
