"""Claim: `ChannelValue` is at least as good as the best peer whether the signal is weak or strong.

Worlds, data and rows are the same for every learner, in one run. Two kinds of world are drawn afresh for each
seed, with confounded actions of 5 kinds (`none` included) and 30 features:

- weak: a mostly-zero recovered share, individual effects small against its noise (the collections case);
- strong: a continuous outcome whose individual effects are as large as its noise.

Yardsticks on fresh rows: PEHE (root mean square error of the individual effects), its ratio to the PEHE of
the best constant per action, the share of the oracle's gain over the best single action that a policy
choosing the largest estimated effect captures, coverage of 90% intervals, seconds to fit. Every difference
between `ChannelValue` and a peer is printed with its 95% interval over the seeds. The claim is refuted by a
peer whose interval lies on the better side of zero in either kind of world.

Every result is written down when it is found. The same command with the same file goes on where it was
stopped, and `--seeds 0` prints what the file holds so far. After a change to a learner, take another file.

Run:  python benchmarks/channel_value.py --seeds 10 --rows 50000
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from duewise.models.channel import ChannelValue

Floats = NDArray[np.float64]
ACTIONS = ["none", "sms", "email", "ai_call", "call"]
FEATURES = 30
TEST_ROWS = 20_000
FOLDS = 5
MEASURES = ["pehe", "pehe/constant", "gain", "coverage", "seconds"]
COLUMNS = ["world", "rows", "seed", "learner", *MEASURES]

RESULTS = Path(__file__).parent / "out" / "channel_value.csv"

Row = dict[str, str | int | float]


@dataclass(frozen=True)
class World:
    """A log to learn from and fresh rows whose effects are known."""

    X: Floats
    action: NDArray[np.intp]
    outcome: Floats
    fresh: Floats
    truth: Floats


def draw_world(kind: str, rows: int, seed: int) -> World:
    rng = np.random.default_rng([seed, {"weak": 1, "strong": 2}[kind]])
    n_actions = len(ACTIONS)
    X = rng.normal(size=(rows + TEST_ROWS, FEATURES))
    X[:, 20:25] = np.exp(0.8 * X[:, 20:25])  # money-like columns
    X[:, 25:] = X[:, 25:] > 0.5
    Z = (X - X.mean(axis=0)) / X.std(axis=0)

    base = Z[:, 0] + 0.7 * Z[:, 1] * (Z[:, 2] > 0) - 0.5 * Z[:, 20] + 0.5 * Z[:, 3]
    pull = rng.normal(size=(n_actions, 6)) * 0.3
    logits = Z[:, [0, 1, 3, 4, 20, 26]] @ pull.T + np.r_[0.8, 0.4 * rng.normal(size=n_actions - 1)]
    propensity = np.exp(logits)
    propensity /= propensity.sum(axis=1, keepdims=True)
    action = (propensity.cumsum(axis=1) > rng.random((len(X), 1))).argmax(axis=1)

    # Responsiveness shared by all contacts, plus what each action alone changes; partly linear, partly not.
    linear_part = rng.uniform(0.2, 0.8)
    shared = _surface(Z, rng, linear_part)
    deviation = np.column_stack(
        [rng.uniform(0.3, 1.0) * shared + 0.7 * _surface(Z, rng, linear_part) for _ in ACTIONS]
    )
    pooled = np.r_[0.0, rng.uniform(0.5, 1.5, size=n_actions - 1)]
    if kind == "strong":
        truth = pooled + 1.5 * deviation
        truth[:, 0] = 0.0
        noise = rng.normal(size=len(X))
        outcome = base + truth[np.arange(len(X)), action] + noise
    else:
        untouched = 0.35 / (1 + np.exp(-(base - 2.0)))
        expected = np.clip(untouched[:, None] + 0.02 * pooled + 0.03 * deviation, 0.002, 0.45)
        expected[:, 0] = untouched
        truth = expected - untouched[:, None]
        pays = rng.random(len(X)) < expected[np.arange(len(X)), action] / 0.5
        outcome = pays * rng.beta(1.5, 1.5, size=len(X))
    return World(X[:rows], action[:rows], outcome[:rows], X[rows:], truth[rows:])


def _surface(Z: Floats, rng: np.random.Generator, linear_part: float) -> Floats:
    """Return a random function of six features with variance near one."""
    j = rng.choice(FEATURES, 6, replace=False)
    linear = Z[:, j[:3]] @ rng.normal(size=3) / np.sqrt(3)
    steps = np.sign(Z[:, j[3]]) * (Z[:, j[4]] > 0) + np.maximum(Z[:, j[5]], 0) - 0.4
    return np.sqrt(linear_part) * linear + np.sqrt(1 - linear_part) * steps


Estimates = tuple[Floats, tuple[Floats, Floats] | None]


def channel_value(world: World) -> Estimates:
    model = ChannelValue(n_folds=FOLDS, n_jobs=2).fit(world.X, np.array(ACTIONS)[world.action], world.outcome)
    averages = {row.action: row.effect for row in model.average_effects()}
    pooled = np.array([0.0, *(averages.get(name, np.nan) for name in model.actions_[1:])])
    order = [list(model.actions_).index(name) for name in ACTIONS]
    effect = np.where(np.isnan(effect := model.effect(world.fresh)), pooled, effect)
    lower, upper = model.interval(world.fresh)
    return effect[:, order], (lower[:, order], upper[:, order])


def constant(world: World) -> Estimates:
    model = ChannelValue(n_folds=FOLDS, n_jobs=2).fit(world.X, np.array(ACTIONS)[world.action], world.outcome)
    averages = {row.action: row.effect for row in model.average_effects()}
    return np.tile([0.0, *(averages[name] for name in ACTIONS[1:])], (len(world.fresh), 1)), None


def _regressor(seed: int = 0) -> lgb.LGBMRegressor:
    return lgb.LGBMRegressor(
        n_estimators=150, num_leaves=15, learning_rate=0.08, min_child_samples=50, n_jobs=1, verbose=-1,
        random_state=seed,
    )  # fmt: skip


def _classifier() -> lgb.LGBMClassifier:
    return lgb.LGBMClassifier(
        n_estimators=60,
        num_leaves=7,
        learning_rate=0.1,
        min_child_samples=50,
        n_jobs=1,
        verbose=-1,
        random_state=0,
    )


def _econml_effects(model: Any, fresh: Floats) -> Floats:
    columns = [model.effect(fresh, T0=0, T1=k) for k in range(1, len(ACTIONS))]
    return np.column_stack([np.zeros(len(fresh)), *columns])


def linear_dr_learner(world: World) -> Estimates:
    from econml.dr import LinearDRLearner

    model = LinearDRLearner(
        model_propensity=_classifier(), model_regression=_regressor(), cv=FOLDS, random_state=0
    )
    model.fit(world.outcome, world.action, X=world.X)
    return _econml_effects(model, world.fresh), None


def dr_learner(world: World) -> Estimates:
    from econml.dr import DRLearner

    model = DRLearner(
        model_propensity=_classifier(), model_regression=_regressor(), model_final=_regressor(), cv=FOLDS,
        random_state=0,
    )  # fmt: skip
    model.fit(world.outcome, world.action, X=world.X)
    return _econml_effects(model, world.fresh), None


def causal_forest(world: World) -> Estimates:
    from econml.dml import CausalForestDML

    model = CausalForestDML(
        model_y=_regressor(), model_t=_classifier(), discrete_treatment=True, cv=FOLDS, n_estimators=100,
        min_samples_leaf=50, max_samples=0.3, n_jobs=1, random_state=0,
    )  # fmt: skip
    model.fit(world.outcome, world.action, X=world.X)
    effects = _econml_effects(model, world.fresh)
    return effects, None


def causalml_dr(world: World) -> Estimates:
    from causalml.inference.meta import BaseDRRegressor

    model = BaseDRRegressor(learner=_regressor(), control_name="none")
    model.fit(X=world.X, treatment=np.array(ACTIONS)[world.action], y=world.outcome, seed=0)
    effects = model.predict(X=world.fresh)
    order = [list(model.t_groups).index(name) for name in ACTIONS[1:]]
    return np.column_stack([np.zeros(len(world.fresh)), effects[:, order]]), None


def t_learner(world: World) -> Estimates:
    expected = [
        _regressor().fit(world.X[world.action == k], world.outcome[world.action == k]).predict(world.fresh)
        for k in range(len(ACTIONS))
    ]
    return np.column_stack(expected) - expected[0][:, None], None


LEARNERS: dict[str, Callable[[World], Estimates]] = {
    "ChannelValue": channel_value,
    "constant": constant,
    "T-learner": t_learner,
    "LinearDRLearner": linear_dr_learner,
    "DRLearner": dr_learner,
    "CausalForestDML": causal_forest,
    "CausalML DR": causalml_dr,
}


def judge(world: World, estimates: Estimates) -> dict[str, float]:
    effect, interval = estimates
    truth = world.truth
    error = float(np.sqrt(np.mean((effect - truth)[:, 1:] ** 2)))
    best_constant = float(np.sqrt(np.mean((truth.mean(axis=0) - truth)[:, 1:] ** 2)))
    single, oracle = truth.mean(axis=0).max(), truth.max(axis=1).mean()
    value = truth[np.arange(len(truth)), effect.argmax(axis=1)].mean()
    covered = np.nan
    if interval is not None:
        lower, upper = interval
        known = np.isfinite(lower[:, 1:])
        inside = (lower <= truth)[:, 1:] & (truth <= upper)[:, 1:]
        covered = float(inside[known].mean())
    return {
        "pehe": error,
        "pehe/constant": error / best_constant,
        "gain": float((value - single) / (oracle - single)),
        "coverage": covered,
    }


def run(kinds: list[str], seeds: range, rows: int, learners: list[str], done: pd.DataFrame) -> Iterator[Row]:
    """Yield one row per world, seed and learner that is not among those done; seeds come first.

    A run that is stopped has judged every learner in both kinds of world on as many seeds as it got to.
    """
    known = set(zip(done["world"], done["rows"], done["seed"], done["learner"], strict=True))
    for seed in seeds:
        for kind in kinds:
            missing = [name for name in learners if (kind, rows, seed, name) not in known]
            world = draw_world(kind, rows, seed) if missing else None
            for name in missing:
                started = time.perf_counter()
                estimates = LEARNERS[name](world)
                seconds = time.perf_counter() - started
                place = {"world": kind, "rows": rows, "seed": seed, "learner": name}
                yield {**place, **judge(world, estimates), "seconds": seconds}


def read_results(path: Path) -> pd.DataFrame:
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=COLUMNS)


def append(path: Path, row: Row) -> None:
    pd.DataFrame([row])[COLUMNS].to_csv(path, mode="a", header=not path.exists(), index=False)


def differences(results: pd.DataFrame) -> pd.DataFrame:
    """Return ChannelValue less each peer, mean over seeds with a 95% t-interval."""
    rows = []
    for (kind, measure), part in (
        results.drop(columns="rows").melt(["world", "seed", "learner"]).groupby(["world", "variable"])
    ):
        wide = part.pivot(index="seed", columns="learner", values="value")
        for peer in wide.columns.drop("ChannelValue"):
            gap = (wide["ChannelValue"] - wide[peer]).dropna()
            if measure not in {"pehe/constant", "gain", "seconds"} or len(gap) < 2:
                continue
            half = float(student.ppf(0.975, len(gap) - 1)) * gap.std(ddof=1) / np.sqrt(len(gap))
            rows.append((kind, measure, peer, gap.mean(), gap.mean() - half, gap.mean() + half))
    return pd.DataFrame(rows, columns=["world", "measure", "peer", "difference", "lower", "upper"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--worlds", nargs="+", default=["weak", "strong"])
    parser.add_argument("--learners", nargs="+", choices=list(LEARNERS), default=list(LEARNERS))
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    given.results.parent.mkdir(parents=True, exist_ok=True)
    done = read_results(given.results)
    for row in run(given.worlds, seeds, given.rows, given.learners, done):
        append(given.results, row)
        print({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}, file=sys.stderr)
    results = read_results(given.results).query("rows == @given.rows")
    pd.set_option("display.width", 160)
    by_learner = results.groupby(["world", "learner"], sort=False)
    print(by_learner[MEASURES].mean().round(4).assign(seeds=by_learner.size()).to_string())
    print("\nChannelValue less peer, 95% interval over seeds (pehe, seconds: less is better; gain: more)")
    print(differences(results).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
