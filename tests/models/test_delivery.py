"""Assigned against delivered, on logs whose delivery is known."""

from __future__ import annotations

import numpy as np
import pytest

from duewise.models.causal.delivery import delivery_effects
from duewise.models.channel import ChannelValue

N = 6_000


def test_an_effect_through_sixty_percent_delivery_is_told_apart_from_delivery_itself():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 3))
    assigned = rng.random(N) < 1 / (1 + np.exp(-X[:, 0]))
    delivered = assigned & (rng.random(N) < 0.6)
    outcome = X[:, 0] + 2.0 * delivered + rng.normal(size=N)
    fitted, names = ChannelValue().cross_fit(X, np.where(assigned, "call", "none"), outcome)
    (call,) = delivery_effects(fitted, names, delivered)
    for estimate, truth in (
        (call.delivered, 0.6),
        (call.effect_of_assignment, 1.2),
        (call.effect_of_delivery, 2.0),
    ):
        low, high = estimate.interval(0.99)
        assert low < truth < high
        assert high - low < 0.5


def test_nothing_is_said_about_delivery_where_hardly_anything_is_delivered():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(N, 2))
    assigned = rng.random(N) < 0.5
    delivered = assigned & (rng.random(N) < 0.01)
    fitted, names = ChannelValue().cross_fit(X, np.where(assigned, "call", "none"), rng.normal(size=N))
    (call,) = delivery_effects(fitted, names, delivered)
    assert np.isnan(call.effect_of_delivery.value)
    with pytest.raises(ValueError, match="one value per row"):
        delivery_effects(fitted, names, delivered[:10])
