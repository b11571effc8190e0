"""Who was contacted how in the past: a ladder by days past due, bent by what the collectors saw.

All that moves the choice is in the tables (days past due, balance, broken promises, posted payments, the
attitude noted last, the time since the last contact, consents and opt-outs) except `gut`, which is noise
unless the world hides a confounder. Hard cases get the harder channels, so that a naive comparison of
channels misleads.
"""

from dataclasses import dataclass

import numpy as np

from duewise.contracts.vocabulary import CHANNELS, Channel
from duewise.simulate.arrays import NEVER, Bools, Floats, Ints, choose_column
from duewise.simulate.calendar import MICROSECONDS_PER_DAY, DayKind, day_kind
from duewise.simulate.state import Portfolio

STAGE_BOUNDS = (31, 91, 181)
DAILY_RATE = np.array([0.120, 0.085, 0.055, 0.030])
"""Chance of a contact per working day, by stage."""

_STAGE_WEIGHT = np.array(
    # sms, email, push, ai_call, call, letter, visit, legal letter, litigation
    [
        [0.36, 0.11, 0.18, 0.20, 0.10, 0.03, 0.010, 0.010, 0.001],
        [0.25, 0.09, 0.11, 0.22, 0.20, 0.07, 0.030, 0.030, 0.002],
        [0.20, 0.08, 0.07, 0.17, 0.25, 0.10, 0.060, 0.070, 0.005],
        [0.17, 0.08, 0.06, 0.14, 0.22, 0.13, 0.070, 0.110, 0.020],
    ]
)
_BY_BROKEN = np.array([-0.5, -0.4, -0.5, 0.0, 0.6, 0.1, 0.5, 0.4, 0.3])
_BY_NEVER_PAID = np.array([-0.5, -0.3, -0.5, -0.1, 0.5, 0.2, 0.8, 1.2, 1.0])
_BY_BALANCE = np.array([-0.30, -0.15, -0.25, -0.10, 0.30, 0.10, 0.30, 0.05, 0.20])
_BY_GUT = np.array([-0.3, 0.0, -0.2, 0.0, 0.6, 0.1, 0.4, 0.3, 0.2])
_BY_HOSTILE = np.array([0.0, 0.1, 0.0, -0.2, 0.3, 0.1, 0.2, 0.5, 0.4])

NONE_CODE = -1
"""Action code of no contact; channels are their place in the vocabulary."""

RANDOMISED_EVERY_DAYS = 7


@dataclass
class Choice:
    """Action per row (`NONE_CODE` or a channel) and the chance with which it was taken (NaN: not logged)."""

    action: Ints
    propensity: Floats
    decided: Bools
    """Rows whose decision is written down as an assignment."""


def contactable(portfolio: Portfolio, day: int, rows: Ints) -> Bools:
    """Return which channels may be used, shape (rows, channels): known points, no opt-out, no stop."""
    state, people = portfolio.state, portfolio.people
    allowed = people.usable[rows] & ~state.opted_out[rows]
    allowed[:, CHANNELS.index(Channel.AI_CALL)] &= people.consents_ai[rows]
    allowed &= (state.no_contact_until[rows] <= day)[:, None]
    result: Bools = allowed
    return result


def choose(portfolio: Portfolio, day: int, rows: Ints) -> Choice:
    """Return the usual policy's decision for tonight."""
    if portfolio.world.randomised:
        return _choose_uniformly(portfolio, day, rows)
    return _choose_by_ladder(portfolio, day, rows)


def _choose_uniformly(portfolio: Portfolio, day: int, rows: Ints) -> Choice:
    luck, world = portfolio.luck, portfolio.world
    action = np.full(len(rows), NONE_CODE, dtype=np.int8)
    propensity = np.full(len(rows), np.nan)
    decided = (portfolio.people.index[rows] + day) % RANDOMISED_EVERY_DAYS == 0
    turn = np.flatnonzero(decided)
    allowed = contactable(portfolio, day, rows[turn])
    n_allowed = allowed.sum(axis=1)
    none = np.where(n_allowed > 0, world.randomised_none, 1.0)
    weights = np.column_stack([none, allowed * ((1 - none) / np.maximum(n_allowed, 1))[:, None]])
    chosen = choose_column(weights, luck.uniform("randomised_action", day, rows[turn]))
    action[turn] = chosen - 1
    propensity[turn] = weights[np.arange(len(turn)), chosen]
    return Choice(action, propensity, decided)


