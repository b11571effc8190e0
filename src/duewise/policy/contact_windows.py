"""When to act: the hours in which the debtor is most likely reached, inside those that are permitted."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.contracts.vocabulary import LIVE_CHANNELS, Channel
from duewise.models.contact_window import best_window
from duewise.models.reach import Reach
from duewise.policy.permissions import Permissions
from duewise.policy.rules.clock import Window
from duewise.policy.rules.conditions import DAY_MINUTES
from duewise.policy.rules.places import day_number
from duewise.policy.rules.timetable import Intervals, decided_by, image, intersect

Times = NDArray[np.datetime64]
Ints = NDArray[np.int64]

SHORTEST_HOURS = 2
"""A shorter window could not be worked: the permitted hours stay as they are."""

OFFICE_HOURS = (9 * 60, 17 * 60)
"""When letters and papers for the court go out, in minutes of the debtor's day; no law sets their hours."""

WAKING_HOURS = (8 * 60, 20 * 60)
"""When people are contacted where no rule narrows the day."""

PAPERS = (Channel.LETTER, Channel.LEGAL_LETTER, Channel.LITIGATION)

_NO_TIME = np.datetime64("NaT", "us")


@dataclass(frozen=True)
class ReachTonight:
    """The reach model and what it reads of tonight's debtors.

    Attributes
    ----------
    records : DataFrame of n_debtors rows
        In the order of the permissions, see :func:`duewise.features.attempts.contact_records`.
    """

    model: Reach
    records: pd.DataFrame


@dataclass(frozen=True)
class ContactWindows:
    """When to act; arrays of shape (n_debtors,).

    Attributes
    ----------
    start, end : ndarray of datetime64[us], UTC
        NaT without an action; the end itself is no longer permitted.
    reach : ndarray
        Chance of reaching the debtor in that time; NaN where nothing tells.
    """

    start: Times
    end: Times
    reach: NDArray[np.float64]


def contact_windows(
    found: Permissions, choice: Ints, as_of: date, reach: ReachTonight | None
) -> ContactWindows:
    """Return when to act on the choice of each debtor.

    The longest permitted interval of the debtor's local day, in customary hours where no rule narrows it;
    calls and visits are narrowed to the hours of it in which the debtor is most likely reached, among hours
    at which the channel has been tried often enough.

    Parameters
    ----------
    choice : ndarray of int of shape (n_debtors,)
        0 for nothing, a + 1 for action a.
    """
    windows, rows = found.verdicts.windows, np.arange(len(choice))
    window = found.verdicts.window[rows, np.maximum(choice - 1, 0)].astype(np.int64)
    paper = np.isin(np.array(found.verdicts.actions)[np.maximum(choice - 1, 0)], PAPERS)
    seconds, chance = _customary(windows, window, paper, as_of), np.full(len(choice), np.nan)
    if reach is not None:
        for a, action in enumerate(found.verdicts.actions):
            if action in LIVE_CHANNELS and reach.model.compares(action):
                chosen = np.flatnonzero(choice == a + 1)
                narrow, seconds[narrow], chance[narrow] = _best_hours(found, reach, a, chosen, as_of)
    times = (seconds * 1_000_000).astype("datetime64[us]")
    times[(choice == 0) | (seconds[:, 0] == seconds[:, 1])] = _NO_TIME
    return ContactWindows(times[:, 0], times[:, 1], chance)


def _customary(windows: tuple[Window, ...], window: Ints, paper: NDArray[np.bool_], as_of: date) -> Ints:
    """Return the longest permitted interval of each row in UTC seconds, kept to customary hours.

    Where a rule leaves none of those hours (consent to the late evening, say), what it leaves stands.
    """
    kinds, kind = np.unique(np.column_stack([window, paper]), axis=0, return_inverse=True)
    day = day_number(as_of)
    bounds = [_customary_of(windows[w], day, bool(is_paper)) for w, is_paper in kinds.tolist()]
    return np.array(bounds, dtype=np.int64).reshape(-1, 2)[kind.ravel()]


def _customary_of(window: Window, day: int, paper: bool) -> tuple[int, int]:
    whole_day = decided_by(image(window.zone, day, 0, DAY_MINUTES), day)
    if not paper and window.spans != whole_day:
        return _longest(window.spans)
    usual = image(window.zone, day, *(OFFICE_HOURS if paper else WAKING_HOURS))
    return _longest(intersect(window.spans, usual) or window.spans)


def _best_hours(
    found: Permissions, reach: ReachTonight, a: int, rows: NDArray[np.intp], as_of: date
) -> tuple[NDArray[np.intp], Ints, NDArray[np.float64]]:
    """Return those of `rows` who have best hours, these hours in UTC seconds, and the chance in them."""
    verdicts = found.verdicts
    action = verdicts.actions[a]
    chance = reach.model.predict(reach.records.iloc[rows], action, as_of.weekday())
    start, end = best_window(chance, verdicts.open_hours(a)[rows] & reach.model.tried(action))
    kept = np.flatnonzero(end - start >= SHORTEST_HOURS)
    rows, start, end = rows[kept], start[kept], end[kept]
    hour = np.arange(chance.shape[1])
    inside = (hour >= start[:, None]) & (hour < end[:, None])
    keys = np.column_stack([verdicts.window[rows, a], start, end])
    kinds, kind = np.unique(keys, axis=0, return_inverse=True)
    bounds = [_hours_of(verdicts.windows[w], day_number(as_of), s, e) for w, s, e in kinds.tolist()]
    seconds = np.array(bounds, dtype=np.int64).reshape(-1, 2)[kind.ravel()]
    return rows, seconds, chance[kept].mean(axis=1, where=inside, dtype=np.float64)


def _hours_of(window: Window, day: int, start: int, end: int) -> tuple[int, int]:
    """Return the permitted part of the local hours [start, end), exact where the clocks change."""
    return _longest(intersect(window.spans, image(window.zone, day, start * 60, end * 60)))


def _longest(spans: Intervals) -> tuple[int, int]:
    return max(spans, key=lambda span: (span[1] - span[0], -span[0])) if spans else (0, 0)
