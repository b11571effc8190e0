"""Cells of the experiment compared by what came in."""

import numpy as np

from duewise.evaluate.uplift import compare_cells


def periods(seed, effect, debtors=400, periods=3):
    """Return money, cell and debtor; a debtor keeps means of their own and draws a cell each period."""
    rng = np.random.default_rng(seed)
    debtor = np.tile(np.arange(debtors), periods)
    means = rng.gamma(1.0, 100.0, debtors)
    cell = np.where(rng.random(len(debtor)) < 0.3, "control", "policy")
    money = means[debtor] * rng.random(len(debtor)) + effect * (cell == "policy")
    return money, cell, debtor.astype(str)


def test_the_interval_covers_the_planted_difference():
    covered = 0
    for seed in range(200):
        difference = compare_cells(*periods(seed, 25.0), "policy", "control").difference
        covered += difference.low <= 25.0 <= difference.high
    assert covered >= 180  # of 200 at 95%: a correct interval falls lower about once in a thousand


def test_the_order_of_the_cells_is_the_sign():
    found = compare_cells(*periods(0, 200.0), "control", "policy")
    assert found.difference.high < 0.0
    assert found.recovered < found.recovered_against


def test_repeating_every_decision_narrows_nothing():
    money, cell, debtor = periods(1, 0.0)
    once = compare_cells(money, cell, debtor, "policy", "control").difference
    twice = compare_cells(
        np.tile(money, 2), np.tile(cell, 2), np.tile(debtor, 2), "policy", "control"
    ).difference
    assert np.isclose(once.high - once.low, twice.high - twice.low)


def test_few_debtors_are_too_early_to_tell():
    money, cell, debtor = periods(2, 0.0, debtors=20)
    assert compare_cells(money, cell, debtor, "policy", "control") is None
