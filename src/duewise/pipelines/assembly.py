"""The rows of the night: every decided and explained part as one table in worklist order."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from duewise.config import Portfolio
from duewise.contracts.vocabulary import NONE
from duewise.pipelines.decision import DecidedNight
from duewise.pipelines.identity import NightIdentity
from duewise.policy.permissions import denied_list
from duewise.policy.queues import worklist_order
from duewise.publish.strategies_file import strategies_table


def assemble_strategies(
    portfolio: Portfolio,
    identity: NightIdentity,
    debtors: pd.DataFrame,
    scores: dict[str, Any],
    decided: DecidedNight,
    explained: dict[str, Any],
) -> pa.Table:
    """Return the strategies of one night, by rank.

    Parameters
    ----------
    debtors : DataFrame of n_debtors rows
        Snapshot, ascending by id.
    scores, explained : dict of column name to array of n_debtors values
        Columns of the contract that the models and the explanations fill.
    """
    n = len(debtors)
    rows = np.arange(n)
    choice, values = decided.decision.choice, decided.values
    names = np.array([NONE, *values.actions], dtype=object)
    action = names[choice]
    at = np.maximum(choice - 1, 0)
    acting = choice > 0

    def chosen(table: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(acting, table[rows, at], 0.0)

    priority = chosen(values.ranking)
    runner_up = decided.decision.runner_up
    runner_up_net = np.where(runner_up > 0, values.net_gain[rows, np.maximum(runner_up - 1, 0)], 0.0)
    columns: dict[str, Any] = {
        "run_id": np.full(n, identity.run_id, dtype=object),
        "as_of": np.full(n, np.datetime64(identity.as_of, "D")),
        "debtor_id": debtors["debtor_id"],
        "queue": decided.queue,
        "priority": priority,
        "balance": debtors["balance"].astype(float),
        "dpd": debtors["dpd"],
        "bucket": debtors["bucket"].astype(object),
        "product": debtors["product"].astype(object),
        "region": debtors["region"].astype(object),
        "stage": decided.stage,
        "action": action,
        "action_supported": np.where(acting, values.supported[rows, at], True),
        "window_start": decided.plan.window_start,
        "window_end": decided.plan.window_end,
        "contacts_allowed_7d": decided.plan.contacts_allowed,
        "follow_up_action": names[decided.plan.follow_up],
        "follow_up_on": decided.plan.follow_up_on,
        "tone": decided.offers.tone,
        "offer": decided.offers.offer,
        "offer_amount": decided.offers.amount,
        "offer_months": decided.offers.months,
        "next_review_on": decided.plan.next_review_on,
        "gain": chosen(values.gain),
        "harm": chosen(values.harm),
        "cost": np.where(acting, values.cost[at], 0.0),
        "net_gain": chosen(values.net_gain),
        "runner_up_action": names[runner_up],
        "runner_up_net_gain": runner_up_net,
        "denied": denied_list(decided.permissions),
        "cell": decided.cell,
        "propensity": decided.decision.propensity,
        "model_version": np.full(n, identity.model_version, dtype=object),
        "policy_version": np.full(n, values.policy_version, dtype=object),
        **{
            f"effect_{name}": np.where(values.supported[:, a], values.gain[:, a], np.nan)
            for a, name in enumerate(values.actions)
        },
        **scores,
        **explained,
    }
    first = portfolio.horizons[0]
    order = worklist_order(decided.queue, action, priority, scores[f"expected_recovery_{first}d"])
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(1, n + 1)
    table = strategies_table({**columns, "rank": rank}, portfolio.horizons)
    return table.take(pa.array(order))
