from dataclasses import replace
from datetime import date

import pytest

from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from prepared_features import AS_OF, features_at
from small_tables import small_tables


def features(timezone="UTC", **texts):
    """Return the features of small text tables at 2024-04-01, by debtor id."""
    return features_at(AS_OF, timezone)(**texts)


def test_the_balance_adds_charges_and_reversals_and_takes_payments_and_waivers():
    got = features(
        payments="""
        debtor_id | at               | amount | kind
        D1        | 2024-02-01 10:00 | 300    | payment
        D1        | 2024-02-03 10:00 | 100    | reversal
        D1        | 2024-02-10 10:00 | 50     | charge
        D1        | 2024-03-01 10:00 | 20.5   | waiver
        """
    )
    assert got.loc["D1", "balance"] == 829.5


def test_a_payment_at_the_very_date_is_not_known_yet():
    got = features(
        payments="""
        debtor_id | at                  | amount
        D1        | 2024-03-31 23:59:59 | 100
        D1        | 2024-04-01 00:00:00 | 200
        """
    )
    assert got.loc["D1", "balance"] == 900
    assert got.loc["D1", "paid_30d"] == 100


def test_a_payment_that_reached_the_books_later_is_not_known_yet():
    got = features(
        payments="""
        debtor_id | at               | amount | recorded_at
        D1        | 2024-03-20 10:00 | 100    | 2024-03-22 00:00
        D1        | 2024-03-30 10:00 | 200    | 2024-04-01 00:00
        """
    )
    assert got.loc["D1", "balance"] == 900


def test_a_window_holds_its_oldest_instant_and_nothing_older():
    got = features(
        payments="""
        debtor_id | at                         | amount
        D1        | 2024-03-02 00:00:00        | 1
        D1        | 2024-03-01 23:59:59.999999 | 10
        """
    )
    assert got.loc["D1", "paid_30d"] == 1
    assert got.loc["D1", "paid_90d"] == 11


@pytest.mark.parametrize(
    ("account", "in_scope"),
    [
        ("A | D | 2024-03-31 | 100 |           ", True),
        ("A | D | 2024-04-01 | 100 |           ", False),
        ("A | D | 2024-03-01 | 100 | 2024-03-31", False),
        ("A | D | 2024-03-01 | 100 | 2024-04-01", True),
        ("A | D | 2024-03-01 | 0.004 |         ", False),
    ],
    ids=["placed before", "placed today", "closed before", "closed today", "less than half a cent"],
)
def test_scope_is_placed_before_not_closed_before_and_owing(account, in_scope):
    header = "account_id | debtor_id | placed_on | placed_balance | closed_on\n"
    assert ("D" in features(accounts=header + account).index) is in_scope


def test_accounts_add_up_and_the_largest_speaks_for_the_debtor():
    got = features(
        accounts="""
        account_id | debtor_id | product  | past_due_since | placed_on  | placed_balance
        A1         | D         | telecom  | 2024-03-01     | 2024-03-05 | 100
        A2         | D         | lease    | 2024-02-01     | 2024-03-05 | 900
        """
    ).loc["D"]
    assert (got["balance"], got["n_accounts"], got["dpd"]) == (1000, 2, 60)
    assert (got["product"], got["bucket"], got["n_products"]) == ("lease", "31-60", 2)
    assert got["dpd_weighted"] == pytest.approx(0.1 * 31 + 0.9 * 60)


def test_the_smaller_account_id_wins_between_equal_balances():
    got = features(
        accounts="""
        account_id | debtor_id | product  | past_due_since | placed_on  | placed_balance
        A2         | D         | telecom  | 2024-03-01     | 2024-03-05 | 100
        A1         | D         | lease    | 2024-02-01     | 2024-03-05 | 100
        """
    )
    assert got.loc["D", "product"] == "lease"


def test_only_the_right_party_counts_as_reached():
    got = features(
        contacts="""
        debtor_id | at               | channel | outcome
        D1        | 2024-03-20 10:00 | call    | right_party
        D1        | 2024-03-21 10:00 | call    | no_answer
        D1        | 2024-03-22 10:00 | sms     | delivered
        D1        | 2024-04-01 00:00 | call    | right_party
        """
    ).loc["D1"]
    assert got["rpc_rate_90d"] == 0.5
    assert got["call_attempts_30d"] == 2
    assert (got["last_outcome"], got["last_channel"]) == ("delivered", "sms")


def test_a_debtor_without_events_has_counts_of_zero_and_no_recency():
    got = features(debtors="debtor_id\nD1", payments="debtor_id | at | amount\nD2 | 2024-03-01 | 1").loc["D1"]
    assert (got["n_payments_365d"], got["attempts_365d"], got["paid_90d"]) == (0, 0, 0)
    assert got[["days_since_last_payment", "days_since_last_contact", "last_promise"]].isna().all()


def test_hours_are_read_on_the_clock_of_the_portfolio():
    contacts = """
        debtor_id | at               | channel | outcome
        D1        | 2024-03-20 10:30 | call    | right_party
    """
    assert features(contacts=contacts).loc["D1", "answered_morning_share_365d"] == 1
    in_shanghai = features(contacts=contacts, timezone="Asia/Shanghai").loc["D1"]
    assert in_shanghai["answered_evening_share_365d"] == 1


