"""The workbook and the report as people open them, in both languages, with ids that nobody should trust."""

import html.parser
import json
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from duewise.contracts.labels import column_label
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
def sheet(folder: Path) -> openpyxl.worksheet.worksheet.Worksheet:
    return openpyxl.load_workbook(folder / "worklist.xlsx").worksheets[1]


def headings(sheet) -> list[str]:
    return [cell.value for cell in sheet[1]]


def column(sheet, name: str, language: str) -> list:
    position = headings(sheet).index(column_label(name, language)) + 1
    return [sheet.cell(row, position) for row in range(2, sheet.max_row + 1)]


def test_the_worklist_opens_on_a_sheet_with_a_fixed_header_and_a_filter(folder, sheet):
    book = openpyxl.load_workbook(folder / "worklist.xlsx")
    assert book.active.title == sheet.title
    assert sheet.freeze_panes == "D2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet.max_row == 1 + len(pq.read_table(folder / "strategies.parquet"))
    assert all(8 <= dimension.width <= 60 for dimension in sheet.column_dimensions.values())


def test_headings_are_in_the_language_of_the_portfolio(sheet, language):
    chinese = [any("一" <= letter <= "鿿" for letter in heading) for heading in headings(sheet)]
    assert all(chinese) if language == "zh" else not any(chinese)
    assert len(set(headings(sheet))) == len(headings(sheet))


def test_money_shares_and_times_carry_their_formats(sheet, language, strategies):
    balance = column(sheet, "balance", language)
    assert [cell.value for cell in balance] == pytest.approx(strategies["balance"].tolist())
    assert {cell.number_format for cell in balance} == {'"¥"#,##0.00'}
    share = column(sheet, "p_repay_14d", language)
    assert {cell.number_format for cell in share} == {"0.0%"}
    assert all(0 <= cell.value <= 1 for cell in share)
    start = [cell for cell in column(sheet, "window_start", language) if cell.value is not None]
    assert start
    assert {cell.number_format for cell in start} == {"hh:mm"}


def test_hostile_ids_are_text_in_the_workbook(sheet, language, strategies):
    cells = column(sheet, "debtor_id", language)
    assert {cell.data_type for cell in cells} == {"s"}
    assert not [cell for cell in cells if cell.hyperlink]
    shown = [cell.value for cell in cells]
    for wanted, seen in zip(strategies["debtor_id"], shown, strict=True):
        if wanted.isprintable():
            assert seen == wanted
        else:
            assert seen.isprintable()
            assert len(seen) == len(wanted)
    assert {"=cmd|' /C calc'!A1", "<script>alert(1)</script>", "00012"} <= set(shown)
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


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
    assert page.tags.count("svg") >= 3


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
    for one in manifest["next_units"]:
        said = {"en": f"It would go to {one['debtor_id']}", "zh": f"将用于 {one['debtor_id']}"}[language]
        assert " ".join(said.split()) in text
    for rule in {*manifest["denials"], *manifest["uncontactable_by"]}:
        assert rule in text
    for number in manifest["cells"].values():
        assert f"{number:,}" in text
    if manifest["frontiers"]:
        assert {"en": "share of tonight's limit", "zh": "占今晚上限的比例"}[language] in text
        assert page.tags.count("svg") == 4


def test_sentences_of_the_strategies_are_in_the_language_too(strategies, language):
    reasons = strategies["reason_1"].map(lambda reason: reason["text"])
    chinese = reasons.map(lambda text: any("一" <= letter <= "鿿" for letter in text))
    assert chinese.all() if language == "zh" else not chinese.any()
