"""Runs the command line inside this process: what a caller sees, without paying for the imports each time."""

import contextlib
import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from duewise.cli import main


@dataclass(frozen=True)
class Finished:
    """Exit code and output of a command."""

    code: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines of stderr; each must be JSON, for that is what a machine is promised."""
        return [json.loads(line) for line in self.stderr.splitlines()]

    @property
    def message(self) -> str:
        """Why the command stopped."""
        return "\n".join(event["message"] for event in self.events if event["event"] == "failed")


def duewise(*arguments: str | Path) -> Finished:
    out, err = io.StringIO(), io.StringIO()
    with (
        _process_state(["duewise", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        else:
            code = 0
    return Finished(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _process_state(argv: list[str]) -> Iterator[None]:
    """Set back what a process does once: its arguments, and where logs and warnings go."""
    root, shown, before = logging.getLogger(), warnings.showwarning, sys.argv
    handlers, level = root.handlers[:], root.level
    sys.argv = argv
    try:
        # basicConfig closes what it replaces, and pytest's own handlers must live on.
        root.handlers = []
        yield
    finally:
        sys.argv = before
        logging.captureWarnings(False)
        warnings.showwarning = shown
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()
