"""The harm that contacts do: complaints, opt-outs and disputes, spoken or answered in writing."""

import numpy as np

from duewise.contracts.vocabulary import CHANNELS, MESSAGE_CHANNELS, Attitude, Channel, Outcome, Table
from duewise.simulate.arrays import Bools
from duewise.simulate.calendar import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR
from duewise.simulate.contacts import Contacts
from duewise.simulate.conversations import ATTITUDES
from duewise.simulate.journal import OPEN_END, Journal, channel_code, outcome_code
from duewise.simulate.outcomes import LIVE, harm_chance
from duewise.simulate.state import Portfolio

MESSAGE = np.array([channel in MESSAGE_CHANNELS for channel in CHANNELS])


def do_harm(portfolio: Portfolio, day: int, contacts: Contacts, journal: Journal | None) -> None:
    """Turn complaints, opt-outs and disputes into flags, spoken or answered in writing."""
    rows, channel, at_us = contacts.rows, contacts.channel, contacts.at_us
    spoken_complaint = contacts.outcome == outcome_code(Outcome.COMPLAINT)
    spoken_opt_out = contacts.outcome == outcome_code(Outcome.OPT_OUT)
    dispute = contacts.outcome == outcome_code(Outcome.DISPUTE)
    arrived = contacts.outcome != outcome_code(Outcome.BOUNCED)
    chance = np.where(~LIVE[channel] & arrived, 0.25 * harm_chance(portfolio, rows, channel), 0.0)
    u = portfolio.luck.uniform("written_harm", day, rows)
    written_complaint = u < chance
    written_opt_out = (u >= chance) & (u < 2 * chance) & MESSAGE[channel]

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
            Table.FLAGS,
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
            Table.FLAGS,
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
    answer_by = np.where(MESSAGE[channel], channel, channel_code(Channel.CALL))
    journal.write(
        Table.CONTACTS,
        rows,
        at_us=contacts.at_us[answered] + MICROSECONDS_PER_HOUR // 2,
        channel=answer_by,
        inbound=True,
        outcome=outcome_code(outcome),
        account=OPEN_END,
        promise_amount=np.nan,
        promise_due=OPEN_END,
        reason=OPEN_END,
        attitude=ATTITUDES.index(Attitude.HOSTILE),
        callback_us=OPEN_END,
        propensity=np.nan,
    )
