"""Promises to pay and what became of them, told by the money and never by a status that someone typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import ibis

from duewise.config import DEFAULT_GRACE_DAYS, Portfolio
from duewise.contracts.vocabulary import Outcome, PaymentKind
from duewise.features.aggregates import THOUSANDTHS, whole
from duewise.features.events import known_contacts, known_payments
from duewise.features.local_time import to_local
from duewise.features.point_in_time import AsOf, day, days_before, known
from duewise.features.scope import placed_accounts
from duewise.sources.tables import Tables

KEPT_SHARE = 0.9
"""A promise counts as kept when this share of the promised amount came in: rounding is no broken word."""

DEFAULT_TERM_DAYS = 7
"""Due date of a promise without one, in days after it was made."""

MEMORY_DAYS = 365
"""Older promises that are no longer open are forgotten."""

KEPT, BROKEN, OPEN = "kept", "broken", "open"
STATUSES = (OPEN, KEPT, BROKEN)


@dataclass(frozen=True)
class Grace:
    """Days after the due date until a promise that was not kept is broken.

    Attributes
    ----------
    days : int
    by_method : mapping of payment method to days
        For debtors whose latest payment came that way: some money takes longer.
    """

    days: int = DEFAULT_GRACE_DAYS
    by_method: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, portfolio: Portfolio) -> Self:
        """Return the grace that a portfolio file grants."""
        return cls(portfolio.queues.grace_days, portfolio.queues.grace_days_by_method)


def promises(
    tables: Tables,
    as_of: AsOf,
    timezone: str,
    sample: float | None = None,
    *,
    grace: Grace = Grace(),
) -> ibis.Table:
    """Return every promise known at `as_of` with what became of it by what was known then.

    Kept: payments less reversals between the day of the promise and the end of `grace` cover `KEPT_SHARE`
    of the amount (any payment, where no amount was named), on the account promised for or on any account of
    the debtor. Broken: not kept and the grace is over. Open: neither; a part payment before the due date
    leaves a promise open. One payment may keep two promises whose terms overlap.

    Returns
    -------
    ibis.Table
        ``contact_id, debtor_id, account_id, channel, at, age_days, age_seconds, made_on, due_on, deadline``
        (last day of grace), ``amount, paid, status, overdue_days`` (days since it fell due, negative before)
        and ``term_days`` (days between promise and due date); days are local dates.
    """
    contacts = known_contacts(tables, as_of, timezone)
    promised = contacts.filter(is_promise(contacts))
    made_on = to_local(promised["at"], timezone, as_of).date()
    term = ibis.interval(days=DEFAULT_TERM_DAYS)
    due_on = ibis.greatest(promised.promise_due_on.coalesce((made_on + term).cast("date")), made_on)
    made = promised.select(
        "contact_id",
        "debtor_id",
        "account_id",
        "channel",
        "at",
        "age_days",
        "age_seconds",
        made_on=made_on,
        due_on=due_on,
        amount=promised.promise_amount.nullif(0.0),
    )
    made = _with_deadline(tables, made, as_of, grace)
    made = made.filter((made.age_days <= MEMORY_DAYS) | (made.deadline >= day(as_of)))
    received = _received(tables, made, as_of, timezone, sample)
    ledger = made.left_join(received, "contact_id").drop("contact_id_right")
    paid = ledger.paid.coalesce(0.0)
    needed = whole(ledger.amount.coalesce(0.0) * KEPT_SHARE, THOUSANDTHS) / THOUSANDTHS
    kept = (paid > 0) & (paid >= needed)
    status = ibis.cases((kept, KEPT), (ledger.deadline < day(as_of), BROKEN), else_=OPEN)
    return ledger.mutate(
        paid=paid,
        status=status,
        overdue_days=days_before(ledger.due_on, as_of),
        term_days=ledger.due_on.delta(ledger.made_on, unit="day"),
    )


def is_promise(contacts: ibis.Table) -> ibis.Value:
    """Return whether a promise to pay came out of a contact, by its outcome or by what was noted of it."""
    noted = (contacts.promise_amount > 0) | contacts.promise_due_on.notnull()
    return (contacts.outcome == Outcome.PROMISE) | noted


def _with_deadline(tables: Tables, made: ibis.Table, as_of: AsOf, grace: Grace) -> ibis.Table:
    """Return promises with the last day of their grace."""

    def after(days: int) -> ibis.Value:
        return (made.due_on + ibis.interval(days=days)).cast("date")

    if not grace.by_method:
        return made.mutate(deadline=after(grace.days))
    made = made.left_join(_latest_method(tables, as_of), "debtor_id").drop("debtor_id_right")
    granted = [(made.method == method, after(days)) for method, days in sorted(grace.by_method.items())]
    return made.mutate(deadline=ibis.cases(*granted, else_=after(grace.days))).drop("method")


def _latest_method(tables: Tables, as_of: AsOf) -> ibis.Table:
    """Return how each debtor paid last, by what is known; debtors whose way is not known are left out."""
    paid = known(tables.payments, as_of)
    paid = paid.filter(paid.kind == PaymentKind.PAYMENT, paid.method.notnull())
    owners = tables.accounts.select("account_id", "debtor_id")
    paid = paid.inner_join(owners, "account_id").select("debtor_id", "method", "payment_id", paid_at="at")
    latest = ibis.window(group_by=paid.debtor_id, order_by=[paid.paid_at.desc(), paid.payment_id])
    paid = paid.mutate(order=ibis.row_number().over(latest))
    return paid.filter(paid.order == 0).select("debtor_id", "method")


def _received(
    tables: Tables, made: ibis.Table, as_of: AsOf, timezone: str, sample: float | None
) -> ibis.Table:
    """Return the money that came in within the term of each promise, by contact id."""
    accounts = placed_accounts(tables, as_of, sample).select("debtor_id", payable="account_id")
    payable = made.inner_join(accounts, "debtor_id")
    payable = payable.filter(payable.account_id.isnull() | (payable.account_id == payable.payable))
    payable = payable.select("contact_id", "made_on", "deadline", "payable")
    payments = known_payments(tables, as_of, timezone)
    payments = payments.filter(payments.kind.isin((PaymentKind.PAYMENT, PaymentKind.REVERSAL)))
    payments = payments.filter(payments.age_days <= 2 * MEMORY_DAYS)
    amount = whole(payments.amount, THOUSANDTHS)
    money = payments.select(
        "account_id",
        "local_day",
        signed=(payments.kind == PaymentKind.PAYMENT).ifelse(amount, -amount),
    )
    within = payable.inner_join(money, payable.payable == money.account_id)
    within = within.filter(within.local_day.between(within.made_on, within.deadline))
    return within.group_by("contact_id").agg(paid=within.signed.sum() / THOUSANDTHS)
