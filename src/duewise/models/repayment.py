"""Repayment: the probability that at least ``repay_share`` of the balance comes in within a horizon."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from duewise.models.calibration import Calibrator, choose_calibrator
from duewise.models.causal.boosting import predict
from duewise.models.crossfit import Fit, Margins, calibration_rows, judged_probabilities, out_of_fold_margins
from duewise.models.files import load_booster, read_json, save_booster, write_json
from duewise.models.horizon_rows import HorizonRows
from duewise.models.splits import Ints
from duewise.models.trees import TreeFitter

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class Repayment:
    """Boosted trees and the calibrator that turns their margins into probabilities."""

    horizon: int
    booster: lgb.Booster
    calibrator: Calibrator

    def margin(self, matrix: Floats32, threads: int = 1) -> Floats:
        """Return the raw margin (log-odds before calibration) of each row."""
        return predict(self.booster, matrix, self.booster.current_iteration(), threads)

    def probability(self, margin: Floats) -> Floats:
        """Return the calibrated probability of each margin."""
        return self.calibrator(margin)

    def save(self, folder: Path) -> None:
        """Write the model as text into `folder`."""
        save_booster(self.booster, folder / f"repayment_{self.horizon}d.txt")
        content = {"horizon": self.horizon, "calibrator": self.calibrator.to_json()}
        write_json(folder / f"repayment_{self.horizon}d.json", content)

    @classmethod
    def load(cls, folder: Path, horizon: int) -> Repayment:
        """Return the model that `save` wrote."""
        content = read_json(folder / f"repayment_{horizon}d.json")
        booster = load_booster(folder / f"repayment_{horizon}d.txt")
        return cls(horizon, booster, Calibrator.from_json(content["calibrator"]))


def fit_repayment(rows: HorizonRows, threads: int, seed: int) -> tuple[Repayment, Floats]:
    """Return the fitted model and its forecasts on the judged rows (NaN elsewhere).

    The forecasts come from the rotations of :mod:`duewise.models.splits`: boosting stopped by later dates,
    calibrated on still later ones, judged on the latest, debtors apart throughout. The model that ships is
    fitted once more on every mature row, with the median of the rotations' rounds and a calibrator fitted on
    the out-of-fold margins of the latest dates. So the figures describe the recipe on dates that it had not
    seen; the shipped model knows those dates as well, which is why it is not judged on them.
    """
    trees = _trees(rows, threads, seed)
    rounds: list[int] = []
    margins, judged = cross_fitted(rows, _stopped_fit(trees, rounds))
    everyone = np.arange(len(rows.repaid))
    model = Repayment(
        horizon=rows.horizon,
        booster=trees.fixed(everyone, int(np.median(rounds))),
        calibrator=_calibrator(rows, margins, calibration_rows(rows.panel, margins)),
    )
    return model, judged


def judged_repayment(rows: HorizonRows, threads: int, seed: int) -> Floats:
    """Return the forecasts of :func:`fit_repayment` on the judged rows alone, without the last fit."""
    return cross_fitted(rows, _stopped_fit(_trees(rows, threads, seed), []))[1]


def _trees(rows: HorizonRows, threads: int, seed: int) -> TreeFitter:
    return TreeFitter(rows, "binary", rows.repaid, threads, seed)


def _stopped_fit(trees: TreeFitter, rounds: list[int]) -> Fit:
    """Return a fit that boosts until the second rows gain nothing, and notes its rounds in `rounds`."""

    def fit(teach: Ints, stop: Ints) -> Margins:
        booster, best = trees.stopped(teach, stop)
        rounds.append(best)
        return trees.margins(booster, best)

    return fit


def cross_fitted(rows: HorizonRows, fit: Fit) -> tuple[Floats, Floats]:
    """Return out-of-fold margins and judged, calibrated probabilities of any model that `fit` makes.

    The baselines go through this very function, so that every model is judged alike.
    """
    margins = out_of_fold_margins(rows.panel, fit)
    judged = judged_probabilities(rows.panel, margins, lambda index: _calibrator(rows, margins, index))
    return margins, judged


def _calibrator(rows: HorizonRows, margins: Floats, index: Ints) -> Calibrator:
    return choose_calibrator(margins[index], rows.repaid[index], rows.panel.debtor[index])
