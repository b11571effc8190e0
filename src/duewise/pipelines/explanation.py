"""Reasons and scores of every debtor of a night, as columns of the contract."""

from typing import Any

import pandas as pd
import pyarrow as pa

from duewise.config import Portfolio
from duewise.explain.explanation import Explainer, Explanation, explain
from duewise.explain.reasons import reason_columns
from duewise.features.catalogue import available
from duewise.features.settings import FeatureSettings
from duewise.models.bundle import Bundle
from duewise.sources.tables import Tables


def explain_night(
    bundle: Bundle, debtors: pd.DataFrame, scores: pd.DataFrame, horizon: int
) -> Explanation | None:
    """Return why each debtor has his chance of repayment; None when the bundle cannot explain.

    Parameters
    ----------
    debtors, scores : DataFrame of n_debtors rows
        Snapshot of the night and what the bundle made of it.
    horizon : int
        The first one of the portfolio.
    """
    if bundle.explainer is None:
        return None
    explainer = Explainer.from_json(dict(bundle.explainer))
    return explain(explainer, bundle.encoding, bundle.repayment[horizon], debtors, scores)


def explaining_columns(
    found: Explanation | None, debtors: pd.DataFrame, tables: Tables, portfolio: Portfolio
) -> dict[str, Any]:
    """Return the explaining columns of the strategies: five reasons, ability, willingness and segment."""
    if found is None:
        return {}
    return {
        **reasons_in(found, debtors, tables, portfolio, portfolio.portfolio.language),
        "ability": found.scores.ability,
        "willingness": found.scores.willingness,
        "segment": found.scores.segment,
    }


def reasons_in(
    found: Explanation, debtors: pd.DataFrame, tables: Tables, portfolio: Portfolio, language: str
) -> dict[str, pa.ChunkedArray]:
    """Return the reasons in one language, as columns of the strategies."""
    features = {feature.name: feature for feature in available(tables, FeatureSettings.of(portfolio))}
    return reason_columns(found, debtors, features, language, portfolio.portfolio.currency)
