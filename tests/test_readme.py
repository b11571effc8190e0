"""What the README and the guides tell to type and to read exists."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main
import yaml

from duewise.cli import app
from duewise.config import parse_portfolio

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted(
    [README, *(ROOT / "docs").rglob("*.md"), ROOT / "data" / "README.md", ROOT / "models" / "README.md"]
)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def blocks(page: Path, language: str) -> str:
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))


def typed(page: Path) -> list[list[str]]:
    """The command lines of the page's code blocks, word by word, without comments."""
    lines = (blocks(page, "bash") + "\n" + blocks(page, "cron")).splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_readme_fits_on_two_screens():
    assert len(README.read_text().splitlines()) < 120


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_that_a_page_tells_to_type_exists(page):
    root = typer.main.get_command(app)
    for words in typed(page):
        if words[0] == "make":
            assert set(words[1:]) <= TARGETS, words
        programs = [i for i, word in enumerate(words) if word in ("duewise", ".venv/bin/duewise")]
        for start in programs:
            command, rest = root, words[start + 1 :]
            while rest and rest[0] in getattr(command, "commands", {}):
                command, rest = command.commands[rest[0]], rest[1:]
            assert command is not root, words
            options = {flag for parameter in command.params for flag in getattr(parameter, "opts", [])}
            assert {word for word in rest if word.startswith("--")} <= options, words


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_portfolio_file_of_the_readme_is_one():
    assert parse_portfolio(yaml.safe_load(blocks(README, "yaml")), origin="README").portfolio.name == "mine"


def test_the_picture_is_small_enough_to_be_looked_at():
    assert 20_000 < (ROOT / "docs" / "images" / "worklist.png").stat().st_size < 300_000
