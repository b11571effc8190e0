"""Intervals by resampling debtors: the rows of one debtor are not independent of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

DRAWS = 300
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies wholly on one side of zero."""
        return self.low > 0.0 or self.high < 0.0


def bootstrap(
    statistics: Callable[[Floats], Floats], debtor: Ints, *, draws: int = DRAWS, seed: int = 0
) -> tuple[Floats, Floats]:
    """Return statistics of the rows, and of samples of their debtors with replacement.

    Parameters
    ----------
    statistics : callable
        Takes a weight per row, returns an array of shape (k,).
    debtor : ndarray of int, shape (n,)
        Debtor of each row; a debtor drawn twice counts twice with all rows.

    Returns
    -------
    point : ndarray of shape (k,)
        With every row once.
    drawn : ndarray of shape (draws, k)
    """
    codes = np.unique(debtor, return_inverse=True)[1]
    n = int(codes.max()) + 1
    rng = np.random.default_rng(seed)
    point = statistics(np.ones(len(codes)))
    drawn = np.empty((draws, len(point)))
    for i in range(draws):
        times = np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)
        drawn[i] = statistics(times[codes])
    return point, drawn


def percentile_estimate(point: float, drawn: Floats, level: float = LEVEL) -> Estimate:
    """Return `point` with the percentile interval of its bootstrap draws."""
    tail = 100.0 * (1.0 - level) / 2.0
    low, high = np.nanpercentile(drawn, [tail, 100.0 - tail]) if np.isfinite(drawn).any() else (np.nan,) * 2
    return Estimate(float(point), float(low), float(high))


def inflated_estimate(point: float, drawn: Floats, level: float = LEVEL) -> Estimate:
    """Return `point` with an interval for a figure that resampling itself inflates, such as ECE.

    Noise adds to an absolute calibration error, and a resample is noisier than the sample. The lower end is
    the percentile reflected at the point (basic bootstrap), cut at zero; the upper end is the percentile as
    it is, which errs on the side of caution.
    """
    straight = percentile_estimate(point, drawn, level)
    return Estimate(float(point), max(0.0, 2.0 * point - straight.high), max(straight.high, float(point)))
