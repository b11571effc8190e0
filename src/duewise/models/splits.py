"""Who teaches and who judges: decision dates in order of time, debtors kept apart by a keyed hash.

A forecast is judged as it will be used: later than everything that taught it, on debtors that it has never
met. Debtors are dealt into five buckets by a hash of their id. In rotation r a model learns from three
buckets on the earliest dates, stops boosting by another bucket on later dates, and forecasts bucket r on the
latest dates. Over all rotations every debtor is forecast exactly once, by a model that never saw them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]
Dates = NDArray[np.datetime64]

BUCKETS = 5
MANY_ROWS = 150_000  # from here on two rotations hold enough debtors to judge and calibrate by
STOP_SHARE, CALIBRATE_SHARE, JUDGE_SHARE = 0.15, 0.2, 0.2  # of the decision dates; the rest teach


@dataclass(frozen=True)
class TimeRoles:
    """Which decision dates teach, stop, calibrate and judge, in this order of time.

    With fewer than four dates some roles share a date, and only the debtors are kept apart.
    """

    fit: Dates
    stop: Dates
    calibrate: Dates
    judge: Dates

    @property
    def apart(self) -> bool:
        """Whether no two roles share a date."""
        return bool(self.fit[-1] < self.stop[0] and self.stop[-1] < self.calibrate[0] < self.judge[0])


@dataclass(frozen=True)
class Rotation:
    """Rows of one rotation, as ascending positions: who teaches, who stops it, whom it forecasts."""

    fit: Ints
    stop: Ints
    forecast: Ints


@dataclass(frozen=True)
class Panel:
    """The debtor-dates of one horizon and their roles.

    Attributes
    ----------
    bucket : ndarray of int, shape (n,)
        Bucket of the row's debtor.
    debtor : ndarray of int, shape (n,)
        Code of the row's debtor.
    calibrate, judge : ndarray of bool, shape (n,)
        Whether the row's date calibrates or judges.
    rotations : tuple of Rotation
        Rotations whose forecasts are out of fold.
    """

    roles: TimeRoles
    bucket: Ints
    debtor: Ints
    calibrate: Bools
    judge: Bools
    rotations: tuple[Rotation, ...]


def debtor_buckets(debtor_id: Sequence[Any] | NDArray[Any] | pd.Series[Any], buckets: int, seed: int) -> Ints:
    """Return the bucket of each debtor, in [0, buckets): the same for an id in any table and any order."""
    texts = np.asarray(debtor_id, dtype=object).astype(str).astype(object)
    hashed = pd.util.hash_array(texts, hash_key=f"{seed:016d}"[-16:], categorize=True)
    return (hashed % np.uint64(buckets)).astype(np.intp)


def time_roles(dates: Dates) -> TimeRoles:
    """Return the roles of the distinct `dates`; the latest judge."""
    dates = np.unique(dates)
    n = len(dates)
    if n == 1:
        return TimeRoles(dates, dates, dates, dates)
    if n == 2:
        return TimeRoles(dates[:1], dates[:1], dates[:1], dates[1:])
    if n == 3:
        return TimeRoles(dates[:1], dates[1:2], dates[1:2], dates[2:])
    judge, calibrate, stop = (
        n - max(1, round(n * share))
        for share in (JUDGE_SHARE, JUDGE_SHARE + CALIBRATE_SHARE, JUDGE_SHARE + CALIBRATE_SHARE + STOP_SHARE)
    )
    # Rounding may make two borders meet on short histories; every role keeps at least one date.
    calibrate = min(calibrate, judge - 1)
    stop = min(stop, calibrate - 1)
    return TimeRoles(dates[:stop], dates[stop:calibrate], dates[calibrate:judge], dates[judge:])


def arrange(debtor_id: pd.Series[Any], as_of: pd.Series[Any], seed: int) -> Panel:
    """Return the panel of the rows whose debtors and dates are given.

    Parameters
    ----------
    debtor_id, as_of : Series of equal length
        One row per debtor-date.
    seed : int
        Key of the hash that deals debtors into buckets.
    """
    dates = pd.to_datetime(as_of).to_numpy(dtype="datetime64[s]")
    roles = time_roles(dates)
    bucket = debtor_buckets(debtor_id, BUCKETS, seed)
    in_fit, in_stop = np.isin(dates, roles.fit), np.isin(dates, roles.stop)
    calibrate, judge = np.isin(dates, roles.calibrate), np.isin(dates, roles.judge)
    held = range(BUCKETS) if len(dates) <= MANY_ROWS else (0, 2)
    rotations = []
    for r in held:
        stopping = bucket == (r + 1) % BUCKETS
        rotations.append(
            Rotation(
                fit=np.flatnonzero(in_fit & (bucket != r) & ~stopping),
                stop=np.flatnonzero(in_stop & stopping),
                forecast=np.flatnonzero((calibrate | judge) & (bucket == r)),
            )
        )
    return Panel(
        roles=roles,
        bucket=bucket,
        debtor=np.asarray(pd.factorize(debtor_id.astype(str), sort=True)[0], dtype=np.intp),
        calibrate=calibrate,
        judge=judge,
        rotations=tuple(rotations),
    )
