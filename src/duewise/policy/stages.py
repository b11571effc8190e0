"""The ladder of collections: reminder, intensified, legal, disposal, and what each step up waits for.

Days past due say which stage a debt has come to; the steps of the portfolio file say what must have been done
before. While a debt is disputed or under legal protection the ladder stands still. A stage denies nothing by
itself: what may be done is for the rules.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duewise.config import StageBounds, StagesSection, StageSteps
from duewise.contracts.vocabulary import Stage

STAGES: tuple[Stage, ...] = tuple(Stage)

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class LadderFacts:
    """What the ladder looks at; the arrays have the shape (n_debtors,).

    Attributes
    ----------
    dpd : ndarray of int
        Days past due of the oldest account in scope.
    frozen_days : ndarray of int
        Days for which the ladder has stood still; 0 when it does not.
    contacts : ndarray of int
        Contacts that we made since the oldest placement.
    product : ndarray of str
        Product of the largest account in scope.
    flags : dict of str to ndarray of bool
        Who has each of the flags ``notice:<kind>`` and ``evidence:<item>`` that the steps ask for.
    """

    dpd: Ints
    frozen_days: Ints
    contacts: Ints
    product: Texts
    flags: dict[str, Mask]


@dataclass(frozen=True)
class Stages:
    """The stage of each debtor and why; the arrays have the shape (n_debtors,).

    Attributes
    ----------
    stage : ndarray of str
        Codes of :class:`~duewise.contracts.vocabulary.Stage`.
    due : ndarray of str
        Stage that days past due alone would give.
    begins : ndarray of int
        First day past due of `stage`.
    waits_for : ndarray of str
        What the next stage, although due, still waits for, as ``contacts 1/3, notice:final_demand``; empty
        where it waits for nothing.
    frozen : ndarray of bool
        Whether the ladder stands still short of `due`.
    """

    stage: Texts
    due: Texts
    begins: Ints
    waits_for: Texts
    frozen: Mask


def stage_of(facts: LadderFacts, ladder: StagesSection) -> Stages:
    """Return the stage of each debtor by days past due, product and what has been done."""
    n = len(facts.dpd)
    step, due, begins = (np.zeros(n, dtype=np.int64) for _ in range(3))
    waits_for = np.full(n, "", dtype=object)
    rest = np.ones(n, dtype=bool)
    for name, bounds in ladder.products.items():
        own = facts.product == str(name)
        rest &= ~own
        _climb(facts, bounds, own, step, due, begins, waits_for)
    _climb(facts, ladder.bounds, rest, step, due, begins, waits_for)
    names = np.array([str(stage) for stage in STAGES], dtype=object)
    return Stages(names[step], names[due], begins, waits_for, (step < due) & (waits_for == ""))


def asked_flags(ladder: StagesSection) -> tuple[str, ...]:
    """Return the flags that any step of the ladder asks for."""
    steps = [step for bounds in _tables(ladder) for step in bounds.steps.values()]
    return tuple(sorted({flag for step in steps for flag in _flags(step)}))


def asks_for_contacts(ladder: StagesSection) -> bool:
    """Return whether any step of the ladder counts contacts."""
    return any(step.contacts for bounds in _tables(ladder) for step in bounds.steps.values())


def _climb(
    facts: LadderFacts, bounds: StageBounds, rows: Mask, step: Ints, due: Ints, begins: Ints, waits_for: Texts
) -> None:
    """Fill in the `rows` of the results by one table of bounds and steps."""
    first = np.array([0, bounds.intensified, bounds.legal, bounds.disposal])
    due[rows] = np.searchsorted(first[1:], facts.dpd[rows], side="right")
    moving = np.maximum(facts.dpd - facts.frozen_days, 0)
    climbed = np.searchsorted(first[1:], moving, side="right")
    climbing = rows.copy()
    for number, stage in enumerate(STAGES[1:], start=1):
        climbing &= climbed >= number
        needed = bounds.steps.get(stage)
        if needed is not None:
            lacking = _lacking(facts, needed, climbing)
            waits_for[climbing] = lacking[climbing]
            climbing &= lacking == ""
        step[climbing] = number
    begins[rows] = first[step[rows]]


def _lacking(facts: LadderFacts, needed: StageSteps, rows: Mask) -> Texts:
    """Return what `rows` still lack of the steps before a stage."""
    lacking = np.full(len(rows), "", dtype=object)
    short = rows & (facts.contacts < needed.contacts)
    made = facts.contacts[short]
    lacking[short] = [f"contacts {count}/{needed.contacts}" for count in made.tolist()]
    for flag in _flags(needed):
        absent = rows & ~facts.flags[flag]
        lacking[absent & (lacking != "")] += ", "
        lacking[absent] += flag
    return lacking


def _flags(step: StageSteps) -> list[str]:
    return [f"notice:{kind}" for kind in step.notices] + [f"evidence:{item}" for item in step.evidence]


def _tables(ladder: StagesSection) -> tuple[StageBounds, ...]:
    return (ladder.bounds, *ladder.products.values())
