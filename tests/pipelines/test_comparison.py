"""What the details tell of a choice: its lead over the runner-up, what is behind it, what would flip it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from duewise.models.channel import ChannelValue
from duewise.models.channel_effects import ChannelEffects, matrix_of
from duewise.models.recovery_scale import fit_recovery_scale
from duewise.pipelines.comparison import comparison_columns
from duewise.policy.allocation import Constraint, allocate
from duewise.policy.decide import runner_up
from duewise.policy.values import ActionValues

N = 1_500
ACTIONS = ("sms", "call")
CALLS = 100


@pytest.fixture(scope="module")
def decided():
    """Calls help those far past due, and few can be made: bundle, debtors, night."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"dpd": rng.random(N), "extra_noise": rng.normal(size=N)})
    action = rng.choice(["none", *ACTIONS], N)
    balance = np.full(N, 1_000.0)
    share = 0.1 + 0.4 * X["dpd"] * (action == "call") + 0.05 * (action == "sms")
    share = np.clip(share + 0.02 * rng.normal(size=N), 0, 1).to_numpy()
    ids = np.arange(N).astype(str)
    scale, model = fit_recovery_scale(matrix_of(X), share, balance, np.ones(N), ids, threads=1, seed=0)
    value = ChannelValue(actions=ACTIONS).fit(X, action, share * balance / scale)
    effects = ChannelEffects(value, model, None, paying=ACTIONS, proven=True)
    gain = effects.gains(X, balance, ACTIONS)
    cost = np.array([1.0, 4.0])
    ranking = np.nan_to_num(gain) - cost
    limits = (Constraint("call", np.array([0.0, 1.0]), upper=float(CALLS)),)
    feasible = np.ones((N, 2), dtype=bool)
    cell = np.array(["policy"] * (N - 1) + ["explore"], dtype=object)
    allocation = allocate(ranking, feasible & (cell == "policy")[:, None], limits)
    choice = allocation.choice.astype(np.int64)
    values = ActionValues(ACTIONS, ranking, gain, gain * 0, cost, np.isfinite(gain), "channel_value")
    decision = SimpleNamespace(
        choice=choice, runner_up=runner_up(ranking, feasible, choice), limits=limits, allocation=allocation
    )
    bundle = SimpleNamespace(
        channels=effects, encoding=SimpleNamespace(covariates=lambda table: table[X.columns])
    )
    night = SimpleNamespace(
        values=values, decision=decision, cell=cell, permissions=SimpleNamespace(feasible=feasible)
    )
    return bundle, X.assign(balance=balance), night


@pytest.fixture(scope="module")
def told(decided):
    return {name: column.to_pylist() for name, column in comparison_columns(*decided).items()}


def test_the_lead_is_gain_less_cost_less_the_price_of_the_last_call(decided, told):
    night = decided[2]
    (limit,) = night.decision.allocation.limits
    called = int(np.flatnonzero((night.decision.choice == 2) & (night.decision.runner_up == 1))[0])
    lead = told["over_runner_up"][called]
    assert lead["cost"] == pytest.approx(3.0)
    assert lead["capacity"] == pytest.approx(limit.price)
    assert lead["gain"] == pytest.approx(night.values.gain[called, 1] - night.values.gain[called, 0])
    assert told["flip"][called]["cost"] == pytest.approx(
        lead["gain"] - lead["harm"] - lead["cost"] - lead["capacity"], abs=1e-6
    )


def test_the_feature_that_makes_calls_work_is_behind_the_difference(decided, told):
    called = np.flatnonzero(decided[2].decision.choice == 2)
    first = [told["difference_reasons"][row][0] for row in called.tolist()]
    assert {one["feature"] for one in first} == {"dpd"}
    assert first[0]["zh"] != first[0]["feature"]  # in words, not by its column


def test_fewer_calls_turn_the_last_caller_first(told, decided):
    called = np.flatnonzero(decided[2].decision.choice == 2)
    units = sorted(-told["flip"][row]["units"] for row in called.tolist())
    assert units == pytest.approx(np.arange(1, CALLS + 1))
    assert {told["flip"][row]["limit"] for row in called.tolist()} == {"call"}


def test_where_the_experiment_chose_nothing_is_compared(told):
    assert told["flip"][-1] is None
    assert told["over_runner_up"][-1] is None
    assert told["difference_reasons"][-1] == []
