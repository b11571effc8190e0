from datetime import date

import pytest

from duewise.config import parse_portfolio
from duewise.errors import DataError
from duewise.models.encoding import Encoding
from duewise.pipelines.history import build_history, plan_nights, rows_of_horizon
from small_tables import small_tables

AS_OF = date(2024, 6, 1)


def portfolio(**training):
    return parse_portfolio(
        {
            "portfolio": {"name": "p"},
            "sources": {"path": "unused"},
            "horizons": [30, 90],
            "training": {"snapshot_every_days": 14, "history_days": 120, "min_debtors": 2, **training},
        },
        origin="test",
    )


def tables(payments="P1 | AD0 | 2024-05-31 10:00 | 1\nP2 | AD0 | 2024-04-25 10:00 | 400", debtors=6):
    """Debtors of 1,000 each since January; D0 pays 400 on 25 April."""
    people = "\n".join(f"D{i}" for i in range(debtors))
    return small_tables(
        debtors=f"debtor_id\n{people}",
        payments=f"payment_id | account_id | at | amount\n{payments}",
    )


def test_a_night_teaches_a_horizon_only_when_it_and_the_posting_delay_have_passed():
    nights = plan_nights(tables(), portfolio(posting_delay_days=7), AS_OF)
    # Nights lie 14, 28, … days before 1 June; 37 days for the first horizon, 97 for the second.
    assert nights.mature[30][-1] == date(2024, 4, 20)
    assert nights.mature[90][-1] == date(2024, 2, 24)
    assert nights.used == nights.mature[30]


def test_debtor_nights_that_wait_for_their_outcome_are_counted():
    nights = plan_nights(tables(), portfolio(posting_delay_days=7), AS_OF)
    assert nights.censored(30) == 2 * 6
    assert nights.censored(90) == 6 * 6


def test_labels_are_what_came_in_after_the_night():
    planned = plan_nights(tables(), portfolio(), AS_OF)
    history = build_history(tables(), portfolio(), planned)
    rows = rows_of_horizon(history, Encoding.learn(history.features, history.catalogue), 30, seed=1)
    payer = history.labels.set_index(["debtor_id", "as_of"]).loc["D0"]
    assert rows.repaid.sum() == 2  # seen from 6 and 20 April; 23 March is 33 days before
    assert payer.loc["2024-04-20", "share_30d"] == pytest.approx(0.4)
    assert rows.money.max() == pytest.approx(400.0)


def test_only_so_many_rows_are_used_and_always_the_same_debtors():
    many = tables(debtors=400)
    asked = portfolio(max_rows=1_000)
    history = build_history(many, asked, plan_nights(many, asked, AS_OF))
    per_debtor = history.features.groupby("debtor_id").size()
    assert 0.2 < history.sample < 0.6
    assert len(history.features) <= 1_300  # the share is kept on average
    assert per_debtor.nunique() == 1
    assert (history.features["debtor_id"] == history.labels["debtor_id"]).all()


@pytest.mark.parametrize(
    ("payments", "training", "words"),
    [
        ("P1 | AD0 | 2024-07-01 10:00 | 1", {}, "payments: no row before 2024-06-01"),
        ("P1 | AD0 | 2024-01-20 10:00 | 1", {}, "Too little history"),
        ("P1 | AD0 | 2024-05-31 10:00 | 1", {"min_debtors": 200}, "Only 6 debtors"),
    ],
)
def test_history_that_cannot_teach_is_refused_in_a_sentence(payments, training, words):
    with pytest.raises(DataError, match=words):
        plan_nights(tables(payments), portfolio(**training), AS_OF)


def test_a_portfolio_in_which_nobody_repaid_is_refused():
    nobody = tables("P1 | AD0 | 2024-05-31 10:00 | 1")
    history = build_history(nobody, portfolio(), plan_nights(nobody, portfolio(), AS_OF))
    with pytest.raises(DataError, match="No positive outcome"):
        rows_of_horizon(history, Encoding.learn(history.features, history.catalogue), 30, seed=1)
