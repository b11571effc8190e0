"""Predictions that borrow: their average is what the action does, pulled to actions of its cost."""

from dataclasses import replace

import numpy as np
import pytest

from duewise.models.causal.borrowing import borrowed
from duewise.models.causal.partial_pooling import partial_pooling
from duewise.models.causal.worth import average_effects, contrast_weights
from duewise.models.channel import ChannelValue

ACTIONS = ("sms", "app_push", "call", "letter")
COSTS = {1: 0.05, 2: 0.01, 3: 4.0, 4: 3.0}


@pytest.fixture(scope="module")
def fitted():
    """Return a log in which push messages went almost only to debtors who pay anyway."""
    rng = np.random.default_rng(0)
    n = 8_000
    X = rng.normal(size=(n, 4))
    push = 0.02 + 0.4 / (1 + np.exp(-4 * (X[:, 0] - 1.5)))
    chances = np.column_stack([np.full(n, 0.12), push, np.full(n, 0.12), np.full(n, 0.08)])
    chances = np.column_stack([1 - chances.sum(axis=1), chances])
    column = (chances.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    outcome = np.exp(X[:, 0]) * (rng.random(n) < 0.2) + 0.1 * (column > 0) + 0.1 * rng.normal(size=n)
    names = np.array(["none", *ACTIONS], dtype=object)
    return ChannelValue(actions=list(ACTIONS)).fit(X, names[column], outcome)


def average(model, predicted):
    weight = contrast_weights(model.training_)
    return {arm: np.average(np.nan_to_num(predicted[:, arm]), weights=weight[:, arm]) for arm in COSTS}


def test_predictions_that_borrowed_average_to_the_shared_effect(fitted):
    predicted = fitted.out_of_fold_effects_
    moved = borrowed(fitted.training_, predicted, COSTS).moved
    shift = np.array([moved.get(arm, 0.0) for arm in range(predicted.shape[1])])
    after = average(fitted, predicted + shift)
    for arm, shared in partial_pooling(average_effects(fitted.training_), COSTS).items():
        assert after[arm] == pytest.approx(shared.value, abs=1e-9)


def test_an_error_in_the_level_of_the_predictions_is_not_handed_on(fitted):
    predicted = fitted.out_of_fold_effects_
    wrong = predicted + np.array([0.0, 0.0, 5.0, 0.0, 0.0])
    moved, corrected = (borrowed(fitted.training_, one, COSTS).moved for one in (predicted, wrong))
    assert corrected[2] == pytest.approx(moved[2] - 5.0)
    assert all(corrected[arm] == moved[arm] for arm in (1, 3, 4))


def test_an_action_that_the_log_says_nothing_about_borrows_nothing(fitted):
    training = fitted.training_
    usable = training.overlap.usable.copy()
    usable[2] = False
    unknown = replace(training, overlap=replace(training.overlap, usable=usable))
    found = borrowed(unknown, fitted.out_of_fold_effects_, COSTS)
    assert set(found.shared) == set(found.moved) == {1, 3, 4}
