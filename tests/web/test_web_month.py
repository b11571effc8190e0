"""A month of nights: every one can be opened, compared and followed through one debtor."""

from datetime import timedelta

import pytest

from page_visits import NIGHTS, first_debtor, page_portfolio
from synthetic_nights import publish_synthetic_night

MONTH = [NIGHTS[-1] - timedelta(days=back) for back in reversed(range(30))]
FEW = 20


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    folder = tmp_path_factory.mktemp("month") / "runs"
    for night in MONTH:
        publish_synthetic_night(page_portfolio(folder), night, FEW)
    return folder


def test_every_night_of_a_month_can_be_opened(month, visit):
    browser = visit(month)
    for night in MONTH:
        for page in ("/", "/worklist"):
            answer = browser.get(page, params={"night": night.isoformat()})
            assert answer.status_code == 200
            assert f"{night.day} " in answer.text


def test_the_runs_list_the_month_and_compare_any_two(month, visit):
    browser = visit(month)
    text = browser.get("/runs").text
    assert all(night.isoformat() in text for night in MONTH)
    ends = {"from": MONTH[0].isoformat(), "to": MONTH[-1].isoformat()}
    assert browser.get("/runs", params=ends).status_code == 200


def test_a_debtor_is_followed_through_the_month(month, visit):
    browser = visit(month)
    page = browser.get("/debtor", params={"id": first_debtor(browser)})
    assert page.status_code == 200
    assert page.text.count("2026</td>") + page.text.count("2026</th>") >= 2
