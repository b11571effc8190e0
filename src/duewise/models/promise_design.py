"""What the promise model reads: the debtor's kept ratio shrunk to the channel's rate, and a plain matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from duewise.models.shrinkage import prior_strength, shrunk

Floats = NDArray[np.float64]

HALF_A_PROMISE = 0.5
"""Added to the kept and to the broken promises of all channels, so that no rate is 0 or 1."""

LOGARITHMS = ("amount_to_balance", "amount_to_income", "balance", "dpd")
COUNTS = ("promises_due",)
LINEAR = ("paid_share", "days_to_due", "term_days", "age_days")
WORDS = ("channel", "attitude")
SMALLEST = 1e-3  # of a balance or an income: smaller promises are alike


@dataclass(frozen=True)
class KeptRates:
    """Rates at which promises are kept.

    Attributes
    ----------
    overall : float
    channel : mapping of channel to float
        Shrunk to `overall`: a promise to a machine may bind less than one to a person.
    strength : float
        Strength of the channel's rate in a debtor's own ratio, in promises.
    """

    overall: float
    channel: Mapping[str, float]
    strength: float

    @classmethod
    def learn(cls, past: pd.DataFrame) -> KeptRates:
        """Return the rates of past promises with their outcome."""
        kept = past["kept"].to_numpy(dtype=float)
        overall = (kept.sum() + HALF_A_PROMISE) / (len(kept) + 2 * HALF_A_PROMISE)
        names, code = np.unique(past["channel"].to_numpy(dtype=str), return_inverse=True)
        n, k = np.bincount(code), np.bincount(code, weights=kept)
        rates = shrunk(k, n, overall, prior_strength(k, n, overall))
        last = past.assign(mean=rates[code]).drop_duplicates("debtor_id", keep="last")
        due, done, mean = (last[c].to_numpy(dtype=float) for c in ("promises_due", "promises_kept", "mean"))
        return cls(
            overall=float(overall),
            channel={str(name): float(rate) for name, rate in zip(names, rates, strict=True)},
            strength=prior_strength(done, due, mean),
        )

    def margin(self, promised: pd.DataFrame) -> Floats:
        """Return the log-odds of the debtor's shrunk ratio, of shape (n,)."""
        mean = promised["channel"].astype(str).map(self.channel).fillna(self.overall).to_numpy(dtype=float)
        due, kept = (promised[c].to_numpy(dtype=float) for c in ("promises_due", "promises_kept"))
        return np.asarray(logit(shrunk(kept, due, mean, self.strength)))

    def to_json(self) -> dict[str, Any]:
        """Return the rates as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> KeptRates:
        """Return the rates that `to_json` wrote."""
        return cls(**content)


@dataclass(frozen=True)
class PromiseDesign:
    """Centres and scales of the numbers and levels of the words, as the past promises have them."""

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    levels: tuple[tuple[str, str], ...]

    @classmethod
    def learn(cls, past: pd.DataFrame) -> PromiseDesign:
        """Return the design of past promises."""
        numbers = _numbers(past)
        known = [column[np.isfinite(column)] for column in numbers.T]
        spread = [float(column.std()) if len(column) else 0.0 for column in known]
        levels = [(word, str(level)) for word in WORDS for level in sorted(past[word].dropna().unique())]
        return cls(
            centre=tuple(float(np.median(column)) if len(column) else 0.0 for column in known),
            scale=tuple(s if s > 1e-9 else 1.0 for s in spread),
            levels=tuple(levels),
        )

    def matrix(self, promised: pd.DataFrame, ratio: Floats) -> Floats:
        """Return the shrunk ratio, the numbers (a missing one is the median), and the words as 0 and 1."""
        scaled = (_numbers(promised) - np.array(self.centre)) / np.array(self.scale)
        words = [(promised[word] == level).to_numpy(dtype=float) for word, level in self.levels]
        return np.column_stack([ratio, np.nan_to_num(scaled, nan=0.0), *words])

    def to_json(self) -> dict[str, Any]:
        """Return the design as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> PromiseDesign:
        """Return the design that `to_json` wrote."""
        levels = tuple((word, level) for word, level in content["levels"])
        return cls(tuple(content["centre"]), tuple(content["scale"]), levels)


def _numbers(promised: pd.DataFrame) -> Floats:
    logs = [np.log(SMALLEST + promised[c].to_numpy(dtype=float)) for c in LOGARITHMS]
    counts = [np.log1p(promised[c].to_numpy(dtype=float)) for c in COUNTS]
    return np.column_stack([*logs, *counts, *(promised[c].to_numpy(dtype=float) for c in LINEAR)])
