"""The bundle: everything that one training fitted, as one thing that scores features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.models.amount import Amount
from duewise.models.channel_effects import ChannelEffects
from duewise.models.encoding import Encoding
from duewise.models.files import read_json, write_json
from duewise.models.promise import Promise
from duewise.models.reach import Reach
from duewise.models.repayment import Repayment

Floats32 = NDArray[np.float32]

CHUNK_ROWS = 100_000  # rows scored at once: bounds memory, large enough to cost no time


@dataclass(frozen=True)
class BundleInfo:
    """What the bundle was trained for and on.

    Attributes
    ----------
    horizons : tuple of int
        Days that the portfolio file asks for; those without enough history have no model.
    trained_as_of, first_date, last_date : str
        Day of the training and range of its decision dates, ISO 8601.
    debtors, rows : int
        Debtors and debtor-dates of the first horizon.
    """

    portfolio: str
    horizons: tuple[int, ...]
    repay_share: float
    trained_as_of: str
    first_date: str
    last_date: str
    debtors: int
    rows: int
    code_version: str


@dataclass(frozen=True)
class Bundle:
    """The fitted models of one portfolio.

    Attributes
    ----------
    repayment, amount : mapping of horizon to model
        For the horizons that history was long enough for.
    channels : ChannelEffects or None
        What each action changes; None where too little was ever done to learn from.
    reach, promise : Reach, Promise or None
        When a debtor is reached and whether an open promise is kept; None where nothing is on record.
    explainer : dict or None
        What explanations learned at training, as plain values; :mod:`duewise.explain` reads it.
    reference : list or None
        Distributions of the training features, as plain values; :mod:`duewise.evaluate.drift` reads it.
    version : str or None
        Name and number under which it is registered; None until then.
    """

    info: BundleInfo
    encoding: Encoding
    repayment: Mapping[int, Repayment]
    amount: Mapping[int, Amount]
    channels: ChannelEffects | None = None
    reach: Reach | None = None
    promise: Promise | None = None
    explainer: Mapping[str, Any] | None = None
    reference: Sequence[Mapping[str, Any]] | None = None
    version: str | None = None

    def score(self, frame: pd.DataFrame, threads: int = 1) -> pd.DataFrame:
        """Return the scores of each row of `frame`, with its index.

        For each horizon of the portfolio: ``p_repay_<h>d`` (probability), ``margin_<h>d`` (log-odds before
        calibration, in which explanations add up) and ``expected_share_<h>d`` (of the balance). Probability
        and share never fall from one horizon to the next longer one. A horizon without a model is null.
        """
        parts = [self._scored(chunk, threads) for chunk in _chunks(frame)]
        return pd.concat(parts) if parts else self._scored(frame, threads)

    def matrix(self, frame: pd.DataFrame) -> Floats32:
        """Return the encoded features of `frame`, as the models read them."""
        return self.encoding.matrix(frame)

    def _scored(self, frame: pd.DataFrame, threads: int) -> pd.DataFrame:
        matrix = self.matrix(frame)
        nothing = np.full(len(frame), np.nan)
        columns = {}
        lowest_probability = lowest_share = np.zeros(len(frame))
        for horizon in sorted(self.info.horizons):
            margin = probability = share = nothing
            if horizon in self.repayment:
                margin = self.repayment[horizon].margin(matrix, threads)
                # Each horizon has its own model; whoever pays within 30 days has paid within 90.
                probability = np.maximum(self.repayment[horizon].probability(margin), lowest_probability)
                lowest_probability = probability
            if horizon in self.amount:
                share = np.maximum(self.amount[horizon].share(matrix, threads), lowest_share)
                lowest_share = share
            columns[f"p_repay_{horizon}d"] = probability
            columns[f"margin_{horizon}d"] = margin
            columns[f"expected_share_{horizon}d"] = share
        return pd.DataFrame(columns, index=frame.index)

    def save(self, folder: Path) -> None:
        """Write the bundle as text files into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        for repayment in self.repayment.values():
            repayment.save(folder)
        for amount in self.amount.values():
            amount.save(folder)
        if self.channels is not None:
            self.channels.save(folder)
        if self.reach is not None:
            self.reach.save(folder)
        if self.promise is not None:
            self.promise.save(folder)
        write_json(
            folder / "bundle.json",
            {
                "info": asdict(self.info),
                "encoding": self.encoding.to_json(),
                "repayment": list(self.repayment),
                "amount": list(self.amount),
                "channels": self.channels is not None,
                "reach": self.reach is not None,
                "promise": self.promise is not None,
                "explainer": self.explainer,
                "reference": self.reference,
            },
        )

    @classmethod
    def load(cls, folder: Path) -> Bundle:
        """Return the bundle that `save` wrote."""
        content = read_json(folder / "bundle.json")
        info = {**content["info"], "horizons": tuple(content["info"]["horizons"])}
        return cls(
            info=BundleInfo(**info),
            encoding=Encoding.from_json(content["encoding"]),
            repayment={horizon: Repayment.load(folder, horizon) for horizon in content["repayment"]},
            amount={horizon: Amount.load(folder, horizon) for horizon in content["amount"]},
            channels=ChannelEffects.load(folder) if content["channels"] else None,
            reach=Reach.load(folder) if content["reach"] else None,
            promise=Promise.load(folder) if content["promise"] else None,
            explainer=content["explainer"],
            reference=content.get("reference"),
        )


def _chunks(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(frame), CHUNK_ROWS):
        yield frame.iloc[start : start + CHUNK_ROWS]
