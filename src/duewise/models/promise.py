"""Promise: the chance that an open promise is kept, and the money to expect from promises.

How the recipe behind it is chosen and fitted stands in :mod:`duewise.models.promise_fitting`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from duewise.models.calibration import Calibrator
from duewise.models.causal.boosting import predict
from duewise.models.files import load_booster, read_json, save_booster, write_json
from duewise.models.promise_design import KeptRates, PromiseDesign

Floats = NDArray[np.float64]
Kind = Literal["ratio", "logistic", "trees"]

FILE, TREES_FILE = "promise.json", "promise.txt"

INTERVAL, DRAWS = 0.90, 1_000


@dataclass(frozen=True)
class PromisedCash:
    """Money to expect from open promises.

    Attributes
    ----------
    expected : ndarray of shape (n,)
        Per promise; NaN where no amount was named.
    total, low, high : float
        Sum over the promises with an amount, and its 90% interval.
    """

    expected: Floats
    total: float
    low: float
    high: float


@dataclass(frozen=True)
class Promise:
    """The fitted recipe with its calibrator.

    Attributes
    ----------
    kind : {"ratio", "logistic", "trees"}
    weights : ndarray or None
        Of the columns of `design`, the constant first; for "logistic".
    booster : lightgbm.Booster or None
        For "trees".
    level_error : float
        Standard error of the level of the forecasts, in log-odds.
    share_if_kept, share_if_broken : float
        Part of the promised money still to come that does come in within the term.
    """

    kind: Kind
    rates: KeptRates
    design: PromiseDesign
    weights: Floats | None
    booster: lgb.Booster | None
    calibrator: Calibrator
    level_error: float
    share_if_kept: float
    share_if_broken: float

    def predict(self, promised: pd.DataFrame) -> Floats:
        """Return the chance that each open promise is kept, of shape (n,).

        Parameters
        ----------
        promised : DataFrame
            As :func:`duewise.features.open_promises.open_promises` gives it.
        """
        return self.calibrator(self._margin(promised))

    def _margin(self, promised: pd.DataFrame) -> Floats:
        ratio = self.rates.margin(promised)
        if self.weights is not None:
            return line(self.design.matrix(promised, ratio), self.weights)
        if self.booster is not None:
            matrix = self.design.matrix(promised, ratio).astype(np.float32)
            return predict(self.booster, matrix, self.booster.current_iteration())
        return ratio

    def expected_cash(self, promised: pd.DataFrame, seed: int = 0) -> PromisedCash:
        """Return the money to expect from the promises, each counted by itself.

        The interval comes from drawing which promises are kept, all of one debtor by the same luck, around a
        level that is itself uncertain. One payment may keep two promises: ask for one promise per debtor
        (:func:`duewise.features.open_promises.due_next`) where money must not be counted twice.
        """
        remaining = promised["remaining"].to_numpy(dtype=float)
        kept = self.predict(promised)
        expected = remaining * self._share(kept)
        named = np.isfinite(remaining)
        money, log_odds = remaining[named], logit(kept[named])
        debtor = pd.factorize(promised["debtor_id"].to_numpy(dtype=object)[named])[0]
        rng = np.random.default_rng(seed)
        totals = np.empty(DRAWS)
        for i in range(DRAWS):
            chance = expit(log_odds + self.level_error * rng.standard_normal())
            luck = rng.random(debtor.max(initial=-1) + 1)[debtor]
            totals[i] = money @ self._share((luck < chance).astype(float))
        low, high = np.quantile(totals, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
        return PromisedCash(expected, float(expected[named].sum()), float(low), float(high))

    def _share(self, kept: Floats) -> Floats:
        return self.share_if_broken + (self.share_if_kept - self.share_if_broken) * kept

    def save(self, folder: Path) -> None:
        """Write the model as text into `folder`."""
        if self.booster is not None:
            save_booster(self.booster, folder / TREES_FILE)
        content = {
            "kind": self.kind,
            "rates": self.rates.to_json(),
            "design": self.design.to_json(),
            "weights": None if self.weights is None else self.weights.tolist(),
            "calibrator": self.calibrator.to_json(),
            "level_error": self.level_error,
            "share_if_kept": self.share_if_kept,
            "share_if_broken": self.share_if_broken,
        }
        write_json(folder / FILE, content)

    @classmethod
    def load(cls, folder: Path) -> Promise:
        """Return the model that `save` wrote."""
        content = read_json(folder / FILE)
        weights = content["weights"]
        return cls(
            kind=content["kind"],
            rates=KeptRates.from_json(content["rates"]),
            design=PromiseDesign.from_json(content["design"]),
            weights=None if weights is None else np.array(weights),
            booster=load_booster(folder / TREES_FILE) if content["kind"] == "trees" else None,
            calibrator=Calibrator.from_json(content["calibrator"]),
            level_error=content["level_error"],
            share_if_kept=content["share_if_kept"],
            share_if_broken=content["share_if_broken"],
        )


def line(matrix: Floats, weights: Floats) -> Floats:
    """Return the log-odds of each row; the first weight is the constant."""
    return np.asarray(weights[0] + matrix @ weights[1:])
