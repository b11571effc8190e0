"""What the commands share: their options, and how a file, a date and the exit code are read from them."""

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from duewise.errors import FINISHED_WITH_WARNINGS

if TYPE_CHECKING:
    from duewise.config import Portfolio


class Form(StrEnum):
    """How an answer is written to stdout."""

    TEXT = "text"
    JSON = "json"


PortfolioFile = Annotated[
    Path, typer.Argument(metavar="PORTFOLIO.yaml", help="The file that describes the portfolio.")
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="The night (YYYY-MM-DD); what happens from then on is unknown. Default: today.",
    ),
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder of the tables, instead of sources.path.")
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder of the runs, instead of publish.runs.")
]
LatestRun = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="Night of the run. Default: the latest run.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="key.path=value", help="Override one value of the file; may be repeated."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Do everything except writing.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 5 when there were warnings.")]


def load(path: Path, overrides: list[str] | None, **folders: Path | None) -> "Portfolio":
    """Return the portfolio in a file, with `--set`, `--data` and `--out` applied."""
    from duewise.config import load_portfolio

    return load_portfolio(path, overrides or (), **folders)


def day(text: str | None) -> date:
    """Return the date in `text`; today where there is none."""
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a date; write it as YYYY-MM-DD.", param_hint="--as-of"
        ) from error


def run_day(text: str | None) -> date | None:
    """Return the date in `text`; None, which stands for the latest run, where there is none."""
    return None if text is None else day(text)


def instant(text: str | None) -> datetime | None:
    """Return the instant in `text`, in UTC where it names no zone."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not an instant; write it as 2026-06-01T09:30Z.", param_hint="--at"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def leave(warned: bool, strict: bool) -> None:
    """Exit as `--strict` asks for when there were warnings."""
    if warned and strict:
        raise typer.Exit(FINISHED_WITH_WARNINGS)
