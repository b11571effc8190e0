"""From journals and people to the rows of the contract, as Arrow tables."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duewise.contracts.vocabulary import CHANNELS, NONE, Attitude, Cell, Channel, Direction, Outcome, Table
from duewise.simulate.arrays import ALWAYS, Bools, Floats, Ints
from duewise.simulate.calendar import DAYS_PER_YEAR, MICROSECONDS_PER_DAY
from duewise.simulate.debts import MAX_ACCOUNTS, PRODUCTS, REASONS
from duewise.simulate.journal import KINDS, OPEN_END, OUTCOMES, Journal
from duewise.simulate.payments import CLOSE_REASONS
from duewise.simulate.people import EMPLOYMENT, REGIONS
from duewise.simulate.responses import by_channel
from duewise.simulate.state import Portfolio

LIMITATION_YEARS = 3
N_AGENTS = 48
POLICY_NAMES = {False: "ladder_2019", True: "uniform_v1"}

UNIT_COST = {
    Channel.SMS: 0.05,
    Channel.EMAIL: 0.01,
    Channel.APP_PUSH: 0.01,
    Channel.AI_CALL: 0.35,
    Channel.CALL: 2.2,
    Channel.LETTER: 4.5,
    Channel.VISIT: 120.0,
    Channel.LEGAL_LETTER: 18.0,
    Channel.LITIGATION: 420.0,
}
COST_PER_SECOND = {Channel.AI_CALL: 0.002, Channel.CALL: 0.012}
POINTS = {
    Channel.SMS: "T",
    Channel.AI_CALL: "T",
    Channel.CALL: "T",
    Channel.EMAIL: "E",
    Channel.APP_PUSH: "P",
    Channel.LETTER: "L",
    Channel.VISIT: "L",
    Channel.LEGAL_LETTER: "L",
    Channel.LITIGATION: "L",
}
NOTES = {
    Outcome.NO_ANSWER: "无人接听，择时再联系。",
    Outcome.WRONG_PARTY: "非本人接听，未透露债务信息。",
    Outcome.RIGHT_PARTY: "本人接听，已告知欠款情况。",
    Outcome.PROMISE: "本人承诺按期还款，已约定日期。",
    Outcome.REFUSAL: "本人拒绝还款，态度见记录。",
    Outcome.DISPUTE: "本人对金额有异议，转人工核实。",
    Outcome.HARDSHIP: "本人称经济困难，建议协商分期。",
    Outcome.COMPLAINT: "本人投诉催收方式，已登记。",
    Outcome.OPT_OUT: "本人要求不再通过此方式联系。",
}

_TIME = pa.timestamp("us")
_ACCOUNT_SLOTS = 10
_CONTACT_SLOTS = 10
_PAYMENT_SLOTS = 100


def codes_to_text(codes: Ints, names: tuple[str, ...] | list[str]) -> pa.Array:
    """Return the name of each code; negative codes are null."""
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.array([str(name) for name in names]).take(indices)


def numbered(prefix: str, numbers: Ints, width: int) -> pa.Array:
    """Return identifiers such as ``D0000042``."""
    digits = pc.utf8_lpad(pa.array(numbers.astype(np.int64)).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def debtor_ids(portfolio: Portfolio, rows: Ints) -> pa.Array:
    """Return the identifiers of debtors."""
    return numbered("D", portfolio.people.index[rows], 7)


def account_ids(portfolio: Portfolio, rows: Ints, account: Ints) -> pa.Array:
    """Return the identifiers of accounts; null where `account` is negative."""
    number = portfolio.people.index[rows].astype(np.int64) * _ACCOUNT_SLOTS + np.maximum(account, 0) + 1
    return _where(account >= 0, numbered("A", number, 8))


def days(values: Ints, known: Bools | None = None) -> pa.Array:
    """Return dates; null where not `known`."""
    mask = None if known is None else ~known
    return pa.array(values.astype(np.int32), mask=mask).cast(pa.date32())


def times(values_us: Ints, known: Bools | None = None) -> pa.Array:
    """Return timestamps; null where not `known`."""
    return pa.array(values_us.astype(np.int64), mask=None if known is None else ~known).cast(_TIME)


def numbers(values: Floats | Ints) -> pa.Array:
    """Return numbers; NaN is null."""
    return pa.array(values, from_pandas=True)


def _where(known: Bools, values: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(known), values, pa.scalar(None, values.type))


def debtor_rows(portfolio: Portfolio) -> pa.Table:
    """Return the debtors table."""
    people = portfolio.people
    rows = np.arange(len(people))
    usable = people.usable
    region_codes = [code for code, *_ in REGIONS]
    zones = ["Asia/Urumqi" if code == "CN-XJ" else "Asia/Shanghai" for code in region_codes]
    unknown_job = portfolio.luck.uniform("employment_known") > 0.9
    return pa.table(
        {
            "debtor_id": debtor_ids(portfolio, rows),
            "birth_year": numbers(people.birth_year.astype(np.int64)),
            "gender": codes_to_text(people.female.astype(int), ["male", "female"]),
            "region": codes_to_text(people.region, region_codes),
            "timezone": codes_to_text(people.region, zones),
            "language": codes_to_text(np.zeros(len(people), dtype=int), ["zh"]),
            "employment": codes_to_text(
                np.where(unknown_job, len(EMPLOYMENT), people.employment),
                [*(e for e, _ in EMPLOYMENT), "unknown"],
            ),
            "monthly_income": numbers(people.stated_income),
            "dependants": numbers(people.dependants.astype(np.int64)),
            "has_phone": pa.array(usable[:, CHANNELS.index(Channel.CALL)]),
            "has_email": pa.array(usable[:, CHANNELS.index(Channel.EMAIL)]),
            "has_app": pa.array(usable[:, CHANNELS.index(Channel.APP_PUSH)]),
            "has_address": pa.array(usable[:, CHANNELS.index(Channel.LETTER)]),
            "registered_at": times(people.registered_day.astype(np.int64) * MICROSECONDS_PER_DAY),
        }
    )


def account_rows(portfolio: Portfolio, as_of_day: int) -> pa.Table:
    """Return the accounts placed before `as_of_day`, with the closures that the books know by then."""
    debts, state = portfolio.debts, portfolio.state
    rows, account = np.nonzero(debts.placed_day < as_of_day)
    at = (rows, account)
    closed = (state.closed_day[at] < as_of_day) & (state.close_reason[at] >= 0)
    restart = np.where(debts.interrupted_day[at] < ALWAYS, debts.interrupted_day[at], debts.past_due_day[at])
    expires = restart + round(LIMITATION_YEARS * DAYS_PER_YEAR)
    secured = debts.secured[at]
    cover = 0.4 + 0.6 * portfolio.luck.uniform("collateral")[rows]
    product_rate = np.array([rate for *_, rate in PRODUCTS])
    return pa.table(
        {
            "account_id": account_ids(portfolio, rows, account),
            "debtor_id": debtor_ids(portfolio, rows),
            "product": codes_to_text(debts.product[at], [p for p, *_ in PRODUCTS]),
            "past_due_since": days(debts.past_due_day[at]),
            "placed_on": days(debts.placed_day[at]),
            "placed_balance": numbers(debts.placed_balance[at]),
            "opened_on": days(debts.opened_day[at]),
            "principal": numbers(debts.principal[at]),
            "monthly_instalment": numbers(debts.monthly_instalment[at]),
            "annual_rate": numbers(product_rate[debts.product[at]]),
            "secured": pa.array(secured),
            "collateral_value": numbers(np.where(secured, np.round(debts.principal[at] * cover, 2), np.nan)),
            "overdue_reason": codes_to_text(debts.overdue_reason[at], REASONS),
            "limitation_expires_on": days(expires),
            "last_interrupted_on": days(
                np.minimum(debts.interrupted_day[at], ALWAYS), debts.interrupted_day[at] < ALWAYS
            ),
            "closed_on": days(state.closed_day[at], closed),
            "close_reason": _where(closed, codes_to_text(state.close_reason[at], CLOSE_REASONS)),
        }
    )


def payment_rows(portfolio: Portfolio, journal: Journal) -> pa.Table | None:
    """Return the payments of a journal; None when there are none."""
    events = journal.columns("payments")
    if not events:
        return None
    person, at_us, kind = events["person"], events["at_us"], events["kind"]
    day = at_us // MICROSECONDS_PER_DAY - portfolio.first_day
    slot = _account_slot(events["account"], kind)
    number = (portfolio.people.index[person].astype(np.int64) * 10_000 + day) * _PAYMENT_SLOTS + slot
    posted_us = at_us + events["delay_days"].astype(np.int64) * MICROSECONDS_PER_DAY
    return pa.table(
        {
            "payment_id": numbered("P", number, 13),
            "account_id": account_ids(portfolio, person, events["account"]),
            "at": times(at_us),
            "amount": numbers(events["amount"]),
            "kind": codes_to_text(kind, KINDS),
            "recorded_at": times(posted_us + MICROSECONDS_PER_DAY // 12),
        }
    )


def _account_slot(account: Ints, kind: Ints) -> Ints:
    """Number the bookings of one debtor and day; a reversal of a waiver is told by its place."""
    return account.astype(np.int64) * len(KINDS) * 2 + kind


def contact_rows(portfolio: Portfolio, journal: Journal) -> pa.Table | None:
    """Return the contacts of a journal; None when there are none."""
    events = journal.columns("contacts")
    if not events:
        return None
    luck = portfolio.luck
    person, at_us, channel = events["person"], events["at_us"], events["channel"]
    inbound, outcome = events["inbound"], events["outcome"]
    day = at_us // MICROSECONDS_PER_DAY
    number = (
        portfolio.people.index[person].astype(np.int64) * 10_000 + day - portfolio.first_day
    ) * _CONTACT_SLOTS
    human = np.isin(channel, [CHANNELS.index(c) for c in (Channel.CALL, Channel.VISIT)])
    machine = channel == CHANNELS.index(Channel.AI_CALL)
    message = channel <= CHANNELS.index(Channel.APP_PUSH)
    talk = np.isin(outcome, [OUTCOMES.index(o) for o in NOTES if o is not Outcome.NO_ANSWER])
    seconds = np.round(np.exp(0.5 * luck.normal("duration", day, person)) * np.where(talk, 140, 22))
    seconds = np.where((human | machine) & ~inbound, seconds * np.where(machine, 0.4, 1.0), np.nan).round()
    cost = by_channel(UNIT_COST, channel) + by_channel(COST_PER_SECOND, channel) * np.nan_to_num(seconds)
    agent = np.where(human, (N_AGENTS * luck.uniform("agent", day, person)).astype(int), OPEN_END)
    template = np.where(message & ~inbound, (4 * luck.uniform("template", day, person)).astype(int), OPEN_END)
    noted = human & (luck.uniform("noted", day, person) < 0.3)
    note_codes = np.array([list(NOTES).index(o) if o in NOTES else OPEN_END for o in OUTCOMES])
    typed_late = luck.uniform("typed_late", day, person)
    late_days = np.where(inbound | ~human | (typed_late < 0.85), 0, np.where(typed_late < 0.95, 1, 3))
    late_days = np.where(np.isin(outcome, _SAME_DAY), 0, late_days)
    logged = ~np.isnan(events["propensity"])
    return pa.table(
        {
            "contact_id": numbered("C", number + inbound, 12),
            "debtor_id": debtor_ids(portfolio, person),
            "at": times(at_us),
            "channel": codes_to_text(channel, CHANNELS),
            "direction": codes_to_text(inbound.astype(int), [Direction.OUTBOUND, Direction.INBOUND]),
            "outcome": codes_to_text(outcome, OUTCOMES),
            "account_id": account_ids(portfolio, person, events["account"]),
            "promise_amount": numbers(events["promise_amount"]),
            "promise_due_on": days(events["promise_due"], events["promise_due"] >= 0),
            "stated_reason": codes_to_text(events["reason"], REASONS),
            "attitude": codes_to_text(events["attitude"], tuple(Attitude)),
            "agent_id": codes_to_text(agent, [f"G{i + 1:03d}" for i in range(N_AGENTS)]),
            "duration_s": numbers(seconds),
            "cost": numbers(np.where(inbound, 0.0, np.round(cost, 2))),
            "contact_point": pc.binary_join_element_wise(
                codes_to_text(channel, [POINTS[c] for c in CHANNELS]),
                numbered("", portfolio.people.index[person], 7),
                "",
            ),
            "callback_at": times(events["callback_us"], events["callback_us"] >= 0),
            "offer": pa.nulls(len(person), pa.string()),
            "template": codes_to_text(template, [f"t{i + 1}" for i in range(4)]),
            "propensity": numbers(events["propensity"]),
            "policy": codes_to_text(
                np.where(inbound, OPEN_END, logged.astype(int)), [POLICY_NAMES[False], POLICY_NAMES[True]]
            ),
            "note": codes_to_text(np.where(noted, note_codes[outcome], OPEN_END), list(NOTES.values())),
            "recorded_at": times(at_us + late_days * MICROSECONDS_PER_DAY + MICROSECONDS_PER_DAY // 24),
        }
    )


_SAME_DAY = [OUTCOMES.index(o) for o in (Outcome.OPT_OUT, Outcome.COMPLAINT, Outcome.DISPUTE)]
"""Outcomes that bind the lender at once are typed in on the same day."""


def flag_rows(portfolio: Portfolio, journal: Journal) -> pa.Table | None:
    """Return the flags of a journal; None when there are none."""
    events = journal.columns("flags")
    return _flag_table(portfolio, events) if events else None


def _flag_table(portfolio: Portfolio, events: Mapping[str, Ints]) -> pa.Table:
    person, starts, ends = events["person"], events["starts_us"], events["ends_us"]
    detail = pa.array(events["detail"].astype(object), pa.string())
    recorded = (
        starts + events["delay_days"].astype(np.int64) * MICROSECONDS_PER_DAY + MICROSECONDS_PER_DAY // 24
    )
    return pa.table(
        {
            "debtor_id": debtor_ids(portfolio, person),
            "flag": pa.array(events["flag"].astype(object), pa.string()),
            "starts_at": times(starts),
            "ends_at": times(ends, ends >= 0),
            "account_id": account_ids(portfolio, person, events["account"]),
            "detail": _where(events["detail"] != "", detail),
            "recorded_at": times(recorded),
        }
    )


def placement_flag_rows(portfolio: Portfolio, from_day: int, to_day: int) -> pa.Table | None:
    """Return what is on file for accounts placed in [from_day, to_day): consents, notices, evidence."""
    journal = Journal()
    debts, people, luck = portfolio.debts, portfolio.people, portfolio.luck
    for account in range(MAX_ACCOUNTS):
        placed = debts.placed_day[:, account]
        new = np.flatnonzero((placed >= from_day) & (placed < to_day))
        start = placed[new].astype(np.int64) * MICROSECONDS_PER_DAY
        if account == 0:
            for channel, chance in ((Channel.SMS, 0.9), (Channel.CALL, 0.9), (Channel.EMAIL, 0.5)):
                agrees = luck.uniform(f"consent_{channel}", rows=new) < chance
                _write_on_file(journal, new[agrees], start[agrees], f"consent:{channel}", OPEN_END)
            agrees = people.consents_ai[new]
            _write_on_file(journal, new[agrees], start[agrees], f"consent:{Channel.AI_CALL}", OPEN_END)
        for flag, chance in (
            ("notice:placement", 0.95),
            ("evidence:contract", 0.9),
            ("evidence:statement", 0.9),
            ("evidence:identity", 0.85),
            ("evidence:address", 0.8),
        ):
            filed = luck.uniform(f"{flag}_{account}", rows=new) < chance
            _write_on_file(journal, new[filed], start[filed], flag, account)
        served = luck.uniform(f"notice:demand_{account}", rows=new) < 0.6
        later = (
            start[served]
            + (30 * luck.uniform(f"served_{account}", rows=new[served])).astype(np.int64)
            * MICROSECONDS_PER_DAY
        )
        _write_on_file(journal, new[served], later, "notice:demand", account)
        _write_on_file(journal, new[served], later, "evidence:notice_served", account)
    return flag_rows(portfolio, journal)


def _write_on_file(journal: Journal, person: Ints, starts_us: Ints, flag: str, account: int) -> None:
    journal.write(
        "flags",
        person,
        flag=flag,
        starts_us=starts_us,
        ends_us=OPEN_END,
        account=account,
        detail="",
        delay_days=0,
    )


def assignment_rows(portfolio: Portfolio, journal: Journal) -> pa.Table | None:
    """Return what randomised nights decided; None when nothing was decided at random."""
    events = journal.columns("assignments")
    if not events:
        return None
    n = len(events["person"])
    return pa.table(
        {
            "debtor_id": debtor_ids(portfolio, events["person"]),
            "as_of": days(events["day"]),
            "action": codes_to_text(events["action"] + 1, [NONE, *CHANNELS]),
            "propensity": numbers(events["propensity"]),
            "policy": pa.array([POLICY_NAMES[True]]).take(pa.array(np.zeros(n, dtype=np.int32))),
            "cell": pa.array([str(Cell.EXPLORE)]).take(pa.array(np.zeros(n, dtype=np.int32))),
        }
    )


def event_rows(portfolio: Portfolio, journal: Journal) -> dict[Table, pa.Table]:
    """Return the rows of all event tables that have any."""
    built = {
        Table.PAYMENTS: payment_rows(portfolio, journal),
        Table.CONTACTS: contact_rows(portfolio, journal),
        Table.FLAGS: flag_rows(portfolio, journal),
        Table.ASSIGNMENTS: assignment_rows(portfolio, journal),
    }
    return {table: rows for table, rows in built.items() if rows is not None}
