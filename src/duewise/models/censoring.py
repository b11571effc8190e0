"""Censoring: weights that make those who were not contacted again stand for everybody.

The value of an action is wanted for a period without other contacts. Where another contact follows, the
row is censored; those left are weighted by the inverse of their chance of being left (Robins & Finkelstein
2000, Biometrics 56(3), inverse probability of censoring weights). The chance is a product over days, and each
day's depends on what happened until then: a debtor who paid or promised is seldom contacted again, so a
weight from the state at the decision alone would count early payers double.
"""

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FIT_PERSON_DAYS = 200_000
"""Person-days that the hazard is learned from; beyond it a sample is drawn."""

ROUNDS = 60
LARGEST_WEIGHT_QUANTILE = 0.99
"""Weights above this quantile are cut to it: a few rare survivors would drown all others."""


@dataclass(frozen=True)
class Censoring:
    """What was done about later contacts.

    Attributes
    ----------
    kept : ndarray of bool of shape (n,)
        Rows without another contact in the period.
    weight : ndarray of shape (n,)
        Weight of each kept row, 1 on average; 0 where censored.
    censored_share : float
        Share of rows that another contact censored.
    effective_share : float
        Effective size of the kept rows relative to their number: near 1 when weights hardly differ.
    """

    kept: NDArray[np.bool_]
    weight: Floats
    censored_share: float
    effective_share: float


def censoring_weights(
    matrix: NDArray[np.float32],
    action: NDArray[np.int64],
    next_contact_day: Floats,
    change_days: dict[str, Floats],
    decision_days: int,
    *,
    groups: NDArray[Any],
    seed: int,
    threads: int = 1,
) -> Censoring:
    """Return weights for the rows without another contact in the period.

    Parameters
    ----------
    matrix : ndarray of shape (n, n_features)
        Features at the decision.
    action : ndarray of int of shape (n,)
        Code of the action taken, 0 for none.
    next_contact_day : ndarray of shape (n,)
        Day of the next other contact, NaN without one.
    change_days : dict of name to ndarray of shape (n,)
        Day on which each change of state happened (paid, promised, reached); NaN where it did not.
    groups : ndarray of shape (n,)
        Debtor of each row; the hazard of a row is predicted by a model that did not see the debtor.
    """
    n = len(action)
    kept = ~(next_contact_day < decision_days)
    if kept.all() or n == 0:
        return Censoring(kept, kept.astype(np.float64), 0.0, 1.0)
    rng = np.random.default_rng(seed)
    half = _halves(groups, rng)
    stayed = np.zeros(n)  # log of the chance of no other contact
    for side in (False, True):
        learn, judge = np.flatnonzero(half != side), np.flatnonzero(half == side)
        booster = _fit_hazard(
            matrix, action, next_contact_day, change_days, decision_days, learn, rng, threads
        )
        for day in range(decision_days):
            state = _person_days(matrix, action, change_days, judge, np.full(len(judge), day))
            hazard = np.clip(booster.predict(state, num_threads=threads), 0.0, 0.999)
            stayed[judge] += np.log1p(-hazard)
    weight = np.where(kept, np.exp(-stayed), 0.0)
    weight = np.minimum(weight, np.quantile(weight[kept], LARGEST_WEIGHT_QUANTILE))
    # Arms are compared with each other, so each keeps its own size.
    for arm in np.unique(action):
        rows = action == arm
        total = weight[rows].sum()
        if total > 0:
            weight[rows] *= (kept & rows).sum() / total
    effective = weight.sum() ** 2 / (weight**2).sum() / kept.sum()
    return Censoring(kept, weight, float(1.0 - kept.mean()), float(effective))


def _halves(groups: NDArray[Any], rng: np.random.Generator) -> NDArray[np.bool_]:
    _, codes = np.unique(groups, return_inverse=True)
    return np.asarray(rng.random(codes.max() + 1) < 0.5)[codes]


def _fit_hazard(
    matrix: NDArray[np.float32],
    action: NDArray[np.int64],
    next_contact_day: Floats,
    change_days: dict[str, Floats],
    decision_days: int,
    rows: NDArray[np.intp],
    rng: np.random.Generator,
    threads: int,
) -> lgb.Booster:
    """Return a model of the chance that another contact happens on a day, given none before."""
    last = np.minimum(np.nan_to_num(next_contact_day[rows], nan=decision_days), decision_days - 1).astype(int)
    person = np.repeat(rows, last + 1)
    day = np.concatenate([np.arange(stop + 1) for stop in last]) if len(last) else np.zeros(0, int)
    if len(person) > FIT_PERSON_DAYS:
        drawn = np.sort(rng.choice(len(person), FIT_PERSON_DAYS, replace=False))
        person, day = person[drawn], day[drawn]
    contacted = (next_contact_day[person] == day).astype(np.float64)
    parameters = {
        "objective": "binary",
        "learning_rate": 0.1,
        "num_leaves": 15,
        "min_data_in_leaf": 100,
        "feature_fraction": 0.5,
        "num_threads": threads,
        "seed": int(rng.integers(2**31)),
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    data = lgb.Dataset(_person_days(matrix, action, change_days, person, day), contacted)
    return lgb.train(parameters, data, num_boost_round=ROUNDS)


def _person_days(
    matrix: NDArray[np.float32],
    action: NDArray[np.int64],
    change_days: dict[str, Floats],
    rows: NDArray[np.intp],
    day: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return the state of each row before a day: features, action, day, and what has happened since.

    A change on the day itself may come after the contact, so it counts from the day after; on the first
    day, what the action itself brought about (a promise, a conversation) is not known before it either.
    """
    since = [(change_days[name][rows] < day).astype(np.float32) for name in sorted(change_days)]
    extra = np.column_stack([action[rows].astype(np.float32), day.astype(np.float32), *since])
    return np.concatenate([matrix[rows], extra], axis=1, dtype=np.float32)
