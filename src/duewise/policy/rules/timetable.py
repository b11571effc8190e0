"""Permitted intervals of a local day: rules on hours turned into instants, exact across clock changes.

An interval is a pair of UTC seconds ``[start, end)``; a set of intervals is a sorted tuple of disjoint
pairs. Everything is computed once per distinct (place, day, rules), never per debtor.
"""

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import pandas as pd

from duewise.policy.rules.conditions import DAY_MINUTES, WEEKDAYS, Hours, Window, read_clock
from duewise.policy.rules.places import (
    DAY_SECONDS,
    Place,
    candidate_zones,
    country_zones,
    holiday_subdivision,
    public_holidays,
    reference_zone,
    working_weekends,
)

Intervals = tuple[tuple[int, int], ...]

_FARTHEST_EAST = 14 * 3600  # no clock is further ahead of UTC ...
_FARTHEST_WEST = 12 * 3600  # ... or further behind


@dataclass(frozen=True)
class ClockRule:
    """What a rule on hours needs to know besides the place: its hours, and its answer to no known zone."""

    hours: Hours | None  # None: the debtor's own quiet hours
    unknown_timezone: str
    country: str | None
    holidays_of: str | None


def permitted(
    clock: ClockRule,
    place: Place,
    day: int,
    *,
    country: str | None,
    fallback_zone: str,
    quiet: tuple[str, ...],
    agreed: tuple[str, ...],
) -> Intervals:
    """Return when one rule permits contact on local `day` (days since 1970) at `place`.

    Parameters
    ----------
    country, fallback_zone : str
        Country and zone of the portfolio, for debtors without a zone of their own.
    quiet, agreed : tuple of str
        ``HH:MM-HH:MM`` spans in which the debtor wants quiet, or agreed to be contacted.
    """
    own = candidate_zones(place, country)
    zones = clock.hours.zones if clock.hours and clock.hours.zones else own
    zones = zones or unknown_zones(clock.unknown_timezone, country, fallback_zone)
    if not zones:
        return ()
    first_day = local_day(day_zone(own, country, fallback_zone), day)
    open_time = first_day
    for zone in zones:
        # Another clock may be on the date before or after while it is `day` on the debtor's first one.
        near = [_open_on(clock, zone, date, place, quiet, agreed) for date in (day - 1, day, day + 1)]
        open_time = intersect(open_time, union(*near))
    return open_time


def unknown_zones(choice: str, country: str | None, fallback_zone: str) -> tuple[str, ...]:
    """Return the clocks to obey when the debtor's is unknown; none means that the rule denies."""
    if choice == "deny":
        return ()
    if choice == "all_zones":
        return country_zones(country)
    return (fallback_zone if choice == "portfolio" else choice,)


def day_zone(own: tuple[str, ...], country: str | None, fallback_zone: str) -> tuple[str, ...]:
    """Return the clocks on which a debtor's calendar date is read."""
    return own or country_zones(country) or (fallback_zone,)


@lru_cache(maxsize=65_536)
def local_day(zones: tuple[str, ...], day: int) -> Intervals:
    """Return the instants at which it is `day` on the easternmost of `zones`."""
    return image(reference_zone(zones, day), day, 0, DAY_MINUTES)


def decided_by(spans: Intervals, day: int) -> Intervals:
    """Return the part of a local day that comes after the night of the same date was decided.

    That is at its 00:00 UTC: in Sydney it is ten or eleven in the morning, and a contact at eight would come
    before the facts that it rests on.
    """
    return intersect(spans, ((day * DAY_SECONDS, (day + 2) * DAY_SECONDS),))


@lru_cache(maxsize=65_536)
def image(zone: str, day: int, start: int, end: int) -> Intervals:
    """Return the instants at which the wall clock of `zone` shows `day` between two minutes of the day.

    On the night of a clock change this may be two intervals (the hour that happens twice) or a shorter one.
    """
    low, high = day * DAY_SECONDS + start * 60, day * DAY_SECONDS + end * 60
    spans = [
        (max(since, low - offset), min(until, high - offset)) for since, until, offset in _offsets(zone, day)
    ]
    return union(tuple(span for span in spans if span[0] < span[1]))


