"""Payments as an agency exported them: dirt is kept out row by row, the rest foretells the next payment."""

from datetime import date

import pytest
from agency_payments import write_tables
from real_data import REAL_DATA, ROOT, auc_over_debtors, needs_real_data, real_portfolio, whole_run
from typer.testing import CliRunner

from duewise.cli import app
from duewise.contracts.vocabulary import Table
from duewise.features.outcomes import outcomes
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from duewise.models.registry import load_champion
from duewise.pipelines.check import check
from duewise.sources.open import open_tables

pytestmark = needs_real_data

CLAIMS = REAL_DATA / "agency_payments" / "claim.csv"
END_OF_2022, END_OF_BOOKS = date(2023, 1, 1), date(2024, 8, 1)
REFERENCE_AUC = (0.860, 0.888)  # LightGBM on count, recency and amounts, all debts
RECENT_DAYS = 180

DIRT = {"null_required": 21, "exact_duplicate": 14, "event_in_future": 1}
"""Of the sixteen repeated rows two have no amount and are kept out for that."""

UNUSUAL = ("283395", date(2002, 2, 28))
"""Eighteen years before all others, yet not impossible: history, which the balance does not count."""


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agency")
    write_tables(CLAIMS, folder / "data")
    return folder


def test_exactly_the_dirty_rows_are_kept_out(everything):
    portfolio = real_portfolio("agency_payments", everything)
    payments = check(portfolio, END_OF_BOOKS).tables[Table.PAYMENTS]
    assert payments.reasons == DIRT
    assert payments.quarantined == sum(DIRT.values())
    assert payments.accepted + payments.quarantined == payments.read == 33_370


def test_check_finds_the_dirt_bearable(everything):
    file = ROOT / "pipelines" / "agency_payments.yaml"
    arguments = [str(file), "--as-of", END_OF_BOOKS.isoformat(), "--data", str(everything / "data")]
    result = CliRunner().invoke(app, ["check", *arguments])
    assert result.exit_code == 0, result.output


def test_a_payment_of_long_ago_is_history_and_not_balance(everything):
    debt, paid_on = UNUSUAL
    portfolio = real_portfolio("agency_payments", everything)
    with open_tables(portfolio, END_OF_BOOKS) as opened:
        rows = snapshots(opened.tables, [END_OF_BOOKS], FeatureSettings.of(portfolio))
    row = rows.set_index("debtor_id").loc[debt]
    assert (row["balance"], row["n_payments_ever"]) == (10_000 - 120, 2)
    assert row["days_since_first_payment"] >= (END_OF_BOOKS - paid_on).days


@pytest.mark.slow
def test_the_payment_history_tells_who_pays_again(tmp_path, capsys):
    write_tables(CLAIMS, tmp_path / "data", one_debt_in=4)
    portfolio = real_portfolio("agency_payments", tmp_path)
    run = whole_run(portfolio, END_OF_2022)
    months = [date(2023, month, 1) for month in range(1, 13)]
    with open_tables(portfolio, END_OF_BOOKS) as opened:
        features = snapshots(opened.tables, months, FeatureSettings.of(portfolio))
        share = portfolio.training.repay_share
        labels = outcomes(opened.tables, months, portfolio.horizons, share, END_OF_BOOKS)
    recent = (features["days_since_last_payment"] <= RECENT_DAYS).to_numpy()
    features, pays_again = features[recent], labels["repaid_30d"][recent]
    champion = load_champion(portfolio.models.store, portfolio.registered_name)
    forecast = champion.score(features)["p_repay_30d"]
    ours = auc_over_debtors(pays_again, forecast.to_numpy(), features["debtor_id"])
    recency = auc_over_debtors(pays_again, -features["days_since_last_payment"], features["debtor_id"])
    with capsys.disabled():
        print(f"\nagency_payments, {recent.sum()} debt-months of 2023, pays within 30 days: AUC {ours}")
        print(f"  recency alone {recency}; reference 0.875 {list(REFERENCE_AUC)}, recency alone 0.753")
    assert ours.high >= REFERENCE_AUC[0]
    assert ours.low > recency.high
    assert "contacts" in run.warnings
