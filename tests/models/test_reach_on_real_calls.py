"""The reach model on the log of a collections call centre in Peru, February to judge March."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from client_tables import portfolio_of
from duewise.evaluate.judgement import JudgedRows, judge_probabilities
from duewise.features.attempts import past_attempts
from duewise.features.settings import FeatureSettings
from duewise.models.reach_fitting import fit_reach
from duewise.sources.open import open_tables

CALLS = Path(__file__).resolve().parents[3] / "shared" / "realdata" / "collection_calls"
pytestmark = pytest.mark.skipif(
    not CALLS.is_dir(), reason="the folder of real data is not beside this checkout"
)

END = date(2014, 4, 10)


def write_tables(folder):
    """Write the log as the contract's tables; a broken promise is a promise two months earlier."""
    log = pd.read_csv(CALLS / "calls_2014_02_03.csv", sep=";").dropna(subset=["HORA"])
    log = log.drop_duplicates("CLIENTE")
    month = pd.to_datetime(log["MES"].astype(str), format="%Y%m")
    late = (log["MES_1"] > 0).astype(int) + ((log["MES_1"] > 0) & (log["MES_2"] > 0))
    due = [m - pd.DateOffset(months=int(k)) for m, k in zip(month, late, strict=True)]
    day = pd.to_datetime(log["FECHALLAMADA"], format="%d/%m/%Y")
    at = day + pd.to_timedelta(log["HORA"], unit="h")
    calls = pd.DataFrame(
        {
            "contact_id": "C" + log["CLIENTE"],
            "debtor_id": log["CLIENTE"],
            "at": at,
            "channel": "call",
            "direction": "outbound",
            "outcome": np.where(log["TIPOCONTACTO"] == "COEF", "right_party", "no_answer"),
        }
    )
    broke = (log["PDPs_ROTAS"] == ">0").to_numpy()
    promised = calls[broke].assign(
        contact_id="P" + log["CLIENTE"][broke], at=at[broke] - pd.Timedelta(days=60), outcome="promise"
    )
    accounts = pd.DataFrame(
        {
            "account_id": "A" + log["CLIENTE"],
            "debtor_id": log["CLIENTE"],
            "product": "consumer_loan",
            "past_due_since": due,
            "placed_on": due,
            "placed_balance": log["MES_0"].clip(lower=0.01),
        }
    )
    folder.mkdir()
    debtors = pd.DataFrame({"debtor_id": log["CLIENTE"], "timezone": "America/Lima"})
    # The log has no payments and the contract wants some: one sol, which no reach feature reads.
    payments = (
        accounts[["account_id"]].head(1).assign(payment_id="P1", at="2014-04-08", amount=1.0, kind="payment")
    )
    tables = {"debtors": debtors, "accounts": accounts, "payments": payments}
    for name, table in {**tables, "contacts": pd.concat([calls, promised])}.items():
        table.to_csv(folder / f"{name}.csv", index=False)


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("peru") / "data"
    write_tables(folder)
    zone = {"timezone": "America/Lima", "country": "PE", "currency": "PEN"}
    clock = {"contacts": {"timezone": "America/Lima"}}
    portfolio = portfolio_of(folder, portfolio=zone, mapping=clock, sources={"max_bad_share": 0.05})
    with open_tables(portfolio, END) as opened:
        got = past_attempts(opened.tables, END, 100, 0, FeatureSettings.of(portfolio), 100_000)
    return got[got["as_of"] >= "2014-02-01"]


def test_hours_and_weekdays_are_those_of_the_log(calls):
    assert 5_000 < len(calls) <= 5_754
    assert set(calls["hour"]) <= set(range(7, 21))
    assert calls["reached"].mean() == pytest.approx(0.296, abs=0.01)
    monday_to_friday = calls.groupby("weekday")["reached"].mean().loc[:4]
    np.testing.assert_allclose(monday_to_friday, [0.30, 0.35, 0.26, 0.30, 0.27], atol=0.015)


def test_reach_is_only_weakly_predictable_and_no_more_is_claimed(calls):
    february, march = calls[calls["as_of"] < "2014-03-01"], calls[calls["as_of"] >= "2014-03-01"]
    reach, _ = fit_reach(february)
    chance = np.empty(len(march))
    for weekday in range(7):
        there = (march["weekday"] == weekday).to_numpy()
        rows = march[there]
        chance[there] = reach.predict(rows, "call", weekday)[np.arange(len(rows)), rows["hour"]]
    hour = reach.channels["call"].rates.base()[march["hour"]]
    outcome = march["reached"].to_numpy(dtype=float)
    rows = JudgedRows(np.arange(len(march)), outcome, np.ones(len(march)), outcome)
    base = np.full(len(march), february["reached"].mean())
    judged = judge_probabilities({"reach": chance, "hour": hour, "everybody alike": base}, rows)
    for name, figures in judged.figures.items():
        print(f"{name:16}", {k: str(figures[k]) for k in ("auc", "brier", "log_loss")})
    print("reference: hour alone AUC 0.535, all columns 0.60-0.62 with Brier 0.203 against 0.205")
    auc = judged.figures["reach"]["auc"]
    assert auc.high > 0.53
    assert auc.value < 0.64  # far above the reference would be a leak
    assert judged.figures["reach"]["log_loss"].value < judged.figures["everybody alike"]["log_loss"].high