@lru_cache(maxsize=65_536)
def _offsets(zone: str, day: int) -> tuple[tuple[int, int, int], ...]:
    """Return (from, until, offset in seconds) of `zone` over every instant that can belong to `day`."""
    low = day * DAY_SECONDS - _FARTHEST_EAST
    high = (day + 1) * DAY_SECONDS + _FARTHEST_WEST
    info = ZoneInfo(zone)

    def offset_at(second: int) -> int:
        moment = pd.Timestamp(second, unit="s", tz="UTC").to_pydatetime().astimezone(info)
        difference = moment.utcoffset()
        return 0 if difference is None else int(difference.total_seconds())

    spans: list[tuple[int, int, int]] = []
    since, offset = low, offset_at(low)
    for hour in range(low + 3600, high + 3600, 3600):
        if (later := offset_at(hour)) != offset:
            before, after = hour - 3600, hour
            while after - before > 1:  # the second at which the clocks move
                middle = (before + after) // 2
                before, after = (middle, after) if offset_at(middle) == offset else (before, middle)
            spans.append((since, after, offset))
            since, offset = after, later
    return (*spans, (since, high, offset))


def union(*sets: Intervals) -> Intervals:
    """Return the instants in any of `sets`."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(span for spans in sets for span in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def intersect(one: Intervals, other: Intervals) -> Intervals:
    """Return the instants in both sets."""
    both = [(max(a, c), min(b, d)) for a, b in one for c, d in other]
    return tuple(sorted(span for span in both if span[0] < span[1]))


def subtract(one: Intervals, other: Intervals) -> Intervals:
    """Return the instants of `one` that are not in `other`."""
    for start, end in other:
        one = tuple(
            piece for a, b in one for piece in ((a, min(b, start)), (max(a, end), b)) if piece[0] < piece[1]
        )
    return one


def contains(spans: Intervals, second: int) -> bool:
    """Return whether an instant lies in one of the intervals."""
    return any(start <= second < end for start, end in spans)


def spans_of(detail: str, day: int) -> tuple[tuple[int, int], ...]:
    """Return the minutes of `day` that ``18:00-20:00`` covers; ``22:00-08:00`` runs over midnight.

    A weekday may stand before the hours or alone: ``mon 10:00-12:00``, ``sat``. A detail that cannot be read
    covers the whole day: what the debtor asked is read against the caller.
    """
    words = str(detail).split()
    if words and words[0] in WEEKDAYS:
        if words[0] != WEEKDAYS[weekday(day)]:
            return ()
        words = words[1:] or ["00:00-24:00"]
    try:
        start, end = (read_clock(clock) for clock in "".join(words).split("-"))
    except ValueError:
        return ((0, DAY_MINUTES),)
    if start < end:
        return ((start, end),)
    return tuple(span for span in ((0, end), (start, DAY_MINUTES)) if span[0] < span[1])


def weekday(day: int) -> int:
    """Return the weekday of a date, Monday 0; 1 January 1970 was a Thursday."""
    return (day + 3) % 7


def _open_on(
    clock: ClockRule, zone: str, day: int, place: Place, quiet: tuple[str, ...], agreed: tuple[str, ...]
) -> Intervals:
    if clock.hours is None:
        whole = image(zone, day, 0, DAY_MINUTES)
        closed = [image(zone, day, *span) for detail in quiet for span in spans_of(detail, day)]
        return subtract(whole, union(*closed))
    subdivision = holiday_subdivision(place.region, clock.country, clock.holidays_of)
    window = window_on(clock.hours, day, clock.country, subdivision)
    spans = [image(zone, day, *window)] if window else []
    # Consent widens only; an unreadable span of consent widens nothing.
    readable = [span for detail in agreed for span in spans_of(detail, day) if span != (0, DAY_MINUTES)]
    return union(*spans, *(image(zone, day, *span) for span in readable))


def window_on(hours: Hours, day: int, country: str | None, subdivision: str | None) -> Window:
    """Return the permitted minutes of a date: its weekday's, or a holiday's where holidays differ."""
    year = (pd.Timestamp(day * DAY_SECONDS, unit="s")).year
    if hours.holidays_differ:
        name = public_holidays(country, subdivision, year).get(day)
        if name is not None and (not hours.holiday_names or name.startswith(hours.holiday_names)):
            return hours.holidays
    if weekday(day) >= 5 and day in working_weekends(country, year):
        return hours.week[0]  # a weekend day worked in exchange for a holiday is like a Monday
    return hours.week[weekday(day)]
