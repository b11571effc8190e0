"""The allocation problem in one canonical form: at most one action per debtor under shared limits.

Every limit becomes rows ``sum of uses <= rhs`` with a price >= 0. A floor is a row with negative uses. A
limit per region is one row per region; debtors of the same regions share a *profile*, so that no array has
the shape (debtors, actions, rows): a million debtors under a hundred regional limits still fit in memory.
"""

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CHUNK_DEBTORS = 32_768  # (actions x chunk) float64 stays within a core's cache
TOLERANCE = 1e-9  # relative: 5,000 messages at 0.05 must fit in a budget of 250


@dataclass(frozen=True)
class Constraint:
    """One shared limit on the chosen actions.

    Parameters
    ----------
    name
        What the limit is called in reports: ``capacity:call``, ``agent_minutes`` …
    uses
        Shape (n_actions,), >= 0: how much one chosen action takes, in the unit of the limit.
    upper, lower
        Ceiling and floor on the sum of uses; one number, or one per group when `groups` is given. None: no
        such side. Use ``inf`` (ceiling) or 0 (floor) for a group without one.
    groups
        Shape (n_debtors,): position of the debtor's group in `upper` and `lower`; -1 when the limit does not
        concern the debtor. None: one limit over everybody.
    """

    name: str
    uses: ArrayLike
    upper: float | ArrayLike | None = None
    lower: float | ArrayLike | None = None
    groups: ArrayLike | None = None


@dataclass(frozen=True)
class Row:
    """One side of one limit for one group (-1: over everybody)."""

    constraint: int
    group: int
    is_floor: bool


@dataclass(frozen=True)
class BestTwo:
    """Best and second-best action of every debtor at given prices (0 is none; action a is a + 1)."""

    first: NDArray[np.int8]
    second: NDArray[np.int8]
    margin: FloatArray
    total: float


@dataclass(frozen=True)
class Problem:
    """Canonical form: maximise the value of the chosen pairs subject to ``usage(choice) <= rhs``.

    Parameters
    ----------
    value
        Shape (n_actions + 1, n_debtors); row 0 is none (zeros); -inf where the pair is not allowed.
    profile
        Shape (n_debtors,): which column of `row_of` applies to the debtor.
    uses
        Shape (n_sides, n_actions + 1): uses of each side of each limit, negative for floors, 0 for none.
    row_of
        Shape (n_sides, n_profiles): row that the side takes from; ``len(rhs)`` when it takes from none.
    rhs, rows
        Limit of every row (negative for floors) and what the row stands for.
    """

    value: FloatArray
    profile: NDArray[np.int32]
    uses: FloatArray
    row_of: IntArray
    rhs: FloatArray
    rows: tuple[Row, ...]

    @property
    def n_debtors(self) -> int:
        """Debtors in the problem."""
        return int(self.value.shape[1])

    @cached_property
    def slack_tolerance(self) -> FloatArray:
        """How far rounding may carry the sum of each row over its limit."""
        return np.asarray(TOLERANCE * (1.0 + np.abs(self.rhs)))

    @cached_property
    def use_difference(self) -> FloatArray:
        """Shape (n_sides, n_actions + 1, n_actions + 1): uses of the first action minus the second's."""
        return self.uses[:, :, None] - self.uses[:, None, :]

    def per_profile(self, per_row: FloatArray) -> FloatArray:
        """Spread one number per row to shape (n_sides, n_profiles); 0 where a side does not apply."""
        return np.append(per_row, 0.0)[self.row_of]

    def penalty(self, prices: FloatArray) -> FloatArray:
        """Shape (n_profiles, n_actions + 1): what the resources of an action cost at these prices."""
        return self.per_profile(prices).T @ self.uses

    def usage(self, choice: NDArray[Any], debtors: NDArray[Any] | slice = slice(None)) -> FloatArray:
        """Take-up of every row when `debtors` do `choice`; summed from counts, so order cannot change it."""
        n_profiles, width = self.row_of.shape[1], len(self.value)
        code = self.profile[debtors].astype(np.int64) * width + choice
        counts = np.bincount(code, minlength=n_profiles * width).reshape(n_profiles, width)
        return self.sum_to_rows(self.uses @ counts.T)

    def obeys(self, choice: NDArray[Any]) -> bool:
        """Whether every chosen pair is open and no row is exceeded."""
        open_pairs = np.isfinite(self.value[choice, np.arange(self.n_debtors)]).all()
        return bool(open_pairs and np.all(self.usage(choice) <= self.rhs + self.slack_tolerance))

    def total(self, choice: NDArray[Any]) -> float:
        """Sum of the chosen values, rounded once, so that the order of debtors cannot change it."""
        return math.fsum(self.value[choice, np.arange(self.n_debtors)])

    def sum_to_rows(self, per_side: FloatArray) -> FloatArray:
        """Add an array of shape (n_sides, n_profiles) up to one number per row."""
        summed = np.bincount(self.row_of.ravel(), weights=per_side.ravel(), minlength=len(self.rhs) + 1)
        return np.asarray(summed[: len(self.rhs)], dtype=np.float64)

    def net(self, prices: FloatArray, debtors: NDArray[Any] | slice) -> FloatArray:
        """Value minus the priced uses, shape (n_actions + 1, len(debtors))."""
        penalty = self.penalty(prices)
        if len(penalty) == 1:
            return np.asarray(self.value[:, debtors] - penalty[0][:, None])
        return np.asarray(self.value[:, debtors] - penalty[self.profile[debtors]].T)

    def best_two(self, prices: FloatArray) -> BestTwo:
        """Find every debtor's best and second-best action at these prices; ties go to the earlier action."""
        n = self.n_debtors
        first, second = np.empty(n, np.int8), np.empty(n, np.int8)
        margin = np.empty(n)

        def scan(start: int) -> float:
            chunk = slice(start, min(n, start + CHUNK_DEBTORS))
            net = self.net(prices, chunk)
            column = np.arange(net.shape[1])
            first[chunk] = best = net.argmax(axis=0)
            best_net = net[best, column]
            net[best, column] = -np.inf
            second[chunk] = runner_up = net.argmax(axis=0)
            margin[chunk] = best_net - net[runner_up, column]
            return float(best_net.sum())

        starts = range(0, n, CHUNK_DEBTORS)
        if len(starts) < 3:
            totals = [scan(start) for start in starts]
        else:  # numpy lets go of the interpreter lock, so threads share the scan
            with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
                totals = list(pool.map(scan, starts))
        return BestTwo(first, second, margin, sum(totals))


