"""What a night remembers of itself: the content of its manifest."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from duewise.config import Portfolio
from duewise.contracts.labels import code_label
from duewise.contracts.vocabulary import Cell, Table
from duewise.models.bundle import BundleInfo
from duewise.models.last_good import Champion
from duewise.pipelines.decision import DecidedNight
from duewise.pipelines.identity import NightIdentity
from duewise.pipelines.limits_worth import frontiers, next_units, unlimited
from duewise.pipelines.rules import rules_in_force
from duewise.policy.permissions import denial_counts, rule_texts, uncontactable_by
from duewise.policy.queues import LEGAL_CLOCK_DAYS
from duewise.policy.stage_default import VERSION as STAGE_DEFAULT
from duewise.publish.manifest import totals_of, versions
from duewise.publish.report import report_text
from duewise.sources.report import AcceptanceReport


def night_record(
    portfolio: Portfolio,
    identity: NightIdentity,
    report: AcceptanceReport,
    info: BundleInfo,
    decided: DecidedNight,
    strategies: pa.Table,
    delivered: list[dict[str, Any]],
    promises: dict[str, Any] | None,
    champion: Champion,
) -> dict[str, Any]:
    """Return what ``manifest.json`` holds, without the timings.

    Parameters
    ----------
    delivered : list of dict
        See :func:`duewise.pipelines.delivered.delivered_by_action`.
    promises : dict or None
        See :meth:`duewise.pipelines.contact_tonight.PromisesTonight.record`.
    """
    denials = denial_counts(decided.permissions)
    tables = [*report.tables.values(), *report.feedback.tables.values()]
    return {
        "run_id": identity.run_id,
        "as_of": identity.as_of.isoformat(),
        "portfolio": portfolio.model_dump(
            mode="json", exclude={"sources": {"url"}, "publish": {"database"}, "serve": True}
        ),
        "versions": versions(),
        "model": {"version": identity.model_version, **asdict(info)},
        "policy_version": decided.values.policy_version,
        "inputs": {
            name: {**table, "reasons": report.tables[Table(name)].reasons}
            for name, table in report.as_dict()["tables"].items()
        },
        "feedback": report.feedback.as_dict(),
        "notes": list(report.notes),
        "warnings": [
            *_model_warnings(portfolio, champion),
            *_warnings(portfolio, identity.as_of, report, decided),
        ],
        "totals": {
            **totals_of(strategies, portfolio.horizons),
            "uncontactable": int((~decided.permissions.feasible.any(axis=1)).sum()),
            "rows_read": sum(table.read for table in tables),
            "rows_quarantined": sum(table.quarantined for table in tables),
        },
        "capacities": capacities(portfolio, decided),
        "next_units": next_units(decided, strategies),
        "frontiers": frontiers(decided),
        "unlimited": unlimited(decided),
        "allocation": {
            "value": decided.decision.allocation.value,
            "bound": decided.decision.allocation.bound,
            "gap": decided.decision.allocation.gap,
        },
        "denials": denials,
        "uncontactable_by": uncontactable_by(decided.permissions),
        "rules": rule_texts(decided.permissions, denials),
        "rules_in_force": rules_in_force(portfolio, identity.as_of),
        "cells": {str(cell): int(np.sum(decided.cell == cell)) for cell in Cell},
        "delivered": delivered,
        "promises": promises,
    }


def capacities(portfolio: Portfolio, decided: DecidedNight) -> list[dict[str, Any]]:
    """Return what is planned of each action and resource, its limit, and the worth of one more unit.

    A limit per region is told as what all regions of tonight have together, its price is that of the region
    where one more unit is worth most.
    """
    prices: dict[str, float] = {}
    for limit in decided.decision.allocation.limits:
        if limit.side == "upper":
            prices[limit.name] = max(prices.get(limit.name, 0.0), limit.price)
    groups = {
        limit.name: np.size(limit.upper) for limit in decided.decision.limits if limit.upper is not None
    }
    rows = [
        {
            "name": name,
            "planned": int(np.sum(decided.decision.choice == a + 1)),
            "limit": portfolio.actions[name].capacity,
            "at_least": portfolio.actions[name].at_least,
            "price": prices.get(name, 0.0),
        }
        for a, name in enumerate(decided.values.actions)
    ]
    rows += [
        {
            "name": name,
            "planned": decided.decision.used[name],
            "limit": resource.limit * groups[name],
            "at_least": resource.at_least,
            "price": prices.get(name, 0.0),
            "per": resource.per,
        }
        for name, resource in portfolio.resources.items()
        if name in decided.decision.used
    ]
    return rows


def _model_warnings(portfolio: Portfolio, champion: Champion) -> list[dict[str, Any]]:
    if not champion.is_copy:
        return []
    text = report_text(portfolio.portfolio.language)["registry_unreachable"]
    return [{"code": "registry_unreachable", "text": text.format(version=champion.files.version)}]


def _doubts(doubted: Mapping[str, Sequence[str]], language: str) -> list[dict[str, Any]]:
    """Return for each action whose effect was refuted why it is ranked by the ladder instead."""
    text, found = report_text(language), []
    for action, tests in doubted.items():
        failed = text["listing"].join(code_label("refutation", test, language) for test in tests)
        said = text["effect_doubted"].format(action=code_label("action", action, language), failed=failed)
        found.append({"code": "effect_doubted", "text": said})
    return found


def _warnings(
    portfolio: Portfolio, as_of: date, report: AcceptanceReport, decided: DecidedNight
) -> list[dict[str, Any]]:
    text = report_text(portfolio.portfolio.language)
    found = [{"code": warning.code, "text": warning.text} for warning in report.warnings]
    if portfolio.rules == []:
        found.append({"code": "no_rules", "text": text["no_rules"]})
    if decided.values.policy_version == STAGE_DEFAULT:
        found.append({"code": "ranking_by_recovery", "text": text["ranking_note"]})
    elif not (decided.values.ranking > 0).any():
        found.append({"code": "effects_unproven", "text": text["effects_unproven"]})
    found += _doubts(decided.values.doubted, portfolio.portfolio.language)
    near = decided.limitation_days[np.isfinite(decided.limitation_days)]
    if len(near):
        ends = as_of + timedelta(days=int(near.min()))
        said = text["limitation_near"].format(debtors=len(near), days=LEGAL_CLOCK_DAYS, first=ends)
        found.append({"code": "limitation_near", "text": said})
    found += [
        {"code": "floor_not_met", "text": text["floor_not_met"].format(shortfall=shortfall)}
        for shortfall in decided.decision.allocation.shortfalls
    ]
    return found
