"""Journals of payments, contacts, flags and assignments as rows of the contract."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duewise.contracts.vocabulary import CHANNELS, NONE, Cell, Channel, Direction, Outcome, Table
from duewise.simulate.calendar import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR
from duewise.simulate.cells import (
    account_ids,
    codes_to_text,
    days,
    debtor_ids,
    numbered,
    numbers,
    times,
    where,
)
from duewise.simulate.conversations import ATTITUDES
from duewise.simulate.debts import REASONS
from duewise.simulate.journal import KINDS, OPEN_END, OUTCOMES, Journal
from duewise.simulate.state import Portfolio
from duewise.simulate.world import by_channel

N_AGENTS = 48
POLICY_NAMES = {False: "ladder_2019", True: "uniform_v1"}

UNIT_COST = {
    Channel.SMS: 0.05,
    Channel.EMAIL: 0.01,
    Channel.APP_PUSH: 0.01,
    Channel.AI_CALL: 0.35,
    Channel.CALL: 2.2,
    Channel.LETTER: 4.5,
    Channel.VISIT: 120.0,
    Channel.LEGAL_LETTER: 18.0,
    Channel.LITIGATION: 420.0,
}
COST_PER_SECOND = {Channel.AI_CALL: 0.002, Channel.CALL: 0.012}
POINTS = {
    Channel.SMS: "T",
    Channel.AI_CALL: "T",
    Channel.CALL: "T",
    Channel.EMAIL: "E",
    Channel.APP_PUSH: "P",
    Channel.LETTER: "L",
    Channel.VISIT: "L",
    Channel.LEGAL_LETTER: "L",
    Channel.LITIGATION: "L",
}
NOTES = {
    Outcome.NO_ANSWER: "无人接听，择时再联系。",
    Outcome.WRONG_PARTY: "非本人接听，未透露债务信息。",
    Outcome.RIGHT_PARTY: "本人接听，已告知欠款情况。",
    Outcome.PROMISE: "本人承诺按期还款，已约定日期。",
    Outcome.REFUSAL: "本人拒绝还款，态度见记录。",
    Outcome.DISPUTE: "本人对金额有异议，转人工核实。",
    Outcome.HARDSHIP: "本人称经济困难，建议协商分期。",
    Outcome.COMPLAINT: "本人投诉催收方式，已登记。",
    Outcome.OPT_OUT: "本人要求不再通过此方式联系。",
}

METHODS = ("wallet", "transfer", "direct_debit")
"""Ways to pay, by the days until the books know of it: at once, the next day, later."""

_CONTACT_SLOTS = 10
_PAYMENT_SLOTS = 100


_SAME_DAY = [OUTCOMES.index(o) for o in (Outcome.OPT_OUT, Outcome.COMPLAINT, Outcome.DISPUTE)]
"""Outcomes that bind the lender at once are typed in on the same day."""


def payment_rows(portfolio: Portfolio, journal: Journal) -> pa.Table:
    """Return the payments of a journal."""
    events = journal.columns(Table.PAYMENTS)
    person, at_us, kind = events["person"], events["at_us"], events["kind"]
    day = at_us // MICROSECONDS_PER_DAY - portfolio.first_day
    # One booking per debtor, day, account and kind.
    slot = events["account"] * len(KINDS) + kind
    number = (portfolio.people.index[person].astype(np.int64) * 10_000 + day) * _PAYMENT_SLOTS + slot
    posted_us = at_us + events["delay_days"].astype(np.int64) * MICROSECONDS_PER_DAY
    return pa.table(
        {
            "payment_id": numbered("P", number, 13),
            "account_id": account_ids(portfolio, person, events["account"]),
            "at": times(at_us),
            "amount": numbers(events["amount"]),
            "kind": codes_to_text(kind, KINDS),
            "method": codes_to_text(np.minimum(events["delay_days"], len(METHODS) - 1), METHODS),
            "recorded_at": times(posted_us + 2 * MICROSECONDS_PER_HOUR),
        }
    )


def contact_rows(portfolio: Portfolio, journal: Journal) -> pa.Table:
    """Return the contacts of a journal."""
    events = journal.columns(Table.CONTACTS)
    luck = portfolio.luck
    person, at_us, channel = events["person"], events["at_us"], events["channel"]
    inbound, outcome = events["inbound"], events["outcome"]
    day, hour = at_us // MICROSECONDS_PER_DAY, at_us % MICROSECONDS_PER_DAY // MICROSECONDS_PER_HOUR
    number = (
        portfolio.people.index[person].astype(np.int64) * 10_000 + day - portfolio.first_day
    ) * _CONTACT_SLOTS
    human = np.isin(channel, [CHANNELS.index(c) for c in (Channel.CALL, Channel.VISIT)])
    machine = channel == CHANNELS.index(Channel.AI_CALL)
    message = channel <= CHANNELS.index(Channel.APP_PUSH)
    talk = np.isin(outcome, [OUTCOMES.index(o) for o in NOTES if o is not Outcome.NO_ANSWER])
    seconds = np.round(np.exp(0.5 * luck.normal("duration", day, person)) * np.where(talk, 140, 22))
    seconds = np.where((human | machine) & ~inbound, seconds * np.where(machine, 0.4, 1.0), np.nan).round()
    cost = by_channel(UNIT_COST, channel) + by_channel(COST_PER_SECOND, channel) * np.nan_to_num(seconds)
    agent = np.where(human, (N_AGENTS * luck.uniform("agent", day, person)).astype(int), OPEN_END)
    template = np.where(message & ~inbound, (4 * luck.uniform("template", day, person)).astype(int), OPEN_END)
    noted = human & (luck.uniform("noted", day, person) < 0.3)
    note_codes = np.array([list(NOTES).index(o) if o in NOTES else OPEN_END for o in OUTCOMES])
    typed_late = luck.uniform("typed_late", day, person)
    late_days = np.where(inbound | ~human | (typed_late < 0.85), 0, np.where(typed_late < 0.95, 1, 3))
    late_days = np.where(np.isin(outcome, _SAME_DAY), 0, late_days)
    logged = ~np.isnan(events["propensity"])
    return pa.table(
        {
            # West of Greenwich an evening ends on the next UTC day; six hours tell it from that day's own.
            "contact_id": numbered("C", number + 2 * (hour // 6) + inbound, 12),
            "debtor_id": debtor_ids(portfolio, person),
            "at": times(at_us),
            "channel": codes_to_text(channel, CHANNELS),
            "direction": codes_to_text(inbound.astype(int), [Direction.OUTBOUND, Direction.INBOUND]),
            "outcome": codes_to_text(outcome, OUTCOMES),
            "account_id": account_ids(portfolio, person, events["account"]),
            "promise_amount": numbers(events["promise_amount"]),
            "promise_due_on": days(events["promise_due"], events["promise_due"] >= 0),
            "stated_reason": codes_to_text(events["reason"], REASONS),
            "attitude": codes_to_text(events["attitude"], ATTITUDES),
            "agent_id": codes_to_text(agent, [f"G{i + 1:03d}" for i in range(N_AGENTS)]),
            "duration_s": numbers(seconds),
            "cost": numbers(np.where(inbound, 0.0, np.round(cost, 2))),
            "contact_point": pc.binary_join_element_wise(
                codes_to_text(channel, [POINTS[c] for c in CHANNELS]),
                numbered("", portfolio.people.index[person], 7),
                "",
            ),
            "callback_at": times(events["callback_us"], events["callback_us"] >= 0),
            "offer": pa.nulls(len(person), pa.string()),
            "template": codes_to_text(template, [f"t{i + 1}" for i in range(4)]),
            "propensity": numbers(events["propensity"]),
            "policy": codes_to_text(
                np.where(inbound, OPEN_END, logged.astype(int)), [POLICY_NAMES[False], POLICY_NAMES[True]]
            ),
            "note": codes_to_text(np.where(noted, note_codes[outcome], OPEN_END), list(NOTES.values())),
            "recorded_at": times(at_us + late_days * MICROSECONDS_PER_DAY + MICROSECONDS_PER_HOUR),
        }
    )


def flag_rows(portfolio: Portfolio, journal: Journal) -> pa.Table:
    """Return the flags of a journal."""
    events = journal.columns(Table.FLAGS)
    person, starts, ends = events["person"], events["starts_us"], events["ends_us"]
    detail = pa.array(events["detail"].astype(object), pa.string())
    recorded = starts + events["delay_days"].astype(np.int64) * MICROSECONDS_PER_DAY + MICROSECONDS_PER_HOUR
    return pa.table(
        {
            "debtor_id": debtor_ids(portfolio, person),
            "flag": pa.array(events["flag"].astype(object), pa.string()),
            "starts_at": times(starts),
            "ends_at": times(ends, ends >= 0),
            "account_id": account_ids(portfolio, person, events["account"]),
            "detail": where(events["detail"] != "", detail),
            "recorded_at": times(recorded),
        }
    )


def assignment_rows(portfolio: Portfolio, journal: Journal) -> pa.Table:
    """Return what randomised nights decided."""
    events = journal.columns(Table.ASSIGNMENTS)
    n = len(events["person"])
    return pa.table(
        {
            "debtor_id": debtor_ids(portfolio, events["person"]),
            "as_of": days(events["day"]),
            "action": codes_to_text(events["action"] + 1, [NONE, *CHANNELS]),
            "propensity": numbers(events["propensity"]),
            "policy": pa.array([POLICY_NAMES[True]]).take(pa.array(np.zeros(n, dtype=np.int32))),
            "cell": pa.array([str(Cell.EXPLORE)]).take(pa.array(np.zeros(n, dtype=np.int32))),
        }
    )


def event_rows(portfolio: Portfolio, journal: Journal) -> dict[Table, pa.Table]:
    """Return the rows of the event tables; assignments only where the world decides at random."""
    rows = {
        Table.PAYMENTS: payment_rows(portfolio, journal),
        Table.CONTACTS: contact_rows(portfolio, journal),
        Table.FLAGS: flag_rows(portfolio, journal),
    }
    if portfolio.world.randomised:
        rows[Table.ASSIGNMENTS] = assignment_rows(portfolio, journal)
    return rows
