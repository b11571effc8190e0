"""Calls that follow what no table holds: training finds out, the night ignores their effect and says so."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from duewise.config import Portfolio, parse_portfolio
from duewise.pipelines.nightly import nightly
from duewise.pipelines.sample import make_sample
from duewise.pipelines.train import train

pytestmark = pytest.mark.slow

AS_OF = date(2026, 6, 1)
DEBTORS = 600


def call_whoever_has_just_paid(data: Path) -> None:
    """Add calls on the day after a payment that reaches the books two days late or later.

    As if the collectors could see the bank account: neither the features nor anybody's rule knows of it.
    """
    contacts = pd.read_parquet(data / "contacts.parquet")
    payments = pd.read_parquet(data / "payments.parquet")
    late = payments[payments["recorded_at"] - payments["at"] >= pd.Timedelta(days=2)]
    accounts = pd.read_parquet(data / "accounts.parquet", columns=["account_id", "debtor_id"])
    late = late[late["kind"] == "payment"].merge(accounts, on="account_id")
    at = late["at"].dt.floor("D") + pd.Timedelta(days=1, hours=4)
    calls = pd.DataFrame(
        {
            "contact_id": "X" + late["payment_id"],
            "debtor_id": late["debtor_id"],
            "at": at,
            "recorded_at": at + pd.Timedelta(hours=1),
            "channel": "call",
            "direction": "outbound",
            "outcome": "no_answer",
        }
    )
    calls = calls[calls["at"] < pd.Timestamp(AS_OF, tz=at.dt.tz)].astype(
        {name: contacts[name].dtype for name in calls.columns}
    )
    pd.concat([contacts, calls]).to_parquet(data / "contacts.parquet", index=False)


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory) -> Portfolio:
    folder = tmp_path_factory.mktemp("doubted")
    portfolio = parse_portfolio(
        {
            "portfolio": {"name": "doubted", "language": "en"},
            "sources": {"path": str(folder / "data")},
            "horizons": [14],
            "actions": {"sms": {"cost": 0.05, "capacity": 40}, "call": {"cost": 4.0, "capacity": 40}},
            "rules": [],
            "cells": {"control": 0.0, "explore": 0.0},
            "training": {"history_days": 120, "posting_delay_days": 5},
            "models": {"store": str(folder / "models")},
            "publish": {"runs": str(folder / "runs"), "excel": False, "report": False},
        },
        origin="test",
    )
    make_sample(portfolio, AS_OF, debtors=DEBTORS, months=10)
    call_whoever_has_just_paid(folder / "data")
    return portfolio


def refutations(portfolio: Portfolio) -> list[dict[str, Any]]:
    """Return what the training has recorded of its attempts to refute the effects."""
    records = (json.loads(path.read_text()) for path in Path(portfolio.models.store).rglob("channels.json"))
    (found,) = (record["refutations"] for record in records if "refutations" in record)
    return found


def test_an_effect_that_fails_a_test_is_not_used_and_it_is_said(portfolio):
    trained = train(portfolio, AS_OF)
    assert any("placebo_outcome, call" in warning for warning in trained.warnings)
    failed = {(row["name"], row["action"]) for row in refutations(portfolio) if not row["passed"]}
    assert ("placebo_outcome", "call") in failed
    assert ("placebo_outcome", "sms") not in failed

    night = nightly(portfolio, AS_OF)
    (said,) = [w["text"] for w in night.manifest["warnings"] if w["code"] == "effect_doubted"]
    assert "agent call" in said
    strategies = pd.read_parquet(night.folder / "strategies.parquet")
    assert strategies["effect_call"].isna().all()
    called = strategies[strategies["action"] == "call"]
    assert len(called) > 0
    assert not called["action_supported"].any()
    assert called["action_reason"].str.contains("its estimate failed a test").all()
