"""A month of nights: every one can be opened, compared and followed through one debtor."""

import re
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
        page = browser.get("/", params={"night": night.isoformat()})
        (heading,) = re.findall(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
        assert f"{night.day} {night:%B} {night.year}" in heading
        listed = browser.get("/worklist", params={"night": night.isoformat()})
        assert listed.status_code == 200
        rows = browser.get("/api/v1/strategies", params={"night": night.isoformat()}).json()["strategies"]
        assert len(rows) == FEW
        assert {row["as_of"] for row in rows} == {night.isoformat()}


def test_the_runs_list_the_month_and_compare_any_two(month, visit):
    browser = visit(month)
    text = browser.get("/runs").text
    assert all(night.isoformat() in text for night in MONTH)
    ends = {"from": MONTH[0].isoformat(), "to": MONTH[-1].isoformat()}
    compared = browser.get("/runs", params=ends).text
    for end in ends.values():
        assert f'<option value="{end}" selected' in compared


def test_a_debtor_is_followed_through_the_month(month, visit):
    browser = visit(month)
    page = browser.get("/debtor", params={"id": first_debtor(browser)})
    assert page.status_code == 200
    assert page.text.count("2026</td>") + page.text.count("2026</th>") >= 2
