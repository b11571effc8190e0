"""Reach and promises on the model card."""

from duewise.evaluate.bootstrap import Estimate
from duewise.evaluate.contact_card import contact_section


def judged(name, rate):
    figures = {"log_loss": 0.6, "brier": 0.2, "auc": 0.55}
    own = {
        f"{name}/{figure}": Estimate(value, value - 0.01, value + 0.01) for figure, value in figures.items()
    }
    gains = {f"{name}_gain_over_{rate}/{figure}": Estimate(0.002, -0.001, 0.005) for figure in figures}
    return own | gains


def test_every_forecast_stands_beside_the_rate_that_it_has_to_beat():
    lines = contact_section(judged("reach_call", "hour") | judged("promise", "ratio"))
    gain = str(Estimate(0.002, -0.001, 0.005))
    (call,) = (line for line in lines if line.startswith("| reach call |"))
    (promise,) = (line for line in lines if line.startswith("| promise |"))
    assert str(Estimate(0.6, 0.59, 0.61)) in call
    assert call.count(gain) == promise.count(gain) == 3


def test_where_nothing_could_be_judged_there_is_no_section():
    assert contact_section({}) == []
