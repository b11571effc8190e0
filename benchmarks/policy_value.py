"""Claim: by effects that were learned from a confounded history, the night earns what ranking cannot.

Each run simulates a portfolio whose truth is known, trains and decides with the product as any client
would, and values every plan by the truth: expected money that tonight's actions add within the first
horizon, net of their cost, under the same capacities and rules for all. Beside ours stand

- ``oracle``           allocation by the true effects, which nobody can know;
- ``visible_ceiling``  by the true effects as well as visible features can tell them (boosted trees fitted
                       on the truth of other debtors), the most that any learner could reach;
- ``propensity``       whoever is likeliest to pay most gets an action, whatever it changes;
- ``stage_default``    the same, with the channels that suit the stage (what a night does without effects);
- ``balance``          whoever owes most gets the heaviest action that room is left for;
- ``old_policy``       what the usual policy would do tonight;
- ``random``           permitted actions in random order.

Intervals are bootstraps over debtors, so they hold for the trained models as they are. Refuted if ours
does not earn twice what propensity ranking earns on seeds that were never used in development.

    python benchmarks/policy_value.py --debtors 5000 --seeds 3 --first-seed 9001

With ``--results``, every run is added to a file of JSON lines, which docs/images/plan_value.py draws.
"""

import argparse
import json
import logging
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import structlog

from duewise.config import Portfolio, load_portfolio
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from duewise.models.causal.dr_scores import Estimate
from duewise.models.causal.worth import strength
from duewise.pipelines.decision import portfolio_actions
from duewise.pipelines.nightly import nightly
from duewise.pipelines.sample import make_sample
from duewise.pipelines.train import train
from duewise.policy.allocation import allocate
from duewise.policy.limits import constraints_of
from duewise.policy.stage_default import stage_default
from duewise.simulate.calendar import day_number
from duewise.simulate.saved import read_portfolio
from duewise.simulate.truth import true_effects, usual_plan
from duewise.sources.open import open_tables

AS_OF = date(2026, 6, 1)
PORTFOLIO = Path(__file__).parents[1] / "pipelines" / "sample.yaml"
DRAWS = 500
FOLDS = 5


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--debtors", type=int, default=5_000)
    arguments.add_argument("--seeds", type=int, default=1)
    arguments.add_argument("--first-seed", type=int, default=9001)
    arguments.add_argument("--world", default="default")
    arguments.add_argument("--futures", type=int, default=32)
    arguments.add_argument("--results", type=Path)
    given = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        with tempfile.TemporaryDirectory() as folder:
            found = run(Path(folder), given.debtors, seed, given.world, given.futures)
        if given.results is not None:
            with given.results.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(found) + "\n")


def run(folder: Path, debtors: int, seed: int, world: str, futures: int) -> dict[str, Any]:
    """Return what one run found, as plain values, after printing it."""
    scale = debtors / 5_000
    portfolio = load_portfolio(
        PORTFOLIO,
        [f"models.store={folder / 'models'}", "publish.excel=false", "publish.report=false", *_room(scale)],
        data=folder / "data",
        out=folder / "runs",
    )
    make_sample(portfolio, AS_OF, debtors=debtors, seed=seed, world=world)
    began = time.perf_counter()
    train(portfolio, AS_OF)
    trained = time.perf_counter()
    night = nightly(portfolio, AS_OF)
    decided = time.perf_counter()
    plans, value = judge(portfolio, folder, night.folder / "strategies.parquet", futures, seed)
    print(
        f"\nworld {world}, {debtors:,} debtors, seed {seed}: {len(value):,} in scope; "
        f"training {trained - began:.0f} s, night {decided - trained:.0f} s"
    )
    ratios = report(plans, value, seed)
    signs(folder, portfolio, value)
    return {"world": world, "debtors": debtors, "seed": seed, "in_scope": len(value), "ratios": ratios}


def signs(folder: Path, portfolio: Portfolio, value: np.ndarray) -> None:
    """Print the average effect of each action tonight, in money, beside what training and a naive eye saw."""
    evidence = next(
        content
        for path in sorted((folder / "models").rglob("channels.json"))
        if "average_effects" in (content := json.loads(path.read_text(encoding="utf-8")))
    )
    cost = [portfolio.actions[action].cost for action in portfolio_actions(portfolio)]
    print(f"  propensities {evidence['propensity']}; followed: {', '.join(evidence['paying']) or 'none'}")
    contact = Estimate(**evidence["worth_of_contact"])
    print(f"  contact as a whole: {strength(contact):.2f} standard errors above nothing")
    for arm, action in enumerate(portfolio_actions(portfolio), start=1):
        found = evidence["average_effects"].get(action)
        truth = value[:, arm].mean() + cost[arm - 1]
        told = "unsupported"
        if found is not None:
            told = "{effect:>8.2f} [{lower:>8.2f}, {upper:>8.2f}], naive {naive:>9.2f}".format(**found)
            told += ", used {effect:>8.2f} [{lower:>8.2f}, {upper:>8.2f}]".format(
                **evidence["effects_used"][action]
            )
        print(f"  {action:<14} true {truth:>8.2f}, estimated {told}")


