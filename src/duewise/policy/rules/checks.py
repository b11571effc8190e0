"""What each condition means on columns: for every debtor (or account) whether its rule denies.

The functions are the vectorised meaning of :mod:`duewise.policy.rules.conditions`. Each takes a rule part,
the view of one evening and whether the answer is per account, and returns a mask; ``True`` denies.
Hours are not here: they yield windows (:mod:`duewise.policy.rules.clock`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from duewise.contracts.vocabulary import MESSAGE_CHANNELS, SOFT_CHANNELS
from duewise.policy.rules import conditions as c
from duewise.policy.rules.facts import ALL_ACCOUNTS, NO_DAY, Ints, Mask, Rows
from duewise.policy.rules.kinds import KIND_OF_COUNT, PLANNED_KINDS, Kind
from duewise.policy.rules.model import Part
from duewise.policy.rules.prior_consent import prior_consent
from duewise.policy.rules.view import Planned, View, hit


def condition_denies(part: Part, view: View) -> dict[str, Mask]:
    """Return for each action of `part` who is denied by its condition alone (before exemptions).

    Actions that the condition does not tell apart share one mask.
    """
    check = _CHECKS[type(part.condition)]
    if isinstance(part.condition, c.OptOut | c.Consent | c.PromiseOpen):
        return {action: check(part.condition, part, view, action) for action in part.actions}
    mask = check(part.condition, part, view, "")
    return dict.fromkeys(part.actions, mask)


def lifted(unless: c.Unless, view: View, per_debt: bool) -> Mask:
    """Return who is exempt because a flag named by `unless` stays on (and is young enough)."""
    rows = view.on_throughout(unless.flags)
    if unless.within_days is not None:
        flags = view.facts.flags
        rows = rows[view.day[flags.debtor[rows]] - flags.start_day[rows] <= unless.within_days]
    return view.any_of(rows, per_debt)


def _count(condition: c.Count, part: Part, view: View, _: str) -> Mask:
    assert part.threshold is not None
    counted = _counted(condition, part, view)
    limit = part.threshold.number
    denied: Mask = counted >= limit if part.threshold.at_least else counted < limit
    if "prior_consent_7d" in condition.exclude:
        days = view.day.astype(np.int64)
        debtor = np.arange(len(view.facts), dtype=np.int64)
        denied = denied & ~view.spread_if(part.per_debt, prior_consent(part, view, debtor, days))
    return denied


def _counted(condition: c.Count, part: Part, view: View) -> Ints:
    facts, contacts = view.facts, view.facts.contacts
    kind = int(KIND_OF_COUNT[condition.what])
    channels = condition.channels or part.actions
    last = view.day[contacts.debtor]
    chosen = (contacts.day > last - condition.last_days) & (contacts.day <= last)
    chosen &= np.isin(contacts.channel, [c.ACTIONS.index(name) for name in channels])
    inbound = (contacts.kinds & int(Kind.INBOUND)) > 0
    if condition.direction == "inbound":
        chosen &= inbound  # whatever its kind: the debtor came to us
    else:
        chosen &= (contacts.kinds & kind) > 0
        if condition.direction == "outbound":
            chosen &= ~inbound
    if not part.threshold or not part.threshold.at_least:
        chosen &= (contacts.kinds & int(Kind.CONSUMER_RIGHT)) == 0
    if not condition.include_planned:
        chosen &= (contacts.kinds & int(Kind.PENDING)) == 0
    if "prior_consent_7d" in condition.exclude:
        rows = np.flatnonzero(chosen)
        covered = prior_consent(
            part, view, contacts.debtor[rows].astype(np.int64), contacts.day[rows].astype(np.int64)
        )
        chosen[rows[covered]] = False
    if part.scope == "person_and_debt":
        everywhere = chosen & (contacts.account == ALL_ACCOUNTS)
        named = chosen & (contacts.account >= 0)
        counted = view.spread(_number(contacts.debtor[everywhere], len(facts)))
        counted = counted + _number(contacts.account[named], len(facts.accounts.debtor))
    else:
        counted = view.spread_if(part.per_debt, _number(contacts.debtor[chosen], len(facts)))
    if condition.include_planned and view.planned is not None and condition.direction != "inbound":
        counted = counted + view.spread_if(
            part.per_debt, _planned(view.planned, view.day, kind, channels, condition)
        )
    return counted


def _planned(planned: Planned, day: Ints, kind: int, channels: tuple[str, ...], condition: c.Count) -> Ints:
    counts = np.array(
        [name in channels and bool(int(PLANNED_KINDS.get(name, Kind(0))) & kind) for name in c.ACTIONS]
    )
    days = planned.first_day + np.arange(planned.made.shape[1])
    near = (days[None, :] > (day - condition.last_days)[:, None]) & (days[None, :] <= day[:, None])
    return np.where(counts[planned.action], (planned.made & near).sum(axis=1), 0)


def _first_planned(planned: Planned) -> Ints:
    """Return the day of each debtor's first planned communication; `NO_DAY` without one."""
    speaks = np.isin(planned.action, [c.ACTIONS.index(channel) for channel in SOFT_CHANNELS])
    planned_days = (planned.first_day + planned.made.argmax(axis=1)).astype(np.int32)
    return np.where(speaks & planned.made.any(axis=1), planned_days, NO_DAY).astype(np.int32)


