"""What steers offers and care and never a score: means, need, dispute, and what can be reached at all."""

from datetime import date

import ibis

from duewise.contracts.vocabulary import Channel
from duewise.features.events import known_flags
from duewise.features.scope import accounts_in_scope
from duewise.sources.tables import Tables

CARE_FLAGS = ("vulnerable", "hardship", "debt_advice", "breathing_space")

CONTACT_POINTS: dict[str, tuple[Channel, ...]] = {
    "has_phone": (Channel.SMS, Channel.AI_CALL, Channel.CALL),
    "has_email": (Channel.EMAIL,),
    "has_app": (Channel.APP_PUSH,),
    "has_address": (Channel.LETTER, Channel.VISIT, Channel.LEGAL_LETTER),
}
"""Channels that a contact point carries; where it is known to be absent, they are impossible."""


def debtor_facts(tables: Tables, as_of: date) -> ibis.Table:
    """Return the facts of every debtor in scope at `as_of`, by debtor id.

    Returns
    -------
    ibis.Table
        ``debtor_id, monthly_income, dependants, monthly_instalment`` (sum over accounts in scope),
        ``needs_care, disputed`` and the four contact points (null: unknown).
    """
    accounts = accounts_in_scope(tables, as_of)
    debts = accounts.group_by("debtor_id").agg(monthly_instalment=accounts.monthly_instalment.sum())
    flags = known_flags(tables, as_of)
    flagged = flags.group_by("debtor_id").agg(
        needs_care=flags.flag.isin(CARE_FLAGS).any(),
        disputed=(flags.flag == "dispute").any(),
    )
    people = tables.debtors.select("debtor_id", "monthly_income", "dependants", *CONTACT_POINTS)
    facts = debts.left_join(people, "debtor_id").drop("debtor_id_right")
    facts = facts.left_join(flagged, "debtor_id").drop("debtor_id_right")
    return facts.mutate(
        needs_care=facts.needs_care.coalesce(False), disputed=facts.disputed.coalesce(False)
    ).order_by("debtor_id")
