"""The monitor on a trained portfolio: silent while nothing changes, loud when something does."""

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from duewise.config import parse_portfolio
from duewise.pipelines.evaluate import evaluate
from duewise.pipelines.monitor import monitor
from duewise.pipelines.nightly import nightly
from duewise.pipelines.train import train
from duewise.simulate.sample import write_sample

TRAINED, NIGHT, END = date(2025, 3, 31), date(2025, 4, 7), date(2025, 6, 1)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory):
    """Return a portfolio that was trained in March and decided one night in April."""
    folder = tmp_path_factory.mktemp("monitor")
    write_sample(folder / "data", debtors=900, months=9, end=END)
    settings = portfolio_of(folder, folder / "data")
    train(settings, TRAINED)
    nightly(settings, NIGHT)
    return settings


def portfolio_of(folder, data):
    return parse_portfolio(
        {
            "portfolio": {"name": "watched", "language": "en"},
            "sources": {"path": str(data)},
            "horizons": [30],
            "training": {"history_days": 120},
            "cells": {"control": 0.2, "explore": 0.1},
            "models": {"store": str(folder / "mlflow")},
            "publish": {"runs": str(folder / "runs"), "excel": False, "report": False},
        },
        origin="test",
    )


def test_an_undrifted_night_raises_no_alarm_and_is_written_beside_the_run(portfolio):
    found = monitor(portfolio)
    assert found.as_of == NIGHT
    assert found.alarms == ()
    assert found.notes == ()
    written = json.loads(found.file.read_text())
    assert found.file == portfolio.publish.runs / NIGHT.isoformat() / "monitor.json"
    assert len(written["drift"]) == len(found.drift) > 50


def test_inflated_incomes_raise_the_alarm(portfolio, tmp_path):
    for path in Path(portfolio.sources.path).iterdir():
        table = pd.read_parquet(path)
        if path.stem == "debtors":
            table["monthly_income"] *= 4.0
        table.to_parquet(tmp_path / path.name)
    drifted = portfolio_of(portfolio.publish.runs.parent, tmp_path)
    found = monitor(drifted, dry_run=True)
    assert found.file is None
    assert any("income" in alarm for alarm in found.alarms)


def test_groups_are_compared_by_protected_columns_and_proxies(portfolio):
    groups = monitor(portfolio, dry_run=True).groups
    assert {group.column for group in groups} >= {"birth_year", "gender", "region"}
    for group in groups:
        assert 0.0 <= group.score.value <= 1.0
        assert 0.0 <= group.selected.value <= 1.0


def test_on_the_day_of_training_it_is_too_early_to_judge_forecasts(portfolio):
    found = monitor(portfolio, date(2025, 3, 20), dry_run=True)
    assert found.calibration is None
    assert any("too early to tell" in note for note in found.notes)
    assert any("No run stands" in note for note in found.notes)


def test_forecasts_are_checked_once_a_later_night_has_matured(portfolio):
    found = monitor(portfolio, END, dry_run=True)
    assert found.calibration.night > TRAINED
    assert not found.calibration.alarm
    assert any(group.miscalibration is not None for group in found.groups)


def test_a_run_is_evaluated_once_its_horizon_has_passed(portfolio):
    found = evaluate(portfolio, END)
    [backtest] = found.backtests
    assert backtest.nights == (NIGHT,)
    # The simulated debtors never heard of this run, so no cell can differ from another beyond chance.
    assert all(not comparison.difference.excludes_zero for comparison in found.comparisons)
