"""Conditions under which a row is bad, compiled to SQL from the contract's metadata.

Nothing here names a table's columns twice: a bound, a key or a parent added to the contract becomes a
condition by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from duewise.contracts.columns import Kind
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.sources.plan import ColumnPlan, TablePlan
from duewise.sources.report import Reason
from duewise.sources.sql import ident, literal

_PARENT_REASONS = {Table.DEBTORS: Reason.UNKNOWN_DEBTOR, Table.ACCOUNTS: Reason.UNKNOWN_ACCOUNT}
PARENTS = tuple(_PARENT_REASONS)
"""Tables to whose rows others refer."""

_PERIODS = {Table.FLAGS: ("starts_at", "ends_at")}

CLOCK_TOLERANCE = timedelta(days=1)
"""An event this far ahead of the clock is put down to zones and clocks, not called impossible."""


@dataclass(frozen=True)
class Fault:
    """One reason to refuse a row: SQL that is true for a row to refuse."""

    column: str
    reason: Reason
    condition: str


@dataclass(frozen=True)
class Moments:
    """What bounds the events of a run.

    Attributes
    ----------
    end : datetime
        End of the as-of day (UTC): events from here on are put aside.
    latest : datetime
        Events later than this lie in the future whatever date the run is for.
    """

    end: datetime
    latest: datetime

    @classmethod
    def of(cls, as_of: date, now: datetime) -> "Moments":
        """Return the bounds of a run for `as_of` that starts at `now` (naive UTC)."""
        start = datetime(as_of.year, as_of.month, as_of.day)
        return cls(start + timedelta(days=1), max(now, start) + CLOCK_TOLERANCE)


def row_faults(plan: TablePlan, moments: Moments) -> list[Fault]:
    """Return every condition that one row by itself, and its parents, can violate."""
    faults = []
    for column in plan.columns:
        faults += list(_column_faults(column, moments))
    if plan.table in _PERIODS:
        start, end = _PERIODS[plan.table]
        faults.append(Fault(end, Reason.ENDS_BEFORE_START, f"r.{ident(end)} < r.{ident(start)}"))
    return faults


def parents(plan: TablePlan) -> dict[str, Table]:
    """Return the columns that must name a row of another table, and that table."""
    return {
        c.column.name: Table(c.column.facts["parent"])
        for c in plan.columns
        if c.column.facts.get("parent") and not c.absent
    }


def key_of(table: Table) -> str:
    """Return the identifying column of `table`."""
    return str(TABLES[table].unique[0])


def parent_alias(column: str) -> str:
    """Return the SQL name of the parent rows that `column` refers to."""
    return ident(f"parent {column}")


def present_name(name: str) -> str:
    """Return the SQL name of the flag that says whether something was there to read."""
    return ident(f"present {name}")


def put_aside(plan: TablePlan, moments: Moments) -> str:
    """Return SQL of the condition that a row is an event that the as-of day cannot know."""
    event = plan.event_column
    if event is None:
        return "false"
    at = f"r.{ident(event)}"
    return f"coalesce({at} >= {_timestamp(moments.end)} AND {at} <= {_timestamp(moments.latest)}, false)"


def _column_faults(plan: ColumnPlan, moments: Moments) -> Iterator[Fault]:
    column, facts = plan.column, plan.column.facts
    name, value = column.name, f"r.{ident(column.name)}"
    if plan.absent:
        return
    there = f"r.{present_name(name)}" if plan.reading.present else None
    if there is not None:
        yield Fault(name, Reason.UNREADABLE, f"{value} IS NULL AND {there}")
    if not column.nullable and column.kind is not Kind.CODE:
        reason = Reason.NULL_KEY if column.is_key else Reason.NULL_REQUIRED
        unread = f" AND NOT coalesce({there}, false)" if there is not None else ""
        yield Fault(name, reason, f"{value} IS NULL{unread}")
    yield from _bound_faults(name, value, facts.get("least"), facts.get("above"), facts.get("most"))
    if facts.get("event"):
        yield Fault(name, Reason.EVENT_IN_FUTURE, f"{value} > {_timestamp(moments.latest)}")
    if parent := facts.get("parent"):
        reason = _PARENT_REASONS[Table(parent)]
        found = f"{parent_alias(name)}.{ident(key_of(Table(parent)))}"
        yield Fault(name, reason, f"{value} IS NOT NULL AND {found} IS NULL")


def _bound_faults(
    name: str, value: str, least: float | None, above: float | None, most: float | None
) -> Iterator[Fault]:
    floor = least if least is not None else above
    if floor is not None:
        below = f"{value} {'<' if least is not None else '<='} {floor!r}"
        if floor >= 0:
            yield Fault(name, Reason.NEGATIVE, f"{value} < 0")
        if least != 0:
            yield Fault(name, Reason.TOO_SMALL, f"{below} AND {value} >= 0" if floor >= 0 else below)
    if most is not None:
        yield Fault(name, Reason.TOO_LARGE, f"{value} > {most!r}")


def _timestamp(moment: datetime) -> str:
    return f"TIMESTAMP {literal(moment.isoformat(sep=' '))}"
