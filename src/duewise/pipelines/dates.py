"""Dates of a run: the night itself, how far the books reach, and the past nights that training looks at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from duewise.features.point_in_time import instant
from duewise.sources.tables import Tables


def resolve_as_of(as_of: date | None) -> date:
    """Return `as_of`, or today by UTC: the night at whose 00:00 UTC knowledge ends."""
    return datetime.now(UTC).date() if as_of is None else as_of


def end_of_books(tables: Tables, as_of: date, max_staleness_days: int) -> date | None:
    """Return the date from whose 00:00 UTC on no payment can be known; None when there is none at all.

    It is `as_of`, or, where the feed stopped earlier, the day after the newest payment plus the quiet days
    that the portfolio file allows a feed. A horizon that reaches beyond it has no known outcome: without
    payments on file, nobody would seem to have paid.
    """
    booked = tables.payments.filter(tables.payments.at < instant(as_of))
    newest: date | None = booked.at.date().max().to_pyarrow().as_py()
    if newest is None:
        return None
    return min(as_of, newest + timedelta(days=1 + max_staleness_days))


def past_nights(end: date, every_days: int, history_days: int) -> tuple[date, ...]:
    """Return the dates every `every_days` days before `end`, at most `history_days` back, oldest first."""
    steps = range(every_days, history_days + 1, every_days)
    return tuple(sorted(end - timedelta(days=step) for step in steps))
