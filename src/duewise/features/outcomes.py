"""Outcomes: what followed a decision date, for training and judging; features never see it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
import structlog

from duewise.contracts.vocabulary import HARM_OUTCOMES, PaymentKind
from duewise.features.aggregates import THOUSANDTHS, whole
from duewise.features.dates import on_each_date
from duewise.features.frame import stack
from duewise.features.point_in_time import AsOf, day, happened_within
from duewise.features.scope import accounts_in_scope
from duewise.sources.tables import Tables

log = structlog.get_logger(__name__)

HARM_DAYS = 30
"""Days after a contact within which a complaint, opt-out or dispute is laid at its door."""

SHARE_TOLERANCE = 1e-9
"""A tenth of a balance is a tenth although the division says 0.0999...: far below one thousandth of money."""


def outcomes(
    tables: Tables,
    dates: Iterable[date],
    horizons: Sequence[int],
    repay_share: float,
    data_end: date,
    posting_delay_days: int = 0,
    sample: float | None = None,
    only: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return what each debtor in scope paid after each date, by the clock of the event alone.

    Parameters
    ----------
    horizons : sequence of int
        Days; money counts when it moved in [as_of, as_of + horizon).
    repay_share : float
        Repaid means at least this share of the balance at `as_of`.
    data_end : date
        The data hold nothing from its 00:00 UTC on.
    posting_delay_days : int
        Days that payments take to reach the books.
    sample : float, optional
        As in :func:`duewise.features.snapshot.snapshot`: the same debtors, in the same order.
    only : DataFrame, optional
        Pairs of ``debtor_id`` and ``as_of`` to return; the rest never fills the memory.

    Returns
    -------
    pandas.DataFrame
        By date and debtor id: ``debtor_id, as_of, balance``; for each horizon h ``recovered_<h>d``
        (payments less reversals on the accounts in scope at `as_of`, within [0, balance]), ``share_<h>d``
        of the balance, ``repaid_<h>d`` (1 or 0) and ``mature_<h>d``: the whole horizon and the posting
        delay have passed. A label that is not mature is missing: half a horizon must never pass for a
        whole one.
    """
    parts = []
    windows = {f"recovered_{h}d": (0, h) for h in horizons}
    for as_of, moved in on_each_date(
        tables.con, dates, lambda as_of: money_moved(tables, as_of, windows, sample), only
    ):
        labels = stack([moved])
        mature = {h: is_mature(as_of, h, data_end, posting_delay_days) for h in horizons}
        parts.append(_labelled(labels, mature, repay_share))
        censored = [h for h in horizons if not mature[h]]
        log.info("outcomes_built", as_of=str(as_of), debtors=len(labels), censored_horizons=censored)
    return pd.concat(parts, ignore_index=True)


def is_mature(as_of: date, horizon_days: int, data_end: date, posting_delay_days: int = 0) -> bool:
    """Return whether everything within the horizon after `as_of` had time to reach the books."""
    return as_of + timedelta(days=horizon_days + posting_delay_days) <= data_end


