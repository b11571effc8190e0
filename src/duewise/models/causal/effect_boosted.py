"""Boosted effects: small tree ensembles grown on contrasts of doubly robust scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from joblib import Parallel, delayed  # type: ignore[import-untyped]
from numpy.typing import NDArray

from duewise.models.causal.boosting import BinnedTable, boost, common_rounds, predict

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]

ROUNDS = 200
SETTINGS: Mapping[str, Any] = {
    "objective": "l2",
    "learning_rate": 0.07,
    "num_leaves": 6,
    "lambda_l2": 10.0,
    "feature_fraction": 0.6,
}
LEAF_SHARE = 0.005  # of the rows: a leaf of an effect model averages scores far noisier than outcomes
LEAST_LEAF = 50


@dataclass(frozen=True)
class BoostedEffect:
    """A deviation from the pooled effect learned by boosted trees.

    Attributes
    ----------
    booster : lightgbm.Booster or None
        Fitted on all rows; None when no round beat the constant on held-out rows.
    fold_boosters : tuple of lightgbm.Booster
        The same without each fold.
    rounds, fold_rounds
        Rounds with the least held-out risk over all folds, and over the other folds.
    center, fold_centers
        Weighted mean score on the training rows, subtracted so that the deviation is zero on average.
    """

    booster: lgb.Booster | None
    fold_boosters: tuple[lgb.Booster, ...]
    rounds: int
    fold_rounds: tuple[int, ...]
    center: float
    fold_centers: tuple[float, ...]

    def deviation(self, trees: Floats32, fold: int | None = None, threads: int = 1) -> Floats:
        """Return the deviation of each row, by the model without `fold` or by the whole one."""
        if self.booster is None:
            return np.zeros(len(trees))
        booster = self.booster if fold is None else self.fold_boosters[fold]
        center = self.center if fold is None else self.fold_centers[fold]
        rounds = self.rounds if fold is None else self.fold_rounds[fold]
        return predict(booster, trees, rounds, threads) - center

    def out_of_fold(self, trees: Floats32, folds: Ints) -> Floats:
        """Return the deviation of each row by the model that did not see it."""
        out = np.zeros(len(trees))
        for fold in range(len(self.fold_boosters)):
            held_out = folds == fold
            out[held_out] = self.deviation(trees[held_out], fold)
        return out


def fit_boosted_effect(
    table: BinnedTable, target: Floats, weight: Floats, folds: Ints, *, n_jobs: int, seed: int
) -> BoostedEffect:
    """Boost `target` (a contrast of doubly robust scores, shape (n,)) less its mean on the features."""
    n_folds = int(folds.max()) + 1
    used = weight > 0
    leaf = max(LEAST_LEAF, int(LEAF_SHARE * used.sum()))
    # Weights of mean one keep LightGBM's penalty per row comparable between actions.
    scaled = weight / weight[used].mean()
    settings = {**SETTINGS, "min_data_in_leaf": leaf}

    def fit_without(fold: int) -> tuple[lgb.Booster, list[float], float, float]:
        rows, watch = np.flatnonzero(used & (folds != fold)), np.flatnonzero(used & (folds == fold))
        mean = float(np.average(target[rows], weights=weight[rows]))
        flat = float(np.average((target[watch] - mean) ** 2, weights=weight[watch]))
        start = np.full(len(target), mean)
        booster, losses = boost(
            table, rows, target, ROUNDS, settings, weight=scaled, start=start, watch=watch, seed=seed
        )
        return booster, losses, flat, float(weight[watch].sum())

    fits = Parallel(n_jobs=n_jobs, prefer="threads")(delayed(fit_without)(fold) for fold in range(n_folds))
    curves, flat, sizes = [fit[1] for fit in fits], [fit[2] for fit in fits], [fit[3] for fit in fits]
    rounds, fold_rounds = common_rounds(curves, flat, sizes)
    if rounds == 0:
        return BoostedEffect(None, (), 0, (), 0.0, ())
    boosters = tuple(fit[0] for fit in fits)
    rows = np.flatnonzero(used)
    start = np.full(len(target), np.average(target[rows], weights=weight[rows]))
    whole, _ = boost(table, rows, target, rounds, settings, weight=scaled, start=start, seed=seed)
    centers = []
    for fold, booster in enumerate(boosters):
        train = used & (folds != fold)
        scores = predict(booster, table.matrix[train], int(fold_rounds[fold]))
        centers.append(float(np.average(scores, weights=weight[train])))
    center = float(np.average(predict(whole, table.matrix[rows], rounds), weights=weight[rows]))
    return BoostedEffect(whole, boosters, rounds, tuple(map(int, fold_rounds)), center, tuple(centers))
