"""Whether acting on the estimated effects pays at all, and by which action.

Where nothing works, half of all estimated effects are positive by chance, and a policy that follows them
spends everything on nothing. So before any effect is acted on, one of two tests must find one: whether
contact changes anything on the whole, all actions pooled and whatever they cost, or whether a single action
pays net of its cost, judged on rows that its estimate did not see (doubly robust scores: Dudík et al. 2014,
Statist. Sci. 29(4)). Costs stay out of the first test because it asks
whether there is an effect at all; net of cost, actions too dear to be chosen would hide cheap ones.

Effects are compared per unit of scale (what an action can move in a case), not in money, or a few large debts
would decide; and rows count by how much the log can say about them (overlap weights: Li, Morgan & Zaslavsky
2018, JASA 113). Where nothing works the means are zero by any weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.dr_scores import Estimate, clustered_mean
from duewise.models.causal.overlap import contrast_cost

Floats = NDArray[np.float64]

FALSE_ALARM_OF_ALL, FALSE_ALARM_OF_ONE = 0.02, 0.01
"""Chances that a portfolio in which nothing works is acted on after a training, by either test.

A lender whose contacts do work loses a night's whole gain by a missed proof, one whose contacts do nothing
only their cost, so the two errors are not held to the same standard.
"""

AGAINST = 1.0
"""Standard errors by which an action's own rows may speak against it before it is left out."""


@dataclass(frozen=True)
class Worth:
    """What acting is worth, per unit of scale.

    Attributes
    ----------
    contact : Estimate
        Effect of any action, pooled over actions and rows, before cost: the median over the splits.
    actions : dict of int to Estimate
        Effect net of cost of each action by itself, over the rows where its estimate exceeds its cost.
    """

    contact: Estimate
    actions: dict[int, Estimate]

    @property
    def proven(self) -> bool:
        """Whether acting works beyond doubt: contact as a whole, or one action net of cost."""
        strongest = max((strength(found) for found in self.actions.values()), default=0.0)
        single = float(norm.ppf(1.0 - FALSE_ALARM_OF_ONE / max(len(self.actions), 1)))
        return strength(self.contact) >= float(norm.ppf(1.0 - FALSE_ALARM_OF_ALL)) or strongest >= single

    def pays(self, arm: int) -> bool:
        """Return whether an action may be chosen for its effect.

        Once contact is proven to work, an action need not prove itself alone: its estimate holds what it
        borrowed from the others, and where that is below the cost it is not chosen anyway.
        """
        return self.proven and arm in self.actions and strength(self.actions[arm]) > -AGAINST


def strength(estimate: Estimate) -> float:
    """Return an estimate in standard errors; 0 where it is exactly zero."""
    return estimate.value / estimate.standard_error if estimate.standard_error > 0 else 0.0


def average_effects(fitted: CrossFit) -> dict[int, Estimate]:
    """Return the effect of each action over the rows about which the log says most, per unit of scale."""
    weight, observed = contrast_weights(fitted), fitted.log
    contrast = fitted.scores - fitted.scores[:, [0]]
    found = {}
    for arm in np.flatnonzero(weight.any(axis=0)):
        rows = np.flatnonzero(weight[:, arm])
        found[int(arm)] = clustered_mean(contrast[rows, arm], weight[rows, arm], observed.groups[rows])
    return found


def worth_of_acting(
    fitted: CrossFit,
    out_of_fold: Floats,
    cost: Floats,
    other_splits: Sequence[CrossFit] = (),
) -> Worth:
    """Return the worth of acting on effects.

    Parameters
    ----------
    out_of_fold : ndarray of shape (n, n_actions)
        Effect in money of each row by models that did not see it; NaN where unsupported.
    cost : ndarray of shape (n_actions,)
        Money per action; 0 for `none`.
    other_splits : sequence of CrossFit
        The same rows, dealt into folds otherwise: with few rows the luck of one deal could decide
        (Chernozhukov et al. 2018, Econom. J. 21(1), section 3.4).
    """
    observed = fitted.log
    weight = contrast_weights(fitted)
    if not weight.any():
        return Worth(Estimate(0.0, 0.0), {})
    net = fitted.scores - fitted.scores[:, [0]] - cost / observed.scale[:, None]
    actions = {}
    for arm in np.flatnonzero(weight.any(axis=0)):
        worth_it = np.nan_to_num(out_of_fold[:, arm], nan=-np.inf) > cost[arm]
        chosen = np.flatnonzero((weight[:, arm] > 0) & worth_it)
        if len(chosen):
            actions[int(arm)] = clustered_mean(net[chosen, arm], weight[chosen, arm], observed.groups[chosen])
    splits = sorted((_contact(split) for split in (fitted, *other_splits)), key=strength)
    return Worth(splits[len(splits) // 2], actions)


def contrast_weights(fitted: CrossFit) -> Floats:
    """Return how much the log can say about each action in each row, of shape (n, n_actions)."""
    known = fitted.inside & fitted.overlap.usable
    known[:, 0] = False
    return np.where(known, fitted.log.weight[:, None] / contrast_cost(fitted.propensity), 0.0)


def _contact(fitted: CrossFit) -> Estimate:
    """Return the effect of any action, pooled over actions and rows."""
    weight = contrast_weights(fitted)
    rows = np.flatnonzero(weight.any(axis=1))
    total = weight[rows].sum(axis=1)
    effect = (fitted.scores - fitted.scores[:, [0]])[rows]
    return clustered_mean((weight[rows] * effect).sum(axis=1) / total, total, fitted.log.groups[rows])
