"""The minus sign of numbers that people read; files and interfaces for machines keep the hyphen."""

MINUS = "\N{MINUS SIGN}"
"""As wide as a plus, and no line breaks after it."""


def with_minus(number: str) -> str:
    """Return a formatted number with a minus sign for its hyphen.

    Examples
    --------
    >>> with_minus(f"{-0.125:.1%}"), with_minus("1,204")
    ('−12.5%', '1,204')
    """
    return number.replace("-", MINUS)
