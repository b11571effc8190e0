"""A debtor's record of attempts against what was usual for the hours tried, in log-odds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from duewise.contracts.vocabulary import LIVE_CHANNELS, MESSAGE_CHANNELS, Channel
from duewise.features.attempts import reached, tried
from duewise.features.contact_history import DAYPARTS
from duewise.models.contact_rates import PART_OF_HOUR, ContactRates
from duewise.models.shrinkage import prior_strength, shrunk

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Strengths:
    """Strength of the prior, in attempts, of a debtor's record.

    Attributes
    ----------
    own, like, part : float
        With the channel, with the other channels of its kind, and at one time of day.
    """

    own: float
    like: float
    part: float


@dataclass(frozen=True)
class Deviations:
    """How a debtor's record differs from what was usual, in log-odds; arrays of length n.

    Attributes
    ----------
    part : ndarray of shape (n, 3)
        By time of day, beyond `own`.
    """

    own: Floats
    like: Floats
    part: Floats

    def at_hours(self) -> Floats:
        """Return `part` at each hour, of shape (n, 24)."""
        return np.where(PART_OF_HOUR >= 0, self.part[:, np.maximum(PART_OF_HOUR, 0)], 0.0)


def strengths(rates: Mapping[str, ContactRates], attempts: pd.DataFrame, channel: str) -> Strengths:
    """Return the strengths under which the records of the debtors behind `attempts` are most likely."""
    debtors = attempts.drop_duplicates("debtor_id", keep="last")  # with the longest record
    n, k, expected = _counts(rates, debtors, channel)
    own = prior_strength(k.sum(axis=1), n.sum(axis=1), _mean(expected, n))
    n_like, k_like, mean_like = _like(rates, debtors, channel)
    around = expit(logit(expected) + _own(n, k, expected, own)[:, None])
    return Strengths(
        own=own,
        like=prior_strength(k_like, n_like, mean_like),
        part=prior_strength(k.ravel(), n.ravel(), around.ravel()),
    )


def deviations(
    rates: Mapping[str, ContactRates], strength: Strengths, debtors: pd.DataFrame, channel: str
) -> Deviations:
    """Return how each debtor's record with `channel` differs from what was usual.

    Parameters
    ----------
    rates : mapping of channel to ContactRates
        Of `channel` and of the channels like it.
    """
    n, k, expected = _counts(rates, debtors, channel)
    own = _own(n, k, expected, strength.own)
    n_like, k_like, mean_like = _like(rates, debtors, channel)
    around = expit(logit(expected) + own[:, None])
    return Deviations(
        own=own,
        like=_difference(k_like, n_like, mean_like, strength.like),
        part=_difference(k, n, around, strength.part),
    )


def _own(n: Floats, k: Floats, expected: Floats, strength: float) -> Floats:
    return _difference(k.sum(axis=1), n.sum(axis=1), _mean(expected, n), strength)


def _difference(k: Floats, n: Floats, mean: Floats, strength: float) -> Floats:
    return np.asarray(logit(shrunk(k, n, mean, strength)) - logit(mean))


def _counts(
    rates: Mapping[str, ContactRates], debtors: pd.DataFrame, channel: str
) -> tuple[Floats, Floats, Floats]:
    """Return attempts, times reached and usual rate by daypart, each of shape (n, 3)."""
    n, k = (
        np.column_stack([debtors[count(Channel(channel), part)].to_numpy(dtype=float) for part in DAYPARTS])
        for count in (tried, reached)
    )
    return n, k, np.asarray(expit(rates[channel].by_daypart(debtors)))


def _like(
    rates: Mapping[str, ContactRates], debtors: pd.DataFrame, channel: str
) -> tuple[Floats, Floats, Floats]:
    """Return attempts, times reached and usual rate over the other channels of the same kind."""
    kind = LIVE_CHANNELS if channel in LIVE_CHANNELS else MESSAGE_CHANNELS
    n, k, expected = (np.zeros(len(debtors)) for _ in range(3))
    for other in (c for c in kind if c != channel and c in rates):
        n_other, k_other, rate = _counts(rates, debtors, other)
        n += n_other.sum(axis=1)
        k += k_other.sum(axis=1)
        expected += (n_other * rate).sum(axis=1)
    # Without an attempt the mean does not matter: the difference is zero at any.
    return n, k, np.where(n > 0, expected / np.maximum(n, 1.0), 0.5)


def _mean(expected: Floats, n: Floats) -> Floats:
    """Return the usual rate over the dayparts that were tried, else over all."""
    total = n.sum(axis=1)
    tried_mean = (expected * n).sum(axis=1) / np.maximum(total, 1.0)
    return np.asarray(np.where(total > 0, tried_mean, expected.mean(axis=1)))
