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
    "doubts": {},
    "delivery": [],
    "balance": [
        {"action": "call", "feature": "dpd", "before": 0.8, "after": 0.05, "passed": True},
        {"action": "call", "feature": "balance", "before": 0.3, "after": 0.12, "passed": False},
    ],
}


def card(**changes):
    return "\n".join(channel_section(copy.deepcopy(EVIDENCE) | changes))


def test_an_effect_stands_beside_the_naive_difference():
    assert "| call | 350 | 200 | -7.50 | 12.00 [4.00, 20.00] | yes |" in card()
    assert "Followed for their effect: call." in card()


def test_a_channel_without_support_says_why_and_breaks_no_table():
    assert "| visit | 12 | 5 |  | unsupported | no | too few rows / 12 |" in card()


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
