"""The tables of `check`: what would be accepted, what put aside, which codes are not known."""

from typing import TYPE_CHECKING

from rich.table import Table as RichTable

from duewise.terminal import plain

if TYPE_CHECKING:
    from duewise.sources.report import AcceptanceReport


def counts_table(report: "AcceptanceReport") -> RichTable:
    """Return how many rows of each table were read, accepted and put aside."""
    overview = RichTable(title=f"Tables as of {report.as_of}", title_justify="left")
    for heading, justify in (
        ("table", "left"),
        ("read", "right"),
        ("accepted", "right"),
        ("bad", "right"),
        ("after the night", "right"),
        ("absent columns", "left"),
    ):
        overview.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for name, table in report.tables.items():
        overview.add_row(
            str(name),
            f"{table.read:,}",
            f"{table.accepted:,}",
            f"{table.bad:,}",
            f"{table.after_as_of:,}",
            ", ".join(table.absent_columns) if table.present else "(table absent)",
        )
    for name, table in report.feedback.tables.items():
        counts = (f"{n:,}" for n in (table.read, table.accepted, table.bad, table.after_as_of))
        overview.add_row(f"{name} from feedback", *counts, "")
    return overview


def faults_table(report: "AcceptanceReport") -> RichTable:
    """Return why rows are bad, one reason a row; empty when none is."""
    from duewise.sources.report import REASON_TEXTS

    detail = RichTable("table", "column", "reason", "rows", "meaning", "first rows")
    for name, table in [*report.tables.items(), *report.feedback.tables.items()]:
        for fault in table.faults:
            first = ", ".join(map(str, fault.first_rows))
            detail.add_row(
                str(name), fault.column, fault.reason, f"{fault.rows:,}", REASON_TEXTS[fault.reason], first
            )
    return detail


def unknown_codes_table(report: "AcceptanceReport") -> RichTable:
    """Return which codes the contract does not know, and how they were read; empty when it knows all."""
    unknown = RichTable("table", "column", "unknown code", "read as", "rows")
    for name, table in report.tables.items():
        for code in table.unknown_codes:
            value = "(empty)" if code.value is None else plain(code.value)
            unknown.add_row(str(name), code.column, value, code.fallback, f"{code.rows:,}")
    return unknown
