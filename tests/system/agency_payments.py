"""Adds to the payments of `agency_payments` what its agency did not deliver: debts, debtors and row keys."""

from pathlib import Path

import pandas as pd

FIRST_POSSIBLE, LAST_POSSIBLE = "2020-01-01", "2024-12-31"


def write_tables(claims: Path, folder: Path, one_debt_in: int = 1) -> pd.DataFrame:
    """Write debtors, accounts, the claims as they came and empty contacts; return the claims.

    A debt is placed, and falls due, on the day before its first payment that can have happened. A row's key
    is what it says, since the export has none: rows that repeat each other get the same.

    Parameters
    ----------
    one_debt_in : int
        Keep one debt of so many, by the last digits of its number.
    """
    rows = pd.read_csv(claims, dtype=str)
    rows = rows[rows["debt_id"].astype(int) % one_debt_in == 0].reset_index(drop=True)
    key = rows["debt_id"] + "/" + rows["date_of_trans"] + "/" + rows["collected_amount"].fillna("")
    possible = rows["date_of_trans"].between(FIRST_POSSIBLE, LAST_POSSIBLE)
    first = (
        pd.to_datetime(rows["date_of_trans"].where(possible, LAST_POSSIBLE)).groupby(rows["debt_id"]).min()
    )
    day_before = (first - pd.Timedelta(days=1)).dt.date
    ids = first.index
    tables = {
        "debtors": pd.DataFrame({"debt_id": ids}),
        "accounts": pd.DataFrame(
            {"debt_id": ids, "debtor": ids, "day_before": day_before.array, "due": day_before.array}
        ),
        "claim": rows.assign(row_key=key),
        "contacts": pd.DataFrame(
            columns=["contact_id", "debtor_id", "at", "channel", "direction", "outcome"]
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return rows
