"""The workbook and the report as people open them, in both languages, with ids that nobody should trust."""

import html.parser
import json
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from openpyxl.utils import get_column_letter

from duewise.contracts.labels import code_label, code_labels, column_label
from duewise.publish.report_pictures import MOST
from tiny_portfolio import AS_OF, TinyPortfolio

# The bars in the cells are an extension of the format that openpyxl drops when it reads.
pytestmark = pytest.mark.filterwarnings("ignore:.*xtension is not supported:UserWarning")

HOSTILE = [
    "=cmd|' /C calc'!A1",
    "+1-800",
    "@SUM(A1)",
    "-2+3",
    "http://example.org/x",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>&amp;",
    "\u202eevil\u202c\u200f",
    "bell\x07escape\x1b[31m",
    "a'b\"c;--",
    "{{ 7 * 7 }}",
    "00012",
]


@pytest.fixture(scope="module")
def hostile_data(tiny: TinyPortfolio, night: Path, tmp_path_factory) -> Path:
    """The tables with the first debtors of the worklist renamed."""
    folder = tmp_path_factory.mktemp("hostile")
    first = pq.read_table(night / "strategies.parquet", columns=["debtor_id"])["debtor_id"].to_pylist()
    names = dict(zip(first, HOSTILE, strict=False))
    for name in ("debtors", "accounts", "payments", "contacts", "flags"):
        rows = tiny.table(name)
        if "debtor_id" in rows:
            rows["debtor_id"] = rows["debtor_id"].replace(names)
        rows.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


