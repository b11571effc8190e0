"""Which planned contacts may no longer be made: the debt is gone, the promise kept, or a rule now denies."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import numpy as np
import yaml
from numpy.typing import NDArray

from duewise.contracts.vocabulary import LANGUAGES, PLAIN_FLAGS
from duewise.policy.rules import Facts, Verdicts
from duewise.policy.rules.conditions import (
    CONDITIONS,
    Condition,
    Consent,
    Count,
    Hold,
    Hours,
    OptOut,
    QuietHours,
)
from duewise.policy.rules.facts import Seconds
from duewise.policy.rules.packs import LoadedRule

PAID, CLOSED, PROMISE_KEPT, DISPUTED = "paid", "closed", "promise_kept", "disputed"

_OF_CONDITION: dict[type[Condition], str] = {
    **{condition: name for name, condition in CONDITIONS.items()},
    OptOut: "opted_out",
    Consent: "no_consent",
    Count: "too_often",
    Hours: "outside_hours",
    QuietHours: "outside_hours",
}

_OF_FLAG = {"dispute": DISPUTED}
"""Flags whose code is not their own name."""


@dataclass(frozen=True)
class Stop:
    """Why one planned contact is withdrawn.

    Attributes
    ----------
    reason : str
        Code: of what happened, of the flag that is on, or of the kind of rule that denies.
    text : str
        One sentence.
    rule_id, cite : str or None
        The most binding rule that denies, and where it comes from; None where it is no matter of rules.
    """

    reason: str
    text: str
    rule_id: str | None = None
    cite: str | None = None


def stops(
    debtor_id: NDArray[np.object_],
    action: NDArray[np.object_],
    events: Mapping[str, str],
    facts: Facts,
    verdicts: Verdicts,
    instant: Seconds,
    language: str,
) -> dict[str, Stop]:
    """Return why contacts must stop, by debtor; whoever may still be contacted is left out.

    Parameters
    ----------
    debtor_id, action : ndarray of shape (n_planned,)
        The planned contacts, one per debtor.
    events : mapping of debtor id to code
        What happened since the night that ends the matter by itself.
    facts, verdicts : Facts, Verdicts
        Of those planned debtors who are still in scope.
    instant : ndarray of shape (n_in_scope,)
        When each is judged, in UTC seconds.
    """
    row_of = {debtor: row for row, debtor in enumerate(verdicts.debtor_id.tolist())}
    found: dict[str, Stop] = {}
    for debtor, planned in zip(debtor_id.tolist(), action.tolist(), strict=True):
        if debtor in events:
            found[debtor] = Stop(events[debtor], _texts(language)[events[debtor]])
            continue
        row = row_of[debtor]
        column = verdicts.actions.index(planned)
        if verdicts.allowed[row, column]:
            continue
        rule = verdicts.ruleset.named(verdicts.rules_in(verdicts.denied[row, column])[0])
        code = _code_of(rule, planned, facts, row, int(instant[row]))
        text = _texts(language).get(code, rule.rule.says)
        found[debtor] = Stop(code, text, rule.rule.id, rule.rule.cite)
    return found


def _code_of(loaded: LoadedRule, action: str, facts: Facts, row: int, instant: int) -> str:
    """Return the code of a denial: the flag that is on, else the kind of condition."""
    conditions = [part.condition for part in loaded.rule.parts if action in part.actions]
    on = _flags_on(facts, row, instant)
    for condition in conditions:
        if isinstance(condition, Hold):
            for flag in condition.flags:
                if flag in on and flag in PLAIN_FLAGS:
                    return _OF_FLAG.get(flag, flag)
    return _OF_CONDITION[type(conditions[0])]


def _flags_on(facts: Facts, row: int, instant: int) -> set[str]:
    flags = facts.flags
    first, last = np.searchsorted(flags.debtor, [row, row + 1])
    on = (flags.starts[first:last] <= instant) & (instant < flags.ends[first:last])
    return {facts.flag_names[name] for name in flags.name[first:last][on].tolist()}


@functools.cache
def _texts(language: str) -> dict[str, str]:
    text = resources.files("duewise.policy").joinpath("recall_texts.yaml").read_text(encoding="utf-8")
    return {code: names[LANGUAGES.index(language)] for code, names in yaml.safe_load(text).items()}
