"""How one value of each kind is read, as SQL: from the engine's own types or from text.

A value that is there and cannot be read is told apart from one that is not there.
"""

import re
from dataclasses import dataclass

from duewise.contracts.columns import Kind
from duewise.sources.readers import RawColumn
from duewise.sources.sql import literal
from duewise.sources.zones import to_utc

NULL_WORDS = ("null", "none", "nan", "nat", "n/a", "na", "#n/a", r"\n", "-", "--")
"""What exports write where a number, a date or a yes/no is missing."""

NULL_IDS = ("null", "none", "nan", r"\n")
"""The same for ids, of which `NA` or `-` may be one."""

YES_WORDS = ("1", "1.0", "true", "t", "yes", "y", "on", "是", "有")
NO_WORDS = ("0", "0.0", "false", "f", "no", "n", "off", "否", "无")

_SPACE = " \t\r\n\u00a0\u3000"
_FULL_WIDTH = "０１２３４５６７８９，．－（）＋−"
_HALF_WIDTH = "0123456789,.-()+-"
_LOCAL_NAMES = {"CNY": ("RMB", "人民币", "元", "圆"), "JPY": ("円",)}

_POINT_NUMBER = r"[+-]?(\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})+,\d{3}|\d+)?(\.\d*)?"
_COMMA_NUMBER = r"[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d*)?"

# Numbers that can be read in one way only; `1,234` and `1.234` are not among them.
_SURE_POINT = r"[+-]?(\d*(,\d{3})*\.(\d{1,2}|\d{4,})|0\.\d+|\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{2,3}){2,})"
_SURE_COMMA = r"[+-]?(\d*(\.\d{3})*,(\d{1,2}|\d{4,})|0,\d+|\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,})"

_BASIC_ISO = "['%Y%m%d', '%Y%m%dT%H%M%S', '%Y%m%d%H%M%S', '%Y%m%d %H%M%S', '%Y%m%dT%H%M']"
_NO_SECONDS = r"^([^ T]+[T ]\d{1,2}:\d{2})\s*((?i:Z|UTC)|[+-]\d{2}(?::?\d{2})?)$"
_ZONE_BEHIND_TIME = r"(?i)([T ]\d{1,2}:?\d{2}.*?)\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)$"
# 9999-12-31 is how many systems write "never"; a day short at the start, so that no zone leaves the calendar.
_FIRST, _LAST = "TIMESTAMP '0001-01-02'", "TIMESTAMP '9999-12-31 23:59:59.999999'"

_LARGEST_EXACT = 2**53
"""Whole numbers above it are no longer exact in a double."""


@dataclass(frozen=True)
class Reading:
    """How one column is read, in three steps of SQL; each step names the one before.

    Attributes
    ----------
    prepared : str
        Over the raw column: trimmed text, or the native value itself.
    parsed : str
        Over `prepared`: the value as the engine can read it, NULL where it cannot.
    value : str
        Over `parsed`: the value of the contract's type, NULL where it is impossible.
    present : str or None
        Over `prepared`: whether something is there; None where every value can be read.
    """

    prepared: str
    parsed: str
    value: str
    present: str | None = None


@dataclass(frozen=True)
class Conventions:
    """What a client's export takes for granted.

    Attributes
    ----------
    timezone : str
        IANA zone of times that carry none.
    currency : str
        ISO code of all amounts; it may stand beside a number.
    """

    timezone: str = "UTC"
    currency: str = "CNY"


def read_value(
    kind: Kind,
    raw: RawColumn,
    conventions: Conventions,
    steps: tuple[str, str],
    *,
    time_format: str | None = None,
    decimal_comma: bool = False,
) -> Reading:
    """Return how values of `raw` become values of `kind`.

    Parameters
    ----------
    steps : tuple of str
        SQL names under which the prepared and the parsed value can be referred to.
    time_format : str, optional
        strptime format of dates and times that are text.
    decimal_comma : bool
        Whether `1.234,56` is how this column writes 1234.56.
    """
    prepared, parsed = steps
    match kind:
        case Kind.ID:
            return Reading(text_of(raw), _id(prepared) if raw.is_text else prepared, parsed)
        case Kind.TIME:
            return _time(raw, prepared, parsed, conventions.timezone, time_format)
        case Kind.DAY:
            return _day(raw, prepared, parsed, conventions.timezone, time_format)
        case Kind.MONEY | Kind.NUMBER | Kind.INTEGER:
            currency = conventions.currency if kind is Kind.MONEY else None
            return _number(kind, raw, prepared, parsed, currency, decimal_comma)
        case Kind.BOOLEAN if raw.type == "BOOLEAN":
            return Reading(raw.sql, prepared, parsed)
        case Kind.BOOLEAN:
            return Reading(text_of(raw), _boolean(prepared), parsed, _is_present(prepared))
        case _:
            return Reading(text_of(raw), prepared, parsed)


