"""Ability and willingness to pay: two scores of 0 to 100, and the four segments that they make.

The features of the repayment model carry a tag; the contributions of all features tagged ability, summed, say
what the model has learned of a debtor's means, those tagged willingness of his will. A sum becomes a score by
its place among the debtors of the training data, frozen with the model: 80 means better than four of five of
them, and nobody's score moves because tonight's portfolio is another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.contracts.vocabulary import Segment
from duewise.features.registry import Tag

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

MIDDLE = 50.0  # median debtor of the training data; from here on can, or will
POSITIONS = np.linspace(0.0, 100.0, 201)  # half points: finer than anyone acts on


@dataclass(frozen=True)
class Ruler:
    """What a sum of contributions is worth: interpolated between `sums`, which ascend, and their `places`."""

    sums: tuple[float, ...]
    places: tuple[float, ...]

    def __call__(self, sums: Floats) -> Floats:
        """Return the score of each sum, 0 to 100."""
        return np.asarray(np.interp(sums, self.sums, self.places))


@dataclass(frozen=True)
class ScoreScale:
    """The rulers of the two scores, from the training data."""

    ability: Ruler
    willingness: Ruler

    def to_json(self) -> dict[str, Any]:
        """Return the scale as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> ScoreScale:
        """Return the scale that `to_json` wrote."""
        ability, willingness = (
            Ruler(tuple(content[name]["sums"]), tuple(content[name]["places"]))
            for name in ("ability", "willingness")
        )
        return cls(ability, willingness)


@dataclass(frozen=True)
class Scores:
    """Scores of each debtor, all of shape (n,); `segment` holds codes of Segment."""

    ability: Floats
    willingness: Floats
    segment: NDArray[Any]


def fit_score_scale(contributions: Floats32, tags: Sequence[str]) -> ScoreScale:
    """Return the scale of the debtors whose contributions are given.

    Parameters
    ----------
    contributions : ndarray of shape (n, features)
        To the margin, on training rows.
    tags : sequence of str
        Tag of each feature.
    """
    return ScoreScale(
        ability=_ruler(tag_sum(contributions, tags, Tag.ABILITY)),
        willingness=_ruler(tag_sum(contributions, tags, Tag.WILLINGNESS)),
    )


def scores(contributions: Floats32, tags: Sequence[str], scale: ScoreScale) -> Scores:
    """Return the scores and segment of each row of `contributions`."""
    ability = scale.ability(tag_sum(contributions, tags, Tag.ABILITY))
    willingness = scale.willingness(tag_sum(contributions, tags, Tag.WILLINGNESS))
    return Scores(ability, willingness, segments(ability, willingness))


def segments(ability: Floats, willingness: Floats) -> NDArray[Any]:
    """Return the segment of each debtor; the middle of the scale divides can from cannot, will from not."""
    can, will = ability >= MIDDLE, willingness >= MIDDLE
    return np.select(
        [can & will, can, will],
        [str(Segment.CAN_WILL), str(Segment.CAN_WONT), str(Segment.CANT_WILL)],
        str(Segment.CANT_WONT),
    ).astype(object)


def tag_sum(contributions: Floats32, tags: Sequence[str], tag: str) -> Floats:
    """Return the summed contributions of the features with `tag`; zero when there are none."""
    columns = np.flatnonzero([t == tag for t in tags])
    return np.asarray(contributions[:, columns].sum(axis=1, dtype=np.float64))


def _ruler(sums: Floats) -> Ruler:
    quantiles = np.percentile(sums, POSITIONS) if len(sums) else np.zeros(len(POSITIONS))
    knots, code = np.unique(quantiles, return_inverse=True)
    # Debtors with the same sum share the middle of the places they take.
    places = np.bincount(code, weights=POSITIONS) / np.bincount(code)
    return Ruler(tuple(knots.tolist()), tuple(places.tolist()))
