"""Doubly robust scores and what is computed from them directly: averages, intervals, the cap on outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

CAP_QUANTILES = (1.0, 0.999, 0.998, 0.995, 0.99, 0.98, 0.95)
LEAST_SAVING = 0.2  # of the mean squared error: light tails with uneven weights also gain a little


def dr_scores(outcome: Floats, action: Ints, propensity: Floats, expected: Floats) -> Floats:
    """Return the doubly robust (AIPW) score of every action for every row.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        Observed outcome, in any unit.
    action : ndarray of int, shape (n,)
        Column of `expected` that was taken.
    propensity, expected : ndarray of shape (n, n_actions)
        Probability of each action; out-of-fold outcome expected under it.

    Returns
    -------
    ndarray of shape (n, n_actions)
        Its mean is unbiased for the mean outcome under each action when either `propensity` or `expected` is
        right (Robins, Rotnitzky & Zhao 1994, JASA 89; Dudík et al. 2014, Statist. Sci. 29(4)).
    """
    rows = np.arange(len(outcome))
    scores = expected.copy()
    scores[rows, action] += (outcome - expected[rows, action]) / propensity[rows, action]
    return scores


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error, in the unit of the outcome."""

    value: float
    standard_error: float

    def interval(self, level: float) -> tuple[float, float]:
        """Return the two-sided normal interval."""
        half = float(norm.ppf(0.5 + level / 2)) * self.standard_error
        return self.value - half, self.value + half


def clustered_mean(score: Floats, weight: Floats, groups: NDArray[Any]) -> Estimate:
    """Return the weighted mean of `score` with a standard error clustered by group.

    The influence of a group is the sum over its rows, so that a debtor seen on many dates counts as one
    independent observation (Liang & Zeger 1986).
    """
    total = weight.sum()
    mean = float(weight @ score / total)
    _, code = np.unique(groups, return_inverse=True)
    influence = np.bincount(code, weight * (score - mean) / total)
    n = len(influence)
    return Estimate(mean, float(np.sqrt(n / max(n - 1, 1) * (influence @ influence))))


@dataclass(frozen=True)
class Cap:
    """Limits outside which outcomes are pulled in, and what that does to the average effects.

    Attributes
    ----------
    low, high : float
        Limits; infinite where nothing is capped.
    share : float
        Share of rows outside the limits.
    bias : ndarray of shape (n_actions,)
        Estimated effect that was cut off, action against `none` (column 0): uncapped minus capped.
    """

    low: float
    high: float
    share: float
    bias: Floats

    def apply(self, outcome: Floats) -> Floats:
        """Return the outcome within the limits."""
        return np.clip(outcome, self.low, self.high)


def no_cap(n_actions: int) -> Cap:
    """Return the cap that leaves every outcome as it is."""
    return Cap(-np.inf, np.inf, 0.0, np.zeros(n_actions))


def choose_cap(outcome: Floats, action: Ints, propensity: Floats, weight: Floats) -> Cap:
    """Return the cap with the least estimated mean squared error of the average effects.

    For every quantile tried, the error of an action is the variance of its weighted mean plus the square of
    the effect that the cap cuts off. The square is not reduced by its own noise, so a cap is chosen only
    where it saves clearly more variance than it may cost in bias.
    """
    n_actions = propensity.shape[1]
    taken = propensity[np.arange(len(action)), action]
    inverse = weight / taken
    best: tuple[float, Cap] | None = None
    reference: Floats | None = None
    values, counts = np.unique(outcome, return_counts=True)
    usual = values[np.argmax(counts)]
    # Quantiles of the outcomes that differ from the usual one: where most pay nothing, payers are the tail.
    unusual = outcome[outcome != usual]
    for quantile in CAP_QUANTILES if len(unusual) else (1.0,):
        high = max(usual, float(np.quantile(unusual, quantile))) if quantile < 1 else np.inf
        low = min(usual, float(np.quantile(unusual, 1 - quantile))) if quantile < 1 else -np.inf
        capped = np.clip(outcome, low, high)
        cut, variance = np.zeros(n_actions), np.zeros(n_actions)
        for arm in range(n_actions):
            rows = action == arm
            if rows.sum() < 2:
                continue
            w = inverse[rows] / inverse[rows].sum()
            cut[arm] = w @ (outcome[rows] - capped[rows])
            variance[arm] = w**2 @ (capped[rows] - w @ capped[rows]) ** 2
        bias = cut - cut[0]
        error = bias**2 + variance + variance[0]
        reference = error if reference is None else reference
        present = reference > 0
        relative = (
            float(np.mean(error[1:][present[1:]] / reference[1:][present[1:]])) if present[1:].any() else 1.0
        )
        cap = Cap(low, high, float(np.mean((outcome < low) | (outcome > high))), bias)
        if best is None or relative < min(best[0], 1 - LEAST_SAVING):
            best = (relative, cap)
    assert best is not None
    return best[1]
