"""All rules over all debtors and actions for one evening, or for one instant."""

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np

from duewise.contracts.vocabulary import CHANNELS
from duewise.policy.rules.applicability import Reach, reach
from duewise.policy.rules.checks import condition_denies
from duewise.policy.rules.clock import TimedRule, clock_verdicts
from duewise.policy.rules.conditions import Hours, Requirement
from duewise.policy.rules.facts import Facts, Ints, Mask, Seconds
from duewise.policy.rules.model import Part
from duewise.policy.rules.packs import LoadedRule, RuleSet
from duewise.policy.rules.places import DAY_SECONDS, candidate_zones, day_number, local_days, reference_zone
from duewise.policy.rules.timetable import ClockRule, day_zone
from duewise.policy.rules.verdicts import WORD_BITS, Bits, Verdict, Verdicts
from duewise.policy.rules.view import Planned, View


def evaluate(
    ruleset: RuleSet, facts: Facts, as_of: date, actions: Sequence[str] = tuple(map(str, CHANNELS))
) -> Verdicts:
    """Return what may be done on the debtor's local date `as_of`, knowing `facts` at its 00:00 UTC.

    An action is allowed when no rule about the person denies it, when at least one account may be spoken
    of, and when its permitted hours of the day are not empty.
    """
    day = day_number(as_of)
    return evaluate_days(ruleset, facts, np.full(len(facts), day, dtype=np.int32), actions)


def evaluate_days(
    ruleset: RuleSet, facts: Facts, day: Ints, actions: Sequence[str], planned: Planned | None = None
) -> Verdicts:
    """Return verdicts for a local day per debtor (days since 1970), counting what is `planned`."""
    view = View(facts, day, day.astype(np.int64) * DAY_SECONDS, planned)
    return _decide(ruleset, view, tuple(actions), instant=None)


def evaluate_at(
    ruleset: RuleSet,
    facts: Facts,
    instant: Seconds,
    actions: Sequence[str] = tuple(map(str, CHANNELS)),
    planned: Planned | None = None,
) -> Verdicts:
    """Return verdicts for an instant per debtor (UTC seconds), as before a call is dialled."""
    view = View(facts, days_at(facts, instant), instant, planned, whole_day=False)
    return _decide(ruleset, view, tuple(actions), instant)


def verdict(ruleset: RuleSet, facts: Facts, action: str, at: datetime) -> Verdict:
    """Return the verdict on one `action` at one aware instant, for facts of a single debtor."""
    instant = np.array([int(at.timestamp())], dtype=np.int64)
    return single(evaluate_at(ruleset, facts, instant, (action,)))


def single(found: Verdicts) -> Verdict:
    """Return the only verdict of a table of one debtor and one action."""
    return Verdict(
        allowed=bool(found.allowed[0, 0]),
        denied_by=found.rules_in(found.denied[0, 0]),
        attach=found.artefacts(0, found.actions[0]),
        warned_by=found.rules_in(found.warned[0, 0]),
    )


