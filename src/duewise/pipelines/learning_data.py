"""Learning data of the channel effects: what was done on past days, what was known before, what came of it.

Every past day of the history is a decision day for every debtor in scope, also one on which nothing was
done. Contacts are rare among them, so days are many, rows with an action are kept as far as room allows,
and of the others a share is drawn. The draw looks at the action alone: within the drawn rows outcomes still
depend on action and features only, and an action is no longer rare beside doing nothing (sampling by choice,
Manski & Lerman 1977, Econometrica 45(8)). Logged probabilities would not survive that; where they exist, all
rows are drawn alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import structlog
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.contracts.vocabulary import NONE
from duewise.features.aftermath import aftermath
from duewise.features.decisions import ACTIONS, decisions
from duewise.features.outcomes import harms, outcomes, prior_outcomes
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from duewise.features.unposted import unposted_payments
from duewise.models.censoring import Censoring, censoring_weights
from duewise.models.encoding import Encoding
from duewise.sources.tables import Tables

log = structlog.get_logger(__name__)

Floats = NDArray[np.float64]

MAX_ACTED, MAX_IDLE = 250_000, 250_000
"""Rows with and without an action that effects are learned from, before those followed by another contact
are left out: the largest portfolios train in tens of minutes."""

IDLE_PER_ACTED, FEWEST_IDLE = 2, 25_000
"""Doing nothing is what actions are compared with: beyond two rows of it per acted one little is gained."""

LOGGED_SHARE = 0.9
"""Share of rows with a logged probability from which on only they are used, and no model of the choice."""

MOST_DAYS = 365
FEWEST_DAYS = 12
CANDIDATE_ROWS = 5_000_000
"""Debtor-days looked at; large portfolios look at fewer days, small ones at many."""

CHANGES = ("paid_day", "posted_day", "promised_day", "reached_day")


@dataclass(frozen=True)
class LearningData:
    """Rows to learn effects from; arrays of shape (n,), one row per debtor and decision day.

    Attributes
    ----------
    features : DataFrame
        What was known before the day.
    action : ndarray of str
        What was assigned or, where nothing was assigned, done on the day.
    propensity : ndarray
        Logged probability of that action; NaN where none was logged.
    share : ndarray
        Recovered share of the balance within the first horizon.
    early : ndarray of shape (n, n_readings)
        1 where anything was paid by each of `early_days`.
    prior_share : ndarray
        The same over the horizon before the day: no action can have changed it.
    unposted : ndarray
        1 where a payment had been made before the day and reached the books only after it.
    harmed : ndarray
        1 where a complaint, opt-out or dispute followed within 30 days; NaN where not yet known.
    weight : ndarray
        Censoring weight; censored rows are left out.
    """

    features: pd.DataFrame
    debtor_id: NDArray[np.object_]
    as_of: NDArray[np.datetime64]
    action: NDArray[np.object_]
    propensity: Floats
    cell: NDArray[np.object_]
    assigned: NDArray[np.bool_]
    delivered: NDArray[np.bool_]
    balance: Floats
    share: Floats
    early: Floats
    prior_share: Floats
    unposted: Floats
    harmed: Floats
    weight: Floats
    censoring: Censoring
    days: tuple[date, ...]
    seen: dict[str, int]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.action)


def learning_days(
    end: date, horizon: int, delay: int, history_days: int, rows_per_day: int
) -> tuple[date, ...]:
    """Return the decision days: spread evenly over the mature history, never a whole number of weeks apart.

    A step of whole weeks would see one weekday only, and the old policy has habits by weekday.
    """
    last = end - timedelta(days=horizon + delay)
    span = max(history_days - horizon - delay, 1)
    wanted = int(np.clip(CANDIDATE_ROWS / max(rows_per_day, 1), FEWEST_DAYS, MOST_DAYS))
    step = max(span // wanted, 1)
    step += step % 7 == 0
    return tuple(sorted(last - timedelta(days=step * i) for i in range(wanted) if step * i <= span))


def build_learning_data(
    tables: Tables,
    portfolio: Portfolio,
    encoding: Encoding,
    covariates: Sequence[str],
    end: date,
    rows_per_day: int,
) -> LearningData | None:
    """Return the rows to learn from; None where no day is mature or nothing was ever done.

    Parameters
    ----------
    encoding : Encoding
        Knows the categories of the features.
    covariates : sequence of str
        Features to keep: those that tell who pays anyway, which is what an action must not be credited with.
    end : date
        The books hold nothing from its 00:00 UTC on.
    rows_per_day : int
        Debtors in scope on a typical day; large portfolios look at a sample of them.
    """
    sample = min(1.0, CANDIDATE_ROWS / (FEWEST_DAYS * max(rows_per_day, 1)))
    training, horizon = portfolio.training, portfolio.horizons[0]
    days = learning_days(end, horizon, training.posting_delay_days, training.history_days, rows_per_day)
    decided = decisions(tables, days, portfolio.decision_days, sample)
    if not (decided["action"] != NONE).any():
        return None
    keep = _draw(decided, training.seed)
    seen = {str(action): int(n) for action, n in decided["action"].value_counts().items()}
    log.info("learning_rows_drawn", days=len(days), rows=len(decided), kept=int(keep.sum()), actions=seen)
    told = decided.loc[keep].reset_index(drop=True)
    known = _known_of(tables, portfolio, days, end, sample, told)
    action = told["action"].astype(str).to_numpy(dtype=object)
    codes = np.array([ACTIONS.index(name) for name in action], dtype=np.int64)
    censoring = censoring_weights(
        encoding.matrix(known)[:, [encoding.names.index(name) for name in covariates]],
        codes,
        told["days_to_next_contact"].to_numpy(dtype=float),
        {name: known[name].to_numpy(dtype=float) for name in CHANGES},
        portfolio.decision_days,
        groups=told["debtor_id"].to_numpy(),
        seed=training.seed,
        threads=training.threads,
    )
    kept = censoring.kept
    known, told = known.loc[kept].reset_index(drop=True), told.loc[kept].reset_index(drop=True)
    return LearningData(
        features=encoding.covariates(known)[list(covariates)],
        debtor_id=told["debtor_id"].to_numpy(dtype=object),
        as_of=told["as_of"].to_numpy(),
        action=action[kept],
        propensity=told["propensity"].to_numpy(dtype=float),
        cell=told["cell"].astype(str).to_numpy(dtype=object),
        assigned=told["assigned"].to_numpy(dtype=bool),
        delivered=told["delivered"].to_numpy(dtype=bool),
        balance=known["balance"].to_numpy(dtype=float),
        share=known[f"share_{horizon}d"].to_numpy(dtype=float),
        early=np.column_stack([known[f"share_{day}d"] > 0 for day in early_days(portfolio)]).astype(float),
        prior_share=known[f"prior_share_{horizon}d"].to_numpy(dtype=float),
        unposted=known["unposted"].to_numpy(dtype=float),
        harmed=known["harmed"].to_numpy(dtype=float),
        weight=censoring.weight[kept],
        censoring=censoring,
        days=days,
        seen=seen,
    )


def early_days(portfolio: Portfolio) -> tuple[int, ...]:
    """Return the days after a decision at which payments are looked at to foresee the horizon's.

    The end of the decision period, and as long again: what an action moves, it has mostly moved by then.
    """
    period, horizon = portfolio.decision_days, portfolio.horizons[0]
    return tuple(sorted({min(days, horizon) for days in (period, 2 * period)}))


def logged_propensity(propensity: Floats) -> NDArray[np.bool_]:
    """Return where the sender logged a chance that was neither certain nor impossible."""
    return np.asarray((propensity > 0) & (propensity < 1))


def fit_arguments(data: LearningData) -> dict[str, Any]:
    """Return what every fit on the learning data shares; the logged propensity where there is one."""
    arguments: dict[str, Any] = {"groups": data.debtor_id, "sample_weight": data.weight}
    if logged_propensity(data.propensity).all():
        arguments["propensity"] = data.propensity
    return arguments


def sampled_debtors(data: LearningData, rows: int, seed: int) -> NDArray[np.bool_]:
    """Return the rows of a sample of debtors that has about `rows` rows."""
    debtors, code = np.unique(data.debtor_id.astype(str), return_inverse=True)
    share = min(1.0, rows / len(data))
    return np.asarray(np.random.default_rng(seed).random(len(debtors)) < share)[code]


def _draw(decided: pd.DataFrame, seed: int) -> NDArray[np.bool_]:
    """Return which rows to keep."""
    acted = (decided["action"] != NONE).to_numpy()
    n_acted, n_idle = int(acted.sum()), int((~acted).sum())
    logged = logged_propensity(decided["propensity"].to_numpy(dtype=float))
    if logged.mean() >= LOGGED_SHARE:
        share = np.where(logged, (MAX_ACTED + MAX_IDLE) / len(decided), 0.0)
    else:
        room_idle = min(MAX_IDLE, max(FEWEST_IDLE, IDLE_PER_ACTED * n_acted))
        share = np.where(acted, MAX_ACTED / max(n_acted, 1), room_idle / max(n_idle, 1))
    return np.asarray(np.random.default_rng(seed).random(len(decided)) < share)


def _known_of(
    tables: Tables,
    portfolio: Portfolio,
    days: tuple[date, ...],
    end: date,
    sample: float,
    told: pd.DataFrame,
) -> pd.DataFrame:
    """Return features, outcomes and aftermath of the debtor-days in `told`, in its order by day and id."""
    training, horizon = portfolio.training, portfolio.horizons[0]
    pairs = told[["debtor_id", "as_of"]]
    parts = [
        snapshots(tables, days, FeatureSettings.of(portfolio), sample, only=pairs),
        outcomes(
            tables,
            days,
            sorted({horizon, *early_days(portfolio)}),
            training.repay_share,
            end,
            training.posting_delay_days,
            sample,
            pairs,
        ),
        prior_outcomes(tables, days, [horizon], sample, pairs),
        unposted_payments(tables, days, sample, pairs),
        harms(tables, days, end, sample, pairs),
        aftermath(tables, days, portfolio.decision_days, sample, pairs),
    ]
    for part in parts:
        _require_same_rows(told, part)
    features, *followed = parts
    fresh = [part[[name for name in part.columns if name not in features.columns]] for part in followed]
    return pd.concat([features, *fresh], axis=1)


def _require_same_rows(one: pd.DataFrame, other: pd.DataFrame) -> None:
    same = len(one) == len(other) and (one["debtor_id"].to_numpy() == other["debtor_id"].to_numpy()).all()
    if not same:
        raise AssertionError("two queries over the same debtors disagree on who is in scope")
