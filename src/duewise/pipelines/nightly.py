"""The night: from tables to one strategy per debtor, published whole or not at all."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray
from structlog.contextvars import bound_contextvars

from duewise.config import Portfolio
from duewise.models.last_good import find_champion, keep_copy
from duewise.pipelines.action_reasons import action_reasons
from duewise.pipelines.assembly import assemble_strategies
from duewise.pipelines.clock import StageClock, peak_memory_mib, traced
from duewise.pipelines.comparison import comparison_columns
from duewise.pipelines.contact_tonight import promises_tonight
from duewise.pipelines.delivered import delivered_by_action
from duewise.pipelines.explanation import explain_night, explaining_columns
from duewise.pipelines.identity import night_identity
from duewise.pipelines.memory import make_room
from duewise.pipelines.night_details import debtor_details, write_timeline
from duewise.pipelines.record import night_record
from duewise.pipelines.tonight import ScoredDebtors, debtors_in_scope, decide_portfolio, score_debtors
from duewise.pipelines.valuation import gain_intervals
from duewise.policy.permissions import load_rules
from duewise.publish.database.runs import bring_up_to_date, rows_in_database
from duewise.publish.details_file import DETAILS, TIMELINE, write_details
from duewise.publish.for_people import write_for_people
from duewise.publish.manifest import read_manifest, write_manifest
from duewise.publish.metrics import write_metrics
from duewise.publish.remarks_file import write_remarks
from duewise.publish.run_folder import RunFolder, open_run
from duewise.publish.strategies_file import write_assignments, write_strategies
from duewise.sources.open import open_tables

LAST_GOOD = ".champion"
"""Folder beside the runs for the model of the last night, in case the registry does not answer."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Night:
    """What a night left behind.

    Attributes
    ----------
    folder : Path or None
        Where the run stands; None for a dry run.
    manifest : dict
        Content of ``manifest.json``.
    unchanged : bool
        True when the same inputs had already been decided and nothing was done.
    """

    folder: Path | None
    manifest: dict[str, Any]
    unchanged: bool = False

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What managers should know before they use the worklist."""
        warnings: list[dict[str, Any]] = self.manifest["warnings"]
        return warnings


def nightly(portfolio: Portfolio, as_of: date, *, force: bool = False, dry_run: bool = False) -> Night:
    """Choose one strategy for each debtor in scope at `as_of` and publish them.

    Parameters
    ----------
    force : bool
        Decide again although inputs, models and settings are those of the run that stands there.
    dry_run : bool
        Do everything but publish.

    Raises
    ------
    ConfigError, DataError, LockError, DuewiseError
        With a message that says what to do; earlier runs stay as they are.
    """
    clock = StageClock()
    rules = load_rules(portfolio)
    name, database = portfolio.portfolio.name, portfolio.publish.database
    with (
        bound_contextvars(portfolio=name, night=as_of.isoformat()),
        traced("nightly", portfolio=name, night=as_of.isoformat()),
        _run_folder(portfolio, as_of, dry_run) as folder,
        contextlib.ExitStack() as open_resources,
    ):
        if not dry_run:
            bring_up_to_date(database, name, portfolio.publish.runs, as_of)
        with clock.stage("check"):
            opened = open_resources.enter_context(
                open_tables(portfolio, as_of, workspace=folder.scratch, quarantine=folder.refused)
            )
            make_room(opened.tables, portfolio.machine.memory, as_of)
        copies = portfolio.publish.runs / LAST_GOOD
        champion = find_champion(portfolio.models.store, portfolio.registered_name, copies)
        bundle = champion.files.load()
        identity = night_identity(portfolio, as_of, opened.report, str(bundle.version))
        open_resources.enter_context(bound_contextvars(run_id=identity.run_id))
        standing = read_manifest(folder.final)
        if standing is not None and standing["run_id"] == identity.run_id and not (force or dry_run):
            log.info("night_unchanged")
            _write_metrics(portfolio, standing)
            return Night(folder.final, standing, unchanged=True)
        with clock.stage("features"):
            debtors = debtors_in_scope(opened.tables, portfolio, as_of)
        with clock.stage("score"):
            scored = score_debtors(bundle, debtors, portfolio.horizons)
        with clock.stage("explain"):
            explained = explain_night(bundle, debtors, scored.scores, portfolio.horizons[0])
        with clock.stage("decide"):
            decided = decide_portfolio(portfolio, rules, opened.tables, as_of, bundle, scored)
        with clock.stage("assemble"):
            intervals = gain_intervals(bundle, debtors, decided.values, decided.decision.choice)
            expected = scored.expected[portfolio.horizons[0]]
            reasons = explaining_columns(explained, debtors, opened.tables, portfolio)
            reasons["action_reason"] = action_reasons(
                portfolio,
                debtors["dpd"].to_numpy(dtype=np.int64),
                expected,
                decided,
                intervals,
                portfolio.portfolio.language,
            )
            forecasts = _forecast_columns(scored, portfolio.horizons)
            promises = promises_tonight(bundle, opened.tables, portfolio, as_of, debtors)
            forecasts["p_promise_kept"] = promises.kept
            strategies = assemble_strategies(portfolio, identity, debtors, forecasts, decided, reasons)
            delivered = delivered_by_action(opened.tables, as_of, portfolio.sources.max_staleness_days)
            manifest = night_record(
                portfolio,
                identity,
                opened.report,
                bundle.info,
                decided,
                strategies,
                delivered,
                promises.record(),
                champion,
            )
        if dry_run:
            return Night(None, manifest)
        with clock.stage("publish"):
            keep_copy(champion, portfolio.registered_name, copies)
            opened.write_quarantine(folder.quarantine)
            write_strategies(folder.partial / "strategies.parquet", strategies)
            write_assignments(folder.partial / "assignments.parquet", strategies)
            details = debtor_details(
                portfolio, opened.tables, debtors, explained, decided, expected, intervals
            )
            details |= comparison_columns(bundle, debtors, decided)
            write_details(folder.partial / DETAILS, details)
            write_timeline(folder.partial / TIMELINE, opened.tables, as_of, debtors["debtor_id"].tolist())
            write_remarks(folder.partial, opened.report.feedback.for_managers)
            write_for_people(folder.partial, strategies, manifest)
        whole = write_manifest(folder.partial, manifest, clock.seconds, peak_memory_mib())
        with rows_in_database(database, name, folder):
            folder.publish()
        _write_metrics(portfolio, whole)
        return Night(folder.final, manifest)


@contextlib.contextmanager
def _run_folder(portfolio: Portfolio, as_of: date, dry_run: bool) -> Iterator[RunFolder]:
    """Yield where to write; a dry run gets a folder that nobody sees."""
    if not dry_run:
        with open_run(portfolio.publish.runs, as_of) as folder:
            yield folder
        return
    scratch = Path(tempfile.mkdtemp(prefix="duewise-dry-run-"))
    try:
        folder = RunFolder(partial=scratch, final=portfolio.publish.runs / as_of.isoformat())
        folder.scratch.mkdir()
        yield folder
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _forecast_columns(scored: ScoredDebtors, horizons: list[int]) -> dict[str, NDArray[np.float64]]:
    first = f"p_repay_{horizons[0]}d"
    return {
        first: scored.scores[first].to_numpy(dtype=np.float64),
        **{f"expected_recovery_{h}d": money for h, money in scored.expected.items()},
    }


def _write_metrics(portfolio: Portfolio, manifest: dict[str, Any]) -> None:
    if portfolio.publish.metrics is not None:
        write_metrics(portfolio.publish.metrics, manifest)
