import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from duewise.evaluate.metrics import MoneyCapture, MoneyMetrics, ProbabilityMetrics

rows = st.lists(
    st.tuples(st.booleans(), st.integers(1, 9), st.integers(0, 3)), min_size=4, max_size=60
).filter(lambda r: 0 < sum(repaid for repaid, _, _ in r) < len(r))


def figures(repaid, probability, weight=None, balance=None, money=None):
    repaid = np.asarray(repaid, dtype=float)
    probability = np.asarray(probability, dtype=float)
    balance = np.ones_like(repaid) if balance is None else np.asarray(balance, dtype=float)
    money = repaid * balance if money is None else np.asarray(money, dtype=float)
    metrics = ProbabilityMetrics(repaid, probability, balance, money)
    values = metrics.values(np.ones_like(repaid) if weight is None else np.asarray(weight, dtype=float))
    return dict(zip(ProbabilityMetrics.NAMES, values, strict=True))


@given(rows)
def test_figures_with_ties_and_weights_equal_those_of_scikit_learn(data):
    repaid = np.array([r for r, _, _ in data], dtype=float)
    probability = np.array([p for _, p, _ in data]) / 10.0
    weight = np.array([w for _, _, w in data], dtype=float)
    if min((weight * repaid).sum(), (weight * (1 - repaid)).sum()) == 0:
        weight = np.ones_like(weight)
    ours = figures(repaid, probability, weight)
    assert ours["auc"] == pytest.approx(roc_auc_score(repaid, probability, sample_weight=weight))
    assert ours["pr_auc"] == pytest.approx(average_precision_score(repaid, probability, sample_weight=weight))
    assert ours["brier"] == pytest.approx(brier_score_loss(repaid, probability, sample_weight=weight))
    assert ours["log_loss"] == pytest.approx(log_loss(repaid, probability, sample_weight=weight))


def test_calibration_error_is_the_mean_gap_over_bins_of_equal_size():
    # Ten bins of ten: in each the forecast is 0.1 above what happened.
    probability = np.repeat(np.linspace(0.15, 0.95, 9), 10)
    repaid = np.concatenate([np.arange(10) < round(10 * (p - 0.05)) for p in np.linspace(0.15, 0.95, 9)])
    assert figures(repaid, probability)["ece"] == pytest.approx(0.05)


def test_a_perfectly_calibrated_constant_has_no_calibration_error():
    assert figures([1, 0, 0, 0], [0.25] * 4)["ece"] == pytest.approx(0.0)


def test_the_top_decile_holds_the_money_of_the_ranking():
    money = np.zeros(100)
    money[:10] = 9.0
    money[50] = 10.0
    score = np.linspace(1.0, 0.0, 100)
    assert MoneyCapture(score, money).share(np.ones(100), 0.1) == pytest.approx(0.9)


def test_a_constant_score_captures_its_share_whatever_the_order_of_the_rows():
    money = np.r_[np.full(10, 5.0), np.zeros(90)]
    for order in (slice(None), slice(None, None, -1)):
        assert MoneyCapture(np.ones(100), money[order]).share(np.ones(100), 0.1) == pytest.approx(0.1)


def test_money_figures_compare_sums_and_single_debtors():
    values = MoneyMetrics(np.array([10.0, 30.0]), np.array([20.0, 20.0])).values(np.ones(2))
    ratio, absolute_error, _ = values
    assert ratio == pytest.approx(1.0)
    assert absolute_error == pytest.approx(0.5)


def test_figures_without_any_recovered_money_are_missing_not_wrong():
    assert np.isnan(MoneyMetrics(np.ones(3), np.zeros(3)).values(np.ones(3))).all()
