"""Promises to pay: how many, how much, for when, and how strongly they bind."""

import numpy as np

from duewise.contracts.vocabulary import Channel, Outcome
from duewise.simulate.arrays import Floats, Ints, sigmoid
from duewise.simulate.contacts import Contacts
from duewise.simulate.journal import OPEN_END, outcome_code
from duewise.simulate.payments import typical_payment
from duewise.simulate.people import disposable_income
from duewise.simulate.state import Portfolio
from duewise.simulate.world import by_channel

PROMISE_BINDING = {Channel.AI_CALL: 0.4, Channel.CALL: 1.0, Channel.VISIT: 1.1}
"""A promise to a machine binds less than one to a person."""
PROMISE_GRACE_DAYS = 2
PROMISE_KEPT_SHARE = 0.9


def take_promises(portfolio: Portfolio, day: int, contacts: Contacts, ability: Floats) -> tuple[Floats, Ints]:
    """Note the promises made; return amount (NaN: none) and due day (`OPEN_END`: none) per contact."""
    state, people, luck = portfolio.state, portfolio.people, portfolio.luck
    amount = np.full(len(contacts.rows), np.nan)
    due_day = np.full(len(contacts.rows), OPEN_END, dtype=np.int32)
    made = np.flatnonzero(contacts.outcome == outcome_code(Outcome.PROMISE))
    rows, channel = contacts.rows[made], contacts.channel[made]
    owed = portfolio.state.balance[rows, portfolio.oldest_account(rows)]
    owed = np.where(owed > 0, owed, state.pending[rows])
    share = np.where(luck.uniform("promise_all", day, rows) < 0.3, 1.0, 0.0)
    means = disposable_income(people, ability[made], rows)
    partial = np.minimum(owed, typical_payment(means, luck.normal("promise_size", day, rows)))
    promised = np.maximum(np.round(np.where(share > 0, owed, partial), 2), 0.01)
    due = day + 2 + (10 * luck.uniform("promise_due", day, rows)).astype(np.int32)

    keep = sigmoid(
        -0.5 + 0.9 * people.willingness[rows] + 0.5 * ability[made] - 0.35 * np.log(promised / means)
    )
    factor = by_channel(PROMISE_BINDING, channel) * np.array(portfolio.world.effect)[channel]
    amount[made], due_day[made] = promised, due
    state.promise_day[rows], state.promise_due[rows] = day, due
    state.promise_amount[rows], state.promise_paid[rows] = promised, 0.0
    state.promise_binding[rows] = -np.log1p(-np.minimum(keep * 0.6, 0.95)) * np.maximum(factor, 0.0)
    return amount, due_day
