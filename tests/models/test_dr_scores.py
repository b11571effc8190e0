"""Doubly robust scores, clustered means and the cap on outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duewise.models.causal.dr_scores import choose_cap, clustered_mean, dr_scores


def log_with_two_actions(n, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    p = 1 / (1 + np.exp(-x))
    propensity = np.column_stack([1 - p, p])
    action = (rng.random(n) < p).astype(int)
    mean = np.column_stack([x, x + 1.0])
    return action, mean[np.arange(n), action] + rng.normal(size=n), propensity, mean


@pytest.mark.parametrize("wrong", ["propensity", "expected"])
def test_scores_are_unbiased_when_one_of_the_two_models_is_wrong(wrong):
    action, outcome, propensity, expected = log_with_two_actions(100_000)
    if wrong == "propensity":
        propensity = np.full_like(propensity, 0.5)
    else:
        expected = np.zeros_like(expected)
    scores = dr_scores(outcome, action, propensity, expected)
    effect = clustered_mean(scores[:, 1] - scores[:, 0], np.ones(len(action)), np.arange(len(action)))
    assert abs(effect.value - 1.0) < 4 * effect.standard_error


def test_the_score_of_an_action_not_taken_is_its_expected_outcome():
    action, outcome, propensity, expected = log_with_two_actions(50)
    scores = dr_scores(outcome, action, propensity, expected)
    other = 1 - action
    np.testing.assert_array_equal(scores[np.arange(50), other], expected[np.arange(50), other])


def test_a_row_counted_twice_in_one_group_is_no_second_observation():
    values = np.random.default_rng(1).normal(size=400)
    once = clustered_mean(values, np.ones(400), np.arange(400))
    twice = clustered_mean(np.tile(values, 2), np.ones(800), np.tile(np.arange(400), 2))
    assert twice.standard_error == pytest.approx(once.standard_error)


def test_without_a_heavy_tail_nothing_is_capped():
    action, outcome, propensity, _ = log_with_two_actions(3_000)
    cap = choose_cap(outcome, action, propensity, np.ones(3_000))
    assert cap.share == 0
    assert (cap.bias == 0).all()


@given(rate=st.floats(0.001, 0.999))
def test_a_yes_or_no_outcome_is_never_capped(rate):
    rng = np.random.default_rng(2)
    outcome = (rng.random(2_000) < rate).astype(float)
    action = rng.integers(0, 2, size=2_000)
    cap = choose_cap(outcome, action, np.full((2_000, 2), 0.5), np.ones(2_000))
    np.testing.assert_array_equal(cap.apply(outcome), outcome)


def test_under_a_heavy_tail_the_cap_lowers_the_error_of_the_average_effect():
    """Money of payers is Pareto with shape 1.5, so its variance is infinite; the action adds payers."""
    rng = np.random.default_rng(3)
    n, truth = 4_000, 0.05 * 2.0
    weight, half = np.ones(n), np.full((n, 2), 0.5)
    plain, capped, shares = [], [], []
    for _ in range(200):
        action = rng.integers(0, 2, size=n)
        money = (rng.random(n) < 0.15 + 0.05 * action) * rng.pareto(1.5, size=n)
        cap = choose_cap(money, action, half, weight)
        shares.append(cap.share)
        for found, values in ((plain, money), (capped, cap.apply(money))):
            found.append(values[action == 1].mean() - values[action == 0].mean() - truth)
    assert np.mean(np.array(shares) > 0) > 0.5
    assert np.mean(np.square(capped)) < np.mean(np.square(plain))
