"""What the pages show, and that every state of them has a face."""

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from duewise.evaluate.bootstrap import Estimate
from duewise.evaluate.drift import FeatureDrift
from duewise.evaluate.fairness import GroupAudit
from duewise.evaluate.uplift import CellComparison
from duewise.pipelines.monitor import Calibration, Monitoring
from duewise.publish.findings_file import EVALUATION, MONITOR, write_findings
from page_visits import DEBTORS, NIGHTS, first_debtor, form_token, page_portfolio
from synthetic_nights import publish_synthetic_night

PAGES = ["/", "/worklist", "/rules", "/models", "/runs"]


@pytest.fixture
def browser(visit):
    return visit()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", [*PAGES, "/debtor"])
def test_every_page_is_made_in_both_languages(browser, path, language):
    browser.get("/language", params={"to": language})
    query = {"id": first_debtor(browser)} if path == "/debtor" else {}
    answer = browser.get(path, params=query)
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert len(answer.content) < 200 * 1024
    assert " style=" not in answer.text
    assert "<script" not in answer.text
    assert "None" not in answer.text.replace("NoneType", "None")


def test_tonight_tells_the_totals_of_the_night(browser, runs):
    rows = pq.read_table(runs / NIGHTS[-1].isoformat() / "strategies.parquet").to_pandas()
    page = browser.get("/").text
    planned = int((rows.action != "none").sum())
    assert f"{planned} of {DEBTORS} debtors get an action tonight" in page
    assert f"¥{rows.balance.sum():,.0f}" in page
    assert "payments: the newest row is four days old." in page


def test_a_filter_leaves_the_debtors_that_fit_in_the_order_of_the_night(browser, runs):
    rows = pq.read_table(runs / NIGHTS[-1].isoformat() / "strategies.parquet").to_pandas()
    fit = rows[(rows.stage == "legal") & (rows.region == "CN-SC")].debtor_id.tolist()
    page = browser.get("/worklist", params={"stage": "legal", "region": "CN-SC"}).text
    shown = [debtor for debtor in rows.debtor_id if f">{debtor}</a>" in page]
    assert shown == fit[:50]


def test_the_view_stands_in_the_address(browser):
    page = browser.get("/worklist", params={"stage": "legal", "sort": "owed", "q": "D0"}).text
    assert '<option value="legal" selected>' in page
    assert '<option value="owed" selected>' in page
    assert 'value="D0"' in page
    assert "/worklist.csv?stage=legal&amp;q=D0&amp;sort=owed" in page


def test_a_list_without_anybody_says_so(browser):
    page = browser.get("/worklist", params={"q": "nobody of that name"}).text
    assert "Nobody on the list fits." in page
    assert "Show everybody" in page


def test_the_debtor_page_gives_reason_rule_and_citation(browser):
    page = browser.get("/debtor", params={"id": first_debtor(browser, stage="reminder")}).text
    for told in ("days past due", "民法典 art. 1032", "No call at night.", "Payment", "promised to pay"):
        assert told in page
    assert "+2.0" in page  # what a reason adds, in points


def test_reasons_come_in_the_readers_language_where_the_night_wrote_it(browser):
    browser.get("/language", params={"to": "zh"})
    page = browser.get("/debtor", params={"id": first_debtor(browser)}).text
    assert "履约较好" in page
    assert "履约较好" in browser.get("/worklist").text


def test_csv_holds_every_row_of_the_view_and_no_formula(browser, tmp_path, visit):
    text = browser.get("/worklist.csv", params={"region": "CN-BJ"}).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    total = browser.get("/api/v1/strategies", params={"region": "CN-BJ", "limit": "500"}).json()
    assert len(rows) - 1 == len(total["strategies"])
    assert all(len(row) == len(rows[0]) for row in rows)


def test_the_workbook_is_the_nights_own_or_one_of_the_view(browser, runs):
    own = (runs / NIGHTS[-1].isoformat() / "worklist.xlsx").read_bytes()
    assert browser.get("/worklist.xlsx").content == own
    narrowed = browser.get("/worklist.xlsx", params={"stage": "legal"}).content
    assert narrowed != own
    with pytest.warns(UserWarning, match="xtension"):
        book = openpyxl.load_workbook(io.BytesIO(narrowed))
    assert len(book.sheetnames) >= 2


def test_two_nights_are_compared(browser):
    page = browser.get("/runs", params={"from": NIGHTS[0].isoformat(), "to": NIGHTS[1].isoformat()}).text
    assert "31 May 2026 → 1 Jun 2026" in page
    assert "Settings, model and policy were the same." in page


