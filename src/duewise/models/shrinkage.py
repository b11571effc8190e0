"""Rates of few trials, pulled towards what is usual: empirical Bayes for binomial counts.

Every unit (a debtor, an hour, a segment) has its own rate, drawn from a beta distribution around a mean that
is known beforehand. The strength of that belief, in trials, is the one that makes the observed counts most
likely (beta-binomial maximum likelihood): where units hardly differ it is large and every rate stays near its
mean; where they differ much it is small and a few trials count.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

Floats = NDArray[np.float64]
Counts = NDArray[Any]

WEAKEST, STRONGEST = 0.5, 10_000.0
"""Bounds of the strength: half a trial, and so many that no unit has a rate of its own."""

MOST_UNITS = 50_000
"""Units that the strength is estimated from; more change nothing in its second digit."""

EDGE = 1e-4
"""No mean is nearer than this to 0 or 1: a belief so firm could not be moved by what is seen."""


def shrunk(successes: Counts, trials: Counts, mean: Counts | float, strength: float) -> Floats:
    """Return the posterior mean rate of each unit: `strength` trials at `mean`, and what was seen."""
    return np.asarray((successes + strength * np.clip(mean, EDGE, 1 - EDGE)) / (trials + strength))


def prior_strength(successes: Counts, trials: Counts, mean: Counts | float) -> float:
    """Return the strength of the prior, in trials, under which the counts are most likely.

    Parameters
    ----------
    successes, trials : ndarray of shape (units,)
        Units without a trial are passed over.
    mean : ndarray of shape (units,) or float
        Prior mean of each unit.
    """
    mean = np.broadcast_to(np.clip(mean, EDGE, 1 - EDGE), np.shape(trials))
    seen = np.flatnonzero(np.asarray(trials) > 0)
    if len(seen) == 0:
        return STRONGEST
    seen = seen[:: -(-len(seen) // MOST_UNITS)]
    k, n, m = successes[seen].astype(float), trials[seen].astype(float), mean[seen]

    def surprise(log_strength: float) -> float:
        a, b = np.exp(log_strength) * m, np.exp(log_strength) * (1 - m)
        marginal = gammaln(k + a) - gammaln(a) + gammaln(n - k + b) - gammaln(b)
        return -float(np.sum(marginal + gammaln(a + b) - gammaln(n + a + b)))

    bounds = (np.log(WEAKEST), np.log(STRONGEST))
    return float(np.exp(minimize_scalar(surprise, bounds=bounds, method="bounded").x))
