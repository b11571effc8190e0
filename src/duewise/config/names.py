"""Names that people write: whether they exist, and the sentence that refuses a wrong one."""

import difflib
from collections.abc import Iterable
from zoneinfo import ZoneInfo, available_timezones


def known_timezone(value: str) -> str:
    """Return `value` when it is an IANA zone; raise ``ValueError`` with the nearest name otherwise."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(unknown_name(value, available_timezones(), what="time zone")) from error
    return value


def unknown_name(name: str, valid: Iterable[str], what: str = "name") -> str:
    """Return a sentence that refuses `name` and offers the nearest of `valid`."""
    options = sorted(map(str, valid))
    near = difflib.get_close_matches(str(name), options, n=1, cutoff=0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"valid: {', '.join(options[:15])}"
    return f"unknown {what} `{name}`; {hint}"
