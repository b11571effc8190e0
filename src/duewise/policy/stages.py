"""The ladder of collections: reminder, intensified, legal, disposal."""

import numpy as np
from numpy.typing import NDArray

from duewise.config import StageBounds, StagesSection
from duewise.contracts.vocabulary import Stage

STAGES: tuple[Stage, ...] = tuple(Stage)


def stage_of(
    dpd: NDArray[np.int64], product: NDArray[np.object_], ladder: StagesSection
) -> NDArray[np.object_]:
    """Return the stage of each debtor by days past due and product.

    Parameters
    ----------
    dpd : ndarray of shape (n_debtors,)
        Days past due of the oldest account in scope.
    product : ndarray of shape (n_debtors,)
        Product of the largest account in scope.
    ladder : StagesSection
        Days past due from which each stage begins.

    Returns
    -------
    ndarray of shape (n_debtors,)
        Codes of :class:`~duewise.contracts.vocabulary.Stage`.
    """
    step = _steps(dpd, ladder.bounds)
    for name, bounds in ladder.products.items():
        own = product == name
        step[own] = _steps(dpd[own], bounds)
    return np.array([str(stage) for stage in STAGES], dtype=object)[step]


def _steps(dpd: NDArray[np.int64], bounds: StageBounds) -> NDArray[np.intp]:
    return np.searchsorted([bounds.intensified, bounds.legal, bounds.disposal], dpd, side="right")
