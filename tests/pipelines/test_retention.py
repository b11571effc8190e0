"""Old runs go; whoever asks to be forgotten goes from all that was written."""

import csv
import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from command import duewise
from duewise.errors import ConfigError, LockError
from duewise.pipelines.retention import retention
from duewise.publish.database.runs import bring_up_to_date
from duewise.publish.run_folder import open_run, run_lock
from duewise.publish.strategies_file import strategies_table, write_assignments, write_strategies
from duewise.sources.quarantine import OWN_COLUMNS
from published_night import NIGHT, client_portfolio, publish_night, write_tables

GONE, STAYS = "D1", "D11"


@pytest.fixture
def portfolio(tmp_path):
    return client_portfolio(
        tmp_path,
        publish={
            "runs": str(tmp_path / "runs"),
            "keep_days": 30,
            "database": f"sqlite:///{tmp_path}/out.db",
        },
    )


def publish(portfolio, night):
    """Publish a night of twelve debtors, with a quarantine that names one in several ways."""
    ids = [f"D{i}" for i in range(12)]
    rows = {"run_id": ["r"] * 12, "as_of": [night] * 12, "debtor_id": ids, "rank": range(1, 13)}
    table = strategies_table({**rows, "action": ["sms"] * 12}, portfolio.horizons)
    manifest = {
        "run_id": "r",
        "as_of": str(night),
        "written_at": str(night),
        "totals": {"debtors": 12},
    }
    with open_run(portfolio.publish.runs, night) as run:
        write_strategies(run.partial / "strategies.parquet", table)
        write_assignments(run.partial / "assignments.parquet", table)
        (run.partial / "manifest.json").write_text(json.dumps(manifest))
        run.quarantine.mkdir()
        with (run.quarantine / "contacts.csv").open("w", newline="") as file:
            own = ["contacts", "contacts.csv", 1, "at", "future_date"]
            csv.writer(file).writerows(
                [
                    [*OWN_COLUMNS, "客户号", "line"],
                    [*own, GONE, ""],
                    [*own, STAYS, ""],
                    [*own, "", f"x;{GONE};call"],
                ]
            )
        run.publish()
    bring_up_to_date(portfolio.publish.database, "asked", portfolio.publish.runs, night)


def test_old_runs_go_and_the_latest_stays_however_old(portfolio):
    nights = [NIGHT - timedelta(days=days) for days in (60, 31, 30, 0)]
    for night in nights:
        publish(portfolio, night)
    runs = portfolio.publish.runs
    (runs / f"{nights[0]}.failed" / "quarantine").mkdir(parents=True)
    assert retention(portfolio, NIGHT, dry_run=True).nights == (str(nights[0]), str(nights[1]))
    assert (runs / str(nights[0])).exists()
    assert retention(portfolio, NIGHT).nights == (str(nights[0]), str(nights[1]))
    shown = {path.name for path in runs.iterdir() if not path.name.startswith(".")}
    assert shown == {str(nights[2]), str(nights[3]), "latest"}
    with closing(sqlite3.connect(portfolio.publish.database.removeprefix("sqlite:///"))) as con:
        assert con.execute("SELECT DISTINCT as_of FROM strategies ORDER BY 1").fetchall() == [
            (str(nights[2]),),
            (str(nights[3]),),
        ]
    assert retention(portfolio, NIGHT + timedelta(days=400)).nights == (str(nights[2]),)
    assert (runs / "latest" / "manifest.json").exists()


def test_an_erased_debtor_is_nowhere_and_everybody_else_still_there(portfolio, tmp_path):
    for night in (NIGHT - timedelta(days=1), NIGHT):
        publish(portfolio, night)
    with closing(sqlite3.connect(portfolio.publish.runs / "feedback.sqlite")) as con, con:
        con.execute("CREATE TABLE feedback (debtor_id TEXT, note TEXT)")
        con.executemany("INSERT INTO feedback VALUES (?, 'x')", [(GONE,), (STAYS,)])
    done = retention(portfolio, NIGHT, erase=[GONE])
    # Each night: strategy, assignment, two rows in quarantine; two in the database. One feedback.
    assert done.rows == 2 * (1 + 1 + 2) + 2 * 2 + 1
    for run in portfolio.publish.runs.glob("2026-*"):
        for name in ("strategies", "assignments"):
            ids = pq.read_table(run / f"{name}.parquet")["debtor_id"].to_pylist()
            assert sorted(ids) == sorted(f"D{i}" for i in range(12) if i != 1)
        left = (run / "quarantine" / "contacts.csv").read_text().splitlines()
        assert left == [
            f"{','.join(OWN_COLUMNS)},客户号,line",
            f"contacts,contacts.csv,1,at,future_date,{STAYS},",
        ]
        assert (run / "worklist.xlsx").exists() is False
    with closing(sqlite3.connect(portfolio.publish.runs / "feedback.sqlite")) as con:
        assert con.execute("SELECT debtor_id FROM feedback").fetchall() == [(STAYS,)]
    with closing(sqlite3.connect(tmp_path / "out.db")) as con:
        for table in ("strategies", "assignments", "current_worklist"):
            ids = {row[0] for row in con.execute(f"SELECT debtor_id FROM {table}")}
            assert GONE not in ids
            assert STAYS in ids
    record = portfolio.publish.runs / "erasures.jsonl"
    (entry,) = [json.loads(line) for line in record.read_text().splitlines()]
    assert GONE not in record.read_text().replace(entry["salt"], "").replace(entry["subjects"][0], "")
    assert entry["subjects"] == [hashlib.sha256(f"{entry['salt']}{GONE}".encode()).hexdigest()]
    assert record.stat().st_mode & 0o777 == 0o600
    assert retention(portfolio, NIGHT, erase=[GONE]).rows == 0


