"""When and how much people pay: a daily hazard from traits, payday, promises and remembered contacts."""

from dataclasses import dataclass

import numpy as np

from duewise.contracts.vocabulary import CloseReason, PaymentKind, Table
from duewise.simulate.arrays import Bools, Columns, Floats, Ints, sigmoid
from duewise.simulate.calendar import DAYS_PER_YEAR, MICROSECONDS_PER_DAY, DayKind, day_kind
from duewise.simulate.debts import BEARS_CHARGES
from duewise.simulate.journal import KINDS, Journal
from duewise.simulate.people import People, disposable_income, present_ability
from duewise.simulate.state import Portfolio

REVERSED_SHARE = 0.015
"""Share of payments that bounce and are reversed some days later."""
REVERSAL_DAYS = 3
SMALLEST_PAYMENT_SHARE = 0.98
"""A payment of nearly all that is owed pays all of it."""

CLOSE_REASONS = tuple(CloseReason)

_DPD_KNOTS = (0, 15, 30, 60, 90, 180, 360, 720)
_DPD_LOG_HAZARD = (0.40, 0.30, 0.18, 0.05, -0.05, -0.18, -0.38, -0.7)
_POSTING_SHARES = np.cumsum([0.42, 0.28, 0.14, 0.09, 0.04])
"""Share of payments that post after 0, 1, … days."""
_DAY_OF_WEEK = np.array([1.05, 1.05, 1.0, 1.0, 1.1, 0.9, 0.75])
_EARLY_DAY_OF_WEEK = np.array([2.6, 1.8, 0.7, 0.5, 0.5, 0.3, 0.3])


@dataclass
class Payments(Columns):
    """Payments that would be made today, one per row; whether they are is another matter."""

    account: Ints
    amount: Floats
    waived: Floats
    """Given up by the lender when a settlement is paid."""
    reversed: Bools
    """The payment bounces: no money is recovered."""


def typical_payment(means: Floats, luck: Floats) -> Floats:
    """Return the size of a partial payment from monthly means and a standard normal number."""
    result: Floats = 0.6 * means * np.exp(0.5 * luck)
    return result


def pay_chance(portfolio: Portfolio, day: int, rows: Ints) -> tuple[Floats, Floats]:
    """Return the chance that each debtor pays today, and the share of it due to an open promise."""
    people, state, world = portfolio.people, portfolio.state, portfolio.world
    kind = day_kind(day)
    ability = present_ability(people, day, rows)
    means = disposable_income(people, ability, rows)
    since_payment = day - state.last_payment_day[rows]
    burden = np.log(np.maximum(portfolio.balance(rows), 1e-2) / (means * world.balance_scale))
    log_hazard = (
        world.log_hazard
        + world.log_hazard_drift * (day - portfolio.first_day) / DAYS_PER_YEAR
        + np.interp(portfolio.days_past_due(day, rows), _DPD_KNOTS, _DPD_LOG_HAZARD)
        + 0.40 * ability
        + 0.60 * people.willingness[rows]
        - 1.1 * people.forgetful[rows]
        - 0.18 * np.clip(burden - 1.8, -3, 3)
        + _payday_lift(people, kind, rows)
        - 1.6 * (since_payment < 10)
        + 0.9 * ((since_payment >= 20) & (since_payment < 70))
        - 1.5 * (state.dispute_until[rows] > day)
        + state.boost[rows].sum(axis=1)
    )
    weekday = (_EARLY_DAY_OF_WEEK if world.early_payers else _DAY_OF_WEEK)[kind.weekday]
    hazard = np.exp(np.minimum(log_hazard, 0.5)) * weekday * (0.6 if kind.holiday else 1.0)
    days_to_due = state.promise_due[rows] - day
    near_due = np.select([days_to_due == 0, np.abs(days_to_due) == 1], [0.5, 0.25], 0.0)
    by_promise = state.promise_binding[rows] * near_due
    able = ~state.inert[rows] & (state.no_payment_until[rows] <= day)
    total = (hazard + by_promise) * able
    return -np.expm1(-total), by_promise / np.maximum(hazard + by_promise, 1e-12)


def _payday_lift(people: People, kind: DayKind, rows: Ints) -> Floats:
    since = (kind.day_of_month - people.payday[rows]) % 30
    lift = np.select([since <= 2, since <= 6], [1.2, 0.5], -0.35)
    return lift * people.payday_strength[rows]


