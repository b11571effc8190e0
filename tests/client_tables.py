"""A small export of five tables, clean or with every kind of fault planted."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from duewise.config import Portfolio, parse_portfolio
from duewise.sources.report import Reason

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


def _spoil(frame: pd.DataFrame, rows: range | list[int], column: str, value: object) -> None:
    frame.loc[list(rows), column] = value


def dirty_tables() -> tuple[dict[str, pd.DataFrame], dict[tuple[str, str, Reason], int]]:
    """Clean tables of 100 debtors with each kind of fault planted in rows of its own."""
    tables = clean_tables(100)
    debtors, accounts, payments = tables["debtors"], tables["accounts"], tables["payments"]
    contacts, flags = tables["contacts"], tables["flags"]
    _spoil(debtors, range(90, 93), "birth_year", "1790")
    _spoil(debtors, range(93, 95), "birth_year", "nineteen eighty")
    _spoil(debtors, [95], "has_phone", "perhaps")
    _spoil(accounts, range(1), "debtor_id", "nobody")
    _spoil(accounts, range(1, 3), "placed_balance", "-5")
    _spoil(accounts, range(3, 6), "placed_balance", "0")
    _spoil(accounts, [6], "placed_on", "")
    _spoil(payments, range(10, 14), "amount", "-20")
    _spoil(payments, range(14, 16), "at", "the day before yesterday")
    _spoil(payments, range(16, 21), "at", "2031-01-01")
    _spoil(payments, range(21, 24), "account_id", "A-nowhere")
    _spoil(payments, range(24, 26), "payment_id", "P30")  # before the row that they repeat
    _spoil(payments, [27], "payment_id", "")
    _spoil(contacts, range(10, 12), "propensity", "1.5")
    _spoil(contacts, range(12, 15), "contact_id", "C20")
    _spoil(contacts, [15], "debtor_id", "")
    tables["contacts"] = pd.concat([contacts, contacts.loc[[30, 31]]], ignore_index=True)
    _spoil(flags, range(4), "ends_at", "2024-01-01")
    expected = {
        ("debtors", "birth_year", Reason.TOO_SMALL): 3,
        ("debtors", "birth_year", Reason.UNREADABLE): 2,
        ("debtors", "has_phone", Reason.UNREADABLE): 1,
        # two accounts of each of the six debtors that are refused, and the planted one
        ("accounts", "debtor_id", Reason.UNKNOWN_DEBTOR): 13,
        ("accounts", "placed_balance", Reason.NEGATIVE): 2,
        ("accounts", "placed_balance", Reason.TOO_SMALL): 3,
        ("accounts", "placed_on", Reason.NULL_REQUIRED): 1,
        ("payments", "amount", Reason.NEGATIVE): 4,
        ("payments", "at", Reason.UNREADABLE): 2,
        ("payments", "at", Reason.EVENT_IN_FUTURE): 5,
        # payments of the nineteen accounts that are refused, and the planted three
        ("payments", "account_id", Reason.UNKNOWN_ACCOUNT): 22,
        ("payments", "payment_id", Reason.DUPLICATE): 2,
        ("payments", "payment_id", Reason.NULL_KEY): 1,
        ("contacts", "propensity", Reason.TOO_LARGE): 2,
        ("contacts", "contact_id", Reason.DUPLICATE): 3,
        ("contacts", "contact_id", Reason.EXACT_DUPLICATE): 2,
        ("contacts", "debtor_id", Reason.NULL_REQUIRED): 1,
        ("contacts", "debtor_id", Reason.UNKNOWN_DEBTOR): 12,
        ("flags", "ends_at", Reason.ENDS_BEFORE_START): 4,
        ("flags", "debtor_id", Reason.UNKNOWN_DEBTOR): 6,
    }
    return tables, expected


def write_csv(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)


def portfolio_of(folder: Path, **sections: Any) -> Portfolio:
    sources = {"path": str(folder), **sections.pop("sources", {})}
    about = {"name": "test", "language": "en", **sections.pop("portfolio", {})}
    content = {"portfolio": about, "sources": sources}
    return parse_portfolio({**content, **sections}, origin="test.yaml")
