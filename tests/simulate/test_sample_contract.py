"""What the simulator writes is what the contract asks for, seen from the files alone."""

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from duewise.contracts.columns import Kind
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import RIGHT_PARTY_OUTCOMES, Table
from duewise.simulate.sample import write_sample

ARROW_TYPES = {
    Kind.ID: {"string"},
    Kind.TEXT: {"string"},
    Kind.CODE: {"string"},
    Kind.TIME: {"timestamp[us]"},
    Kind.DAY: {"date32[day]"},
    Kind.MONEY: {"double"},
    Kind.NUMBER: {"double"},
    Kind.INTEGER: {"int64"},
    Kind.BOOLEAN: {"bool"},
}
WRITTEN = [Table.DEBTORS, Table.ACCOUNTS, Table.PAYMENTS, Table.CONTACTS, Table.FLAGS]


@pytest.fixture(scope="module")
def db(sample):
    connection = duckdb.connect()
    for table in WRITTEN:
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM '{sample.path}/{table}.parquet'")
    return connection


def count(db, sql):
    return db.sql(sql).fetchone()[0]


@pytest.mark.parametrize("table", WRITTEN)
def test_columns_are_those_of_the_contract_in_its_order_and_types(sample, table):
    schema = pq.read_schema(sample.path / f"{table}.parquet")
    contract = TABLES[table].columns
    assert schema.names == list(contract)
    for name, column in contract.items():
        assert str(schema.field(name).type) in ARROW_TYPES[column.metadata["kind"]], name


@pytest.mark.parametrize("table", WRITTEN)
def test_required_columns_are_full_and_codes_are_in_the_vocabulary(sample, table):
    rows = pd.read_parquet(sample.path / f"{table}.parquet")
    assert len(rows) > 0
    for name, column in TABLES[table].columns.items():
        if column.required and not column.nullable:
            assert rows[name].notna().all(), name
        if column.metadata["kind"] == Kind.CODE:
            prefixes = tuple(column.metadata["prefixes"])
            values = set(rows[name].dropna())
            strange = values - set(column.metadata["vocabulary"])
            assert {v for v in strange if not (prefixes and v.startswith(prefixes))} == set(), name


def test_a_randomised_world_writes_its_assignments_with_propensities(tmp_path):
    write_sample(tmp_path / "data", debtors=150, months=2, world="randomised")
    rows = pd.read_parquet(tmp_path / "data" / "assignments.parquet")
    assert list(rows) == [c for c in TABLES[Table.ASSIGNMENTS].columns if c not in {"offer", "template"}]
    assert not rows.duplicated(["debtor_id", "as_of"]).any()
    assert rows["propensity"].between(0.01, 1).all()
    contacts = pd.read_parquet(tmp_path / "data" / "contacts.parquet")
    assert contacts.loc[contacts["direction"] == "outbound", "propensity"].notna().all()


def test_a_table_left_by_another_world_is_removed(tmp_path):
    write_sample(tmp_path / "data", debtors=50, months=1, world="randomised")
    write_sample(tmp_path / "data", debtors=50, months=1)
    assert not (tmp_path / "data" / "assignments.parquet").exists()


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("debtors", "debtor_id"),
        ("accounts", "account_id"),
        ("payments", "payment_id"),
        ("contacts", "contact_id"),
    ],
)
def test_keys_are_unique(db, table, key):
    assert count(db, f"SELECT count(*) - count(DISTINCT {key}) FROM {table}") == 0


def test_every_reference_exists(db):
    for table, key, parent in [
        ("accounts", "debtor_id", "debtors"),
        ("payments", "account_id", "accounts"),
        ("contacts", "debtor_id", "debtors"),
        ("contacts", "account_id", "accounts"),
        ("flags", "debtor_id", "debtors"),
        ("flags", "account_id", "accounts"),
    ]:
        orphans = f"SELECT count(*) FROM {table} t ANTI JOIN {parent} USING ({key}) WHERE t.{key} IS NOT NULL"
        assert count(db, orphans) == 0, (table, key)
    assert count(db, "SELECT count(*) FROM debtors ANTI JOIN accounts USING (debtor_id)") == 0


