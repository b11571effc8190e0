"""Make a sample portfolio where the portfolio file looks for its tables."""

from datetime import date
from pathlib import Path

from duewise.config import Portfolio
from duewise.errors import ConfigError
from duewise.simulate.sample import SampleSummary, write_sample

__all__ = ["SampleSummary", "make_sample"]


def make_sample(
    portfolio: Portfolio,
    as_of: date,
    *,
    debtors: int = 5_000,
    months: int = 18,
    seed: int = 1,
    world: str = "default",
    dry_run: bool = False,
) -> SampleSummary:
    """Simulate a portfolio whose history ends at `as_of` and write it to ``sources.path``.

    Raises
    ------
    ConfigError
        When the portfolio does not read a folder.
    """
    path = portfolio.sources.path
    if path is None:
        raise ConfigError("A sample is written to a folder: name one under sources.path or with --data.")
    if dry_run:
        return SampleSummary(path=path, truth_path=_truth_of(path), as_of=as_of, world=world, rows={})
    return write_sample(path, debtors=debtors, months=months, seed=seed, world=world, end=as_of)


def _truth_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-truth")
