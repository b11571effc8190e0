import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duewise.models.splits import BUCKETS, arrange, debtor_buckets, time_roles


def nights(n):
    return pd.date_range("2024-01-01", periods=n, freq="14D").to_numpy()


@given(st.integers(4, 60))
def test_with_four_nights_or_more_every_role_is_later_than_the_one_before(n):
    roles = time_roles(nights(n))
    assert roles.apart
    assert sum(map(len, (roles.fit, roles.stop, roles.calibrate, roles.judge))) == n


@pytest.mark.parametrize("n", [1, 2, 3])
def test_with_fewer_nights_the_latest_still_judges_and_no_role_is_empty(n):
    roles = time_roles(nights(n))
    assert not roles.apart
    assert roles.judge[-1] == nights(n)[-1]
    assert all(map(len, (roles.fit, roles.stop, roles.calibrate, roles.judge)))


@given(st.integers(1, 12), st.integers(0, 5))
def test_nobody_who_taught_or_stopped_a_model_is_forecast_by_it(n_nights, seed):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {"debtor_id": rng.integers(0, 50, 400).astype(str), "as_of": rng.choice(nights(n_nights), 400)}
    )
    panel = arrange(rows["debtor_id"], rows["as_of"], seed)
    forecast = np.zeros(len(rows), dtype=int)
    for rotation in panel.rotations:
        debtors = [set(rows["debtor_id"].iloc[r]) for r in (rotation.fit, rotation.stop, rotation.forecast)]
        assert debtors[0].isdisjoint(debtors[1])
        assert (debtors[0] | debtors[1]).isdisjoint(debtors[2])
        if n_nights > 2:
            assert rows["as_of"].iloc[rotation.fit].max() < rows["as_of"].iloc[rotation.forecast].min()
        forecast[rotation.forecast] += 1
    assert (forecast[panel.judge] == 1).all()


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=30, unique=True), st.randoms())
def test_the_bucket_of_a_debtor_depends_on_nobody_else(ids, random):
    buckets = dict(zip(ids, debtor_buckets(ids, BUCKETS, 7), strict=True))
    shuffled = list(ids)
    random.shuffle(shuffled)
    assert dict(zip(shuffled, debtor_buckets(shuffled, BUCKETS, 7), strict=True)) == buckets


def test_another_seed_deals_the_debtors_otherwise():
    ids = [f"D{i}" for i in range(200)]
    assert (debtor_buckets(ids, BUCKETS, 1) != debtor_buckets(ids, BUCKETS, 2)).any()
    assert np.bincount(debtor_buckets(ids, BUCKETS, 1)).min() > 20
