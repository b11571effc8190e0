"""A small sample portfolio with its models, and how to decide a night of it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from command import Finished, duewise
from duewise.pipelines import channel_training, learning_data

AS_OF = date(2026, 6, 1)
DEBTORS, MONTHS = 600, 10

PORTFOLIO = {
    "portfolio": {"name": "tiny", "language": "en"},
    "horizons": [14, 30],
    "actions": {
        "sms": {"cost": 0.05, "capacity": 40},
        "ai_call": {"cost": 0.4, "uses": {"line_minutes": 2}},
        "call": {"cost": 4.0, "uses": {"agent_minutes": 6}},
        "letter": {"cost": 3.0, "capacity": 15},
        "visit": {"cost": 60.0, "uses": {"visit_slots": 1}},
        "legal_letter": {"cost": 25.0, "capacity": 10},
    },
    "resources": {
        "line_minutes": {"limit": 50},
        "agent_minutes": {"limit": 120},
        "visit_slots": {"limit": 1, "per": "region"},
    },
    "rules": ["cn"],
    "training": {"history_days": 60, "posting_delay_days": 3},
}


@dataclass(frozen=True)
class TinyPortfolio:
    """Tables, portfolio file and trained models of a small sample."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "portfolio.yaml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.data / f"{name}.parquet")

    def nightly(self, runs: Path, *options: str | Path, as_of: date = AS_OF) -> Finished:
        return duewise("nightly", self.file, "--as-of", as_of.isoformat(), "--out", runs, *options)


def make(portfolio: TinyPortfolio) -> None:
    portfolio.folder.mkdir(exist_ok=True)
    settings = {
        **PORTFOLIO,
        "sources": {"path": str(portfolio.data)},
        "models": {"store": str(portfolio.folder / "mlflow")},
        "publish": {"runs": str(portfolio.folder / "runs")},
    }
    portfolio.file.write_text(yaml.safe_dump(settings))
    as_of = AS_OF.isoformat()
    size = ("--debtors", str(DEBTORS), "--months", str(MONTHS))
    made = duewise("sample", portfolio.file, "--as-of", as_of, *size)
    assert made.code == 0, made.stderr
    with pytest.MonkeyPatch.context() as patch:
        # Effects take nine tenths of a training. Without them a night ranks by the ladder of stages and
        # plans as much as it can, which is what these tests want to see.
        patch.setattr(learning_data, "MOST_DAYS", 1)
        patch.setattr(channel_training, "FEWEST_ACTED", 1_000_000)
        trained = duewise("train", portfolio.file, "--as-of", as_of)
    assert trained.code == 0, trained.stderr
    (portfolio.folder / "complete").touch()
