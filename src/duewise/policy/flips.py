"""The smallest change of a cost or of a limit that would change a debtor's action.

At the prices of the limits each debtor is decided by himself: the action with the largest value less what its
uses cost. So a cost has to move by the distance to the best alternative, and the price of a limit by that
distance over the difference in use. How many units move a price that far is read off the others: as a limit
shrinks it takes first from those who need the smallest move, as it grows it gives to them first. The other
prices stay as they are, so that units are a first approximation and exact where one limit binds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from duewise.policy.allocation import Allocation, Constraint
from duewise.policy.prices import net_of_limits, price_of

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

NO_LIMIT = -1


@dataclass(frozen=True)
class Flips:
    """What would change each choice; the arrays have the shape (n_debtors,).

    Attributes
    ----------
    alternative : ndarray of int
        Code of the action that would be chosen next: 0 for nothing, a + 1 for action a.
    cost : ndarray
        By how much more the chosen action would have to cost; where nothing is chosen, minus what the
        alternative would have to cost less. NaN where nothing else is possible.
    limit : ndarray of int
        Position of the limit whose change is smallest, as a share of it; `NO_LIMIT` where none does.
    units : ndarray
        Change of that limit: negative for less of it. NaN without one.
    then : ndarray of int
        Code of the action that the debtor would get under that limit.
    """

    alternative: Codes
    cost: Floats
    limit: Codes
    units: Floats
    then: Codes


def smallest_flips(
    values: Floats,
    allowed: NDArray[np.bool_],
    limits: Sequence[Constraint],
    allocation: Allocation,
) -> Flips:
    """Return the smallest changes that flip each choice.

    Parameters
    ----------
    values, allowed : ndarray of shape (n_debtors, n_actions)
        As they were allocated.
    limits : sequence of Constraint
        Under which `allocation` chose.
    """
    n, choice = len(values), allocation.choice.astype(np.int64)
    rows = np.arange(n)
    worth = net_of_limits(values, allowed, limits, allocation)
    net = np.concatenate([np.zeros((n, 1)), worth], axis=1)
    # Whole units make some choices a hair worse than the prices say: they flip at once.
    behind = np.maximum(net[rows, choice][:, None] - net, 0.0)
    behind[rows, choice] = np.inf
    alternative = behind.argmin(axis=1)
    distance = behind[rows, alternative]
    cost = np.where(np.isfinite(distance), np.where(choice > 0, distance, -distance), np.nan)
    flips = Flips(alternative, cost, np.full(n, NO_LIMIT), np.full(n, np.nan), choice.copy())
    nearest = np.full(n, np.inf)
    for place, limit in enumerate(limits):
        if limit.upper is None:
            continue
        price = price_of(limit, allocation, n)
        use = np.append(0.0, np.asarray(limit.uses, dtype=np.float64))
        own = use[choice]
        # Less of a limit concerns those who use it; more of it, those who would pay its price.
        for direction, concerned in ((-1, own > 0), (1, price > 0)):
            at = np.flatnonzero(concerned)
            move, then, step = _nearest(behind[at], direction * (use[None, :] - own[at, None]))
            if direction > 0:  # a price cannot fall below zero
                move = np.where(move <= price[at], move, np.inf)
            units, size = _units(limit, allocation, at, move, step, direction)
            share = np.abs(units) / np.maximum(size, 1e-12)
            closer = np.isfinite(share) & (share < nearest[at])
            found = at[closer]
            nearest[found] = share[closer]
            flips.limit[found], flips.units[found], flips.then[found] = place, units[closer], then[closer]
    return flips


def _nearest(behind: Floats, wanted: Floats) -> tuple[Floats, Codes, Floats]:
    """Return the smallest move of a price that flips, to which action, and the units that this one takes.

    Parameters
    ----------
    wanted : ndarray of shape (n_debtors, n_actions + 1)
        Difference in use from the choice in the direction asked for; only positive ones count.
    """
    moves = np.divide(behind, wanted, out=np.full(behind.shape, np.inf), where=wanted > 0)
    then = moves.argmin(axis=1)
    rows = np.arange(len(then))
    return moves[rows, then], then, wanted[rows, then]


def _units(
    limit: Constraint,
    allocation: Allocation,
    at: NDArray[np.intp],
    move: Floats,
    step: Floats,
    direction: int,
) -> tuple[Floats, Floats]:
    """Return the signed change of the limit that moves its price so far, and the limit itself.

    Parameters
    ----------
    at : ndarray of int
        Debtors that `move` and `step` speak of.
    """
    group = np.zeros(len(at), np.int64) if limit.groups is None else np.asarray(limit.groups, np.int64)[at]
    ceilings = np.atleast_1d(np.asarray(limit.upper, dtype=np.float64))
    units, size = np.full(len(at), np.nan), np.full(len(at), np.nan)
    reports = [one for one in allocation.limits if one.name == limit.name and one.side == "upper"]
    used = {one.group or 0: one.used for one in reports}
    reachable = np.flatnonzero(np.isfinite(move) & (group >= 0))
    order = reachable[np.lexsort((reachable, move[reachable], group[reachable]))]
    edges = [*np.flatnonzero(np.diff(group[order], prepend=-1)).tolist(), len(order)]
    for start, end in pairwise(edges):
        members = order[start:end]
        here = int(group[members[0]])
        spare = max(ceilings[here] - used.get(here, 0.0), 0.0) if direction < 0 else 0.0
        units[members] = direction * (spare + np.cumsum(step[members]))
        size[members] = ceilings[here]
    return units, size
