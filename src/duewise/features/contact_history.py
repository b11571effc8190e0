"""Contact history: how often each channel was tried, what it reached, when the debtor answers."""

import functools

import ibis

from duewise.contracts.vocabulary import (
    CHANNELS,
    HARM_OUTCOMES,
    LIVE_CHANNELS,
    MESSAGE_CHANNELS,
    Channel,
    Direction,
    Outcome,
    Table,
)
from duewise.features.aggregates import (
    THOUSANDTHS,
    count_where,
    decode,
    encode,
    exact_sum,
    least_code,
    only,
    ratio,
)
from duewise.features.point_in_time import in_window
from duewise.features.registry import Family, Tag, Unit, features_of, measure

feature = features_of(Family.CONTACT_HISTORY)

WINDOWS = (7, 30, 90, 365)
TWO_WAY_CHANNELS = (*MESSAGE_CHANNELS, *LIVE_CHANNELS)
"""Channels whose outcome tells whether the debtor was reached."""

OUTCOMES = tuple(o for o in Outcome if o not in (*HARM_OUTCOMES, Outcome.HARDSHIP))
"""Outcomes that a feature may tell apart; see :func:`duewise.features.events.known_contacts`."""

DAYPARTS = {"morning": (5, 12), "afternoon": (12, 17), "evening": (17, 24)}
"""Local hours [from, to)."""


def outbound(contacts: ibis.Table) -> ibis.Value:
    """Return whether our side started the contact."""
    return contacts.direction != Direction.INBOUND


def with_shared_columns(contacts: ibis.Table) -> ibis.Table:
    """Return known contacts with what many aggregates share.

    Engines evaluate a condition anew for each of the hundred aggregates below. With the age of a contact
    held once for each kind of contact, a window is one comparison and a recency one minimum.

    Returns
    -------
    ibis.Table
        With ``sent_age, reached_age, inbound_age``, ``<channel>_age`` and ``<channel>_reached_age`` for each
        channel, ``<daypart>_age`` and ``<daypart>_reached_age`` of calls and visits, all null for contacts of
        another kind; ``outcome_code`` and ``channel_code``.
    """
    sent = outbound(contacts)
    live = sent & contacts.channel.isin(LIVE_CHANNELS)
    by_channel = {channel: sent & (contacts.channel == channel) for channel in CHANNELS}
    by_daypart = {
        daypart: live & (contacts.local_hour >= first) & (contacts.local_hour < end)
        for daypart, (first, end) in DAYPARTS.items()
    }
    kinds = {
        "sent": sent,
        "reached": sent & contacts.reached,
        "inbound": contacts.direction == Direction.INBOUND,
        **by_channel,
        **{f"{channel}_reached": by_channel[channel] & contacts.reached for channel in TWO_WAY_CHANNELS},
        **by_daypart,
        **{f"{daypart}_reached": tried & contacts.reached for daypart, tried in by_daypart.items()},
    }
    return contacts.mutate(
        **{f"{kind}_age": only(contacts.age_days, where) for kind, where in kinds.items()},
        outcome_code=encode(contacts.outcome, OUTCOMES),
        channel_code=encode(contacts.channel, CHANNELS),
    )


@feature(
    Tag.CONTEXT,
    Unit.COUNT,
    "contact attempts in {days} days",
    "近{days}天联络次数",
    name="attempts_{days}d",
    each={"days": WINDOWS},
    fact_en="{attempts_{days}d} contact attempts in the last {days} days",
    fact_zh="近{days}天联络 {attempts_{days}d} 次",
)
def attempts(contacts: ibis.Table, days: int) -> ibis.Value:
    """Outbound contacts by any channel in the last {days} days."""
    return count_where(contacts.sent_age <= days)


@feature(
    Tag.CONTEXT,
    Unit.COUNT,
    "{channel:en}: attempts in {days} days",
    "{channel:zh}近{days}天次数",
    name="{channel}_attempts_{days}d",
    each={"channel": CHANNELS, "days": WINDOWS},
)
def channel_attempts(contacts: ibis.Table, channel: Channel, days: int) -> ibis.Value:
    """Outbound contacts by {channel} in the last {days} days."""
    return count_where(contacts[f"{channel}_age"] <= days)


@measure(nothing=0.0, name="{channel}_reached_{days}d", each={"channel": TWO_WAY_CHANNELS, "days": (90, 365)})
def channel_reached(contacts: ibis.Table, channel: Channel, days: int) -> ibis.Value:
    """Outbound contacts by {channel} in the last {days} days that reached the debtor in person."""
    return count_where(contacts[f"{channel}_reached_age"] <= days)


