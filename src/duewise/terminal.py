"""The terminal: standard output, standard error, and text that is shown there and not obeyed."""

import re
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape

from duewise.progress import clear_progress

_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What a terminal does not show but does: control characters, and marks that turn the direction of text."""


class _Stdout(Console):
    """Standard output that waits for the moving line of progress to leave."""

    def print(self, *objects: Any, **options: Any) -> None:
        clear_progress()
        super().print(*objects, **options)


out = _Stdout(soft_wrap=True, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, soft_wrap=True)


def plain(text: str) -> str:
    """Return text of a client so that it is shown and not obeyed, by rich or by the terminal."""
    return escape(_OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text))
