"""The command line: parse, call one plain function, turn errors into exit codes.

Every heavy library is imported inside the command that needs it, so that ``--help`` answers at once.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from duewise.cli_feedback import feedback_app
from duewise.cli_options import (
    AsOf,
    Data,
    DryRun,
    Form,
    LatestRun,
    Out,
    PortfolioFile,
    Set,
    Strict,
    day,
    instant,
    leave,
    load,
)
from duewise.cli_rules import rules_app
from duewise.errors import ConfigError, DataError, DuewiseError
from duewise.hardships import explained

DEMO_NIGHT = "2026-06-01"
"""Night of the demo: a fixed date, so that everybody's demo shows the same worklist."""


app = typer.Typer(
    name="duewise",
    help="Whom to contact, how, when, with what offer, and why: one lawful strategy per overdue debtor.\n\n"
    "Start with `duewise demo`. For tables of your own, write a portfolio file that names their folder:\n\n"
    "- `duewise check mine.yaml` until nothing is put aside that you want to keep,\n"
    "- `duewise train mine.yaml` once, and again when months have passed,\n"
    "- `duewise nightly mine.yaml` every night; `runs/latest` holds the worklist.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 bad data, "
    "4 another run holds the lock, 5 finished with warnings under --strict.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(rules_app, name="rules")
app.add_typer(feedback_app, name="feedback")
users_app = typer.Typer(help="Keep the file of those who may sign in to the page.", no_args_is_help=True)
app.add_typer(users_app, name="users")

UsersFile = Annotated[Path, typer.Argument(metavar="USERS.yaml", help="The file that serve.users names.")]
UserName = Annotated[str, typer.Argument(metavar="NAME", help="Name to sign in with.")]


def main() -> None:
    """Run the command line; map errors made on purpose to their exit codes."""
    from duewise.console import print_crash, print_error
    from duewise.progress import configure_logging

    configure_logging()
    try:
        # On a terminal typer shows wrong usage in a frame of its own; a machine gets a line of JSON.
        code = app(standalone_mode=sys.stderr.isatty())
    except typer.TyperException as error:
        code = print_error(ConfigError(_usage_fault(error)))
    except DuewiseError as error:
        code = print_error(error)
    except Exception as error:
        told = explained(error)
        code = print_crash(error) if told is None else print_error(told)
    sys.exit(code)


def _usage_fault(error: typer.TyperException) -> str:
    told = getattr(error, "format_message", lambda: str(error))()
    return (
        f"{told.strip().rstrip('.') or 'Name a command'}. See `duewise --help` or `duewise COMMAND --help`."
    )


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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
    explanation = explain_debtor(settings, debtor, None if as_of is None else day(as_of))
    if form is Form.JSON:
        print_json(explanation.as_dict())
    else:
        print_explanation(explanation)


@app.command()
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
    night = None if as_of is None else day(as_of)
    print_recheck(run_recheck(settings, night, at=instant(at), dry_run=dry_run))


@app.command()
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


@app.command()
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


@app.command()
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
    found = run_monitor(settings, None if as_of is None else day(as_of), dry_run=dry_run)
    print_monitoring(found)
    leave(bool(found.alarms), strict)


@app.command()
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


@app.command()
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


@users_app.command("add")
def add_user(
    file: UsersFile,
    name: UserName,
    role: Annotated[
        str, typer.Option(metavar="agent|manager|auditor", help="What the user may see and say.")
    ] = "agent",
    region: Annotated[
        list[str] | None, typer.Option(metavar="REGION", help="Only debtors of this region; may be repeated.")
    ] = None,
    queue: Annotated[
        list[str] | None, typer.Option(metavar="QUEUE", help="Only debtors of this queue; may be repeated.")
    ] = None,
    token: Annotated[
        bool, typer.Option("--token", help="Print a token for a machine instead of asking for a password.")
    ] = False,
) -> None:
    """Add a user or replace one; the password is asked for, or read from standard input."""
    from duewise.web.users import keep_user, new_token

    if token:
        secret = new_token()
        keep_user(file, name, role, region or (), queue or (), token=secret)
        typer.echo(secret)
        return
    asked = sys.stdin.isatty()
    password = (
        typer.prompt("Password", hide_input=True, confirmation_prompt=True) if asked else sys.stdin.readline()
    )
    keep_user(file, name, role, region or (), queue or (), password=password.rstrip("\n"))
    typer.echo(f"{file}: {name} may sign in")


@users_app.command("list")
def list_users(file: UsersFile) -> None:
    """Show who may sign in, as what, and for which debtors."""
    from duewise.web.users import read_users

    for user in read_users(file).values():
        scope = ", ".join([*user.regions, *user.queues]) or "all debtors"
        typer.echo(f"{user.name}\t{user.role}\t{scope}\t{'token' if user.token else 'password'}")


@users_app.command("remove")
def remove_user(file: UsersFile, name: UserName) -> None:
    """Remove a user, who is out at once."""
    from duewise.web.users import drop_user

    drop_user(file, name)
    typer.echo(f"{file}: {name} is gone")


@app.command()
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


if __name__ == "__main__":
    main()
