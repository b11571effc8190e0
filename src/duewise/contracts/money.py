"""Amounts as people write them, in one place for sentences, reports, workbooks and pages."""

from duewise.contracts.minus import MINUS

SYMBOLS: dict[str, str] = {
    "CNY": "¥",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "INR": "₹",
    "AUD": "A$",
    "JPY": "¥",
}

_WORDS: dict[str, dict[str, str]] = {"zh": {"CNY": "元", "JPY": "日元"}}
"""Currencies whose name follows the amount, by language."""


def money_text(amount: float, currency: str, language: str) -> str:
    """Return an amount rounded to what matters: whole units from 100 on, cents below.

    Examples
    --------
    >>> money_text(12345.6, "CNY", "en"), money_text(12345.6, "CNY", "zh"), money_text(0.05, "CHF", "en")
    ('¥12,346', '12,346元', 'CHF 0.05')
    >>> money_text(-8.5, "USD", "en"), money_text(-0.001, "USD", "en")
    ('−$8.50', '$0')
    """
    size = round(abs(amount), 2)
    digits = f"{size:,.0f}" if size >= 100 or size == round(size) else f"{size:,.2f}"
    sign = MINUS if amount < 0 and size else ""
    word = _WORDS.get(language, {}).get(currency)
    return f"{sign}{digits}{word}" if word else f"{sign}{SYMBOLS.get(currency, f'{currency} ')}{digits}"
