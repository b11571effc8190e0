"""Random portfolios for the laws of the rules, dense at the edges: midnights, clock changes, holidays."""

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import ibis
import pandas as pd
from rule_reference import Account, Contact, Debtor, Flag, Payment, World

from duewise.contracts.columns import ENGINE_TYPES
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import CHANNELS, PLAIN_FLAGS, Outcome, Product, Table
from duewise.sources.tables import Tables

PLACES: dict[str, tuple[str, list[tuple[str | None, str | None]]]] = {
    "US": (
        "America/New_York",
        [
            ("America/New_York", None),
            ("America/New_York", "US-MA"),
            ("America/Los_Angeles", "MA"),
            ("America/Phoenix", None),
            ("America/New_York", "US-NY-NYC"),
            ("America/New_York", "US-NY"),
            (None, "US-IN"),
            (None, None),
        ],
    ),
    "CN": ("Asia/Shanghai", [("Asia/Shanghai", "CN-GD"), (None, None), ("Asia/Shanghai", "CN-XJ")]),
    "GB": ("Europe/London", [("Europe/London", None), ("Europe/London", "GB-SCT"), (None, "GB-NIR")]),
    "DE": ("Europe/Berlin", [("Europe/Berlin", None), (None, None)]),
    "GR": ("Europe/Athens", [("Europe/Athens", None), (None, None)]),
    "IN": ("Asia/Kolkata", [("Asia/Kolkata", None), (None, None)]),
    "AU": (
        "Australia/Sydney",
        [("Australia/Perth", None), (None, "AU-NSW"), ("Australia/Lord_Howe", None), (None, None)],
    ),
}

PACKS = {
    "US": "us-fdcpa",
    "CN": "cn",
    "GB": "uk",
    "DE": "eu",
    "GR": "eu",
    "IN": "in",
    "AU": "au",
}

NIGHTS = [
    date(2026, 3, 8),  # US clocks go forward
    date(2026, 3, 29),  # European clocks go forward
    date(2026, 4, 5),  # Australian clocks go back; Tomb-Sweeping Day
    date(2026, 10, 4),  # Australian clocks go forward
    date(2026, 10, 25),  # European clocks go back
    date(2026, 11, 1),  # US clocks go back
    date(2026, 2, 16),  # Chinese New Year's Eve
    date(2026, 2, 28),  # a Saturday worked in exchange
    date(2026, 9, 1),
    date(2026, 12, 25),
    date(2026, 7, 10),
    date(2026, 7, 12),
]

EXTRA_FLAGS = [
    "opt_out:sms",
    "opt_out:call",
    "opt_out:all",
    "consent:call",
    "consent:ai_call",
    "consent:sms",
    "consent:hours",
    "consent:reminders",
    "notice:validation",
    "notice:verification",
    "notice:default",
    "notice:visit",
    "notice:placement",
    "notice:letter_of_claim",
    "notice:pap_documents",
    "notice:final_demand",
    "notice:objection",
    "evidence:statement",
    "evidence:identity",
    "evidence:contract",
    "evidence:notice_served",
    "evidence:plan",
    "evidence:adult",
    "evidence:number_check",
    "evidence:human_review",
]

ARTEFACTS = ["opt_out_line", "collector_disclosure", "human_review", "approved_script", "legal_review"]


def draw_world(random: Random) -> World:
    country = random.choice(list(PLACES))
    artefacts = random.choice([None, frozenset(random.sample(ARTEFACTS, random.randint(0, 5)))])
    role = random.choice(["creditor", "servicer", "agency", "debt_buyer"])
    return World(role, country, PLACES[country][0], artefacts)


def draw_night(random: Random) -> date:
    return random.choice(NIGHTS) + timedelta(days=random.choice([0, 0, 1, -1]))


def draw_debtor(random: Random, world: World, night: date, number: int) -> Debtor:
    timezone, region = random.choice(PLACES[str(world.country)][1])
    accounts = [draw_account(random, night, f"{number:04d}-{i}") for i in range(random.choice([1, 1, 2]))]
    debtor = Debtor(timezone, region, random.choice([None, 1980, night.year - 18, night.year - 17]), accounts)
    ids = [account.account_id for account in accounts]
    for _ in range(random.choice([0, 1, 2, 4, 9])):
        debtor.contacts.append(draw_contact(random, night, ids))
    for _ in range(random.choice([0, 0, 1, 1, 2, 4])):
        debtor.flags.append(draw_flag(random, night, ids))
    if random.random() < 0.3:
        at = draw_time(random, night, 60)
        debtor.payments.append(Payment(random.choice(ids), at, random.choice([1.0, 50.0])))
    return debtor


def draw_account(random: Random, night: date, account_id: str) -> Account:
    past_due = night - timedelta(days=random.choice([1, 5, 9, 10, 11, 60, 365 * 3, 365 * 3 + 1, 365 * 6 + 2]))
    expires = random.choice([None, None, night, night + timedelta(days=1), night + timedelta(days=400)])
    interrupted = random.choice([None, None, night - timedelta(days=random.randint(0, 1200))])
    return Account(account_id, random.choice([str(p) for p in Product]), past_due, expires, interrupted)


