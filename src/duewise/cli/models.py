"""Commands about models: fit them, choose the one in use, judge what they foretold."""

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
    leave,
    load,
    run_day,
)


def train(
    portfolio: PortfolioFile,
    as_of: AsOf = None,
    data: Data = None,
    set_: Set = None,
    dry_run: DryRun = False,
    strict: Strict = False,
) -> None:
    """Fit the models on past dates, judge them on later ones, log and register them in MLflow."""
    from duewise.console import print_training
    from duewise.pipelines.train import train as run_train

    result = run_train(load(portfolio, set_, data=data), day(as_of), dry_run=dry_run)
    print_training(result)
    leave(bool(result.warnings), strict)


def promote(
    portfolio: PortfolioFile,
    set_: Set = None,
    version: Annotated[int | None, typer.Option(help="Version to promote; default: the challenger.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Make the challenger (or a named version) the champion that the night uses."""
    from duewise.models.registry import promote as run_promote

    settings = load(portfolio, set_)
    promoted = run_promote(settings.models.store, settings.registered_name, version, dry_run=dry_run)
    typer.echo(f"{settings.registered_name}: version {promoted} is the champion")


def evaluate(
    portfolio: PortfolioFile,
    as_of: AsOf = None,
    data: Data = None,
    out: Out = None,
    set_: Set = None,
    dry_run: DryRun = False,
) -> None:
    """Compare past runs with what was paid since: forecasts, and what the policy added to the control cell.

    Says "too early to tell" where horizons have not passed. Writes evaluation.json beside the latest run.
    """
    from duewise.console_audits import print_evaluation
    from duewise.pipelines.evaluate import evaluate as run_evaluate
    from duewise.pipelines.evaluate import keep_evaluation

    settings = load(portfolio, set_, data=data, out=out)
    found = run_evaluate(settings, day(as_of))
    print_evaluation(found)
    if not dry_run:
        keep_evaluation(settings, found)


def monitor(
    portfolio: PortfolioFile,
    as_of: LatestRun = None,
    data: Data = None,
    out: Out = None,
    set_: Set = None,
    dry_run: DryRun = False,
    strict: Strict = False,
) -> None:
    """Look for drift of features, forecasts that no longer hold, and differences between groups of people.

    Writes monitor.json beside the run.
    """
    from duewise.console_audits import print_monitoring
    from duewise.pipelines.monitor import monitor as run_monitor

    settings = load(portfolio, set_, data=data, out=out)
    found = run_monitor(settings, run_day(as_of), dry_run=dry_run)
    print_monitoring(found)
    leave(bool(found.alarms), strict)
