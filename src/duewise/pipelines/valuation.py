"""What each action is worth tonight: by estimated effects where they can be trusted, else by the ladder."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.models.bundle import Bundle
from duewise.pipelines.decision import portfolio_actions
from duewise.policy.stage_default import stage_default
from duewise.policy.values import ActionValues


def value_actions(
    portfolio: Portfolio,
    bundle: Bundle,
    debtors: pd.DataFrame,
    stage: NDArray[Any],
    expected_recovery: dict[int, NDArray[np.float64]],
) -> ActionValues:
    """Return the value of every action of the portfolio for every debtor in scope."""
    actions = portfolio_actions(portfolio)
    cost = np.array([portfolio.actions[action].cost for action in actions])
    return stage_default(actions, cost, stage, np.nan_to_num(expected_recovery[portfolio.horizons[0]]))
