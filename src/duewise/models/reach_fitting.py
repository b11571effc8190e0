"""Fitting of the reach model: rates from early attempts, weights from later ones, judged on the latest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from duewise.features.contact_history import TWO_WAY_CHANNELS
from duewise.models.contact_rates import ContactRates
from duewise.models.contact_record import deviations, strengths
from duewise.models.level import level_shift
from duewise.models.reach import ChannelReach, Reach

Floats = NDArray[np.float64]

MIN_EVENTS = 50
"""Attempts of either kind, reached and not, below which a channel teaches nothing."""

WEIGH_SHARE, JUDGE_SHARE = 0.2, 0.2  # of the attempts, the latest last; the rest teach the rates

WEIGHTS_EXPECTED = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
"""Weights before anything is seen: level, usual rate, own record, like channels, time of day."""
PRIOR_ROWS = 5.0


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
        everything = attempts.loc[attempts["channel"] == channel]
        day = everything["as_of"].to_numpy()
        earlier, judging = everything.loc[day < judge], everything.loc[day >= judge]
        weighing = everything.loc[(day >= weigh) & (day < judge)]
        weights = None
        if channel in first and _can_teach(weighing) and _can_teach(judging):
            weights = _weights(_design(first, weighing, channel), weighing["reached"].to_numpy(dtype=float))
            judged[channel] = _judged(before, judging, channel, _levelled(before, earlier, channel, weights))
            weights = _levelled(final, everything, channel, weights) if judged[channel].kept else None
        fitted[channel] = replace(model, weights=weights)
    return Reach(fitted), judged


def _can_teach(attempts: pd.DataFrame) -> bool:
    events = attempts["reached"].sum()
    return bool(min(events, len(attempts) - events) >= MIN_EVENTS)


def _models(attempts: pd.DataFrame, channels: Sequence[str]) -> dict[str, ChannelReach]:
    """Return the channels with rates and strengths learned, not yet with weights."""
    of = {channel: attempts.loc[attempts["channel"] == channel] for channel in channels}
    rates = {channel: ContactRates.learn(rows) for channel, rows in of.items() if _can_teach(rows)}
    return {c: ChannelReach(rates[c], strengths(rates, of[c], c), None) for c in rates}


def _design(models: Mapping[str, ChannelReach], attempts: pd.DataFrame, channel: str) -> Floats:
    """Return what is known before each attempt, of shape (n, 5), in the order of the weights."""
    rates = {name: model.rates for name, model in models.items()}
    rows = np.arange(len(attempts))
    hour, weekday = (attempts[name].to_numpy(dtype=np.intp) for name in ("hour", "weekday"))
    usual = rates[channel].curves(attempts)[rows, hour] + rates[channel].weekday[weekday]
    parts = deviations(rates, models[channel].strengths, attempts, channel)
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


def _levelled(
    models: Mapping[str, ChannelReach], attempts: pd.DataFrame, channel: str, weights: Floats
) -> Floats:
    """Return `weights` with the level at which forecasts of `attempts` add up to those that reached."""
    rest = _design(models, attempts, channel)[:, 1:] @ weights[1:]
    level = level_shift(rest, attempts["reached"].to_numpy(dtype=float))
    return np.concatenate([[level], weights[1:]])


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
