"""What was known when: the one place where events meet a date."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis

YEARS_OF_CLOCK_CHANGES = 3
"""Older local times keep the oldest offset found: an hour of summer time no longer matters there."""


def instant(as_of: date) -> datetime:
    """Return the moment that `as_of` stands for: its 00:00 UTC, as naive UTC."""
    return datetime.combine(as_of, time.min)


def known(events: ibis.Table, as_of: date, at: str = "at") -> ibis.Table:
    """Return the events that had happened and were in the books before `as_of`, with their age.

    Parameters
    ----------
    events : ibis.Table
        With ``recorded_at`` and the event time `at`.
    as_of : date
        Knowledge ends at its 00:00 UTC, which itself is out.

    Returns
    -------
    ibis.Table
        With ``age_days``: the smallest n such that the event lies in [as_of - n days, as_of).
    """
    t = ibis.literal(instant(as_of))
    happened = events[at]
    seen = events.filter(happened < t, ibis.coalesce(events.recorded_at, happened) < t)
    return seen.mutate(age_days=days_before(seen[at].date(), as_of))


def in_window(events: ibis.Table, days: int) -> ibis.Value:
    """Return whether a known event lies in [as_of - days, as_of): the oldest instant is in, `as_of` out."""
    return events.age_days <= days


def days_before(day: ibis.Value, as_of: date) -> ibis.Value:
    """Return whole days from a date to `as_of`; negative when the date is still to come."""
    return ibis.literal(as_of).delta(day, unit="day")


def happened_within(events: ibis.Table, start: date, end: date) -> ibis.Value:
    """Return whether events lie in [start, end) by the clock of the event alone, as outcomes count them."""
    return (events.at >= ibis.literal(instant(start))) & (events.at < ibis.literal(instant(end)))


def to_local(at: ibis.Value, timezone: str, as_of: date) -> ibis.Value:
    """Return a UTC time as the wall clock of `timezone` showed it.

    The clock changes are written out as plain comparisons, so that every engine computes the same.
    """
    steps = clock_changes(timezone, as_of)
    shifted = [(start, at + ibis.interval(seconds=offset)) for start, offset in steps]
    *recent, (_, oldest) = shifted
    if not recent:
        return oldest
    branches: list[Any] = [(at >= ibis.literal(start), local) for start, local in recent]
    return ibis.cases(*branches, else_=oldest)


def clock_changes(timezone: str, as_of: date) -> list[tuple[datetime, int]]:
    """Return (naive UTC start, offset in seconds) of each period of constant offset, newest first."""
    zone = ZoneInfo(timezone)
    hour = timedelta(hours=1)
    moment = instant(as_of + timedelta(days=1))
    oldest = instant(as_of) - timedelta(days=366 * YEARS_OF_CLOCK_CHANGES)
    steps: list[tuple[datetime, int]] = []
    offset = _offset(moment, zone)
    while moment > oldest:
        earlier = moment - timedelta(days=1)
        if _offset(earlier, zone) != offset:
            while _offset(moment - hour, zone) == offset:
                moment -= hour
            steps.append((moment, offset))
            offset = _offset(earlier, zone)
        moment = earlier
    return [*steps, (oldest, offset)]


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    shift = moment.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return 0 if shift is None else round(shift.total_seconds())
