"""From a log of actions and outcomes to doubly robust scores: what estimates and refutations share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from duewise.models.causal.boosting import BinnedTable
from duewise.models.causal.covariates import CovariateEncoder
from duewise.models.causal.dr_scores import Cap, Estimate, choose_cap, clustered_mean, dr_scores, no_cap
from duewise.models.causal.folds import assign_folds
from duewise.models.causal.outcome_model import cross_fit_outcome
from duewise.models.causal.overlap import OverlapRule, effective_rows, learn_overlap
from duewise.models.causal.propensity import PropensityModel, cross_fit_propensity

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

PRIOR_EVENTS = 3.0  # telling rows that the variance of all actions is worth in that of one action

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Log:
    """What happened: one row per debtor and decision.

    Attributes
    ----------
    action : ndarray of int, shape (n,)
        Action taken; 0 is `none`.
    outcome : ndarray of shape (n,)
        Money, or a share of `scale`.
    scale : ndarray of shape (n,)
        Money per unit of outcome: the balance when the outcome is a share, else one.
    groups : ndarray of shape (n,)
        Debtor of each row.
    weight : ndarray of shape (n,)
        Sample weight.
    logged : ndarray of shape (n, n_actions) or (n,), or None
        Probabilities of all actions, or of the action taken, as the sender logged them.
    n_actions : int
        Number of actions, `none` included.
    """

    action: Ints
    outcome: Floats
    scale: Floats
    groups: NDArray[Any]
    weight: Floats
    logged: Floats | None
    n_actions: int


@dataclass(frozen=True)
class CrossFit:
    """Scores of a log, and the models and rules behind them.

    Attributes
    ----------
    scores : ndarray of shape (n, n_actions)
        Doubly robust scores in the unit of the (capped) outcome.
    propensity : ndarray of shape (n, n_actions)
        Probabilities that the scores used.
    expected : ndarray of shape (n, n_actions)
        Out-of-fold outcome expected under each action.
    inside : ndarray of bool, shape (n, n_actions)
        Where an action can be compared with `none`.
    effective_rows : ndarray of shape (n_actions,)
        Kish's effective number of comparable rows of each action after weighting.
    """

    log: Log
    folds: Ints
    scores: Floats
    propensity: Floats
    expected: Floats
    inside: Bools
    cap: Cap
    overlap: OverlapRule
    propensity_model: PropensityModel
    effective_rows: Floats

    def average_effect(self, arm: int) -> Estimate | None:
        """Return the average effect in money over the supported rows; None for an unusable action.

        What the cap cut off is added to the standard error, since its sign is known no better than its size,
        and so is what a thin action cannot know about its own spread.
        """
        rows = self.inside[:, arm]
        if not self.overlap.usable[arm] or not rows.any():
            return None
        scale = self.log.scale[rows]
        contrast = (self.scores[rows, arm] - self.scores[rows, 0]) * scale
        estimate = clustered_mean(contrast, self.log.weight[rows], self.log.groups[rows])
        bias = float(self.cap.bias[arm] * np.average(scale, weights=self.log.weight[rows]))
        thin = np.sqrt(self.unseen_variance(arm))
        return Estimate(estimate.value, float(np.hypot(np.hypot(estimate.standard_error, bias), thin)))

    def unseen_variance(self, arm: int) -> float:
        """Return the variance, in money squared, that the average effect hides because the action is thin.

        An action with a few hundred rows and no payment at all has scores without spread, as if its mean were
        known exactly. So few telling rows learn their variance from all actions together: the pooled one
        counts as much as `PRIOR_EVENTS` of them. A row tells as much as the kurtosis of the residuals allows
        (of rare payments, about one row in 1/rate does).
        """
        observed, rows = self.log, self.inside[:, arm]
        column = observed.action
        residual = self.cap.apply(observed.outcome) - self.expected[np.arange(len(column)), column]
        squares = (residual * observed.scale) ** 2
        pooled = float(np.average(squares, weights=observed.weight))
        if pooled == 0.0:
            return 0.0
        kurtosis = float(np.average(squares**2, weights=observed.weight)) / pooled**2
        hidden = 0.0
        total = observed.weight[rows].sum()
        for side in (arm, 0):
            own = rows & (column == side)
            inverse = observed.weight[own] / self.propensity[own, side]
            telling = effective_rows(inverse) / kurtosis
            missing = max(0.0, pooled - float(np.average(squares[own], weights=inverse**2)))
            hidden += PRIOR_EVENTS / (PRIOR_EVENTS + telling) * missing * float(inverse @ inverse) / total**2
        return hidden


def cross_fit(
    observed: Log,
    encoder: CovariateEncoder,
    trees: Floats32,
    *,
    n_folds: int,
    min_rows: int,
    min_effective_rows: float,
    winsorise: bool,
    n_jobs: int,
    seed: int,
) -> tuple[CrossFit, Floats32, BinnedTable]:
    """Return the scores with the linear and binned covariates, which the effect stage reads again."""
    action, weight, n_actions = observed.action, observed.weight, observed.n_actions
    folds = assign_folds(observed.groups, action, n_folds, seed)
    linear = encoder.linear(trees)
    table = BinnedTable(trees, encoder.categorical)
    estimated, model = cross_fit_propensity(
        linear, table, action, n_actions, folds, weight, n_jobs=n_jobs, seed=seed
    )
    log.info(
        "propensity_fitted", kind=model.kind, log_loss=model.log_loss, logged=observed.logged is not None
    )
    propensity = estimated if observed.logged is None else with_logged(estimated, observed.logged, action)
    overlap = learn_overlap(propensity, action, weight, min_rows, min_effective_rows)
    inside = overlap.supported(propensity)
    found = _score(observed, propensity, overlap, table, folds, winsorise=winsorise, n_jobs=n_jobs, seed=seed)
    floored = np.maximum(propensity, overlap.lowest)
    comparable = [(action == arm) & inside[:, arm] for arm in range(n_actions)]
    effective = np.array(
        [effective_rows((weight / floored[:, k])[rows]) for k, rows in enumerate(comparable)]
    )
    log.info(
        "scores_fitted",
        rows=len(action),
        capped_share=found.cap.share,
        unsupported=int((~overlap.usable).sum()),
    )
    fitted = CrossFit(
        observed,
        folds,
        found.scores,
        propensity,
        found.expected,
        inside,
        found.cap,
        overlap,
        model,
        effective,
    )
    return fitted, linear, table


def rescored(
    fitted: CrossFit, table: BinnedTable, outcome: Floats, *, winsorise: bool, n_jobs: int, seed: int
) -> CrossFit:
    """Return the scores of another outcome of the same rows: folds, propensities and overlap stay."""
    observed = replace(fitted.log, outcome=outcome)
    found = _score(
        observed,
        fitted.propensity,
        fitted.overlap,
        table,
        fitted.folds,
        winsorise=winsorise,
        n_jobs=n_jobs,
        seed=seed,
    )
    return replace(fitted, log=observed, scores=found.scores, expected=found.expected, cap=found.cap)


@dataclass(frozen=True)
class _Scored:
    scores: Floats
    expected: Floats
    cap: Cap


def _score(
    observed: Log,
    propensity: Floats,
    overlap: OverlapRule,
    table: BinnedTable,
    folds: Ints,
    *,
    winsorise: bool,
    n_jobs: int,
    seed: int,
) -> _Scored:
    # Outside the overlap a score is never used; the floor only keeps it finite.
    floored = np.maximum(propensity, overlap.lowest)
    action, weight = observed.action, observed.weight
    cap = choose_cap(observed.outcome, action, floored, weight) if winsorise else no_cap(observed.n_actions)
    outcome = cap.apply(observed.outcome)
    expected = cross_fit_outcome(
        table, action, outcome, observed.n_actions, folds, weight, n_jobs=n_jobs, seed=seed
    )
    return _Scored(dr_scores(outcome, action, floored, expected), expected, cap)


def with_logged(estimated: Floats, logged: Floats, action: Ints) -> Floats:
    """Return the logged probabilities, of shape (n, n_actions).

    Where only the probability of the action taken was logged, it replaces the estimate and the other actions
    share the rest in the estimated proportions: the scores need the former alone, the overlap both.
    """
    if logged.ndim == 2:
        return logged
    rows = np.arange(len(action))
    others = estimated.copy()
    others[rows, action] = 0.0
    total = others.sum(axis=1, keepdims=True)
    filled: Floats = others * ((1.0 - logged[:, None]) / np.maximum(total, 1e-12))
    filled[rows, action] = logged
    return filled
