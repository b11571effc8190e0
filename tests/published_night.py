"""A night published by hand beside its tables: no model is needed to ask about it."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from duewise.config import Portfolio, parse_portfolio
from duewise.publish.published_run import STRATEGIES
from duewise.publish.run_folder import open_run
from duewise.publish.strategies_file import strategies_table, write_strategies

NIGHT = date(2026, 6, 1)
RUN_ID = "0123456789abcdef"
OPENS, CLOSES = datetime(2026, 6, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, 12, tzinfo=UTC)

Rows = list[dict[str, Any]]


def client_portfolio(folder: Path, **changes: Any) -> Portfolio:
    """Return the portfolio whose tables and runs lie in `folder`."""
    content = {
        "portfolio": {"name": "asked", "language": "en"},
        "sources": {"path": str(folder / "data"), "max_bad_share": 1.0},
        "actions": {"sms": {"cost": 0.1}, "call": {"cost": 4}},
        "publish": {"runs": str(folder / "runs")},
        "rules": [],
    }
    return parse_portfolio(content | changes, origin="test")


def write_tables(folder: Path, debtors: int = 6, **more: Rows) -> None:
    """Write the tables of debtors D0, D1 … who owe 1000 each on account A<debtor>, and further rows."""
    ids = [f"D{i}" for i in range(debtors)]
    tables: dict[str, Rows] = {
        "debtors": [{"debtor_id": debtor, "region": "CN-BJ"} for debtor in ids],
        "accounts": [
            {
                "account_id": f"A{debtor}",
                "debtor_id": debtor,
                "product": "consumer_loan",
                "past_due_since": "2026-04-01",
                "placed_on": "2026-04-10",
                "placed_balance": 1000,
                "closed_on": None,
                "close_reason": None,
            }
            for debtor in ids
        ],
        "payments": [payment("AD0", "2026-05-01T09:00:00", 10)],
        "contacts": [contact("D0", "2026-05-02T09:00:00")],
        "flags": [flag("D0", "consent:sms", "2026-05-01T00:00:00")],
    }
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        rows = rows + more.get(name, [])
        pd.DataFrame(rows).astype(object).to_csv(folder / "data" / f"{name}.csv", index=False)


def payment(account: str, at: str, amount: float) -> dict[str, Any]:
    """Return a row of payments."""
    return {
        "payment_id": f"P{account}{at}",
        "account_id": account,
        "at": at,
        "amount": amount,
        "kind": "payment",
    }


def contact(debtor: str, at: str, outcome: str = "no_answer", **more: Any) -> dict[str, Any]:
    """Return a row of contacts."""
    row = {
        "contact_id": f"C{debtor}{at}",
        "debtor_id": debtor,
        "at": at,
        "channel": "call",
        "direction": "outbound",
        "outcome": outcome,
        "promise_amount": None,
        "promise_due_on": None,
    }
    return row | more


def flag(debtor: str, name: str, starts_at: str) -> dict[str, Any]:
    """Return a row of flags."""
    return {"debtor_id": debtor, "flag": name, "starts_at": starts_at, "ends_at": None}


def publish_night(portfolio: Portfolio, actions: list[str], **columns: Any) -> Path:
    """Publish a run in which debtor D<i> gets `actions[i]`; return its folder."""
    n = len(actions)
    acting = [action != "none" for action in actions]
    rows: dict[str, Any] = {
        "run_id": [RUN_ID] * n,
        "as_of": [NIGHT] * n,
        "debtor_id": [f"D{i}" for i in range(n)],
        "rank": list(range(1, n + 1)),
        "balance": [1000.0] * n,
        "action": actions,
        "window_start": [OPENS if act else None for act in acting],
        "window_end": [CLOSES if act else None for act in acting],
    }
    table = strategies_table(rows | columns, portfolio.horizons)
    manifest = {
        "run_id": RUN_ID,
        "as_of": NIGHT.isoformat(),
        "portfolio": portfolio.model_dump(mode="json"),
        "rules": {"common.time": {"says": "Not at night.", "cite": "Act 1", "mark": "V1", "force": "L"}},
    }
    with open_run(portfolio.publish.runs, NIGHT) as folder:
        write_strategies(folder.partial / STRATEGIES, table)
        (folder.partial / "manifest.json").write_text(json.dumps(manifest))
        return folder.publish()
