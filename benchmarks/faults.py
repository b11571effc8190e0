"""Claim: whatever happens to a night, earlier runs stay whole, no half of one shows, the next start succeeds.

A night is killed (SIGKILL) at random moments, and meets a full disk, a folder it cannot write, a corrupt
parquet page, a truncated gzip, clocks that jump, a silent registry, too little memory, a second instance, and
databases that are locked or go away in the middle (which needs PostgreSQL). After each, the earlier run must
have the bytes it had, every run that shows must be whole, the database must hold what the folders hold, the
exit code must be that of the runbook, and the next start must succeed. Then mutated files are read: each is
either judged, with no row lost, or refused in a sentence. Refuted by any fault that is not survived, any lost
row and any traceback.

    python benchmarks/faults.py --kills 100 --inputs 2000
"""

import argparse
import logging
import random
import signal
import sys
import tempfile
from pathlib import Path

import structlog
from _faults import FAULTS, Fault
from _mutations import fuzz
from _nursery import Ended, Nursery, nursery
from _worlds import World, prepare


def survive_kills(world: World, nights: Nursery, kills: int, seed: int = 20260601) -> tuple[int, list[str]]:
    """Kill nights at random moments until `kills` were killed; return how many, and what went wrong.

    A night that was done before its moment came does not count. The folders and the database are looked at as
    each kill left them.
    """
    whole = nights.night(*world.command(), "--force")
    assert whole.code == 0, whole.output
    standing = world.earlier()
    moments = random.Random(seed)
    killed, wrong = 0, []
    for _ in range(2 * kills):
        if killed == kills:
            break
        ended = nights.night(*world.command(), "--force", kill_after=moments.uniform(0.0, whole.seconds))
        if ended.code == -signal.SIGKILL:
            killed += 1
            if complaints := world.faults_seen(standing):
                wrong.append("; ".join(complaints))
    wrong += _next_start(world, nights, standing)
    return killed, wrong


def survive_faults(world: World, nights: Nursery, faults: tuple[Fault, ...] = FAULTS) -> list[str]:
    """Let every fault happen to a night; return what went wrong, one line each."""
    wrong = []
    standing = world.earlier()
    for fault in faults:
        with fault.stage(world) as staged:
            ended = nights.night(*world.command(), "--force", *staged.options, fault=staged.statements)
            staged.mend()
            complaints = _complaints(fault, ended) + _next_start(world, nights, standing)
        wrong += [f"{fault.name}: {complaint}" for complaint in complaints]
    return wrong


def _next_start(world: World, nights: Nursery, standing: bytes) -> list[str]:
    ended = nights.night(*world.command())
    wrong = world.faults_seen(standing)
    if ended.code != 0:
        wrong.append(f"the next start: exit {ended.code}: {ended.output[-500:]}")
    left = [path for ending in ("pending", "partial") for path in world.runs.glob(f".*{ending}")]
    return wrong + [f"{path.name} is left" for path in left]


def _complaints(fault: Fault, ended: Ended) -> list[str]:
    wrong = []
    if ended.code not in fault.codes:
        wrong.append(f"exit {ended.code}: {ended.output[-700:]}")
    elif fault.says not in ended.output:
        wrong.append(f"does not say {fault.says!r}: {ended.output[-700:]}")
    if "Traceback" in ended.output and ended.code >= 0:
        wrong.append(f"a traceback: {ended.output[-700:]}")
    return wrong


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--kills", type=int, default=100)
    arguments.add_argument("--inputs", type=int, default=2_000)
    counts = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder, nursery() as nights:
        world = prepare(Path(folder), nights)
        wrong = survive_faults(world, nights)
        failed = {line.partition(":")[0] for line in wrong}
        print(f"faults survived {len(FAULTS) - len(failed)} / {len(FAULTS)}")
        killed, harmed = survive_kills(world, nights, counts.kills)
        print(f"kills survived {max(killed - len(harmed), 0)} / {killed}")
        for line in [*wrong, *harmed]:
            print(f"  {line}")
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz(counts.inputs, Path(folder))
    print(f"inputs fuzzed {found.inputs:,}: {found.judged:,} judged, {found.refused:,} refused in a sentence")
    print(f"rows read {found.rows:,}, rows lost {found.lost:,}; tracebacks {len(found.crashes)}")
    for crash in found.crashes[:10]:
        print(f"  {crash}")
    sys.exit(bool(wrong or harmed or killed < counts.kills or found.lost or found.crashes))


if __name__ == "__main__":
    main()
