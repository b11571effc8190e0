"""Text in files that spreadsheets open: what would run as a formula is disarmed."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""Characters by which a spreadsheet takes a text for a formula, or skips to one."""


def spreadsheet_text(text: str) -> str:
    """Return a text as a cell of a CSV file; one that would run as a formula gets an apostrophe.

    Examples
    --------
    >>> spreadsheet_text("=1+1"), spreadsheet_text("called back")
    ("'=1+1", 'called back')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
