"""Numbers as people read them: money with its currency, counts with separators, shares in percent."""

SYMBOLS: dict[str, str] = {
    "CNY": "¥",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "INR": "₹",
    "AUD": "A$",
    "JPY": "¥",
}


def money_text(amount: float | None, currency: str, language: str) -> str:
    """Return an amount rounded to what matters: whole units from 100 on, cents below.

    Examples
    --------
    >>> money_text(12345.6, "CNY", "en"), money_text(0.05, "CNY", "en"), money_text(None, "CNY", "en")
    ('¥12,346', '¥0.05', '-')
    """
    if amount is None or amount != amount:
        return "-" if language == "en" else "—"
    symbol = SYMBOLS.get(currency, f"{currency} ")
    sign = "-" if amount < 0 else ""
    size = abs(amount)
    return (
        f"{sign}{symbol}{size:,.0f}" if size >= 100 or size == round(size) else f"{sign}{symbol}{size:,.2f}"
    )


def count_text(number: float) -> str:
    """Return a count with separators.

    Examples
    --------
    >>> count_text(1204)
    '1,204'
    """
    return f"{number:,.0f}"


def share_text(share: float | None) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> share_text(0.1234), share_text(0.00042)
    ('12.3%', '0.04%')
    """
    if share is None or share != share:
        return "-"
    return f"{share:.2%}" if 0 < share < 0.001 else f"{share:.1%}"
