"""Nights from PostgreSQL to PostgreSQL: the database holds what the folder holds, and no secret comes out."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from command import duewise
from duewise.publish.run_folder import RunFolder
from postgresql_server import PASSWORD, Server, running_server
from tiny_portfolio import AS_OF, TinyPortfolio

DATABASE = "books"


@pytest.fixture(scope="module")
def server(tiny: TinyPortfolio):
    with running_server() as server:
        server.execute(f"CREATE DATABASE {DATABASE}")
        tables = {path.stem: pq.read_table(path) for path in tiny.data.glob("*.parquet")}
        server.fill(tables, DATABASE)
        yield server


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return PASSWORD


def file_on(server: Server, tiny: TinyPortfolio, folder: Path) -> Path:
    """Return a portfolio file that reads from and writes to the server."""
    settings = yaml.safe_load(tiny.file.read_text())
    url = server.url_of(DATABASE)
    settings["sources"] = {"url": url}
    settings["publish"] = {"runs": str(folder / "runs"), "database": url, "excel": False, "report": False}
    (folder / "portfolio.yaml").write_text(yaml.safe_dump(settings))
    return folder / "portfolio.yaml"


def rows_of(run: Path) -> list[tuple[str, str, int]]:
    rows = pq.read_table(run / "strategies.parquet", columns=["debtor_id", "action", "rank"]).to_pylist()
    return sorted(tuple(row.values()) for row in rows)


def rows_in(server: Server) -> list[tuple[str, str, int]]:
    return sorted(server.execute("SELECT debtor_id, action, rank FROM strategies", DATABASE))


def test_a_night_from_postgresql_to_postgresql(server, tiny, night, tmp_path, secret):
    file = file_on(server, tiny, tmp_path)
    done = duewise("nightly", file, "--as-of", AS_OF.isoformat())
    assert done.code == 0, done.stderr
    run = tmp_path / "runs" / AS_OF.isoformat()
    assert rows_in(server) == rows_of(run)
    # The same rows from files lead to the same strategies.
    assert rows_of(run) == rows_of(night)
    assert (len(rows_of(run)),) in server.execute("SELECT count(*) FROM current_worklist", DATABASE)
    again = duewise("nightly", file, "--as-of", AS_OF.isoformat())
    assert again.code == 0, again.stderr
    assert "nothing has changed" in again.stdout
    server.execute("TRUNCATE strategies, duewise_runs", DATABASE)
    emptied = duewise("nightly", file, "--as-of", AS_OF.isoformat())
    assert "nothing has changed" in emptied.stdout
    assert rows_in(server) == rows_of(run)
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    written += [text.encode() for finished in (done, again) for text in (finished.stdout, finished.stderr)]
    assert not [text for text in written if secret.encode() in text]


KILLED_BETWEEN = textwrap.dedent("""
    import os, signal, sys
    from duewise.publish.run_folder import RunFolder
    from duewise.cli import main

    publish = RunFolder.publish

    def publish_and_die(folder):
        publish(folder)
        os.kill(os.getpid(), signal.SIGKILL)

    RunFolder.publish = publish_and_die
    main()
""")


@pytest.mark.slow
def test_a_night_killed_between_folder_and_database_is_mended_by_the_next_start(
    server, tiny, tmp_path, secret
):
    file = file_on(server, tiny, tmp_path)
    command = [sys.executable, "-c", KILLED_BETWEEN, "nightly", str(file), "--as-of", AS_OF.isoformat()]
    server.execute(
        "DROP TABLE IF EXISTS strategies, assignments, duewise_runs, duewise_schema CASCADE", DATABASE
    )
    killed = subprocess.run(command, env=os.environ, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "runs" / AS_OF.isoformat() / "manifest.json").exists()
    assert server.execute("SELECT count(*) FROM strategies", DATABASE) == [(0,)]
    done = duewise("nightly", file, "--as-of", AS_OF.isoformat())
    assert done.code == 0, done.stderr
    assert "database_repaired" in done.stderr
    assert rows_in(server) == rows_of(tmp_path / "runs" / AS_OF.isoformat())


def test_a_database_that_goes_away_before_the_commit_gets_its_rows_at_the_next_start(
    server, tiny, tmp_path, secret, monkeypatch
):
    file = file_on(server, tiny, tmp_path)
    server.execute(
        "DROP TABLE IF EXISTS strategies, assignments, duewise_runs, duewise_schema CASCADE", DATABASE
    )

    def publish_and_pull_the_plug(folder: RunFolder) -> Path:
        final = publish(folder)
        server.stop()
        return final

    publish = RunFolder.publish
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "publish", publish_and_pull_the_plug)
        done = duewise("nightly", file, "--as-of", AS_OF.isoformat())
    server.start()
    assert done.code == 1
    assert "the run stands, but the database did not take its rows" in done.message
    assert secret not in done.stderr
    again = duewise("nightly", file, "--as-of", AS_OF.isoformat())
    assert again.code == 0, again.stderr
    assert "nothing has changed" in again.stdout
    assert rows_in(server) == rows_of(tmp_path / "runs" / AS_OF.isoformat())


def test_a_database_that_is_gone_stops_the_night_before_any_work(server, tiny, tmp_path, secret):
    file = file_on(server, tiny, tmp_path)
    server.stop()
    try:
        done = duewise("nightly", file, "--as-of", AS_OF.isoformat())
    finally:
        server.start()
    assert done.code == 1
    assert "publish.database" in done.message
    assert "run again" in done.message
    assert secret not in done.stderr + done.stdout
    assert not [path for path in (tmp_path / "runs").iterdir() if path.name != ".lock"]
