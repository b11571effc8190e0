"""The final stage: effects that are as individual as the signal allows.

Every action starts from its pooled effect. Candidates for the deviation from it are linear and boosted, each
learned once for "any contact" (a debtor who moves for a call often moves for a text, and thin actions borrow
that) and once for the action alone. They are combined by held-out doubly robust risk, and what is kept of the
combination shrinks with its uncertainty: without signal nothing is left but the pooled effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.boosting import BinnedTable
from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.dr_scores import clustered_mean
from duewise.models.causal.effect_boosted import BoostedEffect, fit_boosted_effect
from duewise.models.causal.effect_linear import LinearEffect, fit_linear_effect
from duewise.models.causal.effect_stack import stack, unexplained_spread
from duewise.models.causal.noise import noise_level
from duewise.models.causal.overlap import contrast_cost

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

Deviation = LinearEffect | BoostedEffect


@dataclass(frozen=True)
class ActionEffect:
    """The effect of one action: pooled effect plus weighted deviations.

    Attributes
    ----------
    pooled : float
        Effect of a row with average deviation.
    candidates : sequence of LinearEffect or BoostedEffect
        Deviations, shared ones first.
    weights : ndarray of shape (candidates,)
        Share of each deviation that is kept.
    noise : float
        Standard error of the pooled effect.
    unexplained : float
        Standard deviation of individual effects around the prediction, as far as the data show it.
    own_linear : LinearEffect
        The action's own linear deviation, whose posterior is the least that an interval allows for.
    """

    pooled: float
    candidates: Sequence[Deviation]
    weights: Floats
    noise: float
    unexplained: float
    own_linear: LinearEffect

    def predict(self, linear: Floats32, trees: Floats32, fold: int | None = None, threads: int = 1) -> Floats:
        """Return the effect of each row, by the model without `fold` or by the whole one."""
        out = np.full(len(trees), self.pooled)
        for weight, candidate in zip(self.weights, self.candidates, strict=True):
            if weight == 0.0:
                continue
            if isinstance(candidate, LinearEffect):
                out += weight * candidate.deviation(linear, fold)
            else:
                out += weight * candidate.deviation(trees, fold, threads)
        return out

    def standard_error(self, linear: Floats32, trees: Floats32, threads: int = 1) -> Floats:
        """Return the standard deviation of each row's true effect around its prediction.

        The delete-a-fold jackknife has few folds; half of each row's own variance and half of the average
        over rows is steadier than either.
        """
        n_folds = max((len(c.fold_centers) for c in self.candidates), default=0)
        runs = np.array([self.predict(linear, trees, fold, threads) for fold in range(n_folds)])
        jackknife = (n_folds - 1) * runs.var(axis=0)
        smoothed = 0.5 * jackknife + 0.5 * jackknife.mean()
        individual = np.maximum(smoothed + self.unexplained**2, self.own_linear.posterior_variance(linear))
        return np.asarray(np.sqrt(self.noise**2 + individual))


@dataclass(frozen=True)
class EffectStage:
    """Effects of all actions.

    Attributes
    ----------
    actions : sequence of ActionEffect or None
        Index as in the scores; None for `none` and for unusable actions.
    out_of_fold : ndarray of shape (n, n_actions)
        Effect in money of each row by models that did not see it; NaN where unsupported.
    risk : float
        Held-out doubly robust risk in money, up to a term that no effect model changes.
    """

    actions: Sequence[ActionEffect | None]
    out_of_fold: Floats
    risk: float


def fit_effect_stage(
    fitted: CrossFit, linear: Floats32, table: BinnedTable, *, unit: str, n_jobs: int, seed: int
) -> EffectStage:
    """Learn the effect of each action against `none` from doubly robust scores.

    Parameters
    ----------
    unit : {"share", "money"}
        Learn the contrast of the scores as it is, or multiplied by the balance.
    """
    scale = fitted.log.scale
    contrast = fitted.scores - fitted.scores[:, [0]]
    if unit == "money":
        contrast = contrast * scale[:, None]
    inside = fitted.inside
    # A contrast has variance proportional to (1/p(action) + 1/p(none)) times that of the outcome. Weighting
    # by the inverse of the first gives the efficiency of a residual-on-residual (R-) learner; of the second
    # only the root is used, since full weights would fit the effects of calm rows and forget the others.
    trust = _trust(fitted, unit)
    cost = contrast_cost(fitted.propensity)
    precision = np.where(inside, trust[:, None] / cost, 0.0)
    # Both units are judged by the same weights, those of money, or their risks could not be compared.
    judged = np.where(inside, _trust(fitted, "money")[:, None] / cost, 0.0)
    arms = [arm for arm in range(1, fitted.log.n_actions) if inside[:, arm].any()]
    pooled = {arm: float(np.average(contrast[:, arm], weights=precision[:, arm])) for arm in arms}
    shared = _fit_shared(fitted, contrast, trust, pooled, linear, table, n_jobs, seed)
    actions: list[ActionEffect | None] = [None] * fitted.log.n_actions
    out_of_fold = np.full(contrast.shape, np.nan)
    out_of_fold[:, 0] = 0.0
    risk = 0.0
    to_money = scale if unit == "share" else np.ones(len(scale))
    for arm in arms:
        rows, target, weight = inside[:, arm], contrast[:, arm], precision[:, arm]
        actions[arm], effect = _fit_action(
            fitted, target, weight, pooled[arm], shared, rows, linear, table, n_jobs, seed
        )
        out_of_fold[rows, arm] = (effect * to_money)[rows]
        risk += float(np.average(((target - effect) * to_money) ** 2, weights=judged[:, arm]))
    return EffectStage(actions, out_of_fold, risk)


def _fit_action(
    fitted: CrossFit,
    target: Floats,
    weight: Floats,
    pooled: float,
    shared: list[Deviation],
    rows: Bools,
    linear: Floats32,
    table: BinnedTable,
    n_jobs: int,
    seed: int,
) -> tuple[ActionEffect, Floats]:
    """Return the effect of one action and its out-of-fold prediction."""
    folds, groups = fitted.folds, fitted.log.groups
    own_linear = fit_linear_effect(linear, target, weight, folds)
    own_boosted = fit_boosted_effect(table, target, weight, folds, n_jobs=n_jobs, seed=seed)
    candidates = [*shared, own_linear, own_boosted]
    deviations = np.column_stack([_out_of_fold(c, linear, table.matrix, folds) for c in candidates])
    deviations -= np.average(deviations, axis=0, weights=weight)
    weights, combined = stack(deviations, target - pooled, weight, folds, groups)
    effect = pooled + combined
    everyone = np.where(rows, fitted.log.weight, 0.0)
    shift = _recentered(target - effect, weight, everyone, groups)
    noise = clustered_mean((target - effect - shift)[rows], weight[rows], groups[rows]).standard_error
    unexplained = unexplained_spread(target - effect - shift, deviations, weight)
    return ActionEffect(pooled + shift, candidates, weights, noise, unexplained, own_linear), effect + shift


def _trust(fitted: CrossFit, unit: str) -> Floats:
    """Return the weight of each row before overlap: its sample weight over the noise of its outcome."""
    observed = fitted.log
    scale = observed.scale if unit == "money" else np.ones(len(observed.scale))
    taken = fitted.expected[np.arange(len(scale)), observed.action]
    residual = (fitted.cap.apply(observed.outcome) - taken) * scale
    return observed.weight / noise_level(residual, fitted.expected.mean(axis=1) * scale, observed.weight)


def _fit_shared(
    fitted: CrossFit,
    contrast: Floats,
    trust: Floats,
    pooled: dict[int, float],
    linear: Floats32,
    table: BinnedTable,
    n_jobs: int,
    seed: int,
) -> list[Deviation]:
    """Return deviations of the effect of any contact, each action's pooled effect taken off first."""
    if len(pooled) < 2:
        return []
    mix = np.zeros_like(contrast)
    for arm in pooled:
        mix[:, arm] = np.where(fitted.inside[:, arm], fitted.propensity[:, arm], 0.0)
    contacted = mix.sum(axis=1)
    known = contacted > 0
    target = np.zeros(len(contrast))
    for arm, effect in pooled.items():
        target[known] += (mix[:, arm] * (contrast[:, arm] - effect))[known] / contacted[known]
    cost = 1.0 / np.maximum(contacted, 1e-9) + 1.0 / np.maximum(fitted.propensity[:, 0], 1e-9)
    weight = np.where(known, trust / cost, 0.0)
    return [
        fit_linear_effect(linear, target, weight, fitted.folds),
        fit_boosted_effect(table, target, weight, fitted.folds, n_jobs=n_jobs, seed=seed),
    ]


def _out_of_fold(candidate: Deviation, linear: Floats32, trees: Floats32, folds: Ints) -> Floats:
    return candidate.out_of_fold(linear if isinstance(candidate, LinearEffect) else trees, folds)


def _recentered(residual: Floats, precision: Floats, everyone: Floats, groups: NDArray[Any]) -> float:
    """Return a shift of the pooled effect from the precision-weighted to the plain average.

    Precision weights favour rows with overlap; where effects differ there, the plain average is the honest
    one but noisier. The difference is kept as far as it exceeds its own sampling variance.
    """
    share = everyone / everyone.sum() - precision / precision.sum()
    gap = clustered_mean(share * len(share) * residual, np.ones(len(share)), groups)
    if gap.value == 0.0:
        return 0.0
    return gap.value * max(0.0, 1.0 - gap.standard_error**2 / gap.value**2)
