from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from duewise.config import parse_portfolio
from duewise.pipelines.record import _doubts, _warnings
from duewise.policy.values import ActionValues
from duewise.sources.report import AcceptanceReport

NIGHT = date(2024, 6, 1)


def codes(policy: str, worth: float, rules: list[str] | None = None, days_left: float = np.nan) -> list[str]:
    """Return the warnings of a night in which one action is worth `worth` to its only debtor."""
    one = np.array([[worth]])
    values = ActionValues(("sms",), one, one, one * 0, np.array([1.0]), np.array([[True]]), policy)
    decided = SimpleNamespace(
        values=values,
        limitation_days=np.array([days_left]),
        decision=SimpleNamespace(allocation=SimpleNamespace(shortfalls=())),
    )
    portfolio = parse_portfolio(
        {"portfolio": {"name": "p"}, "sources": {"path": "x"}, "rules": rules}, origin="test"
    )
    report = AcceptanceReport(as_of=NIGHT, tables={})
    return [warning["code"] for warning in _warnings(portfolio, NIGHT, report, decided)]


@pytest.mark.parametrize(
    ("policy", "worth", "expected"),
    [
        ("channel_value", 0.0, ["effects_unproven"]),
        ("channel_value", 5.0, []),
        ("stage_default", 5.0, ["ranking_by_recovery"]),
    ],
)
def test_a_manager_is_told_what_the_ranking_rests_on(policy, worth, expected):
    assert codes(policy, worth) == expected


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "agent call failed a test: payments that nobody"), ("zh", "人工电话的效果估计")],
)
def test_an_action_whose_effect_was_refuted_is_named_with_the_test(language, said):
    (warning,) = _doubts({"call": ["placebo_outcome", "permuted_action"]}, language)
    assert warning["code"] == "effect_doubted"
    assert said in warning["text"]


def test_a_night_without_rules_says_so():
    assert "no_rules" in codes("channel_value", 5.0, rules=[])


def test_a_claim_that_lapses_soon_is_a_warning():
    assert codes("channel_value", 5.0, days_left=30.0) == ["limitation_near"]
