from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from client_tables import AS_OF, NOW, clean_tables, portfolio_of, write_csv
from duewise.errors import DataError
from duewise.publish.feedback import Feedback, FeedbackStore
from duewise.sources.feedback import content_hash, contract_rows
from duewise.sources.open import open_tables

YESTERDAY = datetime(2024, 5, 31, 15, tzinfo=UTC)


def remark(kind: str, debtor: str = "D0", **said) -> Feedback:
    base = {"at": YESTERDAY, "author": "li", "as_of": date(2024, 5, 31), "debtor_id": debtor, "kind": kind}
    return Feedback(**{**base, **said})


@pytest.fixture
def store(tmp_path: Path) -> FeedbackStore:
    return FeedbackStore(tmp_path / "runs" / "feedback.sqlite")


@pytest.fixture
def portfolio(folder: Path, tmp_path: Path):
    return portfolio_of(folder, publish={"runs": str(tmp_path / "runs")})


def added(portfolio, table: str, before: datetime | None = None) -> list[dict]:
    """Rows of a loaded table that the client's export does not have."""
    key = {"contacts": "contact_id", "flags": "flag"}[table]
    with open_tables(portfolio, AS_OF, now=NOW, feedback_before=before) as opened:
        rows = getattr(opened.tables, table).execute()
    rows = rows[rows[key].str.startswith("feedback-") if table == "contacts" else rows[key] != "consent:sms"]
    return rows.astype(object).where(rows.notna(), None).to_dict("records")


def test_a_wrong_number_is_a_contact_that_reached_the_wrong_party(portfolio, store):
    store.add(remark("wrong_number", channel="sms", note="a shop"))
    (row,) = added(portfolio, "contacts")
    assert (row["debtor_id"], row["channel"], row["outcome"]) == ("D0", "sms", "wrong_party")
    assert (row["agent_id"], row["note"], row["direction"]) == ("li", "a shop", "outbound")
    assert row["at"] == row["recorded_at"] == pd.Timestamp(YESTERDAY).tz_localize(None)


def test_a_promise_keeps_its_amount_and_its_day(portfolio, store):
    store.add(remark("promised", amount=250.5, due_on=date(2024, 6, 7)))
    (row,) = added(portfolio, "contacts")
    assert (row["channel"], row["outcome"], row["promise_amount"]) == ("call", "promise", 250.5)
    assert pd.Timestamp(row["promise_due_on"]).date() == date(2024, 6, 7)


@pytest.mark.parametrize(
    ("said", "flag"),
    [
        (remark("disputes"), "dispute"),
        (remark("hardship"), "hardship"),
        (remark("do_not_contact"), "cease_contact"),
        (remark("do_not_contact", channel="visit"), "opt_out:visit"),
    ],
)
def test_what_holds_of_a_debtor_is_a_flag(portfolio, store, said, flag):
    store.add(said)
    (row,) = added(portfolio, "flags")
    assert (row["debtor_id"], row["flag"], row["ends_at"]) == ("D0", flag, None)
    assert row["starts_at"] == pd.Timestamp(YESTERDAY).tz_localize(None)


@pytest.mark.parametrize("kind", ["paid_elsewhere", "disagree"])
def test_an_opinion_changes_no_table_and_reaches_the_managers(portfolio, store, kind):
    store.add(remark(kind, note="see letter"))
    with open_tables(portfolio, AS_OF, now=NOW) as opened:
        report = opened.report.feedback
    assert added(portfolio, "contacts") == added(portfolio, "flags") == []
    assert report.kinds == {kind: 1}
    assert [told["note"] for told in report.for_managers] == ["see letter"]


def test_a_night_knows_what_was_said_before_its_midnight_and_nothing_later(portfolio, store):
    midnight = datetime(2024, 6, 1, tzinfo=UTC)
    for at in (midnight - timedelta(microseconds=1), midnight, midnight + timedelta(hours=9)):
        store.add(remark("wrong_number", at=at))
    assert len(added(portfolio, "contacts")) == 1
    assert len(added(portfolio, "contacts", before=midnight + timedelta(hours=9, seconds=1))) == 3


