"""Before dialling: what is paid, kept, disputed or no longer lawful is withdrawn, and nothing else."""

from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from duewise.errors import ConfigError, LockError
from duewise.pipelines.recheck import recheck
from duewise.publish.recall_file import RECALL, RECORD
from duewise.publish.run_folder import run_lock
from published_night import client_portfolio, contact, flag, payment, publish_night, write_tables

MORNING = datetime(2026, 6, 1, 4, tzinfo=UTC)  # noon in Shanghai


@pytest.fixture
def portfolio(tmp_path):
    found = client_portfolio(tmp_path)
    write_tables(tmp_path)
    publish_night(found, ["call"] * 5 + ["none"])
    return found


def reasons(portfolio, at=MORNING, **more):
    found = recheck(portfolio, at=at, **more)
    return {row["debtor_id"]: row["reason"] for row in found.recall.to_pylist()}


def test_without_news_nothing_stops(portfolio):
    found = recheck(portfolio, at=MORNING)
    assert found.stopped == found.recall.num_rows == 0
    assert found.record["planned"] == 5


def test_each_piece_of_news_stops_its_own_contact(portfolio, tmp_path):
    write_tables(
        tmp_path,
        payments=[payment("AD0", "2026-06-01T02:00:00", 990), payment("AD1", "2026-06-01T02:00:00", 990)],
        contacts=[contact("D2", "2026-06-01T02:00:00", "dispute", direction="inbound", channel="email")],
        flags=[
            flag("D3", "deceased", "2026-06-01T02:00:00"),
            flag("D4", "opt_out:call", "2026-05-31T20:00:00"),
        ],
    )
    assert reasons(portfolio) == {"D0": "paid", "D2": "disputed", "D3": "deceased", "D4": "opted_out"}


def test_what_happens_at_the_instant_is_not_yet_known(portfolio, tmp_path):
    write_tables(tmp_path, payments=[payment("AD1", "2026-06-01T04:00:00", 1000)])
    assert reasons(portfolio) == {}
    assert reasons(portfolio, at=MORNING.replace(second=1)) == {"D1": "paid"}


def test_a_promise_kept_since_the_night_stops_the_contact_although_money_is_owed(portfolio, tmp_path):
    made = contact("D1", "2026-05-28T03:00:00", "promise", promise_amount=300, promise_due_on="2026-06-01")
    write_tables(tmp_path, contacts=[made], payments=[payment("AD1", "2026-06-01T01:00:00", 300)])
    assert reasons(portfolio) == {"D1": "promise_kept"}


def test_an_account_taken_back_today_is_closed_not_paid(portfolio, tmp_path):
    write_tables(tmp_path)
    path = tmp_path / "data" / "accounts.csv"
    text = path.read_text().replace(
        "AD1,D1,consumer_loan,2026-04-01,2026-04-10,1000,,",
        "AD1,D1,consumer_loan,2026-04-01,2026-04-10,1000,2026-06-01,withdrawn",
    )
    path.write_text(text)
    assert reasons(portfolio) == {"D1": "closed"}


def test_contacts_wait_for_their_hours_and_stop_after_them(tmp_path):
    portfolio = client_portfolio(tmp_path, rules=["cn"])
    write_tables(tmp_path)
    publish_night(portfolio, ["call", "none"])
    before, after = datetime(2026, 6, 1, 0, 10, tzinfo=UTC), datetime(2026, 6, 1, 15, tzinfo=UTC)
    assert reasons(portfolio, at=before) == {}
    assert reasons(portfolio, at=after) == {"D0": "outside_hours"}


def test_a_night_that_is_over_is_looked_at_within_its_own_hours(tmp_path):
    portfolio = client_portfolio(tmp_path, rules=["cn"])
    write_tables(tmp_path, flags=[flag("D1", "deceased", "2026-06-01T11:00:00")])
    publish_night(portfolio, ["call", "call"])
    found = recheck(portfolio, now=datetime(2026, 9, 1, tzinfo=UTC))
    assert [row["reason"] for row in found.recall.to_pylist()] == ["deceased"]
    assert found.record["at"] == "2026-06-01T12:00:00Z"


def test_a_contact_already_made_is_not_counted_as_stopped(portfolio, tmp_path):
    write_tables(tmp_path, contacts=[contact("D1", "2026-06-01T02:00:00", "dispute")])
    found = recheck(portfolio, at=MORNING)
    assert found.stopped == 0
    assert found.record["already_made"] == 1
    assert [(row["debtor_id"], row["already_made"]) for row in found.recall.to_pylist()] == [("D1", True)]


def test_a_second_recheck_writes_the_same_bytes_and_leaves_the_run_alone(portfolio, tmp_path):
    write_tables(tmp_path, flags=[flag("D3", "deceased", "2026-06-01T02:00:00")])
    run = portfolio.publish.runs / "latest"
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    recheck(portfolio, at=MORNING)
    first = [(run / name).read_bytes() for name in (RECALL, RECORD)]
    recheck(portfolio, at=MORNING)
    assert [(run / name).read_bytes() for name in (RECALL, RECORD)] == first
    assert {name: (run / name).read_bytes() for name in before} == before
    row = pq.read_table(run / RECALL).to_pylist()[0]
    assert row["rule_id"] == "base.hold.person"
    assert row["text"] == "The debtor is reported deceased."


def test_a_dry_run_writes_nothing(portfolio):
    assert recheck(portfolio, at=MORNING, dry_run=True).file is None
    assert not (portfolio.publish.runs / "latest" / RECALL).exists()


def test_a_recall_is_not_written_while_a_night_is(portfolio):
    with run_lock(portfolio.publish.runs), pytest.raises(LockError):
        recheck(portfolio, at=MORNING)


def test_an_instant_before_the_night_is_refused(portfolio):
    with pytest.raises(ConfigError, match="00:00 UTC"):
        recheck(portfolio, at=datetime(2026, 5, 31, 23, tzinfo=UTC))


def test_without_a_run_it_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match="duewise nightly"):
        recheck(client_portfolio(tmp_path))
