"""Splits rows into folds that keep every group (debtor) whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]


def assign_folds(groups: NDArray[Any], strata: Ints, n_folds: int, seed: int) -> Ints:
    """Return the fold of each row: groups stay together and rare strata are dealt evenly.

    Parameters
    ----------
    groups : ndarray of shape (n,)
        Debtor of each row; rows of one debtor share a fold, else the nuisance models know the answer.
    strata : ndarray of int, shape (n,)
        Action of each row. A group counts under its rarest action, so that a thin action has rows in
        every fold.
    n_folds, seed : int
        Number of folds; seed of the order in which groups are dealt.

    Returns
    -------
    ndarray of int, shape (n,)
        Values in [0, n_folds). Does not depend on the order of the rows when groups are given by name.
    """
    names, code = np.unique(groups, return_inverse=True)
    counts = np.bincount(strata)
    rarity = np.empty(len(counts), dtype=np.intp)
    rarity[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    rarest = np.full(len(names), len(counts), dtype=np.intp)
    np.minimum.at(rarest, code, rarity[strata])
    shuffled = np.random.default_rng(seed).permutation(len(names))
    dealt = np.lexsort((shuffled, rarest))
    fold_of_group = np.empty(len(names), dtype=np.intp)
    fold_of_group[dealt] = np.arange(len(names)) % n_folds
    return fold_of_group[code]
