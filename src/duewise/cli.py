"""The command line: parse, call one plain function, turn errors into exit codes.

Every heavy library is imported inside the command that needs it, so that ``--help`` answers at once.
"""

import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from duewise.errors import FINISHED_WITH_WARNINGS, ConfigError, DataError, DuewiseError

if TYPE_CHECKING:
    from duewise.config import Portfolio

DEMO_NIGHT = "2026-06-01"
"""Night of the demo: a fixed date, so that everybody's demo shows the same worklist."""


class Form(StrEnum):
    """How an answer is written to stdout."""

    TEXT = "text"
    JSON = "json"


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
rules_app = typer.Typer(
    help="Show the rules in force, and run the packs' own worked cases.", no_args_is_help=True
)
app.add_typer(rules_app, name="rules")
users_app = typer.Typer(help="Keep the file of those who may sign in to the page.", no_args_is_help=True)
app.add_typer(users_app, name="users")

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
UsersFile = Annotated[Path, typer.Argument(metavar="USERS.yaml", help="The file that serve.users names.")]
UserName = Annotated[str, typer.Argument(metavar="NAME", help="Name to sign in with.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="key.path=value", help="Override one value of the file; may be repeated."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Do everything except writing.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 5 when there were warnings.")]


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
        code = print_crash(error)
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

    settings = _load(portfolio, set_, data=data)
    summary = make_sample(
        settings, _day(as_of), debtors=debtors, months=months, seed=seed, world=world, dry_run=dry_run
    )
    print_sample(summary)


@app.command()
def check(
    portfolio: PortfolioFile, as_of: AsOf = None, data: Data = None, set_: Set = None, strict: Strict = False
) -> None:
    """Validate the tables and print what would be accepted, put aside, or doubted; writes nothing."""
    from duewise.console import print_acceptance
    from duewise.pipelines.check import check as run_check

    report = run_check(_load(portfolio, set_, data=data), _day(as_of))
    print_acceptance(report)
    if report.refusals:
        raise DataError("\n".join(report.refusals))
    _leave(bool(report.warnings), strict)


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

    result = run_train(_load(portfolio, set_, data=data), _day(as_of), dry_run=dry_run)
    print_training(result)
    _leave(bool(result.warnings), strict)


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

    night = run_nightly(_load(portfolio, set_, data=data, out=out), _day(as_of), force=force, dry_run=dry_run)
    print_night(night)
    _leave(bool(night.warnings), strict)


@app.command()
def promote(
    portfolio: PortfolioFile,
    set_: Set = None,
    version: Annotated[int | None, typer.Option(help="Version to promote; default: the challenger.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Make the challenger (or a named version) the champion that the night uses."""
    from duewise.models.registry import promote as run_promote

    settings = _load(portfolio, set_)
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
    """Tell one debtor's strategy and why: money, reasons, effects, what is denied by which rule, plan, offer.

    Reads nothing but what the night published.
    """
    from duewise.console import print_explanation, print_json
    from duewise.publish.debtor_story import explain_debtor

    settings = _load(portfolio, set_, data=data, out=out)
    explanation = explain_debtor(settings, debtor, None if as_of is None else _day(as_of))
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

    settings = _load(portfolio, set_, data=data, out=out)
    night = None if as_of is None else _day(as_of)
    print_recheck(run_recheck(settings, night, at=_instant(at), dry_run=dry_run))


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
            help="Print what 0.25 to 2 times this limit would be worth.",
        ),
    ] = None,
) -> None:
    """Compare the night with the same night under other staff, budget, prices or rules; publishes nothing.

    `--set` names the change, e.g. `--set resources.agent_minutes.limit=3000`.
    """
    from duewise.console import print_whatif
    from duewise.pipelines.whatif import whatif as run_whatif

    base = _load(portfolio, None, data=data, out=out)
    changed = _load(portfolio, set_, data=data, out=out)
    print_whatif(run_whatif(base, changed, _day(as_of), frontier_of=frontier))


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

    settings = _load(portfolio, set_, data=data, out=out)
    found = run_evaluate(settings, _day(as_of))
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

    settings = _load(portfolio, set_, data=data, out=out)
    found = run_monitor(settings, None if as_of is None else _day(as_of), dry_run=dry_run)
    print_monitoring(found)
    _leave(bool(found.alarms), strict)


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
    run_serve(_load(portfolio, [*(set_ or ()), *overrides], out=out))


@rules_app.command("list")
def show_rules(
    portfolio: PortfolioFile,
    as_of: AsOf = None,
    data: Data = None,
    set_: Set = None,
) -> None:
    """Show the rules that the portfolio obeys: what each says, where it comes from, how well verified."""
    from duewise.console import print_rules
    from duewise.pipelines.rules import rules_in_force

    day = _day(as_of)
    print_rules(rules_in_force(_load(portfolio, set_, data=data), day), day)


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
    from duewise.console import print_cases
    from duewise.pipelines.rules import run_cases

    reports = run_cases(packs or ())
    print_cases(reports)
    if any(report.failures for report in reports):
        raise typer.Exit(DuewiseError.exit_code)


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

    settings = _load(portfolio, set_, data=data, out=out)
    night = _day(as_of)
    console.print_sample(make_sample(settings, night, debtors=debtors))
    console.print_training(run_train(settings, night))
    finished = run_nightly(settings, night)
    console.print_night(finished)
    console.print_where_to_look(finished, portfolio)


def _load(path: Path, overrides: list[str] | None, **folders: Path | None) -> "Portfolio":
    from duewise.config import load_portfolio

    return load_portfolio(path, overrides or (), **folders)


def _day(text: str | None) -> date:
    """Return the date in `text`; today where there is none."""
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a date; write it as YYYY-MM-DD.", param_hint="--as-of"
        ) from error


def _instant(text: str | None) -> datetime | None:
    """Return the instant in `text`, in UTC where it names no zone."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not an instant; write it as 2026-06-01T09:30Z.", param_hint="--at"
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _leave(warned: bool, strict: bool) -> None:
    if warned and strict:
        raise typer.Exit(FINISHED_WITH_WARNINGS)


if __name__ == "__main__":
    main()
