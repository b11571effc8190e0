"""What a policy would have earned, from a log that another policy wrote: IPS, SNIPS, DR and switch-DR.

Notation: in situation x_i the log took action a_i with probability e_i = e(a_i | x_i) and saw outcome r_i.
The policy to be valued would take action a with probability π(a | x). The weight of a row is
w_i = π(a_i | x_i) / e_i, and q(x, a) is the outcome that a model, which never saw the row, expects.
Which to read when: `docs/methods/off-policy.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.dr_scores import Estimate as MeanEstimate
from duewise.models.causal.dr_scores import clustered_mean
from duewise.models.causal.overlap import effective_rows

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

LEVEL = 0.95

FEWEST_EFFECTIVE = 100.0
"""Effective rows below which a normal interval is not to be trusted."""

THINNEST_SHARE = 0.1
"""Effective share of the rows below which a handful of heavy rows decide the figure."""

SWITCH_QUANTILES = (1.0, 0.999, 0.99, 0.98, 0.95, 0.9, 0.8, 0.5, 0.0)
"""Quantiles of the positive weights that switch-DR tries as its bound; 1 is DR, 0 the model alone."""

LEAST_SAVING = 0.2
"""Share of DR's squared error that switching must save: the least of many estimates is too small by luck."""


@dataclass(frozen=True)
class DecisionLog:
    """A log of decisions; arrays of shape (n,).

    Attributes
    ----------
    action : ndarray of int
        Column of the policies' probabilities that was taken.
    propensity : ndarray
        Probability with which it was taken, in (0, 1].
    outcome : ndarray
        What followed, in any unit.
    groups : ndarray
        Debtor of each row: the rows of one debtor are not independent of each other.
    weight : ndarray
        Sample weight.
    """

    action: Ints
    propensity: Floats
    outcome: Floats
    groups: NDArray[Any]
    weight: Floats

    @classmethod
    def of(
        cls,
        action: NDArray[Any],
        propensity: NDArray[Any],
        outcome: NDArray[Any],
        groups: NDArray[Any] | None = None,
        weight: NDArray[Any] | None = None,
    ) -> DecisionLog:
        """Return the log after checking it.

        Parameters
        ----------
        propensity : ndarray of shape (n,) or (n, n_actions)
            Of the action taken, or of every action.
        groups, weight : ndarray of shape (n,), optional
            Default: every row its own group, all rows alike.
        """
        rows = np.arange(len(action))
        action = np.asarray(action, dtype=np.intp)
        taken = np.asarray(propensity, dtype=np.float64)
        taken = taken[rows, action] if taken.ndim == 2 else taken
        if not ((taken > 0.0) & (taken <= 1.0)).all():
            bad = int((~((taken > 0.0) & (taken <= 1.0))).sum())
            raise ValueError(
                f"{bad} of {len(taken)} propensities are not in (0, 1]: what was done had a chance of being "
                "done. Leave those rows out, or log the chance at the moment of the choice."
            )
        outcome = np.asarray(outcome, dtype=np.float64)
        groups = rows if groups is None else np.asarray(groups)
        weight = np.ones(len(rows)) if weight is None else np.asarray(weight, dtype=np.float64)
        return cls(action, taken, outcome, groups, weight)


@dataclass(frozen=True)
class PolicyValue:
    """What a policy is worth per decision, with its interval and how much of the log speaks for it.

    Attributes
    ----------
    value, standard_error, low, high : float
        In the unit of the outcome; the interval is normal, from influence functions summed by group.
    effective_rows : float
        Kish's effective number of rows, (Σ w)² / Σ w².
    largest_weight : float
        Of a single row; 1 where log and policy agree.
    warnings : tuple of str
        Why the interval may be too narrow.
    """

    value: float
    standard_error: float
    low: float
    high: float
    effective_rows: float
    largest_weight: float
    warnings: tuple[str, ...] = ()


def importance_weights(log: DecisionLog, target: NDArray[Any]) -> Floats:
    """Return π(a_i | x_i) / e_i, of shape (n,).

    Parameters
    ----------
    target : ndarray of shape (n, n_actions) or (n,) of int
        Probabilities with which the policy takes each action, or the one action that it takes.
    """
    if target.ndim == 1:
        return np.asarray((target == log.action) / log.propensity)
    return np.asarray(target[np.arange(len(log.action)), log.action] / log.propensity)


def ips(log: DecisionLog, target: NDArray[Any], level: float = LEVEL) -> PolicyValue:
    """Return the value by inverse propensity scores, Σ w r / n (Horvitz & Thompson 1952).

    Unbiased when the propensities are right; a single rare action can carry the whole figure.

    Parameters
    ----------
    target : ndarray of shape (n, n_actions) or (n,) of int
        Probabilities of the policy, or its choice.
    """
    weight = importance_weights(log, target)
    mean = clustered_mean(weight * log.outcome, log.weight, log.groups)
    return _valued(mean, weight, log, level)


