"""The nightly experiment: who is left alone, whose action is drawn by lot, and with what probability.

A debtor keeps the cell for a whole period, drawn by a keyed hash: nobody can steer it, and a rerun draws
the same. Explorers draw one after another in hash order, each among the permitted actions that still have
room; the probability that is logged is the one at the moment of the draw, so it is exact under
capacities (each draw is randomised given the draws before it).
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.config import CellsSection
from duewise.contracts.vocabulary import Cell

_UNIT = float(2**64)


def keyed_uniform(seed: str, purpose: str, period: int, debtor_ids: Sequence[str]) -> NDArray[np.float64]:
    """Return one number in [0, 1) per debtor, fixed by seed, purpose, period and debtor alone.

    Parameters
    ----------
    seed : str
        Secret of the portfolio.
    purpose : str
        What the number is for; different purposes draw independently.
    period : int
        Number of the period; a new period draws anew.
    debtor_ids : sequence of str of length n_debtors
    """
    key = hashlib.blake2b(f"{seed}\x00{purpose}\x00{period}".encode(), digest_size=32).digest()
    draws = (
        int.from_bytes(hashlib.blake2b(str(debtor).encode(), key=key, digest_size=8).digest(), "big")
        for debtor in debtor_ids
    )
    return np.fromiter((draw / _UNIT for draw in draws), dtype=np.float64, count=len(debtor_ids))


def period_of(as_of: date, period_days: int) -> int:
    """Return the number of the period that `as_of` lies in."""
    return as_of.toordinal() // period_days


def draw_cells(
    debtor_ids: Sequence[str], as_of: date, settings: CellsSection, shielded: NDArray[np.bool_]
) -> NDArray[Any]:
    """Return the cell of each debtor; shielded (vulnerable) people never enter the experiment.

    Parameters
    ----------
    debtor_ids : sequence of str of length n_debtors
    shielded : ndarray of bool of shape (n_debtors,)
    """
    draw = keyed_uniform(settings.seed, "cell", period_of(as_of, settings.period_days), debtor_ids)
    cell = np.full(len(debtor_ids), str(Cell.POLICY), dtype=object)
    cell[draw < settings.control + settings.explore] = str(Cell.EXPLORE)
    cell[draw < settings.control] = str(Cell.CONTROL)
    cell[shielded] = str(Cell.POLICY)
    return cell


def draw_explorers(
    feasible: NDArray[np.bool_],
    uses: NDArray[np.float64],
    room: NDArray[np.float64],
    draw: NDArray[np.float64],
    order: NDArray[np.float64],
    cost: NDArray[np.float64],
    budget: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw an action for each explorer and return it with its exact probability.

    Parameters
    ----------
    feasible : ndarray of bool of shape (n_explorers, n_actions)
        Permitted actions; doing nothing is always possible besides.
    uses : ndarray of shape (n_explorers, n_actions, n_limits)
        What each action would take from each limit.
    room : ndarray of shape (n_limits,)
        Share of each limit that exploring may use.
    draw, order : ndarray of shape (n_explorers,)
        Keyed uniforms: the lot itself, and the place in the queue of draws.
    cost : ndarray of shape (n_actions,)
        Money per action.
    budget : float
        Money that all draws together may cost.

    Returns
    -------
    action : ndarray of int of shape (n_explorers,)
        0 for nothing, a + 1 for action a.
    propensity : ndarray of shape (n_explorers,)
        Probability of that action at the moment of the draw.
    """
    n_explorers, n_actions = feasible.shape
    action = np.zeros(n_explorers, dtype=np.int64)
    propensity = np.ones(n_explorers)
    wish = _fair_shares(feasible, uses, room)
    left, money = room.astype(np.float64).copy(), budget
    for explorer in np.argsort(order, kind="stable"):
        fits = feasible[explorer] & (uses[explorer] <= left + 1e-9).all(axis=1) & (cost <= money + 1e-9)
        chances = np.where(fits, wish[explorer], 0.0)
        nothing = 1.0 - chances.sum()
        drawn = int(np.searchsorted(np.cumsum([nothing, *chances]), draw[explorer], side="right"))
        drawn = min(drawn, n_actions)
        action[explorer] = drawn
        propensity[explorer] = nothing if drawn == 0 else chances[drawn - 1]
        if drawn:
            left -= uses[explorer, drawn - 1]
            money -= float(cost[drawn - 1])
    return action, propensity


def _fair_shares(
    feasible: NDArray[np.bool_], uses: NDArray[np.float64], room: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return wished chances: even over the permitted actions and nothing, thinned to fit the room.

    Thinning beforehand keeps scarce actions likely for late draws too, instead of giving all visits to
    whoever draws first.
    """
    even = feasible / (1.0 + feasible.sum(axis=1, keepdims=True))
    demand = np.einsum("ia,iak->ak", even, uses)
    total = demand.sum(axis=0)
    ratio = np.divide(room, total, out=np.ones_like(total), where=total > room)
    per_action = np.where(demand > 0, ratio[None, :], 1.0).min(axis=1, initial=1.0)
    return np.asarray(even * per_action[None, :])
