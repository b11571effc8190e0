"""Write a simulated portfolio as the contract's tables, and what is true of it in a folder of its own."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import structlog

from duewise.contracts.vocabulary import Table
from duewise.errors import ConfigError
from duewise.simulate.calendar import DAYS_PER_MONTH, day_number
from duewise.simulate.day import play_day
from duewise.simulate.event_rows import event_rows
from duewise.simulate.journal import Journal
from duewise.simulate.master_rows import account_rows, debtor_rows
from duewise.simulate.saved import (
    Recipe,
    draw_portfolio,
    portfolio_table,
    split_posted,
    unposted_name,
    write_recipe,
)
from duewise.simulate.world import World, preset
from duewise.simulate.writer import TableWriters

log = structlog.get_logger(__name__)

DEFAULT_SEED = 20_261_101
DEFAULT_END = date(2026, 11, 2)
BLOCK = 20_000
"""Debtors simulated at once: bounds memory, and orders the rows of the files, so it is no setting."""
MOST_DEBTORS = 10_000_000
"""Identifiers have seven digits."""


@dataclass(frozen=True)
class SampleSummary:
    """What was written: folders, rows per table, and the date to decide for."""

    path: Path
    truth_path: Path
    as_of: date
    world: str
    rows: dict[str, int]


def write_sample(
    path: Path,
    debtors: int = 5000,
    months: int = 18,
    seed: int = DEFAULT_SEED,
    world: str = "default",
    end: date = DEFAULT_END,
) -> SampleSummary:
    """Simulate a portfolio in a preset world and write it to `path`, its truth to ``<path>-truth``."""
    return simulate_portfolio(preset(world), debtors, months, seed, end, path)


def simulate_portfolio(
    world: World,
    n_debtors: int,
    months: int,
    seed: int,
    end_date: date,
    path: Path,
    truth_path: Path | None = None,
) -> SampleSummary:
    """Simulate `months` of history up to `end_date` and write contract tables and truth.

    The same arguments give the same bytes; a debtor's history does not depend on how many others there are.
    The tables hold what the books know at `end_date`, 00:00 UTC: facts recorded later go to the truth folder.
    """
    if not 1 <= n_debtors <= MOST_DEBTORS or months < 1:
        raise ConfigError(
            f"A sample needs 1 to {MOST_DEBTORS:,} debtors and at least one month; "
            f"got {n_debtors:,} debtors and {months} months."
        )
    truth_path = truth_path or path.with_name(path.name + "-truth")
    last_day = day_number(end_date)
    first_day = last_day - round(months * DAYS_PER_MONTH)
    recipe = Recipe(world, n_debtors, seed, first_day, last_day)
    with TableWriters(path) as tables, TableWriters(truth_path) as truth:
        for start in range(0, n_debtors, BLOCK):
            _write_block(recipe, start, tables, truth)
            log.info("block_simulated", debtors=min(start + BLOCK, n_debtors), of=n_debtors)
    write_recipe(recipe, truth_path)
    return SampleSummary(path, truth_path, end_date, world.name, tables.counts)


def _write_block(recipe: Recipe, start: int, tables: TableWriters, truth: TableWriters) -> None:
    index = np.arange(start, min(start + BLOCK, recipe.n_debtors), dtype=np.int64)
    portfolio = draw_portfolio(recipe, index)
    journal = Journal()
    for day in range(recipe.first_day, recipe.last_day):
        play_day(portfolio, day, journal)
    tables.write(Table.DEBTORS, debtor_rows(portfolio))
    tables.write(Table.ACCOUNTS, account_rows(portfolio, recipe.last_day))
    for table, rows in event_rows(portfolio, journal).items():
        posted, unposted = split_posted(rows, recipe.last_day)
        tables.write(table, posted)
        truth.write(unposted_name(table), unposted)
    truth.write("portfolio", portfolio_table(portfolio))
