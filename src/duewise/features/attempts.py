"""Attempts to reach a debtor, and the record of earlier ones that was known before each.

One definition serves learning and the night: for any pairs of debtor and date, `_records` tells what had been
tried by what was known at that date. Learning asks for the dates of past attempts, the night for `as_of`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import available_timezones

import ibis
import pandas as pd
import structlog

from duewise.contracts.vocabulary import (
    MESSAGE_CHANNELS,
    RIGHT_PARTY_OUTCOMES,
    Channel,
    Employment,
    Outcome,
    Product,
)
from duewise.features.aggregates import count_where
from duewise.features.contact_history import DAYPARTS, TWO_WAY_CHANNELS, outbound
from duewise.features.events import REACHED_OUTCOMES, known_contacts
from duewise.features.frame import stack
from duewise.features.local_time import to_local
from duewise.features.point_in_time import AsOf, EachOf, day, days_before, happened_within, in_window
from duewise.features.scope import accounts_in_scope, in_sample, placed_accounts
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import bucket
from duewise.sources.tables import Tables

log = structlog.get_logger(__name__)

MEMORY_DAYS = 365
"""Older attempts say little about a telephone that is answered today."""

MOST_ZONES = 40
"""Time zones that are told apart, the most frequent ones; the others keep the portfolio's clock."""

MISSED_OUTCOMES = (Outcome.NO_ANSWER, Outcome.WRONG_PARTY, Outcome.BOUNCED)

KEYS = ("debtor_id", "as_of")
CONTEXT = ("bucket", "product", "employment")


def tried(channel: Channel, daypart: str) -> str:
    """Return the column that counts earlier attempts by `channel` at that time of day."""
    return f"tried_{channel}_{daypart}"


def reached(channel: Channel, daypart: str) -> str:
    """Return the column that counts those of them that reached the debtor in person."""
    return f"reached_{channel}_{daypart}"


RECORD = tuple(
    count(channel, daypart)
    for channel in TWO_WAY_CHANNELS
    for daypart in DAYPARTS
    for count in (tried, reached)
)
"""Columns of a debtor's record of attempts over `MEMORY_DAYS`, counts."""


def past_attempts(
    tables: Tables,
    end: date,
    history_days: int,
    delay_days: int,
    settings: FeatureSettings,
    most_rows: int,
) -> pd.DataFrame:
    """Return attempts with known outcome, each with what was known before the decision to make it.

    An attempt on the local day L is decided at 00:00 UTC of L (or of the UTC date of the attempt, where that
    comes first), and its record ends there on both clocks.

    Parameters
    ----------
    end : date
        The books hold nothing from its 00:00 UTC on.
    history_days, delay_days : int
        Attempts of [end - history_days, end - delay_days) are returned: later ones may not all be typed in,
        and those that reached nobody may be typed in sooner.
    most_rows : int
        Beyond about so many attempts, only those of sampled debtors are returned.

    Returns
    -------
    pandas.DataFrame
        ``debtor_id, as_of, channel, hour, weekday`` (on the debtor's clock; Monday is 0), ``reached`` (1 or
        0), `CONTEXT` and `RECORD`, by time and debtor.
    """
    made = _with_outcome(_on_own_clock(tables, end, settings))
    made = made.filter(happened_within(made, end, -history_days, -delay_days))
    rows = int(made.count().to_pyarrow().as_py())
    if rows == 0:
        return pd.DataFrame()
    sample = min(1.0, most_rows / rows)
    if sample < 1.0:
        made = made.filter(in_sample(made.debtor_id, sample))
    told = made.select(
        "contact_id",
        "debtor_id",
        "channel",
        as_of=ibis.least(made.local.date(), made["at"].date()),
        hour=made.local.hour().cast("int64"),
        weekday=made.local.date().day_of_week.index().cast("int64"),
        reached=made.reached.cast("float64"),
    )
    dates = (end - timedelta(days=history_days + 1), end)
    records = _records(tables, told.select(*KEYS).distinct(), dates, settings)
    found = told.left_join(records, KEYS).order_by("as_of", "debtor_id", "contact_id")
    frame = _tidy(stack([found.select(*told.columns, *CONTEXT, *RECORD)]))
    log.info("attempts_read", rows=len(frame), of=rows, reached=int(frame["reached"].sum()))
    return frame.drop(columns="contact_id")


def contact_records(tables: Tables, as_of: date, settings: FeatureSettings) -> pd.DataFrame:
    """Return the record of attempts of every debtor in scope at `as_of`.

    Returns
    -------
    pandas.DataFrame
        ``debtor_id, as_of``, `CONTEXT` and `RECORD`, by debtor id.
    """
    people = accounts_in_scope(tables, as_of).select("debtor_id").distinct()
    asked = people.mutate(as_of=day(as_of))
    records = _records(tables, asked, (as_of, as_of), settings)
    return _tidy(stack([records.select(*KEYS, *CONTEXT, *RECORD).order_by("debtor_id")]))


