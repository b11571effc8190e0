"""The commands as Markdown, generated from the command line's own help so that it cannot fall behind.

``python -m duewise.commands_page`` rewrites ``docs/commands.md``.
"""

from pathlib import Path
from typing import Any

import typer.main

from duewise.cli import app

_INTRODUCTION = """\
# Commands

Generated from the help of the command line (`src/duewise/cli`); a test keeps it current. Do not edit: run
`python -m duewise.commands_page`.

{help}

{epilog}
"""


def commands_text() -> str:
    """Return the page: a section per command with what it does, its arguments and its options."""
    root: Any = typer.main.get_command(app)
    sections = [_INTRODUCTION.format(help=root.help, epilog=root.epilog)]
    sections += [_section(name, command) for name, command in _flat(root)]
    return "\n".join(sections)


def _flat(group: Any, above: str = "duewise") -> list[tuple[str, Any]]:
    found = []
    for name, command in group.commands.items():
        path = f"{above} {name}"
        found += _flat(command, path) if hasattr(command, "commands") else [(path, command)]
    return found


def _section(path: str, command: Any) -> str:
    shown = [parameter for parameter in command.params if parameter.name != "help"]
    arguments = [one for one in shown if one.param_type_name == "argument"]
    options = [one for one in shown if one.param_type_name == "option"]
    usage = " ".join([path, *(_usage(one) for one in arguments), "[options]"])
    rows = [f"- `{_usage(one)}`: {one.help}" for one in arguments]
    rows += [f"- `{_flags(one)}`: {one.help}{_default(one)}" for one in options]
    return f"## {path}\n\n{command.help}\n\n```\n{usage}\n```\n\n" + "\n".join(rows) + "\n"


def _usage(argument: Any) -> str:
    text = str(argument.metavar)
    return text if argument.required or text.startswith("[") else f"[{text}]"


def _flags(option: Any) -> str:
    value = "" if option.is_flag else option.metavar or option.name.upper()
    return f"{' / '.join(option.opts)} {value}".strip()


def _default(option: Any) -> str:
    return "" if option.is_flag or option.default is None else f" Default: {option.default}."


def _main() -> None:
    page = Path(__file__).parents[2] / "docs" / "commands.md"
    page.write_text(commands_text(), encoding="utf-8")


if __name__ == "__main__":
    _main()
