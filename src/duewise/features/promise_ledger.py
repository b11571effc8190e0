"""Promises to pay and what became of them, told by the money and never by a status that someone typed."""

import ibis

from duewise.contracts.vocabulary import Outcome, PaymentKind
from duewise.features.aggregates import THOUSANDTHS, whole
from duewise.features.events import known_contacts, known_payments
from duewise.features.local_time import to_local
from duewise.features.point_in_time import AsOf, day, days_before
from duewise.features.scope import placed_accounts
from duewise.sources.tables import Tables

GRACE_DAYS = 2
"""A transfer made on the due date arrives up to two days later."""

KEPT_SHARE = 0.9
"""A promise counts as kept when this share of the promised amount came in: rounding is no broken word."""

DEFAULT_TERM_DAYS = 7
"""Due date of a promise without one, in days after it was made."""

MEMORY_DAYS = 365
"""Older promises that are no longer open are forgotten."""

KEPT, BROKEN, OPEN = "kept", "broken", "open"
STATUSES = (OPEN, KEPT, BROKEN)


def promises(tables: Tables, as_of: AsOf, timezone: str, sample: float | None = None) -> ibis.Table:
    """Return every promise known at `as_of` with what became of it by what was known then.

    Kept: payments less reversals between the day of the promise and `GRACE_DAYS` after the due date cover
    `KEPT_SHARE` of the amount (any payment, where no amount was named), on the account promised for or on
    any account of the debtor. Broken: not kept and the grace is over. Open: neither; a part payment before
    the due date leaves a promise open. One payment may keep two promises whose terms overlap.

    Returns
    -------
    ibis.Table
        ``contact_id, debtor_id, account_id, channel, at, age_days, age_seconds, made_on, due_on, amount,
        paid, status, overdue_days`` (days since it fell due, negative before) and ``term_days`` (days
        between promise and due date); days are local dates.
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
        deadline=(due_on + ibis.interval(days=GRACE_DAYS)).cast("date"),
        amount=promised.promise_amount.nullif(0.0),
    )
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
    ).drop("deadline")


def is_promise(contacts: ibis.Table) -> ibis.Value:
    """Return whether a promise to pay came out of a contact, by its outcome or by what was noted of it."""
    noted = (contacts.promise_amount > 0) | contacts.promise_due_on.notnull()
    return (contacts.outcome == Outcome.PROMISE) | noted


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
