"""What is said about a night changes the night that follows it, and no other."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from command import duewise
from duewise.config import load_portfolio
from duewise.publish.feedback import Feedback, FeedbackStore
from duewise.web.app import create_app
from duewise.web.serve import open_site
from duewise.web.users import keep_user
from page_visits import PASSWORD, form_token, sign_in
from tiny_portfolio import AS_OF, TinyPortfolio

NEXT = AS_OF + timedelta(days=1)
NOON = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12, tzinfo=UTC)


def strategies(runs: Path, night) -> pd.DataFrame:
    return pq.read_table(runs / night.isoformat() / "strategies.parquet").to_pandas().set_index("debtor_id")


def manifest(runs: Path, night) -> dict:
    return json.loads((runs / night.isoformat() / "manifest.json").read_text())


@pytest.fixture(scope="module")
def runs(tiny: TinyPortfolio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night, feedback on it, and the night after."""
    folder = tmp_path_factory.mktemp("heard")
    assert tiny.nightly(folder).code == 0
    acting = strategies(folder, AS_OF).query("action != 'none'").index[:4]
    store = FeedbackStore(folder / "feedback.sqlite")
    kinds = ("do_not_contact", "disputes", "promised", "disagree")
    for debtor, kind in zip([*acting, "nobody"], [*kinds, "hardship"], strict=True):
        promise = {"amount": 100.0, "due_on": NEXT} if kind == "promised" else {}
        store.add(Feedback(NOON, "li", AS_OF, debtor, kind, note=f"said {kind}", **promise))
    done = tiny.nightly(folder, as_of=NEXT)
    assert done.code == 0, done.stderr
    return folder


def said(runs: Path) -> dict[str, str]:
    return {one.kind: one.debtor_id for one in FeedbackStore(runs / "feedback.sqlite").all()}


def test_the_next_night_obeys_what_was_said(runs):
    before, after, about = strategies(runs, AS_OF), strategies(runs, NEXT), said(runs)
    for kind in ("do_not_contact", "disputes"):
        assert before.loc[about[kind], "action"] != "none"
        assert after.loc[about[kind], "action"] == "none"
        assert len(after.loc[about[kind], "denied"]) > 0
    assert after.loc[about["promised"], "queue"] == "promise_due"


def test_the_manifest_and_the_report_tell_what_was_said(runs):
    heard = manifest(runs, NEXT)["feedback"]
    assert heard["remarks"] == 5
    assert heard["tables"]["flags"] == {
        "read": 3,
        "accepted": 2,
        "quarantined": 1,
        "reasons": {"unknown_debtor": 1},
    }
    kept = pd.read_parquet(runs / NEXT.isoformat() / "remarks.parquet")
    assert list(zip(kept["kind"], kept["note"], strict=True)) == [("disagree", "said disagree")]
    assert not set(kept["debtor_id"]) & set(json.dumps(heard).split('"'))
    assert (runs / NEXT.isoformat() / "quarantine" / "feedback_flags.csv").exists()
    report = (runs / NEXT.isoformat() / "report.html").read_text(encoding="utf-8")
    assert "said disagree" in report


def test_the_night_that_was_spoken_of_stays_as_it_is(tiny: TinyPortfolio, runs):
    before = manifest(runs, AS_OF)["run_id"]
    again = tiny.nightly(runs)
    assert "nothing has changed" in again.stdout
    rows = (runs / AS_OF.isoformat() / "strategies.parquet").read_bytes()
    assert tiny.nightly(runs, "--force").code == 0
    assert manifest(runs, AS_OF)["run_id"] == before
    assert (runs / AS_OF.isoformat() / "strategies.parquet").read_bytes() == rows


def test_what_is_said_in_the_day_withdraws_tonights_contact(tiny: TinyPortfolio, runs):
    done = duewise(
        "recheck", tiny.file, "--out", runs, "--as-of", AS_OF.isoformat(), "--at", f"{AS_OF}T12:01:00"
    )
    assert done.code == 0, done.stderr
    recall = pq.read_table(runs / AS_OF.isoformat() / "recall.parquet").to_pandas()
    assert {said(runs)["do_not_contact"], said(runs)["disputes"]} <= set(recall["debtor_id"])


def test_what_is_said_on_the_page_changes_the_next_worklist(tiny, runs, tmp_path):
    folder = tmp_path / "runs"
    assert tiny.nightly(folder).code == 0
    otherwise = strategies(runs, NEXT).query("action != 'none'").index
    known = strategies(folder, AS_OF).index
    debtor = next(one for one in otherwise if one in known and one not in said(runs).values())
    users = tmp_path / "users.yaml"
    keep_user(users, "mei", "manager", [], [], password=PASSWORD)
    settings = [f"serve.users={users}"]
    site = open_site(load_portfolio(tiny.file, settings, out=folder))
    browser = TestClient(create_app(site), base_url="https://localhost", client=("127.0.0.1", 50000))
    sign_in(browser, "mei", PASSWORD)
    page = browser.get("/debtor", params={"id": debtor})
    form = {"debtor_id": debtor, "night": AS_OF.isoformat(), "kind": "do_not_contact"}
    given = browser.post("/feedback", data={**form, "form_token": form_token(page.text)})
    assert given.status_code == 200, given.text
    assert tiny.nightly(folder, as_of=NEXT).code == 0
    after = strategies(folder, NEXT)
    assert after.loc[debtor, "action"] == "none"
    assert len(after.loc[debtor, "denied"]) > 0
