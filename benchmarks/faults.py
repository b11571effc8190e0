"""Claim: whatever happens to a night, earlier runs stay whole, no half of one shows, the next start succeeds.

A night is killed (SIGKILL) at random moments, and meets a full disk, a folder it cannot write, a corrupt
parquet page, a truncated gzip, clocks that jump, a silent registry, too little memory, and a second instance.
After each, the earlier run must have the bytes it had, every run that shows must be whole, and the exit code
must be that of the runbook. Then mutated files are read: each is either judged, with no row
lost, or refused in a sentence. Refuted by any fault that is not survived, any lost row and any traceback.

    python benchmarks/faults.py --kills 100 --inputs 2000
"""

import argparse
import fcntl
import gzip
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import yaml
from _mutations import fuzz
from _nursery import Ended, Nursery, nursery

AS_OF = date(2026, 6, 1)
EARLIER = AS_OF - timedelta(days=1)
PORTFOLIO = Path(__file__).parents[1] / "pipelines" / "sample.yaml"
_WHOLE = {"strategies.parquet", "assignments.parquet", "worklist.xlsx", "report.html", "manifest.json"}

_FULL_DISK = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
"""
_LITTLE_MEMORY = """
import resource
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {more}, used + {more}))
"""
_CLOCK = """
import datetime, duewise.sources.examine, duewise.publish.run_folder, duewise.publish.manifest
class Jumped(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(days={days})
for module in (duewise.sources.examine, duewise.publish.run_folder, duewise.publish.manifest):
    module.datetime = Jumped
"""


@dataclass(frozen=True)
class World:
    """A portfolio with tables, models and one run that stands."""

    file: Path
    data: Path
    store: Path
    runs: Path

    def earlier(self) -> bytes:
        return (self.runs / EARLIER.isoformat() / "strategies.parquet").read_bytes()

    def faults_seen(self, standing: bytes) -> list[str]:
        """Return what a reader of the runs would have to complain about."""
        shown = {path.name for path in self.runs.iterdir() if not path.name.startswith(".")}
        wrong = [
            f"{name} shows"
            for name in shown - {EARLIER.isoformat(), AS_OF.isoformat(), "latest"}
            if not name.endswith(".failed")
        ]
        if self.earlier() != standing:
            wrong.append("the earlier run has changed")
        for name in shown & {EARLIER.isoformat(), AS_OF.isoformat()}:
            missing = _WHOLE - {path.name for path in (self.runs / name).iterdir()}
            wrong += [f"{name} lacks {file}" for file in missing]
        if not (self.runs / "latest").exists():
            wrong.append("latest leads nowhere")
        return wrong


@dataclass(frozen=True)
class Fault:
    """Something that happens to a night, and how the night must end.

    Attributes
    ----------
    statements : str
        Run inside the process of the night before it begins.
    around : callable
        Prepares the world; yields further options of the command.
    codes : tuple of int
        Exit codes that are right.
    says : str
        Part of what the operator must read.
    """

    name: str
    codes: tuple[int, ...]
    says: str
    statements: str = ""
    around: Callable[[World], contextmanager] = lambda world: nullcontext(())


@contextmanager
def _copied(world: World, harm: Callable[[Path], None]) -> Iterator[tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(world.data, Path(folder) / "data")
        harm(copy)
        yield ("--data", str(copy))


def _corrupt_page(data: Path) -> None:
    path = data / "payments.parquet"
    content = bytearray(path.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 2000] = bytes(random.Random(7).randbytes(2000))
    path.write_bytes(content)


def _truncated_gzip(data: Path) -> None:
    text = pd.read_parquet(data / "payments.parquet").to_csv(index=False).encode()
    (data / "payments.parquet").unlink()
    whole = gzip.compress(text)
    (data / "payments.csv.gz").write_bytes(whole[: len(whole) // 2])


@contextmanager
def _silent_registry(world: World) -> Iterator[tuple[str, ...]]:
    with closing(sqlite3.connect(world.store / "mlflow.db", isolation_level=None)) as con:
        con.execute("BEGIN EXCLUSIVE")
        yield ()


@contextmanager
def _second_instance(world: World) -> Iterator[tuple[str, ...]]:
    with (world.runs / ".lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield ()


FAULTS = (
    Fault("disk full at once", (1,), "Free space", _FULL_DISK.format(size=2_000)),
    Fault("disk full later", (1,), "Free space", _FULL_DISK.format(size=60_000)),
    Fault("folder not writable", (1,), "--out", around=lambda world: nullcontext(("--out", "/sys/duewise"))),
    Fault("corrupt parquet page", (3,), "payments", around=lambda world: _copied(world, _corrupt_page)),
    Fault("truncated gzip", (3,), "Copy or export it again", around=lambda w: _copied(w, _truncated_gzip)),
    # Events up to the night are told from impossible ones by its date, not by the clock.
    Fault("clock ten years back", (0,), "night", _CLOCK.format(days=-3650)),
    Fault("clock ten years on", (0,), "night", _CLOCK.format(days=3650)),
    Fault("registry silent", (0,), "registry_unreachable", around=_silent_registry),
    # Native libraries may abort where memory cannot be had: that is a kill, and leaves what a kill leaves.
    Fault("little memory", (1, -signal.SIGABRT, -signal.SIGSEGV), "", _LITTLE_MEMORY.format(more=24 << 20)),
    Fault("second instance", (4,), "another run holds the lock", around=_second_instance),
)


def survive_kills(world: World, nights: Nursery, kills: int, seed: int = 20260601) -> tuple[int, int]:
    """Kill `kills` nights at random moments; return how many were killed and how many of these survived."""
    arguments = (world.file, "--out", world.runs, "--as-of")
    whole = nights.night(*arguments, AS_OF)
    assert whole.code == 0, whole.output
    standing = world.earlier()
    moments = random.Random(seed)
    killed = survived = 0
    for _ in range(kills):
        ended = nights.night(*arguments, AS_OF, "--force", kill_after=moments.uniform(0.0, whole.seconds))
        if ended.code != -signal.SIGKILL:
            continue
        killed += 1
        wrong = world.faults_seen(standing)
        survived += not wrong
        for complaint in wrong:
            print(f"  killed: {complaint}", file=sys.stderr)
    return killed, survived


def survive_faults(world: World, nights: Nursery, faults: tuple[Fault, ...] = FAULTS) -> list[str]:
    """Let every fault happen to a night; return what went wrong, one line each."""
    wrong = []
    standing = world.earlier()
    always = (world.file, "--out", world.runs, "--as-of", AS_OF, "--force")
    for fault in faults:
        with fault.around(world) as options:
            ended = nights.night(*always, *options, fault=fault.statements)
        complaints = world.faults_seen(standing) + _complaints(fault, ended)
        wrong += [f"{fault.name}: {complaint}" for complaint in complaints]
    after = nights.night(*always)
    if after.code != 0 or list(world.runs.glob(".*.partial")):
        wrong.append(f"the next start: exit {after.code}: {after.output[-500:]}")
    return wrong


def _complaints(fault: Fault, ended: Ended) -> list[str]:
    wrong = []
    if ended.code not in fault.codes:
        wrong.append(f"exit {ended.code}: {ended.output[-700:]}")
    elif fault.says not in ended.output:
        wrong.append(f"does not say {fault.says!r}: {ended.output[-700:]}")
    if "Traceback" in ended.output and ended.code >= 0:
        wrong.append(f"a traceback: {ended.output[-700:]}")
    return wrong


def prepare(folder: Path, nights: Nursery, debtors: int = 600) -> World:
    """Make a portfolio, train on it, and publish the earlier run."""
    from duewise.config import load_portfolio
    from duewise.pipelines.sample import make_sample
    from duewise.pipelines.train import train

    world = World(folder / "portfolio.yaml", folder / "data", folder / "models", folder / "runs")
    settings = yaml.safe_load(PORTFOLIO.read_text())
    settings["sources"] = {"path": str(world.data)}
    settings["models"] = {"store": str(world.store)}
    settings["portfolio"]["language"] = "en"
    world.file.write_text(yaml.safe_dump(settings))
    portfolio = load_portfolio(world.file)
    make_sample(portfolio, AS_OF, debtors=debtors, months=10)
    train(portfolio, AS_OF)
    ended = nights.night(world.file, "--out", world.runs, "--as-of", EARLIER)
    assert ended.code == 0, ended.output
    return world


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--kills", type=int, default=100)
    arguments.add_argument("--inputs", type=int, default=2_000)
    counts = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, nursery() as nights:
        world = prepare(Path(folder), nights)
        wrong = survive_faults(world, nights)
        failed = {line.partition(":")[0] for line in wrong}
        print(f"faults survived {len(FAULTS) - len(failed)} / {len(FAULTS)}")
        for line in wrong:
            print(f"  {line}")
        killed, survived = survive_kills(world, nights, counts.kills)
        print(f"kills survived {survived} / {killed}")
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz(counts.inputs, Path(folder))
    print(f"inputs fuzzed {found.inputs:,}: {found.judged:,} judged, {found.refused:,} refused in a sentence")
    print(f"rows read {found.rows:,}, rows lost {found.lost:,}; tracebacks {len(found.crashes)}")
    for crash in found.crashes[:10]:
        print(f"  {crash}")
    sys.exit(bool(wrong or killed != survived or found.lost or found.crashes))


if __name__ == "__main__":
    main()
