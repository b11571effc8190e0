"""What the judged tables mean for a run: refusals, warnings and notes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

import duckdb

from duewise.config import Portfolio
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.errors import ConfigError
from duewise.sources import feeds, notices
from duewise.sources.acceptance import Examined
from duewise.sources.mapping import contract_columns
from duewise.sources.report import AcceptanceReport, SourceWarning, TableReport

NEVER_EMPTY = (Table.DEBTORS, Table.ACCOUNTS, Table.PAYMENTS)
"""Tables without whose rows nothing can be decided."""

_LONGEST_GAP = timedelta(days=366)
"""A date this long after the newest event of all feeds is a slip of the pen."""


def report_on(
    con: duckdb.DuckDBPyConnection, portfolio: Portfolio, tables: Mapping[Table, Examined], as_of: date
) -> AcceptanceReport:
    """Return the report on all tables for one night.

    Raises
    ------
    ConfigError
        When `as_of` lies outside the data.
    """
    reports = {table: tables[table].report if table in tables else _absent_report(table) for table in TABLES}
    limit = portfolio.sources.max_bad_share
    refusals = []
    for table, report in reports.items():
        if table in NEVER_EMPTY and report.read == 0:
            refusals.append(notices.empty_table(report))
        elif report.bad_share > limit:
            refusals.append(notices.too_many_bad(report, limit))
    newest = {table: feeds.newest_event(con, tables[table].accepted) for table in feeds.FEEDS}
    if not refusals:
        _check_as_of(con, tables, newest, as_of)
    warnings = notices.table_warnings(reports, as_of, limit, portfolio.portfolio.language)
    warnings += _feed_warnings(con, portfolio, tables, newest, as_of)
    notes = notices.run_notes(reports)
    if not refusals and (idle := _debtors_without_account(con, tables)):
        notes.append(notices.without_account(idle, reports[Table.DEBTORS].read))
    return AcceptanceReport(as_of, reports, tuple(warnings), tuple(refusals), tuple(notes))


def _absent_report(table: Table) -> TableReport:
    return replace(TableReport(table), absent_columns=tuple(contract_columns(table)), present=False)


def _debtors_without_account(con: duckdb.DuckDBPyConnection, tables: Mapping[Table, Examined]) -> int:
    found = con.execute(
        f"SELECT count(*) FROM {tables[Table.DEBTORS].accepted} "
        f"ANTI JOIN {tables[Table.ACCOUNTS].accepted} USING (debtor_id)"
    ).fetchone()
    return int(found[0]) if found else 0


def _check_as_of(
    con: duckdb.DuckDBPyConnection,
    tables: Mapping[Table, Examined],
    newest: Mapping[Table, datetime | None],
    as_of: date,
) -> None:
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
    last_day = max((event.date() for event in newest.values() if event is not None), default=as_of)
    if as_of - last_day > _LONGEST_GAP:
        raise ConfigError(
            f"--as-of {as_of}: the newest payment or contact is from {last_day}, more than a year before. "
            "Give a date within the data, or load newer data."
        )


def _feed_warnings(
    con: duckdb.DuckDBPyConnection,
    portfolio: Portfolio,
    tables: Mapping[Table, Examined],
    newest: Mapping[Table, datetime | None],
    as_of: date,
) -> list[SourceWarning]:
    language, zone = portfolio.portfolio.language, portfolio.portfolio.timezone
    warnings = []
    for table in feeds.FEEDS:
        relation, last = tables[table].accepted, newest[table]
        if last is None:
            continue
        days = feeds.stale_days(last, as_of)
        if days > portfolio.sources.max_staleness_days:
            warnings.append(notices.stale_feed(table, last.date(), days, as_of, language))
            continue
        volume = feeds.daily_volume(con, relation, as_of, zone)
        if volume and (found := feeds.collapse(volume, as_of, min(volume))):
            warnings.append(notices.collapsed_feed(table, found, language))
    return warnings
