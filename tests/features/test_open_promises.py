from datetime import date

from duewise.features.open_promises import due_next, open_promises, past_promises
from duewise.features.promise_ledger import Grace
from duewise.features.settings import FeatureSettings
from small_tables import small_tables

T = date(2024, 4, 10)
END = date(2024, 6, 1)

PROMISE = """
    debtor_id | contact_id | at               | channel | outcome | promise_amount | promise_due_on | attitude
    D         | C1         | 2024-04-08 10:00 | call    | promise | 400            | 2024-04-15     | neutral
"""


def open_at(as_of=T, contacts=PROMISE, **more):
    return open_promises(small_tables(contacts=contacts, **more), [as_of], FeatureSettings())


def past(contacts=PROMISE, delay_days=7, most_promises=100, **more):
    return past_promises(
        small_tables(contacts=contacts, **more), END, 60, delay_days, FeatureSettings(), most_promises
    )


def test_an_open_promise_is_measured_against_debt_and_means():
    got = open_at(
        debtors="debtor_id | monthly_income\nD | 800",
        payments="debtor_id | at | amount\nD | 2024-04-09 10:00 | 100",
    ).iloc[0]
    assert got["balance"] == 900
    assert got["remaining"] == 300
    assert got["paid_share"] == 0.25
    assert got["amount_to_income"] == 0.5
    assert (got["days_to_due"], got["term_days"], got["attitude"]) == (5, 7, "neutral")


def test_a_promise_is_open_until_the_money_is_known_to_be_in():
    paid = "debtor_id | at | amount | recorded_at\nD | 2024-04-09 10:00 | 400 | 2024-04-12 00:00"
    assert len(open_at(payments=paid)) == 1
    assert open_at(as_of=date(2024, 4, 13), payments=paid).empty
    assert open_at(as_of=date(2024, 4, 20)).empty  # broken


def test_what_became_of_it_is_known_when_all_money_had_time_to_be_booked():
    kept = past(payments="debtor_id | at | amount\nD | 2024-04-16 10:00 | 400")
    assert set(kept["kept"]) == {1.0}
    assert set(kept["came_share"]) == {1.0}
    broken = past(payments="debtor_id | at | amount\nD | 2024-04-16 10:00 | 100")
    assert set(broken["kept"]) == {0.0}
    assert broken["came_share"].tolist() == [0.25, 0.0]  # on the second date the money is in already
    # Due on 15 April: two days of grace and 45 of posting end on 1 June, not before it.
    assert past(delay_days=45).empty
    assert not past(delay_days=44).empty


def test_the_grace_of_the_portfolio_decides_what_is_open_and_what_was_kept():
    late = (
        "debtor_id | at | amount | method\nD | 2024-03-01 10:00 | 5 | card\nD | 2024-04-21 10:00 | 400 | cash"
    )
    assert set(past(payments=late)["kept"]) == {0.0}
    for grace in (Grace(8), Grace(2, {"cash": 8})):
        settings = FeatureSettings(grace=grace)
        tables = small_tables(contacts=PROMISE, payments=late)
        assert set(past_promises(tables, END, 60, 7, settings, 100)["kept"]) == {1.0}
        # Due on 15 April: eight days of grace and 39 of posting end on 1 June, not before it.
        assert past_promises(tables, END, 60, 39, settings, 100).empty
        assert not past_promises(tables, END, 60, 38, settings, 100).empty
    patient = FeatureSettings(grace=Grace(8))
    assert len(open_promises(small_tables(contacts=PROMISE), [date(2024, 4, 20)], patient)) == 1


def test_no_outcome_shows_in_what_was_known_before():
    before, after = past(), past(payments="debtor_id | at | amount\nD | 2024-04-16 10:00 | 400")
    known = before.columns.drop(["kept", "came_share"])
    assert before[known].iloc[[0]].equals(after[known])


def test_the_debtors_own_ratio_counts_promises_that_came_due():
    got = open_at(
        contacts="""
        debtor_id | contact_id | at               | outcome | promise_amount | promise_due_on
        D         | C1         | 2024-02-01 10:00 | promise | 100            | 2024-02-05
        D         | C2         | 2024-03-01 10:00 | promise | 100            | 2024-03-05
        D         | C3         | 2024-04-08 10:00 | promise | 100            | 2024-04-20
        D         | C4         | 2024-04-09 10:00 | promise |                | 2024-04-12
        """,
        payments="debtor_id | at | amount\nD | 2024-02-04 10:00 | 100",
    )
    assert got["contact_id"].tolist() == ["C4", "C3"]
    assert got["promises_due"].tolist() == [2, 2]
    assert got["promises_kept"].tolist() == [1, 1]
    assert got["remaining"].isna().tolist() == [True, False]
    assert due_next(got)["contact_id"].tolist() == ["C4"]


def test_income_that_is_protected_is_not_read():
    tables = small_tables(contacts=PROMISE, debtors="debtor_id | monthly_income\nD | 800")
    got = open_promises(tables, [T], FeatureSettings(protected=("monthly_income",)))
    assert got["amount_to_income"].isna().all()


def test_beyond_the_limit_only_some_debtors_are_looked_at():
    rows = "\n".join(f"D{i} | 2024-04-08 10:00 | promise | 100 | 2024-04-15" for i in range(100))
    many = f"debtor_id | at | outcome | promise_amount | promise_due_on\n{rows}"
    assert past(contacts=many)["debtor_id"].nunique() == 100
    assert 10 < past(contacts=many, most_promises=40)["debtor_id"].nunique() < 70
