"""Shadow prices of the shared limits: Newton on the dual, then an exact finish on the debtors near a tie.

The dual function ``L(p) = sum_i max_a (value_ia - p . uses_a) + p . rhs`` is convex in the few prices p
and, over many debtors, nearly smooth: its slope is rhs minus take-up, its curvature the density of debtors
about to change their action. Any p >= 0 bounds the optimum from above, so an early stop costs accuracy,
never truth.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from duewise.policy.allocation_core import build_core, relax_core
from duewise.policy.allocation_problem import BestTwo, FloatArray, IntArray, Problem

MAX_STEPS = 60
MAX_HALVINGS = 8
RADIUS_SHRINK = 0.25  # slower wastes scans, faster leaves too few near ties to measure the curvature
RADIUS_REACH = 8.0  # longer steps trust the curvature too far from where it was seen
RADIUS_SPREAD = 0.01
RELATIVE_PROGRESS = 1e-9
PATIENCE = 4  # a step that fails shrinks the radius, so the next one may succeed
CORE_DEBTORS = 150  # more than the one debtor per row that an optimal relaxation splits between actions
CORE_DEBTORS_PER_ROW = 20
MAX_CORE_ROUNDS = 25
MAX_CORE_TYPES = 2_500  # a linear program of this size takes about a second
TIE_BREAKS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)  # relative noise; the last costs at most that share of the value


@dataclass(frozen=True)
class DualPoint:
    """Prices, the bound they give, every debtor's best two actions there, and how precise the prices are."""

    prices: FloatArray
    bound: float
    best: BestTwo
    radius: FloatArray


def evaluate(problem: Problem, prices: FloatArray, radius: FloatArray) -> DualPoint:
    """Bound and best actions at `prices`."""
    best = problem.best_two(prices)
    return DualPoint(prices, best.total + float(prices @ problem.rhs), best, radius)


def newton(problem: Problem, start: FloatArray | None) -> DualPoint:
    """Walk the prices downhill on the dual until a step no longer pays.

    The curvature is measured over debtors whose margin is within reach of the current radius, per row, of
    price uncertainty; the radius shrinks as the steps do.
    """
    typical = _typical_value(problem) / np.append(_largest_use(problem), 1.0)[: len(problem.rhs)]
    if start is None:
        point = evaluate(problem, np.zeros(len(problem.rhs)), typical)
    else:
        point = evaluate(problem, start, 0.01 * start + 1e-3 * typical)
    idle = 0
    for _ in range(MAX_STEPS):
        step = np.clip(
            _newton_step(problem, point), -RADIUS_REACH * point.radius, RADIUS_REACH * point.radius
        )
        following = _backtrack(problem, point, step, typical)
        gained = point.bound - following.bound
        point = following
        idle = idle + 1 if gained < RELATIVE_PROGRESS * abs(point.bound) else 0
        if idle == PATIENCE:
            break
    return point


def _backtrack(problem: Problem, point: DualPoint, step: FloatArray, typical: FloatArray) -> DualPoint:
    for _ in range(MAX_HALVINGS):
        radius = np.maximum(np.abs(step), RADIUS_SHRINK * point.radius)
        # A row at rest must stay able to wake: no radius falls far behind the others.
        radius = np.maximum(radius, RADIUS_SPREAD * typical * (radius / typical).max(initial=0.0))
        trial = evaluate(problem, np.maximum(point.prices + step, 0.0), radius)
        if trial.bound <= point.bound:
            return trial
        step = 0.4 * step
    return DualPoint(point.prices, point.bound, point.best, RADIUS_SHRINK * point.radius)


def _newton_step(problem: Problem, point: DualPoint) -> FloatArray:
    """Minimiser of the quadratic model over prices >= 0, by pinning the prices that would turn negative."""
    slope = problem.rhs - problem.usage(point.best.first)
    curvature = _curvature(problem, point)
    ridge = 1e-6 * np.diag(curvature) + 1e-12 * max(1.0, float(np.diag(curvature).max(initial=0.0)))
    curvature = curvature + np.diag(ridge)
    step = np.zeros(len(slope))
    free = (point.prices > 0) | (slope < 0)
    while free.any():
        inside = np.flatnonzero(free)
        pull = slope[inside] + curvature[np.ix_(inside, ~free)] @ step[~free]
        step[inside] = -np.linalg.solve(curvature[np.ix_(inside, inside)], pull)
        negative = free & (point.prices + step < 0)
        if not negative.any():
            break
        step[negative] = -point.prices[negative]
        free &= ~negative
    return step


