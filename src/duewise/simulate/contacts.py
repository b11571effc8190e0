"""The contacts of one day as columns, and the hours at which they are made."""

from dataclasses import dataclass

import numpy as np

from duewise.contracts.vocabulary import Channel
from duewise.simulate.arrays import Bools, Ints
from duewise.simulate.calendar import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, UTC_OFFSET_HOURS
from duewise.simulate.journal import channel_code
from duewise.simulate.people import FIRST_LOCAL_HOUR
from duewise.simulate.state import Portfolio


@dataclass
class Contacts:
    """Contacts of one day, one row each."""

    rows: Ints
    """The debtor's row in the portfolio."""
    channel: Ints
    outcome: Ints
    at_us: Ints
    spoken: Bools
    """The debtor in person was spoken to."""


def contact_hours(portfolio: Portfolio, day: int, rows: Ints, channel: Ints) -> Ints:
    """Return when each contact is made, in microseconds since 1970-01-01 UTC."""
    span = np.where(channel == channel_code(Channel.VISIT), 8, 11)
    local_hours = FIRST_LOCAL_HOUR + span * portfolio.luck.uniform("hour", day, rows)
    return day * MICROSECONDS_PER_DAY + ((local_hours - UTC_OFFSET_HOURS) * MICROSECONDS_PER_HOUR).astype(
        np.int64
    )
