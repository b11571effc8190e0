"""The sheet of one queue: what supervisors read, print, sort, and write feedback into."""

from datetime import date
from typing import Any

import pandas as pd

from duewise.contracts.feedback import KINDS
from duewise.contracts.labels import code_label, column_label
from duewise.contracts.strategies import REASON_COUNT
from duewise.publish.workbook_cells import Cells, column_cells
from duewise.publish.workbook_feedback import COLUMNS as ANSWERS
from duewise.publish.workbook_feedback import KEY_HEADING, heading, row_key
from duewise.publish.workbook_style import Look

_FRONT = (
    "rank",
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
_FROZEN = 2
_BARS = ("balance", "net_gain")
_ANSWER_WIDTHS = {"kind": 18, "amount": 12, "due_on": 12, "note": 30}
_ANSWER_FORMS = {"kind": "answer", "amount": "answer_money", "due_on": "answer_day", "note": "answer"}
_A4 = 9


def queue_columns(horizons: list[int]) -> list[str]:
    """Return the columns of the strategies that a sheet shows; the answers stand between front and rest."""
    first = horizons[0]
    return [
        *_FRONT,
        f"p_repay_{first}d",
        f"expected_recovery_{first}d",
        *(f"reason_{i}" for i in range(1, REASON_COUNT + 1)),
        *_AFTER_REASONS,
    ]


def write_queue(look: Look, queue: str, rows: pd.DataFrame, horizons: list[int], timezone: str) -> None:
    """Write the sheet of one queue.

    Parameters
    ----------
    rows : pandas.DataFrame
        At least one row of the strategies of this queue, in the order of the rank.
    """
    name = code_label("queue", queue, look.language)
    sheet = look.book.add_worksheet(name)
    front = len(_FRONT)
    cells = column_cells(rows[queue_columns(horizons)], horizons, look.language, timezone)
    shown = list(cells.items())
    places = {column: i if i < front else i + len(ANSWERS) for i, (column, _) in enumerate(shown)}
    width = len(shown) + len(ANSWERS)
    _set_up_page(look, sheet, name, rows["as_of"].iloc[0], front + len(ANSWERS), len(rows))
    sheet.autofilter(0, 0, len(rows), width - 1)
    for column, place in places.items():
        sheet.set_column(place, place, cells[column].width, look.formats[cells[column].form])
    for place, answer in enumerate(ANSWERS, start=front):
        sheet.set_column(place, place, _ANSWER_WIDTHS[answer], look.formats[_ANSWER_FORMS[answer]])
    sheet.set_column(width, width, None, None, {"hidden": True})
    _write_heading(look, sheet, places, front, width)
    _write_rows(look, sheet, cells, places, front, width, rows)
    _validate(look, sheet, front, len(rows), rows["as_of"].iloc[0])
    for column in _BARS:
        sheet.conditional_format(
            1,
            places[column],
            len(rows),
            places[column],
            {"type": "data_bar", "bar_solid": True, "bar_color": "#9DC3E6", "data_bar_2010": True},
        )


def _set_up_page(look: Look, sheet: Any, name: str, as_of: date, printed: int, last_row: int) -> None:
    sheet.freeze_panes(1, _FROZEN)
    sheet.set_row(0, 32)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    # All fifty columns on one page's width could not be read: paper carries what is worked with.
    sheet.print_area(0, 0, last_row, printed - 1)
    sheet.set_header(f"&L{name.replace('&', '&&')}&R{as_of.isoformat()}")
    sheet.set_footer(f"&C{look.text['page']}")


def _write_heading(look: Look, sheet: Any, places: dict[str, int], front: int, width: int) -> None:
    for column, place in places.items():
        sheet.write_string(0, place, column_label(column, look.language), look.formats["heading"])
    for place, answer in enumerate(ANSWERS, start=front):
        sheet.write_string(0, place, heading(answer, look.language), look.formats["answer_heading"])
    sheet.write_string(0, width, KEY_HEADING)


def _write_rows(
    look: Look,
    sheet: Any,
    cells: dict[str, Cells],
    places: dict[str, int],
    front: int,
    width: int,
    rows: pd.DataFrame,
) -> None:
    """Write row by row: the engine then keeps one row in memory, not the sheet."""
    columns = [
        (places[column], _writer(sheet, found.form), found.values, look.formats[found.form])
        for column, found in cells.items()
    ]
    blank = [(place, look.formats[_ANSWER_FORMS[name]]) for place, name in enumerate(ANSWERS, start=front)]
    keys = zip(rows["as_of"], rows["debtor_id"], rows["action"], strict=True)
    for i, key in enumerate(keys):
        row = i + 1
        for place, write, values, form in columns:
            value = values[i]
            if value is not None:
                write(row, place, value, form)
        for place, form in blank:
            sheet.write_blank(row, place, None, form)
        sheet.write_string(row, width, row_key(*key))


def _writer(sheet: Any, form: str) -> Any:
    if form in ("text", "wrapped"):
        return sheet.write_string  # never `write`, which would take "=1+1" for a formula
    return sheet.write_datetime if form in ("day", "time") else sheet.write_number


def _validate(look: Look, sheet: Any, front: int, last_row: int, as_of: date) -> None:
    """Let the feedback columns accept what can be read back, and say so."""
    labels = [code_label("feedback", kind, look.language) for kind in KINDS]
    answers = {
        "kind": {
            "validate": "list",
            "source": labels,
            "input_message": look.text["pick"],
            "error_message": look.text["pick_fault"].format(labels=", ".join(labels)),
        },
        "amount": {
            "validate": "decimal",
            "criteria": ">",
            "value": 0,
            "error_message": look.text["amount_hint"],
        },
        "due_on": {
            "validate": "date",
            "criteria": ">=",
            "value": as_of,
            "error_message": look.text["date_hint"],
        },
    }
    for place, answer in enumerate(ANSWERS, start=front):
        if answer in answers:
            sheet.data_validation(1, place, last_row, place, answers[answer])
