"""What a person sees on a terminal, and what a machine reads otherwise."""

import json
import re
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from duewise.errors import DuewiseError
from duewise.progress import clear_progress

if TYPE_CHECKING:
    from duewise.pipelines.nightly import Night
    from duewise.pipelines.recheck import Recheck
    from duewise.pipelines.retention import Retained
    from duewise.pipelines.sample import SampleSummary
    from duewise.pipelines.train import TrainingResult
    from duewise.pipelines.whatif import NightFigures, WhatIf
    from duewise.policy.frontier import FrontierPoint
    from duewise.policy.rules import PackReport
    from duewise.policy.rules.listing import Row
    from duewise.sources.report import AcceptanceReport


_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What a terminal does not show but does: control characters, and marks that turn the direction of text."""


class _Stdout(Console):
    """Standard output that waits for the moving line of progress to leave."""

    def print(self, *objects: Any, **options: Any) -> None:
        clear_progress()
        super().print(*objects, **options)


_out = _Stdout(soft_wrap=True, width=None if sys.stdout.isatty() else 160)
_err = Console(stderr=True, soft_wrap=True)


def print_error(error: DuewiseError) -> int:
    """Print why a run stopped and what to do; return its exit code."""
    import structlog

    if _err.is_terminal:
        clear_progress()
        _err.print(f"[bold red]duewise:[/] {_plain(str(error))}")
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
    for name, table in report.feedback.tables.items():
        counts = (f"{n:,}" for n in (table.read, table.accepted, table.bad, table.after_as_of))
        overview.add_row(f"{name} from feedback", *counts, "")
    _out.print(overview)
    judged = [*report.tables.items(), *report.feedback.tables.items()]
    faults = [(name, fault) for name, table in judged for fault in table.faults]
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
    figures.add_column("model", no_wrap=True)
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


def print_retention(removed: "Retained", dry_run: bool) -> None:
    """Print which runs are gone and how many rows were erased."""
    names = ", ".join(removed.nights) or "none"
    _out.print(f"runs {'that would be removed' if dry_run else 'removed'}: {names}")
    if removed.rows:
        _out.print(f"{removed.rows:,} rows erased")
    if removed.accounts is None:
        _out.print(
            "The sources could not be read, so accounts were not looked up: run it again when they can be, "
            "or name each account with --erase."
        )


def print_rules(rules: "Sequence[Row]", on: date) -> None:
    """Print the rules in force, each with its citation; unverified ones say so."""
    for rule in rules:
        until = f" until {rule['to']}" if rule["to"] else ""
        _out.print(f"[bold]{rule['id']}[/]  {rule['force']}, from {rule['from']}{until}; {rule['actions']}")
        _out.print(f"  {_plain(rule['says'])}")
        _out.print(f"  {_plain(rule['cite'])} ({_plain(rule['mark'])}: {rule['verified']})")
    _out.print(f"{len(rules)} rules in force on {on}")


def print_cases(reports: "Sequence[PackReport]") -> None:
    """Print how many worked cases of each pack came out as told, and every one that did not."""
    for report in reports:
        failed = report.failures
        _out.print(f"{report.pack}: {len(report.results) - len(failed)} of {len(report.results)} cases pass")
        for case in failed:
            by = f" by {', '.join(case.denied_by)}" if case.denied_by else ""
            _out.print(
                f"  [red]failed[/] {case.rule_id}: {_plain(case.case)}: "
                f"expected {case.expected}, got {case.got}{by}"
            )
    cases = sum(len(report.results) for report in reports)
    failures = sum(len(report.failures) for report in reports)
    _out.print(f"{cases - failures:,} passed, {failures:,} failed")


def print_json(content: dict[str, Any]) -> None:
    """Print one object for other systems, without colours or line breaks of our own."""
    print(json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False))


def print_recheck(checked: "Recheck") -> None:
    """Print how many contacts were stopped, and why."""
    record = checked.record
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in record["stopped"].items())
    _out.print(
        f"night {record['as_of']} at {record['at']}: {record['planned']:,} contacts planned, "
        f"{record['already_made']:,} already made, {checked.stopped:,} stopped"
        f"{f': {reasons}' if reasons else ''}"
    )
    _out.print("dry run: nothing was written" if checked.file is None else f"recall in {checked.file}")


def print_whatif(answer: "WhatIf") -> None:
    """Print a night beside the changed one: sums, actions, limits with their prices, the frontiers."""
    base, changed = answer.base, answer.changed
    sums = _comparison(f"Night {answer.as_of}, {answer.debtors:,} debtors, {answer.currency}")
    for name in ("gain", "harm", "value", "cost"):
        _compare(sums, _SUMS[name], getattr(base, name), getattr(changed, name), "{:,.2f}")
    _compare(sums, "contacts", base.contacts, changed.contacts, "{:,}")
    for action in dict.fromkeys([*base.actions, *changed.actions]):
        _compare(sums, action, base.actions.get(action, 0), changed.actions.get(action, 0), "{:,}")
    _out.print(sums)
    _out.print(f"{answer.moved:,} debtors would get another action")
    _out.print(_limits(base, changed))
    for shortfall in changed.shortfalls:
        _out.print(f"[yellow]warning[/] a floor cannot be met: {_plain(shortfall)}")
    for name, points in answer.frontiers.items():
        _out.print(_frontier_table(name, points))
    for group in answer.unlimited:
        _out.print(f"no frontier over {_NOT_LIMITED[group]}")


_NOT_LIMITED = {
    "staff": "staff: the portfolio file sets neither a capacity of calls nor minutes that they use",
    "messages": "messages: the portfolio file sets neither a capacity of messages nor a budget that they use",
}

_SUMS = {
    "gain": "expected gain",
    "harm": "expected cost of harm",
    "value": "value by which actions rank",
    "cost": "cost",
}


def _comparison(title: str) -> RichTable:
    table = RichTable(title=title, title_justify="left")
    table.add_column("")
    for heading in ("tonight", "changed", "difference"):
        table.add_column(heading, justify="right")
    return table


def _compare(table: RichTable, label: str, before: Any, after: Any, form: str) -> None:
    known = before is not None and after is not None
    table.add_row(
        label,
        "unknown" if before is None else form.format(before),
        "unknown" if after is None else form.format(after),
        form.replace(":", ":+").format(after - before) if known else "",
    )


def _limits(base: "NightFigures", changed: "NightFigures") -> RichTable:
    headings = ("limit", "planned", "of", "one more is worth", "planned then", "of then", "is worth then")
    table = RichTable(title="Limits and their prices", title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "limit" else "right")
    before = {row["name"]: row for row in base.capacities}
    after = {row["name"]: row for row in changed.capacities}
    for name in dict.fromkeys([*before, *after]):
        cells = [cell for rows in (before, after) for cell in _limit_cells(rows.get(name))]
        table.add_row(name, *cells)
    return table


def _limit_cells(row: dict[str, Any] | None) -> tuple[str, str, str]:
    if row is None:
        return "", "", ""
    limit = f"per {row['per']}" if row.get("per") else "no limit"
    return (
        f"{row['planned']:,.0f}",
        limit if row["limit"] is None else f"{row['limit']:,.0f}",
        f"{row['price']:,.2f}",
    )


def _frontier_table(name: str, points: "Sequence[FrontierPoint]") -> RichTable:
    table = RichTable(
        title=f"Frontier over {name}, of which the experiment has taken its share", title_justify="left"
    )
    for heading in ("times", "limit", "used", "total value", "one more is worth"):
        table.add_column(heading, justify="right")
    for point in points:
        table.add_row(
            f"{point.factor:g}",
            f"{point.limit:,.0f}",
            f"{point.used:,.0f}",
            f"{point.value:,.2f}",
            f"{point.price:,.2f}",
        )
    return table


def _plain(text: str) -> str:
    """Return text of a client so that it is shown and not obeyed, by rich or by the terminal."""
    return escape(_OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text))
