"""What may be done tonight: by the rules in force and in practice, every denial with its rule."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.policy.debtor_facts import CONTACT_POINTS
from duewise.policy.rules import (
    Context,
    Denial,
    Facts,
    RuleSet,
    Verdicts,
    build_facts,
    evaluate,
    explain_denial,
    load_packs,
    shipped_packs,
)
from duewise.policy.rules.verdicts import WORD_BITS
from duewise.sources.tables import Tables

BASE_PACK = "base"


@dataclass(frozen=True)
class Permissions:
    """What the rules and the contact points leave of the actions.

    Attributes
    ----------
    feasible : ndarray of bool of shape (n_debtors, n_actions)
        Allowed by every rule and possible with the contact points on file.
    verdicts : Verdicts
        What the rules say, for the same debtors and actions.
    facts : Facts
        What the rules looked at; later days are judged with them.
    ruleset : RuleSet
    impossible : dict of str to ndarray of bool of shape (n_debtors,)
        For each pseudo rule ``possible.<contact point>``, who lacks the contact point.
    """

    feasible: NDArray[np.bool_]
    verdicts: Verdicts
    facts: Facts
    ruleset: RuleSet
    impossible: dict[str, NDArray[np.bool_]]


def load_rules(portfolio: Portfolio) -> RuleSet:
    """Return the rules that a portfolio file names, and those that no portfolio switches off.

    Raises
    ------
    ConfigError
        For an unknown or broken pack.
    """
    base: Path = shipped_packs()[BASE_PACK]
    return load_packs(portfolio.rules, company=[base])


def context_of(portfolio: Portfolio) -> Context:
    """Return what the rules know of the portfolio as a whole."""
    return Context(
        role=portfolio.portfolio.role,
        country=portfolio.portfolio.country,
        timezone=portfolio.portfolio.timezone,
        artefacts=None if portfolio.artefacts is None else frozenset(portfolio.artefacts),
        report_days=portfolio.sources.max_staleness_days,
    )


def permissions(
    tables: Tables,
    portfolio: Portfolio,
    ruleset: RuleSet,
    as_of: date,
    actions: Sequence[str],
    contact_points: pd.DataFrame,
) -> Permissions:
    """Return what may be done to each debtor in scope.

    Parameters
    ----------
    contact_points : DataFrame of n_debtors rows, by debtor id
        The columns of ``CONTACT_POINTS``; null is unknown, and unknown is possible.
    """
    facts = build_facts(tables, as_of, context_of(portfolio), ruleset)
    verdicts = evaluate(ruleset, facts, as_of, actions)
    feasible = verdicts.allowed.copy()
    impossible: dict[str, NDArray[np.bool_]] = {}
    for point, channels in CONTACT_POINTS.items():
        lacks = contact_points[point].eq(False).fillna(False).to_numpy(dtype=bool)
        needs = np.isin(list(actions), [str(channel) for channel in channels])
        if needs.any() and lacks.any():
            impossible[possible_rule(point)] = lacks
            feasible &= ~(lacks[:, None] & needs[None, :])
    return Permissions(feasible, verdicts, facts, ruleset, impossible)


def possible_rule(point: str) -> str:
    """Return the name under which a missing contact point denies actions."""
    return f"possible.{point.removeprefix('has_')}"


def denied_list(found: Permissions) -> pa.Array:
    """Return for each debtor every denied action with every rule that denies it, most binding first.

    Returns
    -------
    pyarrow.Array of n_debtors lists of {action, rule_id}
        Built once per distinct pattern of denials: a million debtors share a few hundred.
    """
    verdicts = found.verdicts
    n, n_actions, n_words = verdicts.denied.shape
    points = list(found.impossible)
    lacks = np.zeros((n, 1), dtype=np.uint64)
    for bit, rule in enumerate(points):
        lacks[:, 0] |= found.impossible[rule].astype(np.uint64) << np.uint64(bit)
    keys = np.concatenate([verdicts.denied.reshape(n, n_actions * n_words), lacks], axis=1)
    patterns, inverse = np.unique(keys, axis=0, return_inverse=True)
    texts = [_pattern_rows(pattern, verdicts, points) for pattern in patterns]
    kind = pa.list_(pa.struct([("action", pa.string()), ("rule_id", pa.string())]))
    return pa.array(texts, type=kind).take(pa.array(inverse.ravel()))


def denial_counts(found: Permissions) -> dict[str, int]:
    """Return over how many (debtor, action) pairs each rule denies."""
    counts = {rule: sum(per_action.values()) for rule, per_action in found.verdicts.counts_per_rule().items()}
    for rule, lacks in found.impossible.items():
        counts[rule] = int(lacks.sum()) * len(_carried(rule, found.verdicts.actions))
    return counts


def uncontactable_by(found: Permissions) -> dict[str, int]:
    """Return why debtors could not be contacted at all: each is counted under the most binding rule."""
    rows = np.flatnonzero(~found.feasible.any(axis=1))
    bits = np.bitwise_or.reduce(found.verdicts.denied[rows], axis=1)
    left = np.ones(len(rows), dtype=bool)
    counts: dict[str, int] = {}
    for number, rule in enumerate(found.verdicts.ruleset.ids):
        word, bit = divmod(number, WORD_BITS)
        named = left & ((bits[:, word] >> np.uint64(bit)) & np.uint64(1) > 0)
        counts[rule] = int(named.sum())
        left &= ~named
    for rule, lacks in found.impossible.items():
        counts[rule] = int((left & lacks[rows]).sum())
        left &= ~lacks[rows]
    return {rule: count for rule, count in counts.items() if count}


def _carried(rule: str, actions: Sequence[str]) -> list[str]:
    """Return the actions that need the contact point behind a ``possible.`` rule."""
    channels = next(c for point, c in CONTACT_POINTS.items() if possible_rule(point) == rule)
    return [action for action in actions if action in channels]


def _pattern_rows(
    pattern: NDArray[np.uint64], verdicts: Verdicts, points: Sequence[str]
) -> list[dict[str, Any]]:
    words = verdicts.denied.shape[2]
    rows = [
        {"action": action, "rule_id": rule}
        for a, action in enumerate(verdicts.actions)
        for rule in verdicts.rules_in(pattern[a * words : (a + 1) * words])
    ]
    lacks = int(pattern[-1])
    for bit, rule in enumerate(points):
        if lacks >> bit & 1:
            rows += [{"action": action, "rule_id": rule} for action in _carried(rule, verdicts.actions)]
    return rows


def rule_texts(found: Permissions, rules: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return what each rule says, where it comes from and how well that was verified."""
    role = found.facts.context.role
    return {
        rule: {"says": f"There is no working {rule.partition('.')[2]} on file.", "cite": "", "mark": ""}
        if rule in found.impossible
        else _text_of(explain_denial(found.ruleset, rule, role))
        for rule in rules
    }


def _text_of(denial: Denial) -> dict[str, str]:
    return {"says": denial.says, "cite": denial.cite, "mark": denial.mark, "force": denial.force}
