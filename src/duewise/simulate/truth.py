"""What each action would truly bring: expected money per debtor and action, from the latent state.

The future is imagined many times. In every imagined future of a debtor the same luck meets every action, so
that two actions differ only through what they change. Whether a payment happens is not drawn but weighed:
each future carries the path on which nothing was paid yet, with the chance of still being on it, and one
path on which something was paid, drawn among those that branch off in proportion to their chance. Both are
unbiased; together they need some hundred times fewer futures than counting payments would.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from duewise.contracts.vocabulary import CHANNELS, NONE, Outcome
from duewise.errors import DataError
from duewise.simulate.arrays import Floats, Ints, choose_column
from duewise.simulate.calendar import day_date, day_number
from duewise.simulate.cells import debtor_ids
from duewise.simulate.contacts import contact_hours
from duewise.simulate.day import deliver, follow_usual_policy
from duewise.simulate.events import begin_day
from duewise.simulate.old_policy import NONE_CODE, choose
from duewise.simulate.outcomes import LIVE_OUTCOMES, SENT_OUTCOMES, outcome_probabilities
from duewise.simulate.payments import pay_chance, payments_if_made, post_payments
from duewise.simulate.people import present_ability
from duewise.simulate.saved import read_portfolio, read_recipe, replay
from duewise.simulate.state import Portfolio

PARTICLES_AT_ONCE = 200_000
_ATTENTION = {Outcome.PROMISE: 3.0, Outcome.RIGHT_PARTY: 1.5}
OUTCOME_ATTENTION = np.array([_ATTENTION.get(outcome, 0.5) for outcome in LIVE_OUTCOMES + SENT_OUTCOMES])
"""How much more often each outcome of tonight's action is tried than the root of its chance."""


@dataclass(frozen=True)
class TrueValues:
    """Expected money within the horizon, for debtors in scope and every action tonight.

    Attributes
    ----------
    debtor_id : ndarray of str, shape (n,)
    actions : tuple of str
        ``none`` first.
    money : ndarray of shape (n, actions)
        Expected recovery within `horizon_days` when the action is taken tonight, nobody is contacted for
        `decision_days`, and the usual policy goes on after that.
    """

    as_of: date
    horizon_days: int
    decision_days: int
    debtor_id: np.ndarray
    actions: tuple[str, ...]
    money: Floats

    @property
    def effects(self) -> Floats:
        """What each action adds to ``none``, shape (n, actions); the first column is zero."""
        result: Floats = self.money - self.money[:, :1]
        return result

    def frame(self) -> pd.DataFrame:
        """Return one row per debtor and action: debtor_id, action, expected money, effect."""
        n, k = self.money.shape
        return pd.DataFrame(
            {
                "debtor_id": np.repeat(self.debtor_id, k),
                "action": np.tile(np.array(self.actions), n),
                "money": self.money.ravel(),
                "effect": self.effects.ravel(),
            }
        )

    def value_of_plan(self, plan: pd.DataFrame) -> float:
        """Return the money that a plan (columns debtor_id, action) adds to contacting nobody.

        A debtor of the plan who is not in scope, or an action whose truth was not asked for, is an error;
        a debtor without a row is left alone.
        """
        row = pd.Series(np.arange(len(self.debtor_id)), index=self.debtor_id).reindex(plan["debtor_id"])
        column = pd.Series(np.arange(len(self.actions)), index=list(self.actions)).reindex(
            plan["action"].astype(str)
        )
        lost = row.isna().to_numpy() | column.isna().to_numpy()
        if lost.any():
            first = plan[lost].iloc[0]
            raise DataError(
                f"plan: no truth is known for {lost.sum():,} of {len(plan):,} rows, first "
                f"{first['debtor_id']} with {first['action']}."
            )
        return float(self.effects[row.to_numpy(np.int64), column.to_numpy(np.int64)].sum())


def true_effects(
    truth_path: Path,
    as_of: date | None = None,
    actions: Sequence[str] = CHANNELS,
    horizon_days: int = 30,
    decision_days: int = 7,
    futures: int = 16,
) -> TrueValues:
    """Return what each action on the night of `as_of` would truly bring.

    Parameters
    ----------
    truth_path : Path
        Folder written beside a sample.
    as_of : date, optional
        Night of the decision; the end of the sample unless given. An earlier night is replayed first.
    actions : sequence of str
        Channels to judge; ``none`` is always added.
    horizon_days, decision_days : int
        How long money counts, and how long nobody else contacts the debtor.
    futures : int
        Imagined futures per debtor and action. The error of one debtor's effect falls with their square root.
    """
    recipe = read_recipe(truth_path)
    day = recipe.last_day if as_of is None else day_number(as_of)
    if not recipe.first_day <= day <= recipe.last_day:
        raise DataError(
            f"{truth_path}: the sample runs from {day_date(recipe.first_day)} to "
            f"{day_date(recipe.last_day)}; {as_of} lies outside."
        )
    portfolio = read_portfolio(truth_path) if day == recipe.last_day else replay(recipe, day)
    return values_of_actions(portfolio, day, actions, horizon_days, decision_days, futures)


