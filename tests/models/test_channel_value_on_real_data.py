"""`ChannelValue` on trials and logs that nobody in this project made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from duewise.models.causal.dr_scores import dr_scores
from duewise.models.channel import ChannelValue

REALDATA = Path(__file__).resolve().parents[3] / "shared" / "realdata"
pytestmark = pytest.mark.skipif(
    not REALDATA.is_dir(), reason="the folder of real data is not beside this checkout"
)


@pytest.fixture(scope="module")
def hillstrom():
    """Columns known before, arm, and visits within two weeks, of a randomised three-arm e-mail trial."""
    table = pd.read_csv(REALDATA / "hillstrom_email" / "hillstrom_data.csv.gz")
    arm = table["segment"].map({"No E-Mail": "none", "Mens E-Mail": "mens", "Womens E-Mail": "womens"})
    X = table.drop(columns=["segment", "visit", "conversion", "spend"])
    for column in ("history_segment", "zip_code", "channel"):
        X[column] = X[column].astype("category")
    return X, arm.to_numpy(dtype=object), table


def difference_in_means(outcome, arm, label):
    return outcome[arm == label].mean() - outcome[arm == "none"].mean()


@pytest.mark.parametrize("outcome", ["visit", "spend"])
def test_a_randomised_trial_gives_back_its_difference_in_means(hillstrom, outcome):
    X, arm, table = hillstrom
    y = table[outcome].to_numpy(dtype=float)
    fitted, names = ChannelValue(none="none").cross_fit(X, arm, y)
    for k in (1, 2):
        effect = fitted.average_effect(k)
        # The same rows estimate both, so they may differ by far less than a standard error.
        assert abs(effect.value - difference_in_means(y, arm, names[k])) < 0.6 * effect.standard_error


def confounded(X, arm, seed=0):
    """Keep rows by a known function of history and arm, so that good customers were mailed more often."""
    good = (X["history"].rank(pct=True) + X["newbie"].rsub(1) * 0.5).to_numpy() / 1.5
    keep = np.where(arm == "none", 1.0 - 0.8 * good, 0.2 + 0.8 * good)
    return np.random.default_rng(seed).random(len(arm)) < keep


def test_a_confounded_trial_returns_to_the_randomised_truth(hillstrom):
    X, arm, table = hillstrom
    visit = table["visit"].to_numpy(dtype=float)
    kept = confounded(X, arm)
    fitted, names = ChannelValue().cross_fit(X[kept], arm[kept], visit[kept])
    for k in (1, 2):
        truth = difference_in_means(visit, arm, names[k])
        low, high = fitted.average_effect(k).interval(0.95)
        assert low < truth < high
        assert not low < difference_in_means(visit[kept], arm[kept], names[k]) < high


@pytest.mark.slow
def test_the_learned_policy_at_least_ties_with_the_best_single_arm(hillstrom):
    """Valued by doubly robust scores with the known shares of one third, on effects out of fold."""
    X, arm, table = hillstrom
    visit = table["visit"].to_numpy(dtype=float)
    third = np.full((len(arm), 3), 1 / 3)
    model = ChannelValue().fit(X, arm, visit, propensity=third)
    fitted = model.training_
    scores = dr_scores(visit, fitted.log.action, third, fitted.expected)
    chosen = scores[np.arange(len(arm)), model.out_of_fold_effects_.argmax(axis=1)]
    gap = chosen - scores[:, scores.mean(axis=0).argmax()]
    assert gap.mean() > -1.64 * gap.std() / np.sqrt(len(gap))
    assert gap.mean() > -0.0015  # a plain per-arm learner loses 0.0022 here


def test_stratified_offers_need_and_get_their_strata():
    """Rates were drawn within risk and wave; risk sets both the rate and the take-up."""
    table = pd.read_stata(
        REALDATA / "credit_offers_sa" / "kz_demandelasts_aer08.dta.gz", convert_categoricals=False
    )
    table = table.dropna(subset=["offer4", "tookup", "risk", "wave"])
    rank = table.groupby(["risk", "wave"])["offer4"].rank(pct=True, method="first")
    offer = np.select([rank <= 1 / 3, rank <= 2 / 3], ["low", "middle"], "none")  # none: the dearest third
    strata = table[["risk", "wave"]].astype("category")
    X = table[["age", "female", "dormancy", "trcount", "grossincome"]].join(strata)
    share = table.assign(offer=offer).groupby(["risk", "wave", "offer"]).size()
    share = (share / share.groupby(level=[0, 1]).transform("sum")).rename("p").reset_index()
    logged = (
        table[["risk", "wave"]].assign(offer=offer).merge(share, how="left", on=["risk", "wave", "offer"])
    )
    y = table["tookup"].to_numpy(dtype=float)
    fitted, names = ChannelValue().cross_fit(X, offer, y, propensity=logged["p"].to_numpy())
    low = fitted.average_effect(names.tolist().index("low"))
    within = [
        (
            len(part),
            part.loc[part.offer == "low", "tookup"].mean() - part.loc[part.offer == "none", "tookup"].mean(),
        )
        for _, part in table.assign(offer=offer).groupby(["risk", "wave"])
    ]
    truth = np.average([gap for _, gap in within], weights=[n for n, _ in within])
    assert abs(low.value - truth) < 0.6 * low.standard_error
    assert low.interval(0.9)[0] > 0  # cheaper offers are taken more often


def test_with_69_clicks_among_34_items_no_supported_item_is_declared_different():
    """Bernoulli Thompson sampling chose items by probabilities down to 1/1000: few items are supported."""
    table = pd.read_csv(REALDATA / "open_bandit_men" / "bts_men.csv.gz", index_col=0)
    top = table["item_id"].value_counts().index[0]
    item = np.where(table["item_id"] == top, "none", table["item_id"].astype(str))
    X = table[["position", "user_feature_0", "user_feature_1", "user_feature_2", "user_feature_3"]].copy()
    X = X.astype({name: "category" for name in X.columns if name != "position"})
    fitted, names = ChannelValue().cross_fit(
        X, item, table["click"].to_numpy(dtype=float), propensity=table["propensity_score"].to_numpy()
    )
    usable = fitted.overlap.usable
    assert 0 < usable[1:].sum() < len(names) - 1
    for arm in np.flatnonzero(usable[1:]) + 1:
        low, high = fitted.average_effect(arm).interval(1 - 0.05 / 33)
        assert low < 0 < high


def test_the_effect_of_a_trial_is_found_and_columns_after_treatment_would_hide_it():
    """The author's recipe puts the effect at +4.56; `opened` and `agreement` came after the e-mail."""
    table = pd.read_csv(REALDATA / "synthetic_email_trial" / "collections_email.csv")
    action = np.where(table["email"] == 1, "email", "none")
    before = table[["credit_limit", "risk_score"]]
    fitted, _ = ChannelValue().cross_fit(before, action, table["payments"])
    effect = fitted.average_effect(1)
    low, high = effect.interval(0.9)
    assert low < 4.56 < high
    assert effect.value > 0


