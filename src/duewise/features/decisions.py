"""Decisions: what was done to each debtor on past dates, as the causal models read it.

Time zero is the decision date. The action is what happened *on that day*, not the first contact of the
week: whoever pays before the collectors get round to a call would otherwise count as proof that doing
nothing works. What follows within the decision period is told beside it, to be censored and weighted.
"""

from collections.abc import Iterable
from datetime import date

import ibis
import pandas as pd

from duewise.contracts.vocabulary import CHANNELS, NONE, Cell, Direction
from duewise.features.aggregates import count_where, decode, encode, least, least_code, most
from duewise.features.dates import on_each_date
from duewise.features.frame import stack, with_levels
from duewise.features.point_in_time import AsOf, day, happened_within, instant
from duewise.features.scope import accounts_in_scope
from duewise.sources.tables import Tables

ACTIONS: tuple[str, ...] = (NONE, *map(str, CHANNELS))
UNKNOWN_CELL = "unknown"


def decisions(
    tables: Tables, dates: Iterable[date], decision_days: int, sample: float | None = None
) -> pd.DataFrame:
    """Return the action of each debtor in scope on each date, and what followed within the period.

    Where an assignment exists for the debtor and date, it is the action, and its propensity and cell stand
    beside it. Elsewhere the action is the first outbound contact within 24 hours from `as_of` (of contacts
    at one instant the heaviest), with the propensity that the contact logged, or `none` without any.

    Parameters
    ----------
    decision_days : int
        Length of the period in which no other contact should follow.
    sample : float, optional
        As in :func:`duewise.features.snapshot.snapshot`: the same debtors, in the same order.

    Returns
    -------
    pandas.DataFrame
        By date and debtor id:

        - ``debtor_id, as_of``
        - ``action`` : category over `ACTIONS`
        - ``propensity`` : logged probability of that action, missing where none was logged
        - ``cell`` : arm of the experiment, ``unknown`` where nothing was assigned
        - ``assigned`` : whether an assignment exists
        - ``delivered`` : whether the action was carried out on the day; of an assigned `none`, whether
          nobody made contact; true where the action is read off the contacts themselves
        - ``n_later_contacts`` : other outbound contacts in [as_of, as_of + decision_days)
        - ``contacted_again_within`` : whether there was any
        - ``days_to_next_contact`` : whole days from `as_of` to the first of them, 0 on the day itself,
          missing without one
    """
    parts = on_each_date(tables.con, dates, lambda as_of: _decisions_on(tables, as_of, decision_days, sample))
    decided = stack([part for _, part in parts])
    return with_levels(decided, {"action": ACTIONS, "cell": (*map(str, Cell), UNKNOWN_CELL)})


def _decisions_on(tables: Tables, as_of: AsOf, decision_days: int, sample: float | None) -> ibis.Table:
    people = accounts_in_scope(tables, as_of, sample).select("debtor_id").distinct()
    made = _outbound_contacts(tables, as_of, decision_days)
    decided = _chosen(people, made, tables.assignments, as_of)
    followed = _followed(made, decided)
    told = decided.left_join(followed, "debtor_id").drop("debtor_id_right")
    untouched = ~told.contacted_on_day.coalesce(False)
    carried_out = (told.action == NONE).ifelse(untouched, told.carried_out.coalesce(False))
    n_later = told.n_later_contacts.coalesce(0)
    return told.select(
        "debtor_id",
        as_of=day(as_of),
        action=told.action,
        propensity=told.assigned.ifelse(told.assigned_propensity, told.logged_propensity),
        cell=told.cell.coalesce(UNKNOWN_CELL),
        assigned=told.assigned,
        delivered=carried_out | ~told.assigned,
        n_later_contacts=n_later,
        contacted_again_within=n_later > 0,
        days_to_next_contact=told.days_to_next_contact.cast("float64"),
    ).order_by("debtor_id")


def _outbound_contacts(tables: Tables, as_of: AsOf, decision_days: int) -> ibis.Table:
    """Return our own contacts of the period with ``seconds`` and ``day`` since `as_of`."""
    contacts = tables.contacts
    ours = contacts.filter(
        contacts.direction != Direction.INBOUND, happened_within(contacts, as_of, 0, decision_days)
    )
    seconds = ours["at"].delta(instant(as_of), unit="second")
    return ours.select(
        "contact_id",
        "debtor_id",
        "channel",
        "propensity",
        seconds=seconds,
        day=ours["at"].date().delta(day(as_of), unit="day"),
    )


def _chosen(people: ibis.Table, made: ibis.Table, assignments: ibis.Table, as_of: AsOf) -> ibis.Table:
    """Return the action of each debtor: as assigned, else as the first contact of the day tells."""
    on_day = made.filter(made.day == 0, made.channel.isin(CHANNELS))
    # Of contacts at one instant the heaviest: its code counts down from the end of the list.
    weight = len(CHANNELS) - 1 - encode(on_day.channel, CHANNELS)
    first = on_day.group_by("debtor_id").agg(first=least_code(on_day.seconds, weight))
    tonight = assignments.filter(assignments.as_of == day(as_of), assignments.action.isin(ACTIONS)).select(
        "debtor_id", "cell", assigned_action="action", assigned_propensity="propensity"
    )
    both = people.left_join(first, "debtor_id").drop("debtor_id_right")
    both = both.left_join(tonight, "debtor_id").drop("debtor_id_right")
    return both.mutate(
        action=ibis.coalesce(both.assigned_action, decode(both.first, CHANNELS[::-1]), NONE),
        assigned=both.assigned_action.notnull(),
    ).drop("first", "assigned_action")


def _followed(made: ibis.Table, decided: ibis.Table) -> ibis.Table:
    """Return, by debtor, whether the action was carried out and which other contacts followed."""
    chosen = decided.select("debtor_id", "action")
    rows = made.inner_join(chosen, "debtor_id")
    rows = rows.mutate(fits=(rows.day == 0) & (rows.channel == rows.action))
    in_order = ibis.window(group_by=[rows.debtor_id, rows.fits], order_by=[rows.seconds, rows.contact_id])
    rows = rows.mutate(is_action=rows.fits & (ibis.row_number().over(in_order) == 0))
    return rows.group_by("debtor_id").agg(
        carried_out=rows.is_action.any(),
        contacted_on_day=(rows.day == 0).any(),
        logged_propensity=most(rows.propensity, where=rows.is_action),
        n_later_contacts=count_where(~rows.is_action),
        days_to_next_contact=least(rows.day, where=~rows.is_action),
    )
