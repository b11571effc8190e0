"""The share of a balance that comes in, by boosted trees whose forecasts of a debtor never saw the debtor."""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from duewise.models.splits import debtor_buckets

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

FOLDS = 5
SETTINGS: dict[str, Any] = {
    "objective": "cross_entropy",  # log-loss on shares in [0, 1]
    "learning_rate": 0.06,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


def fit_share(
    matrix: Floats32, share: Floats, weight: Floats, *, rounds: int, threads: int, seed: int
) -> lgb.Booster:
    """Return a model of the share in [0, 1]."""
    settings = {**SETTINGS, "num_threads": threads, "seed": seed}
    return lgb.train(settings, lgb.Dataset(matrix, share, weight=weight), num_boost_round=rounds)


def out_of_fold_share(
    matrix: Floats32,
    share: Floats,
    weight: Floats,
    groups: NDArray[Any],
    *,
    rounds: int,
    threads: int,
    seed: int,
) -> Floats:
    """Return the share expected of each row, in [0, 1], by a model that did not see its debtor.

    Parameters
    ----------
    groups : ndarray of shape (n,)
        Debtor of each row.
    """
    fold = debtor_buckets(groups, FOLDS, seed)
    expected = np.empty(len(share))
    for held_out in range(FOLDS):
        rows = fold != held_out
        booster = fit_share(
            matrix[rows], share[rows], weight[rows], rounds=rounds, threads=threads, seed=seed
        )
        expected[~rows] = booster.predict(matrix[~rows], num_threads=threads)
    return expected
