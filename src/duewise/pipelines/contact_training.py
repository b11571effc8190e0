"""Training of what is known of contact itself: when debtors are reached, which promises are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import structlog
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.evaluate.bootstrap import Estimate
from duewise.evaluate.judgement import JudgedRows, judge_probabilities
from duewise.features.attempts import past_attempts
from duewise.features.open_promises import past_promises
from duewise.features.settings import FeatureSettings
from duewise.models.promise import Promise
from duewise.models.promise_fitting import fit_promise
from duewise.models.reach import Reach
from duewise.models.reach_fitting import fit_reach
from duewise.sources.tables import Tables

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 300_000
"""Attempts that reach is learned from: a handful of weights and some hundred rates need no more."""

MAX_PROMISES = 50_000
"""Promises that are learned from, each seen on the one or two dates on which it was open."""

FIGURES = ("log_loss", "brier", "auc")


@dataclass(frozen=True)
class ContactTraining:
    """The fitted models and how they did on later attempts and promises.

    Attributes
    ----------
    metrics : dict of str to Estimate
        ``reach_<channel>/<figure>`` and ``promise/<figure>``; ``…_gain_over_hour/…`` and
        ``promise_gain_over_ratio/…`` are positive where the model is better.
    warnings : tuple of str
        What could not be learned.
    """

    reach: Reach | None
    promise: Promise | None
    metrics: dict[str, Estimate]
    warnings: tuple[str, ...]


def train_contact(tables: Tables, portfolio: Portfolio, end: date) -> ContactTraining:
    """Return what past contacts teach, by what was known before `end`.

    Parameters
    ----------
    end : date
        The books hold nothing from its 00:00 UTC on.
    """
    training, settings = portfolio.training, FeatureSettings.of(portfolio)
    days = (training.history_days, training.posting_delay_days)
    reach, judged_reach = fit_reach(past_attempts(tables, end, *days, settings, MAX_ATTEMPTS))
    promise, judged_promise = fit_promise(
        past_promises(tables, end, *days, settings, MAX_PROMISES), training.seed
    )
    metrics: dict[str, Estimate] = {}
    for channel, judged in judged_reach.items():
        forecasts = {"record": judged.record, "hour": judged.hour}
        metrics |= _figures(f"reach_{channel}", forecasts, judged.reached, judged.debtor_id, training.seed)
    if judged_promise is not None:
        forecasts = {"model": judged_promise.probability, "ratio": judged_promise.rate}
        metrics |= _figures(
            "promise", forecasts, judged_promise.kept, judged_promise.debtor_id, training.seed
        )
    log.info(
        "contact_learned",
        reach={str(c): "hour" if model.weights is None else "record" for c, model in reach.channels.items()},
        promise=None if promise is None else promise.kind,
        **{name: str(estimate) for name, estimate in metrics.items() if name.endswith("log_loss")},
    )
    return ContactTraining(reach if reach.channels else None, promise, metrics, _warnings(reach, promise))


def _figures(
    name: str,
    forecasts: Mapping[str, NDArray[np.float64]],
    outcome: NDArray[np.float64],
    debtor_id: NDArray[Any],
    seed: int,
) -> dict[str, Estimate]:
    """Return figures of the first forecast and its gains over the other, under flat names."""
    debtor = pd.factorize(debtor_id)[0].astype(np.intp)
    rows = JudgedRows(debtor, outcome, balance=np.ones(len(outcome)), money=outcome)
    judged = judge_probabilities(forecasts, rows, seed=seed)
    ours, other = forecasts
    return {
        **{f"{name}/{figure}": judged.figures[ours][figure] for figure in FIGURES},
        **{f"{name}_gain_over_{other}/{figure}": judged.gains[other][figure] for figure in FIGURES},
    }


def _warnings(reach: Reach, promise: Promise | None) -> tuple[str, ...]:
    found = []
    if not any(reach.compares(channel) for channel in reach.channels):
        found.append(
            "Too few calls and visits with a known hour and outcome are on record to tell when debtors are "
            "reached: the hours of a contact are as wide as the rules allow."
        )
    if promise is None:
        found.append("No promise on record has come due: the chance that one is kept is left out.")
    return tuple(found)
