"""Claim: the night's time grows in proportion to the debtors, and its memory stays below 10 GiB at a million.

One model is trained on a small sample; portfolios of each size are simulated from the same world, and a whole
night is run on each in a process of its own: check, features, scores, reasons, decision, files. Printed are
seconds by stage, seconds per thousand debtors relative to the smallest size (1.0 is proportional), and peak
memory. Refuted if a thousand debtors cost twice as much in the largest portfolio as in the smallest.

    python benchmarks/night.py --debtors 5000 100000
    python benchmarks/night.py --debtors 100000 1000000
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from duewise.config import load_portfolio
from duewise.pipelines.sample import make_sample
from duewise.pipelines.train import train

AS_OF = date(2026, 6, 1)
PORTFOLIO = Path(__file__).parents[1] / "pipelines" / "sample.yaml"
TRAINED_ON = 3_000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--debtors", type=int, nargs="+", default=[5_000, 100_000])
    sizes = sorted(arguments.parse_args().debtors)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "models"
        settings = [f"models.store={store}"]
        small = load_portfolio(PORTFOLIO, settings, data=Path(folder) / "small")
        make_sample(small, AS_OF, debtors=TRAINED_ON)
        train(small, AS_OF)
        baseline = None
        for size in sizes:
            data, runs = Path(folder) / f"data-{size}", Path(folder) / f"runs-{size}"
            make_sample(load_portfolio(PORTFOLIO, settings, data=data), AS_OF, debtors=size)
            manifest = night(data, runs, store)
            seconds = sum(manifest["seconds"].values())
            in_scope = manifest["totals"]["debtors"]
            per_thousand = 1000 * seconds / size
            baseline = baseline or per_thousand
            stages = ", ".join(f"{name} {spent:.1f}" for name, spent in manifest["seconds"].items())
            print(
                f"{size:>9,} debtors ({in_scope:,} in scope): {seconds:7.1f} s, "
                f"{manifest['peak_memory_mib'] / 1024:.2f} GiB, per thousand "
                f"{per_thousand / baseline:.2f} of the smallest\n          {stages}"
            )


def night(data: Path, runs: Path, store: Path) -> dict:
    """Run a night in a process of its own and return its manifest."""
    command = [sys.executable, "-m", "duewise.cli", "nightly", str(PORTFOLIO), "--as-of", AS_OF.isoformat()]
    command += ["--data", str(data), "--out", str(runs), "--set", f"models.store={store}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.loads((runs / "latest" / "manifest.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
