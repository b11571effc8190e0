"""Base, reasons and everything else sum to the published probability."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from duewise.explain.probability import probability_shares
from duewise.models.calibration import Calibrator

LINE = Calibrator("line", (0.0, 1.0), (-0.3, 0.5))
STEPS = Calibrator("isotonic", (-2.0, -1.0, 0.5, 0.6, 3.0), (-3.0, -1.0, -1.0, 0.4, 2.0))

calibrators = st.sampled_from([LINE, STEPS])
small = st.floats(-3, 3, allow_subnormal=False)


@given(calibrate=calibrators, base=small, reasons=st.lists(small, min_size=5, max_size=5), rest=small)
def test_the_parts_sum_to_the_published_probability(calibrate, base, reasons, rest):
    contributions = np.array([reasons], dtype=np.float32)
    margin = np.array([base + sum(reasons) + rest])
    probability = calibrate(margin)
    shares = probability_shares(contributions, base, margin, probability, calibrate)
    assert abs(shares.base + shares.reasons.sum() + shares.everything_else[0] - probability[0]) < 1e-12


@given(calibrate=calibrators, base=small, reasons=st.lists(small, min_size=5, max_size=5))
def test_signs_and_order_of_the_reasons_are_kept(calibrate, base, reasons):
    contributions = np.array([reasons], dtype=np.float32)
    margin = np.array([base + float(contributions.sum())])
    shares = probability_shares(contributions, base, margin, calibrate(margin), calibrate).reasons[0]
    ranked = shares[np.argsort(contributions[0], kind="stable")]
    assert (np.diff(ranked) >= 0).all()
    assert (shares * contributions[0] >= 0).all()


def test_reasons_that_are_everything_leave_nothing_else():
    contributions = np.array([[0.5, -0.2, 0.0, 0.0, 0.0]], dtype=np.float32)
    margin = np.array([-1.0]) + contributions.sum(axis=1)
    shares = probability_shares(contributions, -1.0, margin, LINE(margin), LINE)
    np.testing.assert_allclose(shares.everything_else, 0.0, atol=1e-7)


def test_at_the_base_margin_reasons_that_cancel_follow_the_slope_of_the_calibration():
    contributions = np.array([[1.0, -1.0, 0.0, 0.0, 0.0]], dtype=np.float32)
    margin = np.array([0.4])
    shares = probability_shares(contributions, 0.4, margin, LINE(margin), LINE)
    p = LINE(margin)[0]
    np.testing.assert_allclose(shares.reasons[0, :2], np.array([1, -1]) * 0.8 * p * (1 - p), rtol=1e-6)
    np.testing.assert_allclose(shares.everything_else, 0.0, atol=1e-12)
