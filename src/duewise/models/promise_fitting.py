"""Fitting of the promise model: three recipes compete on debtors and dates that they have not seen.

The debtor's own ratio of kept promises, shrunk to the rate of the channel; a regularised logistic regression;
boosted trees. The one with the least log-loss is calibrated and kept. With too few promises only the first is
tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from duewise.models.calibration import Calibrator, cross_fitted_loss, fit_line
from duewise.models.causal.boosting import BinnedTable, boost
from duewise.models.crossfit import Margins, calibration_rows, judged_probabilities, out_of_fold_margins
from duewise.models.level import level_shift
from duewise.models.promise import Kind, Promise, line
from duewise.models.promise_design import KeptRates, PromiseDesign
from duewise.models.splits import Ints, Panel, arrange

Floats = NDArray[np.float64]

MIN_EVENTS = 50
"""Promises of either kind, kept and broken, below which only the shrunk ratio is tried."""

RIDGE_ROWS = 10.0  # prior of the logistic regression: standardised weights are worth so many promises
ROUNDS = 80  # of boosting, when too few events tell one round from the next
MIN_FIT_EVENTS = MIN_STOP_EVENTS = 10  # of either kind

AS_IT_IS = Calibrator("line", (0.0, 1.0), (0.0, 1.0))

BELIEF_PROMISES = 5.0  # promises' worth of belief that a kept one brings all and a broken one nothing


@dataclass(frozen=True)
class JudgedPromises:
    """Forecasts of the latest promises, on debtors and dates that had no part in them; of shape (n,).

    Attributes
    ----------
    probability, rate : ndarray
        By the chosen recipe, and by the shrunk ratio alone.
    """

    debtor_id: NDArray[np.object_]
    kept: Floats
    probability: Floats
    rate: Floats


def fit_promise(past: pd.DataFrame, seed: int = 0) -> tuple[Promise | None, JudgedPromises | None]:
    """Return the model and the forecasts by which it is judged.

    Parameters
    ----------
    past : DataFrame
        As :func:`duewise.features.open_promises.past_promises` gives it; may be empty. Without a promise on
        record there is no model; with few there is one that is not judged.
    """
    if past.empty:
        return None, None
    rows = _Rows(past.reset_index(drop=True), seed)
    everyone = np.arange(len(past))
    if not rows.teach_enough:
        return rows.fitted("ratio", everyone, 0).calibrated(AS_IT_IS, past), None
    kinds: tuple[Kind, ...] = ("ratio", "logistic", "trees")
    rounds: list[int] = []
    margins = {kind: out_of_fold_margins(rows.panel, rows.fit(kind, rounds)) for kind in kinds}
    choosing = np.flatnonzero(np.isfinite(margins["ratio"]) & rows.panel.calibrate)
    losses = {kind: rows.loss(margin, choosing) for kind, margin in margins.items()}
    best = min(kinds, key=lambda kind: losses[kind])  # of equals the plainest
    late = calibration_rows(rows.panel, margins[best])
    slope = rows.calibrator(margins[best], late)
    forecasts = {kind: rows.judged(margins[kind]) for kind in {best, kinds[0]}}
    judged = np.flatnonzero(np.isfinite(forecasts[best]))
    judgement = JudgedPromises(
        past["debtor_id"].to_numpy(dtype=object)[judged],
        rows.kept[judged],
        forecasts[best][judged],
        forecasts["ratio"][judged],
    )
    fitted = rows.fitted(best, everyone, int(np.median(rounds)))
    margin = logit(fitted.calibrated(AS_IT_IS, past).predict(past.iloc[late]))
    return fitted.calibrated(_levelled(slope, margin, rows.kept[late]), past, judgement), judgement


def _levelled(calibrator: Calibrator, margin: Floats, kept: Floats) -> Calibrator:
    """Return a line with the slope of `calibrator` whose forecasts add up to what was kept."""
    (x0, x1), (y0, y1) = calibrator.margins, calibrator.log_odds
    slope = (y1 - y0) / (x1 - x0)
    level = level_shift(slope * margin, kept)
    return Calibrator("line", (0.0, 1.0), (level, level + slope))


@dataclass(frozen=True)
class _Recipe:
    """A fitted recipe before calibration."""

    kind: Kind
    rates: KeptRates
    design: PromiseDesign
    weights: Floats | None = None
    booster: lgb.Booster | None = None

    def calibrated(
        self, calibrator: Calibrator, past: pd.DataFrame, judged: JudgedPromises | None = None
    ) -> Promise:
        """Return the model; `judged` tells how far its level may be off, else the rows that taught it."""
        model = Promise(
            self.kind, self.rates, self.design, self.weights, self.booster, calibrator, 0.0, 1.0, 0.0
        )
        if judged is None:
            kept = past["kept"].to_numpy(dtype=float)
            judged = JudgedPromises(past["debtor_id"].to_numpy(), kept, model.predict(past), kept)
        return replace(
            model,
            level_error=_level_error(judged),
            share_if_kept=_came(past.loc[past["kept"] == 1], believed=1.0),
            share_if_broken=_came(past.loc[past["kept"] == 0], believed=0.0),
        )


class _Rows:
    """Past promises as the recipes read them."""

    def __init__(self, past: pd.DataFrame, seed: int) -> None:
        self.past = past
        self.seed = seed
        self.kept = past["kept"].to_numpy(dtype=float)
        self.panel: Panel = arrange(past["debtor_id"], past["as_of"], seed)

    @property
    def teach_enough(self) -> bool:
        """Whether more than the shrunk ratio can be learned, in every rotation."""
        rotations = [self._events(rotation.fit) >= MIN_FIT_EVENTS for rotation in self.panel.rotations]
        return self._events(np.arange(len(self.kept))) >= MIN_EVENTS and all(rotations)

    def _events(self, index: Ints) -> float:
        """Return the number of kept or of broken promises at the rows `index`, whichever are fewer."""
        kept = self.kept[index].sum()
        return float(min(kept, len(index) - kept))

    def fit(self, kind: Kind, rounds: list[int]) -> Any:
        """Return a fit on given rows for the rotations; trees note their rounds in `rounds`."""

        def fit(teach: Ints, stop: Ints) -> Margins:
            best = self._rounds(teach, stop) if kind == "trees" else 0
            if kind == "trees":
                rounds.append(best)
            model = self.fitted(kind, teach, best).calibrated(AS_IT_IS, self.past.iloc[teach])
            return lambda index: logit(model.predict(self.past.iloc[index]))

        return fit

    def fitted(self, kind: Kind, teach: Ints, rounds: int) -> _Recipe:
        """Return the recipe fitted on the rows `teach`."""
        rows = self.past.iloc[teach]
        rates = KeptRates.learn(rows)
        design = PromiseDesign.learn(rows)
        if kind == "ratio":
            return _Recipe(kind, rates, design)
        matrix = design.matrix(rows, rates.margin(rows))
        if kind == "logistic":
            return _Recipe(kind, rates, design, weights=_ridge(matrix, self.kept[teach]))
        table = BinnedTable(matrix.astype(np.float32), [])
        every = np.arange(len(teach))
        booster, _ = boost(table, every, self.kept[teach], rounds, _settings(len(teach)), seed=self.seed)
        return _Recipe(kind, rates, design, booster=booster)

    def _rounds(self, teach: Ints, stop: Ints) -> int:
        """Return the rounds of boosting after which the rows `stop` gain nothing more."""
        if self._events(stop) < MIN_STOP_EVENTS:
            return ROUNDS
        rows = self.past.take(np.r_[teach, stop])
        rates = KeptRates.learn(self.past.iloc[teach])
        matrix = PromiseDesign.learn(self.past.iloc[teach]).matrix(rows, rates.margin(rows))
        first, second = np.arange(len(teach)), np.arange(len(teach), len(rows))
        table = BinnedTable(matrix.astype(np.float32), [])
        kept = self.kept[np.r_[teach, stop]]
        settings = _settings(len(teach))
        _, losses = boost(table, first, kept, 4 * ROUNDS, settings, watch=second, seed=self.seed)
        return int(np.argmin(losses)) + 1

    def loss(self, margin: Floats, index: Ints) -> float:
        """Return the log-loss of calibrated forecasts at the rows `index`."""
        return cross_fitted_loss(fit_line, margin[index], self.kept[index], self.panel.debtor[index])

    def calibrator(self, margin: Floats, index: Ints) -> Calibrator:
        """Return the calibrator of the forecasts at the rows `index`."""
        return fit_line(margin[index], self.kept[index])

    def judged(self, margin: Floats) -> Floats:
        """Return calibrated forecasts on the judged dates; NaN elsewhere."""
        return judged_probabilities(self.panel, margin, lambda index: self.calibrator(margin, index))


def _ridge(matrix: Floats, kept: Floats) -> Floats:
    """Return the weights of a logistic regression whose slopes are pulled towards zero, level first."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        log_odds = line(matrix, weights)
        pull = np.r_[0.0, RIDGE_ROWS * weights[1:]]
        value = np.sum(np.logaddexp(0.0, log_odds) - kept * log_odds) + 0.5 * pull @ weights
        residual = expit(log_odds) - kept
        return float(value), np.r_[residual.sum(), residual @ matrix] + pull

    start = np.r_[logit(kept.mean()), np.zeros(matrix.shape[1])]
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x, dtype=np.float64)


def _settings(rows: int) -> Mapping[str, Any]:
    return {
        "objective": "binary",
        "learning_rate": 0.05,
        "num_leaves": 7,
        "min_data_in_leaf": int(np.clip(rows / 50, 10, 200)),
        "lambda_l2": 5.0,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "boost_from_average": True,
    }


def _level_error(judged: JudgedPromises) -> float:
    """Return the standard error of the level in log-odds; promises of one debtor are not independent."""
    misses = np.bincount(pd.factorize(judged.debtor_id)[0], weights=judged.kept - judged.probability)
    information = np.sum(judged.probability * (1.0 - judged.probability))
    return float(np.sqrt(np.sum(misses**2)) / max(information, 0.5))


def _came(past: pd.DataFrame, believed: float) -> float:
    """Return which part of the promised money still to come did come in, in money."""
    named = past.dropna(subset=["remaining", "came_share"])
    money, came = named["remaining"].to_numpy(dtype=float), named["came_share"].to_numpy(dtype=float)
    if money.sum() <= 0:
        return believed
    prior = BELIEF_PROMISES * money.mean()
    return float((money @ came + prior * believed) / (money.sum() + prior))
