"""Claim: a night of a million debtors takes at most 10 minutes and 8 GiB, and cost grows with the debtors.

One model is trained on a small sample; portfolios of each size are simulated from the same world, staff and
budgets in proportion, and a whole night is run on each in a process of its own, bounded to the target by
`machine.memory`: check, features, scores, reasons, decision, files. Printed are seconds and the highest
memory by stage and size, and the seconds of a thousand debtors relative to the smallest size (1.0 is
proportional). Refuted by a night of a million beyond its target, or by a thousand debtors that cost half as
much again in the largest portfolio as in the smallest.

    python benchmarks/scale.py --debtors 100000 500000 1000000 2000000 --picture docs/images/scale.png
    python benchmarks/scale.py --debtors 5000 50000
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil
import structlog

from duewise.config import Portfolio, load_portfolio
from duewise.pipelines.sample import make_sample
from duewise.pipelines.train import train

AS_OF = date(2026, 6, 1)
PORTFOLIO = Path(__file__).parents[1] / "pipelines" / "sample.yaml"
TRAINED_ON = 3_000
STAFFED_FOR = 5_000
"""Debtors for whom the staff and budgets of the portfolio file are meant."""

TARGET_DEBTORS, TARGET_SECONDS, TARGET_GIB = 1_000_000, 600.0, 8.0
MOST_GROWTH = 1.5
_SAMPLING_SECONDS = 0.05


@dataclass(frozen=True)
class Measured:
    """One night.

    Attributes
    ----------
    seconds, peak_gib : dict of stage to float
        Wall time of each stage, and the most memory that the process held during it.
    highest_gib : float
        Most memory of the whole process, by the kernel.
    """

    debtors: int
    in_scope: int
    contacts: int
    payments: int
    seconds: dict[str, float]
    peak_gib: dict[str, float]
    highest_gib: float

    @property
    def total(self) -> float:
        return sum(self.seconds.values())

    @property
    def per_thousand(self) -> float:
        return 1000 * self.total / self.debtors


def prepare(folder: Path) -> Path:
    """Train the model that every night uses; return its store."""
    store = folder / "models"
    small = load_portfolio(PORTFOLIO, [f"models.store={store}"], data=folder / "small")
    make_sample(small, AS_OF, debtors=TRAINED_ON)
    train(small, AS_OF)
    return store


def measure(debtors: int, store: Path) -> Measured:
    """Simulate a portfolio of so many debtors and decide a night of it in a process of its own."""
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        data, runs = Path(folder) / "data", Path(folder) / "runs"
        portfolio = load_portfolio(PORTFOLIO, data=data)
        make_sample(portfolio, AS_OF, debtors=debtors)
        bound = f"machine.memory={round(1024 * allowed(debtors)[1])}MiB"
        settings = [f"models.store={store}", bound, *_staff(portfolio, debtors)]
        command = [sys.executable, "-m", "duewise.cli", "nightly", str(PORTFOLIO)]
        command += ["--as-of", AS_OF.isoformat(), "--data", str(data), "--out", str(runs)]
        command += [word for setting in settings for word in ("--set", setting)]
        peaks = _watch(command)
        manifest = json.loads((runs / "latest" / "manifest.json").read_text(encoding="utf-8"))
    return Measured(
        debtors=debtors,
        in_scope=manifest["totals"]["debtors"],
        contacts=manifest["inputs"]["contacts"]["read"],
        payments=manifest["inputs"]["payments"]["read"],
        seconds=manifest["seconds"],
        peak_gib=peaks,
        highest_gib=manifest["peak_memory_mib"] / 1024,
    )


def _staff(portfolio: Portfolio, debtors: int) -> list[str]:
    """Return settings that give a portfolio of so many debtors the staff and budgets it would have."""
    times = debtors / STAFFED_FOR
    limits = {
        **{f"actions.{name}.capacity": action.capacity for name, action in portfolio.actions.items()},
        **{f"resources.{name}.limit": resource.limit for name, resource in portfolio.resources.items()},
    }
    return [f"{key}={round(limit * times)}" for key, limit in limits.items() if limit is not None]


def _watch(command: list[str]) -> dict[str, float]:
    """Run a night and return the most memory (GiB) that its process held in each stage."""
    peaks: dict[str, float] = {}
    stage = "start"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as night:
        done = threading.Event()

        def sample() -> None:
            process = psutil.Process(night.pid)
            while not done.wait(_SAMPLING_SECONDS):
                peaks[stage] = max(peaks.get(stage, 0.0), process.memory_info().rss / 2**30)

        sampler = threading.Thread(target=sample)
        sampler.start()
        lines = []
        for line in night.stderr:
            lines.append(line)
            event = json.loads(line)
            if event["event"] == "stage_started":
                stage = event["stage"]
        done.set()
        sampler.join()
    if night.returncode != 0:
        raise RuntimeError(f"exit {night.returncode}: {''.join(lines[-3:])}")
    return peaks


def allowed(debtors: int) -> tuple[float, float]:
    """Return the most seconds and GiB of a night: the target, in proportion for more debtors than its own."""
    share = max(debtors / TARGET_DEBTORS, 1.0)
    return TARGET_SECONDS * share, TARGET_GIB * share


def table(nights: list[Measured]) -> str:
    """Return the figures as a table in Markdown: one column per size, seconds and GiB by stage."""
    stages = list(nights[0].seconds)
    rows = [
        ["debtors", *(f"{night.debtors:,}" for night in nights)],
        ["---", *("---:" for _ in nights)],
        ["in scope", *(f"{night.in_scope:,}" for night in nights)],
        ["contacts", *(f"{night.contacts:,}" for night in nights)],
        ["payments", *(f"{night.payments:,}" for night in nights)],
        *(
            [stage, *(f"{n.seconds[stage]:.1f} s, {n.peak_gib.get(stage, 0):.2f} GiB" for n in nights)]
            for stage in stages
        ),
        ["**whole night**", *(f"**{n.total:.0f} s, {n.highest_gib:.2f} GiB**" for n in nights)],
        ["per thousand", *(f"{n.per_thousand:.3f} s" for n in nights)],
        ["of the smallest", *(f"{n.per_thousand / nights[0].per_thousand:.2f}" for n in nights)],
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def draw(nights: list[Measured], path: Path) -> None:
    """Draw seconds by stage, and memory, against the number of debtors."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    sizes = [night.debtors / 1e6 for night in nights]
    figure, (time, memory) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    stages = list(nights[0].seconds)
    time.stackplot(
        sizes, [[n.seconds[stage] / 60 for n in nights] for stage in stages], labels=stages, alpha=0.8
    )
    time.plot(TARGET_DEBTORS / 1e6, TARGET_SECONDS / 60, "kv", label="target")
    time.set(ylabel="minutes", ylim=(0, None))
    time.legend(loc="upper left", fontsize="small", reverse=True)
    memory.plot(sizes, [night.highest_gib for night in nights], "o-")
    memory.plot(TARGET_DEBTORS / 1e6, TARGET_GIB, "kv", label="target")
    memory.set(ylabel="most memory, GiB", ylim=(0, None))
    memory.legend(loc="upper left", fontsize="small")
    for axes in (time, memory):
        axes.set(xlabel="million debtors", xlim=(0, None))
        axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def verdict(nights: list[Measured]) -> list[str]:
    """Return what refutes the claim."""
    growth = nights[-1].per_thousand / nights[0].per_thousand
    wrong = [f"a thousand debtors cost {growth:.2f} of the smallest"] if growth > MOST_GROWTH else []
    for night in nights:
        seconds, gib = allowed(night.debtors)
        if night.total > seconds:
            wrong.append(f"{night.debtors:,} debtors take {night.total:.0f} s")
        if night.highest_gib > gib:
            wrong.append(f"{night.debtors:,} debtors take {night.highest_gib:.2f} GiB")
    return wrong


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--debtors", type=int, nargs="+", default=[100_000, 500_000, 1_000_000, 2_000_000])
    arguments.add_argument("--folder", type=Path, help="for data and runs; default that of temporary files")
    arguments.add_argument("--picture", type=Path, help="draw the figures into this file")
    chosen = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    nights = []
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        store = prepare(Path(folder))
        for debtors in sorted(chosen.debtors):
            nights.append(measure(debtors, store))
            print(
                f"{debtors:,} debtors: {nights[-1].total:.0f} s, {nights[-1].highest_gib:.2f} GiB", flush=True
            )
    print(f"\n{table(nights)}\n")
    if chosen.picture is not None:
        draw(nights, chosen.picture)
    wrong = verdict(nights)
    print("; ".join(wrong) or "the target is met, and cost grows with the debtors")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
