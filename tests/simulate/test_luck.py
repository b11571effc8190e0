import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from duewise.simulate.luck import Luck

INDEX = np.arange(20_000)


def test_numbers_are_uniform_over_debtors_and_over_days():
    luck = Luck(1, INDEX)
    assert kstest(luck.uniform("pays", 20_000), "uniform").pvalue > 1e-3
    one = Luck(1, np.zeros(20_000, dtype=np.int64))
    assert kstest(one.uniform("pays", INDEX), "uniform").pvalue > 1e-3


def test_purposes_days_seeds_and_futures_are_unrelated():
    luck = Luck(1, INDEX)
    columns = [
        luck.uniform("pays", 1),
        luck.uniform("pays", 2),
        luck.uniform("contacted", 1),
        Luck(2, INDEX).uniform("pays", 1),
        luck.imagine(INDEX, np.zeros_like(INDEX)).uniform("pays", 1),
        luck.imagine(INDEX, np.ones_like(INDEX)).uniform("pays", 1),
    ]
    off_diagonal = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(off_diagonal).max() < 4.5 / np.sqrt(len(INDEX))


@given(
    seed=st.integers(0, 2**31),
    rows=st.lists(st.integers(0, 199), min_size=1, max_size=20),
    day=st.integers(15_000, 25_000),
)
def test_a_number_depends_only_on_seed_debtor_purpose_and_day(seed, rows, day):
    chosen = np.array(rows)
    whole = Luck(seed, np.arange(200)).uniform("pays", day)[chosen]
    alone = Luck(seed, chosen).uniform("pays", day)
    picked = Luck(seed, np.arange(200)).uniform("pays", np.full(len(chosen), day), chosen)
    np.testing.assert_array_equal(whole, alone)
    np.testing.assert_array_equal(whole, picked)
