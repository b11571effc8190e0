"""From margins to the published probability: what each reason adds to it, summing exactly.

Contributions add up in the margin, and people read probabilities. On the straight path from the base margin b
to a debtor's margin m, along which every contribution grows in step, the part of the calibrated probability
that contribution c earns is the integral of c · p'(b + t(m - b)) over t in [0, 1] (Aumann and Shapley 1974),
which is

    c · (p(m) - p(b)) / (m - b)

whatever the shape of the calibration: signs and order of the contributions are kept. Where m equals b the
quotient becomes the slope of the calibration at b.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

CLOSE = 1e-4  # of margin: below, the quotient loses its digits and the slope takes over


@dataclass(frozen=True)
class ProbabilityShares:
    """Parts of the published probability: ``base + reasons.sum(axis=1) + everything_else`` gives it.

    Attributes
    ----------
    base : float
        Calibrated probability of a debtor of whom nothing is known.
    reasons : ndarray of shape (n, reasons)
    everything_else : ndarray of shape (n,)
        All that is not among the reasons.
    """

    base: float
    reasons: Floats
    everything_else: Floats


def probability_shares(
    reasons: Floats32, base: float, margin: Floats, probability: Floats, calibrate: Callable[[Floats], Floats]
) -> ProbabilityShares:
    """Return what each reason adds to the published probability.

    Parameters
    ----------
    reasons : ndarray of shape (n, reasons)
        Contributions to the margin.
    base : float
        Margin before anything is known of the debtor.
    margin, probability : ndarray of shape (n,)
        Of each debtor, as published.
    calibrate : callable
        From margins to probabilities, never falling.
    """
    base_probability = float(calibrate(np.array([base]))[0])
    slope = _slope(base, margin, probability, base_probability, calibrate)
    shares = reasons * slope[:, None]
    return ProbabilityShares(
        base=base_probability,
        reasons=shares,
        everything_else=probability - base_probability - shares.sum(axis=1),
    )


def _slope(
    base: float,
    margin: Floats,
    probability: Floats,
    base_probability: float,
    calibrate: Callable[[Floats], Floats],
) -> Floats:
    distance = margin - base
    far = np.abs(distance) > CLOSE
    low, high = calibrate(np.array([base - CLOSE, base + CLOSE]))
    slope = np.full(len(margin), (high - low) / (2 * CLOSE))
    slope[far] = (probability[far] - base_probability) / distance[far]
    return slope
