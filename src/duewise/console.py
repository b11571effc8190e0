"""What a person sees of the commands on a terminal, and what a machine reads otherwise."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table as RichTable

from duewise.console_acceptance import counts_table, faults_table, unknown_codes_table
from duewise.console_whatif import frontier_table, limits_table, sums_table
from duewise.errors import DuewiseError
from duewise.progress import clear_progress
from duewise.terminal import err, out, plain

if TYPE_CHECKING:
    from duewise.pipelines.nightly import Night
    from duewise.pipelines.recheck import Recheck
    from duewise.pipelines.retention import Retained
    from duewise.pipelines.sample import SampleSummary
    from duewise.pipelines.train import TrainingResult
    from duewise.pipelines.whatif import WhatIf
    from duewise.sources.report import AcceptanceReport


def print_error(error: DuewiseError) -> int:
    """Print why a run stopped and what to do; return its exit code."""
    import structlog

    if err.is_terminal:
        clear_progress()
        err.print(f"[bold red]duewise:[/] {plain(str(error))}")
    else:
        structlog.get_logger("duewise").error(
            "failed", kind=type(error).__name__, exit_code=error.exit_code, message=str(error)
        )
    return error.exit_code


def print_crash(error: Exception) -> int:
    """Tell of an error that nobody foresaw, with its trace for whoever mends it; return the exit code."""
    import structlog

    structlog.get_logger("duewise").error(
        "crashed", kind=type(error).__name__, exit_code=DuewiseError.exit_code, exc_info=error
    )
    return DuewiseError.exit_code


def print_sample(summary: "SampleSummary") -> None:
    """Print what was simulated and where it is."""
    rows = ", ".join(f"{count:,} {table}" for table, count in summary.rows.items())
    out.print(f"sample: {rows or 'nothing written'} in {summary.path} (truth in {summary.truth_path})")


def print_acceptance(report: "AcceptanceReport") -> None:
    """Print what would be accepted, put aside and doubted, as tables."""
    out.print(counts_table(report))
    for table in (faults_table(report), unknown_codes_table(report)):
        if table.row_count:
            out.print(table)
    for warning in report.warnings:
        out.print(f"[yellow]warning[/] {plain(warning.text)}")
    for note in report.notes:
        out.print(f"note: {plain(note)}")


def print_training(result: "TrainingResult") -> None:
    """Print the figures of a training beside its baselines."""
    figures = RichTable(title=f"Models as of {result.as_of}, judged on later nights and other debtors")
    figures.add_column("horizon")
    figures.add_column("model", no_wrap=True)
    names = ("auc", "pr_auc", "brier", "log_loss", "ece", "top_decile_capture")
    for name in names:
        figures.add_column(name.replace("_", " "), justify="right")
    for horizon, judged in result.judged.items():
        for model, estimates in judged.probability.figures.items():
            figures.add_row(f"{horizon} days", model, *(str(estimates[name]) for name in names))
    if result.judged:
        out.print(figures)
    for warning in result.warnings:
        out.print(f"[yellow]warning[/] {plain(warning)}")
    if result.registered is None:
        rows = ", ".join(f"{count:,} debtor-nights for {days} days" for days, count in result.rows.items())
        out.print(f"dry run: {rows}; nothing was fitted or written")
    else:
        registered = result.registered
        out.print(f"registered version {registered.version} of {registered.name} as {registered.alias}")


def print_night(night: "Night") -> None:
    """Print what a night decided in a few lines."""
    manifest = night.manifest
    totals = manifest["totals"]
    for warning in night.warnings:
        out.print(f"[yellow]warning[/] {plain(warning['text'])}")
    actions = ", ".join(f"{count:,} {action}" for action, count in totals["actions"].items())
    out.print(
        f"night {manifest['as_of']}: {totals['debtors']:,} debtors owe {totals['balance']:,.0f} "
        f"{manifest['portfolio']['portfolio']['currency']}; {actions or 'no action'}"
    )
    if night.unchanged:
        out.print(f"nothing has changed since run {manifest['run_id']}; --force decides again")
    if night.folder is not None:
        out.print(f"run {manifest['run_id']} in {night.folder}")
    else:
        out.print("dry run: nothing was written")


def print_where_to_look(night: "Night", portfolio: Path) -> None:
    """Print where the worklist and the report of a demo are, and what to try next."""
    for what, name in (
        ("worklist", "worklist.xlsx"),
        ("report", "report.html"),
        ("all rows", "strategies.parquet"),
    ):
        out.print(f"{what:<9} {night.folder}/{name}")
    out.print(f"next      duewise check {portfolio} --as-of {night.manifest['as_of']}")


def print_retention(removed: "Retained", dry_run: bool) -> None:
    """Print which runs are gone and how many rows were erased."""
    names = ", ".join(removed.nights) or "none"
    out.print(f"runs {'that would be removed' if dry_run else 'removed'}: {names}")
    if removed.rows:
        out.print(f"{removed.rows:,} rows erased")
    if removed.accounts is None:
        out.print(
            "The sources could not be read, so accounts were not looked up: run it again when they can be, "
            "or name each account with --erase."
        )


def print_json(content: dict[str, Any]) -> None:
    """Print one object for other systems, without colours or line breaks of our own."""
    print(json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False))


def print_recheck(checked: "Recheck") -> None:
    """Print how many contacts were stopped, and why."""
    record = checked.record
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in record["stopped"].items())
    out.print(
        f"night {record['as_of']} at {record['at']}: {record['planned']:,} contacts planned, "
        f"{record['already_made']:,} already made, {checked.stopped:,} stopped"
        f"{f': {reasons}' if reasons else ''}"
    )
    out.print("dry run: nothing was written" if checked.file is None else f"recall in {checked.file}")


_NOT_LIMITED = {
    "staff": "staff: the portfolio file sets neither a capacity of calls nor minutes that they use",
    "messages": "messages: the portfolio file sets neither a capacity of messages nor a budget that they use",
}


def print_whatif(answer: "WhatIf") -> None:
    """Print a night beside the changed one: sums, actions, limits with their prices, the frontiers."""
    out.print(sums_table(answer))
    out.print(f"{answer.moved:,} debtors would get another action")
    out.print(limits_table(answer.base, answer.changed))
    for shortfall in answer.changed.shortfalls:
        out.print(f"[yellow]warning[/] a floor cannot be met: {plain(shortfall)}")
    for name, points in answer.frontiers.items():
        out.print(frontier_table(name, points))
    for group in answer.unlimited:
        out.print(f"no frontier over {_NOT_LIMITED[group]}")
