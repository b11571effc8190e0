"""Commands about the six tables: make a sample of them, or check one's own."""

from typing import Annotated

import typer

from duewise.cli.options import AsOf, Data, DryRun, PortfolioFile, Set, Strict, day, leave, load
from duewise.errors import DataError


def sample(
    portfolio: PortfolioFile,
    as_of: AsOf = None,
    data: Data = None,
    set_: Set = None,
    debtors: Annotated[int, typer.Option(min=1, max=1_000_000, help="People to simulate.")] = 5_000,
    months: Annotated[int, typer.Option(min=3, max=60, help="Length of the history.")] = 18,
    seed: Annotated[int, typer.Option(help="The same seed gives the same portfolio.")] = 1,
    world: Annotated[str, typer.Option(help="Which world: default, randomised, no_effect, …")] = "default",
    dry_run: DryRun = False,
) -> None:
    """Make a sample portfolio with known truth in sources.path (the truth in a folder beside it)."""
    from duewise.console import print_sample
    from duewise.pipelines.sample import make_sample

    settings = load(portfolio, set_, data=data)
    summary = make_sample(
        settings, day(as_of), debtors=debtors, months=months, seed=seed, world=world, dry_run=dry_run
    )
    print_sample(summary)


def check(
    portfolio: PortfolioFile, as_of: AsOf = None, data: Data = None, set_: Set = None, strict: Strict = False
) -> None:
    """Validate the tables and print what would be accepted, put aside, or doubted; writes nothing."""
    from duewise.console import print_acceptance
    from duewise.pipelines.check import check as run_check

    report = run_check(load(portfolio, set_, data=data), day(as_of))
    print_acceptance(report)
    if report.refusals:
        raise DataError("\n".join(report.refusals))
    leave(bool(report.warnings), strict)
