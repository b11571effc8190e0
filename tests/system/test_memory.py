"""A run keeps within `machine.memory`: it works on the rest from disk, or says at once what it needs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tiny_portfolio import AS_OF, TinyPortfolio

PAYMENTS = 12_000_000
BOUND_MIB = 1000


def test_a_bounded_night_decides_the_same(tiny, night, tmp_path):
    done = tiny.nightly(tmp_path / "runs", "--set", f"machine.memory={BOUND_MIB}MiB")
    assert done.code == 0, done.stderr
    bounded = tmp_path / "runs" / AS_OF.isoformat()
    assert (bounded / "strategies.parquet").read_bytes() == (night / "strategies.parquet").read_bytes()


def test_a_night_whose_debtors_do_not_fit_ends_at_once_and_says_what_it_needs(tiny, tmp_path):
    done = tiny.nightly(tmp_path / "runs", "--set", "machine.memory=729MiB")
    assert done.code == 1
    assert re.search(r"machine\.memory: the program and [1-9]\d* debtors need 7\d\d\.\dMiB", done.message)
    assert "a run may take 729.0MiB" in done.message
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {".lock"}


def peak_of(tiny: TinyPortfolio, data: Path, runs: Path, *options: str) -> int:
    """Return the most memory (MiB) of a night in a process of its own."""
    command = [sys.executable, "-m", "duewise.cli", "nightly", str(tiny.file), "--as-of", AS_OF.isoformat()]
    command += ["--data", str(data), "--out", str(runs), *options]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((runs / "latest" / "manifest.json").read_text())
    return int(manifest["peak_memory_mib"])


@pytest.mark.slow
def test_events_beyond_the_memory_of_a_run_are_worked_on_from_disk(tiny, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for path in tiny.data.glob("*.parquet"):
        (data / path.name).write_bytes(path.read_bytes())
    (data / "payments.parquet").unlink()
    accounts = f"SELECT list(account_id ORDER BY account_id) AS ids FROM '{tiny.data}/accounts.parquet'"
    duckdb.sql(
        "SELECT concat('P', range) AS payment_id, ids[1 + range % len(ids)] AS account_id, "
        "'payment' AS kind, 0.01 AS amount, "
        "TIMESTAMP '2026-01-01 09:00:00' + to_seconds(range) AS \"at\" "
        f"FROM range({PAYMENTS}), ({accounts})"
    ).write_parquet(str(data / "payments.parquet"))
    unbounded = peak_of(tiny, data, tmp_path / "unbounded")
    bounded = peak_of(tiny, data, tmp_path / "bounded", "--set", f"machine.memory={BOUND_MIB}MiB")
    assert bounded <= BOUND_MIB < unbounded
