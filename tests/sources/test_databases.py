"""Tables of databases are judged like files: same counts, same reasons, and no row passes unseen."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from client_tables import AS_OF, NOW, clean_tables, dirty_tables, portfolio_of, write_csv
from duewise.config import parse_portfolio
from duewise.database_url import parse_database_url
from duewise.errors import ConfigError, DataError, DuewiseError
from duewise.sources.databases import postgresql
from duewise.sources.databases.fetch import fetch_tables
from duewise.sources.examine import examine_sources
from postgresql_server import PASSWORD, running_server

KINDS = ("sqlite", "duckdb", "postgresql")


@pytest.fixture(scope="module")
def server():
    with running_server() as server:
        yield server


@pytest.fixture(params=KINDS)
def stored(request, tmp_path, monkeypatch):
    """Store tables in a database of each kind; return its address."""

    def store(tables: dict[str, pd.DataFrame]) -> str:
        if request.param == "sqlite":
            with closing(sqlite3.connect(tmp_path / "books.db")) as con:
                for name, frame in tables.items():
                    frame.to_sql(name, con, index=False)
            return f"sqlite:///{tmp_path}/books.db"
        if request.param == "duckdb":
            with closing(duckdb.connect(str(tmp_path / "books.duckdb"))) as con:
                for name, frame in tables.items():
                    con.register("frame", frame)
                    con.execute(f'CREATE TABLE "{name}" AS FROM frame')
            return f"duckdb:///{tmp_path}/books.duckdb"
        server = request.getfixturevalue("server")
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        database = f"t{abs(hash(request.node.name)) % 10**9}"
        server.execute(f"CREATE DATABASE {database}")
        server.fill({n: pa.Table.from_pandas(f, preserve_index=False) for n, f in tables.items()}, database)
        return server.url_of(database)

    return store


def portfolio_on(url: str, **sections):
    content = {"portfolio": {"name": "test", "language": "en"}, "sources": {"url": url}}
    return parse_portfolio({**content, **sections}, origin="test.yaml")


def judged(portfolio):
    with examine_sources(portfolio, AS_OF, now=NOW) as examination:
        return examination.report


def test_a_database_is_judged_like_files_of_the_same_rows(stored, tmp_path):
    tables, expected = dirty_tables()
    write_csv(tmp_path / "data", tables)
    # An export to text says nothing with an empty field, a database with a null.
    report = judged(portfolio_on(stored({name: frame.replace("", None) for name, frame in tables.items()})))
    files = judged(portfolio_of(tmp_path / "data"))
    found = {
        (str(name), fault.column, fault.reason): fault.rows
        for name, table in report.tables.items()
        for fault in table.faults
    }
    assert found == expected
    for name, table in report.tables.items():
        assert table.accepted + table.quarantined == table.read
        assert (table.read, table.accepted) == (files.tables[name].read, files.tables[name].accepted)


def test_a_mapping_names_tables_columns_and_codes_of_a_database(stored):
    tables = clean_tables()
    tables["联络"] = tables.pop("contacts").rename(columns={"contact_id": "联络号"}).replace("call", "电话")
    mapping = {
        "contacts": {
            "file": "联络",
            "columns": {"联络号": "contact_id"},
            "codes": {"channel": {"电话": "call"}},
        }
    }
    report = judged(portfolio_on(stored(tables), mapping=mapping))
    contacts = report.tables["contacts"]
    assert (contacts.read, contacts.accepted, contacts.unknown_codes) == (8, 8, ())
    assert contacts.files[0].path.name == "联络"


def test_the_bad_rows_of_a_database_are_kept_with_their_reasons(stored, tmp_path):
    tables = clean_tables(50)
    tables["payments"].loc[3, "amount"] = "-20"
    portfolio = portfolio_on(stored(tables))
    with examine_sources(portfolio, AS_OF, now=NOW, workspace=tmp_path / "w") as examination:
        written = examination.write_quarantine(tmp_path / "quarantine")
    rows = pd.read_csv(written["payments.csv"])
    assert rows[["file", "row_number", "reason"]].to_numpy().tolist() == [["payments", 4, "negative"]]


def test_tables_that_are_not_there_are_all_named(stored):
    tables = clean_tables()
    del tables["payments"], tables["contacts"]
    with pytest.raises(DataError, match="no table or view called payments, contacts"):
        judged(portfolio_on(stored(tables)))


def test_unchanged_tables_are_recognised(stored, tmp_path):
    portfolio = portfolio_on(stored(clean_tables(30)))
    first, second = (fetch_tables(portfolio, AS_OF, tmp_path / name) for name in ("first", "second"))
    for table, found in first.items():
        assert found.paths[0].read_bytes() == second[table].paths[0].read_bytes()


def test_of_what_earlier_nights_wrote_only_those_of_this_portfolio_are_read(stored, tmp_path):
    def night(portfolio: str, as_of: date) -> dict[str, object]:
        return {"portfolio": portfolio, "run_id": "r", "as_of": as_of, "debtor_id": "D0", "action": "sms"}

    tables = clean_tables()
    tables["assignments"] = pd.DataFrame(
        [night("test", date(2024, 5, 31)), night("test", AS_OF), night("other", date(2024, 5, 30))]
    )
    url = stored(tables)
    found = fetch_tables(portfolio_on(url), AS_OF, tmp_path / "now")
    assert pq.read_table(found["assignments"].paths[0])["as_of"].to_pylist()[0] in (
        date(2024, 5, 31),
        "2024-05-31",
    )
    assert pq.read_metadata(found["assignments"].paths[0]).num_rows == 1
    assert "assignments" not in fetch_tables(portfolio_on(url), date(2024, 5, 30), tmp_path / "first")


def test_what_arrow_cannot_hold_keeps_its_meaning_in_postgresql(server, monkeypatch, tmp_path):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    server.execute("CREATE DATABASE odd")
    server.fill({n: pa.Table.from_pandas(f, preserve_index=False) for n, f in clean_tables().items()}, "odd")
    for statement in (
        "CREATE SCHEMA desk",
        "CREATE TABLE desk.f AS SELECT 'D0'::varchar AS debtor_id, 'dispute'::bpchar AS flag, "
        "timestamptz '2024-02-01 08:00+08' AS starts_at, 'infinity'::timestamptz AS ends_at",
        "ALTER TABLE payments ALTER amount TYPE numeric(30, 4) USING 12345678901234.5678",
    ):
        server.execute(statement, "odd")
    portfolio = portfolio_on(server.url_of("odd"), mapping={"flags": {"file": "desk.f"}})
    found = fetch_tables(portfolio, AS_OF, tmp_path)
    (flag,) = pq.read_table(found["flags"].paths[0]).to_pylist()
    assert flag["starts_at"].isoformat() == "2024-02-01T00:00:00+00:00"
    assert flag["ends_at"] is None
    assert pq.read_table(found["payments"].paths[0])["amount"][0].as_py() == "12345678901234.5678"
    assert not judged(portfolio).refusals


def test_a_column_of_sqlite_that_holds_both_numbers_and_text_loses_neither(tmp_path):
    with closing(sqlite3.connect(tmp_path / "books.db")) as con:
        for name, frame in clean_tables(100).items():
            frame.to_sql(name, con, index=False)
        con.execute("CREATE TABLE p AS SELECT payment_id, account_id, at, kind, amount FROM payments")
        con.execute("UPDATE p SET amount = 0.1 + 0.2")
        con.execute("UPDATE p SET amount = 'twenty' WHERE payment_id = 'P7'")
        con.commit()
    portfolio = portfolio_on(f"sqlite:///{tmp_path}/books.db", mapping={"payments": {"file": "p"}})
    (fault,) = judged(portfolio).tables["payments"].faults
    assert (fault.column, fault.reason, fault.rows) == ("amount", "unreadable", 1)


def test_a_wrong_or_absent_secret_is_told_without_it(server, monkeypatch):
    for secret in ("wr0ng-s3cret", None):
        monkeypatch.setenv("PGPASSWORD", secret) if secret else monkeypatch.delenv(
            "PGPASSWORD", raising=False
        )
        with pytest.raises(DuewiseError, match="PGPASSWORD") as failed:
            judged(portfolio_on(server.url))
        assert "s3cret" not in str(failed.value)
        assert failed.value.exit_code == 1


def test_secrets_are_found_in_a_password_file(server, monkeypatch, tmp_path):
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:{server.port}:*:*:{PASSWORD}\n")
    file.chmod(0o600)
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(file))
    with pytest.raises(DataError, match="no table or view called debtors"):
        judged(portfolio_on(server.url_of("template1")))


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_is_no_database_is_said(tmp_path, kind):
    url = f"{kind}:///{tmp_path}/books.db"
    with pytest.raises(DataError, match="no such database file"):
        judged(portfolio_on(url))
    (tmp_path / "books.db").write_bytes(b"debtor_id\n" * 1000)
    with pytest.raises(DataError, match=r"books\.db: cannot be read as a"):
        judged(portfolio_on(url))


def test_a_view_of_a_duckdb_file_reads_no_other_file(tmp_path):
    (tmp_path / "other.csv").write_text("debtor_id\nD1\n")
    with closing(duckdb.connect(str(tmp_path / "books.duckdb"))) as con:
        con.execute(f"CREATE VIEW debtors AS FROM read_csv('{tmp_path}/other.csv')")
    with pytest.raises(DataError, match="cannot be read as a DuckDB database"):
        judged(portfolio_on(f"duckdb:///{tmp_path}/books.duckdb"))


def test_a_missing_driver_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "adbc_driver_postgresql", None)
    with pytest.raises(ConfigError, match=r"duewise\[postgres\]"):
        judged(portfolio_on("postgresql://nowhere/books"))


def test_a_server_that_does_not_answer_is_said():
    with pytest.raises(DuewiseError, match=r"sources\.url: the database does not do what was asked"):
        judged(portfolio_on("postgresql://me@127.0.0.1:1/books"))


def test_a_server_that_goes_away_in_the_middle_is_said(server, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    server.execute("CREATE DATABASE large")
    server.execute(
        "CREATE TABLE t AS SELECT g AS a, repeat('x', 100) AS b FROM generate_series(1, 400000) g", "large"
    )
    url = parse_database_url(server.url_of("large"))
    with pytest.raises(DuewiseError, match=r"sources\.url: the database does not do what was asked"):
        read_until_the_server_stops(url, server)
    server.start()


def read_until_the_server_stops(url, server):
    with postgresql.snapshot(url) as connection:
        relation = postgresql.relation_named(connection, "t")
        with postgresql.rows_of(connection, relation, "true") as rows:
            next(rows.batches)
            server.stop()
            list(rows.batches)


def test_nothing_of_a_copy_is_left_behind(stored, tmp_path):
    workspace = tmp_path / "workspace"
    with examine_sources(portfolio_on(stored(clean_tables())), AS_OF, now=NOW, workspace=workspace):
        assert list(Path(workspace).rglob("fetched/*.parquet"))
    assert not list(workspace.iterdir())
