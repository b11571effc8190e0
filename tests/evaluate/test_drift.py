"""Drift raises an alarm where there is one, and stays silent in seasons and noise."""

import doctest

import numpy as np
import pandas as pd
import pytest

from duewise.evaluate import drift
from duewise.evaluate.drift import drift_of, learn_reference, read_reference
from duewise.models.encoding import Encoding
from training_panels import CATALOGUE, debtor_dates


@pytest.fixture(scope="module")
def learned():
    frame = debtor_dates(debtors=900, nights=8)
    encoding = Encoding.learn(frame, CATALOGUE)
    content = learn_reference(encoding, encoding.matrix(frame), frame["as_of"].to_numpy())
    return encoding, read_reference(content)


def tonight(seed=5):
    frame = debtor_dates(debtors=900, nights=1, seed=seed)
    return frame.reset_index(drop=True)


def statuses(learned, frame):
    encoding, reference = learned
    return {found.feature: found.status for found in drift_of(reference, encoding, encoding.matrix(frame))}


def test_the_examples_run():
    assert doctest.testmod(drift).failed == 0


def test_other_debtors_of_the_same_kind_raise_no_alarm(learned):
    for seed in range(10, 20):
        assert set(statuses(learned, tonight(seed)).values()) == {"stable"}


def test_a_small_night_of_the_same_kind_raises_no_alarm(learned):
    for seed in range(10):
        sample = tonight(seed).sample(40, random_state=seed)
        assert set(statuses(learned, sample).values()) == {"stable"}


@pytest.mark.parametrize(
    ("feature", "change"),
    [
        ("days_past_due", lambda column: column + 60.0),
        ("kept_ratio", lambda column: column.mask(np.arange(len(column)) % 3 > 0)),
        ("product", lambda column: column.where(np.arange(len(column)) % 10 == 0, "card")),
    ],
)
def test_a_drifted_feature_alarms_and_comes_first(learned, feature, change):
    frame = tonight()
    frame[feature] = change(frame[feature])
    encoding, reference = learned
    found = drift_of(reference, encoding, encoding.matrix(frame))
    assert found[0].feature == feature
    assert found[0].status == "alarm"
    assert {other.status for other in found[1:]} == {"stable"}


def test_a_category_that_training_never_saw_is_drift(learned):
    frame = tonight()
    frame["product"] = pd.Categorical(["telecom"] * len(frame))
    assert statuses(learned, frame)["product"] == "alarm"


def test_what_all_debtors_of_a_night_share_is_left_out():
    frame = debtor_dates(debtors=200, nights=4)
    frame["noise"] = frame["as_of"].dt.day.astype(float)
    encoding = Encoding.learn(frame, CATALOGUE)
    content = learn_reference(encoding, encoding.matrix(frame), frame["as_of"].to_numpy())
    assert "noise" not in {reference.name for reference in read_reference(content)}


def test_a_season_that_training_has_seen_raises_no_alarm():
    frame = debtor_dates(debtors=900, nights=8)
    winter = (frame["as_of"] >= frame["as_of"].unique()[6]).to_numpy()
    frame.loc[winter, "noise"] += 2.0
    encoding = Encoding.learn(frame, CATALOGUE)
    content = learn_reference(encoding, encoding.matrix(frame), frame["as_of"].to_numpy())
    later = tonight()
    later["noise"] += 2.0
    found = {d.feature: d for d in drift_of(read_reference(content), encoding, encoding.matrix(later))}
    assert found["noise"].psi > 0.25
    assert found["noise"].psi < 1.3 * found["noise"].limit
