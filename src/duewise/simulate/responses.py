"""A contact from dialling to consequences: outcome, effect, promise, words, harm."""

import numpy as np

from duewise.contracts.vocabulary import Table
from duewise.simulate.arrays import Floats, Ints, choose_column
from duewise.simulate.contacts import Contacts
from duewise.simulate.conversations import ask_for_callback, converse
from duewise.simulate.effects import leave_memory
from duewise.simulate.harm import do_harm
from duewise.simulate.journal import OPEN_END, Journal
from duewise.simulate.outcomes import OUTCOME_CODES, SPOKEN_CODES, outcome_probabilities
from duewise.simulate.people import present_ability
from duewise.simulate.promises import take_promises
from duewise.simulate.state import Portfolio


def make_contacts(
    portfolio: Portfolio,
    day: int,
    rows: Ints,
    channel: Ints,
    at_us: Ints,
    outcome_luck: Floats,
    journal: Journal | None,
    propensity: Floats | None = None,
) -> None:
    """Carry out contacts: draw their outcomes, move the state of the debtors, write them down."""
    if len(rows) == 0:
        return
    ability = present_ability(portfolio.people, day, rows)
    probabilities = outcome_probabilities(portfolio, day, rows, channel, at_us, ability)
    drawn = choose_column(probabilities, outcome_luck)
    outcome = OUTCOME_CODES[drawn]
    contacts = Contacts(rows, channel, outcome, at_us, np.isin(outcome, SPOKEN_CODES))

    leave_memory(portfolio, day, contacts, ability)
    promised, due = take_promises(portfolio, day, contacts, ability)
    reason, attitude = converse(portfolio, day, contacts, ability)
    callback = ask_for_callback(portfolio, day, contacts)
    if journal is not None:
        account = portfolio.oldest_account(rows)
        whole = portfolio.luck.uniform("about_account", day, rows) < 0.1
        journal.write(
            Table.CONTACTS,
            rows,
            at_us=at_us,
            channel=channel,
            inbound=False,
            outcome=outcome,
            account=np.where(whole, OPEN_END, account),
            promise_amount=promised,
            promise_due=due,
            reason=reason,
            attitude=attitude,
            callback_us=callback,
            propensity=np.full(len(rows), np.nan) if propensity is None else propensity,
        )
    do_harm(portfolio, day, contacts, journal)
