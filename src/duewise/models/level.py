"""The level of a forecast: how far log-odds must be shifted for forecasts to add up to what happened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

Floats = NDArray[np.float64]

FARTHEST = 60.0


def level_shift(log_odds: Floats, outcome: Floats) -> float:
    """Return what to add to `log_odds` so that their mean probability is the mean outcome.

    Weights learned on a later stretch of time carry its level relative to what came before. The model that
    ships has seen both, and must not be corrected for it a second time.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        0 or 1; half an event of either kind is added, so that none of a kind is no certainty.
    """
    wanted = (outcome.sum() + 0.5) / (len(outcome) + 1.0)
    return float(brentq(lambda shift: expit(log_odds + shift).mean() - wanted, -FARTHEST, FARTHEST))
