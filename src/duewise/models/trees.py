"""Boosted trees as the repayment and amount models use them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.boosting import boost, predict
from duewise.models.horizon_rows import HorizonRows
from duewise.models.splits import Ints

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

Objective = Literal["binary", "cross_entropy"]

MAX_ROUNDS = 600
UNWATCHED_ROUNDS = 80  # when too few events stop the boosting to tell one round from the next
MIN_STOP_EVENTS = 10  # of either kind


@dataclass(frozen=True)
class TreeFitter:
    """How trees are fitted on the rows of one horizon.

    Attributes
    ----------
    objective : {"binary", "cross_entropy"}
        Both are log-loss; the second takes shares in [0, 1] as labels.
    label : ndarray of shape (n,)
        Over all rows.
    """

    rows: HorizonRows
    objective: Objective
    label: Floats
    threads: int
    seed: int

    def stopped(self, fit: Ints, stop: Ints) -> tuple[lgb.Booster, int]:
        """Return a booster fitted on the rows `fit` and the rounds that are best for the rows `stop`."""
        events = self.label[stop].sum()
        if min(events, len(stop) - events) < MIN_STOP_EVENTS:
            return self.fixed(fit, UNWATCHED_ROUNDS), UNWATCHED_ROUNDS
        booster, losses = boost(
            self.rows.table, fit, self.label, MAX_ROUNDS, self._settings(len(fit)), watch=stop, seed=self.seed
        )
        return booster, int(np.argmin(losses)) + 1

    def fixed(self, fit: Ints, rounds: int) -> lgb.Booster:
        """Return a booster of `rounds` rounds fitted on the rows `fit`."""
        booster, _ = boost(self.rows.table, fit, self.label, rounds, self._settings(len(fit)), seed=self.seed)
        return booster

    def margins(self, booster: lgb.Booster, rounds: int) -> Callable[[Ints], Floats]:
        """Return a function that gives the raw margins of the rows at given positions."""
        return lambda index: predict(booster, self.rows.matrix[index], rounds, self.threads)

    def _settings(self, n_rows: int) -> dict[str, Any]:
        return {
            "objective": self.objective,
            "num_threads": self.threads,
            "learning_rate": 0.05,
            "num_leaves": 15,
            "min_data_in_leaf": int(np.clip(n_rows / 250, 10, 100)),
            "feature_fraction": 0.5,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 5.0,
            "boost_from_average": True,
            "monotone_constraints": self.rows.encoding.monotone,
            "monotone_constraints_method": "intermediate",
            # Thousands of rows per level are the rule; small portfolios need the guard.
            "cat_smooth": 20.0,
            "min_data_per_group": 50,
        }
