"""Rules on hours for a whole portfolio: each distinct situation is worked out once and shared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from duewise.policy.rules.facts import Ints, Mask, Rows, Seconds
from duewise.policy.rules.places import candidate_zones, reference_zone
from duewise.policy.rules.timetable import (
    ClockRule,
    Intervals,
    contains,
    day_zone,
    decided_by,
    intersect,
    local_day,
    permitted,
)
from duewise.policy.rules.view import View

AGREED_HOURS = "consent:hours"
"""Flag whose detail is a span in which the debtor agreed to be contacted."""

QUIET_HOURS = "quiet_hours"


@dataclass(frozen=True)
class Window:
    """When contact is permitted on one local day: instants in UTC seconds, and the clock to show them on."""

    zone: str
    spans: Intervals


@dataclass(frozen=True)
class TimedRule:
    """A rule on hours, the actions it speaks about and the debtors it reaches."""

    clock: ClockRule
    actions: tuple[str, ...]
    reached: Mask


@dataclass(frozen=True)
class ClockVerdicts:
    """What the rules on hours say.

    Attributes
    ----------
    windows : tuple of Window
        The distinct windows.
    window : ndarray of int, shape (n_debtors, n_actions)
        Row of `windows`.
    denied : list of ndarray of bool, one per rule, shape (n_debtors, n_actions)
        The rule leaves no time at all (or not the instant asked about).
    """

    windows: tuple[Window, ...]
    window: Ints
    denied: list[Mask]


def clock_verdicts(
    rules: Sequence[TimedRule],
    view: View,
    actions: tuple[str, ...],
    instant: Seconds | None = None,
) -> ClockVerdicts:
    """Return windows and denials of the rules on hours.

    Parameters
    ----------
    instant : ndarray of shape (n_debtors,), optional
        UTC seconds of the contact; without it a rule denies only when the day has no permitted time left.
    """
    quiet, quiet_kinds = _details(view, view.on((QUIET_HOURS,)))
    agreed, agreed_kinds = _details(view, view.on_throughout((AGREED_HOURS,)))
    at = np.zeros(len(view.facts), dtype=np.int64) if instant is None else instant
    reached = [rule.reached for rule in rules]
    situation, first = _distinct(view.facts.debtors.place, view.day, quiet, agreed, at, *reached)

    known: dict[Window, int] = {}
    window = np.zeros((len(first), len(actions)), dtype=np.int32)
    denied = np.zeros((len(rules), len(first), len(actions)), dtype=bool)
    for s, row in enumerate(first):
        context, day = view.facts.context, int(view.day[row])
        place = view.facts.places[view.facts.debtors.place[row]]
        zones = day_zone(candidate_zones(place, context.country), context.country, context.timezone)
        whole_day = local_day(zones, day)
        if instant is None:
            whole_day = decided_by(whole_day, day)
        opened = {
            i: intersect(
                whole_day,
                permitted(
                    rule.clock,
                    place,
                    day,
                    country=context.country,
                    fallback_zone=context.timezone,
                    quiet=quiet_kinds[quiet[row]],
                    agreed=agreed_kinds[agreed[row]],
                ),
            )
            for i, rule in enumerate(rules)
            if rule.reached[row]
        }
        for a, action in enumerate(actions):
            own = {i: spans for i, spans in opened.items() if action in rules[i].actions}
            together, shut = _combine(whole_day, own, None if instant is None else int(at[row]))
            shown = Window(reference_zone(zones, day), together)
            window[s, a] = known.setdefault(shown, len(known))
            denied[shut, s, a] = True
    return ClockVerdicts(tuple(known), window[situation], [mask[situation] for mask in denied])


def _combine(
    whole_day: Intervals, opened: dict[int, Intervals], at: int | None
) -> tuple[Intervals, list[int]]:
    """Return what several rules leave open together, and the rules that shut the day (or the instant)."""
    together = whole_day
    for spans in opened.values():
        together = intersect(together, spans)
    if at is not None:
        return together, [i for i, spans in opened.items() if not contains(spans, at)]
    if together:
        return together, []
    # When each rule alone leaves some time and together none, all that narrow the day are the reason.
    shut = [i for i, spans in opened.items() if not spans]
    return together, shut or [i for i, spans in opened.items() if spans != whole_day]


def _details(view: View, rows: Rows) -> tuple[Ints, list[tuple[str, ...]]]:
    """Return for each debtor the index of their distinct set of details of the flag `rows`; 0: none."""
    flags = view.facts.flags
    kinds: dict[tuple[str, ...], int] = {(): 0}
    index = np.zeros(len(view.facts), dtype=np.int32)
    wanted: dict[int, set[str]] = {}
    for debtor, detail in zip(flags.debtor[rows].tolist(), flags.detail[rows].tolist(), strict=True):
        wanted.setdefault(debtor, set()).add(detail)
    for debtor, found in wanted.items():
        index[debtor] = kinds.setdefault(tuple(sorted(found)), len(kinds))
    return index, list(kinds)


def _distinct(*columns: Ints | Seconds | Mask) -> tuple[Rows, Rows]:
    """Return the group of each row and the first row of each group, over several integer columns."""
    group = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes, values = pd.factorize(np.asarray(column, dtype=np.int64))
        group = pd.factorize(group * max(len(values), 1) + codes)[0]
    _, first = np.unique(group, return_index=True)
    return group, first
