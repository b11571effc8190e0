"""Who is in scope at a date, and what each account owes by what was known then."""

import ibis

from duewise.contracts.vocabulary import PaymentKind
from duewise.features.aggregates import THOUSANDTHS, whole
from duewise.features.local_time import to_local
from duewise.features.point_in_time import AsOf, day, days_before, known
from duewise.sources.tables import Tables

SMALLEST_BALANCE = 0.005  # half a cent: less is what rounding left over, not a debt

RAISES_BALANCE = (PaymentKind.CHARGE, PaymentKind.REVERSAL)
LOWERS_BALANCE = (PaymentKind.PAYMENT, PaymentKind.WAIVER)


def placed_accounts(tables: Tables, as_of: AsOf, sample: float | None = None) -> ibis.Table:
    """Return the accounts that had entered collections before `as_of`; later ones are not yet known.

    Parameters
    ----------
    sample : float, optional
        Share of debtors to keep, the same debtors at every date: their ids' hash decides.
    """
    accounts = tables.accounts
    placed = accounts.filter(accounts.placed_on < day(as_of))
    if sample is None or sample >= 1:
        return placed
    return placed.filter(in_sample(placed.debtor_id, sample))


def in_sample(debtor_id: ibis.Value, share: float) -> ibis.Value:
    """Return whether a debtor belongs to a reproducible sample of `share` of all debtors."""
    limit = f"{min(int(share * 16**8), 16**8 - 1):08x}"
    return debtor_id.hexdigest("md5").left(8) < limit


def open_accounts(tables: Tables, as_of: AsOf, sample: float | None = None) -> ibis.Table:
    """Return the accounts that had entered collections before `as_of` and had not left them."""
    placed = placed_accounts(tables, as_of, sample)
    return placed.filter(placed.closed_on.isnull() | (placed.closed_on >= day(as_of)))


def accounts_in_scope(tables: Tables, as_of: AsOf, sample: float | None = None) -> ibis.Table:
    """Return the accounts in scope at `as_of`: placed before it, not closed before it, with a balance.

    Returns
    -------
    ibis.Table
        The contract's columns and ``balance`` (the placed balance and what was booked from the day of
        placement on, as it had happened and was known before `as_of`), ``dpd``, ``days_in_collections``,
        ``charged`` (charges since placement) and ``size_rank`` (0 for the debtor's largest account, ties by
        account id).
    """
    still_open = open_accounts(tables, as_of, sample)
    bookings = _since_placement(known(tables.payments, as_of), still_open, tables.timezone, as_of)
    amount = whole(bookings.amount, THOUSANDTHS)
    moved = bookings.group_by("account_id").agg(
        raised=amount.sum(where=bookings.kind.isin(RAISES_BALANCE)),
        lowered=amount.sum(where=bookings.kind.isin(LOWERS_BALANCE)),
        charged=amount.sum(where=bookings.kind == PaymentKind.CHARGE) / THOUSANDTHS,
    )
    owed = still_open.left_join(moved, "account_id").drop("account_id_right")
    balance = whole(owed.placed_balance, THOUSANDTHS) + owed.raised.coalesce(0.0) - owed.lowered.coalesce(0.0)
    owed = owed.mutate(
        balance=balance / THOUSANDTHS,
        charged=owed.charged.coalesce(0.0),
        dpd=ibis.greatest(days_before(owed.past_due_since, as_of), 0),
        days_in_collections=days_before(owed.placed_on, as_of),
    ).drop("raised", "lowered")
    owed = owed.filter(owed.balance > SMALLEST_BALANCE)
    largest_first = ibis.window(group_by=owed.debtor_id, order_by=[owed.balance.desc(), owed.account_id])
    return owed.mutate(size_rank=ibis.row_number().over(largest_first))


def _since_placement(bookings: ibis.Table, accounts: ibis.Table, timezone: str, as_of: AsOf) -> ibis.Table:
    """Return the bookings that the placed balance does not hold yet; earlier ones are history.

    A day of placement begins at midnight by the portfolio's clock or by UTC, whichever is earlier: exports
    date by either, and a payment of that very day must not be lost.
    """
    placed = accounts.select("account_id", "placed_on")
    bookings = bookings.inner_join(placed, "account_id")
    local_day = to_local(bookings["at"], timezone, as_of).date()
    return bookings.filter(ibis.greatest(bookings["at"].date(), local_day) >= bookings.placed_on)


def closed_accounts(tables: Tables, as_of: AsOf, sample: float | None = None) -> ibis.Table:
    """Return the accounts that had left collections before `as_of`."""
    placed = placed_accounts(tables, as_of, sample)
    return placed.filter(placed.closed_on < day(as_of))
