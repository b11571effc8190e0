"""One action per debtor: the experiment draws first, the allocation decides the rest under what is left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.config import CellsSection
from duewise.contracts.vocabulary import NONE, Cell
from duewise.policy.allocation import Allocation, Constraint, allocate
from duewise.policy.cells import draw_explorers, keyed_uniform
from duewise.policy.values import ActionValues

MOST_SPENT = 0.01
"""Share of what a full night costs that the experiment may spend: where nothing works, all that is spent.

Half of the two percent that a lender should lose at most by an experiment: a debtor gets one action only, so
what a night can really spend is less than all limits together.
"""


@dataclass(frozen=True)
class Decision:
    """What each debtor gets tonight; the arrays have the shape (n_debtors,).

    Attributes
    ----------
    choice : ndarray of int
        0 for nothing, a + 1 for action a of `values`.
    propensity : ndarray
        Probability with which the choice was made, given the cell: 1 outside the explore cell.
    runner_up : ndarray of int
        Best permitted alternative to the choice, coded alike; 0 when the alternative is to do nothing.
    allocation : Allocation
        Of the policy cell: value, bound, prices.
    limits : tuple of Constraint
        What the experiment left of the limits, under which the allocation chose.
    used : dict of str to float
        Units of each limit that are planned, over all cells.
    """

    choice: NDArray[np.int64]
    propensity: NDArray[np.float64]
    runner_up: NDArray[np.int64]
    allocation: Allocation
    limits: tuple[Constraint, ...]
    used: dict[str, float]


def decide(
    debtor_ids: Sequence[str],
    values: ActionValues,
    feasible: NDArray[np.bool_],
    limits: Sequence[Constraint],
    cell: NDArray[Any],
    settings: CellsSection,
    night: int,
    *,
    start: Decision | None = None,
) -> Decision:
    """Return tonight's decision.

    Parameters
    ----------
    debtor_ids : sequence of str of length n_debtors, in ascending order
    feasible : ndarray of bool of shape (n_debtors, n_actions)
        Permitted by rules and possible in practice.
    limits : sequence of Constraint
        Over all debtors; the experiment takes its share first.
    cell : ndarray of shape (n_debtors,)
        Codes of Cell.
    night : int
        Number of the night; explorers draw anew every night.
    start : Decision, optional
        Of the same night under limits that are nowhere looser: its draws stand, and the result is never
        worth less. For comparisons; a draw under other limits has another probability than the one it keeps.
    """
    n = len(debtor_ids)
    choice = np.zeros(n, dtype=np.int64)
    propensity = np.ones(n)
    explorers = np.flatnonzero(cell == Cell.EXPLORE)
    if start is not None:
        choice[explorers], propensity[explorers] = start.choice[explorers], start.propensity[explorers]
    elif len(explorers):
        ids = [debtor_ids[i] for i in explorers.tolist()]
        draw, order = (keyed_uniform(settings.seed, purpose, night, ids) for purpose in ("lot", "order"))
        uses, ceilings = _use_of_limits(limits, explorers, len(values.actions))
        luck = keyed_uniform(settings.seed, "room", night, _names_of(limits))
        room = _room_to_explore(uses, ceilings, settings.explore, luck)
        choice[explorers], propensity[explorers] = draw_explorers(
            feasible[explorers],
            uses,
            room,
            draw,
            order,
            values.cost,
            MOST_SPENT * _cost_of_a_full_night(limits, values.cost, feasible.sum(axis=0)),
        )
    allowed = feasible & (cell == Cell.POLICY)[:, None]
    left = tuple(_without(limit, choice) for limit in limits)
    allocation = allocate(values.ranking, allowed, left, start=None if start is None else start.allocation)
    choice = np.where(cell == Cell.POLICY, allocation.choice.astype(np.int64), choice)
    return Decision(
        choice=choice,
        propensity=propensity,
        runner_up=runner_up(values.ranking, feasible, choice),
        allocation=allocation,
        limits=left,
        used={limit.name: float(_usage(limit, choice).sum()) for limit in limits},
    )


def runner_up(
    ranking: NDArray[np.float64], feasible: NDArray[np.bool_], choice: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the best permitted alternative to `choice`; doing nothing is worth 0 and always possible."""
    n = len(choice)
    worth = np.concatenate([np.zeros((n, 1)), np.where(feasible, ranking, -np.inf)], axis=1)
    worth[np.arange(n), choice] = -np.inf
    return np.asarray(worth.argmax(axis=1), dtype=np.int64)


