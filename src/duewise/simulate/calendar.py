"""Days as numbers (since 1970-01-01, UTC) and what kind of day each is."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays

EPOCH = date(1970, 1, 1)
DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.25
MICROSECONDS_PER_HOUR = 3_600_000_000
MICROSECONDS_PER_DAY = 24 * MICROSECONDS_PER_HOUR

UTC_OFFSET_HOURS = 8
"""China Standard Time; it has no summer time."""


def day_number(day: date) -> int:
    """Return days since 1970-01-01."""
    return (day - EPOCH).days


def day_date(day: int) -> date:
    """Return the date of a day number."""
    return EPOCH + timedelta(days=day)


@lru_cache(maxsize=8)
def _public_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("CN", years=year))


@dataclass(frozen=True)
class DayKind:
    """What the calendar says about one day."""

    day: int
    weekday: int
    """0 is Monday."""
    day_of_month: int
    holiday: bool

    @property
    def office_open(self) -> bool:
        """Collectors work on this day."""
        return self.weekday < 6 and not self.holiday


@lru_cache(maxsize=4096)
def day_kind(day: int) -> DayKind:
    """Return the kind of a day number."""
    date_ = day_date(day)
    return DayKind(day, date_.weekday(), date_.day, date_ in _public_holidays(date_.year))
