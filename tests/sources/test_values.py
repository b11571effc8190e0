"""How single values are read, from text and from native types."""

from datetime import date, datetime

import duckdb
import pytest

from duewise.contracts.columns import Kind
from duewise.sources.readers import RawColumn
from duewise.sources.sql import literal
from duewise.sources.values import Conventions, read_value, sure_decimal_comma, sure_decimal_point


@pytest.fixture(scope="module")
def con():
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    return con


@pytest.fixture
def read(con):
    """Return (value, unreadable) of one raw value."""

    def read_one(kind, raw, type_="VARCHAR", **options):
        conventions = Conventions(options.pop("timezone", "UTC"), options.pop("currency", "CNY"))
        reading = read_value(kind, RawColumn("x", "x", type_), conventions, ("p", "q"), **options)
        sql = "NULL" if raw is None else literal(raw) if type_ == "VARCHAR" else raw
        present = reading.present or "false"
        return con.execute(
            f"SELECT value, coalesce(value IS NULL AND present, false) FROM ("
            f"SELECT {reading.value} AS value, {present} AS present FROM ("
            f"SELECT p, {reading.parsed} AS q FROM (SELECT {reading.prepared} AS p FROM ("
            f"SELECT {sql}::{type_} AS x))))"
        ).fetchone()

    return read_one


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.5", 1234.5),
        ("1,234.50", 1234.5),
        ("12,34,567.8", 1234567.8),
        ("¥1,234.50", 1234.5),
        ("￥１，２３４．５０", 1234.5),
        ("$ 99", 99),
        ("€99", 99),
        ("£1,000,000", 1e6),
        ("CNY 12", 12),
        ("12 rmb", 12),
        ("1,234.5元", 1234.5),
        ("(1,234.50)", -1234.5),
        ("1,234.50-", -1234.5),
        ("−7", -7),
        ("1 234.5", 1234.5),
        ("1'234.5", 1234.5),
        ("1e3", 1000),
        (".5", 0.5),
    ],
)
def test_money_is_read_as_people_write_it(read, text, value):
    assert read(Kind.MONEY, text) == (value, False)


@pytest.mark.parametrize(
    "text",
    ["1,23", "12,3456", "1.234,56", "1.2.3", "abc", "USD 5", "inf", "1e999", "()", ",", "0x10", "1.2万"],
)
def test_money_that_could_mean_two_things_is_unreadable(read, text):
    assert read(Kind.MONEY, text) == (None, True)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.234,56", 1234.56), ("1.234", 1234), ("0,5", 0.5), ("-1.234.567", -1234567), ("7", 7)],
)
def test_a_column_with_a_decimal_comma_is_read_so_throughout(read, text, value):
    assert read(Kind.MONEY, text, decimal_comma=True) == (value, False)


@pytest.mark.parametrize(
    ("text", "comma", "point"),
    [
        ("1.234,56", 1, 0),
        ("99,5", 1, 0),
        ("0,125", 1, 0),
        ("1.234.567", 1, 0),
        ("1,234.56", 0, 1),
        ("99.5", 0, 1),
        ("1,234,567", 0, 1),
        ("1,234", 0, 0),
        ("1.234", 0, 0),
        ("1234", 0, 0),
    ],
)
def test_only_what_reads_in_one_way_is_evidence_of_the_decimal_mark(con, text, comma, point):
    raw = RawColumn("x", "x", "VARCHAR")
    counted = f"{sure_decimal_comma(raw, 'CNY')}, {sure_decimal_point(raw, 'CNY')}"
    counts = con.execute(f"SELECT {counted} FROM (SELECT {literal(text)} AS x)").fetchone()
    assert counts == (comma, point)


@pytest.mark.parametrize("text", [None, "", "  ", "NULL", "nan", "N/A", r"\N", "-", "None"])
@pytest.mark.parametrize("kind", [Kind.MONEY, Kind.INTEGER, Kind.TIME, Kind.DAY, Kind.BOOLEAN])
def test_words_for_nothing_are_nothing(read, kind, text):
    assert read(kind, text) == (None, False)


def test_whole_numbers_may_leave_a_tool_as_floats(read):
    assert read(Kind.INTEGER, "3.0") == (3, False)
    assert read(Kind.INTEGER, "3.5") == (None, True)
    assert read(Kind.INTEGER, "(3.0)", "DOUBLE") == (3, False)
    assert read(Kind.INTEGER, "99999999999999999999") == (None, True)


