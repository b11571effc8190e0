"""Turns the monthly card statements of `taiwan_cards` into tables as a client would export them.

A card that was late with a balance in July or August 2005 is one account in collections: placed on the
month's last day with that month's bill, with how late it had been on the three statements before, and closed
at the end of the next month. Payments and charges belong to the account that the month before left behind, or
else to the card in good standing.
"""

from pathlib import Path

import pandas as pd

NEWEST, OLDEST = 1, 6  # suffixes of the columns of September and April 2005
IN_COLLECTIONS = (3, 2)  # July and August: the months before the two nights
STATUS = {1: "PAY_0", **{k: f"PAY_{k}" for k in range(2, 7)}}


def month_end(suffix: int) -> pd.Timestamp:
    return pd.Timestamp(2005, 10 - suffix, 1) + pd.offsets.MonthEnd(0)


def write_tables(statements: Path, folder: Path) -> None:
    """Write debtors, accounts, payments and contacts as CSV files."""
    cards = pd.read_csv(statements)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "debtors": debtors(cards),
        "accounts": accounts(cards),
        "payments": payments(cards),
        "contacts": pd.DataFrame(
            columns=["contact_id", "debtor_id", "at", "channel", "direction", "outcome"]
        ),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def debtors(cards: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "debtor_id": cards["ID"],
            "birth_year": 2005 - cards["AGE"],
            "gender": cards["SEX"].map({1: "male", 2: "female"}),
            "credit_limit": cards["LIMIT_BAL"],
            "education": cards["EDUCATION"]
            .map({1: "graduate", 2: "university", 3: "school", 4: "other"})
            .fillna("unknown"),
        }
    )


def late(cards: pd.DataFrame, suffix: int) -> pd.Series:
    if suffix not in IN_COLLECTIONS:
        return pd.Series(False, index=cards.index)
    return (cards[STATUS[suffix]] > 0) & (cards[f"BILL_AMT{suffix}"] > 0)


def accounts(cards: pd.DataFrame) -> pd.DataFrame:
    standing = pd.DataFrame(
        {
            "account_id": cards["ID"].astype(str) + "-card",
            "debtor_id": cards["ID"],
            "past_due_since": "2005-03-31",
            "placed_on": "2005-03-30",
            "placed_balance": 1,
            "closed_on": "2005-03-31",
        }
    )
    placed = [_placed(cards[late(cards, suffix)], suffix) for suffix in IN_COLLECTIONS]
    return pd.concat([standing, *placed]).assign(product="credit_card", close_reason="withdrawn")


def _placed(cards: pd.DataFrame, suffix: int) -> pd.DataFrame:
    night = month_end(suffix) + pd.Timedelta(days=1)
    return pd.DataFrame(
        {
            "account_id": cards["ID"].astype(str) + f"-{suffix}",
            "debtor_id": cards["ID"],
            "past_due_since": [(night - pd.DateOffset(months=int(n))).date() for n in cards[STATUS[suffix]]],
            "placed_on": month_end(suffix).date(),
            "placed_balance": cards[f"BILL_AMT{suffix}"],
            "closed_on": month_end(suffix - 1).date(),
            **{f"months_late_{lag}m_ago": cards[STATUS[suffix + lag]] for lag in (1, 2, 3)},
        }
    )


def payments(cards: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for suffix in range(OLDEST, NEWEST - 1, -1):
        account = cards["ID"].astype(str) + late(cards, suffix + 1).map(
            {True: f"-{suffix + 1}", False: "-card"}
        )
        paid = cards[f"PAY_AMT{suffix}"]
        parts.append(_events(cards, account, paid, "payment", suffix, pd.Timestamp(2005, 10 - suffix, 15)))
        if suffix < OLDEST:
            spent = cards[f"BILL_AMT{suffix}"] - cards[f"BILL_AMT{suffix + 1}"] + paid
            end = month_end(suffix)
            parts.append(_events(cards, account, spent.clip(lower=0), "charge", suffix, end))
            parts.append(_events(cards, account, (-spent).clip(lower=0), "waiver", suffix, end))
    return pd.concat(parts)


def _events(
    cards: pd.DataFrame, account: pd.Series, amount: pd.Series, kind: str, suffix: int, at: pd.Timestamp
) -> pd.DataFrame:
    happened = amount > 0
    return pd.DataFrame(
        {
            "payment_id": cards["ID"].astype(str)[happened] + f"-{kind}-{suffix}",
            "account_id": account[happened],
            "at": at,
            "amount": amount[happened],
            "kind": kind,
        }
    )