def action_names(codes: NDArray[np.int64], actions: Sequence[str]) -> NDArray[Any]:
    """Return the names behind choice codes."""
    return np.array([NONE, *actions], dtype=object)[codes]


def _use_of_limits(
    limits: Sequence[Constraint], rows: NDArray[np.intp], n_actions: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each action of the rows takes from each ceiling, and the ceilings."""
    ceilings: list[float] = []
    uses: list[NDArray[np.float64]] = []
    for limit in limits:
        if limit.upper is None:
            continue
        per_action = np.asarray(limit.uses, dtype=np.float64)
        groups = np.zeros(len(rows), int) if limit.groups is None else np.asarray(limit.groups)[rows]
        for group, ceiling in enumerate(np.atleast_1d(np.asarray(limit.upper, dtype=np.float64))):
            uses.append((groups == group)[:, None] * per_action[None, :])
            ceilings.append(float(ceiling))
    if not uses:
        return np.zeros((len(rows), n_actions, 0)), np.zeros(0)
    return np.stack(uses, axis=2), np.array(ceilings)


def _cost_of_a_full_night(
    limits: Sequence[Constraint], cost: NDArray[np.float64], n_lawful: NDArray[np.int64]
) -> float:
    """Return what it costs to take every action as often as rules and its own ceilings allow.

    Parameters
    ----------
    n_lawful : ndarray of shape (n_actions,)
        Debtors for whom each action is permitted.
    """
    room = n_lawful.astype(np.float64)
    for limit in limits:
        if limit.upper is not None:
            uses = np.asarray(limit.uses, dtype=np.float64)
            most = np.divide(np.sum(limit.upper), uses, out=np.full(len(uses), np.inf), where=uses > 0)
            room = np.minimum(room, most)
    return float(room @ cost)


def _room_to_explore(
    uses: NDArray[np.float64], ceilings: NDArray[np.float64], share: float, luck: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the room for exploring: a share too small for any action is one action's worth now and then.

    Rounded down it would close scarce actions to the experiment for ever; rounded up, the experiment would
    take the only visit of a region every night. So it is drawn, such that the share holds over the nights.
    """
    smallest = np.where(uses > 0, uses, np.inf).min(axis=(0, 1), initial=np.inf)
    smallest = np.where(np.isfinite(smallest), smallest, 0.0)
    shares = share * ceilings
    once = np.where(luck * smallest < shares, smallest, 0.0)
    return np.minimum(np.where(shares < smallest, once, shares), ceilings)


def _names_of(limits: Sequence[Constraint]) -> list[str]:
    """Return a name for each ceiling, group by group, in the order of :func:`_use_of_limits`."""
    return [
        f"{limit.name} {group}"
        for limit in limits
        if limit.upper is not None
        for group in range(np.size(np.asarray(limit.upper)))
    ]


def _usage(limit: Constraint, choice: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the planned units of a limit, one number per group."""
    per_debtor = np.append(0.0, np.asarray(limit.uses, dtype=np.float64))[choice]
    if limit.groups is None:
        return np.array([per_debtor.sum()])
    groups = np.asarray(limit.groups)
    member = groups >= 0
    n_groups = np.size(np.asarray(limit.lower if limit.upper is None else limit.upper))
    return np.bincount(groups[member], weights=per_debtor[member], minlength=n_groups).astype(np.float64)


def _without(limit: Constraint, choice: NDArray[np.int64]) -> Constraint:
    """Return what the experiment leaves of a limit; what it did counts towards a floor as well."""
    used: Any = _usage(limit, choice)
    if limit.groups is None:
        used = float(used[0])
    upper = None if limit.upper is None else np.maximum(np.asarray(limit.upper) - used, 0.0)
    lower = None if limit.lower is None else np.maximum(np.asarray(limit.lower) - used, 0.0)
    return replace(limit, upper=upper, lower=lower)
