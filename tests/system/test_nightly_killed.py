"""A night killed anywhere leaves no half-written run; earlier runs stay, and the next start succeeds."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tiny_portfolio import AS_OF, TinyPortfolio

EARLIER = AS_OF - timedelta(days=1)

# Loads the product once and forks a child per night, so that a kill costs no start of Python.
NURSERY = textwrap.dedent("""
    import os, sys
    import duewise.pipelines.nightly, duewise.publish.workbook, duewise.publish.report, mlflow.pyfunc
    from duewise.cli import main
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            sys.argv = ["duewise", *line.rstrip("\\n").split("\\t")]
            sys.stdout = sys.stderr = open(os.devnull, "w")
            try:
                main()
            except SystemExit as left:
                os._exit(left.code or 0)  # threads that a fork left behind never finish
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
""")


class Nursery:
    """A process that starts nights."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        return self.process.stdout.readline().strip()

    def night(self, *arguments: str | Path, kill_after: float | None = None) -> tuple[int, float]:
        """Run one night, killed after so many seconds; return its exit code and how long it took."""
        self.process.stdin.write("\t".join(["nightly", *map(str, arguments)]) + "\n")
        self.process.stdin.flush()
        begin, child = time.monotonic(), int(self._line())
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)
        code = int(self._line())
        return code, time.monotonic() - begin


@pytest.fixture(scope="module")
def nursery(tiny: TinyPortfolio) -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.process.stdin.close()
    nursery.process.wait()


def kill_and_look(tiny: TinyPortfolio, nursery: Nursery, runs: Path, kills: int) -> None:
    arguments = (tiny.file, "--out", runs, "--as-of")
    code, seconds = nursery.night(*arguments, EARLIER)
    assert code == 0
    standing = (runs / EARLIER.isoformat() / "strategies.parquet").read_bytes()
    moments = random.Random(20260601)
    killed = 0
    for _ in range(kills):
        code, _ = nursery.night(*arguments, AS_OF, "--force", kill_after=moments.uniform(0.0, seconds))
        killed += code == -signal.SIGKILL
        shown = {path.name for path in runs.iterdir() if not path.name.startswith(".")}
        assert shown <= {EARLIER.isoformat(), AS_OF.isoformat(), "latest"}
        assert (runs / EARLIER.isoformat() / "strategies.parquet").read_bytes() == standing
        assert (runs / "latest").resolve().name in shown
        for name in shown - {"latest"}:
            whole = {path.name for path in (runs / name).iterdir()}
            assert whole >= {
                "strategies.parquet",
                "worklist.xlsx",
                "report.html",
                "manifest.json",
                "quarantine",
            }
    assert killed >= kills // 2
    code, _ = nursery.night(*arguments, AS_OF)
    assert code == 0
    assert (runs / "latest").resolve().name == AS_OF.isoformat()
    assert not list(runs.glob(".*.partial"))


def test_a_killed_night_leaves_nothing_half_written(tiny, nursery, tmp_path):
    kill_and_look(tiny, nursery, tmp_path, kills=4)


@pytest.mark.slow
def test_many_killed_nights_leave_nothing_half_written(tiny, nursery, tmp_path):
    kill_and_look(tiny, nursery, tmp_path, kills=40)
