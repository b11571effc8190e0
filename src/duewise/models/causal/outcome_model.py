"""Expected outcome of every row under every action, predicted by models that never saw the row's debtor.

One boosted regression learns the outcome from all actions together; each action then goes on boosting from
there on its own rows. A thin action so borrows the common part and adds only what its rows can show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm as lgb
import numpy as np
from joblib import Parallel, delayed  # type: ignore[import-untyped]
from numpy.typing import NDArray

from duewise.models.causal.boosting import BinnedTable, boost, common_rounds, predict

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

COMMON: Mapping[str, Any] = {
    "objective": "l2",
    "learning_rate": 0.1,
    "num_leaves": 15,
    "min_data_in_leaf": 30,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
}
COMMON_ROUNDS = 200
OWN: Mapping[str, Any] = {**COMMON, "num_leaves": 7, "learning_rate": 0.1}
OWN_ROUNDS = 150
LEAST_OWN_ROWS = 100  # fewer rows of an action only move its mean


def cross_fit_outcome(
    table: BinnedTable,
    action: Ints,
    outcome: Floats,
    n_actions: int,
    folds: Ints,
    weight: Floats,
    *,
    n_jobs: int,
    seed: int,
) -> Floats:
    """Return the out-of-fold expected outcome, of shape (n, n_actions), in the unit of `outcome`."""
    n_folds = int(folds.max()) + 1
    sizes = np.bincount(folds, weight, minlength=n_folds)
    every_fold = [folds == fold for fold in range(n_folds)]
    run = Parallel(n_jobs=n_jobs, prefer="threads")

    common_fits = run(delayed(_fit_common)(table, outcome, held_out, weight, seed) for held_out in every_fold)
    rounds, _ = common_rounds([losses for _, _, losses in common_fits], [np.inf] * n_folds, sizes)
    commons = [start + predict(booster, table.matrix, rounds) for booster, start, _ in common_fits]

    def fit_own(arm: int, fold: int) -> tuple[float, lgb.Booster | None, list[float], float]:
        return _fit_own(table, outcome, commons[fold], every_fold[fold], action == arm, weight, seed)

    expected = np.empty((len(action), n_actions))
    own_fits = run(delayed(fit_own)(arm, fold) for arm in range(n_actions) for fold in range(n_folds))
    for arm in range(n_actions):
        fits = own_fits[arm * n_folds : (arm + 1) * n_folds]
        curves, flat = [losses for _, _, losses, _ in fits], [loss for *_, loss in fits]
        rounds = common_rounds(curves, flat, sizes)[0] if all(curves) else 0
        for held_out, common, (shift, booster, _, _) in zip(every_fold, commons, fits, strict=True):
            expected[held_out, arm] = common[held_out] + shift
            if booster is not None:
                expected[held_out, arm] += predict(booster, table.matrix[held_out], rounds)
    return expected


def _fit_common(
    table: BinnedTable, outcome: Floats, held_out: Bools, weight: Floats, seed: int
) -> tuple[lgb.Booster, float, list[float]]:
    rows, watch = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    start = float(np.average(outcome[rows], weights=weight[rows]))
    booster, losses = boost(
        table,
        rows,
        outcome,
        COMMON_ROUNDS,
        COMMON,
        weight=weight,
        start=np.full(len(outcome), start),
        watch=watch,
        seed=seed,
    )
    return booster, start, losses


def _fit_own(
    table: BinnedTable,
    outcome: Floats,
    common: Floats,
    held_out: Bools,
    own: Bools,
    weight: Floats,
    seed: int,
) -> tuple[float, lgb.Booster | None, list[float], float]:
    """Return an action's mean shift, its booster on top, held-out losses, and the loss of the shift alone."""
    rows, watch = np.flatnonzero(own & ~held_out), np.flatnonzero(own & held_out)
    shift = _shrunk_mean((outcome - common)[rows], weight[rows])
    if len(rows) < LEAST_OWN_ROWS or len(watch) == 0:
        return shift, None, [], 0.0
    flat = float(np.average((outcome - common - shift)[watch] ** 2, weights=weight[watch]))
    booster, losses = boost(
        table, rows, outcome, OWN_ROUNDS, OWN, weight=weight, start=common + shift, watch=watch, seed=seed
    )
    return shift, booster, losses, flat


def _shrunk_mean(residual: Floats, weight: Floats) -> float:
    """Return the mean residual of an action, pulled to zero by its own sampling variance."""
    if len(residual) < 2:
        return 0.0
    mean = float(np.average(residual, weights=weight))
    noise = float(np.average((residual - mean) ** 2, weights=weight)) / len(residual)
    return mean * mean**2 / (mean**2 + noise) if mean != 0.0 else 0.0
