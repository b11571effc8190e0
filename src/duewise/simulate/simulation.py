"""A simulated portfolio that lives on: give it tonight's decisions, get the rows that reach the books."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from duewise.contracts.vocabulary import CHANNELS, NONE, Table
from duewise.errors import DataError
from duewise.simulate.calendar import EPOCH, day_date
from duewise.simulate.cells import debtor_ids
from duewise.simulate.contacts import contact_hours
from duewise.simulate.day import Decisions, play_day
from duewise.simulate.event_rows import event_rows
from duewise.simulate.journal import Journal
from duewise.simulate.master_rows import account_rows
from duewise.simulate.saved import read_portfolio, read_recipe, split_posted, unposted_name
from duewise.simulate.state import Portfolio

_EVENT_TABLES = (Table.PAYMENTS, Table.CONTACTS, Table.FLAGS)


@dataclass(frozen=True)
class Night:
    """What the books learn in one day: new rows of the event tables, and the accounts as they now stand."""

    as_of: date
    """The morning on which all of this is known."""
    payments: pd.DataFrame
    contacts: pd.DataFrame
    flags: pd.DataFrame
    accounts: pd.DataFrame
    """All accounts placed so far, with new ones and closures."""

    def append_to(self, path: Path) -> None:
        """Add the new rows to the parquet tables in `path` and replace the accounts."""
        for table in _EVENT_TABLES:
            file = path / f"{table}.parquet"
            before = pq.read_table(file)
            new = pa.Table.from_pandas(getattr(self, table), schema=before.schema, preserve_index=False)
            pq.write_table(pa.concat_tables([before, new]), file, compression="zstd")
        file = path / f"{Table.ACCOUNTS}.parquet"
        schema = pq.read_schema(file)
        accounts = pa.Table.from_pandas(self.accounts, schema=schema, preserve_index=False)
        pq.write_table(accounts, file, compression="zstd")


class Simulation:
    """A portfolio played on, day by day, from the state saved with a sample.

    Examples
    --------
    >>> simulation = Simulation.load(Path("data/sample-truth"))  # doctest: +SKIP
    >>> night = simulation.step(strategies[["debtor_id", "action"]])  # doctest: +SKIP
    >>> night.append_to(Path("data/sample"))  # doctest: +SKIP
    """

    def __init__(self, portfolio: Portfolio, day: int, unposted: dict[Table, pa.Table]) -> None:
        self.portfolio = portfolio
        self._day = day
        self._unposted = unposted
        ids = debtor_ids(portfolio, np.arange(len(portfolio))).to_pylist()
        self._row_of = pd.Series(np.arange(len(ids)), index=ids)

    @classmethod
    def load(cls, truth_path: Path) -> "Simulation":
        """Take up the sample whose truth lies in `truth_path` where it stopped."""
        unposted = {
            table: pq.read_table(truth_path / f"{unposted_name(table)}.parquet") for table in _EVENT_TABLES
        }
        return cls(read_portfolio(truth_path), read_recipe(truth_path).last_day, unposted)

    @property
    def as_of(self) -> date:
        """The date for which the next decisions are made."""
        return day_date(self._day)

    def step(self, decisions: pd.DataFrame | None = None) -> Night:
        """Play one day and move to the next.

        Parameters
        ----------
        decisions : DataFrame, optional
            Columns `debtor_id` and `action` (a channel or ``none``), one row per debtor; optional `at` (UTC)
            says when to make the contact, else working hours are drawn. Debtors not listed are left alone.
            Without a table the usual policy decides.
        """
        journal = Journal()
        given = None if decisions is None else self._rows_of_decisions(decisions)
        play_day(self.portfolio, self._day, journal, given)
        self._day += 1
        events = event_rows(self.portfolio, journal)
        if given is not None:
            at = events[Table.CONTACTS].column_names.index("policy")
            n = events[Table.CONTACTS].num_rows
            events[Table.CONTACTS] = events[Table.CONTACTS].set_column(at, "policy", pa.nulls(n, pa.string()))
        posted = {}
        for table in _EVENT_TABLES:
            rows = pa.concat_tables([self._unposted[table], events[table]])
            posted[table], self._unposted[table] = split_posted(rows, self._day)
        return Night(
            self.as_of,
            payments=posted[Table.PAYMENTS].to_pandas(),
            contacts=posted[Table.CONTACTS].to_pandas(),
            flags=posted[Table.FLAGS].to_pandas(),
            accounts=account_rows(self.portfolio, self._day).to_pandas(),
        )

    def _rows_of_decisions(self, decisions: pd.DataFrame) -> Decisions:
        acting = decisions[decisions["action"].astype(str) != NONE]
        rows, channel = rows_and_channels(acting, self._row_of)
        if "at" in acting:
            when = pd.to_datetime(acting["at"], utc=True).dt.tz_localize(None)
            at_us = ((when - pd.Timestamp(EPOCH)) // pd.Timedelta(microseconds=1)).to_numpy(np.int64)
        else:
            at_us = contact_hours(self.portfolio, self._day, rows, channel)
        return Decisions(rows, channel, at_us)


def rows_and_channels(acting: pd.DataFrame, row_of: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the portfolio row and channel number of decisions; refuse unknown or repeated debtors."""
    unknown = acting.loc[~acting["debtor_id"].isin(row_of.index), "debtor_id"]
    repeated = acting.loc[acting["debtor_id"].duplicated(), "debtor_id"]
    channel = pd.Categorical(acting["action"].astype(str), categories=[str(c) for c in CHANNELS]).codes
    unnamed = acting.loc[channel < 0, "action"]
    for faults, what in (
        (unknown, "unknown debtors"),
        (repeated, "repeated debtors"),
        (unnamed, "unknown actions"),
    ):
        if len(faults):
            raise DataError(f"decisions: {len(faults):,} {what}, first {', '.join(map(str, faults[:3]))}.")
    return row_of[acting["debtor_id"]].to_numpy(np.int64), channel.astype(np.int64)
