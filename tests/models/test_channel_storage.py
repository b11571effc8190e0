from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from duewise.models.causal.later import LaterEffect
from duewise.models.causal.storage import load_channel_value, save_channel_value
from duewise.models.channel import ChannelValue
from duewise.models.channel_effects import ChannelEffects, matrix_of
from duewise.models.recovery_scale import fit_recovery_scale


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    n = 3_000
    frame = pd.DataFrame(
        {
            "owed": rng.gamma(2.0, 500.0, n),
            "answers": rng.normal(size=n),
            "bucket": pd.Categorical(rng.choice(["1-30", "31-60", "61-90"], n)),
        }
    )
    frame.loc[::17, "answers"] = np.nan
    action = np.array(["none", "sms", "call"])[rng.choice(3, n, p=[0.6, 0.2, 0.2])]
    share = np.clip(rng.random(n) * 0.2 + 0.1 * (action == "call") * (frame["answers"].fillna(0) > 0), 0, 1)
    balance = frame["owed"].to_numpy() + 100
    scale, scale_model = fit_recovery_scale(
        matrix_of(frame), share, balance, np.ones(n), np.arange(n), threads=1, seed=0
    )
    model = ChannelValue(n_folds=3).fit(frame, action, share * balance / scale, groups=np.arange(n))
    return model, frame, balance, scale_model


def test_what_was_written_predicts_the_same(fitted, tmp_path):
    model, frame, _, _ = fitted
    save_channel_value(model, tmp_path, "value")
    again = load_channel_value(tmp_path, "value")
    np.testing.assert_array_equal(again.effect(frame), model.effect(frame))
    for one, other in zip(again.interval(frame), model.interval(frame), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.support_report() == model.support_report()


def test_no_file_holds_anything_but_values(fitted, tmp_path):
    save_channel_value(fitted[0], tmp_path, "value")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["value.json", "value.npz"]
    with np.load(tmp_path / "value.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)


def test_effects_travel_with_what_speaks_against_them(fitted, tmp_path):
    model, frame, balance, scale = fitted
    effects = ChannelEffects(
        model,
        scale,
        None,
        paying=("call",),
        proven=True,
        doubts={"sms": ["a placebo moved"]},
        later={"call": LaterEffect(0.02, 0.03, 0.01)},
    )
    effects.save(tmp_path)
    again = ChannelEffects.load(tmp_path)
    assert (again.paying, again.proven, again.doubts) == (("call",), True, {"sms": ["a placebo moved"]})
    gains = again.gains(frame, balance, ("sms", "visit", "call"))
    assert gains.shape == (len(frame), 3)
    np.testing.assert_array_equal(gains, effects.gains(frame, balance, ("sms", "visit", "call")))
    assert np.isnan(gains[:, 1]).all()  # a visit was never learned
    assert (again.harms(frame, ("sms", "call")) == 0).all()
    early = ChannelEffects(model, scale, None, paying=("call",), proven=True)
    added = gains - early.gains(frame, balance, ("sms", "visit", "call"))
    assert (added[:, 0] == 0).all()
    assert (added[:, 2] > 0).all()
    lower, upper = again.intervals(frame, balance, ("call",))
    narrow = np.subtract(*early.intervals(frame, balance, ("call",))[::-1])
    assert (upper - lower > narrow).all()
    np.testing.assert_allclose((lower + upper)[:, 0] / 2, gains[:, 2])


def test_harm_borrows_and_is_never_negative(fitted, tmp_path):
    model, frame, _, scale = fitted
    alone = ChannelEffects(model, scale, model, paying=("call",), proven=True)
    borrowing = replace(alone, harm_borrowed={"call": 0.5, "sms": -9.0})
    borrowing.save(tmp_path)
    harms = ChannelEffects.load(tmp_path).harms(frame, ("sms", "call"))
    effect = model.effect(frame)[:, list(model.actions_).index("call")]
    np.testing.assert_allclose(harms[:, 1], np.maximum(effect + 0.5, 0.0))
    assert (harms[:, 0] == 0.0).all()
