"""Wall-clock time, computed alike by every engine."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis

from duewise.features.point_in_time import AsOf, EachOf

YEARS_BACK = 3
"""Clock changes are known this far back: no feature reads an older hour or day of the month."""


def clock_changes(timezone: str, first: date, last: date) -> list[tuple[datetime, int]]:
    """Return the periods of constant offset that a feature at dates from `first` to `last` may meet.

    Returns
    -------
    list of (datetime, int)
        Start (naive UTC) and offset from UTC in seconds, newest first.
    """
    zone = ZoneInfo(timezone)
    moment = datetime.combine(last + timedelta(days=1), time.min)
    oldest = datetime.combine(first, time.min) - timedelta(days=366 * YEARS_BACK)
    step, day = timedelta(minutes=30), timedelta(days=1)  # clocks change on a half hour of UTC
    steps: list[tuple[datetime, int]] = []
    offset = _offset(moment, zone)
    while moment > oldest:
        if _offset(moment - day, zone) == offset:
            moment -= day
            continue
        while _offset(moment - step, zone) == offset:
            moment -= step
        steps.append((moment, offset))
        offset = _offset(moment - step, zone)
        moment -= step
    return [*steps, (oldest, offset)]


def to_local(at: ibis.Value, timezone: str, as_of: AsOf) -> ibis.Value:
    """Return a UTC time before `as_of` as the wall clock of `timezone` showed it.

    The clock changes are written out as plain comparisons, so that every engine computes the same.
    """
    first, last = (as_of.first, as_of.last) if isinstance(as_of, EachOf) else (as_of, as_of)
    changes = clock_changes(timezone, first, last)
    shifted = [(start, at + ibis.interval(seconds=offset)) for start, offset in changes]
    *recent, (_, oldest) = shifted
    branches: list[Any] = [(at >= ibis.literal(start), local) for start, local in recent]
    return ibis.cases(*branches, else_=oldest) if branches else oldest


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    shift = moment.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return 0 if shift is None else round(shift.total_seconds())
