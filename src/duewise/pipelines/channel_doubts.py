"""Attempts to refute the effects of a training, and which actions they cast doubt on."""

import numpy as np
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.models.causal.refutations import (
    Refutation,
    added_common_cause,
    negative_control_period,
    permuted_action,
    placebo_outcome,
    sensitivity,
)
from duewise.models.channel import ChannelValue
from duewise.pipelines.learning_data import LearningData, fit_arguments, sampled_debtors

Floats = NDArray[np.float64]

REFUTATION_ROWS = 10_000
"""Debtors are sampled down to this many rows for the refutations: each fits the nuisance models again."""

FEW_FOLDS = 2
"""Folds of everything but the effects themselves: tests and harm need no sharper nuisance models."""

FEWEST_UNPOSTED = 30
"""Payments on their way below which nothing can be read off them: many books know payments at once."""

DECISIVE = ("placebo_outcome", "negative_control_period", "permuted_action", "added_common_cause")
"""Refutations after which an effect is not used; the sensitivity bound informs and does not forbid."""

LARGEST_ALARM = 0.5
"""An alarm counts when it is also at least this share of the effect, both in standard errors."""


def refute(
    value: ChannelValue, data: LearningData, index: Floats, money_per_unit: Floats, portfolio: Portfolio
) -> list[Refutation]:
    """Return every attempt to refute the effects, on a sample of debtors where there are many rows."""
    rows = sampled_debtors(data, REFUTATION_ROWS, portfolio.training.seed)
    features, action = data.features.loc[rows], data.action[rows]
    money_per_unit = money_per_unit[rows]
    arguments = {name: column[rows] for name, column in fit_arguments(data).items()}
    outcome, prior = index[rows] * money_per_unit, data.prior_share[rows] * money_per_unit
    light = with_few_folds(value)
    return [
        *_placebo(value, data),
        *negative_control_period(*light.cross_fit(features, action, prior, **arguments)),
        *permuted_action(light, features, action, outcome, **arguments),
        *added_common_cause(light, features, action, outcome, **arguments),
        *sensitivity(value.training_, value.actions_),
    ]


def _placebo(value: ChannelValue, data: LearningData) -> list[Refutation]:
    """Return the "effects" on payments that were on their way, over all rows: there are few of them."""
    if data.unposted.sum() < FEWEST_UNPOSTED:
        return []
    return placebo_outcome(value.scores_of(data.features, data.unposted), value.actions_)


def with_few_folds(value: ChannelValue) -> ChannelValue:
    """Return an unfitted estimator like `value` that fits its nuisance models fewer times."""
    return ChannelValue(**{**value.get_params(), "n_folds": FEW_FOLDS})


def doubted_by(value: ChannelValue, refutations: list[Refutation]) -> dict[str, list[Refutation]]:
    """Return for each action the refutations that its effect did not survive."""
    strength = {
        effect.action: abs(effect.effect) / effect.standard_error for effect in value.average_effects()
    }
    doubts: dict[str, list[Refutation]] = {}
    for refutation in refutations:
        if refutation.passed or refutation.name not in DECISIVE:
            continue
        # All of these are in standard errors: beside a strong effect, or within one error, an alarm is dust.
        dust = max(LARGEST_ALARM * strength.get(refutation.action, 0.0), 1.0)
        if refutation.value > dust:
            doubts.setdefault(refutation.action, []).append(refutation)
    return doubts
