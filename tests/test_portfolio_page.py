"""The page on the portfolio file says what the file may hold, all of it."""

import re
from pathlib import Path

import yaml

from duewise.config import parse_portfolio
from duewise.portfolio_page import keys_without_meaning, portfolio_text

PAGE = Path(__file__).parents[1] / "docs" / "portfolio-file.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == portfolio_text(), "run `python -m duewise.portfolio_page`"


def test_every_key_is_explained() -> None:
    assert keys_without_meaning() == []


def test_the_example_of_the_page_is_a_portfolio_file() -> None:
    example = re.search(r"```yaml\n(.*?)```", portfolio_text(), re.DOTALL)
    assert example is not None
    assert parse_portfolio(yaml.safe_load(example[1]), origin="page").rules == ["cn"]
