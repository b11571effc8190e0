"""What life and the lender do without any contact: promises lapse, hardship, deaths, closures, new debts."""

from dataclasses import dataclass

import numpy as np

from duewise.contracts.vocabulary import CloseReason, Table
from duewise.simulate.arrays import ALWAYS, Floats, Ints, choose_column
from duewise.simulate.calendar import MICROSECONDS_PER_DAY
from duewise.simulate.effects import fade
from duewise.simulate.journal import OPEN_END, Journal
from duewise.simulate.payments import CLOSE_REASONS, write_charges
from duewise.simulate.people import present_ability
from duewise.simulate.placement import place_new_debts
from duewise.simulate.promises import PROMISE_GRACE_DAYS, PROMISE_KEPT_SHARE
from duewise.simulate.state import Portfolio


@dataclass(frozen=True)
class Misfortune:
    """A flag that arises by itself: chance per day, what it does, how it is written."""

    flag: str
    daily: float
    lasts_days: int | None = None
    stops_contact: bool = True
    stops_paying: bool = False
    details: tuple[str, ...] = ("",)
    reported_late_days: int = 0


MISFORTUNES = (
    Misfortune("hardship", 0.00005, lasts_days=180, stops_contact=False),
    Misfortune("vulnerable", 0.00006, stops_contact=False),
    Misfortune("dispute", 0.00002, lasts_days=30),
    Misfortune("deceased", 0.00003, stops_paying=True, reported_late_days=20),
    Misfortune("bankruptcy", 0.00001, stops_paying=True, details=("personal",), reported_late_days=15),
    Misfortune("insolvency", 0.00002, stops_paying=True, reported_late_days=10),
    Misfortune("represented", 0.00004, details=("solicitor", "legal_aid")),
    Misfortune("cease_contact", 0.00003, details=("written", "oral")),
    Misfortune("identity_theft", 0.00002),
    Misfortune("breathing_space", 0.00003, lasts_days=60),
    Misfortune("debt_advice", 0.00004, lasts_days=120, stops_contact=False),
    Misfortune("military", 0.00001, lasts_days=700, stops_contact=False),
    Misfortune("quiet_hours", 0.00006, stops_contact=False, details=("12:00-14:00", "18:00-20:00")),
)
_BASE = np.array([m.daily for m in MISFORTUNES])
_HARDSHIP = [m.flag for m in MISFORTUNES].index("hardship")
_DISPUTE = [m.flag for m in MISFORTUNES].index("dispute")
HARDSHIP_WHEN_SHOCKED = 0.002
DISPUTE_WITH_GROUNDS = 0.001

CLOSURES = (
    (CloseReason.WITHDRAWN, 0.00008),
    (CloseReason.SOLD, 0.004),
    (CloseReason.WRITTEN_OFF, 0.003),
)
"""Chance per day; sale and write-off only after `CHARGE_OFF_DPD` days past due, or when nothing can come."""
CHARGE_OFF_DPD = 360


def begin_day(portfolio: Portfolio, day: int, journal: Journal | None) -> Ints:
    """Let the night pass: place new debts, fade memories, settle promises; return the debtors in play."""
    place_new_debts(portfolio, day, journal)
    fade(portfolio)
    rows = portfolio.in_play(day)
    _learn_of_payments(portfolio, day, rows)
    _settle_promises(portfolio, day, rows)
    write_charges(portfolio, day, rows, journal)
    _strike(portfolio, day, rows, journal)
    _close_accounts(portfolio, day, rows)
    return portfolio.in_play(day)


def _learn_of_payments(portfolio: Portfolio, day: int, rows: Ints) -> None:
    state = portfolio.state
    posted = rows[(state.pending_until[rows] <= day) & (state.pending[rows] > 0)]
    state.known_payment_day[posted] = state.last_payment_day[posted]
    state.pending[posted] = 0.0


