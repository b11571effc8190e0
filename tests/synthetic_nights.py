"""Nights that no model decided, of any size: what the page, its tests and its load test read."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duewise.config import Portfolio
from duewise.contracts.vocabulary import (
    CHANNELS,
    Bucket,
    Cell,
    Offer,
    Product,
    Queue,
    Segment,
    Stage,
    Tone,
)
from duewise.publish.details_file import DETAILS, EFFECT, FLIP, TIMELINE, write_details
from duewise.publish.manifest import totals_of, write_manifest
from duewise.publish.run_folder import open_run
from duewise.publish.strategies_file import strategies_table, write_strategies
from duewise.publish.workbook import write_workbook

REGIONS = ("CN-BJ", "CN-GD", "CN-SC", "CN-SH", "CN-ZJ")
RULES = {
    "cn.ladder": {
        "says": "The steps of the ladder come one after another.",
        "cite": "民法典 art. 1032",
        "mark": "V1 S26",
        "force": "C",
    },
    "cn.hours": {
        "says": "No call at night.",
        "cite": "GB/T 45251-2025 § 5.2",
        "mark": "V1 S26",
        "force": "S",
    },
    "possible.phone": {"says": "There is no working phone on file.", "cite": "", "mark": ""},
}
_FACTS = (
    ("dpd", "down", "{} days past due"),
    ("kept_share_365d", "up", "kept {} promises"),
    ("monthly_income", "up", "earns ¥{} a month"),
    ("balance_to_income", "down", "owes {} months of income"),
    ("cooperative_share_365d", "up", "cooperative in {} conversations"),
)


def publish_synthetic_night(portfolio: Portfolio, night: date, debtors: int, seed: int = 1) -> Path:
    """Publish a night of made-up strategies; return its folder."""
    strategies = synthetic_strategies(portfolio.horizons, night, debtors, seed)
    manifest = synthetic_manifest(portfolio, strategies, night)
    owner = portfolio.portfolio
    with open_run(portfolio.publish.runs, night) as folder:
        write_strategies(folder.partial / "strategies.parquet", strategies)
        write_details(folder.partial / DETAILS, synthetic_details(strategies))
        pq.write_table(synthetic_timeline(strategies, night), folder.partial / TIMELINE)
        if portfolio.publish.excel:
            write_workbook(
                folder.partial / "worklist.xlsx",
                strategies,
                language=owner.language,
                currency=owner.currency,
                horizons=portfolio.horizons,
                timezone=owner.timezone,
                title=f"{owner.name} · {night}",
            )
        write_manifest(folder.partial, manifest, {"decide": 1.0}, 100)
        return folder.publish()


def synthetic_strategies(horizons: list[int], night: date, debtors: int, seed: int) -> pa.Table:
    """Return `debtors` strategies in order of rank; the same debtor keeps stage and region over nights."""
    person = np.random.default_rng(1)
    random = np.random.default_rng([seed, night.toordinal()])
    balance = np.round(person.lognormal(8.5, 1.1, debtors), 2)
    dpd = person.integers(1, 500, debtors) + (night - date(2026, 6, 1)).days
    stage = np.array([str(s) for s in Stage])[np.searchsorted([31, 91, 361], dpd, side="right")]
    bucket = np.array([str(b) for b in Bucket])[np.searchsorted([1, 31, 61, 91, 181, 361], dpd, side="right")]
    region = person.choice(REGIONS, debtors)
    segment = person.choice([str(s) for s in Segment], debtors)
    supported = {c: person.normal(0.02, 0.02, debtors) * balance for c in CHANNELS[:6]}
    action = random.choice(
        ["none", "sms", "ai_call", "call", "letter"], debtors, p=[0.4, 0.3, 0.1, 0.15, 0.05]
    )
    acting = action != "none"
    queue = np.where(acting, stage, str(Queue.NO_ACTION)).astype(object)
    queue[random.random(debtors) < 0.01] = str(Queue.PROMISE_DUE)
    chosen = np.select([action == c for c in supported], list(supported.values()), np.nan)
    gain = np.where(acting, chosen, 0.0)
    cost = np.where(acting, 1.0, 0.0)
    urgent = np.where(queue == str(Queue.PROMISE_DUE), 0, np.where(acting, 1, 2))
    order = np.lexsort((np.arange(debtors), -gain, urgent))
    share = person.uniform(0.02, 0.4, debtors)
    opens = np.where(acting, np.datetime64(f"{night}T01:00", "us"), np.datetime64("NaT", "us"))
    offer = np.where(stage == "legal", str(Offer.LEGAL_ROUTE), str(Offer.PAY_NOW)).astype(object)
    offer[segment == str(Segment.CANT_WILL)] = str(Offer.INSTALMENTS)
    plan = offer == str(Offer.INSTALMENTS)
    columns: dict[str, Any] = {
        "run_id": np.full(debtors, f"synthetic-{night}-{seed}", dtype=object),
        "as_of": np.full(debtors, np.datetime64(night, "D")),
        "debtor_id": np.array([f"D{i:07d}" for i in range(debtors)], dtype=object),
        "queue": queue,
        "priority": np.maximum(gain, 0),
        "balance": balance,
        "dpd": dpd,
        "bucket": bucket,
        "product": person.choice([str(p) for p in Product], debtors),
        "region": region,
        "stage": stage,
        "action": action,
        "action_supported": acting,
        "window_start": opens,
        "window_end": opens + np.timedelta64(3, "h"),
        "contacts_allowed_7d": np.where(acting, 3, 0),
        "follow_up_action": np.where(acting, "call", "none"),
        "follow_up_on": np.full(debtors, np.datetime64(night + timedelta(days=7), "D")),
        "tone": person.choice([str(t) for t in Tone], debtors),
        "offer": offer,
        "offer_amount": np.where(plan, np.round(balance / 12, 2), balance),
        "offer_months": np.where(plan, 12.0, np.nan),
        "next_review_on": np.full(debtors, np.datetime64(night + timedelta(days=7), "D")),
        f"p_repay_{horizons[0]}d": share,
        **{f"expected_recovery_{h}d": balance * np.minimum(share * (1 + h / 200), 1) for h in horizons},
        "gain": gain,
        "harm": np.where(acting, 0.5, 0.0),
        "cost": cost,
        "net_gain": gain - cost - np.where(acting, 0.5, 0.0),
        "runner_up_action": np.where(acting, "sms", "none"),
        "runner_up_net_gain": supported["sms"],
        "ability": person.uniform(0, 100, debtors),
        "willingness": person.uniform(0, 100, debtors),
        "segment": segment,
        "action_reason": np.where(acting, "It is expected to add the most.", "Nothing is worth doing."),
        **{f"effect_{channel}": values for channel, values in supported.items()},
        "cell": random.choice([str(c) for c in Cell], debtors, p=[0.9, 0.05, 0.05]),
        "propensity": np.ones(debtors),
        "model_version": np.full(debtors, "synthetic/1", dtype=object),
        "policy_version": np.full(debtors, "channel_value", dtype=object),
    }
    for k, (code, direction, text) in enumerate(_FACTS, start=1):
        columns[f"reason_{k}"] = _reason(code, direction, text, dpd)
    columns["denied"] = _denied(stage)
    ranked = {name: _taken(values, order) for name, values in columns.items()}
    return strategies_table(ranked | {"rank": np.arange(1, debtors + 1)}, horizons)


def synthetic_manifest(portfolio: Portfolio, strategies: pa.Table, night: date) -> dict[str, Any]:
    """Return the manifest of a synthetic night."""
    totals = totals_of(strategies, portfolio.horizons)
    cells = strategies["cell"].value_counts().to_pylist()
    planned = totals["actions"]
    return {
        "run_id": strategies["run_id"][0].as_py() if strategies.num_rows else f"synthetic-{night}",
        "as_of": night.isoformat(),
        "portfolio": portfolio.model_dump(mode="json", exclude={"serve": True}),
        "versions": {"duewise": "0.1.0"},
        "model": {
            "version": "synthetic/1",
            "portfolio": portfolio.portfolio.name,
            "horizons": portfolio.horizons,
            "repay_share": 0.1,
            "trained_as_of": "2026-05-01",
            "first_date": "2025-05-01",
            "last_date": "2026-03-01",
            "debtors": 3000,
            "rows": 30000,
            "code_version": "0.1.0",
        },
        "policy_version": "channel_value",
        "inputs": {
            "debtors": {"read": 10, "accepted": 9, "quarantined": 1, "reasons": {"null_key": 1}},
            "accounts": {"read": 10, "accepted": 10, "quarantined": 0, "reasons": {}},
        },
        "notes": [],
        "warnings": [{"code": "stale_feed", "text": "payments: the newest row is four days old."}],
        "totals": totals | {"uncontactable": 3, "rows_read": 20, "rows_quarantined": 1},
        "capacities": [
            {"name": "sms", "planned": planned.get("sms", 0), "limit": None, "at_least": 0, "price": 0.0},
            {
                "name": "call",
                "planned": planned.get("call", 0),
                "limit": planned.get("call", 0) + 20,
                "at_least": 0,
                "price": 0.0,
            },
            {
                "name": "letter",
                "planned": planned.get("letter", 0),
                "limit": planned.get("letter", 0),
                "at_least": 0,
                "price": 12.5,
            },
            {"name": "agent_minutes", "planned": 900.0, "limit": 900.0, "at_least": 0, "price": 3.2},
        ],
        "allocation": {"value": totals["net_gain"], "bound": totals["net_gain"], "gap": 0.0},
        "denials": {"cn.ladder": 40, "cn.hours": 12, "possible.phone": 7},
        "rules": RULES,
        "cells": {row["values"]: row["counts"] for row in cells},
    }


def synthetic_details(strategies: pa.Table) -> dict[str, pa.Array]:
    """Return what explains the debtors further: reasons, limits of an effect, a flip, Chinese texts."""
    ids = strategies["debtor_id"].combine_chunks()
    order = pc.sort_indices(ids)
    n = len(ids)
    call = strategies["effect_call"].combine_chunks().take(order)
    effects = pa.StructArray.from_arrays(
        [pa.array(["call"] * n, pa.string()), pc.subtract(call, 50.0), pc.add(call, 50.0)],
        fields=list(EFFECT),
    )
    return {
        "debtor_id": ids.take(order),
        "effects": pa.ListArray.from_arrays(pa.array(np.arange(n + 1), pa.int32()), effects),
        "flip": pa.array(
            [{"alternative": "sms", "cost": 8.0, "limit": "agent_minutes", "units": -12.0, "then": "sms"}]
            * n,
            FLIP,
        ),
        "action_reason_zh": pa.array(["预计增量最大。"] * n),
        "base_chance": pa.array(np.full(n, 0.15)),
        "reason_shares": _lists(pa.array(np.tile([-0.03, 0.02, 0.02, -0.01, 0.01], n))),
        "reasons_zh": _lists(
            pa.array(["逾期较久", "履约较好", "月收入稳定", "欠款相当于数月收入", "态度配合"] * n)
        ),
    }


def synthetic_timeline(strategies: pa.Table, night: date) -> pa.Table:
    """Return three events of each of the first debtors."""
    ids = strategies["debtor_id"].slice(0, 500).to_pylist()
    rows = [
        (debtor, _instant(night, -days), kind, channel, outcome, amount, due)
        for debtor in ids
        for days, kind, channel, outcome, amount, due in (
            (3, "payment", None, None, 120.5, None),
            (9, "contact", "call", "promise", 120.5, night),
            (30, "contact", "sms", "delivered", None, None),
        )
    ]
    texts, moment = pa.string(), pa.timestamp("us", tz="UTC")
    names = ("debtor_id", "at", "kind", "channel", "outcome", "amount", "due_on")
    types = (texts, moment, texts, texts, texts, pa.float64(), pa.date32())
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.table(
        {name: pa.array(list(column), kind) for name, column, kind in zip(names, columns, types, strict=True)}
    )


def _lists(flat: pa.Array, size: int = 5) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(np.arange(0, len(flat) + 1, size), pa.int32()), flat)


def _instant(night: date, days: int) -> datetime:
    return datetime.combine(night, time(9, 30), tzinfo=UTC) + timedelta(days=days)


def _reason(code: str, direction: str, text: str, number: np.ndarray) -> pa.Array:
    n = len(number)
    before, after = text.split("{}")
    texts = pc.binary_join_element_wise(before, pc.cast(pa.array(number), pa.string()), after, "")
    return pa.StructArray.from_arrays(
        [pa.array([code] * n), pa.array([direction] * n), texts], names=["code", "direction", "text"]
    )


def _denied(stage: np.ndarray) -> pa.Array:
    """Litigation is denied to all but the last stages, calls to those of the first."""
    pairs = np.where(stage == "reminder", 2, np.where(stage == "intensified", 1, 0))
    offsets = np.concatenate([[0], np.cumsum(pairs)])
    first = np.concatenate([np.arange(k) for k in pairs]) if pairs.sum() else np.array([], dtype=int)
    actions = pa.array(np.where(first == 0, "litigation", "call").astype(object), pa.string())
    rules = pa.array(np.where(first == 0, "cn.ladder", "cn.hours").astype(object), pa.string())
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()),
        pa.StructArray.from_arrays([actions, rules], names=["action", "rule_id"]),
    )


def _taken(values: Any, order: np.ndarray) -> Any:
    return values.take(pa.array(order)) if isinstance(values, pa.Array) else values[order]
