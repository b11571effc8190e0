"""What will have come in by the horizon, foreseen soon after the decision.

Most of the noise in a month's recovery has nothing to do with what was done on its first day, and much of
it is how much those pay who pay at all. The surrogate index replaces the recovered share by its expectation
given the features and whether anything had been paid soon after the decision. As far as the action works
through that, effects on the index are effects on the whole horizon, measured two to three times as sharply
(Athey, Chetty, Imbens & Kang 2019, NBER Working Paper 26463; a payment that only came earlier is no gain by
this measure, since the index of whoever did not pay yet counts what usually still comes). What works later,
or on the amount alone, shows in the whole horizon only and is added where it is beyond doubt:
`duewise.models.causal.later`.

Promises are left out on purpose. Only who is spoken to can promise, so a promise tells of a willing payer
among those called and nothing of the willing among the others: an index that counts it credits calls that
change nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.models.expected_share import out_of_fold_share

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

ROUNDS = 150


def surrogate_index(
    matrix: Floats32,
    early: Floats,
    share: Floats,
    weight: Floats,
    groups: NDArray[Any],
    *,
    threads: int,
    seed: int,
) -> Floats:
    """Return the share expected at the horizon given what came soon after the decision.

    Parameters
    ----------
    matrix : ndarray of shape (n, n_features)
        What was known before the decision.
    early : ndarray of shape (n, n_surrogates)
        What had happened soon after the decision.
    share : ndarray of shape (n,)
        Recovered share of the balance at the horizon, in [0, 1].
    groups : ndarray of shape (n,)
        Debtor of each row, whose own outcomes its index does not know.

    Returns
    -------
    ndarray of shape (n,)
        In [0, 1].
    """
    read = np.column_stack([matrix, early.astype(np.float32)])
    return out_of_fold_share(read, share, weight, groups, rounds=ROUNDS, threads=threads, seed=seed)