def days_at(facts: Facts, instant: Seconds) -> Ints:
    """Return each debtor's local date at an instant."""
    context = facts.context
    day = np.zeros(len(facts), dtype=np.int32)
    for index, place in enumerate(facts.places):
        there = np.flatnonzero(facts.debtors.place == index)
        if len(there) == 0:
            continue
        zones = day_zone(candidate_zones(place, context.country), context.country, context.timezone)
        zone = reference_zone(zones, int(instant[there[0]] // DAY_SECONDS))
        day[there] = local_days(instant[there], zone)
    return day


def _decide(ruleset: RuleSet, view: View, actions: tuple[str, ...], instant: Seconds | None) -> Verdicts:
    facts = view.facts
    rules = ruleset.binding(facts.context.role, facts.context.country)
    n, m, a = len(facts), len(facts.accounts.debtor), len(actions)
    words = max(1, -(-len(rules) // WORD_BITS))
    denied, attach, warned = (np.zeros((n, a, words), dtype=np.uint64) for _ in range(3))
    account_denied = np.zeros((m, a), dtype=bool)
    by_account: list[tuple[int, int, Mask]] = []
    timed: list[tuple[int, TimedRule, Reach]] = []

    for number, loaded, part in rules.parts():
        if not set(part.actions) & set(actions):
            continue
        reached = reach(part, view)
        if not (reached.certain.any() or reached.doubtful.any()):
            continue
        if part.is_time:
            clock = _clock(loaded, part, facts)
            timed.append(
                (number, TimedRule(clock, part.actions, reached.certain | reached.doubtful), reached)
            )
            continue
        speaks = condition_denies(part, view)
        for column, action in enumerate(actions):
            if action not in speaks:
                continue
            hit = speaks[action] & reached.certain
            doubt = speaks[action] & reached.doubtful
            if part.require is not None and (part.require.actions is None or action in part.require.actions):
                _mark(attach, hit, view, part.per_debt, column, number)
                hit = hit & ~_attached(part.require, view, part.per_debt)
            if part.effect == "warn":
                hit, doubt = np.zeros_like(hit), hit | doubt
            _mark(warned, doubt, view, part.per_debt, column, number)
            if part.per_debt:
                account_denied[:, column] |= hit
                by_account.append((number, column, hit))
            else:
                _set(denied[:, column], hit, number)

    spared = np.zeros((n, a), dtype=bool)
    for column in range(a):
        spared[facts.accounts.debtor[~account_denied[:, column]], column] = True
    for number, column, hit in by_account:
        _set(denied[:, column], _any_account(hit, view) & ~spared[:, column], number)

    clocks = clock_verdicts([rule for _, rule, _ in timed], view, actions, instant)
    for (number, _, reached), shut in zip(timed, clocks.denied, strict=True):
        for column in range(a):
            _set(denied[:, column], shut[:, column] & reached.certain, number)
            _set(warned[:, column], shut[:, column] & reached.doubtful, number)

    return Verdicts(
        debtor_id=facts.debtors.debtor_id,
        actions=actions,
        ruleset=rules,
        role=facts.context.role,
        allowed=~(denied != 0).any(axis=2),
        denied=denied,
        attach=attach,
        warned=warned,
        windows=clocks.windows,
        window=clocks.window,
        account_debtor=facts.accounts.debtor,
        account_id=facts.accounts.account_id,
        account_balance=facts.accounts.balance,
        account_allowed=~account_denied,
    )


def _clock(loaded: LoadedRule, part: Part, facts: Facts) -> ClockRule:
    hours = part.condition if isinstance(part.condition, Hours) else None
    # A debtor's own quiet hours are read on whatever clock is known; they never deny for want of one.
    unknown = part.unknown.get("timezone", "deny" if hours else "portfolio")
    return ClockRule(hours, unknown, loaded.country or facts.context.country, loaded.holidays_of)


def _attached(require: Requirement, view: View, per_debt: bool) -> Mask:
    """Return where the artefact can be had: declared by the company, or on file for the debtor."""
    artefacts = view.facts.context.artefacts
    names = (f"evidence:{require.artefact}", f"notice:{require.artefact}")
    on_file = view.any_of(view.on_throughout(names), per_debt)
    if artefacts is None:
        return on_file | (require.undeclared == "ask")
    return on_file | (require.artefact in artefacts)


def _mark(bits: Bits, mask: Mask, view: View, per_debt: bool, column: int, number: int) -> None:
    _set(bits[:, column], _any_account(mask, view) if per_debt else mask, number)


def _any_account(mask: Mask, view: View) -> Mask:
    found = np.zeros(len(view.facts), dtype=bool)
    found[view.facts.accounts.debtor[mask]] = True
    return found


def _set(bits: Bits, mask: Mask, number: int) -> None:
    word, bit = divmod(number, WORD_BITS)
    bits[mask, word] |= np.uint64(1 << bit)
