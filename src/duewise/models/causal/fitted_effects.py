"""The fitted effects of all actions worked out for rows: effect, standard error, support, contributions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.covariates import CovariateEncoder
from duewise.models.causal.effect_contributions import action_contributions
from duewise.models.causal.effect_stage import ActionEffect
from duewise.models.causal.overlap import OverlapRule
from duewise.models.causal.propensity import PropensityModel

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Bools = NDArray[np.bool_]

CHUNK = 100_000  # rows encoded at a time when predicting: keeps a million rows within a gigabyte


@dataclass(frozen=True)
class FittedEffects:
    """What predicts; every result is in the unit in which the effects were learned.

    Attributes
    ----------
    actions : sequence of ActionEffect or None
        Columns of the results, `none` first; None for `none` and for unusable actions.
    overlap, propensity_model
        Where an action can be compared with `none`.
    """

    encoder: CovariateEncoder
    actions: Sequence[ActionEffect | None]
    overlap: OverlapRule
    propensity_model: PropensityModel
    threads: int

    def effect(self, X: Any) -> Floats:
        """Return the change of the outcome against `none`, shape (n, n_actions); NaN where unsupported."""
        return self._by_chunk(X, self._effect)

    def standard_error(self, X: Any) -> Floats:
        """Return the standard deviation of each row's true effect around its prediction, (n, n_actions)."""
        return self._by_chunk(X, self._standard_error)

    def supported(self, X: Any) -> Bools:
        """Return where each action can be compared with `none`, shape (n, n_actions)."""
        return self._by_chunk(X, self._supported)

    def contributions(self, X: Any, a: int, b: int) -> tuple[Floats, Floats]:
        """Return what each feature adds to effect(a) − effect(b), and the part common to all rows.

        Shapes (n, features) and (n,); NaN in rows where either action is unsupported. `a`, `b`: columns.
        """
        trees = self.encoder.trees(X)
        linear = self.encoder.linear(trees)
        of_a, of_b = (
            action_contributions(self.actions[arm], linear, trees, self.encoder.owner, self.threads)
            for arm in (a, b)
        )
        both = np.all(self._supported(linear, trees)[:, [a, b]], axis=1)
        values = np.where(both[:, None], of_a[0] - of_b[0], np.nan)
        return values, np.where(both, of_a[1] - of_b[1], np.nan)

    def _by_chunk(self, X: Any, of_chunk: Callable[[Floats32, Floats32], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([of_chunk(linear, trees) for linear, trees in self._chunks(X)])

    def _chunks(self, X: Any) -> Iterator[tuple[Floats32, Floats32]]:
        """Yield the rows as the linear models and as the trees read them."""
        for first in range(0, max(len(X), 1), CHUNK):
            rows = slice(first, first + CHUNK)
            trees = self.encoder.trees(X.iloc[rows] if hasattr(X, "iloc") else np.asarray(X)[rows])
            yield self.encoder.linear(trees), trees

    def _effect(self, linear: Floats32, trees: Floats32) -> Floats:
        out = np.full((len(trees), len(self.actions)), np.nan)
        out[:, 0] = 0.0
        for arm, effect in enumerate(self.actions):
            if effect is not None:
                out[:, arm] = effect.predict(linear, trees, threads=self.threads)
        supported = self._supported(linear, trees)
        supported[:, 0] = True
        return np.where(supported, out, np.nan)

    def _standard_error(self, linear: Floats32, trees: Floats32) -> Floats:
        out = np.zeros((len(trees), len(self.actions)))
        for arm, effect in enumerate(self.actions):
            if effect is not None:
                out[:, arm] = effect.standard_error(linear, trees, self.threads)
        return out

    def _supported(self, linear: Floats32, trees: Floats32) -> Bools:
        return self.overlap.supported(self.propensity_model.predict(linear, trees, self.threads))