def values_of_actions(
    portfolio: Portfolio,
    day: int,
    actions: Sequence[str] = CHANNELS,
    horizon_days: int = 30,
    decision_days: int = 7,
    futures: int = 16,
) -> TrueValues:
    """Return what each action on the morning of `day` would truly bring; the portfolio stays as it is."""
    rows = portfolio.in_play(day)
    rows = rows[(portfolio.debts.placed_day[rows] < day).any(axis=1)]
    names = (NONE, *(str(action) for action in actions if str(action) != NONE))
    codes = [NONE_CODE] + [[str(c) for c in CHANNELS].index(name) for name in names[1:]]
    chunk = max(1, PARTICLES_AT_ONCE // (2 * futures))
    money = np.empty((len(rows), len(names)))
    for start in range(0, len(rows), chunk):
        part = slice(start, start + chunk)
        horizon = _Horizon(day, horizon_days, decision_days, futures)
        without, _ = _money_by_future(portfolio, rows[part], NONE_CODE, horizon)
        money[part, 0] = without.mean(axis=0)
        for column, code in enumerate(codes[1:], start=1):
            with_action, importance = _money_by_future(portfolio, rows[part], code, horizon)
            effect = importance * (with_action - without)
            money[part, column] = money[part, 0] + effect.mean(axis=0)
    ids = np.array(debtor_ids(portfolio, rows).to_pylist(), dtype=object)
    return TrueValues(day_date(day), horizon_days, decision_days, ids, names, money)


def usual_plan(portfolio: Portfolio, day: int) -> pd.DataFrame:
    """Return what the usual policy would do on `day` (columns debtor_id, action); nothing happens."""
    copy = portfolio.replicas(np.arange(len(portfolio)), portfolio.luck)
    rows = begin_day(copy, day, None)
    action = choose(copy, day, rows).action
    names = np.array([NONE, *(str(channel) for channel in CHANNELS)])
    return pd.DataFrame({"debtor_id": debtor_ids(copy, rows).to_pylist(), "action": names[action + 1]})


@dataclass(frozen=True)
class _Horizon:
    day: int
    horizon_days: int
    decision_days: int
    futures: int


def _money_by_future(
    portfolio: Portfolio, rows: Ints, action: int, horizon: _Horizon
) -> tuple[Floats, Floats]:
    """Return recovery and importance weight of every imagined future, both of shape (futures, rows)."""
    n, m = len(rows), len(rows) * horizon.futures
    source = np.tile(rows, 2 * horizon.futures)
    future = np.tile(np.repeat(np.arange(horizon.futures), n), 2)
    game = portfolio.replicas(source, portfolio.luck.imagine(source, future))
    # The first half has paid nothing since the decision; the second half holds those that have: nobody yet.
    weight = np.concatenate([np.ones(m), np.zeros(m)])
    game.state.balance[m:] = 0.0
    money, importance = np.zeros(m), np.ones(m)
    for today in range(horizon.day, horizon.day + horizon.horizon_days):
        in_play = begin_day(game, today, None)
        in_play = in_play[weight[in_play] > 0]
        if today == horizon.day and action != NONE_CODE:
            start = portfolio.luck.uniform("outcome_tonight", today, rows)
            spread = (start[in_play % n] + (in_play // n) / horizon.futures) % 1.0
            importance[in_play] = _act(game, today, in_play, action, spread)
        elif today >= horizon.day + horizon.decision_days:
            follow_usual_policy(game, today, in_play, None)
        money += _pay_in_expectation(game, today, in_play, weight)
    return money.reshape(-1, n), importance.reshape(-1, n)


def _act(game: Portfolio, day: int, in_play: Ints, action: int, spread: Floats) -> Floats:
    """Take tonight's action in every future; return the importance weights of the outcomes tried.

    What a debtor says when reached matters more than it is frequent, so those outcomes are tried more often
    than they occur, evenly over a debtor's futures, and weighed down accordingly.
    """
    channel = np.full(len(in_play), action, dtype=np.int64)
    at_us = contact_hours(game, day, in_play, channel)
    ability = present_ability(game.people, day, in_play)
    chance = outcome_probabilities(game, day, in_play, channel, at_us, ability)
    tried = np.sqrt(chance) * OUTCOME_ATTENTION
    tried /= tried.sum(axis=1, keepdims=True)
    outcome = choose_column(tried, spread)
    each = np.arange(len(in_play))
    middle = np.cumsum(chance, axis=1)[each, outcome] - chance[each, outcome] / 2
    deliver(game, day, in_play, channel, at_us, None, outcome_luck=middle)
    result: Floats = chance[each, outcome] / tried[each, outcome]
    return result


def _pay_in_expectation(game: Portfolio, day: int, in_play: Ints, weight: Floats) -> Floats:
    """Return today's expected money by future and let the paths that pay branch off; updates `weight`."""
    m = len(weight) // 2
    owing = in_play[game.open_accounts(in_play).any(axis=1)]
    chance, promise_share = pay_chance(game, day, owing)
    payments = payments_if_made(game, day, owing, promise_share)
    gain = weight[owing] * chance * payments.amount * ~payments.reversed

    unpaid = np.flatnonzero(owing < m)
    twin = owing[unpaid] + m
    branch = weight[owing[unpaid]] * chance[unpaid]
    weight[twin] += branch
    weight[owing[unpaid]] -= branch
    replaces = game.luck.uniform("branch", day, owing[unpaid]) * weight[twin] < branch
    newcomers, replaced = unpaid[replaces], twin[replaces]

    again = np.flatnonzero(owing >= m)
    again = again[game.luck.uniform("pays", day, owing[again]) < chance[again]]
    again = again[~np.isin(owing[again], replaced)]
    game.state.put(replaced, game.state.take(owing[newcomers]))
    payers = np.concatenate([replaced, owing[again]])
    post_payments(game, day, payers, payments.take(np.concatenate([newcomers, again])), None)
    result: Floats = np.bincount(owing % m, gain, m).astype(np.float64)
    return result