@pytest.fixture(scope="module")
def bank():
    """Charged-off debts whose level of effort followed a score: columns, level, money recovered."""
    table = pd.read_csv(REALDATA / "bank_recovery" / "bank_data.csv")
    level = "level_" + table["recovery_strategy"].str.extract(r"(\d)", expand=False)
    return (
        table[["expected_recovery_amount", "age"]],
        level.replace("level_0", "none").to_numpy(dtype=object),
        table["actual_recovery_amount"].to_numpy(dtype=float),
    )


@pytest.mark.parametrize("known_rule", [False, True], ids=["estimated", "logged"])
@pytest.mark.parametrize("levels", ["any", "each"])
def test_effort_assigned_by_a_threshold_is_unsupported_away_from_it(bank, levels, known_rule):
    """Whether the rule is estimated or logged as probabilities of 0 and 1, no level has comparable debts."""
    X, level, money = bank
    action = np.where(level == "none", "none", "call") if levels == "any" else level
    model = ChannelValue().fit(X, action, money, propensity=np.ones(len(action)) if known_rule else None)
    far = np.abs(X["expected_recovery_amount"].to_numpy() - 1_000) > 200
    assert np.isnan(model.effect(X)[far, 1:]).all()
    assert np.isnan(model.interval(X)[0][far, 1:]).all()
    assert not model.supported(X)[far, 1:].any()
    assert all("by rule" in row.reason for row in model.support_report()[1:])
    assert model.average_effects() == []  # by the means, effort would bring up to 11,907 dollars
