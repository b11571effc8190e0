"""Columns of equal length that travel together: one array per name, one row per debtor."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[Any]
Bools = NDArray[np.bool_]

NEVER = -(10**6)
"""A day long before any simulated day."""
ALWAYS = 10**6
"""A day long after any simulated day (days count from 1970-01-01)."""


@dataclass
class Columns:
    """Base of the simulator's tables: arrays whose first axis is the same debtors in the same order."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def take(self, rows: Ints | Bools) -> Self:
        """Return a copy with the given rows, in that order."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def put(self, rows: Ints | Bools, other: Self) -> None:
        """Overwrite the given rows by those of `other`."""
        for f in fields(self):
            getattr(self, f.name)[rows] = getattr(other, f.name)


def sigmoid(x: Floats) -> Floats:
    """Return the logistic function of `x`."""
    result: Floats = 1.0 / (1.0 + np.exp(-x))
    return result


def choose_column(weights: Floats, u: Floats) -> Ints:
    """Return one column per row with probability proportional to `weights`, from one uniform per row.

    Parameters
    ----------
    weights : ndarray of shape (n, k)
        Non-negative, each row with a positive sum.
    u : ndarray of shape (n,)
        Uniform in [0, 1).
    """
    edges = np.cumsum(weights, axis=1)
    chosen: Ints = (edges <= (u * edges[:, -1])[:, None]).sum(axis=1)
    result: Ints = np.minimum(chosen, weights.shape[1] - 1)
    return result
