"""Past runs beside what came in since, on tables and runs whose truth is planted."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from duewise.config import parse_portfolio
from duewise.pipelines.evaluate import evaluate
from duewise.publish.strategies_file import strategies_table, write_strategies

NIGHT = date(2025, 3, 3)
AS_OF = date(2025, 5, 1)
DEBTORS = 1_200
UPLIFT = 60.0
NEED_CARE = np.arange(DEBTORS) % 10 == 0


@pytest.fixture
def portfolio(tmp_path):
    """Return a portfolio in which being in the policy cell adds 60 to what a debtor pays."""
    rng = np.random.default_rng(0)
    data = tmp_path / "data"
    data.mkdir()
    ids = [f"D{i:04d}" for i in range(DEBTORS)]
    chance = rng.uniform(0.1, 0.6, DEBTORS)
    cell = np.where((rng.random(DEBTORS) < 0.3) & ~NEED_CARE, "control", "policy")
    paid = np.where(rng.random(DEBTORS) < chance, 300.0, 0.0) + np.where(cell == "policy", UPLIFT, 0.0)
    # People in need of care pay nothing: only a comparison without them finds the planted uplift.
    paid[NEED_CARE] = 0.0
    tables = {
        "debtors": {"debtor_id": ids},
        "accounts": {
            "account_id": [f"A{i}" for i in ids],
            "debtor_id": ids,
            "product": "credit_card",
            "past_due_since": "2025-01-01",
            "placed_on": "2025-02-01",
            "placed_balance": 1000.0,
        },
        "payments": {
            "payment_id": [f"P{i}" for i in ids],
            "account_id": [f"A{i}" for i in ids],
            "at": "2025-03-10T10:00:00Z",
            "amount": paid,
            "kind": "payment",
        },
        "contacts": {
            "contact_id": [f"C{i}" for i in ids],
            "debtor_id": ids,
            "at": "2025-02-10T10:00:00Z",
            "channel": "sms",
            "direction": "outbound",
            "outcome": "delivered",
        },
        "flags": {
            "flag_id": [f"F{i}" for i, care in zip(ids, NEED_CARE, strict=True) if care],
            "debtor_id": [i for i, care in zip(ids, NEED_CARE, strict=True) if care],
            "flag": "vulnerable",
            "starts_at": "2025-02-02T00:00:00Z",
        },
    }
    for name, columns in tables.items():
        frame = pd.DataFrame(columns)
        frame = frame[frame["amount"] > 0] if name == "payments" else frame
        frame.to_csv(data / f"{name}.csv", index=False)
    publish_run(tmp_path / "runs", NIGHT, ids, chance, 300.0 * chance + UPLIFT, cell)
    return parse_portfolio(
        {
            "portfolio": {"name": "past", "timezone": "UTC"},
            "sources": {"path": str(data), "max_staleness_days": 90},
            "horizons": [30, 90],
            "training": {"repay_share": 0.2},
            "publish": {"runs": str(tmp_path / "runs")},
        },
        origin="test",
    )


def publish_run(runs, night, ids, chance, money, cell):
    folder = runs / night.isoformat()
    folder.mkdir(parents=True)
    columns = {
        "debtor_id": ids,
        "p_repay_30d": chance,
        "expected_recovery_30d": money,
        "expected_recovery_90d": money,
        "cell": cell,
    }
    write_strategies(folder / "strategies.parquet", strategies_table(columns, [30, 90]))
    (folder / "manifest.json").write_text(json.dumps({"run_id": "r", "as_of": night.isoformat()}))


def test_the_planted_uplift_lies_in_the_interval_and_zero_does_not(portfolio):
    [comparison] = evaluate(portfolio, AS_OF).comparisons
    assert (comparison.cell, comparison.against) == ("policy", "control")
    assert comparison.difference.low <= UPLIFT <= comparison.difference.high
    assert comparison.difference.low > 0.0
    assert comparison.decisions + comparison.decisions_against == DEBTORS - NEED_CARE.sum()


def test_forecasts_are_judged_by_what_came_in(portfolio):
    [backtest] = evaluate(portfolio, AS_OF).backtests
    assert backtest.horizon == 30
    assert backtest.nights == (NIGHT,)
    assert backtest.decisions == DEBTORS
    assert backtest.figures["auc"].low > 0.5
    assert 1.0 < backtest.figures["total_ratio"].value < 1.5  # forecasts knew nothing of the tenth in need


def test_a_horizon_that_has_not_passed_is_too_early_to_tell(portfolio):
    found = evaluate(portfolio, AS_OF)
    assert any(note.startswith("90 days: too early to tell") for note in found.notes)
    early = evaluate(portfolio, NIGHT + timedelta(days=30))
    assert early.backtests == early.comparisons == ()
    assert any(note.startswith("Uplift: too early to tell") for note in early.notes)


def test_without_runs_it_says_what_it_could_not_do(portfolio):
    nowhere = portfolio.model_copy(
        update={"publish": portfolio.publish.model_copy(update={"runs": portfolio.publish.runs / "none"})}
    )
    found = evaluate(nowhere, AS_OF)
    assert found.backtests == ()
    assert len(found.notes) == 3


def test_only_the_first_night_of_a_period_counts(portfolio):
    """On later nights those who paid are gone from one cell more than from the other."""
    run = pd.read_parquet(portfolio.publish.runs / NIGHT.isoformat() / "strategies.parquet")
    later = run[(run["cell"] == "control") | (run["p_repay_30d"] < 0.3)]
    publish_run(
        portfolio.publish.runs,
        NIGHT + timedelta(days=2),
        later["debtor_id"].tolist(),
        later["p_repay_30d"].to_numpy(),
        later["expected_recovery_30d"].to_numpy(),
        later["cell"].to_numpy(),
    )
    [comparison] = evaluate(portfolio, AS_OF).comparisons
    assert comparison.decisions + comparison.decisions_against == DEBTORS - NEED_CARE.sum()
