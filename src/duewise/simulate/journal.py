"""What happened: events as columns of numbers, collected day by day, before they become contract rows."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from duewise.contracts.vocabulary import CHANNELS, Channel, Outcome, PaymentKind
from duewise.simulate.arrays import Ints

OUTCOMES = tuple(Outcome)
KINDS = tuple(PaymentKind)

OPEN_END = -1
"""Stands for a missing time, account or code in the columns of a journal."""


def outcome_code(outcome: Outcome) -> int:
    """Return the number that stands for `outcome` in a journal."""
    return OUTCOMES.index(outcome)


def channel_code(channel: Channel) -> int:
    """Return the number that stands for `channel` in a journal."""
    return CHANNELS.index(channel)


class Journal:
    """Event columns by table; `person` is the debtor's row in the portfolio that was played."""

    def __init__(self) -> None:
        self._parts: dict[str, list[dict[str, Ints]]] = defaultdict(list)

    def write(self, table: str, person: Ints, **columns: object) -> None:
        """Add events of one table; a single value stands for all of them."""
        if len(person):
            shape = person.shape
            self._parts[table].append(
                {
                    "person": person,
                    **{name: np.broadcast_to(np.asarray(v), shape) for name, v in columns.items()},
                }
            )

    def columns(self, table: str) -> Mapping[str, Ints]:
        """Return the events of a table, in the order in which they were written."""
        parts = self._parts.get(table, [])
        if not parts:
            return {}
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
