import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duewise.models.causal.dr_scores import Estimate
from duewise.models.causal.partial_pooling import partial_pooling

estimates = st.lists(
    st.tuples(st.floats(-1, 1), st.floats(0.01, 1)).map(lambda pair: Estimate(*pair)), min_size=3, max_size=9
)


@given(estimates)
def test_every_action_moves_towards_the_others_and_never_past_them(found):
    pooled = partial_pooling(dict(enumerate(found, start=1)))
    values = [one.value for one in found]
    for one in pooled.values():
        assert min(values) - 1e-9 <= one.value <= max(values) + 1e-9
        assert one.standard_error > 0


def test_actions_that_differ_by_noise_share_one_figure():
    noise = np.random.default_rng(0).normal(0.02, 0.01, 8)
    pooled = partial_pooling({arm: Estimate(float(m), 0.01) for arm, m in enumerate(noise, start=1)})
    spread = np.std([one.value for one in pooled.values()])
    assert spread < 0.4 * noise.std()
    assert all(one.standard_error < 0.01 for one in pooled.values())


def test_an_action_that_truly_differs_keeps_its_own_figure():
    found = {1: Estimate(0.2, 0.01), 2: Estimate(-0.3, 0.01), 3: Estimate(0.0, 0.01), 4: Estimate(0.1, 0.01)}
    for arm, one in partial_pooling(found).items():
        assert one.value == pytest.approx(found[arm].value, abs=0.002)


def test_a_thin_action_borrows_most():
    found = {1: Estimate(0.02, 0.002), 2: Estimate(0.021, 0.002), 3: Estimate(-0.3, 0.3)}
    pooled = partial_pooling(found)
    assert pooled[3].value == pytest.approx(0.02, abs=0.005)
    assert pooled[3].standard_error < 0.1


def test_where_dearer_actions_do_more_a_thin_one_borrows_from_its_like():
    found = {arm: Estimate(0.002 * arm, 0.0005) for arm in range(1, 7)}
    found[7] = Estimate(0.0, 0.05)
    cost = {arm: float(arm) for arm in found}
    dear = partial_pooling(found, cost)[7].value
    cheap = partial_pooling(found, {**cost, 7: 0.5})[7].value
    assert dear > 0.009
    assert cheap < 0.005


def test_costs_say_nothing_against_clear_figures():
    found = {arm: Estimate(0.01 * (5 - arm), 0.0005) for arm in range(1, 5)}
    pooled = partial_pooling(found, {arm: float(arm) for arm in found})
    for arm, one in pooled.items():
        assert one.value == pytest.approx(found[arm].value, abs=0.001)


@given(estimates, st.floats(0.1, 10))
def test_the_unit_of_the_estimates_does_not_matter(found, unit):
    cost = {arm: float(arm % 4) for arm in range(1, len(found) + 1)}
    one = partial_pooling(dict(enumerate(found, start=1)), cost)
    scaled = [Estimate(unit * e.value, unit * e.standard_error) for e in found]
    other = partial_pooling(dict(enumerate(scaled, start=1)), cost)
    for arm, estimate in one.items():
        assert other[arm].value == pytest.approx(unit * estimate.value, abs=1e-9 * unit)


def test_two_actions_cannot_tell_a_spread_from_noise():
    found = {1: Estimate(0.2, 0.1), 2: Estimate(-0.2, 0.1)}
    assert partial_pooling(found) == found
