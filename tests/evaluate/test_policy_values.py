"""The table of policies on a log whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from duewise.evaluate.policy_values import value_policies
from duewise.models.channel import ChannelValue

NAMES = ["none", "sms", "call"]
COST = np.array([0.0, 0.1, 4.0])


def world(seed=0, n=6_000):
    """Return a randomised log in which a call adds 40 for one half of the debtors and costs the other 10."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"responds": rng.integers(0, 2, n).astype(float), "rich": rng.normal(size=n)})
    action = rng.choice(NAMES, n, p=[0.5, 0.3, 0.2])
    effect = np.column_stack([np.zeros(n), np.full(n, 2.0), np.where(X["responds"] == 1.0, 40.0, -10.0)])
    base = 30.0 + 20.0 * X["rich"].to_numpy()
    taken = pd.Categorical(action, categories=NAMES).codes
    outcome = base + effect[np.arange(n), taken] + rng.normal(0.0, 20.0, n)
    return X, action, outcome, effect


@pytest.fixture(scope="module")
def table():
    X, action, outcome, effect = world()
    model = ChannelValue(actions=NAMES[1:], random_state=1).fit(X, action, outcome)
    return value_policies(model.training_, model.out_of_fold_effects_, NAMES, COST), effect, outcome


def by_name(table):
    return {row.policy: row for row in table[0].policies}


def covers(estimate, truth):
    return estimate.low <= truth <= estimate.high


def test_every_policy_is_valued_with_an_interval(table):
    rows = by_name(table)
    assert list(rows) == [
        "logged",
        *(f"all_{name}" for name in NAMES),
        "random",
        "propensity_ranking",
        "learned",
        "learned_same_budget",
    ]
    for row in rows.values():
        for value in (row.snips, row.dr, row.gain, row.over_logged):
            assert value.low <= value.value <= value.high


def test_values_of_one_action_for_all_cover_the_truth(table):
    rows, effect = by_name(table), table[1]
    for arm, name in enumerate(NAMES):
        truth = effect[:, arm].mean() - COST[arm]
        assert covers(rows[f"all_{name}"].gain, truth)
        assert covers(rows[f"all_{name}"].snips, 30.0 + effect[:, arm].mean())


def test_the_logged_policy_is_worth_what_was_seen(table):
    rows, outcome = by_name(table), table[2]
    assert rows["logged"].dr.value == pytest.approx(outcome.mean(), abs=0.3)  # all but the capped tail
    assert rows["logged"].over_logged.value == 0.0
    assert rows["logged"].acted == pytest.approx(0.5, abs=0.03)


def test_the_learned_policy_beats_every_other_and_the_ranking_by_propensity_is_no_better_than_chance(table):
    rows = by_name(table)
    others = [rows[name].gain.high for name in ("logged", "random", "propensity_ranking", "all_call")]
    assert rows["learned"].gain.low > max(others)
    assert rows["learned_same_budget"].over_logged.low > 0.0
    assert covers(rows["propensity_ranking"].gain, rows["random"].gain.value)


def test_the_same_budget_is_never_exceeded(table):
    rows = by_name(table)
    assert rows["learned_same_budget"].acted <= rows["logged"].acted + 1e-9


def test_targeting_by_effect_finds_more_than_targeting_by_propensity():
    rng = np.random.default_rng(2)
    n = 6_000
    X = pd.DataFrame({"responds": rng.random(n), "rich": rng.normal(size=n)})
    called = rng.random(n) < 0.5
    outcome = 30.0 + 20.0 * X["rich"] + called * 60.0 * X["responds"] + rng.normal(0.0, 20.0, n)
    model = ChannelValue(actions=["call"]).fit(X, np.where(called, "call", "none"), outcome)
    found = value_policies(
        model.training_, model.out_of_fold_effects_, ["none", "call"], np.array([0.0, 4.0])
    )
    assert found.learned.area.low > found.by_propensity.area.high
    # Effects are uniform on [0, 60], so G(q) = 60 (q - q²/2): the area over chance is 60 / 12.
    assert found.learned.area.low <= 5.0 <= found.learned.area.high


def test_an_action_without_support_is_not_valued():
    X, action, outcome, _ = world(n=1_500)
    model = ChannelValue(actions=["sms", "call", "visit"]).fit(X, action, outcome)
    names, cost = [*NAMES, "visit"], np.array([0.0, 0.1, 4.0, 30.0])
    found = value_policies(model.training_, model.out_of_fold_effects_, names, cost)
    assert "all_visit" not in {row.policy for row in found.policies}
