"""Judge the sources of a portfolio for one night: locate, stage, plan, examine, report."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import ibis
import structlog

from duewise.config import Portfolio, TableMapping
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.errors import ConfigError, DataError
from duewise.sources.acceptance import Examined, examine_table
from duewise.sources.databases.fetch import fetch_tables
from duewise.sources.faults import Moments
from duewise.sources.feedback import JudgedFeedback, judge_feedback
from duewise.sources.files import Located, locate_tables
from duewise.sources.mapping import expected_names, mapping_faults, match_columns
from duewise.sources.memory import engine_memory
from duewise.sources.notation import decimal_comma_columns, numeric_extra_columns
from duewise.sources.plan import TablePlan, plan_table
from duewise.sources.quarantine import write_quarantine
from duewise.sources.readers import READERS, Staged, reading
from duewise.sources.report import AcceptanceReport, TableReport
from duewise.sources.sql import literal
from duewise.sources.verdict import report_on

log = structlog.get_logger(__name__)

_DATABASE = "accepted.duckdb"


@dataclass
class Examination:
    """Judged tables inside an engine of their own; close it to free the engine and its files."""

    con: ibis.BaseBackend
    tables: dict[Table, Examined]
    feedback: JudgedFeedback
    report: AcceptanceReport
    scratch: Path

    def write_quarantine(self, folder: Path) -> dict[str, Path]:
        """Write the rows that were kept out; see :func:`duewise.sources.quarantine.write_quarantine`."""
        return write_quarantine(self.con.con, [*self.tables.values(), *self.feedback.tables], folder)

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


def examine_sources(
    portfolio: Portfolio,
    as_of: date,
    *,
    now: datetime | None = None,
    feedback_before: datetime | None = None,
    workspace: Path | None = None,
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
    scratch, con = _engine(workspace, engine_memory(portfolio.machine.memory), threads)
    try:
        if portfolio.sources.url is None:
            located = locate_tables(portfolio)
        else:
            located = fetch_tables(portfolio, as_of, scratch / "fetched")
        _check_formats(con.con, portfolio)
        staged = _stage(con.con, portfolio, located, scratch)
        plans = _plan(con.con, portfolio, staged, located)
        tables = {}
        for table, plan in plans.items():
            with reading(located[table].place):
                tables[table] = examine_table(con.con, staged[table], plan, moments)
            _log(plan.name, tables[table].report)
        report = report_on(con.con, portfolio, tables, as_of)
        before = _naive_utc(feedback_before or datetime.combine(as_of, time()))
        feedback = judge_feedback(con.con, portfolio, before, moments)
        for examined in feedback.tables:
            _log(examined.plan.name, examined.report)
        return Examination(con, tables, feedback, replace(report, feedback=feedback.report), scratch)
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
        shutil.rmtree(quarantine, ignore_errors=True)  # of an earlier refusal, perhaps for other tables
        quarantine.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        examination.write_quarantine(quarantine)
        where = f"\n  The rows are in {quarantine}"
    raise DataError("\n".join(refusals) + where)


def _naive_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _engine(workspace: Path | None, memory: int | None, threads: int) -> tuple[Path, ibis.BaseBackend]:
    if workspace is not None:
        workspace.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="duewise-", dir=workspace))
    con = ibis.duckdb.connect(
        ":memory:" if workspace is None else str(scratch / _DATABASE),
        threads=threads,
        temp_directory=str(scratch / "spill"),
        **({"memory_limit": f"{memory}B"} if memory else {}),
    )
    con.con.execute("SET TimeZone = 'UTC'")
    if con.con.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (True,):
        # Off already in a notebook, where the engine refuses to have it touched.
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
        with reading(found.place):
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
        with reading(located[table].place):
            plans[table] = plan_table(
                portfolio,
                staged[table],
                matched,
                decimal_comma=decimal_comma_columns(con, portfolio, staged[table], matched),
                numeric_extra=numeric_extra_columns(con, portfolio, staged[table], matched),
            )
    return plans


def _log(name: str, report: TableReport) -> None:
    log.info(
        "table_examined",
        table=name,
        rows=report.read,
        accepted=report.accepted,
        bad=report.bad,
        after_as_of=report.after_as_of,
    )
