"""The final stage: effects that are as individual as the signal allows.

Every action starts from its pooled effect. One joint regression of all actions adds what is linear in the
features; boosted trees then add what it left over, once for "any contact" (so that thin actions borrow) and
once for the action alone. Each step is kept only as far as held-out scores confirm it: without signal nothing
is left but the pooled effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.boosting import BinnedTable
from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.dr_scores import clustered_mean
from duewise.models.causal.effect_boosted import BoostedEffect, fit_boosted_effect
from duewise.models.causal.effect_linear import LinearEffect, fit_linear_effects
from duewise.models.causal.effect_stack import stack, unexplained_spread
from duewise.models.causal.noise import noise_level
from duewise.models.causal.overlap import contrast_cost

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class ActionEffect:
    """The effect of one action: pooled effect, linear deviation, weighted boosted deviations.

    Attributes
    ----------
    pooled : float
        Effect of a row with average deviation.
    linear : LinearEffect
        Deviation from the joint regression of all actions.
    boosted : sequence of BoostedEffect
        Deviations from pooled and linear effect: that of any contact, if there are several, then the own one.
    weights : ndarray of shape (len(boosted),)
        Share of each boosted deviation that is kept.
    noise : float
        Standard error of the pooled effect.
    unexplained : float
        Standard deviation of individual effects around the prediction, as far as the data show it.
    """

    pooled: float
    linear: LinearEffect
    boosted: Sequence[BoostedEffect]
    weights: Floats
    noise: float
    unexplained: float

    def predict(self, linear: Floats32, trees: Floats32, fold: int | None = None, threads: int = 1) -> Floats:
        """Return the effect of each row, by the model without `fold` or by the whole one."""
        out = self.pooled + self.linear.deviation(linear, fold)
        for weight, boosted in zip(self.weights, self.boosted, strict=True):
            if weight > 0.0:
                out += weight * boosted.deviation(trees, fold, threads)
        return out

    def standard_error(self, linear: Floats32, trees: Floats32, threads: int = 1) -> Floats:
        """Return the standard deviation of each row's true effect around its prediction.

        The delete-a-fold jackknife has few folds; half of each row's own variance and half of the average
        over rows is steadier than either.
        """
        n_folds = len(self.linear.fold_centers)
        runs = np.array([self.predict(linear, trees, fold, threads) for fold in range(n_folds)])
        jackknife = (n_folds - 1) * runs.var(axis=0)
        smoothed = 0.5 * jackknife + 0.5 * jackknife.mean()
        individual = np.maximum(smoothed, self.linear.posterior_variance(linear)) + self.unexplained**2
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
    contrast = fitted.scores - fitted.scores[:, [0]]
    to_money = fitted.log.scale
    if unit == "money":
        contrast, to_money = contrast * to_money[:, None], np.ones(len(to_money))
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
    actions: list[ActionEffect | None] = [None] * fitted.log.n_actions
    out_of_fold = np.full(contrast.shape, np.nan)
    out_of_fold[:, 0] = 0.0
    if not arms:
        return EffectStage(actions, out_of_fold, np.inf)
    linear_effects = dict(zip(arms, _fit_linear(fitted, arms, trust, unit, linear), strict=True))
    start = np.zeros_like(contrast)
    for arm, effect in linear_effects.items():
        deviation = effect.out_of_fold(linear, fitted.folds)
        pooled = np.average(contrast[:, arm] - deviation, weights=precision[:, arm])
        start[:, arm] = pooled + deviation
    shared = _fit_shared(fitted, contrast - start, trust, arms, table, n_jobs, seed)
    risk = 0.0
    for arm in arms:
        rows, target, weight = inside[:, arm], contrast[:, arm], precision[:, arm]
        own = fit_boosted_effect(
            table, target - start[:, arm], weight, fitted.folds, n_jobs=n_jobs, seed=seed
        )
        boosted = [*shared, own]
        actions[arm], found = _combine(
            fitted, target, start[:, arm], weight, rows, linear_effects[arm], boosted, table
        )
        out_of_fold[rows, arm] = (found * to_money)[rows]
        risk += float(np.average(((target - found) * to_money) ** 2, weights=judged[:, arm]))
    return EffectStage(actions, out_of_fold, risk)


def _combine(
    fitted: CrossFit,
    target: Floats,
    start: Floats,
    weight: Floats,
    rows: Bools,
    linear_effect: LinearEffect,
    boosted: Sequence[BoostedEffect],
    table: BinnedTable,
) -> tuple[ActionEffect, Floats]:
    """Return the effect of one action and its out-of-fold prediction, from its pooled plus linear `start`."""
    folds, groups = fitted.folds, fitted.log.groups
    deviations = np.column_stack([effect.out_of_fold(table.matrix, folds) for effect in boosted])
    deviations -= np.average(deviations, axis=0, weights=weight)
    weights, combined = stack(deviations, target - start, weight, folds, groups)
    found = start + combined
    residual = target - found
    noise = clustered_mean(residual[rows], weight[rows], groups[rows]).standard_error
    unexplained = unexplained_spread(residual, deviations, weight)
    pooled = float(np.average(found, weights=weight))
    return ActionEffect(pooled, linear_effect, boosted, weights, noise, unexplained), found


def _fit_linear(
    fitted: CrossFit, arms: list[int], trust: Floats, unit: str, linear: Floats32
) -> list[LinearEffect]:
    observed, columns = fitted.log, [0, *arms]
    scale = observed.scale if unit == "money" else np.ones(len(observed.scale))
    probability = fitted.propensity[:, columns]
    probability = probability / probability.sum(axis=1, keepdims=True)
    expected = (probability * fitted.expected[:, columns]).sum(axis=1)
    taken = fitted.inside[np.arange(len(scale)), observed.action] & np.isin(observed.action, columns)
    surprise = (observed.action[:, None] == np.array(arms)) - probability[:, 1:]
    residual = (fitted.cap.apply(observed.outcome) - expected) * scale
    weight = np.where(taken, trust, 0.0)
    return fit_linear_effects(surprise, residual, weight, linear, fitted.folds, observed.groups)


def _trust(fitted: CrossFit, unit: str) -> Floats:
    """Return the weight of each row before overlap: its sample weight over the noise of its outcome."""
    observed = fitted.log
    scale = observed.scale if unit == "money" else np.ones(len(observed.scale))
    taken = fitted.expected[np.arange(len(scale)), observed.action]
    residual = (fitted.cap.apply(observed.outcome) - taken) * scale
    return observed.weight / noise_level(residual, fitted.expected.mean(axis=1) * scale, observed.weight)


def _fit_shared(
    fitted: CrossFit,
    remainder: Floats,
    trust: Floats,
    arms: list[int],
    table: BinnedTable,
    n_jobs: int,
    seed: int,
) -> list[BoostedEffect]:
    """Return what boosting finds in the effect of any contact, beyond each action's own `start`."""
    if len(arms) < 2:
        return []
    mix = np.zeros_like(remainder)
    mix[:, arms] = np.where(fitted.inside[:, arms], fitted.propensity[:, arms], 0.0)
    contacted = mix.sum(axis=1)
    target = (mix * remainder).sum(axis=1) / np.maximum(contacted, 1e-9)
    cost = 1.0 / np.maximum(contacted, 1e-9) + 1.0 / np.maximum(fitted.propensity[:, 0], 1e-9)
    weight = np.where(contacted > 0, trust / cost, 0.0)
    return [fit_boosted_effect(table, target, weight, fitted.folds, n_jobs=n_jobs, seed=seed)]
