"""The worklist as supervisors use it: a sheet to read the night, and a sheet to work from for each queue."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import xlsxwriter

from duewise.contracts.vocabulary import Queue
from duewise.publish.workbook_queue import queue_columns, write_queue
from duewise.publish.workbook_style import look_of
from duewise.publish.workbook_summary import write_summary

MAX_ROWS = 20_000
"""Rows of all queues together; a workbook beyond this opens slowly, and nobody works further down."""

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,  # a debtor's id that begins with "=" stays text
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
    "default_date_format": "yyyy-mm-dd",
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
    """Write ``worklist.xlsx``; the same strategies give the same bytes.

    Parameters
    ----------
    strategies : pyarrow.Table
        Rows of the strategies contract, ordered by rank.
    timezone : str
        IANA zone in which windows are shown; Excel has no time zones.
    title : str
        First line of the summary.
    """
    columns = ["as_of", "queue", *queue_columns(horizons)]
    top = strategies.select(columns).slice(0, MAX_ROWS).to_pandas()
    by_queue = dict(iter(top.groupby("queue", observed=True, sort=False)))
    queues = [str(queue) for queue in Queue if queue in by_queue]
    with xlsxwriter.Workbook(path, dict(_OPTIONS)) as book:
        if len(top):
            # The night, not the clock, dates the file.
            book.set_properties({"created": datetime.combine(top["as_of"].iloc[0], datetime.min.time())})
        look = look_of(book, language, currency)
        write_summary(look, strategies, horizons, title, len(top), queues)
        for queue in queues:
            write_queue(look, queue, by_queue[queue], horizons, timezone)
        if queues:
            book.worksheets()[1].activate()
