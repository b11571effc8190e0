"""The training history: past nights with what was known then and what followed, per horizon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
import structlog

from duewise.config import Portfolio
from duewise.errors import DataError
from duewise.features.catalogue import available
from duewise.features.outcomes import is_mature, outcomes
from duewise.features.registry import Feature
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from duewise.models.encoding import Encoding
from duewise.models.horizon_rows import HorizonRows
from duewise.models.splits import arrange
from duewise.pipelines.dates import end_of_books, past_nights
from duewise.sources.tables import Tables

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Nights:
    """The past nights of a training.

    Attributes
    ----------
    end : date
        The books hold nothing from its 00:00 UTC on.
    mature : dict of horizon to tuple of date
        Nights whose whole horizon and posting delay have passed; horizons without one are absent.
    open_accounts : dict of date to int
        Debtors with an open account, an upper bound of those in scope.
    debtors : int
        Distinct debtors over all nights.
    """

    end: date
    mature: dict[int, tuple[date, ...]]
    open_accounts: dict[date, int]
    debtors: int

    @property
    def used(self) -> tuple[date, ...]:
        """Nights that are mature for some horizon, oldest first."""
        return tuple(sorted({night for nights in self.mature.values() for night in nights}))

    def censored(self, horizon: int) -> int:
        """Return how many debtor-nights wait for the outcome of `horizon`."""
        known = set(self.mature.get(horizon, ()))
        return sum(n for night, n in self.open_accounts.items() if night not in known)


@dataclass(frozen=True)
class History:
    """What the models learn from.

    Attributes
    ----------
    features : DataFrame
        Snapshots of the used nights, by night and debtor.
    labels : DataFrame
        Outcomes of the same rows, see :func:`duewise.features.outcomes.outcomes`.
    sample : float
        Share of debtors that were kept to stay within ``training.max_rows``.
    """

    nights: Nights
    catalogue: tuple[Feature, ...]
    features: pd.DataFrame
    labels: pd.DataFrame
    sample: float


def plan_nights(tables: Tables, portfolio: Portfolio, as_of: date) -> Nights:
    """Return the past nights that training uses.

    Raises
    ------
    DataError
        When the first horizon has not passed since any night, or too few debtors were in collections.
    """
    training = portfolio.training
    end = end_of_books(tables, as_of, portfolio.sources.max_staleness_days)
    if end is None:
        raise DataError(
            f"payments: no row before {as_of}, so nothing can be learned. Check --as-of and the payments."
        )
    nights = past_nights(end, training.snapshot_every_days, training.history_days)
    open_accounts = {night: _debtors_between(tables, night, night) for night in nights}
    nights = tuple(night for night in nights if open_accounts[night])
    mature = {
        horizon: tuple(
            night for night in nights if is_mature(night, horizon, end, training.posting_delay_days)
        )
        for horizon in portfolio.horizons
    }
    first = portfolio.horizons[0]
    if not mature[first]:
        raise DataError(
            f"Too little history: of {len(nights)} past nights with accounts in collections, none lies "
            f"{first} days (the first horizon) and {training.posting_delay_days} days (training.posting_"
            f"delay_days) before {end}, where the books end. Wait, bring older data, or name a shorter first "
            "horizon."
        )
    used = [night for known in mature.values() for night in known]
    debtors = _debtors_between(tables, min(used), max(used))
    if debtors < training.min_debtors:
        raise DataError(
            f"Only {debtors} debtors were in collections on nights whose outcome is known ({min(used)} to "
            f"{max(used)}); {training.min_debtors} are needed to fit and judge a model. Bring more history, "
            "or lower training.min_debtors and mind the intervals."
        )
    return Nights(end, {h: known for h, known in mature.items() if known}, open_accounts, debtors)


def build_history(tables: Tables, portfolio: Portfolio, nights: Nights) -> History:
    """Return features and outcomes of the used nights; beyond ``training.max_rows``, of sampled debtors."""
    training = portfolio.training
    settings = FeatureSettings.of(portfolio)
    rows = sum(nights.open_accounts[night] for night in nights.used)
    sample = min(1.0, training.max_rows / rows)
    if sample < 1.0:
        log.info("debtors_sampled", share=round(sample, 4), rows=rows, max_rows=training.max_rows)
    features = snapshots(tables, nights.used, settings, sample)
    labels = outcomes(
        tables,
        nights.used,
        list(nights.mature),
        training.repay_share,
        nights.end,
        training.posting_delay_days,
        sample,
    )
    return History(nights, available(tables, settings), features, labels, sample)


def rows_of_horizon(history: History, encoding: Encoding, horizon: int, seed: int) -> HorizonRows:
    """Return the labelled rows of one horizon.

    Raises
    ------
    DataError
        When nobody repaid within the horizon.
    """
    known = history.labels[f"mature_{horizon}d"].to_numpy(dtype=bool)
    features, labels = history.features[known], history.labels[known]
    repaid = labels[f"repaid_{horizon}d"].to_numpy(dtype=float)
    if not repaid.any():
        raise DataError(
            f"No positive outcome: in {len(labels)} debtor-nights nobody repaid the share of the balance "
            f"that training.repay_share asks for within {horizon} days. Check that payments refer to these "
            "accounts and reach up to --as-of, or lower training.repay_share."
        )
    return HorizonRows(
        horizon=horizon,
        encoding=encoding,
        matrix=encoding.matrix(features),
        balance=features["balance"].to_numpy(dtype=float),
        dpd=features["dpd"].to_numpy(dtype=float),
        repaid=repaid,
        share=labels[f"share_{horizon}d"].to_numpy(dtype=float),
        panel=arrange(features["debtor_id"], features["as_of"], seed),
    )


def _debtors_between(tables: Tables, first: date, last: date) -> int:
    """Return how many debtors had an account placed before `last` and not closed before `first`."""
    accounts = tables.accounts
    still_open = accounts.closed_on.isnull() | (accounts.closed_on >= first)
    return int(accounts.filter(accounts.placed_on < last, still_open).debtor_id.nunique().execute())
