"""What happened: events as columns of numbers, collected day by day, before they become contract rows."""

from types import MappingProxyType
from typing import Any

import numpy as np

from duewise.contracts.vocabulary import CHANNELS, Channel, Outcome, PaymentKind, Table
from duewise.simulate.arrays import Ints

OUTCOMES = tuple(Outcome)
KINDS = tuple(PaymentKind)

OPEN_END = -1
"""Stands for a missing time, account or code in the columns of a journal."""

_COLUMNS: MappingProxyType[Table, dict[str, Any]] = MappingProxyType(
    {
        Table.PAYMENTS: {
            "account": np.int64,
            "at_us": np.int64,
            "amount": np.float64,
            "kind": np.int8,
            "delay_days": np.int64,
        },
        Table.CONTACTS: {
            "at_us": np.int64,
            "channel": np.int8,
            "inbound": np.bool_,
            "outcome": np.int8,
            "account": np.int64,
            "promise_amount": np.float64,
            "promise_due": np.int32,
            "reason": np.int8,
            "attitude": np.int8,
            "callback_us": np.int64,
            "propensity": np.float64,
        },
        Table.FLAGS: {
            "flag": np.str_,
            "starts_us": np.int64,
            "ends_us": np.int64,
            "account": np.int64,
            "detail": np.str_,
            "delay_days": np.int64,
        },
        Table.ASSIGNMENTS: {"day": np.int32, "action": np.int8, "propensity": np.float64},
    }
)


def outcome_code(outcome: Outcome) -> int:
    """Return the number that stands for `outcome` in a journal."""
    return OUTCOMES.index(outcome)


def channel_code(channel: Channel) -> int:
    """Return the number that stands for `channel` in a journal, and its place in arrays by channel."""
    return CHANNELS.index(channel)


class Journal:
    """Event columns by table; `person` is the debtor's row in the portfolio that was played.

    Times end in ``_us`` (microseconds since 1970-01-01 UTC); `delay_days` is how late the fact reaches the
    books; codes are places in the vocabulary.
    """

    def __init__(self) -> None:
        self._parts: dict[Table, list[dict[str, Ints]]] = {table: [] for table in _COLUMNS}

    def write(self, table: Table, person: Ints, **columns: object) -> None:
        """Add events of one table; a single value stands for all of them."""
        if len(person) == 0:
            return
        part: dict[str, Ints] = {"person": person}
        for name, dtype in _COLUMNS[table].items():
            part[name] = np.broadcast_to(np.asarray(columns[name], dtype=dtype), person.shape)
        self._parts[table].append(part)

    def columns(self, table: Table) -> dict[str, Ints]:
        """Return the events of a table, in the order in which they were written."""
        parts = self._parts[table]
        types = {"person": np.int64, **_COLUMNS[table]}
        if not parts:
            return {name: np.empty(0, dtype=dtype) for name, dtype in types.items()}
        return {name: np.concatenate([part[name] for part in parts]) for name in types}
