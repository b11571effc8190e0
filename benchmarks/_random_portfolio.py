"""A large portfolio of random events, made inside DuckDB in seconds: sizes are real, behaviour is not."""

from pathlib import Path

import duckdb
import ibis

from duewise.contracts.columns import ENGINE_TYPES
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.sources.tables import Tables

AS_OF = "2024-06-01"
LAST_EVENT_DAY = 40  # days after AS_OF: what features must not see
DAYS = 540

_QUERIES = {
    Table.DEBTORS: """
        select 'D' || lpad(i::varchar, 8, '0') as debtor_id,
               'R' || (draw(i, 1) % 30) as region,
               ['employed', 'self_employed', 'unemployed', 'student', 'retired'][1 + draw(i, 2) % 5]
                   as employment,
               (2000 + draw(i, 3) % 8000)::double as monthly_income,
               (draw(i, 4) % 5)::bigint as dependants,
               draw(i, 5) % 10 < 9 as has_phone, draw(i, 6) % 10 < 6 as has_email,
               draw(i, 7) % 10 < 4 as has_app, draw(i, 8) % 10 < 8 as has_address,
               timestamp '2015-01-01' + interval (draw(i, 9) % 3000) day as registered_at
        from range({debtors}) t(i)""",
    Table.ACCOUNTS: """
        select 'A' || lpad(i::varchar, 8, '0') as account_id,
               'D' || lpad((draw(i, 11) % {debtors})::varchar, 8, '0') as debtor_id,
               ['credit_card', 'consumer_loan', 'microloan', 'telecom'][1 + draw(i, 12) % 4] as product,
               (date '{as_of}' - ({days} - draw(i, 13) % ({days} + 10))::int - (draw(i, 14) % 60)::int)
                   as past_due_since,
               (date '{as_of}' - ({days} - draw(i, 13) % ({days} + 10))::int)::date as placed_on,
               round(50 + 20000 * pow((draw(i, 15) % 1000) / 1000.0, 3), 2) as placed_balance,
               round(1000 + (draw(i, 16) % 20000), 2)::double as principal,
               round(20 + (draw(i, 17) % 900), 2)::double as monthly_instalment,
               (draw(i, 18) % 30) / 100.0 as annual_rate,
               ['no_money', 'lost_job', 'illness', 'forgot', 'will_not'][1 + draw(i, 19) % 5]
                   as overdue_reason,
               (date '{as_of}' - 600 - (draw(i, 20) % 1500)::int)::date as opened_on,
               case when draw(i, 21) % 8 = 0
                    then (date '{as_of}' - (draw(i, 22) % 300)::int + 20)::date end as closed_on,
               ['paid', 'settled', 'sold'][1 + draw(i, 23) % 3] as close_reason
        from range({accounts}) t(i)""",
    Table.PAYMENTS: """
        select 'P' || i as payment_id,
               'A' || lpad((draw(i, 31) % {accounts})::varchar, 8, '0') as account_id, "at",
               round(5 + 300 * pow((draw(i, 32) % 1000) / 1000.0, 2), 2) as amount,
               ['payment', 'payment', 'payment', 'payment', 'payment', 'payment', 'charge', 'charge',
                'reversal', 'waiver'][1 + draw(i, 33) % 10] as kind,
               "at" + interval (draw(i, 34) % 4) day as recorded_at
        from (select i, timestamp '{as_of}' + interval {last} day
                        - interval (draw(i, 35) % ({days} * 86400)) second as "at"
              from range({payments}) t(i))""",
    Table.CONTACTS: """
        select 'C' || i as contact_id,
               'D' || lpad((draw(i, 41) % {debtors})::varchar, 8, '0') as debtor_id, "at",
               ['sms', 'sms', 'sms', 'email', 'app_push', 'ai_call', 'ai_call', 'call', 'call', 'letter',
                'visit', 'legal_letter'][1 + draw(i, 42) % 12] as channel,
               case when draw(i, 43) % 20 = 0 then 'inbound' else 'outbound' end as direction,
               outcome,
               case when outcome = 'promise' then round(20 + (draw(i, 44) % 500), 2)::double end
                   as promise_amount,
               case when outcome = 'promise' then ("at"::date + (draw(i, 45) % 14)::int)::date end
                   as promise_due_on,
               case when draw(i, 46) % 6 = 0
                    then ['no_money', 'lost_job', 'illness', 'forgot'][1 + draw(i, 47) % 4] end
                   as stated_reason,
               case when draw(i, 48) % 5 = 0
                    then ['cooperative', 'neutral', 'hostile'][1 + draw(i, 49) % 3] end as attitude,
               (draw(i, 50) % 400)::double as duration_s, "at" as recorded_at
        from (select i, timestamp '{as_of}' + interval {last} day
                        - interval (draw(i, 51) % ({days} * 86400)) second as "at",
                     ['no_answer', 'no_answer', 'no_answer', 'right_party', 'promise', 'refusal', 'delivered',
                      'delivered', 'delivered', 'read', 'wrong_party', 'hardship'][1 + draw(i, 52) % 12]
                         as outcome
              from range({contacts}) t(i))""",
    Table.FLAGS: """
        select 'D' || lpad((draw(i, 61) % {debtors})::varchar, 8, '0') as debtor_id,
               ['notice:demand', 'evidence:contract', 'vulnerable'][1 + draw(i, 62) % 3] as flag,
               timestamp '{as_of}' + interval {last} day - interval (draw(i, 63) % {days}) day as starts_at
        from range({flags}) t(i)""",
}


def write_random_portfolio(folder: Path, debtors: int) -> None:
    """Write one parquet file per table: 1.3 accounts, 8 payments and 10 contacts per debtor."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {
        "debtors": debtors,
        "accounts": debtors * 13 // 10,
        "payments": debtors * 8,
        "contacts": debtors * 10,
        "flags": debtors // 5,
    }
    with duckdb.connect() as con:
        con.execute("create macro draw(i, salt) as (hash(i, salt) % 2147483648)::bigint")
        for table, query in _QUERIES.items():
            rows = query.format(as_of=AS_OF, days=DAYS, last=LAST_EVENT_DAY, **sizes)
            con.execute(f"copy ({rows}) to '{folder / table}.parquet' (format parquet)")


def open_random_portfolio(folder: Path, memory_limit: str = "4GB", threads: int = 2) -> Tables:
    """Return the files as accepted tables: every contract column, absent ones null."""
    con = ibis.duckdb.connect(
        memory_limit=memory_limit, threads=threads, temp_directory=str(folder / "spill")
    )
    absent = set()
    for table, schema in TABLES.items():
        types = {name: ENGINE_TYPES[c.metadata["kind"]] for name, c in schema.columns.items()}
        file = folder / f"{table}.parquet"
        present = set()
        if file.exists():
            present = {row[0] for row in con.con.execute(f"describe select * from '{file}'").fetchall()}
        quoted = {name: f'"{name}"' for name in types}
        cells = (
            f"cast({quoted[name] if name in present else 'null'} as {kind}) as {quoted[name]}"
            for name, kind in types.items()
        )
        source = f"from '{file}'" if present else "where false"
        con.con.execute(f'create view "{table}" as select {", ".join(cells)} {source}')
        absent |= {(table, name) for name in types if name not in present}
    return Tables(con=con, absent=frozenset(absent), **{str(t): con.table(str(t)) for t in Table})
