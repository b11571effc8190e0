"""Numbers, money, days and hours in the reader's local form."""

import functools
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from duewise.contracts.minus import with_minus
from duewise.publish.numbers import money_text

_LOCALES = {"en": "en_GB", "zh": "zh_CN"}
NOTHING = "–"


@dataclass(frozen=True)
class Formats:
    """How one reader sees values.

    Attributes
    ----------
    language, currency : str
        Of the reader, and of the portfolio.
    timezone : str
        IANA zone in whose time hours are told.
    """

    language: str
    currency: str
    timezone: str

    def money(self, amount: float | None) -> str:
        """Return an amount with its currency, cents only where they matter."""
        return NOTHING if amount is None else _money(amount, self.currency, self.language)

    def change(self, amount: float | None) -> str:
        """Return an amount with its sign."""
        if amount is None:
            return NOTHING
        return ("+" if amount > 0 else "") + _money(amount, self.currency, self.language)

    def count(self, number: float | None) -> str:
        """Return a whole number with separators."""
        return NOTHING if number is None else _count(round(number), self.language)

    def signed(self, number: float | None) -> str:
        """Return a whole number with its sign."""
        if number is None:
            return NOTHING
        return ("+" if number > 0 else "") + _count(round(number), self.language)

    def share(self, share: float | None) -> str:
        """Return a share in percent."""
        return NOTHING if share is None else _share(round(share, 4), self.language)

    def points(self, share: float | None) -> str:
        """Return a difference of shares in signed percentage points."""
        if share is None:
            return NOTHING
        return with_minus(f"{share * 100:+.1f}")

    def day(self, day: date | None) -> str:
        """Return a day in short form."""
        return NOTHING if day is None else _day(day, "medium", self.language)

    def full_day(self, day: date) -> str:
        """Return a day with its weekday."""
        return _day(day, "full", self.language)

    def moment(self, moment: datetime | None) -> str:
        """Return a day and an hour."""
        return NOTHING if moment is None else _moment(moment, self.timezone, self.language)

    def hours(self, start: datetime | None, end: datetime | None) -> str:
        """Return a window; its day only where it is not the night's own."""
        if start is None or end is None:
            return NOTHING
        return f"{_hour(start, self.timezone)}–{_hour(end, self.timezone)}"


@functools.lru_cache(20_000)
def _money(amount: float, currency: str, language: str) -> str:
    return money_text(amount, currency, language)


@functools.lru_cache(5_000)
def _count(number: int, language: str) -> str:
    return with_minus(str(format_decimal(number, locale=_LOCALES[language])))


@functools.lru_cache(5_000)
def _share(share: float, language: str) -> str:
    form = "0.00%" if 0 < abs(share) < 0.001 else "0.0%"
    return with_minus(str(format_percent(share, form, locale=_LOCALES[language])))


@functools.lru_cache(2_000)
def _day(day: date, form: str, language: str) -> str:
    return str(format_date(day, form, locale=_LOCALES[language]))


@functools.lru_cache(5_000)
def _moment(moment: datetime, timezone: str, language: str) -> str:
    local = moment.astimezone(ZoneInfo(timezone))
    return f"{_day(local.date(), 'medium', language)} {local:%H:%M}"


@functools.lru_cache(5_000)
def _hour(moment: datetime, timezone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(timezone)):%H:%M}"
