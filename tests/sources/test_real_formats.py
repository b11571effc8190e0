"""Real exports in the formats in which they came."""

from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from client_tables import portfolio_of, write_csv
from duewise.contracts.vocabulary import Table
from duewise.sources.examine import examine_sources
from duewise.sources.open import open_tables

REAL = Path(__file__).parents[3] / "shared" / "realdata"

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason="the folder of real data is not beside the checkout"
)


def accounts_of(ids: pd.Series, placed_on: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": ids,
            "debtor_id": ids,
            "product": "other",
            "past_due_since": placed_on,
            "placed_on": placed_on,
            "placed_balance": "10000",
        }
    )


def test_dirt_of_an_agency_goes_to_quarantine_with_its_counts(tmp_path):
    claims = pd.read_csv(REAL / "agency_payments" / "claim.csv", dtype=str)
    ids = claims.debt_id.drop_duplicates()
    payment_id = claims.debt_id + "/" + claims.date_of_trans + "/" + claims.collected_amount.fillna("")
    write_csv(
        tmp_path,
        {
            "debtors": pd.DataFrame({"debtor_id": ids}),
            "accounts": accounts_of(ids, "2020-01-01"),
            "payments": claims.assign(payment_id=payment_id),
            "contacts": pd.DataFrame(
                columns=["contact_id", "debtor_id", "at", "channel", "direction", "outcome"]
            ),
        },
    )
    mapping = {
        "payments": {
            "columns": {"debt_id": "account_id", "collected_amount": "amount", "date_of_trans": "at"},
            "constants": {"kind": "payment"},
            "timezone": "Asia/Amman",
        }
    }
    portfolio = portfolio_of(tmp_path, mapping=mapping)
    with examine_sources(portfolio, date(2025, 1, 1), now=datetime(2025, 1, 1, 2)) as examination:
        report = examination.report.tables[Table.PAYMENTS]
        assert examination.report.refusals == ()
    # Two of the sixteen repeated rows have no amount and are refused for that.
    assert report.reasons == {"null_required": 21, "exact_duplicate": 14, "event_in_future": 1}
    assert report.accepted == 33_370 - 36


def test_a_call_centre_export_with_semicolons_and_days_first(tmp_path):
    source = REAL / "collection_calls" / "calls_2014_02_03.csv"
    calls = pd.read_csv(source, sep=";", dtype=str)
    write_csv(
        tmp_path,
        {
            "debtors": pd.DataFrame({"debtor_id": calls.CLIENTE}),
            "accounts": accounts_of(calls.CLIENTE, "2014-01-01"),
            "payments": pd.DataFrame(
                {
                    "payment_id": ["1"],
                    "account_id": calls.CLIENTE[:1],
                    "at": "2014-02-01",
                    "amount": "1",
                    "kind": "payment",
                }
            ),
        },
    )
    (tmp_path / "llamadas.csv").write_bytes(source.read_bytes().replace(b"CLIENTE;", b"debtor_id;", 1))
    mapping = {
        "contacts": {
            "file": "llamadas.csv",
            "columns": {"FECHALLAMADA": "at", "TIPOCONTACTO": "outcome", "ESTATUS": "contact_id"},
            "formats": {"at": "%d/%m/%Y"},
            "codes": {"outcome": {"COEF": "right_party", "CNE": "no_answer"}},
            "constants": {"channel": "call", "direction": "outbound"},
            "timezone": "America/Lima",
        }
    }
    portfolio = portfolio_of(tmp_path, mapping=mapping, sources={"max_bad_share": 1})
    with open_tables(portfolio, date(2014, 4, 1), now=datetime(2014, 4, 1, 2)) as opened:
        report = opened.report.tables[Table.CONTACTS]
        contacts = opened.tables.contacts.execute()
    # The export has no id of the call: every row but the first repeats that of the line holder.
    assert (report.read, report.accepted, report.reasons) == (5_754, 1, {"duplicate": 5_753})
    assert report.files[0].delimiter == ";"
    assert contacts["at"][0] == datetime(2014, 2, 3, 5)


def test_loans_of_a_bank_with_two_digit_years(tmp_path):
    loans = REAL / "berka_loans" / "loan.csv"
    disponents = pd.read_csv(REAL / "berka_loans" / "disp.csv", sep=";", dtype=str)
    write_csv(
        tmp_path,
        {
            "debtors": pd.DataFrame({"debtor_id": disponents.account_id.drop_duplicates()}),
            "payments": pd.DataFrame(
                {
                    "payment_id": ["1"],
                    "account_id": ["5314"],
                    "at": "1998-12-01",
                    "amount": "1",
                    "kind": "payment",
                }
            ),
            "contacts": pd.DataFrame(
                columns=["contact_id", "debtor_id", "at", "channel", "direction", "outcome"]
            ),
        },
    )
    (tmp_path / "loan.csv").write_bytes(loans.read_bytes())
    mapping = {
        "accounts": {
            "file": "loan.csv",
            "columns": {
                "loan_id": "account_id",
                "account_id": "debtor_id",
                "date": "placed_on",
                "amount": "placed_balance",
                "payments": "monthly_instalment",
            },
            "formats": {"placed_on": "%y%m%d"},
            "constants": {"product": "consumer_loan", "past_due_since": "1998-12-01"},
        }
    }
    portfolio = portfolio_of(tmp_path, mapping=mapping)
    with open_tables(portfolio, date(1999, 1, 1), now=datetime(1999, 1, 1, 2)) as opened:
        accounts = opened.tables.accounts.execute().set_index("account_id")
    assert len(accounts) == 682
    assert accounts.placed_on.min().date() == date(1993, 7, 5)
    assert accounts.loc["5316", "monthly_instalment"] == 4610
