"""A client's names, codes, formats and clocks become the contract's."""

from datetime import date, datetime

import pandas as pd
import pytest

from client_tables import AS_OF, NOW, clean_tables, portfolio_of
from duewise.contracts.vocabulary import Table
from duewise.errors import ConfigError, DataError
from duewise.sources.open import open_tables


def opened_contacts(folder, **sections) -> pd.DataFrame:
    with open_tables(portfolio_of(folder, **sections), AS_OF, now=NOW) as opened:
        return opened.tables.contacts.execute().sort_values("contact_id").reset_index(drop=True)


def refusal(folder, error, **sections) -> str:
    with pytest.raises(error) as refused:
        open_tables(portfolio_of(folder, **sections), AS_OF, now=NOW)
    return str(refused.value)


def test_a_chinese_export_is_read_through_its_mapping(folder):
    pd.DataFrame(
        {
            "联络号": ["1", "2"],
            "客户号": ["D0", "D1"],
            "联络时间": ["2024-05-31 08:30", "2024-05-30"],
            "方式": ["短信", " 人工电话 "],
            "结果": ["送达", "承诺"],
            "承诺日": ["", "2024年6月3日"],
            "承诺金额": ["", "￥1,200.00"],
        }
    ).to_csv(folder / "催收记录.csv", index=False, encoding="gb18030")
    (folder / "contacts.csv").unlink()
    contacts = opened_contacts(
        folder,
        mapping={
            "contacts": {
                "file": "催收记录.csv",
                "encoding": "gb18030",
                "columns": {
                    "联络号": "contact_id",
                    "客户号": "debtor_id",
                    "联络时间": "at",
                    "方式": "channel",
                    "结果": "outcome",
                    "承诺日": "promise_due_on",
                    "承诺金额": "promise_amount",
                },
                "codes": {
                    "channel": {"短信": "sms", "人工电话": "call"},
                    "outcome": {"送达": "delivered", "承诺": "promise"},
                },
                "formats": {"promise_due_on": "%Y年%m月%d日"},
                "constants": {"direction": "outbound"},
            }
        },
    )
    assert list(contacts["at"]) == [datetime(2024, 5, 31, 0, 30), datetime(2024, 5, 29, 16)]
    assert list(contacts.channel) == ["sms", "call"]
    assert list(contacts.outcome) == ["delivered", "promise"]
    assert contacts.promise_due_on[1].date() == date(2024, 6, 3)
    assert contacts.promise_amount[1] == 1200
    assert set(contacts.direction) == {"outbound"}


def test_naive_times_are_local_with_a_mapping_and_utc_without(folder):
    assert set(opened_contacts(folder)["at"]) == {datetime(2024, 5, 31, 9, 30)}
    mapped = {"contacts": {"file": "contacts.csv"}}
    assert set(opened_contacts(folder, mapping=mapped)["at"]) == {datetime(2024, 5, 31, 1, 30)}
    london = {"contacts": {"timezone": "Europe/London"}}
    assert set(opened_contacts(folder, mapping=london)["at"]) == {datetime(2024, 5, 31, 8, 30)}


def test_codes_are_compared_as_text_whatever_type_they_have(folder):
    frame = clean_tables()["contacts"].assign(channel=[1, 1, 2, 2, 3, 3, 3, 3], propensity=0.5)
    (folder / "contacts.csv").unlink()
    frame["at"] = pd.to_datetime(frame["at"])
    frame.to_parquet(folder / "contacts.parquet")
    mapping = {"contacts": {"codes": {"channel": {1: "sms", 2: "call", 3: "visit"}}}}
    contacts = opened_contacts(folder, mapping=mapping)
    assert list(contacts.channel) == ["sms", "sms", "call", "call", "visit", "visit", "visit", "visit"]


def test_yes_and_no_may_be_codes(folder):
    clean_tables()["debtors"].assign(has_phone=["有效", "无效", "有效", ""]).to_csv(folder / "debtors.csv")
    mapping = {"debtors": {"codes": {"has_phone": {"有效": True, "无效": False}}}}
    with open_tables(portfolio_of(folder, mapping=mapping), AS_OF, now=NOW) as opened:
        phones = opened.tables.debtors.execute().sort_values("debtor_id").has_phone
        assert phones.tolist()[:3] == [True, False, True]
        assert pd.isna(phones.tolist()[3])


def test_native_parquet_types_are_used_directly(folder):
    frame = clean_tables()["payments"]
    frame["at"] = pd.to_datetime("2024-05-30T18:00:00+08:00")
    frame["amount"] = 20.25
    frame["payment_id"] = range(8)
    (folder / "payments.csv").unlink()
    frame.to_parquet(folder / "payments.parquet")
    with open_tables(portfolio_of(folder), AS_OF, now=NOW) as opened:
        payments = opened.tables.payments.execute()
    assert set(payments["at"]) == {datetime(2024, 5, 30, 10)}
    assert set(payments.amount) == {20.25}
    assert sorted(payments.payment_id) == [str(i) for i in range(8)]


def test_a_folder_of_parquet_parts_is_one_table(folder, tmp_path):
    frame = clean_tables()["payments"]
    frame["amount"] = 20.25
    (folder / "payments.csv").unlink()
    (folder / "payments.parquet").mkdir()
    frame[4:].to_parquet(folder / "payments.parquet" / "part-1.parquet")
    frame[:4].assign(payment_id=["P0", "P1", None, "P3"]).to_parquet(
        folder / "payments.parquet" / "part-0.parquet"
    )
    portfolio = portfolio_of(folder, sources={"max_bad_share": 1})
    with open_tables(portfolio, AS_OF, now=NOW) as opened:
        report = opened.report.tables[Table.PAYMENTS]
        assert (report.read, report.bad, len(report.files)) == (8, 1, 2)
        written = opened.write_quarantine(tmp_path / "quarantine")
    assert list(pd.read_csv(written["payments.csv"]).row_number) == [3]


