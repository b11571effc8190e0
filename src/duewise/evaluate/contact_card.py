"""How well reach and promises are foretold, for the model card: proper scores beside the simplest rate."""

from __future__ import annotations

from collections.abc import Mapping

from duewise.evaluate.bootstrap import Estimate

FIGURES = {"log_loss": "log-loss", "brier": "Brier", "auc": "AUC"}
RATES = {"reach": "hour", "promise": "ratio"}
"""What each forecast has to beat: the rate of the hour of the day, and the debtor's kept ratio."""


def contact_section(metrics: Mapping[str, Estimate]) -> list[str]:
    """Return the lines of the section; empty where nothing could be judged.

    Parameters
    ----------
    metrics : mapping of str to Estimate
        As `duewise.pipelines.contact_training.train_contact` names them.
    """
    judged = list(dict.fromkeys(name.partition("/")[0] for name in metrics if "_gain_over_" not in name))
    if not judged:
        return []
    heads = [f"{head} | gain" for head in FIGURES.values()]
    return [
        "## Reach and promises",
        "",
        "Judged on later attempts and promises; intervals (95%) by resampling debtors. Gains (positive is "
        "better) are over the rate of the hour of the day for reach, over the kept ratio for promises.",
        "",
        f"| forecast | {' | '.join(heads)} |",
        "| --- |" + " --- | --- |" * len(FIGURES),
        *(_row(name, metrics) for name in judged),
    ]


def _row(name: str, metrics: Mapping[str, Estimate]) -> str:
    rate = RATES[name.partition("_")[0]]
    cells = [
        str(metrics[f"{part}/{figure}"]) for figure in FIGURES for part in (name, f"{name}_gain_over_{rate}")
    ]
    return f"| {name.replace('_', ' ')} | {' | '.join(cells)} |"
