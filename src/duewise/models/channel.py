"""What each channel changes: an estimator of the effect of every action against `none`.

Method, assumptions and sources: `docs/methods/channel-value.md`.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import structlog
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from duewise.models.causal.boosting import BinnedTable
from duewise.models.causal.covariates import CovariateEncoder
from duewise.models.causal.cross_fitting import CrossFit, Log, cross_fit, rescored
from duewise.models.causal.effect_stage import ActionEffect, fit_effect_stage
from duewise.models.causal.fitted_effects import FittedEffects
from duewise.models.causal.inputs import checked_log, code_actions, money_per_unit
from duewise.models.causal.support import ActionSupport, AverageEffect, average_effects, support_rows

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Bools = NDArray[np.bool_]

log = structlog.get_logger(__name__)


class ChannelValue(BaseEstimator):  # type: ignore[misc]
    """Effect of every action on the outcome, against doing nothing, learned from a log.

    Cross-fitted doubly robust scores; overlap trimming; effects that leave the action's pooled effect only as
    far as held-out risk confirms it. An action without support is NaN, never extrapolated. An example:
    `docs/methods/README.md`.

    Parameters
    ----------
    none : str
        Label of doing nothing, the action that all others are compared with.
    actions : sequence of str, optional
        Order of the columns; `none` is put first. Default: the labels seen in fit, sorted. Actions that were
        never taken are allowed and unsupported.
    n_folds : int
        Folds of the cross-fitting, by group.
    min_rows, min_effective_rows : int, float
        An action needs this many comparable rows, and this many after weighting, to be supported.
    winsorise : bool
        Whether outcomes with heavy tails may be pulled in, by a cap that the data choose. Not for outcomes
        that are expectations, free of luck already: there the tail is where effects are.
    n_jobs : int
        Folds fitted side by side, one thread each.
    random_state : int
        Seed of folds and boosting; the same input gives the same model.

    Attributes
    ----------
    actions_ : ndarray of str, shape (n_actions,)
        Columns of every result; `none` first.
    training_ : CrossFit
        Scores, propensities and folds of the rows of fit, for tests of the effects and refutations.
    out_of_fold_effects_ : ndarray of shape (n, n_actions)
        Effect in money of each row of fit by models that did not see it; NaN where unsupported.
    """

    def __init__(
        self,
        *,
        none: str = "none",
        actions: Sequence[str] | None = None,
        n_folds: int = 5,
        min_rows: int = 100,
        min_effective_rows: float = 50.0,
        winsorise: bool = True,
        n_jobs: int = 1,
        random_state: int = 0,
    ) -> None:
        self.none = none
        self.actions = actions
        self.n_folds = n_folds
        self.min_rows = min_rows
        self.min_effective_rows = min_effective_rows
        self.winsorise = winsorise
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        action: ArrayLike,
        outcome: ArrayLike,
        propensity: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        balance: ArrayLike | None = None,
    ) -> ChannelValue:
        """Learn the effects from what was done and what came of it.

        Parameters
        ----------
        X : DataFrame or array of shape (n, features)
            What was known **before** the action; missing values and categories are welcome.
        action : array of str, shape (n,)
            Action taken; `none` where nothing was done.
        outcome : array of shape (n,)
            Money within the horizon, or the recovered share of `balance`.
        propensity : array of shape (n, n_actions) or (n,), optional
            Logged probabilities of all actions (columns as `actions_`), or of the action taken. Estimated
            when absent.
        groups : array of shape (n,), optional
            Debtor of each row; default: every row its own.
        sample_weight : array of shape (n,), optional
        balance : array of shape (n,), optional
            When given, `outcome` is a share of it; effects are then in money, and whether they are learned
            as shares or as money is chosen by held-out risk.
        """
        encoder = CovariateEncoder(X)
        names = code_actions(action, self.none, self.actions)
        columns = (action, outcome, propensity, groups, sample_weight, balance)
        observed = checked_log(X, *columns, names, self.n_folds)
        fitted, linear, table = self._cross_fit(observed, encoder, X)
        self.actions_ = names
        self.n_features_in_ = len(encoder.names)
        if encoder.named:
            self.feature_names_in_ = np.array(encoder.names, dtype=object)
        stages = {
            unit: fit_effect_stage(
                fitted, linear, table, unit=unit, n_jobs=self.n_jobs, seed=self.random_state
            )
            for unit in (("money",) if balance is None else ("share", "money"))
        }
        self.unit_ = min(stages, key=lambda unit: stages[unit].risk)
        stage = stages[self.unit_]
        self.training_ = fitted
        self.out_of_fold_effects_ = stage.out_of_fold
        self._encoder = encoder
        self._needs_balance = balance is not None
        self._effects: Sequence[ActionEffect | None] = stage.actions
        self._overlap = fitted.overlap
        self._propensity_model = fitted.propensity_model
        self._averages = [fitted.average_effect(arm) for arm in range(len(self.actions_))]
        self._support = support_rows(fitted, self.actions_, stage.out_of_fold, self.min_rows)
        log.info(
            "channel_value_fitted",
            rows=len(fitted.log.action),
            unit=self.unit_,
            individual_spread={row.action: row.individual_spread for row in self._support},
        )
        return self

    def cross_fit(
        self,
        X: Any,
        action: ArrayLike,
        outcome: ArrayLike,
        propensity: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        balance: ArrayLike | None = None,
    ) -> tuple[CrossFit, NDArray[Any]]:
        """Return doubly robust scores and the actions; self is not changed.

        Enough for average effects and refutations, at a fraction of the time of `fit`, whose arguments it
        takes.
        """
        encoder = CovariateEncoder(X)
        names = code_actions(action, self.none, self.actions)
        columns = (action, outcome, propensity, groups, sample_weight, balance)
        observed = checked_log(X, *columns, names, self.n_folds)
        return self._cross_fit(observed, encoder, X)[0], names

    def scores_of(self, X: Any, outcome: ArrayLike) -> CrossFit:
        """Return the doubly robust scores of another outcome of the rows of fit, in the same unit.

        Propensities, folds and overlap are those of fit: for an outcome that is read later, say.

        Parameters
        ----------
        X, outcome
            The rows of fit, in their order.
        """
        check_is_fitted(self, "training_")
        table = BinnedTable(self._encoder.trees(X), self._encoder.categorical)
        values = np.asarray(outcome, dtype=np.float64)
        return rescored(
            self.training_,
            table,
            values,
            winsorise=self.winsorise,
            n_jobs=self.n_jobs,
            seed=self.random_state,
        )

    def effect(self, X: Any, balance: ArrayLike | None = None) -> Floats:
        """Return the change of the outcome against `none`, shape (n, n_actions); NaN where unsupported.

        In money when fitted with `balance`, which then has to be given here too.
        """
        values = self._fitted().effect(X)
        return values * self._money_per_unit(len(values), balance)[:, None]

    def interval(self, X: Any, level: float = 0.9, balance: ArrayLike | None = None) -> tuple[Floats, Floats]:
        """Return lower and upper limits of the effect of each row, both of shape (n, n_actions).

        They allow for the noise of the pooled effect, of the individual deviations (delete-a-fold jackknife),
        and for individual differences that the data show to exist but the model does not explain.
        """
        effect = self.effect(X, balance)
        error = self._fitted().standard_error(X) * self._money_per_unit(len(effect), balance)[:, None]
        half = float(norm.ppf(0.5 + level / 2)) * error
        return effect - half, effect + half

    def supported(self, X: Any) -> Bools:
        """Return where each action can be compared with `none`, shape (n, n_actions)."""
        return self._fitted().supported(X)

    def average_effects(self, level: float = 0.9) -> list[AverageEffect]:
        """Return the average effect of each supported action with an interval clustered by group."""
        check_is_fitted(self, "actions_")
        return average_effects(self.actions_, self._averages, level)

    def support_report(self) -> list[ActionSupport]:
        """Return one row per action, `none` first, on overlap, sample and average effect."""
        check_is_fitted(self, "actions_")
        return list(self._support)

    def contributions(
        self, X: Any, a: str, b: str, balance: ArrayLike | None = None
    ) -> tuple[Floats, Floats]:
        """Return what each feature adds to effect(a) − effect(b), and the part common to all rows.

        Parameters
        ----------
        a, b : str
            Actions to compare; `none` has effect zero.

        Returns
        -------
        contributions : ndarray of shape (n, features)
            Exact and additive: their sum over features plus `base` is the difference of the effects (for
            linear parts by definition, for boosted parts by TreeSHAP, Lundberg et al. 2020). NaN in rows
            where either action is unsupported.
        base : ndarray of shape (n,)
        """
        fitted = self._fitted()
        index = {str(name): k for k, name in enumerate(self.actions_)}
        for name in (a, b):
            if name not in index:
                raise ValueError(f"unknown action {name!r}; the fitted actions are {list(index)}.")
        values, base = fitted.contributions(X, index[a], index[b])
        size = self._money_per_unit(len(values), balance)
        return values * size[:, None], base * size

    def without_training_rows(self) -> ChannelValue:
        """Return a copy that predicts the same without the rows of fit: what a bundle stores."""
        check_is_fitted(self, "actions_")
        slim = copy.copy(self)
        for rows in ("training_", "out_of_fold_effects_"):
            slim.__dict__.pop(rows, None)
        return slim

    def _cross_fit(
        self, observed: Log, encoder: CovariateEncoder, X: Any
    ) -> tuple[CrossFit, Floats32, BinnedTable]:
        return cross_fit(
            observed,
            encoder,
            encoder.trees(X),
            n_folds=self.n_folds,
            min_rows=self.min_rows,
            min_effective_rows=self.min_effective_rows,
            winsorise=self.winsorise,
            n_jobs=self.n_jobs,
            seed=self.random_state,
        )

    def _fitted(self) -> FittedEffects:
        check_is_fitted(self, "actions_")
        return FittedEffects(self._encoder, self._effects, self._overlap, self._propensity_model, self.n_jobs)

    def _money_per_unit(self, n: int, balance: ArrayLike | None) -> Floats:
        return money_per_unit(balance, n, fitted_with_balance=self._needs_balance, unit=self.unit_)
