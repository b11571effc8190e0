"""Training: from past nights to a registered bundle, one step per line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.evaluate.drift import learn_reference
from duewise.evaluate.judgement import JudgedRows, judge_money, judge_probabilities
from duewise.evaluate.model_card import JudgedHorizon, model_card
from duewise.explain.explanation import Explainer, learn_explainer
from duewise.models.amount import Amount, fit_amount
from duewise.models.baselines import BASELINES
from duewise.models.bundle import Bundle, BundleInfo
from duewise.models.encoding import Encoding
from duewise.models.horizon_rows import HorizonRows
from duewise.models.registry import Registered, TrainingRecord, register
from duewise.models.repayment import Repayment, fit_repayment
from duewise.pipelines.channel_training import ChannelTraining, covariates_of, train_channels
from duewise.pipelines.code_version import code_version
from duewise.pipelines.contact_training import ContactTraining, train_contact
from duewise.pipelines.dates import resolve_as_of
from duewise.pipelines.history import History, Nights, build_history, plan_nights, rows_of_horizon
from duewise.pipelines.learning_data import build_learning_data
from duewise.sources.open import open_tables
from duewise.sources.report import AcceptanceReport
from duewise.sources.tables import Tables

log = structlog.get_logger(__name__)

Floats = NDArray[np.float64]

MODEL = "duewise"
"""Name of our own model in figures, beside the baselines."""


@dataclass(frozen=True)
class FittedHorizon:
    """The models of one horizon and the forecasts by which they are judged (NaN where they are not)."""

    rows: HorizonRows
    repayment: Repayment
    amount: Amount
    forecasts: dict[str, Floats]
    expected_share: Floats


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
        warnings = _warnings(portfolio, history, rows)
        counts = {h: len(r.repaid) for h, r in rows.items()}
        if dry_run:
            return TrainingResult(as_of, nights, counts, {}, None, warnings)
        fitted = {h: _fit(r, portfolio) for h, r in rows.items()}
        judged = {h: _judge(f, nights, portfolio) for h, f in fitted.items()}
        first = fitted[portfolio.horizons[0]]
        channels = _channels(opened.tables, portfolio, nights, encoding, first.repayment)
        warnings += _channel_warnings(channels)
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
            _record(portfolio, opened.report, history, fitted, judged, channels, contact, bundle, warnings),
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


def _channel_warnings(channels: ChannelTraining | None) -> tuple[str, ...]:
    """Return what the reader should know about the effects."""
    if channels is None:
        found = ["Too few contacts are on file to learn what an action changes; stages and forecasts decide."]
    else:
        found = [why for sentences in channels.evidence["doubts"].values() for why in sentences]
        if not channels.effects.proven:
            found.append(
                "Acting on the estimated effects does not pay beyond doubt on debtors they did not see: the "
                "night will plan no action for its effect until history says more."
            )
    for warning in found:
        log.warning("training_warning", text=warning)
    return tuple(found)


def _fit(rows: HorizonRows, portfolio: Portfolio) -> FittedHorizon:
    threads, seed = portfolio.training.threads, portfolio.training.seed
    repayment, forecast = fit_repayment(rows, threads, seed)
    amount, expected_share = fit_amount(rows, threads, seed)
    baselines = {name: judged_by(rows) for name, judged_by in BASELINES.items()}
    log.info(
        "horizon_fitted",
        horizon=rows.horizon,
        rows=len(rows.repaid),
        trees=repayment.booster.num_trees(),
        calibration=repayment.calibrator.kind,
        amount=amount.shape,
    )
    return FittedHorizon(rows, repayment, amount, {MODEL: forecast, **baselines}, expected_share)


def _judge(fitted: FittedHorizon, nights: Nights, portfolio: Portfolio) -> JudgedHorizon:
    rows, seed = fitted.rows, portfolio.training.seed
    index = np.flatnonzero(np.isfinite(fitted.forecasts[MODEL]))
    judged = JudgedRows.of(rows, index)
    forecasts = {name: forecast[index] for name, forecast in fitted.forecasts.items()}
    probability = judge_probabilities(forecasts, judged, seed=seed)
    money = judge_money(fitted.expected_share[index] * judged.balance, judged, seed=seed)
    figures = probability.figures[MODEL]
    log.info("horizon_judged", horizon=rows.horizon, auc=str(figures["auc"]), ece=str(figures["ece"]))
    return JudgedHorizon(rows.horizon, rows.panel.roles, probability, money, nights.censored(rows.horizon))


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


def _warnings(portfolio: Portfolio, history: History, rows: Mapping[int, HorizonRows]) -> tuple[str, ...]:
    nights = history.nights
    found = [
        f"No night lies {horizon} days before {nights.end}, where the books end: the {horizon}-day forecasts "
        "are left out."
        for horizon in portfolio.horizons
        if horizon not in nights.mature
    ]
    found += [
        f"{horizon} days: only {len(nights.mature[horizon])} mature night(s), so that fitting, stopping, "
        "calibrating and judging cannot all be apart in time; debtors are kept apart throughout."
        for horizon, r in rows.items()
        if not r.panel.roles.apart
    ]
    if history.sample < 1.0:
        found.append(
            f"A sample of {history.sample:.1%} of the debtors was used to stay within training.max_rows "
            f"({portfolio.training.max_rows:,})."
        )
    for warning in found:
        log.warning("training_warning", text=warning)
    return tuple(found)


def _record(
    portfolio: Portfolio,
    report: AcceptanceReport,
    history: History,
    fitted: Mapping[int, FittedHorizon],
    judged: Mapping[int, JudgedHorizon],
    channels: ChannelTraining | None,
    contact: ContactTraining,
    bundle: Bundle,
    warnings: tuple[str, ...],
) -> TrainingRecord:
    """Return what MLflow keeps of this training beside the model."""
    from duewise.evaluate.plots import calibration_figure, gain_figure, shap_figure

    documents = {
        "model_card.md": model_card(
            bundle,
            judged,
            warnings,
            None if channels is None else channels.policies,
            None if channels is None else channels.evidence,
            contact.metrics,
        ),
        "feature_catalogue.json": _json([asdict(feature) for feature in history.catalogue]),
        "data_fingerprint.json": _json(report.as_dict()),
        "channels.json": _json(None if channels is None else channels.evidence),
        "portfolio.json": _json(portfolio.model_dump(mode="json", exclude={"sources", "publish"})),
    }
    figures = {}
    for horizon, f in fitted.items():
        index = np.flatnonzero(np.isfinite(f.forecasts[MODEL]))
        forecasts = {name: forecast[index] for name, forecast in f.forecasts.items()}
        balance = f.rows.balance[index]
        rankings = {
            "expected money": f.expected_share[index] * balance,
            **{name: forecast * balance for name, forecast in forecasts.items()},
        }
        figures[f"calibration_{horizon}d.png"] = calibration_figure(forecasts, f.rows.repaid[index])
        figures[f"gain_{horizon}d.png"] = gain_figure(rankings, f.rows.money[index])
        figures[f"shap_{horizon}d.png"] = shap_figure(
            f.repayment.booster, f.rows.matrix[index], f.rows.encoding.names, portfolio.training.seed
        )
    return TrainingRecord(
        params={
            **portfolio.training.model_dump(),
            "as_of": bundle.info.trained_as_of,
            "first_date": bundle.info.first_date,
            "last_date": bundle.info.last_date,
            "features": len(bundle.encoding.features),
            **{f"rows_{h}d": len(f.rows.repaid) for h, f in fitted.items()},
            **{f"censored_{h}d": j.censored for h, j in judged.items()},
            **{f"trees_{h}d": f.repayment.booster.num_trees() for h, f in fitted.items()},
            **{f"calibration_{h}d": f.repayment.calibrator.kind for h, f in fitted.items()},
            **{f"amount_{h}d": f.amount.shape for h, f in fitted.items()},
        },
        metrics=_metrics(judged, contact, channels),
        tags={"code_version": bundle.info.code_version},
        documents=documents,
        figures=figures,
    )


def _metrics(
    judged: Mapping[int, JudgedHorizon], contact: ContactTraining, channels: ChannelTraining | None
) -> dict[str, float]:
    """Return every figure with the ends of its interval under a flat name."""
    named = {
        f"{model}_{horizon}d/{figure}": estimate
        for horizon, j in judged.items()
        for model, figures in {**j.probability.figures, "money": j.money}.items()
        for figure, estimate in figures.items()
    }
    named |= {
        f"gain_over_{model}_{horizon}d/{figure}": estimate
        for horizon, j in judged.items()
        for model, figures in j.probability.gains.items()
        for figure, estimate in figures.items()
    }
    named |= contact.metrics
    named |= {} if channels is None else channels.policies.figures()
    flat: dict[str, float] = {}
    for name, estimate in named.items():
        flat |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return {name: value for name, value in flat.items() if np.isfinite(value)}


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, default=str)
