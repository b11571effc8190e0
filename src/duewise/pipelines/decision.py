"""From scores to one strategy per debtor: stage, rules, value, experiment, allocation, offer, plan, queue."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.contracts.vocabulary import CHANNELS, LEGAL_CHANNELS
from duewise.errors import DuewiseError
from duewise.policy.allocation import Allocation
from duewise.policy.cells import draw_cells
from duewise.policy.contact_windows import ReachTonight
from duewise.policy.debtor_facts import debtor_facts
from duewise.policy.decide import Decision, decide
from duewise.policy.limits import constraints_of
from duewise.policy.offers import OfferFacts, Offers, choose_offers
from duewise.policy.permissions import Permissions, permissions
from duewise.policy.plan import Plan, make_plan
from duewise.policy.queues import queue_of, urgent_dates
from duewise.policy.rules import RuleSet
from duewise.policy.stages import stage_of
from duewise.policy.values import ActionValues
from duewise.sources.tables import Tables


@dataclass(frozen=True)
class DecidedNight:
    """Everything that was decided; rows are the debtors in scope in ascending order of their id."""

    values: ActionValues
    permissions: Permissions
    decision: Decision
    stage: NDArray[Any]
    cell: NDArray[Any]
    queue: NDArray[Any]
    offers: Offers
    plan: Plan


def portfolio_actions(portfolio: Portfolio) -> tuple[str, ...]:
    """Return the actions of the portfolio file, from the lightest channel to the heaviest."""
    return tuple(str(channel) for channel in CHANNELS if channel in portfolio.actions)


def decide_night(
    portfolio: Portfolio,
    as_of: date,
    tables: Tables,
    ruleset: RuleSet,
    debtors: pd.DataFrame,
    expected_recovery: dict[int, NDArray[np.float64]],
    values: ActionValues,
    stage: NDArray[Any],
    *,
    start: Allocation | None = None,
    reach: ReachTonight | None = None,
) -> DecidedNight:
    """Return the decisions of one night.

    Parameters
    ----------
    debtors : DataFrame
        Snapshot at `as_of`: one row per debtor in scope, ascending by id.
    expected_recovery : dict of horizon to ndarray of shape (n_debtors,)
        Money expected within each horizon; NaN where there is no model.
    values : ActionValues
        What each action of the portfolio is worth.
    stage : ndarray of shape (n_debtors,)
    start : Allocation, optional
        See :func:`duewise.policy.decide.decide`.
    reach : ReachTonight, optional
        When debtors are most likely reached; without it windows are as wide as the rules allow.
    """
    ids = debtors["debtor_id"].tolist()
    facts = _aligned(debtor_facts(tables, as_of).to_pandas(), ids)
    actions = values.actions
    permitted = permissions(tables, portfolio, ruleset, as_of, actions, facts)
    if permitted.verdicts.debtor_id.tolist() != ids:
        raise DuewiseError("rules and features disagree on who is in scope; report this as a defect.")
    needs_care = facts["needs_care"].to_numpy(dtype=bool)
    cell = draw_cells(ids, as_of, portfolio.cells, shielded=needs_care)
    limits = constraints_of(portfolio.actions, portfolio.resources, actions, debtors["region"].to_numpy())
    decision = decide(
        ids,
        values,
        permitted.feasible,
        limits,
        cell,
        portfolio.cells,
        night=as_of.toordinal(),
        start=start,
    )
    plan = make_plan(permitted, decision.choice, values.ranking, as_of, portfolio.decision_days, reach)
    urgent = _aligned(urgent_dates(tables, as_of, portfolio.portfolio.timezone).to_pandas(), ids)
    names = np.array(["none", *actions], dtype=object)[decision.choice]
    horizons = sorted(expected_recovery)
    offers = choose_offers(
        OfferFacts(
            balance=debtors["balance"].to_numpy(dtype=np.float64),
            stage=stage,
            monthly_income=_numbers(facts["monthly_income"]),
            monthly_instalment=_numbers(facts["monthly_instalment"]),
            dependants=_numbers(facts["dependants"]),
            needs_care=needs_care,
            disputed=facts["disputed"].to_numpy(dtype=bool),
            expected_recovery=expected_recovery[horizons[-1]],
            remaining_cost=_usual_cost(portfolio, len(ids)),
            longest_horizon=horizons[-1],
        ),
        portfolio.offers,
    )
    return DecidedNight(
        values=values,
        permissions=permitted,
        decision=decision,
        stage=stage,
        cell=cell,
        queue=queue_of(urgent, stage, names),
        offers=offers,
        plan=plan,
    )


def stages(portfolio: Portfolio, debtors: pd.DataFrame) -> NDArray[Any]:
    """Return the stage of each debtor of a snapshot."""
    return stage_of(
        debtors["dpd"].to_numpy(dtype=np.int64),
        debtors["product"].astype(str).to_numpy(dtype=object),
        portfolio.stages,
    )


def _aligned(facts: pd.DataFrame, ids: list[str]) -> pd.DataFrame:
    return facts.set_index("debtor_id").loc[ids].reset_index()


def _numbers(column: "pd.Series[Any]") -> NDArray[np.float64]:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _usual_cost(portfolio: Portfolio, n: int) -> NDArray[np.float64]:
    """Return what treating a debtor over the longest horizon costs: one soft contact per decision period."""
    soft = [action.cost for name, action in portfolio.actions.items() if name not in LEGAL_CHANNELS]
    periods = max(portfolio.horizons) / portfolio.decision_days
    return np.full(n, min(soft, default=0.0) * periods)
