from datetime import date

import numpy as np
import pytest

from duewise.features.outcomes import harms, is_mature, outcomes, prior_outcomes
from small_tables import small_tables

AS_OF = date(2024, 4, 1)
LONG_AFTER = date(2025, 1, 1)


def labels(horizons=(30,), repay_share=0.1, data_end=LONG_AFTER, delay=0, **texts):
    got = outcomes(small_tables(**texts), [AS_OF], horizons, repay_share, data_end, delay)
    return got.set_index("debtor_id")


def test_money_counts_from_the_date_to_the_last_instant_of_the_horizon():
    got = labels(
        payments="""
        debtor_id | at                         | amount
        D1        | 2024-03-31 23:59:59        | 1
        D1        | 2024-04-01 00:00:00        | 10
        D1        | 2024-04-30 23:59:59.999999 | 100
        D1        | 2024-05-01 00:00:00        | 500
        """
    ).loc["D1"]
    assert got["recovered_30d"] == 110
    assert got["balance"] == 999
    assert got["share_30d"] == pytest.approx(110 / 999)


def test_outcomes_count_when_money_moved_not_when_it_was_booked():
    got = labels(payments="debtor_id | at | amount | recorded_at\nD1 | 2024-04-10 | 200 | 2024-06-10")
    assert got.loc["D1", "recovered_30d"] == 200


@pytest.mark.parametrize(
    ("paid", "reversed_", "recovered"), [(5000, 0, 1000), (100, 60, 40), (0, 60, 0), (0, 0, 0)]
)
def test_recovery_lies_between_nothing_and_what_was_owed(paid, reversed_, recovered):
    got = labels(
        payments=f"""
        debtor_id | at         | amount      | kind
        D1        | 2024-04-10 | {paid}      | payment
        D1        | 2024-04-12 | {reversed_} | reversal
        """
    )
    assert got.loc["D1", "recovered_30d"] == recovered


def test_repaid_is_at_least_the_share_even_where_the_division_is_a_hair_below():
    got = labels(
        accounts="account_id | debtor_id | placed_balance\nAD1 | D1 | 29.1\nAD2 | D2 | 29.1",
        payments="debtor_id | at | amount\nD1 | 2024-04-10 | 2.91\nD2 | 2024-04-10 | 2.90",
    )
    assert got["repaid_30d"].tolist() == [1, 0]


def test_labels_are_missing_until_the_whole_horizon_and_the_posting_delay_have_passed():
    paid = "debtor_id | at | amount\nD1 | 2024-04-02 | 500"
    held = labels((30, 90), data_end=date(2024, 5, 7), delay=7, payments=paid).loc["D1"]
    assert not held["mature_30d"]
    assert np.isnan(held[["recovered_30d", "share_30d", "repaid_30d"]].astype(float)).all()
    ripe = labels((30, 90), data_end=date(2024, 5, 8), delay=7, payments=paid).loc["D1"]
    assert (ripe["repaid_30d"], ripe["mature_30d"], ripe["mature_90d"]) == (1, True, False)


def test_payments_on_accounts_placed_later_are_no_recovery_of_this_date():
    got = labels(
        accounts="account_id | debtor_id | placed_on\nA1 | D1 | 2024-01-10\nA2 | D1 | 2024-04-05",
        payments="account_id | at | amount\nA2 | 2024-04-10 | 200",
    )
    assert got.loc["D1", "recovered_30d"] == 0


def test_prior_money_lies_before_the_date():
    got = prior_outcomes(
        small_tables(
            payments="""
            debtor_id | at                  | amount
            D1        | 2024-03-02 00:00:00 | 100
            D1        | 2024-03-01 23:59:59 | 50
            D1        | 2024-04-01 00:00:00 | 25
            """
        ),
        [AS_OF],
        [30],
    ).iloc[0]
    assert got["prior_recovered_30d"] == 100
    assert got["prior_share_30d"] == pytest.approx(100 / (100 + 850))


def test_harm_is_a_complaint_an_opt_out_or_a_dispute_within_the_days():
    tables = small_tables(
        contacts="""
        debtor_id | at                  | outcome
        D1        | 2024-04-01 00:00:00 | complaint
        D2        | 2024-05-01 00:00:00 | dispute
        D3        | 2024-04-20 00:00:00 | refusal
        """
    )
    got = harms(tables, [AS_OF], LONG_AFTER).set_index("debtor_id")["harmed"]
    assert got.to_dict() == {"D1": 1, "D2": 0, "D3": 0}
    assert harms(tables, [AS_OF], date(2024, 4, 30))["harmed"].isna().all()


def test_maturity_is_reached_on_the_day_itself():
    assert is_mature(AS_OF, 30, date(2024, 5, 8), 7)
    assert not is_mature(AS_OF, 30, date(2024, 5, 7), 7)
