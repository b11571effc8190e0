"""A night's decision: the experiment draws, the allocation takes what is left, both within the limits."""

from itertools import product

import numpy as np
import pytest

from duewise.config import CellsSection
from duewise.contracts.vocabulary import Cell
from duewise.policy.allocation import Constraint
from duewise.policy.decide import MOST_SPENT, decide
from duewise.policy.values import ActionValues

NOTHING, SMS, CALL = 0, 1, 2
CELLS = np.array(
    [*[str(Cell.EXPLORE)] * 3, str(Cell.POLICY), str(Cell.POLICY), str(Cell.CONTROL)], dtype=object
)
IDS = [f"D{i}" for i in range(len(CELLS))]
EVERYTHING = np.ones((len(IDS), 2), dtype=bool)
TWO_CALLS = Constraint("call", np.array([0.0, 1.0]), upper=2.0)
"""Of which exploring half the limit leaves one to the experiment."""

TWO_CALLS_PER_REGION = Constraint(
    "call", np.array([0.0, 1.0]), upper=np.array([2.0, 2.0]), groups=np.array([0, 0, 1, 0, 1, 1])
)


def night(number: int, limits: list[Constraint], feasible=EVERYTHING):
    worth = np.full(feasible.shape, 1.0) + np.arange(len(IDS))[:, None]
    values = ActionValues(("sms", "call"), worth, worth, worth * 0, np.zeros(2), worth > 0, "test")
    settings = CellsSection(control=0.1, explore=0.5, seed=f"key {number}")
    return decide(IDS, values, feasible, limits, CELLS, settings, night=1)


@pytest.mark.parametrize(
    ("limits", "possible"),
    [
        ([TWO_CALLS], lambda drawn: drawn.count(CALL) <= 1),
        ([TWO_CALLS_PER_REGION], lambda drawn: drawn[:2].count(CALL) <= 1),
    ],
    ids=["one limit", "a limit per region"],
)
def test_the_logged_probabilities_multiply_to_that_of_the_whole_draw(limits, possible):
    """Capacity couples the explorers, so no marginal would do: a draw's weight must average to one.

    Whoever draws first differs from key to key, and with it the probability of the same draw; each possible
    draw is possible in every order.
    """
    nights = 1500
    weights = {drawn: np.zeros(nights) for drawn in product((NOTHING, SMS, CALL), repeat=3)}
    for number in range(nights):
        decided = night(number, limits)
        weights[tuple(decided.choice[:3].tolist())][number] = 1.0 / decided.propensity[:3].prod()
    for drawn, weight in weights.items():
        if not possible(drawn):
            assert not weight.any(), drawn
            continue
        standard_error = weight.std() / np.sqrt(nights)
        # Eighteen or more draws are looked at: beyond four and a half errors one in ten thousand would lie.
        assert abs(weight.mean() - 1.0) < 4.5 * standard_error, (drawn, weight.mean(), standard_error)


def test_a_share_below_one_action_opens_it_on_that_share_of_nights():
    """Half of one call: never none for ever, and never the team's only call every night."""
    nights = 1500
    one_call = Constraint("call", np.array([0.0, 1.0]), upper=1.0)
    first = np.zeros(nights)
    for number in range(nights):
        decided = night(number, [one_call])
        calls = decided.choice[:3] == CALL
        assert calls.sum() <= 1
        first[number] = (calls / decided.propensity[:3]).sum() / 3
    # Weighted by their probability, calls are as many as explorers to whom a call was possible: all of them
    # until the call is gone, on half of the nights.
    possible = 0.5 * (1 + 2 / 3 + (2 / 3) ** 2) / 3
    assert abs(first.mean() - possible) < 4.5 * first.std() / np.sqrt(nights)


def test_the_policy_takes_what_the_experiment_leaves_of_a_limit():
    for number in range(50):
        decided = night(number, [TWO_CALLS])
        calls = decided.choice == CALL
        assert calls.sum() == decided.used["call"] <= 2
        assert decided.limits[0].upper == 2 - calls[:3].sum()


def test_only_explorers_draw_and_the_control_cell_is_left_alone():
    decided = night(0, [TWO_CALLS])
    assert (decided.propensity[3:] == 1).all()
    assert decided.choice[5] == NOTHING
    assert (decided.choice[3:5] != NOTHING).all()


def test_nobody_draws_an_action_that_takes_more_than_there_is():
    three_minutes = Constraint("minutes", np.array([0.0, 6.0]), upper=3.0)
    assert not any((night(number, [three_minutes]).choice == CALL).any() for number in range(50))


def test_explorers_never_draw_what_is_not_permitted():
    feasible = EVERYTHING.copy()
    feasible[0] = False
    feasible[1, 0] = False
    for number in range(50):
        decided = night(number, [TWO_CALLS], feasible)
        assert decided.choice[0] == NOTHING
        assert decided.propensity[0] == 1
        assert decided.choice[1] != SMS


def test_the_experiment_spends_at_most_a_hundredth_of_what_a_full_night_costs():
    n = 400
    ids = [f"D{i:03}" for i in range(n)]
    cell = np.full(n, str(Cell.EXPLORE), dtype=object)
    cost = np.array([0.5, 40.0])
    worth = np.zeros((n, 2))
    values = ActionValues(("sms", "visit"), worth, worth, worth, cost, worth > 0, "test")
    limits = [
        Constraint("sms", np.array([1.0, 0.0]), upper=200.0),
        Constraint("visit", np.array([0.0, 1.0]), upper=50.0),
    ]
    full = 200 * 0.5 + 50 * 40.0
    spent = []
    for number in range(20):
        settings = CellsSection(control=0.0, explore=1.0, seed=f"key {number}")
        decided = decide(ids, values, np.ones((n, 2), dtype=bool), limits, cell, settings, night=1)
        spent.append(np.append(0.0, cost)[decided.choice].sum())
    assert max(spent) <= MOST_SPENT * full
    assert min(spent) > 0
