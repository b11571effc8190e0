"""Payments on their way: made before the decision, unknown until its day is over."""

from datetime import date

from duewise.features.unposted import unposted_payments
from small_tables import small_tables

AS_OF = date(2024, 4, 1)


def on_their_way(payments: str) -> dict[str, float]:
    got = unposted_payments(small_tables(payments=payments), [AS_OF])
    return dict(zip(got["debtor_id"], got["unposted"], strict=True))


def test_a_payment_is_on_its_way_until_the_day_after_the_decision_begins():
    got = on_their_way(
        """
        debtor_id | at                  | amount | recorded_at
        D1        | 2024-03-31 23:59:59 | 10     | 2024-04-02 00:00:00
        D2        | 2024-03-31 23:59:59 | 10     | 2024-04-01 23:59:59
        """
    )
    assert got == {"D1": 1.0, "D2": 0.0}


def test_what_was_paid_after_the_decision_or_lies_far_back_is_no_placebo():
    got = on_their_way(
        """
        debtor_id | at                  | amount | recorded_at
        D1        | 2024-04-01 00:00:00 | 10     | 2024-04-05 00:00:00
        D2        | 2024-03-01 23:59:59 | 10     | 2024-04-05 00:00:00
        """
    )
    assert got == {"D1": 0.0, "D2": 0.0}


def test_books_that_know_payments_at_once_have_none_on_their_way():
    assert set(on_their_way("debtor_id | at | amount\nD1 | 2024-03-31 | 10").values()) == {0.0}
