"""How good forecasts are: one class per kind of forecast, every figure computed from weighted rows.

Weights let a bootstrap draw be a change of weights: ranks and bins are found once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

CALIBRATION_BINS = 10
TOP_SHARE = 0.1
SMALLEST_PROBABILITY = 1e-9


class ProbabilityMetrics:
    """Figures of a probability forecast; `values` gives them for any weights.

    Parameters
    ----------
    repaid : ndarray of shape (n,)
        0/1 outcomes.
    probability : ndarray of shape (n,)
        Forecasts in [0, 1].
    balance, money : ndarray of shape (n,)
        Owed at the date; recovered within the horizon.
    """

    NAMES = ("auc", "pr_auc", "brier", "log_loss", "ece", "top_decile_capture")
    HIGHER_IS_BETTER = (True, True, False, False, False, True)

    def __init__(self, repaid: Floats, probability: Floats, balance: Floats, money: Floats) -> None:
        self.repaid = repaid
        self.rank = dense_rank(probability)
        self.squared = (probability - repaid) ** 2
        safe = np.clip(probability, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
        self.surprise = -(repaid * np.log(safe) + (1.0 - repaid) * np.log1p(-safe))
        self.bin = equal_count_bins(probability, CALIBRATION_BINS)
        self.error = repaid - probability
        self.capture = MoneyCapture(probability * balance, money)

    def values(self, weight: Floats) -> Floats:
        """Return the figures in the order of `NAMES`."""
        positives = summed(self.rank, weight * self.repaid)
        negatives = summed(self.rank, weight * (1.0 - self.repaid))
        total = weight.sum()
        return np.array(
            [
                auc_of_counts(positives, negatives),
                pr_auc_of_counts(positives, negatives),
                (weight @ self.squared) / total,
                (weight @ self.surprise) / total,
                np.abs(summed(self.bin, weight * self.error)).sum() / total,
                self.capture.share(weight, TOP_SHARE),
            ]
        )


class MoneyMetrics:
    """Figures of a forecast of recovered money.

    ``total_ratio`` is expected over recovered money; ``absolute_error`` the sum of absolute errors over
    recovered money; ``top_decile_capture`` the share of recovered money held by the tenth of debtors with the
    most expected.
    """

    NAMES = ("total_ratio", "absolute_error", "top_decile_capture")

    def __init__(self, expected: Floats, money: Floats) -> None:
        self.expected = expected
        self.money = money
        self.miss = np.abs(expected - money)
        self.capture = MoneyCapture(expected, money)

    def values(self, weight: Floats) -> Floats:
        """Return the figures in the order of `NAMES`."""
        recovered = weight @ self.money
        if recovered <= 0.0:
            return np.full(len(self.NAMES), np.nan)
        return np.array(
            [
                (weight @ self.expected) / recovered,
                (weight @ self.miss) / recovered,
                self.capture.share(weight, TOP_SHARE),
            ]
        )


class MoneyCapture:
    """Share of the recovered money that the highest-ranked rows hold; equal ranks share theirs evenly."""

    def __init__(self, score: Floats, money: Floats) -> None:
        self.rank = dense_rank(-score)
        self.money = money

    def share(self, weight: Floats, top: float) -> float:
        """Return the money of the first `top` share of the weight, over all money."""
        recovered = np.r_[0.0, np.cumsum(summed(self.rank, weight * self.money))]
        if recovered[-1] <= 0.0:
            return float("nan")
        reached = np.r_[0.0, np.cumsum(summed(self.rank, weight))]
        return float(np.interp(top * reached[-1], reached, recovered) / recovered[-1])


def summed(group: Ints, values: Floats) -> Floats:
    """Return the sum of `values` in each group."""
    return np.bincount(group, weights=values).astype(np.float64)


def dense_rank(score: Floats) -> Ints:
    """Return the rank of each score among the distinct scores, 0 for the lowest."""
    return np.unique(score, return_inverse=True)[1].astype(np.intp)


def equal_count_bins(score: Floats, bins: int) -> Ints:
    """Return the bin of each score; bins hold equally many rows and equal scores share a bin."""
    edges = np.unique(np.quantile(score, np.arange(1, bins) / bins))
    return np.searchsorted(edges, score, side="left").astype(np.intp)


def auc_of_counts(positives: Floats, negatives: Floats) -> float:
    """Return the area under the ROC curve: the chance that a positive outranks a negative, ties half.

    Parameters
    ----------
    positives, negatives : ndarray of shape (ranks,)
        Weight at each rank, lowest score first.
    """
    pairs = positives.sum() * negatives.sum()
    if pairs <= 0.0:
        return float("nan")
    below = np.cumsum(negatives) - negatives
    return float(positives @ (below + 0.5 * negatives) / pairs)


def pr_auc_of_counts(positives: Floats, negatives: Floats) -> float:
    """Return average precision: precision at each rank, weighted by the recall that it adds."""
    if positives.sum() <= 0.0:
        return float("nan")
    hits = np.cumsum(positives[::-1])
    taken = hits + np.cumsum(negatives[::-1])
    precision = np.divide(hits, taken, out=np.zeros_like(hits), where=taken > 0.0)
    return float(positives[::-1] @ precision / positives.sum())
