"""The debtor named for one more unit is the one who gets it."""

from dataclasses import replace

import numpy as np

from duewise.policy.allocation import Constraint, allocate
from duewise.policy.next_in_line import next_in_line

CALLS = Constraint("calls", uses=[0.0, 1.0], upper=1.0)
VALUES = np.array([[1.0, 9.0], [2.0, 8.0], [3.0, 5.0]])
ALLOWED = np.ones((3, 2), dtype=bool)


def test_one_more_call_goes_to_whom_the_allocation_then_gives_it():
    before = allocate(VALUES, ALLOWED, [CALLS])
    (found,) = next_in_line(VALUES, ALLOWED, [CALLS], before)
    after = allocate(VALUES, ALLOWED, [replace(CALLS, upper=2.0)])
    changed = np.flatnonzero(after.choice != before.choice)
    assert changed.tolist() == [found.row]
    assert (found.action, found.instead_of) == (after.choice[found.row], before.choice[found.row])
    assert found.worth == after.value - before.value == 6.0


def test_whoever_may_not_be_called_is_not_next():
    allowed = ALLOWED.copy()
    allowed[1, 1] = False
    (found,) = next_in_line(VALUES, allowed, [CALLS], allocate(VALUES, allowed, [CALLS]))
    assert found.row == 2


def test_a_limit_that_does_not_bind_waits_for_nobody():
    roomy = replace(CALLS, upper=9.0)
    assert next_in_line(VALUES, ALLOWED, [roomy], allocate(VALUES, ALLOWED, [roomy])) == []


def test_a_limit_per_region_is_worth_more_where_its_price_is_higher():
    regional = Constraint("visits", uses=[0.0, 1.0], upper=np.array([1.0, 1.0]), groups=np.array([0, 0, 1]))
    (found,) = next_in_line(VALUES, ALLOWED, [regional], allocate(VALUES, ALLOWED, [regional]))
    assert found.row == 1