def snips(log: DecisionLog, target: NDArray[Any], level: float = LEVEL) -> PolicyValue:
    """Return the self-normalised value Σ w r / Σ w (Swaminathan & Joachims 2015, NeurIPS 28).

    A little biased in small logs and much less noisy than IPS: adding a constant to all outcomes adds that
    constant to the value. Influence of a row: w (r - V) / mean(w). NaN when the log never did what the
    policy does.

    Parameters
    ----------
    target : ndarray of shape (n, n_actions) or (n,) of int
        Probabilities of the policy, or its choice.
    """
    weight = importance_weights(log, target)
    if not (weight * log.weight).any():
        return _valued(MeanEstimate(float("nan"), float("nan")), weight, log, level)
    mean = clustered_mean(log.outcome, log.weight * weight, log.groups)
    return _valued(mean, weight, log, level)


def dr(log: DecisionLog, target: NDArray[Any], expected: Floats, level: float = LEVEL) -> PolicyValue:
    """Return the doubly robust value, the mean of Σ_a π(a) q(a) + w (r - q(a_i)).

    Right when either propensities or model are (Dudík, Erhan, Langford & Li 2014, Statist. Sci. 29(4)).

    Parameters
    ----------
    target : ndarray of shape (n, n_actions) or (n,) of int
        Probabilities of the policy, or its choice.
    expected : ndarray of shape (n, n_actions)
        Outcome that a model expects of each action; the model must not have seen the row.
    """
    weight = importance_weights(log, target)
    score = _by_model(target, expected) + weight * _residual(log, expected)
    return _valued(clustered_mean(score, log.weight, log.groups), weight, log, level)


def switch_dr(
    log: DecisionLog,
    target: NDArray[Any],
    expected: Floats,
    switch_at: float | None = None,
    level: float = LEVEL,
) -> PolicyValue:
    """Return the DR value that trusts the model alone where weights are large.

    The correction w (r - q) is kept where w <= `switch_at` (Wang, Agarwal & Dudík 2017, ICML 34). What is
    left out, the mean of w (r - q) beyond the bound, estimates the bias; it is added to the standard error.
    The interval is short because it trusts the model: with a chosen bound, nominal 95% covers 90% or more.

    Parameters
    ----------
    target : ndarray of shape (n, n_actions) or (n,) of int
        Probabilities of the policy, or its choice.
    expected : ndarray of shape (n, n_actions)
        Outcome that a model expects of each action; the model must not have seen the row.
    switch_at : float, optional
        Largest weight that is believed; default the one with the least estimated mean squared error.
    """
    weight = importance_weights(log, target)
    by_model, correction = _by_model(target, expected), weight * _residual(log, expected)

    def switched(bound: float) -> MeanEstimate:
        kept = weight <= bound
        mean = clustered_mean(by_model + correction * kept, log.weight, log.groups)
        bias = float(np.average(correction * ~kept, weights=log.weight))
        return MeanEstimate(mean.value, float(np.hypot(mean.standard_error, bias)))

    bound = _chosen_bound(weight, switched) if switch_at is None else switch_at
    return _valued(switched(bound), weight * (weight <= bound), log, level)


def _chosen_bound(weight: Floats, switched: Callable[[float], MeanEstimate]) -> float:
    """Return the bound with the least estimated squared error; infinity unless it saves clearly."""
    if not weight.any():
        return np.inf
    bounds = np.unique(np.quantile(weight[weight > 0.0], SWITCH_QUANTILES))
    errors = np.array([switched(bound).standard_error ** 2 for bound in bounds])
    saves = errors.min() < (1.0 - LEAST_SAVING) * switched(np.inf).standard_error ** 2
    return float(bounds[errors.argmin()]) if saves else np.inf


def _by_model(target: NDArray[Any], expected: Floats) -> Floats:
    """Return what the model expects of the policy in each row."""
    if target.ndim == 1:
        return np.asarray(expected[np.arange(len(target)), target])
    return np.asarray((target * expected).sum(axis=1))


def _residual(log: DecisionLog, expected: Floats) -> Floats:
    return np.asarray(log.outcome - expected[np.arange(len(log.action)), log.action])


def _valued(mean: MeanEstimate, weight: Floats, log: DecisionLog, level: float) -> PolicyValue:
    effective = effective_rows(weight * log.weight)
    low, high = mean.interval(level)
    return PolicyValue(
        value=mean.value,
        standard_error=mean.standard_error,
        low=low,
        high=high,
        effective_rows=effective,
        largest_weight=float(weight.max(initial=0.0)),
        warnings=_warnings(weight, effective, log),
    )


def _warnings(weight: Floats, effective: float, log: DecisionLog) -> tuple[str, ...]:
    rows, largest = len(weight), float(weight.max(initial=0.0))
    found = []
    if effective < FEWEST_EFFECTIVE or effective < THINNEST_SHARE * rows:
        found.append(
            f"Only {effective:,.0f} of {rows:,} rows speak for this policy (largest weight {largest:,.1f}): "
            "the interval is likely too narrow."
        )
    mean = clustered_mean(weight, log.weight, log.groups)
    # Four standard errors: a policy that is valued at many logs must not be doubted by chance.
    if abs(mean.value - 1.0) > 4.0 * max(mean.standard_error, 1e-9):
        found.append(
            f"The weights average {mean.value:.2f} and should average 1: the logged propensities are not "
            "those of this log, or the policy does what the log never did."
        )
    return tuple(found)
