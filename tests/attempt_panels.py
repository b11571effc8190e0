"""Made-up attempts whose chance of reaching the debtor is known, and made-up promises."""

import numpy as np
import pandas as pd

from duewise.features.attempts import RECORD, reached, tried
from duewise.features.contact_history import DAYPARTS
from duewise.models.contact_rates import PART_OF_HOUR

HOUR_EFFECT = np.zeros(24)
HOUR_EFFECT[[18, 19]] = 0.8
HOUR_EFFECT[[12, 13]] = -0.6


def attempts(debtors=400, days=120, spread=1.0, seed=0, channel="call"):
    """Return attempts in order of time with the record that each debtor had before, and ``chance``.

    Parameters
    ----------
    spread : float
        Standard deviation of the debtors' own log-odds; 0 makes all alike.
    """
    rng = np.random.default_rng(seed)
    own = spread * rng.normal(size=debtors)
    retired = rng.random(debtors) < 0.3
    record = np.zeros((debtors, len(DAYPARTS), 2))
    parts = []
    for day in pd.date_range("2024-01-01", periods=days):
        who = np.flatnonzero(rng.random(debtors) < 0.1)
        hour = rng.integers(9, 20, len(who))
        shift = np.where(retired[who], -HOUR_EFFECT[hour], HOUR_EFFECT[hour])
        chance = 1 / (1 + np.exp(-(-1.0 + own[who] + shift)))
        hit = rng.random(len(who)) < chance
        frame = {
            "debtor_id": [f"D{i}" for i in who],
            "as_of": day,
            "channel": channel,
            "hour": hour,
            "weekday": day.weekday(),
            "reached": hit.astype(float),
            "bucket": "31-60",
            "product": "credit_card",
            "employment": np.where(retired[who], "retired", "employed"),
            "chance": chance,
        }
        counts = {name: np.zeros(len(who), dtype=int) for name in RECORD}
        for p, part in enumerate(DAYPARTS):
            counts[tried(channel, part)] = record[who, p, 0].astype(int)
            counts[reached(channel, part)] = record[who, p, 1].astype(int)
        parts.append(pd.DataFrame({**frame, **counts}))
        record[who, PART_OF_HOUR[hour], 0] += 1
        record[who, PART_OF_HOUR[hour], 1] += hit
    return pd.concat(parts, ignore_index=True)


def promises(debtors=600, dates=12, signal=1.0, seed=0):
    """Return past promises, one at most per debtor and date, with ``chance`` of being kept."""
    rng = np.random.default_rng(seed)
    will = rng.normal(size=debtors)
    due, kept_before = np.zeros(debtors), np.zeros(debtors)
    parts = []
    for as_of in pd.date_range("2024-01-01", periods=dates, freq="20D"):
        who = np.flatnonzero(rng.random(debtors) < 0.4)
        n = len(who)
        balance = np.exp(rng.normal(8, 0.7, n))
        share = rng.uniform(0.05, 1.0, n)
        chance = 1 / (1 + np.exp(-(0.2 + signal * (0.9 * will[who] - 2.0 * share + 0.5))))
        kept = (rng.random(n) < chance).astype(float)
        parts.append(
            pd.DataFrame(
                {
                    "debtor_id": [f"D{i}" for i in who],
                    "as_of": as_of,
                    "contact_id": [f"C{as_of.dayofyear}-{i}" for i in who],
                    "channel": rng.choice(["call", "ai_call"], n),
                    "attitude": rng.choice(["neutral", "hostile"], n),
                    "amount_to_balance": share,
                    "amount_to_income": np.where(rng.random(n) < 0.3, np.nan, share * balance / 5_000),
                    "paid_share": 0.0,
                    "days_to_due": rng.integers(0, 10, n).astype(float),
                    "term_days": 10.0,
                    "age_days": 3.0,
                    "balance": balance,
                    "dpd": rng.integers(1, 200, n).astype(float),
                    "promises_due": due[who],
                    "promises_kept": kept_before[who],
                    "remaining": share * balance,
                    "came_share": np.where(kept > 0, 1.0, 0.1),
                    "kept": kept,
                    "chance": chance,
                }
            )
        )
        due[who] += 1
        kept_before[who] += kept
    return pd.concat(parts, ignore_index=True)
