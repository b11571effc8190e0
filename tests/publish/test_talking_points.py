"""What to say fits tone, stage and offer, in both languages, and never more than the strategy holds."""

import re
from importlib import resources
from itertools import product

import pytest
import yaml

from duewise.contracts.vocabulary import NONE, Offer, Queue, Segment, Stage, Tone
from duewise.publish.talking_points import talking_points

ACTIONS = ["sms", "call"]
ROW = {
    "action": "call",
    "tone": "firm",
    "stage": "intensified",
    "offer": "instalments",
    "offer_amount": 250.0,
    "offer_months": 4,
    "segment": "cant_will",
    "queue": "promise_broken",
    "balance": 12345.6,
    "dpd": 61,
    "denied": [],
}


def codes(**changes) -> list[str]:
    return [point["code"] for point in talking_points(ROW | changes, ACTIONS, "en", "CNY")]


def test_points_come_in_the_order_in_which_to_say_them():
    assert codes() == [
        "opening.firm",
        "stage.intensified",
        "offer.instalments",
        "segment.cant_will",
        "queue.promise_broken",
        "closing",
    ]


@pytest.mark.parametrize(("language", "owed"), [("en", "¥12,346"), ("zh", "12,346元")])
def test_the_debt_is_named_as_the_language_writes_it(language, owed):
    texts = [point["text"] for point in talking_points(ROW, ACTIONS, language, "CNY")]
    assert any(owed in text and "61" in text for text in texts)
    assert any("250" in text and "4" in text for text in texts)


def test_an_offer_without_an_amount_is_not_spoken_of():
    assert "offer.instalments" not in codes(offer_amount=None)
    assert "offer.instalments" not in codes(offer_months=None)


def test_a_message_leaves_only_the_case_that_the_debtor_calls():
    assert codes(action="sms")[0] == "inbound"


def test_nobody_is_told_to_speak_where_rules_forbid_every_action():
    denied = [{"action": action, "rule_id": "common.hold"} for action in ACTIONS]
    assert codes(action=NONE, denied=denied) == ["nobody"]
    assert codes(action=NONE, denied=denied[:1])[0] == "inbound"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_strategy_has_its_sentences_with_no_blank_left(language):
    for stage, offer, segment in product(Stage, [*Offer], [*Segment, None]):
        for tone in Tone:
            row = ROW | {"stage": stage, "offer": offer, "segment": segment, "tone": tone}
            points = talking_points(row, ACTIONS, language, "CNY")
            assert not [point for point in points if re.search(r"[{}]", point["text"])]
            assert {"closing", f"stage.{stage}", f"opening.{tone}"} <= {point["code"] for point in points}


def test_both_languages_say_the_same_points():
    text = resources.files("duewise.publish").joinpath("talking_points.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)

    def keys(part, path=()):
        return (
            {found for key, value in part.items() for found in keys(value, (*path, key))}
            if isinstance(part, dict)
            else {path}
        )

    assert keys(content["en"]) == keys(content["zh"])
    assert set(content["en"]["queue"]) <= {str(queue) for queue in Queue}
