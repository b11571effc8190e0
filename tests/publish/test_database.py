"""The database holds exactly what the run folders hold, also when the writer is stopped in between."""

import json
import sqlite3
from contextlib import closing
from datetime import date, timedelta

import duckdb
import pyarrow.parquet as pq
import pytest

from duewise.database_url import parse_database_url
from duewise.errors import DuewiseError
from duewise.publish.database.engines import connected
from duewise.publish.database.runs import bring_up_to_date, rows_in_database
from duewise.publish.database.schema import SCHEMA
from duewise.publish.run_folder import open_run
from duewise.publish.strategies_file import strategies_table, write_assignments, write_strategies
from postgresql_server import PASSWORD, running_server

NIGHT = date(2026, 6, 1)
NAME = "cards"
HORIZONS = (30, 90)
SENTENCE = "已还\"'\n"


@pytest.fixture(scope="module")
def server():
    with running_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def address(request, tmp_path, monkeypatch):
    if request.param != "postgresql":
        return f"{request.param}:///{tmp_path}/out.db"
    server = request.getfixturevalue("server")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    database = f"t{abs(hash(request.node.name)) % 10**9}"
    server.execute(f"CREATE DATABASE {database}")
    return server.url_of(database)


def query(address, statement):
    with connected(parse_database_url(address)) as engine:
        return engine.execute(statement)


def published(
    folder,
    address,
    actions,
    run_id="first",
    night=NIGHT,
    horizons=HORIZONS,
    name=NAME,
    then=None,
    sentence=SENTENCE,
):
    """Publish a night of debtors D0, D1, … to the folder and the database; `then` runs between the two."""
    rows = {
        "run_id": [run_id] * len(actions),
        "as_of": [night] * len(actions),
        "debtor_id": [f"D'{i}" for i in range(len(actions))],
        "rank": list(range(1, len(actions) + 1)),
        "balance": [100.0 * (i + 1) for i in range(len(actions))],
        "action": actions,
        "action_supported": [True] * len(actions),
        "reason_1": [{"code": "x", "direction": "up", "text": sentence}] * len(actions),
        "denied": [[{"action": "call", "rule_id": "cn.night"}]] * len(actions),
    }
    strategies = strategies_table(rows, horizons)
    manifest = {
        "run_id": run_id,
        "as_of": str(night),
        "written_at": run_id,
        "totals": {"debtors": len(actions)},
    }
    with open_run(folder / "runs", night) as run:
        write_strategies(run.partial / "strategies.parquet", strategies)
        write_assignments(run.partial / "assignments.parquet", strategies)
        (run.partial / "manifest.json").write_text(json.dumps(manifest))
        with rows_in_database(address, name, run):
            if then is not None:
                then(run)
            run.publish()


class Stopped(BaseException):
    """Stands for what ends a process at once."""


def without_room(run):
    raise OSError("no room")


def killed_after_publishing(run):
    run.publish()
    raise Stopped


def assert_agreement(folder, address, table="strategies"):
    nights = sorted(path.parent for path in (folder / "runs").glob("[0-9]*/manifest.json"))
    in_files = {
        (row["as_of"].isoformat(), row["debtor_id"], row["action"], row["balance"])
        for night in nights
        for row in pq.read_table(night / "strategies.parquet").to_pylist()
    }
    held = query(address, f"SELECT as_of, debtor_id, action, balance FROM {table}")
    assert {(str(row[0]), *row[1:]) for row in held} == in_files
    assert len(held) == len(in_files)


def test_a_night_that_runs_again_is_there_once(address, tmp_path):
    published(tmp_path, address, ["sms", "none", "call"])
    assert_agreement(tmp_path, address)
    published(tmp_path, address, ["none", "sms"], run_id="second")
    assert_agreement(tmp_path, address)
    assert query(address, "SELECT debtor_id, action, policy FROM assignments ORDER BY debtor_id") == [
        ("D'0", "none", None),
        ("D'1", "sms", None),
    ]


def test_the_current_worklist_is_the_newest_night_of_each_portfolio(address, tmp_path):
    published(tmp_path / "cards", address, ["sms", "call"])
    published(tmp_path / "cards", address, ["none"], run_id="old", night=NIGHT - timedelta(days=7))
    published(tmp_path / "loans", address, ["visit"], name="loans", night=NIGHT - timedelta(days=1))
    rows = query(address, "SELECT portfolio, debtor_id, rank, action FROM current_worklist")
    assert rows == [("cards", "D'0", 1, "sms"), ("cards", "D'1", 2, "call"), ("loans", "D'0", 1, "visit")]


def test_other_horizons_add_columns_and_keep_the_old(address, tmp_path):
    published(tmp_path, address, ["sms"], horizons=(30,))
    published(tmp_path, address, ["sms"], run_id="b", night=NIGHT + timedelta(days=1), horizons=(14, 365))
    held = query(address, "SELECT expected_recovery_30d, expected_recovery_365d FROM strategies")
    assert held == [(None, None)] * 2
    assert len(query(address, "SELECT expected_recovery_14d FROM current_worklist")) == 1