@feature(
    Tag.REACHABILITY,
    Unit.SHARE,
    "{channel:en}: share reached in {days} days",
    "{channel:zh}近{days}天触达率",
    name="{channel}_reached_share_{days}d",
    each={"channel": TWO_WAY_CHANNELS, "days": (90, 365)},
    fact_en="{channel:en}: reached {{channel}_reached_share_{days}d} of {{channel}_attempts_{days}d} times",
    fact_zh="{channel:zh}近{days}天 {{channel}_attempts_{days}d} 次中触达 {{channel}_reached_share_{days}d}",
)
def channel_reached_share(debtor: ibis.Table, channel: Channel, days: int) -> ibis.Value:
    """Share of outbound contacts by {channel} in the last {days} days that reached the debtor in person."""
    return ratio(debtor[f"{channel}_reached_{days}d"], debtor[f"{channel}_attempts_{days}d"])


@feature(
    Tag.CONTEXT,
    Unit.DAYS,
    "{channel:en}: days since the last",
    "距上次{channel:zh}天数",
    name="days_since_{channel}",
    each={"channel": CHANNELS},
)
def days_since_channel(contacts: ibis.Table, channel: Channel) -> ibis.Value:
    """Days since the last outbound contact by {channel}; null when never."""
    return contacts[f"{channel}_age"].min()


@feature(
    Tag.CONTEXT,
    Unit.DAYS,
    "days since the last contact",
    "距上次联络天数",
    fact_en="last contacted {days_since_last_contact} days ago",
    fact_zh="上次联络在 {days_since_last_contact} 天前",
)
def days_since_last_contact(contacts: ibis.Table) -> ibis.Value:
    """Days since the last outbound contact by any channel; null when never."""
    return contacts.sent_age.min()


@feature(
    Tag.REACHABILITY,
    Unit.COUNT,
    "times reached in {days} days",
    "近{days}天触达次数",
    name="reached_{days}d",
    each={"days": (30, 90, 365)},
    fact_en="reached {reached_{days}d} times in the last {days} days",
    fact_zh="近{days}天触达 {reached_{days}d} 次",
)
def reached(contacts: ibis.Table, days: int) -> ibis.Value:
    """Outbound contacts in the last {days} days that reached the debtor in person."""
    return count_where(contacts.reached_age <= days)


@feature(
    Tag.REACHABILITY,
    Unit.SHARE,
    "right-party rate in {days} days",
    "近{days}天本人接通率",
    name="rpc_rate_{days}d",
    each={"days": (90, 365)},
    fact_en="{rpc_rate_{days}d} of calls and visits in the last {days} days reached the debtor",
    fact_zh="近{days}天电话与上门本人触达率 {rpc_rate_{days}d}",
)
def rpc_rate(debtor: ibis.Table, days: int) -> ibis.Value:
    """Share of calls, AI calls and visits in the last {days} days that reached the right party."""
    reached = sum(debtor[f"{channel}_reached_{days}d"] for channel in LIVE_CHANNELS)
    return ratio(reached, sum(debtor[f"{channel}_attempts_{days}d"] for channel in LIVE_CHANNELS))


@feature(
    Tag.REACHABILITY,
    Unit.DAYS,
    "days since last reached",
    "距上次触达天数",
    fact_en="last reached {days_since_reached} days ago",
    fact_zh="上次触达在 {days_since_reached} 天前",
)
def days_since_reached(contacts: ibis.Table) -> ibis.Value:
    """Days since an outbound contact last reached the debtor in person; null when never."""
    return contacts.reached_age.min()


@measure(packed=True)
def last_outcome_packed(contacts: ibis.Table) -> ibis.Value:
    """Outcome of the last outbound contact, with its age."""
    return least_code(contacts.age_seconds, contacts.outcome_code, where=outbound(contacts))


@feature(Tag.REACHABILITY, Unit.CATEGORY, "last outcome", "最近一次联络结果", levels=OUTCOMES)
def last_outcome(debtor: ibis.Table) -> ibis.Value:
    """Outcome of the last outbound contact by any channel."""
    return decode(debtor.last_outcome_packed, OUTCOMES)


@measure(packed=True, name="{channel}_last_outcome_packed", each={"channel": LIVE_CHANNELS})
def channel_last_outcome_packed(contacts: ibis.Table, channel: Channel) -> ibis.Value:
    """Outcome of the last outbound contact by {channel}, with its age."""
    made = outbound(contacts) & (contacts.channel == channel)
    return least_code(contacts.age_seconds, contacts.outcome_code, where=made)


@feature(
    Tag.REACHABILITY,
    Unit.CATEGORY,
    "{channel:en}: last outcome",
    "最近一次{channel:zh}结果",
    name="{channel}_last_outcome",
    each={"channel": LIVE_CHANNELS},
    levels=OUTCOMES,
)
def channel_last_outcome(debtor: ibis.Table, channel: Channel) -> ibis.Value:
    """Outcome of the last outbound contact by {channel}."""
    return decode(debtor[f"{channel}_last_outcome_packed"], OUTCOMES)


@measure(packed=True)
def last_channel_packed(contacts: ibis.Table) -> ibis.Value:
    """Channel of the last outbound contact, with its age."""
    return least_code(contacts.age_seconds, contacts.channel_code, where=outbound(contacts))


