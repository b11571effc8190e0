"""The days after tonight: when an action is next allowed, and how often it may still be made.

Nothing here knows a rule. Future days are judged by the same evaluation as tonight, with what is planned
counted as made and unanswered; flags end when their end is known.
"""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from duewise.policy.rules.conditions import ACTIONS
from duewise.policy.rules.evaluate import evaluate_days
from duewise.policy.rules.facts import Facts, Ints, Mask, Rows
from duewise.policy.rules.packs import RuleSet
from duewise.policy.rules.places import day_number
from duewise.policy.rules.view import Planned

HORIZON_DAYS = 45
"""Follow-ups are not planned further ahead than this: the facts will have changed."""

NOTHING = -1


def first_allowed(
    ruleset: RuleSet,
    facts: Facts,
    as_of: date,
    tonight: Ints,
    action: Ints,
    wait_days: int,
    horizon_days: int = HORIZON_DAYS,
) -> NDArray[np.datetime64]:
    """Return the first date, from `wait_days` after `as_of` on, on which each debtor's `action` is allowed.

    Parameters
    ----------
    tonight, action : ndarray of int, shape (n_debtors,)
        Positions in ACTIONS of the contact made tonight and of the follow-up; -1 for none.
    wait_days : int
        Days to wait for a response.

    Returns
    -------
    ndarray of datetime64[D], shape (n_debtors,)
        NaT without a follow-up, or when no day within the horizon is allowed.
    """
    first = np.full(len(facts), np.datetime64("NaT"), dtype="datetime64[D]")
    day = day_number(as_of)
    waiting = np.flatnonzero(action != NOTHING)
    for ahead in range(wait_days, horizon_days + 1):
        if len(waiting) == 0:
            break
        made = (tonight[waiting] != NOTHING)[:, None]
        planned = Planned(day, np.maximum(tonight[waiting], 0), made)
        open_ = _allowed(ruleset, facts, waiting, action[waiting], day + ahead, planned)
        first[waiting[open_]] = np.datetime64(day + ahead, "D")
        waiting = waiting[~open_]
    return first


def contacts_allowed(
    ruleset: RuleSet, facts: Facts, as_of: date, action: Ints, days: int = 7
) -> NDArray[np.int64]:
    """Return on how many of the next `days` days, tonight's the first, each debtor's `action` may be made.

    One contact a day at most, each as early as the rules allow, every one counted against the next: the
    number holds under all rules together, not under each alone. 0 where the action is -1 (none).
    """
    day = day_number(as_of)
    made: Mask = np.zeros((len(facts), days), dtype=bool)
    rows = np.flatnonzero(action != NOTHING)
    for ahead in range(days):
        planned = Planned(day, action[rows], made[rows])
        made[rows, ahead] = _allowed(ruleset, facts, rows, action[rows], day + ahead, planned)
    return np.asarray(made.sum(axis=1))


def _allowed(ruleset: RuleSet, facts: Facts, rows: Rows, action: Ints, day: int, planned: Planned) -> Mask:
    """Return whether each of `rows` may be contacted by its own action on `day`."""
    found = np.zeros(len(rows), dtype=bool)
    for index in np.unique(action):
        own = np.flatnonzero(action == index)
        some = facts.take(rows[own])
        plans = Planned(planned.first_day, planned.action[own], planned.made[own])
        days = np.full(len(own), day, dtype=np.int32)
        found[own] = evaluate_days(ruleset, some, days, (ACTIONS[index],), plans).allowed[:, 0]
    return found
