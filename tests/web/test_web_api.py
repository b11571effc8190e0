"""The API: answers as its description promises, the same story as `duewise explain`."""

import json
from datetime import date

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duewise.publish.debtor_story import explain_debtor
from duewise.web.api import OPERATIONS
from duewise.web.app import create_app
from duewise.web.serve import open_site
from page_visits import NIGHTS, first_debtor, page_portfolio


@pytest.fixture(scope="module")
def described(runs):
    app = create_app(open_site(page_portfolio(runs, hosts=["testserver"])))
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)


@pytest.mark.parametrize("path", list(OPERATIONS))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_operation_keeps_to_its_description(described, path, data):
    data.draw(described[path]["GET"].as_strategy()).call_and_validate()


def test_a_strategy_is_what_explain_tells(visit, runs):
    browser = visit()
    debtor = first_debtor(browser, stage="reminder")
    told = explain_debtor(page_portfolio(runs), debtor, NIGHTS[-1]).as_dict()
    answer = browser.get("/api/v1/strategy", params={"debtor_id": debtor}).json()
    assert answer == json.loads(json.dumps(told))
    assert answer["denied"][0]["cite"]


def test_following_next_reads_the_whole_list_once(visit):
    browser, found, place = visit(), [], None
    while True:
        query = {"limit": "70", "sort": "owed"} | ({"after": place} if place else {})
        answer = browser.get("/api/v1/strategies", params=query).json()
        found += [(row["balance"], row["debtor_id"]) for row in answer["strategies"]]
        place = answer["next"]
        if place is None:
            break
    assert (
        len({debtor for _, debtor in found})
        == len(found)
        == browser.get("/api/v1/night").json()["totals"]["debtors"]
    )
    assert [owed for owed, _ in found] == sorted((owed for owed, _ in found), reverse=True)


def test_a_night_is_named_by_its_date(visit):
    browser = visit()
    for night in NIGHTS:
        assert browser.get("/api/v1/night", params={"night": night.isoformat()}).json()["as_of"] == str(night)
    assert browser.get("/api/v1/night", params={"night": str(date(2020, 1, 1))}).json() == {"error": "night"}
