"""Worlds whose truth is known: what the night says of each channel, and what it does about it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from duewise.config import Portfolio, load_portfolio
from duewise.pipelines.decision import portfolio_actions
from duewise.pipelines.nightly import nightly
from duewise.pipelines.sample import make_sample
from duewise.pipelines.train import train
from duewise.simulate.truth import true_effects

pytestmark = pytest.mark.slow

AS_OF = date(2026, 6, 1)
SAMPLE = Path(__file__).parents[2] / "pipelines" / "sample.yaml"
DEBTORS = 4_000
FUTURES = 8
MOST_WASTE = 0.02
"""Share of what capacity allows that may be spent where nothing works: the experiment's part."""


@dataclass(frozen=True)
class Lived:
    """A night decided by the product, and the truth that it never saw."""

    portfolio: Portfolio
    strategies: pd.DataFrame
    warnings: list[str]
    effects: pd.DataFrame

    @property
    def by_policy(self) -> pd.DataFrame:
        return self.strategies[self.strategies["cell"] == "policy"]

    @property
    def chosen(self) -> pd.Series:
        return self.by_policy["action"].value_counts()

    def true_net_value(self) -> float:
        acted = self.by_policy[self.by_policy["action"] != "none"]
        gain = [
            self.effects.at[debtor, action]
            for debtor, action in zip(acted["debtor_id"], acted["action"], strict=True)
        ]
        return float(np.sum(gain) - acted["cost"].sum())


def live(world: str, folder: Path, seed: int = 77) -> Lived:
    portfolio = load_portfolio(
        SAMPLE,
        [f"models.store={folder / 'models'}", "publish.excel=false", "publish.report=false"],
        data=folder / "data",
        out=folder / "runs",
    )
    make_sample(portfolio, AS_OF, debtors=DEBTORS, seed=seed, world=world)
    train(portfolio, AS_OF)
    night = nightly(portfolio, AS_OF)
    actions = portfolio_actions(portfolio)
    truth = true_effects(
        folder / "data-truth", AS_OF, actions, portfolio.horizons[0], portfolio.decision_days, FUTURES
    )
    return Lived(
        portfolio,
        pd.read_parquet(night.folder / "strategies.parquet"),
        [warning["code"] for warning in night.manifest["warnings"]],
        pd.DataFrame(truth.effects, index=truth.debtor_id, columns=truth.actions),
    )


def test_where_nothing_works_nearly_nothing_is_spent_and_it_is_said(tmp_path):
    lived = live("no_effect", tmp_path)
    actions = lived.portfolio.actions
    room = sum((action.capacity or 0) * action.cost for action in actions.values())
    room += lived.portfolio.resources["agent_minutes"].limit / 6 * actions["call"].cost
    assert lived.strategies["cost"].sum() <= MOST_WASTE * room
    assert "effects_unproven" in lived.warnings
    assert list(lived.chosen.index) == ["none"]


def test_calls_that_do_harm_are_not_made_although_the_called_pay_more(tmp_path):
    lived = live("harmful_calls", tmp_path)
    assert lived.effects[["call", "ai_call"]].mean().max() < 0
    calls = lived.chosen.reindex(["call", "ai_call"]).fillna(0).sum()
    assert calls <= 0.02 * len(lived.by_policy)
    assert lived.true_net_value() > 0


def test_channels_without_a_record_are_unsupported_and_never_chosen(tmp_path):
    lived = live("thin_channels", tmp_path)
    thin = ["letter", "visit", "legal_letter", "litigation"]
    assert lived.strategies[[f"effect_{channel}" for channel in thin]].isna().all(axis=None)
    assert lived.chosen.reindex(thin).fillna(0).sum() == 0
    assert lived.strategies["effect_call"].notna().any()
