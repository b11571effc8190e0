"""What the predictions of an action borrow from other actions: how far they are moved as a whole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.partial_pooling import partial_pooling
from duewise.models.causal.worth import average_effects, contrast_weights

Floats = NDArray[np.float64]


def borrowed(fitted: CrossFit, predicted: Floats, cost: Mapping[int, float]) -> dict[int, float]:
    """Return what is added to the predictions of each action, per unit of scale.

    Afterwards they average to what the action does together with what it learns from actions of its cost
    (`partial_pooling`), over the rows about which the log says most. They need not do so before: where an
    action was seldom taken, predictions are partly drawn to a few rows of great weight, and a shift that
    started from the average effect would leave that error in place.

    Parameters
    ----------
    predicted : ndarray of shape (n, n_actions)
        Effects per unit of scale by models that did not see the row; NaN where unsupported.
    cost : mapping of action to float
        Money per action.
    """
    weight, known = contrast_weights(fitted), np.nan_to_num(predicted)
    return {
        arm: shared.value - float(np.average(known[:, arm], weights=weight[:, arm]))
        for arm, shared in partial_pooling(average_effects(fitted), cost).items()
    }
