"""What one night publishes, held against the contract, the rules and the capacities."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duewise.contracts.strategies import strategies_schema
from tiny_portfolio import AS_OF, PORTFOLIO, TinyPortfolio

HORIZONS = PORTFOLIO["horizons"]
CHANNELS = ["sms", "email", "app_push", "ai_call", "call", "letter", "visit", "legal_letter", "litigation"]
TEXT, WHOLE, NUMBER, YES_NO, DAY = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.date32()
TIME = pa.timestamp("us", tz="UTC")
REASON = pa.struct({"code": TEXT, "direction": TEXT, "text": TEXT})

# Written out, not imported: this is the interface that other people's jobs read.
COLUMNS = {
    "run_id": TEXT,
    "as_of": DAY,
    "debtor_id": TEXT,
    "rank": WHOLE,
    "queue": TEXT,
    "priority": NUMBER,
    "balance": NUMBER,
    "dpd": WHOLE,
    "bucket": TEXT,
    "product": TEXT,
    "region": TEXT,
    "stage": TEXT,
    "action": TEXT,
    "action_supported": YES_NO,
    "window_start": TIME,
    "window_end": TIME,
    "contacts_allowed_7d": WHOLE,
    "follow_up_action": TEXT,
    "follow_up_on": DAY,
    "tone": TEXT,
    "offer": TEXT,
    "offer_amount": NUMBER,
    "offer_months": WHOLE,
    "next_review_on": DAY,
    "p_repay_14d": NUMBER,
    "expected_recovery_14d": NUMBER,
    "expected_recovery_30d": NUMBER,
    "gain": NUMBER,
    "harm": NUMBER,
    "cost": NUMBER,
    "net_gain": NUMBER,
    "runner_up_action": TEXT,
    "runner_up_net_gain": NUMBER,
    "p_promise_kept": NUMBER,
    "ability": NUMBER,
    "willingness": NUMBER,
    "segment": TEXT,
    **{f"reason_{i}": REASON for i in range(1, 6)},
    "action_reason": TEXT,
    **{f"effect_{channel}": NUMBER for channel in CHANNELS},
    "denied": pa.list_(pa.struct({"action": TEXT, "rule_id": TEXT})),
    "cell": TEXT,
    "propensity": NUMBER,
    "model_version": TEXT,
    "policy_version": TEXT,
}

NO_CONTACT = [
    "cease_contact",
    "represented",
    "bankruptcy",
    "insolvency",
    "deceased",
    "minor",
    "dispute",
    "identity_theft",
    "breathing_space",
]


@pytest.fixture(scope="module")
def strategies(night: Path) -> pd.DataFrame:
    return pq.read_table(night / "strategies.parquet").to_pandas()


@pytest.fixture(scope="module")
def manifest(night: Path) -> dict:
    return json.loads((night / "manifest.json").read_text())


@pytest.fixture(scope="module")
def flags(tiny: TinyPortfolio) -> pd.DataFrame:
    """Flags that stand on the night, as far as the books knew."""
    rows, evening = tiny.table("flags"), pd.Timestamp(AS_OF)
    known = (rows.starts_at < evening) & (rows.recorded_at.fillna(rows.starts_at) < evening)
    return rows[known & ~(rows.ends_at <= evening)]


def test_a_run_folder_holds_every_output_and_latest_points_to_it(night):
    names = {path.name for path in night.iterdir()}
    assert names >= {"strategies.parquet", "worklist.xlsx", "report.html", "manifest.json", "quarantine"}
    assert (night.parent / "latest").resolve() == night.resolve()
    assert not [path for path in night.parent.iterdir() if "partial" in path.name]


def test_the_columns_are_those_of_the_contract_in_order_and_type(night):
    schema = pq.read_schema(night / "strategies.parquet")
    assert schema.names == list(COLUMNS)
    assert {field.name: field.type for field in schema} == COLUMNS


def test_every_value_is_one_that_the_contract_allows(strategies):
    for name, column in strategies_schema(HORIZONS).columns.items():
        values, facts = strategies[name], column.metadata
        if column.required and not column.nullable:
            assert values.notna().all(), name
        if "vocabulary" in facts:
            assert set(values.dropna()) <= set(map(str, facts["vocabulary"])), name
        if facts.get("least") is not None:
            assert (values.dropna() >= facts["least"]).all(), name
        if facts.get("most") is not None:
            assert (values.dropna() <= facts["most"]).all(), name


def test_every_debtor_in_scope_has_one_strategy_and_a_rank_of_its_own(strategies, tiny):
    assert strategies["debtor_id"].is_unique
    assert strategies["rank"].tolist() == list(range(1, len(strategies) + 1))
    accounts, evening = tiny.table("accounts"), AS_OF
    open_accounts = accounts[
        (pd.to_datetime(accounts.placed_on).dt.date < evening)
        & ~(pd.to_datetime(accounts.closed_on).dt.date < evening)
    ]
    payments = tiny.table("payments")
    known = payments[
        (payments["at"] < pd.Timestamp(evening)) & (payments.recorded_at < pd.Timestamp(evening))
    ]
    sign = known.kind.map({"payment": -1, "waiver": -1, "charge": 1, "reversal": 1})
    moved = (sign * known.amount).groupby(known.account_id).sum()
    owed = open_accounts.placed_balance + open_accounts.account_id.map(moved).fillna(0.0)
    in_scope = owed.clip(lower=0).groupby(open_accounts.debtor_id).sum()
    assert set(strategies["debtor_id"]) == set(in_scope[in_scope > 0.005].index)
    balance = strategies.set_index("debtor_id")["balance"]
    pd.testing.assert_series_equal(
        balance.sort_index(), in_scope[in_scope > 0.005].sort_index(), check_names=False, atol=0.01
    )


def test_no_capacity_is_exceeded_and_the_night_uses_what_it_has(strategies):
    planned = strategies["action"].value_counts()
    for action, settings in PORTFOLIO["actions"].items():
        assert planned.get(action, 0) <= settings.get("capacity", len(strategies)), action
    for resource, limit in PORTFOLIO["resources"].items():
        uses = {
            action: settings.get("uses", {}).get(resource, 0)
            for action, settings in PORTFOLIO["actions"].items()
        }
        used = strategies["action"].map(uses).fillna(0)
        place = strategies["region"].fillna("") if limit.get("per") else pd.Series("", index=used.index)
        assert (used.groupby(place).sum() <= limit["limit"]).all(), resource
    assert planned.drop("none").sum() > 40


def test_nobody_on_hold_or_opted_out_is_contacted(strategies, flags):
    action = strategies.set_index("debtor_id")["action"]
    held = set(flags.loc[flags.flag.isin(NO_CONTACT), "debtor_id"]) & set(action.index)
    assert held
    assert (action[sorted(held)].isin(["none", "legal_letter"])).all()
    for channel in CHANNELS:
        out = set(flags.loc[flags.flag == f"opt_out:{channel}", "debtor_id"]) & set(action.index)
        assert (action[sorted(out)] != channel).all(), channel


def test_denials_name_the_rule_and_never_the_chosen_action(strategies, manifest):
    named = 0
    for action, denied in zip(strategies["action"], strategies["denied"], strict=True):
        assert action not in {item["action"] for item in denied}
        for item in denied:
            assert item["rule_id"] in manifest["rules"], item
            named += 1
    assert named > 100
    for rule, text in manifest["rules"].items():
        assert text["says"], rule
        # That a debtor has no phone is a fact, and nobody's law.
        assert text["cite"] or rule.startswith("possible."), rule


def test_an_action_has_a_window_within_the_debtors_day_and_none_has_not(strategies, tiny):
    acting = strategies["action"] != "none"
    windows = strategies.loc[acting, ["window_start", "window_end"]]
    assert windows.notna().all(axis=None)
    assert (windows["window_start"] < windows["window_end"]).all()
    zones = tiny.table("debtors").set_index("debtor_id")["timezone"].fillna("Asia/Shanghai")
    for row in strategies.loc[acting].itertuples():
        begin = row.window_start.tz_convert(zones[row.debtor_id])
        last = (row.window_end - pd.Timedelta(seconds=1)).tz_convert(zones[row.debtor_id])
        assert begin.date() == last.date() == AS_OF, row.debtor_id
    assert strategies.loc[~acting, "window_start"].isna().all()
    assert (strategies.loc[acting, "contacts_allowed_7d"] >= 1).all()
    assert (strategies.loc[acting, "action_reason"].str.len() > 10).all()


def test_every_debtor_has_reasons_that_a_person_can_read(strategies):
    first = strategies["reason_1"].dropna()
    assert len(first) == len(strategies)
    assert set(first.map(lambda reason: reason["direction"])) <= {"up", "down"}
    assert not first.map(lambda reason: "_" in reason["text"] or not reason["text"]).any()


def test_the_manifest_can_reproduce_the_night_and_adds_up(strategies, manifest, tiny):
    assert manifest["as_of"] == AS_OF.isoformat()
    assert set(manifest["run_id"]) <= set("0123456789abcdef")
    assert (strategies["run_id"] == manifest["run_id"]).all()
    for name in ("debtors", "accounts", "payments", "contacts", "flags"):
        entry = manifest["inputs"][name]
        assert entry["read"] == len(tiny.table(name)) == entry["accepted"] + entry["quarantined"]
        assert [len(file["sha256"]) for file in entry["files"]] == [64]
    assert {"duewise", "python", "lightgbm", "duckdb"} <= set(manifest["versions"])
    assert manifest["seconds"]
    assert manifest["peak_memory_mib"] > 0
    totals = manifest["totals"]
    assert totals["debtors"] == len(strategies)
    assert totals["balance"] == pytest.approx(strategies["balance"].sum(), abs=0.01)
    assert totals["planned"] == (strategies["action"] != "none").sum()
    assert totals["cost"] == pytest.approx(strategies["cost"].sum(), abs=0.01)
    assert {row["name"] for row in manifest["capacities"]} >= set(PORTFOLIO["actions"])
    (visits,) = (row for row in manifest["capacities"] if row["name"] == "visit_slots")
    assert visits["limit"] == PORTFOLIO["resources"]["visit_slots"]["limit"] * strategies["region"].nunique()
    assert sum(manifest["cells"].values()) == len(strategies)
    assert isinstance(manifest["warnings"], list)


def test_the_manifest_says_what_limits_are_worth_and_to_whom(strategies, manifest):
    prices = {row["name"]: row["price"] for row in manifest["capacities"]}
    by_rank = strategies.set_index("rank")
    assert manifest["next_units"]
    for one in manifest["next_units"]:
        assert prices[one["limit"]] > 0
        row = by_rank.loc[one["rank"]]
        assert row["cell"] == "policy"
        assert row["action"] == one["instead_of"] != one["action"]
        assert one["action"] not in {item["action"] for item in row["denied"]}
    for curve in manifest["frontiers"]:
        values = [point["value"] for point in curve["points"]]
        assert values == sorted(values)
        tonight = next(point for point in curve["points"] if point["factor"] == 1)
        assert tonight["value"] == pytest.approx(manifest["allocation"]["value"], rel=1e-3)


def test_the_manifest_tells_the_money_to_expect_from_promises(strategies, manifest):
    promises = manifest["promises"]
    assert promises["debtors"] == strategies["p_promise_kept"].notna().sum()
    assert 0 <= promises["low"] <= promises["expected"] <= promises["high"]


def test_every_choice_of_the_policy_stands_beside_the_second_best(night, strategies):
    details = pd.read_parquet(night / "details.parquet").set_index("debtor_id")
    rows = strategies.set_index("debtor_id").join(details[["over_runner_up", "flip"]])
    assert rows.loc[rows["cell"] != "policy", "flip"].isna().all()
    acted = rows[(rows["cell"] == "policy") & (rows["action"] != "none")]
    assert len(acted) > 0
    cost = {"none": 0.0, **{name: action["cost"] for name, action in PORTFOLIO["actions"].items()}}
    for row in acted.itertuples():
        assert row.over_runner_up["cost"] == pytest.approx(cost[row.action] - cost[row.runner_up_action])
        assert row.over_runner_up["capacity"] >= 0 or row.runner_up_action != "none"
        assert row.flip["cost"] >= 0
        assert row.flip["alternative"] != row.action


def test_whoever_cannot_be_contacted_is_counted_once_with_the_reason(strategies, manifest):
    assert sum(manifest["uncontactable_by"].values()) == manifest["totals"]["uncontactable"] > 0
    assert set(manifest["uncontactable_by"]) <= set(manifest["rules"])


def test_every_strategy_says_why_its_stage_and_the_legal_route_what_it_lacks(strategies):
    assert strategies["action_reason"].str.contains("Stage: ").all()
    legal = strategies["offer"] == "legal_route"
    lacking = strategies["action_reason"].str.contains("Missing for a suit: ")
    assert lacking[legal].any()
    assert not lacking[~legal].any()


def test_only_the_owner_can_read_what_a_night_wrote(night):
    assert [path for path in night.rglob("*") if path.stat().st_mode & 0o077] == []
