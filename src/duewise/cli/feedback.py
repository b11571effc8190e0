"""The commands of `duewise feedback`."""

from pathlib import Path
from typing import Annotated

import typer

from duewise.cli.options import DryRun, Out, PortfolioFile, Set, instant, load
from duewise.errors import DataError

feedback_app = typer.Typer(
    help="Take in what people wrote into the worklist, and give it out as tables.", no_args_is_help=True
)


@feedback_app.command("import")
def take_in(
    portfolio: PortfolioFile,
    workbook: Annotated[
        Path, typer.Argument(metavar="FILE.xlsx", help="A worklist whose feedback columns were filled in.")
    ],
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who answers for the file. Default: the login name.")
    ] = None,
    out: Out = None,
    set_: Set = None,
    dry_run: DryRun = False,
) -> None:
    """Keep the feedback of a filled-in worklist.xlsx, so that the next night reads it.

    The same file twice adds nothing. Rows that cannot be understood are listed with sheet, row and reason;
    the others are kept, and the exit code is 3.
    """
    import getpass

    from duewise.console_feedback import print_import
    from duewise.pipelines.feedback import import_feedback

    settings = load(portfolio, set_, out=out)
    found = import_feedback(settings, workbook, author or getpass.getuser(), dry_run=dry_run)
    print_import(found)
    if found.unread:
        filled_in = len(found.unread) + found.understood
        raise DataError(
            f"{workbook}: {len(found.unread):,} of {filled_in:,} filled-in rows could not be understood; "
            "they are listed above. Mend them and import the file again: what was kept is not kept twice."
        )


@feedback_app.command("export")
def give_out(
    portfolio: PortfolioFile,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for contacts.csv and flags.csv.")],
    since: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="From when on (ISO 8601; UTC without a zone).")
    ] = None,
    out: Out = None,
    set_: Set = None,
) -> None:
    """Write the feedback as rows of contacts and flags, for systems of your own.

    A night reads the feedback by itself; contacts that come back in an export are not counted twice.
    """
    from duewise.console_feedback import print_export
    from duewise.pipelines.feedback import export_feedback

    settings = load(portfolio, set_, out=out)
    print_export(export_feedback(settings, folder, instant(since)))
