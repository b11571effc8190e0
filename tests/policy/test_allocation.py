import doctest
import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import LinearConstraint, linprog, milp

from duewise.policy import allocation
from duewise.policy.allocation import Constraint, allocate
from duewise.policy.frontier import frontier


def portfolio(n, seed=0, n_actions=4):
    """Heavy-tailed values with losses, and about a fifth of all pairs denied."""
    rng = np.random.default_rng(seed)
    balance = rng.lognormal(6.0, 1.0, n)
    effect = rng.gamma(1.2, 0.02, (n, n_actions)) * rng.choice([1, 1, 1, -0.3], (n, n_actions))
    cost = np.array([0.05, 0.3, 4.0, 30.0])[:n_actions]
    return balance[:, None] * effect - cost, rng.random((n, n_actions)) < 0.8


def team(n):
    return [
        Constraint("capacity:sms", [1, 0, 0, 0], upper=0.2 * n),
        Constraint("agent_minutes", [0, 2, 6, 45], upper=0.5 * n),
        Constraint("messages", [0.05, 0.3, 0, 0.5], upper=0.04 * n),
    ]


def matrices(values, allowed, constraints):
    """The textbook program, one column per allowed pair: a separate statement of the same problem."""
    debtor, action = np.nonzero(allowed)
    column = np.arange(len(debtor))
    rows, lower, upper = [], [], []
    rows.append(sp.csr_array((np.ones(len(debtor)), (debtor, column)), shape=(len(values), len(debtor))))
    lower.append(np.zeros(len(values)))
    upper.append(np.ones(len(values)))
    for c in constraints:
        groups = np.zeros(len(values), int) if c.groups is None else np.asarray(c.groups)
        for g in range(groups.max() + 1):
            rows.append(sp.csr_array(np.where(groups[debtor] == g, np.asarray(c.uses)[action], 0.0)[None, :]))
            upper.append([np.inf if c.upper is None else np.atleast_1d(c.upper)[g]])
            lower.append([-np.inf if c.lower is None else np.atleast_1d(c.lower)[g]])
    return values[debtor, action], sp.vstack(rows).tocsc(), np.concatenate(lower), np.concatenate(upper)


def exact_value(values, allowed, constraints):
    gain, matrix, lower, upper = matrices(values, allowed, constraints)
    result = milp(
        -gain,
        constraints=LinearConstraint(matrix, lower, upper),
        integrality=np.ones(len(gain)),
        options={"mip_rel_gap": 0.0},
    )
    return -result.fun


def relaxed_value(values, allowed, constraints):
    gain, matrix, _, upper = matrices(values, allowed, constraints)
    return -linprog(-gain, A_ub=matrix, b_ub=upper, method="highs").fun


def used(choice, constraint, group=None):
    uses = np.append(0.0, constraint.uses)[choice]
    return uses.sum() if group is None else uses[np.asarray(constraint.groups) == group].sum()


def test_every_choice_of_a_tiny_portfolio_is_tried_and_none_is_better():
    values, allowed = portfolio(5, seed=3, n_actions=3)
    calls = Constraint("capacity:call", [0, 0, 1], upper=1)
    minutes = Constraint("minutes", [1, 2, 6], upper=8)
    best = max(
        sum(values[i, a - 1] for i, a in enumerate(choice) if a)
        for choice in itertools.product(range(4), repeat=5)
        if all(a == 0 or allowed[i, a - 1] for i, a in enumerate(choice))
        and all(used(np.array(choice), c) <= c.upper for c in (calls, minutes))
    )
    result = allocate(values, allowed, [calls, minutes])
    assert result.value == pytest.approx(best)
    assert result.optimal


