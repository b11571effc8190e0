"""`duewise evaluate`: what past runs forecast beside what came in, and what they added to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import structlog

from duewise.config import Portfolio
from duewise.contracts.vocabulary import Cell
from duewise.evaluate.bootstrap import Estimate
from duewise.evaluate.judgement import JudgedRows, judge_money, judge_probabilities
from duewise.evaluate.uplift import FEWEST_DEBTORS, CellComparison, compare_cells
from duewise.features.outcomes import is_mature, outcomes
from duewise.pipelines.dates import end_of_books, resolve_as_of
from duewise.pipelines.delivered import Delivered, delivered_by_queue
from duewise.policy.cells import period_of
from duewise.policy.debtor_facts import debtor_facts
from duewise.publish.findings_file import EVALUATION, write_findings
from duewise.publish.published_run import PublishedRun, published_runs
from duewise.sources.open import open_tables
from duewise.sources.tables import Tables

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Backtest:
    """Forecasts of past runs judged by what was paid since.

    Attributes
    ----------
    nights : tuple of date
        Runs whose whole horizon has passed.
    forecast, observed : float or None
        Mean chance of repaying and share that repaid; None for horizons without such a forecast.
    figures : dict of figure to Estimate
        Of the chance of repaying (first horizon) and of the expected money.
    """

    horizon: int
    nights: tuple[date, ...]
    decisions: int
    forecast: float | None
    observed: float | None
    figures: dict[str, Estimate]


@dataclass(frozen=True)
class Evaluation:
    """What can be said of past runs, and why not more."""

    as_of: date
    currency: str
    horizon: int
    backtests: tuple[Backtest, ...]
    comparisons: tuple[CellComparison, ...]
    delivered: tuple[Delivered, ...]
    notes: tuple[str, ...]


def evaluate(portfolio: Portfolio, as_of: date | None = None) -> Evaluation:
    """Return how the runs published before `as_of` did, by what is known at `as_of`; writes nothing.

    See `keep_evaluation`.
    """
    as_of = resolve_as_of(as_of)
    runs = [run for run in published_runs(portfolio.publish.runs) if run.as_of < as_of]
    with open_tables(portfolio, as_of) as opened:
        end = end_of_books(opened.tables, as_of, portfolio.sources.max_staleness_days) or as_of
        backtests, notes = _backtests(portfolio, opened.tables, runs, end)
        comparisons, more = _comparisons(portfolio, opened.tables, runs, as_of, end)
        report_days = portfolio.sources.max_staleness_days
        delivered = delivered_by_queue(opened.tables, runs, as_of, report_days)
    log.info("runs_evaluated", runs=len(runs), horizons=len(backtests), comparisons=len(comparisons))
    return Evaluation(
        as_of=as_of,
        currency=portfolio.portfolio.currency,
        horizon=portfolio.horizons[0],
        backtests=tuple(backtests),
        comparisons=tuple(comparisons),
        delivered=tuple(delivered),
        notes=(*notes, *more),
    )


def keep_evaluation(portfolio: Portfolio, found: Evaluation) -> Path | None:
    """Write what acting has added beside the latest run that was judged; None where there is no run yet."""
    runs = [run for run in published_runs(portfolio.publish.runs) if run.as_of < found.as_of]
    if not runs:
        return None
    content = {
        "as_of": found.as_of.isoformat(),
        "horizon": found.horizon,
        "comparisons": [asdict(comparison) for comparison in found.comparisons],
        "notes": list(found.notes),
    }
    return write_findings(portfolio.publish.runs, runs[-1].folder, EVALUATION, content)


def _backtests(
    portfolio: Portfolio, tables: Tables, runs: list[PublishedRun], end: date
) -> tuple[list[Backtest], list[str]]:
    """Return the judgement of each horizon, and the horizons that nothing can be said about."""
    found, notes = [], []
    delay = portfolio.training.posting_delay_days
    for horizon in portfolio.horizons:
        money, chance = f"expected_recovery_{horizon}d", f"p_repay_{horizon}d"
        mature = [run for run in runs if is_mature(run.as_of, horizon, end, delay)]
        parts = [_forecasts(run, money, chance) for run in mature]
        told = pd.concat(parts).dropna(subset=[money]) if parts else pd.DataFrame()
        if told.empty:
            notes.append(
                f"{horizon} days: too early to tell. No run with a forecast lies {horizon} + {delay} days "
                f"(horizon and booking of payments) before {end}, where the books end."
            )
            continue
        paid = _outcomes(portfolio, tables, sorted({run.as_of for run in mature}), horizon, end)
        rows = told.merge(paid, on=["debtor_id", "as_of"], how="inner")
        if len(rows) < len(told):
            notes.append(
                f"{horizon} days: {len(told) - len(rows):,} forecasts are left out, whose debtors the tables "
                "of today do not know as in scope on that night."
            )
        if not rows.empty:
            found.append(_judged(rows, horizon, money, chance, portfolio.training.seed))
    return found, notes


def _forecasts(run: PublishedRun, money: str, chance: str) -> pd.DataFrame:
    table = run.strategies()
    wanted = [name for name in ("debtor_id", money, chance) if name in table.column_names]
    frame: pd.DataFrame = table.select(wanted).to_pandas()
    return frame.reindex(columns=["debtor_id", money, chance]).assign(as_of=pd.Timestamp(run.as_of))


def _outcomes(
    portfolio: Portfolio, tables: Tables, nights: list[date], horizon: int, end: date
) -> pd.DataFrame:
    training = portfolio.training
    return outcomes(tables, nights, [horizon], training.repay_share, end, training.posting_delay_days)


def _judged(rows: pd.DataFrame, horizon: int, money: str, chance: str, seed: int) -> Backtest:
    judged = JudgedRows(
        debtor=np.unique(rows["debtor_id"].astype(str), return_inverse=True)[1].astype(np.intp),
        repaid=rows[f"repaid_{horizon}d"].to_numpy(dtype=np.float64),
        balance=rows["balance"].to_numpy(dtype=np.float64),
        money=rows[f"recovered_{horizon}d"].to_numpy(dtype=np.float64),
    )
    figures = judge_money(rows[money].to_numpy(dtype=np.float64), judged, seed=seed)
    probability = rows[chance].to_numpy(dtype=np.float64, na_value=np.nan)
    known = bool(np.isfinite(probability).all())
    if known:
        figures |= judge_probabilities({"duewise": probability}, judged, seed=seed).figures["duewise"]
    return Backtest(
        horizon=horizon,
        nights=tuple(sorted({night.date() for night in rows["as_of"]})),
        decisions=len(rows),
        forecast=float(probability.mean()) if known else None,
        observed=float(judged.repaid.mean()) if known else None,
        figures=figures,
    )


def _comparisons(
    portfolio: Portfolio, tables: Tables, runs: list[PublishedRun], as_of: date, end: date
) -> tuple[list[CellComparison], list[str]]:
    """Return what the policy and the explorers recovered more than those who were left alone."""
    horizon, delay = portfolio.horizons[0], portfolio.training.posting_delay_days
    decided = _first_decisions(_decisions(tables, runs, as_of), portfolio.cells.period_days)
    nights = [night for night in sorted(set(decided["as_of"])) if is_mature(night, horizon, end, delay)]
    decided = decided[decided["as_of"].isin(nights)]
    if not (decided["cell"] == str(Cell.CONTROL)).any():
        return [], [
            "Uplift: too early to tell. No debtor of a control cell was decided on "
            f"{horizon} + {delay} days before {end}, where the books end."
        ]
    decided = _comparable(tables, decided, nights).assign(as_of=lambda rows: pd.to_datetime(rows["as_of"]))
    rows = decided.merge(_outcomes(portfolio, tables, nights, horizon, end), on=["debtor_id", "as_of"])
    money = rows[f"recovered_{horizon}d"].to_numpy(dtype=np.float64)
    cell, debtor = rows["cell"].to_numpy(dtype=object), rows["debtor_id"].to_numpy(dtype=str)
    found, notes = [], []
    for one in (str(Cell.POLICY), str(Cell.EXPLORE)):
        comparison = compare_cells(money, cell, debtor, one, str(Cell.CONTROL))
        if comparison is None:
            notes.append(
                f"Uplift of {one} over control: too early to tell. Each cell needs {FEWEST_DEBTORS} debtors "
                "whose horizon has passed."
            )
        else:
            found.append(comparison)
    return found, notes


def _decisions(tables: Tables, runs: list[PublishedRun], as_of: date) -> pd.DataFrame:
    """Return debtor, night and cell from the runs that stand, and from assignments of other nights."""
    columns = ["debtor_id", "as_of", "cell"]
    parts = [run.strategies(["debtor_id", "cell"]).to_pandas().assign(as_of=run.as_of) for run in runs]
    assigned = tables.assignments
    known = assigned.filter(assigned.as_of < as_of, assigned.cell.isin([str(c) for c in Cell]))
    logged = known.select(*columns).to_pandas()
    logged["as_of"] = pd.to_datetime(logged["as_of"]).dt.date
    parts.append(logged[~logged["as_of"].isin({run.as_of for run in runs})])
    decided: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return decided


def _first_decisions(decided: pd.DataFrame, period_days: int) -> pd.DataFrame:
    """Return each debtor's first decision in each period of the experiment.

    A debtor keeps a cell for a whole period, and who is still in scope on its later nights depends on the
    cell: whoever was called and paid has left. Only the first night compares people who were alike.
    """
    period = [period_of(night, period_days) for night in decided["as_of"]]
    first = decided.assign(period=period).sort_values(["debtor_id", "as_of"], kind="stable")
    return first.drop_duplicates(["debtor_id", "period"])[["debtor_id", "as_of", "cell"]]


def _comparable(tables: Tables, decided: pd.DataFrame, nights: list[date]) -> pd.DataFrame:
    """Return the decisions on debtors who could have come into any cell: people in need of care never do."""
    cared = [
        facts.loc[facts["needs_care"], ["debtor_id"]].assign(as_of=night)
        for night in nights
        for facts in [debtor_facts(tables, night).select("debtor_id", "needs_care").to_pandas()]
    ]
    keys = ["debtor_id", "as_of"]
    shielded = pd.MultiIndex.from_frame(pd.concat(cared)[keys])
    could_be_any: pd.DataFrame = decided[~pd.MultiIndex.from_frame(decided[keys]).isin(shielded)]
    return could_be_any
