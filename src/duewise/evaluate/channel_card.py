"""What a training found about the channels, for the model card: effects, grounds, and what speaks against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Evidence = Mapping[str, Any]


def channel_section(evidence: Evidence) -> list[str]:
    """Return the lines of the section on what each channel changes.

    Parameters
    ----------
    evidence : mapping
        As `duewise.pipelines.channel_training.train_channels` records it in ``channels.json``.
    """
    first, last, days = evidence["days"]
    return [
        "## What each channel changes",
        "",
        f"Learned from {evidence['rows']:,} decisions on {days} days, {first} to {last}. Probabilities of "
        f"the actions: {_source(evidence)}. {evidence['censored_share']:.1%} of the decisions were followed "
        "by another contact too soon and are represented by the others.",
        "",
        _verdict(evidence),
        "",
        "Money per decision within the first horizon, against doing nothing; intervals (90%) clustered by "
        "debtor. *Naive* compares those who got the action with those who got nothing, and mixes what the "
        "action does with whom the old policy chose. *Effect* is measured on the money of the whole horizon "
        "and on the rows of the action alone. *Used* is what a night works with: read off soon after the "
        "decision, where it stands out from chance, and pulled to what actions of its cost do.",
        "",
        "| action | decisions | effective | naive | effect | used | pays | remark |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *_rows(evidence),
        *_delivery(evidence),
        "",
        _balance(evidence),
        *_individual(evidence),
        *_refutations(evidence),
    ]


def _source(evidence: Evidence) -> str:
    if evidence["propensity"] == "logged":
        return "as the sender logged them"
    kinds = {row["propensity_source"] for row in evidence["actions"]}
    return f"estimated ({', '.join(sorted(kinds))})"


def _verdict(evidence: Evidence) -> str:
    if evidence["paying"]:
        return f"Followed for their effect: {', '.join(evidence['paying'])}."
    return (
        "No action is followed for its effect: none is shown to pay on debtors that its estimate did not see."
    )


def _rows(evidence: Evidence) -> list[str]:
    lines = []
    for row in evidence["actions"][1:]:  # the first is doing nothing, with which the others are compared
        name = row["action"]
        found, used = evidence["average_effects"].get(name), evidence["effects_used"].get(name)
        remarks = [row["reason"]] if row["reason"] else []
        remarks += evidence["doubts"].get(name, ())
        effect, worked_with = (
            "unsupported" if one is None else _money(one["effect"], one["lower"], one["upper"])
            for one in (found, used)
        )
        naive = "" if found is None else f"{found['naive']:,.2f}"
        pays = "yes" if name in evidence["paying"] else "no"
        remark = " ".join(remarks).replace("|", "/")
        lines.append(
            f"| {name} | {row['n']:,} | {row['effective_n']:,.0f} | {naive} | {effect} | {worked_with} "
            f"| {pays} | {remark} |"
        )
    return lines


def _delivery(evidence: Evidence) -> list[str]:
    """Return what was delivered of what was assigned, where assignments are the treatment."""
    if not evidence["delivery"]:
        return []
    lines = [
        "",
        "| assigned | delivered | effect of assignment | effect of delivery |",
        "| --- | --- | --- | --- |",
    ]
    for row in evidence["delivery"]:
        share, assigned, made = (
            row[name] for name in ("delivered", "effect_of_assignment", "effect_of_delivery")
        )
        lines.append(
            f"| {row['action']} | {share['value']:.0%} | {_estimate(assigned)} | {_estimate(made)} |"
        )
    return lines


def _balance(evidence: Evidence) -> str:
    rows = evidence["balance"]
    if not rows:
        return "Balance could not be compared."
    before, after = max(row["before"] for row in rows), max(row["after"] for row in rows)
    missed = [row for row in rows if not row["passed"]]
    worst = f" {len(missed)} of {len(rows)} pairs of action and feature stay above 0.1." if missed else ""
    return (
        f"Largest standardised difference between an action and doing nothing: {before:.2f} before "
        f"weighting, {after:.2f} after.{worst}"
    )


def _individual(evidence: Evidence) -> list[str]:
    """Return whether the differences between debtors are real, for actions that have any."""
    told = [row for row in evidence["calibration"] if row["slope"] is not None]
    if not told:
        return ["", "No action is predicted to change one debtor more than another."]
    lines = [
        "",
        "Are the differences between debtors real? Slope of the effect on its prediction, per unit of the "
        "yardstick (1: as predicted, 0: noise), and the effect in the fifths with the smallest and largest "
        "predicted effect.",
        "",
        "| action | slope | chance if there were none | smallest fifth | largest fifth |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in told:
        fifths = [group for group in evidence["groups"] if group["action"] == row["action"]]
        ends = (
            [_money(g["effect"], g["lower"], g["upper"]) for g in (fifths[0], fifths[-1])] if fifths else []
        )
        smallest, largest = ends or ("", "")
        lines.append(
            f"| {row['action']} | {_estimate(row['slope'])} | {row['p_no_difference']:.2g} "
            f"| {smallest} | {largest} |"
        )
    return lines


def _refutations(evidence: Evidence) -> list[str]:
    """Return what became of each attempt to refute the effects, one row per attempt."""
    attempts = evidence["refutations"]
    lines = [
        "",
        "Attempts to refute the effects: the largest deviation among the actions, and those that failed. For "
        "`sensitivity` the figure is the smallest share of what is left unexplained that a hidden confounder "
        "would have to explain to undo an effect.",
        "",
        "| attempt | actions | figure | limit | failed |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in dict.fromkeys(row["name"] for row in attempts):
        rows = [row for row in attempts if row["name"] == name]
        claimed = [row["value"] for row in rows if row["value"] > 0] or [0.0]
        figure = min(claimed) if name == "sensitivity" else max(claimed)
        failed = ", ".join(row["action"] for row in rows if not row["passed"]) or "none"
        lines.append(
            f"| {name.replace('_', ' ')} | {len(rows)} | {figure:.3g} | {rows[0]['limit']:.3g} | {failed} |"
        )
    if not any(row["name"] == "placebo_outcome" for row in attempts):
        lines += [
            "",
            "No placebo outcome: the books know payments at once, so that hardly any was on its way.",
        ]
    return lines


def _estimate(found: Mapping[str, float]) -> str:
    half = 1.645 * found["standard_error"]
    return _money(found["value"], found["value"] - half, found["value"] + half)


def _money(value: float, low: float, high: float) -> str:
    return f"{value:,.2f} [{low:,.2f}, {high:,.2f}]"
