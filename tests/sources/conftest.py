"""A folder that holds the clean tables, and a judge of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from client_tables import AS_OF, NOW, clean_tables, portfolio_of, write_csv
from duewise.sources.examine import examine_sources
from duewise.sources.report import AcceptanceReport


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds the clean tables as CSV."""
    write_csv(tmp_path / "data", clean_tables())
    return tmp_path / "data"


@pytest.fixture
def examined(folder: Path) -> Callable[..., AcceptanceReport]:
    """Judge the folder, with sections of the portfolio file as keywords."""

    def judge(**sections: Any) -> AcceptanceReport:
        with examine_sources(portfolio_of(folder, **sections), AS_OF, now=NOW) as examination:
            return examination.report

    return judge
