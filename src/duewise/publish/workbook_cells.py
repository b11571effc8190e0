"""How each column of the strategies becomes cells: value, format, width."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from duewise.contracts.columns import Kind
from duewise.contracts.labels import code_label, code_labels
from duewise.contracts.strategies import strategies_schema

_WIDTHS = {"rank": 7, "debtor_id": 16, "action_reason": 52, "denied": 40, "reason": 44}
_CODED = {
    "stage": "stage",
    "action": "action",
    "follow_up_action": "action",
    "runner_up_action": "action",
    "tone": "tone",
    "offer": "offer",
    "segment": "segment",
    "cell": "cell",
    "product": "product",
}
_LONGEST_TEXT = 32_767


@dataclass(frozen=True)
class Cells:
    """A column ready to be written.

    Attributes
    ----------
    values : list
        Text, number, date or naive local time; None leaves the cell empty.
    form : str
        Name of the cell format: text, wrapped, money, share, integer, number, day or time.
    width : int
        In characters.
    """

    values: list[Any]
    form: str
    width: int


def column_cells(rows: pd.DataFrame, horizons: list[int], language: str, timezone: str) -> dict[str, Cells]:
    """Return the cells of every column of `rows`, which is a part of the strategies.

    Parameters
    ----------
    timezone : str
        IANA zone in which windows are shown; Excel has no time zones.
    """
    schema = strategies_schema(horizons)
    return {
        str(name): _cells(rows[name], str(name), schema.columns[name].metadata["kind"], language, timezone)
        for name in rows.columns
    }


def excel_text(value: Any) -> str:
    """Return `value` as text that Excel can hold: no control characters, at most 32,767 characters."""
    text = str(value)
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() or letter in "\n\t" else "�" for letter in text)
    return text[:_LONGEST_TEXT]


def _cells(values: pd.Series, name: str, kind: Kind, language: str, timezone: str) -> Cells:
    width = _WIDTHS.get("reason" if name.startswith("reason_") else name, 13)
    if name in _CODED:
        names = code_labels(_CODED[name], language)
        return Cells(_texts(names.get(value, value) for value in values), "text", width)
    if kind == Kind.REASON:
        return Cells(
            _texts(reason["text"] if isinstance(reason, dict) else None for reason in values),
            "wrapped",
            width,
        )
    if kind == Kind.DENIALS:
        return Cells(_texts(_denials(denied, language) for denied in values), "wrapped", width)
    if kind == Kind.TIME:
        local = pd.to_datetime(values, utc=True).dt.tz_convert(timezone).dt.tz_localize(None)
        return Cells([None if pd.isna(value) else value.to_pydatetime() for value in local], "time", 9)
    if kind == Kind.DAY:
        return Cells([None if pd.isna(value) else value for value in values], "day", 12)
    if kind == Kind.MONEY:
        return Cells(_numbers(values), "money", width)
    if name.startswith("p_"):
        return Cells(_numbers(values), "share", 11)
    if name in ("ability", "willingness"):
        return Cells(_numbers(values), "number", 11)
    if kind == Kind.INTEGER:
        return Cells(_numbers(values), "integer", _WIDTHS.get(name, 9))
    return Cells(_texts(values), "wrapped" if name == "action_reason" else "text", width)


def _texts(values: Iterable[Any]) -> list[Any]:
    return [
        None if value is None or value is pd.NA or value != value else excel_text(value) for value in values
    ]


def _numbers(values: pd.Series) -> list[Any]:
    return [None if value is pd.NA or value != value else value for value in values.tolist()]


def _denials(denied: Any, language: str) -> str | None:
    if denied is None or len(denied) == 0:
        return None
    return "; ".join(
        f"{code_label('action', item['action'], language)}: {item['rule_id']}" for item in denied
    )
