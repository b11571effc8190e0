"""What a contact truly changes, and how the change fades: the causal core of the simulated world."""

import numpy as np

from duewise.contracts.vocabulary import Channel, Outcome
from duewise.simulate.arrays import Bools, Floats, sigmoid
from duewise.simulate.calendar import DAYS_PER_YEAR
from duewise.simulate.contacts import Contacts
from duewise.simulate.journal import channel_code, outcome_code
from duewise.simulate.state import N_BOOSTS, Portfolio

REMINDER, CONVERSATION, PRESSURE = range(N_BOOSTS)
HALF_LIFE_DAYS = np.array([3.0, 6.0, 12.0])
"""How fast each memory of a contact fades."""
MOST_BOOST = 2.5


def true_boosts(portfolio: Portfolio, day: int, contacts: Contacts, ability: Floats) -> Floats:
    """Return what each contact adds to the log hazard of paying, shape (contacts, N_BOOSTS).

    Reminders help the forgetful; conversations help those who are willing but disorganised and anger the
    hostile; pressure moves those who are able but unwilling.
    """
    people, world = portfolio.people, portfolio.world
    rows, channel, outcome = contacts.rows, contacts.channel, contacts.outcome
    forgetful, hostile = people.forgetful[rows], people.hostile[rows]
    willing = people.willingness[rows]
    organisable = sigmoid(1.2 * willing) * people.disorganised[rows]
    stubborn = sigmoid(1.2 * ability) * sigmoid(-1.2 * willing)

    def when(*channels: Channel) -> Bools:
        return np.isin(channel, [channel_code(c) for c in channels])

    arrived = outcome != outcome_code(Outcome.BOUNCED)
    read = np.isin(outcome, [outcome_code(Outcome.READ), outcome_code(Outcome.CLICKED)])
    spoken = contacts.spoken
    voice = when(Channel.CALL) * 1.0 + when(Channel.AI_CALL) * 0.45
    letter = when(Channel.LETTER) * 0.35 + when(Channel.LEGAL_LETTER) * 0.9 + when(Channel.LITIGATION) * 1.4

    boost = np.zeros((len(rows), N_BOOSTS))
    boost[:, REMINDER] = forgetful * (
        1.5 * when(Channel.SMS) * arrived
        + (1.3 * when(Channel.APP_PUSH) + 1.1 * when(Channel.EMAIL)) * read
        + 0.25 * voice * (outcome == outcome_code(Outcome.NO_ANSWER))
        + 0.5 * when(Channel.LETTER) * arrived
    )
    boost[:, CONVERSATION] = voice * spoken * (0.4 * forgetful + 2.4 * organisable - 1.6 * hostile)
    boost[:, PRESSURE] = (
        arrived * (letter + 1.6 * when(Channel.VISIT) * spoken) * stubborn
        - 0.6 * when(Channel.VISIT) * spoken * hostile
    )
    years = (day - portfolio.first_day) / DAYS_PER_YEAR
    scale = np.array(world.effect) * np.maximum(1 + np.array(world.effect_drift) * years, 0.0)
    result: Floats = boost * scale[channel][:, None]
    return result


def leave_memory(portfolio: Portfolio, day: int, contacts: Contacts, ability: Floats) -> None:
    """Add what the contacts change to what earlier ones left behind."""
    state, rows = portfolio.state, contacts.rows
    added = state.boost[rows] + true_boosts(portfolio, day, contacts, ability)
    state.boost[rows] = np.clip(added, -MOST_BOOST, MOST_BOOST)
    state.annoyance[rows] += 1
    state.last_contact_us[rows] = contacts.at_us
    if portfolio.world.has_effects:
        disputes = rows[contacts.outcome == outcome_code(Outcome.DISPUTE)]
        state.dispute_until[disputes] = day + 30


def fade(portfolio: Portfolio) -> None:
    """Let one day pass over what contacts left behind."""
    portfolio.state.boost *= 0.5 ** (1 / HALF_LIFE_DAYS)
    portfolio.state.annoyance *= 0.5 ** (1 / 14)