def build_problem(
    values: FloatArray, allowed: NDArray[np.bool_], constraints: Sequence[Constraint], order: IntArray
) -> Problem:
    """Bring arrays and limits into canonical form, debtors taken in `order`.

    Pairs that can never be chosen are closed: those not allowed, and those worth nothing that no floor asks
    for.
    """
    n, n_actions = values.shape
    uses: list[FloatArray] = []
    rows_of_sides: list[IntArray] = []
    rhs: list[float] = []
    rows: list[Row] = []
    memberships: list[IntArray] = []
    wanted_by_floor = np.zeros((n, n_actions), dtype=bool) if _any_floor(constraints) else None
    for index, constraint in enumerate(constraints):
        per_action = np.asarray(constraint.uses, dtype=np.float64)
        groups = None if constraint.groups is None else np.asarray(constraint.groups, dtype=np.int64)
        for limit, is_floor in ((constraint.upper, False), (constraint.lower, True)):
            limits = np.atleast_1d(np.asarray(np.nan if limit is None else limit, dtype=np.float64))
            binding = np.isfinite(limits) & ((limits > 0) | (not is_floor))
            if not binding.any():
                continue
            sign = -1.0 if is_floor else 1.0
            rows_of_groups = np.where(binding, len(rhs) + np.cumsum(binding) - 1, -1)
            rhs.extend(sign * limits[binding])
            rows.extend(
                Row(index, -1 if groups is None else int(g), is_floor) for g in np.flatnonzero(binding)
            )
            uses.append(np.append(0.0, sign * per_action))
            rows_of_sides.append(np.append(rows_of_groups, -1))  # last: debtors outside every group
            memberships.append(np.zeros(n, np.int64) if groups is None else groups)
            if is_floor and wanted_by_floor is not None:
                member = rows_of_sides[-1][memberships[-1]] >= 0
                wanted_by_floor |= member[:, None] & (per_action > 0)

    profile, representatives = _profiles(memberships, n)
    row_of = np.array(
        [
            rows_of_side[member[representatives]]
            for rows_of_side, member in zip(rows_of_sides, memberships, strict=True)
        ],
        dtype=np.int64,
    ).reshape(len(uses), len(representatives))
    open_pair = allowed & (values > 0)
    if wanted_by_floor is not None:
        open_pair |= allowed & wanted_by_floor
    value = np.zeros((n_actions + 1, n))
    for action in range(n_actions):
        value[action + 1] = np.where(open_pair[order, action], values[order, action], -np.inf)
    return Problem(
        value=value,
        profile=profile[order],
        uses=np.array(uses).reshape(len(uses), n_actions + 1),
        row_of=np.where(row_of < 0, len(rhs), row_of),
        rhs=np.array(rhs, dtype=np.float64),
        rows=tuple(rows),
    )


def _any_floor(constraints: Sequence[Constraint]) -> bool:
    return any(c.lower is not None and np.any(np.asarray(c.lower) > 0) for c in constraints)


def _profiles(memberships: list[IntArray], n: int) -> tuple[NDArray[np.int32], IntArray]:
    """Number the distinct combinations of groups, and name one debtor that stands for each."""
    distinct = {id(groups): groups for groups in memberships if groups.any()}
    if not distinct:
        return np.zeros(n, np.int32), np.zeros(min(n, 1), np.int64)
    code = np.zeros(n, np.int64)
    for groups in distinct.values():
        _, code = np.unique(code * (groups.max() + 2) + groups + 1, return_inverse=True)
    _, representatives, profile = np.unique(code, return_index=True, return_inverse=True)
    return profile.astype(np.int32), representatives
