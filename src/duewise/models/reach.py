"""Reach: the chance that an attempt by a channel at a local hour reaches the debtor in person.

Four things are added up in log-odds, each shrunk by empirical Bayes: what is usual for the channel, hour,
weekday, employment and segment; how much more or less often this debtor was reached by the channel than was
usual for the hours tried; the same by the channels of the same kind; and by time of day. Five weights, fitted
on later attempts, say how far each is to be believed. A channel in which that does not beat the rate of the
hour keeps the rate of the hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from duewise.contracts.vocabulary import LIVE_CHANNELS, MESSAGE_CHANNELS, Channel
from duewise.features.attempts import reached, tried
from duewise.features.contact_history import DAYPARTS, TWO_WAY_CHANNELS
from duewise.models.contact_rates import HOURS, PART_OF_HOUR, ContactRates
from duewise.models.files import read_json, write_json
from duewise.models.shrinkage import prior_strength, shrunk

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

FILE = "reach.json"

MIN_EVENTS = 50
"""Attempts of either kind, reached and not, below which a channel teaches nothing."""

MIN_TRIED = 20
"""Attempts at an hour below which nothing is known of it."""

MIN_HOURS = 4
"""Hours known of a channel below which they cannot be compared: times of day may not be recorded at all."""

WEIGH_SHARE, JUDGE_SHARE = 0.2, 0.2  # of the attempts, the latest last; the rest teach the rates

WEIGHTS_EXPECTED = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
"""Weights before anything is seen: level, usual rate, own record, like channels, time of day."""
PRIOR_ROWS = 5.0

CHUNK_ROWS = 100_000


@dataclass(frozen=True)
class ChannelReach:
    """What is known of one channel.

    Attributes
    ----------
    own, like, part : float
        Strength of the prior, in attempts, of a debtor's record with the channel, with the other channels of
        its kind, and at one time of day.
    weights : ndarray of shape (5,) or None
        See `WEIGHTS_EXPECTED`; None where the rate of the hour is not beaten.
    """

    rates: ContactRates
    own: float
    like: float
    part: float
    weights: Floats | None

    @property
    def tried(self) -> NDArray[np.bool_]:
        """Hours at which enough attempts were made to know them, of shape (24,)."""
        return np.asarray(self.rates.attempts >= MIN_TRIED)

    def to_json(self) -> dict[str, Any]:
        """Return the model as plain values."""
        return {
            "rates": self.rates.to_json(),
            "own": self.own,
            "like": self.like,
            "part": self.part,
            "weights": None if self.weights is None else self.weights.tolist(),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> ChannelReach:
        """Return the model that `to_json` wrote."""
        weights = content["weights"]
        return cls(
            ContactRates.from_json(content["rates"]),
            content["own"],
            content["like"],
            content["part"],
            None if weights is None else np.array(weights),
        )


@dataclass(frozen=True)
class Reach:
    """The channels of which enough attempts are on record."""

    channels: Mapping[str, ChannelReach]

    def compares(self, channel: str) -> bool:
        """Return whether enough hours of `channel` are known to prefer one to another."""
        return channel in self.channels and self.channels[channel].tried.sum() >= MIN_HOURS

    def tried(self, channel: str) -> NDArray[np.bool_]:
        """Return the local hours at which `channel` has been tried often enough, of shape (24,)."""
        return self.channels[channel].tried

    def predict(self, debtors: pd.DataFrame, channel: str, weekday: int) -> Floats32:
        """Return the chance of reaching each debtor at each local hour, of shape (n, 24).

        Parameters
        ----------
        debtors : DataFrame
            Records as :func:`duewise.features.attempts.contact_records` gives them.
        channel : str
            One of `channels`.
        weekday : int
            Of the debtor's local day; Monday is 0.
        """
        out = np.empty((len(debtors), HOURS), dtype=np.float32)
        for start in range(0, len(debtors), CHUNK_ROWS):
            part = debtors.iloc[start : start + CHUNK_ROWS]
            out[start : start + CHUNK_ROWS] = self._predicted(part, channel, weekday)
        return out

    def _predicted(self, debtors: pd.DataFrame, channel: str, weekday: int) -> Floats:
        model = self.channels[channel]
        if model.weights is None:
            return np.broadcast_to(model.rates.base(), (len(debtors), HOURS))
        level, usual, own, like, part = model.weights
        parts = _deviations(self._rates(), model, debtors, channel)
        log_odds = usual * (model.rates.curves(debtors) + model.rates.weekday[weekday])
        log_odds += (level + own * parts.own + like * parts.like)[:, None]
        log_odds += part * parts.at_hours()
        return np.asarray(expit(log_odds))

    def _rates(self) -> dict[str, ContactRates]:
        return {channel: model.rates for channel, model in self.channels.items()}

    def save(self, folder: Path) -> None:
        """Write the model as text into `folder`."""
        write_json(folder / FILE, {channel: model.to_json() for channel, model in self.channels.items()})

    @classmethod
    def load(cls, folder: Path) -> Reach:
        """Return the model that `save` wrote."""
        content = read_json(folder / FILE)
        return cls({channel: ChannelReach.from_json(model) for channel, model in content.items()})


@dataclass(frozen=True)
class JudgedReach:
    """Forecasts of a channel's latest attempts, which had no part in them; arrays of shape (n,).

    Attributes
    ----------
    record, hour : ndarray
        Probability by the debtor's record, and by the hour alone.
    kept : bool
        Whether the record beat the hour by more than one standard error of the difference.
    """

    debtor_id: NDArray[np.object_]
    reached: Floats
    record: Floats
    hour: Floats
    kept: bool


@dataclass(frozen=True)
class _Deviations:
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


def fit_reach(attempts: pd.DataFrame) -> tuple[Reach, dict[str, JudgedReach]]:
    """Return the model and, by channel, the forecasts by which it is judged.

    Parameters
    ----------
    attempts : DataFrame
        As :func:`duewise.features.attempts.past_attempts` gives them, oldest first; may be empty.

    Notes
    -----
    The rates are learned from the earliest attempts and the weights from later ones; then the rates once more
    from both, and all is judged on the latest. The model that ships learns its rates from every attempt.
    """
    if attempts.empty:
        return Reach({}), {}
    channels = [c for c in TWO_WAY_CHANNELS if _can_teach(attempts.loc[attempts["channel"] == c])]
    days = attempts["as_of"].to_numpy()
    weigh, judge = np.quantile(
        days.astype("datetime64[s]").astype(np.int64), [1 - WEIGH_SHARE - JUDGE_SHARE, 1 - JUDGE_SHARE]
    ).astype("datetime64[s]")
    first = _models(attempts.loc[days < weigh], channels)
    before = _models(attempts.loc[days < judge], channels)
    final = _models(attempts, channels)
    fitted: dict[str, ChannelReach] = {}
    judged: dict[str, JudgedReach] = {}
    for channel, model in final.items():
        later = attempts.loc[(attempts["channel"] == channel) & (days >= weigh)]
        weighing, judging = (later.loc[later["as_of"].to_numpy() < judge], later.loc[later["as_of"] >= judge])
        weights = None
        if channel in first and _can_teach(weighing) and _can_teach(judging):
            weights = _weights(_design(first, weighing, channel), weighing["reached"].to_numpy(dtype=float))
            judged[channel] = _judged(before, judging, channel, weights)
            weights = weights if judged[channel].kept else None
        fitted[channel] = ChannelReach(model.rates, model.own, model.like, model.part, weights)
    return Reach(fitted), judged


def _can_teach(attempts: pd.DataFrame) -> bool:
    events = attempts["reached"].sum()
    return bool(min(events, len(attempts) - events) >= MIN_EVENTS)


def _models(attempts: pd.DataFrame, channels: Sequence[str]) -> dict[str, ChannelReach]:
    """Return the channels with rates and strengths learned, not yet with weights."""
    of = {channel: attempts.loc[attempts["channel"] == channel] for channel in channels}
    rates = {channel: ContactRates.learn(rows) for channel, rows in of.items() if _can_teach(rows)}
    return {channel: _strengths(rates, of[channel], channel) for channel in rates}


def _strengths(rates: Mapping[str, ContactRates], attempts: pd.DataFrame, channel: str) -> ChannelReach:
    """Return the channel with the strengths under which the debtors' records are most likely."""
    debtors = attempts.drop_duplicates("debtor_id", keep="last")  # with the longest record
    curves = rates[channel].curves(debtors)
    n, k, expected = _counts(rates, debtors, channel)
    own = prior_strength(k.sum(axis=1), n.sum(axis=1), _mean(expected, n))
    n_like, k_like, mean_like = _like(rates, debtors, channel)
    like = prior_strength(k_like, n_like, mean_like)
    around = expit(rates[channel].by_daypart(curves) + _own(n, k, expected, own)[:, None])
    part = prior_strength(k.ravel(), n.ravel(), around.ravel())
    return ChannelReach(rates[channel], own, like, part, None)


