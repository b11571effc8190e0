"""Whether the daily feeds arrived: the newest event of each, and yesterday's volume."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

import duckdb

from duewise.contracts.vocabulary import Table
from duewise.sources.sql import literal
from duewise.sources.zones import to_local

FEEDS = (Table.PAYMENTS, Table.CONTACTS)
"""Tables that grow every working day."""

WEEKS = 8
"""Weeks of the same weekday with which yesterday is compared."""

_AT = '"at"'
_FEWEST_WEEKS = 4
_COLLAPSED_SHARE = 0.5
_ONE_IN = 10_000


@dataclass(frozen=True)
class Collapse:
    """A day with far fewer events than its weekday usually has."""

    day: date
    rows: int
    usual: float


def newest_event(con: duckdb.DuckDBPyConnection, relation: str) -> datetime | None:
    """Return the time of the newest event (naive UTC); None for a table without rows."""
    row = con.execute(f"SELECT max({_AT}) FROM {relation}").fetchone()
    return row[0] if row else None


def daily_volume(con: duckdb.DuckDBPyConnection, relation: str, as_of: date, zone: str) -> dict[date, int]:
    """Return events per local day before `as_of`, as they were known when that day was over.

    A payment that posts days late is missing from yesterday's count and present in last month's: only
    what was recorded by the next midnight counts on either.
    """
    since = as_of - timedelta(days=7 * WEEKS + 2)
    rows = con.execute(
        f"SELECT ({to_local('happened', zone)})::DATE AS day, count(*) FROM ("
        f"SELECT {_AT} AS happened, coalesce(recorded_at, {_AT}) AS recorded FROM {relation} "
        f"WHERE {_AT} >= DATE {literal(since)}) "
        f"WHERE ({to_local('recorded', zone)})::DATE <= ({to_local('happened', zone)})::DATE "
        f"AND day < DATE {literal(as_of)} GROUP BY day"
    ).fetchall()
    return dict(rows)


def collapse(volume: Mapping[date, int], as_of: date, first_day: date) -> Collapse | None:
    """Return yesterday's collapse, if its volume is far below that of the same weekday.

    Yesterday collapsed when it has less than half the median of the last eight same weekdays and a
    Poisson count of that mean would be as low once in ten thousand days (Chernoff bound: at least
    ``m - y + y log(y / m)`` nats).

    Parameters
    ----------
    first_day : date
        First day of the feed; earlier weekdays are not zeros but unknown.
    """
    yesterday = as_of - timedelta(days=1)
    weekdays = [yesterday - timedelta(days=7 * week) for week in range(1, WEEKS + 1)]
    before = [volume.get(day, 0) for day in weekdays if day >= first_day]
    if len(before) < _FEWEST_WEEKS:
        return None
    rows, usual = volume.get(yesterday, 0), float(median(before))
    if rows >= _COLLAPSED_SHARE * usual or _surprise(rows, usual) < math.log(_ONE_IN):
        return None
    return Collapse(yesterday, rows, usual)


def _surprise(rows: int, usual: float) -> float:
    return usual - rows + (rows * math.log(rows / usual) if rows else 0.0)


def stale_days(newest: datetime, as_of: date) -> int:
    """Return the whole days from the newest event to the start of `as_of`; 0 when it is younger."""
    return max(0, (datetime(as_of.year, as_of.month, as_of.day) - newest).days)