@pytest.fixture(scope="module", params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(tiny: TinyPortfolio, hostile_data: Path, language: str, tmp_path_factory) -> Path:
    runs = tmp_path_factory.mktemp(language)
    done = tiny.nightly(runs, "--data", hostile_data, "--set", f"portfolio.language={language}")
    assert done.code == 0, done.stderr
    return runs / AS_OF.isoformat()


@pytest.fixture(scope="module")
def strategies(folder: Path) -> pd.DataFrame:
    return pq.read_table(folder / "strategies.parquet").to_pandas()


@pytest.fixture(scope="module")
def book(folder: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(folder / "worklist.xlsx")


@pytest.fixture(scope="module")
def sheets(book) -> list[openpyxl.worksheet.worksheet.Worksheet]:
    """The sheets of the queues."""
    return book.worksheets[1:]


def headings(sheet) -> list[str]:
    return [cell.value for cell in sheet[1]]


def column(sheets, name: str, language: str) -> list:
    """Cells of a column over all queues."""
    cells = []
    for sheet in sheets:
        position = headings(sheet).index(column_label(name, language)) + 1
        cells += [sheet.cell(row, position) for row in range(2, sheet.max_row + 1)]
    return cells


def test_every_queue_has_a_sheet_with_a_fixed_header_and_a_filter(book, sheets, strategies, language):
    names = code_labels("queue", language)
    assert book.active.title == sheets[0].title
    assert {sheet.title: sheet.max_row - 1 for sheet in sheets} == {
        names[queue]: count for queue, count in strategies["queue"].value_counts().items()
    }
    for sheet in sheets:
        assert sheet.freeze_panes == "C2"
        assert sheet.auto_filter.ref == f"A1:{get_column_letter(sheet.max_column - 1)}{sheet.max_row}"
        visible = [width for width in sheet.column_dimensions.values() if not width.hidden]
        assert all(7 <= dimension.width <= 60 for dimension in visible)


def test_a_sheet_prints_what_is_worked_with_on_numbered_pages_with_a_header_each(sheets, language):
    for sheet in sheets:
        setup = sheet.page_setup
        # One page wide is the format's default and left out; 0 is as many pages long as it takes.
        assert (setup.orientation, setup.fitToWidth or 1, setup.fitToHeight) == ("landscape", 1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.print_title_rows == "$1:$1"
        assert "&P" in sheet.oddFooter.center.text
        last = sheet.print_area.split(":")[1].replace("$", "")
        assert sheet[f"{last.rstrip('0123456789')}1"].value == code_label("feedback_column", "note", language)


def test_people_choose_their_feedback_from_a_list_in_their_language(sheets, language):
    labels = list(code_labels("feedback", language).values())
    for sheet in sheets:
        rules = {rule.type: rule for rule in sheet.data_validations.dataValidation}
        assert rules["list"].formula1.strip('"').split(",") == labels
        assert set(rules) == {"list", "decimal", "date"}


def test_headings_are_in_the_language_of_the_portfolio(sheets, language):
    for sheet in sheets:
        *shown, key = headings(sheet)
        chinese = [any("一" <= letter <= "鿿" for letter in heading) for heading in shown]
        assert all(chinese) if language == "zh" else not any(chinese)
        assert len(set(shown)) == len(shown)
        assert key == "duewise"
        assert sheet.column_dimensions[get_column_letter(sheet.max_column)].hidden


def test_money_shares_and_times_carry_their_formats(sheets, language, strategies):
    balance = column(sheets, "balance", language)
    assert sorted(cell.value for cell in balance) == pytest.approx(sorted(strategies["balance"]))
    assert {cell.number_format for cell in balance} == {'"¥"#,##0.00'}
    share = column(sheets, "p_repay_14d", language)
    assert {cell.number_format for cell in share} == {"0.0%"}
    assert all(0 <= cell.value <= 1 for cell in share)
    start = [cell for cell in column(sheets, "window_start", language) if cell.value is not None]
    assert start
    assert {cell.number_format for cell in start} == {"hh:mm"}


def test_hostile_ids_are_text_in_the_workbook(book, sheets, language, strategies):
    cells = column(sheets, "debtor_id", language)
    assert {cell.data_type for cell in cells} == {"s"}
    assert not [cell for cell in cells if cell.hyperlink]
    shown = [cell.value for cell in cells]
    ranks = [cell.value for cell in column(sheets, "rank", language)]
    seen_by_rank = dict(zip(ranks, shown, strict=True))
    for rank, wanted in zip(strategies["rank"], strategies["debtor_id"], strict=True):
        seen = seen_by_rank[rank]
        if wanted.isprintable():
            assert seen == wanted
        else:
            assert seen.isprintable()
            assert len(seen) == len(wanted)
    assert {"=cmd|' /C calc'!A1", "<script>alert(1)</script>", "00012"} <= set(shown)
    everything = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in everything if cell.data_type == "f"]


class Page(html.parser.HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    parsed = Page()
    parsed.feed((folder / "report.html").read_text(encoding="utf-8"))
    return parsed


def test_the_report_needs_nothing_but_itself(page):
    assert {"script", "iframe", "link", "object", "embed"}.isdisjoint(page.tags)
    names = {name for name, _ in page.attributes}
    assert not [name for name in names if name.startswith("on")]
    for name, value in page.attributes:
        if name in ("src", "href", "xlink:href", "action", "data"):
            assert value.startswith(("#", "data:")), (name, value)
        assert "url(http" not in (value or "")
    assert 3 <= page.tags.count("svg") <= MOST


def test_the_report_shows_hostile_ids_as_they_are_written(page, strategies):
    text = "".join(page.text)
    first = strategies.loc[strategies["action"] != "none", "debtor_id"].head(10)
    assert set(first) & set(HOSTILE)
    for debtor in first:
        assert debtor in text
    assert "49" not in {piece.strip() for piece in page.text} or "{{ 7 * 7 }}" in text
    assert "img" not in page.tags


def test_the_report_speaks_one_language(page, folder, language):
    text = "".join(page.text)
    assert ("今晚" in text) is (language == "zh")
    assert ("Where the money is" in text) is (language == "en")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert f"{manifest['totals']['debtors']:,}" in text


def test_the_report_shows_prices_who_is_next_denials_and_cells(page, folder, language):
    text = " ".join(" ".join(page.text).split())
    manifest = json.loads((folder / "manifest.json").read_text())
    debtor = pd.read_parquet(folder / "strategies.parquet").set_index("rank")["debtor_id"]
    for one in manifest["next_units"]:
        said = {"en": f"It would go to {debtor[one['rank']]}", "zh": f"将用于 {debtor[one['rank']]}"}[
            language
        ]
        assert " ".join(said.split()) in text
    for rule in {*manifest["denials"], *manifest["uncontactable_by"]}:
        assert rule in text
    for number in manifest["cells"].values():
        assert f"{number:,}" in text
    if manifest["frontiers"]:
        assert {"en": "share of tonight's limit", "zh": "占今晚上限的比例"}[language] in text
    assert page.tags.count("svg") <= 6


def test_sentences_of_the_strategies_are_in_the_language_too(strategies, language):
    reasons = strategies["reason_1"].map(lambda reason: reason["text"])
    chinese = reasons.map(lambda text: any("一" <= letter <= "鿿" for letter in text))
    assert chinese.all() if language == "zh" else not chinese.any()
