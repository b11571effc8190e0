"""The page of commands says what the command line says."""

from pathlib import Path

from duewise.commands_page import commands_text

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == commands_text(), "run `python -m duewise.commands_page`"


def test_every_option_is_explained() -> None:
    assert ": None" not in commands_text()
