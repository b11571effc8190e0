"""What the contact models say of tonight's debtors."""

from datetime import date

import numpy as np
import pandas as pd
import structlog
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.features.attempts import contact_records
from duewise.features.open_promises import due_next, open_promises
from duewise.features.settings import FeatureSettings
from duewise.models.bundle import Bundle
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


def promise_kept_tonight(
    bundle: Bundle, tables: Tables, portfolio: Portfolio, as_of: date, debtors: pd.DataFrame
) -> NDArray[np.float64]:
    """Return the chance, of shape (n_debtors,), that the promise due next is kept; NaN without one."""
    if bundle.promise is None:
        return np.full(len(debtors), np.nan)
    promised = due_next(open_promises(tables, [as_of], FeatureSettings.of(portfolio)))
    kept = pd.Series(bundle.promise.predict(promised), index=promised["debtor_id"])
    cash = bundle.promise.expected_cash(promised)
    log.info("promises_scored", promises=len(promised), expected=cash.total, low=cash.low, high=cash.high)
    return np.asarray(kept.reindex(debtors["debtor_id"]), dtype=np.float64)
