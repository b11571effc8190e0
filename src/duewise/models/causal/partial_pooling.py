"""Actions that borrow from each other: with little data an action's average effect is that of any contact."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from duewise.models.causal.dr_scores import Estimate

FEWEST = 3
"""Actions below which a spread between them cannot be told from noise: each stands for itself."""


def partial_pooling(estimates: Mapping[int, Estimate]) -> dict[int, Estimate]:
    """Return the average effect of each action, pulled to the common one as far as noise explains the gap.

    A random-effects model: true averages spread around a common one with a variance that is estimated by
    moments (DerSimonian & Laird 1986, Control. Clin. Trials 7); each action's estimate and the common one are
    then weighted by their precision (empirical Bayes). Actions that truly differ keep their own figures.

    Parameters
    ----------
    estimates : mapping of action to Estimate
        In one unit.
    """
    known = {arm: found for arm, found in estimates.items() if found.standard_error > 0}
    if len(known) < FEWEST:
        return dict(estimates)
    value = np.array([found.value for found in known.values()])
    noise = np.array([found.standard_error for found in known.values()]) ** 2
    precision = 1.0 / noise
    center = precision @ value / precision.sum()
    excess = precision @ (value - center) ** 2 - (len(value) - 1)
    spread = max(0.0, excess / (precision.sum() - (precision**2).sum() / precision.sum()))
    weight = 1.0 / (noise + spread)
    common, doubt = weight @ value / weight.sum(), 1.0 / weight.sum()
    pull = noise / (noise + spread)
    mean = pull * common + (1.0 - pull) * value
    error = np.sqrt((1.0 - pull) * noise + pull**2 * doubt)
    shared = {arm: Estimate(float(m), float(e)) for arm, m, e in zip(known, mean, error, strict=True)}
    return {**estimates, **shared}
