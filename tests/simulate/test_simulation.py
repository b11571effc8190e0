"""A portfolio that lives on: decisions in, rows out, and the books always behind the truth."""

import shutil

import pandas as pd
import pytest

from duewise.contracts.vocabulary import Channel
from duewise.errors import DataError
from duewise.simulate.simulation import Simulation


@pytest.fixture
def simulation(sample):
    return Simulation.load(sample.truth_path)


def all_debtors(sample):
    accounts = pd.read_parquet(sample.path / "accounts.parquet")
    return accounts.loc[accounts["closed_on"].isna(), "debtor_id"].drop_duplicates()


def decide(debtors, action):
    return pd.DataFrame({"debtor_id": debtors, "action": str(action)})


def test_a_new_day_brings_only_facts_recorded_since_the_last(sample, simulation):
    before = pd.Timestamp(sample.as_of)
    night = simulation.step()
    assert pd.Timestamp(night.as_of) == before + pd.Timedelta(days=1)
    for rows in (night.payments, night.contacts, night.flags):
        assert len(rows) > 0
        assert rows["recorded_at"].between(before, pd.Timestamp(night.as_of), inclusive="left").all()


def test_what_happened_before_the_end_of_the_sample_still_comes_in(sample, simulation):
    night = simulation.step(decide([], "none"))
    assert (night.payments["at"] < pd.Timestamp(sample.as_of)).any()


def test_only_the_debtors_decided_for_are_contacted_and_as_decided(sample, simulation):
    called = all_debtors(sample).head(30)
    decisions = pd.concat([decide(called, Channel.CALL), decide(all_debtors(sample).tail(10), "none")])
    contacts = pd.concat(
        [simulation.step(decisions).contacts, *(simulation.step(decide([], "")).contacts for _ in "abcd")]
    )
    made = contacts[(contacts["direction"] == "outbound") & (contacts["at"] >= pd.Timestamp(sample.as_of))]
    assert sorted(made["debtor_id"]) == sorted(called)
    assert set(made["channel"]) == {"call"}
    assert made["policy"].isna().all()


def test_a_contact_is_made_at_the_time_decided(sample, simulation):
    at = pd.Timestamp(sample.as_of) + pd.Timedelta(hours=3, minutes=20)
    decisions = decide(all_debtors(sample).head(5), Channel.SMS).assign(at=at)
    contacts = simulation.step(decisions).contacts
    made = contacts[contacts["at"] >= pd.Timestamp(sample.as_of)]
    assert (made.loc[made["direction"] == "outbound", "at"] == at).all()


def test_an_evening_that_ends_on_the_next_utc_day_has_a_contact_of_its_own(sample, simulation):
    called = all_debtors(sample).head(5)
    late = pd.Timestamp(sample.as_of) + pd.Timedelta(hours=25)
    morning = pd.Timestamp(sample.as_of) + pd.Timedelta(hours=37)
    nights = [simulation.step(decide(called, Channel.SMS).assign(at=at)) for at in (late, morning)]
    nights += [simulation.step(decide([], "none")) for _ in "ab"]
    contacts = pd.concat([night.contacts for night in nights])
    assert contacts["contact_id"].is_unique
    assert set(contacts["at"]) >= {late, morning}


def test_the_same_decisions_lead_to_the_same_day(sample):
    decisions = decide(all_debtors(sample), Channel.CALL)
    one, two = (Simulation.load(sample.truth_path).step(decisions) for _ in range(2))
    pd.testing.assert_frame_equal(one.payments, two.payments)
    pd.testing.assert_frame_equal(one.contacts, two.contacts)


def test_contacts_bring_in_more_money_than_silence(sample):
    def recovered(action):
        simulation = Simulation.load(sample.truth_path)
        nights = [
            simulation.step(decide(all_debtors(sample) if i % 7 == 0 else [], action)) for i in range(28)
        ]
        payments = pd.concat([night.payments for night in nights])
        return payments.loc[payments["kind"] == "payment", "amount"].sum()

    assert recovered(Channel.LITIGATION) > 1.05 * recovered("none")


def test_three_weeks_can_be_appended_to_the_sample(sample, tmp_path, simulation):
    shutil.copytree(sample.path, tmp_path / "data")
    for _ in range(21):
        simulation.step().append_to(tmp_path / "data")
    payments = pd.read_parquet(tmp_path / "data" / "payments.parquet")
    accounts = pd.read_parquet(tmp_path / "data" / "accounts.parquet")
    assert payments["payment_id"].is_unique
    assert payments["account_id"].isin(accounts["account_id"]).all()
    assert len(accounts) > sample.rows["accounts"]
    assert (pd.to_datetime(accounts["closed_on"]) >= pd.Timestamp(sample.as_of)).any()
    signed = payments["amount"].where(payments["kind"].isin(["charge", "reversal"]), -payments["amount"])
    balance = accounts.set_index("account_id")["placed_balance"].add(
        signed.groupby(payments["account_id"]).sum(), fill_value=0
    )
    assert balance.min() > -0.005


@pytest.mark.parametrize(
    ("decisions", "complaint"),
    [
        (decide(["D9999999"], Channel.CALL), "1 unknown debtors"),
        (decide(["D0000001", "D0000001"], Channel.CALL), "1 repeated debtors"),
        (decide(["D0000001"], "pigeon"), "1 unknown actions"),
    ],
)
def test_decisions_that_cannot_be_carried_out_are_refused(simulation, decisions, complaint):
    with pytest.raises(DataError, match=complaint):
        simulation.step(decisions)
