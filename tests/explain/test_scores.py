"""Ability and willingness: places among the training debtors, frozen."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duewise.explain.scores import ScoreScale, fit_score_scale, scores

TAGS = ["ability", "willingness", "willingness", "debt"]


@pytest.fixture
def training():
    return np.random.default_rng(0).normal(size=(4000, 4)).astype(np.float32)


def test_a_score_is_the_share_of_training_debtors_below(training):
    found = scores(training, TAGS, fit_score_scale(training, TAGS))
    better = (training[:, 0][None, :] < training[:50, 0][:, None]).mean(axis=1)
    np.testing.assert_allclose(found.ability[:50], 100 * better, atol=0.6)
    assert found.willingness.min() == 0
    assert found.willingness.max() == 100


def test_scores_follow_the_contributions_of_their_tag_alone(training):
    scale = fit_score_scale(training, TAGS)
    moved = training.copy()
    moved[:, 3] += 5.0
    moved[:, 1] += 1.0
    before, after = scores(training, TAGS, scale), scores(moved, TAGS, scale)
    np.testing.assert_array_equal(before.ability, after.ability)
    assert (after.willingness >= before.willingness).all()
    assert after.willingness.mean() > before.willingness.mean() + 5


def test_nobodys_score_depends_on_who_else_is_in_the_portfolio(training):
    scale = fit_score_scale(training, TAGS)
    whole, few = scores(training, TAGS, scale), scores(training[10:13], TAGS, scale)
    np.testing.assert_array_equal(whole.ability[10:13], few.ability)


def test_the_two_scores_make_the_segment(training):
    found = scores(training, TAGS, fit_score_scale(training, TAGS))
    can, will = found.ability >= 50, found.willingness >= 50
    assert set(found.segment[can & will]) == {"can_will"}
    assert set(found.segment[can & ~will]) == {"can_wont"}
    assert set(found.segment[~can & will]) == {"cant_will"}
    assert set(found.segment[~can & ~will]) == {"cant_wont"}


def test_without_features_of_a_tag_everybody_is_in_the_middle(training):
    found = scores(training, ["debt"] * 4, fit_score_scale(training, ["debt"] * 4))
    assert set(found.ability) == {50.0}


def test_debtors_alike_share_their_place():
    values = np.repeat(np.array([[0.0], [1.0]], dtype=np.float32), [60, 40], axis=0)
    found = scores(values, ["ability"], fit_score_scale(values, ["ability"]))
    assert found.ability[0] == pytest.approx(30, abs=1)
    assert found.ability[-1] == pytest.approx(80, abs=1)


def test_the_scale_survives_json(training):
    scale = fit_score_scale(training, TAGS)
    assert ScoreScale.from_json(json.loads(json.dumps(scale.to_json()))) == scale


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_scores_rise_with_their_contributions_and_stay_in_range(a, b):
    rng = np.random.default_rng(1)
    scale = fit_score_scale(rng.normal(size=(300, 4)).astype(np.float32), TAGS)
    rows = np.zeros((2, 4), dtype=np.float32)
    rows[:, 0] = sorted([a, b])
    low, high = scores(rows, TAGS, scale).ability
    assert 0 <= low <= high <= 100