@feature(Tag.CONTEXT, Unit.CATEGORY, "last channel", "最近一次联络渠道", levels=CHANNELS)
def last_channel(debtor: ibis.Table) -> ibis.Value:
    """Channel of the last outbound contact."""
    return decode(debtor.last_channel_packed, CHANNELS)


@feature(Tag.CONTEXT, Unit.COUNT, "channels tried in a year", "近一年尝试渠道数")
def n_channels_365d(debtor: ibis.Table) -> ibis.Value:
    """Channels by which the debtor was contacted in the last 365 days."""
    tried = [(debtor[f"{channel}_attempts_365d"] > 0).cast("int64") for channel in CHANNELS]
    return functools.reduce(lambda total, one: total + one, tried)


@feature(
    Tag.WILLINGNESS,
    Unit.COUNT,
    "own contacts in {days} days",
    "近{days}天主动联系次数",
    name="inbound_{days}d",
    each={"days": (30, 365)},
    fact_en="got in touch {inbound_{days}d} times in the last {days} days",
    fact_zh="近{days}天主动联系 {inbound_{days}d} 次",
)
def inbound(contacts: ibis.Table, days: int) -> ibis.Value:
    """Contacts that the debtor started in the last {days} days."""
    return count_where(contacts.inbound_age <= days)


@feature(Tag.WILLINGNESS, Unit.DAYS, "days since the debtor got in touch", "距上次主动联系天数")
def days_since_inbound(contacts: ibis.Table) -> ibis.Value:
    """Days since the debtor last started a contact; null when never."""
    return contacts.inbound_age.min()


@feature(
    Tag.WILLINGNESS,
    Unit.COUNT,
    "refusals in a year",
    "近一年拒绝还款次数",
    higher_repays=False,
    fact_en="refused to pay {refusals_365d} times in a year",
    fact_zh="近一年拒绝还款 {refusals_365d} 次",
)
def refusals_365d(contacts: ibis.Table) -> ibis.Value:
    """Conversations in the last 365 days in which the debtor refused to pay."""
    return count_where((contacts.outcome == Outcome.REFUSAL) & in_window(contacts, 365))


@feature(Tag.REACHABILITY, Unit.COUNT, "unanswered attempts in 90 days", "近90天未接次数")
def no_answer_90d(contacts: ibis.Table) -> ibis.Value:
    """Outbound contacts in the last 90 days that nobody answered."""
    return count_where((contacts.sent_age <= 90) & (contacts.outcome == Outcome.NO_ANSWER))


@feature(Tag.REACHABILITY, Unit.COUNT, "wrong or dead contact points", "近一年无效联系方式次数")
def wrong_or_bounced_365d(contacts: ibis.Table) -> ibis.Value:
    """Outbound contacts in the last 365 days that bounced or met a wrong party."""
    astray = contacts.outcome.isin((Outcome.WRONG_PARTY, Outcome.BOUNCED))
    return count_where((contacts.sent_age <= 365) & astray)


@feature(
    Tag.WILLINGNESS,
    Unit.SECONDS,
    "talk time in a year",
    "近一年通话时长",
    needs=[(Table.CONTACTS, "duration_s")],
)
def talk_seconds_365d(contacts: ibis.Table) -> ibis.Value:
    """Seconds spoken with the debtor in the last 365 days; null when no length is recorded."""
    spoken = contacts.reached & contacts.channel.isin(LIVE_CHANNELS)
    return exact_sum(contacts.duration_s, THOUSANDTHS, where=spoken & in_window(contacts, 365))


@measure(nothing=0.0, name="tried_{daypart}_365d", each={"daypart": tuple(DAYPARTS)})
def tried_daypart(contacts: ibis.Table, daypart: str) -> ibis.Value:
    """Calls, AI calls and visits of a year at that time of day."""
    return count_where(contacts[f"{daypart}_age"] <= 365)


@measure(nothing=0.0, name="answered_{daypart}_365d", each={"daypart": tuple(DAYPARTS)})
def answered_daypart(contacts: ibis.Table, daypart: str) -> ibis.Value:
    """Calls, AI calls and visits of a year at that time of day that reached the right party."""
    return count_where(contacts[f"{daypart}_reached_age"] <= 365)


@feature(
    Tag.REACHABILITY,
    Unit.SHARE,
    "answers {daypart:en}",
    "{daypart:zh}接通率",
    name="answered_{daypart}_share_365d",
    each={"daypart": tuple(DAYPARTS)},
    fact_en="answers {answered_{daypart}_share_365d} of calls {daypart:en}",
    fact_zh="{daypart:zh}接通率 {answered_{daypart}_share_365d}",
)
def answered_daypart_share(debtor: ibis.Table, daypart: str) -> ibis.Value:
    """Share of the last year's calls and visits in the {daypart} (local time) that reached the debtor."""
    return ratio(debtor[f"answered_{daypart}_365d"], debtor[f"tried_{daypart}_365d"])
