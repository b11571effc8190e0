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

from duewise.models.expected_share import fit_share, out_of_fold_share
from duewise.models.files import load_booster, read_json, save_booster, write_json

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

FLOOR = 0.25
"""Least room of a debtor, as a share of the average one: no case is so clear that nothing could move it."""

ROUNDS = 120


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
    expected = out_of_fold_share(matrix, share, weight, groups, rounds=ROUNDS, threads=threads, seed=seed)
    typical = max(float(np.average(expected * (1.0 - expected), weights=weight)), 1e-6)
    booster = fit_share(matrix, share, weight, rounds=ROUNDS, threads=threads, seed=seed)
    return room(expected, typical) * balance, RecoveryScale(booster, typical)