def _choose_by_ladder(portfolio: Portfolio, day: int, rows: Ints) -> Choice:
    kind = day_kind(day)
    action = np.full(len(rows), NONE_CODE, dtype=np.int8)
    unlogged = np.full(len(rows), np.nan)
    undecided = np.zeros(len(rows), dtype=bool)
    if not _at_work(portfolio, kind):
        return Choice(action, unlogged, undecided)
    rate = _contact_rate(portfolio, day, rows) * (0.4 if kind.weekday == 5 else 1.0)
    picked = np.flatnonzero(portfolio.luck.uniform("contacted", day, rows) < rate)
    weights = _channel_weights(portfolio, day, rows[picked])
    possible = weights.any(axis=1)
    picked, weights = picked[possible], weights[possible]
    if len(picked):
        action[picked] = choose_column(weights, portfolio.luck.uniform("channel", day, rows[picked]))
    return Choice(action, unlogged, undecided)


def _at_work(portfolio: Portfolio, kind: DayKind) -> bool:
    return kind.office_open and not (portfolio.world.early_payers and kind.weekday not in (2, 3, 4))


def relative_balance(portfolio: Portfolio, rows: Ints) -> Floats:
    """Return the log of the known balance against a typical one, clipped."""
    known = portfolio.balance(rows) + portfolio.state.pending[rows]
    typical = 9000.0 * portfolio.world.balance_scale
    return np.clip(np.log(np.maximum(known, 1e-2) / typical), -2.5, 2.5)


def _stage(portfolio: Portfolio, day: int, rows: Ints) -> Ints:
    return np.searchsorted(STAGE_BOUNDS, portfolio.days_past_due(day, rows), side="right")


def _contact_rate(portfolio: Portfolio, day: int, rows: Ints) -> Floats:
    state = portfolio.state
    recently_paid = day - state.known_payment_day[rows] <= 14
    promise_open = state.promise_due[rows] >= day
    log_factor = (
        0.20 * relative_balance(portfolio, rows)
        + 0.5 * np.minimum(state.promises_broken[rows], 2)
        - 1.3 * recently_paid
        + 0.5 * (state.known_payment_day[rows] == NEVER)
        - 1.8 * promise_open
        + 0.25 * portfolio.people.gut[rows]
    )
    rate = DAILY_RATE[_stage(portfolio, day, rows)] * np.exp(log_factor) * portfolio.world.contact_rate
    rate = np.where(day - state.broken_day[rows] <= 2, np.maximum(rate, 0.35), rate)
    rate = np.where(state.callback_day[rows] == day, 0.8, rate)
    rested = day - state.last_contact_us[rows] // MICROSECONDS_PER_DAY >= 3
    return np.where(rested | (state.callback_day[rows] == day), np.minimum(rate, 0.8), 0.0)


def _channel_weights(portfolio: Portfolio, day: int, rows: Ints) -> Floats:
    state = portfolio.state
    score = (
        np.minimum(state.promises_broken[rows], 2)[:, None] * _BY_BROKEN
        + (state.known_payment_day[rows] == NEVER)[:, None] * _BY_NEVER_PAID
        + relative_balance(portfolio, rows)[:, None] * _BY_BALANCE
        + portfolio.people.gut[rows][:, None] * _BY_GUT
        + state.hostile_seen[rows][:, None] * _BY_HOSTILE
    )
    weights = _STAGE_WEIGHT[_stage(portfolio, day, rows)] * np.exp(score)
    weights = weights * np.array(portfolio.world.channel_weight)
    result: Floats = weights * contactable(portfolio, day, rows)
    called_back = state.callback_day[rows] == day
    result[called_back] *= np.isin(CHANNELS, [Channel.CALL])
    return result
