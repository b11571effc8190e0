"""What the rules look at, as columns: one portfolio, known at one moment, sorted by debtor."""

from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from duewise.policy.rules.places import Place

ALL_ACCOUNTS = -1
"""A contact or flag that names no account concerns every open account of the debtor."""

OTHER_ACCOUNT = -2
"""A contact or flag about an account that is not in scope (closed, or not asked about)."""

NO_DAY = np.iinfo(np.int32).min
NEVER = np.iinfo(np.int64).max

Ints = NDArray[np.int32]
Seconds = NDArray[np.int64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Context:
    """What is the same for the whole portfolio.

    Attributes
    ----------
    role : str
        creditor, servicer, agency or debt_buyer.
    country : str or None
        ISO 3166 code; decides calendar, zones and region codes.
    timezone : str
        Zone of the portfolio, for rules that fall back on it.
    artefacts : frozenset of str or None
        Script lines, templates and reviews that the company can attach; None when it did not say.
    report_days : int
        Days, on the debtor's clock, that the record of a contact may take: until the end of the last one an
        assigned contact counts as made although no record of it has come.
    """

    role: str = "creditor"
    country: str | None = None
    timezone: str = "UTC"
    artefacts: frozenset[str] | None = None
    report_days: int = 3


@dataclass(frozen=True)
class Debtors:
    """One row per debtor; days are local dates as days since 1970, `NO_DAY` where there is none."""

    debtor_id: NDArray[np.object_]
    place: Ints  # index into Facts.places
    birth_year: Ints  # 0: unknown
    promise_made: Ints
    promise_due: Ints  # of the latest promise with a date
    promise_paid: Mask  # the money promised has arrived
    wrong_party: Ints  # last day on which every known number had reached somebody else


@dataclass(frozen=True)
class Accounts:
    """One row per account in scope, sorted by debtor."""

    debtor: Ints
    account_id: NDArray[np.object_]
    product: NDArray[np.object_]
    past_due_since: Ints
    limitation_expires: Ints
    last_interrupted: Ints
    last_payment: Ints
    first_contact: Ints  # first outbound contact about the account since its placement
    balance: NDArray[np.float64]


@dataclass(frozen=True)
class Contacts:
    """One row per recent contact."""

    debtor: Ints
    account: Ints  # row of Accounts, ALL_ACCOUNTS or OTHER_ACCOUNT
    day: Ints  # local date
    channel: Ints  # index into ACTIONS
    kinds: Ints  # bits of kinds.Kind


@dataclass(frozen=True)
class Flags:
    """One row per flag that was known at the time, on or ended."""

    debtor: Ints
    account: Ints
    name: Ints  # index into Facts.flag_names
    starts: Seconds
    ends: Seconds  # NEVER: no end
    start_day: Ints
    end_day: Ints  # local date of the end, on which it holds at most in part; the largest int: no end
    detail: NDArray[np.object_]  # "" where there is none


@dataclass(frozen=True)
class Facts:
    """Everything the rules may look at for a set of debtors."""

    context: Context
    debtors: Debtors
    accounts: Accounts
    contacts: Contacts
    flags: Flags
    places: tuple[Place, ...]
    flag_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of debtors."""
        return len(self.debtors.debtor_id)

    def take(self, rows: Rows) -> Self:
        """Return the facts of some debtors, in the order of `rows` (each at most once)."""
        position = np.full(len(self), -1, dtype=np.int32)
        position[rows] = np.arange(len(rows), dtype=np.int32)
        kept = np.flatnonzero(position[self.accounts.debtor] >= 0)
        accounts = _rows(self.accounts, kept, position)
        account_position = np.full(len(self.accounts.debtor), OTHER_ACCOUNT, dtype=np.int32)
        account_position[kept] = np.arange(len(kept), dtype=np.int32)
        return replace(
            self,
            debtors=Debtors(**{name: column[rows] for name, column in vars(self.debtors).items()}),
            accounts=accounts,
            contacts=_rows(self.contacts, _of(self.contacts.debtor, position), position, account_position),
            flags=_rows(self.flags, _of(self.flags.debtor, position), position, account_position),
        )

    def flag_rows(self, names: tuple[str, ...]) -> Rows:
        """Return the rows of `flags` that bear one of `names`."""
        wanted = np.array([name in names for name in self.flag_names], dtype=bool)
        return np.flatnonzero(wanted[self.flags.name]) if wanted.any() else np.empty(0, dtype=np.intp)


def _of(debtor: Ints, position: Ints) -> Rows:
    return np.flatnonzero(position[debtor] >= 0)


T = TypeVar("T", Accounts, Contacts, Flags)


def _rows(table: T, kept: Rows, position: Ints, account_position: Ints | None = None) -> T:
    columns = {name: column[kept] for name, column in vars(table).items()}
    columns["debtor"] = position[columns["debtor"]]
    if account_position is not None:
        named = columns["account"] >= 0
        columns["account"] = np.where(named, account_position[columns["account"]], columns["account"])
    return type(table)(**columns)
