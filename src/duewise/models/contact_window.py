"""The best hours of a day to reach somebody, among those that are permitted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

HOURS = 24
WINDOW_HOURS = 3
"""Length of a window: long enough to place calls in, short enough to matter."""

DECIMALS = 9  # probabilities that differ by less are a tie: sums in another order differ in the last bits


def best_window(
    probabilities: NDArray[Any], permitted: NDArray[np.bool_], length_hours: int = WINDOW_HOURS
) -> tuple[Ints, Ints]:
    """Return start and end of the contiguous permitted hours with the highest mean probability.

    Where no run of permitted hours is as long as `length_hours`, the best of the longest run counts. Ties go
    to the earlier window.

    Parameters
    ----------
    probabilities : ndarray of shape (n, 24)
        Chance of reaching the debtor at each local hour.
    permitted : ndarray of bool of shape (n, 24)
        Hours that are permitted from start to end.
    length_hours : int
        From 1 to 24.

    Returns
    -------
    start, end : ndarray of int of shape (n,)
        Local hours; the window is [start, end). Both are -1 where no hour is permitted.
    """
    n = len(probabilities)
    start, end = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    for length in range(length_hours, 0, -1):
        waiting = np.flatnonzero(start < 0)
        if len(waiting) == 0:
            break
        starts = range(HOURS - length + 1)
        sums = sum(probabilities[waiting][:, i : i + len(starts)] for i in range(length))
        whole = np.logical_and.reduce([permitted[waiting][:, i : i + len(starts)] for i in range(length)])
        score = np.where(whole, np.round(np.asarray(sums, dtype=np.float64) / length, DECIMALS), -np.inf)
        first = score.argmax(axis=1)  # the first of equals
        found = whole.any(axis=1)
        start[waiting[found]] = first[found]
        end[waiting[found]] = first[found] + length
    return start, end
