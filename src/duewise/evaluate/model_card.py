"""The card of a trained bundle: what it is, on what it was judged, how good it is, where it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duewise.evaluate.bootstrap import Estimate
from duewise.evaluate.channel_card import channel_section
from duewise.evaluate.contact_card import contact_section
from duewise.evaluate.judgement import Judgement
from duewise.evaluate.metrics import MoneyMetrics, ProbabilityMetrics
from duewise.evaluate.policy_values import PolicyTable
from duewise.models.bundle import Bundle
from duewise.models.splits import TimeRoles

HEADINGS = {
    "auc": "AUC",
    "pr_auc": "PR-AUC",
    "brier": "Brier",
    "log_loss": "log-loss",
    "ece": "ECE",
    "top_decile_capture": "money in top decile",
    "total_ratio": "expected / recovered",
    "absolute_error": "absolute error / recovered",
}


@dataclass(frozen=True)
class JudgedHorizon:
    """How the models of one horizon did on the latest mature nights.

    Attributes
    ----------
    probability : Judgement
        Of the repayment model (first) and the baselines.
    money : dict of figure to Estimate
        Of the amount model.
    censored : int
        Debtor-nights whose outcome is not yet known.
    """

    horizon: int
    roles: TimeRoles
    probability: Judgement
    money: dict[str, Estimate]
    censored: int


def model_card(
    bundle: Bundle,
    judged: Mapping[int, JudgedHorizon],
    warnings: Sequence[str],
    policies: PolicyTable | None = None,
    channels: Mapping[str, Any] | None = None,
    contact: Mapping[str, Estimate] | None = None,
) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    channels : mapping, optional
        What the training found about the channels, as plain values.
    contact : mapping of str to Estimate, optional
        How reach and promises were foretold.
    """
    info = bundle.info
    lines = [
        f"# Model card: {info.portfolio}, trained as of {info.trained_as_of}",
        "",
        f"Forecasts for each debtor, on one night, the chance of repaying at least {info.repay_share:.0%} of "
        "the balance and the share of the balance that will come in. Meant for ranking and planning work, "
        "by people, within the rules; not for refusing credit, and not for use outside this portfolio.",
        "",
        f"- Nights: {info.first_date} to {info.last_date}; {info.rows:,} debtor-nights of {info.debtors:,} "
        f"debtors for the first horizon; {len(bundle.encoding.features)} features; code {info.code_version}.",
        "- Judged on the latest nights, on debtors that the judged model had never met; intervals (95%) by "
        "resampling debtors. The shipped model is the same recipe fitted on all mature nights.",
        "- Protected columns are no features. Differences between groups are audited by `duewise monitor`.",
        "",
    ]
    for horizon, result in judged.items():
        lines += [*_section(bundle, horizon, result), ""]
    if channels is not None:
        lines += [*channel_section(channels), ""]
    if policies is not None:
        lines += [*_policies(policies), ""]
    if contact:
        lines += [*contact_section(contact), ""]
    absent = [h for h in info.horizons if h not in judged]
    if absent:
        lines += [f"No model for {', '.join(map(str, absent))} days: history is too short.", ""]
    if warnings:
        lines += ["## Mind", "", *(f"- {warning}" for warning in warnings), ""]
    return "\n".join(lines)


def _section(bundle: Bundle, horizon: int, result: JudgedHorizon) -> list[str]:
    judged, roles = result.probability, result.roles
    first_judged, last_judged = (str(night)[:10] for night in (roles.judge[0], roles.judge[-1]))
    return [
        f"## {horizon} days",
        "",
        f"Judged on {judged.rows:,} debtor-nights of {judged.debtors:,} debtors, {first_judged} to "
        f"{last_judged}; {judged.repaid_share:.1%} repaid. {result.censored:,} debtor-nights are too recent "
        f"to count. Calibration: {bundle.repayment[horizon].calibrator.kind}; amount: "
        f"{bundle.amount[horizon].shape}.",
        "",
        *_table("model", ProbabilityMetrics.NAMES, judged.figures),
        "",
        "Gain of the model over each baseline, from the same resamples (positive is better):",
        "",
        *_table("over", ProbabilityMetrics.NAMES, judged.gains),
        "",
        *_table("money", MoneyMetrics.NAMES, {"expected money": result.money}),
    ]


def _policies(table: PolicyTable) -> list[str]:
    """Return what was done, one action for all, rankings and the learned policy, side by side."""

    def money(estimate: Estimate) -> str:
        return f"{estimate.value:,.2f} [{estimate.low:,.2f}, {estimate.high:,.2f}]"

    lines = [
        "## What policies are worth",
        "",
        "Money per decision within the first horizon, on rows that the deciding and the valuing models had "
        "not seen; intervals (95%) clustered by debtor. Gains are net of the cost of actions. An action "
        f"without support in history is left undone; {table.left_out:.1%} of the decisions lie where nothing "
        "can be compared, and are left out.",
        "",
        "| policy | acts on | recovered (SNIPS) | recovered (DR) | over doing nothing | over what was done |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.policy.replace('_', ' ')} | {row.acted:.1%} | "
        f"{money(Estimate(row.snips.value, row.snips.low, row.snips.high))} | "
        f"{money(Estimate(row.dr.value, row.dr.low, row.dr.high))} | {money(row.gain)} | "
        f"{money(row.over_logged)} |"
        for row in table.policies
    ]
    warned = [
        f"- {row.policy.replace('_', ' ')}: {text}" for row in table.policies for text in row.dr.warnings
    ]
    if warned:
        lines += ["", *warned]
    if table.learned is not None and table.by_propensity is not None:
        lines += [
            "",
            "Targeting under a budget, mean money per person over spending the same at random: in order of "
            f"learned effect {money(table.learned.area)}, in order of propensity "
            f"{money(table.by_propensity.area)}.",
        ]
    return lines


def _table(head: str, names: Sequence[str], rows: Mapping[str, Mapping[str, Estimate]]) -> list[str]:
    return [
        f"| {head} | " + " | ".join(HEADINGS[name] for name in names) + " |",
        "| --- |" + " --- |" * len(names),
        *(
            f"| {row.replace('_', ' ')} | " + " | ".join(str(figures[name]) for name in names) + " |"
            for row, figures in rows.items()
        ),
    ]
