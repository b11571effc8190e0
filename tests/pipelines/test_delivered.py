from datetime import date

from duewise.pipelines.delivered import Delivered, delivered_by_action, delivered_by_queue
from duewise.publish.published_run import find_run
from published_night import NIGHT as RUN_NIGHT
from published_night import client_portfolio, publish_night
from small_tables import small_tables

NIGHT = date(2026, 6, 20)

ASSIGNED = """
    debtor_id | as_of      | action
    D1        | 2026-06-10 | call
    D2        | 2026-06-10 | call
    D3        | 2026-06-10 | sms
    D4        | 2026-06-10 | none
    D1        | 2026-06-18 | call
    D1        | 2026-05-01 | call
"""


def test_a_plan_is_delivered_when_its_channel_was_used_on_the_debtors_day():
    tables = small_tables(
        assignments=ASSIGNED,
        contacts="""
            debtor_id | at                  | channel | direction
            D1        | 2026-06-11 03:00:00 | call    | outbound
            D2        | 2026-06-10 12:00:00 | sms     | outbound
            D2        | 2026-06-12 12:00:00 | call    | outbound
            D3        | 2026-06-10 12:00:00 | sms     | inbound
        """,
    )
    assert delivered_by_action(tables, NIGHT, report_days=3) == [
        {"name": "sms", "planned": 1, "made": 0},
        {"name": "call", "planned": 2, "made": 1},
    ]


def test_without_assignments_there_is_nothing_to_say():
    assert delivered_by_action(small_tables(debtors="debtor_id\nD1"), NIGHT, report_days=3) == []


def test_the_queues_of_published_runs_say_what_was_worked(tmp_path):
    portfolio = client_portfolio(tmp_path)
    queues = ["promise_due", "legal", "legal", "no_action"]
    publish_night(portfolio, ["call", "call", "sms", "none"], queue=queues)
    made = f"debtor_id | at | channel\nD0 | {RUN_NIGHT} 09:00:00 | call\nD2 | {RUN_NIGHT} 09:00:00 | sms"
    runs = [find_run(portfolio.publish.runs, RUN_NIGHT)]
    tables = small_tables(contacts=made)
    assert delivered_by_queue(tables, runs, NIGHT, report_days=3) == [
        Delivered("promise_due", 1, 1),
        Delivered("legal", 2, 1),
    ]
    assert delivered_by_queue(tables, runs, RUN_NIGHT, report_days=3) == []