def test_the_documented_example_runs():
    assert doctest.testmod(allocation).failed == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_mid_size_portfolio_reaches_the_integer_optimum(seed):
    values, allowed = portfolio(150, seed)
    result = allocate(values, allowed, team(150))
    assert result.value == pytest.approx(exact_value(values, allowed, team(150)), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_the_optimum_of_the_linear_relaxation(seed):
    values, allowed = portfolio(3_000, seed)
    result = allocate(values, allowed, team(3_000))
    assert result.bound == pytest.approx(relaxed_value(values, allowed, team(3_000)), rel=1e-8)
    assert 0 <= result.gap < 1e-3


def test_regional_slots_are_kept_region_by_region():
    values, allowed = portfolio(600, seed=1)
    regions = np.random.default_rng(1).integers(-1, 5, 600)  # -1: the debtor's region is unknown
    slots = Constraint("visit_slots", [0, 0, 0, 1], upper=[0, 1, 2, 3, np.inf], groups=regions)
    result = allocate(values, allowed, [*team(600), slots])
    assert [used(result.choice, slots, g) <= limit for g, limit in enumerate(slots.upper)] == [True] * 5
    assert result.value == pytest.approx(exact_value(values, allowed, [*team(600), slots]), rel=1e-4)
    assert [r.group for r in result.limits if r.name == "visit_slots"] == [0, 1, 2, 3]


def test_what_is_worth_nothing_is_left_undone():
    result = allocate([[-1.0, 0.0], [np.nan, 2.0]], [[True, True], [False, True]], [])
    assert result.choice.tolist() == [0, 2]
    assert result.value == result.bound == 2.0


def test_no_debtors_and_no_capacity_are_ordinary_nights():
    for limits in ([], team(10), [Constraint("at_least", [1, 0, 0, 0], lower=2)]):
        assert allocate(np.zeros((0, 4)), np.zeros((0, 4)), limits).choice.tolist() == []
    closed = allocate([[5.0], [7.0]], [[True], [True]], [Constraint("c", [1], upper=0)])
    assert closed.choice.tolist() == [0, 0]
    assert closed.limits[0].price == pytest.approx(7.0)


def test_a_floor_is_met_at_the_least_loss_and_shows_its_price():
    floor = Constraint("at_least:call", [1.0], lower=2)
    result = allocate([[-3.0], [-1.0], [4.0], [-2.0]], np.ones((4, 1)), [floor])
    assert result.choice.tolist() == [0, 1, 1, 0]
    assert result.limits[0].side == "lower"
    assert result.limits[0].price == pytest.approx(1.0)


def test_a_floor_that_cannot_be_met_is_said_with_its_smallest_relaxation():
    allowed = np.array([[True, False], [True, True], [False, False], [True, True]])
    floors = [
        Constraint("at_least:sms", [1, 0], lower=9),
        Constraint("at_least:call", [0, 1], lower=1),
    ]
    result = allocate(np.ones((4, 2)), allowed, floors)
    wanted = sum(s.wanted - s.reachable for s in result.shortfalls)
    assert wanted == 7  # three debtors can be reached in all, ten contacts were asked for
    assert "at_least:sms: at least 9 was asked for" in str(result.shortfalls[0])
    assert np.count_nonzero(result.choice) == 3


@pytest.mark.parametrize("seed", range(3))
def test_floors_beside_ceilings_reach_the_integer_optimum(seed):
    values, allowed = portfolio(120, seed)
    limits = [*team(120), Constraint("at_least:letter", [0, 0, 1, 0], lower=9)]
    result = allocate(values, allowed, limits)
    assert result.shortfalls == ()
    assert used(result.choice, limits[-1]) >= 9
    assert result.value == pytest.approx(exact_value(values, allowed, limits), rel=1e-9)


def test_thousands_of_debtors_that_tie_between_two_actions_are_settled():
    balance = np.random.default_rng(0).lognormal(3, 1, 20_000)
    values = balance[:, None] - np.array([0.05, 0.3, 4.0])  # the same effect in every channel
    caps = [Constraint(f"capacity:{a}", np.eye(3)[a], upper=1_000 * (a + 1)) for a in range(3)]
    minutes = Constraint("minutes", [0, 2, 6], upper=10_000)
    result = allocate(values, np.ones((20_000, 3)), [*caps, minutes])
    assert result.gap < 2e-4


def test_identical_debtors_are_served_in_the_order_of_their_rank():
    calls = Constraint("capacity:call", [1.0], upper=2)
    result = allocate(np.full((5, 1), 3.0), np.ones((5, 1)), [calls], tie_rank=[4, 2, 0, 3, 1])
    assert result.choice.tolist() == [0, 0, 1, 0, 1]


def test_an_earlier_choice_that_is_still_possible_is_never_undercut():
    values, allowed = portfolio(2_000)
    before = allocate(values, allowed, team(2_000))
    more = [*team(2_000)[:1], Constraint("agent_minutes", [0, 2, 6, 45], upper=1_001), *team(2_000)[2:]]
    assert allocate(values, allowed, more, start=before).value >= before.value


def test_the_price_of_a_limit_is_what_one_more_unit_adds():
    values = np.arange(10.0, 0.0, -1.0)[:, None]
    result = allocate(values, np.ones((10, 1)), [Constraint("c", [1.0], upper=4)])
    assert result.limits[0].price == pytest.approx(6.0)


def test_the_frontier_rises_with_falling_steps():
    values, allowed = portfolio(1_500)
    points = frontier(values, allowed, team(1_500), "agent_minutes", [0.5, 0, 2, 1, 1.5])
    value = np.array([p.value for p in points])
    assert [p.factor for p in points] == [0, 0.5, 1, 1.5, 2]
    assert np.all(np.diff(value) >= 0)
    assert np.all(np.diff(np.diff([p.bound for p in points[:2] + points[2::2]])) <= 0)
    assert all(p.used <= p.limit for p in points)


def test_the_frontier_of_an_unknown_limit_names_the_known_ones():
    with pytest.raises(ValueError, match=r"called 'minutes'; there are: capacity:sms, agent_minutes"):
        frontier([[1.0] * 4], [[True] * 4], team(1), "minutes", [1.0])


@pytest.mark.parametrize(
    ("values", "constraints", "message"),
    [
        ([[np.nan]], [], "not finite"),
        ([[1.0]], [Constraint("c", [1, 2], upper=1)], "one finite number >= 0 per action"),
        ([[1.0]], [Constraint("c", [-1], upper=1)], "one finite number >= 0 per action"),
        ([[1.0]], [Constraint("c", [1], upper=-1)], "limits must be >= 0"),
        ([[1.0]], [Constraint("c", [1], upper=[1, 2])], "needs groups"),
        ([[1.0]], [Constraint("c", [1], upper=[1, 2], groups=[2])], "a group has no limit"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(values, constraints, message):
    with pytest.raises(ValueError, match=message):
        allocate(values, [[True]], constraints)
