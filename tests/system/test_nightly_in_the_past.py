"""A night in the past, decided today, is the night as it would have been decided then."""

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tiny_portfolio import TinyPortfolio

NIGHT = date(2026, 5, 18)
EVENING = pd.Timestamp(NIGHT)


def strategies(tiny: TinyPortfolio, tables: dict[str, pd.DataFrame], folder: Path) -> pa.Table:
    """Decide the night on other tables; the id of the run is left out, for it names the files read."""
    (folder / "data").mkdir(parents=True)
    for name, table in tables.items():
        table.to_parquet(folder / "data" / f"{name}.parquet", index=False)
    done = tiny.nightly(folder / "runs", "--data", folder / "data", as_of=NIGHT)
    assert done.code == 0, done.stderr
    return pq.read_table(folder / "runs" / NIGHT.isoformat() / "strategies.parquet").drop_columns(["run_id"])


def known_then(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Cut every table at the evening, by both clocks, and forget what was entered into accounts later."""
    cut = dict(tables)
    for name, happened in (("payments", "at"), ("contacts", "at"), ("flags", "starts_at")):
        rows = tables[name]
        cut[name] = rows[(rows[happened] < EVENING) & (rows["recorded_at"] < EVENING)]
    accounts = tables["accounts"]
    accounts = accounts[pd.to_datetime(accounts["placed_on"]) < EVENING].copy()
    later = pd.to_datetime(accounts["closed_on"]) >= EVENING
    accounts.loc[later, ["closed_on", "close_reason"]] = None
    cut["accounts"] = accounts
    return cut


@pytest.fixture(scope="module")
def tables(tiny: TinyPortfolio) -> dict[str, pd.DataFrame]:
    return {name: tiny.table(name) for name in ("debtors", "accounts", "payments", "contacts", "flags")}


@pytest.fixture(scope="module")
def decided_today(tiny, tables, tmp_path_factory) -> pa.Table:
    return strategies(tiny, tables, tmp_path_factory.mktemp("today"))


def test_the_future_changes_no_strategy(tiny, tables, decided_today, tmp_path):
    then = known_then(tables)
    assert len(then["payments"]) < len(tables["payments"])
    assert len(then["contacts"]) < len(tables["contacts"])
    decided_then = strategies(tiny, then, tmp_path)
    different = [
        name for name in decided_today.column_names if not decided_today[name].equals(decided_then[name])
    ]
    assert different == []


def test_a_payment_counts_from_the_evening_on_which_it_is_in_the_books(tiny, tables, decided_today, tmp_path):
    rows = decided_today.to_pandas().set_index("debtor_id")
    debtor = rows["balance"].idxmax()
    accounts = tables["accounts"]
    account = accounts.loc[accounts["debtor_id"] == debtor].sort_values("placed_balance").iloc[-1]
    paid = {
        "payment_id": "late-posted",
        "account_id": account["account_id"],
        "at": EVENING - pd.Timedelta(days=2),
        "amount": 100.0,
        "kind": "payment",
    }
    balances = {}
    for name, booked in (
        ("before", EVENING - pd.Timedelta(days=1)),
        ("after", EVENING + pd.Timedelta(hours=1)),
    ):
        payments = pd.concat([tables["payments"], pd.DataFrame([{**paid, "recorded_at": booked}])])
        decided = strategies(tiny, {**tables, "payments": payments}, tmp_path / name)
        balances[name] = decided.to_pandas().set_index("debtor_id").loc[debtor, "balance"]
        if name == "after":
            assert decided.equals(decided_today)
    assert balances["after"] - balances["before"] == pytest.approx(100.0)
