"""What tonight's actions change, as the bundle carries it: effects, harm, and doubts about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from duewise.models.causal.later import LaterEffect
from duewise.models.causal.storage import load_channel_value, save_channel_value
from duewise.models.channel import ChannelValue
from duewise.models.files import read_json, write_json
from duewise.models.recovery_scale import RecoveryScale

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

VALUE, HARM, NOTES = "channel_value", "channel_harm", "channels.json"


@dataclass(frozen=True)
class ChannelEffects:
    """Fitted effects of one portfolio.

    Attributes
    ----------
    value : ChannelValue
        Effect of each action on the surrogate index of the first horizon, in units of the scale.
    scale : RecoveryScale
        Money that one unit of effect is worth in a debtor's case.
    harm : ChannelValue or None
        Effect of each action on the chance of a complaint, opt-out or dispute.
    paying : tuple of str
        Actions that pay on debtors that their estimate did not see; the only ones chosen for their effect.
    proven : bool
        Whether following the effects pays at all.
    doubts : mapping of action to list of str
        Names of the refutations that an action did not survive: its effect is not used, the ladder decides.
    later : mapping of action to LaterEffect
        What an action changes within the horizon but after the decision period, in units of the scale.
    borrowed : mapping of action to float
        How far all effects of an action are moved to what actions of its cost do, in units of the scale.
    harm_borrowed : mapping of action to float
        The same for its effect on the chance of harm.
    """

    value: ChannelValue
    scale: RecoveryScale
    harm: ChannelValue | None
    paying: tuple[str, ...]
    proven: bool
    doubts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    later: Mapping[str, LaterEffect] = field(default_factory=dict)
    borrowed: Mapping[str, float] = field(default_factory=dict)
    harm_borrowed: Mapping[str, float] = field(default_factory=dict)

    def gains(self, covariates: pd.DataFrame, balance: Floats, actions: Sequence[str]) -> Floats:
        """Return the money that each action adds, of shape (n, n_actions); NaN where unsupported."""
        read = _read_by(self.value, covariates)
        early = _columns(self.value, self.value.effect(read), actions)
        return (early + self._shift(actions)) * self._money(read, balance)

    def harms(self, covariates: pd.DataFrame, actions: Sequence[str]) -> Floats:
        """Return by how much each action raises the chance of harm; never below zero, NaN where unknown.

        An action that seems to prevent complaints is noise far more often than kindness.
        """
        if self.harm is None:
            return np.zeros((len(covariates), len(actions)))
        effect = self.harm.effect(_read_by(self.harm, covariates))
        borrowed = np.array([self.harm_borrowed.get(action, 0.0) for action in actions])
        harms: Floats = np.maximum(_columns(self.harm, effect, actions) + borrowed, 0.0)
        return harms

    def intervals(
        self, covariates: pd.DataFrame, balance: Floats, actions: Sequence[str], level: float = 0.9
    ) -> tuple[Floats, Floats]:
        """Return lower and upper limits of the gains; slow, so for the rows that are acted on."""
        read = _read_by(self.value, covariates)
        lower, upper = (
            _columns(self.value, end, actions) + self._shift(actions)
            for end in self.value.interval(read, level)
        )
        unseen = np.array([self.later[a].standard_error if a in self.later else 0.0 for a in actions])
        middle = (lower + upper) / 2
        half = np.hypot((upper - lower) / 2, norm.ppf(0.5 + level / 2) * unseen)
        money = self._money(read, balance)
        return (middle - half) * money, (middle + half) * money

    def behind_difference(self, covariates: pd.DataFrame, balance: Floats, a: str, b: str) -> Floats:
        """Return what each feature adds to the gain of `a` over `b`, in money, of shape (n, features).

        Exact: with the part that is the same for all debtors the features add up to the difference. `none`
        is an action, too. The columns are `value.feature_names_in_`.
        """
        read = _read_by(self.value, covariates)
        parts, _ = self.value.contributions(read, a, b)
        return np.asarray(parts * self._money(read, balance))

    def _shift(self, actions: Sequence[str]) -> Floats:
        """Return what is added to the effect of each action on the index."""
        later = [self.later[a].effect if a in self.later else 0.0 for a in actions]
        return np.array(later) + [self.borrowed.get(a, 0.0) for a in actions]

    def _money(self, read: pd.DataFrame, balance: Floats) -> Floats:
        return self.scale.of(matrix_of(read), balance)[:, None]

    def save(self, folder: Path) -> None:
        """Write the effects into `folder`."""
        save_channel_value(self.value, folder, VALUE)
        self.scale.save(folder)
        if self.harm is not None:
            save_channel_value(self.harm, folder, HARM)
        notes: dict[str, Any] = {
            "harm": self.harm is not None,
            "paying": list(self.paying),
            "proven": self.proven,
            "doubts": {action: list(why) for action, why in self.doubts.items()},
            "borrowed": dict(self.borrowed),
            "harm_borrowed": dict(self.harm_borrowed),
            "later": {action: asdict(found) for action, found in self.later.items()},
        }
        write_json(folder / NOTES, notes)

    @classmethod
    def load(cls, folder: Path) -> ChannelEffects:
        """Return the effects that `save` wrote."""
        notes = read_json(folder / NOTES)
        return cls(
            value=load_channel_value(folder, VALUE),
            scale=RecoveryScale.load(folder),
            harm=load_channel_value(folder, HARM) if notes["harm"] else None,
            paying=tuple(notes["paying"]),
            proven=notes["proven"],
            doubts=notes["doubts"],
            borrowed=notes["borrowed"],
            harm_borrowed=notes.get("harm_borrowed", {}),
            later={action: LaterEffect(**found) for action, found in notes["later"].items()},
        )


def matrix_of(covariates: pd.DataFrame) -> Floats32:
    """Return covariates as numbers: categories as codes, missing as NaN."""
    matrix = np.empty(covariates.shape, dtype=np.float32)
    for j, name in enumerate(covariates.columns):
        column = covariates[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes = column.cat.codes.to_numpy(dtype=np.float32)
            matrix[:, j] = np.where(codes < 0, np.nan, codes)
        else:
            matrix[:, j] = column.to_numpy(dtype=np.float32)
    return matrix


def _read_by(model: ChannelValue, covariates: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a model was fitted on, in its order."""
    return covariates[list(model.feature_names_in_)]


def _columns(model: ChannelValue, table: Floats, actions: Sequence[str]) -> Floats:
    """Return the columns of `actions`; an action that was never learned is NaN."""
    place = {str(name): k for k, name in enumerate(model.actions_)}
    missing = np.full(len(table), np.nan)
    return np.column_stack([table[:, place[a]] if a in place else missing for a in actions])
