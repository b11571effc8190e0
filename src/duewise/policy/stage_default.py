"""The first policy, honest and simple: the stage says which channels, expected recovery says who comes first.

It ranks by expected recovery net of cost. What a contact itself adds is not known to it, so people who
would pay anyway may stand high; it serves until effects can be estimated, and where they cannot be trusted.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.contracts.vocabulary import Channel, Stage
from duewise.policy.values import ActionValues

VERSION = "stage_default"

STAGE_CHANNELS: Mapping[Stage, tuple[Channel, ...]] = {
    Stage.REMINDER: (Channel.SMS, Channel.EMAIL, Channel.APP_PUSH, Channel.AI_CALL, Channel.CALL),
    Stage.INTENSIFIED: (Channel.AI_CALL, Channel.CALL, Channel.LETTER, Channel.VISIT),
    Stage.LEGAL: (Channel.CALL, Channel.VISIT, Channel.LEGAL_LETTER, Channel.LITIGATION),
    Stage.DISPOSAL: (Channel.CALL, Channel.LEGAL_LETTER, Channel.LITIGATION),
}
"""Channels that suit a stage; the cheapest permitted one with room comes first."""


def stage_default(
    actions: Sequence[str],
    cost: NDArray[np.float64],
    stage: NDArray[Any],
    expected_recovery: NDArray[np.float64],
) -> ActionValues:
    """Return the value of each action by stage and expected recovery.

    Parameters
    ----------
    actions : sequence of str of length n_actions
    cost : ndarray of shape (n_actions,)
        Money per action.
    stage : ndarray of shape (n_debtors,)
        Codes of Stage.
    expected_recovery : ndarray of shape (n_debtors,)
        Money expected within the first horizon.
    """
    suits = np.stack([np.isin(stage, _stages_of(action)) for action in actions], axis=1)
    worth = expected_recovery[:, None] - cost[None, :]
    unknown = np.full(worth.shape, np.nan)
    return ActionValues(
        actions=tuple(actions),
        ranking=np.where(suits, worth, 0.0),
        gain=unknown,
        harm=unknown,
        cost=cost,
        supported=np.zeros(worth.shape, dtype=bool),
        policy_version=VERSION,
    )


def _stages_of(action: str) -> list[str]:
    return [str(stage) for stage, channels in STAGE_CHANNELS.items() if action in channels]
