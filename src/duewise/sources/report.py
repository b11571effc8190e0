"""What acceptance found: counts and reasons, ready for a table on the screen and for the manifest."""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from duewise.contracts.vocabulary import Table


class Reason(StrEnum):
    """Why a row is not accepted."""

    MALFORMED_ROW = "malformed_row"
    NULL_KEY = "null_key"
    NULL_REQUIRED = "null_required"
    UNREADABLE = "unreadable"
    NEGATIVE = "negative"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    DUPLICATE = "duplicate"
    EXACT_DUPLICATE = "exact_duplicate"
    UNKNOWN_DEBTOR = "unknown_debtor"
    UNKNOWN_ACCOUNT = "unknown_account"
    EVENT_IN_FUTURE = "event_in_future"
    ENDS_BEFORE_START = "ends_before_start"


REASON_TEXTS: dict[Reason, str] = {
    Reason.MALFORMED_ROW: "the row has too few or too many fields, or a quote that does not close",
    Reason.NULL_KEY: "the key is empty",
    Reason.NULL_REQUIRED: "a required value is empty",
    Reason.UNREADABLE: "the value cannot be read as what the column holds",
    Reason.NEGATIVE: "the number is negative",
    Reason.TOO_SMALL: "the number is below what is possible",
    Reason.TOO_LARGE: "the number is above what is possible",
    Reason.DUPLICATE: "an earlier row has the same key",
    Reason.EXACT_DUPLICATE: "an earlier row is the same in every column",
    Reason.UNKNOWN_DEBTOR: "no accepted row of debtors has this id",
    Reason.UNKNOWN_ACCOUNT: "no accepted row of accounts has this id",
    Reason.EVENT_IN_FUTURE: "the event lies in the future",
    Reason.ENDS_BEFORE_START: "it ends before it starts",
}


@dataclass(frozen=True)
class SourceFile:
    """One file as it was read."""

    path: Path
    sha256: str
    bytes: int
    encoding: str | None = None
    encoding_guessed: bool = False
    delimiter: str | None = None


@dataclass(frozen=True)
class FaultCount:
    """Rows of one table that one reason keeps out because of one column, and the first row numbers."""

    column: str
    reason: Reason
    rows: int
    first_rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class UnknownCode:
    """A client's code outside the vocabulary, and what stands for it; `value` is None for an empty one."""

    column: str
    value: str | None
    fallback: str
    rows: int


@dataclass(frozen=True)
class TableReport:
    """What became of one table; ``accepted + quarantined == read``, always."""

    table: Table
    files: tuple[SourceFile, ...] = ()
    read: int = 0
    accepted: int = 0
    bad: int = 0
    after_as_of: int = 0
    faults: tuple[FaultCount, ...] = ()
    unknown_codes: tuple[UnknownCode, ...] = ()
    absent_columns: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    timezone: str = "UTC"
    decimal_comma: tuple[str, ...] = ()
    present: bool = True

    @property
    def quarantined(self) -> int:
        """Rows kept out: bad ones, and events after the end of the as-of day."""
        return self.bad + self.after_as_of

    @property
    def bad_share(self) -> float:
        """Bad rows over the rows that the as-of day can know; 0 for an empty table."""
        known = self.read - self.after_as_of
        return self.bad / known if known else 0.0

    @property
    def reasons(self) -> dict[str, int]:
        """Rows by reason, over all columns; a row with two reasons counts under both."""
        counts: Counter[str] = Counter()
        for fault in self.faults:
            counts[str(fault.reason)] += fault.rows
        return dict(counts)

    @property
    def unknown_code_rows(self) -> dict[str, int]:
        """Values outside the vocabulary, by column."""
        counts: Counter[str] = Counter()
        for code in self.unknown_codes:
            counts[code.column] += code.rows
        return dict(counts)


@dataclass(frozen=True)
class FeedbackReport:
    """What people said about debtors before the night, and what became of it.

    Attributes
    ----------
    sha256 : str or None
        Hash of what was said; None where nothing was.
    kinds : dict of kind to int
        Remarks by kind.
    tables : dict of Table to TableReport
        What became of the rows that the remarks stand for.
    for_managers : tuple of dict
        The newest remarks that change no fact: time, author, night, debtor, kind and note.
    """

    sha256: str | None = None
    kinds: dict[str, int] = field(default_factory=dict)
    tables: dict[Table, TableReport] = field(default_factory=dict)
    for_managers: tuple[dict[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values for the manifest, in which nobody is named."""
        return {
            "sha256": self.sha256,
            "remarks": sum(self.kinds.values()),
            "kinds": self.kinds,
            "tables": {
                str(name): {
                    "read": table.read,
                    "accepted": table.accepted,
                    "quarantined": table.quarantined,
                    "reasons": table.reasons,
                }
                for name, table in self.tables.items()
            },
        }


@dataclass(frozen=True)
class SourceWarning:
    """Something that managers should see; `code` is stable, `text` is in the portfolio's language."""

    code: str
    text: str
    table: Table | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AcceptanceReport:
    """What was read for one date, what was accepted, and what a manager should know.

    Attributes
    ----------
    refusals : tuple of str
        Why a run must not go on, one paragraph each; empty when it may.
    notes : tuple of str
        What the run took for granted (clocks, encodings, zones); nobody needs to act.
    feedback : FeedbackReport
        What people said about debtors before the night; counted apart from the client's tables.
    """

    as_of: date
    tables: dict[Table, TableReport]
    warnings: tuple[SourceWarning, ...] = ()
    refusals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    feedback: FeedbackReport = field(default_factory=FeedbackReport)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values for the manifest."""
        tables = {
            str(name): {
                **dataclasses.asdict(table),
                "files": [{**dataclasses.asdict(file), "path": str(file.path)} for file in table.files],
                "quarantined": table.quarantined,
            }
            for name, table in self.tables.items()
        }
        return {
            "as_of": self.as_of.isoformat(),
            "tables": tables,
            "warnings": [dataclasses.asdict(warning) for warning in self.warnings],
            "refusals": list(self.refusals),
            "notes": list(self.notes),
        }
