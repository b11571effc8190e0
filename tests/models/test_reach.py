import time

import numpy as np
import pandas as pd
import pytest

from attempt_panels import attempts
from duewise.models.reach import Reach
from duewise.models.reach_fitting import fit_reach


def log_loss(chance, outcome):
    return -np.mean(np.log(np.where(outcome > 0, chance, 1 - chance)))


@pytest.fixture(scope="module")
def panel():
    return attempts()


@pytest.fixture(scope="module")
def fitted(panel):
    return fit_reach(panel)


def test_the_record_takes_most_of_what_can_be_known_beyond_the_hour(panel, fitted):
    judged = fitted[1]["call"]
    truth = panel["chance"].to_numpy()[-len(judged.reached) :]
    hour, record, best = (log_loss(p, judged.reached) for p in (judged.hour, judged.record, truth))
    assert judged.kept
    # Debtors were tried about a dozen times: the truth itself is out of reach, half of the way is not.
    assert hour - record > 0.5 * (hour - best)


def test_forecasts_are_calibrated(fitted):
    judged = fitted[1]["call"]
    for low, high in ((0.0, 0.2), (0.2, 0.4), (0.4, 1.0)):
        inside = (judged.record >= low) & (judged.record < high)
        error = judged.reached[inside].mean() - judged.record[inside].mean()
        assert abs(error) < 4 * np.sqrt(0.25 / inside.sum())


def test_hours_follow_the_way_a_debtor_earns_a_living(panel, fitted):
    tonight = panel.drop_duplicates("debtor_id", keep="last")
    chance = fitted[0].predict(tonight, "call", weekday=2)
    retired = (tonight["employment"] == "retired").to_numpy()
    evening, noon = chance[:, 18:20].mean(axis=1), chance[:, 12:14].mean(axis=1)
    assert (evening > noon)[~retired].all()
    assert (evening < noon)[retired].all()


def test_where_debtors_do_not_differ_the_rate_of_the_hour_stays():
    panel = attempts(spread=0.0, seed=2).assign(employment="unknown")
    reach, judged = fit_reach(panel)
    assert not judged["call"].kept
    chance = reach.predict(panel.head(50), "call", weekday=0)
    assert (chance == chance[0]).all()


def test_the_future_does_not_teach_the_forecasts_that_are_judged(panel):
    changed = panel.copy()
    latest = panel.index[-len(fit_reach(panel)[1]["call"].reached) :]
    changed.loc[latest, "reached"] = 1 - changed.loc[latest, "reached"]
    before, after = fit_reach(panel)[1]["call"], fit_reach(changed)[1]["call"]
    np.testing.assert_array_equal(before.record, after.record)


def test_a_channel_with_few_attempts_is_left_out(panel):
    few = pd.concat([panel, panel.head(30).assign(channel="visit")])
    assert list(fit_reach(few)[0].channels) == ["call"]
    assert fit_reach(panel.head(0))[0].channels == {}


def test_hours_are_compared_only_where_several_were_tried(panel):
    reach, _ = fit_reach(panel)
    assert reach.compares("call")
    assert np.flatnonzero(reach.tried("call")).tolist() == list(range(9, 20))
    # A system that keeps no times of day puts every call at midnight UTC.
    assert not fit_reach(panel.assign(hour=8))[0].compares("call")


def test_a_saved_model_says_the_same(panel, fitted, tmp_path):
    fitted[0].save(tmp_path)
    loaded = Reach.load(tmp_path)
    tonight = panel.tail(100)
    np.testing.assert_array_equal(loaded.predict(tonight, "call", 1), fitted[0].predict(tonight, "call", 1))


def test_debtors_the_model_never_met_have_a_chance(panel, fitted):
    stranger = panel.tail(1).assign(product="tax", bucket="361+", employment="student")
    assert np.isfinite(fitted[0].predict(stranger, "call", 6)).all()


@pytest.mark.slow
def test_a_million_debtors_take_seconds(panel, fitted):
    many = pd.concat([panel] * (1_000_000 // len(panel) + 1), ignore_index=True).head(1_000_000)
    start = time.perf_counter()
    assert fitted[0].predict(many, "call", 1).shape == (1_000_000, 24)
    assert time.perf_counter() - start < 30
