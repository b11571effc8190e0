import numpy as np
import pandas as pd
import pytest

from duewise.errors import DataError
from duewise.models.encoding import Encoding
from training_panels import CATALOGUE, debtor_dates


@pytest.fixture
def frame():
    return debtor_dates(debtors=30, nights=2)


def test_categories_are_codes_and_whatever_is_unknown_is_missing(frame):
    encoding = Encoding.learn(frame, CATALOGUE)
    seen = frame.iloc[:3].assign(
        product=pd.Categorical(["loan", "boat", None], categories=["boat", "loan"]),
        mood=[1.5, np.inf, np.nan],
    )
    matrix = encoding.matrix(seen)
    column = encoding.names.index("product")
    assert matrix[0, column] == 1.0
    assert np.isnan(matrix[1:, column]).all()
    assert np.isnan(matrix[1:, encoding.names.index("mood")]).all()


def test_a_missing_feature_is_refused_by_name(frame):
    encoding = Encoding.learn(frame, CATALOGUE)
    with pytest.raises(DataError, match="kept_ratio"):
        encoding.matrix(frame.drop(columns="kept_ratio"))


def test_an_encoding_survives_being_written_as_json(frame):
    encoding = Encoding.learn(frame, CATALOGUE)
    assert Encoding.from_json(encoding.to_json()) == encoding
    assert encoding.monotone == [-1, 1, 0, 0, 0]
    assert encoding.categorical == [3]


def test_the_example_is_made_of_quantiles_that_belong_to_nobody(frame):
    encoding = Encoding.learn(frame, CATALOGUE)
    example = encoding.example(encoding.matrix(frame))
    assert list(example) == list(encoding.names)
    assert example["kept_ratio"].is_monotonic_increasing
    assert np.isfinite(encoding.matrix(example)).all()
