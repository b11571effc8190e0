"""Draws the picture of the README: the first rows of a worklist, as a spreadsheet program shows them.

``python docs/images/worklist.py runs/latest/worklist.xlsx`` writes ``docs/images/worklist.png``; it needs
chromium and the development environment.
"""

import html
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import openpyxl
from PIL import Image, ImageChops

ROWS, WIDTH = 9, 1500
SHOWN = (
    "rank",
    "queue",
    "debtor",
    "owed",
    "days past due",
    "action tonight",
    "from",
    "until",
    "offer",
    "amount",
    "why this action",
    "reason 1",
    "reason 2",
)

STYLE = """
body { margin: 0; background: #fff; }
table { border-collapse: collapse; font: 13px "Noto Sans", "DejaVu Sans", sans-serif; color: #1d2733; }
th { background: #1f3a5f; color: #fff; text-align: left; padding: 7px 8px; border-right: 1px solid #fff; }
td { border: 1px solid #dfe4ea; padding: 6px 8px; vertical-align: top; }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
"""


def worklist_page(workbook: Path) -> str:
    """Return the first rows of the worklist sheet as HTML."""
    sheet = openpyxl.load_workbook(workbook).worksheets[1]
    headings = [cell.value for cell in sheet[1]]
    missing = [name for name in SHOWN if name not in headings]
    if missing:
        raise SystemExit(f"{workbook}: has no column {', '.join(missing)}; its columns are {headings}")
    columns = [headings.index(name) for name in SHOWN]
    head = "".join(f"<th>{html.escape(headings[i])}</th>" for i in columns)
    rows = "".join(
        "<tr>" + "".join(_cell(row[i]) for i in columns) + "</tr>"
        for row in sheet.iter_rows(min_row=2, max_row=1 + ROWS)
    )
    return f"<meta charset='utf-8'><style>{STYLE}</style><table><tr>{head}</tr>{rows}</table>"


def _cell(cell: openpyxl.cell.Cell) -> str:
    value = cell.value
    if isinstance(value, datetime):
        return f"<td class='n'>{value:%H:%M}</td>"
    if isinstance(value, float):
        return f"<td class='n'>¥{value:,.0f}</td>"
    if isinstance(value, int):
        return f"<td class='n'>{value:,}</td>"
    return f"<td>{html.escape(str(value or ''))}</td>"


def main() -> None:
    """Draw the picture."""
    picture = Path(__file__).with_name("worklist.png")
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "worklist.html"
        page.write_text(worklist_page(Path(sys.argv[1])), encoding="utf-8")
        subprocess.run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--hide-scrollbars",
                f"--window-size={WIDTH},1000",
                f"--screenshot={picture}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )
    with Image.open(picture) as shot:
        drawn = ImageChops.difference(shot.convert("RGB"), Image.new("RGB", shot.size, "white")).getbbox()
        shot.crop(drawn).quantize(64).save(picture, optimize=True)


if __name__ == "__main__":
    main()
