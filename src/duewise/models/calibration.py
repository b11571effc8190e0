"""Calibration: from a model's raw margin to the probability that is published.

A calibrator is monotone, so it never changes a ranking; it only says what the margins mean. Two kinds are
tried, a straight line in log-odds (Platt 1999) and isotonic regression, and the one with the smaller
cross-fitted log-loss is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

PRIOR_ROWS = 20.0  # rows' worth of belief that the margins are right as they are
MIN_ISOTONIC_EVENTS = 200  # of either class; below it isotonic steps follow noise
FOLDS = 5


@dataclass(frozen=True)
class Calibrator:
    """A monotone map from margins to probabilities, linear in log-odds between its knots.

    Attributes
    ----------
    kind : {"line", "isotonic"}
        How the knots were found; a line has two of them.
    margins, log_odds : tuple of float
        Knots: margins ascending, calibrated log-odds never falling.
    """

    kind: Literal["line", "isotonic"]
    margins: tuple[float, ...]
    log_odds: tuple[float, ...]

    def __call__(self, margin: Floats) -> Floats:
        """Return the calibrated probability of each margin."""
        x, y = np.asarray(self.margins), np.asarray(self.log_odds)
        if self.kind == "line":
            slope = (y[1] - y[0]) / (x[1] - x[0])
            return np.asarray(expit(y[0] + slope * (margin - x[0])))
        # Flat beyond the outermost knots: isotonic regression has seen nothing there.
        return np.asarray(expit(np.interp(margin, x, y)))

    def to_json(self) -> dict[str, Any]:
        """Return the calibrator as plain values."""
        return {"kind": self.kind, "margins": list(self.margins), "log_odds": list(self.log_odds)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Calibrator:
        """Return the calibrator that `to_json` wrote."""
        return cls(content["kind"], tuple(content["margins"]), tuple(content["log_odds"]))


def fit_line(margin: Floats, target: Floats, weight: Floats | None = None) -> Calibrator:
    """Return the line in log-odds that fits `target`, a share in [0, 1], best.

    Its first-order condition makes the weighted sum of forecasts equal the weighted sum of targets, up to a
    prior of a few rows that pulls a small sample towards leaving the margins alone.

    Parameters
    ----------
    margin, target, weight : ndarray of shape (n,)
        With balances as weights and recovered shares as targets, expected money equals recovered money.
    """
    weight = np.ones_like(margin) if weight is None else weight * (len(weight) / weight.sum())
    centre = float(np.average(margin, weights=weight))
    spread = float(np.std(margin))
    scale = spread if spread > 1e-9 else 1.0
    z = (margin - centre) / scale

    def loss(parameters: Floats) -> tuple[float, Floats]:
        level, slope = parameters
        log_odds = level + slope * z
        residual = weight * (expit(log_odds) - target)
        # Only the slope has a prior: the level alone must match the totals.
        value = np.sum(weight * (np.logaddexp(0.0, log_odds) - target * log_odds))
        value += 0.5 * PRIOR_ROWS * (slope - scale) ** 2
        return float(value), np.array([residual.sum(), residual @ z + PRIOR_ROWS * (slope - scale)])

    bounds = [(-30.0, 30.0), (1e-6 * scale, 20.0 * scale)]  # a falling line would turn the ranking round
    found = minimize(loss, np.array([centre, scale]), jac=True, bounds=bounds, method="L-BFGS-B")
    level, slope = (float(value) for value in found.x)
    return Calibrator("line", (centre, centre + scale), (level, level + slope))


def fit_isotonic(margin: Floats, target: Floats) -> Calibrator:
    """Return isotonic regression of `target` on `margin`: flat inside its blocks, straight between them.

    No probability is closer to 0 or 1 than the sample can tell, so that an explanation can always be given
    in log-odds.
    """
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(margin, kind="stable")
    x, y = margin[order], target[order]
    fitted = IsotonicRegression().fit_transform(x, y)
    starts = np.flatnonzero(np.r_[True, np.diff(fitted) > 0])
    ends = np.r_[starts[1:], len(x)] - 1
    least = 1.0 / (len(x) + 2.0)
    log_odds = logit(np.clip(fitted[starts], least, 1.0 - least))
    knots = np.column_stack([x[starts], x[ends]]).ravel()
    distinct = np.r_[True, np.diff(knots) > 0]
    return Calibrator(
        "isotonic", tuple(knots[distinct].tolist()), tuple(np.repeat(log_odds, 2)[distinct].tolist())
    )


def choose_calibrator(margin: Floats, target: Floats, debtor: NDArray[Any]) -> Calibrator:
    """Return the calibrator whose log-loss is smaller on debtors that it was not fitted on.

    Parameters
    ----------
    margin, target : ndarray of shape (n,)
        Out-of-fold margins; 0/1 outcomes.
    debtor : ndarray of int, shape (n,)
        Group of each row; a debtor is wholly inside one of the cross-fitting folds.
    """
    events = min(target.sum(), len(target) - target.sum())
    if events < MIN_ISOTONIC_EVENTS:
        return fit_line(margin, target)
    losses = {
        fit: cross_fitted_loss(fit, margin, target, debtor)
        for fit in (fit_line, fit_isotonic)  # a tie goes to the line, which has two parameters
    }
    best: Callable[[Floats, Floats], Calibrator] = min(losses, key=lambda fit: losses[fit])
    return best(margin, target)


def cross_fitted_loss(
    fit: Callable[[Floats, Floats], Calibrator], margin: Floats, target: Floats, debtor: NDArray[Any]
) -> float:
    """Return the mean log-loss of calibrators fitted by `fit` on the other folds' debtors."""
    fold = np.unique(debtor, return_inverse=True)[1] % FOLDS
    probability = np.empty_like(margin)
    for k in range(FOLDS):
        inside = fold == k
        if inside.any():
            probability[inside] = fit(margin[~inside], target[~inside])(margin[inside])
    clipped = np.clip(probability, 1e-9, 1.0 - 1e-9)
    return float(-np.mean(target * np.log(clipped) + (1.0 - target) * np.log1p(-clipped)))
