from dataclasses import replace

import numpy as np
import pytest

from duewise.evaluate.judgement import JudgedRows, judge_money
from duewise.models.amount import fit_amount
from training_panels import debtor_dates, horizon_rows


@pytest.fixture(scope="module")
def rows():
    return horizon_rows(debtor_dates(debtors=1_000))


@pytest.fixture(scope="module")
def fitted(rows):
    return fit_amount(rows, threads=1, seed=0)


def test_expected_money_on_later_nights_adds_up_to_recovered_money(rows, fitted):
    index = np.flatnonzero(np.isfinite(fitted[1]))
    judged = JudgedRows.of(rows, index)
    ratio = judge_money(fitted[1][index] * judged.balance, judged)["total_ratio"]
    assert ratio.low < 1.0 < ratio.high
    assert ratio.value == pytest.approx(1.0, abs=0.15)


def test_a_share_is_a_share(rows, fitted):
    share = fitted[0].share(rows.matrix)
    assert (share >= 0.0).all()
    assert (share <= 1.0).all()


def test_a_hurdle_wins_where_payers_and_shares_follow_different_features():
    frame = debtor_dates(debtors=1_500, nights=8)
    # Who pays follows DPD, how much they pay follows the kept ratio, all or almost nothing.
    pays = np.random.default_rng(0).random(len(frame)) < np.where(frame["dpd"] < 60, 0.6, 0.05)
    share = np.where(pays, np.where(frame["mood"] > 0, 0.95, 0.05), 0.0)
    model, judged = fit_amount(horizon_rows(frame.assign(share=share)), threads=1, seed=0)
    index = np.isfinite(judged)
    assert np.corrcoef(judged[index], share[index])[0, 1] > 0.5
    assert model.shape in ("fractional", "hurdle")


def test_with_hardly_any_payer_the_simpler_shape_is_taken(rows):
    share = np.zeros_like(rows.share)
    share[:20] = 0.5
    assert fit_amount(replace(rows, share=share), threads=1, seed=0)[0].shape == "fractional"
