"""Money that had been paid but stood in no books: what nobody who decided can have known or changed."""

from collections.abc import Iterable
from datetime import date

import ibis
import pandas as pd

from duewise.contracts.vocabulary import PaymentKind
from duewise.features.dates import on_each_date
from duewise.features.frame import stack
from duewise.features.point_in_time import AsOf, day, happened_within, instant
from duewise.features.scope import accounts_in_scope
from duewise.sources.tables import Tables

LONGEST_DAYS = 30
"""Days that a payment may be on its way; what is booked later still is an error of the books."""


def unposted_payments(
    tables: Tables,
    dates: Iterable[date],
    sample: float | None = None,
    only: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return whose payment was on its way: made before each date, in the books only after its whole day.

    Books that reach us during the day of the decision could be seen by whoever acts in the afternoon, so
    the payment must have been unknown until the next 00:00 UTC.

    Parameters
    ----------
    sample : float, optional
        As in :func:`duewise.features.snapshot.snapshot`: the same debtors, in the same order.
    only : DataFrame, optional
        Pairs of ``debtor_id`` and ``as_of`` to return; the rest never fills the memory.

    Returns
    -------
    pandas.DataFrame
        By date and debtor id, for every debtor in scope: ``debtor_id, as_of, unposted`` (1 or 0); always 0
        where the books know payments at once.
    """
    parts = on_each_date(tables.con, dates, lambda as_of: _unposted(tables, as_of, sample), only)
    return stack([part for _, part in parts])


def _unposted(tables: Tables, as_of: AsOf, sample: float | None) -> ibis.Table:
    accounts = accounts_in_scope(tables, as_of, sample).select("account_id", "debtor_id")
    payments = tables.payments
    on_their_way = payments.filter(
        payments.kind == PaymentKind.PAYMENT,
        payments.amount > 0,
        happened_within(payments, as_of, -LONGEST_DAYS, 0),
        payments.recorded_at >= instant(as_of, plus_days=1),
    )
    payers = on_their_way.inner_join(accounts, "account_id").select(payer="debtor_id").distinct()
    people = accounts.select("debtor_id").distinct()
    marked = people.left_join(payers, people.debtor_id == payers.payer)
    paid = marked.payer.notnull().cast("float64")
    return marked.select("debtor_id", as_of=day(as_of), unposted=paid).order_by("debtor_id")
