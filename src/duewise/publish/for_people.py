"""What a run holds for people to read, made from its rows and its manifest and nothing else."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from xlsxwriter.exceptions import FileCreateError

from duewise.publish.remarks_file import read_remarks
from duewise.publish.report import write_report
from duewise.publish.workbook import write_workbook


def write_for_people(folder: Path, strategies: pa.Table, manifest: dict[str, Any]) -> None:
    """Write the workbook and the report that the portfolio file asks for into `folder`."""
    portfolio = manifest["portfolio"]
    owner = portfolio["portfolio"]
    if portfolio["publish"]["excel"]:
        try:
            write_workbook(
                folder / "worklist.xlsx",
                strategies,
                language=owner["language"],
                currency=owner["currency"],
                horizons=portfolio["horizons"],
                timezone=owner["timezone"],
                title=f"{owner['name']} · {manifest['as_of']}",
            )
        except FileCreateError as error:
            # The writer hides that the disk is full inside an error of its own.
            raise error.args[0] from error
    if portfolio["publish"]["report"]:
        write_report(folder / "report.html", strategies, manifest, read_remarks(folder))
