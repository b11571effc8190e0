"""Numbers as people read them where one may be missing: money, counts with separators, shares in percent."""

from duewise.contracts import money
from duewise.contracts.minus import with_minus


def money_text(amount: float | None, currency: str, language: str) -> str:
    """Return an amount as :func:`duewise.contracts.money.money_text` does; a dash where there is none.

    Examples
    --------
    >>> money_text(12345.6, "CNY", "en"), money_text(None, "CNY", "en")
    ('¥12,346', '-')
    """
    if amount is None or amount != amount:
        return "-" if language == "en" else "—"
    return money.money_text(amount, currency, language)


def count_text(number: float) -> str:
    """Return a count with separators.

    Examples
    --------
    >>> count_text(1204)
    '1,204'
    """
    return with_minus(f"{number:,.0f}")


def share_text(share: float | None) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> share_text(0.1234), share_text(0.00042), share_text(-0.02)
    ('12.3%', '0.04%', '−2.0%')
    """
    if share is None or share != share:
        return "-"
    return with_minus(f"{share:.2%}" if 0 < share < 0.001 else f"{share:.1%}")
