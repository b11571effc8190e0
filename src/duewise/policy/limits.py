"""Capacities and resources of the portfolio file as constraints of the allocation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.config import Action, Resource
from duewise.policy.allocation import Constraint


def constraints_of(
    actions: Mapping[str, Action],
    resources: Mapping[str, Resource],
    order: Sequence[str],
    region: NDArray[Any],
) -> list[Constraint]:
    """Return one constraint per capacity and resource.

    Parameters
    ----------
    order : sequence of str of length n_actions
        Actions in the order of the value columns.
    region : ndarray of shape (n_debtors,)
        Region of each debtor; unknown regions share one limit of their own.
    """
    limits = [
        Constraint(
            name=name,
            uses=np.array([float(other == name) for other in order]),
            upper=None if actions[name].capacity is None else float(actions[name].capacity or 0),
            lower=float(actions[name].at_least) or None,
        )
        for name in order
        if actions[name].capacity is not None or actions[name].at_least
    ]
    for name, resource in resources.items():
        uses = np.array([actions[action].uses.get(name, 0.0) for action in order])
        if not uses.any():
            continue
        floor = resource.at_least or None
        if resource.per is None:
            limits.append(Constraint(name=name, uses=uses, upper=resource.limit, lower=floor))
        else:
            codes, groups = pd.factorize(pd.Series(region, dtype="object").fillna(""), sort=True)
            limits.append(
                Constraint(
                    name=name,
                    uses=uses,
                    upper=np.full(len(groups), resource.limit),
                    lower=None if floor is None else np.full(len(groups), floor),
                    groups=codes,
                )
            )
    return limits
