"""What people write into a worklist comes back as they meant it."""

import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duewise.contracts.labels import code_label, column_label
from duewise.errors import ConfigError, DataError
from duewise.publish.feedback import KINDS
from duewise.publish.workbook import write_workbook
from duewise.publish.workbook_feedback import COLUMNS, heading, read_answers, row_key
from published_night import NIGHT, client_portfolio, publish_night

pytestmark = pytest.mark.filterwarnings("ignore:.*xtension is not supported:UserWarning")

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
IDS = ["=1+1", "bell\x07", "D2"]


@pytest.fixture(scope="module", params=["en", "zh"])
def language(request) -> str:
    return request.param


@pytest.fixture
def worklist(tmp_path: Path, language: str) -> Path:
    portfolio = client_portfolio(tmp_path)
    folder = publish_night(
        portfolio, ["call", "sms", "none"], debtor_id=IDS, queue=["reminder", "reminder", "no_action"]
    )
    path = tmp_path / "worklist.xlsx"
    write(path, folder, language)
    return path


def write(path: Path, folder: Path, language: str, title: str = "t") -> None:
    write_workbook(
        path,
        pq.read_table(folder / "strategies.parquet"),
        language=language,
        currency="CNY",
        horizons=[30, 90, 180],
        timezone="Asia/Shanghai",
        title=title,
    )


def fill_in(path: Path, language: str, answers: dict[int, dict[str, object]], sheet: int = 1) -> None:
    """Write answers into rows of a sheet as a person would."""
    book = openpyxl.load_workbook(path)
    rows = book.worksheets[sheet]
    at = {cell.value: cell.column for cell in rows[1]}
    for row, said in answers.items():
        for column, value in said.items():
            rows.cell(row, at[heading(column, language)]).value = value
    book.save(path)


def test_no_text_however_it_begins_is_a_formula(tmp_path, language):
    starts = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "=HYPERLINK(1)"]
    portfolio = client_portfolio(tmp_path)
    texts = dict.fromkeys(("debtor_id", "region", "action_reason"), starts)
    reasons = [{"code": "dpd", "direction": "up", "text": text} for text in starts]
    denied = [[{"action": "sms", "rule_id": text}] for text in starts]
    folder = publish_night(
        portfolio, ["call"] * 7, **texts, reason_1=reasons, denied=denied, queue=["legal"] * 7
    )
    path = tmp_path / "hostile.xlsx"
    write(path, folder, language, title="=1+1")
    cells = [cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if isinstance(cell.value, str)} == {"s"}
    assert {"=1+1", "+1+1", "-1+1", "@SUM(1)"} <= {cell.value for cell in cells}
    archive = zipfile.ZipFile(path)
    sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert not [sheet for sheet in sheets if b"<f>" in sheet or b"<f " in sheet]


def test_a_worklist_that_nobody_touched_says_nothing(worklist):
    assert read_answers(worklist, AT, "li").remarks == []


def test_answers_come_back_with_debtor_night_and_channel(worklist, language):
    promised = {
        "kind": code_label("feedback", "promised", language),
        "amount": 120.5,
        "due_on": datetime(2026, 6, 9),
        "note": "=HYPERLINK(1)",
    }
    fill_in(worklist, language, {2: promised, 3: {"kind": code_label("feedback", "wrong_number", language)}})
    fill_in(worklist, language, {2: {"kind": code_label("feedback", "do_not_contact", language)}}, sheet=2)
    answers = read_answers(worklist, AT, "li")
    assert answers.unread == []
    first, second, third = answers.remarks
    assert (first.debtor_id, first.as_of, first.channel, first.author) == ("=1+1", NIGHT, "call", "li")
    assert (first.kind, first.amount, first.due_on) == ("promised", 120.5, date(2026, 6, 9))
    assert (second.debtor_id, second.kind, second.channel) == ("bell\x07", "wrong_number", "sms")
    assert (third.debtor_id, third.kind, third.channel) == ("D2", "do_not_contact", None)


