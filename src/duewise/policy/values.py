"""What each action would be worth for each debtor: the table that every policy hands to the allocation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ActionValues:
    """Values per debtor and action; the arrays have the shape (n_debtors, n_actions).

    Attributes
    ----------
    actions : tuple of str
        Names of the columns; doing nothing is not among them and is worth 0.
    ranking : ndarray
        What the allocation maximises, in money.
    gain, harm : ndarray
        Money that the action adds, and its expected cost of harm; NaN where unknown.
    cost : ndarray of shape (n_actions,)
        What one action costs.
    supported : ndarray of bool
        Whether history supports the gain.
    policy_version : str
        Name of the policy that made the values.
    doubted : mapping of action to sequence of str
        Names of the tests that the effect of an action failed, so that the ladder ranks it.
    """

    actions: tuple[str, ...]
    ranking: NDArray[np.float64]
    gain: NDArray[np.float64]
    harm: NDArray[np.float64]
    cost: NDArray[np.float64]
    supported: NDArray[np.bool_]
    policy_version: str
    doubted: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def net_gain(self) -> NDArray[np.float64]:
        """Gain less harm and cost; NaN where the gain is unknown."""
        return np.asarray(self.gain - np.nan_to_num(self.harm, nan=0.0) - self.cost)
