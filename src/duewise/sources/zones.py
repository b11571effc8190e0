"""Local time to UTC and back, as arithmetic on a column.

The engine's own conversion asks its calendar library row by row, at some microseconds each. An offset is
constant between two changes of clocks, so a search tree of comparisons gives the same at a hundredth of
the cost.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from duewise.sources.sql import literal

_FIRST, _LAST = datetime(1900, 1, 1), datetime(2100, 1, 1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """A change of clocks: the instant (naive UTC) from which an offset holds."""

    instant: datetime
    offset: timedelta


def to_utc(time: str, zone: str) -> str:
    """Return SQL of a local `time` of `zone` in UTC.

    A local time that a change of clocks skips moves on by the gap; one that occurs twice is the later
    one, in standard time.

    Parameters
    ----------
    time : str
        Name of a TIMESTAMP column; it is repeated, so it should be no more than a name.
    """
    changes = clock_changes(zone)
    # By both rules the new offset holds from the local time that the clock shows after the change.
    return _search(time, [(c.instant + c.offset, -c.offset) for c in changes])


def to_local(time: str, zone: str) -> str:
    """Return SQL of a UTC `time` in the local time of `zone`."""
    return _search(time, [(c.instant, c.offset) for c in clock_changes(zone)])


@functools.cache
def clock_changes(zone: str) -> tuple[Change, ...]:
    """Return the changes of clocks of `zone` from 1900 to 2100; the first holds for all time before.

    Examples
    --------
    >>> [str(change.instant) for change in clock_changes("Europe/London") if change.instant.year == 2024]
    ['2024-03-31 01:00:00', '2024-10-27 01:00:00']
    """
    place = ZoneInfo(zone)
    found = [Change(_FIRST, _offset(place, _FIRST))]
    day = _FIRST
    while day < _LAST:
        if _offset(place, day + _DAY) != found[-1].offset:
            found.append(_change_between(place, day, day + _DAY))
        day += _DAY
    return tuple(found)


def _offset(place: ZoneInfo, instant: datetime) -> timedelta:
    return instant.replace(tzinfo=UTC).astimezone(place).utcoffset() or timedelta(0)


def _change_between(place: ZoneInfo, before: datetime, after: datetime) -> Change:
    old = _offset(place, before)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if _offset(place, middle) == old:
            before = middle
        else:
            after = middle
    return Change(after, _offset(place, after))


def _search(time: str, shifts: Sequence[tuple[datetime, timedelta]]) -> str:
    """Return SQL that finds the last shift not after `time` by halving, and adds it."""
    if len(shifts) == 1:
        seconds = int(shifts[0][1].total_seconds())
        return f"{time} + INTERVAL {literal(seconds)} SECOND" if seconds else time
    middle = len(shifts) // 2
    return (
        f"CASE WHEN {time} >= TIMESTAMP {literal(shifts[middle][0])} "
        f"THEN {_search(time, shifts[middle:])} ELSE {_search(time, shifts[:middle])} END"
    )