def test_rows_may_be_sorted_and_columns_moved(worklist, language):
    fill_in(worklist, language, {3: {"kind": "hardship"}})
    book = openpyxl.load_workbook(worklist)
    sheet = book.worksheets[1]
    rows = [[cell.value for cell in row][::-1] for row in sheet.iter_rows()]
    for number, row in enumerate([rows[0], *reversed(rows[1:])], start=1):
        for place, value in enumerate(row, start=1):
            sheet.cell(number, place).value = value
            if isinstance(value, str):
                sheet.cell(number, place).data_type = "s"  # also "=1+1"
    book.save(worklist)
    (remark,) = read_answers(worklist, AT, "li").remarks
    assert (remark.debtor_id, remark.kind) == ("bell\x07", "hardship")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"kind": "angry"}, "not in the list"),
        ({"note": "called twice"}, "No feedback is chosen"),
        ({"kind": "promised", "due_on": "2026-06-09"}, "needs the amount"),
        ({"kind": "promised", "amount": 5}, "needs the date"),
        ({"kind": "promised", "amount": "much", "due_on": "2026-06-09"}, "'much' is not a number"),
        ({"kind": "promised", "amount": 5, "due_on": "2026-06-31"}, "is not a date"),
        ({"kind": "promised", "amount": 5, "due_on": "tomorrow"}, "is not a date"),
        ({"kind": "promised", "amount": -5, "due_on": "2026-06-09"}, "above zero"),
    ],
)
def test_a_row_that_cannot_be_understood_is_named_and_the_others_are_read(worklist, language, said, reason):
    fill_in(worklist, language, {2: said, 3: {"kind": "disagree"}})
    answers = read_answers(worklist, AT, "li")
    assert [remark.kind for remark in answers.remarks] == ["disagree"]
    (unread,) = answers.unread
    assert (unread.sheet, unread.row) == (code_label("queue", "reminder", language), 2)
    assert reason in unread.reason


@pytest.mark.parametrize("text", ["1,250.5", "¥1,250.50", "1250.5元", " 1250.5 "])
def test_amounts_and_days_are_read_as_people_write_them(worklist, language, text):
    fill_in(worklist, language, {2: {"kind": "promised", "amount": text, "due_on": "2026年6月9日"}})
    (remark,) = read_answers(worklist, AT, "li").remarks
    assert (remark.amount, remark.due_on) == (1250.5, date(2026, 6, 9))


def test_a_row_whose_key_is_gone_is_not_guessed(worklist, language):
    book = openpyxl.load_workbook(worklist)
    book.worksheets[1].cell(2, book.worksheets[1].max_column).value = None
    book.save(worklist)
    fill_in(worklist, language, {2: {"kind": "hardship"}})
    answers = read_answers(worklist, AT, "li")
    assert answers.remarks == []
    assert "hidden last column" in answers.unread[0].reason


def test_a_file_that_is_no_worklist_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        read_answers(tmp_path / "absent.xlsx", AT, "li")
    text = tmp_path / "text.xlsx"
    text.write_text("debtor,feedback")
    with pytest.raises(DataError, match="is not a workbook"):
        read_answers(text, AT, "li")
    other = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(other)
    with pytest.raises(DataError, match="no sheet has the feedback columns"):
        read_answers(other, AT, "li")


def test_the_same_strategies_give_the_same_bytes(worklist, tmp_path, language):
    first = worklist.read_bytes()
    write(worklist, tmp_path / "runs" / NIGHT.isoformat(), language)
    assert worklist.read_bytes() == first


def test_labels_and_headings_are_all_there_and_differ(language):
    labels = [code_label("feedback", kind, language) for kind in KINDS]
    headings = [heading(column, language) for column in COLUMNS]
    assert not set(labels) & set(KINDS) - {"hardship"}
    assert len(set(labels)) == len(KINDS)
    # A list inside a cell rule holds at most 255 characters, commas included.
    assert len(",".join(labels)) <= 255
    assert column_label("debtor_id", language) not in headings


@given(debtor_id=st.text(min_size=1))
def test_any_id_survives_as_plain_ascii(debtor_id):
    key = row_key(NIGHT, debtor_id, "call")
    assert key.isascii()
    assert key.isprintable()
    assert key.startswith("[")


def test_an_archive_that_would_unpack_to_far_more_than_any_worklist_is_refused(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(300):
            part.write(bytes(1 << 20))
    with pytest.raises(DataError, match=r"would unpack to 0\.3 GiB"):
        read_answers(path, AT, "me")
