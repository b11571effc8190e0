"""Assigned against delivered: an assigned call that nobody could make changes nothing and costs little.

Assignments are the treatment, since they are what the allocation decides. How many of them were delivered,
and what delivery itself changes, is a second question, answered with the assignment as instrument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.dr_scores import Estimate, clustered_mean

WEAK = 0.05  # delivered share below which dividing by it would only magnify noise


@dataclass(frozen=True)
class Delivery:
    """Delivery of one assigned action.

    Attributes
    ----------
    delivered : Estimate
        Share of assignments that were delivered, weighted to all comparable rows.
    effect_of_assignment, effect_of_delivery : Estimate
        Average effects in money; the second is NaN where hardly anything is delivered.
    """

    action: str
    delivered: Estimate
    effect_of_assignment: Estimate
    effect_of_delivery: Estimate


def delivery_effects(fitted: CrossFit, names: NDArray[Any], delivered: ArrayLike) -> list[Delivery]:
    """Return delivered shares and the effect of delivery for every usable action.

    Assumes that an assignment works only through delivery, and that without it nothing is delivered; then the
    effect of delivery is the effect of assignment over the delivered share (Imbens & Angrist 1994).

    Parameters
    ----------
    delivered : array of bool, shape (n,)
        Whether the action assigned to the row reached the debtor's side; any value where `none` was assigned.
    """
    observed = fitted.log
    reached = np.asarray(delivered, dtype=np.float64)
    if reached.shape != observed.outcome.shape:
        raise ValueError(
            f"delivered has shape {reached.shape}; pass one value per row: {observed.outcome.shape}."
        )
    found = []
    for arm in range(1, observed.n_actions):
        assignment = fitted.average_effect(arm)
        if assignment is None:
            continue
        rows = fitted.inside[:, arm]
        own = observed.action[rows] == arm
        weight, groups = observed.weight[rows], observed.groups[rows]
        inverse = np.where(own, 1.0 / fitted.propensity[rows, arm], 0.0)
        share = float(np.average(reached[rows], weights=weight * inverse))
        score = share + inverse * (reached[rows] - share)
        delivery = clustered_mean(score, weight, groups)
        effect = Estimate(float("nan"), float("nan"))
        if delivery.value >= WEAK:
            value = assignment.value / delivery.value
            contrast = (fitted.scores[rows, arm] - fitted.scores[rows, 0]) * observed.scale[rows]
            # Delta method: the influence of a ratio is that of its numerator less the ratio times that of its
            # denominator, over the denominator.
            error = clustered_mean((contrast - value * score) / delivery.value, weight, groups).standard_error
            # The numerator's own interval is wider than its scores show where outcomes are capped or thin.
            effect = Estimate(value, max(error, assignment.standard_error / delivery.value))
        found.append(Delivery(str(names[arm]), delivery, assignment, effect))
    return found
