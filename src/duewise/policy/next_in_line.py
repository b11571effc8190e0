"""Where one more unit of a limit would go: the debtor and action that its price waits for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duewise.policy.allocation import Allocation, Constraint
from duewise.policy.prices import net_of_limits, price_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NextInLine:
    """Who would get one more unit of a limit.

    Attributes
    ----------
    name : str
        Of the limit.
    row : int
        Debtor.
    action, instead_of : int
        Codes of a choice: 0 for nothing, a + 1 for action a.
    worth : float
        Money per unit, the other limits paid for at their prices.
    """

    name: str
    row: int
    action: int
    instead_of: int
    worth: float


def next_in_line(
    values: Floats, allowed: NDArray[np.bool_], limits: Sequence[Constraint], allocation: Allocation
) -> list[NextInLine]:
    """Return who comes next for each limit that binds, limits in their order.

    Parameters
    ----------
    values, allowed : ndarray of shape (n_debtors, n_actions)
        As they were allocated.
    limits : sequence of Constraint
        Under which `allocation` chose.
    """
    n = len(values)
    net = net_of_limits(values, allowed, limits, allocation)
    rows, choice = np.arange(n), allocation.choice.astype(np.int64)
    at = np.maximum(choice - 1, 0)
    found = []
    for limit in limits:
        price, use = price_of(limit, allocation, n), np.asarray(limit.uses, dtype=np.float64)
        if not (price > 0).any():
            continue
        own_use = np.where(choice > 0, use[at], 0.0)
        own_net = np.where(choice > 0, net[rows, at], 0.0) + price * own_use
        best_worth, best = -np.inf, None
        for a in np.flatnonzero(use > 0).tolist():
            more = use[a] - own_use
            gain = net[:, a] + price * use[a] - own_net
            open_ = (price > 0) & (more > 0) & (choice != a + 1)
            worth = np.divide(gain, more, out=np.full(n, -np.inf), where=open_ & np.isfinite(gain))
            row = int(worth.argmax())
            if worth[row] > best_worth:
                best_worth = float(worth[row])
                best = NextInLine(limit.name, row, a + 1, int(choice[row]), best_worth)
        if best is not None and best.worth > 0:
            found.append(best)
    return found