def _hold(condition: c.Hold, part: Part, view: View, _: str) -> Mask:
    flags = view.facts.flags
    rows = view.facts.flag_rows(condition.flags)
    moment = view.moment[flags.debtor[rows]]
    ended = flags.ends[rows] <= moment
    if condition.ended and view.whole_day:  # what ends today denies today
        ended |= flags.end_day[rows] <= view.day[flags.debtor[rows]]
    state = ended if condition.ended else ~ended
    rows = rows[(flags.starts[rows] <= moment) & state]
    if condition.unless_detail:
        rows = rows[~np.isin(flags.detail[rows], condition.unless_detail)]
    if condition.max_days is not None:
        longer = flags.detail[rows] == condition.longer_detail
        limit = np.where(longer, condition.longer_days, condition.max_days)
        rows = rows[view.day[flags.debtor[rows]] - flags.start_day[rows] <= limit]
    if condition.cleared_by:
        rows = rows[~_cleared(condition, view, rows)]
    return view.any_of(rows, part.per_debt)


def _cleared(condition: c.Hold, view: View, rows: Rows) -> Mask:
    """Return which flag `rows` are answered by a later notice on the same account, or on all of them."""
    facts, flags = view.facts, view.facts.flags
    answers = view.on_throughout(condition.cleared_by)
    general, special = (answers[flags.account[answers] == ALL_ACCOUNTS], answers[flags.account[answers] >= 0])
    by_debtor = np.full(len(facts), -1, dtype=np.int64)
    by_account = np.full(len(facts.accounts.debtor) + 1, -1, dtype=np.int64)  # the last row: no account
    np.maximum.at(by_debtor, flags.debtor[general], flags.starts[general])
    np.maximum.at(by_account, flags.account[special], flags.starts[special])
    account = np.where(flags.account[rows] >= 0, flags.account[rows], len(facts.accounts.debtor))
    latest = np.maximum(by_debtor[flags.debtor[rows]], by_account[account])
    return np.asarray(latest >= flags.starts[rows])


def _opt_out(condition: c.OptOut, part: Part, view: View, action: str) -> Mask:
    names = tuple(f"opt_out:{channel}" for channel, denied in condition.denies.items() if action in denied)
    return view.spread_if(part.per_debt, view.any_of(view.on(names), per_debt=False))


def _consent(condition: c.Consent, part: Part, view: View, action: str) -> Mask:
    return view.spread_if(
        part.per_debt, ~view.any_of(view.on_throughout((f"consent:{action}",)), per_debt=False)
    )