def payments_if_made(portfolio: Portfolio, day: int, rows: Ints, promise_share: Floats) -> Payments:
    """Return what each would pay today: all, an affordable part, what was promised, or a settlement."""
    people, state, luck = portfolio.people, portfolio.state, portfolio.luck
    account = portfolio.oldest_account(rows)
    owed = state.balance[rows, account]
    means = disposable_income(people, present_ability(people, day, rows), rows)
    # However large the debt, now and then all of it is paid: a house is sold, a family helps.
    pays_all = 0.02 + 0.98 * sigmoid(0.1 + 1.1 * np.log(2.5 * means / np.maximum(owed, 1e-2)))
    part = typical_payment(means, luck.normal("payment_size", day, rows))
    amount = np.where(luck.uniform("pays_all", day, rows) < pays_all, owed, np.minimum(part, owed))
    promised = luck.uniform("pays_promise", day, rows) < promise_share
    amount = np.where(promised, np.minimum(state.promise_amount[rows], owed), amount)
    amount = np.where(amount >= SMALLEST_PAYMENT_SHARE * owed, owed, np.maximum(np.round(amount, 2), 0.01))
    bounces = luck.uniform("reversed", day, rows) < REVERSED_SHARE
    settles = (
        (amount == owed)
        & (day - portfolio.debts.past_due_day[rows, account] > 180)
        & (luck.uniform("settles", day, rows) < 0.35)
        & ~bounces
    )
    paid = np.where(settles, np.maximum(np.round(0.6 * owed, 2), 0.01), amount)
    return Payments(
        account=account,
        amount=np.minimum(paid, owed),
        waived=np.where(settles, np.maximum(np.round(owed - paid, 2), 0.0), 0.0),
        reversed=bounces,
    )


def post_payments(
    portfolio: Portfolio, day: int, rows: Ints, payments: Payments, journal: Journal | None
) -> None:
    """Book payments that are made today: balances, promises kept, accounts closed, rows written."""
    if len(rows) == 0:
        return
    state, luck = portfolio.state, portfolio.luck
    posted_after = np.searchsorted(_POSTING_SHARES, luck.uniform("posting", day, rows))
    if portfolio.world.early_payers:
        posted_after = np.zeros_like(posted_after)
    posted_day = day + posted_after
    gone = payments.amount + payments.waived
    kept = ~payments.reversed
    account, settled = payments.account, payments.waived > 0

    left = np.maximum(np.round(state.balance[rows, account] - gone, 2), 0.0)
    state.balance[rows[kept], account[kept]] = left[kept]
    done = kept & (left == 0)
    state.closed_day[rows[done], account[done]] = posted_day[done]
    reason = np.where(
        settled, CLOSE_REASONS.index(CloseReason.SETTLED), CLOSE_REASONS.index(CloseReason.PAID)
    )
    state.close_reason[rows[done], account[done]] = reason[done]

    still_pending = np.where(state.pending_until[rows] > day, state.pending[rows], 0.0)
    state.pending[rows] = still_pending + gone * kept
    state.pending_until[rows] = np.where(kept, posted_day + 1, state.pending_until[rows])
    state.last_payment_day[rows] = day
    state.no_payment_until[rows] = np.where(kept, state.no_payment_until[rows], day + REVERSAL_DAYS + 2)
    state.promise_paid[rows] += payments.amount * kept
    if journal is not None:
        _write(portfolio, day, rows, payments, posted_after, journal)


def _write(
    portfolio: Portfolio, day: int, rows: Ints, payments: Payments, posted_after: Ints, journal: Journal
) -> None:
    # A payment on the day of a contact comes after it: the contact can only change what is still to come.
    start = np.maximum(portfolio.state.last_contact_us[rows], day * MICROSECONDS_PER_DAY)
    end = day * MICROSECONDS_PER_DAY + MICROSECONDS_PER_DAY * 2 // 3
    at_us = (start + (end - start) * portfolio.luck.uniform("payment_hour", day, rows)).astype(np.int64)

    def write(chosen: Bools, kind: PaymentKind, amount: Floats, later_days: int = 0) -> None:
        journal.write(
            Table.PAYMENTS,
            rows[chosen],
            account=payments.account[chosen],
            at_us=at_us[chosen] + later_days * MICROSECONDS_PER_DAY,
            amount=amount[chosen],
            kind=KINDS.index(kind),
            delay_days=posted_after[chosen],
        )

    write(np.ones(len(rows), dtype=bool), PaymentKind.PAYMENT, payments.amount)
    write(payments.waived > 0, PaymentKind.WAIVER, payments.waived)
    write(payments.reversed, PaymentKind.REVERSAL, payments.amount, later_days=REVERSAL_DAYS)


def write_charges(portfolio: Portfolio, day: int, rows: Ints, journal: Journal | None) -> None:
    """Charge monthly interest on cards and microloans for the first quarter after placement."""
    debts, state = portfolio.debts, portfolio.state
    age = day - debts.placed_day[rows]
    due = (
        (age > 0)
        & (age % 30 == 0)
        & (age <= 90)
        & BEARS_CHARGES[debts.product[rows]]
        & portfolio.open_accounts(rows)
        # While a payment is being reversed the books and the truth differ: nothing is charged meanwhile.
        & (state.no_payment_until[rows] <= day)[:, None]
    )
    which, account = np.nonzero(due)
    person = rows[which]
    amount = np.round(0.012 * state.balance[person, account], 2)
    charged = amount > 0
    person, account, amount = person[charged], account[charged], amount[charged]
    state.balance[person, account] = np.round(state.balance[person, account] + amount, 2)
    if journal is not None:
        journal.write(
            Table.PAYMENTS,
            person,
            account=account,
            at_us=day * MICROSECONDS_PER_DAY,
            amount=amount,
            kind=KINDS.index(PaymentKind.CHARGE),
            delay_days=0,
        )
