"""Turns a feature table into the two matrices that the causal models read.

Trees get one column per feature with missing values as they are; linear models get standardised columns
with the missing filled by the mean, a flag for being missing, and one column per frequent category.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

MIN_SHARE = 0.005  # a category or a missing flag rarer than this says nothing a linear model could use
MAX_CATEGORIES = 30  # linear columns for one categorical feature
CLIP = 5.0  # standard deviations: a linear effect is not extrapolated along the tail of a money column


class CovariateEncoder:
    """Learns the encoding of a feature table once and applies it to later tables.

    Attributes
    ----------
    names : list of str
        Features in the order of the tree matrix.
    categorical : list of int
        Positions of the categorical features in the tree matrix.
    owner : ndarray of int, shape (n_linear,)
        Feature that each column of the linear matrix belongs to.
    """

    def __init__(self, X: Any) -> None:
        frame = _as_frame(X)
        self.names: list[str] = [str(name) for name in frame.columns]
        self.named = isinstance(X, pd.DataFrame)
        self.levels: dict[int, pd.Index] = {}
        for j in range(frame.shape[1]):
            column = frame.iloc[:, j]
            if not _is_numeric(column):
                # Sorted by text, so that the coding does not depend on the order of the rows.
                self.levels[j] = pd.Index(sorted(column.dropna().astype(str).unique()))
        self.categorical = sorted(self.levels)
        trees = self.trees(X)
        columns: list[tuple[int, int | None]] = []
        self._mean = np.zeros(len(self.names))
        self._scale = np.ones(len(self.names))
        for j in range(trees.shape[1]):
            values = trees[:, j].astype(np.float64)
            known = np.isfinite(values)
            missing_share = 1.0 - known.mean()
            if j in self.levels:
                codes, counts = np.unique(values[known].astype(int), return_counts=True)
                frequent = [int(c) for c in codes[np.argsort(-counts, kind="stable")][:MAX_CATEGORIES]]
                shares = {int(c): n / len(values) for c, n in zip(codes, counts, strict=True)}
                columns += [(j, c) for c in frequent if MIN_SHARE <= shares[c] <= 1 - MIN_SHARE]
            elif known.any():
                self._mean[j] = values[known].mean()
                spread = values[known].std()
                if spread > 1e-12 * max(1.0, abs(self._mean[j])):
                    self._scale[j] = spread
                    columns.append((j, None))
            if MIN_SHARE <= missing_share <= 1 - MIN_SHARE:
                columns.append((j, -1))
        self._columns = columns
        self.owner = np.array([j for j, _ in columns], dtype=np.intp)

    def trees(self, X: Any) -> Floats32:
        """Return one float32 column per feature; categories as codes, unknown ones as missing."""
        frame = _as_frame(X)
        self._check(frame, X)
        out = np.empty(frame.shape, dtype=np.float32)
        for j in range(frame.shape[1]):
            column = frame.iloc[:, j]
            if j in self.levels:
                codes = self.levels[j].get_indexer(pd.Index(column.astype(str)))
                out[:, j] = np.where((codes < 0) | column.isna().to_numpy(), np.nan, codes)
            else:
                out[:, j] = pd.to_numeric(column, errors="raise").to_numpy(dtype=np.float32, na_value=np.nan)
        out[~np.isfinite(out)] = np.nan
        return out

    def linear(self, trees: Floats32) -> Floats32:
        """Return the standardised columns, of shape (n, n_linear), from the tree matrix."""
        out = np.empty((trees.shape[0], len(self._columns)), dtype=np.float32)
        for k, (j, code) in enumerate(self._columns):
            column = trees[:, j]
            if code is None:
                scaled = (column - np.float32(self._mean[j])) / np.float32(self._scale[j])
                out[:, k] = np.clip(np.nan_to_num(scaled, nan=0.0), -CLIP, CLIP)
            elif code == -1:
                out[:, k] = np.isnan(column)
            else:
                out[:, k] = column == code
        return out

    def _check(self, frame: pd.DataFrame, X: Any) -> None:
        if self.named and isinstance(X, pd.DataFrame) and list(map(str, frame.columns)) != self.names:
            unknown = [c for c in map(str, frame.columns) if c not in self.names]
            absent = [c for c in self.names if c not in set(map(str, frame.columns))]
            raise ValueError(
                f"X has other columns than in fit: {len(absent)} missing {absent[:5]}, {len(unknown)} "
                f"unknown {unknown[:5]}. Pass the columns of fit in the same order: X[list(names)]."
            )
        if frame.shape[1] != len(self.names):
            raise ValueError(
                f"X has {frame.shape[1]} features, but ChannelValue was fitted with "
                f"{len(self.names)} features as input. Pass the columns of fit, in the same order."
            )


def _as_frame(X: Any) -> pd.DataFrame:
    if isinstance(X, pd.DataFrame):
        return X
    values = np.asarray(X)
    if values.ndim != 2:
        raise ValueError(
            f"X must be a table of shape (n, features), got {values.ndim} dimension(s). "
            "Reshape your data: X.reshape(-1, 1) for one feature, X.reshape(1, -1) for one row."
        )
    return pd.DataFrame(values, columns=[f"x{j}" for j in range(values.shape[1])])


def _is_numeric(column: pd.Series[Any]) -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return False
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        raise ValueError(
            f"column {column.name!r} holds dates; give the models a duration instead, such as days "
            "before the decision."
        )
    return bool(pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype))
