"""What a person sees of `rules`."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from duewise.terminal import out, plain

if TYPE_CHECKING:
    from duewise.policy.rules import PackReport
    from duewise.policy.rules.listing import Row


def print_rules(rules: "Sequence[Row]", on: date) -> None:
    """Print the rules in force, each with its citation; unverified ones say so."""
    for rule in rules:
        until = f" until {rule['to']}" if rule["to"] else ""
        out.print(f"[bold]{rule['id']}[/]  {rule['force']}, from {rule['from']}{until}; {rule['actions']}")
        out.print(f"  {plain(rule['says'])}")
        out.print(f"  {plain(rule['cite'])} ({plain(rule['mark'])}: {rule['verified']})")
    out.print(f"{len(rules)} rules in force on {on}")


def print_cases(reports: "Sequence[PackReport]") -> None:
    """Print how many worked cases of each pack came out as told, and every one that did not."""
    for report in reports:
        failed = report.failures
        out.print(f"{report.pack}: {len(report.results) - len(failed)} of {len(report.results)} cases pass")
        for case in failed:
            by = f" by {', '.join(case.denied_by)}" if case.denied_by else ""
            out.print(
                f"  [red]failed[/] {case.rule_id}: {plain(case.case)}: "
                f"expected {case.expected}, got {case.got}{by}"
            )
    cases = sum(len(report.results) for report in reports)
    failures = sum(len(report.failures) for report in reports)
    out.print(f"{cases - failures:,} passed, {failures:,} failed")