def prior_outcomes(
    tables: Tables,
    dates: Iterable[date],
    horizons: Sequence[int],
    sample: float | None = None,
    only: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return what each debtor in scope paid *before* each date: no action of that date can have changed it.

    Returns
    -------
    pandas.DataFrame
        By date and debtor id: ``debtor_id, as_of, balance`` and for each horizon h
        ``prior_recovered_<h>d`` (at least 0) and ``prior_share_<h>d`` of that money and the balance
        together.
    """
    windows = {f"prior_recovered_{h}d": (-h, 0) for h in horizons}
    parts = on_each_date(tables.con, dates, lambda as_of: money_moved(tables, as_of, windows, sample), only)
    paid = stack([moved for _, moved in parts])
    for h in horizons:
        money = paid[f"prior_recovered_{h}d"].clip(lower=0)
        share = money / (money + paid["balance"])
        paid = paid.assign(**{f"prior_recovered_{h}d": money, f"prior_share_{h}d": share})
    return paid


def money_moved(
    tables: Tables, as_of: AsOf, windows: Mapping[str, tuple[int, int]], sample: float | None = None
) -> ibis.Table:
    """Return payments less reversals in each window, on the accounts in scope at `as_of`.

    Parameters
    ----------
    windows : mapping of column name to (first, end)
        Money counts when it moved in [as_of + first days, as_of + end days), whenever it reached the books.

    Returns
    -------
    ibis.Table
        ``debtor_id, as_of, balance`` and one column per window, by debtor id.
    """
    accounts = accounts_in_scope(tables, as_of, sample).select("account_id", "debtor_id", "balance")
    payments = tables.payments
    payments = payments.filter(
        payments.kind.isin((PaymentKind.PAYMENT, PaymentKind.REVERSAL)),
        happened_within(
            payments, as_of, min(f for f, _ in windows.values()), max(e for _, e in windows.values())
        ),
    )
    amount = whole(payments.amount, THOUSANDTHS)
    signed = (payments.kind == PaymentKind.PAYMENT).ifelse(amount, -amount)
    moved = payments.group_by("account_id").agg(
        **{
            name: signed.sum(where=happened_within(payments, as_of, *window))
            for name, window in windows.items()
        }
    )
    owed = accounts.left_join(moved, "account_id").drop("account_id_right")
    total = owed.group_by("debtor_id").agg(
        balance=whole(owed.balance, THOUSANDTHS).sum() / THOUSANDTHS,
        **{name: owed[name].sum().coalesce(0.0) / THOUSANDTHS for name in windows},
    )
    return total.select("debtor_id", "balance", *windows, as_of=day(as_of)).order_by("debtor_id")


def harms(
    tables: Tables,
    dates: Iterable[date],
    data_end: date,
    sample: float | None = None,
    only: pd.DataFrame | None = None,
    days: int = HARM_DAYS,
) -> pd.DataFrame:
    """Return who complained, opted out or disputed within `days` of each date.

    Returns
    -------
    pandas.DataFrame
        By date and debtor id, for every debtor in scope: ``debtor_id, as_of, harmed`` (1 or 0, missing
        where the days have not all passed).
    """
    parts = []
    for as_of, marked in on_each_date(
        tables.con, dates, lambda as_of: _harmed(tables, as_of, days, sample), only
    ):
        part = stack([marked])
        parts.append(part if is_mature(as_of, days, data_end) else part.assign(harmed=np.nan))
    return pd.concat(parts, ignore_index=True)


def _harmed(tables: Tables, as_of: AsOf, days: int, sample: float | None) -> ibis.Table:
    people = accounts_in_scope(tables, as_of, sample).select("debtor_id").distinct()
    contacts = tables.contacts
    struck = contacts.filter(contacts.outcome.isin(HARM_OUTCOMES), happened_within(contacts, as_of, 0, days))
    struck = struck.select(struck="debtor_id").distinct()
    marked = people.left_join(struck, people.debtor_id == struck.struck)
    harmed = marked.struck.notnull().cast("float64")
    return marked.select("debtor_id", as_of=day(as_of), harmed=harmed).order_by("debtor_id")


def _labelled(labels: pd.DataFrame, mature: Mapping[int, bool], repay_share: float) -> pd.DataFrame:
    """Return the labels of one date; money is capped to what was owed."""
    columns: dict[str, Any] = {}
    balance = labels["balance"].to_numpy()
    for days, whole_horizon in mature.items():
        money = np.clip(labels[f"recovered_{days}d"].to_numpy(), 0.0, balance)
        money = money if whole_horizon else np.full_like(money, np.nan)
        share = money / balance
        columns[f"recovered_{days}d"] = money
        columns[f"share_{days}d"] = share
        columns[f"repaid_{days}d"] = np.where(np.isnan(share), np.nan, share >= repay_share - SHARE_TOLERANCE)
        columns[f"mature_{days}d"] = whole_horizon
    return labels[["debtor_id", "as_of", "balance"]].assign(**columns)
