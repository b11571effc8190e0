"""Whether tonight's debtors still look like those that the models learned from: PSI per feature.

The population stability index Σ (p - q) ln(p / q) over bins compares two distributions (Siddiqi 2006, *Credit
Risk Scorecards*; its distribution: Yurdakul & Naranjo 2020, J. Risk Model Validation 14(4)). A fixed limit
alone would cry every month: features have seasons, and small portfolios have noise. So a feature alarms only
when it also lies further off than any single night of training did, and further than chance can explain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from duewise.models.encoding import EncodedFeature, Encoding

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]

BINS = 10
ALARM, WATCH = 0.25, 0.1
"""PSI from which the field speaks of a large and of a moderate shift."""

CHANCE = 0.01
"""Chance that any feature at all passes for drifted by noise alone."""

FEWEST_ROWS = 50
"""A training night with fewer debtors says nothing about how far nights usually are apart."""


@dataclass(frozen=True)
class FeatureReference:
    """Distribution of one feature over the training nights.

    Attributes
    ----------
    edges : tuple of float
        Upper ends of all bins of a number but the last; empty for a category.
    shares : tuple of float
        Share of each bin or level, the missing last.
    usual : float
        Largest PSI of a single training night against all of them.
    """

    name: str
    edges: tuple[float, ...]
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    usual: float


@dataclass(frozen=True)
class FeatureDrift:
    """How far a feature has moved.

    Attributes
    ----------
    psi, limit : float
        The index, and what it must exceed to be more than season and chance.
    missing_before, missing_now : float
        Share of debtors without a value.
    status : str
        ``stable``, ``watch`` or ``alarm``.
    """

    feature: str
    psi: float
    limit: float
    missing_before: float
    missing_now: float
    status: str


def learn_reference(encoding: Encoding, matrix: Floats32, night: NDArray[Any]) -> list[dict[str, Any]]:
    """Return the distributions of the training features as plain values, to be kept in a bundle.

    A feature that is the same for all debtors of a night, such as the weekday, is a property of the date and
    left out.

    Parameters
    ----------
    matrix : ndarray of shape (n, features)
        Encoded features.
    night : ndarray of shape (n,)
    """
    nights = np.unique(night, return_inverse=True)[1]
    found = (
        _learned(feature, matrix[:, i].astype(np.float64), nights)
        for i, feature in enumerate(encoding.features)
    )
    return [asdict(reference) for reference in found if reference is not None]


def read_reference(content: Sequence[Mapping[str, Any]]) -> list[FeatureReference]:
    """Return what `learn_reference` wrote."""
    return [
        FeatureReference(
            name=item["name"],
            edges=tuple(item["edges"]),
            levels=tuple(item["levels"]),
            shares=tuple(item["shares"]),
            usual=item["usual"],
        )
        for item in content
    ]


def drift_of(references: list[FeatureReference], encoding: Encoding, matrix: Floats32) -> list[FeatureDrift]:
    """Return how far each feature of `matrix` is from its reference, the furthest first."""
    place = {name: i for i, name in enumerate(encoding.names)}
    found = []
    for reference in references:
        codes = _codes(reference, matrix[:, place[reference.name]].astype(np.float64))
        counts = np.bincount(codes, minlength=len(reference.shares))
        index = psi(np.array(reference.shares), counts)
        limit = max(reference.usual, _noise(counts, len(references)))
        status = "stable"
        if index > limit:
            status = "alarm" if index >= ALARM else "watch" if index >= WATCH else "stable"
        found.append(
            FeatureDrift(
                reference.name, index, limit, reference.shares[-1], float(counts[-1] / counts.sum()), status
            )
        )
    return sorted(found, key=lambda drift: (-drift.psi, drift.feature))


def psi(shares: Floats, counts: NDArray[Any]) -> float:
    """Return the population stability index of counts against the shares of a reference.

    Half a row is added to each bin of either side, so that an empty one is rare and not impossible.

    Examples
    --------
    >>> import numpy as np
    >>> psi(np.array([0.5, 0.5]), np.array([500, 500])) < 1e-6
    True
    >>> round(psi(np.array([0.5, 0.5]), np.array([800, 200])), 2)
    0.41
    """
    n, bins = counts.sum(), len(counts)
    now = (counts + 0.5) / (n + 0.5 * bins)
    before = (shares * n + 0.5) / (n + 0.5 * bins)
    return float(np.sum((now - before) * np.log(now / before)))


def _noise(counts: NDArray[Any], features: int) -> float:
    """Return the PSI that sampling alone exceeds in one of `CHANCE` audits of so many features.

    n times the index of a sample from the reference itself is about chi-square.
    """
    return float(chi2.ppf(1.0 - CHANCE / features, max(len(counts) - 1, 1)) / max(counts.sum(), 1))


def _learned(feature: EncodedFeature, values: Floats, nights: Ints) -> FeatureReference | None:
    known = values[np.isfinite(values)]
    edges: tuple[float, ...] = ()
    if feature.levels is None and len(known):
        edges = tuple(np.unique(np.quantile(known, np.arange(1, BINS) / BINS)).tolist())
    blank = FeatureReference(feature.name, edges, feature.levels or (), (), 0.0)
    codes = _codes(blank, values)
    n_codes = _bins(blank) + 1
    n_nights = int(nights.max()) + 1
    table = np.bincount(nights * n_codes + codes, minlength=n_nights * n_codes).reshape(n_nights, n_codes)
    if n_nights > 1 and _constant_within(values, nights, n_nights):
        return None
    shares = table.sum(axis=0) / table.sum()
    large = table[table.sum(axis=1) >= FEWEST_ROWS]
    usual = max((psi(shares, counts) for counts in large), default=0.0)
    return FeatureReference(feature.name, edges, feature.levels or (), tuple(shares.tolist()), usual)


def _constant_within(values: Floats, nights: Ints, n_nights: int) -> bool:
    """Return whether every night has one value for all of its debtors."""
    low, high = np.full(n_nights, np.inf), np.full(n_nights, -np.inf)
    np.fmin.at(low, nights, values)
    np.fmax.at(high, nights, values)
    return bool(np.isfinite(values).all() and (low == high).all())


def _bins(reference: FeatureReference) -> int:
    return len(reference.levels) if reference.levels else len(reference.edges) + 1


def _codes(reference: FeatureReference, values: Floats) -> Ints:
    """Return the bin of each value; what is missing has the last."""
    missing = ~np.isfinite(values)
    safe = np.where(missing, 0.0, values)
    codes = safe.astype(np.intp) if reference.levels else np.searchsorted(reference.edges, safe, side="left")
    return np.asarray(np.where(missing, _bins(reference), codes), dtype=np.intp)
