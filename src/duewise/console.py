"""What a person sees on a terminal, and what a machine reads otherwise."""

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table as RichTable

from duewise.errors import DuewiseError

if TYPE_CHECKING:
    from duewise.pipelines.nightly import Night
    from duewise.pipelines.sample import SampleSummary
    from duewise.pipelines.train import TrainingResult
    from duewise.sources.report import AcceptanceReport

_out = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 160)
_err = Console(stderr=True, soft_wrap=True)


def configure_logging() -> None:
    """Send progress to stderr: readable lines on a terminal, JSON lines otherwise."""
    import structlog

    terminal = sys.stderr.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def print_error(error: DuewiseError) -> None:
    """Print why a run stopped and what to do."""
    import structlog

    if _err.is_terminal:
        _err.print(f"[bold red]duewise:[/] {_plain(str(error))}")
    else:
        structlog.get_logger("duewise").error(
            "failed", kind=type(error).__name__, exit_code=error.exit_code, message=str(error)
        )


def print_sample(summary: "SampleSummary") -> None:
    """Print what was simulated and where it is."""
    rows = ", ".join(f"{count:,} {table}" for table, count in summary.rows.items())
    _out.print(f"sample: {rows or 'nothing written'} in {summary.path} (truth in {summary.truth_path})")


def print_acceptance(report: "AcceptanceReport") -> None:
    """Print what would be accepted, put aside and doubted, as tables."""
    from duewise.sources.report import REASON_TEXTS

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
    _out.print(overview)
    faults = [(name, fault) for name, table in report.tables.items() for fault in table.faults]
    if faults:
        detail = RichTable("table", "column", "reason", "rows", "meaning", "first rows")
        for name, fault in faults:
            first = ", ".join(map(str, fault.first_rows))
            detail.add_row(
                str(name), fault.column, fault.reason, f"{fault.rows:,}", REASON_TEXTS[fault.reason], first
            )
        _out.print(detail)
    codes = [(name, code) for name, table in report.tables.items() for code in table.unknown_codes]
    if codes:
        unknown = RichTable("table", "column", "unknown code", "read as", "rows")
        for name, code in codes:
            value = "(empty)" if code.value is None else _plain(code.value)
            unknown.add_row(str(name), code.column, value, code.fallback, f"{code.rows:,}")
        _out.print(unknown)
    for warning in report.warnings:
        _out.print(f"[yellow]warning[/] {_plain(warning.text)}")
    for note in report.notes:
        _out.print(f"note: {_plain(note)}")


def print_training(result: "TrainingResult") -> None:
    """Print the figures of a training beside its baselines."""
    figures = RichTable(title=f"Models as of {result.as_of}, judged on later nights and other debtors")
    figures.add_column("horizon")
    figures.add_column("model")
    names = ("auc", "pr_auc", "brier", "log_loss", "ece", "top_decile_capture")
    for name in names:
        figures.add_column(name.replace("_", " "), justify="right")
    for horizon, judged in result.judged.items():
        for model, estimates in judged.probability.figures.items():
            figures.add_row(f"{horizon} days", model, *(str(estimates[name]) for name in names))
    if result.judged:
        _out.print(figures)
    for warning in result.warnings:
        _out.print(f"[yellow]warning[/] {_plain(warning)}")
    if result.registered is None:
        rows = ", ".join(f"{count:,} debtor-nights for {days} days" for days, count in result.rows.items())
        _out.print(f"dry run: {rows}; nothing was fitted or written")
    else:
        registered = result.registered
        _out.print(f"registered version {registered.version} of {registered.name} as {registered.alias}")


def print_night(night: "Night") -> None:
    """Print what a night decided in a few lines."""
    manifest = night.manifest
    totals = manifest["totals"]
    for warning in night.warnings:
        _out.print(f"[yellow]warning[/] {_plain(warning['text'])}")
    actions = ", ".join(f"{count:,} {action}" for action, count in totals["actions"].items())
    _out.print(
        f"night {manifest['as_of']}: {totals['debtors']:,} debtors owe {totals['balance']:,.0f} "
        f"{manifest['portfolio']['portfolio']['currency']}; {actions or 'no action'}"
    )
    if night.unchanged:
        _out.print(f"nothing has changed since run {manifest['run_id']}; --force decides again")
    if night.folder is not None:
        _out.print(f"run {manifest['run_id']} in {night.folder}")
    else:
        _out.print("dry run: nothing was written")


def print_where_to_look(night: "Night", portfolio: Path) -> None:
    """Print where the worklist and the report of a demo are, and what to try next."""
    for what, name in (
        ("worklist", "worklist.xlsx"),
        ("report", "report.html"),
        ("all rows", "strategies.parquet"),
    ):
        _out.print(f"{what:<9} {night.folder}/{name}")
    _out.print(f"next      duewise check {portfolio} --as-of {night.manifest['as_of']}")


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
