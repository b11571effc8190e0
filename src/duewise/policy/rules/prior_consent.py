"""Consent given directly to us, under which calls count toward no limit for a week."""

import numpy as np
from numpy.typing import NDArray

from duewise.policy.rules.facts import Mask
from duewise.policy.rules.model import Part
from duewise.policy.rules.view import View

CONSENT_DAYS = 7
"""Prior consent covers calls on seven consecutive dates, its own the first (12 CFR 1006.14(b)(3)(i))."""

_STRIDE = np.int64(1) << 32
"""Puts a debtor and a day into one number that sorts by debtor first."""


def prior_consent(part: Part, view: View, debtor: NDArray[np.int64], day: NDArray[np.int64]) -> Mask:
    """Return which (debtor, day) pairs are covered by a consent to one of the rule's actions.

    A consent that was taken back covers no call from the day of its end on.
    """
    flags = view.facts.flags
    rows = view.facts.flag_rows(tuple(f"consent:{action}" for action in part.actions))
    rows = rows[flags.starts[rows] <= view.moment[flags.debtor[rows]]]
    if len(rows) == 0:
        return np.zeros(len(debtor), dtype=bool)
    owner, first = flags.debtor[rows] * _STRIDE, flags.start_day[rows].astype(np.int64)
    last = np.minimum(first + CONSENT_DAYS, flags.end_day[rows]) - 1
    order = np.argsort(owner + first)
    # Up to each consent, the latest day that it or an earlier one covers; earlier debtors lie below.
    reaches = np.maximum.accumulate((owner + last)[order])
    position = np.searchsorted((owner + first)[order], debtor * _STRIDE + day, side="right") - 1
    return np.asarray((position >= 0) & (reaches[np.maximum(position, 0)] >= debtor * _STRIDE + day))
