"""Training of the channel effects: learn them, and say which actions may be ranked by effect."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.contracts.vocabulary import CHANNELS, NONE
from duewise.evaluate.policy_values import PolicyTable, value_policies
from duewise.explain.contributions import usable_cores
from duewise.models.causal.balance import balance_table
from duewise.models.causal.borrowing import borrowed
from duewise.models.causal.cross_fitting import CrossFit
from duewise.models.causal.delivery import delivery_effects
from duewise.models.causal.dr_scores import Estimate
from duewise.models.causal.effect_tests import calibrate_effects, group_effects
from duewise.models.causal.later import LaterEffect, later_effects
from duewise.models.causal.worth import worth_of_acting
from duewise.models.channel import ChannelValue
from duewise.models.channel_effects import ChannelEffects, matrix_of
from duewise.models.encoding import Encoding
from duewise.models.recovery_scale import fit_recovery_scale
from duewise.models.repayment import Repayment
from duewise.models.surrogate import surrogate_index
from duewise.pipelines.channel_doubts import doubted_by, refute, with_few_folds
from duewise.pipelines.learning_data import LearningData, fit_arguments, sampled_debtors

log = structlog.get_logger(__name__)

Floats = NDArray[np.float64]

FEWEST_ACTED = 30
"""Below this many rows with any action there is nothing to learn an effect from."""

HARM_ROWS = 100_000
"""Debtors are sampled down to this many rows for the effect on harm, which is rare and mostly pooled."""

SPLITS, SPLIT_ROWS = 3, 100_000
"""Deals of the folds that the proof of acting is the median of, up to this many rows."""

COVARIATES = 60
"""Features that the effects are adjusted for: beyond the strongest ones, more cost time and add noise."""


@dataclass(frozen=True)
class ChannelTraining:
    """Fitted effects, and everything that speaks for and against them as plain values for the report."""

    effects: ChannelEffects
    evidence: dict[str, Any]
    policies: PolicyTable


def covariates_of(repayment: Repayment, encoding: Encoding) -> list[str]:
    """Return the features that tell most about who pays, in the order of the encoding.

    Adjusting for every feature that predicts the outcome is enough to undo the old policy's choices, as far
    as it chose by what the features show (VanderWeele & Shpitser 2011, Biometrics 67(4)).
    """
    gain = repayment.booster.feature_importance("gain")
    strongest = np.argsort(-gain, kind="stable")[:COVARIATES]
    return [name for i, name in enumerate(encoding.names) if i in set(strongest.tolist())]


def train_channels(data: LearningData, portfolio: Portfolio) -> ChannelTraining | None:
    """Return the channel effects of a portfolio; None where too little was ever done to learn from."""
    acted = int((data.action != NONE).sum())
    if acted < FEWEST_ACTED or acted == len(data):
        log.warning("channels_not_learned", rows=len(data), acted=acted)
        return None
    names = [str(c) for c in CHANNELS if c in portfolio.actions or (data.action == c).any()]
    value = ChannelValue(
        actions=names, winsorise=False, random_state=portfolio.training.seed, n_jobs=usable_cores()
    )
    arguments = fit_arguments(data)
    matrix = matrix_of(data.features)
    scale, scale_model = fit_recovery_scale(
        matrix,
        data.share,
        data.balance,
        data.weight,
        data.debtor_id,
        threads=portfolio.training.threads,
        seed=portfolio.training.seed,
    )
    money_per_unit = data.balance / scale
    index = _foreseen(matrix, data, portfolio)
    value.fit(data.features, data.action, index * money_per_unit, **arguments)
    whole = value.scores_of(data.features, data.share * money_per_unit)
    later = later_effects(value.training_, whole)
    fitted, whole = (_in_money(found, scale) for found in (value.training_, whole))
    comes_later = _by_arm({arm: found.effect for arm, found in later.items()}, names)
    fitted = replace(fitted, scores=fitted.scores + comes_later)
    foreseen = value.out_of_fold_effects_ + comes_later
    prices = _costs(names, portfolio)
    lent = borrowed(fitted, foreseen, prices)
    if not fitted.overlap.usable[1:].any():
        log.warning("channels_not_supported", rows=len(data), acted=acted)
        return None
    effect = (foreseen + _by_arm(lent.moved, names)) * scale[:, None]
    cost = _by_arm(prices, names)
    worth = worth_of_acting(
        fitted, effect, cost, _other_splits(value, data, index * money_per_unit, arguments)
    )
    policies = value_policies(whole, effect, [NONE, *names], cost, portfolio.training.seed)
    refutations = refute(value, data, index, money_per_unit, portfolio)
    doubts = doubted_by(value, refutations)
    harm, harm_moved = _fit_harm(value, data, portfolio)
    effects = ChannelEffects(
        value=value.without_training_rows(),
        scale=scale_model,
        harm=harm,
        paying=tuple(name for arm, name in enumerate(names, start=1) if worth.pays(arm)),
        proven=worth.proven,
        doubts={action: [found.name for found in failed] for action, failed in doubts.items()},
        later={names[arm - 1]: found for arm, found in later.items()},
        borrowed={names[arm - 1]: found for arm, found in lent.moved.items()},
        harm_borrowed={names[arm - 1]: found for arm, found in harm_moved.items()},
    )
    unit = float(np.average(scale, weights=data.weight))
    evidence = {
        "rows": len(data),
        "days": [data.days[0].isoformat(), data.days[-1].isoformat(), len(data.days)],
        "seen": data.seen,
        "propensity": "logged" if "propensity" in arguments else "estimated",
        "censored_share": data.censoring.censored_share,
        "censoring_effective_share": data.censoring.effective_share,
        "average_money_per_unit": unit,
        "actions": [asdict(row) for row in value.support_report()],
        "average_effects": _average_effects(whole, names),
        "effects_used": _effects_used(lent.shared, later, unit, names),
        "later_effects": {name: asdict(found) for name, found in effects.later.items()},
        "borrowed": dict(effects.borrowed),
        "harm_borrowed": dict(effects.harm_borrowed),
        "refutations": [asdict(refutation) for refutation in refutations],
        "balance": [asdict(row) for row in balance_table(fitted, value.actions_, data.features)],
        "calibration": [asdict(row) for row in calibrate_effects(value)],
        "groups": [asdict(row) for row in group_effects(value)],
        "delivery": [asdict(row) for row in _delivery(value, data)],
        "doubts": {action: [found.sentence for found in failed] for action, failed in doubts.items()},
        "worth_of_contact": asdict(worth.contact),
        "worth_of_actions": {names[arm - 1]: asdict(found) for arm, found in worth.actions.items()},
        "paying": list(effects.paying),
        "policies": asdict(policies),
    }
    log.info("channels_learned", rows=len(data), acted=acted, paying=effects.paying, doubts=sorted(doubts))
    return ChannelTraining(effects, evidence, policies)


def _by_arm(found: Mapping[int, float], names: Sequence[str]) -> Floats:
    """Return one figure per action, `none` first; zero where nothing is known."""
    return np.array([found.get(arm, 0.0) for arm in range(len(names) + 1)])


def _foreseen(matrix: NDArray[np.float32], data: LearningData, portfolio: Portfolio) -> Floats:
    """Return the outcome that effects are learned on: the share foreseen soon after the decision."""
    if portfolio.decision_days >= portfolio.horizons[0]:
        return data.share
    return surrogate_index(
        matrix,
        data.early,
        data.share,
        data.weight,
        data.debtor_id,
        threads=portfolio.training.threads,
        seed=portfolio.training.seed,
    )


def _other_splits(
    value: ChannelValue, data: LearningData, outcome: Floats, arguments: Mapping[str, Any]
) -> list[CrossFit]:
    """Return the same rows in other folds, where there are so few that one deal of them could decide."""
    if len(data) > SPLIT_ROWS:
        return []
    seeds = [value.random_state + split for split in range(1, SPLITS)]
    dealt = [ChannelValue(**{**value.get_params(), "random_state": seed}) for seed in seeds]
    return [other.cross_fit(data.features, data.action, outcome, **arguments)[0] for other in dealt]


def _in_money(fitted: CrossFit, scale: Floats) -> CrossFit:
    return replace(fitted, log=replace(fitted.log, scale=scale))


def _fit_harm(
    value: ChannelValue, data: LearningData, portfolio: Portfolio
) -> tuple[ChannelValue | None, dict[int, float]]:
    """Return the effect of each action on the chance of harm, by the same estimator, and what it borrows.

    Harm is rare: with a few thousand debtors an action often seems to do none, or far too much, by chance.
    What costs more intrudes more, so costs order the actions here as they do for gains.
    """
    rows = np.isfinite(data.harmed) & sampled_debtors(data, HARM_ROWS, portfolio.training.seed)
    acted = data.action[rows] != NONE
    if not data.harmed[rows].any() or acted.sum() < FEWEST_ACTED or acted.all():
        return None, {}
    arguments = {name: column[rows] for name, column in fit_arguments(data).items()}
    harm = with_few_folds(value)
    harm.fit(data.features.loc[rows], data.action[rows], data.harmed[rows], **arguments)
    names = [str(name) for name in harm.actions_[1:]]
    lent = borrowed(harm.training_, harm.out_of_fold_effects_, _costs(names, portfolio))
    return harm.without_training_rows(), dict(lent.moved)


def _costs(names: Sequence[str], portfolio: Portfolio) -> dict[int, float]:
    """Return the cost of each action that the portfolio still has, by its column in the scores."""
    return {arm: portfolio.actions[n].cost for arm, n in enumerate(names, 1) if n in portfolio.actions}


def _average_effects(fitted: CrossFit, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return the average effect in money of each usable action, with a 90% interval, beside the naive one."""
    observed, found = fitted.log, {}
    money, idle = observed.outcome * observed.scale, observed.action == 0
    nothing = float(np.average(money[idle], weights=observed.weight[idle]))
    for arm, name in enumerate(names, start=1):
        mean = fitted.average_effect(arm)
        if mean is not None:
            lower, upper = mean.interval(0.9)
            taken = observed.action == arm
            naive = float(np.average(money[taken], weights=observed.weight[taken])) - nothing
            found[name] = {"effect": mean.value, "lower": lower, "upper": upper, "naive": naive}
    return found


def _effects_used(
    shared: Mapping[int, Estimate], later: Mapping[int, LaterEffect], unit: float, names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return the average effect in money that the night works with, with a 90% interval.

    What an action changes after the decision period adds to the interval, whatever was made of it.
    """
    found = {}
    for arm, known in shared.items():
        unseen = later[arm].standard_error if arm in later else 0.0
        whole = Estimate(known.value, float(np.hypot(known.standard_error, unseen)))
        lower, upper = whole.interval(0.9)
        found[names[arm - 1]] = {"effect": whole.value * unit, "lower": lower * unit, "upper": upper * unit}
    return found


def _delivery(value: ChannelValue, data: LearningData) -> list[Any]:
    """Return delivered shares and the effect of delivery, where assignments are the treatment."""
    if not data.assigned.any():
        return []
    return delivery_effects(value.training_, value.actions_, data.delivered)
