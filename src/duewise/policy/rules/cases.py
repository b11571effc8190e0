"""Worked cases beside the rules: facts and verdict, run through the same path as a night.

The cases of a pack become one small portfolio, are read by the same queries as a client's tables, and each
is then judged at its own instant (``at``) or for its own local day (``day``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from duewise.errors import ConfigError
from duewise.policy.rules.case_model import Case
from duewise.policy.rules.case_tables import case_tables
from duewise.policy.rules.conditions import ACTIONS
from duewise.policy.rules.evaluate import evaluate_at, evaluate_days, single
from duewise.policy.rules.extract import build_facts
from duewise.policy.rules.facts import Context, Facts
from duewise.policy.rules.model import Pack, Rule
from duewise.policy.rules.packs import LoadedRule, RuleSet, read_pack, shipped_packs
from duewise.policy.rules.places import day_number
from duewise.policy.rules.verdicts import Verdict
from duewise.policy.rules.view import Planned

_ALL_KNOWN = date(2100, 1, 1)  # every fact of a case is known; instants of their own decide what is on


@dataclass(frozen=True)
class CaseResult:
    """How one case came out."""

    rule_id: str
    case: str
    expected: str
    got: str
    denied_by: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the verdict is the expected one."""
        return self.expected == self.got


@dataclass(frozen=True)
class PackReport:
    """All cases of one pack."""

    pack: str
    results: tuple[CaseResult, ...]

    @property
    def failures(self) -> tuple[CaseResult, ...]:
        """Cases that came out otherwise than expected."""
        return tuple(result for result in self.results if not result.passed)


def run_pack_tests(pack: str | Path) -> PackReport:
    """Return how the cases of a shipped pack (by name) or of a file come out.

    A case beside a rule asks that rule alone, under the role and country it names; a case of the pack asks
    all rules of the pack that are switched on.
    """
    path = pack if isinstance(pack, Path) else shipped_packs().get(pack, Path(pack))
    content = read_pack(path)
    asked: list[tuple[str, RuleSet, Case]] = []
    for rule in content.rules:
        alone = RuleSet((_loaded(rule, content),), (content.pack,))
        asked += [(rule.id, alone, _read_case(raw, content, path, rule.id)) for raw in rule.tests]
    together = RuleSet(tuple(_loaded(rule, content) for rule in content.rules if rule.switched_on))
    asked += [(content.pack, together, _read_case(raw, content, path, "pack")) for raw in content.tests]
    found = decide_cases([(ruleset, case) for _, ruleset, case in asked])
    return PackReport(
        content.pack,
        tuple(
            CaseResult(rule_id, case.case, case.then, _outcome(verdict), verdict.denied_by)
            for (rule_id, _, case), verdict in zip(asked, found, strict=True)
        ),
    )


def decide_cases(asked: Sequence[tuple[RuleSet, Case]]) -> list[Verdict]:
    """Return the verdict of each case under its rules."""
    found: dict[int, Verdict] = {}
    # Calendar dates depend on country and portfolio zone, so each such group is read as one portfolio.
    groups: dict[tuple[str | None, str], list[int]] = {}
    for index, (_, case) in enumerate(asked):
        groups.setdefault((case.country, case.portfolio_timezone), []).append(index)
    for (country, timezone), members in groups.items():
        cases = [asked[index][1] for index in members]
        context = Context(country=country, timezone=timezone)
        facts = build_facts(case_tables(cases), _ALL_KNOWN, context, RuleSet(), whole_history=True)
        for position, index in enumerate(members):
            ruleset, case = asked[index]
            found[index] = _decide(ruleset, case, facts.take(np.array([position])))
    return [found[index] for index in range(len(asked))]


def _decide(ruleset: RuleSet, case: Case, facts: Facts) -> Verdict:
    artefacts = None if case.artefacts is None else frozenset(case.artefacts)
    facts = replace(facts, context=replace(facts.context, role=case.role, artefacts=artefacts))
    planned = _planned(case)
    if case.at is None:
        day = np.array([day_number(case.local_day)], dtype=np.int32)
        return single(evaluate_days(ruleset, facts, day, (case.action,), planned))
    at = case.at if case.at.tzinfo else case.at.replace(tzinfo=UTC)
    instant = np.array([int(at.timestamp())], dtype=np.int64)
    return single(evaluate_at(ruleset, facts, instant, (case.action,), planned))


def _planned(case: Case) -> Planned | None:
    if not case.planned:
        return None
    first = min(plan.day for plan in case.planned)
    made = np.zeros((1, 1 + max((plan.day - first).days for plan in case.planned)), dtype=bool)
    made[0, [(plan.day - first).days for plan in case.planned]] = True
    action = np.array([ACTIONS.index(case.planned[0].action)], dtype=np.int32)
    return Planned(day_number(first), action, made)


def _loaded(rule: Rule, pack: Pack) -> LoadedRule:
    return LoadedRule(rule, pack.pack, pack.country, pack.holidays_of, company=False)


def _read_case(raw: dict[str, Any], pack: Pack, path: Path, where: str) -> Case:
    try:
        return Case.model_validate(pack.case_defaults | raw)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))} {fault['msg'].removeprefix('Value error, ')}".strip()
            for fault in error.errors(include_url=False)
        )
        raise ConfigError(
            f"{path}: {where}: the case `{raw.get('case', raw)}` cannot be read: {faults}"
        ) from error


def _outcome(verdict: Verdict) -> str:
    if not verdict.allowed:
        return "deny"
    if verdict.warned_by:
        return "warn"
    return "attach" if verdict.attach else "allow"
