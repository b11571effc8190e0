"""A digital collections portfolio through `mapping`: messages, plans, payments that bounce, vulnerability."""

from datetime import date

import pytest
from real_data import REAL_DATA, needs_real_data, real_portfolio, whole_run
from synthetic_debtstream import write_tables

from duewise.pipelines.check import check
from duewise.sources.open import open_tables

pytestmark = needs_real_data

SOURCE = REAL_DATA / "synthetic_debtstream"
NIGHT, END_OF_BOOKS = date(2023, 6, 1), date(2023, 7, 15)
STATIC_AUC = 0.614  # for ever paying, from static columns


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("debtstream")
    return folder, write_tables(SOURCE, folder / "data")


def test_every_row_and_every_code_of_the_client_is_understood(prepared):
    folder, made = prepared
    report = check(real_portfolio("synthetic_debtstream", folder), END_OF_BOOKS)
    assert report.refusals == ()
    assert {str(name): table.accepted for name, table in report.tables.items() if table.present} == {
        "debtors": 10_000,
        "accounts": 10_000,
        "payments": 2_362 - made.failed + made.bounced,
        "contacts": 19_244 + made.plans,
        "flags": made.vulnerable,
    }
    assert all(table.unknown_codes == () for table in report.tables.values())
    assert all(table.quarantined == 0 for table in report.tables.values())


def test_a_reversed_payment_leaves_the_debt_as_it_was(prepared):
    folder, made = prepared
    with open_tables(real_portfolio("synthetic_debtstream", folder), END_OF_BOOKS) as opened:
        payments = opened.tables.payments.to_pandas()
        contacts = opened.tables.contacts.to_pandas()
    assert (made.bounced, made.failed, made.plans) == (46, 203, 743)
    reversed_ = payments[payments["kind"] == "reversal"]
    assert len(reversed_) == made.bounced
    came_in = payments.set_index("payment_id").loc[reversed_["payment_id"].str.removesuffix("-out")]
    assert (came_in["kind"] == "payment").all()
    assert (came_in["amount"].to_numpy() == reversed_["amount"].to_numpy()).all()
    promised = contacts[contacts["outcome"] == "promise"]
    assert len(promised) == made.plans
    assert promised[["promise_amount", "promise_due_on"]].notna().all(axis=None)
    assert set(contacts["outcome"]) == {"bounced", "delivered", "clicked", "promise"}


@pytest.mark.slow
def test_a_whole_night_from_messages_to_strategies(prepared, capsys):
    folder, _ = prepared
    run = whole_run(real_portfolio("synthetic_debtstream", folder), NIGHT)
    auc = run.training.judged[30].probability.figures["duewise"]["auc"]
    strategies = run.strategies
    with capsys.disabled():
        print(f"\nsynthetic_debtstream, repays a tenth within 30 days: AUC {auc}")
        print(f"  reference {STATIC_AUC} for ever paying, from static columns")
        print(f"  actions of the night {strategies['action'].value_counts().to_dict()}")
    assert auc.high >= STATIC_AUC
    assert strategies["debtor_id"].is_unique
    assert len(strategies) > 9_000
    assert strategies["p_promise_kept"].notna().any()
