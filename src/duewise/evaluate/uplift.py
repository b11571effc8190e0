"""What the system itself was worth: cells of the nightly experiment compared, on money that came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from duewise.evaluate.bootstrap import LEVEL, Estimate

Floats = NDArray[np.float64]

FEWEST_DEBTORS = 30
"""Debtors that each cell needs: with fewer, one large payment is the whole difference."""


@dataclass(frozen=True)
class CellComparison:
    """One cell of the experiment beside another.

    Attributes
    ----------
    decisions, decisions_against : int
        Debtors entering the cell, once per period of the experiment.
    recovered, recovered_against : float
        Money per decision within the horizon.
    difference : Estimate
        The first less the second, with an interval clustered by debtor.
    """

    cell: str
    against: str
    decisions: int
    decisions_against: int
    recovered: float
    recovered_against: float
    difference: Estimate


def compare_cells(
    money: Floats, cell: NDArray[Any], debtor: NDArray[Any], one: str, other: str, level: float = LEVEL
) -> CellComparison | None:
    """Return the difference of mean money between two cells; None where either has too few debtors.

    Parameters
    ----------
    money : ndarray of shape (n,)
        Recovered within the horizon.
    cell, debtor : ndarray of shape (n,)
        Cell and debtor of each decision; a debtor may meet both cells in different periods.
    """
    here, there = cell == one, cell == other
    if min(len(np.unique(debtor[here])), len(np.unique(debtor[there]))) < FEWEST_DEBTORS:
        return None
    means = money[here].mean(), money[there].mean()
    influence = here * (money - means[0]) / here.sum() - there * (money - means[1]) / there.sum()
    code = np.unique(debtor, return_inverse=True)[1]
    by_debtor = np.bincount(code, influence)
    n = len(np.unique(debtor[here | there]))
    half = float(norm.ppf(0.5 + level / 2) * np.sqrt(n / (n - 1) * (by_debtor @ by_debtor)))
    difference = float(means[0] - means[1])
    return CellComparison(
        cell=one,
        against=other,
        decisions=int(here.sum()),
        decisions_against=int(there.sum()),
        recovered=float(means[0]),
        recovered_against=float(means[1]),
        difference=Estimate(difference, difference - half, difference + half),
    )
