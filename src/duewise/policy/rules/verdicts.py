"""What the rules decided: one bit per rule for every debtor and action, and the hours that remain."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from duewise.policy.rules.clock import Window
from duewise.policy.rules.facts import Ints, Mask
from duewise.policy.rules.packs import RuleSet

WORD_BITS = 64

Bits = NDArray[np.uint64]


@dataclass(frozen=True)
class Denial:
    """A rule that denies an action, with what a reader needs to check it."""

    rule_id: str
    says: str
    cite: str
    mark: str
    force: str


@dataclass(frozen=True)
class Verdict:
    """The verdict on one action for one debtor at one instant."""

    allowed: bool
    denied_by: tuple[str, ...]
    attach: tuple[str, ...]
    warned_by: tuple[str, ...]


@dataclass(frozen=True)
class Verdicts:
    """Verdicts of one evening.

    Attributes
    ----------
    debtor_id : ndarray of shape (n_debtors,)
    actions : tuple of str, length n_actions
    ruleset : RuleSet
        Rules in force for this portfolio; bit ``r % 64`` of word ``r // 64`` stands for rule ``r``.
    allowed : ndarray of bool, shape (n_debtors, n_actions)
    denied, attach, warned : ndarray of uint64, shape (n_debtors, n_actions, n_words)
        Rules that deny, that ask for an artefact to be attached, and that warn.
    window : ndarray of int, shape (n_debtors, n_actions)
        Row of `windows`: when the action is permitted on the debtor's local day.
    account_debtor, account_id : ndarray of shape (n_accounts,)
        Accounts in scope, sorted by debtor.
    account_allowed : ndarray of bool, shape (n_accounts, n_actions)
        Accounts that may be spoken of.
    """

    debtor_id: NDArray[np.object_]
    actions: tuple[str, ...]
    ruleset: RuleSet
    role: str
    allowed: Mask
    denied: Bits
    attach: Bits
    warned: Bits
    windows: tuple[Window, ...]
    window: Ints
    account_debtor: Ints
    account_id: NDArray[np.object_]
    account_balance: NDArray[np.float64]
    account_allowed: Mask

    def rules_in(self, bits: Bits) -> tuple[str, ...]:
        """Return the ids that one bit pattern of shape (n_words,) stands for, most binding first."""
        ids = self.ruleset.ids
        return tuple(
            ids[word * WORD_BITS + bit]
            for word, value in enumerate(bits.tolist())
            for bit in range(WORD_BITS)
            if value >> bit & 1
        )

    def denials(self, row: int) -> dict[str, tuple[str, ...]]:
        """Return every denied action of the debtor in `row` with all rules that deny it."""
        return {
            action: self.rules_in(self.denied[row, a])
            for a, action in enumerate(self.actions)
            if not self.allowed[row, a]
        }

    def denied_rows(self) -> list[list[tuple[str, str]]]:
        """Return for each debtor the (action, most binding rule id) of every denied action.

        Built once per distinct pattern of first denials, so that a million debtors cost a few lists.
        """
        first = self.first_denial()
        patterns, inverse = np.unique(first, axis=0, return_inverse=True)
        ids = self.ruleset.ids
        texts = [
            [(self.actions[a], ids[rule]) for a, rule in enumerate(pattern) if rule >= 0]
            for pattern in patterns
        ]
        return [texts[i] for i in inverse.ravel()]

    def first_denial(self) -> NDArray[np.int16]:
        """Return the most binding denying rule of each debtor and action, -1 where none denies."""
        first = np.full(self.allowed.shape, -1, dtype=np.int16)
        for rule in reversed(range(len(self.ruleset))):
            word, bit = divmod(rule, WORD_BITS)
            first[(self.denied[..., word] >> np.uint64(bit)) & np.uint64(1) > 0] = rule
        return first

    def counts_per_rule(self) -> dict[str, dict[str, int]]:
        """Return how many debtors each rule denies, per action; rules that deny nobody are left out."""
        counts: dict[str, dict[str, int]] = {}
        for rule, rule_id in enumerate(self.ruleset.ids):
            word, bit = divmod(rule, WORD_BITS)
            hits = ((self.denied[..., word] >> np.uint64(bit)) & np.uint64(1)).sum(axis=0)
            if hits.any():
                counts[rule_id] = {action: int(n) for action, n in zip(self.actions, hits, strict=True) if n}
        return counts

    def unreachable(self) -> Mask:
        """Return the debtors to whom every action is denied."""
        return np.asarray(~self.allowed.any(axis=1))

    def artefacts(self, row: int, action: str) -> tuple[str, ...]:
        """Return what must be attached to an action for one debtor."""
        named = set(self.rules_in(self.attach[row, self.actions.index(action)]))
        needs = [
            part.require.artefact
            for _, loaded, part in self.ruleset.parts()
            if loaded.rule.id in named and part.require is not None and action in part.actions
        ]
        return tuple(dict.fromkeys(needs))

    def window_bounds(self, action: Ints) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
        """Return start and end of the longest permitted interval, on the debtor's local clock.

        Parameters
        ----------
        action : ndarray of int, shape (n_debtors,)
            Column of the chosen action; -1 (none) gets no window.

        Returns
        -------
        start, end : ndarray of datetime64[s], shape (n_debtors,)
            Naive local times, NaT where nothing is permitted; the end itself is no longer permitted.
        """
        bounds = np.array([_longest(window) for window in self.windows], dtype="datetime64[s]").reshape(-1, 2)
        chosen = self.window[np.arange(len(action)), np.maximum(action, 0)]
        found = bounds[chosen]
        found[action < 0] = np.datetime64("NaT")
        return found[:, 0], found[:, 1]

    def open_hours(self, action: int) -> Mask:
        """Return, of shape (n_debtors, 24), the local hours that are permitted from start to end."""
        table = np.array([_whole_hours(window) for window in self.windows], dtype=bool).reshape(-1, 24)
        return np.asarray(table[self.window[:, action]])

    def spans(self, row: int, action: str) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
        """Return all permitted intervals of one debtor and action, with their zone."""
        window = self.windows[self.window[row, self.actions.index(action)]]
        return [(_local(start, window.zone), _local(end, window.zone)) for start, end in window.spans]

    def lead_account(self, action: int) -> NDArray[np.object_]:
        """Return the account each debtor may be spoken to about: the largest permitted, then by id."""
        order = np.lexsort((self.account_id, -self.account_balance, self.account_debtor))
        order = order[self.account_allowed[order, action]]
        debtors, first = np.unique(self.account_debtor[order], return_index=True)
        lead = np.full(len(self.debtor_id), None, dtype=object)
        lead[debtors] = self.account_id[order[first]]
        lead[~self.allowed[:, action]] = None
        return lead


def explain_denial(ruleset: RuleSet, rule_id: str, role: str = "creditor") -> Denial:
    """Return what a rule says, where it comes from and how well that was verified."""
    rule = ruleset.named(rule_id).rule
    return Denial(rule.id, rule.says, rule.cite, rule.mark, rule.shown_force(role))


def _local(second: int, zone: str) -> pd.Timestamp:
    return pd.Timestamp(second, unit="s", tz="UTC").tz_convert(ZoneInfo(zone))


def _longest(window: Window) -> tuple[np.datetime64, np.datetime64]:
    if not window.spans:
        return np.datetime64("NaT", "s"), np.datetime64("NaT", "s")
    span = max(window.spans, key=lambda pair: (pair[1] - pair[0], -pair[0]))
    start, end = (_local(second, window.zone).tz_localize(None).to_datetime64() for second in span)
    return start.astype("datetime64[s]"), end.astype("datetime64[s]")


def _whole_hours(window: Window) -> list[bool]:
    """Return which clock hours 0-23 lie wholly in the window; an hour that clocks skip is closed."""
    opened = [0] * 24
    for start, end in window.spans:
        for quarter in range(-(-start // 900) * 900, end // 900 * 900, 900):
            opened[_local(quarter, window.zone).hour] += 1
    return [quarters >= 4 for quarters in opened]
