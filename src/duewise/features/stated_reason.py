"""Stated reason and attitude: what the debtor says, and how. Health and disputes are folded into `other`."""

import ibis

from duewise.contracts.vocabulary import Attitude, StatedReason, Table
from duewise.features.aggregates import count_where, decode, encode, least, least_code, ratio
from duewise.features.events import FOLDED_REASONS, folded_reason
from duewise.features.point_in_time import in_window
from duewise.features.registry import Family, Tag, Unit, features_of, measure

feature = features_of(Family.STATED_REASON)
REASONS = tuple(r for r in StatedReason if r not in FOLDED_REASONS)
ATTITUDES = (Attitude.COOPERATIVE, Attitude.NEUTRAL, Attitude.HOSTILE)
_REASON = [(Table.CONTACTS, "stated_reason")]
_ATTITUDE = [(Table.CONTACTS, "attitude")]


@measure(packed=True)
def last_reason_packed(contacts: ibis.Table) -> ibis.Value:
    """Last stated reason, with its age."""
    said = contacts.stated_reason.notnull()
    return least_code(contacts.age_seconds, encode(contacts.stated_reason, REASONS), where=said)


@feature(Tag.ABILITY, Unit.CATEGORY, "reason given", "最近陈述的逾期原因", needs=_REASON, levels=REASONS)
def last_stated_reason(debtor: ibis.Table) -> ibis.Value:
    """Why the debt is unpaid, in the debtor's last words."""
    return decode(debtor.last_reason_packed, REASONS)


@feature(Tag.WILLINGNESS, Unit.DAYS, "days since a reason was given", "距上次陈述原因天数", needs=_REASON)
def days_since_stated_reason(contacts: ibis.Table) -> ibis.Value:
    """Days since the debtor last gave a reason; null when never."""
    return least(contacts.age_days, where=contacts.stated_reason.notnull())


@feature(
    Tag.ABILITY,
    Unit.COUNT,
    "said in a year: {reason:en}",
    "近一年陈述：{reason:zh}",
    name="said_{reason}_365d",
    each={"reason": (StatedReason.NO_MONEY, StatedReason.LOST_JOB)},
    needs=_REASON,
)
def said_cannot(contacts: ibis.Table, reason: StatedReason) -> ibis.Value:
    """Times in the last 365 days that the debtor gave the reason {reason}."""
    return count_where((contacts.stated_reason == reason) & in_window(contacts, 365))


@feature(
    Tag.WILLINGNESS,
    Unit.COUNT,
    "said in a year: {reason:en}",
    "近一年陈述：{reason:zh}",
    name="said_{reason}_365d",
    each={"reason": (StatedReason.FORGOT, StatedReason.WILL_NOT)},
    needs=_REASON,
)
def said_will_or_not(contacts: ibis.Table, reason: StatedReason) -> ibis.Value:
    """Times in the last 365 days that the debtor gave the reason {reason}."""
    return count_where((contacts.stated_reason == reason) & in_window(contacts, 365))


@measure(packed=True)
def last_attitude_packed(contacts: ibis.Table) -> ibis.Value:
    """Attitude in the last conversation that recorded one, with its age."""
    known = contacts.attitude.isin(ATTITUDES)
    return least_code(contacts.age_seconds, encode(contacts.attitude, ATTITUDES), where=known)


@feature(Tag.WILLINGNESS, Unit.CATEGORY, "attitude", "最近态度", needs=_ATTITUDE, levels=ATTITUDES)
def last_attitude(debtor: ibis.Table) -> ibis.Value:
    """How the debtor met the last conversation."""
    return decode(debtor.last_attitude_packed, ATTITUDES)


@measure(nothing=0.0, name="attitude_{attitude}_365d", each={"attitude": ATTITUDES})
def attitude_count(contacts: ibis.Table, attitude: Attitude) -> ibis.Value:
    """Conversations of a year with that attitude."""
    return count_where((contacts.attitude == attitude) & in_window(contacts, 365))


@feature(
    Tag.WILLINGNESS,
    Unit.SHARE,
    "cooperative conversations",
    "配合的通话占比",
    needs=_ATTITUDE,
    fact_en="cooperative in {cooperative_share_365d} of conversations",
    fact_zh="{cooperative_share_365d} 的沟通中态度配合",
)
def cooperative_share_365d(debtor: ibis.Table) -> ibis.Value:
    """Share of the last year's conversations with a known attitude that were cooperative."""
    counts = [debtor[f"attitude_{attitude}_365d"] for attitude in ATTITUDES]
    return ratio(counts[0], counts[0] + counts[1] + counts[2])


@feature(
    Tag.ABILITY,
    Unit.CATEGORY,
    "reason of the arrears",
    "逾期原因",
    needs=[(Table.ACCOUNTS, "overdue_reason")],
    levels=REASONS,
)
def overdue_reason(accounts: ibis.Table) -> ibis.Value:
    """Why the largest account fell overdue, as recorded."""
    reason = encode(folded_reason(accounts.overdue_reason), REASONS)
    stated = accounts.overdue_reason.notnull()
    return decode(least_code(accounts.size_rank, reason, where=stated), REASONS)
