"""Feedback by the command line: in from a worklist, out as tables."""

from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml

from command import Finished, duewise
from duewise.contracts.labels import code_label
from duewise.publish.feedback import Feedback, FeedbackStore
from duewise.publish.published_run import find_run
from duewise.publish.workbook import write_workbook
from duewise.publish.workbook_feedback import heading
from published_night import NIGHT, client_portfolio, publish_night, write_tables

pytestmark = pytest.mark.filterwarnings("ignore:.*xtension is not supported:UserWarning")


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    settings = client_portfolio(tmp_path)
    publish_night(settings, ["call", "sms", "none"], queue=["reminder"] * 3)
    content = settings.model_dump(mode="json", include={"portfolio", "sources", "publish"})
    content["sources"] = {"path": str(tmp_path / "data")}
    (tmp_path / "portfolio.yaml").write_text(yaml.safe_dump(content))
    return tmp_path / "portfolio.yaml"


@pytest.fixture
def filled_in(tmp_path: Path, portfolio: Path) -> Path:
    path = tmp_path / "worklist.xlsx"
    write_workbook(
        path,
        find_run(tmp_path / "runs", None).strategies(),
        language="en",
        currency="CNY",
        horizons=[30, 90, 180],
        timezone="Asia/Shanghai",
        title="t",
    )
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[1]
    kind = next(cell.column for cell in sheet[1] if cell.value == heading("kind", "en"))
    sheet.cell(2, kind).value = code_label("feedback", "hardship", "en")
    sheet.cell(3, kind).value = code_label("feedback", "wrong_number", "en")
    book.save(path)
    return path


def take_in(portfolio: Path, workbook: Path, *options: str) -> Finished:
    return duewise("feedback", "import", portfolio, workbook, "--author", "li", *options)


def stored(tmp_path: Path) -> list[Feedback]:
    return FeedbackStore(tmp_path / "runs" / "feedback.sqlite").all()


def test_the_same_file_twice_adds_nothing(portfolio, filled_in, tmp_path):
    done = take_in(portfolio, filled_in)
    assert done.code == 0, done.stderr
    assert "2 remarks understood (1 hardship, 1 wrong_number)" in done.stdout
    assert "2 added" in done.stdout
    again = take_in(portfolio, filled_in)
    assert again.code == 0
    assert "0 added, 2 known before" in again.stdout
    said = stored(tmp_path)
    assert [(one.debtor_id, one.kind, one.author) for one in said] == [
        ("D0", "hardship", "li"),
        ("D1", "wrong_number", "li"),
    ]
    assert {one.at.date() for one in said} <= {NIGHT}  # the next night knows it, whenever that is decided


def test_a_dry_run_reads_and_keeps_nothing(portfolio, filled_in, tmp_path):
    done = take_in(portfolio, filled_in, "--dry-run")
    assert done.code == 0
    assert "dry run: nothing was written" in done.stdout
    assert stored(tmp_path) == []


def test_rows_that_cannot_be_understood_are_listed_and_exit_three(portfolio, filled_in, tmp_path):
    book = openpyxl.load_workbook(filled_in)
    sheet = book.worksheets[1]
    kind = next(cell.column for cell in sheet[1] if cell.value == heading("kind", "en"))
    sheet.cell(4, kind).value = "[bold]rude[/]"
    book.save(filled_in)
    done = take_in(portfolio, filled_in)
    assert done.code == 3
    assert "1 of 3 filled-in rows" in done.message
    assert "'[bold]rude[/]' is not in the list" in done.stdout
    assert len(stored(tmp_path)) == 2


def test_a_file_that_is_not_there_is_wrong_usage_and_another_kind_is_bad_data(portfolio, tmp_path):
    assert take_in(portfolio, tmp_path / "absent.xlsx").code == 2
    assert take_in(portfolio, portfolio).code == 3


def test_feedback_goes_out_as_tables_in_which_nothing_is_a_formula(portfolio, tmp_path):
    store = FeedbackStore(tmp_path / "runs" / "feedback.sqlite")
    for n, start in enumerate(("=1+1", "+1", "-1", "@x", "\tx", "\rx", "plain")):
        at = datetime(2026, 6, 1, 9, n, tzinfo=UTC)
        said = {"at": at, "author": start, "as_of": NIGHT, "debtor_id": "D0", "note": start}
        store.add(Feedback(**said, kind="promised", amount=10.0, due_on=date(2026, 6, 9)))
        store.add(Feedback(**said, kind="do_not_contact", channel="sms"))
    done = duewise("feedback", "export", portfolio, tmp_path / "out")
    assert done.code == 0, done.stderr
    text = (tmp_path / "out" / "contacts.csv").read_bytes().decode("utf-8-sig")
    contacts = pd.read_csv(tmp_path / "out" / "contacts.csv", encoding="utf-8-sig")
    assert len(contacts) == 7
    assert contacts["promise_due_on"].unique().tolist() == ["2026-06-09"]
    assert not [
        cell
        for line in text.splitlines()
        for cell in line.split(",")
        if cell.strip('"')[:1] in "=+@-\t" and cell.strip('"')
    ]
    flags = pd.read_csv(tmp_path / "out" / "flags.csv", encoding="utf-8-sig")
    assert flags["flag"].unique().tolist() == ["opt_out:sms"]


def test_check_counts_feedback_beside_the_tables_and_names_who_is_unknown(portfolio, filled_in, tmp_path):
    write_tables(tmp_path, debtors=1)
    assert take_in(portfolio, filled_in).code == 0
    done = duewise("check", portfolio, "--as-of", "2026-06-02")
    assert done.code == 0, done.stderr
    counts = {
        line.split("│")[1].strip(): line.split("│")[2:5]
        for line in done.stdout.splitlines()
        if "from feedback" in line
    }
    assert {name: [cell.strip() for cell in cells] for name, cells in counts.items()} == {
        "contacts from feedback": ["1", "0", "1"],
        "flags from feedback": ["1", "1", "0"],
    }
    assert "unknown_debtor" in done.stdout
