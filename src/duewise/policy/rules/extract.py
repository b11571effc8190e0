"""From the accepted tables to the facts that rules look at: set-based, as they were known at one date."""

from datetime import date, timedelta

import ibis
import pandas as pd

from duewise.contracts.vocabulary import (
    CALL_CHANNELS,
    CHANNELS,
    HARM_OUTCOMES,
    RIGHT_PARTY_OUTCOMES,
    SOFT_CHANNELS,
    Direction,
    Outcome,
    PaymentKind,
    StatedReason,
)
from duewise.features.point_in_time import instant, known
from duewise.features.scope import accounts_in_scope
from duewise.policy.rules.assemble import Columns, assemble
from duewise.policy.rules.conditions import Count, Notice
from duewise.policy.rules.facts import ALL_ACCOUNTS, OTHER_ACCOUNT, Context, Facts
from duewise.policy.rules.packs import RuleSet
from duewise.sources.tables import Tables

VERIFYING_OUTCOMES = tuple(outcome for outcome in RIGHT_PARTY_OUTCOMES if outcome not in HARM_OUTCOMES)
"""Outcomes that show a number to be the debtor's. Using a right (dispute, opt-out …) opens no door."""

_EDGE_DAYS = 2  # a local date can lie a day before its UTC date, and the night a day after


def build_facts(
    tables: Tables, as_of: date, context: Context, ruleset: RuleSet, *, whole_history: bool = False
) -> Facts:
    """Return the facts of every debtor in scope at `as_of`, from what was known before its 00:00 UTC.

    Parameters
    ----------
    tables : duewise.sources.tables.Tables
    ruleset : RuleSet
        Decides how far back contacts are read.
    whole_history : bool, default False
        Read all contacts, for cases judged at instants of their own.
    """
    accounts = _accounts(tables, as_of)
    accounts = accounts.cache()
    debtors = accounts[["debtor_id", "debtor_row"]].distinct().cache()
    since = None if whole_history else as_of - timedelta(days=lookback_days(ruleset) + _EDGE_DAYS)
    contacts = known(tables.contacts, as_of)
    columns = Columns(
        debtors=_debtors(tables, as_of, debtors, contacts, accounts),
        accounts=_account_columns(
            tables, as_of, accounts, contacts if whole_history or _asks_first_contact(ruleset) else None
        ),
        contacts=_contacts(contacts, since, debtors, accounts),
        flags=_flags(tables, as_of, debtors, accounts, contacts),
        assigned=_assigned(tables, as_of, context.report_days, debtors),
    )
    return assemble(columns, context, as_of)


def lookback_days(ruleset: RuleSet) -> int:
    """Return how many local days back the rules count contacts."""
    conditions = [part.condition for _, _, part in ruleset.parts()]
    return max((one.last_days for one in conditions if isinstance(one, Count)), default=1)


def _asks_first_contact(ruleset: RuleSet) -> bool:
    """Return whether a rule needs the first contact about an account, which takes the whole history."""
    conditions = [part.condition for _, _, part in ruleset.parts()]
    return any(isinstance(one, Notice) and one.after_first_contact_days is not None for one in conditions)


def _accounts(tables: Tables, as_of: date) -> ibis.Table:
    accounts = accounts_in_scope(tables, as_of)
    by_debtor = ibis.window(order_by=accounts.debtor_id)
    by_account = ibis.window(order_by=[accounts.debtor_id, accounts.account_id])
    return accounts.mutate(
        debtor_row=ibis.dense_rank().over(by_debtor), account_row=ibis.row_number().over(by_account)
    )


def _debtors(
    tables: Tables, as_of: date, debtors: ibis.Table, contacts: ibis.Table, accounts: ibis.Table
) -> pd.DataFrame:
    people = debtors.left_join(tables.debtors, "debtor_id").select(
        "debtor_id", "debtor_row", "timezone", "region", "birth_year"
    )
    promises = _promises(tables, as_of, contacts)
    wrong = _wrong_parties(contacts)
    joined = people.left_join(promises, "debtor_id").drop("debtor_id_right")
    joined = joined.left_join(wrong, "debtor_id").drop("debtor_id_right")
    sorted_rows: pd.DataFrame = joined.order_by("debtor_row").execute()
    return sorted_rows