@pytest.mark.parametrize(
    ("table", "time"), [("payments", '"at"'), ("contacts", '"at"'), ("flags", "starts_at")]
)
def test_facts_reach_the_books_after_they_happen_and_before_the_sample_ends(db, sample, table, time):
    assert count(db, f"SELECT count(*) FROM {table} WHERE recorded_at < {time}") == 0
    assert count(db, f"SELECT count(*) FROM {table} WHERE recorded_at >= DATE '{sample.as_of}'") == 0
    late = count(db, f"SELECT count(*) FROM {table} WHERE recorded_at > {time} + INTERVAL 1 DAY")
    assert late > 0


def test_no_balance_is_ever_negative_and_paid_accounts_owe_nothing(db):
    db.execute("""
        CREATE OR REPLACE TEMP VIEW bookings AS
        SELECT *, CASE WHEN kind IN ('payment', 'waiver') THEN -amount ELSE amount END AS moved FROM payments
    """)
    lowest = """
        SELECT min(balance) FROM (
            SELECT placed_balance + sum(moved) OVER (
                PARTITION BY account_id ORDER BY "at", kind <> 'charge', payment_id) AS balance
            FROM bookings JOIN accounts USING (account_id))
    """
    left = """
        SELECT max(abs(balance)) FROM (
            SELECT account_id, any_value(placed_balance) + sum(moved) AS balance
            FROM bookings JOIN accounts USING (account_id)
            WHERE close_reason IN ('paid', 'settled') GROUP BY account_id)
    """
    assert count(db, lowest) > -0.005
    assert count(db, left) < 0.005


def test_nothing_is_paid_before_placement_or_after_closing(db):
    assert (
        count(
            db,
            """
        SELECT count(*) FROM payments JOIN accounts USING (account_id)
        WHERE "at" < placed_on OR "at" >= closed_on + INTERVAL 1 DAY
    """,
        )
        == 0
    )


def test_nobody_is_contacted_through_a_channel_after_opting_out_of_it(db):
    refused = (
        "SELECT debtor_id, flag[9:] AS channel, recorded_at FROM flags WHERE starts_with(flag, 'opt_out:')"
    )
    assert count(db, f"SELECT count(*) FROM ({refused})") > 0
    assert (
        count(
            db,
            f"""
        SELECT count(*) FROM contacts JOIN ({refused}) o USING (debtor_id, channel)
        WHERE direction = 'outbound' AND "at" > o.recorded_at
    """,
        )
        == 0
    )


def test_nobody_is_contacted_while_a_stop_is_on_file(db):
    assert (
        count(
            db,
            """
        SELECT count(*) FROM contacts c JOIN flags f USING (debtor_id)
        WHERE flag IN ('deceased', 'bankruptcy', 'insolvency', 'represented', 'cease_contact')
        AND direction = 'outbound' AND c."at" > f.recorded_at + INTERVAL 1 DAY
    """,
        )
        == 0
    )


def test_reach_and_base_rates_look_like_a_collections_portfolio(db):
    spoken = ", ".join(f"'{outcome}'" for outcome in RIGHT_PARTY_OUTCOMES)
    rates = dict(
        db.sql(f"""SELECT channel, avg((outcome IN ({spoken}))::INT) FROM contacts
                   WHERE direction = 'outbound' GROUP BY channel""").fetchall()
    )
    assert 0.15 <= rates["ai_call"] <= rates["call"] <= 0.40
    per_debtor = count(db, "SELECT (SELECT count(*) FROM contacts) / (SELECT count(*) FROM debtors)")
    assert 3 <= per_debtor <= 12


def test_collectors_rest_on_sundays(db):
    assert (
        count(
            db,
            """SELECT count(*) FROM contacts
                        WHERE dayofweek("at") = 0 AND direction = 'outbound'""",
        )
        == 0
    )
