"""Laws of the allocation on generated portfolios, ties and impossible floors included."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from duewise.policy.allocation import Constraint, allocate

SLACK = 1e-9


@st.composite
def nights(draw, floors=False):
    """Values with many ties, denied pairs, ceilings of every kind, two regions; sometimes floors."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, n_actions = draw(st.integers(1, 25)), draw(st.integers(1, 4))
    step = draw(st.sampled_from([5.0, 1.0, 0.001]))  # coarse steps make ties
    values = np.round(rng.normal(2.0, 5.0, (n, n_actions)) / step) * step
    allowed = rng.random((n, n_actions)) < draw(st.sampled_from([0.5, 0.9, 1.0]))
    constraints = [
        Constraint(f"capacity:{a}", np.eye(n_actions)[a], upper=float(rng.integers(0, n + 1)))
        for a in range(n_actions)
        if rng.random() < 0.7
    ]
    minutes = rng.choice([0.0, 2.0, 6.0, 7.5], n_actions)
    constraints.append(Constraint("minutes", minutes, upper=float(rng.integers(0, 4 * n))))
    regions = rng.integers(-1, 2, n)
    slots = rng.integers(0, 4, 2).astype(float)
    constraints.append(Constraint("slots", np.eye(n_actions)[-1], upper=slots, groups=regions))
    if floors:
        floor = float(rng.integers(1, n + 2))
        constraints.append(Constraint("at_least", np.eye(n_actions)[0], lower=floor))
    return values, allowed, constraints


def uses_by_group(choice, constraint):
    uses = np.append(0.0, constraint.uses)[choice]
    if constraint.groups is None:
        return np.array([uses.sum()])
    return np.array([uses[constraint.groups == g].sum() for g in range(len(constraint.upper))])


@settings(deadline=None, max_examples=60)
@given(night=nights(floors=True))
def test_no_ceiling_is_exceeded_and_every_floor_is_met_as_far_as_possible(night):
    values, allowed, constraints = night
    result = allocate(values, allowed, constraints)
    reachable = {s.name: s.reachable for s in result.shortfalls}
    assert all(allowed[i, a - 1] for i, a in enumerate(result.choice) if a)
    for c in constraints:
        if c.upper is not None:
            assert np.all(uses_by_group(result.choice, c) <= np.asarray(c.upper) + SLACK)
        if c.lower is not None:
            assert uses_by_group(result.choice, c)[0] >= reachable.get(c.name, c.lower) - SLACK


@settings(deadline=None, max_examples=60)
@given(night=nights(), which=st.integers(0, 5), more=st.sampled_from([0.5, 1.0, 2.0, 6.0]))
def test_raising_a_capacity_never_lowers_the_total_value(night, which, more):
    values, allowed, constraints = night
    k = which % len(constraints)
    raised = list(constraints)
    raised[k] = replace(constraints[k], upper=np.asarray(constraints[k].upper) + more)
    before, after = allocate(values, allowed, constraints), allocate(values, allowed, raised)
    assert after.value >= before.value - SLACK
    # Nor does it add more than its price says.
    price = sum(r.price for r in before.limits if r.name == constraints[k].name and r.side == "upper")
    assert after.value <= before.bound + more * price + 1e-6


@settings(deadline=None, max_examples=60)
@given(night=nights(floors=True))
def test_no_debtor_alone_could_be_given_a_better_action(night):
    values, allowed, constraints = night
    result = allocate(values, allowed, constraints)
    worth = np.column_stack([np.zeros(len(values)), np.where(allowed, values, -np.inf)])
    reachable = {s.name: s.reachable for s in result.shortfalls}

    def lawful(choice):
        return all(
            (c.upper is None or np.all(uses_by_group(choice, c) <= np.asarray(c.upper)))
            and (c.lower is None or uses_by_group(choice, c)[0] >= reachable.get(c.name, c.lower))
            for c in constraints
        )

    for i, now in enumerate(result.choice):
        for other in np.flatnonzero(worth[i] > worth[i, now] + SLACK):
            changed = result.choice.copy()
            changed[i] = other
            assert not lawful(changed)


@settings(deadline=None, max_examples=40)
@given(night=nights(floors=True), seed=st.integers(0, 1_000))
def test_the_order_of_rows_changes_nothing(night, seed):
    values, allowed, constraints = night
    rank = np.arange(len(values))
    shuffled = np.random.default_rng(seed).permutation(len(values))
    moved = [c if c.groups is None else replace(c, groups=c.groups[shuffled]) for c in constraints]
    first = allocate(values, allowed, constraints, tie_rank=rank)
    second = allocate(values[shuffled], allowed[shuffled], moved, tie_rank=rank[shuffled])
    assert np.array_equal(first.choice[shuffled], second.choice)
    assert first.value == second.value


@settings(deadline=None, max_examples=40)
@given(night=nights(floors=True))
def test_the_value_never_exceeds_the_bound(night):
    result = allocate(*night)
    assert result.value <= result.bound
    assert result.optimal or result.gap > 0
