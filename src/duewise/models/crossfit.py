"""Out-of-fold forecasts: every margin comes from a model that never met the debtor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.models.calibration import Calibrator
from duewise.models.splits import Ints, Panel

Floats = NDArray[np.float64]

Margins = Callable[[Ints], Floats]
"""Margins of the rows at the given positions."""

Fit = Callable[[Ints, Ints], Margins]
"""Fits on the first rows, stops by the second, and returns the fitted model's margins."""


def out_of_fold_margins(panel: Panel, fit: Fit) -> Floats:
    """Return the margin of each row from the rotation that holds its debtor back; NaN where none does."""
    margins = np.full(len(panel.bucket), np.nan)
    for rotation in panel.rotations:
        margins[rotation.forecast] = fit(rotation.fit, rotation.stop)(rotation.forecast)
    return margins


def judged_probabilities(panel: Panel, margins: Floats, calibrator: Callable[[Ints], Calibrator]) -> Floats:
    """Return calibrated forecasts on the judged dates; NaN elsewhere.

    The calibrator of a bucket is fitted on the other buckets' out-of-fold margins, on dates before the
    judged ones: neither the debtor nor the date has been seen.

    Parameters
    ----------
    margins : ndarray of shape (n,)
        Out-of-fold margins.
    calibrator : callable
        Fits a calibrator on the rows at the given positions.
    """
    known = np.isfinite(margins)
    probabilities = np.full(len(margins), np.nan)
    for bucket in np.unique(panel.bucket[known & panel.judge]):
        judged = np.flatnonzero(known & panel.judge & (panel.bucket == bucket))
        others = np.flatnonzero(known & panel.calibrate & (panel.bucket != bucket))
        probabilities[judged] = calibrator(others)(margins[judged])
    return probabilities


def calibration_rows(panel: Panel, margins: NDArray[Any]) -> Ints:
    """Return the rows on which the shipped calibrator is fitted: all out-of-fold forecasts there are."""
    return np.flatnonzero(np.isfinite(margins) & (panel.calibrate | panel.judge))
