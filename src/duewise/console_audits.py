"""What a person sees of `evaluate` and `monitor`: tables on standard output."""

from typing import TYPE_CHECKING

from rich.table import Table as RichTable

from duewise.terminal import out, plain

if TYPE_CHECKING:
    from duewise.evaluate.bootstrap import Estimate
    from duewise.pipelines.evaluate import Evaluation
    from duewise.pipelines.monitor import Monitoring

MOST_FEATURES = 15
"""Features shown: beyond the furthest ones, all are alike; monitor.json has them all."""


def print_evaluation(found: "Evaluation") -> None:
    """Print the backtest, then what the experiment says, then what could not be said."""
    for test in found.backtests:
        first, last = test.nights[0], test.nights[-1]
        table = _table(
            f"{test.horizon} days, {test.decisions:,} forecasts, {len(test.nights)} runs {first} to {last}",
            ("figure", "value [95%]"),
        )
        if test.forecast is not None and test.observed is not None:
            table.add_row("forecast to repay", f"{test.forecast:.1%}")
            table.add_row("repaid", f"{test.observed:.1%}")
        for name, estimate in test.figures.items():
            table.add_row(name.replace("_", " "), str(estimate))
        out.print(table)
    if found.comparisons:
        table = _table(
            f"Recovered within {found.horizon} days per decision, {found.currency}",
            ("cell", "decisions", "recovered", "against", "decisions", "recovered", "difference [95%]"),
        )
        for row in found.comparisons:
            table.add_row(
                row.cell,
                f"{row.decisions:,}",
                f"{row.recovered:,.2f}",
                row.against,
                f"{row.decisions_against:,}",
                f"{row.recovered_against:,.2f}",
                f"{_money(row.difference)}{'' if row.difference.excludes_zero else ' (may be chance)'}",
            )
        out.print(table)
    if found.delivered:
        table = _table("Planned contacts that were made", ("queue", "planned", "made", "share"))
        for queue in found.delivered:
            share = f"{queue.made / queue.planned:.1%}"
            table.add_row(queue.name.replace("_", " "), f"{queue.planned:,}", f"{queue.made:,}", share)
        out.print(table)
    for note in found.notes:
        out.print(f"note: {plain(note)}")


def print_monitoring(found: "Monitoring") -> None:
    """Print drift, calibration and groups, then alarms."""
    if found.drift:
        table = _table(
            f"Drift of {len(found.drift)} features: {found.debtors:,} debtors at {found.as_of}",
            ("feature", "PSI", "usual up to", "missing before", "missing now", "status"),
        )
        for drift in found.drift[:MOST_FEATURES]:
            table.add_row(
                drift.feature,
                f"{drift.psi:.3f}",
                f"{drift.limit:.3f}",
                f"{drift.missing_before:.1%}",
                f"{drift.missing_now:.1%}",
                drift.status,
            )
        out.print(table)
    if found.calibration is not None:
        seen = found.calibration
        out.print(
            f"calibration on {seen.night}, {seen.debtors:,} debtors: forecast {seen.forecast:.1%}, repaid "
            f"{_share(seen.observed)}, AUC {plain(str(seen.auc))}"
        )
    if found.groups:
        table = _table(
            "Groups of people", ("column", "group", "debtors", "chance", "acted on", "repaid - forecast", "")
        )
        for group in found.groups:
            table.add_row(
                group.column,
                plain(group.group),
                f"{group.debtors:,}",
                _share(group.score),
                _share(group.selected),
                _share(group.miscalibration),
                "; ".join(group.notes),
            )
        out.print(table)
    for alarm in found.alarms:
        out.print(f"[yellow]alarm[/] {plain(alarm)}")
    for note in found.notes:
        out.print(f"note: {plain(note)}")
    if found.file is not None:
        out.print(f"written to {found.file}")


def _table(title: str, headings: tuple[str, ...]) -> RichTable:
    table = RichTable(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading)
    return table


def _share(estimate: "Estimate | None") -> str:
    if estimate is None:
        return "-"
    return f"{estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%})"


def _money(estimate: "Estimate") -> str:
    return f"{estimate.value:,.2f} ({estimate.low:,.2f} to {estimate.high:,.2f})"
