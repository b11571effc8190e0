"""What is urgent by date: promises, callbacks, claims near their limitation."""

from datetime import date

import pytest

from duewise.features.promise_ledger import Grace
from duewise.policy.queues import urgent_dates
from small_tables import small_tables

PROMISE = """
    debtor_id | at                  | channel | outcome | promise_amount | promise_due_on
    D1        | 2026-06-01 02:00:00 | call    | promise | 100            | 2026-06-10
"""
BY_METHOD = Grace(days=2, by_method={"cheque": 5, "card": 0})


def urgent(as_of, grace=BY_METHOD, **texts):
    texts = {"debtors": "debtor_id\nD1", "contacts": PROMISE} | texts
    return urgent_dates(small_tables(**texts), as_of, "Asia/Shanghai", grace).to_pandas().iloc[0]


def paid(method, at="2026-05-01 02:00:00", amount=10):
    return f"account_id | at | amount | method\nAD1 | {at} | {amount} | {method}"


@pytest.mark.parametrize(
    ("method", "first_broken"),
    [("card", date(2026, 6, 11)), ("cheque", date(2026, 6, 16)), ("transfer", date(2026, 6, 13))],
)
def test_a_promise_is_broken_when_the_grace_of_the_debtors_way_of_paying_is_over(method, first_broken):
    the_day_before = date.fromordinal(first_broken.toordinal() - 1)
    assert not urgent(the_day_before, payments=paid(method))["promise_broken"]
    assert urgent(first_broken, payments=paid(method))["promise_broken"]


def test_without_a_known_way_of_paying_the_general_grace_holds():
    assert not urgent(date(2026, 6, 12))["promise_broken"]
    assert urgent(date(2026, 6, 13))["promise_broken"]


def test_the_latest_way_of_paying_counts_as_far_as_it_is_known():
    both = """
        account_id | at                  | amount | method | recorded_at
        AD1        | 2026-05-01 02:00:00 | 10     | card   | 2026-05-01 02:00:00
        AD1        | 2026-05-20 02:00:00 | 10     | cheque | 2026-06-12 02:00:00
    """
    assert urgent(date(2026, 6, 12), payments=both)["promise_broken"]
    assert not urgent(date(2026, 6, 13), payments=both)["promise_broken"]


def test_money_that_comes_within_the_grace_keeps_the_promise():
    late = paid("cheque", "2026-06-15 02:00:00", 100)
    assert not urgent(date(2026, 6, 17), payments=late)["promise_broken"]
    assert urgent(date(2026, 6, 17), Grace(days=2), payments=late)["promise_broken"]


def test_a_reminder_within_the_grace_leaves_the_promise_in_the_queue_once_it_is_broken():
    reminded = PROMISE + "D1 | 2026-06-12 02:00:00 | sms | delivered | |"
    assert urgent(date(2026, 6, 13), contacts=reminded)["promise_broken"]
    spoken = PROMISE + "D1 | 2026-06-13 02:00:00 | sms | delivered | |"
    assert not urgent(date(2026, 6, 14), contacts=spoken)["promise_broken"]


def test_a_promise_due_tonight_is_a_queue_of_its_own():
    assert urgent(date(2026, 6, 10))["promise_due"]
    assert not urgent(date(2026, 6, 11))["promise_due"]
