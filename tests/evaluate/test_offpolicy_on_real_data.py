"""Off-policy values on logs that nobody in this project made."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from duewise.evaluate.offpolicy import DecisionLog, dr, ips, snips

REALDATA = Path(__file__).resolve().parents[3] / "shared" / "realdata"
pytestmark = pytest.mark.skipif(
    not REALDATA.is_dir(), reason="the folder of real data is not beside this checkout"
)
ITEMS = 34


def bandit(policy):
    """Return the log of one of two policies that recommended 34 fashion items, and the positions."""
    table = pd.read_csv(REALDATA / "open_bandit_men" / f"{policy}_men.csv.gz", index_col=0)
    log = DecisionLog.of(
        table["item_id"].to_numpy(), table["propensity_score"].to_numpy(), table["click"].to_numpy()
    )
    return log, table


def test_the_uniform_policy_on_the_sampling_log():
    log, _ = bandit("bts")
    uniform = np.full((len(log.action), ITEMS), 1.0 / ITEMS)
    straight, normalised = ips(log, uniform), snips(log, uniform)
    assert [round(v, 5) for v in (straight.value, straight.low, straight.high)] == [0.00301, 0.00149, 0.00453]
    assert [round(v, 5) for v in (normalised.value, normalised.low, normalised.high)] == [
        0.00319,
        0.00157,
        0.00481,
    ]
    assert round(straight.effective_rows) == 656
    assert round(straight.largest_weight) == 178
    assert any("too narrow" in warning for warning in straight.warnings)


def test_the_sampling_policy_on_the_uniform_log():
    log, random = bandit("random")
    _, bts = bandit("bts")
    shares = pd.crosstab(bts["position"], bts["item_id"], normalize="index").reindex(
        columns=range(ITEMS), fill_value=0.0
    )
    target = shares.loc[random["position"]].to_numpy()
    value = snips(log, target)
    assert [round(v, 5) for v in (value.value, value.low, value.high)] == [0.00574, 0.00297, 0.00851]
    assert round(value.effective_rows) == 2_869


def test_one_email_for_all_is_worth_the_mean_of_its_arm():
    table = pd.read_csv(REALDATA / "hillstrom_email" / "hillstrom_data.csv.gz")
    arms = ["No E-Mail", "Mens E-Mail", "Womens E-Mail"]
    action = table["segment"].map({arm: k for k, arm in enumerate(arms)}).to_numpy()
    for outcome in ("visit", "spend"):
        y = table[outcome].to_numpy(dtype=float)
        log = DecisionLog.of(action, np.full(len(y), 1 / 3), y)
        for k in range(3):
            everyone = np.full(len(y), k)
            own = y[action == k]
            value = snips(log, everyone)
            assert value.value == pytest.approx(own.mean())
            assert value.standard_error == pytest.approx(own.std(ddof=1) / np.sqrt(len(own)), rel=1e-3)
            # A model of one mean per arm turns DR into the mean of the arm too.
            means = np.tile([y[action == a].mean() for a in range(3)], (len(y), 1))
            assert dr(log, everyone, means).value == pytest.approx(own.mean())


def test_offers_drawn_within_strata_need_the_shares_of_their_strata():
    """Rates were drawn within risk and wave; risk sets both the rate and what it earns."""
    table = pd.read_stata(
        REALDATA / "credit_offers_sa" / "kz_demandelasts_aer08.dta.gz", convert_categoricals=False
    ).dropna(subset=["offer4", "tookup", "risk", "wave"])
    dear = (table["offer4"] > table["offer4"].median()).to_numpy().astype(int)
    stratum = table.groupby(["risk", "wave"]).ngroup().to_numpy()
    y = table["tookup"].to_numpy(dtype=float)
    size = np.bincount(stratum)
    share = np.bincount(stratum, dear) / size
    overlapping = ((share > 0.0) & (share < 1.0))[stratum]
    dear, stratum, y = dear[overlapping], stratum[overlapping], y[overlapping]
    chance = np.where(dear == 1, share[stratum], 1.0 - share[stratum])
    everyone = np.ones(len(y), dtype=np.intp)
    stratified = snips(DecisionLog.of(dear, chance, y), everyone)
    pooled_chance = np.where(dear == 1, dear.mean(), 1.0 - dear.mean())
    pooled = snips(DecisionLog.of(dear, pooled_chance, y), everyone)
    present = np.unique(stratum)
    means = np.array([y[(stratum == s) & (dear == 1)].mean() for s in present])
    truth = np.average(means, weights=[np.sum(stratum == s) for s in present])
    assert stratified.low <= truth <= stratified.high
    assert not pooled.low <= truth <= pooled.high
