"""What a night gets to know: denials with their reasons, windows, accounts, artefacts, the days after."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from duewise.policy.rules import (
    Context,
    build_facts,
    contacts_allowed,
    evaluate,
    explain_denial,
    first_allowed,
    load_packs,
    verdict,
)
from duewise.policy.rules.conditions import ACTIONS
from duewise.policy.rules.kinds import Kind, kind_of
from small_tables import small_tables

NIGHT = date(2026, 7, 10)  # a Friday
SMS, CALL = ACTIONS.index("sms"), ACTIONS.index("call")


def judge(rules=("cn",), night=NIGHT, context=None, **texts):
    context = context or Context("creditor", "CN", "Asia/Shanghai")
    ruleset = load_packs(None if rules is None else list(rules))
    facts = build_facts(small_tables(**texts), night, context, ruleset)
    return ruleset, facts, evaluate(ruleset, facts, night)


PEOPLE = """
    debtor_id | timezone         | birth_year
    D1        | Asia/Shanghai    | 1980
    D2        | Asia/Shanghai    | 2008
"""


def test_all_denying_rules_are_named_most_binding_first():
    _, _, found = judge(
        debtors=PEOPLE,
        flags="""
            debtor_id | flag        | starts_at
            D1        | deceased    | 2026-07-01
            D1        | opt_out:sms | 2026-07-01
        """,
    )
    assert found.denials(0)["sms"] == ("cn.deceased", "cn.optout")
    assert found.denials(1)["sms"] == ("cn.minor",)
    assert ("sms", "cn.deceased") in found.denied_rows()[0]
    assert found.counts_per_rule()["cn.optout"] == {"sms": 1}
    assert found.unreachable().tolist() == [True, True]


def test_a_denial_is_explained_with_its_citation_and_mark():
    why = explain_denial(load_packs(["us-fdcpa"]), "us.regf.hours", role="creditor")
    assert why.cite.startswith("12 CFR 1006.6(b)(1)(i)")
    assert (why.mark, why.force) == ("V1 S1 S6", "C")


def test_windows_are_local_and_end_before_their_end():
    _, _, found = judge(debtors=PEOPLE)
    start, end = found.window_bounds(np.array([CALL, -1], dtype=np.int32))
    assert start[0] == np.datetime64("2026-07-10T08:00:00")
    assert end[0] == np.datetime64("2026-07-10T22:00:00")
    assert np.isnat(start[1])
    assert np.flatnonzero(found.open_hours(CALL)[0]).tolist() == list(range(8, 22))


def test_one_account_that_may_be_spoken_of_is_enough_and_is_named():
    _, _, found = judge(
        accounts="""
            account_id | debtor_id | product     | past_due_since | placed_on  | placed_balance
            A1         | D1        | credit_card | 2026-01-01     | 2026-01-10 | 900
            A2         | D1        | utility     | 2026-01-01     | 2026-01-10 | 100
        """,
        debtors="debtor_id\nD1",
        flags="""
            debtor_id | flag    | starts_at  | account_id
            D1        | dispute | 2026-07-01 | A1
        """,
    )
    assert found.allowed[0, CALL]
    assert found.lead_account(CALL).tolist() == ["A2"]


@pytest.mark.parametrize(("artefacts", "allowed"), [(None, True), (frozenset(), False)])
def test_what_must_be_attached_is_listed_or_denied_when_the_company_cannot(artefacts, allowed):
    context = Context("creditor", "CN", "Asia/Shanghai", artefacts)
    _, _, found = judge(context=context, debtors=PEOPLE)
    assert bool(found.allowed[0, SMS]) is allowed
    assert found.artefacts(0, "sms") == ("approved_script", "institution_named")


def test_what_was_recorded_later_is_not_known_tonight():
    _, _, found = judge(
        debtors=PEOPLE,
        flags="""
            debtor_id | flag     | starts_at  | recorded_at
            D1        | deceased | 2026-07-01 | 2026-07-10 00:00
        """,
    )
    assert found.allowed[0, SMS]


def test_a_point_verdict_reads_the_clock():
    ruleset, facts, _ = judge(debtors="debtor_id | timezone\nD1 | Asia/Shanghai")
    assert verdict(ruleset, facts, "call", datetime(2026, 7, 10, 13, 59, 59, tzinfo=UTC)).allowed
    late = verdict(ruleset, facts, "call", datetime(2026, 7, 10, 14, 0, tzinfo=UTC))
    assert late.denied_by == ("cn.gb45251.hours",)


def test_a_month_has_its_own_calendar_of_contacts():
    ruleset, facts, found = judge(
        rules=None,
        debtors="debtor_id | timezone\nD1 | Asia/Shanghai",
        contacts="""
            debtor_id | at               | channel | outcome
            D1        | 2026-07-08 04:00 | sms     | delivered
        """,
    )
    sms, nobody = np.array([SMS], dtype=np.int32), np.array([-1], dtype=np.int32)
    assert found.allowed[0, SMS]
    # Friday, Monday, Wednesday would be three; with the one of the 8th Wednesday is the third of its week.
    assert contacts_allowed(ruleset, facts, NIGHT, sms).tolist() == [3]
    assert contacts_allowed(ruleset, facts, NIGHT, nobody).tolist() == [0]
    # Tomorrow is too soon after tonight, the day after is a Sunday.
    follow_up = first_allowed(ruleset, facts, NIGHT, sms, sms, wait_days=1)
    assert follow_up.tolist() == [date(2026, 7, 13)]
    assert first_allowed(ruleset, facts, NIGHT, nobody, sms, wait_days=1).tolist() == [date(2026, 7, 11)]


def test_a_hold_without_end_leaves_no_follow_up():
    ruleset, facts, _ = judge(
        debtors="debtor_id\nD1",
        flags="""
            debtor_id | flag      | starts_at
            D1        | insolvency | 2026-07-01
        """,
    )
    sms = np.array([SMS], dtype=np.int32)
    assert np.isnat(first_allowed(ruleset, facts, NIGHT, np.array([-1]), sms, wait_days=1)[0])


def test_a_hold_whose_end_is_known_sets_the_follow_up():
    ruleset, facts, _ = judge(
        debtors="debtor_id\nD1",
        flags="""
            debtor_id | flag       | starts_at  | ends_at
            D1        | insolvency | 2026-07-01 | 2026-07-20
        """,
    )
    sms = np.array([SMS], dtype=np.int32)
    follow_up = first_allowed(ruleset, facts, NIGHT, np.array([-1]), sms, wait_days=1)
    assert follow_up.tolist() == [date(2026, 7, 20)]


@pytest.mark.parametrize(
    ("ends", "allowed"),
    [
        ("2026-07-10 15:59:59", False),  # a second before midnight in Shanghai
        ("2026-07-10 16:00:00", True),
        ("2026-07-10 07:00:00", False),
        ("", True),
    ],
)
def test_a_consent_that_ends_during_the_day_opens_nothing_that_day(ends, allowed):
    flags = f"""
        debtor_id | flag            | starts_at  | ends_at
        D1        | consent:ai_call | 2026-07-01 | {ends}
    """
    ruleset, facts, found = judge(rules=None, debtors=PEOPLE, flags=flags)
    denials = found.denials(0).get("ai_call", ())
    assert ("common.ai_consent" not in denials) == allowed
    # At an instant before its end the consent itself counts.
    at = verdict(ruleset, facts.take(np.array([0])), "ai_call", datetime(2026, 7, 10, 6, tzinfo=UTC))
    assert "common.ai_consent" not in at.denied_by


def test_agreed_hours_that_end_during_the_day_widen_no_window():
    def window(ends):
        flags = f"""
            debtor_id | flag          | starts_at  | ends_at | detail
            D1        | consent:hours | 2026-07-01 | {ends}  | 19:00-23:00
        """
        _, _, found = judge(rules=None, debtors=PEOPLE, flags=flags)
        return max(end for _, end in found.spans(0, "call")).hour

    assert (window("2026-07-10 13:00:00"), window("2026-07-12 13:00:00")) == (19, 23)


def test_a_consent_taken_back_exempts_no_further_call():
    def allowed(ends):
        flags = f"""
            debtor_id | flag         | starts_at           | ends_at
            D1        | consent:call | 2026-07-07 15:00:00 | {ends}
        """
        talked = """
            debtor_id | at                  | channel | outcome
            D1        | 2026-07-06 15:00:00 | call    | right_party
        """
        agency = Context("agency", "US", "America/New_York")
        notice = "debtor_id | timezone\nD1 | America/New_York"
        _, _, found = judge(rules=("us-fdcpa",), context=agency, debtors=notice, flags=flags, contacts=talked)
        return "us.regf.after_conversation" not in found.denials(0).get("call", ())

    assert (allowed(""), allowed("2026-07-09 15:00:00")) == (True, False)


def test_no_rules_deny_nothing():
    _, _, found = judge(rules=(), debtors=PEOPLE)
    assert found.allowed.all()
    assert found.denied_rows() == [[], []]


def test_nobody_in_scope_is_no_error():
    _, _, found = judge(debtors="debtor_id\nD1", accounts=[])
    assert found.allowed.shape == (0, 9)


@pytest.mark.parametrize(
    ("channel", "direction", "outcome", "kinds"),
    [
        ("call", "outbound", "no_answer", {"ATTEMPT", "CONNECTED", "UNANSWERED"}),
        ("call", "outbound", "bounced", {"ATTEMPT", "UNANSWERED"}),
        ("call", "outbound", "wrong_party", {"ATTEMPT", "CONNECTED", "CONTACT"}),
        ("ai_call", "outbound", "right_party", {"ATTEMPT", "CONNECTED", "CONVERSATION", "CONTACT"}),
        ("call", "outbound", "unknown", {"ATTEMPT", "CONNECTED", "UNANSWERED", "CONVERSATION", "CONTACT"}),
        ("call", "inbound", "promise", {"INBOUND", "CONVERSATION"}),
        ("sms", "outbound", "bounced", set()),
        ("sms", "outbound", "delivered", {"ATTEMPT", "CONTACT"}),
        ("visit", "outbound", "no_answer", {"ATTEMPT"}),
        ("visit", "outbound", "promise", {"ATTEMPT", "CONVERSATION", "CONTACT"}),
    ],
)
def test_how_a_contact_is_counted(channel, direction, outcome, kinds):
    found = kind_of(channel, direction, outcome)
    assert {kind.name for kind in Kind if kind in found} == kinds


ASSIGNED = """
    debtor_id | as_of      | action
    D1        | 2026-07-09 | call
    D2        | 2026-07-08 | sms
    D3        | 2026-07-06 | call
    D4        | 2026-07-09 | none
    D5        | 2026-07-10 | call
