"""Commands about a night: decide it, recheck it before dialling, compare it with another."""

from typing import Annotated

import typer

from duewise.cli.options import (
    AsOf,
    Data,
    DryRun,
    LatestRun,
    Out,
    PortfolioFile,
    Set,
    Strict,
    day,
    instant,
    leave,
    load,
    run_day,
)


def nightly(
    portfolio: PortfolioFile,
    as_of: AsOf = None,
    data: Data = None,
    out: Out = None,
    set_: Set = None,
    force: Annotated[bool, typer.Option("--force", help="Run again although nothing has changed.")] = False,
    dry_run: DryRun = False,
    strict: Strict = False,
) -> None:
    """Choose one strategy per debtor for one night and publish the run folder."""
    from duewise.console import print_night
    from duewise.pipelines.nightly import nightly as run_nightly
    from duewise.tracing import configure_tracing

    configure_tracing()
    night = run_nightly(load(portfolio, set_, data=data, out=out), day(as_of), force=force, dry_run=dry_run)
    print_night(night)
    leave(bool(night.warnings), strict)


def recheck(
    portfolio: PortfolioFile,
    as_of: LatestRun = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="INSTANT",
            help="Instant of the check (ISO 8601; UTC without a zone), before which facts are known. "
            "Default: now, or the end of the permitted hours of a night that is over.",
        ),
    ] = None,
    data: Data = None,
    out: Out = None,
    set_: Set = None,
    dry_run: DryRun = False,
) -> None:
    """Withdraw planned contacts that are paid, disputed or no longer lawful: run it before dialling.

    Reads the tables as they are now and writes recall.parquet beside the run, with the reason per contact.
    """
    from duewise.console import print_recheck
    from duewise.pipelines.recheck import recheck as run_recheck

    settings = load(portfolio, set_, data=data, out=out)
    print_recheck(run_recheck(settings, run_day(as_of), at=instant(at), dry_run=dry_run))


def whatif(
    portfolio: PortfolioFile,
    as_of: AsOf = None,
    data: Data = None,
    out: Out = None,
    set_: Set = None,
    frontier: Annotated[
        str | None,
        typer.Option(
            "--frontier",
            metavar="RESOURCE|ACTION",
            help="Print what 0.25 to 2 times this limit would be worth; default: the limits of staff and of "
            "messages.",
        ),
    ] = None,
) -> None:
    """Compare the night with the same night under other staff, budget, prices or rules; publishes nothing.

    `--set` names the change, e.g. `--set resources.agent_minutes.limit=3000`.
    """
    from duewise.console import print_whatif
    from duewise.pipelines.whatif import whatif as run_whatif

    base = load(portfolio, None, data=data, out=out)
    changed = load(portfolio, set_, data=data, out=out)
    print_whatif(run_whatif(base, changed, day(as_of), frontier_of=frontier))
