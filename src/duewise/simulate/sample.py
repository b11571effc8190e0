"""Write a simulated portfolio as the contract's tables, and what is true of it in a folder of its own."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog

from duewise.contracts.vocabulary import Table
from duewise.errors import ConfigError
from duewise.simulate.calendar import DAYS_PER_MONTH, MICROSECONDS_PER_DAY, day_number
from duewise.simulate.day import play_day
from duewise.simulate.debts import MAX_ACCOUNTS, draw_debts
from duewise.simulate.journal import Journal
from duewise.simulate.luck import Luck
from duewise.simulate.people import draw_people
from duewise.simulate.rows import account_rows, debtor_rows, event_rows, placement_flag_rows
from duewise.simulate.saved import portfolio_table
from duewise.simulate.state import Portfolio, fresh_state
from duewise.simulate.world import World, preset

log = structlog.get_logger(__name__)

DEFAULT_SEED = 20_261_101
DEFAULT_END = date(2026, 11, 2)
BLOCK = 20_000
"""Debtors simulated at once; bounds memory and orders the rows of the files."""
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
    """
    if not 1 <= n_debtors <= MOST_DEBTORS or months < 1:
        raise ConfigError(
            f"A sample needs 1 to {MOST_DEBTORS:,} debtors and at least one month; got {n_debtors:,} and {months}."
        )
    truth_path = truth_path or path.with_name(path.name + "-truth")
    last_day = day_number(end_date)
    first_day = last_day - round(months * DAYS_PER_MONTH)
    with TableWriters(path) as tables, TableWriters(truth_path) as truth:
        for start in range(0, n_debtors, BLOCK):
            index = np.arange(start, min(start + BLOCK, n_debtors), dtype=np.int64)
            portfolio = draw_portfolio(world, index, seed, first_day, last_day)
            journal = Journal()
            placed = placement_flag_rows(portfolio, 0, last_day)
            for day in range(first_day, last_day):
                play_day(portfolio, day, journal)
            events = event_rows(portfolio, journal)
            if placed is not None:
                events[Table.FLAGS] = pa.concat_tables([placed, *filter(None, [events.get(Table.FLAGS)])])
            write_block(portfolio, events, last_day, tables, truth)
            log.info("block_simulated", debtors=len(index), first=start, of=n_debtors)
        counts = dict(tables.counts)
    about = {"world": asdict(world), "seed": seed, "first_day": first_day, "as_of": end_date.isoformat()}
    about["debtors"] = n_debtors
    (truth_path / "world.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
    return SampleSummary(path, truth_path, end_date, world.name, counts)


def draw_portfolio(world: World, index: np.ndarray, seed: int, first_day: int, last_day: int) -> Portfolio:
    """Return the debtors with the given global indices before anything has happened."""
    luck = Luck(seed, index)
    people = draw_people(luck, index, first_day, last_day, world.hidden_confounding)
    debts = draw_debts(luck, people, world, first_day, last_day)
    return Portfolio(world, first_day, people, debts, fresh_state(len(index), MAX_ACCOUNTS), luck)


def write_block(
    portfolio: Portfolio,
    events: dict[Table, pa.Table],
    last_day: int,
    tables: "TableWriters",
    truth: "TableWriters",
) -> None:
    """Write one block: what the books know at `last_day` to the tables, the rest to the truth."""
    tables.write(Table.DEBTORS, debtor_rows(portfolio))
    tables.write(Table.ACCOUNTS, account_rows(portfolio, last_day))
    now = pa.scalar(last_day * MICROSECONDS_PER_DAY, pa.int64()).cast(pa.timestamp("us"))
    for table, rows in events.items():
        if "recorded_at" not in rows.column_names:
            tables.write(table, rows)
            continue
        known = pc.less(rows["recorded_at"], now)
        tables.write(table, rows.filter(known))
        truth.write(f"unposted_{table}", rows.filter(pc.invert(known)))
    truth.write("portfolio", portfolio_table(portfolio))


class TableWriters:
    """Parquet files of one folder, each written in chunks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.counts: dict[str, int] = {}

    def __enter__(self) -> "TableWriters":
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *exc: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def write(self, name: str, rows: pa.Table) -> None:
        """Add rows to ``<name>.parquet``."""
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(
                self._folder / f"{name}.parquet", rows.schema, compression="zstd"
            )
        self._writers[name].write_table(rows)
        self.counts[str(name)] = self.counts.get(str(name), 0) + rows.num_rows
