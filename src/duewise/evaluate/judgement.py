"""The judgement of one horizon: every figure of every model with an interval, and paired differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duewise.evaluate.bootstrap import (
    DRAWS,
    Estimate,
    bootstrap,
    inflated_estimate,
    percentile_estimate,
)
from duewise.evaluate.metrics import MoneyMetrics, ProbabilityMetrics
from duewise.models.horizon_rows import HorizonRows

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class JudgedRows:
    """The debtor-dates on which forecasts are judged, arrays of shape (n,)."""

    debtor: Ints
    repaid: Floats
    balance: Floats
    money: Floats

    @classmethod
    def of(cls, rows: HorizonRows, index: Ints) -> JudgedRows:
        """Return the rows of `rows` at the given positions."""
        return cls(rows.panel.debtor[index], rows.repaid[index], rows.balance[index], rows.money[index])


@dataclass(frozen=True)
class Judgement:
    """Figures of several models on the same rows.

    Attributes
    ----------
    figures : dict of model to dict of figure to Estimate
    gains : dict of other model to dict of figure to Estimate
        How much better the first model is, positive when better, from the same resamples.
    """

    rows: int
    debtors: int
    repaid_share: float
    figures: dict[str, dict[str, Estimate]]
    gains: dict[str, dict[str, Estimate]]


def judge_probabilities(
    forecasts: Mapping[str, Floats], rows: JudgedRows, *, draws: int = DRAWS, seed: int = 0
) -> Judgement:
    """Return figures of each forecast and the gains of the first over the others.

    Parameters
    ----------
    forecasts : mapping of model to ndarray of shape (n,)
        Probabilities; the first is the model that the others are compared with.
    """
    metrics = [
        ProbabilityMetrics(rows.repaid, forecast, rows.balance, rows.money) for forecast in forecasts.values()
    ]

    def statistics(weight: Floats) -> Floats:
        return np.concatenate([metric.values(weight) for metric in metrics])

    names = ProbabilityMetrics.NAMES
    point, drawn = bootstrap(statistics, rows.debtor, draws=draws, seed=seed)
    point = point.reshape(len(metrics), len(names))
    drawn = drawn.reshape(draws, len(metrics), len(names))
    sign = np.where(ProbabilityMetrics.HIGHER_IS_BETTER, 1.0, -1.0)
    return Judgement(
        rows=len(rows.repaid),
        debtors=len(np.unique(rows.debtor)),
        repaid_share=float(rows.repaid.mean()),
        figures={
            model: {name: _estimate(name, point[m, k], drawn[:, m, k]) for k, name in enumerate(names)}
            for m, model in enumerate(forecasts)
        },
        gains={
            model: {
                name: percentile_estimate(
                    sign[k] * (point[0, k] - point[m, k]), sign[k] * (drawn[:, 0, k] - drawn[:, m, k])
                )
                for k, name in enumerate(names)
            }
            for m, model in enumerate(forecasts)
            if m > 0
        },
    )


def judge_money(
    expected: Floats, rows: JudgedRows, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Estimate]:
    """Return the figures of a forecast of recovered money."""
    metrics = MoneyMetrics(expected, rows.money)
    point, drawn = bootstrap(metrics.values, rows.debtor, draws=draws, seed=seed)
    return {name: percentile_estimate(point[k], drawn[:, k]) for k, name in enumerate(MoneyMetrics.NAMES)}


def _estimate(name: str, point: float, drawn: Floats) -> Estimate:
    return (inflated_estimate if name == "ece" else percentile_estimate)(point, drawn)
