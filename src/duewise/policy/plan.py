"""The plan around tonight's action: its hours, what follows without a response, when to look again."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from duewise.policy.contact_windows import ReachTonight, contact_windows
from duewise.policy.permissions import Permissions
from duewise.policy.rules import contacts_allowed, first_allowed
from duewise.policy.rules.conditions import ACTIONS as RULE_ACTIONS
from duewise.policy.rules.outlook import NOTHING


@dataclass(frozen=True)
class Plan:
    """What surrounds the action of each debtor; the arrays have the shape (n_debtors,).

    Attributes
    ----------
    window_start, window_end : ndarray of datetime64[us], UTC
        When to act; NaT without an action. The end itself is no longer permitted.
    reach : ndarray
        Chance of reaching the debtor in that time; NaN where nothing tells.
    contacts_allowed : ndarray
        Days of the next seven on which the chosen channel may be used, tonight's included; NaN without one.
    follow_up : ndarray of int
        0 for nothing, a + 1 for action a.
    follow_up_on, next_review_on : ndarray of datetime64[D]
    """

    window_start: NDArray[np.datetime64]
    window_end: NDArray[np.datetime64]
    reach: NDArray[np.float64]
    contacts_allowed: NDArray[np.float64]
    follow_up: NDArray[np.int64]
    follow_up_on: NDArray[np.datetime64]
    next_review_on: NDArray[np.datetime64]


def make_plan(
    found: Permissions,
    choice: NDArray[np.int64],
    ranking: NDArray[np.float64],
    as_of: date,
    decision_days: int,
    reach: ReachTonight | None = None,
) -> Plan:
    """Return the plan around tonight's choices.

    The follow-up is the most valuable action that suits the debtor besides doing nothing, on the first day
    after the decision period on which the rules allow it, tonight's contact counted as made and unanswered.

    Parameters
    ----------
    choice : ndarray of int of shape (n_debtors,)
        0 for nothing, a + 1 for action a.
    ranking : ndarray of shape (n_debtors, n_actions)
        What each action is worth.
    reach : ReachTonight, optional
        Narrows the window of calls and visits to the hours in which the debtor is most likely reached.
    """
    actions = found.verdicts.actions
    codes = np.array([NOTHING, *(RULE_ACTIONS.index(action) for action in actions)], dtype=np.int32)
    tonight = codes[choice]
    acting = choice > 0
    windows = contact_windows(found, choice, as_of, reach)
    allowed = np.where(acting, contacts_allowed(found.ruleset, found.facts, as_of, tonight), np.nan)
    follow_up = np.where(acting, _next_best(found.feasible, ranking), 0)
    follow_up_on = first_allowed(
        found.ruleset, found.facts, as_of, tonight, codes[follow_up], wait_days=decision_days
    )
    follow_up = np.where(np.isnat(follow_up_on), 0, follow_up)
    review = np.datetime64(as_of + timedelta(days=decision_days), "D")
    return Plan(
        window_start=windows.start,
        window_end=windows.end,
        reach=windows.reach,
        contacts_allowed=allowed,
        follow_up=follow_up,
        follow_up_on=follow_up_on,
        next_review_on=np.where(np.isnat(follow_up_on), review, np.fmin(follow_up_on, review)),
    )


def _next_best(feasible: NDArray[np.bool_], ranking: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the most valuable feasible action, coded as a choice; nothing where none is worth anything."""
    worth = np.where(feasible, ranking, -np.inf)
    best = worth.argmax(axis=1)
    return np.where(worth[np.arange(len(best)), best] > 0, best + 1, 0)
