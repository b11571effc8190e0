"""Probability with which the past policy chose each action, learned from what it did.

Three candidates compete on cross-fitted log-loss: the shares of the actions (a randomised log needs nothing
more), a regularised multinomial logistic regression, and boosted trees. The winner is then calibrated, since
inverse probabilities magnify every error at the low end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from joblib import Parallel, delayed  # type: ignore[import-untyped]
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from duewise.models.causal.boosting import BinnedTable, boost, common_rounds

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

LOWEST = 1e-6  # keeps logarithms finite
ROUNDS = 80
BOOSTED: Mapping[str, Any] = {
    "learning_rate": 0.12,
    "num_leaves": 7,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
}
LOGISTIC_ROWS = 20_000  # a linear boundary needs no more, and lbfgs is slow on a million rows
INVERSE_PENALTY = 1.0  # a prior standard deviation of one on the log odds per standard deviation of a feature


@dataclass(frozen=True)
class PropensityModel:
    """Predicts the probability of every action.

    Attributes
    ----------
    kind : str
        `shares`, `logistic` or `boosted`: the candidate with the least cross-fitted log-loss.
    log_loss : mapping of str to float
        Cross-fitted log-loss of every candidate, in nats per row.
    """

    kind: str
    log_loss: Mapping[str, float]
    shares: Floats
    logistic: LogisticRegression | None
    booster: lgb.Booster | None
    temperature: float
    offsets: Floats

    def predict(self, linear: Floats32, trees: Floats32, threads: int = 1) -> Floats:
        """Return probabilities of shape (n, actions); rows sum to 1."""
        raw = _raw_probabilities(self, linear, trees, threads)
        return _calibrated(raw, self.temperature, self.offsets)


def _raw_probabilities(model: PropensityModel, linear: Floats32, trees: Floats32, threads: int) -> Floats:
    if model.kind == "logistic" and model.logistic is not None:
        raw = np.full((len(linear), len(model.shares)), LOWEST)
        raw[:, model.logistic.classes_] = model.logistic.predict_proba(linear)
        return raw
    if model.kind == "boosted" and model.booster is not None:
        return _boosted_probabilities(model.booster, trees, -1, threads)
    return np.tile(model.shares, (len(trees), 1))


def cross_fit_propensity(
    linear: Floats32,
    table: BinnedTable,
    action: Ints,
    n_actions: int,
    folds: Ints,
    weight: Floats,
    *,
    n_jobs: int,
    seed: int,
) -> tuple[Floats, PropensityModel]:
    """Return out-of-fold probabilities of shape (n, n_actions) and the model for new rows."""
    n_folds = int(folds.max()) + 1
    fitted = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(_fit_fold)(linear, table, action, n_actions, folds == fold, weight, seed)
        for fold in range(n_folds)
    )
    sizes = np.bincount(folds, weight, minlength=n_folds)
    rounds, _ = common_rounds([losses for _, _, losses in fitted], [np.inf] * n_folds, sizes)
    candidates = {"shares": np.empty((len(action), n_actions))}
    candidates |= {"logistic": candidates["shares"].copy(), "boosted": candidates["shares"].copy()}
    for fold, (probabilities, booster, _) in enumerate(fitted):
        held_out = folds == fold
        counts = np.bincount(action[~held_out], weight[~held_out], minlength=n_actions)
        candidates["shares"][held_out] = counts / counts.sum()
        candidates["logistic"][held_out] = probabilities
        candidates["boosted"][held_out] = _boosted_probabilities(booster, table.matrix[held_out], rounds, 1)
    log_loss = {name: _log_loss(p, action, weight) for name, p in candidates.items()}
    kind = min(log_loss, key=lambda name: log_loss[name])
    raw = candidates[kind]
    temperature, offsets = (1.0, np.zeros(n_actions)) if kind == "shares" else _calibrate(raw, action, weight)
    every, label = np.arange(len(action)), action.astype(float)
    logistic = _fit_logistic(linear, action, weight, every, seed) if kind == "logistic" else None
    booster = None
    if kind == "boosted":
        booster, _ = boost(table, every, label, rounds, _settings(n_actions), weight=weight, seed=seed)
    shares = np.bincount(action, weight, minlength=n_actions) / weight.sum()
    model = PropensityModel(kind, log_loss, shares, logistic, booster, temperature, offsets)
    return _calibrated(raw, temperature, offsets), model


def _fit_fold(
    linear: Floats32,
    table: BinnedTable,
    action: Ints,
    n_actions: int,
    held_out: Bools,
    weight: Floats,
    seed: int,
) -> tuple[Floats, lgb.Booster, list[float]]:
    train, watch = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    logistic = _fit_logistic(linear, action, weight, train, seed)
    raw = np.full((len(watch), n_actions), LOWEST)
    raw[:, logistic.classes_] = logistic.predict_proba(linear[held_out])
    booster, losses = boost(
        table,
        train,
        action.astype(float),
        ROUNDS,
        _settings(n_actions),
        weight=weight,
        watch=watch,
        seed=seed,
    )
    return raw, booster, losses


def _settings(n_actions: int) -> dict[str, Any]:
    # Starting from the shares lets a randomised log stop after a round or two.
    return {"objective": "multiclass", "num_class": n_actions, "boost_from_average": True, **BOOSTED}


def _boosted_probabilities(booster: lgb.Booster, trees: Floats32, rounds: int, threads: int) -> Floats:
    return np.asarray(booster.predict(trees, num_iteration=rounds, num_threads=threads), dtype=np.float64)


def _fit_logistic(
    linear: Floats32, action: Ints, weight: Floats, rows: Ints, seed: int
) -> LogisticRegression:
    if len(rows) > LOGISTIC_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, LOGISTIC_ROWS, replace=False))
    scaled = weight[rows] / weight[rows].mean()
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=200, tol=1e-3)
    return model.fit(linear[rows].astype(np.float64), action[rows], sample_weight=scaled)


def _log_loss(probabilities: Floats, action: Ints, weight: Floats) -> float:
    taken = probabilities[np.arange(len(action)), action]
    return float(-np.average(np.log(np.maximum(taken, LOWEST)), weights=weight))


def _calibrated(raw: Floats, temperature: float, offsets: Floats) -> Floats:
    scores = temperature * np.log(np.maximum(raw, LOWEST)) + offsets
    scores -= scores.max(axis=1, keepdims=True)
    exp = np.exp(scores)
    return np.asarray(exp / exp.sum(axis=1, keepdims=True))


def _calibrate(raw: Floats, action: Ints, weight: Floats) -> tuple[float, Floats]:
    """Return temperature and offsets that make out-of-fold log-probabilities best (Guo et al. 2017)."""
    logs = np.log(np.maximum(raw, LOWEST))
    n_actions = raw.shape[1]
    taken = np.zeros_like(raw)
    taken[np.arange(len(action)), action] = 1.0
    share = weight / weight.sum()

    def loss(theta: Floats) -> tuple[float, Floats]:
        scores = theta[0] * logs + theta[1:]
        top = scores.max(axis=1, keepdims=True)
        exp = np.exp(scores - top)
        total = exp.sum(axis=1, keepdims=True)
        value = share @ (np.log(total[:, 0]) + top[:, 0] - (scores * taken).sum(axis=1))
        error = share[:, None] * (exp / total - taken)
        # A pull towards "no change" far below one row's information keeps absent actions in place.
        pull = np.concatenate([[theta[0] - 1.0], theta[1:]]) * 1e-4
        gradient = np.concatenate([[(error * logs).sum()], error.sum(axis=0)]) + pull
        return float(value + 0.5 * (pull @ pull) * 1e4), gradient

    start = np.concatenate([[1.0], np.zeros(n_actions)])
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.1, 3.0)] + [(-3.0, 3.0)] * n_actions)
    return float(best.x[0]), np.asarray(best.x[1:])
