"""Whether acting on the estimated effects pays at all: a test on rows that the estimates did not see.

Where nothing works, half of all estimated effects are positive by chance, and a policy that follows them
spends everything on nothing. So the policy itself is put to the test: every row gets the action that models
without its fold recommend, and doubly robust scores say what that is worth net of cost (Dudík et al. 2014,
Statist. Sci. 29(4)). The estimate is unbiased, since choice and score never share a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.dr_scores import Estimate, clustered_mean
from duewise.models.causal.overlap import contrast_cost

Floats = NDArray[np.float64]

PROOF = 1.645
"""Standard errors by which the whole policy must pay: a useless one passes once in twenty trainings."""

SIGN = 1.0
"""Standard errors by which a single action must pay once the whole is proven."""


@dataclass(frozen=True)
class Worth:
    """What following the estimated effects is worth per acted row, net of cost, in money.

    Attributes
    ----------
    policy : Estimate
        Of the best action of each row, over the rows where one is worth its cost.
    actions : dict of int to Estimate
        Of each action by itself, over the rows where its estimate exceeds its cost.

    Rows count by how much the log can say about them (overlap weights: Li, Morgan & Zaslavsky 2018, JASA
    113), which makes the test sharp; where nothing works the mean is zero by any weights.
    """

    policy: Estimate
    actions: dict[int, Estimate]

    @property
    def proven(self) -> bool:
        """Whether the policy as a whole pays beyond doubt."""
        return strength(self.policy) >= PROOF

    def pays(self, arm: int) -> bool:
        """Return whether an action may be chosen for its effect."""
        return self.proven and arm in self.actions and strength(self.actions[arm]) >= SIGN


def strength(estimate: Estimate) -> float:
    """Return an estimate in standard errors; 0 where it is exactly zero."""
    return estimate.value / estimate.standard_error if estimate.standard_error > 0 else 0.0


def worth_of_acting(fitted: CrossFit, out_of_fold: Floats, cost: Floats) -> Worth:
    """Return the worth of acting on effects.

    Parameters
    ----------
    out_of_fold : ndarray of shape (n, n_actions)
        Effect in money of each row by models that did not see it; NaN where unsupported.
    cost : ndarray of shape (n_actions,)
        Money per action; 0 for `none`.
    """
    observed = fitted.log
    expected = np.nan_to_num(out_of_fold, nan=-np.inf) - cost
    expected[:, 0] = 0.0
    scored = (fitted.scores - fitted.scores[:, [0]]) * observed.scale[:, None] - cost
    weight = observed.weight[:, None] / contrast_cost(fitted.propensity)
    rows = np.arange(len(expected))
    best = expected.argmax(axis=1)

    def mean_gain(chosen: NDArray[np.bool_], arm: NDArray[np.intp]) -> Estimate:
        if not chosen.any():
            return Estimate(0.0, 0.0)
        taken = rows[chosen], arm[chosen]
        return clustered_mean(scored[taken], weight[taken], observed.groups[chosen])

    actions = {
        arm: mean_gain(expected[:, arm] > 0, np.full(len(expected), arm))
        for arm in range(1, observed.n_actions)
        if (expected[:, arm] > 0).any()
    }
    return Worth(mean_gain(best > 0, best), actions)
