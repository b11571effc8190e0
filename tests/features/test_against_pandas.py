"""The features against their second, independent writing in plain pandas (see `benchmarks/`)."""

import sys
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from _pandas_features import pandas_features
from _random_portfolio import AS_OF, open_random_portfolio, write_random_portfolio

from duewise.features.catalogue import available
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots

ON_A_CIRCLE = ("usual_payday", "days_to_usual_payday")
MONTH = 30.4375
TOLERANCE = 2e-6  # float32 keeps seven digits; the pandas side adds in float64


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("random")
    write_random_portfolio(folder, debtors=600)
    tables = open_random_portfolio(folder, threads=1)
    as_of = date.fromisoformat(AS_OF)
    ours = snapshots(tables, [as_of], FeatureSettings()).set_index("debtor_id")
    warnings.simplefilter("ignore", pd.errors.PerformanceWarning)  # one column at a time is its very point
    frames = {
        name: pandas_table(tables, name) for name in ("debtors", "accounts", "payments", "contacts", "flags")
    }
    return tables, ours, pandas_features(frames, as_of)


def pandas_table(tables, name):
    """Return a table with its dates as times, as pandas counts days."""
    frame = getattr(tables, name).to_pyarrow().to_pandas(date_as_object=False)
    return frame.assign(**{c: frame[c].astype("datetime64[us]") for c in frame if c.endswith("_on")})


def test_the_same_debtors_are_in_scope(both):
    _, ours, theirs = both
    assert ours.index.tolist() == theirs.index.tolist()
    assert len(ours) > 200


def test_every_available_feature_is_written_twice(both):
    tables, _, theirs = both
    assert {f.name for f in available(tables, FeatureSettings())} == set(theirs.columns)


def test_every_feature_agrees(both):
    tables, ours, theirs = both
    disagree = [
        f.name
        for f in available(tables, FeatureSettings())
        if f.name not in ON_A_CIRCLE and not agrees(ours[f.name], theirs[f.name])
    ]
    assert disagree == []


@pytest.mark.parametrize("name", ON_A_CIRCLE)
def test_days_on_a_circle_agree_up_to_a_whole_turn(both, name):
    _, ours, theirs = both
    apart = (ours[name] - theirs[name]).to_numpy(dtype=float)
    assert (ours[name].isna() == theirs[name].isna()).all()
    assert np.nanmax(np.abs(np.sin(apart * np.pi / MONTH))) < 1e-4


def agrees(one: pd.Series, other: pd.Series) -> bool:
    if isinstance(one.dtype, pd.CategoricalDtype):
        return one.astype(object).fillna("").eq(other.astype(object).fillna("")).all()
    return np.allclose(
        one.to_numpy(dtype=float), other.to_numpy(dtype=float), rtol=TOLERANCE, atol=1e-5, equal_nan=True
    )


def test_threads_change_no_digit(both, tmp_path):
    _, ours, _ = both
    write_random_portfolio(tmp_path, debtors=600)
    again = snapshots(
        open_random_portfolio(tmp_path, threads=4), [date.fromisoformat(AS_OF)], FeatureSettings()
    )
    pd.testing.assert_frame_equal(again.set_index("debtor_id"), ours, check_exact=True)
