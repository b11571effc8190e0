"""The limits that managers ask about first: what calls by people, and what messages, may use up."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from duewise.contracts.vocabulary import MESSAGE_CHANNELS, Channel
from duewise.policy.allocation import Constraint


class LimitGroup(StrEnum):
    """A part of the team's means, whatever the portfolio file calls its limits."""

    STAFF = "staff"
    MESSAGES = "messages"


CHANNELS_OF: dict[LimitGroup, tuple[Channel, ...]] = {
    LimitGroup.STAFF: (Channel.CALL,),
    LimitGroup.MESSAGES: MESSAGE_CHANNELS,
}


def limits_of_groups(
    limits: Sequence[Constraint], actions: Sequence[str]
) -> dict[LimitGroup, tuple[str, ...]]:
    """Return for each group the names of the ceilings that its actions use up; none: nothing limits it.

    Parameters
    ----------
    actions : sequence of str of length n_actions
        In the order of the uses of `limits`.
    """
    found = {}
    for group, channels in CHANNELS_OF.items():
        own = np.isin(list(actions), [str(channel) for channel in channels])
        found[group] = tuple(
            limit.name
            for limit in limits
            if limit.upper is not None and (np.asarray(limit.uses)[own] > 0).any()
        )
    return found
