"""What a debtor says when spoken to: a reason, an attitude, a wish to be called back."""

import numpy as np

from duewise.contracts.vocabulary import Attitude, Outcome, StatedReason
from duewise.simulate.arrays import Floats, Ints, choose_column
from duewise.simulate.calendar import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR
from duewise.simulate.contacts import Contacts
from duewise.simulate.debts import REASONS
from duewise.simulate.journal import OPEN_END, outcome_code
from duewise.simulate.state import Portfolio

ATTITUDES = tuple(Attitude)
REASON_CODES = np.array(
    [
        REASONS.index(reason)
        for reason in (
            StatedReason.NO_MONEY,
            StatedReason.LOST_JOB,
            StatedReason.ILLNESS,
            StatedReason.FORGOT,
            StatedReason.DISPUTES_DEBT,
            StatedReason.WILL_NOT,
            StatedReason.OTHER,
        )
    ]
)
"""Journal code of each reason that `converse` weighs."""


def converse(portfolio: Portfolio, day: int, contacts: Contacts, ability: Floats) -> tuple[Ints, Ints]:
    """Return the reason stated and the attitude noted, `OPEN_END` where nobody was spoken to."""
    people, state, luck = portfolio.people, portfolio.state, portfolio.luck
    reason = np.full(len(contacts.rows), OPEN_END, dtype=np.int8)
    attitude = np.full(len(contacts.rows), OPEN_END, dtype=np.int8)
    talked = np.flatnonzero(contacts.spoken)
    rows = contacts.rows[talked]

    temper = (
        luck.normal("temper", day, rows) * 0.5 + 1.8 * people.hostile[rows] - 0.5 * people.willingness[rows]
    )
    hostile, cooperative, neutral = (
        ATTITUDES.index(a) for a in (Attitude.HOSTILE, Attitude.COOPERATIVE, Attitude.NEUTRAL)
    )
    noted = np.select([temper > 0.9, temper < 0.15], [hostile, cooperative], neutral)
    attitude[talked] = noted
    state.hostile_seen[rows] = noted == hostile

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
    told = luck.uniform("tells_reason", day, rows) < 0.7
    meant = REASON_CODES[choose_column(weights, luck.uniform("reason", day, rows))]
    reason[talked] = np.where(told, meant, OPEN_END)
    return reason, attitude


def ask_for_callback(portfolio: Portfolio, day: int, contacts: Contacts) -> Ints:
    """Return when each debtor asks to be called, in microseconds; `OPEN_END` where nobody asks."""
    asked_us = np.full(len(contacts.rows), OPEN_END, dtype=np.int64)
    talked = np.flatnonzero(contacts.outcome == outcome_code(Outcome.RIGHT_PARTY))
    rows = contacts.rows[talked]
    wants = portfolio.luck.uniform("wants_callback", day, rows) < 0.12
    rows, talked = rows[wants], talked[wants]
    on = day + 1 + (4 * portfolio.luck.uniform("callback_day", day, rows)).astype(np.int32)
    hour = (1 + 11 * portfolio.luck.uniform("callback_hour", day, rows)).astype(np.int64)
    portfolio.state.callback_day[rows] = on
    asked_us[talked] = on.astype(np.int64) * MICROSECONDS_PER_DAY + hour * MICROSECONDS_PER_HOUR
    return asked_us