def draw_contact(random: Random, night: date, ids: list[str]) -> Contact:
    at = draw_time(random, night, random.choice([3, 9, 9, 35]))
    outcome = random.choice([str(o) for o in Outcome] + ["no_answer"] * 8 + ["right_party", "promise"])
    contact = Contact(
        at,
        random.choice([str(c) for c in CHANNELS] + ["call"] * 6 + ["sms"] * 3),
        random.choice(["outbound"] * 6 + ["inbound"]),
        outcome,
        random.choice([None, None, *ids]),
        point=random.choice([None, "n1", "n2"]),
        reason=random.choice([None] * 5 + ["disputes_debt", "illness"]),
    )
    if outcome == "promise":
        contact.due = night + timedelta(days=random.randint(-4, 4))
        contact.promised = random.choice([None, 1.0, 40.0])
    if random.random() < 0.2:
        contact.recorded_at = at + timedelta(hours=random.choice([1, 30]))
    return contact


def draw_flag(random: Random, night: date, ids: list[str]) -> Flag:
    name = random.choice([*PLAIN_FLAGS, *EXTRA_FLAGS, *EXTRA_FLAGS])
    starts = draw_time(random, night, random.choice([2, 8, 40, 70]))
    today = midnight(night) + timedelta(hours=random.choice([0, 0, 3, 12, 16, 24]))
    ends = random.choice([None, None, starts + timedelta(days=random.choice([1, 7, 40])), today])
    if ends is not None and ends < starts:
        ends = None
    flag = Flag(name, starts, ends, random.choice([None, None, *ids]))
    if name == "quiet_hours":
        flag.detail = random.choice(["18:00-20:00", "22:00-09:30", "00:00-12:00", "sun", "mon 08:00-21:00"])
    elif name == "consent:hours":
        flag.detail = random.choice(["07:00-22:00", "20:00-23:15"])
    elif name == "notice:default":
        flag.detail = random.choice([None, str(starts.date() + timedelta(days=random.choice([13, 14, 20])))])
    elif random.random() < 0.2:
        flag.detail = random.choice(["progress", "dismissed", "discharged"])
    if random.random() < 0.2:
        flag.recorded_at = starts + timedelta(hours=random.choice([1, 30]))
    return flag


def draw_time(random: Random, night: date, days: int) -> datetime:
    """Return a moment before the night, often exactly at or beside a midnight."""
    day = midnight(night) - timedelta(days=random.randint(0, days))
    return day + random.choice(
        [
            timedelta(0),
            timedelta(seconds=-1),
            timedelta(hours=4),
            timedelta(hours=16),
            timedelta(minutes=random.randint(0, 1439)),
        ]
    )


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(0))


def tables_of(debtors: list[Debtor]) -> Tables:
    """Return the contract's tables of these debtors, debtor i under the id of its number."""
    rows: dict[Table, list[dict[str, Any]]] = {table: [] for table in Table}
    for number, debtor in enumerate(debtors):
        who = f"{number:04d}"
        rows[Table.DEBTORS].append(
            {
                "debtor_id": who,
                "timezone": debtor.timezone,
                "region": debtor.region,
                "birth_year": debtor.birth_year,
            }
        )
        for account in debtor.accounts:
            rows[Table.ACCOUNTS].append(
                {
                    **vars(account),
                    "debtor_id": who,
                    "placed_on": account.past_due_since,
                    "placed_balance": 1000.0,
                }
            )
        for contact in debtor.contacts:
            rows[Table.CONTACTS].append(
                {
                    "contact_id": f"c{len(rows[Table.CONTACTS]):06d}",
                    "debtor_id": who,
                    "at": contact.at,
                    "channel": contact.channel,
                    "direction": contact.direction,
                    "outcome": contact.outcome,
                    "account_id": contact.account_id,
                    "promise_due_on": contact.due,
                    "promise_amount": contact.promised,
                    "stated_reason": contact.reason,
                    "contact_point": contact.point,
                    "recorded_at": contact.recorded_at,
                }
            )
        rows[Table.FLAGS] += [{**vars(flag), "debtor_id": who} for flag in debtor.flags]
        for payment in debtor.payments:
            number_of_payment = len(rows[Table.PAYMENTS])
            rows[Table.PAYMENTS].append(
                {**vars(payment), "payment_id": f"p{number_of_payment}", "kind": "payment"}
            )
    con = ibis.duckdb.connect()
    return Tables(con=con, **{str(table): _table(con, table, found) for table, found in rows.items()})


def _table(con: Any, table: Table, rows: list[dict[str, Any]]) -> ibis.Table:
    types = {name: ENGINE_TYPES[column.metadata["kind"]] for name, column in TABLES[table].columns.items()}
    body = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    con.raw_sql(f"CREATE TABLE {table} ({body})")
    if rows:
        frame = pd.DataFrame(rows, columns=list(types)).astype(object)
        con.insert(str(table), frame.where(frame.notna(), None))
    return con.table(str(table))
