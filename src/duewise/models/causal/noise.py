"""How noisy the outcome of a row is, given what was expected of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

Floats = NDArray[np.float64]

CALMEST = 0.05  # quantile below which estimated noise is not believed: no row may dominate by a lucky calm


def noise_level(residual: Floats, expected: Floats, weight: Floats) -> Floats:
    """Return the standard deviation of each row's outcome as a rising function of what was expected of it.

    Where most debtors pay nothing, those who are hardly expected to pay carry little noise, and their rows
    say more about effects than others. Scaled to a mean square of one.

    Parameters
    ----------
    residual, expected, weight : ndarray of shape (n,)
        Outcome less its out-of-fold expectation; the expectation, averaged over actions; sample weight.
    """
    if not residual.any():
        return np.ones(len(residual))
    fit = IsotonicRegression(out_of_bounds="clip").fit(expected, residual**2, sample_weight=weight)
    variance = fit.predict(expected)
    positive = variance[variance > 0]
    variance = np.maximum(variance, np.quantile(positive, CALMEST))
    return np.asarray(np.sqrt(variance / np.average(variance, weights=weight)))
