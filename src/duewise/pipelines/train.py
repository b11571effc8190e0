"""Training: from past nights to a registered bundle, one step per line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from duewise.config import Portfolio
from duewise.evaluate.drift import learn_reference
from duewise.evaluate.model_card import JudgedHorizon
from duewise.explain.explanation import Explainer, learn_explainer
from duewise.models.bundle import Bundle, BundleInfo
from duewise.models.encoding import Encoding
from duewise.models.registry import Registered, register
from duewise.models.repayment import Repayment
from duewise.pipelines.channel_training import ChannelTraining, covariates_of, train_channels
from duewise.pipelines.code_version import code_version
from duewise.pipelines.contact_training import ContactTraining, train_contact
from duewise.pipelines.dates import resolve_as_of
from duewise.pipelines.history import History, Nights, build_history, plan_nights, rows_of_horizon
from duewise.pipelines.horizon_training import FittedHorizon, fit_horizon, judge_horizon
from duewise.pipelines.learning_data import build_learning_data
from duewise.pipelines.training_record import training_record
from duewise.pipelines.training_warnings import channel_warnings, history_warnings
from duewise.sources.open import open_tables
from duewise.sources.tables import Tables


@dataclass(frozen=True)
class TrainingResult:
    """What a training did.

    Attributes
    ----------
    judged : mapping of horizon to JudgedHorizon
        Empty in a dry run.
    registered : Registered or None
        The new version; None in a dry run.
    warnings : tuple of str
        What the reader of the figures should know.
    """

    as_of: date
    nights: Nights
    rows: dict[int, int]
    judged: Mapping[int, JudgedHorizon]
    registered: Registered | None
    warnings: tuple[str, ...]


def train(portfolio: Portfolio, as_of: date | None = None, *, dry_run: bool = False) -> TrainingResult:
    """Fit, judge, log and register the models of a portfolio, by what was known before `as_of`.

    Parameters
    ----------
    as_of : date, optional
        Default today (UTC).
    dry_run : bool
        Read and check everything, fit and write nothing.

    Raises
    ------
    DataError
        When the tables cannot be used, history is too short, debtors are too few or nobody ever repaid.
    """
    as_of = resolve_as_of(as_of)
    with open_tables(portfolio, as_of) as opened:
        nights = plan_nights(opened.tables, portfolio, as_of)
        history = build_history(opened.tables, portfolio, nights)
        encoding = Encoding.learn(history.features, history.catalogue)
        rows = {h: rows_of_horizon(history, encoding, h, portfolio.training.seed) for h in nights.mature}
        warnings = history_warnings(portfolio, history, rows)
        counts = {h: len(r.repaid) for h, r in rows.items()}
        if dry_run:
            return TrainingResult(as_of, nights, counts, {}, None, warnings)
        fitted = {h: fit_horizon(r, portfolio) for h, r in rows.items()}
        judged = {h: judge_horizon(f, nights, portfolio) for h, f in fitted.items()}
        first = fitted[portfolio.horizons[0]]
        channels = _channels(opened.tables, portfolio, nights, encoding, first.repayment)
        warnings += channel_warnings(channels)
        contact = train_contact(opened.tables, portfolio, nights.end)
        warnings += contact.warnings
        bundle = _bundle(
            portfolio,
            as_of,
            nights,
            encoding,
            fitted,
            channels,
            contact,
            _explainer(history, first),
            _reference(history, first),
        )
        registered = register(
            bundle,
            training_record(
                portfolio, opened.report, history, fitted, judged, channels, contact, bundle, warnings
            ),
            encoding.example(first.rows.matrix),
            store=portfolio.models.store,
            experiment=portfolio.portfolio.name,
            name=portfolio.registered_name,
        )
    return TrainingResult(as_of, nights, counts, judged, registered, warnings)


def _channels(
    tables: Tables, portfolio: Portfolio, nights: Nights, encoding: Encoding, repayment: Repayment
) -> ChannelTraining | None:
    """Return what each action changes, learned from past days; None where too little was done."""
    covariates = covariates_of(repayment, encoding)
    typical = int(np.mean([nights.open_accounts[night] for night in nights.used]))
    data = build_learning_data(tables, portfolio, encoding, covariates, nights.end, typical)
    return None if data is None else train_channels(data, portfolio)


def _bundle(
    portfolio: Portfolio,
    as_of: date,
    nights: Nights,
    encoding: Encoding,
    fitted: Mapping[int, FittedHorizon],
    channels: ChannelTraining | None,
    contact: ContactTraining,
    explainer: Explainer,
    reference: list[dict[str, Any]],
) -> Bundle:
    first = fitted[portfolio.horizons[0]].rows
    info = BundleInfo(
        portfolio=portfolio.portfolio.name,
        horizons=tuple(portfolio.horizons),
        repay_share=portfolio.training.repay_share,
        trained_as_of=as_of.isoformat(),
        first_date=nights.used[0].isoformat(),
        last_date=nights.used[-1].isoformat(),
        debtors=len(np.unique(first.panel.debtor)),
        rows=len(first.repaid),
        code_version=code_version(),
    )
    return Bundle(
        info=info,
        encoding=encoding,
        repayment={h: f.repayment for h, f in fitted.items()},
        amount={h: f.amount for h, f in fitted.items()},
        channels=None if channels is None else channels.effects,
        reach=contact.reach,
        promise=contact.promise,
        explainer=explainer.to_json(),
        reference=reference,
    )


def _explainer(history: History, fitted: FittedHorizon) -> Explainer:
    by_name = {feature.name: feature for feature in history.catalogue}
    features = [by_name[name] for name in fitted.rows.encoding.names]
    return learn_explainer(fitted.repayment.booster, features, fitted.rows.matrix)


def _reference(history: History, fitted: FittedHorizon) -> list[dict[str, Any]]:
    """Return the distributions that later nights are compared with."""
    known = history.labels[f"mature_{fitted.rows.horizon}d"].to_numpy(dtype=bool)
    night = history.features["as_of"].to_numpy()[known]
    return learn_reference(fitted.rows.encoding, fitted.rows.matrix, night)
