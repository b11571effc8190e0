"""Claim: all rules over a million debtors and nine actions take less than a minute, in bounded memory.

Both sides judge the same portfolio: the product's facts and evaluation for everybody, and the slow
evaluator of the tests (one debtor at a time, plain Python) for a sample, whose verdicts must be the same.
The claim is refuted by a time above 60 s, by a different verdict, or by a ratio that falls with size.

    python benchmarks/rules.py --debtors 1000000 --packs cn
"""

import argparse
import resource
import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ibis
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "laws"))

from rule_reference import Account, Contact, Debtor, Flag, Payment, Reference, World

from duewise.contracts.columns import ENGINE_TYPES
from duewise.contracts.tables import TABLES
from duewise.contracts.vocabulary import Table
from duewise.policy.rules import Context, RuleSet, Verdicts, build_facts, evaluate, load_packs
from duewise.sources.tables import Tables

NIGHT = date(2026, 7, 10)
COUNTRIES = {
    "cn": ("CN", "Asia/Shanghai"),
    "us-fdcpa": ("US", "America/New_York"),
    "uk": ("GB", "Europe/London"),
}

# One row per number i; the hash `draw` makes columns that look random and are the same on every machine.
PORTFOLIO = {
    Table.DEBTORS: """
        SELECT printf('%08d', i) AS debtor_id, CAST(1950 + draw(i, 1) % 58 AS BIGINT) AS birth_year,
               CASE WHEN draw(i, 2) % 10 < 8 THEN '{zone}' END AS timezone
        FROM range({n}) t(i)""",
    Table.ACCOUNTS: """
        SELECT printf('%08d', i % {n}) || '-' || i // {n} AS account_id, printf('%08d', i % {n}) AS debtor_id,
               ['credit_card', 'consumer_loan', 'utility', 'microloan'][1 + draw(i, 3) % 4] AS product,
               DATE '2026-07-09' - CAST(draw(i, 4) % 400 AS INTEGER) AS past_due_since,
               past_due_since AS placed_on, 100.0 + draw(i, 5) % 9000 AS placed_balance
        FROM range(CAST({n} * 1.15 AS BIGINT)) t(i)""",
    Table.PAYMENTS: """
        SELECT printf('%09d', i) AS payment_id, printf('%08d', draw(i, 6) % {n}) || '-0' AS account_id,
               TIMESTAMP '2026-07-09 23:00:00' - INTERVAL 1 MINUTE * (draw(i, 7) % 200000) AS "at",
               10.0 AS amount, 'payment' AS kind
        FROM range({n}) t(i)""",
    Table.CONTACTS: """
        SELECT printf('%09d', i) AS contact_id, printf('%08d', draw(i, 8) % {n}) AS debtor_id,
               TIMESTAMP '2026-07-09 23:00:00' - INTERVAL 1 MINUTE * (draw(i, 9) % 90000) AS "at",
               ['call', 'call', 'sms', 'ai_call', 'email', 'letter'][1 + draw(i, 10) % 6] AS channel,
               CASE WHEN draw(i, 11) % 12 = 0 THEN 'inbound' ELSE 'outbound' END AS direction,
               ['no_answer', 'no_answer', 'delivered', 'right_party', 'promise', 'bounced', 'wrong_party',
                'refusal'][1 + draw(i, 12) % 8] AS outcome,
               CASE WHEN draw(i, 13) % 3 = 0 THEN debtor_id || '-0' END AS account_id,
               CASE WHEN outcome = 'promise' THEN CAST("at" AS DATE) + 5 END AS promise_due_on
        FROM range({n} * 6) t(i)""",
    Table.FLAGS: """
        SELECT printf('%08d', draw(i, 14) % {n}) AS debtor_id,
               ['consent:sms', 'consent:ai_call', 'notice:validation', 'notice:placement',
                'evidence:statement', 'evidence:contract', 'opt_out:sms', 'dispute',
                'vulnerable', 'quiet_hours'
               ][1 + least(draw(i, 15) % 12, draw(i, 16) % 10)] AS flag,
               TIMESTAMP '2026-07-01' - INTERVAL 1 HOUR * (draw(i, 17) % 9000) AS starts_at,
               CASE WHEN draw(i, 18) % 4 = 0 THEN starts_at + INTERVAL 60 DAY END AS ends_at,
               CASE WHEN flag = 'quiet_hours' THEN '18:00-20:00' END AS detail
        FROM range({n} * 3) t(i)""",
}


