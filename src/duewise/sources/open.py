"""From a portfolio file to accepted tables: locate, stage, plan, judge, load."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import ibis
import structlog

from duewise.config import Portfolio, TableMapping
from duewise.contracts.columns import ENGINE_TYPES, Kind
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.errors import ConfigError, DataError
from duewise.sources import feeds, notices
from duewise.sources.acceptance import Examined, examine_table
from duewise.sources.faults import Moments
from duewise.sources.files import Located, locate_tables
from duewise.sources.plan import (
    TablePlan,
    contract_columns,
    declared_extra,
    expected_names,
    mapping_faults,
    match_columns,
    plan_table,
)
from duewise.sources.quarantine import write_quarantine
from duewise.sources.readers import READERS, RawColumn, Staged, reading
from duewise.sources.report import AcceptanceReport, SourceWarning, TableReport
from duewise.sources.sql import ident, literal
from duewise.sources.tables import Tables
from duewise.sources.values import decimal_comma_evidence, text_of

log = structlog.get_logger(__name__)

NEVER_EMPTY = (Table.DEBTORS, Table.ACCOUNTS, Table.PAYMENTS)
"""Tables without whose rows nothing can be decided."""

_DATABASE = "accepted.duckdb"
_LONGEST_GAP = timedelta(days=366)
"""A date this long after the newest event of all feeds is a slip of the pen."""


@dataclass
class Examination:
    """Judged tables inside an engine of their own; close it to free the engine and its files."""

    con: ibis.BaseBackend
    tables: dict[Table, Examined]
    report: AcceptanceReport
    scratch: Path
    _own_scratch: bool = field(default=True, repr=False)

    def write_quarantine(self, folder: Path) -> dict[str, Path]:
        """Write the rows that were kept out; see :func:`duewise.sources.quarantine.write_quarantine`."""
        return write_quarantine(self.con.con, list(self.tables.values()), folder)

    def close(self) -> None:
        """Disconnect, and remove the working files."""
        self.con.disconnect()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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
    workspace: Path | None = None,
    memory_limit: str | None = None,
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
    workspace : Path, optional
        Folder for the engine's database and spill files, so that tables larger than memory fit; None
        keeps everything in memory.
    memory_limit : str, optional
        Most memory of the engine, e.g. ``4GB``; default the engine's own.
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
        portfolio, as_of, now=now, workspace=workspace, memory_limit=memory_limit, threads=threads
    )
    try:
        refuse(examination, quarantine)
        return Opened(_load(portfolio, examination), examination)
    except BaseException:
        examination.close()
        raise


def examine_sources(
    portfolio: Portfolio,
    as_of: date,
    *,
    now: datetime | None = None,
    workspace: Path | None = None,
    memory_limit: str | None = None,
    threads: int = 2,
) -> Examination:
    """Judge every row of a portfolio's sources without loading what is accepted.

    Bad rows, however many, are reported and not raised: ``report.refusals`` says what stops a run. What
    cannot be judged at all raises as in :func:`open_tables`.
    """
    moments = Moments.of(as_of, _naive_utc(now or datetime.now(UTC)))
    faults = [fault for table in TABLES for fault in mapping_faults(portfolio, table)]
    if faults:
        raise ConfigError("The mapping does not fit the contract:\n  " + "\n  ".join(faults))
    located = locate_tables(portfolio)
    scratch, con = _engine(workspace, memory_limit, threads)
    try:
        _check_formats(con.con, portfolio)
        staged = _stage(con.con, portfolio, located, scratch)
        plans = _plan(con.con, portfolio, staged, located)
        tables = {}
        for table, plan in plans.items():
            with reading(located[table]):
                tables[table] = examine_table(con.con, staged[table], plan, moments)
            _log(tables[table].report)
        report = _report(con.con, portfolio, tables, as_of)
        return Examination(con, tables, report, scratch)
    except BaseException:
        con.disconnect()
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def refuse(examination: Examination, quarantine: Path | None = None) -> None:
    """Raise ``DataError`` when the report holds refusals; write the bad rows first where asked to."""
    refusals = examination.report.refusals
    if not refusals:
        return
    where = ""
    if quarantine is not None:
        examination.write_quarantine(quarantine)
        where = f"\n  The rows are in {quarantine}"
    raise DataError("\n".join(refusals) + where)


def _naive_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _engine(workspace: Path | None, memory_limit: str | None, threads: int) -> tuple[Path, ibis.BaseBackend]:
    if workspace is not None:
        workspace.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="duewise-", dir=workspace))
    con = ibis.duckdb.connect(
        ":memory:" if workspace is None else str(scratch / _DATABASE),
        threads=threads,
        temp_directory=str(scratch / "spill"),
        **({"memory_limit": memory_limit} if memory_limit else {}),
    )
    con.con.execute("SET TimeZone = 'UTC'")
    con.con.execute("SET enable_progress_bar = false")
    con.con.execute("CREATE SCHEMA staging")
    return scratch, con


def _check_formats(con: duckdb.DuckDBPyConnection, portfolio: Portfolio) -> None:
    faults = []
    for table, mapping in portfolio.mapping.items():
        for name, text in mapping.formats.items():
            try:
                con.execute(f"SELECT try_strptime('', {literal(text)})")
            except duckdb.Error:
                faults.append(f"mapping.{table}.formats.{name}: `{text}` is not a strptime format")
    if faults:
        raise ConfigError("; ".join(faults) + ". Write e.g. %d/%m/%Y %H:%M.")


def _stage(
    con: duckdb.DuckDBPyConnection, portfolio: Portfolio, located: Mapping[Table, Located], scratch: Path
) -> dict[Table, Staged]:
    staged = {}
    for table, found in located.items():
        mapping = portfolio.mapping.get(table, TableMapping())
        with reading(found):
            staged[table] = READERS[found.format](
                con, found, mapping, expected_names(portfolio, table), scratch
            )
    return staged


def _plan(
    con: duckdb.DuckDBPyConnection,
    portfolio: Portfolio,
    staged: Mapping[Table, Staged],
    located: Mapping[Table, Located],
) -> dict[Table, TablePlan]:
    matches = {table: match_columns(portfolio, rows) for table, rows in staged.items()}
    faults = [fault for _, found in matches.values() for fault in found]
    if faults:
        raise DataError(
            f"{len(faults)} {'column does' if len(faults) == 1 else 'columns do'} not fit:\n  "
            + "\n  ".join(faults)
        )
    plans = {}
    for table, (matched, _) in matches.items():
        with reading(located[table]):
            plans[table] = plan_table(
                portfolio,
                staged[table],
                matched,
                decimal_comma=_decimal_comma(con, portfolio, staged[table], matched),
                numeric_extra=_numeric_extra(con, portfolio, staged[table], matched),
            )
    return plans


def _decimal_comma(
    con: duckdb.DuckDBPyConnection, portfolio: Portfolio, staged: Staged, matched: Mapping[str, RawColumn]
) -> frozenset[str]:
    """Return the columns in which some number surely has a decimal comma and none surely a point."""
    known = contract_columns(staged.table)
    names = [
        name
        for name, raw in matched.items()
        if raw.is_text and name in known and known[name].kind in (Kind.MONEY, Kind.NUMBER)
    ]
    if not names:
        return frozenset()
    counts = [
        sql for name in names for sql in decimal_comma_evidence(matched[name], portfolio.portfolio.currency)
    ]
    row = con.execute(f"SELECT {', '.join(counts)} FROM {staged.relation}").fetchone() or ()
    return frozenset(
        name for name, comma, point in zip(names, row[::2], row[1::2], strict=True) if comma and not point
    )


def _numeric_extra(
    con: duckdb.DuckDBPyConnection, portfolio: Portfolio, staged: Staged, matched: Mapping[str, RawColumn]
) -> frozenset[str]:
    """Return the declared extra columns that hold nothing but numbers."""
    numeric = set()
    for name in declared_extra(portfolio, staged.table):
        raw = matched.get(name)
        if raw is None:
            continue
        if raw.is_text:
            text = text_of(raw)
            (words,) = con.execute(
                f"SELECT count_if({text} IS NOT NULL AND try_cast({text} AS DOUBLE) IS NULL) FROM {staged.relation}"
            ).fetchone() or (0,)
            if words:
                continue
        numeric.add(name)
    return frozenset(numeric)


def _report(
    con: duckdb.DuckDBPyConnection, portfolio: Portfolio, tables: Mapping[Table, Examined], as_of: date
) -> AcceptanceReport:
    reports = {table: tables[table].report if table in tables else _absent_report(table) for table in TABLES}
    limit = portfolio.sources.max_bad_share
    refusals = []
    for table, report in reports.items():
        if table in NEVER_EMPTY and report.read == 0:
            refusals.append(notices.empty_table(report))
        elif report.bad_share > limit:
            refusals.append(notices.too_many_bad(report, limit))
    if not refusals:
        _check_as_of(con, tables, as_of)
    warnings = notices.table_warnings(reports, as_of, limit, portfolio.portfolio.language)
    warnings += _feed_warnings(con, portfolio, tables, as_of)
    return AcceptanceReport(
        as_of, reports, tuple(warnings), tuple(refusals), tuple(notices.run_notes(reports))
    )


def _absent_report(table: Table) -> TableReport:
    return replace(TableReport(table), absent_columns=tuple(contract_columns(table)), present=False)


def _check_as_of(con: duckdb.DuckDBPyConnection, tables: Mapping[Table, Examined], as_of: date) -> None:
    """Refuse a date for which nobody was in collections yet, or long after everything happened."""
    accounts = tables[Table.ACCOUNTS].accepted
    first, last = con.execute(f"SELECT min(placed_on), max(placed_on) FROM {accounts}").fetchone() or (
        None,
        None,
    )
    if first is not None and first >= as_of:
        raise ConfigError(
            f"--as-of {as_of}: no account was placed before that day; accounts were placed from {first} "
            f"to {last}. Give a later date."
        )
    newest = [
        event.date()
        for table in feeds.FEEDS
        if (event := feeds.newest_event(con, tables[table].accepted)) is not None
    ]
    if newest and as_of - max(newest) > _LONGEST_GAP:
        raise ConfigError(
            f"--as-of {as_of}: the newest payment or contact is from {max(newest)}, more than a year before. "
            "Give a date within the data, or load newer data."
        )


def _feed_warnings(
    con: duckdb.DuckDBPyConnection, portfolio: Portfolio, tables: Mapping[Table, Examined], as_of: date
) -> list[SourceWarning]:
    language, zone = portfolio.portfolio.language, portfolio.portfolio.timezone
    warnings = []
    for table in feeds.FEEDS:
        relation = tables[table].accepted
        newest = feeds.newest_event(con, relation)
        if newest is None:
            continue
        days = feeds.stale_days(newest, as_of)
        if days > portfolio.sources.max_staleness_days:
            warnings.append(notices.stale_feed(table, newest.date(), days, as_of, language))
            continue
        volume = feeds.daily_volume(con, relation, as_of, zone)
        if volume and (found := feeds.collapse(volume, as_of, min(volume))):
            warnings.append(notices.collapsed_feed(table, found, language))
    return warnings


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
            con.con.execute(f"CREATE TABLE main.{table} AS FROM {examined.accepted}")
        absent |= {(table, name) for name in examination.report.tables[table].absent_columns}
    return Tables(
        con=con,
        **{str(table): con.table(str(table), database="main") for table in TABLES},
        absent=frozenset(absent),
        extra_debtors=tuple(portfolio.features.extra.debtors),
        extra_accounts=tuple(portfolio.features.extra.accounts),
    )


def _log(report: TableReport) -> None:
    log.info(
        "table_examined",
        table=str(report.table),
        rows=report.read,
        accepted=report.accepted,
        bad=report.bad,
        after_as_of=report.after_as_of,
    )
