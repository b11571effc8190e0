"""The accepted tables of one portfolio, as lazy expressions on one engine."""

from dataclasses import dataclass, field

import ibis
from ibis.backends import BaseBackend

from duewise.contracts.vocabulary import Table


@dataclass(frozen=True)
class Tables:
    """The six accepted tables: every contract column present and typed, absent ones null.

    Attributes
    ----------
    con : ibis backend
        Engine on which the six expressions run.
    absent : frozenset of (table, column)
        Contract columns that the sources did not have.
    extra_debtors, extra_accounts : tuple of str
        Columns declared under ``features.extra``, kept under their own names.
    timezone : str
        IANA zone on whose calendar the dates of the tables stand.
    """

    con: BaseBackend
    debtors: ibis.Table
    accounts: ibis.Table
    payments: ibis.Table
    contacts: ibis.Table
    flags: ibis.Table
    assignments: ibis.Table
    absent: frozenset[tuple[Table, str]] = field(default_factory=frozenset)
    extra_debtors: tuple[str, ...] = ()
    extra_accounts: tuple[str, ...] = ()
    timezone: str = "UTC"

    def has(self, table: Table, column: str) -> bool:
        """Return whether the sources had `column` of `table`."""
        return (table, column) not in self.absent
