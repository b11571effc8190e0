from dataclasses import replace

import numpy as np
import pytest

from duewise.evaluate.judgement import JudgedRows, judge_probabilities
from duewise.evaluate.leak_check import permuted_label_auc
from duewise.models.baselines import BASELINES
from duewise.models.repayment import fit_repayment
from training_panels import debtor_dates, horizon_rows


@pytest.fixture(scope="module")
def rows():
    return horizon_rows(debtor_dates())


@pytest.fixture(scope="module")
def fitted(rows):
    return fit_repayment(rows, threads=1, seed=0)


@pytest.fixture(scope="module")
def judgement(rows, fitted):
    forecasts = {"trees": fitted[1], **{name: judged(rows) for name, judged in BASELINES.items()}}
    index = np.flatnonzero(np.isfinite(fitted[1]))
    return judge_probabilities({k: v[index] for k, v in forecasts.items()}, JudgedRows.of(rows, index))


def test_trees_beat_both_baselines_where_the_truth_is_no_line(judgement):
    for baseline in BASELINES:
        assert judgement.gains[baseline]["auc"].low > 0.0


def test_forecasts_on_later_nights_are_calibrated(judgement):
    assert judgement.figures["trees"]["ece"].low <= 0.02


def test_every_debtor_is_judged_on_the_judged_nights_and_nowhere_else(rows, fitted):
    assert (np.isfinite(fitted[1]) == rows.panel.judge).all()


def test_more_days_past_due_never_raise_the_chance(rows, fitted):
    model, _ = fitted
    matrix = np.repeat(rows.matrix[:50], 5, axis=0)
    matrix[:, rows.encoding.names.index("days_past_due")] = np.tile([5, 40, 90, 150, 220], 50)
    chance = model.probability(model.margin(matrix)).reshape(50, 5)
    assert (np.diff(chance, axis=1) <= 1e-12).all()


def test_a_second_fit_gives_the_same_trees(rows, fitted):
    again, judged = fit_repayment(rows, threads=1, seed=0)
    assert again.booster.model_to_string() == fitted[0].booster.model_to_string()
    assert again.calibrator == fitted[0].calibrator
    np.testing.assert_array_equal(judged, fitted[1])


def test_labels_that_mean_nothing_are_not_forecast():
    rows = horizon_rows(debtor_dates(debtors=2_000, nights=6))
    # Of five permutations, each with a standard error of 0.015 (2,000 debtors, a quarter positive).
    assert abs(permuted_label_auc(rows, threads=1, seed=0) - 0.5) < 0.03


def test_the_leak_check_itself_sees_a_debtor_who_is_both_taught_and_judged():
    rows = horizon_rows(debtor_dates(debtors=400, nights=6))
    identity = np.column_stack([rows.matrix, rows.panel.debtor.astype(np.float32)])
    # The same rotations over rows instead of debtors: everyone taught is judged as well.
    leaking = replace(
        rows,
        matrix=identity.astype(np.float32),
        encoding=replace(rows.encoding, features=(*rows.encoding.features, rows.encoding.features[-1])),
        panel=replace(
            rows.panel,
            rotations=tuple(
                replace(r, fit=np.flatnonzero(np.isin(np.arange(len(rows.repaid)) % 2, [0])))
                for r in rows.panel.rotations
            ),
        ),
    )
    assert permuted_label_auc(leaking, threads=1, seed=0, runs=1) > 0.6


@pytest.mark.parametrize("nights", [1, 2, 3])
def test_few_nights_still_make_a_model(nights):
    rows = horizon_rows(debtor_dates(debtors=400, nights=nights))
    model, judged = fit_repayment(rows, threads=1, seed=0)
    assert np.isfinite(judged[rows.panel.judge]).all()
    assert 0.0 < model.probability(model.margin(rows.matrix)).mean() < 1.0


def test_a_single_positive_outcome_is_enough_not_to_fail():
    rows = horizon_rows(debtor_dates(debtors=250, nights=4))
    lonely = np.zeros_like(rows.repaid)
    lonely[3] = 1.0
    model, _ = fit_repayment(replace(rows, repaid=lonely), threads=1, seed=0)
    chance = model.probability(model.margin(rows.matrix))
    assert chance.max() < 0.5
