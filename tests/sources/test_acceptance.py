"""Every kind of bad row is found, counted exactly, and written with its reason."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from client_tables import AS_OF, NOW, clean_tables, dirty_tables, portfolio_of, write_csv
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.errors import DataError
from duewise.sources.examine import examine_sources
from duewise.sources.open import open_tables
from duewise.sources.report import AcceptanceReport


def test_every_planted_fault_is_reported_with_its_exact_count(tmp_path: Path) -> None:
    tables, expected = dirty_tables()
    write_csv(tmp_path, tables)
    with examine_sources(portfolio_of(tmp_path), AS_OF, now=NOW) as examination:
        reports = examination.report.tables
    found = {(str(t), f.column, f.reason): f.rows for t, r in reports.items() for f in r.faults}
    assert found == expected
    assert all(report.accepted + report.quarantined == report.read for report in reports.values())


def test_the_quarantine_holds_every_bad_row_once_with_all_its_reasons(tmp_path: Path) -> None:
    tables, _ = dirty_tables()
    tables["payments"].loc[10, "at"] = "never"
    write_csv(tmp_path / "data", tables)
    with examine_sources(portfolio_of(tmp_path / "data"), AS_OF, now=NOW) as examination:
        examination.write_quarantine(tmp_path / "quarantine")
        reports = examination.report.tables
    for table, report in reports.items():
        if not report.bad:
            continue
        rows = pd.read_csv(tmp_path / "quarantine" / f"{table}.csv", dtype=str)
        assert len(rows) == report.bad
        assert rows.row_number.is_unique
        original = tables[table].iloc[rows.row_number.astype(int) - 1].reset_index(drop=True)
        shown = rows[list(original.columns)].fillna("")
        assert (shown == original.astype(str)).all(axis=None)
    payments = pd.read_csv(tmp_path / "quarantine" / "payments.csv", dtype=str).set_index("row_number")
    assert payments.loc["11", "column"] == "amount; at"
    assert payments.loc["11", "reason"] == "negative; unreadable"


def test_what_is_accepted_passes_the_contract_itself(tmp_path: Path) -> None:
    tables, _ = dirty_tables()
    write_csv(tmp_path, tables)
    portfolio = portfolio_of(tmp_path, sources={"max_bad_share": 1})
    with open_tables(portfolio, AS_OF, now=NOW) as opened:
        for table, schema in TABLES.items():
            accepted = getattr(opened.tables, table)
            assert accepted.count().execute() == opened.report.tables[table].accepted
            if opened.report.tables[table].accepted:
                schema.validate(accepted)


def test_a_run_stops_above_the_share_of_bad_rows_and_says_where_they_are(tmp_path: Path) -> None:
    tables, _ = dirty_tables()
    write_csv(tmp_path / "data", tables)
    with pytest.raises(DataError) as refused:
        open_tables(portfolio_of(tmp_path / "data"), AS_OF, now=NOW, quarantine=tmp_path / "quarantine")
    message = str(refused.value)
    assert "debtors.csv: 6 of 100 rows (6.00%) are bad; the limit is 1.00%" in message
    assert "the number is below what is possible (too_small) in 3 rows (first: 91, 92, 93)" in message
    assert "sources.max_bad_share" in message
    assert (tmp_path / "quarantine" / "debtors.csv").exists()


def test_a_share_of_bad_rows_below_the_limit_goes_on(
    folder: Path, examined: Callable[..., AcceptanceReport]
) -> None:
    frame = clean_tables()["contacts"]
    frame.loc[0, "contact_id"] = ""
    frame.to_csv(folder / "contacts.csv", index=False)
    report = examined(sources={"max_bad_share": 0.2})
    assert report.refusals == ()
    assert report.tables[Table.CONTACTS].bad == 1


def test_of_duplicates_the_first_good_row_stays(folder: Path) -> None:
    frame = clean_tables()["payments"]
    frame.loc[[0, 1, 2], "payment_id"] = "P7"
    frame.loc[0, "amount"] = "-1"
    frame.loc[[1, 2], "amount"] = ["2", "3"]
    frame.to_csv(folder / "payments.csv", index=False)
    portfolio = portfolio_of(folder, sources={"max_bad_share": 1})
    with open_tables(portfolio, AS_OF, now=NOW) as opened:
        kept = opened.tables.payments.execute().set_index("payment_id").amount
        assert kept["P7"] == 2
        assert opened.report.tables[Table.PAYMENTS].reasons == {"negative": 1, "duplicate": 2}


def test_unknown_codes_fall_back_and_are_counted(
    folder: Path, examined: Callable[..., AcceptanceReport]
) -> None:
    frame = clean_tables()["contacts"]
    frame.loc[[0, 1], "outcome"] = "vanished"
    frame.loc[2, "outcome"] = ""
    frame.loc[3, "channel"] = " SMS "
    frame["stated_reason"] = ["", "aliens", *[""] * 6]
    frame.to_csv(folder / "contacts.csv", index=False)
    report = examined()
    codes = {(c.column, c.value, c.fallback): c.rows for c in report.tables[Table.CONTACTS].unknown_codes}
    assert codes == {
        ("outcome", "vanished", "unknown"): 2,
        ("outcome", None, "unknown"): 1,
        ("stated_reason", "aliens", "other"): 1,
    }
    assert report.tables[Table.CONTACTS].bad == 0
    assert {w.code for w in report.warnings} == {"unknown_codes"}


def test_an_empty_optional_code_stays_empty(folder: Path) -> None:
    frame = clean_tables()["contacts"]
    frame["stated_reason"] = ["", "no_money", *[""] * 6]
    frame.to_csv(folder / "contacts.csv", index=False)
    with open_tables(portfolio_of(folder), AS_OF, now=NOW) as opened:
        reasons = opened.tables.contacts.execute().set_index("contact_id").stated_reason
        assert reasons["C1"] == "no_money"
        assert reasons.isna().sum() == 7


def test_later_events_are_put_aside_and_do_not_count_as_bad(folder: Path, tmp_path: Path) -> None:
    frame = clean_tables()["payments"]
    frame["at"] = ["2024-06-02T00:00:00", "2024-06-01T23:59:59", "2024-06-05", *["2024-05-01"] * 5]
    frame.loc[2, "amount"] = "-1"  # unknown on the night, so not judged
    frame.to_csv(folder / "payments.csv", index=False)
    now = NOW.replace(month=9)
    with examine_sources(portfolio_of(folder), AS_OF, now=now) as examination:
        report = examination.report.tables[Table.PAYMENTS]
        assert (report.read, report.accepted, report.bad, report.after_as_of) == (8, 6, 0, 2)
        examination.write_quarantine(tmp_path / "quarantine")
    aside = pd.read_parquet(tmp_path / "quarantine" / "payments.after_as_of.parquet")
    assert list(aside.row_number) == [1, 3]
    assert list(aside.payment_id) == ["P0", "P2"]


def test_the_future_of_the_clock_is_bad_whatever_the_date(folder: Path) -> None:
    frame = clean_tables()["payments"]
    frame.loc[0, "at"] = "2024-06-03T02:00:01"
    frame.to_csv(folder / "payments.csv", index=False)
    with examine_sources(portfolio_of(folder), AS_OF, now=NOW) as examination:
        assert examination.report.tables[Table.PAYMENTS].reasons == {"event_in_future": 1}


def test_formulas_in_bad_rows_are_disarmed(folder: Path, tmp_path: Path) -> None:
    frame = clean_tables()["contacts"]
    frame["note"] = ["=cmd|' /C calc'!A0", "-5", "@x", *["fine"] * 5]
    frame.loc[[0, 1, 2], "contact_id"] = ""
    frame.to_csv(folder / "contacts.csv", index=False)
    with examine_sources(portfolio_of(folder), AS_OF, now=NOW) as examination:
        examination.write_quarantine(tmp_path)
    assert list(pd.read_csv(tmp_path / "contacts.csv", dtype=str).note) == [
        "'=cmd|' /C calc'!A0",
        "-5",
        "'@x",
    ]
