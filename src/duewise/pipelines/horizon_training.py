"""Training of one horizon: fit the forecasts of repayment and amount, judge them beside the baselines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.evaluate.judgement import JudgedRows, judge_money, judge_probabilities
from duewise.evaluate.model_card import JudgedHorizon
from duewise.models.amount import Amount, fit_amount
from duewise.models.baselines import BASELINES
from duewise.models.horizon_rows import HorizonRows
from duewise.models.repayment import Repayment, fit_repayment
from duewise.pipelines.history import Nights

log = structlog.get_logger(__name__)

Floats = NDArray[np.float64]

MODEL = "duewise"
"""Name of our own model in figures, beside the baselines."""


@dataclass(frozen=True)
class FittedHorizon:
    """The models of one horizon and the forecasts by which they are judged (NaN where they are not)."""

    rows: HorizonRows
    repayment: Repayment
    amount: Amount
    forecasts: dict[str, Floats]
    expected_share: Floats

    @property
    def judged(self) -> NDArray[np.intp]:
        """Rows that are judged: later nights and other debtors than those of the fit."""
        return np.flatnonzero(np.isfinite(self.forecasts[MODEL]))


def fit_horizon(rows: HorizonRows, portfolio: Portfolio) -> FittedHorizon:
    """Return the models of one horizon, fitted, and the forecasts of the baselines."""
    threads, seed = portfolio.training.threads, portfolio.training.seed
    repayment, forecast = fit_repayment(rows, threads, seed)
    amount, expected_share = fit_amount(rows, threads, seed)
    baselines = {name: judged_by(rows) for name, judged_by in BASELINES.items()}
    log.info(
        "horizon_fitted",
        horizon=rows.horizon,
        rows=len(rows.repaid),
        trees=repayment.booster.num_trees(),
        calibration=repayment.calibrator.kind,
        amount=amount.shape,
    )
    return FittedHorizon(rows, repayment, amount, {MODEL: forecast, **baselines}, expected_share)


def judge_horizon(fitted: FittedHorizon, nights: Nights, portfolio: Portfolio) -> JudgedHorizon:
    """Return how the models of one horizon did on the rows that they are judged on."""
    rows, seed = fitted.rows, portfolio.training.seed
    index = fitted.judged
    judged = JudgedRows.of(rows, index)
    forecasts = {name: forecast[index] for name, forecast in fitted.forecasts.items()}
    probability = judge_probabilities(forecasts, judged, seed=seed)
    money = judge_money(fitted.expected_share[index] * judged.balance, judged, seed=seed)
    figures = probability.figures[MODEL]
    log.info("horizon_judged", horizon=rows.horizon, auc=str(figures["auc"]), ece=str(figures["ece"]))
    return JudgedHorizon(rows.horizon, rows.panel.roles, probability, money, nights.censored(rows.horizon))
