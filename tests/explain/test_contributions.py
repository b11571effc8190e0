"""Contributions: three independent codes agree, and the sum is the margin."""

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duewise.explain import contributions as module
from duewise.explain.contributions import contributions, contributions_by_rows
from duewise.explain.vectorised_trees import vectorise

N_FEATURES = 8
CATEGORICAL = [5, 6]


def make_table(seed, n=3000):
    """Numbers with and without missing values, zeros, counts, two categories and one useless column."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, N_FEATURES)).astype(np.float32)
    x[:, 1] = rng.poisson(0.7, n)
    x[rng.random(n) < 0.3, 2] = np.nan
    x[rng.random(n) < 0.5, 3] = 0.0
    x[:, 5] = rng.integers(0, 6, n)
    x[:, 6] = rng.integers(0, 40, n)
    x[rng.random(n) < 0.1, 6] = np.nan
    x[:, 7] = 1.0
    z = (
        x[:, 0] * (x[:, 1] > 0)
        + np.where(np.isnan(x[:, 2]), 1.0, x[:, 2])
        + (x[:, 5] == 3)
        - 0.2 * (x[:, 3] == 0)
    )
    z += np.sin(np.nan_to_num(x[:, 6], nan=7.0))
    return x, (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)


def fit(x, y, categorical=CATEGORICAL, rounds=12, **settings):
    parameters = {
        "objective": "binary", "num_threads": 1, "verbosity": -1, "num_leaves": 31, "min_data_in_leaf": 5,
        "cat_smooth": 1.0, "min_data_per_group": 5, **settings,
    }  # fmt: skip
    return lgb.train(parameters, lgb.Dataset(x, y, categorical_feature=categorical), rounds)


def by_columns(booster, x):
    trees = vectorise(booster)
    out = np.zeros(x.shape, dtype=np.float32)
    for feature, values in trees.contributions(x).items():
        out[:, feature] = values
    return out, trees.base


def strange(x):
    """Values that training never saw: missing where nothing was missing, unknown and negative categories."""
    x = x.copy()
    x[::7, 0] = np.nan
    x[::5, 1] = np.nan
    x[::3, 5] = 99
    x[1::3, 5] = -1
    x[2::9, 5] = np.nan
    x[::4, 6] = 1000
    return x


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="missing is missing"),
        pytest.param({"zero_as_missing": True}, id="zero is missing"),
        pytest.param({"use_missing": False}, id="missing is zero"),
        pytest.param({"max_cat_to_onehot": 100}, id="one category against the rest"),
        pytest.param({"num_leaves": 60, "min_data_in_leaf": 1}, id="deep trees"),
        pytest.param({"bagging_fraction": 0.5, "bagging_freq": 1}, id="bagging"),
        pytest.param({"boost_from_average": False, "num_leaves": 2}, id="stumps"),
    ],
)
def test_columns_and_rows_give_the_same_contributions(settings):
    x, y = make_table(1)
    booster = fit(x, y, **settings)
    for table in (x, strange(x)):
        got, base = by_columns(booster, table)
        expected = contributions_by_rows(booster, table)
        np.testing.assert_allclose(got, expected.values, atol=1e-4)
        assert base == pytest.approx(expected.base, abs=1e-6)


@pytest.mark.parametrize("categorical", [CATEGORICAL, []], ids=["categories", "numbers only"])
def test_shaps_own_code_agrees(categorical):
    import shap

    x, y = make_table(2)
    # shap holds a set of categories in the bits of a float: 1 to 23, and sends a missing one elsewhere.
    x[:, CATEGORICAL] = 1 + np.nan_to_num(x[:, CATEGORICAL]) % 20
    booster = fit(x, y, categorical)
    explainer = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    explainer.model.model_type = "internal"  # or shap would only ask LightGBM
    got, base = by_columns(booster, x)
    np.testing.assert_allclose(got, explainer.shap_values(x, check_additivity=False), atol=1e-4)
    assert base == pytest.approx(float(np.ravel(explainer.expected_value)[-1]), abs=1e-4)


@pytest.mark.parametrize("n", [0, 1, 3000])
def test_base_and_contributions_sum_to_the_margin(n):
    x, y = make_table(3)
    booster = fit(x, y)
    found = contributions(booster, x[:n])
    assert found.values.shape == (n, N_FEATURES)
    margin = booster.predict(x[:n], raw_score=True, num_threads=1) if n else []
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), margin, atol=1e-4)


def test_a_feature_without_splits_contributes_exactly_nothing():
    x, y = make_table(4)
    assert (contributions(fit(x, y), x).values[:, 7] == 0).all()


def test_chunks_and_threads_change_nothing(monkeypatch):
    x, y = make_table(5)
    booster = fit(x, y)
    whole = contributions(booster, x, threads=1)
    monkeypatch.setattr(module, "CHUNK_ROWS", 700)
    np.testing.assert_allclose(contributions(booster, x, threads=2).values, whole.values, atol=1e-6)


def test_every_tree_counts_although_boosting_stopped_earlier():
    x, y = make_table(6)
    booster = fit(x, y)
    booster.best_iteration = 3
    margin = booster.predict(x, raw_score=True, num_iteration=booster.current_iteration(), num_threads=1)
    found = contributions(booster, x)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), margin, atol=1e-4)


def test_a_model_that_learned_nothing_has_a_base_and_no_reasons():
    x, _ = make_table(7)
    booster = fit(x, np.arange(len(x)) % 2, min_data_in_leaf=5000)
    found = contributions(booster, x)
    assert not found.values.any()
    np.testing.assert_allclose(found.base, booster.predict(x[:1], raw_score=True)[0], atol=1e-6)


@pytest.mark.parametrize(
    "settings", [{"linear_tree": True}, {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}]
)
def test_what_columns_cannot_hold_is_left_to_lightgbm(settings):
    x, y = make_table(8)
    booster = fit(x, y, [], rounds=3, **settings)
    assert vectorise(booster) is None


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), leaves=st.integers(2, 40), share=st.floats(0, 0.9))
def test_any_model_is_explained_alike_by_both_codes(seed, leaves, share):
    x, y = make_table(seed, n=600)
    x[np.random.default_rng(seed + 1).random(x.shape) < share] = np.nan
    booster = fit(x, y, rounds=5, num_leaves=leaves)
    got, _ = by_columns(booster, strange(x))
    np.testing.assert_allclose(got, contributions_by_rows(booster, strange(x)).values, atol=1e-4)
