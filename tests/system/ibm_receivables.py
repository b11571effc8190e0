"""Splits the one invoice file of `ibm_receivables` into tables; names and formats are left to `mapping`."""

from pathlib import Path

import pandas as pd


def write_tables(invoices: Path, folder: Path, disputed: str = "Yes") -> pd.DataFrame:
    """Write debtors, accounts, payments, flags and empty contacts as CSV files; return the invoices.

    An invoice is placed when it is written and paid in one payment. Since when one is disputed is not on
    file: the flag starts with the invoice, which is the strongest leak that it could be.

    Parameters
    ----------
    disputed : str
        Which entry of the column counts as a dispute.
    """
    rows = pd.read_csv(invoices, dtype=str)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "debtors": rows[["customerID", "countryCode"]].drop_duplicates("customerID"),
        "accounts": rows[
            ["invoiceNumber", "customerID", "InvoiceDate", "DueDate", "InvoiceAmount", "SettledDate"]
        ].assign(placed=rows["InvoiceDate"]),
        "payments": rows[["invoiceNumber", "SettledDate", "InvoiceAmount"]].assign(
            number=rows["invoiceNumber"]
        ),
        "flags": rows.loc[rows["Disputed"] == disputed, ["customerID", "invoiceNumber", "InvoiceDate"]],
        "contacts": pd.DataFrame(
            columns=["contact_id", "debtor_id", "at", "channel", "direction", "outcome"]
        ),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return rows
