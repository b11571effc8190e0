"""Nights that run again, run dry, run strictly, or find another at work."""

import fcntl
import os
from pathlib import Path

import pytest

from tiny_portfolio import AS_OF, TinyPortfolio


def contents(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Name, identity, time and bytes of every file below `folder`."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_a_night_whose_inputs_have_not_changed_does_nothing(tiny: TinyPortfolio, night: Path):
    before = contents(night.parent)
    done = tiny.nightly(night.parent)
    assert done.code == 0
    assert "nothing has changed" in done.stdout
    assert contents(night.parent) == before


def test_forced_and_elsewhere_a_night_gives_the_same_bytes(tiny: TinyPortfolio, night: Path, tmp_path: Path):
    first = (night / "strategies.parquet").read_bytes()
    elsewhere = tiny.nightly(tmp_path / "deep" / "runs")
    assert elsewhere.code == 0, elsewhere.stderr
    assert (tmp_path / "deep" / "runs" / "latest" / "strategies.parquet").read_bytes() == first
    again = tiny.nightly(tmp_path / "deep" / "runs", "--force")
    assert again.code == 0, again.stderr
    assert "nothing has changed" not in again.stdout
    assert (tmp_path / "deep" / "runs" / "latest" / "strategies.parquet").read_bytes() == first


def test_a_dry_run_decides_and_writes_nothing(tiny: TinyPortfolio, tmp_path: Path):
    before = contents(tiny.folder)
    done = tiny.nightly(tmp_path / "runs", "--dry-run")
    assert done.code == 0, done.stderr
    assert "dry run: nothing was written" in done.stdout
    assert not (tmp_path / "runs").exists()
    assert {name: seen[2] for name, seen in contents(tiny.folder).items() if "mlflow.db" not in name} == {
        name: seen[2] for name, seen in before.items() if "mlflow.db" not in name
    }


def test_a_night_finds_another_at_work_and_leaves(tiny: TinyPortfolio, tmp_path: Path):
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = tiny.nightly(tmp_path)
    assert done.code == 4
    assert "another run holds the lock" in done.message
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_strictly_a_night_with_warnings_is_published_and_exits_five(tiny: TinyPortfolio, tmp_path: Path):
    done = tiny.nightly(tmp_path, "--strict")
    assert done.code == 5
    assert "warning" in done.stdout
    assert (tmp_path / AS_OF.isoformat() / "strategies.parquet").exists()
    assert {event["stage"] for event in done.events if event["event"] == "stage_finished"} >= {
        "check",
        "decide",
    }
    ids = {*tiny.table("debtors")["debtor_id"], *tiny.table("accounts")["account_id"]}
    assert not [debtor for debtor in ids if debtor in done.stderr or debtor in done.stdout]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(tiny: TinyPortfolio, tmp_path: Path):
    tmp_path.chmod(0o500)
    done = tiny.nightly(tmp_path / "runs")
    assert done.code == 1
    assert "--out" in done.message
