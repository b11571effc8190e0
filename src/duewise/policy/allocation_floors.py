"""Floors that cannot be met: which ones, and the smallest relaxation that makes them possible."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from duewise.policy.allocation_problem import FloatArray, Problem

MAX_NODES = 20_000


@dataclass(frozen=True)
class FloorStart:
    """The problem with floors lowered to what is possible, a choice that meets them, and the cuts."""

    problem: Problem
    choice: NDArray[np.int8]
    shortfall: FloatArray


def relax_floors(problem: Problem) -> FloorStart:
    """Lower the floors by the smallest total that leaves a choice obeying every row.

    Values play no part, so debtors with the same profile and the same floored actions are alike: the
    program is small whatever the number of debtors. Shortfalls of different floors add up in their own
    units.
    """
    n_rows, choice = len(problem.rhs), np.zeros(problem.n_debtors, np.int8)
    is_floor = np.array([row.is_floor for row in problem.rows], dtype=bool)
    if not is_floor.any():
        return FloorStart(problem, choice, np.zeros(n_rows))
    floored = np.flatnonzero((problem.uses < 0).any(axis=0))
    possible = np.isfinite(problem.value[floored])
    code = problem.profile.astype(np.int64) << len(floored)
    code += (possible * (1 << np.arange(len(floored)))[:, None]).sum(axis=0)
    _, representative, type_of, count = np.unique(
        code, return_index=True, return_inverse=True, return_counts=True
    )
    pair_type, position = np.nonzero(possible[:, representative].T)
    pair_action = floored[position]
    row = problem.row_of[:, problem.profile[representative[pair_type]]]
    column = np.broadcast_to(np.arange(len(pair_type)), row.shape)
    amount, real = problem.uses[:, pair_action], row < n_rows
    n_pairs = len(pair_type)
    uses = sp.csr_array((amount[real], (row[real], column[real])), shape=(n_rows, n_pairs))
    one_each = sp.csr_array((np.ones(n_pairs), (pair_type, np.arange(n_pairs))), shape=(len(count), n_pairs))
    short = -sp.eye_array(n_rows, format="csr")[:, is_floor]
    matrix = sp.block_array([[uses, short], [one_each, None]], format="csr")
    result = milp(
        np.concatenate([np.zeros(n_pairs), np.ones(int(is_floor.sum()))]),
        constraints=LinearConstraint(matrix, -np.inf, np.concatenate([problem.rhs, count])),
        bounds=Bounds(0.0, np.inf),
        integrality=np.concatenate([np.ones(n_pairs), np.zeros(int(is_floor.sum()))]),
        options={"mip_rel_gap": 0.0, "node_limit": MAX_NODES},
    )
    if result.x is not None:
        choice = _spread(
            problem, type_of, pair_type, pair_action, np.rint(result.x[:n_pairs]).astype(np.int64)
        )
    usage = problem.usage(choice)
    shortfall = np.where(is_floor & (usage > problem.rhs + problem.slack_tolerance), usage - problem.rhs, 0.0)
    return FloorStart(replace(problem, rhs=problem.rhs + shortfall), choice, shortfall)


def _spread(
    problem: Problem,
    type_of: NDArray[np.int64],
    pair_type: NDArray[np.int64],
    pair_action: NDArray[np.int64],
    taken: NDArray[np.int64],
) -> NDArray[np.int8]:
    """Hand the counts of each (type, action) to the debtors of that type to whom the action is worth most."""
    choice = np.zeros(problem.n_debtors, np.int8)
    for kind, action, number in zip(
        pair_type[taken > 0], pair_action[taken > 0], taken[taken > 0], strict=True
    ):
        free = np.flatnonzero((type_of == kind) & (choice == 0))
        choice[free[np.argsort(-problem.value[action, free], kind="stable")[:number]]] = action
    return choice
