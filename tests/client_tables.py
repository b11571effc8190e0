"""A small, clean export of the five tables, which tests dirty in their own ways."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from duewise.config import Portfolio, parse_portfolio

AS_OF = date(2024, 6, 1)
NOW = datetime(2024, 6, 1, 2)


def clean_tables(debtors: int = 4) -> dict[str, pd.DataFrame]:
    """Two accounts, payments and contacts per debtor, all acceptable."""
    ids = [f"D{i}" for i in range(debtors)]
    accounts = [f"A{i}" for i in range(2 * debtors)]
    return {
        "debtors": pd.DataFrame(
            {"debtor_id": ids, "region": "north", "birth_year": "1980", "has_phone": "1"}
        ),
        "accounts": pd.DataFrame(
            {
                "account_id": accounts,
                "debtor_id": ids * 2,
                "product": "credit_card",
                "past_due_since": "2024-01-01",
                "placed_on": "2024-02-01",
                "placed_balance": "1000.5",
            }
        ),
        "payments": pd.DataFrame(
            {
                "payment_id": [f"P{i}" for i in range(2 * debtors)],
                "account_id": accounts,
                "at": "2024-05-30T10:00:00",
                "amount": "20",
                "kind": "payment",
            }
        ),
        "contacts": pd.DataFrame(
            {
                "contact_id": [f"C{i}" for i in range(2 * debtors)],
                "debtor_id": ids * 2,
                "at": "2024-05-31T09:30:00",
                "channel": "call",
                "direction": "outbound",
                "outcome": "no_answer",
                "propensity": "0.5",
            }
        ),
        "flags": pd.DataFrame(
            {
                "debtor_id": ids,
                "flag": "consent:sms",
                "starts_at": "2024-02-01",
                "ends_at": "",
            }
        ),
    }


def write_csv(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)


def portfolio_of(folder: Path, **sections: Any) -> Portfolio:
    sources = {"path": str(folder), **sections.pop("sources", {})}
    about = {"name": "test", "language": "en", **sections.pop("portfolio", {})}
    content = {"portfolio": about, "sources": sources}
    return parse_portfolio({**content, **sections}, origin="test.yaml")
