import numpy as np
import pytest

from duewise.evaluate.bootstrap import Estimate, bootstrap, inflated_estimate, percentile_estimate


def test_the_interval_of_a_mean_knows_that_rows_of_a_debtor_repeat_each_other():
    rng = np.random.default_rng(0)
    values = rng.normal(size=200)
    repeated, debtor = np.repeat(values, 25), np.repeat(np.arange(200), 25)

    def mean(weight):
        return np.array([weight @ repeated / weight.sum()])

    point, drawn = bootstrap(mean, debtor, draws=400)
    # Standard error of a mean of 200 independent values, not of 5,000; 400 draws know it within 10%.
    assert drawn.std() == pytest.approx(values.std() / np.sqrt(200), rel=0.15)
    assert point[0] == pytest.approx(values.mean())


def test_equal_seeds_give_equal_draws():
    debtor = np.arange(30)
    draws = [bootstrap(lambda w: np.array([w[0]]), debtor, draws=20, seed=4)[1] for _ in range(2)]
    assert (draws[0] == draws[1]).all()


def test_the_interval_of_an_inflated_figure_starts_at_zero_and_holds_the_point():
    estimate = inflated_estimate(0.01, np.linspace(0.012, 0.05, 101))
    assert estimate.low == 0.0
    assert estimate.value < estimate.high == pytest.approx(0.049, abs=0.001)


def test_an_interval_excludes_zero_on_either_side():
    assert Estimate(0.2, 0.1, 0.3).excludes_zero
    assert Estimate(-0.2, -0.3, -0.1).excludes_zero
    assert not Estimate(0.2, -0.1, 0.3).excludes_zero


def test_figures_that_no_draw_can_tell_have_no_interval():
    estimate = percentile_estimate(np.nan, np.full(10, np.nan))
    assert np.isnan([estimate.low, estimate.high]).all()
