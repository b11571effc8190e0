"""A check on the judging itself: with labels that mean nothing, it must find nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from duewise.evaluate.bootstrap import Estimate
from duewise.evaluate.judgement import JudgedRows, judge_probabilities
from duewise.models.horizon_rows import HorizonRows
from duewise.models.repayment import judged_repayment


def permuted_label_auc(rows: HorizonRows, threads: int, seed: int) -> Estimate:
    """Return the AUC of the repayment recipe when every debtor carries a random other debtor's label.

    The label is the same on all of a debtor's dates, so a judge that meets debtors of the fit again would
    find an AUC far above one half.
    """
    debtors, first_row, code = np.unique(rows.panel.debtor, return_index=True, return_inverse=True)
    donors = np.random.default_rng(seed).permutation(len(debtors))
    permuted = replace(rows, repaid=rows.repaid[first_row][donors][code])
    forecast = judged_repayment(permuted, threads, seed)
    index = np.flatnonzero(np.isfinite(forecast))
    judged = JudgedRows.of(permuted, index)
    return judge_probabilities({"permuted": forecast[index]}, judged).figures["permuted"]["auc"]