def test_the_usual_payday_survives_the_turn_of_the_month():
    got = features(
        payments="""
        debtor_id | at               | amount
        D1        | 2024-01-31 10:00 | 10
        D1        | 2024-03-01 10:00 | 10
        D1        | 2024-03-31 10:00 | 10
        """
    ).loc["D1"]
    assert got["payday_regularity"] > 0.98
    assert got["days_to_usual_payday"] < 1 or got["days_to_usual_payday"] > 29


def test_months_with_a_payment_are_counted_once_and_runs_end_at_the_first_gap():
    got = features(
        payments="""
        debtor_id | at               | amount
        D1        | 2024-03-30 10:00 | 10
        D1        | 2024-03-20 10:00 | 10
        D1        | 2024-02-20 10:00 | 10
        D1        | 2023-12-10 10:00 | 10
        """
    ).loc["D1"]
    assert (got["months_paid_6m"], got["months_paid_in_a_row"]) == (3, 2)


def test_the_last_payment_is_the_newest_and_the_largest_of_its_day():
    got = features(
        payments="""
        debtor_id | at               | amount
        D1        | 2024-03-20 12:00 | 10.5
        D1        | 2024-03-20 10:00 | 20
        D1        | 2024-03-01 10:00 | 70
        """
    ).loc["D1"]
    assert (got["last_payment_amount"], got["days_since_last_payment"]) == (20, 12)


def test_payments_on_closed_accounts_are_behaviour_and_not_balance():
    got = features(
        accounts="""
        account_id | debtor_id | placed_on  | placed_balance | closed_on  | close_reason
        A1         | D         | 2024-01-01 | 100            | 2024-02-01 | paid
        A2         | D         | 2024-03-01 | 500            |            |
        """,
        payments="account_id | at | amount\nA1 | 2024-01-20 | 100",
    ).loc["D"]
    assert (got["balance"], got["paid_90d"], got["n_accounts_paid_off"]) == (500, 100, 1)


@pytest.mark.parametrize(
    ("at", "timezone", "balance"),
    [
        ("2024-01-09 23:59", "UTC", 1000),
        ("2024-01-10 00:00", "UTC", 900),
        ("2024-01-09 15:59", "Asia/Shanghai", 1000),
        ("2024-01-09 16:00", "Asia/Shanghai", 900),
        ("2024-01-10 00:00", "America/New_York", 900),
    ],
    ids=["the day before", "midnight", "before local midnight", "local midnight", "UTC midnight comes first"],
)
def test_the_placed_balance_already_holds_what_was_booked_before_placement(at, timezone, balance):
    tables = small_tables(payments=f"debtor_id | at | amount\nD1 | {at} | 100")
    tables = replace(tables, timezone=timezone)
    got = snapshots(tables, [AS_OF], FeatureSettings(timezone=timezone)).set_index("debtor_id").loc["D1"]
    assert (got["balance"], got["paid_90d"]) == (balance, 100)


def test_how_late_earlier_accounts_closed_is_known_the_day_after():
    accounts = """
        account_id | debtor_id | past_due_since | placed_on  | placed_balance | closed_on
        A1         | D         | 2024-01-20     | 2024-01-01 | 100            | 2024-01-10
        A2         | D         | 2024-01-20     | 2024-01-01 | 100            | 2024-02-09
        A3         | D         | 2024-01-20     | 2024-01-01 | 100            | 2024-01-20
        A4         | D         | 2024-01-20     | 2024-01-01 | 100            | 2024-04-01
    """
    got = features(accounts=accounts).loc["D"]
    assert got["closed_late_share"] == pytest.approx(1 / 3)
    assert got["days_overdue_at_closing"] == pytest.approx((-10 + 20 + 0) / 3)
    none_closed = features(debtors="debtor_id\nD1").loc["D1"]
    assert none_closed[["closed_late_share", "days_overdue_at_closing"]].isna().all()


def test_only_the_named_flags_are_counted_while_they_stand():
    got = features(
        flags="""
        debtor_id | flag             | starts_at  | ends_at
        D1        | notice:demand    | 2024-03-02 |
        D1        | evidence:contract| 2024-03-02 | 2024-03-20
        D1        | vulnerable       | 2024-03-02 |
        """
    ).loc["D1"]
    assert (got["notices_served"], got["days_since_notice"], got["evidence_items"]) == (1, 30, 0)


def test_rows_come_by_date_and_debtor_id_whatever_the_order_asked_for():
    tables = small_tables(debtors="debtor_id\nD2\nD10\nD1")
    got = snapshots(tables, [AS_OF, date(2024, 3, 1), AS_OF], FeatureSettings())
    assert got["debtor_id"].tolist() == ["D1", "D10", "D2"] * 2
    assert got["as_of"].is_monotonic_increasing


def test_a_sample_keeps_whole_debtors_and_their_features():
    rows = [{"debtor_id": f"D{i}", "at": "2024-03-01", "amount": f"{i + 1}"} for i in range(40)]
    tables = small_tables(payments=rows)
    dates = [date(2024, 3, 15), AS_OF]
    everybody = snapshots(tables, dates, FeatureSettings())
    some = snapshots(tables, dates, FeatureSettings(), sample=0.5)
    kept = set(some["debtor_id"])
    assert 8 <= len(kept) <= 32
    assert len(some) == 2 * len(kept)
    expected = everybody[everybody["debtor_id"].isin(kept)].reset_index(drop=True)
    assert some.astype("object").equals(expected.astype("object"))
