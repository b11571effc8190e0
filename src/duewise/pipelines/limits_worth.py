"""What the limits of a night are worth: who comes next for each, and what more or less of it would bring."""

from collections.abc import Sequence
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
from duewise.policy.frontier import FrontierPoint, frontier
from duewise.policy.limit_groups import limits_of_groups
from duewise.policy.next_in_line import next_in_line

FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""What the frontiers of the report multiply a limit by."""

MOST_LIMITS = 3
"""Limits in the picture, those of staff and messages first; more would hide one another."""

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
    """Return what the night would be worth with more or less of staff, of messages and of what binds."""
    return [
        {
            "limit": name,
            "points": [
                {
                    "factor": point.factor,
                    "units": round(point.limit, 2),
                    "value": round(point.value, 2),
                    "price": round(point.price, 4),
                }
                for point in frontier_over(decided, name, FACTORS)
            ],
        }
        for name in _of_interest(decided)
    ]


def frontier_over(decided: DecidedNight, name: str, factors: Sequence[float]) -> tuple[FrontierPoint, ...]:
    """Return the total value of a night as one of its limits is multiplied by each of `factors`."""
    step = -(-len(decided.stage) // MOST_DEBTORS)
    rows = np.arange(0, len(decided.stage), max(step, 1))
    share = len(rows) / max(len(decided.stage), 1)
    values, allowed = decided.values.ranking[rows], _allowed(decided)[rows]
    limits = [_of_rows(limit, rows, share) for limit in decided.decision.limits]
    return tuple(
        replace(
            point,
            limit=point.limit / share,
            used=point.used / share,
            value=point.value / share,
            bound=point.bound / share,
        )
        for point in frontier(values, allowed, limits, name, factors)
    )


def limits_asked_about(decided: DecidedNight) -> tuple[str, ...]:
    """Return the limits of staff and of messages, whether they bind tonight or not."""
    groups = limits_of_groups(decided.decision.limits, decided.values.actions)
    return tuple(dict.fromkeys(name for names in groups.values() for name in names))


def unlimited(decided: DecidedNight) -> list[str]:
    """Return what the portfolio limits in no way, of staff and messages."""
    groups = limits_of_groups(decided.decision.limits, decided.values.actions)
    return [str(group) for group, names in groups.items() if not names]


def _of_interest(decided: DecidedNight) -> list[str]:
    """Return the limits asked about, then others that bind by what all of each is worth."""
    worth: dict[str, float] = {}
    for limit in decided.decision.allocation.limits:
        if limit.side == "upper" and limit.price > 0:
            worth[limit.name] = worth.get(limit.name, 0.0) + limit.price * limit.limit
    first = limits_asked_about(decided)
    others = [name for name in sorted(worth, key=lambda name: (-worth[name], name)) if name not in first]
    return [*first, *others[: max(MOST_LIMITS - len(first), 0)]]


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
