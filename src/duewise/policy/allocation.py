"""Give every debtor at most one action so that total value is largest under shared limits.

A multiple-choice knapsack: prices for the shared limits decide almost everybody, a small integer program
decides the rest. Ceilings always hold; the result says how far it can be from the best, what one more unit
of each limit is worth, and which floors cannot be met. Method and sources: docs/methods/allocation.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from duewise.policy.allocation_dual import Relaxation, solve_relaxation
from duewise.policy.allocation_floors import FloorStart, relax_floors
from duewise.policy.allocation_integer import ROUNDING, choose, improve, repair, serve_in_order
from duewise.policy.allocation_problem import Constraint, FloatArray, Problem, build_problem

__all__ = ["Allocation", "Constraint", "LimitReport", "Shortfall", "allocate"]


@dataclass(frozen=True)
class LimitReport:
    """How one side of one limit (of one group) was used, and its price.

    Parameters
    ----------
    name, group
        Name of the constraint; position of the group, None where the limit is over everybody.
    side
        ``upper`` or ``lower``.
    limit, used
        In the unit of the limit; a floor that cannot be met shows the limit asked for.
    price
        Value per unit, >= 0. Upper: what one more unit would add; any increase d adds at most price * d.
        Lower: what the last unit of the floor costs; lowering it by d gains at most price * d.
    """

    name: str
    group: int | None
    side: str
    limit: float
    used: float
    price: float


@dataclass(frozen=True)
class Shortfall:
    """A floor that no lawful choice can meet; `reachable` is its smallest relaxation."""

    name: str
    group: int | None
    wanted: float
    reachable: float

    def __str__(self) -> str:
        """Say it in one sentence."""
        where = "" if self.group is None else f" in group {self.group}"
        asked = f"{self.name}{where}: at least {self.wanted:g} was asked for"
        return f"{asked}, at most {self.reachable:g} is possible"


@dataclass(frozen=True)
class Allocation:
    """The choice and how good it is.

    Parameters
    ----------
    choice
        Shape (n_debtors,): 0 is none, a + 1 is action a.
    value
        Sum of the values of the chosen pairs.
    bound
        No choice, even with debtors split between actions, is worth more than this.
    optimal
        True when it is proven that no choice is worth more.
    limits, shortfalls
        One entry per side of each limit and group; floors that could not be met.
    prices
        One per entry of `limits`; a warm start for a similar problem.
    """

    choice: NDArray[np.int8]
    value: float
    bound: float
    optimal: bool
    limits: tuple[LimitReport, ...]
    shortfalls: tuple[Shortfall, ...]
    prices: FloatArray

    @property
    def gap(self) -> float:
        """How far `value` can be below the best, relative to the bound."""
        return (self.bound - self.value) / abs(self.bound) if self.bound else 0.0


def allocate(
    values: ArrayLike,
    allowed: ArrayLike,
    constraints: Sequence[Constraint],
    *,
    tie_rank: ArrayLike | None = None,
    start: Allocation | None = None,
) -> Allocation:
    """Choose at most one action per debtor.

    Parameters
    ----------
    values
        Shape (n_debtors, n_actions): net value of the action to that debtor. Pairs worth 0 or less are
        never chosen unless a floor demands them.
    allowed
        Shape (n_debtors, n_actions): False where a rule or a missing contact point denies the action.
    constraints
        Shared limits.
    tie_rank
        Shape (n_debtors,), all different: order in which debtors stand for ties (the rank of their id).
        With it the choice does not depend on the order of rows; without it rows are taken as they come.
    start
        Allocation of a similar problem for the same debtors. Its prices save time where the limits have the
        same names and groups, and where its choice is still possible the result is never worth less.

    Examples
    --------
    >>> calls = Constraint("capacity:call", uses=[0, 1], upper=1)
    >>> result = allocate([[1.0, 9.0], [2.0, 8.0], [-1.0, -5.0]], np.ones((3, 2)), [calls])
    >>> result.choice.tolist(), result.value, result.optimal
    ([2, 1, 0], 11.0, True)
    """
    values = np.asarray(values, dtype=np.float64)
    allowed = np.asarray(allowed, dtype=bool)
    _check(values, allowed, constraints)
    order = np.arange(len(values)) if tie_rank is None else np.argsort(np.asarray(tie_rank), kind="stable")
    asked = build_problem(values, allowed, constraints, order)
    floors = relax_floors(asked)
    problem = floors.problem
    warm = start is not None and len(start.prices) == len(asked.rhs)
    relaxation = solve_relaxation(problem, start.prices if start is not None and warm else None)
    choice, optimal = _complete(floors, relaxation)
    if start is not None:
        choice = _better(problem, choice, start.choice[order])
    choice = serve_in_order(problem, choice)
    value = problem.total(choice)
    bound = max(relaxation.dual.bound, value)
    in_rows = np.empty_like(choice)
    in_rows[order] = choice
    return Allocation(
        choice=in_rows,
        value=value,
        bound=bound,
        optimal=optimal or value >= bound * (1.0 - ROUNDING),
        limits=_limit_reports(asked, constraints, choice, relaxation.dual.prices),
        shortfalls=_shortfalls(asked, constraints, floors.shortfall),
        prices=relaxation.dual.prices,
    )


def _complete(floors: FloorStart, relaxation: Relaxation) -> tuple[NDArray[np.int8], bool]:
    """Integer choice that no single debtor can improve, and whether it is proven best."""
    problem = floors.problem
    found = choose(problem, relaxation)
    if found is not None and problem.obeys(found.choice):
        return improve(problem, found.choice), found.optimal
    choice = repair(problem, relaxation.choice)
    return improve(problem, choice if problem.obeys(choice) else floors.choice), False


def _better(problem: Problem, choice: NDArray[np.int8], earlier: NDArray[np.int8]) -> NDArray[np.int8]:
    """The earlier choice, improved, where it is still possible and worth more."""
    if not problem.obeys(earlier) or problem.total(earlier) <= problem.total(choice):
        return choice
    return improve(problem, earlier)


def _limit_reports(
    problem: Problem, constraints: Sequence[Constraint], choice: NDArray[np.int8], prices: FloatArray
) -> tuple[LimitReport, ...]:
    usage = problem.usage(choice)
    return tuple(
        LimitReport(
            name=constraints[row.constraint].name,
            group=None if row.group < 0 else row.group,
            side="lower" if row.is_floor else "upper",
            limit=abs(float(problem.rhs[r])),
            used=abs(float(usage[r])),
            price=float(prices[r]),
        )
        for r, row in enumerate(problem.rows)
    )


def _shortfalls(
    problem: Problem, constraints: Sequence[Constraint], shortfall: FloatArray
) -> tuple[Shortfall, ...]:
    return tuple(
        Shortfall(
            name=constraints[row.constraint].name,
            group=None if row.group < 0 else row.group,
            wanted=abs(float(problem.rhs[r])),
            reachable=abs(float(problem.rhs[r] + shortfall[r])),
        )
        for r, row in enumerate(problem.rows)
        if shortfall[r] > 0
    )


def _check(values: FloatArray, allowed: NDArray[np.bool_], constraints: Sequence[Constraint]) -> None:
    """Refuse arrays that do not fit together; the caller is a program, so these are programming errors."""
    if values.ndim != 2 or values.shape != allowed.shape:
        raise ValueError(f"values {values.shape} and allowed {allowed.shape} must both be (debtors, actions)")
    bad = int(np.count_nonzero(allowed & ~np.isfinite(values)))
    if bad:
        raise ValueError(f"{bad} allowed pairs have a value that is not finite")
    for constraint in constraints:
        uses = np.asarray(constraint.uses, dtype=np.float64)
        if uses.shape != values.shape[1:] or not np.all(np.isfinite(uses) & (uses >= 0)):
            raise ValueError(f"{constraint.name}: uses must hold one finite number >= 0 per action")
        for limit in (constraint.upper, constraint.lower):
            limits = np.asarray(0.0 if limit is None else limit, dtype=np.float64)
            if np.any(~(limits >= 0)):
                raise ValueError(f"{constraint.name}: limits must be >= 0")
            if constraint.groups is None and limits.ndim:
                raise ValueError(f"{constraint.name}: one limit per group needs groups")
            if constraint.groups is not None and limit is not None:
                groups = np.asarray(constraint.groups)
                if limits.ndim != 1 or groups.shape != values.shape[:1]:
                    raise ValueError(
                        f"{constraint.name}: groups need one number per debtor and one limit per group"
                    )
                if np.any((groups < -1) | (groups >= len(limits))):
                    raise ValueError(f"{constraint.name}: a group has no limit")
