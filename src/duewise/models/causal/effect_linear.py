"""Linear effects of all actions together: one residual-on-residual ridge regression.

Fitted action by action against `none`, every effect would carry the noise of the rows without contact, and
the differences between actions, on which the choice depends, would be shrunk unevenly. Together, each row
speaks about every action it might have got, and the prior lets actions share a direction: a debtor who moves
for a call often moves for a text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

from duewise.models.causal.effect_stack import kept_share

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]

PENALTIES = np.logspace(-3.0, 2.0, 10)  # times the mean curvature of the features
ALIKE = (0.0, 0.3, 0.6, 0.85)  # prior correlation of a feature's coefficients between actions
CHUNK = 20_000  # rows whose products with the actions are held at a time


@dataclass(frozen=True)
class LinearEffect:
    """A deviation from the pooled effect of one action, linear in the standardised features.

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

    def shrunk(self, share: float) -> LinearEffect:
        """Return the effect with `share` of every coefficient; the uncertainty stays."""
        return LinearEffect(
            share * self.coefficients,
            share * self.fold_coefficients,
            self.center,
            self.fold_centers,
            self.covariance,
        )


def fit_linear_effects(
    surprise: Floats, residual: Floats, weight: Floats, linear: Floats32, folds: Ints, groups: NDArray[Any]
) -> list[LinearEffect]:
    """Regress what the outcome was off on what the actions were off, times the features.

    The loss is Σ w (y − m(x) − Σ_a (1[A=a] − p_a(x)) (α_a + x·β_a))² (Nie & Wager 2021, Biometrika 108, for
    many actions), with a normal prior on the β whose strength and correlation between actions have the least
    held-out loss. What is kept of all β is then shrunk by their out-of-fold confirmation.

    Parameters
    ----------
    surprise : ndarray of shape (n, k)
        1[A=a] − p_a(x) for each of k actions, `none` left out.
    residual : ndarray of shape (n,)
        Outcome less its expectation over actions.
    weight : ndarray of shape (n,)
        Zero for rows that say nothing about these actions.

    Returns
    -------
    list of LinearEffect
        One per column of `surprise`.
    """
    n_folds, k = int(folds.max()) + 1, surprise.shape[1]
    width = linear.shape[1]
    parts = [_products(surprise, residual, weight, linear, folds == fold) for fold in range(n_folds)]
    gram, cross = np.sum([g for g, _, _ in parts], axis=0), np.sum([c for _, c, _ in parts], axis=0)
    paths = [_ridge_paths(gram - g, cross - c, k, width) for g, c, _ in parts]
    losses = np.array(
        [
            square - 2 * path @ c + np.einsum("sp,pq,sq->s", path, g, path)
            for path, (g, c, square) in zip(paths, parts, strict=True)
        ]
    )
    best = int(np.argmin(losses.sum(axis=0)))
    # For out-of-fold predictions the other folds choose, so that they stay honest.
    fold_best = np.argmin(losses.sum(axis=0) - losses, axis=1)
    whole = _ridge_paths(gram, cross, k, width)[best].reshape(k, 1 + width)
    without = np.array([path[i] for path, i in zip(paths, fold_best, strict=True)])
    without = without.reshape(n_folds, k, 1 + width)
    known = weight > 0
    noise = sum(square for *_, square in parts) - cross @ whole.ravel()
    covariance = _posterior(gram, best, k, width) * float(noise / max(int(known.sum()), 1))
    effects = []
    for a in range(k):
        cut = slice(a * (1 + width) + 1, (a + 1) * (1 + width))
        # Centred where the action is compared: rows that could not have got it have no surprise.
        precision = weight * surprise[:, a] ** 2
        center = _weighted_mean(linear, precision)
        centers = np.array([_weighted_mean(linear, precision * (folds != fold)) for fold in range(n_folds)])
        beta, betas = whole[a, 1:], without[:, a, 1:]
        effects.append(LinearEffect(beta, betas, center, centers, covariance[cut, cut]))
    deviations = np.column_stack([effect.out_of_fold(linear, folds) for effect in effects])
    offsets = (
        without[folds, :, 0]
        + np.array(
            [
                [effect.fold_centers[f] @ effect.fold_coefficients[f] for effect in effects]
                for f in range(n_folds)
            ]
        )[folds]
    )
    explained = (surprise * deviations).sum(axis=1)
    share = kept_share(explained, residual - (surprise * offsets).sum(axis=1), weight, groups)
    return [effect.shrunk(share) for effect in effects]


def _products(
    surprise: Floats, residual: Floats, weight: Floats, linear: Floats32, member: NDArray[np.bool_]
) -> tuple[Floats, Floats, float]:
    """Return the weighted cross-products of the regressors, with the residual, and of the residual."""
    rows = np.flatnonzero(member & (weight > 0))
    size = surprise.shape[1] * (1 + linear.shape[1])
    gram, cross = np.zeros((size, size)), np.zeros(size)
    for first in range(0, len(rows), CHUNK):
        part = rows[first : first + CHUNK]
        features = np.column_stack([np.ones(len(part), dtype=np.float32), linear[part]])
        regressors = surprise[part, :, None].astype(np.float32) * features[:, None, :]
        regressors = regressors.reshape(len(part), size)
        gram += (regressors * weight[part, None].astype(np.float32)).T @ regressors
        cross += regressors.T @ (weight[part] * residual[part])
    return gram, cross, float(weight[rows] @ residual[rows] ** 2)


def _ridge_paths(gram: Floats, cross: Floats, k: int, width: int) -> Floats:
    """Return the coefficients for every prior, shape (priors, k * (1 + width))."""
    return np.array([solve(gram + prior, cross, assume_a="pos") for prior in _priors(gram, k, width)])


def _posterior(gram: Floats, best: int, k: int, width: int) -> Floats:
    return np.asarray(np.linalg.inv(gram + list(_priors(gram, k, width))[best]))


def _priors(gram: Floats, k: int, width: int) -> list[Floats]:
    """Return the precision matrix of every prior; intercepts are all but free."""
    penalised = np.append(0.0, np.ones(width))
    curvature = float(np.diag(gram) @ np.tile(penalised, k)) / max(k * width, 1)
    curvature = max(curvature, 1e-12 * max(float(np.trace(gram)), 1e-300))
    free = 1e-9 * max(float(np.trace(gram)) / len(gram), 1e-300) * np.eye(len(gram))
    priors = []
    for alike in ALIKE if k > 1 else ALIKE[:1]:
        among_actions = np.linalg.inv((1 - alike) * np.eye(k) + alike)
        shape = np.kron(among_actions, np.diag(penalised)) * curvature
        priors += [free + penalty * shape for penalty in PENALTIES]
    return priors


def _weighted_mean(linear: Floats32, weight: Floats) -> Floats:
    return np.asarray(weight @ linear / max(float(weight.sum()), 1e-300), dtype=np.float64)
