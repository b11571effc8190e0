from datetime import date

import pytest

from duewise.features.promise_ledger import promises
from small_tables import small_tables

PROMISE = """
    debtor_id | at               | outcome | promise_amount | promise_due_on
    D1        | 2024-03-10 15:00 | promise | 100            | 2024-03-20
"""
PAID = "debtor_id | at | amount | kind\n"


def ledger(as_of=date(2024, 4, 1), contacts=PROMISE, timezone="UTC", **texts):
    rows = promises(small_tables(contacts=contacts, **texts), as_of, timezone)
    return rows.order_by("at").to_pyarrow().to_pandas()


@pytest.mark.parametrize(
    ("payments", "status"),
    [
        ("D1 | 2024-03-15 | 100 | payment", "kept"),
        ("D1 | 2024-03-15 | 90 | payment", "kept"),
        ("D1 | 2024-03-15 | 89 | payment", "broken"),
        ("D1 | 2024-03-12 | 50 | payment\nD1 | 2024-03-19 | 50 | payment", "kept"),
        ("D1 | 2024-03-10 | 100 | payment", "kept"),
        ("D1 | 2024-03-09 | 100 | payment", "broken"),
        ("D1 | 2024-03-22 23:59 | 100 | payment", "kept"),
        ("D1 | 2024-03-23 | 100 | payment", "broken"),
        ("D1 | 2024-03-15 | 100 | payment\nD1 | 2024-03-18 | 100 | reversal", "broken"),
        ("D1 | 2024-03-15 | 100 | waiver", "broken"),
    ],
    ids=[
        "in full",
        "rounding forgiven",
        "too little",
        "in parts",
        "the same day, before the hour of the promise",
        "the day before",
        "within the grace",
        "after the grace",
        "bounced",
        "waived",
    ],
)
def test_money_within_the_term_keeps_a_promise_and_nothing_else(payments, status):
    assert ledger(payments=PAID + payments)["status"].tolist() == [status]


def test_a_part_payment_leaves_the_promise_open_until_the_grace_is_over():
    part = PAID + "D1 | 2024-03-15 | 50 | payment"
    assert ledger(date(2024, 3, 22), payments=part)["status"].tolist() == ["open"]
    assert ledger(date(2024, 3, 23), payments=part)["status"].tolist() == ["broken"]


def test_a_payment_that_is_not_in_the_books_yet_has_not_kept_anything():
    late = "debtor_id | at | amount | recorded_at\nD1 | 2024-03-15 | 100 | 2024-04-02"
    assert ledger(payments=late)["status"].tolist() == ["broken"]
    assert ledger(date(2024, 4, 3), payments=late)["status"].tolist() == ["kept"]


def test_a_promise_without_a_date_is_due_in_a_week_and_without_an_amount_any_payment_keeps_it():
    bare = "debtor_id | at | outcome\nD1 | 2024-03-10 15:00 | promise"
    got = ledger(contacts=bare, payments=PAID + "D1 | 2024-03-18 | 1 | payment")
    assert got["due_on"].tolist() == [date(2024, 3, 17)]
    assert got["status"].tolist() == ["kept"]


def test_a_promise_on_one_account_is_not_kept_by_paying_another():
    accounts = "account_id | debtor_id\nA1 | D1\nA2 | D1"
    named = "debtor_id | at | outcome | promise_amount | promise_due_on | account_id\n"
    contacts = named + "D1 | 2024-03-10 | promise | 100 | 2024-03-20 | A1\n"
    paid = "account_id | at | amount\nA2 | 2024-03-15 | 100"
    assert ledger(contacts=contacts, accounts=accounts, payments=paid)["status"].tolist() == ["broken"]
    on_any = contacts.replace("| A1", "|")
    assert ledger(contacts=on_any, accounts=accounts, payments=paid)["status"].tolist() == ["kept"]


def test_days_are_local_days():
    late_evening = PAID + "D1 | 2024-03-22 18:00 | 100 | payment"  # the 23rd in Shanghai
    assert ledger(payments=late_evening)["status"].tolist() == ["kept"]
    assert ledger(payments=late_evening, timezone="Asia/Shanghai")["status"].tolist() == ["broken"]


def test_a_contact_with_a_promised_amount_is_a_promise_whatever_its_outcome():
    contacts = "debtor_id | at | outcome | promise_amount\nD1 | 2024-03-10 | right_party | 50"
    assert ledger(contacts=contacts)["amount"].tolist() == [50]
