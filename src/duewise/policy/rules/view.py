"""The facts of one evening as conditions ask for them: which flags are on, and about whom."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from duewise.policy.rules.facts import ALL_ACCOUNTS, Facts, Ints, Mask, Rows, Seconds

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class Planned:
    """Contacts that are chosen but not made yet.

    Attributes
    ----------
    first_day : int
        Day of the first column of `made`.
    action : ndarray of shape (n_debtors,)
        Index of the planned action in ACTIONS.
    made : ndarray of bool, shape (n_debtors, n_days)
        Whether the action is planned on each day.
    """

    first_day: int
    action: Ints
    made: Mask


@dataclass(frozen=True)
class View:
    """Facts as they are looked at: the local day judged and the instant at which flags are read.

    Attributes
    ----------
    whole_day : bool
        Whether the verdict must hold for the rest of the day, or for the moment alone.
    """

    facts: Facts
    day: Ints
    moment: Seconds
    planned: Planned | None = None
    whole_day: bool = True

    def spread(self, per_person: NDArray[T]) -> NDArray[T]:
        """Return a column of debtors as a column of their accounts."""
        return per_person[self.facts.accounts.debtor]

    def spread_if(self, per_debt: bool, per_person: NDArray[T]) -> NDArray[T]:
        """Return a column of debtors, by account where the answer is per account."""
        return self.spread(per_person) if per_debt else per_person

    def on(self, names: tuple[str, ...]) -> Rows:
        """Return the rows of flags named so that are on: started, and not ended at the moment."""
        flags = self.facts.flags
        rows = self.facts.flag_rows(names)
        moment = self.moment[flags.debtor[rows]]
        return rows[(flags.starts[rows] <= moment) & (moment < flags.ends[rows])]

    def on_throughout(self, names: tuple[str, ...]) -> Rows:
        """Return the rows of flags named so that stay on: what they permit holds at any time of the day.

        A consent that ends at noon opens nothing that day, rather than a window that runs past its end.
        """
        rows = self.on(names)
        if not self.whole_day:
            return rows
        flags = self.facts.flags
        return rows[flags.end_day[rows] > self.day[flags.debtor[rows]]]

    def any_of(self, rows: Rows, per_debt: bool) -> Mask:
        """Return who has one of the flag `rows`: a debtor by any account, or each account concerned."""
        flags, accounts = self.facts.flags, self.facts.accounts
        if not per_debt:
            return hit(flags.debtor[rows], len(self.facts))
        everywhere = rows[flags.account[rows] == ALL_ACCOUNTS]
        named = rows[flags.account[rows] >= 0]
        return self.spread(hit(flags.debtor[everywhere], len(self.facts))) | hit(
            flags.account[named], len(accounts.debtor)
        )

    def earliest(self, rows: Rows, value: Ints, per_debt: bool) -> Ints:
        """Return the smallest `value` of the flag `rows` per debtor or account; the largest int: none."""
        flags = self.facts.flags
        nothing = np.iinfo(np.int32).max
        person = np.full(len(self.facts), nothing, dtype=np.int32)
        chosen = np.ones(len(rows), dtype=bool) if not per_debt else flags.account[rows] == ALL_ACCOUNTS
        np.minimum.at(person, flags.debtor[rows[chosen]], value[chosen])
        if not per_debt:
            return person
        debt = self.spread(person).copy()
        named = flags.account[rows] >= 0
        np.minimum.at(debt, flags.account[rows[named]], value[named])
        return debt


def hit(index: Ints, size: int) -> Mask:
    """Return a mask of `size` that is true at each of `index`."""
    mask = np.zeros(size, dtype=bool)
    mask[index] = True
    return mask
