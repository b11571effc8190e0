"""How alike the compared debtors are, before and after weighting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.covariates import CovariateEncoder
from duewise.models.causal.cross_fitting import CrossFit

Floats = NDArray[np.float64]

BALANCED = 0.1  # standardised mean difference that is commonly called balanced (Austin 2009, Stat. Med. 28)


@dataclass(frozen=True)
class Balance:
    """Standardised mean difference of one feature between an action and `none`.

    `before` compares raw means, `after` means weighted by the inverse propensity over comparable rows; both
    are in standard deviations. For a categorical feature it is the largest over its categories.
    """

    action: str
    feature: str
    before: float
    after: float
    passed: bool


def balance_table(fitted: CrossFit, names: NDArray[Any], X: Any) -> list[Balance]:
    """Return the balance of every feature for every usable action, worst after weighting first."""
    encoder = CovariateEncoder(X)
    linear = encoder.linear(encoder.trees(X)).astype(np.float64)
    observed = fitted.log
    spread = np.sqrt(np.average((linear - linear.mean(axis=0)) ** 2, axis=0, weights=observed.weight))
    spread = np.maximum(spread, 1e-12)
    table = []
    for arm in range(1, observed.n_actions):
        if not fitted.overlap.usable[arm]:
            continue
        raw, weighted = [], []
        for column in (arm, 0):
            taken = observed.action == column
            raw.append(np.average(linear[taken], axis=0, weights=observed.weight[taken]))
            rows = taken & fitted.inside[:, arm]
            inverse = observed.weight[rows] / fitted.propensity[rows, column]
            weighted.append(np.average(linear[rows], axis=0, weights=inverse))
        before, after = np.abs(raw[0] - raw[1]) / spread, np.abs(weighted[0] - weighted[1]) / spread
        for j, feature in enumerate(encoder.names):
            own = encoder.owner == j
            if own.any():
                worst = float(after[own].max())
                table.append(
                    Balance(str(names[arm]), feature, float(before[own].max()), worst, worst <= BALANCED)
                )
    return sorted(table, key=lambda row: (-row.after, row.action, row.feature))
