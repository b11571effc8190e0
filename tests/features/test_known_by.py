"""What was known at an instant within a day."""

from datetime import date, datetime

from duewise.features.known_by import known_by
from duewise.features.point_in_time import known
from duewise.features.scope import accounts_in_scope
from small_tables import small_tables

NOON = datetime(2024, 6, 1, 12)


def ids(table, column):
    return sorted(table.execute()[column])


def test_the_instant_itself_is_out_and_so_is_what_reached_the_books_later():
    tables = small_tables(
        payments="""
        payment_id | account_id | at                  | recorded_at         | amount
        before     | AD1        | 2024-06-01 11:59:59 |                     | 1
        at_noon    | AD1        | 2024-06-01 12:00:00 |                     | 1
        late       | AD1        | 2024-06-01 09:00:00 | 2024-06-01 12:00:01 | 1
        """
    )
    ended, day = known_by(tables, NOON)
    assert day == date(2024, 6, 2)
    assert ids(known(ended.payments, day), "payment_id") == ["before"]


def test_what_is_paid_or_closed_today_is_out_of_scope_today():
    tables = small_tables(
        accounts="""
        account_id | debtor_id | placed_balance | closed_on
        A1         | D1        | 100            |
        A2         | D2        | 100            | 2024-06-01
        A3         | D3        | 100            | 2024-06-02
        """,
        payments="""
        payment_id | account_id | at                  | amount
        P1         | A1         | 2024-06-01 11:00:00 | 100
        """,
    )
    assert ids(accounts_in_scope(*known_by(tables, NOON)), "account_id") == ["A3"]
    assert ids(accounts_in_scope(tables, date(2024, 6, 1)), "account_id") == ["A1", "A2", "A3"]
