"""What the contact models say of tonight's debtors."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import structlog
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.features.attempts import contact_records
from duewise.features.open_promises import due_next, open_promises
from duewise.features.settings import FeatureSettings
from duewise.models.bundle import Bundle
from duewise.models.promise import INTERVAL, PromisedCash
from duewise.policy.contact_windows import ReachTonight
from duewise.sources.tables import Tables

log = structlog.get_logger(__name__)


def reach_tonight(
    bundle: Bundle, tables: Tables, portfolio: Portfolio, as_of: date, debtors: pd.DataFrame
) -> ReachTonight | None:
    """Return what tells when each debtor is reached; None where history does not say."""
    if bundle.reach is None:
        return None
    records = contact_records(tables, as_of, FeatureSettings.of(portfolio))
    records = records.set_index("debtor_id").loc[debtors["debtor_id"]].reset_index()
    return ReachTonight(bundle.reach, records)


@dataclass(frozen=True)
class PromisesTonight:
    """What the open promises are worth.

    Attributes
    ----------
    kept : ndarray of shape (n_debtors,)
        Chance that the promise due next is kept; NaN without one.
    known : int
        Debtors with an open promise.
    cash : PromisedCash or None
        Money to expect from them, one promise per debtor; None without a model.
    """

    kept: NDArray[np.float64]
    known: int
    cash: PromisedCash | None

    def record(self) -> dict[str, Any] | None:
        """Return count, expected money and the ends of its interval for the manifest."""
        if self.cash is None:
            return None
        money = {"expected": self.cash.total, "low": self.cash.low, "high": self.cash.high}
        return {
            "debtors": self.known,
            **{name: round(value, 2) for name, value in money.items()},
            "level": INTERVAL,
        }


def promises_tonight(
    bundle: Bundle, tables: Tables, portfolio: Portfolio, as_of: date, debtors: pd.DataFrame
) -> PromisesTonight:
    """Return the chance of each promise that is due next, and the money to expect from all of them."""
    if bundle.promise is None:
        return PromisesTonight(np.full(len(debtors), np.nan), 0, None)
    promised = due_next(open_promises(tables, [as_of], FeatureSettings.of(portfolio)))
    kept = pd.Series(bundle.promise.predict(promised), index=promised["debtor_id"])
    cash = bundle.promise.expected_cash(promised)
    log.info("promises_scored", promises=len(promised), expected=cash.total, low=cash.low, high=cash.high)
    chance = np.asarray(kept.reindex(debtors["debtor_id"]), dtype=np.float64)
    return PromisesTonight(chance, len(promised), cash)
