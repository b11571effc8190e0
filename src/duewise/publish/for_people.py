"""What a run holds for people to read, made from its rows and its manifest and nothing else."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from duewise.publish.report import write_report
from duewise.publish.workbook import write_workbook


def write_for_people(folder: Path, strategies: pa.Table, manifest: dict[str, Any]) -> None:
    """Write the workbook and the report that the portfolio file asks for into `folder`."""
    portfolio = manifest["portfolio"]
    owner = portfolio["portfolio"]
    if portfolio["publish"]["excel"]:
        write_workbook(
            folder / "worklist.xlsx",
            strategies,
            language=owner["language"],
            currency=owner["currency"],
            horizons=portfolio["horizons"],
            timezone=owner["timezone"],
            title=f"{owner['name']} · {manifest['as_of']}",
        )
    if portfolio["publish"]["report"]:
        write_report(folder / "report.html", strategies, manifest)
