"""Late card holders, fitted on 1 August 2005 and judged on 1 September, other debtors."""

from datetime import date
from pathlib import Path

import pytest
from taiwan_cards import write_tables

from duewise.config import load_portfolio
from duewise.pipelines.train import train

ROOT = Path(__file__).resolve().parents[2]
STATEMENTS = ROOT.parent / "shared" / "realdata" / "taiwan_cards" / "credit_card_clients.csv.gz"

pytestmark = pytest.mark.skipif(
    not STATEMENTS.exists(), reason="the folder of real data is not beside this checkout"
)

REFERENCE_AUC = (0.880, 0.908)  # LightGBM on the raw statement columns, 95% interval over rows
REFERENCE_BRIER = 0.110
REFERENCE_ROWS = {"2005-08-01": 2752, "2005-09-01": 2897}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("taiwan")
    write_tables(STATEMENTS, folder / "data")
    portfolio = load_portfolio(
        ROOT / "pipelines" / "taiwan_cards.yaml", [f"models.store={folder / 'mlflow'}"], data=folder / "data"
    )
    result = train(portfolio, date(2005, 10, 2))
    assert result.rows == {30: sum(REFERENCE_ROWS.values())}
    return result.judged[30]


def test_the_reference_interval_is_reached(judged, capsys):
    auc, brier = (judged.probability.figures["duewise"][name] for name in ("auc", "brier"))
    with capsys.disabled():
        print(f"\ntaiwan_cards, pays 5% within a month: AUC {auc}, reference 0.894 {list(REFERENCE_AUC)}")
        print(f"  Brier {brier}, reference {REFERENCE_BRIER}")
        print(f"  expected over paid money {judged.money['total_ratio']}, reference 1.02")
    assert judged.probability.rows == REFERENCE_ROWS["2005-09-01"]
    assert REFERENCE_AUC[0] <= auc.value
    assert brier.low <= REFERENCE_BRIER


def test_it_beats_both_baselines_and_totals_the_money(judged):
    for gains in judged.probability.gains.values():
        assert gains["auc"].low > 0.0
    assert judged.money["total_ratio"].value == pytest.approx(1.0, abs=0.1)
