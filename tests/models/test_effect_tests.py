"""Tests of individual effects, refutations and balance, on logs whose effects are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from duewise.models.causal.balance import balance_table
from duewise.models.causal.effect_tests import calibrate_effects, group_effects
from duewise.models.causal.refutations import (
    Refutation,
    _confirmed,
    added_common_cause,
    negative_control_period,
    permuted_action,
    placebo_outcome,
    sensitivity,
)
from duewise.models.channel import ChannelValue

N = 4_000


@pytest.fixture(scope="module")
def log():
    """Calls help the second half of debtors; who is called depends on the third feature."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(N, 4)), columns=["income", "answers", "arrears", "noise"])
    called = rng.random(N) < 1 / (1 + np.exp(-X["arrears"]))
    effect = np.where(X["answers"] > 0, 2.0, 0.0)
    outcome = X["income"] - X["arrears"] + effect * called + rng.normal(size=N)
    before = X["income"] - X["arrears"] + rng.normal(size=N)
    return X, np.where(called, "call", "none"), outcome.to_numpy(), before.to_numpy()


@pytest.fixture(scope="module")
def model(log):
    X, action, outcome, _ = log
    return ChannelValue().fit(X, action, outcome)


def test_real_differences_are_significant_and_not_overstated(model):
    (call,) = calibrate_effects(model)
    assert not call.overstated
    assert 0.9 < call.slope.value < 1.2
    assert call.p_no_difference < 1e-6
    assert call.mean_effect.interval(0.95)[0] < 1.0 < call.mean_effect.interval(0.95)[1]


def test_groups_of_predicted_effects_have_the_effects_predicted(model):
    groups = group_effects(model)
    assert groups[0].upper < groups[-1].lower
    assert sum(group.n for group in groups) == pytest.approx(N, abs=0.02 * N)
    assert all(group.lower - 0.3 < group.predicted < group.upper + 0.3 for group in groups)


def test_noise_is_not_taken_for_individual_differences():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(N, 4))
    called = rng.random(N) < 0.5
    (call,) = calibrate_effects(ChannelValue().fit(X, np.where(called, "call", "none"), rng.normal(size=N)))
    assert call.slope is None or call.p_no_difference > 0.01


@pytest.mark.parametrize("refute", [placebo_outcome, negative_control_period])
def test_money_from_before_the_call_shows_no_effect(log, refute):
    X, action, _, before = log
    (call,) = refute(*ChannelValue().cross_fit(X, action, before))
    assert call.passed
    assert (call.name, call.action) == (refute.__name__, "call")


@pytest.mark.parametrize("refute", [placebo_outcome, negative_control_period])
def test_a_hidden_cause_moves_what_no_call_can_have_changed(log, refute):
    X, action, _, before = log
    (call,) = refute(*ChannelValue().cross_fit(X.drop(columns="arrears"), action, before))
    assert not call.passed
    assert "not to be trusted" in call.sentence


def test_only_a_placebo_that_nobody_saw_finds_a_hidden_cause():
    """Collectors sense who is about to pay; last month's money is known, a payment on its way is not."""
    rng = np.random.default_rng(2)
    willing = rng.normal(size=N)
    last_month = willing + rng.normal(size=N)
    X = pd.DataFrame({"last_month": last_month, "noise": rng.normal(size=N)})
    called = rng.random(N) < 1 / (1 + np.exp(1.5 * willing))
    on_its_way = (rng.random(N) < 0.1 * np.exp(willing)).astype(float)
    model, action = ChannelValue(), np.where(called, "call", "none")
    (known,) = negative_control_period(*model.cross_fit(X, action, last_month))
    (unseen,) = placebo_outcome(*model.cross_fit(X, action, on_its_way))
    assert known.passed
    assert not unseen.passed


def test_shuffled_actions_have_no_effect(log):
    X, action, outcome, _ = log
    logged = np.full(N, 0.5)
    (call,) = permuted_action(ChannelValue(), X, action, outcome, propensity=logged)
    assert call.passed


def test_a_random_covariate_moves_nothing(log):
    X, action, outcome, _ = log
    (call,) = added_common_cause(ChannelValue(), X, action, outcome)
    assert call.passed, call.sentence


def test_a_strong_effect_takes_a_strong_confounder_to_undo(model):
    (call,) = sensitivity(model.training_, model.actions_)
    assert call.passed
    assert 0.05 < call.value < 1


def test_no_claimed_effect_needs_no_defence(log):
    X, action, _, before = log
    fitted, names = ChannelValue().cross_fit(X, action, before)
    (call,) = sensitivity(fitted, names)
    assert call.passed
    assert "No effect" in call.sentence


def test_weighting_balances_what_decided_about_the_call(model, log):
    rows = {row.feature: row for row in balance_table(model.training_, model.actions_, log[0])}
    assert set(rows) == {"income", "answers", "arrears", "noise"}
    assert rows["arrears"].before > 0.5
    assert all(row.passed for row in rows.values())


@pytest.mark.parametrize(("second", "survives"), [(1.0, True), (4.0, False)])
def test_an_alarm_by_dice_of_our_own_counts_when_a_second_throw_repeats_it(second, survives):
    throws = []

    def test(seed):
        throws.append(seed)
        z = {"call": 4.0 if len(throws) == 1 else second, "sms": 0.5}
        return [Refutation("permuted_action", a, value, 3.0, value <= 3.0, "") for a, value in z.items()]

    found = {one.action: one for one in _confirmed(test, 7)}
    assert throws == [7, 8]
    assert found["call"].passed == survives
    assert found["call"].value == second
    assert found["sms"].passed


def test_without_an_alarm_the_dice_are_thrown_once():
    throws = []

    def test(seed):
        throws.append(seed)
        return [Refutation("permuted_action", "call", 0.5, 3.0, True, "")]

    assert _confirmed(test, 7)[0].passed
    assert throws == [7]
