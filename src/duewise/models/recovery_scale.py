"""The yardstick of effects: how much money an action can move in a case, before anything is learned of it.

An action that shifts everybody's log-odds of paying alike changes the recovered share by that shift times
m (1 - m), where m is the share expected anyway: little where payment is certain or hopeless, most where it
is in doubt. Effects are learned in units of balance times that, so that with little data they fall back to
this shape and not to the same money for everyone; with more data they leave it where the data say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from duewise.models.files import load_booster, read_json, save_booster, write_json
from duewise.models.splits import debtor_buckets

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

FLOOR = 0.25
"""Least room of a debtor, as a share of the average one: no case is so clear that nothing could move it."""

FOLDS = 5
ROUNDS = 120
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


@dataclass(frozen=True)
class RecoveryScale:
    """Predicts how much money an action can move.

    Attributes
    ----------
    booster : lightgbm.Booster
        Expected share of the balance that is recovered within the horizon, under the usual treatment.
    typical : float
        Average of m (1 - m) over the training rows.
    """

    booster: lgb.Booster
    typical: float

    def of(self, matrix: Floats32, balance: Floats, threads: int = 1) -> Floats:
        """Return the scale in money of each row, always positive."""
        share = np.asarray(self.booster.predict(matrix, num_threads=threads), dtype=np.float64)
        return room(share, self.typical) * balance

    def save(self, folder: Path) -> None:
        """Write the scale into `folder`."""
        save_booster(self.booster, folder / "recovery_scale.txt")
        write_json(folder / "recovery_scale.json", {"typical": self.typical})

    @classmethod
    def load(cls, folder: Path) -> RecoveryScale:
        """Return the scale that `save` wrote."""
        typical = read_json(folder / "recovery_scale.json")["typical"]
        return cls(load_booster(folder / "recovery_scale.txt"), typical)


def room(share: Floats, typical: float) -> Floats:
    """Return m (1 - m) in units of its average, never below `FLOOR`."""
    return np.asarray(np.maximum(share * (1.0 - share) / typical, FLOOR))


def fit_recovery_scale(
    matrix: Floats32,
    share: Floats,
    balance: Floats,
    weight: Floats,
    groups: NDArray[Any],
    *,
    threads: int,
    seed: int,
) -> tuple[Floats, RecoveryScale]:
    """Return the scale of each row by models that did not see its debtor, and the scale for new rows.

    Parameters
    ----------
    share : ndarray of shape (n,)
        Recovered share of the balance, in [0, 1].
    groups : ndarray of shape (n,)
        Debtor of each row. A scale that knew the row's own outcome would bias what is measured in it.
    """
    fold = debtor_buckets(groups, FOLDS, seed)
    expected = np.empty(len(share))
    for held_out in range(FOLDS):
        rows = fold != held_out
        booster = _fit(matrix[rows], share[rows], weight[rows], threads, seed)
        expected[~rows] = booster.predict(matrix[~rows], num_threads=threads)
    typical = max(float(np.average(expected * (1.0 - expected), weights=weight)), 1e-6)
    whole = RecoveryScale(_fit(matrix, share, weight, threads, seed), typical)
    return room(expected, typical) * balance, whole


def _fit(matrix: Floats32, share: Floats, weight: Floats, threads: int, seed: int) -> lgb.Booster:
    settings = {**SETTINGS, "num_threads": threads, "seed": seed}
    return lgb.train(settings, lgb.Dataset(matrix, share, weight=weight), num_boost_round=ROUNDS)
