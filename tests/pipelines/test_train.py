from datetime import date

import numpy as np
import pytest

from duewise.config import parse_portfolio
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from duewise.models.registry import load_champion
from duewise.pipelines.train import train
from duewise.simulate.sample import write_sample
from duewise.sources.open import open_tables

AS_OF = date(2025, 6, 1)


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    write_sample(folder / "data", debtors=600, months=7, end=AS_OF)
    return parse_portfolio(
        {
            "portfolio": {"name": "small"},
            "sources": {"path": str(folder / "data")},
            "horizons": [30, 400],
            "training": {"history_days": 110},
            "models": {"store": str(folder / "mlflow")},
        },
        origin="test",
    )


@pytest.fixture(scope="module")
def result(portfolio):
    return train(portfolio, AS_OF)


def test_a_dry_run_says_what_would_be_learned_and_writes_nothing(portfolio):
    planned = train(portfolio, AS_OF, dry_run=True)
    assert planned.rows[30] > 1_000
    assert planned.registered is None
    assert not portfolio.models.store.exists()


def test_a_training_ends_with_a_champion(portfolio, result):
    assert result.registered.alias == "champion"
    champion = load_champion(portfolio.models.store, "small")
    assert champion.info.trained_as_of == "2025-06-01"
    assert champion.info.horizons == (30, 400)


def test_every_figure_has_an_interval_a_baseline_and_its_dates(result):
    judged = result.judged[30]
    assert list(judged.probability.figures) == ["duewise", "logistic_regression", "dpd_and_balance"]
    assert set(judged.probability.gains) == {"logistic_regression", "dpd_and_balance"}
    for figures in judged.probability.figures.values():
        assert all(estimate.low <= estimate.value <= estimate.high for estimate in figures.values())
    assert judged.censored > 0
    assert np.datetime64(AS_OF) - judged.roles.judge[-1] >= np.timedelta64(37, "D")


def test_a_horizon_longer_than_history_is_left_out_and_said(portfolio, result):
    assert list(result.judged) == [30]
    assert any("400" in warning for warning in result.warnings)
    with open_tables(portfolio, AS_OF) as opened:
        debtors = snapshots(opened.tables, [AS_OF], FeatureSettings.of(portfolio))
    scores = load_champion(portfolio.models.store, "small").score(debtors)
    assert scores["p_repay_30d"].between(0.0, 1.0).all()
    assert scores["p_repay_400d"].isna().all()


def test_the_run_keeps_card_catalogue_fingerprint_and_pictures(portfolio, result):
    kept = {path.name for path in (portfolio.models.store / "artifacts").rglob("*")}
    assert kept >= {
        "model_card.md",
        "feature_catalogue.json",
        "data_fingerprint.json",
        "calibration_30d.png",
        "gain_30d.png",
        "shap_30d.png",
    }


def test_no_debtor_can_be_told_from_the_store(portfolio, result):
    with open_tables(portfolio, AS_OF) as opened:
        ids = opened.tables.debtors.debtor_id.execute()
    texts = [
        path.read_text()
        for path in (portfolio.models.store / "artifacts").rglob("*")
        if path.suffix in (".json", ".md", ".csv", ".txt", ".yaml", "") and path.is_file()
    ]
    assert texts
    assert not [debtor for debtor in ids if any(debtor in text for text in texts)]
