from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from attempt_panels import attempts
from client_tables import portfolio_of
from duewise.features.attempts import contact_records
from duewise.features.settings import FeatureSettings
from duewise.models.reach_fitting import fit_reach
from duewise.policy.contact_windows import ReachTonight, contact_windows
from duewise.policy.debtor_facts import debtor_facts
from duewise.policy.permissions import load_rules, permissions
from small_tables import small_tables

ACTIONS = ("sms", "call", "visit", "letter")
CALL, SMS, VISIT, LETTER = 2, 1, 3, 4
ZONES = {"LA": "America/Los_Angeles", "NY": "America/New_York", "SH": "Asia/Shanghai"}

DEBTORS = """
    debtor_id | timezone            | employment
    LA        | America/Los_Angeles | employed
    NY        | America/New_York    | retired
    SH        | Asia/Shanghai       | employed
"""


@pytest.fixture(scope="module")
def model():
    """People at work answer at 18 and 19 o'clock, the retired least of all then; only calls are on record."""
    return fit_reach(attempts(debtors=600))[0]


def planned(model, choice, night=date(2026, 3, 9), rules=("us-fdcpa",), **texts):
    tables = small_tables(debtors=DEBTORS, **texts)
    portfolio = portfolio_of("unused", portfolio={"country": "US", "timezone": "UTC"}, rules=list(rules))
    facts = debtor_facts(tables, night).to_pandas().sort_values("debtor_id").reset_index(drop=True)
    found = permissions(tables, portfolio, load_rules(portfolio), night, ACTIONS, facts)
    records = contact_records(tables, night, FeatureSettings())
    reach = None if model is None else ReachTonight(model, records)
    return found, contact_windows(found, np.array(choice), night, reach)


def local(times, debtor):
    return pd.Timestamp(times).tz_localize("UTC").tz_convert(ZoneInfo(ZONES[debtor]))


@pytest.mark.parametrize("night", [date(2026, 3, 6), date(2026, 3, 9), date(2026, 11, 2)])
def test_calls_are_planned_when_the_debtor_answers_on_their_own_clock(model, night):
    _, windows = planned(model, [CALL, CALL, CALL], night)
    for i, debtor in enumerate(ZONES):
        start, end = local(windows.start[i], debtor), local(windows.end[i], debtor)
        assert start.date() == night
        assert (end - start) == pd.Timedelta(hours=3)
        evening = {18, 19} <= set(range(start.hour, end.hour))
        assert evening == (debtor != "NY")
    assert (windows.reach > 0.1).all()


def test_the_window_lies_inside_the_permitted_hours(model):
    quiet = "debtor_id | flag | starts_at | detail\nLA | quiet_hours | 2026-01-01 | 17:30-24:00"
    found, windows = planned(model, [CALL, CALL, CALL], flags=quiet)
    for row in range(3):
        start, end = (pd.Timestamp(t[row]).tz_localize("UTC") for t in (windows.start, windows.end))
        assert any(a <= start and end <= b for a, b in found.verdicts.spans(row, "call"))
    assert local(windows.end[0], "LA").hour <= 17


def test_what_history_cannot_tell_stays_as_wide_as_the_rules_allow(model):
    _, wide = planned(None, [CALL, SMS, VISIT])
    _, windows = planned(model, [SMS, SMS, VISIT])
    np.testing.assert_array_equal(windows.start[1:], wide.start[1:])
    np.testing.assert_array_equal(windows.end[1:], wide.end[1:])
    assert np.isnan(windows.reach).all()
    assert local(wide.start[0], "LA").hour == 8


def test_nobody_without_an_action_has_a_window(model):
    _, windows = planned(model, [0, CALL, 0])
    assert np.isnat(windows.start).tolist() == [True, False, True]
    assert np.isnan(windows.reach).tolist() == [True, False, True]


def test_letters_go_out_in_office_hours_of_the_debtors_day(model):
    _, windows = planned(model, [LETTER, LETTER, LETTER])
    for i, debtor in enumerate(ZONES):
        start, end = local(windows.start[i], debtor), local(windows.end[i], debtor)
        assert (start.date(), start.hour, end.hour) == (date(2026, 3, 9), 9, 17)


def test_without_a_rule_on_hours_people_are_contacted_while_they_are_awake(model):
    _, windows = planned(None, [SMS, CALL, VISIT], rules=())
    for i, debtor in enumerate(ZONES):
        assert (local(windows.start[i], debtor).hour, local(windows.end[i], debtor).hour) == (8, 20)


def test_no_contact_is_planned_before_the_night_is_decided():
    """In Sydney calls are permitted from half past seven; the night begins at ten, its 00:00 UTC."""
    tables = small_tables(debtors="debtor_id | timezone\nSY | Australia/Sydney")
    for rules in (["au"], []):
        portfolio = portfolio_of("unused", portfolio={"country": "AU", "timezone": "UTC"}, rules=rules)
        night = date(2026, 7, 10)
        facts = debtor_facts(tables, night).to_pandas()
        found = permissions(tables, portfolio, load_rules(portfolio), night, ACTIONS, facts)
        windows = contact_windows(found, np.array([CALL]), night, None)
        assert windows.start[0] == np.datetime64("2026-07-10T00:00")
        assert windows.end[0] <= np.datetime64("2026-07-10T11:00")


def test_hours_that_a_rule_leaves_outside_the_customary_ones_stand(model):
    quiet = "debtor_id | flag | starts_at | detail\nLA | quiet_hours | 2026-01-01 | 00:00-21:00"
    _, windows = planned(None, [CALL, 0, 0], rules=("cn",), flags=quiet)
    assert (local(windows.start[0], "LA").hour, local(windows.end[0], "LA").hour) == (21, 22)
