"""What became of earlier plans: how many of the planned contacts were made."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import pandas as pd
import pyarrow.compute as pc

from duewise.contracts.vocabulary import CHANNELS, NONE, Direction, Queue
from duewise.features.point_in_time import known
from duewise.publish.published_run import PublishedRun
from duewise.sources.tables import Tables

LOOK_BACK_DAYS = 28

_HOURS_EAST = 14
"""The debtor's day begins up to so many hours before the UTC day of the same date …"""
_HOURS_WEST = 36
"""… and ends up to so many hours after that day's 00:00 UTC."""


@dataclass(frozen=True)
class Delivered:
    """How many contacts of one action or queue were planned, and how many are on record as made."""

    name: str
    planned: int
    made: int


def delivered_by_action(tables: Tables, as_of: date, report_days: int) -> list[dict[str, Any]]:
    """Return how many contacts the assignments of the last four weeks planned and how many were made.

    Parameters
    ----------
    report_days : int
        Nights that are left out because their records may still be on the way.

    Returns
    -------
    list of dict
        Fields of `Delivered`, in the order of the channels; empty without assignments.
    """
    decided = tables.assignments
    first, last = (ibis.literal(as_of - timedelta(days=days)) for days in (LOOK_BACK_DAYS, report_days))
    decided = decided.filter(
        decided.as_of >= first, decided.as_of < last, decided.action.isin(list(map(str, CHANNELS)))
    )
    plans = decided.select("debtor_id", "as_of", "action", group="action").distinct()
    return [asdict(one) for one in _counted(tables, plans, as_of, list(map(str, CHANNELS)))]


def delivered_by_queue(
    tables: Tables, runs: Sequence[PublishedRun], as_of: date, report_days: int
) -> list[Delivered]:
    """Return how many contacts of each queue the published `runs` planned and how many were made."""
    last = as_of - timedelta(days=report_days)
    parts = [
        run.strategies(["debtor_id", "action", "queue"], pc.field("action") != NONE)
        .to_pandas()
        .assign(as_of=run.as_of)
        for run in runs
        if run.as_of < last
    ]
    if not parts:
        return []
    columns = pd.concat(parts).rename(columns={"queue": "group"})
    plans = tables.con.create_table("planned_contacts", columns, temp=True)
    return _counted(tables, plans, as_of, list(map(str, Queue)))


def _counted(tables: Tables, plans: ibis.Table, as_of: date, groups: Sequence[str]) -> list[Delivered]:
    """Return planned and made contacts by group; a contact is made on the debtor's day and channel."""
    contacts = known(tables.contacts, as_of)
    done = contacts.filter(contacts.direction != Direction.INBOUND)
    done = done.select(who="debtor_id", used="channel", done_at="at")
    night = plans.as_of.cast("timestamp")
    made = plans.semi_join(
        done,
        [
            plans.debtor_id == done.who,
            plans.action == done.used,
            done.done_at >= night - ibis.interval(hours=_HOURS_EAST),
            done.done_at < night + ibis.interval(hours=_HOURS_WEST),
        ],
    )
    planned_of, made_of = (
        table.group_by("group").agg(contacts=table.count()).to_pandas().set_index("group")["contacts"]
        for table in (plans, made)
    )
    return [
        Delivered(group, int(planned_of[group]), int(made_of.get(group, 0)))
        for group in groups
        if group in planned_of.index
    ]
