"""Claim: the features of a million debtors cost a sixth of plain pandas' CPU time and a third of its memory.

Both sides read the same parquet files (a million debtors, 1.3 M accounts, 8 M payments, 10 M contacts by
default), each on one thread of a process of its own, so that a CPU second means the same on both sides, and
must return the same numbers. One scan, the yardstick of the engine's work, reads and hashes every value of
those files once. What would refute the claim: a ratio below 6 (CPU) or 3 (memory), more than 20 scans, or one
feature that differs.

    python benchmarks/features.py [--debtors 1000000] [--threads 1] [--folder DIR]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from _random_portfolio import AS_OF, open_random_portfolio, write_random_portfolio

TABLES = ("debtors", "accounts", "payments", "contacts", "flags")
ON_A_CIRCLE = ("usual_payday", "days_to_usual_payday")
MEMORY_LIMIT = "4GB"
TOLERANCE = 1e-5


def ours(folder: Path, threads: int) -> pd.DataFrame:
    from duewise.features.settings import FeatureSettings
    from duewise.features.snapshot import snapshots

    tables = open_random_portfolio(folder, MEMORY_LIMIT, threads)
    return snapshots(tables, [date.fromisoformat(AS_OF)], FeatureSettings())


def plain_pandas(folder: Path, threads: int) -> pd.DataFrame:
    from _pandas_features import pandas_features

    tables = open_random_portfolio(folder, threads=threads)
    frames = {}
    for name in TABLES:
        frame = pq.read_table(folder / f"{name}.parquet").to_pandas(date_as_object=False)
        absent = [c for c in getattr(tables, name).columns if c not in frame]
        frame = frame.assign(**dict.fromkeys(absent))
        moments = [c for c in frame if c.endswith(("_on", "_at")) or c == "at"]
        frames[name] = frame.assign(**{c: pd.to_datetime(frame[c]) for c in moments})
    return pandas_features(frames, date.fromisoformat(AS_OF)).reset_index()


def one_scan(folder: Path, threads: int) -> None:
    tables = open_random_portfolio(folder, MEMORY_LIMIT, threads)
    for name in TABLES:
        tables.con.raw_sql(f"select bit_xor(hash(columns(*))) from '{folder / name}.parquet'").fetchall()


SIDES = {"duewise": ours, "pandas": plain_pandas, "one scan": one_scan}


def measured(side: str, folder: Path, threads: int) -> dict[str, float]:
    """Return CPU seconds, wall seconds and peak memory (GiB) of one side in a process of its own."""
    command = [sys.executable, "-W", "ignore", __file__, "--side", side, "--folder", str(folder)]
    command += ["--threads", str(threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def run_side(side: str, folder: Path, threads: int) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    frame = SIDES[side](folder, threads)
    figures = {
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - start,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }
    if frame is not None:
        frame.astype(dict.fromkeys(frame.select_dtypes("category"), str)).to_parquet(
            folder / f"{side}.result"
        )
    print(json.dumps(figures))


def differing(folder: Path) -> tuple[list[str], int]:
    """Return the features that differ between both sides, and how many were compared."""
    one = pd.read_parquet(folder / "duewise.result").set_index("debtor_id")
    other = pd.read_parquet(folder / "pandas.result").set_index("debtor_id")
    assert one.index.equals(other.index), "the sides disagree on who is in scope"
    names = [c for c in one if c in other and c not in ON_A_CIRCLE]
    return [c for c in names if not agree(one[c], other[c])], len(names)


def agree(one: pd.Series, other: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(other):
        words = [side.astype(object).where(side.notna() & (side != "nan"), "") for side in (one, other)]
        return bool((words[0] == words[1]).all())
    a, b = one.to_numpy(dtype=float), other.to_numpy(dtype=float)
    return bool(np.allclose(a, b, rtol=TOLERANCE, atol=1e-4, equal_nan=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--debtors", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=1, help="of the engine; pandas has one")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        run_side(given.side, given.folder, given.threads)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        write_random_portfolio(folder, given.debtors)
        figures = {side: measured(side, folder, given.threads) for side in SIDES}
        different, compared = differing(folder)
    print(f"{given.debtors:,} debtors, {given.threads} thread(s), engine memory limit {MEMORY_LIMIT}")
    print(f"{'':10} {'CPU s':>8} {'wall s':>8} {'peak GiB':>9}")
    for side, figure in figures.items():
        print(f"{side:10} {figure['cpu_s']:8.1f} {figure['wall_s']:8.1f} {figure['peak_gib']:9.2f}")
    us, them, scan = (figures[side] for side in SIDES)
    cpu, memory = (them[name] / us[name] for name in ("cpu_s", "peak_gib"))
    print(f"pandas / duewise: CPU {cpu:.1f}, memory {memory:.1f}")
    print(f"duewise in scans of the same files: {us['cpu_s'] / scan['cpu_s']:.1f}")
    print(f"features compared: {compared}, different: {different or 'none'}")


if __name__ == "__main__":
    main()
