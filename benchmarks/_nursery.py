"""A process that has loaded the product once and forks a child for each night.

A kill costs no start of Python, and a fault (a limit, a broken clock) is put into the child alone.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = textwrap.dedent("""
    import json, os, sys
    import duewise.pipelines.nightly, duewise.publish.workbook, duewise.publish.report, mlflow.pyfunc
    from duewise.cli import main
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            sys.argv = ["duewise", *order["arguments"]]
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1), os.dup2(log, 2)
            try:
                exec(order["fault"])
                main()
            except SystemExit as left:
                sys.stdout.flush()
                os._exit(left.code or 0)  # threads that a fork left behind never finish
            except BaseException as error:
                os.write(2, repr(error).encode())
                os._exit(99)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
""")


@dataclass(frozen=True)
class Ended:
    """How a night ended."""

    code: int
    seconds: float
    output: str


class Nursery:
    """Starts nights, one at a time."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "night.log"
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        return self._process.stdout.readline().strip()

    def night(self, *arguments: str | Path, kill_after: float | None = None, fault: str = "") -> Ended:
        """Run ``duewise nightly`` after the statements of `fault`; kill it after so many seconds."""
        order = {
            "arguments": ["nightly", *map(str, arguments)],
            "fault": fault,
            "log": str(self._log),
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        begin, child = time.monotonic(), int(self._line())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):  # it was done before
                os.kill(child, signal.SIGKILL)
        code = int(self._line())
        return Ended(code, time.monotonic() - begin, self._log.read_text(errors="replace"))

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def nursery() -> Iterator[Nursery]:
    with tempfile.TemporaryDirectory() as folder:
        opened = Nursery(Path(folder))
        try:
            yield opened
        finally:
            opened.close()
