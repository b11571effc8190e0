"""The program: all commands in the order of `--help`, and the exit code of whatever goes wrong."""

import sys
from collections.abc import Callable

import typer

from duewise.cli.demo import demo
from duewise.cli.feedback import feedback_app
from duewise.cli.models import evaluate, monitor, promote, train
from duewise.cli.night import nightly, recheck, whatif
from duewise.cli.published import explain, retention, serve
from duewise.cli.rules import rules_app
from duewise.cli.tables import check, sample
from duewise.cli.users import users_app
from duewise.errors import ConfigError, DuewiseError
from duewise.hardships import explained

_COMMANDS: tuple[Callable[..., None], ...] = (
    sample,
    check,
    train,
    nightly,
    promote,
    explain,
    recheck,
    whatif,
    evaluate,
    monitor,
    serve,
    retention,
    demo,
)
"""In the order in which they are met in use, which is the order of the help."""

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
for command in _COMMANDS:
    app.command()(command)
app.add_typer(rules_app, name="rules")
app.add_typer(feedback_app, name="feedback")
app.add_typer(users_app, name="users")


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