def _promises(tables: Tables, as_of: date, contacts: ibis.Table) -> ibis.Table:
    """Return each debtor's promise with the latest due date, and whether its money has arrived."""
    dated = contacts.filter(contacts.outcome == Outcome.PROMISE, contacts.promise_due_on.notnull())
    latest = ibis.window(
        group_by=dated.debtor_id,
        order_by=[dated.promise_due_on.desc(), dated["at"].desc(), dated.contact_id],
    )
    dated = dated.mutate(order=ibis.row_number().over(latest))
    dated = dated.filter(dated.order == 0).select(
        "debtor_id",
        promise_at=dated["at"],
        promise_due_on=dated.promise_due_on,
        promised=dated.promise_amount,
    )
    paid = known(tables.payments, as_of)
    paid = paid.filter(paid.kind == PaymentKind.PAYMENT, paid.amount > 0).rename(paid_at="at")
    owners = tables.accounts[["account_id", "debtor_id"]]
    paid = paid.inner_join(owners, "account_id").select("debtor_id", "paid_at", "amount")
    since = dated.inner_join(paid, "debtor_id")
    since = since.filter(since.paid_at >= since.promise_at)
    arrived = since.group_by("debtor_id").agg(arrived=since.amount.sum())
    both = dated.left_join(arrived, "debtor_id").drop("debtor_id_right")
    enough = both.arrived >= both.promised.coalesce(0.0)
    return both.select("debtor_id", "promise_at", "promise_due_on", promise_paid=enough.coalesce(False))


def _wrong_parties(contacts: ibis.Table) -> ibis.Table:
    """Return debtors whose every known number last reached somebody else, with the last time of it."""
    calls = contacts.filter(contacts.channel.isin(CALL_CHANNELS))
    calls = calls.mutate(point=calls.contact_point.coalesce(""))
    verified = calls.outcome.isin(VERIFYING_OUTCOMES)
    numbers = calls.group_by("debtor_id", "point").agg(
        wrong_at=calls["at"].max(where=calls.outcome == Outcome.WRONG_PARTY),
        right_at=calls["at"].max(where=verified),
    )
    numbers = numbers.filter(numbers.wrong_at.notnull() | numbers.right_at.notnull())
    wrong = numbers.wrong_at.notnull() & (numbers.right_at.isnull() | (numbers.right_at <= numbers.wrong_at))
    whole = numbers.group_by("debtor_id").agg(every=wrong.all(), wrong_party_at=numbers.wrong_at.max())
    return whole.filter(whole.every).select("debtor_id", "wrong_party_at")


def _account_columns(tables: Tables, as_of: date, accounts: ibis.Table, contacts: ibis.Table) -> pd.DataFrame:
    paid = known(tables.payments, as_of)
    paid = paid.filter(paid.kind == PaymentKind.PAYMENT, paid.amount > 0)
    last = paid.group_by("account_id").agg(last_payment_at=paid["at"].max())
    joined = accounts.left_join(last, "account_id").drop("account_id_right")
    if contacts is None:
        joined = joined.mutate(first_contact_at=ibis.null("timestamp"))
    else:
        first = _first_contacts(accounts, contacts)
        joined = joined.left_join(first, "account_row").drop("account_row_right")
    chosen = joined.select(
        "debtor_row",
        "account_id",
        "product",
        "past_due_since",
        "placed_on",
        "limitation_expires_on",
        "last_interrupted_on",
        "balance",
        "last_payment_at",
        "first_contact_at",
        "account_row",
    )
    sorted_rows: pd.DataFrame = chosen.order_by("account_row").execute()
    return sorted_rows


def _first_contacts(accounts: ibis.Table, contacts: ibis.Table) -> ibis.Table:
    """Return the first communication about each account since it was placed with us."""
    spoken = contacts.filter(contacts.direction != Direction.INBOUND, contacts.channel.isin(SOFT_CHANNELS))
    # One row per day and account is enough, and keeps the join small.
    daily = spoken.group_by(debtor=spoken.debtor_id, about=spoken.account_id, day=spoken["at"].date()).agg(
        first_at=spoken["at"].min()
    )
    pairs = accounts.select("debtor_id", "account_id", "account_row", "placed_on").inner_join(
        daily, [accounts.debtor_id == daily.debtor]
    )
    pairs = pairs.filter(
        pairs.about.isnull() | (pairs.about == pairs.account_id), pairs.day >= pairs.placed_on
    )
    return pairs.group_by("account_row").agg(first_contact_at=pairs.first_at.min())


