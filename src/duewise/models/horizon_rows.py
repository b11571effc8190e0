"""The labelled debtor-dates of one horizon, as the models read them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.boosting import BinnedTable
from duewise.models.encoding import Encoding
from duewise.models.splits import Panel

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class HorizonRows:
    """Debtor-dates whose outcome within `horizon` days is known, all arrays of length n.

    Attributes
    ----------
    horizon : int
        Days.
    balance, dpd : ndarray
        Money owed and days past due at the date.
    matrix : ndarray of shape (n, features)
        The encoded features.
    repaid : ndarray of {0.0, 1.0}
        Whether at least ``repay_share`` of the balance came in.
    share : ndarray
        Recovered share of the balance, in [0, 1].
    """

    horizon: int
    encoding: Encoding
    matrix: Floats32
    balance: Floats
    dpd: Floats
    repaid: Floats
    share: Floats
    panel: Panel

    @cached_property
    def table(self) -> BinnedTable:
        """The matrix, binned once for all boosted models of the horizon."""
        return BinnedTable(self.matrix, self.encoding.categorical)

    @property
    def money(self) -> Floats:
        """Money recovered within the horizon, capped at what was owed."""
        return self.share * self.balance
