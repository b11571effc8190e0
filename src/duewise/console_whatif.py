"""The tables of `whatif`: a night beside the changed one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table as RichTable

if TYPE_CHECKING:
    from duewise.pipelines.whatif import NightFigures, WhatIf
    from duewise.policy.frontier import FrontierPoint

_SUMS = {
    "gain": "expected gain",
    "harm": "expected cost of harm",
    "value": "value by which actions rank",
    "cost": "cost",
}


def sums_table(answer: "WhatIf") -> RichTable:
    """Return the sums of both nights and how many debtors get each action."""
    base, changed = answer.base, answer.changed
    sums = _comparison(f"Night {answer.as_of}, {answer.debtors:,} debtors, {answer.currency}")
    for name in ("gain", "harm", "value", "cost"):
        _compare(sums, _SUMS[name], getattr(base, name), getattr(changed, name), "{:,.2f}")
    _compare(sums, "contacts", base.contacts, changed.contacts, "{:,}")
    for action in dict.fromkeys([*base.actions, *changed.actions]):
        _compare(sums, action, base.actions.get(action, 0), changed.actions.get(action, 0), "{:,}")
    return sums


def limits_table(base: "NightFigures", changed: "NightFigures") -> RichTable:
    """Return what each limit holds and is worth, tonight and then."""
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


def frontier_table(name: str, points: "Sequence[FrontierPoint]") -> RichTable:
    """Return what a night is worth with less and with more of one limit."""
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


def _limit_cells(row: dict[str, Any] | None) -> tuple[str, str, str]:
    if row is None:
        return "", "", ""
    return (
        f"{row['planned']:,.0f}",
        "no limit" if row["limit"] is None else f"{row['limit']:,.0f}",
        f"{row['price']:,.2f}",
    )
