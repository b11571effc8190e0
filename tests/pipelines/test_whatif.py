"""The same night under other limits, prices and rules."""

from dataclasses import dataclass
from datetime import date

import pandas as pd
import pytest

from duewise.config import parse_portfolio
from duewise.console import print_whatif
from duewise.errors import ConfigError
from duewise.models.bundle import Bundle
from duewise.pipelines import whatif as whatif_module
from duewise.pipelines.whatif import only_loosened, whatif
from published_night import client_portfolio, write_tables

NIGHT = date(2026, 6, 1)


@dataclass(frozen=True)
class TenPercent(Bundle):
    """A bundle that expects a tenth of every balance: what a night needs of models, and no fitting."""

    def score(self, frame: pd.DataFrame, threads: int = 1) -> pd.DataFrame:
        columns = {f"expected_share_{days}d": 0.1 for days in (30, 90, 180)}
        return pd.DataFrame(columns, index=frame.index)


def changed(portfolio, **sections):
    return parse_portfolio(portfolio.model_dump(mode="json", by_alias=True) | sections, origin="test")


@pytest.fixture
def portfolio(tmp_path, monkeypatch):
    bundle = TenPercent(info=None, encoding=None, repayment={}, amount={})
    monkeypatch.setattr(whatif_module, "load_champion", lambda store, name: bundle)
    write_tables(tmp_path, debtors=8)
    return client_portfolio(
        tmp_path,
        actions={"call": {"cost": 4, "uses": {"minutes": 6}}},
        resources={"minutes": {"limit": 12}},
        cells={"control": 0, "explore": 0},
    )


def test_more_minutes_are_worth_what_the_price_says(portfolio):
    more = changed(portfolio, resources={"minutes": {"limit": 24}})
    answer = whatif(portfolio, more, NIGHT, frontier_of="minutes")
    assert (answer.base.contacts, answer.changed.contacts, answer.moved) == (2, 4, 2)
    assert answer.base.gain is None  # no effect is known: nights are compared by what they rank by
    assert answer.changed.value > answer.base.value
    assert answer.changed.cost == 16
    (minutes,) = (row for row in answer.base.capacities if row["name"] == "minutes")
    assert answer.changed.value - answer.base.value <= 12 * minutes["price"] + 1e-6
    values = [point.value for point in answer.frontiers["minutes"]]
    assert values == sorted(values)
    assert [point.factor for point in answer.frontiers["minutes"]] == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]


def test_staff_and_messages_are_varied_without_being_asked_for_and_it_is_said_where_nothing_limits_them(
    portfolio, capsys
):
    answer = whatif(portfolio, portfolio, NIGHT)
    assert (list(answer.frontiers), answer.unlimited) == (["minutes"], ["messages"])
    actions = {"call": {"cost": 4}, "sms": {"cost": 1, "uses": {"budget": 1}}, "email": {"capacity": 3}}
    free = changed(portfolio, actions=actions, resources={"budget": {"limit": 2}})
    answer = whatif(portfolio, free, NIGHT)
    assert (list(answer.frontiers), answer.unlimited) == (["email", "budget"], ["staff"])
    print_whatif(answer)
    printed = " ".join(capsys.readouterr().out.split())
    assert "Frontier over budget" in printed
    assert "no frontier over staff: the portfolio file sets neither a capacity of calls" in printed


def test_nothing_is_published_and_nothing_changes_without_a_change(portfolio):
    answer = whatif(portfolio, portfolio, NIGHT)
    assert answer.moved == 0
    assert answer.base == answer.changed
    assert not portfolio.publish.runs.exists()


def test_rules_can_be_tried(portfolio, tmp_path):
    pack = tmp_path / "own.yaml"
    pack.write_text(
        "{pack: own, says: Rules of the house., rules: [{id: own.silence, says: Nobody calls tonight at all.,"
        " force: C, in_force: {from: 2020-01-01}, cite: House rules, mark: G, actions: [call], always: true,"
        " tests: [{case: a call, day: 2026-07-10, action: call, then: deny}]}]}"
    )
    answer = whatif(portfolio, changed(portfolio, rules=[str(pack)]), NIGHT)
    assert answer.changed.contacts == 0


def test_another_table_or_model_is_not_a_what_if(portfolio, tmp_path):
    with pytest.raises(ConfigError, match="sources"):
        whatif(portfolio, changed(portfolio, sources={"path": str(tmp_path)}), NIGHT)


def test_an_unknown_limit_is_refused_with_the_nearest_name(portfolio):
    with pytest.raises(ConfigError, match="did you mean `minutes`"):
        whatif(portfolio, portfolio, NIGHT, frontier_of="minute")


@pytest.mark.parametrize(
    ("sections", "loosened"),
    [
        ({}, True),
        ({"resources": {"minutes": {"limit": 13}}}, True),
        ({"resources": {"minutes": {"limit": 11}}}, False),
        ({"resources": {"minutes": {"limit": 13, "at_least": 6}}}, False),
        ({"actions": {"call": {"cost": 5, "uses": {"minutes": 6}}}}, False),
        ({"actions": {"call": {"cost": 4, "capacity": 9, "uses": {"minutes": 6}}}}, False),
        ({"rules": ["cn"]}, False),
    ],
)
def test_limits_are_loosened_when_nothing_else_changes(portfolio, sections, loosened):
    assert only_loosened(portfolio, changed(portfolio, **sections)) is loosened
