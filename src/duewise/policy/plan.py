"""The plan around tonight's action: its hours, what follows without a response, when to look again."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from duewise.policy.permissions import Permissions
from duewise.policy.rules import contacts_allowed, first_allowed
from duewise.policy.rules.conditions import ACTIONS as RULE_ACTIONS
from duewise.policy.rules.outlook import NOTHING

_NO_TIME = np.datetime64("NaT", "us")


@dataclass(frozen=True)
class Plan:
    """What surrounds the action of each debtor; the arrays have the shape (n_debtors,).

    Attributes
    ----------
    window_start, window_end : ndarray of datetime64[us], UTC
        When to act; NaT without an action. The end itself is no longer permitted.
    contacts_allowed : ndarray
        Days of the next seven on which the chosen channel may be used, tonight's included; NaN without one.
    follow_up : ndarray of int
        0 for nothing, a + 1 for action a.
    follow_up_on, next_review_on : ndarray of datetime64[D]
    """

    window_start: NDArray[np.datetime64]
    window_end: NDArray[np.datetime64]
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
    """
    actions = found.verdicts.actions
    codes = np.array([NOTHING, *(RULE_ACTIONS.index(action) for action in actions)], dtype=np.int32)
    tonight = codes[choice]
    acting = choice > 0
    start, end = _windows(found, choice)
    allowed = np.where(acting, contacts_allowed(found.ruleset, found.facts, as_of, tonight), np.nan)
    follow_up = np.where(acting, _next_best(found.feasible, ranking), 0)
    follow_up_on = first_allowed(
        found.ruleset, found.facts, as_of, tonight, codes[follow_up], wait_days=decision_days
    )
    follow_up = np.where(np.isnat(follow_up_on), 0, follow_up)
    review = np.datetime64(as_of + timedelta(days=decision_days), "D")
    return Plan(
        window_start=start,
        window_end=end,
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


def _windows(
    found: Permissions, choice: NDArray[np.int64]
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Return the longest permitted interval of the local day for each chosen action, in UTC."""
    bounds = np.array(
        [
            max(window.spans, key=lambda span: (span[1] - span[0], -span[0])) if window.spans else (0, 0)
            for window in found.verdicts.windows
        ],
        dtype=np.int64,
    ).reshape(-1, 2)
    rows = np.arange(len(choice))
    chosen = bounds[found.verdicts.window[rows, np.maximum(choice - 1, 0)]]
    times = (chosen * 1_000_000).astype("datetime64[us]")
    times[(choice == 0) | (chosen[:, 0] == chosen[:, 1])] = _NO_TIME
    return times[:, 0], times[:, 1]
