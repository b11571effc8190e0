from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from duewise.config import parse_portfolio
from duewise.pipelines.record import _warnings
from duewise.policy.values import ActionValues
from duewise.sources.report import AcceptanceReport


def codes(policy: str, worth: float, rules: list[str] | None = None) -> list[str]:
    """Return the warnings of a night in which one action is worth `worth` to its only debtor."""
    one = np.array([[worth]])
    values = ActionValues(("sms",), one, one, one * 0, np.array([1.0]), np.array([[True]]), policy)
    decided = SimpleNamespace(
        values=values, decision=SimpleNamespace(allocation=SimpleNamespace(shortfalls=()))
    )
    portfolio = parse_portfolio(
        {"portfolio": {"name": "p"}, "sources": {"path": "x"}, "rules": rules}, origin="test"
    )
    report = AcceptanceReport(as_of=date(2024, 6, 1), tables={})
    return [warning["code"] for warning in _warnings(portfolio, report, decided)]


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


def test_a_night_without_rules_says_so():
    assert "no_rules" in codes("channel_value", 5.0, rules=[])
