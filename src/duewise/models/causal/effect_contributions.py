"""Exact additive contributions of the features to an effect, behind "why this action"."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from duewise.models.causal.effect_stage import ActionEffect

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]


def action_contributions(
    effect: ActionEffect | None, linear: Floats32, trees: Floats32, owner: Ints, threads: int
) -> tuple[Floats, Floats]:
    """Return contributions of shape (n, features) and the base of shape (n,); zero for `none`.

    Contributions of a row and its base add up to the effect of that row. Columns of the linear matrix are
    added up under the feature that owns them.
    """
    values = np.zeros(trees.shape)
    if effect is None:
        return values, np.zeros(len(trees))
    base = effect.pooled
    parts = (linear - effect.linear.center) * effect.linear.coefficients
    np.add.at(values.T, owner, parts.T)
    for weight, boosted in zip(effect.weights, effect.boosted, strict=True):
        if weight > 0.0 and boosted.booster is not None:
            shap = boosted.booster.predict(
                trees, num_iteration=boosted.rounds, pred_contrib=True, num_threads=threads
            )
            values += weight * shap[:, :-1]
            base += weight * (float(shap[0, -1]) - boosted.center)
    return values, np.full(len(trees), base)