def judge(
    portfolio: Portfolio, folder: Path, strategies: Path, futures: int, seed: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the plans (codes of shape (n,)) and the true net value of every code, shape (n, 1 + actions)."""
    actions = portfolio_actions(portfolio)
    truth_path = folder / "data-truth"
    ours = pq.read_table(strategies).to_pandas().sort_values("debtor_id").reset_index(drop=True)
    truth = true_effects(truth_path, AS_OF, actions, portfolio.horizons[0], portfolio.decision_days, futures)
    place = pd.Series(np.arange(len(truth.debtor_id)), index=truth.debtor_id).reindex(ours["debtor_id"])
    known = place.notna().to_numpy()
    cost = np.array([0.0, *(portfolio.actions[a].cost for a in actions)])
    effect = np.zeros((len(ours), len(actions) + 1))
    effect[known] = truth.effects[place[known].to_numpy(np.int64)]
    value = effect - cost
    feasible = np.ones((len(ours), len(actions)), dtype=bool)
    for row, denied in enumerate(ours["denied"]):
        for denial in denied:
            if denial["action"] in actions:
                feasible[row, actions.index(denial["action"])] = False
    feasible[(ours["cell"] == "control").to_numpy()] = False  # the same people are left alone in every plan
    limits = constraints_of(portfolio.actions, portfolio.resources, actions, ours["region"].to_numpy())

    def plan(ranking: np.ndarray) -> np.ndarray:
        return allocate(ranking, feasible, limits).choice.astype(int)

    rng = np.random.default_rng(seed)
    codes = {name: code for code, name in enumerate(("none", *actions))}
    recovery = ours[f"expected_recovery_{portfolio.horizons[0]}d"].to_numpy()
    ladder = stage_default(actions, cost[1:], ours["stage"].to_numpy(), recovery)
    heaviness = np.arange(1, len(actions) + 1)
    usual = usual_plan(read_portfolio(truth_path), day_number(AS_OF)).set_index("debtor_id")["action"]
    usual_code = usual.reindex(ours["debtor_id"]).map(codes).fillna(0).to_numpy(int)
    lawful = np.concatenate([np.ones((len(ours), 1), bool), feasible], axis=1)
    usual_code = np.where(lawful[np.arange(len(ours)), usual_code], usual_code, 0)
    plans = {
        "ours": ours["action"].map(codes).to_numpy(int),
        "oracle": plan(value[:, 1:]),
        "visible_ceiling": plan(visible_effects(portfolio, ours, effect[:, 1:], seed) - cost[1:]),
        "propensity": plan(recovery[:, None] - cost[1:]),
        "stage_default": plan(ladder.ranking),
        "balance": plan(ours["balance"].to_numpy()[:, None] * (1 + 1e-6 * heaviness)),
        "old_policy": usual_code,
        "random": plan(rng.random(feasible.shape) + 1.0),
    }
    return plans, value


def visible_effects(portfolio: Portfolio, ours: pd.DataFrame, effect: np.ndarray, seed: int) -> np.ndarray:
    """Return the true effects as far as visible features tell them, fitted on other debtors."""
    with open_tables(portfolio, AS_OF) as opened:
        frame = snapshots(opened.tables, [AS_OF], FeatureSettings.of(portfolio))
    frame = frame.set_index("debtor_id").loc[ours["debtor_id"]].drop(columns="as_of")
    fold = np.random.default_rng(seed).integers(0, FOLDS, len(frame))
    found = np.zeros_like(effect)
    settings = {
        "learning_rate": 0.05,
        "num_leaves": 15,
        "min_data_in_leaf": 50,
        "verbosity": -1,
        "num_threads": 1,
    }
    for action in range(effect.shape[1]):
        for held_out in range(FOLDS):
            rows = fold != held_out
            booster = lgb.train(settings, lgb.Dataset(frame[rows], effect[rows, action]), 150)
            found[~rows, action] = booster.predict(frame[~rows])
    return found


def report(plans: dict[str, np.ndarray], value: np.ndarray, seed: int) -> dict[str, list[float]]:
    """Print the worth of every plan; return the ratios of ours to the others with their 90% intervals."""
    rows = np.arange(len(value))
    gains = {name: np.where(code > 0, value[rows, code], 0.0) for name, code in plans.items()}
    draws = np.random.default_rng(seed).multinomial(len(rows), np.full(len(rows), 1 / len(rows)), DRAWS)
    total = {name: gain.sum() for name, gain in gains.items()}
    resampled = {name: draws @ gain for name, gain in gains.items()}
    for name in gains:
        low, high = np.quantile(resampled[name], [0.05, 0.95])
        acted = int((plans[name] > 0).sum())
        print(f"  {name:<16} {total[name]:>12,.0f} [{low:>11,.0f}, {high:>11,.0f}]  {acted:>7,} actions")
    ratios = {}
    for other in ("oracle", "visible_ceiling", "propensity", "stage_default", "balance"):
        if (resampled[other] <= 0).any():
            continue  # a share of nothing, or of a loss, says nothing
        low, high = np.quantile(resampled["ours"] / resampled[other], [0.05, 0.95])
        ratios[other] = [float(total["ours"] / total[other]), float(low), float(high)]
        print("  ours / {:<16} {:>6.2f} [{:.2f}, {:.2f}]".format(other, *ratios[other]))
    return ratios


def _room(scale: float) -> list[str]:
    """Return the capacities of the sample portfolio, grown with the number of debtors."""
    base = load_portfolio(PORTFOLIO)
    grown = [
        f"actions.{name}.capacity={round(action.capacity * scale)}"
        for name, action in base.actions.items()
        if action.capacity is not None
    ]
    return grown + [f"resources.{name}.limit={r.limit * scale}" for name, r in base.resources.items()]


if __name__ == "__main__":
    main()