@pytest.mark.parametrize(
    ("raw", "type_", "value"),
    [
        (" D1 ", "VARCHAR", "D1"),
        ("00123", "VARCHAR", "00123"),
        ("123.0", "VARCHAR", "123"),
        ("v1.0", "VARCHAR", "v1.0"),
        ("NULL", "VARCHAR", None),
        ("NA", "VARCHAR", "NA"),
        ("(123)", "BIGINT", "123"),
        ("(123.0)", "DOUBLE", "123"),
        ("(1e15)", "DOUBLE", "1000000000000000"),
        ("(12.00)", "DECIMAL(10,2)", "12"),
    ],
)
def test_ids_are_text(read, raw, type_, value):
    assert read(Kind.ID, raw, type_) == (value, False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-06-01T10:00:00Z", datetime(2024, 6, 1, 10)),
        ("2024-06-01T10:00:00+08:00", datetime(2024, 6, 1, 2)),
        ("2024-06-01 10:00+08:00", datetime(2024, 6, 1, 2)),
        ("2024-06-01T10:00:00.250-0500", datetime(2024, 6, 1, 15, 0, 0, 250000)),
        ("2024-06-01 10:00:00 UTC", datetime(2024, 6, 1, 10)),
        ("2024-06-01 10:00", datetime(2024, 6, 1, 2)),
        ("2024-06-01", datetime(2024, 5, 31, 16)),
        ("2024/6/1 10:00", datetime(2024, 6, 1, 2)),
        ("20240601", datetime(2024, 5, 31, 16)),
        ("20240601T100000", datetime(2024, 6, 1, 2)),
    ],
)
def test_times_become_utc(read, text, value):
    assert read(Kind.TIME, text, timezone="Asia/Shanghai") == (value, False)


@pytest.mark.parametrize(
    "text",
    ["infinity", "epoch", "2024-02-30", "2024-06-01 (BC)", "01/06/2024", "10000-01-01", "2024-06-01 25:00"],
)
@pytest.mark.parametrize("kind", [Kind.TIME, Kind.DAY])
def test_what_is_no_date_is_unreadable(read, kind, text):
    assert read(kind, text) == (None, True)


@pytest.mark.parametrize("zone", ["UTC", "America/Lima", "Asia/Tokyo"])
def test_never_is_a_date(read, zone):
    value, unreadable = read(Kind.TIME, "9999-12-31 23:59:59", timezone=zone)
    assert (value.year, unreadable) == (9999, False)
    assert read(Kind.DAY, "9999-12-31", timezone=zone) == (date(9999, 12, 31), False)


def test_clock_changes_lose_no_time(read):
    zone = "America/New_York"
    assert read(Kind.TIME, "2024-03-10 02:30", timezone=zone) == (datetime(2024, 3, 10, 7, 30), False)
    assert read(Kind.TIME, "2024-11-03 01:30", timezone=zone) == (datetime(2024, 11, 3, 6, 30), False)


@pytest.mark.parametrize(
    ("text", "time_format", "value"),
    [
        ("930101", "%y%m%d", date(1993, 1, 1)),
        ("03/02/2014", "%d/%m/%Y", date(2014, 2, 3)),
        ("2024年6月1日", "%Y年%m月%d日", date(2024, 6, 1)),
        ("931107 00:00:00", "%y%m%d %H:%M:%S", date(1993, 11, 7)),
    ],
)
def test_formats_of_the_mapping_are_honoured(read, text, time_format, value):
    assert read(Kind.DAY, text, time_format=time_format) == (value, False)
    assert read(Kind.DAY, "2024-06-01x", time_format=time_format) == (None, True)


def test_a_day_is_the_day_that_is_written(read):
    assert read(Kind.DAY, "2024-06-01T23:00:00-08:00") == (date(2024, 6, 1), False)
    shanghai = {"timezone": "Asia/Shanghai"}
    stored = "(TIMESTAMPTZ '2024-05-31 16:00:00+00')"
    assert read(Kind.DAY, stored, "TIMESTAMP WITH TIME ZONE", **shanghai) == (date(2024, 6, 1), False)


def test_native_times_are_used_as_they_are(read):
    shanghai = {"timezone": "Asia/Shanghai"}
    naive = "(TIMESTAMP '2024-06-01 10:00:00')"
    assert read(Kind.TIME, naive, "TIMESTAMP", **shanghai) == (datetime(2024, 6, 1, 2), False)
    assert read(Kind.TIME, naive, "TIMESTAMP_NS", **shanghai) == (datetime(2024, 6, 1, 2), False)
    zoned = "(TIMESTAMPTZ '2024-06-01 10:00:00+08')"
    assert read(Kind.TIME, zoned, "TIMESTAMP WITH TIME ZONE", **shanghai) == (datetime(2024, 6, 1, 2), False)


@pytest.mark.parametrize(
    ("text", "value"), [("是", True), ("否", False), ("Y", True), ("n", False), ("TRUE", True), ("0", False)]
)
def test_yes_and_no(read, text, value):
    assert read(Kind.BOOLEAN, text) == (value, False)
    assert read(Kind.BOOLEAN, "2") == (None, True)
    assert read(Kind.BOOLEAN, "(1.0)", "DOUBLE") == (True, False)


def test_not_a_number_is_missing_and_infinity_is_unreadable(read):
    assert read(Kind.MONEY, "('nan')", "DOUBLE") == (None, False)
    assert read(Kind.MONEY, "('inf')", "DOUBLE") == (None, True)
    assert read(Kind.MONEY, "(DATE '2024-01-01')", "DATE") == (None, True)
