"""Attempts to refute the estimates: each takes what `ChannelValue.fit` takes and says whether it survived.

An estimate that survives is not thereby true; one that fails must not be acted on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from sklearn.base import clone

from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.dr_scores import Estimate
from duewise.models.channel import ChannelValue

Floats = NDArray[np.float64]

FALSE_ALARM = 0.01  # chance that a sound estimate fails one refutation, all actions together
CONFOUNDER = 0.01  # share of residual variation, of outcome and of action, explained by the confounder feared


@dataclass(frozen=True)
class Refutation:
    """Outcome of one attempt for one action.

    Attributes
    ----------
    name, action : str
    value : float
        What was measured; its meaning stands in `sentence`.
    limit : float
        Largest (for `sensitivity` smallest) value that passes.
    passed : bool
    sentence : str
        What was tried and what came of it, for a report.
    """

    name: str
    action: str
    value: float
    limit: float
    passed: bool
    sentence: str


def placebo_outcome(fitted: CrossFit, names: NDArray[Any]) -> list[Refutation]:
    """Judge the "effect" on something that no action can have changed and nobody who chose can have known.

    What decided about the action and is not among the covariates shows here, if it also moved the placebo:
    a negative control outcome (Lipsitch, Tchetgen Tchetgen & Cohen 2010, Epidemiology 21(3)).

    Parameters
    ----------
    fitted : CrossFit
        Scores of the placebo, which must **not** be a function of the covariates.
    """
    alarm = (
        "The action seems to change what had happened before and nobody could see, so the choice knew more"
    )
    return _all_zero("placebo_outcome", fitted, names, alarm)


def negative_control_period(fitted: CrossFit, names: NDArray[Any]) -> list[Refutation]:
    """Judge the "effect" on the money of a period that was over when the action was chosen.

    What was paid then is largely known at the decision, so that this cannot find a hidden cause: it tells
    whether the covariates, and the models made of them, hold that part of the past which the choice followed.

    Parameters
    ----------
    fitted : CrossFit
        Scores of the money received before the decision.
    """
    alarm = "The action seems to change what was paid before it, so the covariates miss what it followed"
    return _all_zero("negative_control_period", fitted, names, alarm)


def permuted_action(
    model: ChannelValue, X: Any, action: ArrayLike, outcome: ArrayLike, **fit_arguments: Any
) -> list[Refutation]:
    """Estimate the effect of actions dealt out at random among the rows: it must be zero.

    Logged propensities do not belong to the new actions and are left out. An alarm counts when a second deal
    raises it again.
    """
    labels = np.asarray(action, dtype=object)
    arguments = {key: value for key, value in fit_arguments.items() if key != "propensity"}

    def dealt_out(seed: int) -> list[Refutation]:
        shuffled = np.random.default_rng(seed).permutation(labels)
        fitted, names = model.cross_fit(X, shuffled, outcome, **arguments)
        return _all_zero(
            "permuted_action", fitted, names, "Actions dealt out at random seem to have an effect"
        )

    return _confirmed(dealt_out, model.random_state)


def added_common_cause(
    model: ChannelValue, X: Any, action: ArrayLike, outcome: ArrayLike, **fit_arguments: Any
) -> list[Refutation]:
    """Add a random covariate: the estimate must not move by more than a third of its standard error.

    An alarm counts when a second random covariate raises it again.
    """
    fitted, names = model.cross_fit(X, action, outcome, **fit_arguments)

    def widened_by(seed: int) -> list[Refutation]:
        noise = np.random.default_rng(seed).normal(size=len(X))
        wider = X.assign(random_common_cause=noise) if hasattr(X, "assign") else np.column_stack([X, noise])
        again, _ = clone(model).cross_fit(wider, action, outcome, **fit_arguments)
        return [_moved(str(names[arm]), before, after) for arm, before, after in _pairs(fitted, again)]

    return _confirmed(widened_by, model.random_state)


def _moved(action: str, before: Estimate, after: Estimate) -> Refutation:
    limit = 1 / 3
    moved = abs(after.value - before.value) / max(before.standard_error, 1e-300)
    passed = moved <= limit
    sentence = (
        f"With a random covariate added, the average effect of {action} moves from "
        f"{before.value:.4g} to {after.value:.4g}, {moved:.2f} of its standard error"
        + ("." if passed else f"; more than {limit:.2f} says that the models chase noise.")
    )
    return Refutation("added_common_cause", action, moved, limit, passed, sentence)


def _confirmed(test: Callable[[int], list[Refutation]], seed: int) -> list[Refutation]:
    """Return the outcome of a test that throws dice of its own.

    Where an action fails, a second throw decides: what goes wrong with the estimate goes wrong again, while
    chance (heavy tails make it more frequent than the limit says) seldom comes twice.
    """
    found = test(seed)
    if all(one.passed for one in found):
        return found
    again = {one.action: one for one in test(seed + 1)}
    return [one if one.passed else again.get(one.action, one) for one in found]


def sensitivity(fitted: CrossFit, names: NDArray[Any], strength: float = CONFOUNDER) -> list[Refutation]:
    """Return how strong an unseen confounder would have to be to undo each average effect.

    The bias that a confounder can cause is at most S·√(r_Y · r_A / (1 − r_A)), where r_Y and r_A are the
    shares of the residual variation of the outcome, and of the Riesz representer, that it explains
    (Chernozhukov, Cinelli, Newey, Sharma & Syrgkanis 2022, "Long Story Short"). The value is the robustness
    value: r = r_Y = r_A that moves the nearer limit of the 90% interval to zero.
    """
    observed = fitted.log
    found = []
    for arm in range(1, observed.n_actions):
        effect = fitted.average_effect(arm)
        if effect is None:
            continue
        low, high = effect.interval(0.9)
        distance = max(low, -high, 0.0)
        if distance == 0.0:
            sentence = f"No effect of {names[arm]} is claimed, so there is none that a confounder could undo."
            found.append(Refutation("sensitivity", names[arm], 0.0, strength, True, sentence))
            continue
        ratio = (distance / _bias_scale(fitted, arm)) ** 2
        value = float((-ratio + np.sqrt(ratio**2 + 4 * ratio)) / 2)
        passed = value >= strength
        sentence = (
            f"A confounder that explains {value:.1%} of what is left unexplained of both outcome and choice "
            f"would undo the effect of {names[arm]}"
            + ("." if passed else f"; that is less than {strength:.1%}, too easily.")
        )
        found.append(Refutation("sensitivity", names[arm], value, strength, passed, sentence))
    return found


def _bias_scale(fitted: CrossFit, arm: int) -> float:
    """Return S of the bound: root of residual outcome variance times second moment of the representer."""
    observed, rows = fitted.log, fitted.inside[:, arm]
    taken = np.flatnonzero(rows & np.isin(observed.action, (0, arm)))
    column = observed.action[taken]
    residual = fitted.cap.apply(observed.outcome)[taken] - fitted.expected[taken, column]
    residual = residual * observed.scale[taken]
    variance = float(np.average(residual**2, weights=observed.weight[taken]))
    inverse = 1.0 / fitted.propensity[rows, arm] + 1.0 / fitted.propensity[rows, 0]
    return float(np.sqrt(variance * np.average(inverse, weights=observed.weight[rows])))


def _all_zero(name: str, fitted: CrossFit, names: NDArray[Any], alarm: str) -> list[Refutation]:
    arms = [(arm, fitted.average_effect(arm)) for arm in range(1, len(names))]
    known = [(arm, effect) for arm, effect in arms if effect is not None]
    # All actions together fail a sound estimate with the stated chance (Bonferroni).
    limit = float(norm.ppf(1 - FALSE_ALARM / (2 * max(len(known), 1))))
    found = []
    for arm, effect in known:
        z = abs(effect.value) / max(effect.standard_error, 1e-300) if effect.value else 0.0
        passed = z <= limit
        sentence = (
            f"{name}, {names[arm]}: {effect.value:.4g} with standard error {effect.standard_error:.4g}, "
            "where zero is right" + ("." if passed else f". {alarm}: the estimate is not to be trusted.")
        )
        found.append(Refutation(name, str(names[arm]), z, limit, passed, sentence))
    return found


def _pairs(before: CrossFit, after: CrossFit) -> list[tuple[int, Estimate, Estimate]]:
    both = [
        (arm, before.average_effect(arm), after.average_effect(arm)) for arm in range(1, before.log.n_actions)
    ]
    return [(arm, a, b) for arm, a, b in both if a is not None and b is not None]
