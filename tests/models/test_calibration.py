import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from duewise.models.calibration import Calibrator, choose_calibrator, fit_isotonic, fit_line


def outcomes(log_odds, seed=0):
    return (np.random.default_rng(seed).random(len(log_odds)) < expit(log_odds)).astype(float)


def test_a_line_finds_the_level_and_slope_of_overconfident_margins():
    truth = np.random.default_rng(1).normal(-1.0, 1.0, 20_000)
    calibrated = fit_line(2.0 * truth + 1.0, outcomes(truth))(2.0 * truth + 1.0)
    assert np.abs(calibrated - expit(truth)).max() < 0.03


def test_weighted_by_balance_expected_money_equals_recovered_money():
    rng = np.random.default_rng(2)
    margin, balance = rng.normal(size=3_000), np.exp(rng.normal(8.0, 1.5, 3_000))
    share = np.clip(expit(margin - 1.0) + rng.normal(0.0, 0.2, 3_000), 0.0, 1.0)
    expected = fit_line(margin, share, balance)(margin) * balance
    assert expected.sum() == pytest.approx((share * balance).sum(), rel=1e-3)


def test_a_handful_of_rows_hardly_moves_the_slope():
    calibrator = fit_line(np.array([-1.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0]))
    x, y = calibrator.margins, calibrator.log_odds
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(1.0, abs=0.2)


def test_isotonic_follows_a_bend_that_no_line_can():
    margin = np.random.default_rng(3).uniform(-3.0, 3.0, 20_000)
    truth = np.where(margin < 0.0, -2.0, 1.0)
    target = outcomes(truth)
    debtor = np.arange(len(margin))
    chosen = choose_calibrator(margin, target, debtor)
    assert chosen.kind == "isotonic"
    assert np.abs(chosen(margin) - expit(truth)).mean() < 0.03


def test_a_straight_truth_or_few_events_choose_the_line():
    margin = np.random.default_rng(4).normal(-1.0, 1.0, 4_000)
    debtor = np.arange(len(margin))
    assert choose_calibrator(margin, outcomes(margin), debtor).kind == "line"
    assert choose_calibrator(margin[:300], outcomes(margin[:300]), debtor[:300]).kind == "line"


@given(st.integers(0, 1_000), st.sampled_from([fit_line, fit_isotonic]))
def test_no_calibrator_changes_a_ranking_or_gives_certainty(seed, fit):
    rng = np.random.default_rng(seed)
    margin = np.round(rng.normal(size=60), 1)
    target = (rng.random(60) < rng.random()).astype(float)
    grid = np.linspace(-4.0, 4.0, 81)
    probability = fit(margin, target)(grid)
    assert (np.diff(probability) >= -1e-12).all()
    assert (probability > 0.0).all()
    assert (probability < 1.0).all()


def test_a_calibrator_survives_being_written_as_text():
    margin = np.random.default_rng(5).normal(size=500)
    for fit in (fit_line, fit_isotonic):
        calibrator = fit(margin, outcomes(margin))
        assert Calibrator.from_json(calibrator.to_json()) == calibrator
