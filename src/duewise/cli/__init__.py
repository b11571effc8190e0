"""The command line: parse, call one plain function, turn errors into exit codes.

Every heavy library is imported inside the command that needs it, so that ``--help`` answers at once.
"""

from duewise.cli.program import app, main

__all__ = ["app", "main"]
