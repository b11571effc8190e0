"""The small problem that is left once prices have decided almost everybody: HiGHS on a core of debtors.

Around reference prices p, every pair has a *regret*: what it falls short of the debtor's best priced pair.
The core problem minimises regret plus p times what is left unused; 0 would reach the dual bound. Costs are
small and non-negative, so the solver's absolute tolerances are far below a cent of the portfolio's total.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from duewise.policy.allocation_problem import FloatArray, IntArray, Problem

ROOM = 1e-5  # in smallest uses: with a little room in each row, a price is what one more unit adds
EXCESS_COST = 1e3  # times the largest regret or price per use: breaking a row is the last resort


@dataclass(frozen=True)
class Core:
    """Undecided debtors, alike ones taken together, and the pairs still open to them.

    Parameters
    ----------
    debtors, type_of
        Debtors of the core, and the type that each belongs to.
    count
        Shape (n_types,): debtors of each type.
    pair_type, pair_action
        One entry per open pair: its type, and its action (0 is none).
    regret
        Shape (n_pairs,): what the pair falls short of the best pair of its type at the reference prices.
    uses
        Shape (n_rows, n_pairs), sparse.
    left
        Shape (n_rows,): what debtors outside the core leave of each row; negative when they take too much.
    prices
        Reference prices of the rows.
    """

    debtors: IntArray
    type_of: IntArray
    count: IntArray
    pair_type: IntArray
    pair_action: IntArray
    regret: FloatArray
    uses: sp.csr_array
    left: FloatArray
    prices: FloatArray

    @property
    def typical_regret(self) -> float:
        """Typical size of a regret that matters."""
        positive = self.regret[self.regret > 0]
        return float(np.median(positive)) if len(positive) else 1.0


def build_core(
    problem: Problem,
    prices: FloatArray,
    base: NDArray[np.int8],
    debtors: IntArray,
    open_pair: NDArray[np.bool_],
) -> Core:
    """Open the pairs of `debtors` in `open_pair` (n_actions + 1, len(debtors)); all others stay at `base`."""
    value = np.where(open_pair, problem.value[:, debtors], -np.inf)
    _, representative, type_of, count = np.unique(
        np.vstack([value, problem.profile[debtors]]).T,
        axis=0,
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    net = problem.net(prices, debtors[representative])
    pair_type, pair_action = np.nonzero(np.isfinite(value[:, representative]).T)
    regret = (net.max(axis=0) - net)[pair_action, pair_type]
    row = problem.row_of[:, problem.profile[debtors[representative[pair_type]]]]
    amount = problem.uses[:, pair_action]
    real = (row < len(problem.rhs)) & (amount != 0)
    column = np.broadcast_to(np.arange(len(pair_type)), row.shape)
    uses = sp.csr_array((amount[real], (row[real], column[real])), shape=(len(problem.rhs), len(pair_type)))
    left = problem.rhs - problem.usage(base) + problem.usage(base[debtors], debtors)
    return Core(debtors, type_of.ravel(), count, pair_type, pair_action, regret, uses, left, prices)


def _shares_and_rows(core: Core) -> tuple[sp.csr_array, FloatArray, FloatArray]:
    """Equalities over (pairs, unused) that every choice obeys, their right-hand side, and the row factors.

    A row is measured in its smallest use, so that the solver's absolute tolerance means the same in every
    row.
    """
    n_rows, n_pairs = core.uses.shape
    factor = np.ones(n_rows)
    for row in range(n_rows):
        amounts = np.abs(core.uses.data[core.uses.indptr[row] : core.uses.indptr[row + 1]])
        factor[row] = 1.0 / amounts.min(initial=np.inf) if len(amounts) else 1.0
    one_each = sp.csr_array(
        (np.ones(n_pairs), (core.pair_type, np.arange(n_pairs))), shape=(len(core.count), n_pairs)
    )
    matrix = sp.block_array(
        [[sp.diags_array(factor) @ core.uses, sp.eye_array(n_rows)], [one_each, None]], format="csr"
    )
    return matrix, np.concatenate([factor * core.left, core.count]), factor


@dataclass(frozen=True)
class CoreRelaxation:
    """Optimal prices of the core's linear relaxation, and its solution rounded to one action per debtor."""

    prices: FloatArray
    choice: NDArray[np.int8]


