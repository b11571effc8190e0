"""Commands about what nights published: explain it, show it, remove it."""

from typing import Annotated

import typer

from duewise.cli.options import (
    AsOf,
    Data,
    DryRun,
    Form,
    LatestRun,
    Out,
    PortfolioFile,
    Set,
    day,
    load,
    run_day,
)


def explain(
    portfolio: PortfolioFile,
    debtor: Annotated[str, typer.Argument(metavar="DEBTOR", help="Id of the debtor.")],
    as_of: LatestRun = None,
    data: Data = None,
    out: Out = None,
    set_: Set = None,
    form: Annotated[
        Form, typer.Option("--format", metavar="text|json", help="For people, or for other systems.")
    ] = Form.TEXT,
) -> None:
    """Tell one debtor's strategy and why: money, reasons, effects, what is denied by which rule, plan, offer,
    what to say, and what people have said back.

    Reads nothing but what the night published, and the feedback beside it.
    """
    from duewise.console import print_json
    from duewise.console_explanation import print_explanation
    from duewise.publish.debtor_story import explain_debtor

    settings = load(portfolio, set_, data=data, out=out)
    explanation = explain_debtor(settings, debtor, run_day(as_of))
    if form is Form.JSON:
        print_json(explanation.as_dict())
    else:
        print_explanation(explanation)


def serve(
    portfolio: PortfolioFile,
    out: Out = None,
    set_: Set = None,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on, instead of serve.host.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port, instead of serve.port; 0 takes a free one.")
    ] = None,
) -> None:
    """Show the published nights to managers and their teams as web pages, until interrupted.

    This machine only, unless the portfolio file names users (`duewise users add`).
    """
    from duewise.web.serve import serve as run_serve

    named = {"serve.host": host, "serve.port": port}
    overrides = [f"{key}={value}" for key, value in named.items() if value is not None]
    run_serve(load(portfolio, [*(set_ or ()), *overrides], out=out))


def retention(
    portfolio: PortfolioFile,
    as_of: AsOf = None,
    data: Data = None,
    out: Out = None,
    set_: Set = None,
    erase: Annotated[
        list[str] | None,
        typer.Option(
            "--erase",
            metavar="ID",
            help="A debtor whose rows, and those of the debtor's accounts, are removed from all that was "
            "published; may be repeated.",
        ),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Remove runs older than publish.keep_days, and whoever asks to be forgotten, from folders and database.

    The latest run stays. An erasure is recorded in erasures.jsonl beside the runs, without the id.
    """
    from duewise.console import print_retention
    from duewise.pipelines.retention import retention as run_retention

    settings = load(portfolio, set_, data=data, out=out)
    done = run_retention(settings, day(as_of), erase=erase or (), dry_run=dry_run)
    print_retention(done, dry_run)