def test_models_tell_what_the_monitor_found(visit, tmp_path: Path):
    folder = publish_synthetic_night(page_portfolio(tmp_path), NIGHTS[0], 20)
    assert "duewise monitor" in visit(tmp_path).get("/models").text
    estimate = Estimate(value=0.12, low=0.1, high=0.14)
    found = Monitoring(
        as_of=NIGHTS[0],
        model="synthetic/1",
        debtors=20,
        drift=(FeatureDrift("tenure_days", 0.31, 0.14, 0.0, 0.0, "alarm"),),
        calibration=Calibration(NIGHTS[0], 20, 0.13, estimate, estimate, alarm=False),
        groups=(GroupAudit("region", "CN-BJ", 20, estimate, estimate, None, ()),),
        alarms=("tenure_days has shifted.",),
        notes=(),
        file=None,
    )
    write_findings(tmp_path, folder, MONITOR, json.loads(json.dumps(asdict(found), default=str)))
    page = visit(tmp_path).get("/models").text
    for told in ("tenure_days has shifted.", "0.310", "12.0%", "CN-BJ", "synthetic/1"):
        assert told in page


def test_tonight_tells_what_acting_has_added_once_it_was_measured(visit, tmp_path: Path):
    earlier = publish_synthetic_night(page_portfolio(tmp_path), NIGHTS[0], 20)
    publish_synthetic_night(page_portfolio(tmp_path), NIGHTS[1], 20)
    assert "duewise evaluate" in visit(tmp_path).get("/").text
    comparison = CellComparison("policy", "control", 900, 50, 120.0, 80.0, Estimate(40.0, 10.0, 70.0))
    content = {"as_of": "2026-05-31", "horizon": 30, "comparisons": [asdict(comparison)], "notes": []}
    write_findings(tmp_path, earlier, EVALUATION, content)
    page = visit(tmp_path).get("/").text
    assert "¥40 more per debtor within 30 days" in page
    assert "¥10 … ¥70" in page


def test_rules_are_shown_with_what_they_denied(browser):
    page = browser.get("/rules").text
    assert "The steps of the ladder come one after another." in page
    assert '<td class="n">40</td>' in page


@pytest.mark.parametrize("path", ["/", "/worklist", "/debtor", "/rules", "/models", "/runs"])
def test_before_the_first_night_there_is_a_page_and_no_fault(visit, tmp_path, path):
    answer = visit(tmp_path).get(path)
    assert answer.status_code == (200 if path == "/" else 404)
    assert "published" in answer.text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "With 12 less of agent minutes it would be: text message."),
        ("zh", "若坐席分钟减少12，则改为：短信。"),
    ],
)
def test_the_debtor_page_says_what_would_flip_the_choice(browser, language, said):
    browser.get("/language", params={"to": language})
    assert said in browser.get("/debtor", params={"id": first_debtor(browser)}).text


def test_a_night_without_details_still_shows_its_debtors(visit, tmp_path: Path):
    folder = publish_synthetic_night(page_portfolio(tmp_path), NIGHTS[0], 20)
    (folder / "details.parquet").unlink()
    (folder / "timeline.parquet").unlink()
    browser = visit(tmp_path)
    answer = browser.get("/debtor", params={"id": first_debtor(browser)})
    assert answer.status_code == 200
    assert "published without the debtor" in answer.text


def test_a_night_run_again_is_seen_at_once(visit, tmp_path: Path):
    publish_synthetic_night(page_portfolio(tmp_path), NIGHTS[0], 20, seed=1)
    browser = visit(tmp_path)
    assert "of 20 debtors" in browser.get("/").text
    publish_synthetic_night(page_portfolio(tmp_path), NIGHTS[0], 30, seed=2)
    assert "of 30 debtors" in browser.get("/").text


def test_what_is_said_back_is_kept_and_shown(visit, tmp_path: Path):
    publish_synthetic_night(page_portfolio(tmp_path), NIGHTS[0], 20)
    browser = visit(tmp_path)
    debtor = first_debtor(browser)
    form = {
        "form_token": form_token(browser.get("/debtor", params={"id": debtor}).text),
        "debtor_id": debtor,
        "night": NIGHTS[0].isoformat(),
        "kind": "promised",
    }
    lacking = browser.post("/feedback", data=form)
    assert lacking.status_code == 422
    assert "A promise needs an amount above zero" in lacking.text
    kept = browser.post(
        "/feedback", data={**form, "amount": "1,200.50", "due_on": "2026-06-05", "note": "<b>"}
    )
    assert kept.status_code == 303
    page = browser.get(kept.headers["location"]).text
    assert "Kept. The next night reads it." in page
    assert "¥1,200" in page
    assert "&lt;b&gt;" in page
