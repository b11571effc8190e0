"""What was known when: the one place where events meet a date."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis


@dataclass(frozen=True)
class EachOf:
    """A date that the engine fills in when it runs: one of several, see :mod:`duewise.features.dates`.

    Attributes
    ----------
    value : ibis.Value
        Stands for the date in a query.
    first, last : date
        The earliest and the latest that it may be.
    """

    value: Any
    first: date
    last: date


AsOf = date | EachOf
"""A decision date, or one of several."""


def day(as_of: AsOf) -> ibis.Value:
    """Return the decision date as an engine's value."""
    return as_of.value if isinstance(as_of, EachOf) else ibis.literal(as_of)


def instant(as_of: AsOf, plus_days: int = 0) -> ibis.Value:
    """Return the moment that a decision date stands for, its 00:00 UTC, or one some days from it."""
    moment = day(as_of).cast("timestamp")
    return moment + ibis.interval(days=plus_days) if plus_days else moment


def seen_before(events: ibis.Table, t: ibis.Value, at: str = "at") -> ibis.Value:
    """Return whether an event had happened and was in the books before the instant `t`."""
    return (events[at] < t) & (ibis.coalesce(events.recorded_at, events[at]) < t)


def known(events: ibis.Table, as_of: AsOf, at: str = "at") -> ibis.Table:
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
    seen = events.filter(seen_before(events, instant(as_of), at))
    return seen.mutate(age_days=days_before(seen[at].date(), as_of))


def in_window(events: ibis.Table, days: int) -> ibis.Value:
    """Return whether a known event lies in [as_of - days, as_of): the oldest instant is in, `as_of` out."""
    return events.age_days <= days


def happened_within(events: ibis.Table, as_of: AsOf, first_day: int, end_day: int) -> ibis.Value:
    """Return whether an event lies in [as_of + first_day, as_of + end_day) by its own clock.

    Outcomes count when they happened, whenever they reached the books.
    """
    return (events["at"] >= instant(as_of, first_day)) & (events["at"] < instant(as_of, end_day))


def days_before(when: ibis.Value, as_of: AsOf) -> ibis.Value:
    """Return whole days from a date to `as_of`; negative when the date is still to come."""
    return day(as_of).delta(when, unit="day")
