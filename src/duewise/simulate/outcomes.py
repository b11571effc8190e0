"""Who is reached by a contact, and what is said: the chance of every outcome."""

import numpy as np

from duewise.contracts.vocabulary import CHANNELS, LIVE_CHANNELS, RIGHT_PARTY_OUTCOMES, Channel, Outcome
from duewise.simulate.arrays import Floats, Ints, sigmoid
from duewise.simulate.calendar import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, UTC_OFFSET_HOURS
from duewise.simulate.journal import channel_code, outcome_code
from duewise.simulate.people import FIRST_LOCAL_HOUR, HOUR_PROFILES
from duewise.simulate.state import Portfolio
from duewise.simulate.world import by_channel

LIVE_OUTCOMES = (
    Outcome.BOUNCED,
    Outcome.NO_ANSWER,
    Outcome.WRONG_PARTY,
    Outcome.RIGHT_PARTY,
    Outcome.PROMISE,
    Outcome.REFUSAL,
    Outcome.DISPUTE,
    Outcome.HARDSHIP,
    Outcome.COMPLAINT,
    Outcome.OPT_OUT,
)
SENT_OUTCOMES = (Outcome.BOUNCED, Outcome.DELIVERED, Outcome.READ, Outcome.CLICKED, Outcome.DONE)
OUTCOME_CODES = np.array([outcome_code(outcome) for outcome in LIVE_OUTCOMES + SENT_OUTCOMES])
"""Journal code of each column of `outcome_probabilities`."""

LIVE = np.array([channel in LIVE_CHANNELS for channel in CHANNELS])
SPOKEN_CODES = np.array([outcome_code(outcome) for outcome in RIGHT_PARTY_OUTCOMES])

REACH_LOGIT = {Channel.AI_CALL: -1.6, Channel.CALL: -1.35, Channel.VISIT: -0.9}
PROMISE_FACTOR = {Channel.AI_CALL: 0.8, Channel.CALL: 1.0, Channel.VISIT: 1.1}
HARM_FACTOR = {
    Channel.SMS: 0.3,
    Channel.EMAIL: 0.2,
    Channel.APP_PUSH: 0.2,
    Channel.AI_CALL: 0.9,
    Channel.CALL: 1.0,
    Channel.LETTER: 0.3,
    Channel.VISIT: 2.0,
    Channel.LEGAL_LETTER: 0.9,
    Channel.LITIGATION: 1.2,
}
"""Chance of complaint or opt-out against that of a call; applies to people spoken to, or written to."""


def outcome_probabilities(
    portfolio: Portfolio, day: int, rows: Ints, channel: Ints, at_us: Ints, ability: Floats
) -> Floats:
    """Return the chance of every outcome, shape (rows, live outcomes + sent outcomes)."""
    people, state = portfolio.people, portfolio.state
    usable = people.usable[rows, channel]
    willing, hostile = people.willingness[rows], people.hostile[rows]
    live = LIVE[channel]

    local_hour = at_us % MICROSECONDS_PER_DAY // MICROSECONDS_PER_HOUR + UTC_OFFSET_HOURS
    slot = np.clip(local_hour - FIRST_LOCAL_HOUR, 0, HOUR_PROFILES.shape[1] - 1)
    reached = usable * sigmoid(
        by_channel(REACH_LOGIT, channel)
        + people.reach[rows]
        + 0.2 * willing
        + HOUR_PROFILES[people.hour_profile[rows], slot]
    )
    dead_line = np.where(usable, 0.04, 1.0)

    shocked = ability < people.ability[rows]
    promise_open = state.promise_due[rows] >= day
    harm = harm_chance(portfolio, rows, channel)
    weights = np.column_stack(
        [
            np.ones(len(rows)),
            np.exp(-0.35 + 0.65 * willing + 0.3 * ability)
            * by_channel(PROMISE_FACTOR, channel)
            * np.where(promise_open, 0.3, 1.0),
            np.exp(-1.1 - 0.8 * willing + 1.2 * hostile),
            0.004 + 0.9 * people.has_grounds[rows] * (portfolio.world.harm > 0),
            0.02 + 0.9 * shocked + 0.15 * (ability < -1.2),
            harm,
            harm * 1.2,
        ]
    )
    spoken = reached[:, None] * weights / weights.sum(axis=1, keepdims=True)
    missed = (1 - reached)[:, None] * np.column_stack(
        [dead_line, 0.93 * (1 - dead_line), 0.07 * (1 - dead_line)]
    )

    failed = np.where(usable, 0.03, 1.0)
    digital = np.isin(channel, [channel_code(Channel.EMAIL), channel_code(Channel.APP_PUSH)])
    read = np.where(digital, 0.25 + 0.35 * sigmoid(people.reach[rows]), 0.0)
    filed = channel == channel_code(Channel.LITIGATION)
    sent = np.column_stack(
        [
            np.where(filed, 0.0, failed),
            np.where(filed, 0.0, (1 - failed) * (1 - read)),
            (1 - failed) * read * 0.8,
            (1 - failed) * read * 0.2,
            np.where(filed, 1.0, 0.0),
        ]
    )
    result: Floats = np.column_stack([missed, spoken]) * live[:, None]
    return np.column_stack([result, sent * ~live[:, None]])


def harm_chance(portfolio: Portfolio, rows: Ints, channel: Ints) -> Floats:
    """Return the weight of a complaint among what a reached debtor may say."""
    people, state = portfolio.people, portfolio.state
    temper = 0.004 + 0.06 * people.hostile[rows]
    result: Floats = (
        portfolio.world.harm
        * by_channel(HARM_FACTOR, channel)
        * temper
        * (1 + 0.5 * np.minimum(state.annoyance[rows], 4))
    )
    return result
