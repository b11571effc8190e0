"""Draws what a plan is worth by size of the history, from the runs of `benchmarks/policy_value.py`.

``python docs/images/plan_value.py`` reads ``plan_value.jsonl`` beside it, one run a line, as the benchmark
adds them with ``--results``, and writes ``plan_value.png``.
"""

import json
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

RUNS = Path(__file__).with_suffix(".jsonl")
PICTURE = Path(__file__).with_suffix(".png")
PANELS = {
    "visible_ceiling": ("share of the visible ceiling", 0.8),
    "propensity": ("times propensity ranking", 2.0),
    "balance": ("times balance ranking", 1.25),
}
BLUE, GREY = "#1f4e79", "#8a8a8a"


def main() -> None:
    """Draw one panel per plan that ours is compared with; a dot per run, with its 90% interval."""
    runs = [json.loads(line) for line in RUNS.read_text(encoding="utf-8").splitlines()]
    shown = [run for run in runs if run["world"] == "default"]
    sizes = sorted({run["debtors"] for run in shown})
    figure, panels = plt.subplots(1, len(PANELS), figsize=(10.5, 3.4), constrained_layout=True)
    for panel, (other, (title, aim)) in zip(panels, PANELS.items(), strict=True):
        panel.axhline(aim, color=GREY, linewidth=1, linestyle="--")
        panel.annotate("aim", (len(sizes) - 0.5, aim), color=GREY, fontsize=9, ha="right", va="bottom")
        for place, size in enumerate(sizes):
            found = [run["ratios"][other] for run in shown if run["debtors"] == size]
            for turn, (value, low, high) in enumerate(found):
                x = place + 0.14 * (turn - (len(found) - 1) / 2)
                panel.plot([x, x], [low, high], color=BLUE, linewidth=2)
                panel.plot([x], [value], "o", color=BLUE, markersize=5)
        panel.set_title(title, fontsize=11)
        panel.set_xticks(range(len(sizes)), [f"{size:,}" for size in sizes])
        panel.set_xlim(-0.5, len(sizes) - 0.5)
        panel.set_ylim(bottom=0)
        panel.set_xlabel("debtors in the portfolio")
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, dpi=130)


if __name__ == "__main__":
    main()
