"""One day of the portfolio, top to bottom."""

from dataclasses import dataclass

import numpy as np

from duewise.contracts.vocabulary import Table
from duewise.simulate.arrays import Floats, Ints
from duewise.simulate.contacts import contact_hours
from duewise.simulate.events import begin_day
from duewise.simulate.journal import Journal
from duewise.simulate.old_policy import NONE_CODE, choose, relative_balance
from duewise.simulate.payments import pay_chance, payments_if_made, post_payments
from duewise.simulate.responses import make_contacts
from duewise.simulate.state import Portfolio


@dataclass
class Decisions:
    """Actions given from outside, one row each: debtor's row, channel, time (microseconds, UTC)."""

    rows: Ints
    channel: Ints
    at_us: Ints


def play_day(
    portfolio: Portfolio, day: int, journal: Journal | None = None, decisions: Decisions | None = None
) -> None:
    """Let one day happen: the night's events, contacts (the usual policy's unless given), payments."""
    rows = begin_day(portfolio, day, journal)
    if decisions is None:
        follow_usual_policy(portfolio, day, rows, journal)
    else:
        deliver(portfolio, day, decisions.rows, decisions.channel, decisions.at_us, journal)
    owing = rows[portfolio.open_accounts(rows).any(axis=1)]
    chance, promise_share = pay_chance(portfolio, day, owing)
    paying = np.flatnonzero(portfolio.luck.uniform("pays", day, owing) < chance)
    payments = payments_if_made(portfolio, day, owing[paying], promise_share[paying])
    post_payments(portfolio, day, owing[paying], payments, journal)


def follow_usual_policy(portfolio: Portfolio, day: int, rows: Ints, journal: Journal | None) -> None:
    """Contact whom the usual policy chooses."""
    choice = choose(portfolio, day, rows)
    if journal is not None:
        noted = np.flatnonzero(choice.decided)
        journal.write(
            Table.ASSIGNMENTS,
            rows[noted],
            day=day,
            action=choice.action[noted],
            propensity=choice.propensity[noted],
        )
    picked = np.flatnonzero(choice.action != NONE_CODE)
    channel = choice.action[picked].astype(np.int64)
    deliver(
        portfolio,
        day,
        rows[picked],
        channel,
        contact_hours(portfolio, day, rows[picked], channel),
        journal,
        choice.propensity[picked],
    )


def deliver(
    portfolio: Portfolio,
    day: int,
    rows: Ints,
    channel: Ints,
    at_us: Ints,
    journal: Journal | None,
    propensity: Floats | None = None,
    outcome_luck: Floats | None = None,
) -> None:
    """Carry out the decided contacts that the world delivers; `outcome_luck` replaces the luck of the day."""
    # What staff cannot get through is left out, and they take the larger balances first.
    share = np.array(portfolio.world.delivery)[channel] ** np.exp(-0.5 * relative_balance(portfolio, rows))
    if outcome_luck is None:
        outcome_luck = portfolio.luck.uniform("outcome", day, rows)
    done = np.flatnonzero(portfolio.luck.uniform("delivered", day, rows) < share)
    make_contacts(
        portfolio,
        day,
        rows[done],
        channel[done],
        at_us[done],
        outcome_luck[done],
        journal,
        None if propensity is None else propensity[done],
    )
