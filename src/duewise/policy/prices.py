"""What the limits cost each debtor, by the prices of an allocation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from duewise.policy.allocation import Allocation, Constraint

Floats = NDArray[np.float64]


def cost_of_limits(limits: Sequence[Constraint], allocation: Allocation, n: int, n_actions: int) -> Floats:
    """Return what the limits that each action uses cost, of shape (n, n_actions)."""
    cost = np.zeros((n, n_actions))
    for limit in limits:
        uses = np.asarray(limit.uses, dtype=np.float64)
        cost += price_of(limit, allocation, n)[:, None] * uses[None, :]
    return cost


def net_of_limits(
    values: Floats, allowed: NDArray[np.bool_], limits: Sequence[Constraint], allocation: Allocation
) -> Floats:
    """Return the values less what the limits cost, of shape (n, n_actions); -inf where not allowed."""
    return np.where(allowed, values, -np.inf) - cost_of_limits(limits, allocation, *values.shape)


def price_of(limit: Constraint, allocation: Allocation, n: int) -> Floats:
    """Return what a unit of the ceiling of `limit` costs each debtor, of shape (n,)."""
    reports = [r for r in allocation.limits if r.name == limit.name and r.side == "upper"]
    by_group = {report.group: report.price for report in reports}
    if limit.groups is None:
        return np.full(n, by_group.get(None, 0.0))
    groups = np.asarray(limit.groups)
    table = np.zeros(int(groups.max(initial=-1)) + 2)  # the last entry: in no group, so under no limit
    for group, price in by_group.items():
        if group is not None and group < len(table) - 1:
            table[group] = price
    return np.asarray(table[np.where(groups >= 0, groups, len(table) - 1)])
