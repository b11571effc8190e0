"""What all sheets of a workbook share: its language, its words and its formats."""

import functools
from dataclasses import dataclass
from importlib import resources
from typing import Any

import xlsxwriter
import yaml

from duewise.contracts.money import SYMBOLS

_ANSWER = {"bg_color": "#FFF8DC", "border": 1, "border_color": "#E8DFB8"}


@dataclass(frozen=True)
class Look:
    """A workbook being written, with its language, words and named cell formats."""

    book: xlsxwriter.Workbook
    language: str
    text: dict[str, str]
    formats: dict[str, Any]


def look_of(book: xlsxwriter.Workbook, language: str, currency: str) -> Look:
    """Return the look of a workbook; amounts are in `currency`."""
    return Look(book, language, _texts()[language], _formats(book, currency))


@functools.cache
def _texts() -> dict[str, dict[str, str]]:
    text = resources.files("duewise.publish").joinpath("workbook_text.yaml").read_text(encoding="utf-8")
    content: dict[str, dict[str, str]] = yaml.safe_load(text)
    return content


def _formats(book: xlsxwriter.Workbook, currency: str) -> dict[str, Any]:
    symbol = SYMBOLS.get(currency, f"{currency} ")
    money = f'"{symbol}"#,##0.00'
    base = {"font_size": 10, "valign": "top"}
    heading = {
        **base,
        "bold": True,
        "text_wrap": True,
        "font_color": "#FFFFFF",
        "bg_color": "#1F3A5F",
        "border": 1,
        "border_color": "#FFFFFF",
    }
    answer_heading = {**heading, "font_color": "#5A4A00", "bg_color": "#F2E3A0"}
    styles = {
        "title": {"bold": True, "font_size": 14},
        "heading": heading,
        "answer_heading": answer_heading,
        "text": {**base, "num_format": "@"},
        "wrapped": {**base, "num_format": "@", "text_wrap": True},
        "money": {**base, "num_format": money},
        "share": {**base, "num_format": "0.0%"},
        "integer": {**base, "num_format": "#,##0"},
        "number": {**base, "num_format": "0.0"},
        "day": {**base, "num_format": "yyyy-mm-dd", "align": "left"},
        "time": {**base, "num_format": "hh:mm", "align": "left"},
        "answer": {**base, **_ANSWER, "num_format": "@", "text_wrap": True},
        "answer_money": {**base, **_ANSWER, "num_format": money},
        "answer_day": {**base, **_ANSWER, "num_format": "yyyy-mm-dd", "align": "left"},
        "total": {**base, "bold": True, "num_format": money, "top": 1},
        "total_integer": {**base, "bold": True, "num_format": "#,##0", "top": 1},
        "link": {**base, "font_color": "#1F3A5F", "underline": 1},
        "note": {"italic": True, "font_color": "#555555"},
    }
    return {name: book.add_format(style) for name, style in styles.items()}
