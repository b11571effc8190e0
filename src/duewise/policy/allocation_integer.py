"""From prices to one action per debtor: move as few debtors as possible off their best priced action.

At optimal prices almost everybody simply takes the best priced action; what remains is to move a few
debtors so that every row is obeyed and little is left unused. Moves with the same effect on the rows are
interchangeable, so only the cheapest of each kind matter: they form a small integer program.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.policy.allocation_core import build_core, core_choice
from duewise.policy.allocation_dual import Relaxation
from duewise.policy.allocation_problem import FloatArray, IntArray, Problem

MAX_MOVES = 3_000  # more make one node of the search slower than it is worth
GOOD_ENOUGH = 3e-5  # regret relative to the bound at which a wider search is not worth its time
ROUNDING = 1e-12  # relative; a choice this close to its bound is the best


@dataclass(frozen=True)
class Effort:
    """How wide and how long to search: cheapest moves of each kind, and nodes of the search tree."""

    moves_per_kind: int
    nodes: int


EFFORTS = (Effort(3, 50), Effort(12, 100))  # the second only when the first is neither proven nor good enough


@dataclass(frozen=True)
class IntegerChoice:
    """Action of every debtor (0 is none), and whether it is proven that no choice is worth more."""

    choice: NDArray[np.int8]
    optimal: bool


def choose(problem: Problem, relaxation: Relaxation) -> IntegerChoice | None:
    """Best choice among cheap moves around the relaxation; None when no such choice obeys every row."""
    rounded = relaxation.choice
    if problem.obeys(rounded) and problem.total(rounded) >= relaxation.dual.bound * (1.0 - ROUNDING):
        return IntegerChoice(rounded, optimal=True)
    best_regret = np.inf
    found: NDArray[np.int8] | None = None
    for effort in EFFORTS:
        moves = _cheapest_moves(problem, relaxation, effort.moves_per_kind, best_regret)
        core = build_core(problem, relaxation.dual.prices, rounded, moves.debtors, moves.open_pair)
        solved = core_choice(core, effort.nodes)
        if solved is None:
            continue
        if solved.regret < best_regret:
            choice = rounded.copy()
            choice[moves.debtors] = solved.choice
            best_regret, found = solved.regret, choice
        # A choice with a pair that is not open would have at least the regret of that pair.
        optimal = solved.optimal and best_regret <= moves.closed_from
        if found is not None and (optimal or best_regret <= GOOD_ENOUGH * abs(relaxation.dual.bound)):
            return IntegerChoice(found, optimal)
    return None if found is None else IntegerChoice(found, optimal=False)


@dataclass(frozen=True)
class Moves:
    """Debtors that may move, the pairs open to them, and the least regret among pairs that are not open."""

    debtors: IntArray
    open_pair: NDArray[np.bool_]
    closed_from: float


def _cheapest_moves(problem: Problem, relaxation: Relaxation, per_kind: int, max_regret: float) -> Moves:
    """Cheapest moves of each kind from the relaxation's action to another, none worse than `max_regret`."""
    first = relaxation.choice
    kind_of = _kinds_of_moves(problem)
    net = problem.net(relaxation.dual.prices, slice(None))
    regret = net.max(axis=0) - net
    if problem.value.size <= MAX_MOVES:
        per_kind = problem.n_debtors  # small enough to open every pair
    else:
        per_kind = max(2, min(per_kind, MAX_MOVES // (int(kind_of.max(initial=0)) + 1)))
    debtors: list[IntArray] = []
    actions: list[IntArray] = []
    closed_from = max_regret
    for action in range(len(problem.value)):
        kind = kind_of[problem.profile, first, action]
        useful = np.flatnonzero((kind >= 0) & (regret[action] <= max_regret) & np.isfinite(regret[action]))
        by_kind = useful[np.argsort(kind[useful], kind="stable")]
        for alike in np.split(by_kind, np.flatnonzero(np.diff(kind[by_kind])) + 1):
            if len(alike) > per_kind:
                nearest = np.argpartition(regret[action, alike], per_kind)
                closed_from = min(closed_from, float(regret[action, alike[nearest[per_kind]]]))
                alike = alike[nearest[:per_kind]]
            debtors.append(alike)
            actions.append(np.full(len(alike), action))
    debtor, action_of = np.concatenate(debtors), np.concatenate(actions)
    if len(debtor) > MAX_MOVES:  # hundreds of regions make more kinds than the search can take in
        costs = regret[action_of, debtor]
        nearest = np.argpartition(costs, MAX_MOVES)
        closed_from = min(closed_from, float(costs[nearest[MAX_MOVES]]))
        debtor, action_of = debtor[nearest[:MAX_MOVES]], action_of[nearest[:MAX_MOVES]]
    moving, position = np.unique(debtor, return_inverse=True)
    open_pair = np.zeros((len(problem.value), len(moving)), dtype=bool)
    open_pair[action_of, position] = True
    open_pair[first[moving], np.arange(len(moving))] = True
    open_pair[0] = True  # giving up an action is always a way to obey a ceiling
    return Moves(moving, open_pair, closed_from)


def _kinds_of_moves(problem: Problem) -> NDArray[np.int32]:
    """Number the distinct effects on the rows, shape (n_profiles, from action, to action); -1: no effect.

    Two moves have the same effect when random prices charge the same for both; a move without effect can
    only lose.
    """
    fingerprint = problem.penalty(np.random.default_rng(0).uniform(1.0, 2.0, len(problem.rhs)))
    charge = np.round(fingerprint[:, :, None] - fingerprint[:, None, :], 9)
    _, kind = np.unique(charge, return_inverse=True)
    return np.where(charge == 0, -1, kind.reshape(charge.shape)).astype(np.int32)


def repair(problem: Problem, choice: NDArray[np.int8]) -> NDArray[np.int8]:
    """Give up the least valuable actions until no ceiling is exceeded."""
    choice = choice.copy()
    for row in range(len(problem.rhs)):
        over = problem.usage(choice)[row] - problem.rhs[row]
        if problem.rows[row].is_floor or over <= problem.slack_tolerance[row]:
            continue
        use = _use_of_row(problem, row)[problem.profile, choice]
        users = np.flatnonzero(use > 0)
        users = users[np.argsort(problem.value[choice[users], users] / use[users], kind="stable")]
        enough = int(np.searchsorted(np.cumsum(use[users]), over - problem.slack_tolerance[row])) + 1
        choice[users[:enough]] = 0
    return choice


def _use_of_row(problem: Problem, row: int) -> FloatArray:
    """Shape (n_profiles, n_actions + 1): what each action takes of one row."""
    return np.asarray((problem.row_of == row).T.astype(np.float64) @ problem.uses)


def improve(problem: Problem, choice: NDArray[np.int8]) -> NDArray[np.int8]:
    """Give single debtors a more valuable action for as long as what is left over allows one."""
    choice = choice.copy()
    while len(choice):
        left = problem.rhs - problem.usage(choice) + problem.slack_tolerance
        # times[q, a, b]: how often a debtor of profile q can move from a to b within what is left.
        room = problem.per_profile(left)[:, :, None, None]
        taken = problem.use_difference.transpose(0, 2, 1)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            times = np.where(
                (taken > 0) & (problem.row_of < len(left))[:, :, None, None], room / taken, np.inf
            )
        times = np.floor(np.maximum(times.min(axis=0, initial=np.inf), 0.0))
        move = _most_valuable_move(problem, choice, times > 0)
        if move is None:
            return choice
        profile, before, after = move
        alike = np.flatnonzero((choice == before) & (problem.profile == profile))
        gain = problem.value[after, alike] - problem.value[before, alike]
        order = np.argsort(-gain, kind="stable")
        order = order[: int(min(times[profile, before, after], np.count_nonzero(gain > 0)))]
        choice[alike[order]] = after
    return choice


def serve_in_order(problem: Problem, choice: NDArray[np.int8]) -> NDArray[np.int8]:
    """Among debtors alike in everything, give the chosen actions to the first in order."""
    weight = np.random.default_rng(0).uniform(1.0, 2.0, len(problem.value))
    key = problem.profile.astype(np.float64)
    for factor, value in zip(
        weight, problem.value, strict=True
    ):  # not a matrix product: that may round by place
        key += factor * np.where(np.isfinite(value), value, -1.0)
    order = np.argsort(key, kind="stable")
    same_key = np.flatnonzero(np.diff(key[order]) == 0)
    if not len(same_key):
        return choice
    # Equal keys may be chance: only debtors equal in fact belong together.
    one, next_one = order[same_key], order[same_key + 1]
    alike = (problem.value[:, one] == problem.value[:, next_one]).all(axis=0)
    alike &= problem.profile[one] == problem.profile[next_one]
    starts = np.ones(problem.n_debtors, dtype=bool)
    starts[same_key[alike] + 1] = False
    group = np.cumsum(starts)
    chosen = choice[order]
    served = choice.copy()
    served[order] = chosen[np.lexsort((chosen, chosen == 0, group))]
    return served


def _most_valuable_move(
    problem: Problem, choice: NDArray[np.int8], possible: NDArray[np.bool_]
) -> tuple[int, int, int] | None:
    """Profile, present and new action of the single move that gains most; None when nothing gains."""
    current = problem.value[choice, np.arange(problem.n_debtors)]
    best_gain, best_move = 0.0, None
    for action in range(len(problem.value)):
        gain = np.where(possible[problem.profile, choice, action], problem.value[action] - current, -np.inf)
        debtor: Any = gain.argmax()
        if gain[debtor] > best_gain:
            best_gain, best_move = gain[debtor], (int(problem.profile[debtor]), int(choice[debtor]), action)
    return best_move
