"""What the actions of a log borrow from each other, and how far predictions are moved by it as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.dr_scores import Estimate
from duewise.models.causal.partial_pooling import partial_pooling
from duewise.models.causal.worth import average_effects, contrast_weights

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Borrowed:
    """What the actions of one log share, per unit of scale.

    Attributes
    ----------
    shared : mapping of action to Estimate
        Average effect over the rows about which the log says most, pulled to what actions of its cost do.
    moved : mapping of action to float
        What is added to the predictions of an action, so that they average to that.
    """

    shared: Mapping[int, Estimate]
    moved: Mapping[int, float]


def borrowed(fitted: CrossFit, predicted: Floats, cost: Mapping[int, float]) -> Borrowed:
    """Return the shared effects, and how far they are from what is predicted.

    Predictions need not average to the effect of the action by itself: what is left of their average is
    moved as a whole, or an error in it would outlive the pooling.

    Parameters
    ----------
    predicted : ndarray of shape (n, n_actions)
        Effects per unit of scale by models that did not see the row; NaN where unsupported.
    cost : mapping of action to float
        Money per action.
    """
    weight, known = contrast_weights(fitted), np.nan_to_num(predicted)
    shared = partial_pooling(average_effects(fitted), cost)
    moved = {
        arm: found.value - float(np.average(known[:, arm], weights=weight[:, arm]))
        for arm, found in shared.items()
    }
    return Borrowed(shared, moved)
