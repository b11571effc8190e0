"""Why tonight's action: one or two sentences per debtor from what the decision knew."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duewise.contracts.labels import code_label
from duewise.contracts.money import money_text
from duewise.contracts.vocabulary import NONE, Cell
from duewise.explain.locale import Locale, load_locale
from duewise.explain.templates import blanks, fill, texts_of
from duewise.explain.value_text import share_text

Floats = NDArray[np.float64]
Codes = NDArray[Any]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Choices:
    """What was chosen for each debtor; the arrays have the shape (n,).

    Attributes
    ----------
    action, cell : ndarray of str
        Codes of the action, `none` for nothing, and of the arm of the experiment.
    permitted : ndarray of bool
        Whether the rules left any action.
    best_value : ndarray
        Most that any permitted action was worth, in money.
    """

    action: Codes
    cell: Codes
    permitted: Flags
    best_value: Floats


@dataclass(frozen=True)
class EffectFacts:
    """What is known of the effect of the chosen actions; the arrays have the shape (n,), NaN where unknown.

    Attributes
    ----------
    gain, low, high : ndarray
        Money that the action adds, and the ends of its interval.
    cost, harm : ndarray
        Money.
    supported : ndarray of bool
        Whether history supports the gain.
    runner_up : ndarray of str
        Second best permitted action.
    runner_up_net_gain : ndarray
    reach : ndarray
        Probability of reaching the debtor in the window.
    """

    gain: Floats
    low: Floats
    high: Floats
    cost: Floats
    harm: Floats
    supported: Flags
    runner_up: Codes
    runner_up_net_gain: Floats
    reach: Floats


def stage_reasons(
    choices: Choices, stage: Codes, expected_recovery: Floats, cost: Floats, language: str, currency: str
) -> pa.Array:
    """Return why each action was chosen by a policy that knows stages and expected recovery alone.

    Parameters
    ----------
    stage : ndarray of str, shape (n,)
    expected_recovery, cost : ndarray of shape (n,)
        Money.
    """
    locale = load_locale(language)
    money = partial(money_text, currency=currency, language=locale.language)
    values = {
        "stage": _labels(stage, "stage", language),
        "action": _labels(choices.action, "action", language),
        "recovery": texts_of(expected_recovery, money),
        "cost": texts_of(cost, money),
    }
    return _tidy(_with_other_cases(fill(locale.actions["chosen_by_stage"], values), choices, values, locale))


def with_doubt(sentences: pa.Array, language: str) -> pa.Array:
    """Return the sentences with a last one: the effect of the action was estimated and is not believed."""
    return pc.binary_join_element_wise(sentences, load_locale(language).actions["doubted"], "")


def effect_reasons(choices: Choices, facts: EffectFacts, language: str, currency: str) -> pa.Array:
    """Return why each action was chosen by a policy that knows what actions change."""
    locale = load_locale(language)
    money = partial(money_text, currency=currency, language=locale.language)
    values = {
        "action": _labels(choices.action, "action", language),
        "runner_up": _labels(facts.runner_up, "action", language),
        "reach": texts_of(facts.reach, share_text),
        **{
            name: texts_of(getattr(facts, name), money)
            for name in ("gain", "low", "high", "cost", "harm", "runner_up_net_gain")
        },
    }
    second = pa.array(facts.runner_up != NONE)
    doubtful = pa.array(~facts.supported)
    chosen = pc.binary_join_element_wise(
        fill(locale.actions["chosen_by_effect"], values),
        pc.if_else(second, _known(locale.actions["runner_up"], values), ""),
        _known(locale.actions["reach"], values),
        pc.if_else(doubtful, locale.actions["unsupported"], ""),
        "",
    )
    return _tidy(_with_other_cases(chosen, choices, values, locale))


def _with_other_cases(
    chosen: pa.Array, choices: Choices, values: dict[str, pa.Array], locale: Locale
) -> pa.Array:
    """Return `chosen` where the policy chose an action, and what else happened elsewhere."""
    nothing = choices.action == NONE
    cases = [
        (nothing & (choices.cell == Cell.CONTROL), "control"),
        (nothing & ~choices.permitted, "denied"),
        (choices.cell == Cell.EXPLORE, "explore"),
        (nothing & ~(choices.best_value > 0), "not_worth_it"),
        (nothing, "no_room"),
    ]
    for applies, name in reversed(cases):
        text = locale.actions[name]
        said = fill(text, values) if blanks(text) else pa.scalar(text)
        chosen = pc.if_else(pa.array(applies), said, chosen)
    return chosen


def _known(template: str, values: dict[str, pa.Array]) -> pa.Array:
    """Return the filled template, nothing where a value is unknown."""
    return pc.coalesce(fill(template, values), pa.scalar(""))


def _labels(codes: Codes, kind: str, language: str) -> pa.Array:
    return texts_of(codes, lambda code: code_label(kind, str(code), language))


def _tidy(sentences: pa.Array) -> pa.Array:
    """Return the sentences with a capital at the start: labels are written small."""
    return pc.binary_join_element_wise(
        pc.utf8_upper(pc.utf8_slice_codeunits(sentences, 0, 1)), pc.utf8_slice_codeunits(sentences, 1), ""
    )
