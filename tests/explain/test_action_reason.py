"""Why tonight's action, said for every case that a decision knows."""

import numpy as np
import pyarrow as pa
import pytest

from duewise.explain.action_reason import Choices, EffectFacts, effect_reasons, stage_reasons, with_doubt


def choices(action, cell="policy", permitted=True, best_value=100.0):
    return Choices(
        np.array([action], dtype=object),
        np.array([cell], dtype=object),
        np.array([permitted]),
        np.array([best_value]),
    )


def by_stage(chosen, language="en"):
    stage = np.array(["reminder"], dtype=object)
    (text,) = stage_reasons(chosen, stage, np.array([1234.0]), np.array([0.05]), language, "CNY").to_pylist()
    return text


def by_effect(chosen, language="en", **changes):
    facts = {
        "gain": 120.0, "low": 40.0, "high": 210.0, "cost": 4.0, "harm": 2.0, "supported": True,
        "runner_up": "sms", "runner_up_net_gain": 80.0, "reach": 0.4, **changes,
    }  # fmt: skip
    arrays = {
        name: np.array([value], dtype=object if isinstance(value, str) else None)
        for name, value in facts.items()
    }
    (text,) = effect_reasons(chosen, EffectFacts(**arrays), language, "CNY").to_pylist()
    return text


def test_the_first_policy_says_that_the_stage_and_the_cost_decided():
    assert by_stage(choices("sms")) == (
        "Reminder stage: text message is the cheapest suitable channel that is permitted and free; "
        "¥1,234 expected for ¥0.05."
    )
    assert by_stage(choices("sms"), "zh") == (
        "初次催收阶段：短信是适合、允许且有余量的渠道中成本最低的；预计收回1,234元，成本0.05元。"
    )


def test_an_effect_that_is_not_believed_is_said_to_be():
    (text,) = with_doubt(pa.array([by_stage(choices("sms"))]), "en").to_pylist()
    assert text.endswith("¥0.05. What it changes is not used: its estimate failed a test.")


def test_a_causal_policy_says_what_the_action_adds_and_what_came_second():
    assert by_effect(choices("call")) == (
        "Agent call is expected to add ¥120 (¥40 to ¥210) for ¥4 and ¥2 of expected harm. "
        "Next best: text message, ¥80 net. 40% chance of reaching the debtor in this window."
    )
    assert by_effect(choices("call"), "zh") == (
        "人工电话预计多收回120元（40元至210元），成本4元，预计损害2元。次选：短信，净收益80元。该时段联系到本人的概率为40%。"
    )


def test_what_is_unknown_is_left_out_and_doubt_is_said():
    text = by_effect(choices("call"), runner_up="none", reach=np.nan, supported=False)
    assert text == (
        "Agent call is expected to add ¥120 (¥40 to ¥210) for ¥4 and ¥2 of expected harm. "
        "Too few past cases to be sure of the effect."
    )


@pytest.mark.parametrize("said", [by_stage, by_effect])
@pytest.mark.parametrize(
    ("chosen", "start"),
    [
        (choices("none", cell="control"), "Control group"),
        (choices("none", permitted=False), "Nothing tonight: the rules deny"),
        (choices("none", cell="explore", permitted=False), "Nothing tonight: the rules deny"),
        (choices("none", best_value=-1.0), "Nothing tonight: no permitted action"),
        (choices("none", best_value=5.0), "Nothing tonight: the capacity"),
        (choices("call", cell="explore"), "Agent call was drawn"),
        (choices("none", cell="explore"), "No action was drawn"),
    ],
)
def test_doing_nothing_and_trying_things_have_their_reasons(said, chosen, start):
    assert said(chosen).startswith(start)
