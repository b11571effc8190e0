"""What a limit is worth over a range: the best total value as one constraint is scaled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from duewise.policy.allocation import Allocation, Constraint, allocate


@dataclass(frozen=True)
class FrontierPoint:
    """One point of the frontier.

    Parameters
    ----------
    factor
        What the ceilings of the constraint were multiplied by.
    limit, used
        Ceiling and take-up, in the unit of the constraint, summed over the groups that have a ceiling.
    value, bound
        Total value of the choice, and what no choice can exceed.
    price
        Value of one more unit, averaged over groups by their limit.
    """

    factor: float
    limit: float
    used: float
    value: float
    bound: float
    price: float


def frontier(
    values: ArrayLike,
    allowed: ArrayLike,
    constraints: Sequence[Constraint],
    name: str,
    factors: Sequence[float],
    *,
    tie_rank: ArrayLike | None = None,
) -> tuple[FrontierPoint, ...]:
    """Total value when every ceiling of the constraint `name` is multiplied by each of `factors`, ascending.

    Every point starts from the one before, whose choice stays possible: along the frontier value never falls.
    """
    position = next((i for i, c in enumerate(constraints) if c.name == name and c.upper is not None), None)
    if position is None:
        known = ", ".join(c.name for c in constraints if c.upper is not None)
        raise ValueError(f"no constraint with a ceiling is called {name!r}; there are: {known}")
    points: list[FrontierPoint] = []
    result: Allocation | None = None
    for factor in sorted(factors):
        upper = np.asarray(constraints[position].upper, dtype=np.float64) * factor
        scaled = [replace(c, upper=upper) if i == position else c for i, c in enumerate(constraints)]
        result = allocate(values, allowed, scaled, tie_rank=tie_rank, start=result)
        points.append(_point(factor, name, result))
    return tuple(points)


def _point(factor: float, name: str, result: Allocation) -> FrontierPoint:
    limits = [report for report in result.limits if report.name == name and report.side == "upper"]
    limit = sum(report.limit for report in limits)
    weighted = sum(report.limit * report.price for report in limits)
    return FrontierPoint(
        factor=factor,
        limit=limit,
        used=sum(report.used for report in limits),
        value=result.value,
        bound=result.bound,
        price=weighted / limit if limit else sum(report.price for report in limits) / max(len(limits), 1),
    )