def test_reasons_and_denials_are_json(address, tmp_path):
    published(tmp_path, address, ["sms"])
    ((reason, denied),) = query(address, "SELECT reason_1, denied FROM strategies")
    assert json.loads(reason) == {"code": "x", "direction": "up", "text": SENTENCE}
    assert json.loads(denied) == [{"action": "call", "rule_id": "cn.night"}]


def test_a_text_with_a_null_character_stops_no_night(address, tmp_path):
    published(tmp_path, address, ["sms"], sentence="a\0b")
    ((reason,),) = query(address, "SELECT reason_1 FROM strategies")
    assert json.loads(reason)["text"].replace("\0", "") == "ab"


def test_a_run_that_does_not_come_to_stand_leaves_no_rows(address, tmp_path):
    published(tmp_path, address, ["sms"])
    with pytest.raises(OSError, match="no room"):
        published(tmp_path, address, ["call", "call"], run_id="second", then=without_room)
    assert_agreement(tmp_path, address)


def test_a_kill_between_folder_and_database_is_mended_by_the_next_start(address, tmp_path):
    published(tmp_path, address, ["sms"], night=NIGHT - timedelta(days=1))
    with pytest.raises(Stopped):
        published(tmp_path, address, ["call", "sms"], then=killed_after_publishing)
    assert query(address, "SELECT count(*) FROM strategies") == [(1,)]
    tomorrow = NIGHT + timedelta(days=1)
    assert bring_up_to_date(address, NAME, tmp_path / "runs", tomorrow) == [str(NIGHT)]
    assert_agreement(tmp_path, address)
    assert bring_up_to_date(address, NAME, tmp_path / "runs", tomorrow) == []


def test_a_database_named_later_gets_the_night_that_stands(address, tmp_path):
    published(tmp_path, None, ["sms", "none"])
    assert bring_up_to_date(address, NAME, tmp_path / "runs", NIGHT) == [str(NIGHT)]
    assert_agreement(tmp_path, address)


def test_a_clients_own_table_of_the_same_name_is_not_touched(address, tmp_path):
    with connected(parse_database_url(address)) as engine:
        engine.execute("CREATE TABLE assignments (debtor_id varchar(9), action varchar(9))")
        engine.execute("INSERT INTO assignments VALUES ('X', 'call')")
        engine.commit()
    published(tmp_path, address, ["sms"])
    published(tmp_path, address, ["sms"], run_id="again")
    assert query(address, "SELECT * FROM assignments") == [("X", "call")]
    assert query(address, "SELECT debtor_id FROM duewise_assignments") == [("D'0",)]
    assert_agreement(tmp_path, address)


def test_a_database_of_a_later_version_is_left_alone(address, tmp_path):
    published(tmp_path, address, ["sms"])
    with connected(parse_database_url(address)) as engine:
        engine.execute(f"INSERT INTO {SCHEMA} VALUES (99, 'later')")
        engine.commit()
    with pytest.raises(DuewiseError, match="version 99"):
        bring_up_to_date(address, NAME, tmp_path / "runs", NIGHT)


def test_a_night_has_a_debtor_once(address, tmp_path):
    published(tmp_path, address, ["sms"])
    with pytest.raises(DuewiseError), connected(parse_database_url(address)) as engine:
        engine.execute(
            "INSERT INTO strategies (portfolio, as_of, debtor_id, run_id) "
            f"VALUES ('{NAME}', '{NIGHT}', 'D''0', 'x')"
        )


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_only_the_owner_may_read_a_database_file(kind, tmp_path):
    published(tmp_path, f"{kind}:///{tmp_path}/out.db", ["sms"])
    assert (tmp_path / "out.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_database_that_cannot_be_opened_is_said(kind, tmp_path):
    with pytest.raises(DuewiseError, match=r"publish\.database: .*out\.db cannot be written"):
        bring_up_to_date(f"{kind}:///{tmp_path}/nowhere/out.db", NAME, tmp_path, NIGHT)


def test_a_sqlite_or_duckdb_file_is_read_by_its_own_tools(tmp_path):
    published(tmp_path, f"sqlite:///{tmp_path}/out.db", ["sms"])
    with closing(sqlite3.connect(tmp_path / "out.db")) as con:
        assert con.execute("SELECT as_of FROM current_worklist").fetchall() == [("2026-06-01",)]
    published(tmp_path, f"duckdb:///{tmp_path}/out.duckdb", ["sms"])
    with closing(duckdb.connect(str(tmp_path / "out.duckdb"), read_only=True)) as con:
        assert con.execute("SELECT as_of FROM current_worklist").fetchall() == [(NIGHT,)]
