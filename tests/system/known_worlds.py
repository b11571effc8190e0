"""A night lived in a world whose truth is known, and what other learners make of the same past days."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from duewise.config import Portfolio, load_portfolio
from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from duewise.models.channel_effects import matrix_of
from duewise.models.registry import load_champion
from duewise.pipelines import train as training
from duewise.pipelines.channel_training import ChannelTraining
from duewise.pipelines.decision import portfolio_actions
from duewise.pipelines.learning_data import LearningData
from duewise.pipelines.nightly import nightly
from duewise.pipelines.sample import make_sample
from duewise.policy.allocation import allocate
from duewise.policy.limits import constraints_of
from duewise.simulate.truth import true_effects
from duewise.sources.open import open_tables

Floats = NDArray[np.float64]

AS_OF = date(2026, 6, 1)
SAMPLE = Path(__file__).parents[2] / "pipelines" / "sample.yaml"
SAMPLE_DEBTORS = 5_000
FUTURES = 8
HISTORY_DAYS = 180
FOLDS = 3
DRAWS = 400


@dataclass(frozen=True)
class Lived:
    """A night decided by the product, and the truth that it never saw.

    Attributes
    ----------
    strategies, tonight : DataFrame of n_debtors rows
        In the order of the ids: what was published, and the covariates that the effects were read from.
    learned : ChannelTraining
    data : LearningData
        What the effects were learned from.
    effect : ndarray of shape (n_debtors, n_actions)
        What each action truly adds, in money; zero where the truth holds nobody.
    """

    portfolio: Portfolio
    strategies: pd.DataFrame
    warnings: list[str]
    tonight: pd.DataFrame
    learned: ChannelTraining
    data: LearningData
    effect: Floats

    @property
    def actions(self) -> tuple[str, ...]:
        return portfolio_actions(self.portfolio)

    @property
    def cost(self) -> Floats:
        return np.array([self.portfolio.actions[action].cost for action in self.actions])

    @property
    def chosen(self) -> pd.Series:
        """Actions that the policy chose, without the experiment."""
        return self.strategies.loc[self.strategies["cell"] == "policy", "action"].value_counts()

    def plan(self, ranking: Floats) -> NDArray[np.int64]:
        """Return the best plan by `ranking`, of shape (n_debtors, n_actions), under rules and capacities."""
        open_ = np.ones(ranking.shape, dtype=bool)
        for row, denied in enumerate(self.strategies["denied"]):
            for denial in denied:
                if denial["action"] in self.actions:
                    open_[row, self.actions.index(denial["action"])] = False
        open_[(self.strategies["cell"] == "control").to_numpy()] = False
        regions = self.strategies["region"].to_numpy()
        limits = constraints_of(self.portfolio.actions, self.portfolio.resources, self.actions, regions)
        return allocate(np.nan_to_num(ranking, nan=0.0), open_, limits).choice.astype(np.int64)

    def worth(self, plan: NDArray[np.int64]) -> Floats:
        """Return what a plan truly adds for each debtor, net of its cost."""
        net = np.column_stack([np.zeros(len(plan)), self.effect - self.cost])
        return net[np.arange(len(plan)), plan]

    def plans(self, peers: dict[str, Floats]) -> dict[str, NDArray[np.int64]]:
        """Return our plan, the bounds, two rankings, and the plans by the effects of `peers`."""
        codes = {name: code for code, name in enumerate(("none", *self.actions))}
        recovery = self.strategies["expected_recovery_30d"].to_numpy()
        heaviness = 1 + 1e-6 * np.arange(1, len(self.actions) + 1)
        return {
            "ours": self.strategies["action"].map(codes).to_numpy(np.int64),
            "oracle": self.plan(self.effect - self.cost),
            "visible ceiling": self.plan(visible(self.tonight, self.effect) - self.cost),
            "propensity": self.plan(recovery[:, None] - self.cost),
            "balance": self.plan(self.strategies["balance"].to_numpy()[:, None] * heaviness),
            **{name: self.plan(effect - self.cost) for name, effect in peers.items()},
        }


def live(world: str, folder: Path, debtors: int, seed: int = 77) -> Lived:
    """Return one night in `world`: its history simulated, learned from, and decided."""
    portfolio = load_portfolio(
        SAMPLE,
        [
            f"models.store={folder / 'models'}",
            "horizons=[30]",
            f"training.history_days={HISTORY_DAYS}",
            "publish.excel=false",
            "publish.report=false",
            *_room(debtors / SAMPLE_DEBTORS),
        ],
        data=folder / "data",
        out=folder / "runs",
    )
    make_sample(portfolio, AS_OF, debtors=debtors, seed=seed, world=world)
    seen: list[tuple[LearningData, ChannelTraining]] = []
    learn = training.train_channels

    def remembering(data: LearningData, portfolio: Portfolio) -> ChannelTraining | None:
        found = learn(data, portfolio)
        assert found is not None
        seen.append((data, found))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "train_channels", remembering)
        training.train(portfolio, AS_OF)
    night = nightly(portfolio, AS_OF)
    ((data, learned),) = seen
    strategies = pd.read_parquet(night.folder / "strategies.parquet").sort_values("debtor_id")
    truth = true_effects(
        folder / "data-truth",
        AS_OF,
        portfolio_actions(portfolio),
        portfolio.horizons[0],
        portfolio.decision_days,
        FUTURES,
    )
    effects = pd.DataFrame(truth.effects[:, 1:], index=truth.debtor_id)
    return Lived(
        portfolio=portfolio,
        strategies=strategies.reset_index(drop=True),
        warnings=[warning["code"] for warning in night.manifest["warnings"]],
        tonight=_covariates(portfolio, strategies["debtor_id"])[list(data.features.columns)],
        learned=learned,
        data=data,
        effect=effects.reindex(strategies["debtor_id"]).fillna(0.0).to_numpy(),
    )


def _covariates(portfolio: Portfolio, debtor_id: pd.Series) -> pd.DataFrame:
    bundle = load_champion(portfolio.models.store, portfolio.registered_name)
    with open_tables(portfolio, AS_OF) as opened:
        debtors = snapshots(opened.tables, [AS_OF], FeatureSettings.of(portfolio))
    assert debtors["debtor_id"].tolist() == debtor_id.tolist()
    return bundle.encoding.covariates(debtors)


def _room(scale: float) -> list[str]:
    """Return the capacities of the sample portfolio, in proportion to its debtors."""
    base = load_portfolio(SAMPLE)
    rooms = {f"actions.{name}.capacity": action.capacity for name, action in base.actions.items()}
    rooms |= {f"resources.{name}.limit": resource.limit for name, resource in base.resources.items()}
    return [f"{key}={max(round(room * scale), 1)}" for key, room in rooms.items() if room is not None]


def visible(tonight: pd.DataFrame, effect: Floats) -> Floats:
    """Return the true effects as far as features tell them, by trees fitted on the truth of others."""
    matrix, fold = matrix_of(tonight), np.random.default_rng(0).integers(0, FOLDS, len(tonight))
    found = np.zeros_like(effect)
    for held_out in range(FOLDS):
        rows = fold != held_out
        for action in range(effect.shape[1]):
            model = trees().fit(matrix[rows], effect[rows, action])
            found[~rows, action] = model.predict(matrix[~rows])
    return found


def trees() -> lgb.LGBMRegressor:
    return lgb.LGBMRegressor(
        n_estimators=100, num_leaves=15, learning_rate=0.08, min_child_samples=50, n_jobs=1, verbose=-1,
        random_state=0,
    )  # fmt: skip


def averages(lived: Lived) -> pd.DataFrame:
    """Return by supported action its true average effect tonight, our estimates, and the naive one.

    `effect` is estimated on the whole horizon, `used` is what the night works with.
    """
    told, used = (lived.learned.evidence[name] for name in ("average_effects", "effects_used"))
    rows = {
        action: {"true": lived.effect[:, k].mean(), **told[action], "used": used[action]["effect"]}
        for k, action in enumerate(lived.actions)
        if action in told
    }
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["true", "effect", "lower", "upper", "used", "naive"]
    )


def report(world: str, lived: Lived, peers: dict[str, Floats]) -> dict[str, Any]:
    """Print how well the truth was found and used; return the figures."""
    table = averages(lived)
    covered = (table["lower"] <= table["true"]) & (table["true"] <= table["upper"])
    wrong = {
        name: int((np.sign(table[name]) != np.sign(table["true"])).sum())
        for name in ("effect", "used", "naive")
    }
    print(f"\n{world}: {len(lived.tonight):,} debtors, {len(lived.data):,} decisions to learn from")
    print(table.round(2).to_string())
    print(
        f"average effects: bias {(table['effect'] - table['true']).mean():.2f}, "
        f"used {(table['used'] - table['true']).mean():.2f}, "
        f"naive {(table['naive'] - table['true']).mean():.2f}; wrong signs {wrong['effect']}, used "
        f"{wrong['used']}, naive {wrong['naive']}; {covered.sum()} of {len(table)} intervals (90%) hold the "
        "truth"
    )
    for name, effect in peers.items():
        means = [np.nanmean(effect[:, lived.actions.index(action)]) for action in table.index]
        signs = int((np.sign(means) != np.sign(table["true"])).sum())
        print(f"  {name}: bias {np.mean(means - table['true']):.2f}, wrong signs {signs}")
    worth = {name: lived.worth(plan) for name, plan in lived.plans(peers).items()}
    n = len(lived.tonight)
    draws = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), DRAWS)
    print("worth of tonight's plan, net; share of the oracle's and of the visible ceiling's, 90% intervals")
    shares = {}
    for name, gain in worth.items():
        parts = []
        for bound in ("oracle", "visible ceiling"):
            drawn = (draws @ gain) / (draws @ worth[bound])
            shares[name, bound] = (gain.sum() / worth[bound].sum(), *np.quantile(drawn, [0.05, 0.95]))
            parts.append("{:6.2f} [{:.2f}, {:.2f}]".format(*shares[name, bound]))
        print(f"  {name:<24} {gain.sum():>10,.0f} {'  '.join(parts)}")
    return {"averages": table, "covered": covered, "wrong": wrong, "worth": worth, "shares": shares}
