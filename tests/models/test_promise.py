import numpy as np
import pandas as pd
import pytest

from attempt_panels import promises
from duewise.models.promise import Promise
from duewise.models.promise_fitting import fit_promise


def log_loss(chance, kept):
    return -np.mean(np.log(np.where(kept > 0, chance, 1 - chance)))


@pytest.fixture(scope="module")
def past():
    return promises(signal=2.0)


@pytest.fixture(scope="module")
def fitted(past):
    return fit_promise(past, seed=1)


def test_amount_and_history_beat_the_ratio_alone(fitted):
    model, judged = fitted
    assert model.kind != "ratio"
    assert log_loss(judged.probability, judged.kept) < log_loss(judged.rate, judged.kept) - 0.02


def test_forecasts_follow_the_planted_chance(past, fitted):
    chance = fitted[0].predict(past)
    # Willingness shows only in the few promises that came due before.
    assert np.corrcoef(chance, past["chance"])[0, 1] > 0.6
    late = (past["as_of"] >= "2024-06-01").to_numpy()
    assert chance[late].mean() == pytest.approx(past["kept"][late].mean(), abs=0.02)


def test_without_signal_the_shrunk_ratio_is_hardly_lost():
    past = promises(signal=0.0, seed=5)
    model, judged = fit_promise(past, seed=1)
    base = log_loss(np.full(len(judged.kept), past["kept"].mean()), judged.kept)
    assert log_loss(judged.probability, judged.kept) < base + 0.01
    assert np.std(model.predict(past)) < 0.06


@pytest.mark.parametrize("rows", [1, 2, 30, 80])
def test_few_promises_give_a_careful_rate(rows):
    past = promises(seed=3).head(rows)
    model, judged = fit_promise(past)
    assert model.kind == "ratio"
    assert judged is None
    chance = model.predict(past)
    assert ((chance > 0.02) & (chance < 0.98)).all()


def test_no_promise_at_all_gives_no_model():
    assert fit_promise(pd.DataFrame()) == (None, None)


def test_one_outcome_only_is_no_certainty():
    past = promises(seed=3).head(200).assign(kept=0.0)
    chance = fit_promise(past)[0].predict(past)
    assert ((chance > 0) & (chance < 0.05)).all()


def test_expected_cash_adds_up_and_its_interval_covers():
    past = promises(seed=7)
    teach, later = past[past["as_of"] < "2024-06-25"], past[past["as_of"] >= "2024-06-25"]
    model, _ = fit_promise(teach, seed=1)
    covered = 0
    groups = [later.iloc[i::20] for i in range(20)]
    for group in groups:
        cash = model.expected_cash(group)
        assert cash.total == pytest.approx(cash.expected.sum())
        assert 0 <= cash.low <= cash.high <= group["remaining"].sum()
        covered += cash.low <= (group["remaining"] * group["came_share"]).sum() <= cash.high
    assert covered >= 14  # of 20 at 90%: fewer than once in four hundred


def test_a_promise_without_an_amount_has_a_chance_and_no_cash(past, fitted):
    some = past.head(5).copy()
    some.loc[some.index[:2], ["remaining", "amount_to_balance", "amount_to_income", "paid_share"]] = np.nan
    cash = fitted[0].expected_cash(some)
    assert np.isfinite(fitted[0].predict(some)).all()
    assert np.isnan(cash.expected[:2]).all()
    assert cash.total == pytest.approx(cash.expected[2:].sum())
    nothing = fitted[0].expected_cash(some.head(0))
    assert (nothing.total, nothing.low, nothing.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("rows", [80, 3_000])
def test_a_saved_model_says_the_same(past, rows, tmp_path):
    model, _ = fit_promise(past.head(rows), seed=1)
    model.save(tmp_path)
    np.testing.assert_allclose(Promise.load(tmp_path).predict(past), model.predict(past), rtol=1e-12)
