"""The commands of `duewise users`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

users_app = typer.Typer(help="Keep the file of those who may sign in to the page.", no_args_is_help=True)

UsersFile = Annotated[Path, typer.Argument(metavar="USERS.yaml", help="The file that serve.users names.")]
UserName = Annotated[str, typer.Argument(metavar="NAME", help="Name to sign in with.")]


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