def text_of(raw: RawColumn) -> str:
    """Return the trimmed text of a value, NULL when blank; whole floating numbers lose their `.0`."""
    if raw.is_text:
        text = raw.sql if raw.type == "VARCHAR" else f"{raw.sql}::VARCHAR"
        # Text without any space or foreign letter is most text, and told six times faster than trimmed.
        trimmed = f"nullif(trim({text}, {literal(_SPACE)}), '')"
        return f"CASE WHEN regexp_full_match({text}, '[!-~]+') THEN {text} ELSE {trimmed} END"
    if raw.type in ("FLOAT", "DOUBLE"):
        return (
            f"CASE WHEN isnan({raw.sql}) THEN NULL "
            f"WHEN abs({raw.sql}) < {_LARGEST_EXACT} AND {raw.sql} = trunc({raw.sql}) "
            f"THEN ({raw.sql}::BIGINT)::VARCHAR ELSE {raw.sql}::VARCHAR END"
        )
    if raw.type.startswith("DECIMAL"):
        return rf"regexp_replace({raw.sql}::VARCHAR, '\.0+$', '')"
    return f"{raw.sql}::VARCHAR"


def sure_decimal_comma(raw: RawColumn, currency: str) -> str:
    """Return SQL of the number of values that cannot be read without a decimal comma."""
    # A plain number is none of them, and the cast is cheaper than the pattern.
    sure = _matches(_digits(text_of(raw), currency), _SURE_COMMA)
    return f"count_if(CASE WHEN try_cast({raw.sql} AS DOUBLE) IS NULL THEN {sure} ELSE false END)"


def sure_decimal_point(raw: RawColumn, currency: str) -> str:
    """Return SQL of the number of values that cannot be read without a decimal point."""
    return f"count_if({_matches(_digits(text_of(raw), currency), _SURE_POINT)})"


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(literal(word) for word in words)


def _is_missing(text: str, words: tuple[str, ...]) -> str:
    longest = max(map(len, words))
    return f"({text} IS NULL OR (length({text}) <= {longest} AND lower({text}) IN ({_words(words)})))"


def _is_present(text: str) -> str:
    return f"NOT {_is_missing(text, NULL_WORDS)}"


def _id(text: str) -> str:
    return (
        f"CASE WHEN {_is_missing(text, NULL_IDS)} THEN NULL "
        # A column of whole numbers with a gap leaves many tools as 123.0.
        rf"WHEN suffix({text}, '.0') AND regexp_full_match({text}, '\d+\.0') "
        f"THEN left({text}, length({text}) - 2) ELSE {text} END"
    )


def _boolean(text: str) -> str:
    return (
        f"CASE WHEN lower({text}) IN ({_words(YES_WORDS)}) THEN true "
        f"WHEN lower({text}) IN ({_words(NO_WORDS)}) THEN false END"
    )


def _is_calendar(raw: RawColumn) -> bool:
    return raw.type == "DATE" or raw.type.startswith("TIMESTAMP")


def _number(
    kind: Kind, raw: RawColumn, prepared: str, parsed: str, currency: str | None, decimal_comma: bool
) -> Reading:
    value = f"CASE WHEN isfinite({parsed}) THEN {parsed} END"
    if kind is Kind.INTEGER:
        whole = f"abs({parsed}) < {_LARGEST_EXACT} AND {parsed} = trunc({parsed})"
        value = f"CASE WHEN {whole} THEN {parsed}::BIGINT END"
    if _is_calendar(raw):
        return Reading(raw.sql, "NULL::DOUBLE", value, f"{prepared} IS NOT NULL")
    if raw.type in ("FLOAT", "DOUBLE"):
        # Not-a-number is how some tools write a missing one.
        return Reading(raw.sql, f"{prepared}::DOUBLE", value, f"NOT isnan({prepared})")
    if not raw.is_text:
        return Reading(raw.sql, f"{prepared}::DOUBLE", value, f"{prepared} IS NOT NULL")
    digits = _digits(prepared, currency)
    if decimal_comma:
        swapped = f"replace(replace({digits}, '.', ''), ',', '.')"
        number = f"try_cast(CASE WHEN {_matches(digits, _COMMA_NUMBER)} THEN {swapped} END AS DOUBLE)"
    else:
        # Most values are plain, and the plain cast is many times faster.
        joined = f"CASE WHEN {_matches(digits, _POINT_NUMBER)} THEN replace({digits}, ',', '') END"
        number = f"coalesce(try_cast({prepared} AS DOUBLE), try_cast({joined} AS DOUBLE))"
    return Reading(text_of(raw), number, value, _is_present(prepared))


