"""Differences between groups of people: what they are forecast, who is acted on, who is misjudged.

No model sees a protected column, yet other columns may speak for it. The audit says where groups differ; why,
and whether it is wrong, is for people to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from duewise.evaluate.bootstrap import LEVEL, Estimate

Floats = NDArray[np.float64]

SMALL = "(small groups)"
FEWEST = 30
"""Debtors below which a group is shown with other small ones: too few to judge, and too easy to recognise."""

FOUR_FIFTHS = 0.8
"""Ratio of selection rates below which US employment guidelines see adverse impact (29 CFR 1607.4(D))."""

AGES = (25, 35, 45, 55, 65)


@dataclass(frozen=True)
class GroupAudit:
    """One group beside everybody else.

    Attributes
    ----------
    score : Estimate
        Mean chance of repaying.
    selected : Estimate or None
        Share with an action tonight; None where no run is at hand.
    miscalibration : Estimate or None
        Share that repaid less the mean forecast, on the latest night whose outcome is known.
    notes : tuple of str
        What stands out beyond chance.
    """

    column: str
    group: str
    debtors: int
    score: Estimate
    selected: Estimate | None
    miscalibration: Estimate | None
    notes: tuple[str, ...]


def age_bands(birth_year: pd.Series[Any], year: int) -> pd.Series[Any]:
    """Return the age band of each birth year; missing stays missing."""
    age = year - pd.to_numeric(birth_year).astype("float64")
    names = [
        f"under {AGES[0]}",
        *(f"{low}-{high - 1}" for low, high in pairwise(AGES)),
        f"{AGES[-1]} and over",
    ]
    return pd.cut(age, [-np.inf, *(a - 0.5 for a in AGES), np.inf], labels=names).astype("object")


def named_groups(values: pd.Series[Any]) -> NDArray[Any]:
    """Return the group of each row as text, small groups merged and missing ones called unknown."""
    names = values.astype("object").where(values.notna(), "unknown").astype(str)
    sizes = names.map(names.value_counts())
    return np.asarray(names.where(sizes >= FEWEST, SMALL), dtype=object)


def audit_groups(
    column: str,
    group: NDArray[Any],
    score: Floats,
    acted: Floats | None,
    judged: tuple[NDArray[Any], Floats, Floats] | None,
) -> list[GroupAudit]:
    """Return the audit of every group of a column, by name.

    Parameters
    ----------
    group : ndarray of str, shape (n,)
    score : ndarray of shape (n,)
        Chance of repaying, tonight.
    acted : ndarray of shape (n,), optional
        1 where an action is planned, 0 where none is, NaN where unknown.
    judged : (group, forecast, repaid), optional
        Arrays of shape (m,) of an earlier night whose outcome is known.
    """
    names = sorted(set(group.tolist()))
    return [_audit(column, name, len(names), group, score, acted, judged) for name in names]


def _audit(
    column: str,
    name: str,
    groups: int,
    group: NDArray[Any],
    score: Floats,
    acted: Floats | None,
    judged: tuple[NDArray[Any], Floats, Floats] | None,
) -> GroupAudit:
    here = group == name
    selected = miscalibration = None
    notes = []
    if acted is not None and np.isfinite(acted[here]).any():
        selected = _rate(acted[here])
        if (ratio := _selection_ratio(acted, here)) is not None and ratio.high < FOUR_FIFTHS:
            notes.append(f"acted on {ratio.value:.2f} times as often as the others")
    if judged is not None:
        then, forecast, repaid = judged
        rows = then == name
        if rows.sum() >= FEWEST:
            error = repaid[rows] - forecast[rows]
            miscalibration = _mean(error)
            # One in twenty whole columns, not one in twenty groups, is flagged where nothing is wrong.
            if _mean(error, 1.0 - (1.0 - LEVEL) / groups).excludes_zero:
                side = "more" if miscalibration.value > 0 else "less"
                notes.append(f"repays {side} often than forecast")
    return GroupAudit(
        column, name, int(here.sum()), _mean(score[here]), selected, miscalibration, tuple(notes)
    )


def _mean(values: Floats, level: float = LEVEL) -> Estimate:
    """Return the mean of independent rows with a normal interval."""
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return Estimate(float(known.mean()) if len(known) else float("nan"), -np.inf, np.inf)
    half = float(norm.ppf(0.5 + level / 2)) * known.std(ddof=1) / np.sqrt(len(known))
    return Estimate(float(known.mean()), float(known.mean() - half), float(known.mean() + half))


def _rate(values: Floats, level: float = LEVEL) -> Estimate:
    """Return the share of ones with Wilson's interval, which stays between 0 and 1."""
    known = values[np.isfinite(values)]
    n, share, z = len(known), float(known.mean()), float(norm.ppf(0.5 + level / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return Estimate(share, float(centre - half), float(centre + half))


def _selection_ratio(acted: Floats, here: NDArray[np.bool_]) -> Estimate | None:
    """Return the rate of a group over that of the others, by the interval of a log ratio (Katz 1978)."""
    known = np.isfinite(acted)
    ours, others = acted[here & known], acted[~here & known]
    if len(ours) < FEWEST or len(others) < FEWEST or not ours.any() or not others.any():
        return None
    ratio = float(ours.mean() / others.mean())
    error = np.sqrt(1 / ours.sum() - 1 / len(ours) + 1 / others.sum() - 1 / len(others))
    factor = float(np.exp(norm.ppf(0.5 + LEVEL / 2) * error))
    return Estimate(ratio, ratio / factor, ratio * factor)