def relax_core(core: Core) -> CoreRelaxation | None:
    """Solve the linear relaxation of the core; None when the solver fails.

    Rows may be broken at a cost above any sensible price: while the core is still too small to obey every
    row, the high prices that follow call in the debtors that are missing.
    """
    matrix, rhs, factor = _shares_and_rows(core)
    n_rows, n_pairs = core.uses.shape
    scale = core.typical_regret
    dearest = max(float(core.regret.max(initial=scale)), float((core.prices / factor).max(initial=0.0)))
    excess = sp.block_array([[-sp.eye_array(n_rows)], [sp.csr_array((len(core.count), n_rows))]])
    result = linprog(
        np.concatenate([core.regret, core.prices / factor, np.full(n_rows, EXCESS_COST * dearest)]) / scale,
        A_eq=sp.hstack([matrix, excess], format="csr"),
        b_eq=np.concatenate([rhs[:n_rows] + ROOM, rhs[n_rows:]]),
        method="highs-ds",
    )
    if result.status != 0:
        return None
    prices = core.prices - result.eqlin.marginals[:n_rows] * scale * factor
    return CoreRelaxation(np.maximum(prices, 0.0), _hand_out(core, _round_shares(core, result.x[:n_pairs])))


def _round_shares(core: Core, share: FloatArray) -> IntArray:
    """Whole debtors per pair: shares rounded down, the remainder of a type to its most split pairs."""
    taken = np.floor(share + 100 * ROOM).astype(np.int64)
    missing = core.count - np.bincount(core.pair_type, weights=taken, minlength=len(core.count)).astype(
        np.int64
    )
    for kind in np.flatnonzero(missing):
        pairs = np.flatnonzero(core.pair_type == kind)
        most_split = pairs[np.argsort(taken[pairs] - share[pairs], kind="stable")]
        taken[most_split[: missing[kind]]] += 1
    return taken


def _hand_out(core: Core, taken: IntArray) -> NDArray[np.int8]:
    """Turn counts per pair, sorted by type, into the action of every core debtor."""
    choice = np.empty(len(core.debtors), np.int8)
    choice[np.argsort(core.type_of, kind="stable")] = np.repeat(core.pair_action, taken)
    return choice


@dataclass(frozen=True)
class CoreChoice:
    """Integer choice of the core: every core debtor's action, total regret, and whether it is the best."""

    choice: NDArray[np.int8]
    regret: float
    optimal: bool


def core_choice(core: Core, max_nodes: int) -> CoreChoice | None:
    """Best integer choice in the core that obeys every row; None when none was found in time."""
    matrix, rhs, factor = _shares_and_rows(core)
    n_rows, n_pairs = core.uses.shape
    result = milp(
        np.concatenate([core.regret, core.prices / factor]) / core.typical_regret,
        constraints=LinearConstraint(matrix, rhs, rhs),
        bounds=Bounds(0.0, np.concatenate([core.count[core.pair_type], np.full(n_rows, np.inf)])),
        integrality=np.concatenate([np.ones(n_pairs), np.zeros(n_rows)]),
        options={"mip_rel_gap": 0.0, "node_limit": max_nodes},
    )
    if result.x is None:
        return None
    taken = np.rint(result.x[:n_pairs]).astype(np.int64)
    regret = float(core.regret @ taken + core.prices @ (core.left - core.uses @ taken))
    return CoreChoice(_hand_out(core, taken), regret, optimal=result.status == 0)
