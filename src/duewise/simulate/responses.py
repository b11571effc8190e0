"""What a contact does: who is reached, what is said, what it truly changes, and what harm it does."""

from dataclasses import dataclass

import numpy as np

from duewise.contracts.vocabulary import (
    CHANNELS,
    LIVE_CHANNELS,
    MESSAGE_CHANNELS,
    RIGHT_PARTY_OUTCOMES,
    Attitude,
    Channel,
    Outcome,
    StatedReason,
)
from duewise.simulate.arrays import Bools, Floats, Ints, choose_column, sigmoid
from duewise.simulate.calendar import DAYS_PER_YEAR, MICROSECONDS_PER_DAY, UTC_OFFSET_HOURS
from duewise.simulate.debts import REASONS
from duewise.simulate.journal import OPEN_END, Journal, channel_code, outcome_code
from duewise.simulate.payments import typical_payment
from duewise.simulate.people import FIRST_LOCAL_HOUR, HOUR_PROFILES, disposable_income, present_ability
from duewise.simulate.state import N_BOOSTS, Portfolio

REMINDER, CONVERSATION, PRESSURE = range(N_BOOSTS)
HALF_LIFE_DAYS = np.array([3.0, 6.0, 12.0])
"""How fast each memory of a contact fades."""
MOST_BOOST = 2.5

_HOUR = MICROSECONDS_PER_DAY // 24
_ATTITUDES = tuple(Attitude)

