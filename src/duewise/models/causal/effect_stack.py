"""How far each action's effect may leave the pooled one: stacking by held-out doubly robust risk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

CAUTION = 2.0  # squared standard errors by which a gain must exceed zero before any of it is kept


def stack(
    deviations: Floats, target: Floats, weight: Floats, folds: Ints, groups: NDArray[Any]
) -> tuple[Floats, Floats]:
    """Return the weight of each candidate and the out-of-fold combination.

    Parameters
    ----------
    deviations : ndarray of shape (n, candidates)
        Out-of-fold deviations from the pooled effect, by candidate.
    target : ndarray of shape (n,)
        Contrast of doubly robust scores less the pooled effect.
    weight : ndarray of shape (n,)
        Precision of the contrast.

    Returns
    -------
    weights : ndarray of shape (candidates,)
        Non-negative with a sum of at most one; what is missing goes to the pooled effect.
    combined : ndarray of shape (n,)
        Combination for each row with weights that the other folds chose.
    """
    n_folds = int(folds.max()) + 1
    scale = weight / weight.sum()
    grams, crosses = [], []
    for fold in range(n_folds):
        rows = folds == fold
        scaled = deviations[rows] * scale[rows, None]
        grams.append(scaled.T @ deviations[rows])
        crosses.append(scaled.T @ target[rows])
    gram, cross = np.sum(grams, axis=0), np.sum(crosses, axis=0)
    combined = np.empty(len(target))
    for fold in range(n_folds):
        rows = folds == fold
        combined[rows] = deviations[rows] @ simplex_weights(gram - grams[fold], cross - crosses[fold])
    kept = kept_share(combined, target, weight, groups)
    return kept * simplex_weights(gram, cross), kept * combined


def simplex_weights(gram: Floats, cross: Floats) -> Floats:
    """Minimise w'Gw − 2c'w over w ≥ 0, sum(w) ≤ 1."""
    k = len(cross)
    size = float(np.trace(gram))
    if size <= 0 or np.all(cross <= 0):
        return np.zeros(k)
    gram = gram / size + 1e-8 * np.eye(k)
    root = np.linalg.cholesky(gram)
    goal = np.linalg.solve(root, cross / size)
    free, _ = nnls(root.T, goal)
    if free.sum() <= 1.0:
        return np.asarray(free)
    # On the boundary: a slack column would be zero, so one heavy row for the sum is enough.
    heavy = 1e4
    bound, _ = nnls(np.vstack([root.T, heavy * np.ones((1, k))]), np.append(goal, heavy))
    return np.asarray(bound / max(bound.sum(), 1e-12))


def kept_share(deviation: Floats, target: Floats, weight: Floats, groups: NDArray[Any]) -> float:
    """Return the share in [0, 1] of an out-of-fold deviation that the held-out scores confirm.

    The slope of the scores on the deviation (the best linear predictor of Chernozhukov et al. 2018) is at
    most 1 after stacking; its sampling variance is then taken off its square, as an empirical Bayes estimate
    of a coefficient does. A slope within `sqrt(CAUTION)` standard errors of zero keeps nothing.
    """
    spread = float(weight @ deviation**2)
    if spread <= 0:
        return 0.0
    slope = float(weight @ (deviation * target)) / spread
    if slope <= 0:
        return 0.0
    _, code = np.unique(groups, return_inverse=True)
    influence = np.bincount(code, weight * deviation * (target - slope * deviation)) / spread
    return float(min(slope, 1.0) * max(0.0, 1.0 - CAUTION * float(influence @ influence) / slope**2))


def unexplained_spread(residual: Floats, deviations: Floats, weight: Floats) -> float:
    """Return the standard deviation of individual effects that the prediction misses.

    Of every candidate's out-of-fold deviation, the squared correlation with the residual scores bounds from
    below the variance that was left out. The largest bound is taken, with one standard error added, because
    shrinkage leaves real differences out on purpose and an interval must own up to them.
    """
    scale = weight / weight.sum()
    largest = 0.0
    for column in deviations.T:
        spread = float(scale @ column**2)
        if spread <= 0:
            continue
        slope = float(scale @ (column * residual)) / spread
        error = float(np.sqrt(scale**2 @ (column * (residual - slope * column)) ** 2)) / spread
        largest = max(largest, (abs(slope) + error) ** 2 * spread)
    return float(np.sqrt(largest))
