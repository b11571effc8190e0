"""Promises: made, kept, broken, and the one that is open."""

import ibis

from duewise.features.aggregates import count_where, decode, encode, least, least_code, money_sum, most, ratio
from duewise.features.point_in_time import in_window
from duewise.features.promise_ledger import BROKEN, KEPT, OPEN, STATUSES
from duewise.features.registry import Family, Tag, Unit, features_of, measure

feature = features_of(Family.PROMISES)
_KEPT_EN = "kept {promises_kept_365d} of {promises_due_365d} promises"
_KEPT_ZH = "{promises_due_365d} 次承诺中兑现 {promises_kept_365d} 次"


@feature(
    Tag.WILLINGNESS,
    Unit.COUNT,
    "promises in {days} days",
    "近{days}天承诺还款次数",
    name="promises_made_{days}d",
    each={"days": (30, 90, 365)},
)
def promises_made(promises: ibis.Table, days: int) -> ibis.Value:
    """Promises to pay made in the last {days} days."""
    return count_where(in_window(promises, days))


@feature(
    Tag.WILLINGNESS,
    Unit.COUNT,
    "promises come due in a year",
    "近一年到期承诺次数",
    fact_en=_KEPT_EN,
    fact_zh=_KEPT_ZH,
)
def promises_due_365d(promises: ibis.Table) -> ibis.Value:
    """Promises of the last 365 days that were kept or broken."""
    return count_where((promises.status != OPEN) & in_window(promises, 365))


@feature(
    Tag.WILLINGNESS,
    Unit.COUNT,
    "promises kept in a year",
    "近一年兑现承诺次数",
    higher_repays=True,
    fact_en=_KEPT_EN,
    fact_zh=_KEPT_ZH,
)
def promises_kept_365d(promises: ibis.Table) -> ibis.Value:
    """Promises of the last 365 days that were kept."""
    return count_where((promises.status == KEPT) & in_window(promises, 365))


@feature(
    Tag.WILLINGNESS,
    Unit.COUNT,
    "promises broken in a year",
    "近一年违背承诺次数",
    higher_repays=False,
    fact_en="broke {promises_broken_365d} of {promises_due_365d} promises",
    fact_zh="{promises_due_365d} 次承诺中违背 {promises_broken_365d} 次",
)
def promises_broken_365d(promises: ibis.Table) -> ibis.Value:
    """Promises of the last 365 days that were broken."""
    return count_where((promises.status == BROKEN) & in_window(promises, 365))


@feature(
    Tag.WILLINGNESS,
    Unit.SHARE,
    "share of promises kept",
    "承诺兑现率",
    higher_repays=True,
    fact_en=_KEPT_EN,
    fact_zh=_KEPT_ZH,
)
def promise_kept_share_365d(debtor: ibis.Table) -> ibis.Value:
    """Share of the last year's promises come due that were kept; null when none came due."""
    return ratio(debtor.promises_kept_365d, debtor.promises_due_365d)


@measure()
def promised_due_amount(promises: ibis.Table) -> ibis.Value:
    """Money promised in the last 365 days and come due."""
    return money_sum(promises.amount, where=(promises.status != OPEN) & in_window(promises, 365))


@measure()
def promised_due_paid(promises: ibis.Table) -> ibis.Value:
    """Of it, what came in within the terms, at most what was promised."""
    paid = ibis.least(promises.paid, promises.amount)
    return money_sum(paid, where=(promises.status != OPEN) & in_window(promises, 365))


@feature(Tag.WILLINGNESS, Unit.SHARE, "promised money that came", "承诺金额兑现率", higher_repays=True)
def promise_money_share_365d(debtor: ibis.Table) -> ibis.Value:
    """Share of the money promised in the last 365 days and come due that came in within the terms."""
    return ratio(debtor.promised_due_paid, debtor.promised_due_amount)


@feature(
    Tag.WILLINGNESS,
    Unit.DAYS,
    "days since the last promise",
    "距上次承诺天数",
    fact_en="last promised to pay {days_since_promise} days ago",
    fact_zh="上次承诺还款在 {days_since_promise} 天前",
)
def days_since_promise(promises: ibis.Table) -> ibis.Value:
    """Days since the last promise was made; null when none was."""
    return promises.age_days.min()


@feature(Tag.WILLINGNESS, Unit.DAYS, "days since a promise was broken", "距上次违背承诺天数")
def days_since_broken_promise(promises: ibis.Table) -> ibis.Value:
    """Days since the last broken promise fell due; null when none was broken."""
    return least(promises.overdue_days, where=promises.status == BROKEN)


@measure(packed=True)
def last_promise_packed(promises: ibis.Table) -> ibis.Value:
    """State of the last promise, with its age."""
    return least_code(promises.age_seconds, encode(promises.status, STATUSES))


@feature(Tag.WILLINGNESS, Unit.CATEGORY, "last promise", "最近一次承诺", levels=STATUSES)
def last_promise(debtor: ibis.Table) -> ibis.Value:
    """Whether the last promise is open, kept or broken."""
    return decode(debtor.last_promise_packed, STATUSES)


@feature(Tag.WILLINGNESS, Unit.COUNT, "open promises", "未到期承诺数")
def promises_open(promises: ibis.Table) -> ibis.Value:
    """Promises that are neither kept nor broken yet."""
    return count_where(promises.status == OPEN)


@feature(
    Tag.WILLINGNESS,
    Unit.MONEY,
    "open promised amount",
    "未到期承诺金额",
    fact_en="promised {open_promise_amount}, due in {open_promise_days_to_due} days",
    fact_zh="承诺还款 {open_promise_amount}，{open_promise_days_to_due} 天后到期",
)
def open_promise_amount(promises: ibis.Table) -> ibis.Value:
    """Money of the open promises; null without one."""
    return money_sum(promises.amount, where=promises.status == OPEN)


@feature(Tag.WILLINGNESS, Unit.SHARE, "open promise against the balance", "未到期承诺占余额比例")
def open_promise_to_balance(debtor: ibis.Table) -> ibis.Value:
    """Money of the open promises as a share of the balance."""
    return ratio(debtor.open_promise_amount, debtor.balance)


@feature(Tag.WILLINGNESS, Unit.DAYS, "days to the promised date", "距承诺日天数")
def open_promise_days_to_due(promises: ibis.Table) -> ibis.Value:
    """Days until the first open promise falls due; negative within the grace, null without one."""
    return -most(promises.overdue_days, where=promises.status == OPEN)


@feature(Tag.ABILITY, Unit.DAYS, "time asked for", "平均承诺期限天数")
def promise_term_days(promises: ibis.Table) -> ibis.Value:
    """Mean days between promise and due date."""
    return promises.term_days.sum() / promises.count()
