"""What flips a choice: checked by making the change and deciding again."""

from dataclasses import replace

import numpy as np
import pytest

from duewise.policy.allocation import Constraint, allocate
from duewise.policy.flips import NO_LIMIT, smallest_flips

CALLS = Constraint("call", np.array([0.0, 1.0]), upper=2.0)


def night(values, limits, allowed=None):
    values = np.array(values, dtype=float)
    allowed = np.ones(values.shape, dtype=bool) if allowed is None else np.array(allowed)
    allocation = allocate(values, allowed, limits)
    return values, allowed, limits, allocation


def test_without_limits_the_distance_to_the_next_best_decides():
    """A text is worth 5 and a call 8: a call that costs 3 more is a text."""
    flips = smallest_flips(*night([[5.0, 8.0], [-4.0, -6.0]], []))
    assert flips.alternative.tolist() == [1, 1]
    assert flips.cost == pytest.approx([3.0, -4.0])
    assert flips.limit.tolist() == [NO_LIMIT, NO_LIMIT]
    assert np.isnan(flips.units).all()


def test_a_limit_takes_first_from_whom_it_changes_least_and_gives_to_the_next():
    """Calls add 9, 6, 4 and 1 over a text; two calls can be made."""
    values = [[5.0, 14.0], [5.0, 11.0], [5.0, 9.0], [5.0, 6.0]]
    flips = smallest_flips(*night(values, [CALLS]))
    assert flips.units.tolist() == [-2.0, -1.0, 1.0, 2.0]
    assert flips.then.tolist() == [1, 1, 2, 2]


def test_spare_capacity_has_to_go_first():
    flips = smallest_flips(*night([[5.0, 14.0]], [CALLS]))
    assert flips.units.tolist() == [-2.0]


def test_where_nothing_else_is_possible_nothing_flips():
    flips = smallest_flips(*night([[5.0, 14.0]], [CALLS], allowed=[[False, False]]))
    assert np.isnan(flips.cost).all()
    assert flips.limit.tolist() == [NO_LIMIT]


def test_each_region_has_its_own_queue():
    visits = Constraint("visit", np.array([1.0]), upper=np.array([1.0, 1.0]), groups=np.array([0, 0, 1, 1]))
    flips = smallest_flips(*night([[9.0], [4.0], [7.0], [6.0]], [visits]))
    assert flips.units.tolist() == [-1.0, 1.0, -1.0, 1.0]


@pytest.mark.parametrize("seed", range(5))
def test_a_cost_that_moves_so_far_flips_the_choice_and_a_little_less_does_not(seed):
    values, allowed, limits, allocation = night(np.random.default_rng(seed).normal(size=(30, 3)), [])
    flips = smallest_flips(values, allowed, limits, allocation)
    for row, chosen in enumerate(allocation.choice):
        column = (chosen or flips.alternative[row]) - 1
        for factor, then in ((1 + 1e-6, flips.alternative[row]), (1 - 1e-6, chosen)):
            changed = values.copy()
            changed[row, column] -= factor * flips.cost[row]
            assert allocate(changed, allowed, limits).choice[row] == then


@pytest.mark.parametrize("seed", range(5))
def test_a_limit_that_changes_so_far_flips_the_choice_and_one_unit_less_does_not(seed):
    rng = np.random.default_rng(seed)
    calls = replace(CALLS, upper=float(rng.integers(2, 12)))
    values, allowed, limits, allocation = night(rng.gamma(1.0, 10.0, (40, 2)) - 3.0, [calls])
    flips = smallest_flips(values, allowed, limits, allocation)
    assert (flips.limit != NO_LIMIT).any()
    for row in np.flatnonzero(flips.limit != NO_LIMIT):
        room = calls.upper + flips.units[row]
        assert allocate(values, allowed, [replace(CALLS, upper=room)]).choice[row] == flips.then[row]
        nearly = replace(CALLS, upper=room - np.sign(flips.units[row]))
        assert allocate(values, allowed, [nearly]).choice[row] == allocation.choice[row]