def _curvature(problem: Problem, point: DualPoint) -> FloatArray:
    """Second derivative of the dual, from the debtors within reach of changing their action."""
    width, n_profiles = len(problem.value), problem.row_of.shape[1]
    reach = np.einsum("kq,kab->qab", problem.per_profile(point.radius), np.abs(problem.use_difference))
    switch = _switch_code(problem, point.best)
    near = point.best.margin < reach.ravel()[switch]
    count = np.bincount(switch[near], minlength=reach.size).reshape(n_profiles, width, width)
    density = np.divide(count, 2.0 * reach, out=np.zeros(reach.shape), where=reach > 0)
    per_pair = np.einsum(
        "qab,kab,lab->klq", density, problem.use_difference, problem.use_difference, optimize=True
    )
    n_rows = len(problem.rhs)
    hessian = np.zeros((n_rows + 1, n_rows + 1))
    np.add.at(hessian, (problem.row_of[:, None, :], problem.row_of[None, :, :]), per_pair)
    return hessian[:n_rows, :n_rows]


def _switch_code(problem: Problem, best: BestTwo) -> IntArray:
    """Number (profile, best action, second-best action) of every debtor."""
    width = len(problem.value)
    return (problem.profile.astype(np.int64) * width + best.first) * width + best.second


@dataclass(frozen=True)
class Relaxation:
    """Optimum of the linear relaxation: its dual point, and its solution rounded to one action per debtor.

    Rounding may break a row, by no more than the few debtors that the relaxation splits between actions.
    """

    dual: DualPoint
    choice: NDArray[np.int8]


def solve_relaxation(problem: Problem, start: FloatArray | None = None) -> Relaxation:
    """Solve the linear relaxation, from `start` prices where there are some.

    Where effects are pooled over actions, values differ by a constant and thousands of debtors tie between
    the same two actions. Their values are then told apart by a hair; the bound remains that of the true
    values.
    """
    point = newton(problem, start)
    relaxation = _settle_ties(problem, point)
    if relaxation is None:
        noise = np.random.default_rng(0).random(problem.value.shape)
        for tie_break in TIE_BREAKS:
            distinct = replace(problem, value=problem.value * (1.0 + tie_break * noise))
            point = newton(distinct, None if tie_break == TIE_BREAKS[0] else point.prices)
        settled = _settle_ties(distinct, point) or Relaxation(point, point.best.first)
        dual = evaluate(problem, settled.dual.prices, settled.dual.radius)
        relaxation = Relaxation(dual, settled.choice)
    return relaxation


def _settle_ties(problem: Problem, point: DualPoint) -> Relaxation | None:
    """Exact optimum near good prices; None when too many debtors tie for a small linear program.

    Only debtors near a tie enter the program, the rest keep their best action. New prices may make others
    change their mind: those join, until nobody does. What is then optimal for the small program is so for
    the whole.
    """
    if not problem.n_debtors or not len(problem.rhs):
        return Relaxation(point, point.best.first)
    reference, choice = point, point.best.first
    members = _nearest_ties(problem, point)
    for _ in range(MAX_CORE_ROUNDS):
        allowed = np.isfinite(problem.value[:, members])
        core = build_core(problem, reference.prices, reference.best.first, members, allowed)
        solved = relax_core(core) if len(core.count) <= MAX_CORE_TYPES else None
        if solved is None:
            return None
        trial = evaluate(problem, solved.prices, reference.radius)
        if trial.bound <= point.bound:
            point = trial
        choice = reference.best.first.copy()
        choice[members] = solved.choice
        joining = np.setdiff1d(np.flatnonzero(trial.best.first != reference.best.first), members)
        if not len(joining):
            break
        members = np.union1d(members, joining)
    return Relaxation(point, choice)


def _nearest_ties(problem: Problem, point: DualPoint) -> IntArray:
    """Debtors whose best two actions are closest to a tie, measured in radii of price uncertainty."""
    wanted = min(CORE_DEBTORS + CORE_DEBTORS_PER_ROW * len(problem.rhs), MAX_CORE_TYPES // 2)
    if wanted >= problem.n_debtors:
        return np.arange(problem.n_debtors)
    reach = np.einsum("kq,kab->qab", problem.per_profile(point.radius), np.abs(problem.use_difference))
    distance = point.best.margin / (reach.ravel()[_switch_code(problem, point.best)] + 1e-300)
    return np.sort(np.argpartition(distance, wanted)[:wanted])


def _typical_value(problem: Problem) -> float:
    # Every 97th debtor tells the scale well enough for a starting radius.
    sample = problem.value[1:, :: 97 if problem.n_debtors > 10_000 else 1]
    positive = sample[np.isfinite(sample) & (sample != 0)]
    return float(np.quantile(np.abs(positive), 0.9)) if len(positive) else 1.0


def _largest_use(problem: Problem) -> FloatArray:
    largest = np.zeros(len(problem.rhs) + 1)
    np.maximum.at(largest, problem.row_of, np.abs(problem.uses).max(axis=1, initial=0.0)[:, None])
    return np.where(largest > 0, largest, 1.0)[: len(problem.rhs)]
