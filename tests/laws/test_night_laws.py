"""Laws of a whole night, decided from the books by the product's own path."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from living_portfolio import Country, Living, decide, settle

from duewise.config import Portfolio
from duewise.contracts.vocabulary import Cell
from duewise.pipelines.decision import DecidedNight
from duewise.policy.allocation import Constraint
from duewise.policy.permissions import load_rules

NIGHT = date(2026, 9, 29)
COUNTRY = Country("CN", ["cn"], [("Asia/Shanghai", "CN-GD"), ("Asia/Shanghai", "CN-XJ")], NIGHT)

ONE_MORE = {
    "a message": {"actions.sms.capacity": 21},
    "minutes": {"resources.agent_minutes.limit": 96},
    "visits in every region": {"resources.visit_slots.limit": 2},
    "everything": {
        "actions.sms.capacity": 40,
        "actions.letter.capacity": 20,
        "resources.agent_minutes.limit": 300,
        "resources.line_minutes.limit": 60,
    },
}


@pytest.fixture(scope="module")
def living(tmp_path_factory) -> Living:
    return settle(tmp_path_factory.mktemp("night_laws"), COUNTRY, NIGHT, debtors=120, seed=11)


@pytest.fixture(scope="module")
def tonight(living) -> DecidedNight:
    return decide(living)[1]


def changed(living: Living, sections: dict[str, float]) -> Living:
    """The same books under other limits."""
    content = living.settings.model_dump(mode="json", by_alias=True)
    for path, value in sections.items():
        *parents, last = path.split(".")
        node = content
        for parent in parents:
            node = node[parent]
        node[last] = value
    return replace(living, settings=Portfolio.model_validate(content))


@pytest.fixture(scope="module")
def unlimited(living) -> Living:
    """Nothing is scarce and nobody is in the experiment: each debtor is decided alone."""
    free = {f"actions.{name}.capacity": None for name in living.settings.actions}
    free |= {f"resources.{name}.limit": 1e9 for name in living.settings.resources}
    return changed(living, {**free, "cells.control": 0.0, "cells.explore": 0.0})


def worth(decided: DecidedNight) -> float:
    """What the night is worth over all cells, in the money that the allocation maximises."""
    acting = np.flatnonzero(decided.decision.choice > 0)
    return float(decided.values.ranking[acting, decided.decision.choice[acting] - 1].sum())


@pytest.mark.parametrize("more", ONE_MORE)
def test_raising_a_capacity_never_lowers_the_total_value(living, tonight, more):
    looser = decide(changed(living, ONE_MORE[more]), start=tonight.decision)[1]
    assert worth(looser) >= worth(tonight) - 1e-9


def test_more_of_everything_is_worth_more(living, tonight):
    looser = decide(changed(living, ONE_MORE["everything"]), start=tonight.decision)[1]
    assert worth(looser) > worth(tonight)


def within(limit: Constraint, choice) -> bool:
    """Whether the choices of the night keep one ceiling."""
    used = np.append(0.0, limit.uses)[choice]
    if limit.groups is None:
        return used.sum() <= limit.upper + 1e-9
    ceilings = np.asarray(limit.upper)
    return all(used[limit.groups == g].sum() <= ceilings[g] + 1e-9 for g in range(len(ceilings)))


def test_a_worse_channel_is_never_chosen_while_a_better_one_is_free_and_allowed(tonight):
    policy = np.flatnonzero(tonight.cell == Cell.POLICY)
    choice = np.where(tonight.cell == Cell.POLICY, tonight.decision.choice, 0)
    ranking = np.column_stack([np.zeros(len(choice)), tonight.values.ranking])
    allowed = np.column_stack([np.ones(len(choice), dtype=bool), tonight.permissions.feasible])
    looked_at = 0
    for row in policy:
        for better in np.flatnonzero(allowed[row] & (ranking[row] > ranking[row, choice[row]] + 1e-9)):
            instead = choice.copy()
            instead[row] = better
            assert not all(within(limit, instead) for limit in tonight.decision.limits)
            looked_at += 1
    assert looked_at, "nothing was scarce: the law was not put to the test"


def test_adding_rules_never_adds_a_contact(unlimited):
    _, few = decide(unlimited)
    stricter = unlimited.settings.model_copy(update={"rules": ["cn", "common.strict"]})
    _, many = decide(replace(unlimited, settings=stricter, rules=load_rules(stricter)))
    assert not (many.permissions.feasible & ~few.permissions.feasible).any()
    contacted, before = many.decision.choice > 0, few.decision.choice > 0
    assert 0 < contacted.sum() < before.sum()
    assert not (contacted & ~before).any()
    assert worth(many) <= worth(few)
    # Whoever gets the same contact gets it in no wider hours, and no more often.
    same = contacted & (many.decision.choice == few.decision.choice)
    assert (many.plan.window_start[same] >= few.plan.window_start[same]).all()
    assert (many.plan.window_end[same] <= few.plan.window_end[same]).all()
    assert (many.plan.contacts_allowed[same] <= few.plan.contacts_allowed[same]).all()
