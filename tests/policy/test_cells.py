from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from duewise.config import CellsSection
from duewise.policy.cells import draw_cells, draw_explorers, keyed_uniform

IDS = [f"D{i}" for i in range(20_000)]
SETTINGS = CellsSection(control=0.05, explore=0.10, seed="s", period_days=28)
NOBODY = np.zeros(len(IDS), dtype=bool)


def test_cells_have_their_shares():
    cells = draw_cells(IDS, date(2024, 6, 1), SETTINGS, NOBODY)
    shares = {name: float(np.mean(cells == name)) for name in ("control", "explore", "policy")}
    # Four standard errors of a share at 20,000 draws.
    assert abs(shares["control"] - 0.05) < 4 * np.sqrt(0.05 * 0.95 / len(IDS))
    assert abs(shares["explore"] - 0.10) < 4 * np.sqrt(0.10 * 0.90 / len(IDS))


def test_a_debtor_keeps_the_cell_for_the_period_and_draws_anew_afterwards():
    start = date.fromordinal(28 * 26_000)
    first = draw_cells(IDS, start, SETTINGS, NOBODY)
    assert (first == draw_cells(IDS, date.fromordinal(start.toordinal() + 27), SETTINGS, NOBODY)).all()
    assert (first != draw_cells(IDS, date.fromordinal(start.toordinal() + 28), SETTINGS, NOBODY)).any()


def test_a_cell_depends_on_the_debtor_and_not_on_the_company_in_the_list():
    together = draw_cells(IDS, date(2024, 6, 1), SETTINGS, NOBODY)
    backwards = draw_cells(IDS[::-1], date(2024, 6, 1), SETTINGS, NOBODY)[::-1]
    assert (together == backwards).all()


def test_another_seed_draws_other_cells():
    other = SETTINGS.model_copy(update={"seed": "t"})
    assert (
        draw_cells(IDS, date(2024, 6, 1), SETTINGS, NOBODY)
        != draw_cells(IDS, date(2024, 6, 1), other, NOBODY)
    ).any()


def test_vulnerable_people_never_enter_the_experiment():
    cells = draw_cells(IDS, date(2024, 6, 1), SETTINGS, ~NOBODY)
    assert (cells == "policy").all()


@given(
    n=st.integers(0, 40),
    n_actions=st.integers(1, 4),
    room=st.floats(0, 12),
    budget=st.floats(0, 30),
    seed=st.integers(0, 2**16),
)
def test_explorers_draw_permitted_actions_within_room_and_budget(n, n_actions, room, budget, seed):
    rng = np.random.default_rng(seed)
    feasible = rng.random((n, n_actions)) < 0.6
    uses = np.ones((n, n_actions, 1)) * rng.integers(0, 3, size=(1, n_actions, 1))
    cost = rng.integers(0, 9, n_actions).astype(float)
    action, propensity = draw_explorers(
        feasible, uses, np.array([room]), rng.random(n), rng.random(n), cost, budget
    )
    rows = np.flatnonzero(action)
    assert feasible[rows, action[rows] - 1].all()
    assert uses[rows, action[rows] - 1, 0].sum() <= room + 1e-6
    assert cost[action[rows] - 1].sum() <= budget + 1e-6
    assert ((propensity > 0) & (propensity <= 1)).all()


def test_the_logged_probability_is_the_one_that_acted():
    """Over many seeds, each action's inverse-propensity count must equal the number of nights."""
    n, nights = 30, 3000
    feasible = np.ones((n, 2), dtype=bool)
    feasible[::3, 1] = False
    uses = np.zeros((n, 2, 2))
    uses[:, 0, 0] = uses[:, 1, 1] = 1.0
    room = np.array([6.0, 100.0])
    weighted = np.zeros((nights, n, 3))
    ids = [str(i) for i in range(n)]
    for night in range(nights):
        draw, order = (keyed_uniform(f"seed{night}", purpose, 0, ids) for purpose in ("lot", "order"))
        action, propensity = draw_explorers(
            feasible, uses, room, draw, order, cost=np.array([0.1, 3.0]), budget=20.0
        )
        weighted[night, np.arange(n), action] = 1.0 / propensity
    nothing = weighted[:, :, 0].sum(axis=1)
    standard_error = nothing.std() / np.sqrt(nights)
    assert abs(nothing.mean() - n) < 4 * standard_error


def test_scarce_actions_stay_possible_for_late_draws():
    n = 200
    feasible = np.ones((n, 1), dtype=bool)
    ids = [str(i) for i in range(n)]
    draw, order = (keyed_uniform("s", purpose, 0, ids) for purpose in ("lot", "order"))
    action, _ = draw_explorers(
        feasible, np.ones((n, 1, 1)), np.array([20.0]), draw, order, cost=np.zeros(1), budget=0.0
    )
    late = np.argsort(order)[n // 2 :]
    assert 0 < action[late].sum() < 20
