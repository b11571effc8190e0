"""The value of an action by what it changes: gain less harm less cost; nothing where history is silent."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from duewise.policy.values import ActionValues

VERSION = "channel_value"

LADDER_SCALE = 1e-6
"""A doubted action is worth next to nothing beside an estimated gain: the ladder fills what is left over."""


def effect_values(
    ladder: ActionValues,
    gain: NDArray[np.float64],
    harm_chance: NDArray[np.float64],
    harm_cost: float,
    paying: Sequence[str],
    doubted: Mapping[str, Sequence[str]],
) -> ActionValues:
    """Return the values by estimated effects.

    Parameters
    ----------
    ladder : ActionValues
        Of the stage ladder, for the same debtors and actions; ranks the doubted actions among themselves.
    gain : ndarray of shape (n_debtors, n_actions)
        Money that each action adds; NaN where history cannot tell.
    harm_chance : ndarray of shape (n_debtors, n_actions)
        By how much each action raises the chance of a complaint, opt-out or dispute; NaN where unknown.
    harm_cost : float
        Money per complaint, opt-out or dispute.
    paying : sequence of str
        Actions that pay on debtors their estimate did not see; the others rank nowhere.
    doubted : mapping of action to sequence of str
        Actions whose effect was refuted, and by which tests; the ladder ranks them, after everything else.
    """
    is_paying = np.isin(ladder.actions, paying)
    is_doubted = np.isin(ladder.actions, list(doubted))
    supported = np.isfinite(gain) & ~is_doubted
    harm = np.nan_to_num(harm_chance, nan=0.0) * harm_cost
    net = np.where(supported, gain, 0.0) - harm - ladder.cost
    ranking = np.where(supported & is_paying, net, 0.0)
    ranking = np.where(is_doubted, LADDER_SCALE * ladder.ranking, ranking)
    return ActionValues(
        actions=ladder.actions,
        ranking=ranking,
        gain=np.where(supported, gain, np.nan),
        harm=harm,
        cost=ladder.cost,
        supported=supported,
        policy_version=VERSION,
        doubted={action: doubted[action] for action in ladder.actions if action in doubted},
    )
