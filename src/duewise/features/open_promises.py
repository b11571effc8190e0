"""Open promises with what was known of them at a date, and what became of those whose time is over."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import ibis
import pandas as pd
import structlog

from duewise.features.aggregates import THOUSANDTHS, count_where, exact_sum, ratio
from duewise.features.dates import on_each_date
from duewise.features.events import known_contacts
from duewise.features.frame import stack
from duewise.features.point_in_time import AsOf, day, in_window
from duewise.features.promise_ledger import KEPT, OPEN, is_promise, promises
from duewise.features.scope import accounts_in_scope, in_sample
from duewise.features.settings import FeatureSettings
from duewise.sources.tables import Tables

log = structlog.get_logger(__name__)

NUMBERS = (
    "amount_to_balance",
    "amount_to_income",
    "paid_share",
    "days_to_due",
    "term_days",
    "age_days",
    "balance",
    "dpd",
    "promises_due",
    "promises_kept",
)
WORDS = ("channel", "attitude")

LEARNING_STEP_DAYS = 5
"""Days between the dates at which past promises are looked at; no divisor of a week, and most are seen."""


def open_promises(tables: Tables, dates: Iterable[date], settings: FeatureSettings) -> pd.DataFrame:
    """Return the promises that were open at each date, of debtors in scope, by what was known then.

    Returns
    -------
    pandas.DataFrame
        ``debtor_id, as_of, contact_id, due_on``; ``remaining`` (promised money still to come, at most the
        balance; missing where no amount was named); the `NUMBERS`: amount against balance and monthly
        income, share of the amount already paid, days to the due date, days between promise and due date,
        days since it was made, balance, days past due, the debtor's other promises that came due and that
        were kept in a year; and the `WORDS`: channel and attitude of the conversation. By date, debtor, due
        date and contact.
    """
    parts = on_each_date(tables.con, dates, lambda as_of: _open_at(tables, as_of, settings))
    return stack([part for _, part in parts])


def past_promises(
    tables: Tables,
    end: date,
    history_days: int,
    delay_days: int,
    settings: FeatureSettings,
    most_promises: int,
) -> pd.DataFrame:
    """Return promises that were open at past dates and whose outcome is known at `end`.

    A promise teaches when its grace and the posting delay were over before `end`, whether it was kept early
    or not: else kept ones would be known sooner. Those older than the ledger's memory at `end` are left out.

    Parameters
    ----------
    end : date
        The books hold nothing from its 00:00 UTC on.
    history_days : int
        How far back to look.
    delay_days : int
        Days that payments take to reach the books.
    most_promises : int
        Beyond about so many promises on record, only those of sampled debtors are looked at.

    Returns
    -------
    pandas.DataFrame
        As `open_promises` gives it, with ``kept`` (1 or 0, by the ledger's definition) and ``came_share``:
        the part of `remaining` that came in within the term, in [0, 1], missing where no amount was named.
    """
    steps = range(LEARNING_STEP_DAYS, history_days + 1, LEARNING_STEP_DAYS)
    dates = sorted(end - timedelta(days=step) for step in steps)
    promised = tables.contacts.filter(is_promise(tables.contacts))
    on_record = int(promised.count().to_pyarrow().as_py())
    if not dates or on_record == 0:
        return pd.DataFrame()
    promisers = _promisers(tables, min(1.0, most_promises / on_record))
    seen = open_promises(promisers, dates, settings)
    ledger = promises(promisers, end, settings.timezone, grace=settings.grace)
    ended = ledger.select(
        "contact_id",
        "deadline",
        as_of=day(end),
        kept=(ledger.status == KEPT).cast("float64"),
        got="paid",
    )
    known = seen.merge(
        stack([ended]).drop(columns="as_of"), on="contact_id", how="inner", validate="many_to_one"
    )
    known = known.loc[known["deadline"] + pd.Timedelta(days=delay_days) < pd.Timestamp(end)]
    came = (known["got"] - known["paid"]) / known["remaining"]
    log.info("promises_read", rows=len(known), open=len(seen), kept=int(known["kept"].sum()))
    return known.assign(came_share=came.clip(0.0, 1.0)).drop(columns=["got", "deadline"])


def due_next(promised: pd.DataFrame) -> pd.DataFrame:
    """Return for each debtor and date the open promise that falls due first."""
    return promised.drop_duplicates(["debtor_id", "as_of"], keep="first")


def _promisers(tables: Tables, sample: float) -> Tables:
    """Return what concerns promises of debtors who ever promised, computed once for all dates."""
    promised = tables.contacts.filter(is_promise(tables.contacts))
    promised = promised.filter(in_sample(promised.debtor_id, sample)).cache()
    accounts = tables.accounts.semi_join(promised, "debtor_id").cache()
    payments = tables.payments.semi_join(accounts, "account_id").cache()
    return replace(tables, contacts=promised, accounts=accounts, payments=payments)


def _open_at(tables: Tables, as_of: AsOf, settings: FeatureSettings) -> ibis.Table:
    ledger = promises(tables, as_of, settings.timezone, grace=settings.grace)
    contacts = known_contacts(tables, as_of, settings.timezone).select("contact_id", "attitude")
    open_now = ledger.filter(ledger.status == OPEN)
    told = open_now.left_join(contacts, "contact_id").drop("contact_id_right")
    told = told.inner_join(_debts(tables, as_of), "debtor_id")
    told = told.left_join(_past(ledger), "debtor_id").drop("debtor_id_right")
    income = tables.debtors.monthly_income
    if "monthly_income" in settings.protected:
        income = ibis.null("float64")
    told = told.left_join(tables.debtors.select("debtor_id", income=income), "debtor_id")
    paid = ibis.greatest(told.paid, 0.0)  # less where an earlier payment was taken back within the term
    still = told.amount - paid
    return told.select(
        "debtor_id",
        "contact_id",
        "due_on",
        "channel",
        "attitude",
        "balance",
        as_of=day(as_of),
        paid=paid,
        # Engines disagree on the greatest of a number and nothing, so the bounds are written out.
        remaining=ibis.cases((still < 0.0, 0.0), (still > told.balance, told.balance), else_=still),
        amount_to_balance=ratio(told.amount, told.balance),
        amount_to_income=ratio(told.amount, told.income),
        paid_share=ratio(paid, told.amount),
        days_to_due=-told.overdue_days.cast("float64"),
        term_days=told.term_days.cast("float64"),
        age_days=told.age_days.cast("float64"),
        dpd=told.dpd.cast("float64"),
        promises_due=told.promises_due.coalesce(0).cast("float64"),
        promises_kept=told.promises_kept.coalesce(0).cast("float64"),
    ).order_by("debtor_id", "due_on", "contact_id")


def _debts(tables: Tables, as_of: AsOf) -> ibis.Table:
    accounts = accounts_in_scope(tables, as_of)
    return accounts.group_by("debtor_id").agg(
        balance=exact_sum(accounts.balance, THOUSANDTHS), dpd=accounts.dpd.max()
    )


def _past(ledger: ibis.Table) -> ibis.Table:
    """Return how many of the debtor's promises of a year came due, and were kept."""
    over = (ledger.status != OPEN) & in_window(ledger, 365)
    return ledger.group_by("debtor_id").agg(
        promises_due=count_where(over), promises_kept=count_where(over & (ledger.status == KEPT))
    )