def _deviations(
    rates: Mapping[str, ContactRates], model: ChannelReach, debtors: pd.DataFrame, channel: str
) -> _Deviations:
    n, k, expected = _counts(rates, debtors, channel)
    own = _own(n, k, expected, model.own)
    n_like, k_like, mean_like = _like(rates, debtors, channel)
    around = expit(logit(expected) + own[:, None])
    return _Deviations(
        own=own,
        like=_difference(k_like, n_like, mean_like, model.like),
        part=_difference(k, n, around, model.part),
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
    return n, k, np.asarray(expit(rates[channel].by_daypart(rates[channel].curves(debtors))))


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


def _design(models: Mapping[str, ChannelReach], attempts: pd.DataFrame, channel: str) -> Floats:
    """Return what is known before each attempt, of shape (n, 5), in the order of the weights."""
    rates = {name: model.rates for name, model in models.items()}
    rows = np.arange(len(attempts))
    hour, weekday = (attempts[name].to_numpy(dtype=np.intp) for name in ("hour", "weekday"))
    usual = rates[channel].curves(attempts)[rows, hour] + rates[channel].weekday[weekday]
    parts = _deviations(rates, models[channel], attempts, channel)
    return np.column_stack([np.ones(len(rows)), usual, parts.own, parts.like, parts.at_hours()[rows, hour]])


def _weights(design: Floats, reached: Floats) -> Floats:
    """Return the weights that fit best, with a prior of a few attempts' worth around the expected ones."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        log_odds = design @ weights
        off = weights - WEIGHTS_EXPECTED
        value = np.sum(np.logaddexp(0.0, log_odds) - reached * log_odds) + 0.5 * PRIOR_ROWS * off @ off
        return float(value), design.T @ (expit(log_odds) - reached) + PRIOR_ROWS * off

    # A record that counted against itself would be noise.
    bounds = [(-5.0, 5.0), *[(0.0, 3.0)] * 4]
    found = minimize(loss, WEIGHTS_EXPECTED, jac=True, bounds=bounds, method="L-BFGS-B")
    return np.asarray(found.x, dtype=np.float64)


def _judged(
    models: Mapping[str, ChannelReach], attempts: pd.DataFrame, channel: str, weights: Floats
) -> JudgedReach:
    outcome = attempts["reached"].to_numpy(dtype=float)
    record = expit(_design(models, attempts, channel) @ weights)
    hour = models[channel].rates.base()[attempts["hour"].to_numpy(dtype=np.intp)]
    debtor = attempts["debtor_id"].to_numpy(dtype=object)
    gain = _surprise(hour, outcome) - _surprise(record, outcome)
    return JudgedReach(debtor, outcome, record, hour, bool(gain.sum() > _standard_error(gain, debtor)))


def _surprise(probability: Floats, outcome: Floats) -> Floats:
    return np.asarray(-np.where(outcome > 0, np.log(probability), np.log1p(-probability)))


def _standard_error(gain: Floats, debtor: NDArray[np.object_]) -> float:
    """Return the standard error of the sum of `gain`; attempts of one debtor are not independent."""
    total = np.bincount(pd.factorize(debtor)[0], weights=gain - gain.mean())
    return float(np.sqrt(np.sum(total**2)))
