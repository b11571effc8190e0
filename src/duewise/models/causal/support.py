"""What a log can say about each action: the rows of the support report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.dr_scores import Estimate

LEVEL = 0.9  # of the intervals in the report


@dataclass(frozen=True)
class AverageEffect:
    """Average effect of an action against `none` over the rows where it is supported, in money."""

    action: str
    effect: float
    lower: float
    upper: float
    standard_error: float
    level: float


@dataclass(frozen=True)
class ActionSupport:
    """What the log can say about one action.

    Attributes
    ----------
    n, effective_n : int, float
        Rows with the action; their effective number after inverse-probability weighting.
    propensity_source : str
        `logged`, or the kind of estimated model: `shares`, `logistic`, `boosted`.
    propensity_q05, propensity_q50, propensity_q95 : float
        Quantiles over all rows of the probability of the action.
    share_trimmed : float
        Share of rows where the action cannot be compared with `none`.
    supported : bool
        False when the action has too few comparable rows anywhere; `reason` says so.
    average_effect, lower, upper : float
        In money, over supported rows, with a 90% interval; NaN when unsupported.
    naive_difference : float
        Difference of the raw means, for contrast only: it mixes the effect with the old policy's choices.
    cap_bias : float
        Estimated average effect that the cap on outcomes cut off, in money.
    individual_spread : float
        Standard deviation, in money, of the individual effects that held-out scores confirmed; 0 when all
        rows get the pooled effect.
    """

    action: str
    n: int
    effective_n: float
    propensity_source: str
    propensity_q05: float
    propensity_q50: float
    propensity_q95: float
    share_trimmed: float
    supported: bool
    reason: str
    average_effect: float
    lower: float
    upper: float
    naive_difference: float
    cap_bias: float
    individual_spread: float


def average_effects(
    names: NDArray[Any], averages: Sequence[Estimate | None], level: float
) -> list[AverageEffect]:
    """Return the average effect of each supported action, `none` left out, with an interval of `level`."""
    return [
        AverageEffect(str(name), estimate.value, *estimate.interval(level), estimate.standard_error, level)
        for name, estimate in zip(names[1:], averages[1:], strict=True)
        if estimate is not None
    ]


def support_rows(
    fitted: CrossFit, names: NDArray[Any], effects: NDArray[np.float64], min_rows: int
) -> list[ActionSupport]:
    """Return one row per action, `none` first; `effects` are out of fold, in money, shape (n, n_actions)."""
    observed = fitted.log
    everyone = float(np.average(observed.scale, weights=observed.weight))
    rows = []
    for arm, name in enumerate(names):
        n = int((observed.action == arm).sum())
        estimate = Estimate(0.0, 0.0) if arm == 0 else fitted.average_effect(arm)
        estimate = estimate or Estimate(float("nan"), float("nan"))
        lower, upper = estimate.interval(LEVEL)
        p05, p50, p95 = np.quantile(fitted.propensity[:, arm], [0.05, 0.5, 0.95])
        rows.append(
            ActionSupport(
                action=str(name),
                n=n,
                effective_n=float(fitted.effective_rows[arm]),
                propensity_source="logged" if observed.logged is not None else fitted.propensity_model.kind,
                propensity_q05=float(p05),
                propensity_q50=float(p50),
                propensity_q95=float(p95),
                share_trimmed=float(1.0 - np.average(fitted.inside[:, arm], weights=observed.weight)),
                supported=bool(fitted.overlap.usable[arm]),
                reason=_reason(fitted, names, arm, n, min_rows),
                average_effect=estimate.value,
                lower=lower,
                upper=upper,
                naive_difference=_naive_difference(fitted, arm),
                cap_bias=float(fitted.cap.bias[arm]) * everyone,
                individual_spread=float(np.nanstd(effects[:, arm])) if fitted.inside[:, arm].any() else 0.0,
            )
        )
    return rows


def _naive_difference(fitted: CrossFit, arm: int) -> float:
    observed = fitted.log
    taken, idle = observed.action == arm, observed.action == 0
    if not taken.any() or not idle.any():
        return float("nan")
    money = observed.outcome * observed.scale
    means = [np.average(money[rows], weights=observed.weight[rows]) for rows in (taken, idle)]
    return float(means[0] - means[1])


def _reason(fitted: CrossFit, names: NDArray[Any], arm: int, n: int, min_rows: int) -> str:
    if fitted.overlap.usable[arm]:
        return ""
    if not fitted.overlap.usable[0]:
        return f"`{names[0]}` itself has too few comparable rows: there is nothing to compare with"
    if n < min_rows:
        return f"taken {n} times; at least {min_rows} are needed"
    return (
        f"taken {n} times, but only {fitted.effective_rows[arm]:.0f} effective rows are comparable with "
        f"`{names[0]}`: the log chose it (almost) by rule"
    )
