"""Prepares `synthetic_debtstream` where `mapping` cannot: columns made of two, rows made of others."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Prepared:
    """Rows that were made, or left out on purpose."""

    bounced: int
    failed: int
    plans: int
    vulnerable: int


def write_tables(source: Path, folder: Path) -> Prepared:
    """Write customers, payments, contacts and flags as CSV files; names and codes stay the client's."""
    raw = {
        name: pd.read_csv(next(source.glob(f"debtstream_{name}.csv*")), dtype=str)
        for name in ("customers", "payments", "communication_events", "repayment_plans")
    }
    tables = {
        "customers": customers(raw["customers"]),
        "payments": payments(raw["payments"]),
        "contacts": pd.concat([messages(raw["communication_events"]), plans(raw["repayment_plans"])]),
        "flags": raw["customers"].loc[
            raw["customers"]["vulnerability_flag"] == "1", ["customer_id", "account_upload_date"]
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    status = raw["payments"]["payment_status"].value_counts()
    return Prepared(
        int(status["Reversed"]), int(status["Failed"]), len(raw["repayment_plans"]), len(tables["flags"])
    )


def customers(rows: pd.DataFrame) -> pd.DataFrame:
    """Add when the debt fell due, and the account beside the person; the end state is a leak and goes."""
    age = pd.to_timedelta(rows["debt_age_days"].astype(int), unit="D")
    due = (pd.to_datetime(rows["account_upload_date"]) - age).dt.date
    return rows.drop(columns="account_status").assign(account=rows["customer_id"], past_due_since=due)


def payments(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave failed attempts out; a reversed payment came in and went out again."""
    moved = rows[rows["payment_status"] != "Failed"]
    out = moved[moved["payment_status"] == "Reversed"]
    out = out.assign(payment_id=out["payment_id"] + "-out", payment_status="Bounced")
    return pd.concat([moved, out])


def messages(rows: pd.DataFrame) -> pd.DataFrame:
    """Join the two flags that together say what became of a message."""
    return rows.assign(result=rows["delivered_flag"] + "-" + rows["opened_or_clicked_flag"], direction="sent")


def plans(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each plan as a contact by the debtor that promises the first instalment a month later."""
    due = pd.to_datetime(rows["plan_created_date"]) + pd.DateOffset(months=1)
    return pd.DataFrame(
        {
            "communication_id": rows["plan_id"],
            "customer_id": rows["customer_id"],
            "sent_date": rows["plan_created_date"],
            "channel": "Portal",
            "direction": "set up",
            "result": "plan",
            "instalment_amount": rows["instalment_amount"],
            "first_instalment_on": due.dt.date,
        }
    )
