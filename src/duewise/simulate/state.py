"""What changes from day to day for each debtor, and the portfolio that a day is played on."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from duewise.contracts.vocabulary import CHANNELS
from duewise.simulate.arrays import ALWAYS, NEVER, Bools, Columns, Floats, Ints
from duewise.simulate.debts import Debts
from duewise.simulate.luck import Luck
from duewise.simulate.people import People
from duewise.simulate.world import World

N_BOOSTS = 3
"""Memories that contacts leave, each fading at its own pace: reminders, conversations, pressure."""


@dataclass
class State(Columns):
    """One row per debtor. Days are numbers since 1970-01-01; `NEVER` and `ALWAYS` stand for no day."""

    balance: Floats
    """Shape (n, accounts): truly owed now, whether or not the books know it; zero before placement and
    after the lender gave the account up."""
    closed_day: Ints
    """Shape (n, accounts): day on which the books close the account."""
    close_reason: Ints
    """Shape (n, accounts): place in the vocabulary; -1 is open."""
    pending: Floats
    """Paid but not yet posted."""
    pending_until: Ints
    boost: Floats
    """Shape (n, N_BOOSTS): what past contacts still add to the log hazard of paying."""
    annoyance: Floats
    """Fading count of contacts."""
    last_contact_us: Ints
    """Microseconds since 1970-01-01."""
    last_payment_day: Ints
    known_payment_day: Ints
    """Last payment that the books had posted when it was last looked at."""
    no_payment_until: Ints
    """While a bounced payment is being reversed nothing more is paid."""
    promise_day: Ints
    promise_due: Ints
    promise_amount: Floats
    promise_paid: Floats
    promise_binding: Floats
    """How much the promise adds to the hazard of paying when due."""
    promises_broken: Ints
    broken_day: Ints
    hostile_seen: Bools
    """The attitude noted at the last conversation was hostile."""
    opted_out: Bools
    """Shape (n, channels)."""
    dispute_until: Ints
    no_contact_until: Ints
    inert: Bools
    """Dead or bankrupt: nothing more is paid."""
    callback_day: Ints
    hardship: Bools
    """A hardship flag was set."""


def fresh_state(n: int, n_accounts: int) -> State:
    """Return the state of `n` debtors with nothing placed yet."""

    def never() -> Ints:
        return np.full(n, NEVER, dtype=np.int32)

    return State(
        balance=np.zeros((n, n_accounts)),
        closed_day=np.full((n, n_accounts), ALWAYS, dtype=np.int32),
        close_reason=np.full((n, n_accounts), -1, dtype=np.int8),
        pending=np.zeros(n),
        pending_until=never(),
        boost=np.zeros((n, N_BOOSTS)),
        annoyance=np.zeros(n),
        last_contact_us=np.full(n, -(10**17), dtype=np.int64),
        last_payment_day=never(),
        known_payment_day=never(),
        no_payment_until=never(),
        promise_day=never(),
        promise_due=never(),
        promise_amount=np.zeros(n),
        promise_paid=np.zeros(n),
        promise_binding=np.zeros(n),
        promises_broken=np.zeros(n, dtype=np.int16),
        broken_day=never(),
        hostile_seen=np.zeros(n, dtype=bool),
        opted_out=np.zeros((n, len(CHANNELS)), dtype=bool),
        dispute_until=never(),
        no_contact_until=never(),
        inert=np.zeros(n, dtype=bool),
        callback_day=never(),
        hardship=np.zeros(n, dtype=bool),
    )


@dataclass
class Portfolio:
    """Debtors, what they owe, where they stand, and the luck that awaits them."""

    world: World
    first_day: int
    people: People
    debts: Debts
    state: State
    luck: Luck

    def __len__(self) -> int:
        return len(self.people)

    def replicas(self, rows: Ints, luck: Luck) -> Self:
        """Return a copy of the given rows (repeats allowed) that plays with other luck."""
        return type(self)(
            self.world,
            self.first_day,
            self.people.take(rows),
            self.debts.take(rows),
            self.state.take(rows),
            luck,
        )

    def open_accounts(self, rows: Ints | slice = slice(None)) -> Bools:
        """Return which accounts owe money, shape (rows, accounts)."""
        result: Bools = self.state.balance[rows] > 0
        return result

    def in_play(self, day: int) -> Ints:
        """Return the debtors who owe something, or whose last payment the books do not know yet."""
        owing = self.open_accounts().any(axis=1)
        return np.flatnonzero(owing | (self.state.pending_until > day))

    def oldest_account(self, rows: Ints) -> Ints:
        """Return the place of the oldest open account of each debtor (0 when none is open)."""
        result: Ints = self.open_accounts(rows).argmax(axis=1)
        return result

    def days_past_due(self, day: int, rows: Ints) -> Ints:
        """Return days past due of the oldest open account."""
        result: Ints = day - self.debts.past_due_day[rows, self.oldest_account(rows)]
        return result

    def balance(self, rows: Ints) -> Floats:
        """Return what each debtor truly owes on placed accounts."""
        result: Floats = self.state.balance[rows].sum(axis=1)
        return result
