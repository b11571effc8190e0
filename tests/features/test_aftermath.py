"""What became of a decision: days on which something happened that keeps the next contact away."""

from datetime import date

import numpy as np

from duewise.features.aftermath import aftermath
from small_tables import small_tables

AS_OF = date(2024, 4, 1)


def after(**texts):
    return aftermath(small_tables(**texts), [AS_OF], decision_days=7).set_index("debtor_id")


def test_a_payment_counts_on_the_day_it_is_made_and_on_the_day_it_reaches_the_books():
    got = after(
        payments="""
        debtor_id | at                  | amount | recorded_at
        D1        | 2024-04-02 09:00:00 | 10     | 2024-04-05 02:00:00
        D2        | 2024-03-30 09:00:00 | 10     | 2024-04-03 02:00:00
        D3        | 2024-04-07 23:00:00 | 10     | 2024-04-08 00:00:00
        D4        | 2024-03-31 09:00:00 | 10     | 2024-03-31 23:00:00
        """
    )
    np.testing.assert_array_equal(got["paid_day"], [1, np.nan, 6, np.nan])
    np.testing.assert_array_equal(got["posted_day"], [4, 2, np.nan, np.nan])


def test_books_without_their_own_clock_know_payments_when_they_are_made():
    got = after(payments="debtor_id | at | amount\nD1 | 2024-04-02 09:00 | 10")
    assert got.loc["D1", ["paid_day", "posted_day"]].tolist() == [1, 1]


def test_promises_and_conversations_count_from_the_decision_to_the_end_of_its_period():
    got = after(
        contacts="""
        debtor_id | at                  | outcome
        D1        | 2024-04-01 00:00:00 | promise
        D2        | 2024-04-07 23:59:59 | right_party
        D3        | 2024-04-08 00:00:00 | promise
        """
    )
    np.testing.assert_array_equal(got["promised_day"], [0, np.nan, np.nan])
    np.testing.assert_array_equal(got["reached_day"], [0, 6, np.nan])
