"""Amount: the share of the balance that is expected to come in within a horizon.

Most debtors pay nothing, some pay a part, a few pay all. Two shapes are tried and the one with the smaller
held-out error in money is kept: a *fractional* model (boosted log-loss on the share itself, as in Papke &
Wooldridge 1996) and a *hurdle* (probability of paying anything times the share that payers pay).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from duewise.models.calibration import Calibrator, fit_line
from duewise.models.causal.boosting import predict
from duewise.models.crossfit import Margins, calibration_rows, judged_probabilities, out_of_fold_margins
from duewise.models.files import load_booster, read_json, save_booster, write_json
from duewise.models.horizon_rows import HorizonRows
from duewise.models.splits import Ints, Rotation
from duewise.models.trees import TreeFitter

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Shape = Literal["fractional", "hurdle"]

MIN_PAYER_ROWS = 200  # debtor-dates with a payment, below which a hurdle has too little to learn shares from


@dataclass(frozen=True)
class Amount:
    """One booster (fractional) or two (hurdle), and the calibrator that makes totals of money match."""

    horizon: int
    shape: Shape
    boosters: tuple[lgb.Booster, ...]
    calibrator: Calibrator

    def share(self, matrix: Floats32, threads: int = 1) -> Floats:
        """Return the expected recovered share of each row's balance, in [0, 1]."""
        raw = [predict(b, matrix, b.current_iteration(), threads) for b in self.boosters]
        return self.calibrator(combined_margin(raw))

    def save(self, folder: Path) -> None:
        """Write the model as text into `folder`."""
        for i, booster in enumerate(self.boosters):
            save_booster(booster, folder / f"amount_{self.horizon}d_{i}.txt")
        content = {
            "horizon": self.horizon,
            "shape": self.shape,
            "boosters": len(self.boosters),
            "calibrator": self.calibrator.to_json(),
        }
        write_json(folder / f"amount_{self.horizon}d.json", content)

    @classmethod
    def load(cls, folder: Path, horizon: int) -> Amount:
        """Return the model that `save` wrote."""
        content = read_json(folder / f"amount_{horizon}d.json")
        paths = [folder / f"amount_{horizon}d_{i}.txt" for i in range(content["boosters"])]
        return cls(
            horizon=horizon,
            shape=content["shape"],
            boosters=tuple(load_booster(path) for path in paths),
            calibrator=Calibrator.from_json(content["calibrator"]),
        )


def combined_margin(raw: list[Floats]) -> Floats:
    """Return the log-odds of the product of the shares whose log-odds are given."""
    if len(raw) == 1:
        return raw[0]
    product = np.prod([expit(margin) for margin in raw], axis=0)
    return np.asarray(logit(np.clip(product, 1e-9, 1.0 - 1e-9)))


@dataclass(frozen=True)
class _Recipe:
    """The boosters of one shape and the rows from which each learns."""

    shape: Shape
    parts: tuple[TreeFitter, ...]
    eligible: tuple[NDArray[np.bool_], ...]

    def stopped(self, fit: Ints, stop: Ints) -> tuple[Margins, list[int]]:
        """Return the fitted margins and the rounds of each booster."""
        fitted = [
            part.stopped(fit[able[fit]], stop[able[stop]])
            for part, able in zip(self.parts, self.eligible, strict=True)
        ]
        margins = [part.margins(*model) for part, model in zip(self.parts, fitted, strict=True)]
        return _combined(margins), [rounds for _, rounds in fitted]

    def fixed(self, rounds: list[int]) -> tuple[lgb.Booster, ...]:
        """Return the boosters fitted on all rows."""
        return tuple(
            part.fixed(np.flatnonzero(able), n)
            for part, able, n in zip(self.parts, self.eligible, rounds, strict=True)
        )


def fit_amount(rows: HorizonRows, threads: int, seed: int) -> tuple[Amount, Floats]:
    """Return the fitted model and its expected shares on the judged rows (NaN elsewhere).

    Splits, stopping and the last refit are those of :func:`duewise.models.repayment.fit_repayment`; the
    calibrator weighs rows by balance, so that expected money adds up to recovered money.
    """
    recipe = _choose(rows, threads, seed)
    rounds: list[list[int]] = []

    def fit(teach: Ints, stop: Ints) -> Margins:
        margins, best = recipe.stopped(teach, stop)
        rounds.append(best)
        return margins

    margins = out_of_fold_margins(rows.panel, fit)

    def calibrator(index: Ints) -> Calibrator:
        return fit_line(margins[index], rows.share[index], rows.balance[index])

    judged = judged_probabilities(rows.panel, margins, calibrator)
    model = Amount(
        horizon=rows.horizon,
        shape=recipe.shape,
        boosters=recipe.fixed([int(np.median(best)) for best in zip(*rounds, strict=True)]),
        calibrator=calibrator(calibration_rows(rows.panel, margins)),
    )
    return model, judged


def _choose(rows: HorizonRows, threads: int, seed: int) -> _Recipe:
    """Return the shape with the smaller held-out error in money on the first rotation."""
    pays = rows.share > 0
    everyone = np.ones(len(rows.share), dtype=bool)
    fractional = _Recipe(
        "fractional", (TreeFitter(rows, "cross_entropy", rows.share, threads, seed),), (everyone,)
    )
    if pays.sum() < MIN_PAYER_ROWS:
        return fractional
    hurdle = _Recipe(
        "hurdle",
        (
            TreeFitter(rows, "binary", pays.astype(np.float64), threads, seed),
            TreeFitter(rows, "cross_entropy", rows.share, threads, seed),
        ),
        (everyone, pays),
    )
    rotation = rows.panel.rotations[0]
    errors = {recipe.shape: _money_error(rows, recipe, rotation) for recipe in (fractional, hurdle)}
    return hurdle if errors["hurdle"] < errors["fractional"] else fractional


def _money_error(rows: HorizonRows, recipe: _Recipe, rotation: Rotation) -> float:
    """Return the squared error of the share, weighted by balance, on held-out calibration dates."""
    held_out = rotation.forecast[rows.panel.calibrate[rotation.forecast]]
    margins, _ = recipe.stopped(rotation.fit, rotation.stop)
    margin = margins(held_out)
    share, balance = rows.share[held_out], rows.balance[held_out]
    forecast = fit_line(margin, share, balance)(margin)
    return float(np.sum(balance * (share - forecast) ** 2))


def _combined(margins: list[Callable[[Ints], Floats]]) -> Margins:
    return lambda index: combined_margin([margin(index) for margin in margins])
