"""Small gradient-boosted regressions on one shared binned table.

The causal models fit dozens of boosters on the same features with other labels, weights and rows. Binning the
table once and taking subsets of it saves most of the set-up; one thread each, because LightGBM with as many
threads as cores stalls on a busy machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]

PATIENCE = 20  # rounds without a better validation loss before boosting stops
MAX_BINS = 63  # enough for effects, half the time of the default


class BinnedTable:
    """A feature table binned once, of which subsets of rows are trained on.

    Parameters
    ----------
    matrix : ndarray of float32, shape (n, features)
        Missing values as NaN; categories as codes.
    categorical : sequence of int
        Positions of the categorical features.
    """

    def __init__(self, matrix: Floats32, categorical: Sequence[int]) -> None:
        self.matrix = matrix
        self._whole = lgb.Dataset(
            matrix,
            label=np.zeros(len(matrix)),
            categorical_feature=list(categorical),
            # On a real portfolio with many near-empty columns, histograms by columns over a subset of a table
            # with bundled columns crashed or grew other trees (LightGBM 4.7); unbundled or by rows all agree.
            params={
                "enable_bundle": False,
                "max_bin": MAX_BINS,
                "feature_pre_filter": False,
                "num_threads": 1,
                "verbosity": -1,
            },
            free_raw_data=False,
        ).construct()

    def subset(self, rows: Ints, label: Floats, weight: Floats | None, start: Floats | None) -> Any:
        """Return the training set of `rows`; label, weight and starting score are those of the rows."""
        # `used_indices` must ascend: callers pass rows from np.flatnonzero.
        part = self._whole.subset(rows)
        part.construct()
        part.set_label(label)
        if weight is not None:
            part.set_weight(weight)
        if start is not None:
            part.set_init_score(start.ravel(order="F"))
        return part


def boost(
    table: BinnedTable,
    rows: Ints,
    label: Floats,
    rounds: int,
    settings: Mapping[str, Any],
    *,
    weight: Floats | None = None,
    start: Floats | None = None,
    watch: Ints | None = None,
    seed: int = 0,
) -> tuple[lgb.Booster, list[float]]:
    """Fit a booster on `rows` and return it with its validation loss after each round.

    Parameters
    ----------
    label, weight, start : ndarray
        Over **all** rows of the table; `start` is the score that boosting begins from (default zero).
    watch : ndarray of int, optional
        Rows whose loss stops the boosting; without them all `rounds` are run.

    Returns
    -------
    booster : lightgbm.Booster
        Holds every round that was run; ask for fewer when predicting.
    losses : list of float
        Loss on `watch` after 1, 2 … rounds; empty without `watch`.
    """
    settings = {
        "num_threads": 1,
        "verbosity": -1,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "feature_pre_filter": False,
        "max_bin": MAX_BINS,
        "boost_from_average": False,
        **settings,
    }

    def part(index: Ints) -> Any:
        return table.subset(
            index,
            label[index],
            None if weight is None else weight[index],
            None if start is None else start[index],
        )

    if watch is None:
        return lgb.train(settings, part(rows), num_boost_round=rounds), []
    curves: dict[str, Any] = {}
    booster = lgb.train(
        settings,
        part(rows),
        num_boost_round=rounds,
        valid_sets=[part(watch)],
        valid_names=["watch"],
        callbacks=[
            lgb.record_evaluation(curves),
            lgb.early_stopping(PATIENCE, verbose=False),
        ],
    )
    (losses,) = curves["watch"].values()
    return booster, [float(loss) for loss in losses]


def common_rounds(
    curves: Sequence[Sequence[float]], flat: Sequence[float], shares: Sequence[float] | NDArray[Any]
) -> tuple[int, Ints]:
    """Return the rounds with the least loss over all folds, and for each fold over the *other* folds.

    One number chosen from added losses is far steadier than each fold's own best. The second result keeps
    out-of-fold predictions honest: a fold's own rows have no say in how many rounds predict them. A fold that
    stopped early keeps its last loss: it had got no better for a while.

    Parameters
    ----------
    curves : sequence of sequences of float
        Held-out loss after 1, 2 … rounds, per fold.
    flat : sequence of float
        Held-out loss of the starting score, per fold; infinite to insist on a round.
    shares : sequence of float
        Weight of each fold in the total.
    """
    longest = max(len(curve) for curve in curves)
    losses = np.array(
        [
            [start, *curve, *[curve[-1]] * (longest - len(curve))]
            for start, curve in zip(flat, curves, strict=True)
        ]
    )
    weighted = losses * np.asarray(shares)[:, None]
    total = weighted.sum(axis=0)
    return int(np.argmin(total)), np.argmin(total - np.where(np.isfinite(weighted), weighted, 0.0), axis=1)


def predict(booster: lgb.Booster, matrix: Floats32, rounds: int, threads: int = 1) -> Floats:
    """Return the raw score of each row after `rounds` rounds; zero rounds give zero."""
    if rounds <= 0 or len(matrix) == 0:
        return np.zeros(len(matrix))
    scores = booster.predict(matrix, num_iteration=rounds, raw_score=True, num_threads=threads)
    return np.asarray(scores, dtype=np.float64)
