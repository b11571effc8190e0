"""The explanation of a night: for each debtor five reasons, two scores and one segment."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.contracts.strategies import REASON_COUNT
from duewise.explain.contributions import contributions
from duewise.explain.groups import FeatureGroups, group_contributions, learn_groups
from duewise.explain.probability import ProbabilityShares, probability_shares
from duewise.explain.scores import Scores, ScoreScale, fit_score_scale, scores, segments
from duewise.features.registry import Feature
from duewise.models.encoding import Encoding
from duewise.models.repayment import Repayment

Floats32 = NDArray[np.float32]

ROWS_AT_ONCE = 250_000  # two chunks of contributions, and a few hundred MB of them
NOISE = 1e-6  # of margin: what single precision leaves of contributions that cancel
LEARNING_ROWS = 50_000


@dataclass(frozen=True)
class Explainer:
    """What explanations need beside the model; learned at training and frozen with it."""

    groups: FeatureGroups
    scale: ScoreScale

    def to_json(self) -> dict[str, Any]:
        """Return the explainer as plain values."""
        return {
            "names": list(self.groups.names),
            "group": list(self.groups.group),
            "scale": self.scale.to_json(),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Explainer:
        """Return the explainer that `to_json` wrote."""
        return cls(
            groups=FeatureGroups(tuple(content["names"]), tuple(content["group"])),
            scale=ScoreScale.from_json(content["scale"]),
        )


@dataclass(frozen=True)
class Explanation:
    """Reasons and scores of n debtors.

    Attributes
    ----------
    names : tuple of str
        Features of the model.
    speaker : ndarray of int16, shape (n, REASON_COUNT)
        Position in `names` of the feature that speaks for each reason, the strongest first; -1 where a
        debtor has fewer reasons.
    contribution : ndarray of float32, shape (n, REASON_COUNT)
        What the group of each speaker adds to the margin, before calibration; 0 where there is none.
    shares : ProbabilityShares
        The same in probability.
    scores : Scores
    """

    names: tuple[str, ...]
    speaker: NDArray[np.int16]
    contribution: Floats32
    shares: ProbabilityShares
    scores: Scores


def learn_explainer(booster: lgb.Booster, features: Sequence[Feature], matrix: Floats32) -> Explainer:
    """Return the groups and the score scale of a model.

    Parameters
    ----------
    booster : lightgbm.Booster
        The repayment model of the first horizon.
    features : sequence of Feature
        One per column of `matrix`, in its order.
    matrix : ndarray of shape (n, features)
        Training rows; a regular sample of them is used.
    """
    sample = matrix[:: max(1, len(matrix) // LEARNING_ROWS)]
    found = contributions(booster, sample)
    return Explainer(
        groups=learn_groups(features, sample),
        scale=fit_score_scale(found.values, [str(feature.tag) for feature in features]),
    )


def explain(
    explainer: Explainer,
    encoding: Encoding,
    repayment: Repayment,
    debtors: pd.DataFrame,
    scored: pd.DataFrame,
    threads: int | None = None,
) -> Explanation:
    """Return why each debtor has his chance of repayment.

    Parameters
    ----------
    encoding, repayment
        Of the bundle, at the first horizon.
    debtors : DataFrame of n rows
        Features, as the bundle scored them.
    scored : DataFrame of n rows
        What the bundle made of them: margin and published probability of the horizon.
    threads : int, optional
        Default: every core; the result does not depend on it.
    """
    tags = [feature.tag for feature in encoding.features]
    bounds = [*range(0, len(debtors), ROWS_AT_ONCE), len(debtors)] if len(debtors) else [0, 0]
    parts = []
    for start, end in itertools.pairwise(bounds):
        matrix = encoding.matrix(debtors.iloc[start:end])
        found = contributions(repayment.booster, matrix, threads)
        parts.append(
            (*top_reasons(found.values, explainer.groups), scores(found.values, tags, explainer.scale))
        )
    speaker = np.concatenate([part[0] for part in parts])
    contribution = np.concatenate([part[1] for part in parts])
    ability = np.concatenate([part[2].ability for part in parts])
    willingness = np.concatenate([part[2].willingness for part in parts])
    return Explanation(
        names=encoding.names,
        speaker=speaker,
        contribution=contribution,
        shares=probability_shares(
            contribution,
            found.base,
            scored[f"margin_{repayment.horizon}d"].to_numpy(dtype=np.float64),
            scored[f"p_repay_{repayment.horizon}d"].to_numpy(dtype=np.float64),
            repayment.probability,
        ),
        scores=Scores(ability, willingness, segments(ability, willingness)),
    )


def top_reasons(values: Floats32, groups: FeatureGroups) -> tuple[NDArray[np.int16], Floats32]:
    """Return the speakers and the contributions of the strongest groups of each row, strongest first.

    A group that adds nothing is no reason, so a row may have fewer than REASON_COUNT.

    Returns
    -------
    speaker : ndarray of int16, shape (n, REASON_COUNT)
    contribution : ndarray of float32, shape (n, REASON_COUNT)
    """
    contribution, speaker = group_contributions(values, groups)
    strength = np.abs(contribution)
    kept = min(REASON_COUNT, strength.shape[1])
    # Partition first: sorting some seventy groups of a million rows for five of them would take seconds.
    strongest = np.argpartition(-strength, kept - 1, axis=1)[:, :kept]
    rows = np.arange(len(values))[:, None]
    # Equal strength: the feature that comes first in the catalogue, so that a rerun says the same.
    ranked = np.lexsort((strongest, -strength[rows, strongest]), axis=1)
    chosen = strongest[rows, ranked]
    said = strength[rows, chosen] > NOISE
    speakers = np.full((len(values), REASON_COUNT), -1, dtype=np.int16)
    strengths = np.zeros((len(values), REASON_COUNT), dtype=np.float32)
    speakers[:, :kept] = np.where(said, speaker[rows, chosen], -1)
    strengths[:, :kept] = np.where(said, contribution[rows, chosen], 0.0)
    return speakers, strengths
