"""`duewise monitor`: have debtors changed, do forecasts still hold, how are groups of people treated."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import structlog
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.contracts.vocabulary import NONE
from duewise.evaluate.bootstrap import Estimate
from duewise.evaluate.drift import FeatureDrift, drift_of, read_reference
from duewise.evaluate.fairness import GroupAudit, age_bands, audit_groups, named_groups
from duewise.evaluate.judgement import JudgedRows, judge_probabilities
from duewise.features.outcomes import outcomes
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from duewise.models.bundle import Bundle
from duewise.models.registry import load_champion
from duewise.pipelines.dates import end_of_books, resolve_as_of
from duewise.pipelines.tonight import debtors_in_scope
from duewise.publish.findings_file import MONITOR, write_findings
from duewise.publish.published_run import PublishedRun, published_runs
from duewise.sources.open import open_tables
from duewise.sources.tables import Tables

log = structlog.get_logger(__name__)

Floats = NDArray[np.float64]

PROXIES = ("region", "dependants")
"""Columns that are no protected ones and may speak for them."""

LARGEST_MISS = 0.2
"""Share by which forecast and outcome may differ: one night carries shocks that no interval of rows shows."""


@dataclass(frozen=True)
class Calibration:
    """Forecasts of the champion on the latest night that it did not learn from and whose outcome is known."""

    night: date
    debtors: int
    forecast: float
    observed: Estimate
    auc: Estimate
    alarm: bool


@dataclass(frozen=True)
class Monitoring:
    """What the monitor found.

    Attributes
    ----------
    drift : tuple of FeatureDrift
        The furthest first.
    calibration : Calibration or None
        None when no such night is mature.
    groups : tuple of GroupAudit
    alarms, notes : tuple of str
        What somebody must look at, and what could not be said.
    file : Path or None
        Where it was written; None without a run or in a dry run.
    """

    as_of: date
    model: str
    debtors: int
    drift: tuple[FeatureDrift, ...]
    calibration: Calibration | None
    groups: tuple[GroupAudit, ...]
    alarms: tuple[str, ...]
    notes: tuple[str, ...]
    file: Path | None


@dataclass(frozen=True)
class _JudgedNight:
    """Scores and outcomes of one night, arrays of shape (n,)."""

    night: date
    debtor_id: pd.Series[Any]
    forecast: Floats
    repaid: Floats
    balance: Floats


def monitor(portfolio: Portfolio, as_of: date | None = None, *, dry_run: bool = False) -> Monitoring:
    """Return what has changed since training, at `as_of` or at the latest run; written beside that run."""
    runs = [r for r in published_runs(portfolio.publish.runs) if as_of is None or r.as_of <= as_of]
    run = runs[-1] if runs else None
    night = as_of or (run.as_of if run else resolve_as_of(None))
    bundle = load_champion(portfolio.models.store, portfolio.registered_name)
    with open_tables(portfolio, night) as opened:
        debtors = debtors_in_scope(opened.tables, portfolio, night)
        scores = bundle.score(debtors)[f"p_repay_{portfolio.horizons[0]}d"].to_numpy(dtype=np.float64)
        drift = _drift(bundle, debtors)
        judged = _judged_night(portfolio, opened.tables, bundle, night)
        groups = _groups(portfolio, opened.tables, debtors, scores, run, judged)
    calibration = None if judged is None else _calibration(judged, portfolio.training.seed)
    found = Monitoring(
        as_of=night,
        model=str(bundle.version),
        debtors=len(debtors),
        drift=tuple(drift),
        calibration=calibration,
        groups=tuple(groups),
        alarms=tuple(_alarms(drift, calibration)),
        notes=tuple(_notes(bundle, run, judged, portfolio)),
        file=None,
    )
    log.info("portfolio_monitored", as_of=str(night), debtors=len(debtors), alarms=len(found.alarms))
    if run is None or dry_run:
        return found
    content: dict[str, Any] = _plain(asdict(found))
    content.pop("file")
    file = write_findings(portfolio.publish.runs, run.folder, MONITOR, content)
    return Monitoring(**{**vars(found), "file": file})


def _drift(bundle: Bundle, debtors: pd.DataFrame) -> list[FeatureDrift]:
    if bundle.reference is None:
        return []
    return drift_of(read_reference(bundle.reference), bundle.encoding, bundle.matrix(debtors))


def _judged_night(portfolio: Portfolio, tables: Tables, bundle: Bundle, as_of: date) -> _JudgedNight | None:
    """Return the latest mature night, scored by the champion; None where it learned from all of them."""
    horizon, training = portfolio.horizons[0], portfolio.training
    end = end_of_books(tables, as_of, portfolio.sources.max_staleness_days)
    if end is None or horizon not in bundle.repayment:
        return None
    night = end - timedelta(days=horizon + training.posting_delay_days)
    if night <= date.fromisoformat(bundle.info.last_date):
        return None
    debtors = snapshots(tables, [night], FeatureSettings.of(portfolio))
    if debtors.empty:
        return None
    paid = outcomes(tables, [night], [horizon], training.repay_share, end, training.posting_delay_days)
    return _JudgedNight(
        night,
        debtors["debtor_id"],
        bundle.score(debtors)[f"p_repay_{horizon}d"].to_numpy(dtype=np.float64),
        paid[f"repaid_{horizon}d"].to_numpy(dtype=np.float64),
        paid["balance"].to_numpy(dtype=np.float64),
    )


def _calibration(judged: _JudgedNight, seed: int) -> Calibration:
    rows = JudgedRows(np.arange(len(judged.repaid)), judged.repaid, judged.balance, judged.repaid)
    auc = judge_probabilities({"champion": judged.forecast}, rows, seed=seed).figures["champion"]["auc"]
    observed, forecast = float(judged.repaid.mean()), float(judged.forecast.mean())
    half = 1.96 * float(judged.repaid.std() / np.sqrt(len(judged.repaid)))
    interval = Estimate(observed, observed - half, observed + half)
    missed = not interval.low <= forecast <= interval.high
    alarm = missed and abs(observed - forecast) > LARGEST_MISS * forecast
    return Calibration(judged.night, len(judged.repaid), forecast, interval, auc, alarm)


def _groups(
    portfolio: Portfolio,
    tables: Tables,
    debtors: pd.DataFrame,
    scores: Floats,
    run: PublishedRun | None,
    judged: _JudgedNight | None,
) -> list[GroupAudit]:
    """Return the audit by every protected column and proxy that the tables have."""
    wanted = dict.fromkeys([*portfolio.features.protected, *PROXIES])
    columns = [name for name in wanted if name in tables.debtors.columns]
    people = tables.debtors.select("debtor_id", *columns).to_pandas().set_index("debtor_id")
    acted = None if run is None else _acted(run, debtors["debtor_id"])
    found: list[GroupAudit] = []
    for column in columns:
        values = people[column]
        if values.isna().all():
            continue
        if column == "birth_year":
            values = age_bands(values, pd.Timestamp(debtors["as_of"].iloc[0]).year)
        group = named_groups(values.reindex(debtors["debtor_id"]))
        then = None
        if judged is not None:
            then = (named_groups(values.reindex(judged.debtor_id)), judged.forecast, judged.repaid)
        found += audit_groups(column, group, scores, acted, then)
    return found


def _acted(run: PublishedRun, debtor_id: pd.Series[Any]) -> Floats:
    """Return 1 where the run plans an action, 0 where none, NaN for debtors that it does not know."""
    planned = run.strategies(["debtor_id", "action"]).to_pandas().set_index("debtor_id")["action"]
    action = planned.reindex(debtor_id)
    return np.where(action.isna(), np.nan, action.ne(NONE).astype(float))


def _alarms(drift: list[FeatureDrift], calibration: Calibration | None) -> list[str]:
    found = [
        f"{d.feature} has drifted: PSI {d.psi:.2f}, usual up to {d.limit:.2f}"
        for d in drift
        if d.status == "alarm"
    ]
    if calibration is not None and calibration.alarm:
        found.append(
            f"forecasts no longer hold: on {calibration.night} {calibration.forecast:.1%} was forecast and "
            f"{calibration.observed.value:.1%} repaid ({calibration.observed.low:.1%} to "
            f"{calibration.observed.high:.1%}). Train again."
        )
    return found


def _notes(
    bundle: Bundle, run: PublishedRun | None, judged: _JudgedNight | None, portfolio: Portfolio
) -> list[str]:
    found = []
    if bundle.reference is None:
        found.append(
            "The champion keeps no distributions of its training features: train again to see drift."
        )
    if judged is None:
        found.append(
            f"Calibration: too early to tell. No night after those of training (to {bundle.info.last_date}) "
            f"is {portfolio.horizons[0]} + {portfolio.training.posting_delay_days} days old."
        )
    if run is None:
        found.append("No run stands: nothing is said of actions, and monitor.json is not written.")
    return found


def _plain(value: Any) -> Any:
    """Return plain values for JSON: dates as text, numbers that are none as null."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
