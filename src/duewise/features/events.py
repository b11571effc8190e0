"""The event tables as features may see them: known at the date, in local time, without what is off limits."""

import ibis

from duewise.contracts.vocabulary import (
    HARM_OUTCOMES,
    RIGHT_PARTY_OUTCOMES,
    Outcome,
    StatedReason,
)
from duewise.features.local_time import to_local
from duewise.features.point_in_time import AsOf, instant, known
from duewise.sources.tables import Tables

REACHED_OUTCOMES = (*RIGHT_PARTY_OUTCOMES, Outcome.READ, Outcome.CLICKED)
FOLDED_REASONS = (StatedReason.ILLNESS, StatedReason.DISPUTES_DEBT)


def known_payments(tables: Tables, as_of: AsOf, timezone: str) -> ibis.Table:
    """Return bookings known at `as_of`, with ``local_day``: the date on the wall calendar."""
    payments = known(tables.payments, as_of)
    return payments.mutate(local_day=to_local(payments["at"], timezone, as_of).date())


def known_contacts(tables: Tables, as_of: AsOf, timezone: str) -> ibis.Table:
    """Return the contacts that features may read at `as_of`.

    Whoever disputes, complains or opts out uses a right, and using it must never move a score: those rows
    are not seen at all. Health and hardship steer offers and rules, never a score: such a conversation is
    one that reached the right party, and illness is a reason like any other.

    Returns
    -------
    ibis.Table
        With ``age_days``, ``age_seconds``, ``reached`` (the debtor in person) and ``local_hour``; the free
        text of ``note`` is gone.
    """
    contacts = known(tables.contacts, as_of).drop("note")
    contacts = contacts.filter(~contacts.outcome.isin(HARM_OUTCOMES))
    outcome = (contacts.outcome == Outcome.HARDSHIP).ifelse(Outcome.RIGHT_PARTY, contacts.outcome)
    return contacts.mutate(
        outcome=outcome,
        stated_reason=folded_reason(contacts.stated_reason),
        age_seconds=instant(as_of).delta(contacts["at"], unit="second"),
        reached=contacts.outcome.isin(REACHED_OUTCOMES),
        local_hour=to_local(contacts["at"], timezone, as_of).hour(),
    )


def folded_reason(reason: ibis.Value) -> ibis.Value:
    """Return a stated reason with health and disputes folded into `other`."""
    return reason.isin(FOLDED_REASONS).ifelse(StatedReason.OTHER, reason)


def known_flags(tables: Tables, as_of: AsOf) -> ibis.Table:
    """Return the flags that were known at `as_of` and stood then."""
    flags = known(tables.flags, as_of, at="starts_at")
    return flags.filter(flags.ends_at.isnull() | (flags.ends_at >= instant(as_of)))