def _digits(text: str, currency: str | None) -> str:
    """Return `text` in ASCII digits and marks, without spaces, currency, and with a leading minus."""
    digits = f"translate({text}, {literal(_FULL_WIDTH)}, {literal(_HALF_WIDTH)})"
    dropped = r"[\s\x{00a0}\x{202f}\x{3000}''’_]"
    if currency is not None:
        names = "|".join(re.escape(name) for name in (currency, *_LOCAL_NAMES.get(currency, ())))
        dropped = rf"(?i){dropped}|\p{{Sc}}|{names}"
    digits = f"regexp_replace({digits}, '{dropped}', '', 'g')"
    # Bookkeepers write minus as (1,234.50) or 1,234.50-.
    return rf"regexp_replace({digits}, '^(?:\(([^()-]+)\)|([^()-]+)-)$', '-\1\2')"


def _matches(digits: str, pattern: str) -> str:
    return f"regexp_full_match({digits}, {literal(pattern)})"


def _time(raw: RawColumn, prepared: str, parsed: str, zone: str, time_format: str | None) -> Reading:
    local = f"least({to_utc(parsed, zone)}, {_LAST})"
    if raw.type == "TIMESTAMP WITH TIME ZONE":
        return Reading(
            raw.sql, f"timezone('UTC', {prepared})", _bounded(parsed, parsed), f"{prepared} IS NOT NULL"
        )
    if _is_calendar(raw):
        return Reading(raw.sql, f"{prepared}::TIMESTAMP", _bounded(parsed, local), f"{prepared} IS NOT NULL")
    if time_format is not None:
        time = f"try_strptime({prepared}, {literal(time_format)})"
        if has_offset(time_format):
            time, local = f"timezone('UTC', {time})", parsed
        return Reading(text_of(raw), time, _bounded(parsed, local), _is_present(prepared))
    # The engine drops an offset when it casts to a time without zone, so zoned text goes its own way.
    seconds = rf"regexp_replace({prepared}, {literal(_NO_SECONDS)}, '\1:00\2')"
    zoned = _has_zone(prepared)
    time = (
        f"CASE WHEN {zoned} THEN timezone('UTC', try_cast({seconds} AS TIMESTAMPTZ)) "
        f"ELSE {_naive(prepared)} END"
    )
    value = _bounded(parsed, f"CASE WHEN {zoned} THEN {parsed} ELSE {local} END")
    return Reading(text_of(raw), time, value, _is_present(prepared))


def _day(raw: RawColumn, prepared: str, parsed: str, zone: str, time_format: str | None) -> Reading:
    value = _bounded(parsed, f"{parsed}::DATE")
    if raw.type == "TIMESTAMP WITH TIME ZONE":
        time = f"timezone({literal(zone)}, {prepared})"
        return Reading(raw.sql, time, value, f"{prepared} IS NOT NULL")
    if _is_calendar(raw):
        return Reading(raw.sql, f"{prepared}::TIMESTAMP", value, f"{prepared} IS NOT NULL")
    if time_format is not None:
        time = f"try_strptime({prepared}, {literal(time_format)})"
        time = f"timezone({literal(zone)}, {time})" if has_offset(time_format) else f"{time}::TIMESTAMP"
    else:
        # A day is the day that is written, whatever zone stands behind its time.
        written = rf"regexp_replace({prepared}, {literal(_ZONE_BEHIND_TIME)}, '\1')"
        time = f"CASE WHEN {_has_zone(prepared)} THEN {_naive(written)} ELSE {_naive(prepared)} END"
    return Reading(text_of(raw), time, value, _is_present(prepared))


def has_offset(time_format: str) -> bool:
    """Return whether a strptime format reads an offset or zone of its own."""
    return "%z" in time_format or "%Z" in time_format


def _has_zone(text: str) -> str:
    """Return SQL of the condition that a zone or offset stands behind the date; cheaper than a pattern."""
    behind = f"substr({text}, 11)"
    return (
        f"(contains({behind}, '+') OR contains({behind}, '-') "
        f"OR right({behind}, 1) IN ('Z', 'z') OR suffix(upper({behind}), 'UTC'))"
    )


def _naive(text: str) -> str:
    """Return the time that ISO 8601 text names; words such as `infinity` name none."""
    return (
        f"CASE WHEN left({text}, 1) BETWEEN '0' AND '9' THEN "
        f"coalesce(try_cast({text} AS TIMESTAMP), try_strptime({text}, {_BASIC_ISO})) END"
    )


def _bounded(time: str, value: str) -> str:
    """Return `value` where `time` lies inside the calendar that everything downstream can hold."""
    return f"CASE WHEN {time} BETWEEN {_FIRST} AND {_LAST} THEN {value} END"
