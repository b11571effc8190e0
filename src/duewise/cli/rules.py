"""The commands of `duewise rules`."""

from typing import Annotated

import typer

from duewise.cli.options import AsOf, Data, PortfolioFile, Set, day, load
from duewise.errors import DuewiseError

rules_app = typer.Typer(
    help="Show the rules in force, and run the packs' own worked cases.", no_args_is_help=True
)


@rules_app.command("list")
def show_rules(
    portfolio: PortfolioFile,
    as_of: AsOf = None,
    data: Data = None,
    set_: Set = None,
) -> None:
    """Show the rules that the portfolio obeys: what each says, where it comes from, how well verified."""
    from duewise.console_rules import print_rules
    from duewise.pipelines.rules import rules_in_force

    on = day(as_of)
    print_rules(rules_in_force(load(portfolio, set_, data=data), on), on)


@rules_app.command("test")
def run_rule_cases(
    packs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PACK|PATH|PORTFOLIO.yaml]...",
            help="Names of packs, files of packs, or portfolio files. Default: every pack that is shipped.",
        ),
    ] = None,
) -> None:
    """Run the worked cases that packs bring along; exit 1 when one comes out otherwise than told."""
    from duewise.console_rules import print_cases
    from duewise.pipelines.rules import run_cases

    reports = run_cases(packs or ())
    print_cases(reports)
    if any(report.failures for report in reports):
        raise typer.Exit(DuewiseError.exit_code)
