"""What was known at an instant within a day, for whoever looks again before acting."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import ibis

from duewise.features.point_in_time import seen_before
from duewise.sources.tables import Tables


def known_by(tables: Tables, moment: datetime) -> tuple[Tables, date]:
    """Return the tables without what was not known at `moment`, and the date at which to read them.

    Features and rules know everything before the 00:00 UTC of a date. Of tables that end at `moment`, that
    date is the day after: all that is left is then known, and dates such as ``closed_on`` count from their
    own day on.

    Parameters
    ----------
    moment : datetime
        Naive UTC; what happens at it is not yet known.
    """
    t = ibis.literal(moment).cast("timestamp")
    ended = replace(
        tables,
        payments=tables.payments.filter(seen_before(tables.payments, t)),
        contacts=tables.contacts.filter(seen_before(tables.contacts, t)),
        flags=tables.flags.filter(seen_before(tables.flags, t, at="starts_at")),
    )
    return ended, moment.date() + timedelta(days=1)
