"""What became of a decision within its period, day by day: read by the censoring model, never by a score.

Whether another contact follows depends on what happened since: whoever paid or promised is left in peace.
Ignoring that would count early payers double among those who were not contacted again. A payment that had
been made before and reaches the books now does the same, so postings count beside payments.
"""

from collections.abc import Iterable
from datetime import date

import ibis
import pandas as pd

from duewise.contracts.vocabulary import RIGHT_PARTY_OUTCOMES, Outcome, PaymentKind
from duewise.features.dates import on_each_date
from duewise.features.frame import stack
from duewise.features.point_in_time import AsOf, day, happened_within, instant
from duewise.features.scope import accounts_in_scope
from duewise.sources.tables import Tables


def aftermath(
    tables: Tables,
    dates: Iterable[date],
    decision_days: int,
    sample: float | None = None,
    only: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return on which day of the period each debtor in scope first paid, promised, or was spoken to.

    Parameters
    ----------
    decision_days : int
        Length of the period [as_of, as_of + decision_days).
    sample : float, optional
        As in :func:`duewise.features.snapshot.snapshot`: the same debtors, in the same order.
    only : DataFrame, optional
        Pairs of ``debtor_id`` and ``as_of`` to return; the rest never fills the memory.

    Returns
    -------
    pandas.DataFrame
        By date and debtor id: ``debtor_id, as_of`` and ``paid_day, posted_day, promised_day, reached_day``:
        whole days from `as_of` on which a payment was made, a payment reached the books, a promise was given,
        the debtor was spoken to; 0 on the day itself, missing where it did not happen.
    """
    parts = on_each_date(
        tables.con, dates, lambda as_of: _aftermath_of(tables, as_of, decision_days, sample), only
    )
    return stack([part for _, part in parts])


def _aftermath_of(tables: Tables, as_of: AsOf, decision_days: int, sample: float | None) -> ibis.Table:
    accounts = accounts_in_scope(tables, as_of, sample).select("account_id", "debtor_id")
    payments = tables.payments.filter(tables.payments.kind == PaymentKind.PAYMENT)
    payments = payments.inner_join(accounts, "account_id")
    paid = payments.filter(happened_within(payments, as_of, 0, decision_days))
    paid = paid.group_by("debtor_id").agg(paid_day=_day(paid["at"], as_of).min())
    posted = payments.mutate(posted_at=ibis.coalesce(payments.recorded_at, payments["at"]))
    posted = posted.filter(
        posted.posted_at >= instant(as_of), posted.posted_at < instant(as_of, plus_days=decision_days)
    )
    posted = posted.group_by("debtor_id").agg(posted_day=_day(posted.posted_at, as_of).min())
    spoken = tables.contacts.filter(happened_within(tables.contacts, as_of, 0, decision_days))
    spoken = spoken.mutate(day=_day(spoken["at"], as_of))
    spoken = spoken.group_by("debtor_id").agg(
        promised_day=spoken.day.min(where=spoken.outcome == Outcome.PROMISE),
        reached_day=spoken.day.min(where=spoken.outcome.isin(RIGHT_PARTY_OUTCOMES)),
    )
    people = accounts.select("debtor_id").distinct()
    told = people.left_join(paid, "debtor_id").drop("debtor_id_right")
    told = told.left_join(posted, "debtor_id").drop("debtor_id_right")
    told = told.left_join(spoken, "debtor_id").drop("debtor_id_right")
    days = ("paid_day", "posted_day", "promised_day", "reached_day")
    return told.select(
        "debtor_id", as_of=day(as_of), **{name: told[name].cast("float64") for name in days}
    ).order_by("debtor_id")


def _day(at: ibis.Value, as_of: AsOf) -> ibis.Value:
    return at.date().delta(day(as_of), unit="day")
