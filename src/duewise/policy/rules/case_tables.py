"""The cases of a pack as one small portfolio in the contract's tables."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import ibis
import pandas as pd

from duewise.contracts.columns import ENGINE_TYPES
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Outcome, PaymentKind, Table
from duewise.policy.rules.case_model import Case
from duewise.sources.tables import Tables

Row = dict[str, Any]

BALANCE = 1000.0
"""Owed on every account of a case."""


def case_tables(cases: Sequence[Case]) -> Tables:
    """Return the tables in which debtor number i (in order of id) has the facts of case i."""
    rows: dict[Table, list[Row]] = {table: [] for table in Table}
    for number, case in enumerate(cases):
        _add_case(rows, f"{number:06d}", case)
    con = ibis.duckdb.connect()
    return Tables(con=con, **{str(table): _table(con, table, found) for table, found in rows.items()})


def _add_case(rows: dict[Table, list[Row]], debtor: str, case: Case) -> None:
    rows[Table.DEBTORS].append(
        {
            "debtor_id": debtor,
            "timezone": case.timezone,
            "region": case.region,
            "birth_year": case.birth_year,
        }
    )
    for account in case.accounts:
        # What the contact is not about is out of scope, as an account closed long ago would be.
        closed = None if case.about in (None, account.id) else account.past_due_since
        rows[Table.ACCOUNTS].append(
            {
                "account_id": _named(debtor, account.id),
                "debtor_id": debtor,
                "product": account.product,
                "past_due_since": account.past_due_since,
                "placed_on": account.placed_on or account.past_due_since,
                "placed_balance": BALANCE,
                "limitation_expires_on": account.limitation_expires_on,
                "last_interrupted_on": account.last_interrupted_on,
                "closed_on": closed,
            }
        )
        if account.paid_on is not None:
            rows[Table.PAYMENTS].append(
                {
                    "payment_id": f"{debtor}-{len(rows[Table.PAYMENTS])}",
                    "account_id": _named(debtor, account.id),
                    "at": case.noon(account.paid_on),
                    "amount": BALANCE / 10,
                    "kind": str(PaymentKind.PAYMENT),
                }
            )
    for contact in case.contacts:
        for at in contact.moments(case):
            rows[Table.CONTACTS].append(
                {
                    "contact_id": f"{debtor}-{len(rows[Table.CONTACTS])}",
                    "debtor_id": debtor,
                    "at": at,
                    "channel": contact.channel,
                    "direction": contact.direction,
                    "outcome": contact.outcome or str(Outcome.UNKNOWN),
                    "account_id": _named(debtor, contact.account),
                    "promise_due_on": contact.due,
                    "promise_amount": contact.amount,
                    "stated_reason": contact.reason,
                    "contact_point": contact.point,
                }
            )
    for flag in case.flags:
        rows[Table.FLAGS].append(
            {
                "debtor_id": debtor,
                "flag": flag.flag,
                "starts_at": _naive(flag.from_),
                "ends_at": None if flag.to is None else _naive(flag.to),
                "account_id": _named(debtor, flag.account),
                "detail": flag.detail,
            }
        )


def _named(debtor: str, account: str | None) -> str | None:
    return None if account is None else f"{debtor}-{account}"


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _table(con: Any, table: Table, rows: list[Row]) -> ibis.Table:
    columns = TABLES[table].columns
    types = {name: ENGINE_TYPES[column.metadata["kind"]] for name, column in columns.items()}
    body = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    con.raw_sql(f"CREATE TABLE {table} ({body})")
    if rows:
        frame = pd.DataFrame(rows, columns=list(types)).astype(object)
        con.insert(str(table), frame.where(frame.notna(), None))
    return con.table(str(table))
