"""Claim: ten million contacts are checked in under ten seconds, without loading them into memory.

Both sides check the same files by the same rules (keys, references, bounds, readable codes, events of
the future) and must find the same number of rows for each reason. The pandas side is plain and
vectorised, with the bounds and types checked by pandera. Each side runs in a process of its own.

    python benchmarks/check.py [--contacts 10000000] [--threads 2] [--repeat 3]

The claim is refuted when a count differs, when the median exceeds ten seconds on two free cores, when
it costs more CPU seconds than pandas, or when it takes more than a third of the memory of pandas.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from pathlib import Path

from duewise.contracts.vocabulary import Channel, Direction

AS_OF = date(2024, 6, 1)
NOW = datetime(2024, 6, 1, 2)

CODES = {"channel": [*Channel, "other"], "direction": [*Direction, "unknown"]}


def write_portfolio(folder: Path, contacts: int) -> None:
    """Write tables in the proportions of a large portfolio: ten contacts and one account per debtor."""
    import duckdb

    con = duckdb.connect()
    con.execute("SET threads = 2")
    con.execute("SELECT setseed(0.42)")
    debtors = contacts // 10
    queries = {
        "debtors": f"SELECT 'D' || i AS debtor_id, 'R' || i % 30 AS region FROM range({debtors}) AS r(i)",
        "accounts": f"""
            SELECT 'A' || i AS account_id, 'D' || i AS debtor_id, 'credit_card' AS product,
                   DATE '2023-06-01' AS past_due_since, DATE '2023-07-01' AS placed_on,
                   (500 + i % 9000)::DOUBLE AS placed_balance
            FROM range({debtors}) AS r(i)""",
        "payments": f"""
            SELECT 'P' || i AS payment_id, 'A' || i % {debtors} AS account_id,
                   TIMESTAMP '2024-05-31 12:00:00' - INTERVAL (i % 300) DAY AS "at",
                   (10 + i % 500)::DOUBLE AS amount, 'payment' AS kind
            FROM range({debtors}) AS r(i)""",
        # One row in a thousand is bad, each in one way.
        "contacts": f"""
            SELECT CASE WHEN i % 10000 = 1 THEN NULL WHEN i % 10000 = 2 THEN 'C' || i - 1000 ELSE 'C' || i END
                       AS contact_id,
                   CASE WHEN i % 10000 = 3 THEN 'X' || i ELSE 'D' || floor(random() * {debtors})::INT END
                       AS debtor_id,
                   CASE WHEN i % 10000 = 4 THEN TIMESTAMP '2031-01-01'
                        ELSE TIMESTAMP '2024-05-31 20:00:00'
                             - INTERVAL (floor(random() * 43200000)::INT) SECOND
                   END AS "at",
                   ['sms', 'email', 'call', 'ai_call', 'letter', 'pigeon'][
                       CASE WHEN i % 1000 = 7 THEN 6 ELSE 1 + i % 5 END] AS channel,
                   'outbound' AS direction,
                   ['no_answer', 'right_party', 'delivered', 'promise'][1 + i % 4] AS outcome,
                   CASE WHEN i % 20 = 0 THEN (100 + i % 700)::DOUBLE END AS promise_amount,
                   CASE WHEN i % 20 = 0 THEN DATE '2024-01-01' + (i % 100)::INT END AS promise_due_on,
                   CASE WHEN i % 10000 = 5 THEN -1::DOUBLE ELSE (i % 300)::DOUBLE END AS duration_s,
                   CASE WHEN i % 10000 = 6 THEN 1.5::DOUBLE ELSE 0.5 END AS propensity,
                   'N' || i % 1500000 AS contact_point,
                   'agent ' || i % 200 AS agent_id
            FROM range({contacts}) AS r(i)""",
    }
    for name, query in queries.items():
        con.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet)")


def with_duewise(folder: Path, threads: int) -> dict[str, int]:
    """Check with Duewise; return rows by reason of the contacts."""
    from duewise.config import parse_portfolio
    from duewise.contracts.vocabulary import Table
    from duewise.sources.examine import examine_sources

    portfolio = parse_portfolio(
        {"portfolio": {"name": "bench"}, "sources": {"path": str(folder)}}, origin="benchmark"
    )
    with examine_sources(portfolio, AS_OF, now=NOW, threads=threads) as examination:
        report = examination.report.tables[Table.CONTACTS]
    return {
        **report.reasons,
        "accepted": report.accepted,
        "unknown_codes": sum(report.unknown_code_rows.values()),
    }


def with_pandas(folder: Path, threads: int) -> dict[str, int]:
    """Check with pandas and pandera; return rows by reason of the contacts."""
    import pandas as pd
    import pandera.pandas as pa

    debtors = pd.read_parquet(folder / "debtors.parquet")
    accounts = pd.read_parquet(folder / "accounts.parquet")
    payments = pd.read_parquet(folder / "payments.parquet")
    contacts = pd.read_parquet(folder / "contacts.parquet")
    accounts = accounts[accounts.debtor_id.isin(debtors.debtor_id) & ~accounts.account_id.duplicated()]
    payments = payments[payments.account_id.isin(accounts.account_id) & ~payments.payment_id.duplicated()]
    latest = pd.Timestamp(NOW) + pd.Timedelta(days=1)
    schema = pa.DataFrameSchema(
        {
            "contact_id": pa.Column(nullable=False),
            "at": pa.Column(checks=pa.Check.le(latest)),
            "promise_amount": pa.Column(float, checks=pa.Check.ge(0), nullable=True),
            "duration_s": pa.Column(float, checks=pa.Check.ge(0), nullable=True),
            "propensity": pa.Column(float, checks=[pa.Check.ge(0), pa.Check.le(1)], nullable=True),
        }
    )
    bad = pd.Series(False, index=contacts.index)
    counts = {}
    names = {
        ("contact_id", "not_nullable"): "null_key",
        ("duration_s", "greater_than_or_equal_to(0)"): "negative",
        ("propensity", "less_than_or_equal_to(1)"): "too_large",
    }
    try:
        schema.validate(contacts, lazy=True)
    except pa.errors.SchemaErrors as found:
        for (column, check), cases in found.failure_cases.groupby(["column", "check"]):
            reason = names.get((column, check), "event_in_future")
            counts[reason] = len(cases)
            bad.loc[cases["index"]] = True
    unknown = contacts.debtor_id.notna() & ~contacts.debtor_id.isin(debtors.debtor_id)
    counts["unknown_debtor"] = int(unknown.sum())
    bad |= unknown
    repeated = contacts.contact_id[~bad].duplicated()
    counts["duplicate"] = int(repeated.sum())
    bad.loc[repeated.index[repeated]] = True
    counts["unknown_codes"] = sum(int((~contacts[c].isin(codes)).sum()) for c, codes in CODES.items())
    accepted = contacts[~bad]
    counts["accepted"] = len(accepted)
    return counts


SIDES = {"duewise": with_duewise, "pandas": with_pandas}


def measure(side: str, folder: Path, threads: int) -> dict[str, float | dict[str, int]]:
    """Run one side in a fresh process; return its counts, seconds, CPU seconds and peak memory."""
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder), "--threads", str(threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run_side(side: str, folder: Path, threads: int) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    counts = SIDES[side](folder, threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = {"wall_s": time.perf_counter() - start, "cpu_s": time.process_time() - cpu, "peak_gib": peak}
    print(json.dumps({"counts": counts, **seconds}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contacts", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        run_side(arguments.side, arguments.folder, arguments.threads)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_portfolio(folder, arguments.contacts)
        runs = {
            side: [measure(side, folder, arguments.threads) for _ in range(arguments.repeat)]
            for side in SIDES
        }
    report(runs, arguments.contacts)


def report(runs: dict[str, list[dict]], contacts: int) -> None:
    print(f"{contacts:,} contacts, parquet; median and range of {len(runs['duewise'])} runs")
    median = {}
    for side, measured in runs.items():
        for unit in ("wall_s", "cpu_s", "peak_gib"):
            values = sorted(run[unit] for run in measured)
            median[side, unit] = statistics.median(values)
            print(f"  {side:8} {unit:9} {median[side, unit]:7.2f}  [{values[0]:.2f}, {values[-1]:.2f}]")
    for unit, words in (("wall_s", "seconds"), ("cpu_s", "CPU seconds"), ("peak_gib", "peak memory")):
        print(f"  pandas / duewise, {words}: {median['pandas', unit] / median['duewise', unit]:.1f}")
    same = runs["duewise"][0]["counts"] == runs["pandas"][0]["counts"]
    print(f"  counts by reason equal: {'yes' if same else 'NO'}")
    if not same:
        print(runs["duewise"][0]["counts"], runs["pandas"][0]["counts"], sep="\n")


if __name__ == "__main__":
    main()
