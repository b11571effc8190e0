"""Groups of features that speak once: what says the same thing is one reason, not three.

Two features belong together when the catalogue gives them one topic (they differ by their window) or one
fact, or when they rose and fell together in the training data. The groups are learned at training and frozen
with the model, so that a reason means the same thing every night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.features.registry import Family, Feature

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]

TOGETHER = 0.7  # mean rank correlation from which two groups say the same
SILENT = (Family.CALENDAR,)  # speaks of the night, and all debtors have the same night
SAMPLE_ROWS = 20_000  # the correlations that matter are far above the error of this many rows


@dataclass(frozen=True)
class FeatureGroups:
    """Which features speak together.

    Attributes
    ----------
    names : tuple of str
        Features in the order of the model's matrix.
    group : tuple of int
        Group of each feature, numbered from 0; -1 for a feature that never speaks.
    """

    names: tuple[str, ...]
    group: tuple[int, ...]

    @property
    def members(self) -> list[Ints]:
        """Positions of the features of each group."""
        return [np.flatnonzero(np.equal(self.group, g)) for g in range(1 + max(self.group, default=-1))]


def learn_groups(features: Sequence[Feature], matrix: Floats32) -> FeatureGroups:
    """Return the groups of `features` by catalogue and by training data.

    Parameters
    ----------
    features : sequence of Feature
        One per column of `matrix`, in its order.
    matrix : ndarray of shape (n, features)
        Training rows; missing values as NaN.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    names = tuple(feature.name for feature in features)
    if len(names) < 2:
        return FeatureGroups(names, _numbered(features, np.arange(len(names))))
    step = max(1, len(matrix) // SAMPLE_ROWS)
    # Rounding may take a perfect correlation past 1, and a distance must not be negative.
    likeness = np.minimum(np.abs(_rank_correlations(matrix[::step])), 1.0)
    nominal = np.array([feature.is_category for feature in features])
    likeness[nominal] = likeness[:, nominal] = 0.0  # the order of category codes means nothing
    likeness[_declared_alike(features)] = 1.0
    distance = squareform(1.0 - likeness, checks=False)
    label = fcluster(linkage(distance, method="average"), t=1.0 - TOGETHER, criterion="distance")
    return FeatureGroups(names, _numbered(features, label))


def group_contributions(values: Floats32, groups: FeatureGroups) -> tuple[Floats32, NDArray[np.int16]]:
    """Return the contribution and the speaker of each group for each row.

    The speaker is the feature that moves the margin furthest in the direction of its group: a sentence that
    pulls the other way than the reason it stands for would only puzzle.

    Parameters
    ----------
    values : ndarray of shape (n, features)
        Contributions to the margin.

    Returns
    -------
    contribution : ndarray of float32, shape (n, groups)
    speaker : ndarray of int16, shape (n, groups)
        Position of the feature.
    """
    members = groups.members
    contribution = np.empty((len(values), len(members)), dtype=np.float32)
    speaker = np.empty((len(values), len(members)), dtype=np.int16)
    for g, columns in enumerate(members):
        own = values[:, columns]
        contribution[:, g] = own.sum(axis=1)
        if len(columns) > 1:
            along = own * np.sign(contribution[:, g])[:, None]
            speaker[:, g] = columns[along.argmax(axis=1)]
        else:
            speaker[:, g] = columns[0]
    return contribution, speaker


def _numbered(features: Sequence[Feature], label: NDArray[Any]) -> tuple[int, ...]:
    """Return group numbers in order of appearance, so that they do not depend on how the clustering walks."""
    numbers: dict[int, int] = {}
    return tuple(
        -1 if feature.family in SILENT else numbers.setdefault(int(name), len(numbers))
        for feature, name in zip(features, label, strict=True)
    )


def _declared_alike(features: Sequence[Feature]) -> NDArray[np.bool_]:
    topic = np.array([feature.topic or feature.name for feature in features])
    fact = np.array([feature.fact_en for feature in features])
    return np.asarray((topic[:, None] == topic) | (fact[:, None] == fact))


def _rank_correlations(matrix: Floats32) -> Floats:
    """Return Spearman's correlations; a missing value takes the middle rank, a constant goes with none."""
    from scipy.stats import rankdata

    ranks = rankdata(matrix, axis=0, nan_policy="omit")
    known = ~np.isnan(ranks)
    middle = np.nansum(ranks, axis=0) / np.maximum(known.sum(axis=0), 1)
    ranks = np.where(known, ranks - middle, 0.0)
    length = np.sqrt((ranks**2).sum(axis=0))
    ranks /= np.where(length > 0, length, 1.0)
    return np.asarray(ranks.T @ ranks)
