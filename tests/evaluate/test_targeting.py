"""Curves of targeting: what an order of priority finds under a budget."""

import doctest

import numpy as np
import pytest

from duewise.evaluate import targeting
from duewise.evaluate.targeting import targeting_curve


def people(seed, n=3_000):
    rng = np.random.default_rng(seed)
    effect = rng.exponential(1.0, n)
    return effect, effect + rng.normal(0.0, 3.0, n), rng


def test_the_example_runs():
    assert doctest.testmod(targeting).failed == 0


def test_a_good_order_beats_chance_and_a_reversed_one_loses_as_much():
    effect, score, _ = people(0)
    ones, debtor = np.ones(len(effect)), np.arange(len(effect))
    good = targeting_curve(score, effect, ones, debtor)
    bad = targeting_curve(score, -effect, ones, debtor)
    assert good.area.low > 0.0
    assert good.autoc.low > 0.0
    assert bad.area.value == pytest.approx(-good.area.value, abs=1e-9)


def test_the_area_of_a_known_order_is_covered():
    # For effects drawn from Exp(1) in their own order, G(q) = q (1 - log q), so the area is 1/4.
    covered = 0
    for seed in range(40):
        effect, score, _ = people(seed)
        area = targeting_curve(score, effect, np.ones(len(effect)), np.arange(len(effect)), draws=100).area
        covered += area.low <= 0.25 <= area.high
    assert (
        covered >= 33
    )  # of 40 at 95%: a correct interval falls lower about once in a thousand sets of seeds


def test_an_order_that_knows_nothing_is_not_mistaken_for_one_that_does():
    false_alarms = 0
    for seed in range(40):
        effect, score, rng = people(seed)
        noise = rng.random(len(effect))
        area = targeting_curve(score, noise, np.ones(len(effect)), np.arange(len(effect)), draws=100).area
        false_alarms += area.excludes_zero
    assert false_alarms <= 7


def test_equal_priorities_share_the_budget_evenly():
    _, score, _ = people(1)
    curve = targeting_curve(score, np.zeros(len(score)), np.ones(len(score)), np.arange(len(score)))
    assert curve.area.value == pytest.approx(0.0, abs=1e-12)


def test_a_budget_buys_cheap_gains_first():
    gain, cost = np.tile([3.0, 2.0], 200), np.tile([3.0, 1.0], 200)
    debtor = np.arange(400)
    by_money = targeting_curve(gain, gain, cost, debtor)
    by_return = targeting_curve(gain, gain / cost, cost, debtor)
    assert by_return.area.value > 0.0 > by_money.area.value


def test_what_costs_nothing_is_refused():
    with pytest.raises(ValueError, match="positive"):
        targeting_curve(np.ones(3), np.ones(3), np.zeros(3), np.arange(3))
