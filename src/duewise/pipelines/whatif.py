"""`duewise whatif`: tonight under other staff, budget, prices or rules, beside tonight as it is."""

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duewise.config import Portfolio, unknown_name
from duewise.errors import ConfigError
from duewise.models.registry import load_champion
from duewise.pipelines.decision import DecidedNight
from duewise.pipelines.limits_worth import frontier_over, limits_asked_about, unlimited
from duewise.pipelines.record import capacities
from duewise.pipelines.tonight import debtors_in_scope, decide_portfolio, score_debtors
from duewise.policy.frontier import FrontierPoint
from duewise.policy.permissions import load_rules
from duewise.sources.open import open_tables

FACTORS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
"""What the frontier multiplies a limit by."""

_FIXED = ("portfolio", "sources", "mapping", "horizons", "features", "training", "models")
"""Parts of the portfolio file that tables and models hang on: with others, it would be another night."""


@dataclass(frozen=True)
class NightFigures:
    """What one decided night comes to, over all cells of the experiment.

    Attributes
    ----------
    actions : dict of action to count
    value : float
        Sum of what the allocation maximises, in money.
    gain, harm : float or None
        Money expected to be added, and expected cost of harm; None where no effect is known.
    cost : float
    contacts : int
        Debtors who get an action.
    capacities : list of dict
        ``name``, ``planned``, ``limit`` and ``price`` of every action and resource.
    shortfalls : tuple of str
        Floors that cannot be met.
    """

    actions: dict[str, int]
    value: float
    gain: float | None
    harm: float | None
    cost: float
    contacts: int
    capacities: list[dict[str, Any]]
    shortfalls: tuple[str, ...]


@dataclass(frozen=True)
class WhatIf:
    """A night as it is and as it would be.

    Attributes
    ----------
    moved : int
        Debtors who would get another action.
    frontiers : dict of limit to tuple of FrontierPoint
        Of the changed night: over the limits of staff and messages, or the one asked for.
    unlimited : list of str
        Which of `staff` and `messages` the changed portfolio limits in no way.
    """

    as_of: date
    currency: str
    debtors: int
    base: NightFigures
    changed: NightFigures
    moved: int
    frontiers: dict[str, tuple[FrontierPoint, ...]]
    unlimited: list[str]


def whatif(base: Portfolio, changed: Portfolio, as_of: date, *, frontier_of: str | None = None) -> WhatIf:
    """Return what a change of staff, budget, prices or rules would do to a night; publishes nothing.

    Both nights are decided from the same tables by the same models.

    Parameters
    ----------
    frontier_of : str, optional
        Action or resource whose limit is varied, in the changed night; default: what limits staff and
        messages.

    Raises
    ------
    ConfigError
        When the change asks for other tables or models, or the limit to vary does not exist.
    """
    _refuse_other_night(base, changed)
    rules, changed_rules = load_rules(base), load_rules(changed)
    with (
        tempfile.TemporaryDirectory(prefix="duewise-whatif-") as scratch,
        open_tables(base, as_of, workspace=Path(scratch)) as opened,
    ):
        bundle = load_champion(base.models.store, base.registered_name)
        debtors = debtors_in_scope(opened.tables, base, as_of)
        scored = score_debtors(bundle, debtors, base.horizons)
        tonight = decide_portfolio(base, rules, opened.tables, as_of, bundle, scored)
        start = tonight.decision if only_loosened(base, changed) else None
        other = decide_portfolio(changed, changed_rules, opened.tables, as_of, bundle, scored, start=start)
    return WhatIf(
        as_of=as_of,
        currency=base.portfolio.currency,
        debtors=len(debtors),
        base=figures_of(base, tonight),
        changed=figures_of(changed, other),
        moved=int(np.sum(_names(tonight) != _names(other))),
        frontiers={name: frontier_over(other, name, FACTORS) for name in _varied(other, frontier_of)},
        unlimited=unlimited(other),
    )


def figures_of(portfolio: Portfolio, decided: DecidedNight) -> NightFigures:
    """Return what a decided night comes to."""
    values, choice = decided.values, decided.decision.choice
    acting = np.flatnonzero(choice > 0)
    column = choice[acting] - 1
    counts = np.bincount(column, minlength=len(values.actions)).tolist()
    return NightFigures(
        actions={name: count for name, count in zip(values.actions, counts, strict=True) if count},
        value=float(values.ranking[acting, column].sum()),
        gain=_known_sum(values.gain[acting, column]),
        harm=_known_sum(values.harm[acting, column]),
        cost=float(values.cost[column].sum()),
        contacts=len(acting),
        capacities=capacities(portfolio, decided),
        shortfalls=tuple(map(str, decided.decision.allocation.shortfalls)),
    )


def only_loosened(base: Portfolio, changed: Portfolio) -> bool:
    """Return whether `changed` differs from `base` in nothing but higher ceilings and lower floors."""
    apart = {"actions", "resources", "publish"}
    if base.model_dump(exclude=apart) != changed.model_dump(exclude=apart):
        return False
    return _roomier(base.actions, changed.actions, "capacity") and _roomier(
        base.resources, changed.resources, "limit"
    )


def _roomier(base: dict[str, Any], changed: dict[str, Any], ceiling: str) -> bool:
    if base.keys() != changed.keys():
        return False
    bounds = {ceiling, "at_least"}
    for name, before in base.items():
        after = changed[name]
        if before.model_dump(exclude=bounds) != after.model_dump(exclude=bounds):
            return False
        if _ceiling(after, ceiling) < _ceiling(before, ceiling) or after.at_least > before.at_least:
            return False
    return True


def _ceiling(limited: Any, name: str) -> float:
    limit = getattr(limited, name)
    return np.inf if limit is None else float(limit)


def _refuse_other_night(base: Portfolio, changed: Portfolio) -> None:
    other = [name for name in _FIXED if getattr(base, name) != getattr(changed, name)]
    if other:
        raise ConfigError(
            f"--set {', '.join(other)}: a what-if changes staff, budget, prices or rules; with another "
            f"`{other[0]}` the tables or the models would be others. Edit the portfolio file instead."
        )


def _varied(decided: DecidedNight, asked_for: str | None) -> tuple[str, ...]:
    """Return the limits to vary: the one asked for, else those of staff and messages."""
    if asked_for is None:
        return limits_asked_about(decided)
    limited = [limit.name for limit in decided.decision.limits if limit.upper is not None]
    if asked_for not in limited:
        raise ConfigError(f"--frontier: {unknown_name(asked_for, limited, what='limit')}")
    return (asked_for,)


def _names(decided: DecidedNight) -> NDArray[Any]:
    return np.array(["none", *decided.values.actions], dtype=object)[decided.decision.choice]


def _known_sum(values: NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.sum()) if len(known) else None
