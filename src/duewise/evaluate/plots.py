"""Pictures of a judged model for the training run: calibration, gain, and what moves the forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import lightgbm as lgb
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from duewise.evaluate.metrics import CALIBRATION_BINS, dense_rank, equal_count_bins, summed

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

SHAP_ROWS = 1_000
SHAP_FEATURES = 20


def calibration_figure(forecasts: Mapping[str, Floats], repaid: Floats) -> Figure:
    """Return forecast against observed repayment in bins of equally many rows, one line per model."""
    figure = Figure(figsize=(5.5, 5.0), layout="constrained")
    axes = figure.subplots()
    highest = 0.0
    for model, forecast in forecasts.items():
        bins = equal_count_bins(forecast, CALIBRATION_BINS)
        counts = summed(bins, np.ones_like(forecast))
        filled = counts > 0
        mean = summed(bins, forecast)[filled] / counts[filled]
        observed = summed(bins, repaid)[filled] / counts[filled]
        highest = max(highest, mean.max(), observed.max())
        axes.plot(mean, observed, marker="o", label=model.replace("_", " "))
    axes.plot([0, highest], [0, highest], color="grey", linewidth=1, linestyle=":", label="perfect")
    axes.set(xlabel="forecast probability", ylabel="observed share that repaid", title="Calibration")
    axes.legend()
    return figure


def gain_figure(rankings: Mapping[str, Floats], money: Floats) -> Figure:
    """Return the share of recovered money held by the first debtors of each ranking."""
    figure = Figure(figsize=(5.5, 5.0), layout="constrained")
    axes = figure.subplots()
    for name, score in rankings.items():
        rank = dense_rank(-score)
        reached = np.cumsum(summed(rank, np.ones_like(score))) / len(score)
        held = np.cumsum(summed(rank, money)) / max(money.sum(), 1e-9)
        axes.plot(np.r_[0.0, reached], np.r_[0.0, held], label=name.replace("_", " "))
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle=":", label="random")
    axes.set(xlabel="share of debtor-nights, best first", ylabel="share of recovered money", title="Gain")
    axes.legend()
    return figure


def shap_figure(booster: lgb.Booster, matrix: Floats32, names: Sequence[str], seed: int = 0) -> Figure:
    """Return the beeswarm of SHAP values over a sample of rows: what moves the forecast, and which way."""
    # shap draws on pyplot's current figure; Agg needs no display.
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import shap

    rows = np.random.default_rng(seed).permutation(len(matrix))[:SHAP_ROWS]
    sample = matrix[np.sort(rows)]
    values = shap.TreeExplainer(booster)(sample).values
    shap.summary_plot(
        values,
        sample,
        feature_names=list(names),
        max_display=SHAP_FEATURES,
        show=False,
        rng=np.random.default_rng(seed),
    )
    figure: Figure = plt.gcf()
    plt.close(figure)
    return figure
