"""What an action changes after the decision period, which the surrogate index cannot see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.dr_scores import clustered_mean
from duewise.models.causal.overlap import contrast_cost

Floats = NDArray[np.float64]

FALSE_ALARM = 0.05
"""Chance that a later effect is seen in any action where none has one."""


@dataclass(frozen=True)
class LaterEffect:
    """Effect of one action beyond the surrogate index, per unit of outcome.

    Attributes
    ----------
    effect : float
        What is added to the effect on the index: the estimate, less the part that could be chance.
    estimate, standard_error : float
        Average difference between the effect on the whole outcome and that on the index.
    """

    effect: float
    estimate: float
    standard_error: float


def later_effects(early: CrossFit, whole: CrossFit) -> dict[int, LaterEffect]:
    """Return the later effect of each usable action.

    Parameters
    ----------
    early, whole : CrossFit
        Scores of the surrogate index and of the outcome itself for the same rows and propensities.
    """
    contrast = (whole.scores - whole.scores[:, [0]]) - (early.scores - early.scores[:, [0]])
    known = early.inside & early.overlap.usable
    weight = np.where(known, early.log.weight[:, None] / contrast_cost(early.propensity), 0.0)
    arms = [arm for arm in range(1, contrast.shape[1]) if known[:, arm].any()]
    beyond_doubt = float(norm.ppf(1.0 - FALSE_ALARM / (2 * max(len(arms), 1))))
    found = {}
    for arm in arms:
        rows = np.flatnonzero(known[:, arm])
        mean = clustered_mean(contrast[rows, arm], weight[rows, arm], early.log.groups[rows])
        found[arm] = LaterEffect(
            _kept(mean.value, beyond_doubt * mean.standard_error), mean.value, mean.standard_error
        )
    return found


def _kept(estimate: float, chance: float) -> float:
    """Return the estimate shrunk as a positive-part James-Stein estimator would: to zero within `chance`."""
    return estimate * max(0.0, 1.0 - (chance / estimate) ** 2) if estimate != 0.0 else 0.0
