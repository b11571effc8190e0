"""What MLflow keeps of a training beside the model: settings, figures, documents, pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from duewise.config import Portfolio
from duewise.evaluate.model_card import JudgedHorizon, model_card
from duewise.models.bundle import Bundle
from duewise.models.registry import TrainingRecord
from duewise.pipelines.channel_training import ChannelTraining
from duewise.pipelines.contact_training import ContactTraining
from duewise.pipelines.history import History
from duewise.pipelines.horizon_training import FittedHorizon
from duewise.sources.report import AcceptanceReport


def training_record(
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
        index = f.judged
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
