"""Why tonight's action and stage, in words: by its effect where that decided, else by the ladder."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.contracts.vocabulary import Cell, Offer
from duewise.explain.action_reason import Choices, EffectFacts, effect_reasons, stage_reasons, with_doubt
from duewise.explain.stage_reason import missing_sentences, stage_sentences
from duewise.pipelines.decision import DecidedNight
from duewise.policy.decide import action_names
from duewise.policy.effect_values import VERSION as BY_EFFECT

Floats = NDArray[np.float64]


def action_reasons(
    portfolio: Portfolio,
    dpd: NDArray[np.int64],
    expected_recovery: Floats,
    decided: DecidedNight,
    intervals: tuple[Floats, Floats],
    language: str,
) -> pa.Array:
    """Return a few sentences per debtor: the action, the stage, and what a suit still lacks.

    Parameters
    ----------
    dpd, expected_recovery : ndarray of shape (n_debtors,)
        Days past due; money expected within the first horizon.
    intervals : tuple of ndarray of shape (n_debtors, n_actions)
        Ends of the intervals of the gains, see `gain_intervals`.
    language : {"en", "zh"}
    """
    ladder = decided.ladder
    return pc.binary_join_element_wise(
        _why_the_action(portfolio, expected_recovery, decided, intervals, language),
        stage_sentences(
            ladder.stage, ladder.due, ladder.begins, dpd, ladder.waits_for, ladder.frozen, language
        ),
        missing_sentences(decided.missing_for_suit, decided.offers.offer == Offer.LEGAL_ROUTE, language),
        "",
    )


def _why_the_action(
    portfolio: Portfolio,
    expected_recovery: Floats,
    decided: DecidedNight,
    intervals: tuple[Floats, Floats],
    language: str,
) -> pa.Array:
    currency = portfolio.portfolio.currency
    choice, values = decided.decision.choice, decided.values
    feasible = decided.permissions.feasible
    rows, at = np.arange(len(choice)), np.maximum(choice - 1, 0)
    choices = Choices(
        action=action_names(choice, values.actions),
        cell=decided.cell,
        permitted=np.asarray(feasible.any(axis=1)),
        best_value=np.where(feasible, values.ranking, -np.inf).max(axis=1, initial=-np.inf),
    )
    by_stage = stage_reasons(choices, decided.stage, expected_recovery, values.cost[at], language, currency)
    if values.policy_version != BY_EFFECT:
        return by_stage
    low, high = (np.where(choice > 0, ends[rows, at], np.nan) for ends in intervals)
    runner_up = decided.decision.runner_up
    by_effect = effect_reasons(
        choices,
        EffectFacts(
            gain=values.gain[rows, at],
            low=low,
            high=high,
            cost=values.cost[at],
            harm=values.harm[rows, at],
            supported=values.supported[rows, at],
            runner_up=action_names(runner_up, values.actions),
            runner_up_net_gain=_runner_up_net(values.net_gain, runner_up),
            reach=decided.plan.reach,
        ),
        language,
        currency,
    )
    effect_decided = (choice == 0) | values.supported[rows, at]
    doubted = np.isin(choices.action, list(values.doubted)) & (decided.cell == Cell.POLICY)
    by_stage = pc.if_else(pa.array(doubted), with_doubt(by_stage, language), by_stage)
    return pc.if_else(pa.array(effect_decided), by_effect, by_stage)


def _runner_up_net(net_gain: Floats, runner_up: NDArray[Any]) -> Floats:
    return np.where(runner_up > 0, net_gain[np.arange(len(runner_up)), np.maximum(runner_up - 1, 0)], 0.0)
