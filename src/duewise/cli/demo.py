"""The whole flow in one command, on a sample."""

from pathlib import Path
from typing import Annotated

import typer

from duewise.cli.options import Data, Out, Set, day, load

DEMO_NIGHT = "2026-06-01"
"""Night of the demo: a fixed date, so that everybody's demo shows the same worklist."""


def demo(
    portfolio: Annotated[
        Path, typer.Argument(metavar="PORTFOLIO.yaml", help="The file that describes the portfolio.")
    ] = Path("pipelines/sample.yaml"),
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="The night.")] = DEMO_NIGHT,
    data: Data = None,
    out: Out = None,
    set_: Set = None,
    debtors: Annotated[int, typer.Option(min=1, max=1_000_000, help="People to simulate.")] = 5_000,
) -> None:
    """Make a sample, train on it, decide one night, and say where to look."""
    from duewise import console
    from duewise.pipelines.nightly import nightly as run_nightly
    from duewise.pipelines.sample import make_sample
    from duewise.pipelines.train import train as run_train

    settings = load(portfolio, set_, data=data, out=out)
    night = day(as_of)
    console.print_sample(make_sample(settings, night, debtors=debtors))
    console.print_training(run_train(settings, night))
    finished = run_nightly(settings, night)
    console.print_night(finished)
    console.print_where_to_look(finished, portfolio)
