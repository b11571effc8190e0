"""Real exports beside the checkout, and one whole run over them."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from duewise.config import Portfolio, load_portfolio
from duewise.evaluate.bootstrap import Estimate, bootstrap, percentile_estimate
from duewise.pipelines.check import check
from duewise.pipelines.nightly import Night, nightly
from duewise.pipelines.train import TrainingResult, train

ROOT = Path(__file__).resolve().parents[2]
REAL_DATA = ROOT.parent / "shared" / "realdata"

needs_real_data = pytest.mark.skipif(
    not REAL_DATA.is_dir(), reason="the folder of real data is not beside this checkout"
)


@dataclass(frozen=True)
class WholeRun:
    """Check, training and one night."""

    portfolio: Portfolio
    training: TrainingResult
    night: Night

    @property
    def strategies(self) -> pd.DataFrame:
        return pq.read_table(self.night.folder / "strategies.parquet").to_pandas()

    @property
    def warnings(self) -> str:
        """Everything that the run says it could not do."""
        return "\n".join([*self.training.warnings, *(warning["text"] for warning in self.night.warnings)])


def real_portfolio(name: str, folder: Path) -> Portfolio:
    """Return the portfolio file `name` with everything that it reads and writes under `folder`."""
    return load_portfolio(
        ROOT / "pipelines" / f"{name}.yaml",
        [f"models.store={folder / 'mlflow'}"],
        data=folder / "data",
        out=folder / "runs",
    )


def whole_run(portfolio: Portfolio, as_of: date) -> WholeRun:
    assert check(portfolio, as_of).refusals == ()
    return WholeRun(portfolio, train(portfolio, as_of), nightly(portfolio, as_of))


def auc_over_debtors(outcome: pd.Series, score: pd.Series, debtor_id: pd.Series) -> Estimate:
    """Return the AUC with a 95% interval over debtors."""
    codes, _ = pd.factorize(debtor_id)
    point, drawn = bootstrap(
        lambda weight: np.array([roc_auc_score(outcome, score, sample_weight=weight)]), codes, draws=200
    )
    return percentile_estimate(point[0], drawn[:, 0])
