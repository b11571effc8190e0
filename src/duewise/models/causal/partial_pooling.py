"""Actions that borrow from each other: with little data, an action does on average what such contacts do."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from duewise.models.causal.dr_scores import Estimate

Floats = NDArray[np.float64]

FEWEST = 3
"""Actions below which a spread between them cannot be told from noise: each stands for itself."""

SLOPES = np.linspace(0.0, 1.0, 9)
"""How much more the dearest action does than the middle one, as a share of it: from nothing to twice."""

SPREADS = np.concatenate([[0.0], np.geomspace(0.05, 2.0, 14)])
"""Spread of the actions around the line by cost, in units of the typical estimate."""


def partial_pooling(
    estimates: Mapping[int, Estimate], cost: Mapping[int, float] | None = None
) -> dict[int, Estimate]:
    """Return the average effect of each action, pulled to what actions of its cost do.

    A random-effects model: action a does m (1 + s c_a) + u_a, where c_a is the rank of its cost scaled to
    [-1, 1], s a slope between 0 and 1, and u_a normal with a spread of its own. Nobody keeps paying more for
    an action that is expected to do no more: the data say how far that holds. Slope and spread are averaged
    over their posterior and not set to their likeliest value, which is often no spread at all with so few
    actions (Gelman 2006, Bayesian Anal. 1(3)); then m and every u_a are estimated by precision (Raudenbush &
    Bryk 1985, J. Educ. Stat. 10(2)). Actions that truly differ keep their own figures.

    Parameters
    ----------
    estimates : mapping of action to Estimate
        In one unit.
    cost : mapping of action to float, optional
        Money per action. Actions without one stand in the middle.
    """
    known = {arm: found for arm, found in estimates.items() if found.standard_error > 0}
    if len(known) < FEWEST:
        return dict(estimates)
    value = np.array([found.value for found in known.values()])
    noise = np.array([found.standard_error for found in known.values()]) ** 2
    standing = _standing(np.array([(cost or {}).get(arm, np.nan) for arm in known]))
    unit = float(np.sqrt(np.average(value**2, weights=1.0 / noise))) or 1.0
    likelihood, means, squares = [], [], []
    for slope in SLOPES if standing.any() else SLOPES[:1]:
        shape = 1.0 + slope * standing
        for spread in (SPREADS * unit) ** 2:
            total = noise + spread
            precision = float((shape**2 / total).sum())
            middle = float((shape * value / total).sum()) / precision
            gap = value - middle * shape
            likelihood.append(-0.5 * (np.log(total).sum() + np.log(precision) + (gap**2 / total).sum()))
            mean = middle * shape + spread / total * gap
            means.append(mean)
            squares.append(spread * noise / total + (noise / total * shape) ** 2 / precision + mean**2)
    weight = np.exp(np.array(likelihood) - max(likelihood))
    weight /= weight.sum()
    mean = weight @ np.array(means)
    error = np.sqrt(np.maximum(weight @ np.array(squares) - mean**2, 0.0))
    shared = {arm: Estimate(float(m), float(e)) for arm, m, e in zip(known, mean, error, strict=True)}
    return {**estimates, **shared}


def _standing(cost: Floats) -> Floats:
    """Return the rank of each cost, scaled to [-1, 1]; 0 where it is unknown or nothing sets costs apart."""
    standing = np.zeros(len(cost))
    known = np.isfinite(cost)
    if known.any():
        centred = rankdata(cost[known]) - (known.sum() + 1) / 2
        standing[known] = centred / max(float(np.abs(centred).max()), 1.0)
    return standing
