from datetime import date

from duewise.features.attempts import CONTEXT, RECORD, contact_records, past_attempts
from duewise.features.settings import FeatureSettings
from small_tables import small_tables

END = date(2024, 6, 1)


def attempts(contacts, delay_days=0, most_rows=1_000, settings=None, **more):
    tables = small_tables(contacts=contacts, **more)
    return past_attempts(tables, END, 365, delay_days, settings or FeatureSettings(), most_rows)


def test_the_record_of_an_attempt_holds_what_was_known_before_its_day():
    got = attempts("""
        debtor_id | at               | channel | outcome     | recorded_at
        D         | 2024-04-01 10:00 | call    | right_party | 2024-04-01 11:00
        D         | 2024-04-10 14:00 | call    | no_answer   | 2024-04-20 00:00
        D         | 2024-04-19 18:00 | visit   | no_answer   | 2024-04-19 20:00
        D         | 2024-04-20 09:00 | call    | no_answer   | 2024-04-20 09:00
        D         | 2024-04-20 12:00 | call    | right_party | 2024-04-20 12:00
    """)
    last = got.iloc[-1]
    assert (last["hour"], last["reached"], str(last["as_of"].date())) == (12, 1.0, "2024-04-20")
    # Not the call that reached the books on the day itself, nor the one made that morning.
    assert last["tried_call_morning"] == 1
    assert last["reached_call_morning"] == 1
    assert last["tried_call_afternoon"] == 0
    assert last["tried_visit_evening"] == 1
    assert last[list(RECORD)].sum() == 3


def test_hours_are_read_on_the_debtors_own_clock_across_a_clock_change():
    got = attempts(
        """
        debtor_id | at               | channel | outcome
        NY        | 2024-03-09 15:00 | call    | no_answer
        NY        | 2024-03-11 15:00 | call    | no_answer
        SH        | 2024-03-11 23:30 | call    | no_answer
        """,
        debtors="""
        debtor_id | timezone
        NY        | America/New_York
        SH        |
        """,
        settings=FeatureSettings(timezone="Asia/Shanghai"),
    ).set_index(["debtor_id", "as_of"])
    assert got.loc[("NY", "2024-03-09"), "hour"] == 10
    assert got.loc[("NY", "2024-03-11"), "hour"] == 11
    # 7:30 on Tuesday in Shanghai is still Monday by UTC: the decision cannot know of anything later.
    assert got.loc[("SH", "2024-03-11"), ["hour", "weekday"]].tolist() == [7, 1]


def test_using_a_right_leaves_no_trace():
    got = attempts("""
        debtor_id | at               | channel | outcome
        D         | 2024-04-01 10:00 | call    | dispute
        D         | 2024-04-02 10:00 | call    | complaint
        D         | 2024-04-03 10:00 | sms     | opt_out
        D         | 2024-04-09 10:00 | call    | hardship
    """)
    assert len(got) == 1
    assert got["reached"].item() == 1
    assert got[list(RECORD)].to_numpy().sum() == 0


def test_an_attempt_counts_when_its_outcome_tells():
    got = attempts("""
        debtor_id | at               | channel | outcome
        D1        | 2024-04-01 10:00 | call    | promise
        D2        | 2024-04-01 10:00 | ai_call | wrong_party
        D3        | 2024-04-01 10:00 | visit   | bounced
        D4        | 2024-04-01 10:00 | sms     | delivered
        D5        | 2024-04-01 10:00 | email   | clicked
        D6        | 2024-04-01 10:00 | call    | delivered
        D7        | 2024-04-01 10:00 | sms     | done
        D8        | 2024-04-01 10:00 | letter  | delivered
    """)
    assert got.set_index("debtor_id")["reached"].to_dict() == {"D1": 1, "D2": 0, "D3": 0, "D4": 0, "D5": 1}


def test_what_is_not_ours_or_too_late_to_be_complete_is_left_out():
    got = attempts(
        """
        debtor_id | at               | channel | outcome     | direction
        D         | 2024-05-20 10:00 | call    | right_party | inbound
        D         | 2024-05-24 10:00 | call    | no_answer   | outbound
        D         | 2024-05-26 10:00 | call    | no_answer   | outbound
        """,
        delay_days=7,
    )
    assert got["as_of"].dt.day.tolist() == [24]


def test_context_is_that_of_the_day_and_nothing_protected():
    contacts = """
        debtor_id | at               | channel | outcome
        D         | 2024-04-01 10:00 | call    | no_answer
    """
    people = "debtor_id | employment\nD | retired"
    seen = attempts(contacts, debtors=people).iloc[0]
    assert seen[list(CONTEXT)].tolist() == ["91-180", "credit_card", "retired"]
    settings = FeatureSettings(protected=("employment",))
    assert attempts(contacts, debtors=people, settings=settings)["employment"].item() == "unknown"


def test_tonights_record_is_the_record_of_an_attempt_tomorrow_morning():
    contacts = """
        debtor_id | at               | channel | outcome
        D         | 2024-04-01 10:00 | call    | right_party
        D         | 2024-04-03 16:00 | ai_call | no_answer
        D         | 2024-05-30 09:00 | call    | no_answer
    """
    tonight = contact_records(small_tables(contacts=contacts), date(2024, 5, 30), FeatureSettings())
    learned = attempts(contacts).iloc[[-1]]
    columns = ["debtor_id", "as_of", *CONTEXT, *RECORD]
    assert tonight[columns].iloc[0].tolist() == learned[columns].iloc[0].tolist()


def test_beyond_the_limit_whole_debtors_are_kept():
    rows = "\n".join(f"D{i} | 2024-04-0{day} 10:00" for i in range(200) for day in (1, 2, 3))
    got = attempts(f"debtor_id | at\n{rows}", most_rows=300)
    assert 200 < len(got) < 400
    assert got.groupby("debtor_id").size().eq(3).all()


def test_no_attempt_at_all_is_an_empty_frame():
    assert attempts([{"debtor_id": "D", "at": "2024-04-01", "channel": "letter", "outcome": "done"}]).empty
