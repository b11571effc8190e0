"""What a unit of a limit costs each debtor, by the prices of an allocation."""

import numpy as np
from numpy.typing import NDArray

from duewise.policy.allocation import Allocation, Constraint

Floats = NDArray[np.float64]


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