def test_later_remarks_and_their_order_do_not_change_the_hash(portfolio, store):
    first, second = remark("hardship"), remark("disputes", debtor="D1")
    store.add(second)
    store.add(first)

    def digest() -> str | None:
        with open_tables(portfolio, AS_OF, now=NOW) as opened:
            return opened.report.feedback.sha256

    before = digest()
    assert before == content_hash([first, second])
    store.add(remark("hardship", at=datetime(2024, 6, 1, 8, tzinfo=UTC)))
    assert digest() == before
    store.add(remark("hardship", debtor="D2"))
    assert digest() != before


def test_a_debtor_nobody_knows_goes_to_quarantine_and_is_counted(portfolio, store, tmp_path):
    store.add(remark("wrong_number", debtor="nobody"))
    store.add(remark("wrong_number"))
    store.add(remark("hardship", debtor="nobody"))
    with open_tables(portfolio, AS_OF, now=NOW) as opened:
        report = opened.report.feedback
        written = opened.write_quarantine(tmp_path / "quarantine")
    counts = {str(name): (t.read, t.accepted, t.quarantined) for name, t in report.tables.items()}
    assert counts == {"contacts": (2, 1, 1), "flags": (1, 0, 1)}
    assert set(written) == {"feedback_contacts.csv", "feedback_flags.csv"}
    rows = pd.read_csv(written["feedback_contacts.csv"])
    assert rows[["table", "file", "debtor_id", "reason"]].values.tolist() == [
        ["contacts", "feedback.sqlite", "nobody", "unknown_debtor"]
    ]


def test_the_mapping_of_a_client_does_not_touch_feedback(folder, tmp_path, store):
    contacts = clean_tables()["contacts"].rename(columns={"channel": "WAY"}).replace({"call": "sms!"})
    contacts.drop(columns="direction").to_csv(folder / "contacts.csv", index=False)
    mapping = {
        "columns": {"WAY": "channel"},
        "codes": {"channel": {"sms!": "sms", "call": "visit"}},
        "constants": {"direction": "inbound"},
        "timezone": "Asia/Shanghai",
    }
    portfolio = portfolio_of(folder, publish={"runs": str(tmp_path / "runs")}, mapping={"contacts": mapping})
    store.add(remark("wrong_number"))
    (row,) = added(portfolio, "contacts")
    assert (row["channel"], row["direction"], row["at"].hour) == ("call", "outbound", 15)


def test_feedback_fills_a_table_of_flags_that_the_client_does_not_have(folder, portfolio, store):
    (folder / "flags.csv").unlink()
    store.add(remark("hardship"))
    assert [row["flag"] for row in added(portfolio, "flags")] == ["hardship"]


def test_a_contact_that_the_export_brings_back_is_there_once(folder, portfolio, store):
    said = remark("wrong_number")
    store.add(said)
    (row,) = contract_rows([said])["contacts"]
    contacts = clean_tables()["contacts"]
    back = pd.DataFrame([{name: row.get(name) for name in contacts.columns}])
    write_csv(folder, {"contacts": pd.concat([contacts, back], ignore_index=True)})
    assert len(added(portfolio, "contacts")) == 1


def test_the_books_say_when_a_flag_ends_once_they_know_it(folder, portfolio, store):
    store.add(remark("disputes", at=YESTERDAY - timedelta(days=5)))
    flags = clean_tables()["flags"]
    booked = {"debtor_id": "D0", "flag": "dispute", "starts_at": "2024-05-27", "ends_at": "2024-05-30"}
    write_csv(folder, {"flags": pd.concat([flags, pd.DataFrame([booked])], ignore_index=True)})
    ends = {row["starts_at"].date().isoformat(): row["ends_at"] for row in added(portfolio, "flags")}
    assert ends == {"2024-05-26": pd.Timestamp("2024-05-27"), "2024-05-27": pd.Timestamp("2024-05-30")}


def test_a_store_that_cannot_be_read_stops_the_night(portfolio, store):
    store.path.parent.mkdir()
    store.path.write_text("not a database, but long enough to be looked at " * 10)
    with pytest.raises(DataError, match=r"feedback\.sqlite: the feedback cannot be read"):
        added(portfolio, "contacts")
