"""What the limits of a night are worth: who comes next for each, and what more or less of it would bring."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duewise.contracts.vocabulary import Cell
from duewise.pipelines.decision import DecidedNight
from duewise.policy.allocation import Constraint
from duewise.policy.decide import action_names
from duewise.policy.frontier import frontier
from duewise.policy.next_in_line import next_in_line

FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""What the frontiers of the report multiply a limit by."""

MOST_LIMITS = 3
"""Limits in the picture: those that are worth most tonight."""

MOST_DEBTORS = 20_000
"""Beyond it every k-th debtor stands for k, with limits in proportion: a curve needs no more."""


def next_units(decided: DecidedNight, strategies: pa.Table) -> list[dict[str, Any]]:
    """Return for each limit that binds to which action, and to the debtor of which rank, a unit would go."""
    found = next_in_line(
        decided.values.ranking, _allowed(decided), decided.decision.limits, decided.decision.allocation
    )
    names = action_names(np.arange(len(decided.values.actions) + 1), decided.values.actions)
    return [
        {
            "limit": one.name,
            "rank": _rank(strategies, str(decided.permissions.verdicts.debtor_id[one.row])),
            "stage": str(decided.stage[one.row]),
            "action": str(names[one.action]),
            "instead_of": str(names[one.instead_of]),
            "worth": round(one.worth, 4),
        }
        for one in found
    ]


def frontiers(decided: DecidedNight) -> list[dict[str, Any]]:
    """Return what the night would be worth with more or less of each limit that binds."""
    worth: dict[str, float] = {}
    for limit in decided.decision.allocation.limits:
        if limit.side == "upper" and limit.price > 0:
            worth[limit.name] = worth.get(limit.name, 0.0) + limit.price * limit.limit
    step = -(-len(decided.stage) // MOST_DEBTORS)
    rows = np.arange(0, len(decided.stage), max(step, 1))
    share = len(rows) / max(len(decided.stage), 1)
    values, allowed = decided.values.ranking[rows], _allowed(decided)[rows]
    limits = [_of_rows(limit, rows, share) for limit in decided.decision.limits]
    return [
        {
            "limit": name,
            "points": [
                {
                    "factor": point.factor,
                    "units": round(point.limit / share, 2),
                    "value": round(point.value / share, 2),
                    "price": round(point.price, 4),
                }
                for point in frontier(values, allowed, limits, name, FACTORS)
            ],
        }
        for name in sorted(worth, key=lambda name: (-worth[name], name))[:MOST_LIMITS]
    ]


def _rank(strategies: pa.Table, debtor_id: str) -> int:
    """Return the place of a debtor in the worklist: the manifest names nobody."""
    return int(strategies["rank"][pc.index(strategies["debtor_id"], debtor_id).as_py()].as_py())


def _allowed(decided: DecidedNight) -> NDArray[np.bool_]:
    """Return what the allocation could choose from: the experiment has drawn before."""
    return np.asarray(decided.permissions.feasible & (decided.cell == Cell.POLICY)[:, None])


def _of_rows(limit: Constraint, rows: NDArray[np.intp], share: float) -> Constraint:
    def scaled(bound: Any) -> Any:
        return None if bound is None else np.asarray(bound, dtype=np.float64) * share

    groups = None if limit.groups is None else np.asarray(limit.groups)[rows]
    return replace(limit, upper=scaled(limit.upper), lower=scaled(limit.lower), groups=groups)
