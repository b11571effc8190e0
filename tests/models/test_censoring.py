import numpy as np
import pytest

from duewise.models.censoring import censoring_weights

DAYS = 7


def world(seed: int, n: int = 40_000):
    """No action changes anything; collectors do not call again whoever has paid."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    action = (rng.random(n) < 0.3).astype(np.int64)
    daily = 1 / (1 + np.exp(-(-3.5 + 0.8 * x)))
    paid_day = np.full(n, np.nan)
    paid_later = rng.random(n) < 0.3
    next_contact = np.full(n, np.nan)
    for day in range(DAYS):
        free = np.isnan(next_contact) & np.isnan(paid_day)
        # Those under treatment are called again more eagerly, so censoring differs between the arms.
        hazard = np.where(action == 1, 0.16, 0.06) * np.exp(0.3 * x)
        called = free & (rng.random(n) < hazard)
        next_contact[called] = day
        pays = np.isnan(paid_day) & (rng.random(n) < daily)
        paid_day[pays] = day
    outcome = (~np.isnan(paid_day) | paid_later).astype(float)
    return x[:, None].astype(np.float32), action, next_contact, paid_day, outcome


def difference(outcome, action, weight):
    means = [np.average(outcome[action == arm], weights=weight[action == arm]) for arm in (0, 1)]
    return means[1] - means[0]


def test_early_payers_do_not_make_a_useless_action_look_useful():
    naive, weighted = [], []
    for seed in range(3):
        matrix, action, next_contact, paid_day, outcome = world(seed)
        made = censoring_weights(
            matrix,
            action,
            next_contact,
            {"paid": paid_day},
            DAYS,
            groups=np.arange(len(action)),
            seed=seed,
        )
        naive.append(difference(outcome, action, made.kept.astype(float)))
        weighted.append(difference(outcome, action, made.weight))
    assert np.mean(naive) > 0.03  # the trap is there
    assert abs(np.mean(weighted)) < 0.2 * np.mean(naive)


def test_without_later_contacts_every_row_counts_once():
    n = 500
    made = censoring_weights(
        np.zeros((n, 1), np.float32),
        np.zeros(n, np.int64),
        np.full(n, np.nan),
        {"paid": np.full(n, np.nan)},
        DAYS,
        groups=np.arange(n),
        seed=0,
    )
    assert made.kept.all()
    assert (made.weight == 1).all()
    assert made.censored_share == 0


def test_censored_rows_weigh_nothing_and_each_arm_keeps_its_size():
    matrix, action, next_contact, paid_day, _ = world(1, n=5_000)
    made = censoring_weights(
        matrix, action, next_contact, {"paid": paid_day}, DAYS, groups=np.arange(len(action)), seed=1
    )
    assert (made.weight[~made.kept] == 0).all()
    for arm in (0, 1):
        rows = action == arm
        assert made.weight[rows].sum() == pytest.approx((made.kept & rows).sum())
    assert 0 < made.effective_share <= 1
