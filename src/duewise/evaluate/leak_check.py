"""A check on the judging itself: with labels that mean nothing, it must find nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from duewise.evaluate.metrics import auc_of_counts, dense_rank, summed
from duewise.models.horizon_rows import HorizonRows
from duewise.models.repayment import judged_repayment

Floats = NDArray[np.float64]


def permuted_label_auc(rows: HorizonRows, threads: int, seed: int, runs: int = 5) -> float:
    """Return the AUC of the repayment recipe when every debtor carries a random other debtor's label.

    The label is the same on all of a debtor's nights, so a judge that meets debtors of the fit again would
    find an AUC far above one half. The mean over several permutations is returned: one alone wanders by
    several hundredths.
    """
    return float(np.mean([_one_permutation(rows, threads, seed + run) for run in range(runs)]))


def _one_permutation(rows: HorizonRows, threads: int, seed: int) -> float:
    debtors, first_row, code = np.unique(rows.panel.debtor, return_index=True, return_inverse=True)
    donors = np.random.default_rng(seed).permutation(len(debtors))
    permuted = replace(rows, repaid=rows.repaid[first_row][donors][code])
    forecast = judged_repayment(permuted, threads, seed)
    return _auc_within_buckets(permuted, forecast)


def _auc_within_buckets(rows: HorizonRows, forecast: Floats) -> float:
    """Return the AUC over pairs of debtors of one bucket.

    Across buckets pure noise would look worse than chance: where more debtors repaid in the bucket that is
    held back, fewer did in those that taught, and its forecasts are lower.
    """
    aucs, pairs = [], []
    for bucket in np.unique(rows.panel.bucket):
        index = np.flatnonzero(np.isfinite(forecast) & (rows.panel.bucket == bucket))
        rank, repaid = dense_rank(forecast[index]), rows.repaid[index]
        aucs.append(auc_of_counts(summed(rank, repaid), summed(rank, 1.0 - repaid)))
        pairs.append(repaid.sum() * (len(index) - repaid.sum()))
    known = np.array(pairs) > 0
    return float(np.average(np.array(aucs)[known], weights=np.array(pairs)[known]))