def _records(
    tables: Tables, asked: ibis.Table, dates: tuple[date, date], settings: FeatureSettings
) -> ibis.Table:
    """Return context and record of each pair of ``debtor_id`` and ``as_of`` in `asked`."""
    contacts = tables.contacts.inner_join(asked, "debtor_id")
    made = _on_own_clock(
        replace(tables, contacts=contacts), EachOf(contacts.as_of, first=dates[0], last=dates[1]), settings
    )
    made = _with_outcome(made).filter(lambda rows: in_window(rows, MEMORY_DAYS))
    hour = made.local.hour()
    counts = {}
    for channel in TWO_WAY_CHANNELS:
        for daypart, (first, end) in DAYPARTS.items():
            there = (made.channel == channel) & (hour >= first) & (hour < end)
            counts[tried(channel, daypart)] = count_where(there)
            counts[reached(channel, daypart)] = count_where(there & made.reached)
    record = made.group_by(*KEYS).agg(**counts)
    told = asked.left_join(_debts(tables, asked, dates), KEYS)
    told = told.select(*KEYS, "bucket", "product").left_join(_employment(tables, settings), "debtor_id")
    told = told.select(*KEYS, *CONTEXT).left_join(record, KEYS)
    return told.select(*KEYS, *CONTEXT, **{name: told[name].coalesce(0).cast("int32") for name in counts})


def _on_own_clock(tables: Tables, as_of: AsOf, settings: FeatureSettings) -> ibis.Table:
    """Return our own known contacts with ``local``: the time on the debtor's clock."""
    contacts = known_contacts(tables, as_of, settings.timezone)
    contacts = contacts.filter(outbound(contacts), contacts.channel.isin(TWO_WAY_CHANNELS))
    clocks = tables.debtors.select("debtor_id", clock="timezone")
    contacts = contacts.left_join(clocks, "debtor_id").drop("debtor_id_right")
    others = [
        (contacts.clock == zone, to_local(contacts["at"], zone, as_of))
        for zone in _zones(tables)
        if zone != settings.timezone
    ]
    usual = to_local(contacts["at"], settings.timezone, as_of)
    return contacts.mutate(local=ibis.cases(*others, else_=usual) if others else usual)


def _zones(tables: Tables) -> Sequence[str]:
    """Return the time zones of debtors, the most frequent first."""
    counts = (
        tables.debtors.filter(tables.debtors.timezone.notnull()).group_by("timezone").agg(n=ibis._.count())
    )
    ranked = counts.order_by(counts.n.desc(), counts.timezone).limit(MOST_ZONES).to_pyarrow()
    known = available_timezones()
    return [zone for zone in ranked["timezone"].to_pylist() if zone in known]


def _with_outcome(contacts: ibis.Table) -> ibis.Table:
    """Return the contacts of which it is known whether they reached the debtor in person."""
    message = contacts.channel.isin(MESSAGE_CHANNELS)
    missed = contacts.outcome.isin(MISSED_OUTCOMES) | (message & (contacts.outcome == Outcome.DELIVERED))
    spoken = contacts.outcome.isin(RIGHT_PARTY_OUTCOMES)
    return contacts.filter(missed | spoken | (message & contacts.outcome.isin(REACHED_OUTCOMES)))


def _debts(tables: Tables, asked: ibis.Table, dates: tuple[date, date]) -> ibis.Table:
    """Return bucket and product of the accounts that each debtor had open at each date."""
    accounts = tables.accounts.inner_join(asked, "debtor_id")
    as_of = EachOf(accounts.as_of, first=dates[0], last=dates[1])
    placed = placed_accounts(replace(tables, accounts=accounts), as_of)
    still_open = placed.filter(placed.closed_on.isnull() | (placed.closed_on >= day(as_of)))
    by_size = ibis.window(
        group_by=[still_open.debtor_id, still_open.as_of],
        order_by=[still_open.placed_balance.desc(), still_open.account_id],
    )
    ranked = still_open.mutate(
        dpd=ibis.greatest(days_before(still_open.past_due_since, as_of), 0),
        size_rank=ibis.row_number().over(by_size),
    )
    debts = ranked.group_by(*KEYS).agg(
        dpd=ranked.dpd.max(), product=ranked["product"].max(where=ranked.size_rank == 0)
    )
    return debts.select(*KEYS, "product", bucket=bucket(debts.dpd))


def _employment(tables: Tables, settings: FeatureSettings) -> ibis.Table:
    """Return how each debtor earns a living: who works by day answers at other hours."""
    seen = "employment" not in settings.protected
    employment = tables.debtors.employment if seen else ibis.null("string")
    return tables.debtors.select("debtor_id", employment=employment)


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    unknown = {"employment": str(Employment.UNKNOWN), "product": str(Product.OTHER), "bucket": "none"}
    return frame.fillna(unknown)