def test_declared_extra_columns_are_kept_with_the_type_they_hold(folder):
    clean_tables()["debtors"].assign(score=["1", "2.5", "", "4"], grade=["A", "7", "B", ""]).to_csv(
        folder / "debtors.csv", index=False
    )
    features = {"extra": {"debtors": ["score", "grade"]}}
    with open_tables(portfolio_of(folder, features=features), AS_OF, now=NOW) as opened:
        frame = opened.tables.debtors.execute().sort_values("debtor_id")
        assert opened.tables.extra_debtors == ("score", "grade")
    assert frame.score.dropna().tolist() == [1, 2.5, 4]
    assert frame.grade.dropna().tolist() == ["A", "7", "B"]


def test_an_absent_optional_table_is_an_empty_one(folder):
    (folder / "flags.csv").unlink()
    with open_tables(portfolio_of(folder), AS_OF, now=NOW) as opened:
        assert opened.tables.flags.count().execute() == 0
        assert not opened.tables.has(Table.FLAGS, "flag")
        assert opened.tables.has(Table.CONTACTS, "at")
        assert not opened.tables.has(Table.CONTACTS, "note")


def test_all_missing_tables_are_named_at_once(folder):
    (folder / "contacts.csv").unlink()
    (folder / "payments.csv").rename(folder / "zahlungen.csv")
    message = refusal(folder, DataError)
    assert "2 tables are missing: payments" in message
    assert "contacts (as contacts.parquet or .csv)" in message
    assert "zahlungen.csv" in message
    assert "an empty file contacts.csv" in message


def test_all_missing_columns_are_named_at_once_with_the_line_that_mends_it(folder):
    tables = clean_tables()
    tables["contacts"].rename(columns={"at": "at_time", "outcome": "result"}).to_csv(folder / "contacts.csv")
    tables["payments"].drop(columns="amount").to_csv(folder / "payments.csv")
    message = refusal(folder, DataError)
    assert "3 columns do not fit" in message
    assert "contacts.csv: the required column `outcome` is missing" in message
    assert "payments.csv: the required column `amount` is missing" in message
    tables["contacts"].rename(columns={"channel": "chanel"}).to_csv(folder / "contacts.csv")
    assert "the nearest is `chanel`" in refusal(folder, DataError)
    assert "mapping: {contacts: {columns: {chanel: channel}}}" in refusal(folder, DataError)


def test_wrong_mappings_are_wrong_configuration_and_all_named(folder):
    mapping = {
        "contacts": {
            "columns": {"x": "chanel", "y": "outcome", "z": "outcome"},
            "codes": {"channel": {"短信": "smss"}},
            "formats": {"channel": "%Y", "promise_due_on": "%Q"},
            "constants": {"direction": "sideways", "outcom": "done"},
        }
    }
    message = refusal(folder, ConfigError, mapping=mapping)
    assert (
        "mapping.contacts.columns.x: unknown column of contacts `chanel`; did you mean `channel`?" in message
    )
    assert "two columns of the export become `outcome`" in message
    assert "mapping.contacts.codes.channel.短信: unknown code `smss`; did you mean `sms`?" in message
    assert "mapping.contacts.formats.channel: only dates and times have a format" in message
    assert "mapping.contacts.constants.direction: unknown code `sideways`" in message
    assert "mapping.contacts.constants: unknown column of contacts `outcom`" in message
    unreadable = {"contacts": {"formats": {"promise_due_on": "%Q"}}}
    assert "`%Q` is not a strptime format" in refusal(folder, ConfigError, mapping=unreadable)


def test_a_mapped_column_that_the_export_lacks_is_named(folder):
    message = refusal(folder, DataError, mapping={"contacts": {"columns": {"out_come": "outcome"}}})
    assert "contacts.csv: has no column `out_come`" in message
    assert "did you mean `outcome`?" in message


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", "sub/../../secret.csv", "", ".", "a/.."])
def test_files_outside_the_folder_are_not_read(folder, name):
    (folder.parent / "secret.csv").write_text("contact_id\n1\n")
    message = refusal(folder, ConfigError, mapping={"contacts": {"file": name}})
    assert "leads out of sources.path" in message


@pytest.mark.parametrize("name", ["a\0b", "a" * 5000])
def test_what_cannot_be_a_file_name_is_refused(folder, name):
    message = refusal(folder, ConfigError, mapping={"contacts": {"file": name}})
    assert "cannot be the name of a file" in message


def test_links_out_of_the_folder_are_not_followed(folder):
    (folder.parent / "secret.csv").write_text("contact_id\n1\n")
    (folder / "contacts.csv").unlink()
    (folder / "contacts.csv").symlink_to(folder.parent / "secret.csv")
    assert "leads out of sources.path" in refusal(folder, ConfigError)


def test_a_table_that_lies_there_twice_is_refused(folder):
    (folder / "contacts.csv.gz").write_bytes(b"")
    assert "contacts lies there 2 times (contacts.csv, contacts.csv.gz)" in refusal(folder, DataError)


def test_a_date_outside_the_data_is_refused(folder):
    for day, words in [
        (date(2023, 1, 1), "no account was placed before"),
        (date(2030, 1, 1), "more than a year"),
    ]:
        with pytest.raises(ConfigError, match=words):
            open_tables(portfolio_of(folder), day, now=NOW)
