"""A whole explanation: from a fitted repayment model to reasons that add up."""

import json

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from duewise.explain import explanation as module
from duewise.explain.explanation import Explainer, explain, learn_explainer
from duewise.explain.reasons import reason_columns
from duewise.features.catalogue import catalogue
from duewise.models.calibration import Calibrator
from duewise.models.encoding import Encoding
from duewise.models.repayment import Repayment

NAMES = ("dpd", "balance", "n_payments_30d", "n_payments_90d", "monthly_income", "promise_kept_share_365d",
         "promises_kept_365d", "promises_due_365d", "product", "weekday")  # fmt: skip
FEATURES = {feature.name: feature for feature in catalogue() if feature.name in NAMES}


def make_debtors(n, seed):
    rng = np.random.default_rng(seed)
    due = rng.poisson(1.5, n)
    kept = rng.binomial(due, 0.5)
    recent = rng.poisson(0.5, n)
    return pd.DataFrame(
        {
            "dpd": rng.integers(1, 400, n),
            "balance": rng.lognormal(8, 1, n),
            "n_payments_30d": recent,
            "n_payments_90d": recent + rng.poisson(1, n),
            "monthly_income": np.where(rng.random(n) < 0.3, np.nan, rng.lognormal(9, 0.5, n)),
            "promise_kept_share_365d": np.where(due > 0, kept / np.maximum(due, 1), np.nan),
            "promises_kept_365d": kept,
            "promises_due_365d": due,
            "product": pd.Categorical(rng.choice(["microloan", "telecom"], n), FEATURES["product"].levels),
            "weekday": rng.integers(0, 7, n),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def night():
    """A model, its explainer, 3,000 debtors and their scores."""
    rng = np.random.default_rng(0)
    train, debtors = make_debtors(4000, 1), make_debtors(3000, 2)
    encoding = Encoding.learn(train, tuple(FEATURES.values()))
    matrix = encoding.matrix(train)
    z = (
        0.8 * train["n_payments_90d"]
        - 0.01 * train["dpd"]
        + train["promises_kept_365d"]
        + 0.2 * train["weekday"]
    )
    repaid = (rng.random(len(train)) < 1 / (1 + np.exp(-z))).astype(float)
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 15}
    booster = lgb.train(settings, lgb.Dataset(matrix, repaid, categorical_feature=encoding.categorical), 40)
    repayment = Repayment(30, booster, Calibrator("line", (0.0, 1.0), (-0.4, 0.4)))
    margin = repayment.margin(encoding.matrix(debtors))
    scored = pd.DataFrame({"margin_30d": margin, "p_repay_30d": repayment.probability(margin)})
    features = [FEATURES[name] for name in encoding.names]
    return learn_explainer(booster, features, matrix), encoding, repayment, debtors, scored


def test_base_reasons_and_everything_else_sum_to_the_published_probability(night):
    shares = explain(*night).shares
    total = shares.base + shares.reasons.sum(axis=1) + shares.everything_else
    np.testing.assert_allclose(total, night[-1]["p_repay_30d"], atol=1e-12)


def test_reasons_are_ranked_and_none_is_nil(night):
    found = explain(*night)
    said = found.speaker >= 0
    assert (np.abs(found.contribution[said]) > 0).all()
    assert (found.contribution[~said] == 0).all()
    assert (np.diff(np.abs(found.contribution), axis=1) <= 1e-7).all()


def test_neither_a_group_nor_a_fact_speaks_twice(night):
    found = explain(*night)
    columns = reason_columns(found, night[3], FEATURES, "en", "CNY")
    texts = pd.DataFrame(
        {name: [r and r["text"] for r in column.to_pylist()] for name, column in columns.items()}
    )
    assert texts.apply(lambda row: row.dropna().is_unique, axis=1).all()
    assert "weekday" not in {r["code"] for column in columns.values() for r in column.to_pylist() if r}


def test_one_debtor_is_explained_as_in_the_crowd(night):
    explainer, encoding, repayment, debtors, scored = night
    crowd = explain(*night)
    alone = explain(explainer, encoding, repayment, debtors.iloc[[7]], scored.iloc[[7]])
    np.testing.assert_array_equal(alone.speaker[0], crowd.speaker[7])
    np.testing.assert_allclose(alone.contribution[0], crowd.contribution[7], atol=1e-5)
    assert alone.scores.segment[0] == crowd.scores.segment[7]


def test_blocks_change_nothing(night, monkeypatch):
    whole = explain(*night)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 2100)
    blocks = explain(*night)
    np.testing.assert_array_equal(blocks.speaker, whole.speaker)
    np.testing.assert_allclose(blocks.scores.willingness, whole.scores.willingness, atol=1e-3)


def test_a_night_without_debtors_has_an_explanation(night):
    explainer, encoding, repayment, debtors, scored = night
    found = explain(explainer, encoding, repayment, debtors.iloc[:0], scored.iloc[:0])
    assert found.speaker.shape == (0, 5)
    assert len(found.scores.segment) == 0


def test_the_explainer_survives_json(night):
    explainer = night[0]
    assert Explainer.from_json(json.loads(json.dumps(explainer.to_json()))) == explainer


def test_promises_kept_raise_willingness(night):
    found = explain(*night)
    kept = night[3]["promises_kept_365d"]
    assert found.scores.willingness[kept >= 2].mean() > found.scores.willingness[kept == 0].mean() + 20