def _contacts(
    contacts: ibis.Table, since: date | None, debtors: ibis.Table, accounts: ibis.Table
) -> pd.DataFrame:
    if since is not None:
        contacts = contacts.filter(contacts["at"] >= instant(since))
    rows = _with_rows(contacts, debtors, accounts)
    codes = rows.select(
        "debtor_row",
        "account_row",
        second=rows["at"].epoch_seconds(),
        channel=_code(rows.channel, tuple(map(str, CHANNELS))),
        direction=_code(rows.direction, tuple(map(str, Direction))),
        outcome=_code(rows.outcome, tuple(map(str, Outcome))),
        disputes=(rows.stated_reason == StatedReason.DISPUTES_DEBT).coalesce(False),
    )
    coded: pd.DataFrame = codes.order_by("debtor_row", "second").execute()
    return coded


def _assigned(tables: Tables, as_of: date, report_days: int, debtors: ibis.Table) -> pd.DataFrame:
    """Return the contacts that the last nights assigned.

    A call of last evening may not be typed in yet, and west of Greenwich the evening itself is not over:
    there the last day for a record begins one UTC date earlier.
    """
    decided = tables.assignments
    lately = (decided.as_of < ibis.literal(as_of)) & (
        decided.as_of >= ibis.literal(as_of - timedelta(days=report_days + 1))
    )
    decided = decided.filter(lately, decided.action.isin(tuple(map(str, CHANNELS))))
    rows = decided.inner_join(debtors, "debtor_id").select(
        "debtor_row", "as_of", channel=_code(decided.action, tuple(map(str, CHANNELS)))
    )
    found: pd.DataFrame = rows.distinct().order_by("debtor_row", "as_of", "channel").execute()
    return found


def _flags(
    tables: Tables, as_of: date, debtors: ibis.Table, accounts: ibis.Table, contacts: ibis.Table
) -> pd.DataFrame:
    flags = known(tables.flags, as_of, at="starts_at")
    written = flags.select("debtor_id", "flag", "starts_at", "ends_at", "account_id", "detail")
    rows = _with_rows(written.union(_spoken_opt_outs(written, contacts)), debtors, accounts)
    chosen = rows.select("debtor_row", "account_row", "flag", "starts_at", "ends_at", "detail")
    sorted_rows: pd.DataFrame = chosen.order_by(
        "debtor_row", "flag", "starts_at", "ends_at", "account_row", "detail"
    ).execute()
    return sorted_rows


def _spoken_opt_outs(flags: ibis.Table, contacts: ibis.Table) -> ibis.Table:
    """Return opt-outs that were said in a contact but not entered as a flag.

    They hold from that second on, until the debtor consents to the channel again.
    """
    said = contacts.filter(contacts.outcome == Outcome.OPT_OUT)
    said = said.select("debtor_id", channel=said.channel, said_at=said["at"])
    said = said.mutate(flag=ibis.literal("opt_out:") + said.channel)
    entered = flags.select(
        owner=flags.debtor_id, named=flags.flag, from_=flags.starts_at + ibis.interval(days=1)
    )
    said = said.anti_join(
        entered,
        [said.debtor_id == entered.owner, said.flag == entered.named, entered.from_ >= said.said_at],
    )
    again = flags.select(owner=flags.debtor_id, consent=flags.flag, consented_at=flags.starts_at)
    later = said.left_join(
        again,
        [
            said.debtor_id == again.owner,
            again.consent == ibis.literal("consent:") + said.channel,
            again.consented_at > said.said_at,
        ],
    )
    ended = later.group_by("debtor_id", "flag", "said_at").agg(ends_at=later.consented_at.min())
    return ended.select(
        "debtor_id",
        "flag",
        starts_at=ended.said_at,
        ends_at=ended.ends_at,
        account_id=ibis.null("string"),
        detail=ibis.null("string"),
    )


def _with_rows(events: ibis.Table, debtors: ibis.Table, accounts: ibis.Table) -> ibis.Table:
    """Return events of debtors in scope, with the row of the debtor and of the account they name."""
    rows = events.inner_join(debtors, "debtor_id")
    known_accounts = accounts.select(open_account="account_id", open_row="account_row")
    rows = rows.left_join(known_accounts, [rows.account_id == known_accounts.open_account])
    return rows.mutate(
        account_row=rows.account_id.isnull().ifelse(ALL_ACCOUNTS, rows.open_row.coalesce(OTHER_ACCOUNT))
    )


def _code(column: ibis.Value, names: tuple[str, ...]) -> ibis.Value:
    return column.cases(*[(name, index) for index, name in enumerate(names)], else_=-1)
