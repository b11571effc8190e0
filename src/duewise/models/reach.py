"""Reach: the chance that an attempt by a channel at a local hour reaches the debtor in person.

Four things are added up in log-odds, each shrunk by empirical Bayes: what is usual for the channel, hour,
weekday, employment and segment; how much more or less often this debtor was reached by the channel than was
usual for the hours tried; the same by the channels of the same kind; and by time of day. Five weights, fitted
on later attempts, say how far each is to be believed. A channel in which that does not beat the rate of the
hour keeps the rate of the hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from duewise.models.contact_rates import HOURS, ContactRates
from duewise.models.contact_record import Strengths, deviations
from duewise.models.files import read_json, write_json

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

FILE = "reach.json"

MIN_TRIED = 20
"""Attempts at an hour below which nothing is known of it."""

MIN_HOURS = 4
"""Hours known of a channel below which they cannot be compared: times of day may not be recorded at all."""

CHUNK_ROWS = 100_000


@dataclass(frozen=True)
class ChannelReach:
    """What is known of one channel.

    Attributes
    ----------
    weights : ndarray of shape (5,) or None
        Of the level, the usual rate, the own record, the record with like channels and the one by time of
        day; None where they do not beat the rate of the hour.
    """

    rates: ContactRates
    strengths: Strengths
    weights: Floats | None

    @property
    def tried(self) -> NDArray[np.bool_]:
        """Hours at which enough attempts were made to know them, of shape (24,)."""
        return np.asarray(self.rates.attempts >= MIN_TRIED)

    def to_json(self) -> dict[str, Any]:
        """Return the model as plain values."""
        return {
            "rates": self.rates.to_json(),
            "strengths": asdict(self.strengths),
            "weights": None if self.weights is None else self.weights.tolist(),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> ChannelReach:
        """Return the model that `to_json` wrote."""
        weights = content["weights"]
        return cls(
            ContactRates.from_json(content["rates"]),
            Strengths(**content["strengths"]),
            None if weights is None else np.array(weights),
        )


@dataclass(frozen=True)
class Reach:
    """The channels of which enough attempts are on record."""

    channels: Mapping[str, ChannelReach]

    def compares(self, channel: str) -> bool:
        """Return whether enough hours of `channel` are known to prefer one to another."""
        return channel in self.channels and self.channels[channel].tried.sum() >= MIN_HOURS

    def tried(self, channel: str) -> NDArray[np.bool_]:
        """Return the local hours at which `channel` has been tried often enough, of shape (24,)."""
        return self.channels[channel].tried

    def predict(self, debtors: pd.DataFrame, channel: str, weekday: int) -> Floats32:
        """Return the chance of reaching each debtor at each local hour, of shape (n, 24).

        Parameters
        ----------
        debtors : DataFrame
            Records as :func:`duewise.features.attempts.contact_records` gives them.
        channel : str
            One of `channels`.
        weekday : int
            Of the debtor's local day; Monday is 0.
        """
        out = np.empty((len(debtors), HOURS), dtype=np.float32)
        for start in range(0, len(debtors), CHUNK_ROWS):
            part = debtors.iloc[start : start + CHUNK_ROWS]
            out[start : start + CHUNK_ROWS] = self._predicted(part, channel, weekday)
        return out

    def _predicted(self, debtors: pd.DataFrame, channel: str, weekday: int) -> Floats:
        model = self.channels[channel]
        if model.weights is None:
            return np.broadcast_to(model.rates.base(), (len(debtors), HOURS))
        level, usual, own, like, part = model.weights
        parts = deviations(self._rates(), model.strengths, debtors, channel)
        log_odds = usual * (model.rates.curves(debtors) + model.rates.weekday[weekday])
        log_odds += (level + own * parts.own + like * parts.like)[:, None]
        log_odds += part * parts.at_hours()
        return np.asarray(expit(log_odds))

    def _rates(self) -> dict[str, ContactRates]:
        return {channel: model.rates for channel, model in self.channels.items()}

    def save(self, folder: Path) -> None:
        """Write the model as text into `folder`."""
        write_json(folder / FILE, {channel: model.to_json() for channel, model in self.channels.items()})

    @classmethod
    def load(cls, folder: Path) -> Reach:
        """Return the model that `save` wrote."""
        content = read_json(folder / FILE)
        return cls({channel: ChannelReach.from_json(model) for channel, model in content.items()})
