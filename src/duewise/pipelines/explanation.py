"""Reasons and scores of every debtor of a night."""

from typing import Any

import pandas as pd

from duewise.config import Portfolio
from duewise.models.bundle import Bundle


def explain_night(
    bundle: Bundle, debtors: pd.DataFrame, scores: pd.DataFrame, portfolio: Portfolio
) -> dict[str, Any]:
    """Return the explaining columns of the contract."""
    return {}
