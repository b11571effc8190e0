"""Laws of the features: no future in them, no order of rows, nothing that must never move a score."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from duewise.features.settings import FeatureSettings
from duewise.features.snapshot import snapshots
from prepared_features import AS_OF, features_at
from small_tables import small_tables

T = datetime(2024, 4, 1)
TICK = timedelta(microseconds=1)
EDGES = [
    T - timedelta(days=days) + shift for days in (0, 7, 30, 90, 365) for shift in (-TICK, 0 * TICK, TICK)
]
DEBTORS = ("D1", "D2", "D3")
ACCOUNTS = {"A1": "D1", "A2": "D1", "A3": "D2", "A4": "D3"}
few = settings(max_examples=12, deadline=None)


def moments(first_day=-400, last_day=60):
    """Return times around the decision date, its edges and those of the windows often."""
    seconds = st.integers(first_day * 86_400, last_day * 86_400)
    return st.one_of(st.sampled_from(EDGES), seconds.map(lambda s: T + timedelta(seconds=s)))


def texts(**columns):
    return st.fixed_dictionaries(columns).map(lambda row: {k: text(v) for k, v in row.items()})


def text(value):
    return "" if value is None else str(value)


def maybe(strategy):
    return st.one_of(st.none(), strategy)


amounts = st.integers(1, 90_000).map(lambda cents: cents / 100)
days = moments().map(lambda moment: moment.date())
codes = st.sampled_from

accounts = texts(
    account_id=codes(list(ACCOUNTS)),
    product=codes(["credit_card", "lease"]),
    past_due_since=days,
    placed_on=moments(-400, -1).map(lambda moment: min(moment.date(), AS_OF - timedelta(days=1))),
    placed_balance=amounts,
    opened_on=maybe(days),
    monthly_instalment=maybe(amounts),
    overdue_reason=maybe(codes(["no_money", "illness", "other"])),
    closed_on=maybe(days),
    close_reason=codes(["paid", "sold"]),
)
payments = texts(
    account_id=codes(list(ACCOUNTS)),
    at=moments(),
    amount=amounts,
    kind=codes(["payment", "payment", "reversal", "charge", "waiver"]),
    recorded_at=maybe(moments()),
)
contacts = texts(
    debtor_id=codes(DEBTORS),
    at=moments(),
    channel=codes(["sms", "call", "visit", "other"]),
    direction=codes(["outbound", "inbound", "unknown"]),
    outcome=codes(["no_answer", "right_party", "promise", "refusal", "read", "hardship", "dispute"]),
    account_id=maybe(codes(["A1", "A2"])),
    promise_amount=maybe(amounts),
    promise_due_on=maybe(days),
    stated_reason=maybe(codes(["no_money", "illness", "other", "disputes_debt"])),
    attitude=maybe(codes(["cooperative", "hostile", "unknown"])),
    duration_s=maybe(st.integers(0, 500)),
    recorded_at=maybe(moments()),
)
flags = texts(
    debtor_id=codes(DEBTORS),
    flag=codes(["notice:demand", "evidence:contract", "vulnerable"]),
    starts_at=moments(),
    ends_at=maybe(moments()),
    recorded_at=maybe(moments()),
)


def unique_accounts(rows):
    by_id = {row["account_id"]: {**row, "debtor_id": ACCOUNTS[row["account_id"]]} for row in rows}
    return list(by_id.values())


portfolios = st.fixed_dictionaries(
    {
        "accounts": st.lists(accounts, min_size=1, max_size=4).map(unique_accounts),
        "payments": st.lists(payments, max_size=12),
        "contacts": st.lists(contacts, max_size=12),
        "flags": st.lists(flags, max_size=4),
    }
)


def features(portfolio):
    people = portfolio.get("debtors") or [{"debtor_id": d} for d in DEBTORS]
    return features_at(AS_OF, "America/New_York")(**{**portfolio, "debtors": people})


def numbering(name, i):
    return {"payments": {"payment_id": f"p{i}"}, "contacts": {"contact_id": f"c{i}"}}.get(name, {})


def known(row, at="at"):
    moment = datetime.fromisoformat(row[at])
    recorded = datetime.fromisoformat(row["recorded_at"]) if row.get("recorded_at") else moment
    return moment < T and recorded < T


@few
@given(portfolio=portfolios)
def test_what_was_not_known_never_changes_a_feature(portfolio):
    past = {
        **portfolio,
        "payments": [row for row in portfolio["payments"] if known(row)],
        "contacts": [row for row in portfolio["contacts"] if known(row)],
        "flags": [row for row in portfolio["flags"] if known(row, "starts_at")],
    }
    assert_frame_equal(features(portfolio), features(past))


@few
@given(portfolio=portfolios, later=st.integers(0, 300))
def test_what_ends_or_closes_later_never_changes_a_feature(portfolio, later):
    def moved(row, column, moment):
        ends_later = row.get(column) and datetime.fromisoformat(row[column]) >= T
        return {**row, column: str(moment)} if ends_later else row

    edited = {
        **portfolio,
        "accounts": [
            moved(row, "closed_on", AS_OF + timedelta(days=later)) | {"close_reason": "paid"}
            if not row["closed_on"] or datetime.fromisoformat(row["closed_on"]) >= T
            else row
            for row in portfolio["accounts"]
        ],
        "flags": [moved(row, "ends_at", T + timedelta(days=later)) for row in portfolio["flags"]],
    }
    assert_frame_equal(features(portfolio), features(edited))


@few
@given(portfolio=portfolios, random=st.randoms(use_true_random=False))
def test_the_order_of_rows_never_changes_a_feature(portfolio, random):
    numbered = {
        name: [{**numbering(name, i), **row} for i, row in enumerate(rows)]
        for name, rows in portfolio.items()
    }
    shuffled = {name: random.sample(rows, len(rows)) for name, rows in numbered.items()}
    assert_frame_equal(features(numbered), features(shuffled))


@few
@given(portfolio=portfolios, extra=st.lists(contacts, min_size=1, max_size=4))
def test_using_a_right_never_changes_a_feature(portfolio, extra):
    rights = [
        {**row, "outcome": outcome, "contact_id": f"r{i}{outcome}"}
        for i, row in enumerate(extra)
        for outcome in ("dispute", "complaint", "opt_out")
    ]
    claimed = [
        {"debtor_id": d, "flag": flag, "starts_at": "2024-01-01"}
        for d in DEBTORS
        for flag in ("dispute", "complaint", "cease_contact", "opt_out:sms", "represented", "bankruptcy")
    ]
    used = {
        **portfolio,
        "contacts": [*portfolio["contacts"], *rights],
        "flags": [*portfolio["flags"], *claimed],
    }
    assert_frame_equal(features(portfolio), features(used))


@few
@given(portfolio=portfolios)
def test_health_and_hardship_never_change_a_feature(portfolio):
    def well(row):
        return {
            **row,
            **{k: "other" for k in ("stated_reason", "overdue_reason") if row.get(k) == "illness"},
            **({"outcome": "right_party"} if row.get("outcome") == "hardship" else {}),
        }

    ill = [
        {"debtor_id": d, "flag": flag, "starts_at": "2024-01-01"}
        for d in DEBTORS
        for flag in ("vulnerable", "hardship", "deceased", "debt_advice", "breathing_space")
    ]
    healthy = {name: [well(row) for row in rows] for name, rows in portfolio.items()}
    assert_frame_equal(features({**portfolio, "flags": [*portfolio["flags"], *ill]}), features(healthy))


@few
@given(portfolio=portfolios, born=st.integers(1900, 2010), word=st.sampled_from(["x", "y"]))
def test_protected_columns_and_notes_never_change_a_feature(portfolio, born, word):
    plain = {**portfolio, "debtors": [{"debtor_id": d} for d in DEBTORS]}
    told = {
        **portfolio,
        "debtors": [
            {"debtor_id": d, "birth_year": str(born), "gender": word, "language": word} for d in DEBTORS
        ],
        "contacts": [{**row, "note": word} for row in portfolio["contacts"]],
    }
    assert_frame_equal(features(told), features(plain))


@pytest.mark.parametrize("timezone", ["Asia/Shanghai", "America/New_York"])
def test_many_dates_give_what_each_date_gives_alone(timezone):
    rows = [
        {
            "debtor_id": f"D{i % 3}",
            "at": f"2024-0{1 + i % 4}-{1 + i:02d} {i % 24:02d}:30",
            "amount": f"{i + 1}",
        }
        for i in range(28)
    ]
    calls = [{"debtor_id": row["debtor_id"], "at": row["at"], "outcome": "promise"} for row in rows]
    tables = small_tables(payments=rows, contacts=calls)
    given_settings = FeatureSettings(timezone=timezone)
    dates = [date(2024, 3, 11), date(2024, 4, 20)]
    together = snapshots(tables, dates, given_settings)
    alone = pd.concat([snapshots(tables, [day], given_settings) for day in dates], ignore_index=True)
    assert_frame_equal(together.astype(object), alone.astype(object))