def _grace(condition: c.Grace, part: Part, view: View, _: str) -> Mask:
    accounts = view.facts.accounts
    if part.per_debt:
        return np.asarray(view.spread(view.day) - accounts.past_due_since < condition.days)
    oldest = np.full(len(view.facts), np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(oldest, accounts.debtor, accounts.past_due_since)
    return view.day.astype(np.int64) - oldest < condition.days


def _limitation(condition: c.Limitation, part: Part, view: View, _: str) -> Mask:
    accounts = view.facts.accounts
    expires = accounts.limitation_expires.copy()
    if condition.years is not None:
        since = np.maximum(accounts.past_due_since, accounts.last_interrupted)
        computed = _years_later(since, condition.years, condition.year_end)
        if condition.restarted_by_payment:
            # A payment after expiry revives nothing: for a suit the protective reading.
            in_time = (accounts.last_payment > since) & (accounts.last_payment < computed)
            again = _years_later(accounts.last_payment, condition.years, condition.year_end)
            computed = np.where(in_time, again, computed)
        expires = np.where(expires == NO_DAY, computed, expires)
    barred = view.spread(view.day) >= expires
    silent = expires == NO_DAY
    denied = np.where(silent, part.unknown.get("limitation", "deny") == "deny", barred)
    return denied if part.per_debt else _whole(view, denied)


def _notice(condition: c.Notice, part: Part, view: View, _: str) -> Mask:
    flags = view.facts.flags
    kinds = tuple(name for name in view.facts.flag_names if name.startswith("notice:"))
    names = kinds if condition.kind == "any" else (f"notice:{condition.kind}",)
    # Where only a notice served makes the rule speak, it permits nothing by itself.
    rows = view.on(names) if condition.only_if_served else view.on_throughout(names)
    served = flags.start_day[rows]
    ready = served + condition.min_days
    if condition.remedy_date_in_detail:
        remedy = np.array([_date_in(detail) for detail in flags.detail[rows]], dtype=np.int32)
        valid = (remedy == NO_DAY) | (remedy - served >= condition.min_days)
        rows, ready = rows[valid], np.maximum(ready, remedy)[valid]
    day = view.spread_if(part.per_debt, view.day)
    denied = day < view.earliest(rows, ready, part.per_debt)
    if condition.only_if_served:
        denied = denied & view.any_of(rows, part.per_debt)
    if condition.after_first_contact_days is not None:
        first = view.facts.accounts.first_contact
        if view.planned is not None:
            first = np.where(first == NO_DAY, view.spread(_first_planned(view.planned)), first)
        contacted = (first != NO_DAY) & (view.spread(view.day) - first > condition.after_first_contact_days)
        spoken = contacted if part.per_debt else hit(view.facts.accounts.debtor[contacted], len(view.facts))
        denied = denied & spoken
    return denied


def _evidence(condition: c.Evidence, part: Part, view: View, _: str) -> Mask:
    missing = np.zeros(len(view.facts.accounts.debtor) if part.per_debt else len(view.facts), dtype=bool)
    for item in condition.items:
        missing |= ~view.any_of(view.on_throughout((f"evidence:{item}",)), part.per_debt)
    return missing


def _minor(condition: c.Minor, part: Part, view: View, _: str) -> Mask:
    born = view.facts.debtors.birth_year
    year = view.day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    # By birth year alone the eighteenth birthday may still be ahead, so the protective side counts.
    possible = (born > 0) & (year - born <= condition.under)
    possible &= ~view.any_of(view.on_throughout(("evidence:adult",)), per_debt=False)
    return view.spread_if(part.per_debt, possible | view.any_of(view.on(("minor",)), per_debt=False))


def _promise_open(condition: c.PromiseOpen, part: Part, view: View, action: str) -> Mask:
    debtors = view.facts.debtors
    open_ = (debtors.promise_due != NO_DAY) & (view.day >= debtors.promise_made)
    open_ &= view.day <= debtors.promise_due.astype(np.int64) + condition.until_after_due
    if condition.reminder_before is not None and action in map(str, MESSAGE_CHANNELS):
        before = view.day >= debtors.promise_due.astype(np.int64) - condition.reminder_before
        open_ &= ~(before & (view.day <= debtors.promise_due) & ~debtors.promise_paid)
    return view.spread_if(part.per_debt, open_)


def _wrong_party(condition: c.WrongParty, part: Part, view: View, _: str) -> Mask:
    last = view.facts.debtors.wrong_party
    denied = last != NO_DAY
    if condition.last_days is not None:
        denied &= view.day.astype(np.int64) - last < condition.last_days
    return view.spread_if(part.per_debt, denied)


def _always(condition: c.Always, part: Part, view: View, _: str) -> Mask:
    return np.ones(len(view.facts.accounts.debtor) if part.per_debt else len(view.facts), dtype=bool)


_CHECKS: dict[type[c.Condition], Callable[[Any, Part, View, str], Mask]] = {
    c.Count: _count,
    c.Hold: _hold,
    c.OptOut: _opt_out,
    c.Consent: _consent,
    c.Grace: _grace,
    c.Limitation: _limitation,
    c.Notice: _notice,
    c.Evidence: _evidence,
    c.Minor: _minor,
    c.PromiseOpen: _promise_open,
    c.WrongParty: _wrong_party,
    c.Always: _always,
}


def _whole(view: View, per_account: Mask) -> Mask:
    """Return debtors all of whose accounts are denied; without accounts nobody is."""
    debtor = view.facts.accounts.debtor
    spared = hit(debtor[~per_account], len(view.facts))
    return hit(debtor, len(view.facts)) & ~spared


def _number(index: Ints, size: int) -> Ints:
    return np.bincount(index, minlength=size).astype(np.int32)


def _years_later(day: Ints, years: int, year_end: bool) -> Ints:
    """Return the first barred day: the anniversary, or 1 January after the years that began at year end."""
    known = day != NO_DAY
    date = np.where(known, day, 0).astype("datetime64[D]")
    year = date.astype("datetime64[Y]")
    if year_end:
        barred = (year + years + 1).astype("datetime64[D]")
    else:
        month = date.astype("datetime64[M]")
        in_month = (date - month.astype("datetime64[D]")).astype(np.int64)
        target = month + 12 * years
        length = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(np.int64)
        barred = target.astype("datetime64[D]") + np.minimum(in_month, length - 1)
    return np.where(known, barred.astype(np.int64), NO_DAY).astype(np.int32)


def _date_in(detail: str) -> int:
    try:
        return int(np.datetime64(detail, "D").astype(np.int64)) if detail else NO_DAY
    except ValueError:
        return NO_DAY
