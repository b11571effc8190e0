"""What the engine may take of the memory of a run, so that the whole stays within ``machine.memory``."""

from pydantic import ByteSize

from duewise.errors import DuewiseError

_MIB = 2**20
PROGRAM = 600 * _MIB
"""Libraries and models, whatever the portfolio."""

PER_DEBTOR = 6 * 2**10
"""Features, scores, decisions and sentences of one debtor; `benchmarks/scale.py` measures it."""

LEAST_ENGINE = 128 * _MIB
"""Below this the engine cannot even spill to disk."""


def engine_memory(most: int | None, debtors: int = 0) -> int | None:
    """Return the bytes that are left for the engine; None where nothing is bounded.

    Events outgrow any memory, so the engine works on what does not fit from disk. The debtors of a night are
    held at once, because one allocation ranks them all.

    Parameters
    ----------
    most : int or None
        ``machine.memory``.
    debtors : int
        Debtors that are held beside the engine's tables.

    Raises
    ------
    DuewiseError
        When nothing useful is left.
    """
    if most is None:
        return None
    left = most - PROGRAM - debtors * PER_DEBTOR
    if left < LEAST_ENGINE:
        needed = PROGRAM + debtors * PER_DEBTOR + LEAST_ENGINE
        raise DuewiseError(
            f"machine.memory: the program and {debtors:,} debtors need {_said(needed)}, and a run may take "
            f"{_said(most)}. Allow more, if need be on a larger machine, or split the portfolio. Earlier "
            "runs are as they were."
        )
    return left


def _said(size: int) -> str:
    return ByteSize(size).human_readable()