"""


def test_what_the_last_nights_assigned_counts_as_made_until_its_record_has_had_time_to_come():
    _, facts, found = judge(rules=None, assignments=ASSIGNED)
    call, sms = (found.actions.index(name) for name in ("call", "sms"))
    # A call without a record may have been a conversation; two days after a message another may follow.
    assert found.allowed[:, call].tolist() == [False, True, True, True, True]
    assert found.allowed[:, sms].tolist() == [False, True, True, True, True]
    assert len(facts.contacts.debtor) == 2


@pytest.mark.parametrize(
    ("zone", "assigned", "allowed"),
    [
        # Three days after the call of the 6th the last evening is over in Shanghai, not yet in Los Angeles.
        ("Asia/Shanghai", "2026-07-07", False),
        ("Asia/Shanghai", "2026-07-06", True),
        ("America/Los_Angeles", "2026-07-06", False),
        ("America/Los_Angeles", "2026-07-05", True),
    ],
)
def test_a_record_may_come_until_the_end_of_a_day_on_the_clock_of_the_debtor(zone, assigned, allowed):
    context = Context("creditor", None, "UTC", report_days=3)
    people = f"debtor_id | timezone\nD1 | {zone}"
    plans = f"debtor_id | as_of | action\nD1 | {assigned} | call"
    _, _, found = judge(rules=None, context=context, debtors=people, assignments=plans)
    assert found.allowed[0, CALL] == allowed


def test_the_call_of_a_debtor_is_no_record_of_the_call_assigned_that_day():
    theirs = """
        debtor_id | at                  | channel | direction | outcome
        D1        | 2026-07-09 06:00:00 | call    | inbound   | right_party
    """
    _, facts, _ = judge(rules=None, assignments=ASSIGNED, contacts=theirs)
    first = facts.contacts.kinds[facts.contacts.debtor == 0]
    assert sorted((kind & int(Kind.PENDING)) > 0 for kind in first.tolist()) == [False, True]


def test_a_record_of_the_day_takes_the_place_of_what_was_assigned():
    contacts = """
        debtor_id | at                  | channel | outcome
        D1        | 2026-07-09 06:00:00 | call    | bounced
    """
    _, facts, _ = judge(rules=None, assignments=ASSIGNED, contacts=contacts)
    first = facts.contacts.kinds[facts.contacts.debtor == 0]
    assert first.tolist() == [int(kind_of("call", "outbound", "bounced"))]


def test_an_assigned_first_contact_starts_the_clock_of_the_validation_notice():
    agency = Context("agency", "US", "America/New_York", report_days=9)
    assigned = "debtor_id | as_of | action\nD1 | 2026-07-02 | letter\nD2 | 2026-07-08 | letter"
    _, _, found = judge(rules=("us-fdcpa",), context=agency, assignments=assigned)
    call = found.actions.index("call")
    assert "us.regf.validation_notice" in found.rules_in(found.denied[0, call])
    assert "us.regf.validation_notice" not in found.rules_in(found.denied[1, call])


def test_a_first_contact_planned_tonight_asks_for_its_notice_before_the_follow_up():
    agency = Context("agency", "US", "America/New_York")
    people = "debtor_id | timezone\nD1 | America/New_York"
    ruleset, facts, _ = judge(rules=("us-fdcpa",), context=agency, debtors=people)
    call = np.array([CALL], dtype=np.int32)
    nothing = np.array([-1], dtype=np.int32)
    assert np.isnat(first_allowed(ruleset, facts, NIGHT, call, call, wait_days=7)[0])
    assert not np.isnat(first_allowed(ruleset, facts, NIGHT, nothing, call, wait_days=7)[0])
