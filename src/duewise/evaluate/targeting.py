"""How well an order of priority finds the people whom an action changes, under a budget.

Average outcomes cannot tell that: an order that puts people first who pay anyway looks splendid by money
received and adds none. So the curves are made of doubly robust scores of the *change*.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duewise.evaluate.bootstrap import DRAWS, LEVEL, Estimate, bootstrap, percentile_estimate
from duewise.evaluate.metrics import dense_rank, summed

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

BUDGETS = tuple(np.round(np.linspace(0.1, 1.0, 10), 2).tolist())
GRID = np.linspace(0.0, 1.0, 101)
"""Budget shares over which areas are taken."""


@dataclass(frozen=True)
class TargetingCurve:
    """Money gained per person as the budget grows, and what the order of priority adds to chance.

    Attributes
    ----------
    budget : tuple of float
        Share of what acting on everybody would cost.
    gain : tuple of Estimate
        Money gained per person of the population when the budget is spent in order of priority.
    at_random : tuple of Estimate
        The same budget spent without looking: a straight line to the gain of acting on everybody.
    area : Estimate
        Mean over all budgets of `gain` less `at_random`: the Qini coefficient. Zero for an order that knows
        nothing, negative for one that finds the wrong people.
    autoc : Estimate
        Mean over all budgets of the gain per unit of budget less that of everybody: like `area` with more
        weight on the first people, for few and strong responders.
    """

    budget: tuple[float, ...]
    gain: tuple[Estimate, ...]
    at_random: tuple[Estimate, ...]
    area: Estimate
    autoc: Estimate


def targeting_curve(
    gain: Floats,
    priority: Floats,
    cost: Floats,
    debtor: Ints,
    weight: Floats | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> TargetingCurve:
    """Return the curve of an order of priority that was learned on other rows.

    With all costs alike, `area` and `autoc` are the QINI and AUTOC of rank-weighted average treatment effects
    (Yadlowsky, Fleming, Shah, Brunskill & Wager 2025, JASA 120(549)); with costs, the curve is the Qini curve
    of Sverdrup, Wu, Athey & Wager 2025 (J. Causal Inference 13(1)) for one action per person. Intervals by
    resampling debtors.

    Parameters
    ----------
    gain : ndarray of shape (n,)
        Doubly robust score of what acting on the row changes, in money.
    priority : ndarray of shape (n,)
        Highest first; equal ones share the budget evenly. For a budget, expected gain per unit of cost.
    cost : ndarray of shape (n,)
        Of acting on the row, positive.
    debtor : ndarray of int, shape (n,)
    weight : ndarray of shape (n,), optional
        Sample weight.

    Examples
    --------
    Half of the people gain 2 each, at a cost of 1; an order that knows them gets all with half the money:

    >>> import numpy as np
    >>> gain, ones = np.tile([2.0, 0.0], 500), np.ones(1000)
    >>> curve = targeting_curve(gain, priority=gain, cost=ones, debtor=np.arange(1000))
    >>> round(curve.gain[4].value, 2), round(curve.at_random[4].value, 2), round(curve.area.value, 2)
    (1.0, 0.5, 0.25)
    """
    if not (cost > 0.0).all():
        raise ValueError("every cost must be positive: what is free needs no priority.")
    rank = dense_rank(-priority)
    base = np.ones(len(gain)) if weight is None else weight
    budgets = np.array(BUDGETS)

    def statistics(times: Floats) -> Floats:
        w = times * base
        spent = np.r_[0.0, np.cumsum(summed(rank, w * cost))]
        won = np.r_[0.0, np.cumsum(summed(rank, w * gain))] / w.sum()
        share = spent / spent[-1]
        above = np.interp(GRID, share, won) - GRID * won[-1]
        areas = [np.trapezoid(above, GRID), np.mean(above[1:] / GRID[1:])]
        return np.concatenate([np.interp(budgets, share, won), budgets * won[-1], areas])

    point, drawn = bootstrap(statistics, debtor, draws=draws, seed=seed)
    found = [percentile_estimate(point[k], drawn[:, k], LEVEL) for k in range(len(point))]
    k = len(BUDGETS)
    return TargetingCurve(BUDGETS, tuple(found[:k]), tuple(found[k : 2 * k]), found[2 * k], found[2 * k + 1])
