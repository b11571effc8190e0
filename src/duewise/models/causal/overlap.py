"""Where the log can say something about an action: overlap, trimming, effective sample size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class OverlapRule:
    """Tells for which covariates an action can be compared with `none`.

    Attributes
    ----------
    lowest : float
        Least probability that counts as "could have happened".
    highest_cost : ndarray of shape (n_actions,)
        Largest 1/p(action) + 1/p(none) of a comparable row: beyond it the row adds more variance than
        information.
    usable : ndarray of bool, shape (n_actions,)
        False for actions with too few rows anywhere.
    """

    lowest: float
    highest_cost: Floats
    usable: Bools

    def supported(self, propensity: Floats) -> Bools:
        """Return which actions are supported for each row, of shape (n, n_actions)."""
        common = (propensity >= self.lowest) & (propensity[:, [0]] >= self.lowest)
        return common & (contrast_cost(propensity) <= self.highest_cost) & self.usable


def contrast_cost(propensity: Floats) -> Floats:
    """Return 1/p(action) + 1/p(none): the variance of a row's contrast per unit of outcome variance."""
    safe = np.maximum(propensity, 1e-9)
    cost = 1.0 / safe + 1.0 / safe[:, [0]]
    cost[:, 0] = 1.0 / safe[:, 0]
    return np.asarray(cost)


def effective_rows(weight: Floats) -> float:
    """Return Kish's effective sample size of weighted rows."""
    squares = float(weight @ weight)
    return float(weight.sum() ** 2 / squares) if squares > 0 else 0.0


def learn_overlap(
    propensity: Floats, action: Ints, weight: Floats, min_rows: int, min_effective_rows: float
) -> OverlapRule:
    """Return the rule that trims each action's comparison where it costs more variance than it is worth.

    The floor on probabilities shrinks with the sample (Gruber et al. 2022, Am. J. Epidemiol. 191(9)); the
    limit on the cost is the optimal trimming of Crump, Hotz, Imbens & Mitnik (2009, Biometrika 96(1)) for the
    pair (action, none).
    """
    n, n_actions = propensity.shape
    lowest = min(0.05, 5.0 / (np.sqrt(n) * np.log(max(n, 3))))
    cost = contrast_cost(propensity)
    highest = np.full(n_actions, np.inf)
    possible = propensity >= lowest
    for arm in range(1, n_actions):
        both = possible[:, arm] & possible[:, 0]
        if both.any():
            highest[arm] = _optimal_limit(cost[both, arm], weight[both])
    rule = OverlapRule(lowest, highest, np.ones(n_actions, dtype=bool))
    inside = rule.supported(propensity)
    usable = np.zeros(n_actions, dtype=bool)
    for arm in range(n_actions):
        own = inside[:, arm] & (action == arm)
        versus_none = inside[:, arm] & (action == 0)
        usable[arm] = all(
            rows.sum() >= min_rows
            and effective_rows(weight[rows] / propensity[rows, column]) >= min_effective_rows
            for rows, column in ((own, arm), (versus_none, 0))
        )
    return OverlapRule(lowest, highest, usable & usable[0])


def _optimal_limit(cost: Floats, weight: Floats) -> float:
    """Return the smallest limit L with L ≤ 2 E[cost | cost ≤ L]; infinite when nothing need be trimmed."""
    order = np.argsort(cost, kind="stable")
    cost, weight = cost[order], weight[order]
    running_mean = np.cumsum(cost * weight) / np.cumsum(weight)
    if cost[-1] <= 2 * running_mean[-1]:
        return np.inf
    keep = np.flatnonzero(cost <= 2 * running_mean)
    return float(cost[keep[-1]])
