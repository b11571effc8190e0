"""Made-up labelled debtor-dates for tests of fitting and judging, with a signal of known strength."""

import numpy as np
import pandas as pd

from duewise.features.registry import Family, Feature, Tag, Unit
from duewise.models.encoding import Encoding
from duewise.models.horizon_rows import HorizonRows
from duewise.models.splits import arrange

FIRST_NIGHT = "2024-01-01"


def feature(name: str, monotone: int = 0, levels: tuple[str, ...] = ()) -> Feature:
    return Feature(
        name=name,
        family=Family.DEBT,
        tag=Tag.DEBT,
        unit=Unit.CATEGORY if levels else Unit.NUMBER,
        description=name,
        en=name,
        zh=name,
        fact_en=name,
        fact_zh=name,
        monotone=monotone,
        levels=levels,
    )


CATALOGUE = (
    feature("days_past_due", monotone=-1),
    feature("kept_ratio", monotone=1),
    feature("mood"),
    feature("product", levels=("card", "loan")),
    feature("noise"),
)


def debtor_dates(debtors: int = 800, nights: int = 10, seed: int = 0, signal: float = 1.0) -> pd.DataFrame:
    """Return features, context and outcomes; debtors keep a willingness that the features only hint at."""
    rng = np.random.default_rng(seed)
    willingness = rng.normal(size=debtors)
    parts = []
    for night in pd.date_range(FIRST_NIGHT, periods=nights, freq="14D"):
        scope = np.flatnonzero(rng.random(debtors) < 0.7)
        n, will = len(scope), willingness[scope]
        dpd = rng.integers(1, 200, n).astype(float)
        balance = np.exp(rng.normal(8.0, 0.8, n))
        kept = 1.0 / (1.0 + np.exp(-(will + rng.normal(size=n))))
        # The middle of the mood scale pays best: no line and no monotone curve can say so.
        mood = rng.normal(size=n)
        log_odds = -1.0 + signal * (1.2 * will - dpd / 100.0 + 1.5 * (np.abs(mood) < 0.5) - 0.5)
        repaid = rng.random(n) < 1.0 / (1.0 + np.exp(-log_odds))
        parts.append(
            pd.DataFrame(
                {
                    "debtor_id": [f"D{i}" for i in scope],
                    "as_of": night,
                    "balance": balance,
                    "dpd": dpd,
                    "days_past_due": dpd,
                    "kept_ratio": np.where(rng.random(n) < 0.3, np.nan, kept),
                    "mood": mood,
                    "product": rng.choice(["card", "loan"], n),
                    "noise": rng.normal(size=n),
                    "repaid": repaid.astype(float),
                    "share": np.where(repaid, np.clip(rng.beta(0.8, 1.0, n), 0.1, 1.0), 0.0),
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(product=pd.Categorical(frame["product"], categories=["card", "loan"]))


def horizon_rows(frame: pd.DataFrame, horizon: int = 30, seed: int = 1) -> HorizonRows:
    """Return the frame as the models read it."""
    encoding = Encoding.learn(frame, CATALOGUE)
    return HorizonRows(
        horizon=horizon,
        encoding=encoding,
        matrix=encoding.matrix(frame),
        balance=frame["balance"].to_numpy(),
        dpd=frame["dpd"].to_numpy(),
        repaid=frame["repaid"].to_numpy(),
        share=frame["share"].to_numpy(),
        panel=arrange(frame["debtor_id"], frame["as_of"], seed),
    )
