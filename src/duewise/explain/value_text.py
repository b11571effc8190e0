"""Values as a language writes them: money with its currency, shares in percent, days as whole numbers."""

from __future__ import annotations

from duewise.contracts.minus import with_minus
from duewise.contracts.money import money_text
from duewise.explain.locale import Locale
from duewise.features.registry import Unit


def value_text(value: float | str, unit: Unit, locale: Locale, currency: str) -> str:
    """Return a known value of a feature in words.

    Examples
    --------
    >>> from duewise.explain.locale import load_locale
    >>> en, zh = load_locale("en"), load_locale("zh")
    >>> value_text(12300.0, Unit.MONEY, en, "CNY"), value_text(12300.0, Unit.MONEY, zh, "CNY")
    ('¥12,300', '12,300元')
    >>> value_text(0.348, Unit.SHARE, en, "CNY"), value_text(3.0, Unit.COUNT, zh, "CNY")
    ('35%', '3')
    >>> value_text(1.0, Unit.YES_NO, zh, "CNY"), value_text("no_money", Unit.CATEGORY, en, "CNY")
    ('是', 'no money')
    """
    if unit is Unit.CATEGORY:
        return locale.code(str(value))
    number = float(value)
    if unit is Unit.MONEY:
        return money_text(number, currency, locale.language)
    if unit is Unit.SHARE:
        return share_text(number)
    if unit is Unit.YES_NO:
        return locale.word("yes" if number else "no")
    if unit is Unit.SECONDS:
        return duration_text(number, locale)
    if unit in (Unit.COUNT, Unit.DAYS, Unit.DAY_OF_MONTH):
        return with_minus(f"{number:,.0f}")
    return number_text(number)


def share_text(share: float) -> str:
    """Return a share in percent, with a decimal where it is small.

    Examples
    --------
    >>> share_text(0.35), share_text(0.0042), share_text(0.0)
    ('35%', '0.4%', '0%')
    """
    return with_minus(f"{share:.1%}" if 0 < abs(share) < 0.01 else f"{share:.0%}")


def number_text(number: float) -> str:
    """Return a number with at most one decimal.

    Examples
    --------
    >>> number_text(2.0), number_text(2.54), number_text(-31.4)
    ('2', '2.5', '−31')
    """
    return with_minus(f"{number:,.1f}".removesuffix(".0") if abs(number) < 10 else f"{number:,.0f}")


def duration_text(seconds: float, locale: Locale) -> str:
    """Return a duration in minutes, or in seconds below two minutes.

    Examples
    --------
    >>> from duewise.explain.locale import load_locale
    >>> duration_text(45, load_locale("en")), duration_text(340, load_locale("zh"))
    ('45 s', '6 分钟')
    """
    if seconds < 120:
        return f"{seconds:,.0f} {locale.word('seconds')}"
    return f"{seconds / 60:,.0f} {locale.word('minutes')}"
