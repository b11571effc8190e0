"""Laws of the rules on random portfolios, and agreement with a slow evaluator written apart."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rule_reference import Contact, Debtor, Flag, Reference, World
from rule_worlds import PACKS, draw_debtor, draw_night, draw_world, midnight, tables_of

from duewise.contracts.vocabulary import CHANNELS
from duewise.policy.rules.conditions import ACTIONS
from duewise.policy.rules.evaluate import evaluate, evaluate_at
from duewise.policy.rules.extract import build_facts
from duewise.policy.rules.facts import Context, Facts
from duewise.policy.rules.outlook import contacts_allowed, first_allowed
from duewise.policy.rules.packs import RuleSet, load_packs

ACTION_NAMES = tuple(map(str, CHANNELS))
EACH_RUN = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
AT_NIGHT = settings(EACH_RUN, max_examples=60)
SEEDS = st.integers(min_value=0, max_value=2**32)


def facts_of(debtors: list[Debtor], world: World, night: date, ruleset: RuleSet) -> Facts:
    context = Context(world.role, world.country, world.timezone, world.artefacts)
    return build_facts(tables_of(debtors), night, context, ruleset)


def draw(seed: int, debtors: int = 30) -> tuple[World, date, list[Debtor], RuleSet, Random]:
    random = Random(seed)
    world, night = draw_world(random), draw_night(random)
    people = [draw_debtor(random, world, night, number) for number in range(debtors)]
    packs = random.choice(
        [[PACKS[str(world.country)]], ["common.strict"], ["common.strict", PACKS[str(world.country)]]]
    )
    return world, night, people, load_packs(packs), random


def night_agrees(seed: int) -> None:
    world, night, people, ruleset, _ = draw(seed)
    found = evaluate(ruleset, facts_of(people, world, night, ruleset), night)
    for row, debtor in enumerate(people):
        slow = Reference(debtor, world, midnight(night), midnight(night), night)
        for column, action in enumerate(ACTION_NAMES):
            expected = slow.denied_by(ruleset, action, at_instant=False)
            assert set(found.rules_in(found.denied[row, column])) == expected, (action, debtor, world, night)


def instant_agrees(seed: int) -> None:
    world, night, people, ruleset, random = draw(seed)
    facts = facts_of(people, world, night, ruleset)
    moment = midnight(night) + timedelta(minutes=15 * random.randint(0, 200))
    instant = np.full(len(people), int(moment.replace(tzinfo=UTC).timestamp()), dtype=np.int64)
    found = evaluate_at(ruleset, facts, instant)
    for row, debtor in enumerate(people):
        slow = Reference(debtor, world, midnight(night), moment, None)
        for column, action in enumerate(ACTION_NAMES):
            expected = slow.denied_by(ruleset, action, at_instant=True)
            assert set(found.rules_in(found.denied[row, column])) == expected, (action, debtor, moment)


@EACH_RUN
@given(seed=SEEDS)
def test_a_night_agrees_with_the_slow_evaluator(seed):
    night_agrees(seed)


@EACH_RUN
@given(seed=SEEDS)
def test_an_instant_agrees_with_the_slow_evaluator(seed):
    instant_agrees(seed)


@pytest.mark.slow
@AT_NIGHT
@given(seed=SEEDS)
def test_many_nights_and_instants_agree_with_the_slow_evaluator(seed):
    night_agrees(seed)
    instant_agrees(seed)


@EACH_RUN
@given(seed=SEEDS)
def test_a_window_holds_exactly_the_permitted_instants(seed):
    world, night, people, ruleset, random = draw(seed, debtors=5)
    facts = facts_of(people, world, night, ruleset)
    found = evaluate(ruleset, facts, night)
    slow = [Reference(debtor, world, midnight(night), midnight(night), night) for debtor in people]
    row = random.randrange(len(people))
    column = random.randrange(len(ACTION_NAMES))
    spans = found.spans(row, ACTION_NAMES[column])
    timed = [
        (loaded, part)
        for _, loaded, part in ruleset.binding(world.role, world.country).parts()
        if part.is_time
        and ACTION_NAMES[column] in part.actions
        and slow[row].reaches(loaded, part, None) in ("yes", "doubt")
    ]
    for quarter in slow[row].quarters():
        moment = quarter.replace(tzinfo=UTC)
        inside = any(start <= moment < end for start, end in spans)
        decided = quarter >= midnight(night)
        assert inside == (decided and all(slow[row].open_at(loaded, part, quarter) for loaded, part in timed))


@EACH_RUN
@given(seed=SEEDS)
def test_adding_a_rule_never_adds_a_contact(seed):
    world, night, people, ruleset, random = draw(seed)
    facts = facts_of(people, world, night, ruleset)
    fewer = RuleSet(tuple(rule for rule in ruleset.rules if random.random() < 0.6), ruleset.packs)
    assert not (evaluate(ruleset, facts, night).allowed & ~evaluate(fewer, facts, night).allowed).any()


@EACH_RUN
@given(seed=SEEDS)
def test_using_a_right_never_opens_a_door(seed):
    world, night, people, ruleset, random = draw(seed)
    before = evaluate(ruleset, facts_of(people, world, night, ruleset), night).allowed
    outcome = random.choice(["dispute", "complaint", "opt_out"])
    channel = random.choice(ACTION_NAMES)
    at = midnight(night) - timedelta(hours=random.randint(1, 300))
    used = []
    for debtor in people:
        flag = random.choice([outcome if outcome != "opt_out" else f"opt_out:{channel}", None])
        more_flags = [*debtor.flags, Flag(flag, at)] if flag else debtor.flags
        direction = random.choice(["inbound", "outbound"])
        more = [*debtor.contacts, Contact(at, channel, direction, outcome)] if not flag else debtor.contacts
        used.append(replace(debtor, flags=more_flags, contacts=more))
    after = evaluate(ruleset, facts_of(used, world, night, ruleset), night).allowed
    assert not (after & ~before).any()


@EACH_RUN
@given(seed=SEEDS)
def test_the_order_of_rows_is_irrelevant(seed):
    world, night, people, ruleset, random = draw(seed, debtors=6)
    shuffled = [
        replace(
            debtor,
            contacts=random.sample(debtor.contacts, len(debtor.contacts)),
            flags=random.sample(debtor.flags, len(debtor.flags)),
        )
        for debtor in people
    ]
    one = evaluate(ruleset, facts_of(people, world, night, ruleset), night)
    other = evaluate(ruleset, facts_of(shuffled, world, night, ruleset), night)
    assert np.array_equal(one.denied, other.denied)
    assert np.array_equal(one.attach, other.attach)


@EACH_RUN
@given(seed=SEEDS)
def test_a_subset_of_debtors_is_judged_as_in_the_whole(seed):
    world, night, people, ruleset, random = draw(seed)
    facts = facts_of(people, world, night, ruleset)
    rows = np.array(random.sample(range(len(people)), 5))
    whole = evaluate(ruleset, facts, night)
    part = evaluate(ruleset, facts.take(rows), night)
    assert np.array_equal(part.denied, whole.denied[rows])


@EACH_RUN
@given(seed=SEEDS)
def test_contacts_planned_for_a_week_break_no_rule_when_made(seed):
    """Whoever follows `contacts_allowed` and `first_allowed` is allowed each time by the slow evaluator."""
    world, night, people, ruleset, random = draw(seed, debtors=6)
    facts = facts_of(people, world, night, ruleset)
    action = np.array([random.randrange(len(ACTION_NAMES)) for _ in people], dtype=np.int32)
    allowed = contacts_allowed(ruleset, facts, night, action)
    tonight = evaluate(ruleset, facts, night).allowed[np.arange(len(people)), action]
    follow_up = first_allowed(ruleset, facts, night, np.where(tonight, action, -1), action, wait_days=2)
    assert ((allowed > 0) | ~tonight).all()
    for row, debtor in enumerate(people):
        name = ACTIONS[action[row]]
        if np.isnat(follow_up[row]):
            continue
        day = follow_up[row].astype(date)
        # Made at noon on the debtor's clock, and not answered.
        slow = Reference(debtor, world, midnight(night), midnight(night), night)
        noon = slow.quarters()[48].replace(tzinfo=None)
        made = (
            [*debtor.contacts, Contact(noon, name, "outbound", "no_answer")]
            if tonight[row]
            else debtor.contacts
        )
        then = Reference(replace(debtor, contacts=made), world, midnight(day), midnight(day), day)
        then.flags = slow.flags  # what is recorded later is not known tonight
        then.contacts = [*slow.contacts, *made[len(debtor.contacts) :]]
        assert not then.denied_by(ruleset, name, at_instant=False), (name, day, debtor)


@pytest.mark.parametrize("limit", [1, 3])
def test_a_weeks_contacts_never_exceed_the_limit_of_the_week(limit):
    world = World("creditor", "CN", "Asia/Shanghai", None)
    night = date(2026, 7, 10)
    debtor = draw_debtor(Random(1), world, night, 0)
    flags = [Flag("vulnerable", datetime(2026, 1, 1))] if limit == 1 else []
    calm = replace(debtor, contacts=[], flags=flags, birth_year=1980, timezone="Asia/Shanghai")
    for account in calm.accounts:
        account.past_due_since = date(2026, 3, 1)
    facts = facts_of([calm], world, night, load_packs(None))
    sms = np.array([ACTIONS.index("sms")], dtype=np.int32)
    assert contacts_allowed(load_packs(None), facts, night, sms).tolist() == [limit]
