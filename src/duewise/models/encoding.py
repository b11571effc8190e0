"""Turns a table of features into the matrix that the boosted models read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.errors import DataError
from duewise.features.registry import Feature

Floats32 = NDArray[np.float32]

EXAMPLE_QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class EncodedFeature:
    """One column of the matrix.

    Attributes
    ----------
    tag : str
        Family tag of the catalogue: ability, willingness, reachability, debt or context.
    monotone : int
        Sign that the field knows: 1 when more of it means more repayment, -1 when less, else 0.
    levels : tuple of str or None
        Categories in the order of their codes; None for a number.
    """

    name: str
    tag: str
    monotone: int
    levels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Encoding:
    """The columns of the matrix, in order, as learned from the training data."""

    features: tuple[EncodedFeature, ...]

    @classmethod
    def learn(cls, frame: pd.DataFrame, catalogue: Sequence[Feature]) -> Encoding:
        """Return the encoding of the features of `catalogue`, with the category levels of `frame`."""
        return cls(tuple(_learned(frame[entry.name], entry) for entry in catalogue))

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in the order of the columns."""
        return tuple(feature.name for feature in self.features)

    @property
    def categorical(self) -> list[int]:
        """Positions of the categorical columns."""
        return [i for i, feature in enumerate(self.features) if feature.levels is not None]

    @property
    def monotone(self) -> list[int]:
        """Monotone sign of each column; categories have none."""
        return [feature.monotone if feature.levels is None else 0 for feature in self.features]

    def matrix(self, frame: pd.DataFrame) -> Floats32:
        """Return the matrix of `frame`, of shape (rows, features).

        Missing values are NaN, categories are codes, and a category that training never saw is missing.

        Raises
        ------
        DataError
            When `frame` lacks a feature of the encoding.
        """
        absent = [name for name in self.names if name not in frame.columns]
        if absent:
            raise DataError(
                f"the model reads {len(absent)} feature(s) that tonight's tables do not give, such as "
                f"{', '.join(absent[:5])}. Restore the columns behind them, or train again without them."
            )
        out = np.empty((len(frame), len(self.features)), dtype=np.float32)
        for i, feature in enumerate(self.features):
            out[:, i] = _codes(frame[feature.name], feature.levels)
        return out

    def covariates(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the features of `frame` in the order and with the categories of training."""
        matrix = self.matrix(frame)
        columns: dict[str, Any] = {}
        for i, feature in enumerate(self.features):
            if feature.levels is None:
                columns[feature.name] = matrix[:, i]
            else:
                codes = np.nan_to_num(matrix[:, i], nan=-1.0).astype(np.int16)
                columns[feature.name] = pd.Categorical.from_codes(
                    codes, dtype=pd.CategoricalDtype(list(feature.levels))
                )
        return pd.DataFrame(columns, index=frame.index, copy=False)

    def example(self, matrix: Floats32) -> pd.DataFrame:
        """Return a few rows of features that belong to nobody: quantiles of each column by itself.

        Parameters
        ----------
        matrix : ndarray of shape (rows, features)
            Encoded training features.
        """
        columns: dict[str, Any] = {}
        for i, feature in enumerate(self.features):
            known = matrix[np.isfinite(matrix[:, i]), i].astype(np.float64)
            if feature.levels is not None:
                columns[feature.name] = [
                    feature.levels[k % len(feature.levels)] if feature.levels else None
                    for k in range(len(EXAMPLE_QUANTILES))
                ]
            elif len(known):
                columns[feature.name] = np.quantile(known, EXAMPLE_QUANTILES)
            else:
                columns[feature.name] = np.nan
        return pd.DataFrame(columns, index=range(len(EXAMPLE_QUANTILES)))

    def to_json(self) -> list[dict[str, Any]]:
        """Return the encoding as plain lists and dictionaries."""
        return [asdict(feature) for feature in self.features]

    @classmethod
    def from_json(cls, content: Sequence[dict[str, Any]]) -> Encoding:
        """Return the encoding that `to_json` wrote."""
        return cls(
            tuple(
                EncodedFeature(
                    name=item["name"],
                    tag=item["tag"],
                    monotone=item["monotone"],
                    levels=None if item["levels"] is None else tuple(item["levels"]),
                )
                for item in content
            )
        )


def _learned(column: pd.Series[Any], entry: Feature) -> EncodedFeature:
    levels = tuple(map(str, column.cat.categories)) if entry.is_category else None
    return EncodedFeature(entry.name, entry.tag.value, entry.monotone, levels)


def _codes(column: pd.Series[Any], levels: tuple[str, ...] | None) -> NDArray[Any]:
    if levels is None:
        values = pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)
    texts = column.astype("string")
    codes = pd.Index(levels).get_indexer(pd.Index(texts.fillna("")))
    return np.where((codes < 0) | texts.isna().to_numpy(), np.nan, codes)
