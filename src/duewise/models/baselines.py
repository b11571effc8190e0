"""The two baselines that every training run fits, judges and reports beside the repayment model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.models.crossfit import Margins
from duewise.models.horizon_rows import HorizonRows
from duewise.models.repayment import cross_fitted
from duewise.models.splits import Ints

Floats = NDArray[np.float64]

LOGISTIC = "logistic_regression"
DPD_BALANCE = "dpd_and_balance"

ITERATIONS = 300


def judged_logistic(rows: HorizonRows) -> Floats:
    """Return judged probabilities of a logistic regression on all features.

    Amounts and counts enter as logarithms, missing values as the median beside a flag, categories as one
    column each: what a careful analyst would do by hand.
    """
    numbers = [f.name for f in rows.encoding.features if f.levels is None]
    categories = [f.name for f in rows.encoding.features if f.levels is not None]
    frame = pd.DataFrame(rows.matrix, columns=list(rows.encoding.names))
    return _judged(rows, lambda: _careful_logistic(numbers, categories), frame)


def judged_dpd_balance(rows: HorizonRows) -> Floats:
    """Return judged probabilities of a smooth curve in DPD plus one in the logarithm of the balance."""
    columns = {"dpd": rows.dpd, "balance": rows.balance}
    frame = pd.DataFrame({name: np.log1p(np.maximum(values, 0.0)) for name, values in columns.items()})
    return _judged(rows, _two_curves, frame)


BASELINES = {LOGISTIC: judged_logistic, DPD_BALANCE: judged_dpd_balance}


def _judged(rows: HorizonRows, make: Any, frame: pd.DataFrame) -> Floats:
    def fit(teach: Ints, stop: Ints) -> Margins:
        # Nothing is stopped early here, so the rows that stop the trees teach the baseline as well.
        known = np.union1d(teach, stop)
        if len(np.unique(rows.repaid[known])) < 2:
            return lambda index: np.zeros(len(index))
        model = make().fit(frame.iloc[known], rows.repaid[known])
        return lambda index: np.asarray(model.decision_function(frame.iloc[index]), dtype=np.float64)

    return cross_fitted(rows, fit)[1]


def _careful_logistic(numbers: list[str], categories: list[str]) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    scaled = make_pipeline(
        FunctionTransformer(_signed_log),
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
    )
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20)
    columns = ColumnTransformer([("numbers", scaled, numbers), ("categories", one_hot, categories)])
    return make_pipeline(columns, LogisticRegression(max_iter=ITERATIONS))


def _two_curves() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer, StandardScaler

    curves = SplineTransformer(n_knots=5, knots="quantile", extrapolation="constant")
    return make_pipeline(curves, StandardScaler(), LogisticRegression(max_iter=ITERATIONS))


def _signed_log(values: Any) -> Any:
    return np.sign(values) * np.log1p(np.abs(values))