def quarantined_payments(portfolio, accounts):
    """Publish a night of one debtor with payments of `accounts` in quarantine; return where they lie."""
    run = publish_night(portfolio, ["sms"])
    (run / "quarantine").mkdir()
    rows = pa.table({"row_number": [101, 102, 103], "account_id": accounts, "amount": [1.0, 2.0, 3.0]})
    pq.write_table(rows, run / "quarantine" / "payments.after_as_of.parquet")
    return run / "quarantine" / "payments.after_as_of.parquet"


def test_the_accounts_of_an_erased_debtor_are_found_in_the_sources(tmp_path):
    portfolio = client_portfolio(tmp_path)
    write_tables(tmp_path)
    file = quarantined_payments(portfolio, ["AD1", "AD2", "AD1"])
    done = retention(portfolio, NIGHT, erase=[GONE])
    assert (done.accounts, done.rows) == (1, 2)
    assert pq.read_table(file)["account_id"].to_pylist() == ["AD2"]


def test_a_whole_number_is_an_id_too_but_a_row_number_is_none(tmp_path):
    portfolio = client_portfolio(tmp_path)
    file = quarantined_payments(portfolio, [7, 8, 102])
    assert retention(portfolio, NIGHT, erase=["102", "7"]).rows == 2
    assert pq.read_table(file)["account_id"].to_pylist() == [8]


def test_a_debtor_who_is_called_like_an_action_takes_nobody_along(tmp_path):
    portfolio = client_portfolio(tmp_path)
    run = publish_night(portfolio, ["sms", "sms"])
    assert retention(portfolio, NIGHT, erase=["sms"]).rows == 0
    assert pq.read_table(run / "strategies.parquet").num_rows == 2


def test_an_erasure_goes_on_when_the_sources_cannot_be_read_and_says_so(tmp_path):
    portfolio = client_portfolio(tmp_path)
    publish_night(portfolio, ["sms", "sms"])
    (tmp_path / "portfolio.yaml").write_text(
        f"portfolio: {{name: asked}}\nsources: {{path: {tmp_path}}}\npublish: {{runs: {tmp_path}/runs}}\n"
    )
    done = duewise("retention", tmp_path / "portfolio.yaml", "--erase", GONE)
    assert done.code == 0
    assert "1 rows erased" in done.stdout
    assert "accounts were not looked up" in " ".join(done.stdout.split())


def test_nothing_to_do_and_an_empty_id_are_wrong_usage(portfolio, tmp_path):
    with pytest.raises(ConfigError, match="Nothing to do"):
        retention(client_portfolio(tmp_path), NIGHT)
    with pytest.raises(ConfigError, match="empty"):
        retention(portfolio, NIGHT, erase=[" "])


def test_nothing_is_removed_while_a_night_is_written(portfolio):
    publish(portfolio, date(2020, 1, 1))
    publish(portfolio, NIGHT)
    with run_lock(portfolio.publish.runs), pytest.raises(LockError):
        retention(portfolio, NIGHT)
    assert (portfolio.publish.runs / "2020-01-01").exists()


def test_the_command_says_what_it_removed(tmp_path):
    portfolio = client_portfolio(tmp_path)
    publish_night(portfolio, ["sms", "none"])
    (tmp_path / "portfolio.yaml").write_text(
        f"portfolio: {{name: asked}}\nsources: {{path: {tmp_path}}}\npublish: {{runs: {tmp_path}/runs}}\n"
    )
    file = tmp_path / "portfolio.yaml"
    done = duewise("retention", file, "--erase", "D1")
    assert done.code == 0, done.stderr
    assert "1 rows erased" in done.stdout
    assert "D1" not in done.stderr
    assert duewise("retention", file).code == 2
