"""Training of the channel effects: learn, try to refute, and say which actions may be ranked by effect."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.contracts.vocabulary import CHANNELS, NONE
from duewise.models.causal.balance import balance_table
from duewise.models.causal.delivery import delivery_effects
from duewise.models.causal.refutations import (
    Refutation,
    added_common_cause,
    permuted_action,
    placebo_outcome,
    sensitivity,
)
from duewise.models.channel import ChannelValue
from duewise.pipelines.learning_data import LOGGED_SHARE, LearningData, logged_propensity

log = structlog.get_logger(__name__)

FEWEST_ACTED = 30
"""Below this many rows with any action there is nothing to learn an effect from."""

REFUTATION_ROWS = 25_000
"""Debtors are sampled down to this many rows for the refutations: each fits the nuisance models again."""

DECISIVE = ("placebo_outcome", "permuted_action", "added_common_cause")
"""Refutations after which an effect is not used; the sensitivity bound informs and does not forbid."""

LARGEST_ALARM = 0.5
"""An alarm counts when it is also at least this share of the effect, both in standard errors."""


@dataclass(frozen=True)
class ChannelTraining:
    """Fitted effects and what speaks for and against them.

    Attributes
    ----------
    value : ChannelValue
        Effect of each action on the recovered money.
    harm : ChannelValue or None
        Effect of each action on the chance of a complaint, opt-out or dispute; None where none was seen.
    doubts : dict of action to list of str
        Why an action is not ranked by its effect; absent for those that are.
    evidence : dict
        Everything for the training report, as plain values.
    """

    value: ChannelValue
    harm: ChannelValue | None
    doubts: dict[str, list[str]] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)


def train_channels(data: LearningData, portfolio: Portfolio) -> ChannelTraining | None:
    """Return the channel effects of a portfolio; None where too little was ever done to learn from."""
    acted = int((data.action != NONE).sum())
    if acted < FEWEST_ACTED or acted == len(data):
        log.warning("channels_not_learned", rows=len(data), acted=acted)
        return None
    seed, threads = portfolio.training.seed, portfolio.training.threads
    names = [
        str(channel) for channel in CHANNELS if channel in portfolio.actions or (data.action == channel).any()
    ]
    value = ChannelValue(actions=names, random_state=seed, n_jobs=threads)
    arguments = fit_arguments(data)
    value.fit(data.features, data.action, data.share, balance=data.balance, **arguments)
    refutations = _refute(value, data, portfolio)
    harm = _fit_harm(value, data)
    doubts = _doubts(value, refutations)
    fitted = value.training_
    evidence = {
        "rows": len(data),
        "days": [data.days[0].isoformat(), data.days[-1].isoformat(), len(data.days)],
        "seen": data.seen,
        "propensity": "logged" if "propensity" in arguments else "estimated",
        "censored_share": data.censoring.censored_share,
        "censoring_effective_share": data.censoring.effective_share,
        "unit": value.unit_,
        "actions": [asdict(row) for row in value.support_report()],
        "refutations": [asdict(refutation) for refutation in refutations],
        "balance": [asdict(row) for row in balance_table(fitted, value.actions_, data.features)],
        "delivery": [asdict(row) for row in _delivery(value, data)],
        "doubts": doubts,
    }
    log.info("channels_learned", rows=len(data), acted=acted, doubts=sorted(doubts))
    return ChannelTraining(value.without_training_rows(), harm, doubts, evidence)


def fit_arguments(data: LearningData) -> dict[str, Any]:
    """Return what every fit on the learning data shares; the logged propensity where there is one."""
    arguments: dict[str, Any] = {"groups": data.debtor_id, "sample_weight": data.weight}
    logged = logged_propensity(data.propensity)
    if logged.mean() >= LOGGED_SHARE:
        arguments["propensity"] = np.where(logged, data.propensity, np.nan)
    return arguments


def _fit_harm(value: ChannelValue, data: LearningData) -> ChannelValue | None:
    """Return the effect of each action on the chance of harm, by the same estimator on the known rows."""
    known = np.isfinite(data.harmed)
    if not data.harmed[known].any() or not (data.action[known] != NONE).any():
        return None
    arguments = {name: column[known] for name, column in fit_arguments(data).items()}
    harm = ChannelValue(**value.get_params())
    harm.fit(data.features.loc[known], data.action[known], data.harmed[known], **arguments)
    return harm.without_training_rows()


def _refute(value: ChannelValue, data: LearningData, portfolio: Portfolio) -> list[Refutation]:
    """Return every attempt to refute the effects, on a sample of debtors where there are many rows."""
    rows = _sampled_debtors(data, portfolio.training.seed)
    features, action, balance = data.features.loc[rows], data.action[rows], data.balance[rows]
    money = {"balance": balance, **{name: column[rows] for name, column in fit_arguments(data).items()}}
    return [
        *placebo_outcome(value, features, action, data.prior_share[rows], **money),
        *permuted_action(value, features, action, data.share[rows], **money),
        *added_common_cause(value, features, action, data.share[rows], **money),
        *sensitivity(value.training_, value.actions_),
    ]


def _sampled_debtors(data: LearningData, seed: int) -> NDArray[np.bool_]:
    debtors, code = np.unique(data.debtor_id.astype(str), return_inverse=True)
    share = min(1.0, REFUTATION_ROWS / len(data))
    return np.asarray(np.random.default_rng(seed).random(len(debtors)) < share)[code]


def _doubts(value: ChannelValue, refutations: list[Refutation]) -> dict[str, list[str]]:
    """Return for each action the sentences of the refutations that it did not survive."""
    strength = {
        effect.action: abs(effect.effect) / effect.standard_error for effect in value.average_effects()
    }
    doubts: dict[str, list[str]] = {}
    for refutation in refutations:
        if refutation.passed or refutation.name not in DECISIVE:
            continue
        # Placebo and permutation measure standard errors: beside a strong effect a weak alarm is dust.
        dust = LARGEST_ALARM * strength.get(refutation.action, 0.0)
        if refutation.name == "added_common_cause" or refutation.value > dust:
            doubts.setdefault(refutation.action, []).append(refutation.sentence)
    return doubts


def _delivery(value: ChannelValue, data: LearningData) -> list[Any]:
    """Return delivered shares and the effect of delivery, where assignments are the treatment."""
    if not data.assigned.any():
        return []
    return delivery_effects(value.training_, value.actions_, data.delivered)
