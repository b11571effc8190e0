"""Randomness that is looked up, not drawn in order: a function of seed, debtor, purpose and day.

Every debtor has the same luck whatever happens to others, however the portfolio is cut into blocks, and
whichever action is tried: two futures of one debtor differ only through what the action changes. This is
what makes potential outcomes comparable (common random numbers) and a world continue from a saved state.
"""

import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from duewise.simulate.arrays import Bools, Floats, Ints

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble in place: the finaliser of SplitMix64 (Steele, Lea & Flood 2014, OOPSLA)."""
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


def _mixed_scalar(value: int) -> int:
    return int(_mix(np.array([value & _MASK], dtype=np.uint64))[0])


@cache
def _purpose(name: str) -> int:
    return _mixed_scalar(zlib.crc32(name.encode()) * _GOLDEN)


class Luck:
    """Uniform and normal numbers for the debtors with the given global indices.

    Parameters
    ----------
    seed : int
        Names the world's luck.
    index : ndarray of int, shape (n,)
        Place of each debtor in the whole portfolio.
    """

    def __init__(self, seed: int, index: Ints) -> None:
        keys = index.astype(np.uint64) + np.uint64(_mixed_scalar(seed + _GOLDEN))
        self._keys = _mix(keys * np.uint64(_GOLDEN))

    def imagine(self, rows: Ints, future: Ints) -> "Luck":
        """Return the luck of the given rows in other futures, told apart by their numbers."""
        luck = Luck.__new__(Luck)
        luck._keys = _mix(self._keys[rows] ^ _mix((future + 1).astype(np.uint64) * np.uint64(_GOLDEN)))
        return luck

    def uniform(self, purpose: str, day: int | Ints = 0, rows: Ints | Bools | None = None) -> Floats:
        """Return one uniform number in (0, 1) per row; `day` is one for all rows or one for each."""
        keys = self._keys if rows is None else self._keys[rows]
        if isinstance(day, np.ndarray):
            moment = _mix(np.uint64(_purpose(purpose)) + day.astype(np.uint64) * np.uint64(_GOLDEN))
            bits = _mix(keys ^ moment)
        else:
            bits = _mix(keys ^ np.uint64(_mixed_scalar(_purpose(purpose) + day * _GOLDEN)))
        bits >>= np.uint64(11)
        result: Floats = (bits.astype(np.float64) + 0.5) * 2.0**-53
        return result

    def normal(self, purpose: str, day: int | Ints = 0, rows: Ints | Bools | None = None) -> Floats:
        """Return one standard normal number per row."""
        result: Floats = ndtri(self.uniform(purpose, day, rows))
        return result
