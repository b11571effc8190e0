import numpy as np
import pytest

from duewise.models.shrinkage import STRONGEST, WEAKEST, prior_strength, shrunk


@pytest.mark.parametrize("strength", [2.0, 8.0, 40.0])
def test_the_strength_that_made_the_counts_is_found_again(strength):
    rng = np.random.default_rng(3)
    rate = rng.beta(0.3 * strength, 0.7 * strength, 4_000)
    trials = rng.integers(0, 30, 4_000)
    found = prior_strength(rng.binomial(trials, rate), trials, 0.3)
    assert found == pytest.approx(strength, rel=0.2)


def test_units_that_do_not_differ_keep_the_mean():
    rng = np.random.default_rng(4)
    trials = np.full(2_000, 10)
    assert prior_strength(rng.binomial(trials, 0.3), trials, 0.3) > 200
    assert prior_strength(np.zeros(3), np.zeros(3), 0.3) == STRONGEST


def test_a_rate_lies_between_the_mean_and_what_was_seen():
    rates = shrunk(np.array([0, 5, 10]), np.array([0, 10, 10]), 0.2, 10.0)
    np.testing.assert_allclose(rates, [0.2, 0.35, 0.6])
    assert prior_strength(np.array([1, 0]), np.array([1, 1]), np.array([0.0, 1.0])) >= WEAKEST
