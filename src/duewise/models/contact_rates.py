"""How often a channel reaches people: by hour and kind of employment, by weekday, by segment of debt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from duewise.features.contact_history import DAYPARTS
from duewise.models.shrinkage import prior_strength, shrunk

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

HOURS, WEEKDAYS = 24, 7

PART_OF_HOUR = np.array(
    [next((i for i, (a, b) in enumerate(DAYPARTS.values()) if a <= h < b), -1) for h in range(HOURS)],
    dtype=np.intp,
)
"""Daypart of each local hour, -1 for the night, of which no record is kept."""

EVEN = 1.0
"""Attempts added to each hour when hours are averaged, so that a daypart never tried has a mean."""


@dataclass(frozen=True)
class ContactRates:
    """Rates of one channel in log-odds; each table holds differences from `level`, shrunk towards 0.

    Attributes
    ----------
    level : float
        Log-odds of the channel's overall rate.
    attempts : ndarray of shape (24,)
        Attempts at each local hour.
    hour : ndarray of shape (24,)
    weekday : ndarray of shape (7,)
    hour_of : mapping of employment to ndarray of shape (24,)
        Hours by employment, shrunk towards `hour`.
    segment : mapping of str to float
        By band of days past due and product.
    """

    level: float
    attempts: Floats
    hour: Floats
    weekday: Floats
    hour_of: Mapping[str, Floats]
    segment: Mapping[str, float]

    @classmethod
    def learn(cls, attempts: pd.DataFrame) -> ContactRates:
        """Return the rates of attempts by one channel, of which some reached and some did not."""
        reached = attempts["reached"].to_numpy(dtype=float)
        hour, weekday = (attempts[name].to_numpy(dtype=np.intp) for name in ("hour", "weekday"))
        rate = float(reached.mean())
        level = float(logit(rate))
        by_hour = _shrunk_rates(hour, reached, HOURS, rate)
        job, jobs = _employments(attempts)
        kind, kinds = _segments(attempts)
        job_hours = _shrunk_rates(
            job * HOURS + hour, reached, len(jobs) * HOURS, np.tile(by_hour, len(jobs))
        ).reshape(-1, HOURS)
        by_segment = _shrunk_rates(kind, reached, len(kinds), rate)
        return cls(
            level=level,
            attempts=np.bincount(hour, minlength=HOURS).astype(float),
            hour=logit(by_hour) - level,
            weekday=logit(_shrunk_rates(weekday, reached, WEEKDAYS, rate)) - level,
            hour_of={name: logit(rates) - level for name, rates in zip(jobs, job_hours, strict=True)},
            segment={name: float(logit(r)) - level for name, r in zip(kinds, by_segment, strict=True)},
        )

    def curves(self, debtors: pd.DataFrame) -> Floats:
        """Return the log-odds of each debtor at each hour of an average weekday, of shape (n, 24)."""
        hours, job = self._hours(debtors)
        return np.asarray(hours[job] + self._offsets(debtors)[:, None])

    def by_daypart(self, debtors: pd.DataFrame) -> Floats:
        """Return the means of `curves` in each daypart, hours weighted by their attempts, shape (n, 3)."""
        hours, job = self._hours(debtors)
        weight = (PART_OF_HOUR[:, None] == np.arange(len(DAYPARTS))) * (self.attempts + EVEN)[:, None]
        parts = hours @ (weight / weight.sum(axis=0))
        return np.asarray(parts[job] + self._offsets(debtors)[:, None])

    def _hours(self, debtors: pd.DataFrame) -> tuple[Floats, Ints]:
        """Return the curve of each kind of employment, and which one is each debtor's."""
        job, jobs = _employments(debtors)
        return self.level + np.array([self.hour_of.get(name, self.hour) for name in jobs]), job

    def _offsets(self, debtors: pd.DataFrame) -> Floats:
        kind, kinds = _segments(debtors)
        return np.array([self.segment.get(name, 0.0) for name in kinds])[kind]

    def base(self) -> Floats:
        """Return the rate of each hour for everybody, of shape (24,)."""
        return np.asarray(expit(self.level + self.hour))

    def to_json(self) -> dict[str, Any]:
        """Return the rates as plain values."""
        return {
            "level": self.level,
            "attempts": self.attempts.tolist(),
            "hour": self.hour.tolist(),
            "weekday": self.weekday.tolist(),
            "hour_of": {name: curve.tolist() for name, curve in self.hour_of.items()},
            "segment": dict(self.segment),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> ContactRates:
        """Return the rates that `to_json` wrote."""
        return cls(
            level=content["level"],
            attempts=np.array(content["attempts"]),
            hour=np.array(content["hour"]),
            weekday=np.array(content["weekday"]),
            hour_of={name: np.array(curve) for name, curve in content["hour_of"].items()},
            segment=content["segment"],
        )


def _employments(debtors: pd.DataFrame) -> tuple[Ints, list[str]]:
    """Return the code of each row and what the codes stand for."""
    code, names = pd.factorize(debtors["employment"], sort=True)
    return code.astype(np.intp), [str(name) for name in names]


def _segments(debtors: pd.DataFrame) -> tuple[Ints, list[str]]:
    """Return the code of each row's band of days past due and product, and what the codes stand for."""
    bucket, buckets = pd.factorize(debtors["bucket"], sort=True)
    product, products = pd.factorize(debtors["product"], sort=True)
    names = [f"{b} {p}" for b in buckets for p in products]
    return (bucket * max(len(products), 1) + product).astype(np.intp), names


def _shrunk_rates(unit: Ints, reached: Floats, units: int, mean: Floats | float) -> Floats:
    trials = np.bincount(unit, minlength=units).astype(float)
    successes = np.bincount(unit, weights=reached, minlength=units)
    return shrunk(successes, trials, mean, prior_strength(successes, trials, mean))
