"""Where the log can say something about an action: overlap, trimming, effective sample size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

HIGHEST_FLOOR = 0.05  # in a small log the formula would ask for more than anyone calls rare


@dataclass(frozen=True)
class OverlapRule:
    """Tells for which covariates an action can be compared with `none`.

    Attributes
    ----------
    lowest : float
        Least probability, of the action and of `none`, that counts as "could have happened".
    usable : ndarray of bool, shape (n_actions,)
        False for actions with too few comparable rows.
    """

    lowest: float
    usable: Bools

    def supported(self, propensity: Floats) -> Bools:
        """Return which actions are supported for each row, of shape (n, n_actions)."""
        possible = propensity >= self.lowest
        return np.asarray(possible & possible[:, [0]] & self.usable)


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
    """Return the rule that says where an action can be compared with `none`, and whether at all.

    The floor on probabilities is 5 / (√n ln n), which shrinks with the sample as fast as the variance of the
    weighted mean allows (Gruber et al. 2022, Am. J. Epidemiol. 191(9)). Trimming that minimises the variance
    of the average (Crump et al. 2009) was tried: it leaves out rows about which the log says enough.
    """
    n, n_actions = propensity.shape
    lowest = min(HIGHEST_FLOOR, 5.0 / (np.sqrt(n) * np.log(max(n, 3))))
    inside = OverlapRule(lowest, np.ones(n_actions, dtype=bool)).supported(propensity)
    usable = np.zeros(n_actions, dtype=bool)
    for arm in range(n_actions):
        sides = [(column, inside[:, arm] & (action == column)) for column in (arm, 0)]
        usable[arm] = all(
            rows.sum() >= min_rows
            and effective_rows(weight[rows] / propensity[rows, column]) >= min_effective_rows
            for column, rows in sides
        )
    return OverlapRule(lowest, usable & usable[0])
