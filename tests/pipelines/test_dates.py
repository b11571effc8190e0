import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duewise.pipelines.dates import end_of_books, past_nights, resolve_as_of
from small_tables import small_tables

AS_OF = date(2024, 6, 1)


def paid_on(*moments):
    rows = "\n".join(f"D1 | {moment} | 10" for moment in moments)
    return small_tables(payments=f"debtor_id | at | amount\n{rows}")


@pytest.mark.parametrize(
    ("newest", "end"),
    [
        ("2024-05-31 23:59:59", AS_OF),
        ("2024-05-29 10:00:00", AS_OF),  # three quiet days are allowed
        ("2024-05-27 10:00:00", date(2024, 5, 31)),
        ("2024-01-31 10:00:00", date(2024, 2, 4)),
    ],
)
def test_the_books_end_where_payments_stop_coming_in(newest, end):
    assert end_of_books(paid_on("2024-01-02 10:00", newest), AS_OF, max_staleness_days=3) == end


def test_payments_at_as_of_and_later_are_not_known():
    tables = paid_on("2024-03-01 10:00:00", "2024-06-01 00:00:00", "2024-06-02 00:00:00")
    assert end_of_books(tables, AS_OF, max_staleness_days=0) == date(2024, 3, 2)


def test_without_a_payment_there_are_no_books():
    assert end_of_books(small_tables(debtors="debtor_id\nD1"), AS_OF, max_staleness_days=3) is None


@given(st.integers(1, 60), st.integers(1, 800))
def test_past_nights_are_evenly_spaced_and_reach_as_far_back_as_asked(every, history):
    nights = past_nights(AS_OF, every, history)
    assert len(nights) == history // every
    assert all(AS_OF - timedelta(days=history) <= night < AS_OF for night in nights)
    assert {(b - a).days for a, b in itertools.pairwise(nights)} <= {every}


def test_without_as_of_the_night_is_today():
    assert abs((resolve_as_of(None) - date.today()).days) <= 1
    assert resolve_as_of(AS_OF) == AS_OF