_LIVE_OUTCOMES = (
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
_SENT_OUTCOMES = (Outcome.BOUNCED, Outcome.DELIVERED, Outcome.READ, Outcome.CLICKED, Outcome.DONE)

_LIVE = np.array([channel in LIVE_CHANNELS for channel in CHANNELS])
_MESSAGE = np.array([channel in MESSAGE_CHANNELS for channel in CHANNELS])
_SPOKEN = np.array([outcome_code(outcome) for outcome in RIGHT_PARTY_OUTCOMES])

REACH_LOGIT = {Channel.AI_CALL: -1.25, Channel.CALL: -1.0, Channel.VISIT: -0.55}
PROMISE_FACTOR = {Channel.AI_CALL: 0.8, Channel.CALL: 1.0, Channel.VISIT: 1.1}
PROMISE_BINDING = {Channel.AI_CALL: 0.4, Channel.CALL: 1.0, Channel.VISIT: 1.1}
"""A promise to a machine binds less than one to a person."""
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


@dataclass
class Contacts:
    """Contacts of one day, one row each."""

    rows: Ints
    """The debtor's row in the portfolio."""
    channel: Ints
    outcome: Ints
    at_us: Ints
    spoken: Bools
    """The debtor in person was spoken to."""


def by_channel(table: dict[Channel, float], channel: Ints) -> Floats:
    """Return the entry of each row's channel; zero where the table has none."""
    values = np.array([table.get(name, 0.0) for name in CHANNELS])
    result: Floats = values[channel]
    return result


def contact_hours(portfolio: Portfolio, day: int, rows: Ints, channel: Ints) -> Ints:
    """Return when each contact is made, in microseconds since 1970-01-01 UTC."""
    span = np.where(channel == channel_code(Channel.VISIT), 8, 11)
    local_hours = FIRST_LOCAL_HOUR + span * portfolio.luck.uniform("hour", day, rows)
    return day * MICROSECONDS_PER_DAY + ((local_hours - UTC_OFFSET_HOURS) * _HOUR).astype(np.int64)


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
    outcome = np.array([outcome_code(o) for o in _LIVE_OUTCOMES + _SENT_OUTCOMES])[drawn]
    contacts = Contacts(rows, channel, outcome, at_us, np.isin(outcome, _SPOKEN))

    _remember(portfolio, day, contacts, ability)
    promised, due = _take_promises(portfolio, day, contacts, ability)
    reason, attitude = _conversation(portfolio, day, contacts, ability)
    callback = _ask_for_callback(portfolio, day, contacts)
    if journal is not None:
        account = portfolio.oldest_account(day, rows)
        whole = portfolio.luck.uniform("about_account", day, rows) < 0.1
        journal.write(
            "contacts",
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
    _harm(portfolio, day, contacts, journal)


def outcome_probabilities(
    portfolio: Portfolio, day: int, rows: Ints, channel: Ints, at_us: Ints, ability: Floats
) -> Floats:
    """Return the chance of every outcome, shape (rows, live outcomes + sent outcomes)."""
    people, state = portfolio.people, portfolio.state
    usable = people.usable[rows, channel]
    willing, hostile = people.willingness[rows], people.hostile[rows]
    live = _LIVE[channel]

    local_hour = at_us % MICROSECONDS_PER_DAY // _HOUR + UTC_OFFSET_HOURS
    slot = np.clip(local_hour - FIRST_LOCAL_HOUR, 0, HOUR_PROFILES.shape[1] - 1)
    reached = usable * sigmoid(
        by_channel(REACH_LOGIT, channel)
        + people.reach[rows]
        + 0.2 * willing
        + HOUR_PROFILES[people.hour_profile[rows], slot]
        - 0.35
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
    letter = when(Channel.LETTER) * 0.35 + when(Channel.LEGAL_LETTER) * 1.1 + when(Channel.LITIGATION) * 1.6

    boost = np.zeros((len(rows), N_BOOSTS))
    boost[:, REMINDER] = forgetful * (
        1.5 * when(Channel.SMS) * arrived
        + (1.3 * when(Channel.APP_PUSH) + 1.1 * when(Channel.EMAIL)) * read
        + 0.25 * voice * (outcome == outcome_code(Outcome.NO_ANSWER))
        + 0.5 * when(Channel.LETTER) * arrived
    )
    boost[:, CONVERSATION] = voice * spoken * (0.4 * forgetful + 1.6 * organisable - 1.3 * hostile)
    boost[:, PRESSURE] = (
        arrived * (letter + 1.6 * when(Channel.VISIT) * spoken) * stubborn
        - 0.6 * when(Channel.VISIT) * spoken * hostile
    )
    years = (day - portfolio.first_day) / DAYS_PER_YEAR
    scale = np.array(world.effect) * (1 + np.array(world.effect_drift) * years)
    return boost * scale[channel][:, None]


def _remember(portfolio: Portfolio, day: int, contacts: Contacts, ability: Floats) -> None:
    state, rows = portfolio.state, contacts.rows
    added = state.boost[rows] + true_boosts(portfolio, day, contacts, ability)
    state.boost[rows] = np.clip(added, -MOST_BOOST, MOST_BOOST)
    state.annoyance[rows] += 1
    state.last_contact_us[rows] = contacts.at_us
    if portfolio.world.has_effects:
        disputes = rows[contacts.outcome == outcome_code(Outcome.DISPUTE)]
        state.dispute_until[disputes] = day + 30


def _take_promises(
    portfolio: Portfolio, day: int, contacts: Contacts, ability: Floats
) -> tuple[Floats, Ints]:
    """Note the promises made; return amount (NaN: none) and due day (`OPEN_END`: none) per contact."""
    state, people, luck = portfolio.state, portfolio.people, portfolio.luck
    amount = np.full(len(contacts.rows), np.nan)
    due_day = np.full(len(contacts.rows), OPEN_END, dtype=np.int32)
    made = np.flatnonzero(contacts.outcome == outcome_code(Outcome.PROMISE))
    rows, channel = contacts.rows[made], contacts.channel[made]
    owed = portfolio.state.balance[rows, portfolio.oldest_account(day, rows)]
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


def _conversation(portfolio: Portfolio, day: int, contacts: Contacts, ability: Floats) -> tuple[Ints, Ints]:
    """Return the reason stated and the attitude noted, `OPEN_END` where nobody was spoken to."""
    people, state, luck = portfolio.people, portfolio.state, portfolio.luck
    reason = np.full(len(contacts.rows), OPEN_END, dtype=np.int8)
    attitude = np.full(len(contacts.rows), OPEN_END, dtype=np.int8)
    talked = np.flatnonzero(contacts.spoken)
    rows = contacts.rows[talked]

    temper = (
        luck.normal("temper", day, rows) * 0.5 + 1.8 * people.hostile[rows] - 0.5 * people.willingness[rows]
    )
    noted = np.select(
        [temper > 0.9, temper < 0.15], [Attitude.HOSTILE, Attitude.COOPERATIVE], Attitude.NEUTRAL
    )
    attitude[talked] = [_ATTITUDES.index(Attitude(a)) for a in noted]
    state.hostile_seen[rows] = noted == Attitude.HOSTILE

    weights = np.column_stack(
        [
            np.exp(0.2 - 0.9 * ability[talked]),
            6.0 * ((people.job_loss_day[rows] <= day) & (day < people.job_found_day[rows])),
            6.0 * ((people.illness_day[rows] <= day) & (day < people.recovery_day[rows])),
            4.0 * people.forgetful[rows] ** 2,
            8.0 * people.has_grounds[rows],
            np.exp(-1.0 - 0.9 * people.willingness[rows]),
            np.full(len(rows), 0.6),
        ]
    )
    order = (
        StatedReason.NO_MONEY,
        StatedReason.LOST_JOB,
        StatedReason.ILLNESS,
        StatedReason.FORGOT,
        StatedReason.DISPUTES_DEBT,
        StatedReason.WILL_NOT,
        StatedReason.OTHER,
    )
    told = luck.uniform("tells_reason", day, rows) < 0.7
    codes = np.array([REASONS.index(r) for r in order])
    reason[talked] = np.where(
        told, codes[choose_column(weights, luck.uniform("reason", day, rows))], OPEN_END
    )
    return reason, attitude


def _ask_for_callback(portfolio: Portfolio, day: int, contacts: Contacts) -> Ints:
    asked_us = np.full(len(contacts.rows), OPEN_END, dtype=np.int64)
    talked = np.flatnonzero(contacts.outcome == outcome_code(Outcome.RIGHT_PARTY))
    rows = contacts.rows[talked]
    wants = portfolio.luck.uniform("wants_callback", day, rows) < 0.12
    rows, talked = rows[wants], talked[wants]
    on = day + 1 + (4 * portfolio.luck.uniform("callback_day", day, rows)).astype(np.int32)
    hour = (1 + 11 * portfolio.luck.uniform("callback_hour", day, rows)).astype(np.int64)
    portfolio.state.callback_day[rows] = on
    asked_us[talked] = on.astype(np.int64) * MICROSECONDS_PER_DAY + hour * _HOUR
    return asked_us


def _harm(portfolio: Portfolio, day: int, contacts: Contacts, journal: Journal | None) -> None:
    """Turn complaints, opt-outs and disputes into flags, spoken or answered in writing."""
    rows, channel, at_us = contacts.rows, contacts.channel, contacts.at_us
    spoken_complaint = contacts.outcome == outcome_code(Outcome.COMPLAINT)
    spoken_opt_out = contacts.outcome == outcome_code(Outcome.OPT_OUT)
    dispute = contacts.outcome == outcome_code(Outcome.DISPUTE)
    arrived = contacts.outcome != outcome_code(Outcome.BOUNCED)
    chance = np.where(~_LIVE[channel] & arrived, 0.25 * harm_chance(portfolio, rows, channel), 0.0)
    u = portfolio.luck.uniform("written_harm", day, rows)
    written_complaint = u < chance
    written_opt_out = (u >= chance) & (u < 2 * chance) & _MESSAGE[channel]

    portfolio.state.opted_out[rows, channel] |= spoken_opt_out | written_opt_out
    # Whoever tells a caller to stop is not rung by a machine either.
    stops_calls = spoken_opt_out & (channel == channel_code(Channel.CALL))
    portfolio.state.opted_out[rows, channel_code(Channel.AI_CALL)] |= stops_calls
    until = portfolio.state.no_contact_until
    until[rows[dispute]] = np.maximum(until[rows[dispute]], day + 30)
    complained = spoken_complaint | written_complaint
    until[rows[complained]] = np.maximum(until[rows[complained]], day + 10)
    if journal is None:
        return
    _write_answers(portfolio, day, contacts, written_complaint, Outcome.COMPLAINT, journal)
    _write_answers(portfolio, day, contacts, written_opt_out, Outcome.OPT_OUT, journal)
    month = 30 * MICROSECONDS_PER_DAY
    for happened, flag, lasts_us in (
        (complained, "complaint", 2 * month),
        (dispute, "dispute", month),
        (contacts.outcome == outcome_code(Outcome.HARDSHIP), "hardship", 6 * month),
    ):
        journal.write(
            "flags",
            rows[happened],
            flag=flag,
            starts_us=at_us[happened],
            ends_us=at_us[happened] + lasts_us,
            account=OPEN_END,
            detail="",
            delay_days=0,
        )
    for code, name in enumerate(CHANNELS):
        gone = (spoken_opt_out | written_opt_out) & (channel == code)
        if name is Channel.AI_CALL:
            gone |= stops_calls
        journal.write(
            "flags",
            rows[gone],
            flag=f"opt_out:{name}",
            starts_us=at_us[gone],
            ends_us=OPEN_END,
            account=OPEN_END,
            detail="",
            delay_days=0,
        )


def _write_answers(
    portfolio: Portfolio, day: int, contacts: Contacts, answered: Bools, outcome: Outcome, journal: Journal
) -> None:
    """Write the debtor's own message that follows something sent."""
    rows = contacts.rows[answered]
    channel = contacts.channel[answered]
    answer_by = np.where(_MESSAGE[channel], channel, channel_code(Channel.CALL))
    journal.write(
        "contacts",
        rows,
        at_us=contacts.at_us[answered] + _HOUR // 2,
        channel=answer_by,
        inbound=True,
        outcome=outcome_code(outcome),
        account=OPEN_END,
        promise_amount=np.nan,
        promise_due=OPEN_END,
        reason=OPEN_END,
        attitude=_ATTITUDES.index(Attitude.HOSTILE),
        callback_us=OPEN_END,
        propensity=np.nan,
    )


def fade(portfolio: Portfolio) -> None:
    """Let one day pass over what contacts left behind."""
    portfolio.state.boost *= 0.5 ** (1 / HALF_LIFE_DAYS)
    portfolio.state.annoyance *= 0.5 ** (1 / 14)