def _settle_promises(portfolio: Portfolio, day: int, rows: Ints) -> None:
    """A promise is kept when nearly all of it came by the end of grace, else broken."""
    state = portfolio.state
    due = rows[day > state.promise_due[rows] + PROMISE_GRACE_DAYS]
    due = due[state.promise_amount[due] > 0]
    broken = due[state.promise_paid[due] < PROMISE_KEPT_SHARE * state.promise_amount[due]]
    state.promises_broken[broken] += 1
    state.broken_day[broken] = day
    state.promise_amount[due] = 0.0
    state.promise_binding[due] = 0.0


def _strike(portfolio: Portfolio, day: int, rows: Ints, journal: Journal | None) -> None:
    """Draw which debtors meet a misfortune today."""
    people, state, luck = portfolio.people, portfolio.state, portfolio.luck
    shocked = (present_ability(people, day, rows) < people.ability[rows]) & ~state.hardship[rows]
    grounds = people.has_grounds[rows]
    chance = _BASE.sum() + HARDSHIP_WHEN_SHOCKED * shocked + DISPUTE_WITH_GROUNDS * grounds
    hit = luck.uniform("misfortune", day, rows) < chance
    rows = rows[hit & ~state.inert[rows]]
    if len(rows) == 0:
        return
    shocked = (present_ability(people, day, rows) < people.ability[rows]) & ~state.hardship[rows]
    weights: Floats = np.tile(_BASE, (len(rows), 1))
    weights[:, _HARDSHIP] += HARDSHIP_WHEN_SHOCKED * shocked
    weights[:, _DISPUTE] += DISPUTE_WITH_GROUNDS * people.has_grounds[rows]
    which = choose_column(weights, luck.uniform("which_misfortune", day, rows))
    for code, misfortune in enumerate(MISFORTUNES):
        _apply(portfolio, day, rows[which == code], misfortune, journal)


def _apply(
    portfolio: Portfolio, day: int, rows: Ints, misfortune: Misfortune, journal: Journal | None
) -> None:
    if len(rows) == 0:
        return
    state, luck = portfolio.state, portfolio.luck
    late = (misfortune.reported_late_days * luck.uniform("reported_late", day, rows)).astype(np.int32)
    until = ALWAYS if misfortune.lasts_days is None else day + misfortune.lasts_days
    if misfortune.stops_contact:
        state.no_contact_until[rows] = np.maximum(state.no_contact_until[rows], until)
    if misfortune.stops_paying:
        state.inert[rows] = True
    if misfortune.flag == "hardship":
        state.hardship[rows] = True
    if journal is None:
        return
    # It is heard of today and dated back to when it happened.
    start = (day - late).astype(np.int64) * MICROSECONDS_PER_DAY
    details = np.array(misfortune.details)
    picked = (len(details) * luck.uniform("flag_detail", day, rows)).astype(int)
    journal.write(
        Table.FLAGS,
        rows,
        flag=misfortune.flag,
        starts_us=start,
        ends_us=OPEN_END if misfortune.lasts_days is None else until * MICROSECONDS_PER_DAY,
        account=OPEN_END,
        detail=details[picked],
        delay_days=late,
    )


def _close_accounts(portfolio: Portfolio, day: int, rows: Ints) -> None:
    """Withdraw, sell or write off accounts from which little can come."""
    state, luck = portfolio.state, portfolio.luck
    dpd = portfolio.days_past_due(day, rows)
    hopeless = (dpd > CHARGE_OFF_DPD) | state.inert[rows]
    rates = np.array([rate for _, rate in CLOSURES])
    chance = np.where(hopeless, rates.sum(), rates[0])
    closing = luck.uniform("closure", day, rows) < chance
    hopeless, rows = hopeless[closing], rows[closing]
    if len(rows) == 0:
        return
    weights = np.column_stack([np.full(len(rows), rates[0]), rates[1] * hopeless, rates[2] * hopeless])
    reasons = np.array([CLOSE_REASONS.index(reason) for reason, _ in CLOSURES])
    chosen = reasons[choose_column(weights, luck.uniform("close_reason", day, rows))]
    open_now = portfolio.open_accounts(rows)
    which, account = np.nonzero(open_now)
    state.closed_day[rows[which], account] = day
    state.close_reason[rows[which], account] = chosen[which]
    state.balance[rows[which], account] = 0.0
