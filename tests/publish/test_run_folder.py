import json
import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime, timedelta

import pytest

from duewise.errors import DuewiseError, LockError
from duewise.publish.run_folder import LATEST, open_run, run_lock

NIGHT = date(2024, 6, 1)


def publish(runs, night=NIGHT, text="x"):
    with open_run(runs, night) as folder:
        (folder.partial / "strategies.parquet").write_text(text)
        return folder.publish()


def test_a_finished_run_stands_under_its_date_and_latest_points_to_it(tmp_path):
    final = publish(tmp_path)
    assert final == tmp_path / "2024-06-01"
    assert (tmp_path / LATEST).resolve() == final
    assert (final / "strategies.parquet").read_text() == "x"


def test_only_the_owner_may_read_a_run(tmp_path):
    final = publish(tmp_path)
    assert final.stat().st_mode & 0o777 == 0o700
    assert (final / "strategies.parquet").stat().st_mode & 0o777 == 0o600


def test_a_run_that_fails_leaves_nothing_and_the_old_one_intact(tmp_path):
    publish(tmp_path, text="old")
    with pytest.raises(ZeroDivisionError), open_run(tmp_path, NIGHT) as folder:
        (folder.partial / "strategies.parquet").write_text(str(1 / 0))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "2024-06-01", LATEST]
    assert (tmp_path / "2024-06-01" / "strategies.parquet").read_text() == "old"


def test_a_second_run_of_a_night_replaces_the_first(tmp_path):
    publish(tmp_path, text="old")
    publish(tmp_path, text="new")
    assert (tmp_path / "2024-06-01" / "strategies.parquet").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "2024-06-01", LATEST]


def test_a_back_dated_run_does_not_become_the_latest(tmp_path):
    newer = publish(tmp_path, date(2024, 6, 2))
    publish(tmp_path, NIGHT)
    assert (tmp_path / LATEST).resolve() == newer


def test_a_second_instance_is_refused_and_told_who_runs(tmp_path):
    with run_lock(tmp_path), pytest.raises(LockError, match=str(os.getpid())), run_lock(tmp_path):
        pass


def test_a_lock_that_is_held_for_longer_than_a_night_takes_is_said_to_be(tmp_path):
    since = datetime.now(UTC) - timedelta(hours=7, minutes=5)
    with run_lock(tmp_path):
        (tmp_path / ".lock").write_text(json.dumps({"pid": 1, "host": "h", "since": since.isoformat()}))
        with pytest.raises(LockError, match=r"process 1 on h since .*, 7 h 5 min; longer than a night"):
            run_lock(tmp_path).__enter__()
        (tmp_path / ".lock").write_text("{")
        with pytest.raises(LockError, match="its owner is not on record"):
            run_lock(tmp_path).__enter__()


def test_a_killed_run_frees_the_lock_and_is_cleared_by_the_next(tmp_path):
    script = textwrap.dedent(f"""
        import pathlib, time
        from datetime import UTC, date, datetime, timedelta
        from duewise.publish.run_folder import open_run
        with open_run(pathlib.Path({str(tmp_path)!r}), date(2024, 6, 1)) as folder:
            (folder.partial / "strategies.parquet").write_text("half")
            print("writing", flush=True)
            time.sleep(60)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "2024-06-01").exists()
    publish(tmp_path, text="whole")
    assert (tmp_path / "2024-06-01" / "strategies.parquet").read_text() == "whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "2024-06-01", LATEST]


def test_a_run_that_was_being_replaced_when_its_writer_died_is_put_back(tmp_path):
    publish(tmp_path, text="old")
    (tmp_path / "2024-06-01").rename(tmp_path / ".2024-06-01.replaced.partial")
    with open_run(tmp_path, date(2024, 6, 2)):
        pass
    assert (tmp_path / "2024-06-01" / "strategies.parquet").read_text() == "old"


def test_the_lock_names_its_owner(tmp_path):
    with run_lock(tmp_path):
        assert json.loads((tmp_path / ".lock").read_text())["pid"] == os.getpid()


def test_the_rows_of_a_refusal_stay_until_the_night_stands(tmp_path):
    with open_run(tmp_path, NIGHT) as folder:
        folder.refused.mkdir(parents=True)
        folder.refused.joinpath("payments.csv").write_text("x")
    assert (tmp_path / "2024-06-01.failed" / "quarantine" / "payments.csv").exists()
    publish(tmp_path)
    assert not (tmp_path / "2024-06-01.failed").exists()


def test_what_stands_where_a_run_is_written_is_removed_and_no_link_is_followed(tmp_path):
    kept = tmp_path / "elsewhere"
    kept.mkdir()
    (kept / "precious").write_text("x")
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / ".2024-06-01.partial").symlink_to(kept)
    (runs / ".2024-05-31.partial").write_text("a file")
    (runs / "2024-06-01").symlink_to(kept)
    final = publish(runs)
    assert not final.is_symlink()
    assert {path.name for path in runs.iterdir()} == {".lock", "2024-06-01", LATEST}
    assert [path.name for path in kept.iterdir()] == ["precious"]


def test_a_folder_that_is_called_latest_is_refused_before_any_work(tmp_path):
    (tmp_path / LATEST).mkdir()
    with pytest.raises(DuewiseError, match=r"latest: is no link.*--out"), open_run(tmp_path, NIGHT):
        pytest.fail("the night began")
