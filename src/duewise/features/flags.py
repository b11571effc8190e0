"""Flags: how far the papers are. Flags of rights, health and hardship steer rules and are not seen here."""

import ibis

from duewise.contracts.vocabulary import Table
from duewise.features.aggregates import count_where, least
from duewise.features.registry import Family, Tag, Unit, features_of

feature = features_of(Family.FLAGS)
_FLAG = [(Table.FLAGS, "flag")]


@feature(Tag.CONTEXT, Unit.COUNT, "notices served", "已送达通知数", needs=_FLAG)
def notices_served(flags: ibis.Table) -> ibis.Value:
    """Formal notices served."""
    return count_where(flags.flag.startswith("notice:"))


@feature(Tag.CONTEXT, Unit.DAYS, "days since the last notice", "距上次送达通知天数", needs=_FLAG)
def days_since_notice(flags: ibis.Table) -> ibis.Value:
    """Days since the last formal notice was served; null without one."""
    return least(flags.age_days, where=flags.flag.startswith("notice:"))


@feature(Tag.DEBT, Unit.COUNT, "evidence on file", "已备证据数", needs=_FLAG)
def evidence_items(flags: ibis.Table) -> ibis.Value:
    """Items of evidence on file."""
    return count_where(flags.flag.startswith("evidence:"))
