"""What policies are worth on the log that the effects were learned from, judged where they were not.

Every row is decided by effects of models that never saw its debtor, and valued by doubly robust scores of
models that never saw it either, so that the learned policy is judged like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from duewise.evaluate.bootstrap import Estimate
from duewise.evaluate.offpolicy import (
    LEVEL,
    DecisionLog,
    PolicyValue,
    dr,
    importance_weights,
    ips,
    snips,
)
from duewise.evaluate.targeting import TargetingCurve, targeting_curve
from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.dr_scores import clustered_mean, dr_scores

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

FREE = 1e-6
"""Cost, as a share of the dearest action, of one that costs nothing: it comes first and hardly counts."""


@dataclass(frozen=True)
class ValuedPolicy:
    """One row of the table of policies; money per decision.

    Attributes
    ----------
    policy : str
        Name: ``logged``, ``random``, ``propensity_ranking``, ``learned``, ``learned_same_budget``, or
        ``all_<action>`` for actions that are supported anywhere.
    acted : float
        Share of decisions on which it acts; where an action is not supported it does nothing.
    snips, dr : PolicyValue
        Money recovered within the horizon, two ways.
    gain : Estimate
        Doubly robust money over doing nothing for all, net of the cost of the actions.
    over_logged : Estimate
        The same over what was done.
    """

    policy: str
    acted: float
    snips: PolicyValue
    dr: PolicyValue
    gain: Estimate
    over_logged: Estimate


@dataclass(frozen=True)
class PolicyTable:
    """Policies side by side, and how well two orders of priority target the same budget.

    Attributes
    ----------
    policies : tuple of ValuedPolicy
    learned, by_propensity : TargetingCurve or None
        Rows in order of learned effect per cost, and of the chance to pay; the action of a row is the best
        by learned effect in both. None where no action is supported anywhere.
    left_out : float
        Share of the decisions that lie outside the overlap: nothing can be said about them.
    """

    policies: tuple[ValuedPolicy, ...]
    learned: TargetingCurve | None
    by_propensity: TargetingCurve | None
    left_out: float

    def figures(self) -> dict[str, Estimate]:
        """Return every figure under a flat name."""
        named = {
            f"policy_{row.policy}/{figure}": estimate
            for row in self.policies
            for figure, estimate in {
                "snips": Estimate(row.snips.value, row.snips.low, row.snips.high),
                "dr": Estimate(row.dr.value, row.dr.low, row.dr.high),
                "gain": row.gain,
                "over_logged": row.over_logged,
            }.items()
        }
        curves = {"learned": self.learned, "propensity": self.by_propensity}
        named |= {
            f"targeting_by_{order}/area": curve.area for order, curve in curves.items() if curve is not None
        }
        return named


def value_policies(
    fitted: CrossFit, out_of_fold: Floats, names: Sequence[str], cost: Floats, seed: int = 0
) -> PolicyTable:
    """Return what was done, everyone-the-same, random, propensity ranking and the learned policy, valued.

    Parameters
    ----------
    fitted : CrossFit
        Scores and propensities of the log.
    out_of_fold : ndarray of shape (n, n_actions)
        Effect in money of each row by models that did not see it; NaN where unsupported.
    names : sequence of str of length n_actions
        ``none`` first.
    cost : ndarray of shape (n_actions,)
        Money per action.
    """
    rows = fitted.inside[:, 0]
    inside, effect = fitted.inside[rows], out_of_fold[rows]
    log, expected = _money_log(fitted, rows)
    chance = fitted.expected[rows, 0]
    learned = np.nan_to_num(effect - cost, nan=-np.inf)
    learned[:, 0] = 0.0
    targets = {
        **{
            f"all_{name}": _where_supported(_everyone(inside, arm), inside)
            for arm, name in enumerate(names)
            if inside[:, arm].any()
        },
        "random": _where_supported(_at_random(log, inside), inside),
        "propensity_ranking": _where_supported(_ranked(log, inside, chance), inside),
        "learned": _one_hot(learned.argmax(axis=1), len(names)),
        "learned_same_budget": _one_hot(_within(learned, log), len(names)),
    }
    done = log.outcome - cost[log.action]
    nothing = _net_scores(log, _everyone(inside, 0), expected, cost)
    policies = [_logged(log, done, nothing)]
    for name, target in targets.items():
        net = _net_scores(log, target, expected, cost)
        policies.append(
            ValuedPolicy(
                policy=name,
                acted=float(np.average(1.0 - target[:, 0], weights=log.weight)),
                snips=snips(log, target),
                dr=dr(log, target, expected),
                gain=_mean(net - nothing, log),
                over_logged=_mean(net - done, log),
            )
        )
    by_effect, by_chance = _curves(log, learned, chance, expected, cost, seed)
    return PolicyTable(tuple(policies), by_effect, by_chance, left_out=float(1.0 - rows.mean()))


def _money_log(fitted: CrossFit, rows: Bools) -> tuple[DecisionLog, Floats]:
    """Return the comparable rows as a log in money, and the money expected of each action."""
    observed, scale = fitted.log, fitted.log.scale[rows]
    log = DecisionLog.of(
        observed.action[rows],
        np.maximum(fitted.propensity[rows], fitted.overlap.lowest),
        fitted.cap.apply(observed.outcome[rows]) * scale,
        observed.groups[rows],
        observed.weight[rows],
    )
    return log, fitted.expected[rows] * scale[:, None]


def _logged(log: DecisionLog, done: Floats, nothing: Floats) -> ValuedPolicy:
    """Return the value of what was done: its outcomes were seen, so that no row needs a weight."""
    seen = ips(replace(log, propensity=np.ones_like(log.propensity)), log.action)
    acted = float(np.average(log.action > 0, weights=log.weight))
    return ValuedPolicy("logged", acted, seen, seen, _mean(done - nothing, log), Estimate(0.0, 0.0, 0.0))


def _net_scores(log: DecisionLog, target: Floats, expected: Floats, cost: Floats) -> Floats:
    """Return the doubly robust score of a policy in each row, net of what its actions cost."""
    correction = importance_weights(log, target) * (
        log.outcome - expected[np.arange(len(target)), log.action]
    )
    return np.asarray((target * (expected - cost)).sum(axis=1) + correction)


def _mean(score: Floats, log: DecisionLog) -> Estimate:
    mean = clustered_mean(score, log.weight, log.groups)
    return Estimate(mean.value, *mean.interval(LEVEL))


def _one_hot(choice: Ints, n_actions: int) -> Floats:
    return np.eye(n_actions)[choice]


def _everyone(inside: Bools, arm: int) -> Floats:
    return _one_hot(np.full(len(inside), arm), inside.shape[1])


def _where_supported(target: Floats, inside: Bools) -> Floats:
    """Return a policy that does nothing where the log cannot tell what its action would do."""
    possible = target * inside
    possible[:, 0] += 1.0 - possible.sum(axis=1)
    return possible


def _shares(log: DecisionLog, n_actions: int) -> Floats:
    """Return the share of each action in what was done: the capacity that other policies get too."""
    return np.asarray(np.bincount(log.action, log.weight, n_actions) / log.weight.sum())


def _at_random(log: DecisionLog, inside: Bools) -> Floats:
    """Return as many of each action as were done, dealt without looking."""
    return np.broadcast_to(_shares(log, inside.shape[1]), inside.shape).copy()


def _ranked(log: DecisionLog, inside: Bools, chance: Floats) -> Floats:
    """Return as many of each action as were done, to those who are likeliest to pay anyway."""
    shares = _shares(log, inside.shape[1])
    order = np.argsort(-chance, kind="stable")
    reached = np.empty(len(order))
    reached[order] = np.cumsum(log.weight[order]) / log.weight.sum()
    target = _everyone(inside, 0)
    acted = shares.copy()
    acted[0] = 0.0
    target[reached <= acted.sum()] = acted / max(acted.sum(), 1e-12)
    return target


def _within(net_effect: Floats, log: DecisionLog) -> Ints:
    """Return the action of each row, the most valuable pairs first, never more of one than were done."""
    n, n_actions = net_effect.shape
    room = _shares(log, n_actions) * log.weight.sum()
    choice = np.zeros(n, dtype=np.intp)
    row, arm = np.nonzero(net_effect > 0.0)
    best_first = np.lexsort((arm, row, -net_effect[row, arm]))
    for pair in best_first:
        i, a = row[pair], arm[pair]
        if choice[i] == 0 and room[a] >= log.weight[i]:
            choice[i] = a
            room[a] -= log.weight[i]
    return choice


def _curves(
    log: DecisionLog, learned: Floats, chance: Floats, expected: Floats, cost: Floats, seed: int
) -> tuple[TargetingCurve | None, TargetingCurve | None]:
    """Return the curves of the best action of each row, in order of learned value and of propensity."""
    rows = np.flatnonzero(np.isfinite(learned[:, 1:]).any(axis=1))
    if len(rows) < 2:
        return None, None
    best = learned[rows, 1:].argmax(axis=1) + 1
    scores = dr_scores(log.outcome[rows], log.action[rows], _as_matrix(log, rows, expected), expected[rows])
    gain = scores[np.arange(len(rows)), best] - scores[:, 0]
    price = np.maximum(cost[best], FREE * max(cost.max(), 1.0))
    value = learned[rows, best] + cost[best]
    debtor = np.unique(log.groups[rows], return_inverse=True)[1]
    return (
        targeting_curve(gain, value / price, price, debtor, log.weight[rows], seed=seed),
        targeting_curve(gain, chance[rows], price, debtor, log.weight[rows], seed=seed),
    )


def _as_matrix(log: DecisionLog, rows: Ints, expected: Floats) -> Floats:
    """Return propensities as a matrix of which the scores read the action taken alone."""
    return np.broadcast_to(log.propensity[rows, None], (len(rows), expected.shape[1]))
