"""What the ladder of stages looks at, from the accepted tables."""

from datetime import date

import ibis
import numpy as np
import pandas as pd

from duewise.config import StagesSection
from duewise.contracts.vocabulary import Direction, Outcome
from duewise.features.events import known_flags
from duewise.features.point_in_time import known
from duewise.features.scope import accounts_in_scope
from duewise.policy.stages import LadderFacts, asked_flags, asks_for_contacts
from duewise.sources.tables import Tables

FREEZING_FLAGS = ("dispute", "bankruptcy", "insolvency", "breathing_space")
"""While one of these is on, a debt climbs no further; only limitation runs on."""


def ladder_facts(tables: Tables, as_of: date, ladder: StagesSection, debtors: pd.DataFrame) -> LadderFacts:
    """Return the facts of each row of a snapshot.

    Parameters
    ----------
    debtors : DataFrame of n_debtors rows
        With ``debtor_id``, ``dpd`` and ``product``.
    """
    asked = asked_flags(ladder)
    flags = known_flags(tables, as_of)
    freezing = flags.flag.isin(FREEZING_FLAGS)
    since = flags.starts_at.min(where=freezing).date()
    frozen_days = ibis.literal(as_of).delta(since, unit="day")
    marks = {flag: (flags.flag == flag).any() for flag in asked}
    found = flags.filter(freezing | flags.flag.isin(asked)) if asked else flags.filter(freezing)
    by_debtor = found.group_by("debtor_id").agg(frozen_days=frozen_days, **marks).to_pandas()
    rows = debtors[["debtor_id"]].merge(by_debtor, how="left", on="debtor_id", validate="one_to_one")
    contacts = np.zeros(len(debtors), dtype=np.int64)
    if asks_for_contacts(ladder):
        made = debtors[["debtor_id"]].merge(_contacts_made(tables, as_of), how="left", on="debtor_id")
        contacts = made["contacts"].fillna(0).to_numpy(dtype=np.int64)
    return LadderFacts(
        dpd=debtors["dpd"].to_numpy(dtype=np.int64),
        frozen_days=np.maximum(rows["frozen_days"].fillna(0).to_numpy(dtype=np.int64), 0),
        contacts=contacts,
        product=debtors["product"].astype(str).to_numpy(dtype=object),
        flags={flag: rows[flag].eq(True).to_numpy(dtype=bool) for flag in asked},
    )


def _contacts_made(tables: Tables, as_of: date) -> pd.DataFrame:
    """Return how many contacts were made with each debtor since the oldest placement still in scope."""
    accounts = accounts_in_scope(tables, as_of)
    placed = accounts.group_by("debtor_id").agg(since=accounts.placed_on.min())
    contacts = known(tables.contacts, as_of)
    made = contacts.filter(contacts.direction != Direction.INBOUND, contacts.outcome != Outcome.BOUNCED)
    made = made.inner_join(placed, "debtor_id")
    made = made.filter(made["at"].date() >= made.since)
    counts: pd.DataFrame = made.group_by("debtor_id").agg(contacts=made.count()).to_pandas()
    return counts
