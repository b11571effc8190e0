"""Names and values as they stand in a SQL statement; nothing from a file goes into one unquoted."""

from pathlib import Path


def ident(name: str) -> str:
    """Return `name` as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Return `value` as a SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def path_literal(path: Path) -> str:
    """Return `path` as a literal in which wildcards stand for themselves."""
    escaped = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))
    return literal(escaped)
