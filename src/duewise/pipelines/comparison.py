"""The chosen action beside the second best, and what would change the choice: columns of the details."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duewise.contracts.vocabulary import Cell
from duewise.features.catalogue import catalogue
from duewise.models.bundle import Bundle
from duewise.pipelines.decision import DecidedNight
from duewise.policy.decide import action_names
from duewise.policy.flips import NO_LIMIT, smallest_flips
from duewise.policy.prices import cost_of_limits
from duewise.publish.details_file import DIFFERENCE, DIFFERENCE_REASON, FLIP

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

REASONS = 3
"""Features told of a difference: people remember three."""

MOST_EXPLAINED = 20_000
"""Debtors whose difference is taken apart, the largest gains first: more than a team works in a night."""


def comparison_columns(bundle: Bundle, debtors: pd.DataFrame, decided: DecidedNight) -> dict[str, Any]:
    """Return ``over_runner_up``, ``difference_reasons`` and ``flip``, in the order of `debtors`.

    Where the experiment chose there is nothing to compare: all three are null.
    """
    chosen = np.flatnonzero(decided.cell == Cell.POLICY)
    return {
        "over_runner_up": _over_runner_up(decided, chosen),
        "difference_reasons": _difference_reasons(bundle, debtors, decided, chosen),
        "flip": _flips(decided, chosen),
    }


def _over_runner_up(decided: DecidedNight, chosen: Rows) -> pa.Array:
    """Return by how much the choice has more gain, harm, cost and price of its limits than the runner-up."""
    values, decision = decided.values, decided.decision
    n = len(decision.choice)
    capacity = _with_none(cost_of_limits(decision.limits, decision.allocation, n, len(values.actions)))
    known = np.isin(np.arange(n), chosen) & (decision.choice > 0)
    parts = {
        "gain": _difference(_with_none(values.gain), decided),
        "harm": _difference(_with_none(np.nan_to_num(values.harm)), decided),
        "cost": _difference(np.broadcast_to(np.append(0.0, values.cost), capacity.shape), decided),
        "capacity": _difference(capacity, decided),
    }
    return pa.StructArray.from_arrays(
        [_numbers(parts[field.name]) for field in DIFFERENCE], fields=list(DIFFERENCE), mask=pa.array(~known)
    )


def _with_none(table: Floats) -> Floats:
    return np.concatenate([np.zeros((len(table), 1)), table], axis=1)


def _difference(table: Floats, decided: DecidedNight) -> Floats:
    rows = np.arange(len(table))
    return np.asarray(table[rows, decided.decision.choice] - table[rows, decided.decision.runner_up])


def _difference_reasons(
    bundle: Bundle, debtors: pd.DataFrame, decided: DecidedNight, chosen: Rows
) -> pa.ListArray:
    """Return the features behind the difference in gain, the strongest first."""
    values, decision = decided.values, decided.decision
    lists: list[list[dict[str, Any]]] = [[] for _ in range(len(debtors))]
    if bundle.channels is not None:
        at = np.maximum(decision.choice - 1, 0)[chosen]
        acted = chosen[(decision.choice[chosen] > 0) & values.supported[chosen, at]]
        gain = values.gain[acted, decision.choice[acted] - 1]
        acted = acted[np.argsort(-gain, kind="stable")[:MOST_EXPLAINED]]
        names = list(map(str, bundle.channels.value.feature_names_in_))
        learned = set(map(str, bundle.channels.value.actions_))
        labels = {feature.name: (feature.en, feature.zh) for feature in catalogue()}
        pairs = np.column_stack([decision.choice[acted], decision.runner_up[acted]])
        for pair in np.unique(pairs, axis=0):
            rows = acted[(pairs == pair).all(axis=1)]
            a, b = map(str, action_names(pair, values.actions))
            if not {a, b} <= learned:
                continue
            table = debtors.iloc[rows]
            money = bundle.channels.behind_difference(
                bundle.encoding.covariates(table), table["balance"].to_numpy(dtype=np.float64), a, b
            )
            strongest = np.argsort(-np.abs(money), axis=1, kind="stable")[:, :REASONS]
            for row, features, parts in zip(rows.tolist(), strongest.tolist(), money, strict=True):
                lists[row] = [
                    _reason(names[k], labels, float(parts[k]))
                    for k in features
                    if np.isfinite(parts[k]) and parts[k] != 0.0
                ]
    return pa.array(lists, pa.list_(DIFFERENCE_REASON))


def _reason(name: str, labels: dict[str, tuple[str, str]], money: float) -> dict[str, Any]:
    en, zh = labels.get(name, (name, name))  # declared columns carry their own names
    return {"feature": name, "money": money, "en": en, "zh": zh}


def _flips(decided: DecidedNight, chosen: Rows) -> pa.Array:
    """Return the smallest change of a cost and of a limit that would change each choice."""
    decision, actions = decided.decision, decided.values.actions
    n = len(decision.choice)
    allowed = np.zeros(decided.permissions.feasible.shape, dtype=bool)
    allowed[chosen] = decided.permissions.feasible[chosen]
    found = smallest_flips(decided.values.ranking, allowed, decision.limits, decision.allocation)
    limits = np.array([*(limit.name for limit in decision.limits), None], dtype=object)
    limited = found.limit != NO_LIMIT
    columns = {
        "alternative": pa.array(action_names(found.alternative, actions), pa.string()),
        "cost": _numbers(found.cost),
        "limit": pa.array(limits[found.limit], pa.string()),
        "units": _numbers(found.units),
        "then": pc.if_else(pa.array(limited), pa.array(action_names(found.then, actions), pa.string()), None),
    }
    known = np.isin(np.arange(n), chosen) & np.isfinite(found.cost)
    return pa.StructArray.from_arrays(
        [columns[field.name] for field in FLIP], fields=list(FLIP), mask=pa.array(~known)
    )


def _numbers(values: Floats) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)
