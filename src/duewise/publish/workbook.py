"""The worklist as supervisors use it: one sheet to read the night, one sheet to work from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from duewise.contracts.columns import Kind
from duewise.contracts.labels import code_label, code_labels, column_label
from duewise.contracts.strategies import ACTIONS, REASON_COUNT, strategies_schema
from duewise.publish.numbers import SYMBOLS

MAX_ROWS = 20_000
"""Rows of the worklist sheet; a workbook beyond this opens slowly, and nobody works further down."""

_FRONT = (
    "rank",
    "queue",
    "debtor_id",
    "balance",
    "dpd",
    "stage",
    "action",
    "window_start",
    "window_end",
    "offer",
    "offer_amount",
    "offer_months",
    "tone",
    "action_reason",
)
_AFTER_REASONS = (
    "follow_up_action",
    "follow_up_on",
    "next_review_on",
    "ability",
    "willingness",
    "segment",
    "gain",
    "cost",
    "harm",
    "net_gain",
    "runner_up_action",
    "runner_up_net_gain",
    "contacts_allowed_7d",
    "denied",
    "bucket",
    "product",
    "region",
    "cell",
)
_WIDTHS = {"debtor_id": 16, "action_reason": 52, "denied": 40, "reason": 44, "queue": 18}
_CODED = {
    "queue": "queue",
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


@dataclass(frozen=True)
class WorkbookText:
    """Words of the workbook that are not headings of columns."""

    summary: str
    worklist: str
    action: str
    debtors: str
    owed: str
    expected: str
    cost: str
    total: str
    note: str


_TEXT = {
    "en": WorkbookText(
        summary="Summary",
        worklist="Worklist",
        action="Action tonight",
        debtors="Debtors",
        owed="Owed",
        expected="Expected recovery",
        cost="Cost",
        total="Total",
        note="The worklist holds the first {shown} of {total} debtors by rank; strategies.parquet holds all.",
    ),
    "zh": WorkbookText(
        summary="总览",
        worklist="作业清单",
        action="今晚行动",
        debtors="客户数",
        owed="欠款余额",
        expected="预期回收",
        cost="成本",
        total="合计",
        note="清单按排名列出前 {shown} 位（共 {total} 位客户），全部结果见 strategies.parquet。",
    ),
}


def write_workbook(
    path: Path,
    strategies: pa.Table,
    *,
    language: str,
    currency: str,
    horizons: list[int],
    timezone: str,
    title: str,
) -> None:
    """Write ``worklist.xlsx``.

    Parameters
    ----------
    strategies : pyarrow.Table
        Rows of the strategies contract, ordered by rank.
    timezone : str
        IANA zone in which windows are shown; Excel has no time zones.
    title : str
        First line of the summary.
    """
    columns = worklist_columns(horizons)
    top = strategies.select(columns).slice(0, MAX_ROWS).to_pandas()
    text = _TEXT[language]
    options = {
        "strings_to_formulas": False,  # a debtor's id that begins with "=" stays text
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(path, options) as book:
        formats = _formats(book, currency)
        _summary_sheet(book, formats, strategies, text, language, horizons, title, len(top))
        _worklist_sheet(book, formats, top, columns, text, language, horizons, timezone)


def totals_by_action(strategies: pa.Table, expected: str) -> pd.DataFrame:
    """Return debtors, money owed, money expected and cost of each action, in the order of the actions."""
    rows: pd.DataFrame = strategies.select(["action", "balance", expected, "cost"]).to_pandas()
    totals = rows.groupby("action").agg(
        debtors=("balance", "size"), owed=("balance", "sum"), expected=(expected, "sum"), cost=("cost", "sum")
    )
    return totals.reindex([action for action in ACTIONS if action in totals.index]).reset_index()


def worklist_columns(horizons: list[int]) -> list[str]:
    """Return the columns of the worklist sheet in reading order."""
    first = horizons[0]
    return [
        *_FRONT,
        f"p_repay_{first}d",
        f"expected_recovery_{first}d",
        *(f"reason_{i}" for i in range(1, REASON_COUNT + 1)),
        *_AFTER_REASONS,
    ]


def _formats(book: xlsxwriter.Workbook, currency: str) -> dict[str, Any]:
    symbol = SYMBOLS.get(currency, f"{currency} ")
    money = f'"{symbol}"#,##0.00'
    base = {"font_size": 10, "valign": "top"}
    return {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "heading": book.add_format(
            {
                **base,
                "bold": True,
                "text_wrap": True,
                "font_color": "#FFFFFF",
                "bg_color": "#1F3A5F",
                "border": 1,
                "border_color": "#FFFFFF",
            }
        ),
        "text": book.add_format({**base, "num_format": "@"}),
        "wrapped": book.add_format({**base, "num_format": "@", "text_wrap": True}),
        "money": book.add_format({**base, "num_format": money}),
        "share": book.add_format({**base, "num_format": "0.0%"}),
        "integer": book.add_format({**base, "num_format": "#,##0"}),
        "number": book.add_format({**base, "num_format": "0.0"}),
        "day": book.add_format({**base, "num_format": "yyyy-mm-dd", "align": "left"}),
        "time": book.add_format({**base, "num_format": "hh:mm", "align": "left"}),
        "total": book.add_format({**base, "bold": True, "num_format": money, "top": 1}),
        "total_integer": book.add_format({**base, "bold": True, "num_format": "#,##0", "top": 1}),
        "note": book.add_format({"italic": True, "font_color": "#555555"}),
    }


def _summary_sheet(
    book: xlsxwriter.Workbook,
    formats: dict[str, Any],
    strategies: pa.Table,
    text: WorkbookText,
    language: str,
    horizons: list[int],
    title: str,
    shown: int,
) -> None:
    sheet = book.add_worksheet(text.summary)
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 4, 18)
    sheet.write_string(0, 0, title, formats["title"])
    sheet.write_string(
        1, 0, text.note.format(shown=f"{shown:,}", total=f"{strategies.num_rows:,}"), formats["note"]
    )
    for position, heading in enumerate((text.action, text.debtors, text.owed, text.expected, text.cost)):
        sheet.write_string(3, position, heading, formats["heading"])
    expected = f"expected_recovery_{horizons[0]}d"
    totals = totals_by_action(strategies, expected)
    row = 4
    for line in totals.itertuples(index=False):
        sheet.write_string(row, 0, code_label("action", str(line.action), language), formats["text"])
        sheet.write_number(row, 1, line.debtors, formats["integer"])
        for position, value in enumerate((line.owed, line.expected, line.cost), start=2):
            sheet.write_number(row, position, value, formats["money"])
        row += 1
    sheet.write_string(row, 0, text.total, formats["total"])
    sheet.write_number(row, 1, int(totals["debtors"].sum()), formats["total_integer"])
    for position, name in enumerate(("owed", "expected", "cost"), start=2):
        sheet.write_number(row, position, float(totals[name].sum()), formats["total"])


def _worklist_sheet(
    book: xlsxwriter.Workbook,
    formats: dict[str, Any],
    rows: pd.DataFrame,
    columns: list[str],
    text: WorkbookText,
    language: str,
    horizons: list[int],
    timezone: str,
) -> None:
    sheet = book.add_worksheet(text.worklist)
    schema = strategies_schema(horizons)
    last_row = max(len(rows), 1)
    sheet.freeze_panes(1, 3)
    sheet.autofilter(0, 0, last_row, len(columns) - 1)
    sheet.set_row(0, 32)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&C&P / &N")
    for position, name in enumerate(columns):
        kind = schema.columns[name].metadata["kind"]
        values, form, width = _cells(rows[name], name, kind, language, timezone)
        sheet.set_column(position, position, width, formats[form])
        sheet.write_string(0, position, column_label(name, language), formats["heading"])
        _write_column(sheet, position, values, form, formats[form])
        if name in ("balance", "net_gain") and len(rows):
            letter = xl_col_to_name(position)
            sheet.conditional_format(
                f"{letter}2:{letter}{last_row + 1}",
                {"type": "data_bar", "bar_solid": True, "bar_color": "#9DC3E6", "data_bar_2010": True},
            )
    sheet.activate()


def _cells(
    values: pd.Series, name: str, kind: Kind, language: str, timezone: str
) -> tuple[list[Any], str, int]:
    """Return what to write, the name of its format, and the width of the column."""
    stem = "reason" if name.startswith("reason_") else name
    width = _WIDTHS.get(stem, 13)
    if name in _CODED:
        names = code_labels(_CODED[name], language)
        return [names.get(value, value) for value in values], "text", width
    if kind == Kind.REASON:
        return [reason["text"] if isinstance(reason, dict) else None for reason in values], "wrapped", width
    if kind == Kind.DENIALS:
        return [_denials(denied, language) for denied in values], "wrapped", width
    if name == "action_reason":
        return values.tolist(), "wrapped", width
    if kind == Kind.TIME:
        local = pd.to_datetime(values, utc=True).dt.tz_convert(timezone).dt.tz_localize(None)
        return [None if pd.isna(value) else value.to_pydatetime() for value in local], "time", 9
    if kind == Kind.DAY:
        return [None if pd.isna(value) else value for value in values], "day", 12
    if kind == Kind.MONEY:
        return values.tolist(), "money", width
    if name.startswith("p_") or name == "propensity":
        return values.tolist(), "share", 11
    if name in ("ability", "willingness"):
        return values.tolist(), "number", 11
    if kind == Kind.INTEGER:
        return values.tolist(), "integer", 9
    return values.tolist(), "text", width


def _denials(denied: Any, language: str) -> str | None:
    if denied is None or len(denied) == 0:
        return None
    return "; ".join(
        f"{code_label('action', item['action'], language)}: {item['rule_id']}" for item in denied
    )


def _write_column(sheet: Any, position: int, values: list[Any], form: str, cell_format: Any) -> None:
    write = {"text": sheet.write_string, "wrapped": sheet.write_string}.get(form)
    if write is None:
        write = sheet.write_datetime if form in ("day", "time") else sheet.write_number
    for row, value in enumerate(values, start=1):
        if value is None or value is pd.NA or value != value:  # NaN is not itself
            continue
        write(row, position, _excel_text(value) if form in ("text", "wrapped") else value, cell_format)


def _excel_text(value: Any) -> str:
    """Return `value` as text that Excel can hold: no control characters, at most 32,767 characters."""
    text = str(value)
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() or letter in "\n\t" else "�" for letter in text)
    return text[:32_767]
