"""Worlds whose truth is known: what training and night say of each channel, and what they do about it.

Each world prints its figures: bias, signs and intervals of average effects; what the plan of the night is
worth beside the oracle's, the visible ceiling's, two rankings and the plans of other learners
(`pytest -m slow -s tests/system/test_known_worlds.py`).
"""

import importlib.util

import numpy as np
import pytest
from known_world_peers import PEERS, naive, t_learner
from known_worlds import averages, live, report

pytestmark = pytest.mark.slow

DEBTORS = 2_500
ENOUGH_TO_TELL = 10_000
"""Debtors with whom nine averages differ by more than their noise; with a few thousand a plan is luck."""
MOST_WASTE = 0.02
"""Share of what capacity allows that may be spent where nothing works: the experiment's part."""
BEYOND_CHANCE = 3.0
"""Standard errors that nine actions in nine worlds do not reach by chance (two-sided: one world in five)."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """Return a function that lives a night in a world, once."""
    known = {}

    def once(world, debtors=DEBTORS):
        if (world, debtors) not in known:
            known[world, debtors] = live(world, tmp_path_factory.mktemp(world), debtors)
        return known[world, debtors]

    return once


def errors(table):
    """Return standard errors of the average effects from their 90% intervals."""
    return (table["upper"] - table["lower"]) / (2 * 1.645)


@pytest.mark.parametrize("world", ["randomised", "thin_channels", "drift", "tiny_balances", "heavy_tails"])
def test_no_channel_is_said_beyond_chance_to_do_the_opposite_of_what_it_does(lived, world):
    found = lived(world)
    table = report(world, found, {"naive difference": naive(found), "T-learner": t_learner(found)})[
        "averages"
    ]
    z = (table["effect"] - table["true"]) / errors(table)
    assert len(table) > 0
    opposite = (np.sign(table["effect"]) != np.sign(table["true"])) & (table["effect"].abs() > errors(table))
    assert not (opposite & (z.abs() > BEYOND_CHANCE)).any(), table


def test_confounding_turns_the_naive_sign_of_some_channel_and_not_ours(lived):
    found = lived("default", ENOUGH_TO_TELL)
    installed = {
        name: peer
        for name, peer in PEERS.items()
        if all(importlib.util.find_spec(p) or not name.lower().startswith(p) for p in ("econml", "causalml"))
    }
    figures = report("default", found, {name: peer(found) for name, peer in installed.items()})
    table, worth = figures["averages"], figures["worth"]
    turned = (np.sign(table["naive"]) != np.sign(table["true"])) & (table["true"].abs() > 1.0)
    assert turned.any()
    right = np.sign(table["effect"]) == np.sign(table["true"])
    held = (table["lower"] <= table["true"]) & (table["true"] <= table["upper"])
    assert right[turned].any(), table
    assert (right | held)[turned].all(), table  # a rare action may be too noisy to have a sign
    ours = worth["ours"].sum()
    assert ours > worth["propensity"].sum()
    assert ours >= 1.25 * worth["balance"].sum()
    assert ours > max(worth[name].sum() for name in installed)


def test_where_nothing_works_nearly_nothing_is_spent_and_it_is_said(lived):
    """People pay early in the week and are called from Wednesday on: immortal time makes contact look bad."""
    found = lived("no_effect")
    table = averages(found)
    print(f"\nno_effect: {len(found.data):,} decisions\n{table.round(2).to_string()}")
    assert (found.effect == 0).all()
    assert (table["effect"].abs() < BEYOND_CHANCE * errors(table)).all()
    full = found.plan(np.repeat(found.strategies[["balance"]].to_numpy(), len(found.actions), axis=1))
    room = np.append(0.0, found.cost)[full].sum()
    print(f"spent {found.strategies['cost'].sum() / room:.2%} of what capacity allows")
    assert found.strategies["cost"].sum() <= MOST_WASTE * room
    assert "effects_unproven" in found.warnings
    assert list(found.chosen.index) == ["none"]


def test_calls_that_do_harm_are_not_made_although_the_called_pay_more(lived):
    found = lived("harmful_calls")
    figures = report(
        "harmful_calls", found, {"naive difference": naive(found), "T-learner": t_learner(found)}
    )
    calls = [found.actions.index(action) for action in ("call", "ai_call")]
    assert found.effect[:, calls].mean(axis=0).max() < 0
    made = found.chosen.reindex(["call", "ai_call"]).fillna(0).sum()
    assert made <= 0.02 * found.chosen.sum()
    decided = (found.strategies["cell"] == "policy").to_numpy()  # the experiment may try a call
    assert figures["worth"]["ours"][decided].sum() >= 0


def test_channels_without_a_record_are_unsupported_and_never_chosen(lived):
    found = lived("thin_channels")
    thin = ["letter", "visit", "legal_letter", "litigation"]
    assert found.strategies[[f"effect_{channel}" for channel in thin]].isna().all(axis=None)
    assert found.chosen.reindex(thin).fillna(0).sum() == 0
    assert found.strategies["effect_call"].notna().any()


def test_a_hidden_cause_of_the_choice_is_seen_by_the_placebo_or_bounded(lived):
    found = lived("hidden_confounding")
    report("hidden_confounding", found, {"naive difference": naive(found)})
    placebo = [row for row in found.learned.evidence["refutations"] if row["name"] == "placebo_outcome"]
    print({row["action"]: round(row["value"], 2) for row in placebo})
    assert placebo
