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
from duewise.features.promise_ledger import Grace
from duewise.policy.cells import draw_cells
from duewise.policy.contact_windows import ReachTonight
from duewise.policy.debtor_facts import debtor_facts
from duewise.policy.decide import Decision, decide
from duewise.policy.ladder_facts import ladder_facts
from duewise.policy.legal_route import missing_for_suit
from duewise.policy.limits import constraints_of
from duewise.policy.offers import OfferFacts, Offers, choose_offers
from duewise.policy.permissions import Permissions, permissions
from duewise.policy.plan import Plan, make_plan
from duewise.policy.queues import queue_of, urgent_dates
from duewise.policy.rules import RuleSet
from duewise.policy.stages import Stages, stage_of
from duewise.policy.values import ActionValues
from duewise.sources.tables import Tables


@dataclass(frozen=True)
class DecidedNight:
    """Everything that was decided; rows are the debtors in scope in ascending order of their id.

    Attributes
    ----------
    limitation_days : ndarray of shape (n_debtors,)
        Days until the first claim is barred; NaN where that is not near.
    missing_for_suit : dict of str to ndarray of bool of shape (n_debtors,)
        Who lacks each notice and item of evidence that a suit needs.
    """

    values: ActionValues
    permissions: Permissions
    decision: Decision
    ladder: Stages
    cell: NDArray[Any]
    queue: NDArray[Any]
    limitation_days: NDArray[np.float64]
    missing_for_suit: dict[str, NDArray[np.bool_]]
    offers: Offers
    plan: Plan

    @property
    def stage(self) -> NDArray[Any]:
        """Stage of each debtor."""
        return self.ladder.stage


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
    ladder: Stages,
    *,
    start: Decision | None = None,
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
    ladder : Stages
        See :func:`stages`.
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
    dates = urgent_dates(tables, as_of, portfolio.portfolio.timezone, Grace.of(portfolio))
    urgent = _aligned(dates.to_pandas(), ids)
    names = np.array(["none", *actions], dtype=object)[decision.choice]
    offers = choose_offers(
        OfferFacts(
            balance=debtors["balance"].to_numpy(dtype=np.float64),
            stage=ladder.stage,
            monthly_income=_numbers(facts["monthly_income"]),
            monthly_instalment=_numbers(facts["monthly_instalment"]),
            dependants=_numbers(facts["dependants"]),
            needs_care=needs_care,
            disputed=facts["disputed"].to_numpy(dtype=bool),
            remaining_cost=_usual_cost(portfolio, len(ids)),
            recovery_curve=expected_recovery,
        ),
        portfolio.offers,
    )
    return DecidedNight(
        values=values,
        permissions=permitted,
        decision=decision,
        ladder=ladder,
        cell=cell,
        queue=queue_of(urgent, ladder.stage, names),
        limitation_days=_numbers(urgent["limitation_days"]),
        missing_for_suit=missing_for_suit(ruleset, permitted.facts, as_of),
        offers=offers,
        plan=plan,
    )


def stages(portfolio: Portfolio, tables: Tables, as_of: date, debtors: pd.DataFrame) -> Stages:
    """Return the stage of each debtor of a snapshot, and why."""
    return stage_of(ladder_facts(tables, as_of, portfolio.stages, debtors), portfolio.stages)


def _aligned(facts: pd.DataFrame, ids: list[str]) -> pd.DataFrame:
    return facts.set_index("debtor_id").loc[ids].reset_index()


def _numbers(column: "pd.Series[Any]") -> NDArray[np.float64]:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _usual_cost(portfolio: Portfolio, n: int) -> NDArray[np.float64]:
    """Return what treating a debtor over the longest horizon costs: one soft contact per decision period."""
    soft = [action.cost for name, action in portfolio.actions.items() if name not in LEGAL_CHANNELS]
    periods = max(portfolio.horizons) / portfolio.decision_days
    return np.full(n, min(soft, default=0.0) * periods)
