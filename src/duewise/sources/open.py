"""From a portfolio file to accepted tables, ready for features."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from duewise.config import Portfolio
from duewise.contracts.columns import ENGINE_TYPES
from duewise.contracts.tables import TABLES
from duewise.sources.examine import Examination, examine_sources, refuse
from duewise.sources.feedback import add_feedback
from duewise.sources.mapping import contract_columns
from duewise.sources.readers import reading
from duewise.sources.report import AcceptanceReport
from duewise.sources.sql import ident
from duewise.sources.tables import Tables


@dataclass
class Opened:
    """Accepted tables, ready for features, with the report of how they were accepted."""

    tables: Tables
    examination: Examination

    @property
    def report(self) -> AcceptanceReport:
        """What was read, accepted and kept out."""
        return self.examination.report

    def write_quarantine(self, folder: Path) -> dict[str, Path]:
        """Write the rows that were kept out; see :func:`duewise.sources.quarantine.write_quarantine`."""
        return self.examination.write_quarantine(folder)

    def close(self) -> None:
        """Disconnect, and remove the working files."""
        self.examination.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_tables(
    portfolio: Portfolio,
    as_of: date,
    *,
    now: datetime | None = None,
    feedback_before: datetime | None = None,
    workspace: Path | None = None,
    threads: int = 2,
    quarantine: Path | None = None,
) -> Opened:
    """Return the accepted tables of a portfolio; use it as a context manager.

    Parameters
    ----------
    as_of : date
        The night: events of that day and before are accepted, later ones put aside.
    now : datetime, optional
        The clock, for telling impossible events; default the present.
    feedback_before : datetime, optional
        Instant before which feedback counts; default the beginning of the as-of day, which is when the
        night is decided.
    workspace : Path, optional
        Folder for the engine's database and spill files, so that tables larger than memory fit; None
        keeps everything in memory.
    quarantine : Path, optional
        Folder to which the bad rows of a refused run are written before it is refused.

    Raises
    ------
    DataError
        When a table or a required column is missing, a file cannot be read, a table is empty, or too
        large a share of it is bad.
    ConfigError
        When the mapping does not fit the contract, or `as_of` lies outside the data.
    """
    examination = examine_sources(
        portfolio,
        as_of,
        now=now,
        feedback_before=feedback_before,
        workspace=workspace,
        threads=threads,
    )
    try:
        refuse(examination, quarantine)
        return Opened(_load(portfolio, examination), examination)
    except BaseException:
        examination.close()
        raise


def _load(portfolio: Portfolio, examination: Examination) -> Tables:
    con = examination.con
    absent = set()
    for table in TABLES:
        examined = examination.tables.get(table)
        if examined is None:
            columns = ", ".join(
                f"{ident(name)} {ENGINE_TYPES[column.kind]}"
                for name, column in contract_columns(table).items()
            )
            con.con.execute(f"CREATE TABLE main.{table} ({columns})")
        else:
            with reading(examined.staged.files[0].path):
                con.con.execute(f"CREATE TABLE main.{table} AS FROM {examined.accepted}")
        absent |= {(table, name) for name in examination.report.tables[table].absent_columns}
    add_feedback(con.con, examination.feedback)
    return Tables(
        con=con,
        **{str(table): con.table(str(table), database="main") for table in TABLES},
        absent=frozenset(absent),
        extra_debtors=tuple(portfolio.features.extra.debtors),
        extra_accounts=tuple(portfolio.features.extra.accounts),
        timezone=portfolio.portfolio.timezone,
    )
