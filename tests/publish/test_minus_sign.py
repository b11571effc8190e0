"""Whatever writes a number for people writes one minus sign."""

import pytest

from duewise.contracts.minus import MINUS
from duewise.explain.locale import load_locale
from duewise.explain.value_text import value_text
from duewise.features.registry import Unit
from duewise.publish import numbers
from duewise.publish.comparison import comparison_of
from duewise.publish.pictures import _short
from duewise.web.formats import Formats

PAGE = Formats("zh", "CNY", "Asia/Shanghai")
NUMERIC = (Unit.MONEY, Unit.SHARE, Unit.COUNT, Unit.DAYS, Unit.RATIO)


@pytest.mark.parametrize(
    "written",
    [
        *(value_text(-12.5, unit, load_locale("en"), "CNY") for unit in NUMERIC),
        numbers.money_text(-1204.0, "CHF", "en"),
        numbers.money_text(-1204.0, "CNY", "zh"),
        numbers.count_text(-3),
        numbers.share_text(-0.031),
        *(_short(value) for value in (-2.5e6, -12.0)),
        PAGE.money(-8.5),
        PAGE.change(-8.5),
        PAGE.count(-3.0),
        PAGE.signed(-3.0),
        PAGE.share(-0.031),
        PAGE.points(-0.031),
    ],
)
def test_a_negative_number_has_the_sign_and_no_hyphen(written):
    assert MINUS in written
    assert "-" not in written


def test_a_comparison_says_losses_with_it():
    details = {
        "over_runner_up": {"gain": -40.0, "harm": -0.5, "cost": 3.0, "capacity": 0.0},
        "difference_reasons": [{"en": "age of debt", "zh": "账龄", "money": -12.0}],
        "flip": None,
    }
    told = comparison_of({"action": "call", "runner_up_action": "sms"}, details, "en", "USD")
    assert any(f"{MINUS}$40" in sentence for sentence in told["text"])
    assert any(f"{MINUS}$12" in sentence for sentence in told["text"])
    assert not any("-$" in sentence for sentence in told["text"])
