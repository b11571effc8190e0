"""The first sheet of the workbook: the night by queue and by action, on one page."""

from typing import Any

import pandas as pd
import pyarrow as pa

from duewise.contracts.labels import code_label
from duewise.contracts.strategies import ACTIONS
from duewise.contracts.vocabulary import NONE, Queue
from duewise.publish.workbook_style import Look

_SUMS = ("owed", "expected", "cost")


def totals_by(strategies: pa.Table, column: str, expected: str) -> pd.DataFrame:
    """Return the night by the codes of `column`, in the order of their list.

    Returns
    -------
    pandas.DataFrame
        With `column`, debtors, acting (debtors with an action), owed, expected and cost.
    """
    order: tuple[str, ...] = ACTIONS if column == "action" else tuple(Queue)
    needed = list(dict.fromkeys([column, "action", "balance", expected, "cost"]))
    rows: pd.DataFrame = strategies.select(needed).to_pandas()
    totals = (
        rows.assign(acts=rows["action"] != NONE)
        .groupby(column, observed=True)
        .agg(
            debtors=("balance", "size"),
            acting=("acts", "sum"),
            owed=("balance", "sum"),
            expected=(expected, "sum"),
            cost=("cost", "sum"),
        )
    )
    return totals.reindex([code for code in order if code in totals.index]).reset_index()


def write_summary(
    look: Look, strategies: pa.Table, horizons: list[int], title: str, shown: int, queues: list[str]
) -> None:
    """Write the summary; `queues` have a sheet of their own that its rows link to."""
    sheet = look.book.add_worksheet(look.text["summary"])
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 5, 18)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    sheet.set_footer(f"&C{look.text['page']}")
    sheet.write_string(0, 0, title, look.formats["title"])
    sheet.write_string(1, 0, look.text["how_to"], look.formats["note"])
    counts = look.text["shown"].format(shown=f"{shown:,}", total=f"{strategies.num_rows:,}")
    sheet.write_string(2, 0, counts, look.formats["note"])
    expected = f"expected_recovery_{horizons[0]}d"
    by_queue = totals_by(strategies, "queue", expected)
    by_action = totals_by(strategies, "action", expected).drop(columns="acting")
    below = _write_totals(look, sheet, 4, by_queue, "queue", queues)
    _write_totals(look, sheet, below + 2, by_action, "action", [])


def _write_totals(
    look: Look, sheet: Any, top: int, totals: pd.DataFrame, kind: str, linked: list[str]
) -> int:
    """Write one table of totals from row `top` on; return its last row."""
    for place, name in enumerate(totals.columns):
        sheet.write_string(top, place, look.text[name], look.formats["heading"])
    for row, line in enumerate(totals.to_dict("records"), start=top + 1):
        label = code_label(kind, str(line[kind]), look.language)
        if line[kind] in linked:
            sheet.write_url(row, 0, f"internal:'{label}'!A1", look.formats["link"], label)
        else:
            sheet.write_string(row, 0, label, look.formats["text"])
        for place, name in enumerate(totals.columns[1:], start=1):
            sheet.write_number(row, place, line[name], look.formats["money" if name in _SUMS else "integer"])
    last = top + len(totals) + 1
    sheet.write_string(last, 0, look.text["total"], look.formats["total"])
    for place, name in enumerate(totals.columns[1:], start=1):
        form = look.formats["total" if name in _SUMS else "total_integer"]
        sheet.write_number(last, place, float(totals[name].sum()), form)
    return last
