"""Reasons and scores of every debtor of a night, as columns of the contract."""

from typing import Any

import pandas as pd

from duewise.config import Portfolio
from duewise.explain.explanation import Explainer, explain
from duewise.explain.reasons import reason_columns
from duewise.features.catalogue import available
from duewise.features.settings import FeatureSettings
from duewise.models.bundle import Bundle
from duewise.sources.tables import Tables


def explain_night(
    bundle: Bundle, debtors: pd.DataFrame, scores: pd.DataFrame, tables: Tables, portfolio: Portfolio
) -> dict[str, Any]:
    """Return the explaining columns: five reasons, ability, willingness and segment.

    Parameters
    ----------
    debtors, scores : DataFrame of n_debtors rows
        Snapshot of the night and what the bundle made of it.

    Returns
    -------
    dict of column name to array
        Empty when the bundle was trained without an explainer.
    """
    if bundle.explainer is None:
        return {}
    repayment = bundle.repayment[portfolio.horizons[0]]
    explainer = Explainer.from_json(dict(bundle.explainer))
    found = explain(explainer, bundle.encoding, repayment, debtors, scores)
    features = {feature.name: feature for feature in available(tables, FeatureSettings.of(portfolio))}
    owner = portfolio.portfolio
    return {
        **reason_columns(found, debtors, features, owner.language, owner.currency),
        "ability": found.scores.ability,
        "willingness": found.scores.willingness,
        "segment": found.scores.segment,
    }
