"""What a client's text may do to a terminal: nothing."""

import io

import pytest
from rich.console import Console

from duewise.terminal import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[red]5[/red]", "[red]5[/red]"),
        ("\\[bold]x", "\\[bold]x"),
        ("\x1b]0;owned\x07\x1b[2J", "\\x1b]0;owned\\x07\\x1b[2J"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\x9b31m\r", "\\x9b31m\\r"),
        ("客户 D-1\n李", "客户 D-1\n李"),
    ],
)
def test_a_text_is_shown_and_not_obeyed(text, shown):
    stream = io.StringIO()
    Console(file=stream, force_terminal=True, color_system=None, width=80).print(plain(text), highlight=False)
    assert stream.getvalue() == f"{shown}\n"
