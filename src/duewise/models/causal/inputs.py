"""Checks of what is handed to `ChannelValue`: every error names the argument, the count and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from duewise.models.causal.cross_fitting import Log

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def code_actions(action: ArrayLike, none: str, order: Sequence[str] | None) -> NDArray[Any]:
    """Return the labels of the columns, `none` first."""
    labels = np.asarray(action, dtype=object)
    if labels.ndim != 1:
        raise ValueError(f"action must have shape (n,), got {labels.shape}. Pass one label per row.")
    unnamed = [i for i, label in enumerate(labels) if label is None or label != label]
    if unnamed:
        raise ValueError(
            f"action is missing in {len(unnamed)} of {len(labels)} rows, first at {unnamed[:3]}. "
            f"Write {none!r} where nothing was done, and leave out rows whose action is not known."
        )
    seen = {str(label) for label in labels}
    if none not in seen:
        raise ValueError(
            f"action never is {none!r}, which all effects are measured against; it holds {sorted(seen)[:8]}. "
            "Name the label of doing nothing with ChannelValue(none=…)."
        )
    names = sorted(seen) if order is None else [str(name) for name in order]
    unlisted = sorted(seen - set(names) - {none})
    if unlisted:
        raise ValueError(
            f"action holds labels that actions=… does not list: {unlisted[:8]}. Add them to the list."
        )
    others = [name for name in names if name != none]
    if not others:
        raise ValueError(
            f"action holds nothing but {none!r}: there is no action to compare. Pass other actions too."
        )
    return np.array([none, *others], dtype=object)


def checked_log(
    X: Any,
    action: ArrayLike,
    outcome: ArrayLike,
    propensity: ArrayLike | None,
    groups: ArrayLike | None,
    sample_weight: ArrayLike | None,
    balance: ArrayLike | None,
    names: NDArray[Any],
    n_folds: int,
) -> Log:
    """Return the inputs as a `Log`, or raise a ValueError that says what to mend."""
    n = len(X)
    index = {str(name): k for k, name in enumerate(names)}
    taken = np.array([index[str(label)] for label in np.asarray(action, dtype=object)], dtype=np.intp)
    if len(taken) != n:
        raise ValueError(f"action has {len(taken)} rows and X has {n}. Pass one action per row of X.")
    y = _column(outcome, n, "outcome")
    weight = np.ones(n) if sample_weight is None else _column(sample_weight, n, "sample_weight")
    if (weight < 0).any() or weight.sum() <= 0:
        raise ValueError("sample_weight must be ≥ 0 with a positive sum; drop rows that should not count.")
    names_of_groups = np.arange(n) if groups is None else np.asarray(groups)
    if names_of_groups.shape != (n,):
        raise ValueError(
            f"groups has shape {names_of_groups.shape} and X has {n} rows. Pass one debtor per row."
        )
    if names_of_groups.dtype == object:
        names_of_groups = names_of_groups.astype(str)
    n_groups = len(np.unique(names_of_groups))
    if not 2 <= n_folds <= n_groups:
        raise ValueError(f"n_folds={n_folds} needs between 2 and {n_groups} (the number of groups).")
    scale = np.ones(n) if balance is None else _positive_scale(balance, n)
    logged = None if propensity is None else _probabilities(propensity, taken, len(names))
    return Log(taken, y, scale, names_of_groups, weight, logged, len(names))


def money_per_unit(balance: ArrayLike | None, n: int, *, fitted_with_balance: bool, unit: str) -> Floats:
    """Return the money that one unit of effect is worth in each of `n` rows.

    Parameters
    ----------
    fitted_with_balance : bool
        Whether fit was given a balance; these rows then need theirs.
    unit : {"share", "money"}
        In which the effects were learned.
    """
    if not fitted_with_balance:
        if balance is not None:
            raise ValueError(
                "balance was not given to fit, so effects are already in the unit of the outcome."
            )
        return np.ones(n)
    if balance is None:
        raise ValueError("fit was given a balance: pass the balance of these rows too, as balance=….")
    scale = _positive_scale(balance, n)
    return scale if unit == "share" else np.ones(n)


def _positive_scale(balance: ArrayLike, n: int) -> Floats:
    """Return the balance as a column, which must be positive."""
    scale = _column(balance, n, "balance")
    if (scale <= 0).any():
        raise ValueError(
            f"balance is not positive in {int((scale <= 0).sum())} of {n} rows. Leave settled debts out."
        )
    return scale


def _column(values: ArrayLike, n: int, name: str) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    if column.shape != (n,):
        raise ValueError(f"{name} has shape {column.shape} and X has {n} rows. Pass one number per row.")
    bad = int((~np.isfinite(column)).sum())
    if bad:
        raise ValueError(
            f"{name} is missing or infinite in {bad} of {n} rows. Fill or drop them before fitting."
        )
    return column


def _probabilities(propensity: ArrayLike, taken: Ints, n_actions: int) -> Floats:
    p = np.asarray(propensity, dtype=np.float64)
    n = len(taken)
    if p.shape not in {(n,), (n, n_actions)}:
        raise ValueError(
            f"propensity has shape {p.shape}; expected ({n},), the probability of the action taken, or "
            f"({n}, {n_actions}), one column per action in the order of actions_."
        )
    of_taken = p if p.ndim == 1 else p[np.arange(n), taken]
    bad = ~(np.isfinite(of_taken) & (of_taken > 0) & (of_taken <= 1 + 1e-9))
    if bad.any():
        raise ValueError(
            f"propensity of the action taken is not in (0, 1] in {int(bad.sum())} of {n} rows: what happened "
            "had a positive probability. Mend the log, or leave propensity out to have it estimated."
        )
    if p.ndim == 2 and (np.abs(p.sum(axis=1) - 1) > 1e-3).any():
        raise ValueError(
            "propensity must sum to 1 over the actions in every row; add the column of doing nothing."
        )
    return np.minimum(p, 1.0)