def main() -> None:
    """Print time, memory and ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--debtors", type=int, default=1_000_000)
    parser.add_argument("--packs", default="cn", help="packs, comma separated; the first names the country")
    parser.add_argument("--sample", type=int, default=200, help="debtors judged by the slow evaluator")
    chosen = parser.parse_args()
    names = chosen.packs.split(",")
    country, zone = COUNTRIES.get(names[0], COUNTRIES["cn"])
    context = Context("agency", country, zone)
    ruleset = load_packs(names)
    tables = portfolio(chosen.debtors, zone)

    start = time.perf_counter()
    facts = build_facts(tables, NIGHT, context, ruleset)
    gathered = time.perf_counter()
    found = evaluate(ruleset, facts, NIGHT)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

    slow_seconds, same, judged = slow_side(tables, found, ruleset, context, chosen.sample)
    fast_per_debtor = (done - start) / len(facts)
    ratio = slow_seconds / judged / fast_per_debtor
    print(f"rules: {len(ruleset)} of {', '.join(names)}; debtors in scope: {len(facts):,}; actions: 9")
    print(f"facts {gathered - start:.1f} s, evaluation {done - gathered:.1f} s, peak memory {peak:.1f} GiB")
    print(f"slow evaluator: {slow_seconds / judged * 1e3:.1f} ms per debtor ({judged} judged, {same} alike)")
    print(f"ratio: {ratio:,.0f} times faster per debtor")


def portfolio(debtors: int, zone: str) -> Tables:
    """Return a portfolio made by queries alone."""
    con = ibis.duckdb.connect()
    con.raw_sql("SET threads = 1")
    con.raw_sql("CREATE MACRO draw(i, k) AS CAST(hash(i, k) % 2147483647 AS BIGINT)")
    for table, query in PORTFOLIO.items():
        con.raw_sql(f"CREATE TABLE made_{table} AS {query.format(n=debtors, zone=zone)}")
    for table, schema in TABLES.items():
        made = set(con.table(f"made_{table}").columns) if table in PORTFOLIO else set()
        types = {name: ENGINE_TYPES[column.metadata["kind"]] for name, column in schema.columns.items()}
        columns = [
            f'CAST({f"{chr(34)}{c}{chr(34)}" if c in made else "NULL"} AS {k}) AS "{c}"'
            for c, k in types.items()
        ]
        source = f"made_{table}" if made else "(SELECT 1) WHERE false"
        con.raw_sql(f"CREATE VIEW {table} AS SELECT {', '.join(columns)} FROM {source}")
    return Tables(con=con, **{str(table): con.table(str(table)) for table in Table})


def slow_side(
    tables: Tables, found: Verdicts, ruleset: RuleSet, context: Context, sample: int
) -> tuple[float, int, int]:
    """Return seconds of the slow evaluator, how many debtors it judged alike, and how many it judged."""
    world = World(context.role, context.country, context.timezone, context.artefacts)
    rows = np.linspace(0, len(found.debtor_id) - 1, min(sample, len(found.debtor_id))).astype(int)
    people = read_people(tables, [found.debtor_id[row] for row in rows])
    midnight = datetime.combine(NIGHT, datetime.min.time())
    start, alike = time.perf_counter(), 0
    for row in rows:
        slow = Reference(people[found.debtor_id[row]], world, midnight, midnight, NIGHT)
        alike += all(
            slow.denied_by(ruleset, action, at_instant=False)
            == set(found.rules_in(found.denied[row, column]))
            for column, action in enumerate(found.actions)
        )
    return time.perf_counter() - start, alike, len(rows)


def read_people(tables: Tables, ids: list[str]) -> dict[str, Debtor]:
    """Return the sampled debtors as plain objects."""

    def rows(table: ibis.Table) -> list[dict[str, Any]]:
        frame = table.filter(table.debtor_id.isin(ids)).execute().astype(object)
        return frame.where(frame.notna(), None).to_dict("records")

    people = {
        row["debtor_id"]: Debtor(row["timezone"], row["region"], row["birth_year"])
        for row in rows(tables.debtors)
    }
    owner = {}
    for row in rows(tables.accounts):
        past_due = (
            row["past_due_since"].date()
            if isinstance(row["past_due_since"], datetime)
            else row["past_due_since"]
        )
        if past_due >= NIGHT:
            continue
        owner[row["account_id"]] = row["debtor_id"]
        people[row["debtor_id"]].accounts.append(Account(row["account_id"], row["product"], past_due))
    for row in rows(tables.contacts):
        due = row["promise_due_on"]
        people[row["debtor_id"]].contacts.append(
            Contact(
                row["at"].to_pydatetime(),
                row["channel"],
                row["direction"],
                row["outcome"],
                row["account_id"],
                due=due.date() if isinstance(due, datetime) else due,
            )
        )
    for row in rows(tables.flags):
        ends = row["ends_at"]
        people[row["debtor_id"]].flags.append(
            Flag(
                row["flag"],
                row["starts_at"].to_pydatetime(),
                None if ends is None else ends.to_pydatetime(),
                None,
                row["detail"],
            )
        )
    paid = tables.payments.filter(tables.payments.account_id.isin(list(owner))).execute()
    for row in paid.to_dict("records"):
        people[owner[row["account_id"]]].payments.append(
            Payment(row["account_id"], row["at"].to_pydatetime(), row["amount"])
        )
    return people


if __name__ == "__main__":
    main()
