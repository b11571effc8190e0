import copy

import pytest

from duewise.evaluate.channel_card import channel_section

ESTIMATE = {"value": 10.0, "standard_error": 2.0}
EVIDENCE = {
    "rows": 1200,
    "days": ["2025-06-01", "2026-04-01", 300],
    "propensity": "estimated",
    "censored_share": 0.3,
    "paying": ["call"],
    "actions": [
        {"action": "none", "n": 800, "effective_n": 700.0, "propensity_source": "boosted", "reason": ""},
        {"action": "call", "n": 350, "effective_n": 200.0, "propensity_source": "boosted", "reason": ""},
        {
            "action": "visit",
            "n": 12,
            "effective_n": 5.0,
            "propensity_source": "boosted",
            "reason": "too few rows | 12",
        },
    ],
    "average_effects": {"call": {"effect": 12.0, "lower": 4.0, "upper": 20.0, "naive": -7.5}},
    "effects_used": {"call": {"effect": 9.0, "lower": 5.0, "upper": 13.0}},
    "doubts": {},
    "delivery": [],
    "refutations": [],
    "calibration": [],
    "groups": [],
    "balance": [
        {"action": "call", "feature": "dpd", "before": 0.8, "after": 0.05, "passed": True},
        {"action": "call", "feature": "balance", "before": 0.3, "after": 0.12, "passed": False},
    ],
}


def card(**changes):
    return "\n".join(channel_section(copy.deepcopy(EVIDENCE) | changes))


def test_an_effect_stands_beside_the_naive_difference():
    assert "| call | 350 | 200 | -7.50 | 12.00 [4.00, 20.00] | 9.00 [5.00, 13.00] | yes |" in card()
    assert "Followed for their effect: call." in card()


def test_a_channel_without_support_says_why_and_breaks_no_table():
    assert "| visit | 12 | 5 |  | unsupported | unsupported | no | too few rows / 12 |" in card()


@pytest.mark.parametrize(
    ("source", "words"), [("logged", "as the sender logged them"), ("estimated", "(boosted)")]
)
def test_the_source_of_the_probabilities_is_told(source, words):
    assert words in card(propensity=source)


def test_where_nothing_pays_it_is_said_in_one_sentence():
    assert "No action is followed for its effect" in card(paying=[])


def test_balance_and_delivery_are_told():
    assert "0.80 before weighting, 0.12 after. 1 of 2 pairs" in card()
    delivery = [
        {
            "action": "call",
            "delivered": {"value": 0.6, "standard_error": 0.01},
            "effect_of_assignment": ESTIMATE,
            "effect_of_delivery": ESTIMATE,
        }
    ]
    assert "| call | 60% | 10.00 [6.71, 13.29] | 10.00 [6.71, 13.29] |" in card(delivery=delivery)


def test_every_attempt_to_refute_is_told_and_one_that_could_not_be_made():
    attempts = [
        {"name": "permuted_action", "action": "sms", "value": 1.25, "limit": 2.8, "passed": True},
        {"name": "permuted_action", "action": "call", "value": 3.5, "limit": 2.8, "passed": False},
        {"name": "sensitivity", "action": "sms", "value": 0.0, "limit": 0.01, "passed": True},
        {"name": "sensitivity", "action": "call", "value": 0.04, "limit": 0.01, "passed": True},
    ]
    told = card(refutations=attempts)
    assert "| permuted action | 2 | 3.5 | 2.8 | call |" in told
    assert "| sensitivity | 2 | 0.04 | 0.01 | none |" in told
    assert "No placebo outcome" in told
    placebo = {"name": "placebo_outcome", "action": "call", "value": 1.0, "limit": 2.6, "passed": True}
    assert "No placebo outcome" not in card(refutations=[placebo])


def test_individual_differences_are_told_with_what_speaks_for_them():
    assert "No action is predicted to change one debtor more than another." in card()
    slope = {"action": "call", "slope": {"value": 0.9, "standard_error": 0.1}, "p_no_difference": 0.003}
    fifths = [
        {"action": "call", "effect": effect, "lower": effect - 1, "upper": effect + 1}
        for effect in (1.0, 5.0)
    ]
    told = card(calibration=[slope], groups=fifths)
    assert "| call | 0.90 [0.74, 1.06] | 0.003 | 1.00 [0.00, 2.00] | 5.00 [4.00, 6.00] |" in told
