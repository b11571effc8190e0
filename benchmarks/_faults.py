"""What happens to a night on a bad day, and how the night must end."""

import fcntl
import gzip
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from _worlds import World

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from postgresql_server import PASSWORD, running_server

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
_PLUG_PULLED = """
import os, subprocess
import {module} as module
os.environ["PGPASSWORD"] = {password!r}
work = module.{name}
def pull_the_plug(*arguments):
    done = work(*arguments)
    subprocess.run({stop!r}, stdout=subprocess.DEVNULL)
    return done
module.{name} = pull_the_plug
"""


@dataclass(frozen=True)
class Staged:
    """A world in which a fault is about to happen.

    Attributes
    ----------
    options : tuple of str
        Further options of the command.
    statements : str
        Run inside the process of the night before it begins.
    mend : callable
        Takes the fault away; the next start must then succeed.
    """

    options: tuple[str, ...] = ()
    statements: str = ""
    mend: Callable[[], Any] = lambda: None


@dataclass(frozen=True)
class Fault:
    """Something that happens to a night.

    Attributes
    ----------
    codes : tuple of int
        Exit codes that are right.
    says : str
        Part of what the operator must read.
    """

    name: str
    codes: tuple[int, ...]
    says: str
    stage: Callable[[World], AbstractContextManager[Staged]]


def _inside(statements: str) -> Callable[[World], AbstractContextManager[Staged]]:
    return lambda world: nullcontext(Staged(statements=statements))


def _with(*options: str) -> Callable[[World], AbstractContextManager[Staged]]:
    return lambda world: nullcontext(Staged(options))


def _on_harmed_data(harm: Callable[[Path], None]) -> Callable[[World], AbstractContextManager[Staged]]:
    @contextmanager
    def stage(world: World) -> Iterator[Staged]:
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree(world.data, Path(folder) / "data")
            harm(copy)
            yield Staged(("--data", str(copy)))

    return stage


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
def _silent_registry(world: World) -> Iterator[Staged]:
    with closing(sqlite3.connect(world.store / "mlflow.db", isolation_level=None)) as con:
        con.execute("BEGIN EXCLUSIVE")
        yield Staged(mend=con.rollback)


@contextmanager
def _locked_database(world: World) -> Iterator[Staged]:
    with closing(sqlite3.connect(world.database, isolation_level=None)) as con:
        con.execute("BEGIN EXCLUSIVE")
        impatient = "import duewise.publish.database.engines as engines\nengines._PATIENCE_SECONDS = 1"
        yield Staged(statements=impatient, mend=con.rollback)


@contextmanager
def _second_instance(world: World) -> Iterator[Staged]:
    with (world.runs / ".lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Staged(mend=lambda: fcntl.flock(lock, fcntl.LOCK_UN))


def _server_gone(module: str, name: str, setting: str) -> Callable[[World], AbstractContextManager[Staged]]:
    """Stop a PostgreSQL server as soon as `name` of `module` was called for the first time."""

    @contextmanager
    def stage(world: World) -> Iterator[Staged]:
        with running_server() as server:
            server.fill({path.stem: pq.read_table(path) for path in world.data.glob("*.parquet")})
            stop = server.command("-m", "immediate", "stop")
            pulled = _PLUG_PULLED.format(module=module, name=name, password=PASSWORD, stop=stop)
            options = ("--set", setting.format(url=server.url))
            yield Staged(options, pulled, mend=server.start)

    return stage


FAULTS = (
    Fault("disk full at once", (1,), "Free space", _inside(_FULL_DISK.format(size=2_000))),
    Fault("disk full later", (1,), "Free space", _inside(_FULL_DISK.format(size=60_000))),
    Fault("folder not writable", (1,), "--out", _with("--out", "/sys/duewise")),
    Fault("corrupt parquet page", (3,), "payments", _on_harmed_data(_corrupt_page)),
    Fault("truncated gzip", (3,), "Copy or export it again", _on_harmed_data(_truncated_gzip)),
    # Events up to the night are told from impossible ones by its date, not by the clock.
    Fault("clock ten years back", (0,), "night", _inside(_CLOCK.format(days=-3650))),
    Fault("clock ten years on", (0,), "night", _inside(_CLOCK.format(days=3650))),
    Fault("registry silent", (0,), "registry_unreachable", _silent_registry),
    # Native libraries may abort where memory cannot be had: that is a kill, and leaves what a kill leaves.
    Fault(
        "little memory",
        (1, -signal.SIGABRT, -signal.SIGSEGV),
        "",
        _inside(_LITTLE_MEMORY.format(more=24 << 20)),
    ),
    Fault("no room for the debtors", (1,), "machine.memory", _with("--set", "machine.memory=500MiB")),
    Fault("second instance", (4,), "another run holds the lock", _second_instance),
    Fault("database locked by another", (1,), "publish.database", _locked_database),
    Fault(
        "database gone while it is read",
        (1,),
        "sources.url",
        _server_gone("duewise.sources.databases.fetch", "_copy", "sources={{url: '{url}'}}"),
    ),
    Fault(
        "database gone before the commit",
        (1,),
        "the run stands, but the database did not take its rows",
        _server_gone("duewise.publish.run_folder", "_sync_tree", "publish.database={url}"),
    ),
)
