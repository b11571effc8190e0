"""Queues of the worklist: what is urgent by date comes before what is ranked by value, until it is worked."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.contracts.vocabulary import NONE, Direction, Queue
from duewise.features.events import known_contacts
from duewise.features.local_time import to_local
from duewise.features.promise_ledger import BROKEN, OPEN, Grace, promises
from duewise.features.scope import accounts_in_scope
from duewise.sources.tables import Tables

BROKEN_MEMORY_DAYS = 14
"""A promise broken longer ago is history that the models read, no longer an event to act on."""

CALLBACK_MEMORY_DAYS = 7
"""A callback that nobody made within a week is stale."""

LEGAL_CLOCK_DAYS = 90
"""A limitation period that ends within these days is a queue of its own."""

URGENT: tuple[Queue, ...] = (Queue.PROMISE_DUE, Queue.PROMISE_BROKEN, Queue.CALLBACK, Queue.LEGAL_CLOCK)


def urgent_dates(tables: Tables, as_of: date, timezone: str, grace: Grace) -> ibis.Table:
    """Return what is urgent by date for each debtor in scope, by debtor id.

    Parameters
    ----------
    grace : Grace
        How long a promise may stay unpaid after its due date before it is broken.

    Returns
    -------
    ibis.Table
        ``debtor_id``; ``promise_due`` (an open promise falls due on `as_of`), ``promise_broken`` (one was
        broken lately and nobody has spoken to the debtor since), ``callback`` (asked for by the end of
        `as_of` and not made yet), ``limitation_days`` (until the first claim is barred; null when not near).
    """
    ledger = promises(tables, as_of, timezone, grace=grace)
    contacts = known_contacts(tables, as_of, timezone)
    outbound = contacts.filter(contacts.direction == Direction.OUTBOUND)
    worked = outbound.group_by("debtor_id").agg(last_worked=outbound["at"].max())
    told = ledger.left_join(worked, "debtor_id").drop("debtor_id_right")
    recently = told.deadline >= ibis.literal(as_of) - ibis.interval(days=BROKEN_MEMORY_DAYS)
    untouched = told.last_worked.isnull() | (
        to_local(told.last_worked, timezone, as_of).date() <= told.deadline
    )
    promised = told.group_by("debtor_id").agg(
        promise_due=((told.status == OPEN) & (told.due_on == ibis.literal(as_of))).any(),
        promise_broken=((told.status == BROKEN) & recently & untouched).any(),
    )
    asked = contacts.filter(contacts.callback_at.notnull()).left_join(worked, "debtor_id")
    wanted_on = to_local(asked.callback_at, timezone, as_of).date()
    pending = (
        (wanted_on <= ibis.literal(as_of))
        & (wanted_on >= ibis.literal(as_of) - ibis.interval(days=CALLBACK_MEMORY_DAYS))
        & (asked.last_worked.isnull() | (asked.last_worked <= asked["at"]))
    )
    called = asked.mutate(pending=pending).group_by("debtor_id").agg(callback=ibis._.pending.any())
    accounts = accounts_in_scope(tables, as_of)
    remaining = accounts.limitation_expires_on.delta(ibis.literal(as_of), unit="day")
    clock = (
        accounts.mutate(remaining=remaining)
        .filter(ibis._.remaining.between(0, LEGAL_CLOCK_DAYS))
        .group_by("debtor_id")
        .agg(limitation_days=ibis._.remaining.min())
    )
    told_of = accounts.select("debtor_id").distinct()
    for dates in (promised, called, clock):
        told_of = told_of.left_join(dates, "debtor_id").drop("debtor_id_right")
    marks = ("promise_due", "promise_broken", "callback")
    return told_of.mutate(**{mark: told_of[mark].coalesce(False) for mark in marks}).order_by("debtor_id")


def queue_of(urgent: pd.DataFrame, stage: NDArray[Any], action: NDArray[Any]) -> NDArray[Any]:
    """Return the queue of each debtor: the most urgent date first, else the stage, else nothing tonight.

    Parameters
    ----------
    urgent : DataFrame of n_debtors rows
        Columns of :func:`urgent_dates`.
    stage, action : ndarray of shape (n_debtors,)
    """
    conditions: Sequence[NDArray[np.bool_]] = [
        urgent["promise_due"].to_numpy(dtype=bool),
        urgent["promise_broken"].to_numpy(dtype=bool),
        urgent["callback"].to_numpy(dtype=bool),
        urgent["limitation_days"].notna().to_numpy(),
        action == NONE,
    ]
    names = [str(queue) for queue in (*URGENT, Queue.NO_ACTION)]
    return np.select(conditions, names, default=stage.astype(str)).astype(object)


def worklist_order(
    queue: NDArray[Any],
    action: NDArray[Any],
    priority: NDArray[np.float64],
    expected_recovery: NDArray[np.float64],
) -> NDArray[np.intp]:
    """Return the rows in worklist order; rows must come sorted by debtor, which breaks the last ties.

    Urgent queues in their order, then whoever gets an action by priority, then the others by what is
    expected of them.
    """
    urgency = np.full(len(queue), len(URGENT))
    for place, name in enumerate(URGENT):
        urgency[queue == name] = place
    return np.lexsort((-np.nan_to_num(expected_recovery), -priority, action == NONE, urgency))
