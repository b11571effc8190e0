"""What each action is worth tonight: by estimated effects where they can be trusted, else by the ladder."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.models.bundle import Bundle
from duewise.models.channel_effects import ChannelEffects
from duewise.models.encoding import Encoding
from duewise.pipelines.decision import portfolio_actions
from duewise.policy.effect_values import effect_values
from duewise.policy.stage_default import stage_default
from duewise.policy.values import ActionValues

CHUNK_ROWS = 100_000
"""Debtors valued at once: bounds memory, long enough to cost no time."""

Floats = NDArray[np.float64]


def value_actions(
    portfolio: Portfolio,
    bundle: Bundle,
    debtors: pd.DataFrame,
    stage: NDArray[Any],
    expected_recovery: dict[int, Floats],
) -> ActionValues:
    """Return the value of every action of the portfolio for every debtor in scope."""
    actions = portfolio_actions(portfolio)
    cost = np.array([portfolio.actions[action].cost for action in actions])
    ladder = stage_default(actions, cost, stage, np.nan_to_num(expected_recovery[portfolio.horizons[0]]))
    effects = bundle.channels
    if effects is None:
        return ladder
    gain, harm = _effects(effects, bundle.encoding, debtors, actions)
    return effect_values(
        ladder,
        gain,
        harm,
        portfolio.harm.complaint_cost,
        paying=effects.paying,
        doubted=effects.doubts,
    )


def gain_intervals(
    bundle: Bundle, debtors: pd.DataFrame, values: ActionValues, choice: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Return the ends of a 90% interval of the gain of each action, of shape (n_debtors, n_actions).

    NaN for debtors for whom nothing was chosen: intervals are slow, and nobody acts on theirs.
    """
    lower, upper = np.full(values.gain.shape, np.nan), np.full(values.gain.shape, np.nan)
    acted = np.flatnonzero(choice > 0)
    if bundle.channels is None or len(acted) == 0:
        return lower, upper
    rows = debtors.iloc[acted]
    lower[acted], upper[acted] = bundle.channels.intervals(
        bundle.encoding.covariates(rows), _balance(rows), values.actions
    )
    return lower, upper


def _effects(
    effects: ChannelEffects, encoding: Encoding, debtors: pd.DataFrame, actions: tuple[str, ...]
) -> tuple[Floats, Floats]:
    """Return gain and chance of harm of each action, chunk by chunk."""
    gains, harms = [], []
    for start in range(0, len(debtors), CHUNK_ROWS):
        rows = debtors.iloc[start : start + CHUNK_ROWS]
        covariates = encoding.covariates(rows)
        gains.append(effects.gains(covariates, _balance(rows), actions))
        harms.append(effects.harms(covariates, actions))
    return np.concatenate(gains), np.concatenate(harms)


def _balance(debtors: pd.DataFrame) -> Floats:
    return debtors["balance"].to_numpy(dtype=np.float64)
