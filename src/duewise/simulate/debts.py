"""What is owed: up to three accounts per debtor, placed over time at different ages."""

from dataclasses import dataclass

import numpy as np

from duewise.contracts.vocabulary import Product, StatedReason
from duewise.simulate.arrays import ALWAYS, Bools, Columns, Floats, Ints
from duewise.simulate.luck import Luck
from duewise.simulate.people import People
from duewise.simulate.world import World

MAX_ACCOUNTS = 3

PRODUCTS = (
    (Product.CREDIT_CARD, 0.40, 11_000.0, 0.182),
    (Product.CONSUMER_LOAN, 0.28, 16_000.0, 0.145),
    (Product.MICROLOAN, 0.22, 4_200.0, 0.236),
    (Product.TELECOM, 0.05, 420.0, 0.0),
    (Product.LEASE, 0.05, 21_000.0, 0.11),
)
"""Product, share of accounts, median balance at placement, yearly rate."""

BEARS_CHARGES = np.array([p in (Product.CREDIT_CARD, Product.MICROLOAN) for p, *_ in PRODUCTS])

GROWTH = 0.65
"""Below one, more debts are placed lately than long ago."""
BACKLOG_SHARE = 0.20
"""Share of debtors who are in collections from the first weeks of the history."""

REASONS = tuple(StatedReason)


@dataclass
class Debts(Columns):
    """Accounts by debtor, arrays of shape (n, MAX_ACCOUNTS); an absent account is placed on ``ALWAYS``."""

    placed_day: Ints
    past_due_day: Ints
    opened_day: Ints
    product: Ints
    placed_balance: Floats
    principal: Floats
    monthly_instalment: Floats
    overdue_reason: Ints
    """Place in ``REASONS``; -1 is not recorded."""
    interrupted_day: Ints
    secured: Bools

    def exists(self) -> Bools:
        """Return which accounts are ever placed."""
        return self.placed_day < ALWAYS


def draw_debts(luck: Luck, people: People, world: World, first_day: int, last_day: int) -> Debts:
    """Return the accounts of `people`; every debtor has one placed before `last_day`.

    Second and third accounts may be placed up to half a year after `last_day`, so that a continued
    world still has new debts flowing in.
    """
    columns = [_draw_account(luck, people, world, first_day, last_day, k) for k in range(MAX_ACCOUNTS)]
    names = columns[0].keys()
    debts = Debts(**{name: np.stack([column[name] for column in columns], axis=1) for name in names})
    for k in range(1, MAX_ACCOUNTS):
        # A later account is a later default of the same person.
        gap = 20 + (300 * luck.uniform(f"gap_{k}")).astype(np.int32)
        placed = debts.placed_day[:, k - 1] + gap
        exists = (luck.uniform(f"another_{k}") < (0.22, 0.20)[k - 1]) & (placed < last_day + 180)
        age = debts.placed_day[:, k] - debts.past_due_day[:, k]
        debts.placed_day[:, k] = np.where(exists, placed, ALWAYS)
        debts.past_due_day[:, k] = np.where(exists, placed - np.minimum(age, gap), ALWAYS)
        debts.opened_day[:, k] = np.where(exists, placed - 200 - age, ALWAYS)
        debts.interrupted_day[:, k] = ALWAYS
    return debts


def _draw_account(
    luck: Luck, people: People, world: World, first_day: int, last_day: int, k: int
) -> dict[str, Ints | Floats | Bools]:
    def uniform(purpose: str) -> Floats:
        return luck.uniform(f"{purpose}_{k}")

    shares = np.cumsum([share for _, share, *_ in PRODUCTS])
    product = np.minimum(np.searchsorted(shares, uniform("product")), len(PRODUCTS) - 1)
    median = np.array([balance for *_, balance, _ in PRODUCTS])[product]
    rate = np.array([rate for *_, rate in PRODUCTS])[product]
    # Small debts are forgotten, large ones sour the debtor: who owes most is not whom a contact moves most.
    log_size = 0.20 * people.ability - 1.0 * (people.forgetful - 0.33) + 0.8 * (people.hostile - 0.33)
    balance = median * np.exp(0.70 * luck.normal(f"balance_{k}") + log_size)
    tail = uniform("tail") < world.balance_tail
    balance = np.where(tail, balance * uniform("pareto") ** (-1 / 1.3), balance)
    balance = np.round(np.maximum(balance * world.balance_scale, 1.0), 2)

    backlog = uniform("backlog") < BACKLOG_SHARE
    placed = np.where(
        backlog,
        first_day + 21 * uniform("placed_first"),
        first_day + (last_day - 1 - first_day) * uniform("placed") ** GROWTH,
    ).astype(np.int32)
    # The less willing have waited longer before they are placed.
    lateness = np.clip(uniform("age_at_placement") * np.exp(-0.12 * people.willingness), 0, 0.9999)
    lateness = np.where(backlog, lateness**0.7, lateness)
    age = np.interp(lateness, [0, 0.55, 0.75, 0.92, 1.0], [2, 30, 90, 180, 420]).astype(np.int32)
    past_due = placed - age

    interrupted = uniform("interrupted") < 0.25
    return {
        "placed_day": placed,
        "past_due_day": past_due,
        "opened_day": past_due - 60 - (1100 * uniform("opened")).astype(np.int32),
        "product": product.astype(np.int8),
        "placed_balance": balance,
        "principal": np.round(balance * (1.05 + 0.9 * uniform("principal")), 2),
        "monthly_instalment": np.round(balance * (1 + rate) / 12, 2),
        "overdue_reason": _overdue_reason(luck, people, past_due, k).astype(np.int8),
        "interrupted_day": np.where(
            interrupted, past_due + (age * uniform("interrupted_on")).astype(np.int32), ALWAYS
        ).astype(np.int32),
        "secured": product == len(PRODUCTS) - 1,
    }


def _overdue_reason(luck: Luck, people: People, past_due: Ints, k: int) -> Ints:
    """Return the reason written down at placement: recorded for some, and right for most of those."""
    jobless = (people.job_loss_day <= past_due) & (past_due < people.job_found_day)
    ill = (people.illness_day <= past_due) & (past_due < people.recovery_day)
    reason = np.full(len(people), REASONS.index(StatedReason.OTHER))
    reason[people.ability < -0.5] = REASONS.index(StatedReason.NO_MONEY)
    reason[people.willingness < -1.0] = REASONS.index(StatedReason.WILL_NOT)
    reason[people.forgetful > 0.5] = REASONS.index(StatedReason.FORGOT)
    reason[people.has_grounds] = REASONS.index(StatedReason.DISPUTES_DEBT)
    reason[ill] = REASONS.index(StatedReason.ILLNESS)
    reason[jobless] = REASONS.index(StatedReason.LOST_JOB)
    wrong = luck.uniform(f"reason_wrong_{k}") < 0.25
    anything = (len(REASONS) * luck.uniform(f"reason_any_{k}")).astype(int)
    reason = np.where(wrong, anything, reason)
    return np.where(luck.uniform(f"reason_known_{k}") < 0.6, reason, -1)
