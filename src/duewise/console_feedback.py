"""What a person sees of `feedback`."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table as RichTable

from duewise.terminal import out, plain

if TYPE_CHECKING:
    from duewise.pipelines.feedback import Imported


def print_import(found: "Imported") -> None:
    """Print how many remarks were understood and kept, and every row that was not understood."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in found.kinds.items())
    out.print(f"feedback: {found.understood:,} remarks understood{f' ({kinds})' if kinds else ''}")
    if found.dry_run:
        out.print("dry run: nothing was written")
    else:
        out.print(f"{found.added:,} added, {found.understood - found.added:,} known before")
    if found.unread:
        table = RichTable("sheet", "row", "why it was not understood")
        for unread in found.unread:
            table.add_row(plain(unread.sheet), f"{unread.row}", plain(unread.reason))
        out.print(table)


def print_export(written: dict[Path, int]) -> None:
    """Print which files hold how many rows."""
    for path, rows in written.items():
        out.print(f"{rows:,} rows in {path}")
