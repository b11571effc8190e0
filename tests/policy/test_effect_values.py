"""Values by effects: what is not supported, not paying or not believed."""

import numpy as np
import pytest

from duewise.policy.effect_values import effect_values
from duewise.policy.values import ActionValues

ACTIONS = ("sms", "call", "visit")
COST = np.array([1.0, 4.0, 60.0])


def values(gain, paying=ACTIONS, doubted=None, harm=0.0):
    """Return the values of two debtors whose ladder ranks calls, the second one's first."""
    ladder = ActionValues(
        actions=ACTIONS,
        ranking=np.array([[0.0, 500.0, 0.0], [0.0, 900.0, 0.0]]),
        gain=np.full((2, 3), np.nan),
        harm=np.full((2, 3), np.nan),
        cost=COST,
        supported=np.zeros((2, 3), dtype=bool),
        policy_version="stage_default",
    )
    return effect_values(ladder, np.array([gain] * 2), np.full((2, 3), harm), 200.0, paying, doubted or {})


def test_an_action_is_worth_its_gain_less_harm_and_cost():
    found = values([3.0, 30.0, 100.0], harm=0.01)
    assert found.ranking[0] == pytest.approx([0.0, 24.0, 38.0])
    assert found.net_gain == pytest.approx(found.ranking)


def test_what_history_cannot_tell_and_what_does_not_pay_rank_nowhere():
    found = values([3.0, np.nan, 100.0], paying=("sms", "call"))
    assert found.ranking[0] == pytest.approx([2.0, 0.0, 0.0])
    assert found.supported[0].tolist() == [True, False, True]
    assert np.isnan(found.gain[0, 1])


def test_an_effect_that_was_refuted_is_not_used_and_the_ladder_ranks_after_every_effect():
    found = values([3.0, 30.0, 61.0], doubted={"call": ["placebo_outcome"]})
    assert np.isnan(found.gain[:, 1]).all()
    assert not found.supported[:, 1].any()
    sms, call, visit = found.ranking.T
    assert (call > 0.0).all()
    assert (call < 0.01 * np.minimum(sms, visit)).all()
    assert call[1] > call[0]  # as the ladder has it
    assert found.doubted == {"call": ["placebo_outcome"]}
