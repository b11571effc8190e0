"""What a suit still lacks: the notices and evidence that the rules ask for and that are not on file."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from duewise.contracts.vocabulary import Channel
from duewise.policy.rules import Facts, RuleSet
from duewise.policy.rules.conditions import Evidence, Notice
from duewise.policy.rules.places import DAY_SECONDS, day_number
from duewise.policy.rules.view import View, hit

USUAL_EVIDENCE = ("contract", "statement", "notice_served")
"""What a court asks for where no pack names it."""


def missing_for_suit(ruleset: RuleSet, facts: Facts, as_of: date) -> dict[str, NDArray[np.bool_]]:
    """Return for each flag that a suit needs who lacks it on some account, in the order of the rules.

    Returns
    -------
    dict of str to ndarray of bool of shape (n_debtors,)
        By ``notice:<kind>`` or ``evidence:<item>``.
    """
    day = np.full(len(facts), day_number(as_of), dtype=np.int32)
    view = View(facts, day, day.astype(np.int64) * DAY_SECONDS)
    missing = {}
    for flag in _needed(ruleset.binding(facts.context.role, facts.context.country)):
        absent = ~view.any_of(view.on((flag,)), per_debt=True)
        missing[flag] = hit(facts.accounts.debtor[absent], len(facts))
    return missing


def _needed(ruleset: RuleSet) -> list[str]:
    items: list[str] = []
    for _, _, part in ruleset.parts():
        if Channel.LITIGATION not in part.actions:
            continue
        condition = part.condition
        if isinstance(condition, Evidence):
            items += [f"evidence:{item}" for item in condition.items]
        elif isinstance(condition, Notice) and condition.kind != "any" and not condition.only_if_served:
            items.append(f"notice:{condition.kind}")
    return list(dict.fromkeys(items)) or [f"evidence:{item}" for item in USUAL_EVIDENCE]
