"""From accepted tables to decisions, without publishing: what a night and a question about it share."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.errors import DataError
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from duewise.models.bundle import Bundle
from duewise.pipelines.contact_tonight import reach_tonight
from duewise.pipelines.decision import DecidedNight, decide_night, stages
from duewise.pipelines.valuation import value_actions
from duewise.policy.decide import Decision
from duewise.policy.rules import RuleSet
from duewise.sources.tables import Tables


@dataclass(frozen=True)
class ScoredDebtors:
    """The debtors in scope, ascending by id, and what the models make of them.

    Attributes
    ----------
    debtors, scores : DataFrame of n_debtors rows
        Snapshot of the night, and the columns of the bundle.
    expected : dict of horizon to ndarray of shape (n_debtors,)
        Money expected within each horizon; NaN where there is no model.
    """

    debtors: pd.DataFrame
    scores: pd.DataFrame
    expected: dict[int, NDArray[np.float64]]


def debtors_in_scope(tables: Tables, portfolio: Portfolio, as_of: date) -> pd.DataFrame:
    """Return the snapshot of everybody in scope.

    Raises
    ------
    DataError
        When nobody is.
    """
    debtors = snapshots(tables, [as_of], FeatureSettings.of(portfolio))
    if debtors.empty:
        raise DataError(
            f"No debtor is in scope at {as_of}: none has an account placed before it, not closed before "
            "it, and with a balance left. Check --as-of against accounts.placed_on and accounts.closed_on."
        )
    return debtors


def score_debtors(bundle: Bundle, debtors: pd.DataFrame, horizons: list[int]) -> ScoredDebtors:
    """Return what the models make of a snapshot."""
    scores = bundle.score(debtors)
    balance = debtors["balance"].to_numpy(dtype=np.float64)
    expected = {
        days: balance * scores[f"expected_share_{days}d"].to_numpy(dtype=np.float64) for days in horizons
    }
    return ScoredDebtors(debtors, scores, expected)


def decide_portfolio(
    portfolio: Portfolio,
    rules: RuleSet,
    tables: Tables,
    as_of: date,
    bundle: Bundle,
    scored: ScoredDebtors,
    *,
    start: Decision | None = None,
) -> DecidedNight:
    """Return the decisions of a night under the staff, prices and rules of `portfolio`.

    Parameters
    ----------
    start : Decision, optional
        Of the same night under limits that are nowhere looser: its draws stand, the result is never worth
        less.
    """
    ladder = stages(portfolio, tables, as_of, scored.debtors)
    values = value_actions(portfolio, bundle, scored.debtors, ladder.stage, scored.expected)
    reach = reach_tonight(bundle, tables, portfolio, as_of, scored.debtors)
    return decide_night(
        portfolio,
        as_of,
        tables,
        rules,
        scored.debtors,
        scored.expected,
        values,
        ladder,
        start=start,
        reach=reach,
    )
