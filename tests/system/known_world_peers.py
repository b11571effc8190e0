"""Other learners on the same past days: a naive difference, a T-learner, EconML and CausalML."""

from collections.abc import Callable

import lightgbm as lgb
import numpy as np
import pandas as pd
from known_worlds import FOLDS, Lived, trees
from numpy.typing import NDArray

from duewise.models.channel_effects import matrix_of

Floats = NDArray[np.float64]

FEWEST_ROWS = 100
"""Rows of an action below which it is left out."""


def naive(lived: Lived) -> Floats:
    """Return for everybody the difference between those who got an action and those who got nothing."""
    told = lived.learned.evidence["average_effects"]
    means = [told[action]["naive"] if action in told else np.nan for action in lived.actions]
    return np.tile(means, (len(lived.tonight), 1))


def t_learner(lived: Lived) -> Floats:
    """Return the difference of one model of the money per action and one of doing nothing."""
    matrix, data, tonight = matrix_of(lived.data.features), lived.data, matrix_of(lived.tonight)
    money = data.share * data.balance

    def expected(action: str) -> Floats:
        rows = data.action == action
        if rows.sum() < FEWEST_ROWS:
            return np.full(len(tonight), np.nan)
        return trees().fit(matrix[rows], money[rows], data.weight[rows]).predict(tonight)

    nothing = expected("none")
    return np.column_stack([expected(action) - nothing for action in lived.actions])


def econml_linear_dr(lived: Lived) -> Floats:
    """Return the effects of EconML's LinearDRLearner."""
    from econml.dr import LinearDRLearner

    rows, arms, codes = _for_peers(lived)
    matrix, tonight = _without_gaps(lived)
    model = LinearDRLearner(
        model_propensity=_classifier(), model_regression=trees(), cv=FOLDS, random_state=0
    )
    data = lived.data
    model.fit((data.share * data.balance)[rows], codes, X=matrix[rows], sample_weight=data.weight[rows])
    found = {arm: model.effect(tonight, T0=0, T1=code) for code, arm in enumerate(arms) if code > 0}
    return _as_table(lived, found)


def causalml_dr(lived: Lived) -> Floats:
    """Return the effects of CausalML's doubly robust learner."""
    from causalml.inference.meta import BaseDRRegressor

    rows, arms, codes = _for_peers(lived)
    matrix, tonight = _without_gaps(lived)
    model = BaseDRRegressor(learner=trees(), control_name="none")
    money = (lived.data.share * lived.data.balance)[rows]
    model.fit(X=matrix[rows], treatment=np.array(arms)[codes], y=money, seed=0)
    effect = model.predict(X=tonight)
    return _as_table(lived, {str(arm): effect[:, k] for k, arm in enumerate(model.t_groups)})


def _for_peers(lived: Lived) -> tuple[NDArray[np.bool_], list[str], NDArray[np.int64]]:
    """Return the rows whose action is frequent enough, those actions with `none` first, and their codes."""
    counts = pd.Series(lived.data.action).value_counts()
    arms = ["none", *(a for a in lived.actions if counts.get(a, 0) >= FEWEST_ROWS)]
    rows = np.isin(lived.data.action, arms)
    return rows, arms, np.array([arms.index(action) for action in lived.data.action[rows]])


def _without_gaps(lived: Lived) -> tuple[Floats, Floats]:
    """Return standardised covariates of past and tonight; the peers take no missing values."""
    past, tonight = (matrix_of(table).astype(np.float64) for table in (lived.data.features, lived.tonight))
    middle = np.nan_to_num(np.nanmedian(past, axis=0))
    past, tonight = (np.where(np.isnan(table), middle, table) for table in (past, tonight))
    mean, spread = past.mean(axis=0), np.maximum(past.std(axis=0), 1e-9)
    return (past - mean) / spread, (tonight - mean) / spread


def _as_table(lived: Lived, found: dict[str, Floats]) -> Floats:
    missing = np.full(len(lived.tonight), np.nan)
    return np.column_stack([found.get(action, missing) for action in lived.actions])


def _classifier() -> lgb.LGBMClassifier:
    return lgb.LGBMClassifier(
        n_estimators=60, num_leaves=7, learning_rate=0.1, min_child_samples=50, n_jobs=1, verbose=-1,
        random_state=0,
    )  # fmt: skip


PEERS: dict[str, Callable[[Lived], Floats]] = {
    "naive difference": naive,
    "T-learner": t_learner,
    "EconML LinearDRLearner": econml_linear_dr,
    "CausalML DR": causalml_dr,
}
