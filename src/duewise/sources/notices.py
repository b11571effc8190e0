"""What managers are told about the input: warnings in the portfolio's language, and refusals."""

import functools
from collections.abc import Mapping
from datetime import date
from importlib import resources
from typing import Any

import yaml

from duewise.contracts.vocabulary import Table
from duewise.sources.feeds import Collapse
from duewise.sources.report import REASON_TEXTS, FaultCount, Reason, SourceWarning, TableReport

_REMEDIES: dict[Reason, str] = {
    Reason.MALFORMED_ROW: "quote fields that hold the separator, a quote or a line break",
    Reason.NULL_KEY: "fill the key, or map the column that holds it under mapping.{table}.columns",
    Reason.NULL_REQUIRED: "fill the column, or map the one that holds it under mapping.{table}.columns",
    Reason.UNREADABLE: "correct the values, say how dates are written under mapping.{table}.formats, or "
    "translate codes under mapping.{table}.codes",
    Reason.NEGATIVE: "give amounts without sign; the kind of a payment says which way it goes",
    Reason.TOO_SMALL: "correct the values in the export",
    Reason.TOO_LARGE: "correct the values in the export",
    Reason.DUPLICATE: "make the key unique, or map the column that is",
    Reason.EXACT_DUPLICATE: "export every row once",
    Reason.UNKNOWN_DEBTOR: "export debtors of the same moment; rows of refused debtors are refused too",
    Reason.UNKNOWN_ACCOUNT: "export accounts of the same moment; rows of refused accounts are refused too",
    Reason.EVENT_IN_FUTURE: "check mapping.{table}.timezone and the clock of the exporting system",
    Reason.ENDS_BEFORE_START: "correct the two times in the export",
}

_FAULTS_NAMED = 4


def warning(code: str, language: str, table: Table, **facts: Any) -> SourceWarning:
    """Return the warning `code` about `table`, worded in `language`."""
    words = _texts()[code][language].format(table=table, **facts)
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in facts.items()}
    return SourceWarning(code, words, table, plain)


@functools.cache
def _texts() -> dict[str, dict[str, str]]:
    text = resources.files("duewise.sources").joinpath("notices.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def table_warnings(
    reports: Mapping[Table, TableReport], as_of: date, share: float, language: str
) -> list[SourceWarning]:
    """Return warnings about single tables.

    Parameters
    ----------
    share : float
        Share of rows with a code outside the vocabulary above which managers are told.
    """
    warnings = []
    for table, report in reports.items():
        if table is Table.CONTACTS and report.read == 0:
            warnings.append(warning("table_empty", language, table))
        for column, rows in report.unknown_code_rows.items():
            codes = [code for code in report.unknown_codes if code.column == column]
            if rows > share * report.read:
                examples = ", ".join(
                    "(empty)" if code.value is None else repr(code.value) for code in codes[:3]
                )
                warnings.append(
                    warning(
                        "unknown_codes",
                        language,
                        table,
                        rows=rows,
                        read=report.read,
                        column=column,
                        examples=examples,
                        fallback=codes[0].fallback,
                    )
                )
    return warnings


def stale_feed(table: Table, newest: date, days: int, as_of: date, language: str) -> SourceWarning:
    """Return the warning that a feed has stopped."""
    return warning("feed_stale", language, table, newest=newest, days=days, as_of=as_of)


def collapsed_feed(table: Table, found: Collapse, language: str) -> SourceWarning:
    """Return the warning that yesterday was not fully loaded."""
    return warning("volume_collapsed", language, table, day=found.day, rows=found.rows, usual=found.usual)


def run_notes(reports: Mapping[Table, TableReport]) -> list[str]:
    """Return what the run takes for granted, one sentence each."""
    notes = []
    for table, report in reports.items():
        if not report.present:
            notes.append(f"{table}: is absent and counts as empty.")
            continue
        if "recorded_at" in report.absent_columns:
            notes.append(
                f"{table}: has no `recorded_at`; facts count as known from the moment they happened."
            )
        if report.timezone != "UTC":
            notes.append(f"{table}: times without a zone are read as {report.timezone}.")
        if report.after_as_of:
            notes.append(f"{table}: {report.after_as_of:,} events after the as-of day were put aside.")
        notes += [
            f"{file.path.name}: is not UTF-8 and was read as GB18030."
            for file in report.files
            if file.encoding_guessed
        ]
        notes += [
            f"{table}.{column}: numbers are read with a decimal comma." for column in report.decimal_comma
        ]
    return notes


def without_account(debtors: int, read: int) -> str:
    """Return the note that some debtors cannot get a strategy."""
    return (
        f"debtors: {debtors:,} of {read:,} rows of debtors have no account and get no strategy; if they owe, "
        "export their accounts too."
    )


def too_many_bad(report: TableReport, limit: float) -> str:
    """Return why a table with too large a share of bad rows stops the run."""
    known = report.read - report.after_as_of
    named = [_fault_sentence(fault) for fault in report.faults[:_FAULTS_NAMED]]
    further = len(report.faults) - _FAULTS_NAMED
    if further > 0:
        named.append(f"and {further} more kinds")
    remedy = f"For the first of these {_REMEDIES[report.faults[0].reason].format(table=report.table)}"
    return (
        f"{file_name(report)}: {report.bad:,} of {known:,} rows ({report.bad_share:.2%}) are bad; "
        f"the limit is {limit:.2%}. {'; '.join(named)}. {remedy}; or raise sources.max_bad_share."
    )


def _fault_sentence(fault: FaultCount) -> str:
    where = f"`{fault.column}`: " if fault.column else ""
    rows = "row" if fault.rows == 1 else "rows"
    first = ", ".join(map(str, fault.first_rows))
    return f"{where}{REASON_TEXTS[fault.reason]} ({fault.reason}) in {fault.rows:,} {rows} (first: {first})"


def empty_table(report: TableReport) -> str:
    """Return why a table without rows stops the run."""
    return (
        f"{file_name(report)}: holds no rows, and nothing can be decided without {report.table}. "
        "Check that the export was written in full."
    )


def file_name(report: TableReport) -> str:
    """Return how messages call the file of a table."""
    return report.files[0].path.name if report.files else str(report.table)
