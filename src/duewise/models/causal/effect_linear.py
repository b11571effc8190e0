"""Linear effects: ridge regressions whose penalty is chosen by held-out risk, from cross-products alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]

PENALTIES = np.logspace(-3, 2, 16)  # times the mean curvature of the features


@dataclass(frozen=True)
class LinearEffect:
    """A deviation from the pooled effect that is linear in the standardised features.

    Attributes
    ----------
    coefficients : ndarray of shape (n_linear,)
        Change of the effect per standard deviation, fitted on all rows.
    fold_coefficients : ndarray of shape (n_folds, n_linear)
        The same without each fold.
    center, fold_centers
        Weighted mean of the features, so that the deviation is zero on average.
    covariance : ndarray of shape (n_linear, n_linear)
        Posterior covariance of the coefficients under the prior that the penalty stands for.
    """

    coefficients: Floats
    fold_coefficients: Floats
    center: Floats
    fold_centers: Floats
    covariance: Floats

    def deviation(self, linear: Floats32, fold: int | None = None) -> Floats:
        """Return the deviation of each row, by the model without `fold` or by the whole one."""
        beta = self.coefficients if fold is None else self.fold_coefficients[fold]
        center = self.center if fold is None else self.fold_centers[fold]
        return np.asarray(linear @ beta.astype(np.float32), dtype=np.float64) - float(center @ beta)

    def posterior_variance(self, linear: Floats32) -> Floats:
        """Return the posterior variance of each row's deviation.

        It counts what the penalty shrinks away as well as sampling noise, which is why such intervals cover
        well on average over rows (Nychka 1988, JASA 83).
        """
        centered = linear - self.center.astype(np.float32)
        return np.asarray(np.einsum("ij,ij->i", centered @ self.covariance.astype(np.float32), centered))

    def out_of_fold(self, linear: Floats32, folds: Ints) -> Floats:
        """Return the deviation of each row by the model that did not see it."""
        scores = linear @ self.fold_coefficients.T.astype(np.float32)
        offsets = np.einsum("kj,kj->k", self.fold_centers, self.fold_coefficients)
        return np.asarray(scores[np.arange(len(folds)), folds] - offsets[folds], dtype=np.float64)


def fit_linear_effect(linear: Floats32, target: Floats, weight: Floats, folds: Ints) -> LinearEffect:
    """Regress `target` (a contrast of doubly robust scores, shape (n,)) on the standardised features.

    The penalty has the least held-out weighted squared error.
    """
    n_folds = int(folds.max()) + 1
    width = linear.shape[1]
    gram = np.zeros((n_folds, width, width))
    cross = np.zeros((n_folds, width))
    sums = np.zeros((n_folds, width))
    total, first, second = (np.zeros(n_folds) for _ in range(3))
    for fold in range(n_folds):
        rows = np.flatnonzero((folds == fold) & (weight > 0))
        x, w, y = linear[rows], weight[rows].astype(np.float32), target[rows]
        gram[fold] = (x * w[:, None]).T @ x
        cross[fold] = x.T.astype(np.float64) @ (weight[rows] * y)
        sums[fold] = x.T.astype(np.float64) @ weight[rows]
        total[fold], first[fold] = weight[rows].sum(), weight[rows] @ y
        second[fold] = weight[rows] @ y**2

    def centered(keep: Floats) -> tuple[Floats, Floats, Floats, float]:
        t, f = keep @ total, keep @ first
        center = keep @ sums / t
        g = np.tensordot(keep, gram, axes=1) - t * np.outer(center, center)
        return g, keep @ cross - center * f, center, float(f / t)

    betas = np.zeros((n_folds, len(PENALTIES), width))
    centers = np.zeros((n_folds, width))
    risk = np.zeros((n_folds, len(PENALTIES)))
    for fold in range(n_folds):
        keep = np.ones(n_folds)
        keep[fold] = 0.0
        g, c, centers[fold], mean = centered(keep)
        betas[fold] = _ridge_path(g, c)
        for k, beta in enumerate(betas[fold]):
            intercept = mean - centers[fold] @ beta
            risk[fold, k] = (
                second[fold]
                + intercept**2 * total[fold]
                + beta @ gram[fold] @ beta
                - 2 * intercept * first[fold]
                - 2 * beta @ cross[fold]
                + 2 * intercept * (sums[fold] @ beta)
            )
    best = int(np.argmin(risk.sum(axis=0)))
    # For out-of-fold predictions the other folds choose, so that they stay honest.
    fold_best = np.argmin(risk.sum(axis=0) - risk, axis=1)
    g, c, center, mean = centered(np.ones(n_folds))
    beta = _ridge_path(g, c)[best]
    # Weights are inverse variances up to a factor, which the residuals tell.
    explained = float(2 * beta @ c - beta @ g @ beta)
    factor = (second.sum() - total.sum() * mean**2 - explained) / max(int((weight > 0).sum()), 1)
    precision = g + PENALTIES[best] * _mean_curvature(g) * np.eye(width)
    covariance = factor * np.linalg.inv(precision) if width else np.zeros((0, 0))
    return LinearEffect(beta, betas[np.arange(n_folds), fold_best], center, centers, covariance)


def _ridge_path(gram: Floats, cross: Floats) -> Floats:
    """Return the ridge coefficients for every penalty, shape (penalties, n_linear)."""
    if len(cross) == 0:
        return np.zeros((len(PENALTIES), 0))
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    rotated = vectors.T @ cross
    shrunk = rotated / (values + PENALTIES[:, None] * _mean_curvature(gram))
    return np.asarray(shrunk @ vectors.T)


def _mean_curvature(gram: Floats) -> float:
    return max(float(np.trace(gram)) / max(len(gram), 1), 1e-12)
