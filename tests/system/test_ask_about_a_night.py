"""Questions to a night that was trained for, decided and published as a user would."""

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from command import duewise
from conftest import AS_OF, TinyPortfolio
from duewise.config import load_portfolio
from duewise.pipelines.whatif import whatif

DATE = AS_OF.isoformat()


@pytest.fixture(scope="module")
def strategies(night: Path) -> pd.DataFrame:
    return pq.read_table(night / "strategies.parquet").to_pandas()


def test_explain_tells_what_was_published(tiny, night, strategies):
    row = strategies[(strategies["action"] != "none") & strategies["denied"].map(len).gt(0)].iloc[0]
    asked = ("explain", tiny.file, row["debtor_id"], "--out", night.parent)
    told = duewise(*asked, "--format", "json")
    assert told.code == 0, told.stderr
    content = json.loads(told.stdout)
    assert content["strategy"]["action"] == row["action"]
    assert content["money"]["balance"] == row["balance"]
    assert [(one["action"], one["rule_id"]) for one in content["denied"]] == [
        (one["action"], one["rule_id"]) for one in row["denied"]
    ]
    assert all(one["says"] for one in content["denied"])
    shown = duewise(*asked).stdout
    assert row["debtor_id"] in shown
    assert content["denied"][0]["says"] in shown


def test_explain_refuses_a_stranger(tiny, night):
    refused = duewise("explain", tiny.file, "nobody", "--out", night.parent)
    assert refused.code == 2
    assert "in scope" in refused.message


def test_what_if_starts_from_the_published_night_and_ends_at_the_one_that_would_be(tiny, night, tmp_path):
    change = "resources.agent_minutes.limit=60"
    base, less = load_portfolio(tiny.file), load_portfolio(tiny.file, [change])
    answer = whatif(base, less, AS_OF)
    told = json.loads((night / "manifest.json").read_text())["totals"]
    assert (answer.base.contacts, answer.base.actions) == (told["planned"], told["actions"])
    assert answer.base.cost == pytest.approx(told["cost"])
    done = tiny.nightly(tmp_path / "runs", "--set", change)
    assert done.code == 0, done.stderr
    told = json.loads((tmp_path / "runs" / DATE / "manifest.json").read_text())["totals"]
    assert (answer.changed.contacts, answer.changed.actions) == (told["planned"], told["actions"])
    assert answer.changed.value <= answer.base.value


def test_what_if_prints_the_prices_and_the_frontier(tiny):
    asked = ("whatif", tiny.file, "--as-of", DATE, "--set", "resources.agent_minutes.limit=240")
    shown = duewise(*asked, "--frontier", "agent_minutes")
    assert shown.code == 0, shown.stderr
    for words in ("expected gain", "contacts", "one more is worth", "Frontier"):
        assert words in shown.stdout


def test_recheck_stops_who_has_paid_and_nobody_else(tiny: TinyPortfolio, night, strategies, tmp_path):
    planned = strategies[strategies["action"] == "call"].iloc[0]
    data = tmp_path / "data"
    data.mkdir()
    for table in tiny.data.glob("*.parquet"):
        (data / table.name).write_bytes(table.read_bytes())
    payments = tiny.table("payments")
    accounts = tiny.table("accounts").query("debtor_id == @planned.debtor_id")["account_id"]
    news = payments.iloc[: len(accounts)].assign(
        payment_id=[f"new{i}" for i in range(len(accounts))],
        account_id=accounts.to_numpy(),
        at=pd.Timestamp(f"{DATE} 00:30", tz=payments["at"].dt.tz),
        amount=1e7,
        kind="payment",
    )
    if "recorded_at" in news:
        news["recorded_at"] = news["at"]
    pd.concat([payments, news]).to_parquet(data / "payments.parquet")
    before = duewise("recheck", tiny.file, "--out", night.parent, "--at", f"{DATE}T00:20Z", "--data", data)
    assert before.code == 0, before.stderr
    early = set(pq.read_table(night / "recall.parquet")["debtor_id"].to_pylist())
    checked = duewise("recheck", tiny.file, "--out", night.parent, "--at", f"{DATE}T01:00Z", "--data", data)
    assert checked.code == 0, checked.stderr
    recall = pq.read_table(night / "recall.parquet").to_pandas()
    assert planned.debtor_id not in early
    assert recall.set_index("debtor_id")["reason"][planned.debtor_id] == "paid"
    assert "stopped" in checked.stdout


def test_rules_are_listed_with_what_they_say_and_where_they_come_from(tiny):
    shown = duewise("rules", "list", tiny.file, "--as-of", DATE)
    assert shown.code == 0, shown.stderr
    assert "base.opt_out" in shown.stdout
    assert "not verified" in shown.stdout
