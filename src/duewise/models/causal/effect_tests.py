"""Are the individual effects real? Tests of a fitted `ChannelValue` on its out-of-fold effects.

Two tests of Chernozhukov, Demirer, Duflo & Fernández-Val (2018, NBER 24678): the best linear predictor of the
effect given its prediction (slope 1: calibrated; slope 0: noise), and average effects of groups formed by
predicted quintile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from duewise.models.causal.dr_scores import Estimate, clustered_mean

if TYPE_CHECKING:
    from duewise.models.channel import ChannelValue

Floats = NDArray[np.float64]

LEAST_GROUP_ROWS = 50


@dataclass(frozen=True)
class EffectCalibration:
    """Best linear predictor of one action's effect given its out-of-fold prediction.

    Attributes
    ----------
    mean_effect : Estimate
        Average effect at the average prediction, in money.
    slope : Estimate or None
        Effect gained per unit of predicted effect; None where the prediction is the same for all.
    p_no_difference : float
        One-sided p-value of "the slope is zero": no individual differences were found.
    overstated : bool
        The 90% interval of the slope lies below 1: the predicted differences are larger than the real ones.
    """

    action: str
    mean_effect: Estimate
    slope: Estimate | None
    p_no_difference: float
    overstated: bool


@dataclass(frozen=True)
class GroupEffect:
    """Average effect, in money, of the rows in one group of predicted effects, with a 90% interval."""

    action: str
    group: int
    n: int
    predicted: float
    effect: float
    lower: float
    upper: float


def calibrate_effects(model: ChannelValue) -> list[EffectCalibration]:
    """Return the best-linear-predictor test for every supported action."""
    return [_calibration(str(model.actions_[arm]), *_contrast(model, arm)) for arm in _supported_arms(model)]


def group_effects(model: ChannelValue, n_groups: int = 5) -> list[GroupEffect]:
    """Return average effects by quantile of the predicted effect, lowest first, for every supported action.

    Predictions that are equal stay in one group, so an action whose effect is the same for all has one.
    """
    found = []
    for arm in _supported_arms(model):
        predicted, contrast, weight, groups = _contrast(model, arm)
        cuts = np.unique(np.quantile(predicted, np.linspace(0, 1, n_groups + 1)[1:-1]))
        member = np.searchsorted(cuts, predicted, side="left")
        for label, code in enumerate(np.unique(member), start=1):
            rows = member == code
            if rows.sum() < LEAST_GROUP_ROWS:
                continue
            estimate = clustered_mean(contrast[rows], weight[rows], groups[rows])
            lower, upper = estimate.interval(0.9)
            mean = float(np.average(predicted[rows], weights=weight[rows]))
            name = str(model.actions_[arm])
            found.append(GroupEffect(name, label, int(rows.sum()), mean, estimate.value, lower, upper))
    return found


def _supported_arms(model: ChannelValue) -> list[int]:
    usable = model.training_.overlap.usable
    return [arm for arm in range(1, len(model.actions_)) if usable[arm]]


def _contrast(model: ChannelValue, arm: int) -> tuple[Floats, Floats, Floats, NDArray[np.generic]]:
    """Return out-of-fold prediction, contrast of scores, weight and group of the supported rows, in money."""
    fitted = model.training_
    rows = fitted.inside[:, arm]
    contrast = (fitted.scores[rows, arm] - fitted.scores[rows, 0]) * fitted.log.scale[rows]
    return model.out_of_fold_effects_[rows, arm], contrast, fitted.log.weight[rows], fitted.log.groups[rows]


def _calibration(
    action: str, predicted: Floats, contrast: Floats, weight: Floats, groups: NDArray[np.generic]
) -> EffectCalibration:
    mean = clustered_mean(contrast, weight, groups)
    centered = predicted - np.average(predicted, weights=weight)
    # Predictions of different folds differ by their pooled effects even where nothing is individual.
    if np.sqrt(np.average(centered**2, weights=weight)) <= 1e-9 + 1e-6 * abs(mean.value):
        return EffectCalibration(action, mean, None, 1.0, overstated=False)
    spread = float(np.average(centered**2, weights=weight))
    slope = float(np.average(centered * contrast, weights=weight)) / spread
    influence = centered * (contrast - mean.value - slope * centered) / spread
    slope_estimate = Estimate(slope, clustered_mean(influence, weight, groups).standard_error)
    _, upper = slope_estimate.interval(0.9)
    p_value = float(norm.sf(slope / max(slope_estimate.standard_error, 1e-300)))
    return EffectCalibration(action, mean, slope_estimate, p_value, overstated=upper < 1.0)
