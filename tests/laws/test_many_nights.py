"""No rule is broken while a portfolio lives on, decided by the product and carried out night by night."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from living_portfolio import CarriedOut, Country, Living, Witness, carry_out, decide, opt_out, settle

SHORT, LONG = 10, 60
OPT_OUT_ON = 4
"""Number of the night before which some debtors who were called ask for it to stop."""

COUNTRIES = {
    # The clocks of the United States go back on 1 November 2026, those of Britain on 25 October; China rests
    # from 1 to 7 October and works on two weekend days for it; India has one clock and Gandhi's birthday. In
    # some states of Australia the clocks go forward on 4 October, before Labour Day; in Greece, with hours
    # and limits of its own in the pack of the union, they go back on 25 October, before the national holiday.
    "us-fdcpa": Country(
        "US",
        ["us-fdcpa"],
        [
            ("America/New_York", None),
            ("America/Los_Angeles", "US-CA"),
            ("America/Phoenix", None),
            ("America/New_York", "US-MA"),
            (None, "US-IN"),
        ],
        date(2026, 10, 27),
        role="agency",
    ),
    "common.strict": Country(
        "US", None, [("America/New_York", None), ("America/Los_Angeles", "US-CA")], date(2026, 10, 27)
    ),
    "cn": Country(
        "CN",
        ["cn"],
        [("Asia/Shanghai", "CN-GD"), ("Asia/Shanghai", "CN-XJ"), (None, None)],
        date(2026, 9, 27),
    ),
    "uk": Country("GB", ["uk"], [("Europe/London", None), (None, "GB-SCT")], date(2026, 10, 20)),
    "in": Country("IN", ["in"], [("Asia/Kolkata", None), (None, None)], date(2026, 9, 27)),
    "au": Country(
        "AU",
        ["au"],
        [("Australia/Sydney", "AU-NSW"), ("Australia/Perth", None), (None, "AU-QLD"), (None, "AU-WA")],
        date(2026, 9, 28),
    ),
    "eu": Country("GR", ["eu"], [("Europe/Athens", None), (None, None)], date(2026, 10, 20)),
}


def live_through(
    folder: Path, country: Country, nights: int, debtors: int = 120
) -> tuple[Living, list[CarriedOut]]:
    """Live through `nights` nights; the laws are asserted on each."""
    # The night that the country's story is about (clocks, holidays) lies near the end of it.
    begins = country.begins - timedelta(days=max(nights - SHORT, 0))
    living = settle(folder, country, begins, debtors, seed=7)
    lived: list[CarriedOut] = []
    quiet: list[str] = []
    for number in range(nights):
        if number == OPT_OUT_ON:
            quiet = [who for night in lived for who, action in night.action.items() if action == "call"][:3]
            opt_out(living, quiet, "call")
        people, decided = decide(living)
        if number % 9 == 1:
            assert_identical(decided, decide(living)[1])
        lived.append(carry_out(living, people, decided))
        assert_within_capacities(living, lived[-1])
        witness = Witness(living, lived)
        assert list(witness.broken(living, lived[-1])) == []
        assert list(witness.broken_follow_ups(living, lived[-1])) == []
        called = {who for who, action in lived[-1].action.items() if action in ("call", "ai_call")}
        assert not called & set(quiet)
    return living, lived


def assert_identical(one, other):
    """Deciding a night again gives the same decisions, probabilities and plans."""
    assert np.array_equal(one.decision.choice, other.decision.choice)
    assert np.array_equal(one.decision.propensity, other.decision.propensity)
    for name, column in vars(one.plan).items():
        assert np.array_equal(column, getattr(other.plan, name), equal_nan=True), name


def assert_within_capacities(living: Living, night: CarriedOut):
    """No action and no resource is planned beyond its limit, region by region where it is per region."""
    planned = Counter(night.action.values())
    for name, action in living.settings.actions.items():
        assert action.capacity is None or planned[name] <= action.capacity
    region = dict(zip(night.debtors["debtor_id"], night.debtors["region"].fillna(""), strict=True))
    for name, resource in living.settings.resources.items():
        used: Counter[str] = Counter()
        for who, action in night.action.items():
            used[region[who] if resource.per else ""] += living.settings.actions[action].uses.get(name, 0)
        assert all(units <= resource.limit for units in used.values())


def test_ten_nights_around_a_change_of_clocks_break_no_rule(tmp_path):
    _, lived = live_through(tmp_path, COUNTRIES["us-fdcpa"], SHORT)
    on_the_change = next(night for night in lived if night.as_of == date(2026, 11, 1))
    assert on_the_change.at
    assert len({action for night in lived for action in night.action.values()}) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(COUNTRIES))
def test_sixty_nights_break_no_rule(tmp_path, name):
    living, lived = live_through(tmp_path, COUNTRIES[name], LONG)
    actions = Counter(action for night in lived for action in night.action.values())
    assert len(actions) >= 4, actions
    contacted = {who for night in lived for who in night.at}
    debts = Counter(living.table("accounts")["debtor_id"])
    assert any(debts[who] > 1 for who in contacted), "nobody with two accounts was contacted"
