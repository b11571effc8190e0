from datetime import date
from pathlib import Path

import pytest

from duewise.simulate.sample import SampleSummary, write_sample

END = date(2026, 11, 2)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    """A year of 1,500 debtors in the default world."""
    folder: Path = tmp_path_factory.mktemp("sample")
    return write_sample(folder / "data", debtors=1500, months=12, end=END)
