"""Correlated features speak once, through the one that moves the forecast furthest their common way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duewise.explain.groups import FeatureGroups, group_contributions, learn_groups
from duewise.features.catalogue import catalogue

FEATURES = {feature.name: feature for feature in catalogue()}


def groups_of(names, matrix):
    found = learn_groups([FEATURES[name] for name in names], np.asarray(matrix, dtype=np.float32))
    return dict(zip(found.names, found.group, strict=True))


@pytest.fixture
def independent():
    return np.random.default_rng(0).normal(size=(500, 6))


def test_features_of_one_topic_speak_together_whatever_their_values(independent):
    group = groups_of(["n_payments_30d", "n_payments_365d", "monthly_income"], independent[:, :3])
    assert group["n_payments_30d"] == group["n_payments_365d"] != group["monthly_income"]


def test_features_with_one_sentence_speak_together(independent):
    group = groups_of(["promises_kept_365d", "promise_kept_share_365d"], independent[:, :2])
    assert len(set(group.values())) == 1


def test_features_that_rise_and_fall_together_speak_together(independent):
    independent[:, 1] = -np.exp(independent[:, 0])
    group = groups_of(["balance", "monthly_income", "principal"], independent[:, :3])
    assert group["balance"] == group["monthly_income"] != group["principal"]


def test_missing_values_and_constants_break_nothing(independent):
    independent[::2, 0] = np.nan
    independent[:, 1] = 3.0
    independent[:, 2] = np.nan
    assert len(set(groups_of(["balance", "monthly_income", "principal"], independent[:, :3]).values())) == 3


def test_the_order_of_category_codes_means_nothing(independent):
    independent[:, 1] = independent[:, 0]
    group = groups_of(["balance", "product"], independent[:, :2])
    assert group["balance"] != group["product"]


def test_the_calendar_of_the_night_never_speaks(independent):
    group = groups_of(["balance", "weekday", "day_of_month"], independent[:, :3])
    assert group == {"balance": 0, "weekday": -1, "day_of_month": -1}


@given(st.lists(st.floats(-2, 2, width=32), min_size=5, max_size=5))
def test_a_group_adds_what_its_features_add_and_its_speaker_agrees_with_it(row):
    groups = FeatureGroups(("a", "b", "c", "d", "e"), (0, 0, 0, 1, -1))
    values = np.array([row], dtype=np.float32)
    contribution, speaker = group_contributions(values, groups)
    np.testing.assert_allclose(contribution[0], [values[0, :3].sum(), values[0, 3]], atol=1e-6)
    if contribution[0, 0] != 0:
        assert np.sign(values[0, speaker[0, 0]]) == np.sign(contribution[0, 0])
    assert speaker[0, 1] == 3
